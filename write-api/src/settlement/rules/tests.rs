use proptest::prelude::*;
use shared::sports::Sport;

use super::*;
use crate::feed::parse::LineKind;
use Outcome::{HalfLost, HalfWon, Lost, Void, Won};

fn sport(key: &str) -> Sport {
    Sport::find(key).unwrap()
}

/// `1-0 2:1` and the like: pairs in a text.
fn pairs(text: &str) -> Vec<Pair> {
    text.split_whitespace()
        .map(|pair| names::score(pair).unwrap())
        .collect()
}

fn told(total: &str, periods: &str) -> Told {
    Told {
        end: End::Finished,
        winner: None,
        total: pairs(total).first().copied(),
        full_time: None,
        half_time: None,
        periods: pairs(periods),
        overtime: None,
        extra: Extra::None,
    }
}

fn score(key: &str, told: &Told) -> Score {
    Score::new(sport(key), told).unwrap()
}

/// A score of the sport: at the end, and of the periods.
fn finished(key: &str, total: &str, periods: &str) -> Score {
    score(key, &told(total, periods))
}

fn decided(key: &str, market: &str, selection: &str, offered: &[&str], score: &Score) -> Option<Outcome> {
    let (selection, line) = match selection.split_once('@') {
        Some((selection, line)) => (selection, Some(line)),
        None => (selection, None),
    };
    let question = Question {
        sport: sport(key),
        home: "Larkmoor",
        away: "Quillhaven",
        market,
        selection,
        line,
        line_kind: None,
        offered,
    };
    decide(&question, score)
}

/// The outcomes of all selections of a market.
fn check(key: &str, market: &str, score: &Score, expected: &[(&str, Outcome)]) {
    let offered: Vec<_> = expected
        .iter()
        .map(|(name, _)| name.split('@').next().unwrap())
        .collect();
    for (selection, outcome) in expected {
        let came = decided(key, market, selection, &offered, score);
        assert_eq!(came, Some(*outcome), "{key} {market} {selection} {score:?}");
    }
}

/// Selections of a market that the score leaves open.
fn check_open(key: &str, market: &str, score: &Score, selections: &[&str]) {
    for selection in selections {
        let came = decided(key, market, selection, selections, score);
        assert_eq!(came, None, "{key} {market} {selection} {score:?}");
    }
}

fn soccer(total: &str, first_half: &str) -> Score {
    let told = Told {
        half_time: pairs(first_half).first().copied(),
        ..told(total, "")
    };
    score("soccer", &told)
}

#[test]
fn results_of_football() {
    for (total, home, draw, away) in [
        ("2-1", Won, Lost, Lost),
        ("0-0", Lost, Won, Lost),
        ("0-3", Lost, Lost, Won),
    ] {
        let score = soccer(total, "0-0");
        for market in ["3Way Result", "1x2", "Match Winner"] {
            check(
                "soccer",
                market,
                &score,
                &[("Home", home), ("Draw", draw), ("Away", away)],
            );
        }
        check(
            "soccer",
            "3Way Result",
            &score,
            &[("Larkmoor", home), ("X", draw), ("2", away)],
        );
    }
    let (win, draw) = (soccer("2-1", "0-0"), soccer("1-1", "0-0"));
    check(
        "soccer",
        "Double Chance",
        &win,
        &[("Home/Draw", Won), ("Home/Away", Won), ("Draw/Away", Lost)],
    );
    check(
        "soccer",
        "Double Chance",
        &draw,
        &[("1X", Won), ("12", Lost), ("X2", Won)],
    );
    for market in ["Draw No Bet", "Home/Away"] {
        check("soccer", market, &win, &[("Home", Won), ("Away", Lost)]);
        check("soccer", market, &draw, &[("Home", Void), ("Away", Void)]);
    }
    check(
        "soccer",
        "Home/Away",
        &draw,
        &[("Home", Lost), ("Draw", Won), ("Away", Lost)],
    );
}

#[test]
fn goals_over_and_under() {
    for (total, line, over, under) in [
        ("0-0", "0.5", Lost, Won),
        ("1-1", "2", Void, Void),
        ("1-1", "2.25", HalfLost, HalfWon),
        ("2-1", "2.5", Won, Lost),
        ("2-1", "2.75", HalfWon, HalfLost),
        ("2-1", "3", Void, Void),
        ("2-1", "3.25", HalfLost, HalfWon),
    ] {
        let (over_name, under_name) = (format!("Over@{line}"), format!("Under@{line}"));
        let score = soccer(total, "0-0");
        check(
            "soccer",
            "Goals Over/Under",
            &score,
            &[(&over_name, over), (&under_name, under)],
        );
    }
    let score = soccer("2-1", "1-0");
    check(
        "soccer",
        "Goals Over/Under 1st Half",
        &score,
        &[("Over@0.5", Won), ("Under@1", Void)],
    );
    check(
        "soccer",
        "Goals Over/Under 2nd Half",
        &score,
        &[("Over@1.5", Won), ("Under 2.25", HalfWon)],
    );
    check("soccer", "Total - Home", &score, &[("Over@1.5", Won)]);
    check("soccer", "Total - Away", &score, &[("Over@1.5", Lost)]);
    check_open(
        "soccer",
        "Goals Over/Under",
        &score,
        &["Over@2.3", "Over", "Exactly@2", "Over@-1", "Over 1.5@2.5"],
    );
}

#[test]
fn handicaps() {
    for (total, line, home, away) in [
        ("2-1", "-0.5", Won, Lost),
        ("2-1", "-0.75", HalfWon, HalfLost),
        ("2-1", "-1", Void, Void),
        ("2-1", "-1.25", HalfLost, HalfWon),
        ("2-1", "-1.5", Lost, Won),
        ("1-1", "0", Void, Void),
        ("1-1", "-0.25", HalfLost, HalfWon),
        ("1-1", "+0.25", HalfWon, HalfLost),
        ("0-2", "+1.75", HalfLost, HalfWon),
        ("0-2", "+2.5", Won, Lost),
    ] {
        let (home_name, away_name) = (format!("Home@{line}"), format!("Away@{line}"));
        let score = soccer(total, "0-0");
        check(
            "soccer",
            "Asian Handicap",
            &score,
            &[(&home_name, home), (&away_name, away)],
        );
    }
    let score = soccer("2-1", "1-0");
    check(
        "soccer",
        "Asian Handicap First Half",
        &score,
        &[("Home@-1", Void), ("Away@-0.5", Lost)],
    );
    check(
        "soccer",
        "Handicap Result",
        &score,
        &[("Home@-1", Lost), ("Draw@-1", Won), ("Away@-1", Lost)],
    );
    check(
        "soccer",
        "Handicap Result",
        &score,
        &[("Home@+1", Won), ("Draw@+1", Lost), ("Away@+1", Lost)],
    );
    check_open("soccer", "Handicap Result", &score, &["Home@-0.5", "Home"]);
    check_open("soccer", "Asian Handicap", &score, &["Home@+", "Home", "Draw@0"]);
}

#[test]
fn goals_of_both_and_of_one() {
    let (both, one, none) = (soccer("2-1", "1-1"), soccer("2-0", "0-0"), soccer("0-0", "0-0"));
    for (market, outcomes) in [
        ("Both Teams To Score", [Won, Lost, Lost]),
        ("Both Teams To Score - 1st Half", [Won, Lost, Lost]),
        ("Home Win To Nil", [Lost, Won, Lost]),
        ("Away Win To Nil", [Lost, Lost, Lost]),
        ("Either Team Win To Nill", [Lost, Won, Lost]),
        ("Clean Sheet - Home", [Lost, Won, Won]),
        ("Clean Sheet - Away", [Lost, Lost, Won]),
        ("Home Team Score a Goal", [Won, Won, Lost]),
        ("Away Team Score a Goal", [Won, Lost, Lost]),
        ("Home win both halves", [Lost, Lost, Lost]),
        ("Home team will win either half", [Won, Won, Lost]),
    ] {
        for (score, yes) in [&both, &one, &none].into_iter().zip(outcomes) {
            let no = if yes == Won { Lost } else { Won };
            check("soccer", market, score, &[("Yes", yes), ("No", no)]);
        }
    }
    check("soccer", "Odd/Even", &both, &[("Odd", Won), ("Even", Lost)]);
    check("soccer", "Odd/Even", &none, &[("Odd", Lost), ("Even", Won)]);
    check("soccer", "Away Odd/Even", &both, &[("Odd", Won), ("Even", Lost)]);
    check(
        "soccer",
        "Exact Goals Number",
        &both,
        &[("0", Lost), ("2", Lost), ("3", Won), ("more 3", Lost)],
    );
    check(
        "soccer",
        "Exact Goals Number",
        &both,
        &[("1", Lost), ("2", Lost), ("more 3", Won)],
    );
    check(
        "soccer",
        "Home Team Exact Goals Number",
        &both,
        &[("1", Lost), ("2+", Won)],
    );
    check_open("soccer", "Exact Goals Number", &both, &["more 3", "some"]);
    check_open(
        "rugby",
        "Home Team Exact Goals Number",
        &finished("rugby", "21-3", ""),
        &["21"],
    );
}

#[test]
fn scores_and_halves() {
    let score = soccer("2-1", "0-1");
    check(
        "soccer",
        "Correct Score",
        &score,
        &[("2:1", Won), ("1:2", Lost), ("0-0", Lost), ("Any Other", Lost)],
    );
    check(
        "soccer",
        "Correct Score",
        &score,
        &[("1:0", Lost), ("Any other", Won)],
    );
    check(
        "soccer",
        "Correct Score 1st Half",
        &score,
        &[("0:1", Won), ("2:1", Lost)],
    );
    check_open(
        "soccer",
        "Correct Score",
        &score,
        &["Any Other", "5:+", "Other home win"],
    );
    let halves = [
        ("Larkmoor/Larkmoor", Lost),
        ("Quillhaven/Larkmoor", Won),
        ("Draw/Home", Lost),
        ("2/1", Won),
    ];
    check("soccer", "HT/FT Double", &score, &halves);
    check(
        "soccer",
        "1st Half 3Way Result",
        &score,
        &[("Home", Lost), ("Draw", Lost), ("Away", Won)],
    );
    check(
        "soccer",
        "Highest Scoring Half",
        &score,
        &[("Draw", Lost), ("1st Half", Lost), ("2nd Half", Won)],
    );
    let both = [
        ("Home/Yes", Won),
        ("Home/No", Lost),
        ("Draw/Yes", Lost),
        ("Away/No", Lost),
    ];
    check("soccer", "Results/Both Teams To Score", &score, &both);
    let goals = [
        ("Home/Over@2.5", Won),
        ("Home/Under 2.5", Lost),
        ("Away/Over 2.5", Lost),
    ];
    check("soccer", "Result/Total Goals", &score, &goals);
    check_open(
        "soccer",
        "Result/Total Goals",
        &score,
        &["Home/Over", "Home/Over@3", "Home"],
    );
    // Without half time nothing is said about halves.
    for market in ["HT/FT Double", "1st Half 3Way Result"] {
        check_open("soccer", market, &soccer("2-1", ""), &["Home/Home", "Home"]);
    }
}

#[test]
fn a_tie_for_the_highest_period_is_a_draw_or_a_dead_heat() {
    let score = soccer("2-2", "1-1");
    check(
        "soccer",
        "Highest Scoring Half",
        &score,
        &[("1st Half", Lost), ("2nd Half", Lost), ("Draw", Won)],
    );
    let score = finished("basketball", "84-80", "20-20 22-22 22-22 20-16");
    let heat = Outcome::DeadHeat { paid: 1, among: 2 };
    let places = [("1st", Lost), ("2nd", heat), ("3rd", heat), ("4th", Lost)];
    check("basketball", "Highest Scoring Quarter", &score, &places);
    let nobody_knows = decided("basketball", "Highest Scoring Quarter", "2nd", &[], &score);
    assert_eq!(nobody_knows, None);
}

/// 84-84 after four quarters, 94-90 after overtime.
fn overtime() -> Score {
    let told = Told {
        overtime: Some(Pair::new(10, 6)),
        extra: Extra::Overtime,
        ..told("94-90", "24-20 18-25 22-22 20-17")
    };
    score("basketball", &told)
}

#[test]
fn overtime_counts_where_the_market_says_so() {
    let score = overtime();
    check(
        "basketball",
        "3Way Result",
        &score,
        &[("Home", Lost), ("Draw", Won), ("Away", Lost)],
    );
    check(
        "basketball",
        "Home/Away",
        &score,
        &[("Home", Won), ("Away", Lost)],
    );
    check(
        "basketball",
        "Over/Under",
        &score,
        &[("Over@180.5", Won), ("Under@184", Void)],
    );
    check(
        "basketball",
        "Asian Handicap",
        &score,
        &[("Home@-3.5", Won), ("Away@-4.5", Won)],
    );
    check(
        "basketball",
        "Odd/Even (Including OT)",
        &score,
        &[("Odd", Lost), ("Even", Won)],
    );
    check(
        "basketball",
        "Home/Away - 1st Half",
        &score,
        &[("Home", Lost), ("Away", Won)],
    );
    check(
        "basketball",
        "Home/Away - 1st Qtr",
        &score,
        &[("Home", Won), ("Away", Lost)],
    );
    check("basketball", "Over/Under 1st Qtr", &score, &[("Over@43.5", Won)]);
    check(
        "basketball",
        "Asian Handicap 3rd Quarter",
        &score,
        &[("Home@0", Void)],
    );
    // Bookmakers differ about these, and here it matters.
    check_open("basketball", "Over/Under 2nd Half", &score, &["Over@85.5"]);
    check(
        "basketball",
        "Over/Under 2nd Half",
        &score,
        &[("Over@79.5", Won), ("Over@99.5", Lost)],
    );
    check_open("basketball", "Total - Home", &score, &["Over@90.5"]);
    check("basketball", "Total - Home", &score, &[("Over@83.5", Won)]);
}

#[test]
fn extra_time_is_no_part_of_a_football_match() {
    let told = |full_time| Told {
        full_time,
        extra: Extra::Shootout,
        ..told("2-1", "")
    };
    let score = |full_time| score("soccer", &told(full_time));
    let known = score(Some(Pair::new(1, 1)));
    check(
        "soccer",
        "3Way Result",
        &known,
        &[("Home", Lost), ("Draw", Won), ("Away", Lost)],
    );
    check("soccer", "Goals Over/Under", &known, &[("Over@2.5", Lost)]);
    check_open("soccer", "3Way Result", &score(None), &["Home", "Draw", "Away"]);
    check_open("soccer", "To Qualify", &known, &["Home", "Away"]);
}

#[test]
fn sets_and_games_of_tennis() {
    let score = finished("tennis", "2-1", "4-6 7-6 6-3");
    for (market, expected) in [
        ("Home/Away", &[("Home", Won), ("Away", Lost)][..]),
        ("Home/Away (1st Set)", &[("Home", Lost), ("Away", Won)]),
        ("Home/Away (2nd Set)", &[("Home", Won), ("Away", Lost)]),
        ("Set Betting", &[("2:1", Won), ("2:0", Lost), ("1:2", Lost)]),
        ("Correct Score 1st Half", &[("4:6", Won), ("6:4", Lost)]),
        (
            "Over/Under by Games in Match",
            &[("Over@31.5", Won), ("Under@32", Void)],
        ),
        ("Over/Under (1st Set)", &[("Over@9.5", Won), ("Under@9.5", Lost)]),
        (
            "Asian Handicap (Games)",
            &[("Home@-2.5", Lost), ("Away@-2.5", Won)],
        ),
        (
            "Asian Handicap (1st Set)",
            &[("Home@+2.5", Won), ("Away@+2.5", Lost)],
        ),
        (
            "Asian Handicap (Sets)",
            &[("Home@-1.5", Lost), ("Away@-1.5", Won)],
        ),
        ("Total - Home", &[("Over@16.5", Won)]),
        ("Odd/Even", &[("Odd", Lost), ("Even", Won)]),
        ("Odd/Even (1st Set)", &[("Odd", Lost), ("Even", Won)]),
        ("Set / Match", &[("2/1", Won), ("1/1", Lost)]),
        ("Win at least one set (Player 2)", &[("Yes", Won), ("No", Lost)]),
        ("Win In Straigh Sets (Player 1)", &[("Yes", Lost), ("No", Won)]),
        ("Win From behind (Player 1)", &[("Yes", Won), ("No", Lost)]),
        ("Win From behind (Player 2)", &[("Yes", Lost), ("No", Won)]),
        ("Tie-break (1st Set)", &[("Yes", Lost), ("No", Won)]),
        ("Tie-break (2nd Set)", &[("Yes", Won), ("No", Lost)]),
        ("Total Tiebreaks", &[("Over@0.5", Won), ("Under@1.5", Won)]),
    ] {
        check("tennis", market, &score, expected);
    }
    for market in [
        "Over/Under",
        "Asian Handicap",
        "Total Breaks on Serve",
        "Home/Away (4th Set)",
    ] {
        check_open("tennis", market, &score, &["Over@9.5", "Home@1.5", "Home"]);
    }
    // Bookmakers differ about who came from behind later than the first set.
    let score = finished("tennis", "3-2", "6-4 4-6 4-6 6-4 6-4");
    check_open("tennis", "Win From behind (Player 1)", &score, &["Yes", "No"]);
    // A match tie-break is a set; how many games it is, bookmakers disagree.
    let score = finished("tennis", "2-1", "4-6 6-4 10-8");
    check("tennis", "Home/Away", &score, &[("Home", Won), ("Away", Lost)]);
    check_open("tennis", "Over/Under by Games in Match", &score, &["Over@20.5"]);
}

#[test]
fn other_sports() {
    let maps = finished("esports", "1-2", "13-9 11-13 8-13");
    check("esports", "Correct Score", &maps, &[("1:2", Won), ("2:1", Lost)]);
    check(
        "esports",
        "Home/Away (map 2)",
        &maps,
        &[("Home", Lost), ("Away", Won)],
    );
    check("esports", "Total Maps", &maps, &[("Over@2.5", Won)]);
    check(
        "esports",
        "Maps Handicap",
        &maps,
        &[("Home@+1.5", Won), ("Away@+1.5", Lost)],
    );
    for market in [
        "Total Rounds Map 1",
        "Asian Handicap",
        "Asian Handicap (map 1)",
        "Total Towers",
    ] {
        check_open("esports", market, &maps, &["Over@20.5", "Home@-1.5", "Over"]);
    }
    let darts = finished("darts", "6-3", "");
    check("darts", "Home/Away", &darts, &[("Home", Won), ("Away", Lost)]);
    check("darts", "Correct Score", &darts, &[("6:3", Won), ("3:6", Lost)]);
    // A player's total is of his 180s, and of what the match has a total, nobody says.
    for market in ["Total - Home", "Over/Under"] {
        check_open("darts", market, &darts, &["Over@1.5"]);
    }
    let boxing = Told {
        winner: Some(Side::Away),
        ..told("", "")
    };
    check(
        "boxing",
        "Home/Away",
        &score("boxing", &boxing),
        &[("Home", Lost), ("Away", Won)],
    );
    check_open(
        "boxing",
        "Home/Away",
        &finished("boxing", "", ""),
        &["Home", "Away"],
    );
    check_open("boxing", "Over/Under", &score("boxing", &boxing), &["Over@8.5"]);
    let volleyball = finished("volleyball", "3-1", "25-20 25-27 25-18 25-22");
    check(
        "volleyball",
        "Set Betting",
        &volleyball,
        &[("3:1", Won), ("3:0", Lost)],
    );
    check(
        "volleyball",
        "Over/Under (2nd Set)",
        &volleyball,
        &[("Over@51.5", Won)],
    );
    let hockey = Told {
        extra: Extra::Shootout,
        ..told("3-2", "1-1 0-1 1-0")
    };
    let hockey = score("hockey", &hockey);
    check(
        "hockey",
        "3Way Result",
        &hockey,
        &[("Home", Lost), ("Draw", Won), ("Away", Lost)],
    );
    check("hockey", "Home/Away", &hockey, &[("Home", Won), ("Away", Lost)]);
    check("hockey", "Over/Under 1st Period", &hockey, &[("Over@1.5", Won)]);
    check_open("hockey", "Over/Under", &hockey, &["Over@4.5", "Under@4.5"]);
}

#[test]
fn what_is_not_understood_whole_is_not_decided() {
    let score = soccer("2-1", "1-0");
    for market in [
        "",
        "Corners 1x2",
        "Corners Over Under",
        "Cards Over/Under",
        "Over/Under 1st Half 2nd Half",
        "Home/Away (1st Set)",
        "Over/Under 1st Qtr",
        "Last Team to Score",
        "3Way Result Penalties",
    ] {
        check_open("soccer", market, &score, &["Home", "Over@2.5", "Under@2.5"]);
    }
    check_open(
        "soccer",
        "3Way Result",
        &score,
        &["", "Larkmoor United", "3", "Home/Draw"],
    );
    check_open("basketball", "Match Winner", &overtime(), &["Home", "Away"]);
    let handicap = Question {
        sport: sport("soccer"),
        home: "Draw",
        away: "Quillhaven",
        market: "3Way Result",
        selection: "Draw",
        line: None,
        line_kind: None,
        offered: &["Draw", "Home", "Away"],
    };
    assert_eq!(decide(&handicap, &score), None, "a side that is called Draw");
    let total = Question {
        market: "Goals Over/Under",
        selection: "Over",
        line: Some("2.5"),
        line_kind: Some(LineKind::Handicap),
        ..handicap
    };
    assert_eq!(decide(&total, &score), None, "a handicap that is over");
}

fn stopped(key: &str, end: End, told: Told) -> Score {
    score(key, &Told { end, ..told })
}

#[test]
fn what_was_decided_before_a_match_was_abandoned_stands() {
    let told = Told {
        half_time: Some(Pair::new(1, 0)),
        ..told("2-1", "")
    };
    let score = stopped("soccer", End::Abandoned, told);
    check(
        "soccer",
        "3Way Result",
        &score,
        &[("Home", Void), ("Draw", Void), ("Away", Void)],
    );
    check(
        "soccer",
        "Goals Over/Under",
        &score,
        &[("Over@2.5", Won), ("Under@2.5", Lost)],
    );
    check(
        "soccer",
        "Goals Over/Under",
        &score,
        &[("Over@2.75", Void), ("Under@2.75", Void), ("Over@3.5", Void)],
    );
    check(
        "soccer",
        "Both Teams To Score",
        &score,
        &[("Yes", Won), ("No", Lost)],
    );
    check("soccer", "Home Win To Nil", &score, &[("Yes", Lost), ("No", Won)]);
    check(
        "soccer",
        "1st Half 3Way Result",
        &score,
        &[("Home", Won), ("Draw", Lost)],
    );
    check(
        "soccer",
        "HT/FT Double",
        &score,
        &[("Home/Home", Void), ("Away/Home", Void)],
    );
    check_open("soccer", "Goals Over/Under 2nd Half", &score, &["Over@0.5"]);
    check_open("soccer", "To Qualify", &score, &["Home"]);
    check_open("soccer", "Goals Over/Under", &score, &["Over@2.3"]);
    let late = Told {
        full_time: Some(Pair::new(1, 1)),
        ..super::tests::told("2-1", "")
    };
    let late = stopped("soccer", End::Abandoned, late);
    check_open("soccer", "Goals Over/Under", &late, &["Over@2.5", "Under@2.5"]);
    let unknown = stopped("soccer", End::Abandoned, super::tests::told("", ""));
    check_open("soccer", "3Way Result", &unknown, &["Home"]);
    // Whether such a game counts depends on how long it was played.
    let basketball = stopped(
        "basketball",
        End::Abandoned,
        super::tests::told("50-40", "30-20 20-20"),
    );
    check_open("basketball", "Home/Away", &basketball, &["Home"]);
}

#[test]
fn sets_that_were_finished_before_a_retirement_stand() {
    let score = stopped("tennis", End::Retired(Some(Side::Away)), told("1-0", "7-6 3-2"));
    for (market, expected) in [
        ("Home/Away", &[("Home", Void), ("Away", Void)][..]),
        ("Home/Away (1st Set)", &[("Home", Won), ("Away", Lost)]),
        ("Home/Away (2nd Set)", &[("Home", Void), ("Away", Void)]),
        ("Set Betting", &[("2:0", Void), ("2:1", Void)]),
        (
            "Over/Under by Games in Match",
            &[("Over@17.5", Won), ("Under@17.5", Lost), ("Over@18.5", Void)],
        ),
        ("Win at least one set (Player 1)", &[("Yes", Won), ("No", Lost)]),
        ("Win at least one set (Player 2)", &[("Yes", Void), ("No", Void)]),
        ("Win In Straigh Sets (Player 2)", &[("Yes", Lost), ("No", Won)]),
        (
            "Total Tiebreaks",
            &[("Over@0.5", Won), ("Under@0.5", Lost), ("Over@1.5", Void)],
        ),
    ] {
        check("tennis", market, &score, expected);
    }
    // What a set that was under way already had, stands; a set that never began is void, as is 1-0 in games.
    let score = stopped("tennis", End::Retired(None), told("", "6-4 5-5"));
    let games = [
        ("Over@9.5", Won),
        ("Under@9.5", Lost),
        ("Over@10.5", Void),
        ("Under@10.5", Void),
    ];
    check("tennis", "Over/Under (2nd Set)", &score, &games);
    check("tennis", "Over/Under (3rd Set)", &score, &[("Over@0.5", Void)]);
    let score = stopped("tennis", End::Retired(None), told("", "6-4 1-0"));
    check(
        "tennis",
        "Total Sets",
        &score,
        &[("Over@1.5", Void), ("Under@1.5", Void), ("Over@0.5", Won)],
    );
    check("tennis", "Home/Away (2nd Set)", &score, &[("Home", Void)]);
}

#[test]
fn what_is_not_played_is_void_and_what_is_put_off_waits() {
    for end in [End::Walkover, End::Cancelled] {
        let score = stopped("tennis", end, told("", ""));
        check("tennis", "Home/Away", &score, &[("Home", Void), ("Away", Void)]);
        check_open("tennis", "To Qualify", &score, &["Home"]);
    }
    let score = stopped("soccer", End::Postponed, told("", ""));
    check_open("soccer", "3Way Result", &score, &["Home", "Draw", "Away"]);
}

#[test]
fn a_score_that_contradicts_itself_is_refused() {
    use Contradiction as C;
    let at_half = |half: &str, told: Told| Told {
        half_time: pairs(half).first().copied(),
        ..told
    };
    let full_time = |full: &str, extra, told: Told| Told {
        full_time: pairs(full).first().copied(),
        extra,
        ..told
    };
    let won = |winner, told: Told| Told {
        winner: Some(winner),
        ..told
    };
    for (key, told, contradiction) in [
        ("soccer", at_half("2-0", told("1-3", "")), C::Backwards),
        ("soccer", full_time("1-1", Extra::None, told("2-1", "")), C::Sum),
        (
            "soccer",
            full_time("2-2", Extra::Overtime, told("2-1", "")),
            C::Backwards,
        ),
        ("basketball", told("80-80", "20-20 20-20 20-20 20-21"), C::Sum),
        (
            "basketball",
            told("80-80", "20-20 20-20 20-20 10-10 10-10"),
            C::Extra,
        ),
        ("basketball", won(Side::Away, told("81-80", "")), C::Winner),
        ("tennis", told("2-0", "6-4 4-6 6-4"), C::Sum),
        ("tennis", told("2-0", "6-5 6-4"), C::Set),
        ("tennis", told("2-0", "6-6 6-4"), C::Set),
        ("tennis", told("1-0", "6-4"), C::Set),
        ("tennis", told("2-1", "6-4 6-4 4-6"), C::Set),
        ("tennis", won(Side::Away, told("2-0", "6-4 6-4")), C::Winner),
        ("table_tennis", told("2-0", "11-10 11-4"), C::Set),
        ("esports", told("2-0", "13-9 9-13"), C::Sum),
        ("esports", told("2-0", "13-13 13-9"), C::Set),
    ] {
        assert_eq!(
            Score::new(sport(key), &told),
            Err(contradiction),
            "{key} {told:?}"
        );
    }
}

fn mirrored(outcome: Outcome) -> Outcome {
    match outcome {
        Won => Lost,
        Lost => Won,
        HalfWon => HalfLost,
        HalfLost => HalfWon,
        other => other,
    }
}

fn decimal(quarters: i64) -> String {
    let sign = if quarters < 0 { "-" } else { "" };
    let fraction = ["", ".25", ".5", ".75"][usize::try_from(quarters.abs() % 4).unwrap()];
    format!("{sign}{}{fraction}", quarters.abs() / 4)
}

proptest! {
    #[test]
    fn over_and_under_are_mirror_images(home in 0..9u16, away in 0..9u16, quarters in 0..80i64) {
        let score = soccer(&format!("{home}-{away}"), "");
        let line = decimal(quarters);
        let [over, under] = ["Over", "Under"].map(|name| {
            decided("soccer", "Goals Over/Under", &format!("{name}@{line}"), &[], &score).unwrap()
        });
        prop_assert_eq!(over, mirrored(under));
    }

    #[test]
    fn handicaps_of_opposite_lines_are_mirror_images(home in 0..9u16, away in 0..9u16, quarters in -40..40i64) {
        let bet = |total: String, name: &str, quarters| {
            let selection = format!("{name}@{}", decimal(quarters));
            decided("soccer", "Asian Handicap", &selection, &[], &soccer(&total, "")).unwrap()
        };
        let on_home = bet(format!("{home}-{away}"), "Home", quarters);
        prop_assert_eq!(on_home, mirrored(bet(format!("{home}-{away}"), "Away", quarters)));
        // The away side of the match turned round is the same side with the same start.
        prop_assert_eq!(on_home, bet(format!("{away}-{home}"), "Away", -quarters));
    }

    #[test]
    fn exactly_one_of_three_results_wins(home in 0..9u16, away in 0..9u16, line in -9..9i64) {
        let score = soccer(&format!("{home}-{away}"), "");
        for (market, line) in [("3Way Result", String::new()), ("Handicap Result", format!("@{line}"))] {
            let won = ["Home", "Draw", "Away"].into_iter().filter(|name| {
                decided("soccer", market, &format!("{name}{line}"), &[], &score) == Some(Won)
            });
            prop_assert_eq!(won.count(), 1);
        }
    }
}

use std::collections::BTreeMap;

use super::super::rules::{End, Outcome, Question, decide};
use super::*;

fn sport(key: &str) -> Sport {
    Sport::find(key).unwrap()
}

fn read_matches(key: &str, matches: &str) -> Results {
    let json = format!(r#"{{"scores":{{"categories":[{{"name":"A","matches":[{matches}]}}]}}}}"#);
    read(json.as_bytes(), sport(key), &FeedLimits::default()).unwrap()
}

/// A football match with this status, and these members of its own and of its sides.
fn football(id: &str, status: &str, own: &str, home: &str, away: &str) -> String {
    format!(
        r#"{{"id":"{id}","status":"{status}"{own},"localteam":{{"name":"Larkmoor"{home}}},
            "visitorteam":{{"name":"Quillhaven"{away}}}}}"#
    )
}

fn result_of(result: &EventResult, key: &str, market: &str, selection: &str) -> Option<Outcome> {
    let question = Question {
        sport: sport(key),
        home: &result.home,
        away: &result.away,
        market,
        selection,
        line: None,
        line_kind: None,
        offered: &["Home", "Draw", "Away"],
    };
    decide(&question, &result.score)
}

#[test]
fn the_shapes_of_the_supplier_say_the_same() {
    let plain = r#"{"id":"7","status":"Finished","player_1":{"name":"A","totalscore":"2","s1":"6","s2":"7.9"},
        "player_2":{"name":"B","totalscore":"0","s1":"4","s2":"6.7"}}"#;
    let at = r#"{"@id":7,"@status":"Finished","player":[{"@name":"A","@totalscore":2,"@s1":"6","@s2":"7(9)"},
        {"@name":"B","@totalscore":0,"@s1":"4","@s2":"6(7)"}]}"#;
    for json in [
        format!(r#"{{"scores":{{"categories":[{{"matches":[{plain}]}}]}}}}"#),
        format!(r#"{{"scores":{{"category":{{"matches":{{"match":{plain}}}}}}}}}"#),
        format!(
            r#"{{"?xml":{{}},"scores":{{"@sport":"tennis","category":[{{"@name":"x","match":[{at}]}}]}}}}"#
        ),
        format!(
            "\u{feff}{{\"metadata\":{{\"sport\":\"tennis\"}},\"scores\":{{\"category\":{{\"matches\":{at}}}}}}}"
        ),
    ] {
        let results = read(json.as_bytes(), sport("tennis"), &FeedLimits::default()).unwrap();
        let [result] = &results.events[..] else {
            panic!("{json}: {:?}", results.counts)
        };
        assert_eq!((&*result.id, &*result.home, &*result.away), ("7", "A", "B"));
        let came = result_of(result, "tennis", "Tie-break (2nd Set)", "Yes");
        assert_eq!(came, Some(Outcome::Won), "{json}");
    }
}

#[test]
fn a_status_says_how_a_match_ended() {
    for (status, end) in [
        ("FT", Some(End::Finished)),
        ("Finished", Some(End::Finished)),
        ("AET", Some(End::Finished)),
        ("After Over Time", Some(End::Finished)),
        ("After Pen.", Some(End::Finished)),
        ("Postp.", Some(End::Postponed)),
        ("Cancl.", Some(End::Cancelled)),
        ("Aban.", Some(End::Abandoned)),
        ("Walk over", Some(End::Walkover)),
        ("Retired", Some(End::Retired(None))),
        ("Not Started", None),
        ("2nd Half", None),
        ("77", None),
        ("Int.", None),
    ] {
        let results = read_matches("soccer", &football("7", status, "", "", ""));
        let ends: Vec<_> = results.events.iter().map(|result| result.score.end()).collect();
        assert_eq!(ends, Vec::from_iter(end), "{status}");
        assert_eq!(results.counts.open, u64::from(end.is_none()), "{status}");
    }
}

#[test]
fn a_bad_match_is_skipped_and_counted_and_the_others_stay() {
    let goals = |home: &str, away: &str| {
        let [home, away] = [home, away].map(|goals| format!(r#","goals":{goals}"#));
        football("9", "FT", "", &home, &away)
    };
    let winner = r#","winner":"true""#;
    let cases = [
        (Skip::Match(SkipReason::NotAnObject), "7".to_owned()),
        (
            Skip::Match(SkipReason::Malformed),
            football("9", "FT", r#","@id":"8""#, "", ""),
        ),
        (Skip::Match(SkipReason::MissingId), football("", "FT", "", "", "")),
        (
            Skip::Match(SkipReason::MissingTeam),
            r#"{"id":"9","status":"FT"}"#.to_owned(),
        ),
        (
            Skip::Match(SkipReason::DuplicateId),
            football("7", "FT", "", "", ""),
        ),
        (
            Skip::Match(SkipReason::TextTooLong),
            football(&"9".repeat(101), "FT", "", "", ""),
        ),
        (Skip::UnknownStatus, football("9", "TBA", "", "", "")),
        (Skip::UnknownStatus, football("9", "After The Rain", "", "", "")),
        (Skip::Awarded, football("9", "Awarded", "", "", "")),
        (Skip::BadNumber, goals("\"2\"", "\"\"")),
        (Skip::BadNumber, goals("\"-1\"", "\"0\"")),
        (Skip::BadNumber, goals("\"x\"", "\"0\"")),
        (Skip::BadNumber, goals("70000", "0")),
        (Skip::BadNumber, football("9", "FT", r#","ht":"[1:]""#, "", "")),
        (
            Skip::BadNumber,
            football("9", "FT", "", r#","s2":"1""#, r#","s2":"1""#),
        ),
        (
            Skip::Contradiction(Contradiction::Winner),
            football("9", "FT", "", winner, winner),
        ),
        (
            Skip::Contradiction(Contradiction::Backwards),
            football(
                "9",
                "FT",
                r#","ht":{"score":"[2-0]"}"#,
                r#","goals":1"#,
                r#","goals":3"#,
            ),
        ),
    ];
    let mut expected: BTreeMap<Skip, u64> = BTreeMap::new();
    let mut matches = football("7", "FT", "", "", "");
    for (reason, bad) in &cases {
        *expected.entry(*reason).or_default() += 1;
        matches = format!("{matches},{bad}");
    }
    let results = read_matches(
        "soccer",
        &format!("{matches},{}", football("8", "FT", "", "", "")),
    );
    assert_eq!(results.counts.skipped, expected);
    let ids: Vec<_> = results.events.iter().map(|result| &*result.id).collect();
    assert_eq!(ids, ["7", "8"]);
    assert_eq!(results.counts.matches, 2 + cases.len() as u64);
}

#[test]
fn extra_time_is_seen_even_where_the_status_hides_it() {
    let goals = |own: &str| football("7", "FT", own, r#","goals":"2""#, r#","goals":"1""#);
    for (own, home) in [
        ("", Some(Outcome::Won)),
        (r#","ft":{"score":"[2-1]"}"#, Some(Outcome::Won)),
        (
            r#","ft":{"score":"[1-1]"},"et":{"score":"[1-0]"}"#,
            Some(Outcome::Lost),
        ),
        (r#","et":{"score":"[1-0]"}"#, None),
        (r#","ft":{"score":""},"pen":{"score":"[5-4]"}"#, None),
    ] {
        let results = read_matches("soccer", &goals(own));
        let came = result_of(&results.events[0], "soccer", "3Way Result", "Home");
        assert_eq!(came, home, "{own}");
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    let limits = FeedLimits {
        max_file_bytes: 100,
        ..FeedLimits::default()
    };
    let cut = r#"{"scores":{"categories":[{"#;
    for (bytes, said) in [
        (&b""[..], "not JSON"),
        (b"<html></html>", "not JSON"),
        (b"\x1f\x8b\x08\x00\x00", "not JSON"),
        (cut.as_bytes(), "not JSON"),
        (b"[]", "no scores"),
        (b"{}", "no scores"),
        (b"{\"scores\":[]}", "no scores"),
        (
            b"{\"metadata\":{\"sport\":\"Darts\"},\"scores\":{}}",
            "about darts",
        ),
        (&[b' '; 101], "the limit is 100"),
    ] {
        let error = read(bytes, sport("soccer"), &limits).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn no_more_is_read_than_the_limits_allow() {
    let one = |id: &str| football(id, "FT", "", "", "");
    let json = format!(
        r#"{{"scores":{{"categories":[{{"matches":[{},{}]}},{{"matches":{}}},"x",{{}}]}}}}"#,
        one("1"),
        one("2"),
        one("3")
    );
    let limits = FeedLimits {
        max_events: 1,
        max_categories: 3,
        ..FeedLimits::default()
    };
    let counts = read(json.as_bytes(), sport("soccer"), &limits).unwrap().counts;
    assert_eq!(
        (counts.matches, counts.over, counts.unreadable_categories),
        (3, 1, 2)
    );
    assert_eq!(
        counts.skipped,
        BTreeMap::from([(Skip::Match(SkipReason::TooManyEvents), 2)])
    );
    let limits = FeedLimits {
        max_match_bytes: 10,
        ..FeedLimits::default()
    };
    let counts = read(json.as_bytes(), sport("soccer"), &limits).unwrap().counts;
    assert_eq!(
        counts.skipped,
        BTreeMap::from([(Skip::Match(SkipReason::TooLarge), 3)])
    );
}

use serde_json::{Value, json};

use super::*;

const SERVER_SEED: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const QUESTION: Question<'_> = Question {
    server_seed: SERVER_SEED,
    client_seed: "lucky: 7",
    nonce: 0,
    game: "slots",
    currency: None,
    stake: None,
    bet_on: None,
    bets: None,
    decisions: None,
    cashout: None,
};

fn show(question: Question<'_>) -> Value {
    let recomputed = question.read().unwrap().recompute().unwrap();
    serde_json::to_value(recomputed.outcome).unwrap()
}

/// The amount with two decimals.
fn in_full(minor: &Value) -> String {
    let minor = minor.as_i64().unwrap();
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Recomputes every round of a published file; answers it and what is shown, with the version of the rules.
fn published(game: &str, file: &str) -> Vec<(Value, Value)> {
    let file: Value = serde_json::from_str(file).unwrap();
    assert_eq!(file["game"], game);
    let vectors = file["vectors"].as_array().unwrap().clone();
    assert!(!vectors.is_empty());
    let recompute = |vector: Value| {
        let text = |member: &str| vector[member].as_str().unwrap();
        let stake = vector.get("stake_minor").map(in_full);
        let decisions = vector.get("decisions").map(|decisions| {
            let words = decisions.as_array().unwrap().iter();
            words
                .map(|word| word.as_str().unwrap())
                .collect::<Vec<_>>()
                .join(",")
        });
        let bets = vector["result"].get("bets").map(Value::to_string);
        let cashout = vector["result"].get("cashout_multiplier");
        let cashout = cashout.filter(|cashout| !cashout.is_null()).map(Value::to_string);
        let question = Question {
            server_seed: text("server_seed"),
            client_seed: text("client_seed"),
            nonce: vector["nonce"].as_u64().unwrap(),
            game,
            stake: stake.as_deref(),
            bet_on: vector.get("bet_on").and_then(Value::as_str),
            bets: bets.as_deref(),
            decisions: decisions.as_deref(),
            cashout: cashout.as_deref(),
            ..QUESTION
        };
        let round = question.read().unwrap();
        let Recomputed {
            math_version,
            outcome,
            payout,
        } = round.recompute().unwrap();
        assert_eq!(json!(math_version), file["math_version"]);
        if let (Some(payout), Some(published)) = (payout, vector.get("payout_minor")) {
            assert_eq!(json!(payout.get()), *published, "{}", vector["shows"]);
        }
        assert_eq!(round.server_seed.commitment(), text("commitment"));
        let begin = ["words", "words_begin"]
            .iter()
            .find_map(|member| vector.get(member));
        let begin = begin.unwrap().as_array().unwrap();
        for (word, published) in round.first_words().iter().zip(begin) {
            assert_eq!(json!(word), *published);
        }
        let outcome = serde_json::to_value(outcome).unwrap();
        (vector, outcome)
    };
    vectors.into_iter().map(recompute).collect()
}

#[test]
fn every_published_round_is_recomputed() {
    for (vector, shown) in published("slots", include_str!("../../vectors/slots.json")) {
        assert_eq!(shown, vector["result"], "{}", vector["shows"]);
    }
    for (vector, shown) in published("roulette", include_str!("../../vectors/roulette.json")) {
        assert_eq!(shown, vector["result"], "{}", vector["shows"]);
    }
    for (vector, shown) in published("baccarat", include_str!("../../vectors/baccarat.json")) {
        assert_eq!(shown, vector["result"], "{}", vector["shows"]);
    }
    for (vector, shown) in published("blackjack", include_str!("../../vectors/blackjack.json")) {
        assert_eq!(shown, vector["result"], "{}", vector["shows"]);
    }
    for (vector, shown) in published("crash", include_str!("../../vectors/crash.json")) {
        let point = json!({"multiplier": vector["result"]["multiplier"]});
        assert_eq!(shown, point, "{}", vector["shows"]);
    }
}

#[test]
fn a_stake_changes_amounts_and_nothing_that_is_drawn() {
    let line_pays = Question { nonce: 1, ..QUESTION };
    let [one, two] = [Some("1"), Some("2.00")].map(|stake| show(Question { stake, ..line_pays }));
    assert_eq!(show(line_pays), one, "1.00 unless it is said");
    assert_eq!(one["reels"], two["reels"]);
    assert_eq!(one["wins"][0]["payout"], json!(0.85));
    assert_eq!(two["wins"][0]["payout"], json!(1.7));
}

#[test]
fn a_blackjack_round_without_decisions_is_its_deal() {
    let dealt = Question {
        nonce: 23,
        game: "blackjack",
        ..QUESTION
    };
    assert_eq!(show(dealt)["final"], false);
    assert_eq!(
        show(dealt),
        show(Question {
            decisions: Some(""),
            ..dealt
        })
    );
    let stood = show(Question {
        decisions: Some("stand"),
        ..dealt
    });
    assert_eq!(
        (&stood["final"], &stood["outcome"]),
        (&json!(true), &json!("Win"))
    );
}

#[test]
fn every_bad_parameter_is_named() {
    let shouted = SERVER_SEED.to_uppercase();
    let long = "x".repeat(65);
    let bad = Question {
        server_seed: "",
        client_seed: "\n",
        game: "poker",
        stake: Some("-1"),
        decisions: Some("fold"),
        ..QUESTION
    };
    for (question, fields) in [
        (
            bad,
            vec!["server_seed", "client_seed", "game", "stake", "decisions"],
        ),
        (
            Question {
                server_seed: &shouted,
                ..QUESTION
            },
            vec!["server_seed"],
        ),
        (
            Question {
                client_seed: &long,
                ..QUESTION
            },
            vec!["client_seed"],
        ),
        (
            Question {
                stake: Some("1.001"),
                ..QUESTION
            },
            vec!["stake"],
        ),
        (
            Question {
                stake: Some("one"),
                ..QUESTION
            },
            vec!["stake"],
        ),
        (
            Question {
                decisions: Some("hit,"),
                game: "blackjack",
                ..QUESTION
            },
            vec!["decisions"],
        ),
        (
            Question {
                bet_on: Some("tie"),
                bets: Some("[]"),
                decisions: Some("hit"),
                cashout: Some("2"),
                ..QUESTION
            },
            vec!["bet_on", "bets", "decisions", "cashout"],
        ),
        (
            Question {
                bets: Some("{}"),
                game: "roulette",
                ..QUESTION
            },
            vec!["bets"],
        ),
        (
            Question {
                bet_on: Some("dragon"),
                game: "baccarat",
                ..QUESTION
            },
            vec!["bet_on"],
        ),
    ] {
        let errors = question.read().unwrap_err();
        let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, fields);
    }
}

#[test]
fn what_a_game_refuses_is_named_too() {
    let blackjack = Question {
        nonce: 23,
        game: "blackjack",
        ..QUESTION
    };
    for (question, field) in [
        (
            Question {
                stake: Some("0.30"),
                ..QUESTION
            },
            "stake",
        ),
        (
            Question {
                bet_on: Some("banker"),
                stake: Some("0.01"),
                game: "baccarat",
                ..QUESTION
            },
            "stake",
        ),
        (
            Question {
                cashout: Some("20.00"),
                game: "crash",
                ..QUESTION
            },
            "cashout",
        ),
        (
            Question {
                decisions: Some("stand,hit"),
                ..blackjack
            },
            "decisions",
        ),
    ] {
        let error = question.read().unwrap().recompute().unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
}

#[test]
fn a_payout_is_recomputed_from_the_bet_and_unknown_without_it() {
    let payout = |question: Question<'_>| {
        let recomputed = question.read().unwrap().recompute().unwrap();
        recomputed.payout.map(Minor::get)
    };
    let of = |game| Question { game, ..QUESTION };
    let bets =
        r#"[{"type":"low_high","value":"low","stake":1.00},{"type":"low_high","value":"high","stake":1.00}]"#;
    for (told, untold) in [
        (
            Question {
                bets: Some(bets),
                ..of("roulette")
            },
            of("roulette"),
        ),
        (
            Question {
                bet_on: Some("tie"),
                ..of("baccarat")
            },
            of("baccarat"),
        ),
        (
            Question {
                cashout: Some("1.01"),
                nonce: 2,
                ..of("crash")
            },
            of("crash"),
        ),
    ] {
        assert!(payout(told).is_some(), "{told:?}");
        assert_eq!(payout(untold), None, "{untold:?}");
    }
    assert!(payout(QUESTION).is_some(), "slots need no more than a stake");
}

#[test]
fn amounts_have_the_decimals_of_the_currency() {
    let question = |currency, stake| Question {
        nonce: 1,
        currency: Some(currency),
        stake: Some(stake),
        ..QUESTION
    };
    assert!(question("JPY", "100").read().is_ok());
    for (question, field) in [
        (question("JPY", "1.5"), "stake"),
        (question("doubloons", "1"), "currency"),
    ] {
        let errors = question.read().unwrap_err();
        assert_eq!(errors[0].field, field);
    }
}

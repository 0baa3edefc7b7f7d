use super::multiplier::WrittenTarget;
use super::*;
use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
use crate::casino::vectors::Published;
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::json;

const ROUNDS: u32 = 100_000;

fn target(hundredths: u16) -> Target {
    Target::new(hundredths).unwrap()
}

fn multiplier(hundredths: u16) -> Multiplier {
    Multiplier::saturating(hundredths.into())
}

fn round(crash_point: u16, auto_cashout: Option<u16>) -> Round {
    Round {
        crash_point: multiplier(crash_point),
        auto_cashout: auto_cashout.map(target),
    }
}

#[test]
fn the_crash_point_is_drawn_from_the_first_52_bits_and_two_words() {
    // Each row: the words, and the crash point in hundredths.
    for (words, hundredths) in [
        // Below 1.00 before the maximum is taken, up to h = 4·2⁵² / 100.
        ([0, 0], 100),
        ([0x0a3d_70a3, 0xd70a_3fff], 100),
        // 2⁵² − h is 96·2⁵² / 101 rounded down, and then one more.
        ([0x0cac_5b3f, 0x5dc8_4000], 101),
        ([0x0cac_5b3f, 0x5dc8_3fff], 100),
        ([0x8000_0000, 0], 192),
        ([0xf000_0000, 0], 1536),
        ([u32::MAX, 0xffff_f000], 2000),
        ([u32::MAX, u32::MAX], 2000),
    ] {
        let mut left = words.into_iter();
        let drawn = crash_point(&mut || left.next().unwrap());
        assert_eq!(drawn.hundredths(), hundredths, "{words:x?}");
        assert_eq!(left.next(), None, "both words are taken");
    }
}

#[test]
fn the_last_twelve_bits_of_the_second_word_decide_nothing() {
    for high in [0x0cac_5b3f, 0x1234_5678, 0xfedc_ba98] {
        let draw = |low| {
            let mut words = [high, low].into_iter();
            crash_point(&mut || words.next().unwrap())
        };
        assert_eq!(draw(0x5dc8_4000), draw(0x5dc8_4fff));
    }
}

#[test]
fn a_payout_is_the_stake_times_the_multiplier_rounded_down_once() {
    for (stake, hundredths, paid) in [
        (100, 101, 101),
        (1, 101, 1),
        (99, 101, 99),
        (1, 199, 1),
        (7, 150, 10),
        (250, 333, 832),
        (1_000, 2000, 20_000),
        (shared::money::MAX_AMOUNT_MINOR, 2000, 200_000_000_000_000),
        (i64::MAX / 20, 2000, i64::MAX / 20 * 20),
    ] {
        assert_eq!(
            payout(Minor::new(stake), multiplier(hundredths)),
            Ok(Minor::new(paid)),
            "{stake} at {hundredths}"
        );
    }
}

#[test]
fn a_stake_that_is_not_above_zero_or_could_not_be_paid_at_the_cap_is_refused() {
    for (stake, accepted) in [
        (0, Err(CrashError::StakeNotPositive)),
        (-1, Err(CrashError::StakeNotPositive)),
        (i64::MIN, Err(CrashError::StakeNotPositive)),
        (1, Ok(())),
        (i64::MAX / 20, Ok(())),
        (i64::MAX / 20 + 1, Err(CrashError::StakeTooLarge)),
        (i64::MAX, Err(CrashError::StakeTooLarge)),
    ] {
        assert_eq!(accept_stake(Minor::new(stake)), accepted, "{stake}");
    }
}

#[test]
fn a_round_that_crashed_at_one_pays_nothing() {
    for auto_cashout in [None, Some(101), Some(2000)] {
        let round = round(100, auto_cashout);
        assert_eq!(round.ends_at_ms(), 166);
        for elapsed_ms in 0..166 {
            assert_eq!(round.outcome_at(elapsed_ms), State::Running(Multiplier::ONE));
            assert_eq!(round.cash_out(elapsed_ms, None), Err(CrashError::TooEarly));
        }
        for elapsed_ms in [166, 167, 1_000, u64::MAX] {
            assert_eq!(round.outcome_at(elapsed_ms), State::Crashed);
            assert_eq!(round.cash_out(elapsed_ms, None), Err(CrashError::Crashed));
        }
    }
}

#[test]
fn a_cash_out_at_one_is_refused_in_every_round() {
    for crash_point in 101..=2000 {
        let round = round(crash_point, None);
        for elapsed_ms in [0, 1, 165] {
            assert_eq!(round.cash_out(elapsed_ms, None), Err(CrashError::TooEarly));
            assert_eq!(
                round.cash_out(elapsed_ms, Some(Target::MIN)),
                Err(CrashError::TooEarly)
            );
        }
        assert_eq!(round.cash_out(166, None), Ok(multiplier(101)));
    }
}

#[test]
fn a_cash_out_pays_the_multiplier_of_the_instant_however_much_more_the_client_names() {
    let round = round(1000, None);
    for (elapsed_ms, at_most, paid) in [
        (166, None, 101),
        (11_552, None, 199),
        (11_553, None, 200),
        (11_553, Some(1999), 200),
        (11_553, Some(201), 200),
        (11_553, Some(200), 200),
        (11_553, Some(199), 199),
        (11_553, Some(101), 101),
        (38_377, None, 1000),
    ] {
        assert_eq!(
            round.cash_out(elapsed_ms, at_most.map(target)),
            Ok(multiplier(paid)),
            "{elapsed_ms} ms, at most {at_most:?}"
        );
    }
}

#[test]
fn a_cash_out_after_the_crash_pays_nothing_whatever_the_client_names() {
    let round = round(200, None);
    let bust_at_ms = reached_at_ms(multiplier(201));
    assert_eq!(round.ends_at_ms(), bust_at_ms);
    assert_eq!(round.cash_out(bust_at_ms - 1, None), Ok(multiplier(200)));
    for elapsed_ms in [bust_at_ms, bust_at_ms + 1, u64::MAX] {
        for at_most in [None, Some(101), Some(200), Some(2000)] {
            assert_eq!(
                round.cash_out(elapsed_ms, at_most.map(target)),
                Err(CrashError::Crashed)
            );
        }
    }
}

#[test]
fn an_automatic_cash_out_pays_exactly_its_target_from_the_instant_it_is_reached() {
    for (crash_point, auto_cashout) in [(101, 101), (500, 499), (500, 500), (2000, 1999)] {
        let round = round(crash_point, Some(auto_cashout));
        let (won_at_ms, won) = (round.ends_at_ms(), multiplier(auto_cashout));
        assert_eq!(won_at_ms, reached_at_ms(won));
        let before = State::Running(multiplier(auto_cashout - 1));
        assert_eq!(round.outcome_at(won_at_ms - 1), before);
        for elapsed_ms in [won_at_ms, won_at_ms + 1, u64::MAX] {
            assert_eq!(round.outcome_at(elapsed_ms), State::Won(won));
        }
    }
}

#[test]
fn an_automatic_cash_out_above_the_crash_point_is_lost() {
    for (crash_point, auto_cashout) in [(100, 101), (500, 501), (500, 2000), (1999, 2000)] {
        let round = round(crash_point, Some(auto_cashout));
        let bust_at_ms = reached_at_ms(multiplier(crash_point + 1));
        assert_eq!(round.ends_at_ms(), bust_at_ms);
        let before = State::Running(multiplier(crash_point));
        assert_eq!(round.outcome_at(bust_at_ms - 1), before);
        assert_eq!(round.outcome_at(bust_at_ms), State::Crashed);
    }
}

#[test]
fn a_round_first_looked_at_after_its_crash_is_still_won_at_its_automatic_cash_out() {
    let round = round(250, Some(250));
    let bust_at_ms = reached_at_ms(multiplier(251));
    for elapsed_ms in [bust_at_ms, bust_at_ms + 86_400_000] {
        assert_eq!(round.outcome_at(elapsed_ms), State::Won(multiplier(250)));
    }
}

#[test]
fn an_automatic_cash_out_comes_before_a_bust_at_the_same_instant() {
    // With a target at the crash point the bust is a step later, and with one above it the target is the bust: never
    // do both claim one instant, because no instant passes two multipliers.
    let steps: Vec<_> = Multiplier::all().map(reached_at_ms).collect();
    assert!(steps.is_sorted_by(|earlier, later| earlier < later));
    for crash_point in 101..2000 {
        let at_crash_point = round(crash_point, Some(crash_point));
        let lost = round(crash_point, Some(crash_point + 1));
        assert!(at_crash_point.ends_at_ms() < lost.ends_at_ms());
        let bust_at_ms = lost.ends_at_ms();
        let won = State::Won(multiplier(crash_point));
        assert_eq!(at_crash_point.outcome_at(bust_at_ms), won);
        assert_eq!(lost.outcome_at(bust_at_ms), State::Crashed);
    }
}

#[test]
fn a_round_that_reaches_the_cap_is_cashed_out_there_for_the_player() {
    for auto_cashout in [None, Some(2000)] {
        let round = round(2000, auto_cashout);
        assert_eq!(round.ends_at_ms(), 49_929);
        assert_eq!(round.outcome_at(49_928), State::Running(multiplier(1999)));
        assert_eq!(round.cash_out(49_928, None), Ok(multiplier(1999)));
        for elapsed_ms in [49_929, 60_000, u64::MAX] {
            assert_eq!(round.outcome_at(elapsed_ms), State::Won(Multiplier::CAP));
        }
    }
}

#[test]
fn a_round_that_was_cashed_out_automatically_cannot_be_cashed_out_again() {
    for (auto_cashout, paid) in [(Some(150), 150), (None, 2000)] {
        let round = round(2000, auto_cashout);
        let again = round.cash_out(round.ends_at_ms(), None);
        assert_eq!(again, Err(CrashError::CashedOut(multiplier(paid))));
    }
}

#[test]
fn a_refusal_tells_why() {
    for (error, text) in [
        (CrashError::StakeNotPositive, "the stake must be more than zero"),
        (CrashError::StakeTooLarge, "the stake is too large"),
        (CrashError::TooEarly, "a cash-out is possible from 1.01 on"),
        (CrashError::Crashed, "the round has crashed"),
        (
            CrashError::CashedOut(Multiplier::CAP),
            "the round was cashed out at 20.00",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn a_round_that_runs_or_is_lost_has_paid_nothing() {
    let stake = Minor::new(100);
    for (state, paid) in [
        (State::Running(Multiplier::CAP), 0),
        (State::Crashed, 0),
        (State::Won(multiplier(101)), 101),
        (State::Won(Multiplier::CAP), 2000),
    ] {
        assert_eq!(state.payout(stake), Ok(Minor::new(paid)), "{state:?}");
    }
}

#[test]
fn a_simulation_agrees_with_the_exact_mean_and_deviation_of_each_target() {
    let server_seed = ServerSeed::from_bytes([7; 32]);
    let client_seed = ClientSeed::parse("simulation").unwrap();
    let targets = [101, 150, 200, 500, 2000];
    let mut paid = [0; 5];
    for nonce in 0..ROUNDS {
        let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce.into()));
        let crash_point = crash_point(&mut words);
        for (paid, hundredths) in paid.iter_mut().zip(targets) {
            let round = Round {
                crash_point,
                auto_cashout: Some(target(hundredths)),
            };
            let end = round.outcome_at(round.ends_at_ms());
            *paid += end.payout(Minor::new(100)).unwrap().get();
        }
    }
    for (paid, hundredths) in paid.into_iter().zip(targets) {
        let returns = exact::returns(target(hundredths));
        assert!(
            returns.agree_with(ROUNDS, Minor::new(paid)),
            "{hundredths}: {paid}"
        );
    }
}

#[derive(Deserialize)]
struct PublishedBet {
    stake_minor: i64,
    auto_cashout: Option<serde_json::Number>,
    ends_at_ms: u64,
}

#[test]
fn the_published_vectors_are_what_the_rules_decide() {
    let file = include_str!("../../vectors/crash.json");
    let published: Published<PublishedBet> = serde_json::from_str(file).unwrap();
    assert_eq!(
        (published.game.as_str(), published.math_version),
        ("crash", MATH_VERSION)
    );
    assert!(!published.vectors.is_empty());
    for vector in published.vectors {
        let auto_cashout = vector.bet.auto_cashout.as_ref().map(|number| {
            let written: WrittenTarget = serde_json::from_str(&number.to_string()).unwrap();
            written.read().unwrap()
        });
        vector.check(|mut words| {
            let round = Round {
                crash_point: crash_point(&mut words),
                auto_cashout,
            };
            assert_eq!(round.ends_at_ms(), vector.bet.ends_at_ms);
            let end = round.outcome_at(round.ends_at_ms());
            let cashout = match end {
                State::Won(multiplier) => Some(multiplier),
                State::Running(_) | State::Crashed => None,
            };
            let result = json!({
                "multiplier": round.crash_point, "auto_cashout": auto_cashout, "cashout_multiplier": cashout,
            });
            (end.payout(Minor::new(vector.bet.stake_minor)).unwrap(), result)
        });
    }
}

proptest! {
    #[test]
    fn a_round_runs_until_it_ends_and_then_never_changes(
        crash_point in 100..=2000_u16, auto_cashout in proptest::option::of(101..=2000_u16),
        elapsed_ms in 0..60_000_u64, at_most in proptest::option::of(101..=2000_u16),
    ) {
        let round = round(crash_point, auto_cashout);
        let at_most = at_most.map(target);
        let state = round.outcome_at(elapsed_ms);
        prop_assert_eq!(elapsed_ms < round.ends_at_ms(), matches!(state, State::Running(_)));
        match state {
            State::Running(shown) => {
                prop_assert!(shown <= round.crash_point);
                let cashed_out = round.cash_out(elapsed_ms, at_most);
                let least = at_most.map_or(shown, |at_most| shown.min(at_most.multiplier()));
                let expected = if shown == Multiplier::ONE { Err(CrashError::TooEarly) } else { Ok(least) };
                prop_assert_eq!(cashed_out, expected);
            }
            State::Won(_) | State::Crashed => {
                prop_assert_eq!(round.outcome_at(u64::MAX), state);
                prop_assert!(round.cash_out(elapsed_ms, at_most).is_err());
            }
        }
    }

    #[test]
    fn a_crash_point_is_a_function_of_seeds_and_nonce(
        bytes: [u8; 32], client in "[ -~]{1,64}", nonce: u64,
    ) {
        let draw = || {
            let client_seed = ClientSeed::parse(&client).unwrap();
            crash_point(&mut Words::new(&ServerSeed::from_bytes(bytes), &client_seed, Nonce::new(nonce)))
        };
        prop_assert_eq!(draw(), draw());
        prop_assert!((Multiplier::ONE..=Multiplier::CAP).contains(&draw()));
    }
}

//! Every bet that is measured, how one round of it is played, and what it must gain. Must never decide a round: the
//! rules of its game do.

use std::error::Error;

use shared::money::Minor;
use write_api::casino::baccarat::rules as baccarat;
use write_api::casino::baccarat::rules::exact::Deals;
use write_api::casino::blackjack::rules as blackjack;
use write_api::casino::blackjack::rules::strategy::Strategy;
use write_api::casino::cards::Rank;
use write_api::casino::crash::rules as crash;
use write_api::casino::crash::rules::multiplier::Target;
use write_api::casino::fairness::WordSource;
use write_api::casino::roulette::rules as roulette;
use write_api::casino::roulette::rules::table::BetType;
use write_api::casino::slots::rules as slots;

use super::statistics::Expected;
use super::words::FastWords;

/// Why a round could not be played.
pub(super) type Refused = Box<dyn Error + Send + Sync>;

/// What a round gains in minor units, its payout without its stake; nothing where the bet was not on offer.
type Play = dyn Fn(&mut FastWords) -> Result<Option<i64>, Refused> + Sync;

/// A bet that is played again and again.
pub(super) struct Wager {
    /// The game.
    pub(super) game: &'static str,
    /// The bet in it.
    pub(super) bet: String,
    /// What it costs: as little as can be paid without rounding.
    pub(super) stake_minor: i64,
    /// What it must gain.
    pub(super) expected: Expected,
    /// Plays one round.
    pub(super) play: Box<Play>,
}

/// Every bet.
pub(super) fn all() -> Result<Vec<Wager>, Refused> {
    let mut all = vec![spin_of_the_slots()];
    for hundredths in [101, 150, 200, 500, 2000] {
        all.push(crash_at(Target::new(hundredths)?));
    }
    all.extend(BetType::ALL.map(on_the_wheel));
    let deals = Deals::count();
    all.extend(baccarat::Side::ALL.map(|side| coup(side, &deals)));
    // Published for these rules; the true values are known no better than the tolerances.
    let basic = Expected::published(-0.004_095, 1.154, 0.000_2);
    let mimic = Expected::published(-0.056_78, 0.978, 0.000_5);
    all.push(hand_of_blackjack("basic", Strategy::Basic, basic));
    all.push(hand_of_blackjack("mimic_dealer", Strategy::MimicDealer, mimic));
    all.push(insurance());
    Ok(all)
}

fn spin_of_the_slots() -> Wager {
    let stake = Minor::new(20);
    Wager {
        game: "slots",
        bet: "20 lines".to_owned(),
        stake_minor: stake.get(),
        expected: Expected::exact(slots::exact::rtp(), slots::exact::variance()),
        play: Box::new(move |words| {
            let outcome = slots::decide(stake, words)?;
            Ok(Some(outcome.payout.get() - stake.get()))
        }),
    }
}

/// A round that is left to its automatic cash-out.
fn crash_at(target: Target) -> Wager {
    let stake = Minor::new(100);
    Wager {
        game: "crash",
        bet: target.multiplier().to_string(),
        stake_minor: stake.get(),
        expected: crash::exact::returns(target).into(),
        play: Box::new(move |words| {
            let round = crash::Round {
                crash_point: crash::crash_point(words),
                auto_cashout: Some(target),
            };
            let end = round.outcome_at(round.ends_at_ms());
            Ok(Some(end.payout(stake)?.get() - stake.get()))
        }),
    }
}

/// A bet on a place of its type, for each spin another: all of a type return the same.
fn on_the_wheel(bet_type: BetType) -> Wager {
    let stake = Minor::new(1);
    let places = bet_type.places();
    Wager {
        game: "roulette",
        bet: bet_type.to_string(),
        stake_minor: stake.get(),
        expected: places[0].returns().into(),
        play: Box::new(move |words| {
            let place = places[words.index_below(places.len())];
            let outcome = roulette::decide(&[roulette::Bet { place, stake }], words)?;
            Ok(Some(outcome.payout.get() - stake.get()))
        }),
    }
}

fn coup(side: baccarat::Side, deals: &Deals) -> Wager {
    let stake = Minor::new(20);
    Wager {
        game: "baccarat",
        bet: format!("{side:?}").to_lowercase(),
        stake_minor: stake.get(),
        expected: deals.returns(side).into(),
        play: Box::new(move |words| {
            let outcome = baccarat::decide(side, stake, words)?;
            Ok(Some(outcome.payout.get() - stake.get()))
        }),
    }
}

/// A round of blackjack, whose gain counts for its first stake, whatever a double or a split adds to it.
fn hand_of_blackjack(bet: &str, strategy: Strategy, expected: Expected) -> Wager {
    let stake = Minor::new(2);
    Wager {
        game: "blackjack",
        bet: bet.to_owned(),
        stake_minor: stake.get(),
        expected,
        play: Box::new(move |words| {
            let (staked, settlement) = strategy.play(stake, words)?;
            Ok(Some(settlement.payout.get() - staked.get()))
        }),
    }
}

/// Insurance whenever the dealer shows an ace.
fn insurance() -> Wager {
    let insured = Minor::new(2);
    Wager {
        game: "blackjack",
        bet: "insurance".to_owned(),
        stake_minor: 1,
        expected: blackjack::exact::insurance().into(),
        play: Box::new(move |words| {
            let mut game = blackjack::Game::deal(insured, words)?;
            if game.up_card().rank != Rank::Ace {
                return Ok(None);
            }
            game.act(blackjack::Decision::Insurance)?;
            let insurance = game.insurance();
            Ok(insurance.map(|insurance| insurance.payout.get() - insurance.stake.get()))
        }),
    }
}

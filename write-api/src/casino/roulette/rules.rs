//! The rules of roulette: owns what a spin shows and what each bet on it pays.
//! Must never draw a word but from the source it is given, and never see a wallet.

pub mod table;
pub mod value;
pub mod wheel;

use serde::Serialize;
use shared::money::{Currency, Minor, Money};

use self::table::{BetType, Place};
use self::value::Value;
use self::wheel::{Color, Pocket};
use crate::casino::fairness::WordSource;

/// Goes up whenever the same words and bets would show or pay anything else.
pub const MATH_VERSION: i16 = 1;

/// The stakes that the dearest bet returns, its own included.
const MOST_RETURNED: i64 = BetType::Single.pays_to_one() + 1;

/// Why bets are refused. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouletteError {
    /// A spin without a bet would decide nothing.
    #[error("there is no bet")]
    NoBets,
    /// A stake is zero or less; carries the place of its bet in the list, from 0.
    #[error("the stake of bets[{0}] must be more than zero")]
    StakeNotPositive(usize),
    /// The largest possible payout would not fit; no stakes within the limit for amounts come near.
    #[error("the stakes are too large")]
    StakesTooLarge,
}

/// A stake on a place of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bet {
    /// Where it lies.
    pub place: Place,
    /// What it costs.
    pub stake: Minor,
}

impl Bet {
    fn payout(&self, pocket: Pocket) -> Result<Minor, RouletteError> {
        let payout = self.stake.get().checked_mul(self.place.returned_on(pocket));
        payout.map(Minor::new).ok_or(RouletteError::StakesTooLarge)
    }
}

/// A bet with what it paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledBet {
    /// The bet.
    pub bet: Bet,
    /// What comes back, the stake included; zero if it lost.
    pub payout: Minor,
}

/// What a spin shows and pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Where the ball fell.
    pub pocket: Pocket,
    /// Every bet in the order it was placed.
    pub bets: Vec<SettledBet>,
    /// The sum of the stakes.
    pub stake: Minor,
    /// The sum of the payouts.
    pub payout: Minor,
}

/// The sum of the stakes. Refuses no bets at all, a stake that is not above zero, and stakes whose payout would not
/// fit if each of them lay on the pocket of the spin.
pub fn total_stake(bets: &[Bet]) -> Result<Minor, RouletteError> {
    if bets.is_empty() {
        return Err(RouletteError::NoBets);
    }
    let mut total = Minor::ZERO;
    for (place, bet) in bets.iter().enumerate() {
        if bet.stake <= Minor::ZERO {
            return Err(RouletteError::StakeNotPositive(place));
        }
        total = total
            .checked_add(bet.stake)
            .ok_or(RouletteError::StakesTooLarge)?;
    }
    let most_paid = total.get().checked_mul(MOST_RETURNED);
    most_paid.map(|_| total).ok_or(RouletteError::StakesTooLarge)
}

/// Spins once: the pocket is one index below 37.
pub fn spin(words: &mut impl WordSource) -> Pocket {
    Pocket::ALL[words.index_below(Pocket::ALL.len())]
}

/// Spins once for all bets, as [`spin`] does. Refuses what [`total_stake`] refuses; refused bets
/// take no word. How many bets one spin may carry is for the caller to limit.
pub fn decide(bets: &[Bet], words: &mut impl WordSource) -> Result<Outcome, RouletteError> {
    let stake = total_stake(bets)?;
    let pocket = spin(words);
    let mut outcome = Outcome {
        pocket,
        bets: Vec::with_capacity(bets.len()),
        stake,
        payout: Minor::ZERO,
    };
    for &bet in bets {
        let payout = bet.payout(pocket)?;
        let total = outcome.payout.checked_add(payout);
        outcome.payout = total.ok_or(RouletteError::StakesTooLarge)?;
        outcome.bets.push(SettledBet { bet, payout });
    }
    Ok(outcome)
}

/// An outcome as JSON shows it: `{spin: {pocket, color}, bets: [{type, value, stake, payout}]}`, where the pocket is
/// text and each value has its canonical form.
#[derive(Debug, Serialize)]
pub struct SpinResult {
    spin: ShownSpin,
    bets: Vec<ShownBet>,
}

/// A pocket as JSON shows it: `{pocket, color}`.
#[derive(Debug, Serialize)]
pub struct ShownSpin {
    pocket: String,
    color: Color,
}

impl Pocket {
    /// This pocket for a page.
    pub fn shown(self) -> ShownSpin {
        ShownSpin {
            pocket: self.number().to_string(),
            color: self.color(),
        }
    }
}

#[derive(Debug, Serialize)]
struct ShownBet {
    #[serde(rename = "type")]
    bet_type: BetType,
    value: Value<'static>,
    stake: Money,
    payout: Money,
}

impl Outcome {
    /// This outcome with its amounts in `currency`.
    pub fn shown_in(&self, currency: Currency) -> SpinResult {
        let bets = self.bets.iter().map(|settled| settled.shown_in(currency));
        SpinResult {
            spin: self.pocket.shown(),
            bets: bets.collect(),
        }
    }
}

impl SettledBet {
    fn shown_in(&self, currency: Currency) -> ShownBet {
        ShownBet {
            bet_type: self.bet.place.bet_type(),
            value: self.bet.place.value(),
            stake: currency.money(self.bet.stake),
            payout: currency.money(self.payout),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
    use crate::casino::vectors::Published;
    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::{Value as Json, json};

    const ROUNDS: u32 = 100_000;

    fn bet(bet_type: &str, value: &Json, stake: i64) -> Bet {
        Bet {
            place: Place::parse(bet_type, value).unwrap(),
            stake: Minor::new(stake),
        }
    }

    /// A spin whose ball falls into `number`.
    fn spin(bets: &[Bet], number: u32) -> Outcome {
        decide(bets, &mut || number).unwrap()
    }

    fn refusal(bets: &[Bet]) -> RouletteError {
        let mut no_words = || -> u32 { panic!("refused bets took a word") };
        decide(bets, &mut no_words).unwrap_err()
    }

    #[test]
    fn a_spin_takes_one_word_and_shows_the_pocket_of_its_index() {
        let bets = [bet("color", &json!("red"), 1)];
        for number in 0..37 {
            let mut words = [37 * 1_000 + number].into_iter();
            let outcome = decide(&bets, &mut || words.next().unwrap()).unwrap();
            assert_eq!(u32::from(outcome.pocket.number()), number);
            assert_eq!(words.next(), None);
        }
    }

    #[test]
    fn a_won_bet_gains_its_price_and_keeps_its_stake() {
        for (bet_type, value, returned) in [
            ("single", json!(14), 36),
            ("split", json!([14, 17]), 18),
            ("street", json!([13, 14, 15]), 12),
            ("corner", json!([14, 15, 17, 18]), 9),
            ("six_line", json!([13, 14, 15, 16, 17, 18]), 6),
            ("dozen", json!(2), 3),
            ("column", json!(2), 3),
            ("color", json!("red"), 2),
            ("even_odd", json!("even"), 2),
            ("low_high", json!("low"), 2),
        ] {
            let outcome = spin(&[bet(bet_type, &value, 50)], 14);
            assert_eq!(outcome.payout, Minor::new(50 * returned), "{bet_type}");
        }
        for (bet_type, value, returned) in [("trio", json!([0, 2, 3]), 12), ("first_four", json!(null), 9)] {
            let outcome = spin(&[bet(bet_type, &value, 50)], 2);
            assert_eq!(outcome.payout, Minor::new(50 * returned), "{bet_type}");
        }
    }

    #[test]
    fn every_place_pays_36_of_37_stakes_over_all_pockets() {
        for place in BetType::ALL.into_iter().flat_map(BetType::places) {
            let stake = Minor::new(1);
            let paid: i64 = (0..37)
                .map(|number| spin(&[Bet { place, stake }], number).payout.get())
                .sum();
            assert_eq!(paid, 36, "{place:?}");
        }
    }

    #[test]
    fn zero_loses_every_outside_bet() {
        for bet_type in [
            BetType::Dozen,
            BetType::Column,
            BetType::Color,
            BetType::EvenOdd,
            BetType::LowHigh,
        ] {
            let places = bet_type.places().into_iter();
            let stake = Minor::new(100);
            let bets: Vec<_> = places.map(|place| Bet { place, stake }).collect();
            assert_eq!(spin(&bets, 0).payout, Minor::ZERO, "{bet_type}");
        }
    }

    #[test]
    fn several_bets_on_one_spin_are_settled_each_on_its_own() {
        let bets = [
            bet("single", &json!(17), 100),
            bet("color", &json!("black"), 250),
            bet("color", &json!("red"), 40),
            bet("single", &json!(17), 1),
        ];
        let outcome = spin(&bets, 17);
        let settled: Vec<_> = outcome.bets.iter().map(|settled| settled.payout.get()).collect();
        assert_eq!(settled, [3_600, 500, 0, 36]);
        assert!(outcome.bets.iter().map(|settled| settled.bet).eq(bets));
        assert_eq!(
            (outcome.stake, outcome.payout),
            (Minor::new(391), Minor::new(4_136))
        );
    }

    #[test]
    fn legacy_fault_a_negative_stake_is_refused_though_the_sum_is_positive() {
        let bets = [
            bet("color", &json!("red"), 1_000),
            bet("color", &json!("black"), -900),
        ];
        assert_eq!(refusal(&bets), RouletteError::StakeNotPositive(1));
        assert_eq!(
            refusal(&bets).to_string(),
            "the stake of bets[1] must be more than zero"
        );
        assert_eq!(
            refusal(&[bet("single", &json!(0), 0)]),
            RouletteError::StakeNotPositive(0)
        );
    }

    #[test]
    fn a_spin_without_bets_is_refused() {
        assert_eq!(refusal(&[]), RouletteError::NoBets);
    }

    #[test]
    fn stakes_are_refused_before_the_spin_if_the_payout_might_not_fit() {
        let largest = i64::MAX / 36;
        let outcome = spin(&[bet("single", &json!(3), largest)], 3);
        assert_eq!(outcome.payout, Minor::new(36 * largest));
        for stakes in [&[largest + 1][..], &[largest, 1], &[i64::MAX, i64::MAX]] {
            let bets: Vec<_> = stakes
                .iter()
                .map(|stake| bet("color", &json!("red"), *stake))
                .collect();
            assert_eq!(refusal(&bets), RouletteError::StakesTooLarge, "{stakes:?}");
        }
    }

    #[test]
    fn a_thousand_bets_of_the_largest_amount_fit() {
        let bets = vec![bet("single", &json!(3), shared::money::MAX_AMOUNT_MINOR); 1_000];
        assert_eq!(
            spin(&bets, 3).payout.get(),
            36_000 * shared::money::MAX_AMOUNT_MINOR
        );
    }

    #[test]
    fn an_outcome_is_shown_with_the_pocket_as_text_and_the_bets_in_their_canonical_form() {
        let bets = [
            bet("single", &json!("17"), 100),
            bet("split", &json!("20-17"), 50),
            bet("street", &json!(1), 25),
            bet("dozen", &json!("2"), 10),
            bet("even_odd", &json!("even"), 5),
        ];
        let shown = serde_json::to_value(spin(&bets, 17).shown_in(Currency::USD)).unwrap();
        assert_eq!(
            shown,
            json!({
                "spin": {"pocket": "17", "color": "black"},
                "bets": [
                    {"type": "single", "value": 17, "stake": 1.00, "payout": 36.00},
                    {"type": "split", "value": [17, 20], "stake": 0.50, "payout": 9.00},
                    {"type": "street", "value": [1, 2, 3], "stake": 0.25, "payout": 0.00},
                    {"type": "dozen", "value": 2, "stake": 0.10, "payout": 0.30},
                    {"type": "even_odd", "value": "even", "stake": 0.05, "payout": 0.00},
                ],
            })
        );
    }

    #[test]
    fn a_simulation_agrees_with_the_exact_mean_and_deviation_of_each_type() {
        let server_seed = ServerSeed::from_bytes([7; 32]);
        let client_seed = ClientSeed::parse("simulation").unwrap();
        let places = BetType::ALL.map(BetType::places);
        let mut paid = [0; BetType::ALL.len()];
        let mut falls = [0; Pocket::ALL.len()];
        for nonce in 0..ROUNDS {
            let round = usize::try_from(nonce).unwrap();
            let bets = places.each_ref().map(|places| Bet {
                place: places[round % places.len()],
                stake: Minor::new(1),
            });
            let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce.into()));
            let outcome = decide(&bets, &mut words).unwrap();
            for (paid, settled) in paid.iter_mut().zip(&outcome.bets) {
                *paid += settled.payout.get();
            }
            falls[usize::from(outcome.pocket.number())] += 1;
        }
        for (places, paid) in places.iter().zip(paid) {
            let returns = places[0].returns();
            assert!(
                returns.agree_with(ROUNDS, Minor::new(paid)),
                "{:?}: {paid}",
                places[0].bet_type()
            );
        }
        for (single, falls) in BetType::Single.places().iter().zip(falls) {
            assert!(
                single.returns().agree_with(ROUNDS, Minor::new(36 * falls)),
                "{single:?}: {falls}"
            );
        }
    }

    #[derive(Deserialize)]
    struct PublishedBets {
        bets: Vec<PublishedBet>,
    }

    #[derive(Deserialize)]
    struct PublishedBet {
        #[serde(rename = "type")]
        bet_type: String,
        value: Json,
        stake_minor: i64,
    }

    #[test]
    fn the_published_vectors_are_what_the_rules_decide() {
        let file = include_str!("../vectors/roulette.json");
        let published: Published<PublishedBets> = serde_json::from_str(file).unwrap();
        assert_eq!(
            (published.game.as_str(), published.math_version),
            ("roulette", MATH_VERSION)
        );
        assert!(!published.vectors.is_empty());
        for vector in published.vectors {
            let bets = vector.bet.bets.iter();
            let bets: Vec<_> = bets
                .map(|named| bet(&named.bet_type, &named.value, named.stake_minor))
                .collect();
            vector.check(|mut words| {
                let outcome = decide(&bets, &mut words).unwrap();
                (
                    outcome.payout,
                    serde_json::to_value(outcome.shown_in(Currency::USD)).unwrap(),
                )
            });
        }
    }

    proptest! {
        #[test]
        fn a_spin_is_a_function_of_its_word_and_pays_the_sum_of_its_bets(
            word: u32, drawn in prop::collection::vec((0..157_usize, 1..=shared::money::MAX_AMOUNT_MINOR), 1..50),
        ) {
            let places: Vec<_> = BetType::ALL.into_iter().flat_map(BetType::places).collect();
            let bets: Vec<_> = drawn
                .iter()
                .map(|(place, stake)| Bet { place: places[*place], stake: Minor::new(*stake) })
                .collect();
            // A rejected word is followed by one that is not.
            let spin = |bets: &[Bet]| {
                let mut words = [word, 0].into_iter();
                decide(bets, &mut || words.next().unwrap()).unwrap()
            };
            let outcome = spin(&bets);
            prop_assert_eq!(&outcome, &spin(&bets));
            let alone = bets.iter().map(|bet| spin(&[*bet]));
            let (stake, payout) = alone.fold((0, 0), |(stake, payout), alone| {
                (stake + alone.stake.get(), payout + alone.payout.get())
            });
            prop_assert_eq!((outcome.stake.get(), outcome.payout.get()), (stake, payout));
        }
    }
}

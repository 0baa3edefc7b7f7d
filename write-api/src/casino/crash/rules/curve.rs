//! The curve: owns how a multiplier grows with time, `⌊100·e^(0.00006·t)⌋` hundredths after `t` milliseconds.
//! Must never give another answer on another machine.

use std::sync::LazyLock;

use serde::Serialize;

use super::multiplier::Multiplier;

const GROWTH_PER_MS: f64 = 0.000_06;

/// The curve as JSON shows it: `{growth_per_ms, formula, cap}`. The growth is text, so that no digit of it is lost.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Curve {
    growth_per_ms: &'static str,
    /// What a page draws, where `t` is in milliseconds since the start.
    formula: &'static str,
    /// Where the round is cashed out by itself.
    cap: Multiplier,
}

impl Curve {
    /// The one of every round.
    pub const SHOWN: Self = Self {
        growth_per_ms: "0.00006",
        formula: "floor(100 * e^(growth_per_ms * t)) / 100",
        cap: Multiplier::CAP,
    };
}

/// The first instant of every multiplier, in order. Looked up in place of computing an exponential, since no two
/// mathematical libraries round those alike; the tests show that none of these instants can be rounded otherwise.
static STEPS: LazyLock<Vec<Step>> = LazyLock::new(|| Multiplier::all().map(Step::new).collect());

struct Step {
    multiplier: Multiplier,
    at_ms: u64,
}

impl Step {
    fn new(multiplier: Multiplier) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to less than 50,000, and whole"
        )]
        let at_ms = crossed_after_ms(multiplier).ceil() as u64;
        Self { multiplier, at_ms }
    }
}

/// When the growth before rounding down crosses a multiplier: ln(m) / 0.00006.
fn crossed_after_ms(multiplier: Multiplier) -> f64 {
    (f64::from(multiplier.hundredths()) / 100.0).ln() / GROWTH_PER_MS
}

/// The multiplier so many milliseconds after the start of a round; the cap when it would be higher.
pub fn multiplier_at(elapsed_ms: u64) -> Multiplier {
    let reached = STEPS.partition_point(|step| step.at_ms <= elapsed_ms);
    let last = STEPS[..reached].last();
    last.map_or(Multiplier::ONE, |step| step.multiplier)
}

/// The first millisecond after the start of a round at which the multiplier is this or more.
pub fn reached_at_ms(multiplier: Multiplier) -> u64 {
    let place = multiplier.hundredths() - Multiplier::ONE.hundredths();
    STEPS[usize::from(place)].at_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// How wrong a logarithm or exponential may be, in parts of itself: far more than any library's is.
    const TOLERANCE: f64 = 1e-12;

    #[test]
    fn the_curve_is_shown_as_it_is() {
        assert_eq!(Curve::SHOWN.growth_per_ms.parse(), Ok(GROWTH_PER_MS));
    }

    fn distance_to_a_whole_number(value: f64) -> f64 {
        (value - value.round()).abs()
    }

    #[test]
    fn no_instant_is_so_near_a_whole_millisecond_that_a_library_could_round_it_otherwise() {
        assert_eq!(reached_at_ms(Multiplier::ONE), 0, "the logarithm of one is exact");
        let crossed = Multiplier::all().skip(1).map(crossed_after_ms);
        let nearest = crossed.map(distance_to_a_whole_number).fold(1.0, f64::min);
        assert!(nearest > 1e-6, "{nearest} ms");
        let longest_ms = crossed_after_ms(Multiplier::CAP);
        assert!(longest_ms * TOLERANCE < 1e-6, "{longest_ms} ms");
    }

    #[test]
    fn at_every_millisecond_the_multiplier_is_the_formulas() {
        assert_eq!(multiplier_at(0), Multiplier::ONE);
        for elapsed_ms in 1..=60_000_u16 {
            let grown = 100.0 * (GROWTH_PER_MS * f64::from(elapsed_ms)).exp();
            assert!(
                distance_to_a_whole_number(grown) > grown * TOLERANCE,
                "{elapsed_ms} ms"
            );
            let formula = grown.floor().min(2000.0);
            let shown = f64::from(multiplier_at(elapsed_ms.into()).hundredths());
            assert!((shown - formula).abs() < 0.5, "{elapsed_ms} ms");
        }
    }

    #[test]
    fn well_known_multipliers_are_reached_when_the_formula_says() {
        for (hundredths, at_ms) in [
            (100, 0),
            (101, 166),
            (150, 6_758),
            (200, 11_553),
            (500, 26_824),
            (1000, 38_377),
            (2000, 49_929),
        ] {
            let multiplier = Multiplier::saturating(hundredths);
            assert_eq!(reached_at_ms(multiplier), at_ms, "{multiplier}");
        }
    }

    #[test]
    fn every_multiplier_has_instants_of_its_own() {
        for multiplier in Multiplier::all() {
            let at_ms = reached_at_ms(multiplier);
            assert_eq!(multiplier_at(at_ms), multiplier);
            if let Some(before) = at_ms.checked_sub(1) {
                assert_eq!(multiplier_at(before).next(), Some(multiplier));
            }
        }
    }

    #[test]
    fn the_multiplier_stays_at_the_cap() {
        for elapsed_ms in [49_929, 49_930, 3_600_000, u64::MAX] {
            assert_eq!(multiplier_at(elapsed_ms), Multiplier::CAP);
        }
    }

    proptest! {
        #[test]
        fn a_multiplier_is_reached_by_an_instant_exactly_if_that_shows_it_or_more(
            elapsed_ms in 0..60_000_u64, hundredths in 100..=2000_u64,
        ) {
            let multiplier = Multiplier::saturating(hundredths);
            prop_assert_eq!(reached_at_ms(multiplier) <= elapsed_ms, multiplier <= multiplier_at(elapsed_ms));
        }

        #[test]
        fn the_multiplier_never_falls(earlier_ms in 0..60_000_u64, wait_ms: u32) {
            prop_assert!(multiplier_at(earlier_ms) <= multiplier_at(earlier_ms + u64::from(wait_ms)));
        }
    }
}

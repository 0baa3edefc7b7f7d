//! `rtp`: plays every bet of every game many times by its rules, and compares what it gains with what it must gain.
//! Must never draw from a player's seeds, nor know a probability that the rules can count.

mod statistics;
mod wagers;
mod words;

use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use clap::Args;

use crate::failure::Failure;
use crate::report::{Report, say};
use statistics::{Played, WORST_Z};
use wagers::{Refused, Wager};
use words::FastWords;

/// Rounds that one generator plays. Each chunk has its own, so that the numbers do not depend on how many threads
/// share the work.
const CHUNK: u64 = 100_000;

/// Plays every bet of every game, and compares its mean with the exact expected value.
///
/// A bet is played in as many rounds as are asked for, with words of a fast generator in place of a player's seeds. It
/// prints what was gained for each stake, the expected value and standard deviation σ, and how many standard deviations
/// of the mean lie between the two (z). Expected values are counted by the rules themselves; only those of blackjack's
/// strategies, which nobody can enumerate, are published ones with a tolerance. Wrong is a z beyond ±5.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds of each bet.
    #[arg(long, value_name = "N", default_value_t = 10_000_000,
        value_parser = clap::value_parser!(u64).range(1_000..=100_000_000_000))]
    rounds: u64,
    /// The same seed plays the same rounds, on every machine.
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
}

/// Runs the measurement.
pub(crate) fn run(options: &Options) -> Result<Report, Failure> {
    let threads = thread::available_parallelism()?;
    let mut report = Report::new("rtp");
    let mut worst_z = 0.0_f64;
    say(&format!(
        "{:<10} {:<14} {:>12} {:>10} {:>10} {:>9} {:>6}",
        "game", "bet", "rounds", "mean", "EV", "σ", "z"
    ));
    for wager in wagers::all().map_err(Failure::Rules)? {
        let played = play(&wager, options, threads).map_err(Failure::Rules)?;
        let name = format!("{} {}", wager.game, wager.bet);
        let Some(mean) = played.mean(wager.stake_minor) else {
            report.broken(format!("{name} was never bet on in {} rounds", options.rounds));
            continue;
        };
        let expected = &wager.expected;
        let z = expected.z(mean, played.bets());
        say(&format!(
            "{:<10} {:<14} {:>12} {mean:>+10.6} {:>+10.6} {:>9.5} {z:>+6.2}",
            wager.game,
            wager.bet,
            played.bets(),
            expected.gain(),
            expected.sigma()
        ));
        if z.abs() > WORST_Z {
            report.broken(format!(
                "{name} gains {mean:+.6} stakes, and should gain {:+.6}: z is {z:+.2}",
                expected.gain()
            ));
        }
        worst_z = worst_z.max(z.abs());
    }
    report.value("rounds", options.rounds);
    report.value("seed", options.seed);
    report.value("worst_z", worst_z);
    Ok(report)
}

/// Plays a bet so many rounds, on all threads.
fn play(wager: &Wager, options: &Options, threads: NonZero<usize>) -> Result<Played, Refused> {
    let next_chunk = AtomicU64::new(0);
    let work = || -> Result<Played, Refused> {
        let mut played = Played::default();
        loop {
            let chunk = next_chunk.fetch_add(1, Ordering::Relaxed);
            let rounds = options.rounds.saturating_sub(chunk * CHUNK).min(CHUNK);
            if rounds == 0 {
                return Ok(played);
            }
            let mut words = FastWords::new(options.seed, &[wager.game, &wager.bet], chunk);
            for _ in 0..rounds {
                if let Some(gained_minor) = (wager.play)(&mut words)? {
                    played.record(gained_minor);
                }
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.get()).map(|_| scope.spawn(work)).collect();
        let mut all = Played::default();
        for worker in workers {
            all.add(&worker.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        Ok(all)
    })
}

#[cfg(test)]
mod tests {
    use super::statistics::Expected;
    use super::*;
    use write_api::casino::fairness::WordSource;

    /// A fair coin that gains or loses a stake, though it is said to gain `gain`.
    fn coin(gain: f64) -> Wager {
        Wager {
            game: "coin",
            bet: "heads".to_owned(),
            stake_minor: 10,
            expected: Expected::published(gain, 1.0, 0.0),
            play: Box::new(|words| Ok(Some(if words.index_below(2) == 0 { 10 } else { -10 }))),
        }
    }

    fn toss(wager: &Wager, seed: u64, threads: usize) -> Played {
        let rounds = 3 * CHUNK + 1;
        let threads = NonZero::new(threads).unwrap();
        play(wager, &Options { rounds, seed }, threads).unwrap()
    }

    #[test]
    fn the_same_seed_plays_the_same_rounds_on_any_number_of_threads() {
        let alone = toss(&coin(0.0), 7, 1);
        assert_eq!(alone.bets(), 3 * CHUNK + 1);
        assert_eq!(alone, toss(&coin(0.0), 7, 4));
        assert_ne!(alone, toss(&coin(0.0), 8, 4));
    }

    #[test]
    fn a_wrong_expected_value_is_far_from_the_mean() {
        let z = |gain| {
            let wager = coin(gain);
            let played = toss(&wager, 7, 2);
            let mean = played.mean(wager.stake_minor).unwrap();
            wager.expected.z(mean, played.bets())
        };
        assert!(z(0.0).abs() <= WORST_Z, "{}", z(0.0));
        assert!(z(0.02) < -WORST_Z, "{}", z(0.02));
        assert!(z(-0.02) > WORST_Z, "{}", z(-0.02));
    }

    #[test]
    fn a_refusal_of_the_rules_ends_the_measurement() {
        let refused = Wager {
            play: Box::new(|_| Err("the stake is too large".into())),
            ..coin(0.0)
        };
        let threads = NonZero::new(2).unwrap();
        let options = Options {
            rounds: 1_000,
            seed: 7,
        };
        let refusal = play(&refused, &options, threads).unwrap_err();
        assert_eq!(refusal.to_string(), "the stake is too large");
    }

    #[test]
    fn every_bet_is_played_and_has_a_name_of_its_own() {
        let mut names = std::collections::BTreeSet::new();
        let options = Options {
            rounds: 1_000,
            seed: 7,
        };
        for wager in wagers::all().unwrap() {
            let played = play(&wager, &options, NonZero::<usize>::MIN).unwrap();
            assert!(played.bets() > 0, "{} {}", wager.game, wager.bet);
            names.insert((wager.game, wager.bet));
        }
        // One of slots, five targets of crash, twelve types of roulette, three of baccarat and three of blackjack.
        assert_eq!(names.len(), 24);
    }
}

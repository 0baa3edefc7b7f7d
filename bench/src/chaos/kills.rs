//! Who kills what and when: the writer at random instants or at fail points, PostgreSQL at random instants. Must never
//! end a process that the launcher did not start.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use dev::launch::{Launched, Process};
use dev::postgres::Cluster;
use nix::sys::signal::Signal;
use shared::clock::Clock;
use shared::fail_point;
use tokio::time::{sleep, timeout};

use super::tally::{Death, Tally};
use crate::dice::Dice;
use crate::failure::Failure;
use crate::report::say;

/// The longest that the writer runs before it is killed, its start included.
const RUN_MS: u64 = 5000;
/// One of so many deaths of the writer is at a fail point.
const POINT_EVERY: u32 = 3;
/// The fail points, which take turns.
const POINTS: [&str; 3] = ["mid_batch", "before_commit", "after_commit"];
/// The writer dies the n-th time that it reaches the point, n anything up to this.
const POINT_TIMES: u64 = 500;
/// How long the writer may take to get there, an outage of PostgreSQL included.
const POINT_LIMIT: Duration = Duration::from_mins(1);
/// PostgreSQL is killed once in each stretch of the run; this is the shortest.
const STRETCH_MIN: Duration = Duration::from_secs(5);

/// How many there are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) writer: u32,
    pub(super) postgres: u32,
}

impl Wanted {
    /// The time in which PostgreSQL is killed once, so that its deaths are spread over those of the writer.
    fn stretch(self) -> Duration {
        let all = Duration::from_millis(RUN_MS / 2) * self.writer;
        (all / self.postgres.max(1)).max(STRETCH_MIN)
    }
}

/// Kills until all are done; then both run, and the writer is ready.
pub(super) async fn all(
    launched: &mut Launched,
    wanted: Wanted,
    tally: &Tally,
    clock: &Clock,
) -> Result<(), Failure> {
    let Launched { writer, cluster, .. } = launched;
    let cluster = cluster.as_mut();
    let cluster = cluster.ok_or_else(|| Failure::Unfit("there is no PostgreSQL to kill".to_owned()))?;
    tokio::try_join!(
        kill_writer(writer, wanted.writer, tally, clock),
        kill_postgres(cluster, wanted, tally, clock),
    )?;
    Ok(writer.ready().await?)
}

/// How a run of the writer is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By SIGKILL after this time.
    After(Duration),
    /// By itself, the n-th time that it reaches the point.
    At(&'static str, u64),
}

impl End {
    fn draw(number: u32, dice: &Dice) -> Self {
        let (turn, rest) = (number / POINT_EVERY, number % POINT_EVERY);
        // The first run began without a fail point.
        if rest == POINT_EVERY - 1 {
            let point = POINTS[turn as usize % POINTS.len()];
            return Self::At(point, 1 + dice.below(POINT_TIMES));
        }
        Self::After(Duration::from_millis(dice.below(RUN_MS + 1)))
    }
}

async fn kill_writer(writer: &mut Process, kills: u32, tally: &Tally, clock: &Clock) -> Result<(), Failure> {
    let dice = Dice::seeded(u64::MAX);
    for number in 0..kills {
        let end = End::draw(number, &dice);
        match end {
            End::At(point, time) => {
                let trap = format!("{point}@{time}");
                writer.begin_again(&[(fail_point::VARIABLE, &trap)]).await?;
            }
            End::After(_) if number > 0 => writer.begin_again(&[]).await?,
            End::After(_) => {}
        }
        let limit = match end {
            End::After(run) => run,
            End::At(..) => POINT_LIMIT,
        };
        let by_itself = match timeout(limit, writer.end()).await {
            Ok(status) => Some(status?),
            Err(_) => None,
        };
        let since = clock.elapsed();
        writer.kill().await;
        let death = match (end, by_itself) {
            (End::At(point, _), Some(status)) if status.signal() == Some(Signal::SIGABRT as i32) => {
                Death::WriterAt(point)
            }
            (End::After(_), None) => Death::Writer,
            (end, None) => {
                tally.surprise(format!("write-api did not come to its end, {end:?}, in time"));
                Death::Writer
            }
            (end, Some(status)) => {
                tally.surprise(format!("write-api ended with {status} instead of {end:?}"));
                Death::Writer
            }
        };
        tally.died(death, since, clock.elapsed());
    }
    if kills > 0 {
        writer.begin_again(&[]).await?;
    }
    Ok(())
}

async fn kill_postgres(
    cluster: &mut Cluster,
    wanted: Wanted,
    tally: &Tally,
    clock: &Clock,
) -> Result<(), Failure> {
    let dice = Dice::seeded(u64::MAX - 1);
    let (began, stretch) = (clock.elapsed(), wanted.stretch());
    let stretch_ms = u64::try_from(stretch.as_millis()).unwrap_or(u64::MAX);
    for number in 0..wanted.postgres {
        let at = began + stretch * number + Duration::from_millis(dice.below(stretch_ms));
        sleep(at.saturating_sub(clock.elapsed())).await;
        if !cluster.is_running() {
            tally.surprise("PostgreSQL ended by itself".to_owned());
        }
        let since = clock.elapsed();
        cluster.crash().await?;
        tally.died(Death::Postgres, since, clock.elapsed());
        cluster.restart().await?;
        let took = clock.elapsed().saturating_sub(since);
        say(&format!(
            "PostgreSQL was killed with all its processes, and is back after {:.1} s.",
            took.as_secs_f64()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fail_point_has_its_turn_and_most_deaths_come_at_any_instant() {
        let dice = Dice::seeded(1);
        let ends: Vec<End> = (0..18).map(|number| End::draw(number, &dice)).collect();
        let points: Vec<&str> = ends
            .iter()
            .filter_map(|end| match end {
                End::At(point, time) => {
                    assert!((1..=POINT_TIMES).contains(time));
                    Some(*point)
                }
                End::After(_) => None,
            })
            .collect();
        assert_eq!(points, [POINTS, POINTS].concat());
        assert!(matches!(ends[0], End::After(_)), "{ends:?}");
    }

    #[test]
    fn deaths_of_postgresql_are_spread_over_those_of_the_writer() {
        let stretch = |writer, postgres| Wanted { writer, postgres }.stretch().as_secs();
        assert_eq!(stretch(50, 5), 25);
        assert_eq!((stretch(50, 0), stretch(0, 5)), (125, 5));
    }
}

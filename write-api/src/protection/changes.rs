//! What players change about their own protection, each change in one transaction. Must never make a part of a change,
//! nor one that a bet under way does not see.

use shared::field::FieldError;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Amount, Currency};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::error::SettingError;
use super::rules::{Baselines, Measure, Protection, Window, to_whole_second};
use super::store::{self, State};
use crate::ledger::{LedgerError, lock_wallet, post};

/// A limit as a player wants it.
#[derive(Clone, Debug)]
pub(super) struct WantedLimit {
    pub(super) measure: Measure,
    pub(super) window: Window,
    /// Without one, no limit.
    pub(super) amount: Option<Amount>,
}

/// What a player changes.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// These limits; all others stay.
    Limits(Vec<WantedLimit>),
    /// A time-out from now on.
    TimeOut(Duration),
    /// An exclusion from now on.
    Exclusion(Duration),
}

impl Change {
    fn apply(
        &self,
        before: &Protection,
        currency: Currency,
        at: OffsetDateTime,
    ) -> Result<Protection, SettingError> {
        match self {
            Self::Limits(wanted) => set_limits(before, wanted, currency, at),
            Self::TimeOut(lasting) => Ok(before.with_time_out(to_whole_second(at + *lasting))?),
            Self::Exclusion(lasting) => Ok(before.with_exclusion(to_whole_second(at + *lasting))?),
        }
    }
}

fn set_limits(
    before: &Protection,
    wanted: &[WantedLimit],
    currency: Currency,
    at: OffsetDateTime,
) -> Result<Protection, SettingError> {
    let (mut protection, mut errors) = (*before, Vec::new());
    for WantedLimit {
        measure,
        window,
        amount,
    } in wanted
    {
        match amount
            .as_ref()
            .map(|amount| amount.not_negative(currency))
            .transpose()
        {
            Ok(amount) => {
                let limit = protection.limits.get_mut(*measure, *window);
                *limit = limit.set(amount, at);
            }
            Err(error) => {
                let field = format!("{}.{}", measure.as_str(), window.as_str());
                errors.push(FieldError::new(field, error));
            }
        }
    }
    if errors.is_empty() {
        Ok(protection)
    } else {
        Err(SettingError::Invalid(errors))
    }
}

/// A player's protection, and what its limits count.
#[derive(Clone, Copy, Debug)]
pub(super) struct Overview {
    pub(super) state: State,
    pub(super) baselines: Baselines,
}

/// How a player is protected at the time `at`, without waiting for bets under way.
pub(super) async fn overview(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    at: OffsetDateTime,
) -> Result<Overview, SettingError> {
    let state = store::state(operator, db, player).await?;
    let state = state.ok_or(LedgerError::NoWallet(player))?;
    let baselines = store::baselines(operator, db, player, state.totals, at).await?;
    Ok(Overview { state, baselines })
}

/// Makes the change and tells how the player is protected then. A change to what is so already writes nothing.
pub(super) async fn make(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    change: &Change,
    at: OffsetDateTime,
) -> Result<Overview, SettingError> {
    let wallet = lock_wallet(operator, db, player).await?;
    let Overview { mut state, baselines } = overview(operator, db, player, at).await?;
    let before = state.protection;
    let after = change.apply(&before, state.currency, at)?;
    if after != before {
        state.protection = Protection {
            revision: before.revision + 1,
            ..after
        };
        store::save(operator, db, player, &state.protection, at).await?;
        // A bet that was decided before and is being written at this moment may not see what was just saved; but it is
        // only written to the very wallet that it was decided for, and from here on that is another.
        post(db, vec![wallet], at).await?;
    }
    Ok(Overview { state, baselines })
}

#[cfg(test)]
mod tests {
    use shared::money::Minor;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn wanted(measure: Measure, window: Window, amount: &str) -> WantedLimit {
        WantedLimit {
            measure,
            window,
            amount: serde_json::from_str(amount).unwrap(),
        }
    }

    fn apply(change: &Change) -> Result<Protection, SettingError> {
        change.apply(&Protection::default(), Currency::USD, START)
    }

    #[test]
    fn the_limits_that_are_sent_are_set_and_no_other() {
        let change = Change::Limits(vec![
            wanted(Measure::Stake, Window::Day, "0"),
            wanted(Measure::Deposit, Window::Month, "12.34"),
            wanted(Measure::Loss, Window::Week, "null"),
        ]);
        let limits = apply(&change).unwrap().limits;
        for measure in Measure::ALL {
            for window in Window::ALL {
                let expected = match (measure, window) {
                    (Measure::Stake, Window::Day) => Some(Minor::ZERO),
                    (Measure::Deposit, Window::Month) => Some(Minor::new(1_234)),
                    _ => None,
                };
                assert_eq!(limits.get(measure, window).at(START), expected);
            }
        }
    }

    #[test]
    fn every_bad_amount_is_named() {
        let change = Change::Limits(vec![
            wanted(Measure::Stake, Window::Day, "-1"),
            wanted(Measure::Loss, Window::Week, "5"),
            wanted(Measure::Deposit, Window::Month, "0.001"),
        ]);
        let Err(SettingError::Invalid(errors)) = apply(&change) else {
            panic!("two of them are no amounts");
        };
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "stake.24h must not be negative",
                "deposit.30d has more decimals than the currency"
            ]
        );
    }

    #[test]
    fn pauses_begin_at_once_and_end_with_a_whole_second() {
        let at = START + Duration::milliseconds(1);
        let hour = Duration::HOUR;
        let end = START + hour + Duration::SECOND;
        let protection = Protection::default();
        let paused = Change::TimeOut(hour).apply(&protection, Currency::USD, at);
        assert_eq!(paused.unwrap().time_out_until, Some(end));
        let excluded = Change::Exclusion(hour).apply(&protection, Currency::USD, at);
        assert_eq!(excluded.unwrap().excluded_until, Some(end));
    }
}

//! The statements of settings. Must never read for a change what is not locked.

use shared::branding::BettingLimits;
use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;

use super::rules::{Highest, Liabilities, Settings};

/// What the operator has set.
pub(super) async fn settings(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Option<Settings>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            operators.currency as "currency: Currency",
            settings.version,
            settings.min_stake as "min_stake: Minor",
            settings.max_stake as "max_stake: Minor",
            settings.max_payout as "max_payout: Minor",
            settings.default_balance as "default_balance: Minor",
            settings.max_market_liability as "max_market_liability: Minor",
            settings.max_event_liability as "max_event_liability: Minor",
            settings.highest_max_stake as "highest_max_stake: Minor",
            settings.highest_max_payout as "highest_max_payout: Minor",
            settings.highest_default_balance as "highest_default_balance: Minor"
        from operators
        join operator_settings as settings on settings.operator_id = operators.id
        where operators.id = $1
        "#,
        operator.get(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Settings {
        version: row.version,
        limits: BettingLimits {
            currency: row.currency,
            min_bet: row.min_stake,
            max_bet: row.max_stake,
            max_payout: row.max_payout,
        },
        default_balance: row.default_balance,
        liabilities: Liabilities {
            market: row.max_market_liability,
            event: row.max_event_liability,
        },
        highest: Highest {
            max_bet: row.highest_max_stake,
            max_payout: row.highest_max_payout,
            default_balance: row.highest_default_balance,
        },
    }))
}

/// Saves the settings; the database counts their version.
pub(super) async fn put(
    operator: OperatorId,
    db: &mut PgConnection,
    settings: &Settings,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        "
        update operator_settings
        set min_stake = $2,
            max_stake = $3,
            max_payout = $4,
            default_balance = $5,
            highest_max_stake = $6,
            highest_max_payout = $7,
            highest_default_balance = $8,
            max_market_liability = $9,
            max_event_liability = $10
        where operator_id = $1
        returning version
        ",
        operator.get(),
        settings.limits.min_bet.get(),
        settings.limits.max_bet.get(),
        settings.limits.max_payout.get(),
        settings.default_balance.get(),
        settings.highest.max_bet.map(Minor::get),
        settings.highest.max_payout.map(Minor::get),
        settings.highest.default_balance.map(Minor::get),
        settings.liabilities.market.map(Minor::get),
        settings.liabilities.event.map(Minor::get),
    )
    .fetch_one(db)
    .await
}

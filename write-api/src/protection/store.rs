//! The statements that read and write what players protect themselves with. Must never touch a wallet's row.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rules::{Baselines, Limits, Protection, Window};
use crate::ledger::{LockedWallet, Totals, hour_of};

struct Row {
    revision: Option<i64>,
    limits: Option<String>,
    time_out_until: Option<OffsetDateTime>,
    excluded_until: Option<OffsetDateTime>,
    staked: Vec<Option<i64>>,
    paid: Vec<Option<i64>>,
    deposited: Vec<Option<i64>>,
}

/// What the players of these wallets are protected by at the time `at`, and the totals that their windows begin with,
/// in the order of the wallets.
pub(crate) async fn protections(
    db: &mut PgConnection,
    wallets: &[LockedWallet],
    at: OffsetDateTime,
) -> Result<Vec<(Protection, Baselines)>, sqlx::Error> {
    let operators: Vec<i64> = wallets.iter().map(|wallet| wallet.operator().get()).collect();
    let players: Vec<i64> = wallets.iter().map(|wallet| wallet.player().get()).collect();
    let hour = hour_of(at);
    let [day, week, month] = Window::ALL.map(|window| window.first_hour(hour));
    // Lateral and limited for the same reasons as the statement that locks wallets. Marks are only looked for where
    // they are needed.
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            protection.revision as "revision?",
            protection.limits as "limits?",
            protection.time_out_until as "time_out_until?",
            protection.excluded_until as "excluded_until?",
            array[day.staked, week.staked, month.staked] as "staked!: Vec<Option<i64>>",
            array[day.paid, week.paid, month.paid] as "paid!: Vec<Option<i64>>",
            array[day.deposited, week.deposited, month.deposited] as "deposited!: Vec<Option<i64>>"
        from (
            select *
            from unnest($1::bigint[], $2::bigint[]) with ordinality as asked (operator_id, player_id, position)
            limit cardinality($1::bigint[])
        ) as asked
        left join lateral (
            select revision, limits::text, time_out_until, excluded_until
            from player_protection
            where operator_id = asked.operator_id and player_id = asked.player_id
            limit 1
        ) as protection on true
        left join lateral (
            select staked, paid, deposited
            from wallet_marks
            where operator_id = asked.operator_id and player_id = asked.player_id and hour >= $3
            order by hour
            limit 1
        ) as day on protection.revision is not null
        left join lateral (
            select staked, paid, deposited
            from wallet_marks
            where operator_id = asked.operator_id and player_id = asked.player_id and hour >= $4
            order by hour
            limit 1
        ) as week on protection.revision is not null
        left join lateral (
            select staked, paid, deposited
            from wallet_marks
            where operator_id = asked.operator_id and player_id = asked.player_id and hour >= $5
            order by hour
            limit 1
        ) as month on protection.revision is not null
        order by asked.position
        "#,
        &operators,
        &players,
        day,
        week,
        month,
    )
    .fetch_all(db)
    .await?;
    if rows.len() != wallets.len() {
        return Err(sqlx::Error::RowNotFound);
    }
    rows.into_iter()
        .zip(wallets)
        .map(|(row, wallet)| row.read(wallet.totals(), hour))
        .collect()
}

impl Row {
    /// Where nothing moved since a window began, its baseline is what the totals are `now`.
    fn read(self, now: Totals, hour: i64) -> Result<(Protection, Baselines), sqlx::Error> {
        let limits = match self.limits {
            Some(json) => serde_json::from_str(&json).map_err(|error| sqlx::Error::Decode(error.into()))?,
            None => Limits::default(),
        };
        let marked = |column: &[Option<i64>], window: Window, now: Minor| {
            let mark = column.get(window as usize).copied().flatten();
            mark.map_or(now, Minor::new)
        };
        let totals = Window::ALL.map(|window| Totals {
            staked: marked(&self.staked, window, now.staked),
            paid: marked(&self.paid, window, now.paid),
            deposited: marked(&self.deposited, window, now.deposited),
        });
        let protection = Protection {
            revision: self.revision.unwrap_or_default(),
            limits,
            time_out_until: self.time_out_until,
            excluded_until: self.excluded_until,
        };
        Ok((protection, Baselines { hour, totals }))
    }
}

/// Writes the next state of a player's protection, and keeps it for good. To be called while the player's wallet is
/// locked, so that no bet is decided by the state before.
pub(super) async fn save(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    protection: &Protection,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let limits =
        serde_json::to_value(protection.limits).map_err(|error| sqlx::Error::Encode(error.into()))?;
    sqlx::query!(
        r#"
        with saved as (
            insert into player_protection (
                operator_id, player_id, revision, limits, time_out_until, excluded_until, changed_at
            )
            values ($1, $2, $3, $4, $5, $6, $7)
            on conflict (operator_id, player_id) do update
            set
                revision = excluded.revision,
                limits = excluded.limits,
                time_out_until = excluded.time_out_until,
                excluded_until = excluded.excluded_until,
                changed_at = excluded.changed_at
        )
        insert into player_protection_changes (
            operator_id, player_id, revision, limits, time_out_until, excluded_until, changed_at
        )
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        operator.get(),
        player.get(),
        protection.revision,
        limits,
        protection.time_out_until,
        protection.excluded_until,
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

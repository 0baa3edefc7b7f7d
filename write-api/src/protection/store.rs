//! The statements that read and write what players protect themselves with. Must never write a wallet's row.

use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use sqlx::types::Json;
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

/// The same for one player.
pub(crate) async fn protection(
    db: &mut PgConnection,
    wallet: &LockedWallet,
    at: OffsetDateTime,
) -> Result<(Protection, Baselines), sqlx::Error> {
    let mut protections = protections(db, std::slice::from_ref(wallet), at).await?;
    protections.pop().ok_or(sqlx::Error::RowNotFound)
}

/// What a player set, and the totals that it counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    pub(super) currency: Currency,
    pub(super) totals: Totals,
    pub(super) protection: Protection,
}

/// What a player set and what was counted so far; none where there is no such player. Locks nothing.
pub(super) async fn state(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<State>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            operators.currency as "currency: Currency",
            wallets.staked as "staked: Minor",
            wallets.paid as "paid: Minor",
            wallets.deposited as "deposited: Minor",
            protection.revision as "revision?",
            protection.limits as "limits?: Json<Limits>",
            protection.time_out_until as "time_out_until?",
            protection.excluded_until as "excluded_until?"
        from wallets
        join operators on operators.id = wallets.operator_id
        left join player_protection as protection using (operator_id, player_id)
        where wallets.operator_id = $1 and wallets.player_id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| State {
        currency: row.currency,
        totals: Totals {
            staked: row.staked,
            paid: row.paid,
            deposited: row.deposited,
        },
        protection: Protection {
            revision: row.revision.unwrap_or_default(),
            limits: row.limits.unwrap_or_default().0,
            time_out_until: row.time_out_until,
            excluded_until: row.excluded_until,
        },
    }))
}

/// The totals that a player's windows begin with, also where nothing is set. `now` are those from before this was
/// asked: what is counted meanwhile leaves a mark that begins with them.
pub(super) async fn baselines(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    now: Totals,
    at: OffsetDateTime,
) -> Result<Baselines, sqlx::Error> {
    let hour = hour_of(at);
    let first_hours = Window::ALL.map(|window| window.first_hour(hour));
    let marks = sqlx::query!(
        r#"
        select
            mark.staked as "staked?: Minor",
            mark.paid as "paid?: Minor",
            mark.deposited as "deposited?: Minor"
        from unnest($3::bigint[]) with ordinality as begun (first_hour, position)
        left join lateral (
            select staked, paid, deposited
            from wallet_marks
            where operator_id = $1 and player_id = $2 and hour >= begun.first_hour
            order by hour
            limit 1
        ) as mark on true
        order by begun.position
        "#,
        operator.get(),
        player.get(),
        &first_hours,
    )
    .fetch_all(db)
    .await?;
    let mut totals = [now; Window::ALL.len()];
    for (totals, mark) in totals.iter_mut().zip(marks) {
        *totals = Totals {
            staked: mark.staked.unwrap_or(now.staked),
            paid: mark.paid.unwrap_or(now.paid),
            deposited: mark.deposited.unwrap_or(now.deposited),
        };
    }
    Ok(Baselines { hour, totals })
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

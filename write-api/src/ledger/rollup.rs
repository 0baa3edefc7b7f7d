//! The balances of the house's accounts. Must never make a bet wait for a row of the house, nor count an entry twice or
//! not at all.
//!
//! A balance is what all entries of an account add up to: those of `house_balances`, and the entries since. An entry
//! carries the id of its transaction. Ids are given in order but committed in any, so what was counted is told by a
//! mark below which every transaction has ended: an entry below it is counted, and none can appear there any more.

use std::time::Duration;

use shared::db::DbError;
use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::app::{App, SharedApp};
use crate::background::every;

/// What became of a roll-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUp {
    /// Everything that can be counted is.
    Done,
    /// A batch was counted, and there is more.
    Behind,
    /// Another instance is at it.
    Elsewhere,
}

/// Adds the entries since the last roll-up to `house_balances`, `batch` of them and the rest of the last one's
/// transaction at most. To be called in a transaction that writes; it is whole or absent, as the transaction is.
pub async fn roll_up(db: &mut PgConnection, batch: u32, at: OffsetDateTime) -> Result<RollUp, sqlx::Error> {
    if !take_mark(db).await? {
        return Ok(RollUp::Elsewhere);
    }
    begin_anew_after_restore(db).await?;
    let is_behind = count_batch(db, batch, at).await?;
    Ok(if is_behind { RollUp::Behind } else { RollUp::Done })
}

/// Takes the only row of `house_rollup`, unless another transaction has it. A statement of its own, so that the next
/// one sees what was committed by whoever had it before.
async fn take_mark(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query_scalar!("select is_only from house_rollup for update skip locked")
        .fetch_optional(db)
        .await?;
    Ok(taken.is_some())
}

/// Forgets what was counted if the mark lies ahead of every transaction. That is so in a database which was restored
/// from a dump: the new server gives ids from the beginning, to entries that would lie below the mark.
async fn begin_anew_after_restore(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        with mark as (
            update house_rollup
            set before_xid = '0'
            where before_xid > pg_snapshot_xmax(pg_current_snapshot())
            returning is_only
        )
        delete from house_balances
        where exists (select from mark)
        "#
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Counts a batch and moves the mark behind it; says whether there is more. Both come from the snapshot of one
/// statement, which sees every entry below the oldest transaction that runs.
async fn count_batch(db: &mut PgConnection, batch: u32, at: OffsetDateTime) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        with mark as materialized (
            select
                before_xid,
                least(
                    pg_snapshot_xmin(pg_current_snapshot()),
                    (
                        select (changed_xid::text::bigint + 1)::text::xid8
                        from ledger_entries
                        where changed_xid >= house_rollup.before_xid
                        order by changed_xid
                        limit 1
                        offset $1::bigint - 1
                    )
                ) as next_xid
            from house_rollup
        ),
        summed as (
            select operator_id, account, sum(credited) as credited, sum(debited) as debited, count(*) as entries
            from ledger_entries
            cross join lateral (
                values (credit_account, amount, 0), (debit_account, 0, amount)
            ) as side (account, credited, debited)
            where changed_xid >= (select before_xid from mark)
                and changed_xid < (select next_xid from mark)
                and account < 0
            group by operator_id, account
        ),
        added as (
            insert into house_balances (operator_id, account, credited, debited, entries)
            select operator_id, account, credited, debited, entries
            from summed
            on conflict (operator_id, account) do update
            set
                credited = house_balances.credited + excluded.credited,
                debited = house_balances.debited + excluded.debited,
                entries = house_balances.entries + excluded.entries
        ),
        moved as (
            update house_rollup
            set before_xid = next_xid, rolled_at = $2
            from mark
        )
        select next_xid < pg_snapshot_xmin(pg_current_snapshot()) as "is_behind!"
        from mark
        "#,
        i64::from(batch),
        at,
    )
    .fetch_one(db)
    .await
}

/// An account of the house in the books of one operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseAccount {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Everything it ever got.
    pub credited: Minor,
    /// Everything it ever gave.
    pub debited: Minor,
    /// In how many entries.
    pub entries: i64,
}

impl HouseAccount {
    /// What it got less what it gave. Neither is negative, so that the difference fits.
    pub const fn balance(&self) -> Minor {
        Minor::new(self.credited.get() - self.debited.get())
    }
}

/// The accounts of the house in the operator's books, as they are at one moment.
///
/// The upper bound of `changed_xid` excludes nothing. With it the planner takes the entries since the mark for few and
/// finds them by their index; by the mark alone, whose value it does not know, it would take them for a third of all.
pub async fn house_accounts(
    operator: OperatorId,
    db: &mut PgConnection,
) -> Result<Vec<HouseAccount>, sqlx::Error> {
    sqlx::query_as!(
        HouseAccount,
        r#"
        select
            accounts.name,
            accounts.description,
            (coalesce(counted.credited, 0) + coalesce(since.credited, 0))::bigint as "credited!: Minor",
            (coalesce(counted.debited, 0) + coalesce(since.debited, 0))::bigint as "debited!: Minor",
            coalesce(counted.entries, 0) + coalesce(since.entries, 0) as "entries!"
        from ledger_accounts as accounts
        left join house_balances as counted on counted.operator_id = $1 and counted.account = accounts.code
        left join (
            select account, sum(credited) as credited, sum(debited) as debited, count(*) as entries
            from ledger_entries
            cross join lateral (
                values (credit_account, amount, 0), (debit_account, 0, amount)
            ) as side (account, credited, debited)
            where operator_id = $1
                and changed_xid >= (select before_xid from house_rollup)
                and changed_xid <= '18446744073709551615'
                and account < 0
            group by account
        ) as since on since.account = accounts.code
        order by accounts.code desc
        "#,
        operator.get(),
    )
    .fetch_all(db)
    .await
}

/// What the operator's books are kept in.
pub(crate) async fn currency(operator: OperatorId, db: &mut PgConnection) -> Result<Currency, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select currency as "currency: Currency" from operators where id = $1"#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

/// Rolls up every now and then until `stop`.
pub fn spawn_rollup(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_secs(app.options.ledger.ledger_rollup_s.into());
    every(
        pause,
        app,
        stop,
        "the house's accounts could not be rolled up; it is tried again",
        |app, stop| Box::pin(catch_up(app, stop)),
    );
}

async fn catch_up(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    let batch = app.options.ledger.ledger_rollup_batch;
    while !stop.is_cancelled() {
        let now = app.clock.now();
        let rolled = app
            .db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(roll_up(db, batch, now).await?) }))
            .await?;
        if rolled != RollUp::Behind {
            break;
        }
    }
    Ok(())
}

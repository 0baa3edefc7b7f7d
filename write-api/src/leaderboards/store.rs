//! The statements of the standings. All but the first two are for who has the mark, so that nobody else writes these
//! tables meanwhile. Must never take a lock on a row that a bet locks.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Currency;
use sqlx::PgConnection;

use super::rules::unit_of;

/// The number of a contest; 0 before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(transparent)]
pub(super) struct ContestId(pub(super) i64);

/// Players whose totals are to be copied. One may be named several times.
#[derive(Debug, Default)]
pub(super) struct Due {
    operators: Vec<i64>,
    players: Vec<i64>,
    /// Whether what is shown of the player beside the totals may have changed.
    are_named: Vec<bool>,
}

impl Due {
    /// Adds players who are new or changed.
    pub(super) fn add_named(&mut self, players: Vec<(OperatorId, PlayerId)>) {
        for (operator, player) in players {
            self.operators.push(operator.get());
            self.players.push(player.get());
            self.are_named.push(true);
        }
    }

    /// The operators of all, each as often as it has players here.
    pub(super) fn operators(&self) -> &[i64] {
        &self.operators
    }

    /// Adds players whose wallets changed.
    pub(super) fn add_wallets(&mut self, operators: &[i64], players: &[i64]) {
        self.operators.extend_from_slice(operators);
        self.players.extend_from_slice(players);
        self.are_named.resize(self.players.len(), false);
    }
}

/// Takes the only row of `standings_mark`, unless another transaction has it. A statement of its own, so that the next
/// one sees what was committed by whoever had it before.
pub(super) async fn try_take_mark(db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let taken = sqlx::query_scalar!("select is_only from standings_mark for update skip locked")
        .fetch_optional(db)
        .await?;
    Ok(taken.is_some())
}

/// As [`try_take_mark`], but waits for it.
pub(super) async fn take_mark(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!("select is_only from standings_mark for update")
        .fetch_one(db)
        .await?;
    Ok(())
}

/// Reads everything again if the mark lies ahead of every transaction. That is so in a database which was restored from
/// a dump: the new server gives ids from the beginning. What is read again is copied again, and counts once.
pub(super) async fn begin_anew_after_restore(db: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update standings_mark set before_xid = '0' where before_xid > pg_snapshot_xmax(pg_current_snapshot())"
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes operators from the queue. One may come several times.
pub(super) async fn take_due_operators(
    db: &mut PgConnection,
    batch: u32,
) -> Result<Vec<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        delete from standings_due
        where id in (select id from standings_due where player_id is null order by id limit $1)
        returning operator_id as "operator_id: OperatorId"
        "#,
        i64::from(batch),
    )
    .fetch_all(db)
    .await
}

/// Takes players from the queue. One may come several times.
pub(super) async fn take_due_players(
    db: &mut PgConnection,
    batch: u32,
) -> Result<Vec<(OperatorId, PlayerId)>, sqlx::Error> {
    let taken = sqlx::query!(
        r#"
        delete from standings_due
        where id in (select id from standings_due where player_id is not null order by id limit $1)
        returning operator_id as "operator_id: OperatorId", player_id as "player_id!: PlayerId"
        "#,
        i64::from(batch),
    )
    .fetch_all(db)
    .await?;
    Ok(taken
        .into_iter()
        .map(|due| (due.operator_id, due.player_id))
        .collect())
}

/// Gives operators their rows, unless they have them, so that their players can be counted. One may be named several
/// times.
pub(super) async fn list_operators(db: &mut PgConnection, operators: &[i64]) -> Result<(), sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select id, currency as "currency: Currency"
        from operators
        where id = any($1) and not exists (select from operator_standings where operator_id = operators.id)
        "#,
        operators,
    )
    .fetch_all(&mut *db)
    .await?;
    if found.is_empty() {
        return Ok(());
    }
    let (ids, units): (Vec<i64>, Vec<i64>) = found
        .into_iter()
        .map(|operator| (operator.id, unit_of(operator.currency)))
        .unzip();
    sqlx::query!(
        r#"
        insert into operator_standings (operator_id, unit)
        select operator_id, unit
        from unnest($1::bigint[], $2::bigint[]) as listed (operator_id, unit)
        "#,
        &ids,
        &units,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Wallets, and whether entries are left that may name more.
pub(super) struct Changed {
    pub(super) operator_ids: Vec<i64>,
    pub(super) player_ids: Vec<i64>,
    pub(super) is_behind: bool,
}

/// The wallets of a batch of entries, and moves the mark behind it. Both come from the snapshot of one statement, which
/// sees every entry below the oldest transaction that runs.
pub(super) async fn take_changed(db: &mut PgConnection, batch: u32) -> Result<Changed, sqlx::Error> {
    sqlx::query_as!(
        Changed,
        r#"
        with mark as materialized (
            select
                before_xid,
                least(
                    pg_snapshot_xmin(pg_current_snapshot()),
                    (
                        select (changed_xid::text::bigint + 1)::text::xid8
                        from ledger_entries
                        where changed_xid >= standings_mark.before_xid
                        order by changed_xid
                        limit 1
                        offset $1::bigint - 1
                    )
                ) as next_xid
            from standings_mark
        ),
        changed as (
            select distinct operator_id, player_id
            from ledger_entries
            where changed_xid >= (select before_xid from mark)
                and changed_xid < (select next_xid from mark)
                and player_id is not null
        ),
        moved as (
            update standings_mark
            set before_xid = next_xid
            from mark
            where standings_mark.before_xid <> next_xid
        )
        select
            coalesce(array_agg(operator_id), '{}') as "operator_ids!",
            coalesce(array_agg(player_id), '{}') as "player_ids!",
            (select next_xid < pg_snapshot_xmin(pg_current_snapshot()) from mark) as "is_behind!"
        from changed
        "#,
        i64::from(batch),
    )
    .fetch_one(db)
    .await
}

/// The wallets of all entries since the mark that can be seen, also of transactions that ended while older ones run.
/// The mark stays.
pub(super) async fn all_changed(db: &mut PgConnection) -> Result<Changed, sqlx::Error> {
    sqlx::query_as!(
        Changed,
        r#"
        with changed as (
            select distinct operator_id, player_id
            from ledger_entries
            where changed_xid >= (select before_xid from standings_mark)
                and changed_xid <= '18446744073709551615'
                and player_id is not null
        )
        select
            coalesce(array_agg(operator_id), '{}') as "operator_ids!",
            coalesce(array_agg(player_id), '{}') as "player_ids!",
            false as "is_behind!"
        from changed
        "#,
    )
    .fetch_one(db)
    .await
}

/// The contest that runs.
pub(super) async fn running_contest(db: &mut PgConnection) -> Result<ContestId, sqlx::Error> {
    let running = sqlx::query_scalar!(r#"select id as "id: ContestId" from contests where is_running"#)
        .fetch_optional(db)
        .await?;
    Ok(running.unwrap_or(ContestId(0)))
}

/// An operator whose sums changed.
pub(super) struct ChangedOperator {
    pub(super) operator: OperatorId,
    /// Whether the board of its players changed, too.
    pub(super) is_board_changed: bool,
}

/// Copies the lifetime totals of the wallets that are due, and adds to the sums of their operators what that changes.
///
/// A row of an earlier contest was not touched in this one: what it says was so when this one began.
pub(super) async fn copy(
    db: &mut PgConnection,
    contest: ContestId,
    due: &Due,
) -> Result<Vec<ChangedOperator>, sqlx::Error> {
    sqlx::query_file_as!(
        ChangedOperator,
        "src/leaderboards/copy.sql",
        &due.operators,
        &due.players,
        &due.are_named,
        contest.0,
    )
    .fetch_all(db)
    .await
}

/// Ends the contest that runs and begins another; its number is returned.
pub(super) async fn replace_contest(
    db: &mut PgConnection,
    name: &str,
    starts_at: time::OffsetDateTime,
    ends_at: time::OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query!("update contests set is_running = false where is_running")
        .execute(&mut *db)
        .await?;
    sqlx::query_scalar!(
        "insert into contests (name, starts_at, ends_at) values ($1, $2, $3) returning id",
        name,
        starts_at,
        ends_at,
    )
    .fetch_one(db)
    .await
}

/// Lets the sums of every operator count from now on; returns the operators.
pub(super) async fn begin_sums(db: &mut PgConnection) -> Result<Vec<OperatorId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        update operator_standings
        set
            base_players = players,
            base_staked = staked,
            base_rounds = rounds,
            listed = 0,
            listed_staked = 0,
            listed_paid = 0
        returning operator_id as "operator_id: OperatorId"
        "#,
    )
    .fetch_all(db)
    .await
}

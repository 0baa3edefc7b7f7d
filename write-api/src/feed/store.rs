//! Reads and writes the catalogue of events, which belongs to the platform and so has no operator.
//! Must never delete an event: bets refer to it.

use std::collections::BTreeMap;

use shared::ids::Version;
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::changes::{Batch, Stored};

/// Whether this transaction may write the sport's events until it ends: not while another instance does.
pub(super) async fn try_lock(sport: Sport, db: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select pg_try_advisory_xact_lock(hashtextextended('feed:' || $1, 0)) as "is_ours!""#,
        sport.key(),
    )
    .fetch_one(db)
    .await
}

/// The version of each sport that ever had events.
pub(super) async fn versions(db: &mut PgConnection) -> Result<BTreeMap<Sport, Version>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select substr(kind, 6) as "sport!", version as "version: Version"
        from cache_versions
        where operator_id = 0 and kind like 'feed:%'
        "#,
    )
    .fetch_all(db)
    .await?;
    let known = rows
        .into_iter()
        .filter_map(|row| Some((Sport::find(&row.sport)?, row.version)));
    Ok(known.collect())
}

/// The events that are listed, and those of `ids`.
pub(super) async fn stored(
    sport: Sport,
    ids: &[String],
    db: &mut PgConnection,
) -> Result<Vec<Stored>, sqlx::Error> {
    sqlx::query_as!(
        Stored,
        r#"
        select id as "id!", content_hash as "content_hash!", is_listed as "is_listed!"
        from events
        where sport = $1 and is_listed
        union all
        select id, content_hash, is_listed
        from events
        where sport = $1 and id = any($2) and not is_listed
        "#,
        sport.key(),
        ids,
    )
    .fetch_all(db)
    .await
}

/// Writes the events of a batch that differ from the store, and lists them. The number of rows written.
pub(super) async fn write_events(
    sport: Sport,
    batch: &Batch,
    now: OffsetDateTime,
    db: &mut PgConnection,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        insert into events (
            sport, id, home, away, league, date_text, time_text, starts_at, status, status_text, content_hash,
            version, first_seen_at, changed_at
        )
        select
            $1, id, home, away, league, date_text, time_text, starts_at, status, status_text,
            decode(content_hash, 'hex'), 1, $3, $3
        from jsonb_to_recordset($2::text::jsonb) as feed (
            id text, home text, away text, league text, date_text text, time_text text, starts_at timestamptz,
            status text, status_text text, content_hash text
        )
        on conflict (sport, id) do update
        set home = excluded.home,
            away = excluded.away,
            league = excluded.league,
            date_text = excluded.date_text,
            time_text = excluded.time_text,
            starts_at = excluded.starts_at,
            status = excluded.status,
            status_text = excluded.status_text,
            content_hash = excluded.content_hash,
            version = events.version + (events.content_hash <> excluded.content_hash)::int,
            is_listed = true,
            changed_at = excluded.changed_at
        where events.content_hash <> excluded.content_hash or not events.is_listed
        "#,
        sport.key(),
        &batch.events,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Makes the markets of the batch's events those of the batch. The number of rows written and deleted.
pub(super) async fn write_markets(
    sport: Sport,
    batch: &Batch,
    db: &mut PgConnection,
) -> Result<u64, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        r#"
        with feed as materialized (
            select *
            from jsonb_to_recordset($3::text::jsonb) as feed (
                event_id text, id text, position integer, key text, name text, is_suspended boolean, selections jsonb
            )
        ),
        deleted as (
            delete from markets
            where sport = $1
                and event_id = any($2)
                and not exists (
                    select from feed where feed.event_id = markets.event_id and feed.id = markets.id
                )
            returning id
        ),
        written as (
            insert into markets (sport, event_id, id, position, key, name, is_suspended, selections)
            select $1, event_id, id, position, key, name, is_suspended, selections
            from feed
            on conflict (sport, event_id, id) do update
            set position = excluded.position,
                key = excluded.key,
                name = excluded.name,
                is_suspended = excluded.is_suspended,
                selections = excluded.selections
            where (markets.position, markets.key, markets.name, markets.is_suspended, markets.selections)
                is distinct from
                (excluded.position, excluded.key, excluded.name, excluded.is_suspended, excluded.selections)
            returning id
        )
        select (select count(*) from deleted) + (select count(*) from written) as "rows!"
        "#,
        sport.key(),
        &batch.ids,
        &batch.markets,
    )
    .fetch_one(db)
    .await?;
    Ok(rows.cast_unsigned())
}

/// Delists events. The number of those that were listed.
pub(super) async fn delist(
    sport: Sport,
    ids: &[String],
    now: OffsetDateTime,
    db: &mut PgConnection,
) -> Result<u64, sqlx::Error> {
    let done = sqlx::query!(
        r#"
        update events
        set is_listed = false, changed_at = $3
        where sport = $1 and id = any($2) and is_listed
        "#,
        sport.key(),
        ids,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// When a sport's events changed last, and whether there are any on offer.
pub(super) struct StockRow {
    pub(super) sport: String,
    pub(super) changed_at: OffsetDateTime,
    pub(super) has_events: bool,
}

/// Each sport that ever had events.
pub(super) async fn stock(db: &mut PgConnection) -> Result<Vec<StockRow>, sqlx::Error> {
    sqlx::query_as!(
        StockRow,
        r#"
        select
            substr(kind, 6) as "sport!",
            changed_at,
            exists (
                select from events
                where sport = substr(kind, 6) and is_listed and status = 'not_started'
            ) as "has_events!"
        from cache_versions
        where operator_id = 0 and kind like 'feed:%'
        "#,
    )
    .fetch_all(db)
    .await
}

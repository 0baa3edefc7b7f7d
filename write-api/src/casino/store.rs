//! What moves are decided by, read for many moves at once. Must never read a balance: that comes with the locked
//! wallet.

mod rounds;
mod settle;

use std::sync::Arc;

use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::fairness::Seeds;
use super::moves::Move;
use super::rules::{Limits, Standing};
use super::table::Facts;
use crate::commands::{Actor, Command, Stored};
use crate::ledger::LockedWallet;
use crate::protection::protections;

pub(super) use rounds::{SettledRound, due_rounds, open_rounds, rounds, settled_round};
pub(super) use settle::{Decided, settle, settle_if_fit};

/// What is known of a move once its wallet is locked.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) facts: Arc<Facts>,
    /// Whether the session that the move came with still lasts.
    pub(super) is_logged_in: bool,
    /// What was answered to the same key before.
    pub(super) stored: Option<Stored>,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
struct Row {
    operator_is_active: bool,
    casino_is_enabled: bool,
    currency: String,
    min_stake: Minor,
    max_stake: Minor,
    max_payout: Minor,
    player_is_active: bool,
    server_seed: String,
    client_seed: String,
    commitment: String,
    is_logged_in: bool,
    request_hash: Option<Vec<u8>>,
    status: Option<i16>,
    answer: Option<String>,
}

/// What decides about each move besides its rounds, in the order asked. To be called once the wallets are locked: a
/// statement of its own sees what was committed while the transaction waited for them, such as the answer to the same
/// key.
pub(super) async fn known(
    db: &mut PgConnection,
    asked: &[(&Move, &LockedWallet)],
    at: OffsetDateTime,
) -> Result<Vec<Known>, sqlx::Error> {
    let rows = rows(db, asked, at).await?;
    let wallets: Vec<LockedWallet> = asked.iter().map(|(_, wallet)| (*wallet).clone()).collect();
    let protections = protections(db, &wallets, at).await?;
    if rows.len() != asked.len() {
        return Err(sqlx::Error::RowNotFound);
    }
    let known = rows.into_iter().zip(protections);
    known
        .map(|(row, (protection, baselines))| {
            let seeds = Seeds::parse(&row.server_seed, &row.client_seed, row.commitment)
                .map_err(|error| sqlx::Error::Decode(error.into()))?;
            let facts = Facts {
                standing: Standing {
                    operator_is_active: row.operator_is_active,
                    casino_is_enabled: row.casino_is_enabled,
                    player_is_active: row.player_is_active,
                },
                limits: Limits {
                    currency: currency(&row.currency)?,
                    min_stake: row.min_stake,
                    max_stake: row.max_stake,
                    max_payout: row.max_payout,
                },
                seeds: Arc::new(seeds),
                protection,
                baselines,
            };
            let stored = match (row.request_hash, row.status, row.answer) {
                (Some(request_hash), Some(status), Some(answer)) => Some(Stored {
                    request_hash,
                    status,
                    answer,
                }),
                _ => None,
            };
            Ok(Known {
                facts: Arc::new(facts),
                is_logged_in: row.is_logged_in,
                stored,
            })
        })
        .collect()
}

async fn rows(
    db: &mut PgConnection,
    asked: &[(&Move, &LockedWallet)],
    at: OffsetDateTime,
) -> Result<Vec<Row>, sqlx::Error> {
    let operators: Vec<i64> = asked.iter().map(|(asked, _)| asked.operator.get()).collect();
    let players: Vec<i64> = asked.iter().map(|(asked, _)| asked.player.get()).collect();
    let seed_pairs: Vec<i64> = asked.iter().map(|(_, wallet)| wallet.seed_pair_id()).collect();
    let tokens: Vec<Option<&[u8]>> = asked.iter().map(|(asked, _)| asked.token_hash()).collect();
    let actors: Vec<String> = asked
        .iter()
        .map(|(asked, _)| Actor::from(asked.player).into())
        .collect();
    let keys: Vec<Option<&str>> = asked
        .iter()
        .map(|(asked, _)| asked.command.as_ref().map(Command::key))
        .collect();
    // Lateral and limited for the same reasons as the statement that locks wallets.
    sqlx::query_as!(
        Row,
        r#"
        select
            operators.is_active as "operator_is_active!",
            operators.casino_enabled as "casino_is_enabled!",
            operators.currency as "currency!",
            settings.min_stake as "min_stake!: Minor",
            settings.max_stake as "max_stake!: Minor",
            settings.max_payout as "max_payout!: Minor",
            player.is_active as "player_is_active!",
            seeds.server_seed as "server_seed!",
            seeds.client_seed as "client_seed!",
            seeds.commitment as "commitment!",
            asked.token_hash is null or exists (
                select
                from sessions
                where operator_id = asked.operator_id
                    and token_hash = asked.token_hash
                    and player_id = asked.player_id
                    and expires_at > $7
            ) as "is_logged_in!",
            command.request_hash as "request_hash?",
            command.status as "status?",
            command.answer as "answer?"
        from (
            select *
            from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::text[], $6::text[])
                with ordinality as asked (operator_id, player_id, seed_pair_id, token_hash, actor, key, position)
            limit cardinality($1::bigint[])
        ) as asked
        join operators on operators.id = asked.operator_id
        join operator_settings as settings on settings.operator_id = asked.operator_id
        cross join lateral (
            select is_active from players where operator_id = asked.operator_id and id = asked.player_id limit 1
        ) as player
        cross join lateral (
            select server_seed, client_seed, commitment
            from seed_pairs
            where operator_id = asked.operator_id and id = asked.seed_pair_id
            limit 1
        ) as seeds
        left join lateral (
            select request_hash, status, answer::text
            from commands
            where operator_id = asked.operator_id and actor = asked.actor and key = asked.key
            limit 1
        ) as command on true
        order by asked.position
        "#,
        &operators,
        &players,
        &seed_pairs,
        &tokens as &[Option<&[u8]>],
        &actors,
        &keys as &[Option<&str>],
        at,
    )
    .fetch_all(db)
    .await
}

/// Reads the currency of an operator.
pub(super) fn currency(code: &str) -> Result<Currency, sqlx::Error> {
    Currency::parse(code).ok_or_else(|| sqlx::Error::Decode("not a currency".into()))
}

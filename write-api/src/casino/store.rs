//! The statements that every instant game runs in its transaction, for one bet or many. Must never read a balance:
//! that comes with the locked wallet.

use serde_json::value::RawValue;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::fairness::{ClientSeed, Nonce, SeedError, ServerSeed, Words};
use super::rules::{Limits, Payout, Standing};
use crate::commands::{Actor, Answer, Command, Stored};
use crate::ledger::{Columns, LedgerError, LockedWallet, post_statement};

/// A bet that facts are read for, once its wallet is locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) player: PlayerId,
    pub(super) seed_pair_id: i64,
    pub(super) command: Option<&'a Command>,
}

/// All that decides about a bet, besides its wallet, as it was at one moment.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) standing: Standing,
    pub(super) limits: Limits,
    pub(super) seeds: Seeds,
    pub(super) stored: Option<Stored>,
}

/// The seed pair of a player.
#[derive(Debug)]
pub(super) struct Seeds {
    server: ServerSeed,
    pub(super) client: ClientSeed,
    pub(super) commitment: String,
}

impl Seeds {
    /// What the round with this nonce is drawn from.
    pub(super) fn words(&self, nonce: Nonce) -> Words {
        Words::new(&self.server, &self.client, nonce)
    }
}

struct FactsRow {
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
    request_hash: Option<Vec<u8>>,
    status: Option<i16>,
    answer: Option<String>,
}

/// The facts of each bet, in the order asked. To be called once the wallets are locked: a statement of its own sees
/// what was committed while the transaction waited for them, such as the answer to the same key.
pub(super) async fn facts(
    operator: OperatorId,
    db: &mut PgConnection,
    asked: &[Asked<'_>],
) -> Result<Vec<Facts>, sqlx::Error> {
    let players: Vec<i64> = asked.iter().map(|asked| asked.player.get()).collect();
    let seed_pairs: Vec<i64> = asked.iter().map(|asked| asked.seed_pair_id).collect();
    let actors: Vec<String> = asked
        .iter()
        .map(|asked| Actor::from(asked.player).into())
        .collect();
    let keys: Vec<Option<&str>> = asked
        .iter()
        .map(|asked| asked.command.map(Command::key))
        .collect();
    // Lateral and limited for the same reasons as the statement that locks wallets.
    let rows = sqlx::query_as!(
        FactsRow,
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
            command.request_hash as "request_hash?",
            command.status as "status?",
            command.answer as "answer?"
        from (
            select *
            from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
                with ordinality as asked (player_id, seed_pair_id, actor, key, position)
            limit cardinality($2::bigint[])
        ) as asked
        join operators on operators.id = $1
        join operator_settings as settings on settings.operator_id = $1
        cross join lateral (
            select is_active from players where operator_id = $1 and id = asked.player_id limit 1
        ) as player
        cross join lateral (
            select server_seed, client_seed, commitment
            from seed_pairs
            where operator_id = $1 and id = asked.seed_pair_id
            limit 1
        ) as seeds
        left join lateral (
            select request_hash, status, answer::text
            from commands
            where operator_id = $1 and actor = asked.actor and key = asked.key
            limit 1
        ) as command on true
        order by asked.position
        "#,
        operator.get(),
        &players,
        &seed_pairs,
        &actors,
        &keys as &[Option<&str>],
    )
    .fetch_all(db)
    .await?;
    if rows.len() != asked.len() {
        return Err(sqlx::Error::RowNotFound);
    }
    rows.into_iter().map(Facts::try_from).collect()
}

impl TryFrom<FactsRow> for Facts {
    type Error = sqlx::Error;

    fn try_from(row: FactsRow) -> Result<Self, sqlx::Error> {
        let unreadable = |error: SeedError| sqlx::Error::Decode(error.into());
        let stored = match (row.request_hash, row.status, row.answer) {
            (Some(request_hash), Some(status), Some(answer)) => Some(Stored {
                request_hash,
                status,
                answer,
            }),
            _ => None,
        };
        Ok(Self {
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
            seeds: Seeds {
                server: ServerSeed::parse(&row.server_seed).map_err(unreadable)?,
                client: ClientSeed::parse(&row.client_seed).map_err(unreadable)?,
                commitment: row.commitment,
            },
            stored,
        })
    }
}

/// Reads the currency of an operator.
pub(super) fn currency(code: &str) -> Result<Currency, sqlx::Error> {
    Currency::parse(code).ok_or_else(|| sqlx::Error::Decode("not a currency".into()))
}

/// The games, as the store names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Game {
    Slots,
}

impl Game {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Slots => "slots",
        }
    }
}

/// A bet that was decided and paid in one step: its round, and its answer if its client sent a key.
#[derive(Debug)]
pub(super) struct SettledBet<'a> {
    pub(super) round_id: Uuid,
    pub(super) player: PlayerId,
    pub(super) game: Game,
    pub(super) math_version: i16,
    pub(super) seed_pair_id: i64,
    pub(super) nonce: Nonce,
    pub(super) stake: Minor,
    pub(super) payout: Payout,
    pub(super) result: &'a RawValue,
    pub(super) command: Option<&'a Command>,
    pub(super) answer: &'a Answer,
}

/// Settled bets as columns, which one statement writes however many there are.
#[derive(Debug, Default)]
struct BetColumns {
    round_id: Vec<Uuid>,
    player: Vec<i64>,
    game: Vec<String>,
    math_version: Vec<i16>,
    seed_pair_id: Vec<i64>,
    nonce: Vec<i64>,
    stake: Vec<i64>,
    payout: Vec<i64>,
    payout_limited: Vec<bool>,
    result: Vec<String>,
    actor: Vec<String>,
    key: Vec<Option<String>>,
    request_hash: Vec<Option<Vec<u8>>>,
    status: Vec<i16>,
    answer: Vec<String>,
}

impl BetColumns {
    fn of(bets: &[SettledBet<'_>]) -> Self {
        let mut columns = Self::default();
        for bet in bets {
            columns.round_id.push(bet.round_id);
            columns.player.push(bet.player.get());
            columns.game.push(bet.game.as_str().to_owned());
            columns.math_version.push(bet.math_version);
            columns.seed_pair_id.push(bet.seed_pair_id);
            columns.nonce.push(bet.nonce.get().cast_signed());
            columns.stake.push(bet.stake.get());
            columns.payout.push(bet.payout.amount.get());
            columns.payout_limited.push(bet.payout.is_limited);
            columns.result.push(bet.result.get().to_owned());
            columns.actor.push(Actor::from(bet.player).into());
            columns
                .key
                .push(bet.command.map(|command| command.key().to_owned()));
            let hash = bet.command.map(|command| command.request_hash().to_vec());
            columns.request_hash.push(hash);
            columns.status.push(bet.answer.stored_status());
            columns.answer.push(bet.answer.json().to_owned());
        }
        columns
    }
}

/// Writes wallets, entries, rounds and kept answers of `bets`, all in one statement.
///
/// # Errors
/// [`LedgerError::WalletChanged`] when a wallet is not as it was locked; the transaction must be rolled back then.
pub(super) async fn settle(
    operator: OperatorId,
    db: &mut PgConnection,
    wallets: Vec<LockedWallet>,
    bets: &[SettledBet<'_>],
    at: OffsetDateTime,
) -> Result<(), LedgerError> {
    let columns = Columns::of(wallets);
    let bets = BetColumns::of(bets);
    let moved = post_statement!(
        operator,
        columns,
        at,
        r#",
        bets as (
            select *
            from unnest(
                $20::uuid[], $21::bigint[], $22::text[], $23::smallint[], $24::bigint[], $25::bigint[],
                $26::bigint[], $27::bigint[], $28::boolean[], $29::text[], $30::text[], $31::text[], $32::bytea[],
                $33::smallint[], $34::text[]
            ) as bet (
                round_id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited, result,
                actor, key, request_hash, status, answer
            )
        ),
        settled as (
            insert into rounds (
                operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                status, result, created_at, settled_at
            )
            select
                $1, round_id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                'settled', result::json, $2, $2
            from bets
        ),
        answered as (
            insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
            select $1, actor, key, request_hash, status, answer::json, $2
            from bets
            where key is not null
        )
        "#,
        &bets.round_id,
        &bets.player,
        &bets.game,
        &bets.math_version,
        &bets.seed_pair_id,
        &bets.nonce,
        &bets.stake,
        &bets.payout,
        &bets.payout_limited,
        &bets.result,
        &bets.actor,
        &bets.key as &[Option<String>],
        &bets.request_hash as &[Option<Vec<u8>>],
        &bets.status,
        &bets.answer,
    )
    .fetch_one(db)
    .await?;
    columns.check_moved(moved)
}

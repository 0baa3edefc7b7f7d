//! The statements that read rounds back. Must never read a round of another player.

use std::sync::Arc;

use serde_json::value::RawValue;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::casino::fairness::{Nonce, Seeds};
use crate::casino::moves::{Move, Wanted};
use crate::casino::rules::Payout;
use crate::casino::store::currency;
use crate::casino::sweeper::DueRound;
use crate::casino::table::{Game, Round, Status, StoredAction, StoredRound, StoredRounds};

struct Row {
    position: i64,
    id: Uuid,
    game: String,
    math_version: i16,
    seed_pair_id: i64,
    server_seed: String,
    client_seed: String,
    commitment: String,
    nonce: i64,
    stake: Minor,
    payout: Minor,
    payout_limited: bool,
    max_payout: Option<Minor>,
    is_open: bool,
    state: Option<String>,
    result: String,
    created_at: OffsetDateTime,
    due_at: Option<OffsetDateTime>,
    decision: Option<String>,
    answer: Option<String>,
}

/// The rounds that each move wants, in the order asked.
pub(in crate::casino) async fn rounds(
    db: &mut PgConnection,
    moves: &[&Move],
) -> Result<Vec<StoredRounds>, sqlx::Error> {
    let mut found: Vec<StoredRounds> = moves.iter().map(|_| StoredRounds::default()).collect();
    if moves.iter().all(|wanted| wanted.play.wants() == Wanted::Nothing) {
        return Ok(found);
    }
    for row in rows_of(db, moves).await? {
        let place = usize::try_from(row.position)
            .ok()
            .and_then(|position| position.checked_sub(1));
        let Some((rounds, asked)) = place.and_then(|place| Some((found.get_mut(place)?, moves.get(place)?)))
        else {
            continue;
        };
        let is_named = matches!(asked.play.wants(), Wanted::Named { id, .. } if id == row.id);
        let (round, action) = row.read()?;
        if is_named {
            rounds.named = Some(round);
            rounds.action = action;
        } else {
            rounds.open = Some(round);
        }
    }
    Ok(found)
}

async fn rows_of(db: &mut PgConnection, moves: &[&Move]) -> Result<Vec<Row>, sqlx::Error> {
    let operators: Vec<i64> = moves.iter().map(|asked| asked.operator.get()).collect();
    let players: Vec<i64> = moves.iter().map(|asked| asked.player.get()).collect();
    let mut games: Vec<Option<&str>> = Vec::new();
    let mut ids: Vec<Option<Uuid>> = Vec::new();
    let mut numbers: Vec<Option<i16>> = Vec::new();
    for asked in moves {
        let (game, id, number) = match asked.play.wants() {
            Wanted::Nothing => (None, None, None),
            Wanted::Open(game) => (Some(game), None, None),
            Wanted::Named { game, id, number } => (Some(game), Some(id), number),
        };
        games.push(game.map(Game::as_str));
        ids.push(id);
        numbers.push(number);
    }
    sqlx::query_as!(
        Row,
        r#"
        select
            asked.position as "position!",
            round.id as "id!",
            round.game as "game!",
            round.math_version as "math_version!",
            round.seed_pair_id as "seed_pair_id!",
            seeds.server_seed as "server_seed!",
            seeds.client_seed as "client_seed!",
            seeds.commitment as "commitment!",
            round.nonce as "nonce!",
            round.stake as "stake!: Minor",
            round.payout as "payout!: Minor",
            round.payout_limited as "payout_limited!",
            round.max_payout as "max_payout?: Minor",
            round.status = 'open' as "is_open!",
            round.state::text as "state?",
            round.result::text as "result!",
            round.created_at as "created_at!",
            round.due_at as "due_at?",
            action.decision as "decision?",
            action.answer as "answer?"
        from (
            select *
            from unnest($1::bigint[], $2::bigint[], $3::text[], $4::uuid[], $5::smallint[])
                with ordinality as asked (operator_id, player_id, game, round_id, number, position)
            limit cardinality($1::bigint[])
        ) as asked
        cross join lateral (
            select *
            from rounds
            where operator_id = asked.operator_id and id = asked.round_id and player_id = asked.player_id
            union all
            select *
            from rounds
            where operator_id = asked.operator_id
                and player_id = asked.player_id
                and game = asked.game
                and status = 'open'
                and id is distinct from asked.round_id
        ) as round
        cross join lateral (
            select server_seed, client_seed, commitment
            from seed_pairs
            where operator_id = asked.operator_id and id = round.seed_pair_id
            limit 1
        ) as seeds
        left join lateral (
            select decision, answer::text
            from round_actions
            where operator_id = asked.operator_id and round_id = round.id and number = asked.number
            limit 1
        ) as action on true
        "#,
        &operators,
        &players,
        &games as &[Option<&str>],
        &ids as &[Option<Uuid>],
        &numbers as &[Option<i16>],
    )
    .fetch_all(db)
    .await
}

impl Row {
    fn read(self) -> Result<(StoredRound, Option<StoredAction>), sqlx::Error> {
        let unreadable = |what: &'static str| sqlx::Error::Decode(what.into());
        let json = |text| RawValue::from_string(text).map_err(|error| sqlx::Error::Decode(error.into()));
        let seeds = Seeds::parse(&self.server_seed, &self.client_seed, self.commitment)
            .map_err(|error| sqlx::Error::Decode(error.into()))?;
        let round = Round {
            id: self.id,
            game: Game::parse(&self.game).ok_or_else(|| unreadable("not a game"))?,
            math_version: self.math_version,
            seed_pair_id: self.seed_pair_id,
            seeds: Arc::new(seeds),
            nonce: Nonce::new(self.nonce.cast_unsigned()),
            stake: self.stake,
            max_payout: self.max_payout,
            created_at: self.created_at,
        };
        let stored = StoredRound {
            round,
            status: if self.is_open {
                Status::Open
            } else {
                Status::Settled
            },
            payout: Payout {
                amount: self.payout,
                is_limited: self.payout_limited,
            },
            state: self.state.map(json).transpose()?,
            result: json(self.result)?,
            due_at: self.due_at,
        };
        let action = match (self.decision, self.answer) {
            (Some(decision), Some(answer)) => Some(StoredAction { decision, answer }),
            _ => None,
        };
        Ok((stored, action))
    }
}

/// A settled round, with its currency and what the wallet holds now.
#[derive(Debug)]
pub(in crate::casino) struct SettledRound {
    pub(in crate::casino) stored: StoredRound,
    pub(in crate::casino) balance: Minor,
    pub(in crate::casino) currency: Currency,
}

/// A settled round of the player in this game.
pub(in crate::casino) async fn settled_round(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    game: Game,
    id: Uuid,
) -> Result<Option<SettledRound>, sqlx::Error> {
    let row = sqlx::query!(
        r#"
        select
            rounds.math_version,
            rounds.seed_pair_id,
            rounds.nonce,
            rounds.stake as "stake: Minor",
            rounds.payout as "payout: Minor",
            rounds.payout_limited,
            rounds.max_payout as "max_payout: Minor",
            rounds.result::text as "result!",
            rounds.created_at,
            seed_pairs.server_seed,
            seed_pairs.commitment,
            seed_pairs.client_seed,
            wallets.balance as "balance: Minor",
            operators.currency
        from rounds
        join seed_pairs on seed_pairs.operator_id = rounds.operator_id and seed_pairs.id = rounds.seed_pair_id
        join wallets on wallets.operator_id = rounds.operator_id and wallets.player_id = rounds.player_id
        join operators on operators.id = rounds.operator_id
        where rounds.operator_id = $1
            and rounds.id = $2
            and rounds.player_id = $3
            and rounds.game = $4
            and rounds.status = 'settled'
        "#,
        operator.get(),
        id,
        player.get(),
        game.as_str(),
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let seeds = Seeds::parse(&row.server_seed, &row.client_seed, row.commitment);
    let stored = StoredRound {
        round: Round {
            id,
            game,
            math_version: row.math_version,
            seed_pair_id: row.seed_pair_id,
            seeds: Arc::new(seeds.map_err(|error| sqlx::Error::Decode(error.into()))?),
            nonce: Nonce::new(row.nonce.cast_unsigned()),
            stake: row.stake,
            max_payout: row.max_payout,
            created_at: row.created_at,
        },
        status: Status::Settled,
        payout: Payout {
            amount: row.payout,
            is_limited: row.payout_limited,
        },
        state: None,
        result: RawValue::from_string(row.result).map_err(|error| sqlx::Error::Decode(error.into()))?,
        due_at: None,
    };
    Ok(Some(SettledRound {
        stored,
        balance: row.balance,
        currency: currency(&row.currency)?,
    }))
}

/// Open rounds of all operators that have ended by themselves at the time `at`, the longest due first.
pub(in crate::casino) async fn due_rounds(
    db: &mut PgConnection,
    at: OffsetDateTime,
    most: i64,
) -> Result<Vec<DueRound>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select operator_id as "operator: OperatorId", player_id as "player: PlayerId", id, game
        from rounds
        where status = 'open' and due_at <= $1
        order by due_at
        limit $2
        "#,
        at,
        most,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let game = Game::parse(&row.game).ok_or_else(|| sqlx::Error::Decode("not a game".into()))?;
            Ok(DueRound {
                operator: row.operator,
                player: row.player,
                id: row.id,
                game,
            })
        })
        .collect()
}

/// The player's open rounds, at most one of each game.
pub(in crate::casino) async fn open_rounds(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Vec<DueRound>, sqlx::Error> {
    let rows = sqlx::query!(
        "select id, game from rounds where operator_id = $1 and player_id = $2 and status = 'open' order by id",
        operator.get(),
        player.get(),
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let game = Game::parse(&row.game).ok_or_else(|| sqlx::Error::Decode("not a game".into()))?;
            Ok(DueRound {
                operator,
                player,
                id: row.id,
                game,
            })
        })
        .collect()
}

//! The statement that reads past rounds. Must never read what an open round keeps from its player.

use serde_json::value::RawValue;
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::rules::Asked;

/// A round as its player may see it.
#[derive(Debug)]
pub(super) struct PastRound {
    pub(super) id: Uuid,
    pub(super) game: String,
    pub(super) math_version: i16,
    pub(super) stake: Minor,
    /// What a hand of blackjack was dealt for.
    pub(super) dealt_for: Option<Minor>,
    pub(super) payout: Minor,
    pub(super) payout_limited: bool,
    pub(super) max_payout: Option<Minor>,
    pub(super) status: String,
    pub(super) result: Json<Box<RawValue>>,
    /// What was decided in a settled round of blackjack.
    pub(super) decisions: Option<Json<Vec<String>>>,
    /// Whether the house stood for a player who had left.
    pub(super) abandoned: Option<bool>,
    pub(super) created_at: OffsetDateTime,
    pub(super) settled_at: Option<OffsetDateTime>,
    pub(super) nonce: i64,
    pub(super) commitment: String,
    pub(super) client_seed: String,
    /// Once it is revealed.
    pub(super) server_seed: Option<String>,
    pub(super) currency: Currency,
}

/// The rounds of the player that are asked for, newest first, and one more if there is one.
///
/// Each game's newest rounds are found by the index alone, then merged and looked up one by one. A page costs the same
/// wherever it is and however many rounds of other games lie between. Lateral, because a join would let the planner
/// read all rounds of an operator that it takes for small.
pub(super) async fn rounds(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    asked: &Asked,
) -> Result<Vec<PastRound>, sqlx::Error> {
    sqlx::query_as!(
        PastRound,
        r#"
        select
            round.id as "id!",
            round.game as "game!",
            round.math_version as "math_version!",
            round.stake as "stake!: Minor",
            case when round.game = 'blackjack' then (round.state ->> 'stake')::bigint end as "dealt_for?: Minor",
            round.payout as "payout!: Minor",
            round.payout_limited as "payout_limited!",
            round.max_payout as "max_payout?: Minor",
            round.status as "status!",
            round.result as "result!: Json<Box<RawValue>>",
            case when round.game = 'blackjack' and round.status = 'settled' then round.state -> 'decisions' end
                as "decisions?: Json<Vec<String>>",
            case
                when round.game = 'blackjack' and round.status = 'settled'
                    then coalesce((round.state ->> 'abandoned')::boolean, false)
            end as "abandoned?",
            round.created_at as "created_at!",
            round.settled_at as "settled_at?",
            round.nonce as "nonce!",
            seeds.commitment as "commitment!",
            seeds.client_seed as "client_seed!",
            case when seeds.revealed_at is not null then seeds.server_seed end as "server_seed?",
            operators.currency as "currency!: Currency"
        from (
            select newest.id
            from unnest($3::text[]) as asked (game)
            cross join lateral (
                select id
                from rounds
                where operator_id = $1 and player_id = $2 and game = asked.game and id < $4
                order by id desc
                limit $5
            ) as newest
            order by newest.id desc
            limit $5
        ) as page
        cross join lateral (
            select *
            from rounds
            where operator_id = $1 and id = page.id
            limit 1
        ) as round
        cross join lateral (
            select commitment, client_seed, server_seed, revealed_at
            from seed_pairs
            where operator_id = $1 and id = round.seed_pair_id
            limit 1
        ) as seeds
        join operators on operators.id = $1
        order by page.id desc
        "#,
        operator.get(),
        player.get(),
        &asked.games as &[&str],
        asked.before,
        i64::from(asked.limit) + 1,
    )
    .fetch_all(db)
    .await
}

//! The statements of seed pairs. Must never read a server seed that is not revealed, but to reveal it or to keep a
//! promise.

use shared::ids::{OperatorId, PlayerId};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::NewSeedPair;
use crate::paging::Page;

/// The pair that decides a player's rounds, as the player may see it.
#[derive(Clone, Debug)]
pub(super) struct ActivePair {
    pub(super) id: i64,
    pub(super) commitment: String,
    pub(super) client_seed: String,
    pub(super) next_nonce: i64,
    /// Of the pair after it; none for a player from before there were such promises.
    pub(super) next_commitment: Option<String>,
}

/// A pair that decides nothing any more.
#[derive(Clone, Debug)]
pub(super) struct RevealedPair {
    pub(super) commitment: String,
    pub(super) server_seed: String,
    pub(super) client_seed: String,
    /// How many rounds it decided: those with smaller nonces.
    pub(super) rounds: i64,
    pub(super) revealed_at: OffsetDateTime,
}

pub(super) async fn active(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<ActivePair, sqlx::Error> {
    sqlx::query_as!(
        ActivePair,
        r#"
        select
            seed_pairs.id,
            seed_pairs.commitment,
            seed_pairs.client_seed,
            wallets.next_nonce,
            next_seeds.commitment as "next_commitment?"
        from wallets
        join seed_pairs on seed_pairs.operator_id = wallets.operator_id and seed_pairs.id = wallets.seed_pair_id
        left join next_seeds
            on next_seeds.operator_id = wallets.operator_id and next_seeds.player_id = wallets.player_id
        where wallets.operator_id = $1 and wallets.player_id = $2
        "#,
        operator.get(),
        player.get(),
    )
    .fetch_one(db)
    .await
}

/// How many pairs the player had before the pair `before`.
pub(super) async fn count_revealed(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    before: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from seed_pairs
        where operator_id = $1 and player_id = $2 and id < $3 and revealed_at is not null
        "#,
        operator.get(),
        player.get(),
        before,
    )
    .fetch_one(db)
    .await
}

/// A page of the player's pairs before the pair `before`, newest first. They were revealed before that one was made, so
/// the list fits to it whatever happened since.
pub(super) async fn revealed(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    before: i64,
    page: Page,
) -> Result<Vec<RevealedPair>, sqlx::Error> {
    sqlx::query_as!(
        RevealedPair,
        r#"
        select
            commitment,
            server_seed,
            client_seed,
            coalesce(
                (
                    select nonce + 1
                    from rounds
                    where operator_id = pair.operator_id and seed_pair_id = pair.id
                    order by nonce desc
                    limit 1
                ),
                0
            ) as "rounds!",
            revealed_at as "revealed_at!"
        from seed_pairs as pair
        where operator_id = $1 and player_id = $2 and id < $3 and revealed_at is not null
        order by id desc
        limit $4
        offset $5
        "#,
        operator.get(),
        player.get(),
        before,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// Reveals a pair of which the wallet says that it decided `rounds` rounds. The wallet must be locked, and be given
/// another pair in the same transaction.
pub(super) async fn reveal(
    operator: OperatorId,
    db: &mut PgConnection,
    id: i64,
    rounds: i64,
    at: OffsetDateTime,
) -> Result<RevealedPair, sqlx::Error> {
    sqlx::query_as!(
        RevealedPair,
        r#"
        update seed_pairs
        set revealed_at = $4
        where operator_id = $1 and id = $2 and revealed_at is null
        returning commitment, server_seed, client_seed, $3::bigint as "rounds!", revealed_at as "revealed_at!"
        "#,
        operator.get(),
        id,
        rounds,
        at,
    )
    .fetch_one(db)
    .await
}

/// Makes a pair for a player who has none that is not revealed, and answers its id.
pub(crate) async fn insert(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    pair: &NewSeedPair,
    at: OffsetDateTime,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        insert into seed_pairs (operator_id, player_id, server_seed, commitment, client_seed, created_at)
        values ($1, $2, $3, $4, $5, $6)
        returning id
        "#,
        operator.get(),
        player.get(),
        pair.server.reveal(),
        pair.server.commitment(),
        pair.client.as_str(),
        at,
    )
    .fetch_one(db)
    .await
}

/// Promises the server seed of the player's next pair.
pub(crate) async fn promise(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    pair: &NewSeedPair,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into next_seeds (operator_id, player_id, server_seed, commitment, promised_at)
        values ($1, $2, $3, $4, $5)
        on conflict (operator_id, player_id) do update
        set
            server_seed = excluded.server_seed,
            commitment = excluded.commitment,
            promised_at = excluded.promised_at
        "#,
        operator.get(),
        player.get(),
        pair.next.reveal(),
        pair.next.commitment(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The server seed that was promised for the player's next pair. The wallet must be locked, and the pair be made in the
/// same transaction.
pub(super) async fn promised(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "select server_seed from next_seeds where operator_id = $1 and player_id = $2",
        operator.get(),
        player.get(),
    )
    .fetch_optional(db)
    .await
}

//! Many players, and the bets that some of them make, written as rows: over HTTP a million would take hours. Must never
//! change a wallet without its entry.

use shared::clock::Clock;
use sqlx::PgConnection;

use crate::failure::Failure;
use crate::people::People;

/// The players of all operators.
#[derive(Debug)]
pub(super) struct Crowd {
    operators: Vec<i64>,
}

impl Crowd {
    /// Creates so many players, most of whom have played; not quite half of those won.
    pub(super) async fn create(
        people: &People,
        db: &mut PgConnection,
        players: u32,
        clock: &Clock,
    ) -> Result<Self, Failure> {
        let operators: Vec<i64> = people
            .operators
            .iter()
            .map(|operator| operator.id.get())
            .collect();
        sqlx::query!(
            r#"
            with created as (
                insert into players (operator_id, username, email, password_hash, created_at)
                select
                    ($1::bigint[])[1 + number % cardinality($1::bigint[])],
                    'player-' || number,
                    'player-' || number || '@board.example',
                    '',
                    $3
                from generate_series(1, $2::integer) as number
                returning operator_id, id
            )
            insert into wallets (operator_id, player_id, seed_pair_id, staked, paid, rounds)
            select operator_id, id, 0, staked, staked * (40 + id * 7919 % 110) / 100, staked / 100
            from created
            cross join lateral (select 100 * (id * 104729 % 10000) as staked) as played
            "#,
            &operators,
            i32::try_from(players).unwrap_or(i32::MAX),
            clock.now(),
        )
        .execute(&mut *db)
        .await?;
        sqlx::raw_sql("vacuum analyze players, wallets")
            .execute(db)
            .await?;
        Ok(Self { operators })
    }

    /// Lets so many players, drawn at random, make a bet each; not quite half of them win.
    pub(super) async fn change(
        &self,
        db: &mut PgConnection,
        players: u32,
        clock: &Clock,
    ) -> Result<(), Failure> {
        sqlx::query!(
            r#"
            with drawn as materialized (
                select distinct lowest + floor(random() * (highest - lowest))::bigint as id
                from (select min(player_id) as lowest, max(player_id) as highest from wallets) as ids
                cross join generate_series(1, $2::integer)
            ),
            played as (
                update wallets
                set
                    balance = balance + 1000,
                    version = version + 2,
                    staked = staked + 100,
                    paid = paid + player_id % 220 + 1,
                    rounds = rounds + 1
                from drawn
                where operator_id = any($1) and player_id = drawn.id
                returning operator_id, player_id, version, balance
            )
            insert into ledger_entries (
                operator_id, tx_id, reason, reference, debit_account, credit_account, amount, wallet_version,
                balance_after, created_at
            )
            select operator_id, gen_random_uuid(), reason, '', debit, credit, amount, version - later, balance, $3
            from played
            cross join lateral (
                values ('stake', player_id, -2, 100, 1), ('payout', -2, player_id, player_id % 220 + 1, 0)
            ) as entry (reason, debit, credit, amount, later)
            "#,
            &self.operators,
            i32::try_from(players).unwrap_or(i32::MAX),
            clock.now(),
        )
        .execute(db)
        .await?;
        Ok(())
    }

    /// Wallets whose totals are not on the standings.
    pub(super) async fn missed(&self, db: &mut PgConnection) -> Result<i64, Failure> {
        let missed = sqlx::query_scalar!(
            r#"
            select count(*) as "missed!"
            from wallets
            left join standings using (operator_id, player_id)
            where operator_id = any($1)
                and (wallets.staked, wallets.paid, wallets.rounds)
                    is distinct from (standings.staked, standings.paid, standings.rounds)
            "#,
            &self.operators,
        )
        .fetch_one(db)
        .await?;
        Ok(missed)
    }
}

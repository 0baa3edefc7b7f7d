//! The statements that write wallets and ledger entries. Must never change or take back an entry.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::LedgerError;
use super::rules::{LockedWallet, Wallet};

/// Takes the rows of these players' wallets until the end of the transaction, always in the order of their ids, so
/// that two transactions can't wait for each other. What was committed while this waited is seen by the next
/// statement, not by this one: it reads the rows of other tables as they were when it began.
pub async fn lock_wallets(
    operator: OperatorId,
    db: &mut PgConnection,
    players: &[PlayerId],
) -> Result<Vec<LockedWallet>, sqlx::Error> {
    let mut players: Vec<i64> = players.iter().map(|player| player.get()).collect();
    players.sort_unstable();
    players.dedup();
    // Lateral, because a join would let the planner read all wallets of an operator that it takes for small. The
    // limit cuts nothing: without it a kept plan is taken to be for 10 players, and is never cheap enough to be kept.
    let wallets = sqlx::query_as!(
        Wallet,
        r#"
        select
            wallet.player_id as "player!: PlayerId",
            wallet.balance as "balance!: Minor",
            wallet.version as "version!",
            wallet.staked as "staked!: Minor",
            wallet.paid as "paid!: Minor",
            wallet.rounds as "rounds!",
            wallet.seed_pair_id as "seed_pair_id!",
            wallet.next_nonce as "next_nonce!"
        from (select unnest($2::bigint[]) as player_id limit cardinality($2::bigint[])) as asked
        cross join lateral (
            select *
            from wallets
            where operator_id = $1 and player_id = asked.player_id
            limit 1
            for update
        ) as wallet
        "#,
        operator.get(),
        &players,
    )
    .fetch_all(db)
    .await?;
    Ok(wallets.into_iter().map(LockedWallet::new).collect())
}

/// Takes the row of one player's wallet until the end of the transaction.
///
/// # Errors
/// When the player has no wallet with this operator.
pub async fn lock_wallet(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
) -> Result<LockedWallet, LedgerError> {
    let mut wallets = lock_wallets(operator, db, &[player]).await?;
    wallets.pop().ok_or(LedgerError::NoWallet(player))
}

/// Makes an empty wallet for a new player, whose rounds `seed_pair_id` will decide. This transaction holds its row.
pub async fn open_wallet(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    seed_pair_id: i64,
) -> Result<LockedWallet, sqlx::Error> {
    let wallet = sqlx::query_as!(
        Wallet,
        r#"
        insert into wallets (operator_id, player_id, seed_pair_id)
        values ($1, $2, $3)
        returning
            player_id as "player: PlayerId",
            balance as "balance: Minor",
            version,
            staked as "staked: Minor",
            paid as "paid: Minor",
            rounds,
            seed_pair_id,
            next_nonce
        "#,
        operator.get(),
        player.get(),
        seed_pair_id,
    )
    .fetch_one(db)
    .await?;
    Ok(LockedWallet::new(wallet))
}

/// Locked wallets and their new entries as columns, which one statement writes however many there are.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) player: Vec<i64>,
    pub(crate) locked_version: Vec<i64>,
    pub(crate) balance: Vec<i64>,
    pub(crate) version: Vec<i64>,
    pub(crate) staked: Vec<i64>,
    pub(crate) paid: Vec<i64>,
    pub(crate) rounds: Vec<i64>,
    pub(crate) seed_pair_id: Vec<i64>,
    pub(crate) next_nonce: Vec<i64>,
    pub(crate) tx_id: Vec<Uuid>,
    pub(crate) reason: Vec<String>,
    pub(crate) reference: Vec<String>,
    pub(crate) debit: Vec<i64>,
    pub(crate) credit: Vec<i64>,
    pub(crate) amount: Vec<i64>,
    pub(crate) wallet_version: Vec<i64>,
    pub(crate) balance_after: Vec<i64>,
}

impl Columns {
    /// Takes the wallets, because nothing may be posted to them once they are written.
    pub(crate) fn of(wallets: Vec<LockedWallet>) -> Self {
        let mut columns = Self::default();
        for locked in wallets {
            let wallet = locked.wallet;
            columns.player.push(wallet.player.get());
            columns.locked_version.push(locked.locked_version);
            columns.balance.push(wallet.balance.get());
            columns.version.push(wallet.version);
            columns.staked.push(wallet.staked.get());
            columns.paid.push(wallet.paid.get());
            columns.rounds.push(wallet.rounds);
            columns.seed_pair_id.push(wallet.seed_pair_id);
            columns.next_nonce.push(wallet.next_nonce);
            for entry in locked.entries {
                let posting = entry.posting;
                columns.tx_id.push(entry.tx_id);
                columns.reason.push(posting.reason.as_str().to_owned());
                columns.reference.push(posting.reference);
                columns.debit.push(posting.debit.code());
                columns.credit.push(posting.credit.code());
                columns.amount.push(posting.amount.get());
                columns.wallet_version.push(entry.wallet_version);
                columns.balance_after.push(entry.balance_after.get());
            }
        }
        columns
    }

    /// Checks that the statement found every wallet as it was locked: `moved` is what it counted.
    pub(crate) fn check_moved(&self, moved: i64) -> Result<(), LedgerError> {
        if usize::try_from(moved) == Ok(self.player.len()) {
            Ok(())
        } else {
            Err(LedgerError::WalletChanged)
        }
    }
}

/// The statement that moves money: it writes the wallets and entries in `$columns`, guarded by the version at which
/// each wallet was locked, and answers how many wallets it wrote. `$also` is a feature's SQL, `, name as (insert …)`
/// for each of its tables, so that its rows are written in the same round trip; its parameters begin at `$20`.
///
/// The wallets are there already: `on conflict` is how to find each by its whole key, however many there are. An
/// update that joins them to the columns is planned once for all operators, and then reads every wallet of the largest
/// one because most are small.
macro_rules! post_statement {
    ($operator:expr, $columns:expr, $at:expr, $also:literal $(, $value:expr)* $(,)?) => {
        sqlx::query_scalar!(
            r#"
        with new as (
            select *
            from unnest(
                $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[],
                $10::bigint[], $11::bigint[]
            ) as new (
                player_id, locked_version, balance, version, staked, paid, rounds, seed_pair_id, next_nonce
            )
        ),
        moved as (
            insert into wallets (
                operator_id, player_id, balance, version, staked, paid, rounds, seed_pair_id, next_nonce
            )
            select $1, player_id, balance, version, staked, paid, rounds, seed_pair_id, next_nonce
            from new
            on conflict (operator_id, player_id) do update
            set
                balance = excluded.balance,
                version = excluded.version,
                staked = excluded.staked,
                paid = excluded.paid,
                rounds = excluded.rounds,
                seed_pair_id = excluded.seed_pair_id,
                next_nonce = excluded.next_nonce
            where wallets.version = (select locked_version from new where new.player_id = excluded.player_id)
            returning player_id
        ),
        entered as (
            insert into ledger_entries (
                operator_id, created_at, tx_id, reason, reference, debit_account, credit_account, amount,
                wallet_version, balance_after
            )
            select $1, $2, entry.*
            from unnest(
                $12::uuid[], $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
                $19::bigint[]
            ) as entry
        )
        "# + $also + r#"
        select count(*) as "moved!" from moved
        "#,
            $operator.get(),
            $at,
            &$columns.player,
            &$columns.locked_version,
            &$columns.balance,
            &$columns.version,
            &$columns.staked,
            &$columns.paid,
            &$columns.rounds,
            &$columns.seed_pair_id,
            &$columns.next_nonce,
            &$columns.tx_id,
            &$columns.reason,
            &$columns.reference,
            &$columns.debit,
            &$columns.credit,
            &$columns.amount,
            &$columns.wallet_version,
            &$columns.balance_after,
            $($value),*
        )
    };
}
pub(crate) use post_statement;

/// Writes everything posted to these wallets, in one statement.
///
/// # Errors
/// [`LedgerError::WalletChanged`] when a wallet is not as it was locked; the transaction must be rolled back then.
pub async fn post(
    operator: OperatorId,
    db: &mut PgConnection,
    wallets: Vec<LockedWallet>,
    at: OffsetDateTime,
) -> Result<(), LedgerError> {
    let columns = Columns::of(wallets);
    let moved = post_statement!(operator, columns, at, "").fetch_one(db).await?;
    columns.check_moved(moved)
}

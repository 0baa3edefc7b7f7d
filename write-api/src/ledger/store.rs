//! The statements that write wallets and ledger entries. Must never change or take back an entry.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::LedgerError;
use super::rules::{HouseTransfer, LockedWallet, Wallet, hour_of};

/// The statement that takes the rows of wallets until the end of the transaction, always in the order of their ids, so
/// that two transactions can't wait for each other. Lateral, because a join would let the planner read all wallets of
/// an operator that it takes for small. The limit cuts nothing: without it a kept plan is taken to be for 10 players,
/// and is never cheap enough to be kept.
macro_rules! lock_statement {
    ($lock:literal, $operators:expr, $players:expr) => {
        sqlx::query_as!(
            Wallet,
            r#"
        select
            wallet.operator_id as "operator!: OperatorId",
            wallet.player_id as "player!: PlayerId",
            wallet.revision as "revision!",
            wallet.balance as "balance!: Minor",
            wallet.version as "version!",
            wallet.staked as "staked!: Minor",
            wallet.paid as "paid!: Minor",
            wallet.deposited as "deposited!: Minor",
            wallet.rounds as "rounds!",
            wallet.seed_pair_id as "seed_pair_id!",
            wallet.next_nonce as "next_nonce!",
            wallet.marked_hour as "marked_hour!"
        from (
            select *
            from unnest($1::bigint[], $2::bigint[]) as asked (operator_id, player_id)
            limit cardinality($1::bigint[])
        ) as asked
        cross join lateral (
            select *
            from wallets
            where operator_id = asked.operator_id and player_id = asked.player_id
            limit 1
            "#
                + $lock
                + r#"
        ) as wallet
        "#,
            $operators,
            $players,
        )
    };
}

/// Takes the rows of these players' wallets, and waits for those that other transactions hold. What was committed
/// while this waited is seen by the next statement, not by this one: it reads the rows of other tables as they were
/// when it began.
pub async fn lock_wallets(
    db: &mut PgConnection,
    players: &[(OperatorId, PlayerId)],
) -> Result<Vec<LockedWallet>, sqlx::Error> {
    let (operators, players) = in_order(players);
    let wallets = lock_statement!("for update", &operators, &players);
    let wallets = wallets.fetch_all(db).await?;
    Ok(wallets.into_iter().map(LockedWallet::new).collect())
}

/// Takes the rows of those of these players' wallets that no other transaction holds.
pub async fn try_lock_wallets(
    db: &mut PgConnection,
    players: &[(OperatorId, PlayerId)],
) -> Result<Vec<LockedWallet>, sqlx::Error> {
    let (operators, players) = in_order(players);
    let wallets = lock_statement!("for update skip locked", &operators, &players);
    let wallets = wallets.fetch_all(db).await?;
    Ok(wallets.into_iter().map(LockedWallet::new).collect())
}

fn in_order(players: &[(OperatorId, PlayerId)]) -> (Vec<i64>, Vec<i64>) {
    let mut players: Vec<(i64, i64)> = players
        .iter()
        .map(|(operator, player)| (operator.get(), player.get()))
        .collect();
    players.sort_unstable();
    players.dedup();
    players.into_iter().unzip()
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
    let mut wallets = lock_wallets(db, &[(operator, player)]).await?;
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
            operator_id as "operator: OperatorId",
            player_id as "player: PlayerId",
            revision,
            balance as "balance: Minor",
            version,
            staked as "staked: Minor",
            paid as "paid: Minor",
            deposited as "deposited: Minor",
            rounds,
            seed_pair_id,
            next_nonce,
            marked_hour
        "#,
        operator.get(),
        player.get(),
        seed_pair_id,
    )
    .fetch_one(db)
    .await?;
    Ok(LockedWallet::new(wallet))
}

/// Wallets and their new entries as columns, which one statement writes however many there are.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(crate) operator: Vec<i64>,
    pub(crate) player: Vec<i64>,
    pub(crate) revision: Vec<i64>,
    pub(crate) balance: Vec<i64>,
    pub(crate) version: Vec<i64>,
    pub(crate) staked: Vec<i64>,
    pub(crate) paid: Vec<i64>,
    pub(crate) deposited: Vec<i64>,
    pub(crate) rounds: Vec<i64>,
    pub(crate) seed_pair_id: Vec<i64>,
    pub(crate) next_nonce: Vec<i64>,
    pub(crate) marked_hour: Vec<i64>,
    pub(crate) entry_operator: Vec<i64>,
    pub(crate) entry_player: Vec<i64>,
    pub(crate) tx_id: Vec<Uuid>,
    pub(crate) reason: Vec<&'static str>,
    pub(crate) reference: Vec<String>,
    pub(crate) debit: Vec<i64>,
    pub(crate) credit: Vec<i64>,
    pub(crate) amount: Vec<i64>,
    pub(crate) wallet_version: Vec<i64>,
    pub(crate) balance_after: Vec<i64>,
    pub(crate) read_balance: Vec<i64>,
    pub(crate) read_version: Vec<i64>,
}

impl Columns {
    /// Takes the wallets, because nothing may be posted to them once they are written.
    pub(crate) fn of(wallets: impl IntoIterator<Item = LockedWallet>, at: OffsetDateTime) -> Self {
        let hour = hour_of(at);
        let mut columns = Self::default();
        for locked in wallets {
            let wallet = locked.wallet;
            columns.operator.push(wallet.operator.get());
            columns.player.push(wallet.player.get());
            columns.revision.push(wallet.revision);
            columns.balance.push(wallet.balance.get());
            columns.version.push(wallet.version);
            columns.staked.push(wallet.staked.get());
            columns.paid.push(wallet.paid.get());
            columns.deposited.push(wallet.deposited.get());
            columns.rounds.push(wallet.rounds);
            columns.seed_pair_id.push(wallet.seed_pair_id);
            columns.next_nonce.push(wallet.next_nonce);
            columns.marked_hour.push(hour);
            columns.read_balance.push(locked.read.0.get());
            columns.read_version.push(locked.read.1);
            for entry in locked.entries {
                let posting = entry.posting;
                columns.entry_operator.push(wallet.operator.get());
                columns.entry_player.push(wallet.player.get());
                columns.tx_id.push(entry.tx_id);
                columns.reason.push(posting.reason.as_str());
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

    /// Checks that the statement wrote every wallet: `moved` are those that it wrote.
    pub(crate) fn check_all_moved(&self, moved: usize) -> Result<(), LedgerError> {
        if moved == self.player.len() {
            Ok(())
        } else {
            Err(LedgerError::WalletChanged)
        }
    }
}

/// The statement that moves money: it writes the wallets and entries in `$columns` and answers whose wallets it wrote.
/// A wallet that is not as it was decided for (its revision says so, and balance and version in case a restored database
/// counts revisions again), or that another transaction holds, is left as it is, and so are its entries. `$fit` is a feature's SQL that keeps wallets from being written, joins and conditions on `new`;
/// `$also` is `, name as (insert …)` for each of its tables, joined to `moved`, so that its rows are written in the
/// same round trip; their parameters begin at `$26`.
///
/// The wallets are there already: `on conflict` is how to find each by its whole key, however many there are. An
/// update that joins them to the columns is planned once for all operators, and then reads every wallet of the largest
/// one because most are small.
macro_rules! post_statement {
    ($columns:expr, $at:expr, $fit:literal, $also:literal $(, $value:expr)* $(,)?) => {
        sqlx::query!(
            r#"
        with new as (
            select *
            from unnest(
                $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
                $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $24::bigint[], $25::bigint[]
            ) with ordinality as new (
                operator_id, player_id, revision, balance, version, staked, paid, deposited, rounds, seed_pair_id,
                next_nonce, marked_hour, read_balance, read_version, position
            )
            limit cardinality($2::bigint[])
        ),
        fit as (
            select
                new.*,
                held.staked as marked_staked,
                held.paid as marked_paid,
                held.deposited as marked_deposited,
                held.marked_hour < new.marked_hour as is_unmarked
            from new
            cross join lateral (
                select staked, paid, deposited, marked_hour
                from wallets
                where operator_id = new.operator_id
                    and player_id = new.player_id
                    and revision = new.revision
                    and balance = new.read_balance
                    and version = new.read_version
                limit 1
                for update skip locked
            ) as held
            "# + $fit + r#"
        ),
        moved as (
            insert into wallets (
                operator_id, player_id, balance, version, staked, paid, deposited, rounds, seed_pair_id, next_nonce,
                marked_hour
            )
            select
                operator_id, player_id, balance, version, staked, paid, deposited, rounds, seed_pair_id, next_nonce,
                marked_hour
            from fit
            on conflict (operator_id, player_id) do update
            set
                balance = excluded.balance,
                version = excluded.version,
                staked = excluded.staked,
                paid = excluded.paid,
                deposited = excluded.deposited,
                rounds = excluded.rounds,
                seed_pair_id = excluded.seed_pair_id,
                next_nonce = excluded.next_nonce,
                marked_hour = greatest(wallets.marked_hour, excluded.marked_hour),
                revision = wallets.revision + 1
            returning operator_id, player_id
        ),
        marked as (
            insert into wallet_marks (operator_id, player_id, hour, staked, paid, deposited)
            select operator_id, player_id, marked_hour, marked_staked, marked_paid, marked_deposited
            from fit
            where is_unmarked
            on conflict do nothing
        ),
        entered as (
            insert into ledger_entries (
                operator_id, created_at, tx_id, reason, reference, debit_account, credit_account, amount,
                wallet_version, balance_after
            )
            select operator_id, $1, tx_id, reason, reference, debit, credit, amount, wallet_version, balance_after
            from unnest(
                $14::bigint[], $15::bigint[], $16::uuid[], $17::text[], $18::text[], $19::bigint[], $20::bigint[],
                $21::bigint[], $22::bigint[], $23::bigint[]
            ) as entry (
                operator_id, player_id, tx_id, reason, reference, debit, credit, amount, wallet_version, balance_after
            )
            join moved using (operator_id, player_id)
        )
        "# + $also + r#"
        select operator_id as "operator: shared::ids::OperatorId", player_id as "player: shared::ids::PlayerId"
        from moved
        "#,
            $at,
            &$columns.operator,
            &$columns.player,
            &$columns.revision,
            &$columns.balance,
            &$columns.version,
            &$columns.staked,
            &$columns.paid,
            &$columns.deposited,
            &$columns.rounds,
            &$columns.seed_pair_id,
            &$columns.next_nonce,
            &$columns.marked_hour,
            &$columns.entry_operator,
            &$columns.entry_player,
            &$columns.tx_id,
            &$columns.reason as &[&str],
            &$columns.reference,
            &$columns.debit,
            &$columns.credit,
            &$columns.amount,
            &$columns.wallet_version,
            &$columns.balance_after,
            &$columns.read_balance,
            &$columns.read_version,
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
    db: &mut PgConnection,
    wallets: Vec<LockedWallet>,
    at: OffsetDateTime,
) -> Result<(), LedgerError> {
    let columns = Columns::of(wallets, at);
    let moved = post_statement!(columns, at, "", "").fetch_all(db).await?;
    columns.check_all_moved(moved.len())
}

/// Writes a movement between two accounts of the house. The schema refuses one that names a wallet here, for that has a
/// chain.
pub async fn transfer(
    operator: OperatorId,
    db: &mut PgConnection,
    tx_id: Uuid,
    moved: &HouseTransfer<'_>,
    at: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        r#"
        insert into ledger_entries (
            operator_id, tx_id, reason, reference, debit_account, credit_account, amount, created_at
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        operator.get(),
        tx_id,
        moved.reason.as_str(),
        moved.reference,
        moved.debit.code(),
        moved.credit.code(),
        moved.amount.get(),
        at,
    )
    .execute(db)
    .await?;
    Ok(())
}

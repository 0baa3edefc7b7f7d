//! The check of the books: recomputes every balance, chain and total from the entries and rounds. Must never write.

mod background;
mod bets;
mod daily;
mod revenue;

use shared::db::DbError;
use shared::ids::OperatorId;
use sqlx::{Connection, PgConnection};

/// The first thing in the books that is not as it must be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("operator {operator}, {subject}: expected {expected}, found {found}")]
pub struct BookDifference {
    /// Whose books.
    pub operator: OperatorId,
    /// The wallet, entry or round.
    pub subject: String,
    /// What follows from the rest of the books.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

/// Why the books could not be found right.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    /// They are wrong.
    #[error("the books are wrong: {0}")]
    Wrong(BookDifference),
    /// The database failed before all was checked.
    #[error("the books could not be checked: {0}")]
    Database(DbError),
}

shared::transaction_error!(BooksError);

/// Checks the books of every operator as they are at one moment; bets may go on meanwhile. Reads every entry and
/// round, so it is for operations, tests and benches.
///
/// # Errors
/// The first difference, or the failure of the database.
pub async fn verify_books(db: &mut PgConnection) -> Result<(), BooksError> {
    let mut snapshot = db
        .begin_with("begin isolation level repeatable read read only")
        .await?;
    let difference = first_difference(&mut snapshot).await?;
    snapshot.rollback().await?;
    difference.map_or(Ok(()), |difference| Err(BooksError::Wrong(difference)))
}

/// Looks for a difference by each of the checks in turn, and returns the first one.
macro_rules! first_of {
    ($db:ident, $($check:path),+ $(,)?) => {
        $(
            if let Some(difference) = $check($db).await? {
                return Ok(Some(difference));
            }
        )+
    };
}

async fn first_difference(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    first_of!(
        db,
        in_chains,
        in_balances,
        in_totals,
        in_rounds,
        in_nonces,
        in_commitments,
        in_accounts,
        in_reasons,
        in_rollup,
        in_commands,
        in_cashier,
        in_marks,
        in_operator_wallets,
        daily::in_totals,
        bets::in_bets,
        bets::in_receivables,
        bets::in_settlements,
        bets::in_exposure,
        bets::in_sports_totals,
        daily::in_coarser_totals,
        background::in_resets,
        background::in_operations,
        background::in_kept_standings,
        background::in_operators_balances,
        revenue::in_record,
        revenue::in_totals,
        revenue::in_movements,
        revenue::in_effects,
        revenue::in_split,
    );
    Ok(None)
}

/// Every deposit and withdrawal is one that the cashier answered, to the same player and under the same reference, and
/// every one that was answered is there once.
async fn in_cashier(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('payment %s', reference) as "subject!",
            coalesce('movement ' || told.tx_id || ' of player ' || told.player_id, 'none') as "expected!",
            coalesce('movement ' || made.tx_id || ' of player ' || made.player_id, 'none') as "found!"
        from (
            select operator_id, reference, tx_id::text as tx_id, player_id::text as player_id
            from ledger_entries
            where reason in ('deposit', 'withdrawal')
        ) as made
        full join (
            select
                operator_id,
                key as reference,
                answer ->> 'transaction_id' as tx_id,
                answer ->> 'player_id' as player_id
            from commands
            where actor = 'cashier'
        ) as told using (operator_id, reference)
        where made.tx_id is distinct from told.tx_id or made.player_id is distinct from told.player_id
        order by operator_id, reference
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A mark has the totals that its wallet had before its first entry of that hour or of a later one. Wallets are also
/// written without an entry, so that not every mark has one in its hour.
async fn in_marks(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with counted as (
            select
                operator_id,
                player_id,
                floor(extract(epoch from created_at) / 3600)::bigint as hour,
                max(floor(extract(epoch from created_at) / 3600)::bigint) over before as newest_hour,
                coalesce(sum(amount) filter (where reason = 'stake') over before, 0) as staked,
                coalesce(
                    sum(
                        case
                            when reason in ('payout', 'refund') then amount
                            when reason in ('clawback', 'recovery') then -amount
                            else 0
                        end
                    ) over before,
                    0
                ) as paid,
                coalesce(sum(amount) filter (where reason = 'deposit') over before, 0) as deposited
            from ledger_entries
            where player_id is not null
            window before as (
                partition by operator_id, player_id
                order by wallet_version
                rows between unbounded preceding and 1 preceding
            )
        ),
        hours as materialized (
            select operator_id, player_id, hour, staked, paid, deposited
            from counted
            where newest_hour is null or newest_hour < hour
            union all
            select operator_id, player_id, 9223372036854775807, staked, paid, deposited
            from wallets
        ),
        begun as (
            select
                *,
                coalesce(lag(hour) over (partition by operator_id, player_id order by hour), -1) as hour_before
            from hours
        )
        select
            mark.operator_id as "operator!: OperatorId",
            format('mark of wallet %s at hour %s', mark.player_id, mark.hour) as "subject!",
            format('staked %s, paid %s, deposited %s', begun.staked, begun.paid, begun.deposited) as "expected!",
            format('staked %s, paid %s, deposited %s', mark.staked, mark.paid, mark.deposited) as "found!"
        from wallet_marks as mark
        join begun
            on begun.operator_id = mark.operator_id
            and begun.player_id = mark.player_id
            and mark.hour > begun.hour_before
            and mark.hour <= begun.hour
        where (mark.staked, mark.paid, mark.deposited) <> (begun.staked, begun.paid, begun.deposited)
        order by mark.operator_id, mark.player_id, mark.hour
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// Every wallet of an operator was opened with what its owners put in then.
async fn in_operator_wallets(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('opening of account %s', account) as "subject!",
            format('%s from its owners', initial_balance) as "expected!",
            format('%s from its owners', coalesce(funded, 0)) as "found!"
        from operator_wallets
        left join (
            select operator_id, credit_account as account, sum(amount) as funded
            from ledger_entries
            where player_id is null and reason = 'funding'
            group by operator_id, credit_account
        ) as funding using (operator_id, account)
        where initial_balance <> coalesce(funded, 0)
        order by operator_id, account desc
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// Every account of the house that an entry names is one that there is.
async fn in_accounts(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            e.operator_id as "operator!: OperatorId",
            format('entry %s', e.id) as "subject!",
            'an account of the house' as "expected!",
            format('account %s', code) as "found!"
        from ledger_entries e
        cross join lateral (values (e.debit_account), (e.credit_account)) as sides (code)
        where code < 0
            and not exists (select from ledger_accounts a where a.code = sides.code)
        order by e.operator_id, e.id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// Every reason moves money between the accounts that it is for, so that none is a cover for another movement.
async fn in_reasons(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('entry %s', id) as "subject!",
            format('accounts that %s moves money between', reason) as "expected!",
            format('from account %s to account %s', debit_account, credit_account) as "found!"
        from ledger_entries
        where case reason
            when 'stake' then player_id = debit_account and credit_account in (-2, -3)
            when 'payout' then debit_account in (-2, -3) and player_id = credit_account
            when 'refund' then debit_account = -3 and player_id = credit_account
            when 'clawback' then player_id = debit_account and credit_account = -3
            when 'recovery' then player_id = debit_account and credit_account = -22
            when 'receivable' then player_id is null and debit_account = -22 and credit_account = -3
            when 'grant' then debit_account in (-1, -4) and player_id = credit_account
            when 'deposit' then debit_account = -1 and player_id = credit_account
            when 'withdrawal' then player_id = debit_account and credit_account = -1
            when 'adjustment' then (player_id, -10) in (
                (debit_account, credit_account), (credit_account, debit_account)
            )
            when 'reset' then (player_id, -20) in (
                (debit_account, credit_account), (credit_account, debit_account)
            )
            when 'funding' then player_id is null and debit_account = -9 and credit_account in (-5, -6, -7, -8)
            when 'revenue' then player_id is null
                and debit_account in (-2, -3, -5, -6, -7, -8, -9, -21)
                and credit_account in (-2, -3, -5, -6, -7, -8, -9, -21)
            else false
        end is not true
        order by operator_id, id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// What was rolled up for the house's accounts is what their entries below the mark add up to.
async fn in_rollup(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('rollup of account %s', account) as "subject!",
            format(
                '%s credited and %s debited in %s entries',
                coalesce(right_credited, 0), coalesce(right_debited, 0), coalesce(right_entries, 0)
            ) as "expected!",
            format(
                '%s credited and %s debited in %s entries',
                coalesce(credited, 0), coalesce(debited, 0), coalesce(entries, 0)
            ) as "found!"
        from house_balances
        full join (
            select
                operator_id,
                account,
                sum(amount) filter (where account = credit_account) as right_credited,
                sum(amount) filter (where account = debit_account) as right_debited,
                count(*) as right_entries
            from ledger_entries
            cross join lateral (values (credit_account), (debit_account)) as side (account)
            where changed_xid < (select before_xid from house_rollup) and account < 0
            group by operator_id, account
        ) as summed using (operator_id, account)
        where coalesce(credited, 0) <> coalesce(right_credited, 0)
            or coalesce(debited, 0) <> coalesce(right_debited, 0)
            or coalesce(entries, 0) <> coalesce(right_entries, 0)
        order by operator_id, account desc
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// Every round that a kept answer names is one that there is. Looked up by its id: compared as text, the planner would
/// rather read all rounds for each answer, hoping to find a wrong one soon.
async fn in_commands(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            c.operator_id as "operator!: OperatorId",
            format('command %s of %s', c.key, c.actor) as "subject!",
            'a round' as "expected!",
            format('no round %s', c.answer ->> 'ref') as "found!"
        from commands c
        where c.answer ->> 'ref' is not null
            and not exists (
                select
                from rounds r
                where r.operator_id = c.operator_id
                    and r.id = case
                        when c.answer ->> 'ref' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                            then (c.answer ->> 'ref')::uuid
                    end
            )
        order by c.operator_id, c.actor, c.key
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The versions of a wallet's entries are 1, 2, 3 …, and each balance follows from the one before. Never negative.
async fn in_chains(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('entry %s of wallet %s', id, player_id) as "subject!",
            format('version %s and a balance of %s', right_version, right_balance) as "expected!",
            format('version %s and a balance of %s', wallet_version, balance_after) as "found!"
        from (
            select
                operator_id,
                id,
                player_id,
                wallet_version,
                balance_after,
                row_number() over chain as right_version,
                sum(case when credit_account = player_id then amount else -amount end) over chain as right_balance
            from ledger_entries
            where player_id is not null
            window chain as (partition by operator_id, player_id order by wallet_version)
        ) as chained
        where wallet_version is distinct from right_version
            or balance_after is distinct from right_balance
            or balance_after < 0
        order by operator_id, player_id, wallet_version
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A wallet holds the sum of its entries, which the chain makes the same as the newest entry's balance, and has the
/// newest entry's version. There is no entry without a wallet.
async fn in_balances(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('wallet %s', player_id) as "subject!",
            format('version %s and a balance of %s', coalesce(right_version, 0), coalesce(right_balance, 0))
                as "expected!",
            case
                when balance is null then 'no wallet'
                else format('version %s and a balance of %s', version, balance)
            end as "found!"
        from wallets
        full join (
            select
                operator_id,
                player_id,
                max(wallet_version) as right_version,
                sum(case when credit_account = player_id then amount else -amount end) as right_balance
            from ledger_entries
            where player_id is not null
            group by operator_id, player_id
        ) as summed using (operator_id, player_id)
        where version is distinct from coalesce(right_version, 0)
            or balance is distinct from coalesce(right_balance, 0)
            or balance < 0
        order by operator_id, player_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A wallet's lifetime totals are the sums over its player's rounds, bets and deposits; what the player owes was paid. There
/// is no round and no bet without a wallet.
async fn in_totals(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('wallet %s', player_id) as "subject!",
            format(
                '%s staked and %s paid in %s rounds, %s deposited',
                coalesce(right_staked, 0), coalesce(right_paid, 0), coalesce(right_rounds, 0),
                coalesce(right_deposited, 0)
            ) as "expected!",
            case
                when balance is null then 'no wallet'
                else format(
                    '%s staked and %s paid in %s rounds, %s deposited', staked, paid, wallets.rounds, deposited
                )
            end as "found!"
        from wallets
        full join (
            select
                operator_id,
                player_id,
                sum(stake) as right_staked,
                sum(payout) as right_paid,
                sum(played) as right_rounds
            from (
                select operator_id, player_id, stake, payout, 1 as played from rounds
                union all
                select operator_id, player_id, stake, payout, 1 from bets
                union all
                select operator_id, player_id, 0, amount, 0 from receivables
            ) as played
            group by operator_id, player_id
        ) as summed using (operator_id, player_id)
        left join (
            select operator_id, player_id, sum(amount) as right_deposited
            from ledger_entries
            where reason = 'deposit' and player_id is not null
            group by operator_id, player_id
        ) as paid_in using (operator_id, player_id)
        where staked is distinct from coalesce(right_staked, 0)
            or paid is distinct from coalesce(right_paid, 0)
            or wallets.rounds is distinct from coalesce(right_rounds, 0)
            or deposited is distinct from coalesce(right_deposited, 0)
        order by operator_id, player_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A round has its stake entered exactly once, in blackjack in as many parts as were staked, and its payout exactly
/// once if there is one. No stake or payout of the casino is entered without its round.
async fn in_rounds(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            coalesce(rounds.operator_id, entered.operator_id) as "operator!: OperatorId",
            format('round %s', coalesce(rounds.id::text, entered.reference)) as "subject!",
            case
                when stake is null then 'no entry, because there is no such round'
                else format('stakes of %s and %s payouts of %s', stake, (payout > 0)::integer, payout)
            end as "expected!",
            case
                when stakes is null then 'no entry'
                else format('%s stakes of %s and %s payouts of %s', stakes, staked, payouts, paid)
            end as "found!"
        from rounds
        full join (
            select
                operator_id,
                player_id,
                reference,
                count(*) filter (where reason = 'stake') as stakes,
                coalesce(sum(amount) filter (where reason = 'stake'), 0) as staked,
                count(*) filter (where reason = 'payout') as payouts,
                coalesce(sum(amount) filter (where reason = 'payout'), 0) as paid
            from ledger_entries
            where reason in ('stake', 'payout') and -2 in (debit_account, credit_account)
            group by operator_id, player_id, reference
        ) as entered
            on entered.operator_id = rounds.operator_id
            and entered.player_id = rounds.player_id
            and entered.reference = rounds.id::text
        where rounds.id is null
            or (staked, payouts, paid) is distinct from (stake, (payout > 0)::integer::bigint, payout)
            or rounds.game <> 'blackjack' and stakes <> 1
        order by 1, 2
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// Every server seed is the one that was committed to. One pass over the pairs, in which nothing is gathered; the seeds
/// stay in the database.
async fn in_commitments(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('seed pair %s', id) as "subject!",
            format('commitment %s', right_commitment) as "expected!",
            format('commitment %s', commitment) as "found!"
        from (
            select operator_id, id, server_seed, commitment
            from seed_pairs
            union all
            select operator_id, null, server_seed, commitment
            from next_seeds
        ) as pairs
        cross join lateral (
            select encode(sha256(convert_to(server_seed, 'UTF8')), 'hex') as right_commitment
        ) as hashed
        where commitment <> right_commitment
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The rounds of a seed pair have the nonces 0, 1, 2 …, and where a wallet has the pair, the next is the wallet's.
async fn in_nonces(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            format('seed pair %s', seed_pair_id) as "subject!",
            format('next nonce %s after %s rounds', coalesce(drawn, 0), coalesce(drawn, 0)) as "expected!",
            format('next nonce %s, largest nonce %s', coalesce(next_nonce, largest + 1), coalesce(largest, -1))
                as "found!"
        from wallets
        full join (
            select operator_id, seed_pair_id, count(*) as drawn, max(nonce) as largest
            from rounds
            group by operator_id, seed_pair_id
        ) as decided using (operator_id, seed_pair_id)
        where coalesce(next_nonce, largest + 1) <> coalesce(drawn, 0) or largest + 1 <> drawn
        order by operator_id, seed_pair_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

//! The checks of bets on sports: their money, their settlements, and what is kept of them. Must never write.

use shared::ids::OperatorId;
use sqlx::PgConnection;

use super::BookDifference;

/// A bet has its stake entered once, and what it paid is what its entries come to. No entry of the sportsbook is without
/// its bet.
pub(super) async fn in_bets(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            coalesce(bets.operator_id, entered.operator_id) as "operator!: OperatorId",
            format('bet %s', coalesce(bets.id::text, entered.reference)) as "subject!",
            case
                when bets.id is null then 'no entry, because there is no such bet'
                else format('1 stake of %s and %s paid', stake, payout)
            end as "expected!",
            case
                when stakes is null then 'no entry'
                else format('%s stakes of %s and %s paid', stakes, staked, paid)
            end as "found!"
        from bets
        full join (
            select
                operator_id,
                reference,
                max(player_id) as player_id,
                count(*) filter (where reason = 'stake') as stakes,
                coalesce(sum(amount) filter (where reason = 'stake'), 0) as staked,
                coalesce(
                    sum(
                        case
                            when reason in ('payout', 'refund') then amount
                            when reason in ('clawback', 'receivable') then -amount
                            else 0
                        end
                    ),
                    0
                ) as paid
            from ledger_entries
            where -3 in (debit_account, credit_account) and reason <> 'revenue'
            group by operator_id, reference
        ) as entered
            on entered.operator_id = bets.operator_id
            and entered.player_id = bets.player_id
            and entered.reference = bets.id::text
        where bets.id is null or (stakes, staked, paid) is distinct from (1::bigint, stake, payout)
        order by 1, 2
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// What players owe is what the account of receivables is short of, for each operator; and what a player owes is not
/// less than zero.
pub(super) async fn in_receivables(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        select
            operator_id as "operator!: OperatorId",
            'what players owe' as "subject!",
            coalesce(entered, 0)::text as "expected!",
            coalesce(owed, 0)::text as "found!"
        from (select operator_id, sum(amount) as owed from receivables group by operator_id) as kept
        full join (
            select operator_id, sum(case when debit_account = -22 then amount else -amount end) as entered
            from ledger_entries
            where -22 in (debit_account, credit_account)
            group by operator_id
        ) as entries using (operator_id)
        where coalesce(owed, 0) <> coalesce(entered, 0)
        order by operator_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// A bet stands as its newest settlement says; its settlements have the versions 1, 2, 3 …; and their changes add up to
/// what the bet counts for. A bet without a settlement is pending.
pub(super) async fn in_settlements(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with summed as (
            select
                operator_id,
                bet_id,
                count(*) as settlements,
                max(version) as newest,
                sum(settled) as settled,
                sum(won) as won,
                sum(voided) as voided,
                sum(staked) as staked,
                sum(paid) as paid
            from bet_settlements
            group by operator_id, bet_id
        ),
        expected as (
            select
                bets.operator_id,
                bets.id,
                format(
                    '%s settlements, %s, %s paid; %s/%s/%s/%s/%s', bets.settlements, bets.status, bets.payout,
                    counts::integer,
                    (counts and payout > stake)::integer,
                    (status = 'void')::integer,
                    case when counts then stake else 0 end,
                    case when counts then payout else 0 end
                ) as told
            from bets
            cross join lateral (select status in ('won', 'lost', 'cashed_out') as counts) as counted
        ),
        found as (
            select
                bets.operator_id,
                bets.id,
                format(
                    '%s settlements, %s, %s paid; %s/%s/%s/%s/%s', coalesce(summed.settlements, 0),
                    coalesce(newest.status, 'pending'), coalesce(newest.payout, 0), coalesce(summed.settled, 0),
                    coalesce(summed.won, 0), coalesce(summed.voided, 0), coalesce(summed.staked, 0),
                    coalesce(summed.paid, 0)
                ) as told
            from bets
            left join summed on summed.operator_id = bets.operator_id and summed.bet_id = bets.id
            left join bet_settlements as newest
                on newest.operator_id = bets.operator_id
                and newest.bet_id = bets.id
                and newest.version = summed.newest
                and summed.newest = summed.settlements
        )
        select
            operator_id as "operator!: OperatorId",
            format('bet %s', id) as "subject!",
            expected.told as "expected!",
            found.told as "found!"
        from expected
        join found using (operator_id, id)
        where expected.told <> found.told
        order by operator_id, id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// What is kept of the exposure is what the pending bets add up to.
pub(super) async fn in_exposure(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with kept as (
            select
                operator_id,
                sport,
                event_id,
                market_id,
                selection_id,
                format(
                    '%s/%s/%s and %s/%s/%s', sum(bets), sum(staked), sum(returns), sum(multiples),
                    sum(multiples_staked), sum(multiples_returns)
                ) as told
            from market_exposure
            group by operator_id, sport, event_id, market_id, selection_id
        ),
        counted as (
            select
                leg.operator_id,
                leg.sport,
                leg.event_id,
                leg.market_id,
                leg.selection_id,
                format(
                    '%s/%s/%s and %s/%s/%s',
                    count(*) filter (where kind = 'single'),
                    coalesce(sum(stake) filter (where kind = 'single'), 0),
                    coalesce(sum(potential_payout) filter (where kind = 'single'), 0),
                    count(*) filter (where kind <> 'single'),
                    coalesce(sum(stake) filter (where kind <> 'single'), 0),
                    coalesce(sum(potential_payout) filter (where kind <> 'single'), 0)
                ) as told
            from bet_legs as leg
            join bets on bets.operator_id = leg.operator_id and bets.id = leg.bet_id and bets.status = 'pending'
            group by leg.operator_id, leg.sport, leg.event_id, leg.market_id, leg.selection_id
        )
        select
            operator_id as "operator!: OperatorId",
            format('exposure of %s in market %s of event %s', selection_id, market_id, event_id) as "subject!",
            coalesce(counted.told, '0/0/0 and 0/0/0') as "expected!",
            coalesce(kept.told, '0/0/0 and 0/0/0') as "found!"
        from kept
        full join counted using (operator_id, sport, event_id, market_id, selection_id)
        where coalesce(counted.told, '0/0/0 and 0/0/0') <> coalesce(kept.told, '0/0/0 and 0/0/0')
        order by operator_id, sport, event_id, market_id, selection_id
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

/// The daily totals of sports are what the settlements of bets add up to.
pub(super) async fn in_sports_totals(db: &mut PgConnection) -> Result<Option<BookDifference>, sqlx::Error> {
    sqlx::query_as!(
        BookDifference,
        r#"
        with kept as (
            select
                operator_id,
                day,
                category,
                kind,
                format(
                    '%s/%s/%s/%s/%s', sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
                ) as told
            from (
                select * from daily_totals
                union all
                select * from daily_totals_due
            ) as both_tables
            where product = 'sports'
            group by operator_id, day, category, kind
        ),
        counted as (
            select
                operator_id,
                (settled_at at time zone 'UTC')::date as day,
                category,
                market as kind,
                format(
                    '%s/%s/%s/%s/%s', sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
                ) as told
            from bet_settlements
            group by operator_id, (settled_at at time zone 'UTC')::date, category, market
        )
        select
            operator_id as "operator!: OperatorId",
            format('totals of %s in %s on %s', kind, category, day) as "subject!",
            coalesce(counted.told, 'none') as "expected!",
            coalesce(kept.told, 'none') as "found!"
        from kept
        full join counted using (operator_id, day, category, kind)
        where kept.told is distinct from counted.told
        order by operator_id, day, category, kind
        limit 1
        "#
    )
    .fetch_optional(db)
    .await
}

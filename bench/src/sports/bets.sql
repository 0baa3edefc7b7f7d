-- Singles of 1.00 on one market, as placing them one by one leaves them.
-- $1 operator, $2 the players' numbers, $3 how many bets, $4 when they were placed, $5 the event.
with placed as materialized (
    select
        nextval('bet_ids') as id,
        player_id,
        number,
        row_number() over (partition by player_id order by number) as nth,
        case when number % 2 = 0 then 'Home' else 'Away' end as selection,
        case when number % 2 = 0 then 1850 else 4200 end as price
    from (
        select number, ($2::bigint[])[1 + number % cardinality($2::bigint[])] as player_id
        from generate_series(0, $3::bigint - 1) as number
    ) as numbered
),
bet as (
    insert into bets (
        operator_id, id, player_id, kind, sizes, lines, unit_stake, stake, potential_payout, max_payout, policy,
        category, market, placed_at
    )
    select $1, id, player_id, 'single', '{1}', 1, 100, 100, price / 10, 10000000, 'better', 'soccer', 'match_result', $4
    from placed
),
leg as (
    insert into bet_legs (
        operator_id, bet_id, number, player_id, sport, event_id, market_id, selection_id, price_milli, home, away,
        league, starts_at, market_key, market_name, selection_name, book
    )
    select
        $1, id, 1, player_id, 'soccer', $5, '1', selection, price, 'Home', 'Away', 'League', $4, 'match_result',
        '3Way Result', selection, ''
    from placed
),
exposed as (
    insert into market_exposure (
        operator_id, sport, event_id, market_id, book, selection_id, shard, bets, staked, returns, multiples, multiples_staked,
        multiples_returns
    )
    select $1, 'soccer', $5, '1', '', selection, player_id % 8, count(*), count(*) * 100, sum(price / 10), 0, 0, 0
    from placed
    group by selection, player_id % 8
),
entered as (
    insert into ledger_entries (
        operator_id, created_at, tx_id, reason, reference, debit_account, credit_account, amount, wallet_version,
        balance_after
    )
    select
        $1, $4, gen_random_uuid(), 'stake', id::text, placed.player_id, -3, 100, wallets.version + nth,
        wallets.balance - nth * 100
    from placed
    join wallets on wallets.operator_id = $1 and wallets.player_id = placed.player_id
)
update wallets
set
    balance = balance - counted.bets * 100,
    version = version + counted.bets,
    staked = staked + counted.bets * 100,
    rounds = rounds + counted.bets,
    revision = revision + 1
from (select player_id, count(*) as bets from placed group by player_id) as counted
where wallets.operator_id = $1 and wallets.player_id = counted.player_id

-- So many rounds of each player in one hour, with the mark of that hour, and their wallets as they are afterwards.
-- $1 operator, $2 and $3 the players' numbers from and to (that one left out), $4 the hour, $5 rounds of each player,
-- $6 stake, $7 result, $8 and $9 answer before and after the round's id.
with drawn as (
    select
        player_id,
        number,
        $4::timestamptz + number * interval '36 seconds' as at,
        case when (number * 37 + player_id) % 100 < 28 then $6::bigint * 34 / 10 else 0 end as payout
    from generate_series($2::bigint, $3::bigint - 1) as player_id
    cross join generate_series(0, $5::bigint - 1) as number
),
played as materialized (
    select
        drawn.*,
        wallets.seed_pair_id,
        wallets.next_nonce + number as nonce,
        wallets.version + number + 1 + count(*) filter (where payout > 0) over chain as version,
        wallets.balance - (number + 1) * $6 + sum(payout) over chain as balance,
        encode(
            set_bit(
                set_bit(
                    overlay(
                        uuid_send(gen_random_uuid())
                        placing substring(int8send((extract(epoch from at) * 1000)::bigint) from 3)
                        from 1 for 6
                    ),
                    52,
                    1
                ),
                53,
                1
            ),
            'hex'
        )::uuid as id
    from drawn
    join wallets on wallets.operator_id = $1 and wallets.player_id = drawn.player_id
    window chain as (partition by drawn.player_id order by number)
    order by number, player_id
),
entered as (
    insert into ledger_entries (
        operator_id, created_at, tx_id, reason, reference, debit_account, credit_account, amount,
        wallet_version, balance_after
    )
    select
        $1, at, id, reason, id::text, debit, credit, amount, version - later, balance - later * payout
    from played
    cross join lateral (
        values
            ('stake', player_id, -2, $6, (payout > 0)::integer),
            ('payout', -2, player_id, payout, 0)
    ) as entry (reason, debit, credit, amount, later)
    where amount > 0
),
ended as (
    insert into rounds (
        operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout,
        payout_limited, status, result, created_at, settled_at, max_payout
    )
    select
        $1, id, player_id, 'slots', 1, seed_pair_id, nonce, $6, payout, false, 'settled', $7::text::json, at,
        at, 1000000000
    from played
),
answered as (
    insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
    select
        $1, 'player:' || player_id, gen_random_uuid(), sha256(int8send(nonce)), 200,
        ($8::text || id || $9::text)::json, at
    from played
),
marked as (
    insert into wallet_marks (operator_id, player_id, hour, staked, paid, deposited)
    select operator_id, player_id, extract(epoch from $4) / 3600, staked, paid, deposited
    from wallets
    where operator_id = $1 and player_id >= $2 and player_id < $3
)
update wallets
set
    balance = wallets.balance - $5 * $6 + won.paid,
    version = version + $5 + won.times,
    staked = staked + $5 * $6,
    paid = wallets.paid + won.paid,
    rounds = rounds + $5,
    next_nonce = next_nonce + $5,
    revision = revision + 1,
    marked_hour = extract(epoch from $4) / 3600
from (
    select player_id, sum(payout) as paid, count(*) filter (where payout > 0) as times
    from played
    group by player_id
) as won
where wallets.operator_id = $1 and wallets.player_id = won.player_id

\set player :first_player + :client_id + :clients * random(0, :wallets_each - 1)
\set payout case when random(1, 100) <= 28 then 340 else 0 end
with moved as (
    update wallets
    set
        balance = balance - :stake + :payout,
        version = version + 1 + (:payout > 0)::integer,
        staked = staked + :stake,
        paid = paid + :payout,
        rounds = rounds + 1,
        next_nonce = next_nonce + 1,
        revision = revision + 1
    where operator_id = :operator
        and player_id = :player
        and balance >= :stake
        and (
            select operators.is_active
                and operators.casino_enabled
                and settings.min_stake <= :stake
                and settings.max_stake >= :stake
                and settings.max_payout >= :payout
            from operators
            join operator_settings as settings on settings.operator_id = operators.id
            where operators.id = :operator
        )
        and (select is_active from players where operator_id = :operator and id = :player)
        and (
            select player_id = :player and expires_at > now()
            from sessions
            where operator_id = :operator and token_hash = sha256(int8send(:player))
        )
        and (select revision from player_protection where operator_id = :operator and player_id = :player) = 1
    returning
        operator_id,
        player_id,
        -- A UUID of version 7, as the product makes them: random ones would scatter the rounds over the whole index.
        encode(
            set_bit(
                set_bit(
                    overlay(
                        uuid_send(gen_random_uuid())
                        placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                        from 1 for 6
                    ),
                    52,
                    1
                ),
                53,
                1
            ),
            'hex'
        )::uuid as id,
        seed_pair_id,
        next_nonce - 1 as nonce,
        version,
        balance
),
entered as (
    insert into ledger_entries (
        operator_id, created_at, tx_id, reason, reference, debit_account, credit_account, amount, wallet_version,
        balance_after
    )
    select
        operator_id, now(), id, 'stake', id::text, player_id, -2, :stake::bigint,
        version - (:payout > 0)::integer, balance - :payout
    from moved
    union all
    select operator_id, now(), id, 'payout', id::text, -2, player_id, :payout::bigint, version, balance
    from moved
    where :payout > 0
),
played as (
    insert into rounds (
        operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited, status,
        result, created_at, settled_at, max_payout
    )
    select
        operator_id, id, player_id, 'slots', 1, seed_pair_id, nonce, :stake, :payout, false, 'settled', :result::json,
        now(), now(), 1000000000
    from moved
)
insert into commands (operator_id, actor, key, request_hash, status, answer, created_at)
select
    operator_id, 'player:' || player_id, gen_random_uuid(), sha256(int8send(nonce)), 200,
    (:answer_head::text || id || :answer_tail::text)::json, now()
from moved;

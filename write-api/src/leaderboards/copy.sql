-- Copies the lifetime totals of wallets to the standings, and what that changes to the sums of their operators.
-- $1 operators and $2 players that are due, $3 whether each is named, $4 the contest that runs.
with due as (
    select operator_id, player_id, bool_or(is_named) as is_named
    from unnest($1::bigint[], $2::bigint[], $3::boolean[]) as due (operator_id, player_id, is_named)
    group by operator_id, player_id
),
seen as (
    select
        due.operator_id,
        due.player_id,
        due.is_named,
        sums.unit,
        players.is_active,
        coalesce(wallets.staked, 0) as staked,
        coalesce(wallets.paid, 0) as paid,
        coalesce(wallets.rounds, 0) as rounds,
        before.player_id is null as is_new,
        coalesce(before.staked, 0) as staked_before,
        coalesce(before.paid, 0) as paid_before,
        coalesce(before.rounds, 0) as rounds_before,
        coalesce(before.is_listed and before.contest_id = $4, false) as was_listed,
        case before.contest_id when $4 then before.base_staked else coalesce(before.staked, 0) end as base_staked,
        case before.contest_id when $4 then before.base_paid else coalesce(before.paid, 0) end as base_paid
    from due
    join operator_standings as sums using (operator_id)
    join players on players.operator_id = due.operator_id and players.id = due.player_id
    left join wallets on wallets.operator_id = due.operator_id and wallets.player_id = due.player_id
    left join standings as before on before.operator_id = due.operator_id and before.player_id = due.player_id
),
ranked as (
    select
        *,
        is_active and paid - base_paid > staked - base_staked as is_listed,
        is_new
            or staked <> staked_before
            or paid <> paid_before
            or rounds <> rounds_before
            or was_listed <> (is_active and paid - base_paid > staked - base_staked)
        as is_changed
    from seen
),
written as (
    insert into standings (
        operator_id, player_id, contest_id, staked, paid, rounds, base_staked, base_paid, is_listed, profit_rank,
        staked_rank
    )
    select
        operator_id,
        player_id,
        $4,
        staked,
        paid,
        rounds,
        base_staked,
        base_paid,
        is_listed,
        least(greatest(((paid - base_paid) - (staked - base_staked))::numeric * unit, 0), 9223372036854775807)::bigint,
        least((staked - base_staked)::numeric * unit, 9223372036854775807)::bigint
    from ranked
    where is_changed
    on conflict (operator_id, player_id) do update
    set
        contest_id = excluded.contest_id,
        staked = excluded.staked,
        paid = excluded.paid,
        rounds = excluded.rounds,
        base_staked = excluded.base_staked,
        base_paid = excluded.base_paid,
        is_listed = excluded.is_listed,
        profit_rank = excluded.profit_rank,
        staked_rank = excluded.staked_rank
),
changes as (
    select
        operator_id,
        count(*) filter (where is_new) as players,
        sum(staked - staked_before) as staked,
        sum(rounds - rounds_before) as rounds,
        sum(is_listed::integer - was_listed::integer) as listed,
        sum(
            is_listed::integer * (staked - base_staked) - was_listed::integer * (staked_before - base_staked)
        ) as listed_staked,
        sum(
            is_listed::integer * (paid - base_paid) - was_listed::integer * (paid_before - base_paid)
        ) as listed_paid,
        bool_or(is_changed) as is_changed,
        bool_or(
            is_listed and is_named
            or is_listed <> was_listed
            or is_listed and (staked <> staked_before or paid <> paid_before)
        ) as is_board_changed
    from ranked
    where is_changed or is_named
    group by operator_id
),
added as (
    update operator_standings as sums
    set
        players = sums.players + changes.players,
        staked = sums.staked + changes.staked,
        rounds = sums.rounds + changes.rounds,
        listed = sums.listed + changes.listed,
        listed_staked = sums.listed_staked + changes.listed_staked,
        listed_paid = sums.listed_paid + changes.listed_paid
    from changes
    where sums.operator_id = changes.operator_id and changes.is_changed
)
select operator_id as "operator!: OperatorId", is_board_changed as "is_board_changed!"
from changes
where is_changed or is_board_changed

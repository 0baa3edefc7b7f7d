-- What a round may pay is decided when it begins.

alter table rounds add column max_payout bigint;
comment on column rounds.max_payout is
    'The largest payout of the operator when the round began, which limits it whatever the operator changes meanwhile. '
    'Null for rounds that began before this was kept: they are limited by the setting of the moment they end.';

-- What anybody may have relied on is never changed. As with append-only tables, a trigger stops everybody who does not
-- take it off first; that needs the owner of the tables or a superuser, and what such a person changes without the
-- ledger is found by `write-api verify-books`. (The privileges that 0004 and 0005 revoked protect from the same people's
-- mistakes: an owner can grant them back.)

create function refuse_rewriting() returns trigger language plpgsql as $$
begin
    raise exception 'a row of table % that is final can not be changed', tg_table_name
        using errcode = 'insufficient_privilege';
end
$$;

-- A round is inserted settled, or settled once by an update of an open one. So the conditions are looked at only by
-- updates, of which slots, roulette and baccarat make none.
create trigger rounds_final before update on rounds for each row
    when (
        old.status <> 'open'
        or (
            old.operator_id, old.id, old.player_id, old.game, old.math_version, old.seed_pair_id, old.nonce,
            old.created_at, old.max_payout
        ) is distinct from (
            new.operator_id, new.id, new.player_id, new.game, new.math_version, new.seed_pair_id, new.nonce,
            new.created_at, new.max_payout
        )
    )
    execute function refuse_rewriting();
create trigger rounds_kept before delete on rounds for each row execute function refuse_rewriting();
create trigger rounds_not_emptied before truncate on rounds for each statement execute function refuse_rewriting();

create trigger seed_pairs_final before update on seed_pairs for each row
    when (
        old.revealed_at is not null
        or (
            old.operator_id, old.id, old.player_id, old.server_seed, old.commitment, old.client_seed, old.created_at
        ) is distinct from (
            new.operator_id, new.id, new.player_id, new.server_seed, new.commitment, new.client_seed, new.created_at
        )
    )
    execute function refuse_rewriting();
create trigger seed_pairs_kept before delete on seed_pairs for each row execute function refuse_rewriting();
create trigger seed_pairs_not_emptied before truncate on seed_pairs
    for each statement execute function refuse_rewriting();

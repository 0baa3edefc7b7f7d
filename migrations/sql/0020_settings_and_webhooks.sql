-- What an operator sets about money beyond its branding, and the webhooks that tell operators what happened.

alter table operator_settings
    add column version bigint not null default 1,
    add column highest_max_stake bigint,
    add column highest_max_payout bigint,
    add column highest_default_balance bigint,
    add constraint operator_settings_highest_max_stake check (max_stake <= highest_max_stake),
    add constraint operator_settings_highest_max_payout check (max_payout <= highest_max_payout),
    add constraint operator_settings_highest_default_balance check (default_balance <= highest_default_balance);
comment on column operator_settings.version is
    'Grows by one with each change of a column that is money, so that who saves can say what the save was based on.';
comment on column operator_settings.highest_max_stake is
    'The most that the operator''s staff may set, as the platform decided; null where it did not. The same for the '
    'other two.';

-- A trigger, because limits are also changed with the branding, by the version before, too.
create function count_settings_version() returns trigger language plpgsql as $$
begin
    new.version := old.version + 1;
    return new;
end
$$;
create trigger operator_settings_version before update on operator_settings for each row
    when (
        (
            old.min_stake, old.max_stake, old.max_payout, old.default_balance, old.highest_max_stake,
            old.highest_max_payout, old.highest_default_balance
        ) is distinct from (
            new.min_stake, new.max_stake, new.max_payout, new.default_balance, new.highest_max_stake,
            new.highest_max_payout, new.highest_default_balance
        )
    )
    execute function count_settings_version();

create table webhook_endpoints (
    operator_id bigint not null,
    id bigint generated always as identity,
    url text not null,
    description text not null,
    event_types text[] not null,
    secret text not null,
    old_secret text,
    old_secret_until timestamptz,
    is_enabled boolean not null default true,
    disabled_reason text,
    failing_since timestamptz,
    created_at timestamptz not null,
    primary key (operator_id, id),
    constraint webhook_endpoints_operator foreign key (operator_id) references operators (id),
    constraint webhook_endpoints_old_secret check ((old_secret is null) = (old_secret_until is null)),
    constraint webhook_endpoints_disabled_reason check (disabled_reason is null or not is_enabled)
);
comment on table webhook_endpoints is 'Where operators want to be told what happened.';
comment on column webhook_endpoints.secret is 'Signs, so it has to be known here. Shown once, when it is made.';
comment on column webhook_endpoints.failing_since is 'The first failure since the last success.';

create table webhook_deliveries (
    operator_id bigint not null,
    id bigint generated always as identity,
    endpoint_id bigint not null,
    message_id uuid not null default gen_random_uuid(),
    event_type text not null,
    subject text not null,
    body text not null,
    status text not null default 'pending',
    attempts integer not null default 0,
    created_at timestamptz not null,
    next_attempt_at timestamptz,
    leased_until timestamptz,
    last_attempt_at timestamptz,
    last_status smallint,
    last_error text,
    last_latency_ms integer,
    primary key (operator_id, id),
    constraint webhook_deliveries_endpoint foreign key (operator_id, endpoint_id)
        references webhook_endpoints (operator_id, id) on delete cascade,
    constraint webhook_deliveries_status check (status in ('pending', 'delivered', 'failed')),
    constraint webhook_deliveries_pending check ((status = 'pending') = (next_attempt_at is not null))
);
create index webhook_deliveries_due on webhook_deliveries (operator_id, endpoint_id, next_attempt_at)
    where status = 'pending';
create index webhook_deliveries_leased on webhook_deliveries (operator_id, endpoint_id, leased_until)
    where leased_until is not null;
create index webhook_deliveries_of_endpoint on webhook_deliveries (operator_id, endpoint_id, id);
create unique index webhook_deliveries_of_round on webhook_deliveries (operator_id, endpoint_id, subject)
    where event_type = 'round.settled';
create index webhook_deliveries_by_age on webhook_deliveries (created_at);
comment on table webhook_deliveries is
    'The outbox and its log: what is to be told to whom, written in the transaction that makes it true, and what came '
    'of it. Rows are deleted some weeks later.';
comment on column webhook_deliveries.next_attempt_at is
    'Whoever attempts it moves this ahead first, so that no other instance attempts it meanwhile, and somebody does '
    'if that one dies.';

-- Rounds that are told of after their commit, so that a bet writes nothing for it.
create table webhook_mark (
    is_only boolean primary key default true,
    before_xid xid8 not null,
    constraint webhook_mark_one_row check (is_only)
);
comment on column webhook_mark.before_xid is
    'Every transaction with a smaller id has ended, and the rounds that it settled at once are told of.';
insert into webhook_mark (before_xid) values (pg_snapshot_xmin(pg_current_snapshot()));

create table webhook_due_rounds (
    operator_id bigint not null,
    round_id uuid not null,
    primary key (operator_id, round_id)
);
comment on table webhook_due_rounds is
    'Rounds of several steps that ended and are not told of yet. A lost one may end without an entry of the ledger, so '
    'the mark would miss it.';

create function note_settled_round() returns trigger language plpgsql as $$
begin
    insert into webhook_due_rounds (operator_id, round_id)
    select new.operator_id, new.id
    where exists (
        select
        from webhook_endpoints
        where operator_id = new.operator_id and is_enabled and 'round.settled' = any (event_types)
    )
    on conflict do nothing;
    return null;
end
$$;
create trigger rounds_told_of after update on rounds for each row
    when (old.status = 'open' and new.status = 'settled')
    execute function note_settled_round();

-- The rest of the casino: rounds that take several steps, limits that players set themselves, the cashier, and the
-- balances of the house's accounts.

alter table wallets
    add column deposited bigint not null default 0,
    add column revision bigint not null default 0,
    add column marked_hour bigint not null default 0,
    add constraint wallets_deposited_not_negative check (deposited >= 0);
comment on column wallets.revision is
    'Goes up with every change of the row: a write is only done to the row that it was decided for.';
comment on column wallets.deposited is 'What the player ever paid in by way of the cashier.';
comment on column wallets.marked_hour is 'The newest hour, counted from 1970, that wallet_marks has a row for.';

create table wallet_marks (
    operator_id bigint not null,
    player_id bigint not null,
    hour bigint not null,
    staked bigint not null,
    paid bigint not null,
    deposited bigint not null,
    primary key (operator_id, player_id, hour)
);
comment on table wallet_marks is
    'The lifetime totals of a wallet before its first movement in an hour. What a player staked in the last days is the '
    'difference of two totals, and costs one look-up however much was played.';

create table player_protection (
    operator_id bigint not null,
    player_id bigint not null,
    revision bigint not null,
    limits jsonb not null default '{}',
    time_out_until timestamptz,
    excluded_until timestamptz,
    changed_at timestamptz not null,
    primary key (operator_id, player_id),
    constraint player_protection_limits_object check (jsonb_typeof(limits) = 'object')
);
comment on table player_protection is
    'What players set for themselves: limits on stakes, losses and deposits, time-outs and self-exclusion. A player '
    'without a row has set nothing.';

create table player_protection_changes (
    operator_id bigint not null,
    player_id bigint not null,
    revision bigint not null,
    limits jsonb not null,
    time_out_until timestamptz,
    excluded_until timestamptz,
    changed_at timestamptz not null,
    primary key (operator_id, player_id, revision)
);
comment on table player_protection_changes is 'Every state that player_protection ever had. Append-only.';
revoke update, delete, truncate on player_protection_changes from public, current_user;
create trigger player_protection_changes_append_only
    before update or delete or truncate on player_protection_changes
    for each statement execute function refuse_change();

alter table rounds
    add column state json,
    add column due_at timestamptz,
    add constraint rounds_open_are_due check ((status = 'open') = (due_at is not null)),
    add constraint rounds_open_have_state check (status <> 'open' or state is not null);
comment on column rounds.state is
    'For games of several steps: the decisions so far. With seed pair and nonce they are all that a round consists of. '
    'Never shown.';
comment on column rounds.due_at is 'When an open round ends by itself, by the rule of its game.';
create unique index rounds_open on rounds (operator_id, player_id, game) where status = 'open';
create index rounds_due on rounds (due_at) where status = 'open';

create table round_actions (
    operator_id bigint not null,
    round_id uuid not null,
    number smallint not null,
    decision text not null,
    answer json not null,
    created_at timestamptz not null,
    primary key (operator_id, round_id, number)
);
comment on table round_actions is
    'The numbered steps of a round and what was answered to each, so that a repeat gets the same answer. Append-only.';
revoke update, delete, truncate on round_actions from public, current_user;
create trigger round_actions_append_only before update or delete or truncate on round_actions
    for each statement execute function refuse_change();

-- All entries of one transaction share a key, so this index costs an entry next to nothing.
create index ledger_entries_changed on ledger_entries (changed_xid);

create table house_balances (
    operator_id bigint not null,
    account bigint not null,
    credited numeric not null,
    debited numeric not null,
    entries bigint not null,
    primary key (operator_id, account),
    constraint house_balances_account foreign key (account) references ledger_accounts (code)
);
comment on table house_balances is
    'What the accounts of the house got and gave in all entries of transactions before the mark of house_rollup. Their '
    'balance is this and the entries since.';

create table house_rollup (
    is_only boolean primary key default true,
    before_xid xid8 not null,
    rolled_at timestamptz,
    constraint house_rollup_one_row check (is_only)
);
comment on column house_rollup.before_xid is
    'Every transaction with a smaller id has ended, and its entries are counted in house_balances.';
insert into house_rollup (before_xid) values ('0');

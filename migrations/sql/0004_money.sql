-- Money: wallets, the ledger, commands, seed pairs and rounds. Amounts are minor units of the operator's currency.

create table ledger_accounts (
    code bigint primary key,
    name text not null,
    description text not null,
    constraint ledger_accounts_house check (code < 0),
    constraint ledger_accounts_name_unique unique (name)
);
comment on table ledger_accounts is
    'Accounts that every operator has. They have no balance row that a bet would have to lock: their balance is the '
    'sum of their entries. A positive account number is the wallet of the player with that id.';
insert into ledger_accounts (code, name, description) values
    (-1, 'cashier', 'Money that comes from and goes to the world outside'),
    (-2, 'casino', 'What the casino won from and paid to players'),
    (-3, 'sportsbook', 'What sports bets won from and paid to players'),
    (-4, 'promotions', 'Money given to players');

create table wallets (
    operator_id bigint not null,
    player_id bigint not null,
    balance bigint not null default 0,
    version bigint not null default 0,
    staked bigint not null default 0,
    paid bigint not null default 0,
    rounds bigint not null default 0,
    seed_pair_id bigint not null,
    next_nonce bigint not null default 0,
    primary key (operator_id, player_id),
    constraint wallets_balance_not_negative check (balance >= 0),
    constraint wallets_totals_not_negative check (staked >= 0 and paid >= 0 and rounds >= 0)
) with (fillfactor = 70);
comment on table wallets is
    'The only hot row of a bet, so everything that a bet changes for its player lives in it, also lifetime totals and '
    'the next nonce. The free space of a page keeps its updates heap-only.';
comment on column wallets.version is 'The wallet_version of the newest ledger entry; 0 before the first.';

create table ledger_entries (
    operator_id bigint not null,
    id bigint generated always as identity,
    tx_id uuid not null,
    reason text not null,
    reference text not null,
    debit_account bigint not null,
    credit_account bigint not null,
    amount bigint not null,
    player_id bigint generated always as (
        case when debit_account > 0 then debit_account when credit_account > 0 then credit_account end
    ) stored,
    wallet_version bigint,
    balance_after bigint,
    created_at timestamptz not null,
    changed_xid xid8 not null default pg_current_xact_id(),
    primary key (operator_id, id),
    constraint ledger_entries_amount_positive check (amount > 0),
    constraint ledger_entries_two_accounts check (debit_account <> credit_account),
    constraint ledger_entries_one_wallet check (debit_account < 0 or credit_account < 0),
    constraint ledger_entries_no_account_zero check (debit_account <> 0 and credit_account <> 0),
    constraint ledger_entries_wallet_chain check (
        (debit_account < 0 and credit_account < 0) = (wallet_version is null)
        and (wallet_version is null) = (balance_after is null)
        and balance_after >= 0
        and wallet_version > 0
    )
);
create unique index ledger_entries_chain on ledger_entries (operator_id, player_id, wallet_version)
    where player_id is not null;
comment on table ledger_entries is
    'Every movement of money: amount goes from debit_account to credit_account, so the books cannot be unbalanced. '
    'Append-only. The versions of one wallet have no gap.';
comment on column ledger_entries.changed_xid is
    'The transaction that wrote the entry, so that a rollup can tell which entries are surely all committed.';

-- Not even the owner of the tables may change or take back an entry, and a superuser is stopped by the trigger.
revoke update, delete, truncate on ledger_entries from public, current_user;
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'table % is append-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
create trigger ledger_entries_append_only before update or delete or truncate on ledger_entries
    for each statement execute function refuse_change();

create table commands (
    operator_id bigint not null,
    actor text not null,
    key text not null,
    request_hash bytea not null,
    status smallint not null,
    answer json not null,
    created_at timestamptz not null,
    primary key (operator_id, actor, key),
    constraint commands_key_length check (char_length(key) between 1 and 128),
    constraint commands_request_hash_length check (octet_length(request_hash) = 32)
);
comment on table commands is
    'Idempotency: what was asked with a key and what was answered, written in the transaction of the effect and kept '
    'for ever. Append-only, as the ledger is.';
revoke update, delete, truncate on commands from public, current_user;
create trigger commands_append_only before update or delete or truncate on commands
    for each statement execute function refuse_change();

create table seed_pairs (
    operator_id bigint not null,
    id bigint generated always as identity,
    player_id bigint not null,
    server_seed text not null,
    commitment text not null,
    client_seed text not null,
    created_at timestamptz not null,
    revealed_at timestamptz,
    primary key (operator_id, id),
    constraint seed_pairs_server_seed_form check (server_seed ~ '^[0-9a-f]{64}$'),
    constraint seed_pairs_client_seed_form check (client_seed ~ '^[\x20-\x7e]{1,64}$')
);
create unique index seed_pairs_active on seed_pairs (operator_id, player_id) where revealed_at is null;
comment on column seed_pairs.server_seed is 'Secret until revealed_at is set; the commitment is its SHA-256.';

create table rounds (
    operator_id bigint not null,
    id uuid not null,
    player_id bigint not null,
    game text not null,
    math_version smallint not null,
    seed_pair_id bigint not null,
    nonce bigint not null,
    stake bigint not null,
    payout bigint not null,
    payout_limited boolean not null,
    status text not null,
    result json not null,
    created_at timestamptz not null,
    settled_at timestamptz,
    primary key (operator_id, id),
    constraint rounds_stake_positive check (stake > 0),
    constraint rounds_payout_not_negative check (payout >= 0),
    constraint rounds_status_known check (status in ('open', 'settled', 'void')),
    constraint rounds_settled_when check ((status = 'open') = (settled_at is null))
);
create index rounds_of_player on rounds (operator_id, player_id, id);
create unique index rounds_nonce on rounds (operator_id, seed_pair_id, nonce);
comment on table rounds is
    'Every casino round with all that is needed to recompute it. Ids are UUIDs of version 7, so they sort by time.';
comment on column rounds.payout_limited is
    'Whether the game won more than the largest payout of the operator at that moment, which is what was paid then.';

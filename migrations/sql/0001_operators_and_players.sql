-- Operators, the people who administer them, and their players.
--
-- Every primary key starts with operator_id, so that the data can be distributed by operator. Operator 0 is the
-- platform. Tables that a bet writes have no foreign key to the one row of their operator: a shared lock on it by
-- every bet costs multixacts.

create table operators (
    id bigint generated always as identity primary key,
    subdomain text not null,
    name text not null,
    email text,
    currency text not null default 'USD',
    is_active boolean not null default true,
    casino_enabled boolean not null default true,
    created_at timestamptz not null default now(),
    constraint operators_subdomain_unique unique (subdomain),
    constraint operators_subdomain_form check (subdomain ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    constraint operators_name_length check (char_length(name) between 1 and 100),
    constraint operators_currency_form check (currency ~ '^[A-Z]{3}$')
);
comment on column operators.casino_enabled is
    'The casino switch. Read again inside the transaction of every casino bet.';

create table operator_settings (
    operator_id bigint primary key,
    branding jsonb not null default '{}',
    min_stake bigint not null default 100,
    max_stake bigint not null default 1000000,
    max_payout bigint not null default 10000000,
    default_balance bigint not null default 100000,
    constraint operator_settings_operator foreign key (operator_id) references operators (id),
    constraint operator_settings_branding_object check (jsonb_typeof(branding) = 'object'),
    constraint operator_settings_stakes check (min_stake > 0 and max_stake >= min_stake),
    constraint operator_settings_payout check (max_payout >= max_stake),
    constraint operator_settings_default_balance check (default_balance >= 0)
);
comment on column operator_settings.branding is
    'Only what differs from the defaults, in the groups theme, branding, features, betting and layout. Money limits '
    'are columns, because bets are checked against them.';
comment on column operator_settings.max_stake is 'Minor units, as every amount in this schema.';

create table staff (
    operator_id bigint not null,
    id bigint generated always as identity,
    login text not null,
    password_hash text not null,
    email text,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    last_login_at timestamptz,
    primary key (operator_id, id)
);
create unique index staff_login_unique on staff (lower(login));
comment on table staff is 'Who administers an operator, or, with operator_id 0, the platform.';

create table players (
    operator_id bigint not null,
    id bigint generated always as identity,
    username text not null,
    email text not null,
    password_hash text not null,
    is_active boolean not null default true,
    created_at timestamptz not null default now(),
    last_login_at timestamptz,
    primary key (operator_id, id),
    constraint players_username_length check (char_length(username) between 3 and 50)
);
create unique index players_username_unique on players (operator_id, lower(username));
create unique index players_email_unique on players (operator_id, lower(email));

create table sessions (
    operator_id bigint not null,
    token_hash bytea not null,
    player_id bigint,
    staff_id bigint,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (operator_id, token_hash),
    constraint sessions_token_hash_length check (octet_length(token_hash) = 32),
    constraint sessions_one_subject check ((player_id is null) <> (staff_id is null))
);
create index sessions_expiry on sessions (expires_at);
create index sessions_of_player on sessions (operator_id, player_id) where player_id is not null;
create index sessions_of_staff on sessions (operator_id, staff_id) where staff_id is not null;
comment on column sessions.token_hash is
    'SHA-256 of the token: the token itself is known to its owner only.';

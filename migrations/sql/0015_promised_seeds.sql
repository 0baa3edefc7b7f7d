-- Server seeds that are promised before the client seed is chosen, and references of the cashier that count once also in
-- the ledger.

create table next_seeds (
    operator_id bigint not null,
    player_id bigint not null,
    server_seed text not null,
    commitment text not null,
    promised_at timestamptz not null,
    primary key (operator_id, player_id),
    constraint next_seeds_server_seed_form check (server_seed ~ '^[0-9a-f]{64}$')
);
comment on table next_seeds is
    'The server seed of each player''s next pair. Its commitment is shown before the player chooses the next client '
    'seed, so that the house can''t choose a server seed for it. Players from before this table have none until their '
    'next rotation.';

create unique index ledger_entries_cashier on ledger_entries (operator_id, reference)
    where reason in ('deposit', 'withdrawal');

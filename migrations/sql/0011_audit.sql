-- The audit log: what staff did, and a chain of hashes over it.

create table audit_entries (
    operator_id bigint not null,
    id bigint generated always as identity,
    at timestamptz not null,
    staff_operator_id bigint,
    staff_id bigint,
    login text not null,
    address text,
    request_id text,
    action text not null,
    subject text,
    before json,
    after json,
    primary key (operator_id, id),
    constraint audit_entries_staff check ((staff_id is null) = (staff_operator_id is null)),
    constraint audit_entries_action_form check (action ~ '^[a-z_]+\.[a-z_]+$')
);
create index audit_entries_by_time on audit_entries (operator_id, at);
create index audit_entries_by_subject on audit_entries (operator_id, subject, id) where subject is not null;
comment on table audit_entries is
    'What staff did, written in the transaction of its effect. Append-only. operator_id is whom it concerns; '
    'staff_operator_id is 0 where staff of the platform did it, and null where a command of the machine did.';
comment on column audit_entries.login is 'As it was then.';
comment on column audit_entries.before is 'The members that differ, as they were.';

create table audit_due (
    operator_id bigint not null,
    entry_id bigint not null,
    primary key (operator_id, entry_id)
);
comment on table audit_due is 'Entries that are not in the chain yet.';

create table audit_chain (
    operator_id bigint not null,
    position bigint not null,
    entry_id bigint not null,
    hash bytea not null,
    primary key (operator_id, position),
    constraint audit_chain_once unique (operator_id, entry_id),
    constraint audit_chain_position_positive check (position > 0),
    constraint audit_chain_hash_length check (octet_length(hash) = 32)
);
comment on table audit_chain is
    'A hash of each entry and of the hash before it, so that who notes the newest hash can tell later whether anything '
    'before it was changed. Made after the commit, in the order in which entries are found. There is no foreign key: its '
    'check would need the right to lock an entry, which nobody has.';

create table audit_heads (
    operator_id bigint primary key,
    position bigint not null default 0,
    hash bytea not null default decode(repeat('00', 32), 'hex')
);
comment on table audit_heads is 'The end of each chain. Its row is locked by whoever makes the chain longer.';

revoke update, delete, truncate on audit_entries, audit_chain from public, current_user;
create trigger audit_entries_append_only before update or delete or truncate on audit_entries
    for each statement execute function refuse_change();
create trigger audit_chain_append_only before update or delete or truncate on audit_chain
    for each statement execute function refuse_change();

-- Somebody at the machine's console is no staff.
alter table disabled_events alter column disabled_by drop not null;

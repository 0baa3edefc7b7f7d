-- Roles of the platform's staff, and second factors of all staff.

-- A constant default: no row is written again, and the version before this one goes on adding owners.
alter table staff
    add column role text not null default 'owner',
    add constraint staff_role_known check (role in ('owner', 'support', 'finance')),
    add constraint staff_role_of_platform check (operator_id = 0 or role = 'owner');
comment on column staff.role is
    'What staff of the platform may do. Who administers an operator is always an owner there.';

create table second_factors (
    operator_id bigint not null,
    staff_id bigint not null,
    secret bytea not null,
    begun_at timestamptz not null,
    confirmed_at timestamptz,
    last_step bigint not null default 0,
    primary key (operator_id, staff_id),
    constraint second_factors_staff foreign key (operator_id, staff_id) references staff (operator_id, id),
    constraint second_factors_secret_length check (octet_length(secret) = 20)
);
comment on table second_factors is
    'The secrets that one-time codes of staff are made from (RFC 6238). One that is not confirmed yet asks nobody for a '
    'code.';
comment on column second_factors.secret is
    'In the clear: the service has no key that is kept elsewhere than the database''s password is, and codes can''t be '
    'checked against a hash.';
comment on column second_factors.last_step is
    'The period of 30 seconds, counted from 1970, of the newest code that was taken: none of it or before is taken again.';

create table recovery_codes (
    operator_id bigint not null,
    staff_id bigint not null,
    code_hash bytea not null,
    primary key (operator_id, staff_id, code_hash),
    constraint recovery_codes_second_factor foreign key (operator_id, staff_id)
        references second_factors (operator_id, staff_id) on delete cascade,
    constraint recovery_codes_hash_length check (octet_length(code_hash) = 32)
);
comment on table recovery_codes is
    'What is taken in place of a one-time code, each once: its row is deleted then. SHA-256, because they are random.';

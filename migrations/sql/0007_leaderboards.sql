-- Leaderboards: what every player and operator staked, was paid and played, less what it was when the running contest
-- began.
--
-- One background task writes these tables, from wallets that changed. No bet reads or writes any of them, and nothing
-- here is on a table that a bet writes.

create table contests (
    id bigint generated always as identity primary key,
    name text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    is_running boolean not null default true,
    constraint contests_name_length check (char_length(name) between 1 and 100),
    constraint contests_end_after_start check (ends_at > starts_at)
);
create unique index contests_one_running on contests (is_running) where is_running;
comment on table contests is
    'A contest runs, for all operators, until the next one begins. Before the first, boards show lifetime figures.';
comment on column contests.ends_at is 'When it is said to end. Shown, and not acted upon.';

create table operator_standings (
    operator_id bigint primary key,
    unit bigint not null,
    players bigint not null default 0,
    staked bigint not null default 0,
    rounds bigint not null default 0,
    base_players bigint not null default 0,
    base_staked bigint not null default 0,
    base_rounds bigint not null default 0,
    listed bigint not null default 0,
    listed_staked bigint not null default 0,
    listed_paid bigint not null default 0,
    constraint operator_standings_operator foreign key (operator_id) references operators (id),
    constraint operator_standings_unit_positive check (unit > 0),
    constraint operator_standings_listed_not_negative check (listed >= 0)
);
comment on table operator_standings is
    'The sums of the rows of standings of each operator, kept with them: of all its players, and of those on the board.';
comment on column operator_standings.unit is
    'Ten-thousandths in one minor unit of the operator''s currency. Amounts of several currencies are ranked and summed '
    'as the numbers that are shown, which is in ten-thousandths.';
comment on column operator_standings.base_staked is 'As it was when the running contest began; 0 before the first.';

create table standings (
    operator_id bigint not null,
    player_id bigint not null,
    contest_id bigint not null,
    staked bigint not null,
    paid bigint not null,
    rounds bigint not null,
    base_staked bigint not null,
    base_paid bigint not null,
    is_listed boolean not null,
    profit_rank bigint not null,
    staked_rank bigint not null,
    primary key (operator_id, player_id)
) with (fillfactor = 80);
create index standings_of_all on standings (
    contest_id, profit_rank desc, staked_rank desc, operator_id, player_id
) where is_listed;
create index standings_of_operator on standings (
    operator_id, contest_id, profit_rank desc, staked_rank desc, player_id
) where is_listed;
comment on table standings is
    'The lifetime totals of each wallet as they were last copied, and as they were when the contest of the row began.';
comment on column standings.contest_id is
    'The contest that the bases belong to; 0 before the first. In a later contest the row counts as one whose totals '
    'are its bases, so that a contest begins without touching the rows of those who have not played since.';
comment on column standings.is_listed is
    'Whether the player is active and was paid more than staked since the bases: who is on the board.';
comment on column standings.profit_rank is
    'What was paid less what was staked since the bases, in ten-thousandths, for the order of the board. Where it does '
    'not fit, the largest number there is.';

create table standings_due (
    id bigint generated always as identity primary key,
    operator_id bigint not null,
    player_id bigint
);
create index standings_due_operators on standings_due (id) where player_id is null;
comment on table standings_due is
    'Operators and players that are new, renamed, or switched on or off, for the task that keeps the standings. '
    'Without a player, the operator itself. One may be named twice: a row that waited for the one before to be taken '
    'away would hold up its transaction.';

create table standings_mark (
    is_only boolean primary key default true,
    before_xid xid8 not null,
    constraint standings_mark_one_row check (is_only)
);
comment on column standings_mark.before_xid is
    'Every transaction with a smaller id has ended, and the wallets of its entries were copied to the standings after.';
insert into standings_mark (before_xid) values ('0');

create function note_operator_for_standings() returns trigger language plpgsql as $$
begin
    insert into standings_due (operator_id) values (new.id);
    return null;
end
$$;
create trigger operators_new_for_standings after insert on operators
    for each row execute function note_operator_for_standings();
create trigger operators_changed_for_standings after update of name, subdomain, is_active on operators
    for each row when ((old.name, old.subdomain, old.is_active) is distinct from (new.name, new.subdomain, new.is_active))
    execute function note_operator_for_standings();

create function note_player_for_standings() returns trigger language plpgsql as $$
begin
    insert into standings_due (operator_id, player_id) values (new.operator_id, new.id);
    return null;
end
$$;
create trigger players_new_for_standings after insert on players
    for each row execute function note_player_for_standings();
create trigger players_changed_for_standings after update of username, is_active on players
    for each row when ((old.username, old.is_active) is distinct from (new.username, new.is_active))
    execute function note_player_for_standings();

insert into standings_due (operator_id) select id from operators order by id;
insert into standings_due (operator_id, player_id) select operator_id, id from players order by operator_id, id;

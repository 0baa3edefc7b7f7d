-- Daily revenue that nothing holds up: failures of single operators, corrections of posted days, and what verify-books
-- needs to find what was changed by hand. A writer of before this migration goes on as it did: what it does not know has
-- a default or may be null.

-- The time that decides whether a day is over: the database's, so that it is one for all instances. A function, so that
-- a test can move it.
create function revenue_now() returns timestamptz language sql stable as 'select now()';

alter table operations
    add column failed bigint not null default 0,
    add constraint operations_failed check (failed >= 0 and failed <= looked_at);
comment on column operations.failed is
    'Operators that a round of daily revenue could not do. It went on without them, and they are in revenue_failures.';
create index operations_listed on operations (operator_id, started_at desc, id);
-- Names of constraints are nothing for staff.
update operations set failure = 'the database refused a row' where failure like 'constraint %';

alter table daily_revenue
    add column number integer not null default 0,
    add column sports_revenue bigint not null default 0,
    add column basis jsonb;
comment on column daily_revenue.sports_revenue is 'The part of total_revenue that sports bets made; the rest is the casino''s.';
comment on column daily_revenue.basis is
    'What the parts were worked out by: initial balances and shares. Null where a writer of before this column did.';

-- The columns are those of daily_revenue, in their order, with its checks.
create table revenue_corrections (
    like daily_revenue including defaults including constraints including comments,
    primary key (operator_id, day, number),
    constraint revenue_corrections_day foreign key (operator_id, day) references daily_revenue (operator_id, day),
    constraint revenue_corrections_number check (number > 0)
);
alter table daily_revenue add constraint daily_revenue_number check (number = 0);
create index revenue_corrections_due on revenue_corrections (operator_id, day, number) where posted_at is null;
comment on table revenue_corrections is
    'What a day that was posted came to when something settled into it later: the whole day anew, numbered from 1. '
    'Posting one moves the difference from the one before, of which daily_revenue has the first.';
create trigger revenue_corrections_posted_stay before update or delete on revenue_corrections
    for each row when (old.posted_at is not null) execute function refuse_change_of_posted_revenue();

create view revenue_calculations as
select * from daily_revenue
union all
select * from revenue_corrections;
comment on view revenue_calculations is 'All calculations of each day; the one with the largest number counts.';

create table revenue_posted (
    operator_id bigint primary key,
    first_day date not null,
    last_day date not null,
    constraint revenue_posted_operator foreign key (operator_id) references operators (id)
);
comment on table revenue_posted is
    'From which to which day each operator''s revenue was ever posted: every day between has its row in daily_revenue.';
insert into revenue_posted (operator_id, first_day, last_day)
select operator_id, min(day), max(day)
from daily_revenue
where posted_at is not null
group by operator_id;

create function note_posted_revenue() returns trigger language plpgsql as $$
begin
    insert into revenue_posted as noted (operator_id, first_day, last_day)
    values (new.operator_id, new.day, new.day)
    on conflict (operator_id) do update
    set first_day = least(noted.first_day, new.day), last_day = greatest(noted.last_day, new.day);
    return null;
end
$$;
create trigger daily_revenue_posted_noted after update on daily_revenue
    for each row when (new.posted_at is not null) execute function note_posted_revenue();

create table revenue_failures (
    operator_id bigint primary key,
    day date not null,
    reason text not null,
    failures integer not null default 1,
    first_failed_at timestamptz not null,
    failed_at timestamptz not null,
    constraint revenue_failures_operator foreign key (operator_id) references operators (id),
    constraint revenue_failures_counted check (failures > 0)
);
comment on table revenue_failures is
    'Operators whose revenue could not be worked out or posted, with the first day that is not. Gone once it is posted.';

alter table revenue_schedule
    add column tried_day date,
    add column tried_at timestamptz;
comment on table revenue_schedule is
    'last_day: up to which day the schedule has done everything. tried_day, tried_at: its last round. The row''s lock '
    'decides which instance begins the next.';

-- Standings that are kept never change: their hash says whether they did.
create function contest_hash(contest bigint) returns bytea language sql stable as $$
    select sha256(convert_to(
        coalesce((
            select string_agg(
                concat_ws(' ', position, operator_id, player_id, username, staked, paid), chr(10) order by position
            )
            from contest_players
            where contest_id = contest
        ), '')
        || chr(10) || chr(10)
        || coalesce((
            select string_agg(
                concat_ws(' ', position, operator_id, players, staked, rounds), chr(10) order by position
            )
            from contest_operators
            where contest_id = contest
        ), ''),
        'UTF8'
    ))
$$;
alter table contests add column kept_hash bytea;
comment on column contests.kept_hash is
    'contest_hash when the standings were kept; null before, and where a writer of before this column kept them.';
update contests set kept_hash = contest_hash(id)
where exists (select from contest_operators where contest_id = id)
    or exists (select from contest_players where contest_id = id);

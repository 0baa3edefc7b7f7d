-- Long operations that go on after a crash, resets of all balances, standings that are kept, and daily revenue.

insert into ledger_accounts (code, name, description) values
    (-20, 'resets', 'What resets of all balances gave to players and took from them'),
    (-21, 'platform', 'The platform''s fees and its part of the profit');

create table operations (
    operator_id bigint not null,
    id uuid not null,
    kind text not null,
    parameters json not null,
    status text not null default 'pending',
    cursor_operator bigint not null default 0,
    cursor_player bigint not null default 0,
    contest_id bigint,
    steps bigint not null default 0,
    total bigint,
    looked_at bigint not null default 0,
    changed bigint not null default 0,
    failures integer not null default 0,
    failure text,
    staff_operator_id bigint,
    staff_id bigint,
    started_at timestamptz not null,
    updated_at timestamptz not null,
    ended_at timestamptz,
    primary key (operator_id, id),
    constraint operations_status_known check (status in ('pending', 'running', 'done', 'failed')),
    constraint operations_ended_when check ((status in ('done', 'failed')) = (ended_at is not null)),
    constraint operations_counts check (steps >= 0 and changed >= 0 and looked_at >= changed)
);
create unique index operations_one_at_once on operations (operator_id, kind) where ended_at is null;
comment on table operations is
    'Work that takes many transactions. Each moves the cursor together with its effects, so that the work goes on where '
    'it stopped, at whichever instance takes the row next. Of operator 0: the platform''s.';
comment on column operations.total is 'How much there is to look at, once that is known.';
comment on column operations.failures is 'Steps in a row that failed other than by the database being away.';

create table balance_resets (
    operation_id uuid not null,
    operator_id bigint not null,
    target bigint not null,
    through_player bigint not null,
    primary key (operation_id, operator_id),
    constraint balance_resets_target check (target >= 0)
);
comment on table balance_resets is
    'What an operation sets the balances of an operator''s players to: those up to through_player, who were there when '
    'it began.';

-- An end that was decided; the boards go on until the next contest begins.
alter table contests add column ended_at timestamptz;

create table contest_players (
    contest_id bigint not null,
    position integer not null,
    operator_id bigint not null,
    player_id bigint not null,
    username text not null,
    staked bigint not null,
    paid bigint not null,
    primary key (contest_id, position),
    constraint contest_players_contest foreign key (contest_id) references contests (id)
);
comment on table contest_players is 'The best players of a contest that ended, as they stood and were called then.';

create table contest_operators (
    contest_id bigint not null,
    position integer not null,
    operator_id bigint not null,
    players bigint not null,
    staked bigint not null,
    rounds bigint not null,
    primary key (contest_id, position),
    constraint contest_operators_contest foreign key (contest_id) references contests (id)
);
comment on table contest_operators is
    'The operators by what was staked in a contest that ended. All of their players are counted, as on the board.';

create table daily_revenue (
    operator_id bigint not null,
    day date not null,
    total_bets_amount bigint not null,
    total_payouts bigint not null,
    total_revenue bigint not null,
    bookmaker_own_share bigint not null,
    platform_fee_from_own bigint not null,
    bookmaker_net_own bigint not null,
    remaining_profit bigint not null,
    bookmaker_share bigint not null,
    community_share bigint not null,
    platform_share bigint not null,
    bookmaker_own_loss bigint not null,
    remaining_loss bigint not null,
    bookmaker_loss bigint not null,
    community_loss bigint not null,
    calculated_at timestamptz not null,
    posted_at timestamptz,
    posted_tx_id uuid,
    primary key (operator_id, day),
    constraint daily_revenue_operator foreign key (operator_id) references operators (id),
    constraint daily_revenue_total check (total_revenue = total_bets_amount - total_payouts),
    constraint daily_revenue_own check (bookmaker_own_share = platform_fee_from_own + bookmaker_net_own),
    constraint daily_revenue_profit check (
        remaining_profit = bookmaker_share + community_share + platform_share
        and bookmaker_own_share + remaining_profit = greatest(total_revenue, 0)
    ),
    constraint daily_revenue_loss check (
        remaining_loss = bookmaker_loss + community_loss
        and bookmaker_own_loss + remaining_loss = greatest(-total_revenue, 0)
    ),
    constraint daily_revenue_parts check (
        least(
            total_bets_amount, total_payouts, platform_fee_from_own, bookmaker_net_own, bookmaker_share,
            community_share, platform_share, bookmaker_own_loss, bookmaker_loss, community_loss
        ) >= 0
    ),
    constraint daily_revenue_posted_by check ((posted_at is null) = (posted_tx_id is null))
);
create index daily_revenue_of_day on daily_revenue (day desc, operator_id);
create index daily_revenue_due on daily_revenue (operator_id, day) where posted_at is null;
comment on table daily_revenue is
    'What each operator won or lost on each day (UTC) and how it is split. Recomputed at will until it is posted; then '
    'never changed.';
comment on column daily_revenue.posted_tx_id is 'The tx_id of the ledger entries that moved the parts.';

create function refuse_change_of_posted_revenue() returns trigger language plpgsql as $$
begin
    raise exception 'revenue that is posted is never changed' using errcode = 'insufficient_privilege';
end
$$;
create trigger daily_revenue_posted_stays before update or delete on daily_revenue
    for each row when (old.posted_at is not null) execute function refuse_change_of_posted_revenue();

create table revenue_schedule (
    is_only boolean primary key default true,
    last_day date not null,
    constraint revenue_schedule_one_row check (is_only)
);
comment on table revenue_schedule is
    'The last day whose revenue the schedule had worked out. Its lock decides which instance does the next.';
insert into revenue_schedule (last_day) values ((now() at time zone 'utc')::date - 1);

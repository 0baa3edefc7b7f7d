-- The daily totals added up further, so that the platform's pages read no row for each of its operators and days.
--
-- A trigger keeps the sums with daily_totals, whoever adds to it: also a writer of before this migration. Only who adds
-- to daily_totals waits for this migration, and tries again; bets write daily_totals_due, and do not wait. While the
-- index on players is made at the end, registrations and log-ins wait: about a second for each million of players.

create table currency_totals (
    currency text not null,
    day date not null,
    product text not null,
    category text not null,
    kind text not null,
    settled bigint not null,
    won bigint not null,
    voided bigint not null,
    staked bigint not null,
    paid bigint not null,
    primary key (currency, day, product, category, kind)
);
comment on table currency_totals is
    'What daily_totals adds up to over all operators of a currency, which an operator keeps.';

create table monthly_totals (
    operator_id bigint not null,
    month date not null,
    product text not null,
    category text not null,
    settled bigint not null,
    won bigint not null,
    voided bigint not null,
    staked bigint not null,
    paid bigint not null,
    primary key (operator_id, month, product, category),
    constraint monthly_totals_first_day check (extract(day from month) = 1)
);
comment on table monthly_totals is
    'What daily_totals adds up to over the days and kinds of a month, which is called by its first day.';

create function add_to_coarser_totals(changed daily_totals[], sign integer) returns void language sql as $$
    insert into currency_totals as total (
        currency, day, product, category, kind, settled, won, voided, staked, paid
    )
    select
        operators.currency, day, product, category, kind,
        sum(sign * settled), sum(sign * won), sum(sign * voided), sum(sign * staked), sum(sign * paid)
    from unnest(changed)
    join operators on operators.id = operator_id
    group by operators.currency, day, product, category, kind
    on conflict (currency, day, product, category, kind) do update
    set
        settled = total.settled + excluded.settled,
        won = total.won + excluded.won,
        voided = total.voided + excluded.voided,
        staked = total.staked + excluded.staked,
        paid = total.paid + excluded.paid;
    insert into monthly_totals as total (
        operator_id, month, product, category, settled, won, voided, staked, paid
    )
    select
        operator_id, date_trunc('month', day::timestamp)::date, product, category,
        sum(sign * settled), sum(sign * won), sum(sign * voided), sum(sign * staked), sum(sign * paid)
    from unnest(changed)
    group by operator_id, date_trunc('month', day::timestamp)::date, product, category
    on conflict (operator_id, month, product, category) do update
    set
        settled = total.settled + excluded.settled,
        won = total.won + excluded.won,
        voided = total.voided + excluded.voided,
        staked = total.staked + excluded.staked,
        paid = total.paid + excluded.paid;
$$;

create function keep_coarser_totals() returns trigger language plpgsql as $$
begin
    -- An upsert comes here twice, for what it inserted and for what it updated. One transaction after the other, so
    -- that two never wait for each other crosswise; none takes a row of daily_totals after this.
    perform pg_advisory_xact_lock(hashtextextended('coarser_totals', 0));
    if tg_op <> 'DELETE' then
        perform add_to_coarser_totals(array(
            select
                row(operator_id, day, product, category, kind, settled, won, voided, staked, paid)::daily_totals
            from written
        ), 1);
    end if;
    if tg_op <> 'INSERT' then
        perform add_to_coarser_totals(array(
            select
                row(operator_id, day, product, category, kind, settled, won, voided, staked, paid)::daily_totals
            from replaced
        ), -1);
    end if;
    return null;
end
$$;
create trigger daily_totals_inserted after insert on daily_totals
    referencing new table as written for each statement execute function keep_coarser_totals();
create trigger daily_totals_updated after update on daily_totals
    referencing new table as written old table as replaced for each statement execute function keep_coarser_totals();
create trigger daily_totals_deleted after delete on daily_totals
    referencing old table as replaced for each statement execute function keep_coarser_totals();

insert into currency_totals (currency, day, product, category, kind, settled, won, voided, staked, paid)
select currency, day, product, category, kind, sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
from daily_totals
join operators on operators.id = operator_id
group by currency, day, product, category, kind;

insert into monthly_totals (operator_id, month, product, category, settled, won, voided, staked, paid)
select
    operator_id, date_trunc('month', day::timestamp)::date, product, category,
    sum(settled), sum(won), sum(voided), sum(staked), sum(paid)
from daily_totals
group by operator_id, date_trunc('month', day::timestamp)::date, product, category;

-- For the days before and behind whole months, over all operators.
create index daily_totals_of_day on daily_totals (day);

-- What lists and counts of players ask about, so that they read no player but those they show.
create index players_listed on players (operator_id, id) include (created_at, last_login_at);

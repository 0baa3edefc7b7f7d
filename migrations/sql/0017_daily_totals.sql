-- What was settled on each day, so that a report does not read rounds.
--
-- A trigger counts whatever settles, whoever writes it: also a writer of before this migration. While the rounds that
-- are there already are counted, bets wait: about a second for each few million rounds.

create table daily_totals (
    operator_id bigint not null,
    day date not null,
    product text not null,
    category text not null,
    kind text not null default '',
    settled bigint not null,
    won bigint not null,
    voided bigint not null,
    staked bigint not null,
    paid bigint not null,
    primary key (operator_id, day, product, category, kind),
    constraint daily_totals_product_known check (product in ('casino', 'sports'))
);
comment on table daily_totals is
    'What settled on a day in UTC, but for what daily_totals_due still holds. category is the game or the sport, kind '
    'the market. won counts what paid more than was staked; what was voided is in no other number.';

create table daily_totals_due (
    like daily_totals including defaults
);
comment on table daily_totals_due is
    'What is to be added to daily_totals: a row for each transaction, day and category. Totals are always the sum of '
    'both tables, so nobody who settles waits for a row of daily_totals.';

create function count_settled_rounds() returns trigger language plpgsql as $$
begin
    insert into daily_totals_due (operator_id, day, product, category, settled, won, voided, staked, paid)
    select
        operator_id,
        (settled_at at time zone 'UTC')::date,
        'casino',
        game,
        count(*) filter (where status = 'settled'),
        count(*) filter (where status = 'settled' and payout > stake),
        count(*) filter (where status = 'void'),
        coalesce(sum(stake) filter (where status = 'settled'), 0),
        coalesce(sum(payout) filter (where status = 'settled'), 0)
    from written
    where status <> 'open'
    group by operator_id, (settled_at at time zone 'UTC')::date, game;
    return null;
end
$$;
-- A round that is settled never changes again, so each is counted by one of the two.
create trigger rounds_counted_when_inserted after insert on rounds
    referencing new table as written for each statement execute function count_settled_rounds();
create trigger rounds_counted_when_updated after update on rounds
    referencing new table as written for each statement execute function count_settled_rounds();

insert into daily_totals (operator_id, day, product, category, settled, won, voided, staked, paid)
select
    operator_id,
    (settled_at at time zone 'UTC')::date,
    'casino',
    game,
    count(*) filter (where status = 'settled'),
    count(*) filter (where status = 'settled' and payout > stake),
    count(*) filter (where status = 'void'),
    coalesce(sum(stake) filter (where status = 'settled'), 0),
    coalesce(sum(payout) filter (where status = 'settled'), 0)
from rounds
where status <> 'open'
group by operator_id, (settled_at at time zone 'UTC')::date, game;

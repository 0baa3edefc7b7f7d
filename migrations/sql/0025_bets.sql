-- Bets on sports: bets and their legs, what markets came to, what an operator stands to lose, and what players owe.

create sequence bet_ids;
comment on sequence bet_ids is 'Numbers of bets, over all operators.';

create table bets (
    operator_id bigint not null,
    id bigint not null,
    player_id bigint not null,
    kind text not null,
    sizes smallint[] not null,
    lines integer not null,
    unit_stake bigint not null,
    stake bigint not null,
    potential_payout bigint not null,
    max_payout bigint not null,
    policy text not null,
    category text not null,
    market text not null,
    status text not null default 'pending',
    payout bigint not null default 0,
    settlements integer not null default 0,
    placed_at timestamptz not null,
    settled_at timestamptz,
    primary key (operator_id, id),
    constraint bets_kind_known check (kind in ('single', 'combo', 'system')),
    constraint bets_policy_known check (policy in ('none', 'better', 'any')),
    constraint bets_status_known check (status in ('pending', 'won', 'lost', 'void', 'cashed_out')),
    constraint bets_stake_of_lines check (unit_stake > 0 and lines > 0 and stake = unit_stake * lines),
    constraint bets_payout_not_negative check (payout >= 0 and potential_payout >= 0 and settlements >= 0),
    constraint bets_nothing_paid_before check (status <> 'pending' or payout = 0),
    constraint bets_settled_when check ((status = 'pending') = (settled_at is null))
);
create index bets_of_player on bets (operator_id, player_id, id);
create index bets_pending on bets (operator_id, id) where status = 'pending';
comment on column bets.sizes is 'How many legs a line has: {1} for a single, {n} for a combo of n, several for a system.';
comment on column bets.max_payout is 'The most that it pays, as it was when it was placed. A void bet returns its stake all the same.';
comment on column bets.category is 'Where its totals are counted: the sport, or multiple when its legs are of several.';
comment on column bets.market is 'The same for the market: its key, or combo or system.';
comment on column bets.payout is 'What it has paid after all its settlements, a returned stake too.';
comment on column bets.settlements is 'How often it was settled, settled anew or undone: the version of the newest row of bet_settlements.';

create index bets_uncounted on bets (operator_id, player_id) where status in ('pending', 'void');

create table bet_legs (
    operator_id bigint not null,
    bet_id bigint not null,
    number smallint not null,
    player_id bigint not null,
    sport text not null,
    event_id text not null,
    market_id text not null,
    selection_id text not null,
    line text,
    line_kind text,
    price_milli bigint not null,
    home text not null,
    away text not null,
    league text not null,
    starts_at timestamptz not null,
    market_key text not null,
    market_name text not null,
    selection_name text not null,
    outcome text,
    settlement_id bigint not null default 0,
    is_by_hand boolean not null default false,
    is_waiting boolean not null default true,
    book text not null,
    primary key (operator_id, bet_id, number),
    constraint bet_legs_price check (price_milli > 1000)
);
create index bet_legs_of_market on bet_legs (sport, event_id, market_id, operator_id, bet_id);
create index bet_legs_waiting on bet_legs (starts_at) where is_waiting;
comment on table bet_legs is 'What each bet was placed on, as it was shown then: the catalogue may change or forget it.';
comment on column bet_legs.outcome is 'won, lost, void, half_won, half_lost or dead_heat:<paid>/<among>; null while it is not decided.';
comment on column bet_legs.is_waiting is 'Whether it is not decided and its bet is pending: a leg of a bet that is lost or sold waits no more.';
comment on column bet_legs.book is 'What it is counted in of its market''s exposure: at most one selection of a book wins.';
comment on column bet_legs.settlement_id is 'The market settlement that decided it; a smaller one never decides it again.';

create table bet_markets (
    sport text not null,
    event_id text not null,
    market_id text not null,
    offered text[] not null,
    primary key (sport, event_id, market_id)
);
comment on table bet_markets is
    'The names of the selections that a market had when it was first bet on: they say what any other is, and whether a '
    'draw was offered.';

create table market_settlements (
    operator_id bigint not null,
    id bigint generated always as identity,
    sport text not null,
    event_id text not null,
    market_id text not null,
    outcomes jsonb,
    others text,
    source text not null,
    reason text,
    made_by text not null,
    made_at timestamptz not null,
    after_operator bigint not null default 0,
    after_bet bigint not null default 0,
    bets bigint not null default 0,
    changed bigint not null default 0,
    failures integer not null default 0,
    due_at timestamptz not null,
    done_at timestamptz,
    primary key (operator_id, id),
    constraint market_settlements_outcomes_object check (jsonb_typeof(outcomes) = 'object'),
    constraint market_settlements_source_known check (source in ('results', 'manual', 'csv', 'rule'))
);
create index market_settlements_of_market on market_settlements (sport, event_id, market_id, id);
create index market_settlements_due on market_settlements (due_at) where done_at is null;
comment on table market_settlements is
    'What a market came to: operator_id 0 for all operators, else only for the bets of that one. A later row settles the '
    'market anew, one without outcomes undoes what was settled. Written first, so that no bet is taken any more; then '
    'the bets follow in batches behind the cursor (after_operator, after_bet).';
comment on column market_settlements.outcomes is 'By selection id. A selection that is not here is what others says, and stays undecided without it.';

create table bet_settlements (
    operator_id bigint not null,
    bet_id bigint not null,
    version integer not null,
    market_settlement_id bigint,
    status text not null,
    payout bigint not null,
    settled_at timestamptz not null,
    category text not null,
    market text not null,
    settled integer not null,
    won integer not null,
    voided integer not null,
    staked bigint not null,
    paid bigint not null,
    primary key (operator_id, bet_id, version),
    constraint bet_settlements_version_positive check (version > 0)
);
comment on table bet_settlements is
    'Each settlement of a bet. settled, won, voided, staked and paid are what it changed of the totals, so that a '
    'correction counts on the day on which it was made. Append-only.';
comment on column bet_settlements.market_settlement_id is 'What it follows from; null for a cash-out.';
revoke update, delete, truncate on bet_settlements from public, current_user;
create trigger bet_settlements_append_only before update or delete or truncate on bet_settlements
    for each statement execute function refuse_change();

create function count_settled_bets() returns trigger language plpgsql as $$
begin
    insert into daily_totals_due (operator_id, day, product, category, kind, settled, won, voided, staked, paid)
    select
        operator_id,
        (settled_at at time zone 'UTC')::date,
        'sports',
        category,
        market,
        sum(settled),
        sum(won),
        sum(voided),
        sum(staked),
        sum(paid)
    from written
    group by operator_id, (settled_at at time zone 'UTC')::date, category, market;
    return null;
end
$$;
create trigger bet_settlements_counted after insert on bet_settlements
    referencing new table as written for each statement execute function count_settled_bets();

create table market_exposure (
    operator_id bigint not null,
    sport text not null,
    event_id text not null,
    market_id text not null,
    book text not null,
    selection_id text not null,
    shard smallint not null,
    bets bigint not null,
    staked bigint not null,
    returns bigint not null,
    multiples bigint not null,
    multiples_staked bigint not null,
    multiples_returns bigint not null,
    primary key (operator_id, sport, event_id, market_id, book, selection_id, shard)
) with (fillfactor = 70);
comment on table market_exposure is
    'What pending bets mean for an operator, by selection. At most one selection of a book wins, and the books of a market '
    'are added up. One selection is several rows, by player, so that bets on it '
    'do not wait for one another. A single is counted exactly; a bet of several legs is counted on each of them as if '
    'all the others win.';

create view market_liabilities as
select
    operator_id,
    sport,
    event_id,
    market_id,
    sum(bets)::bigint as bets,
    sum(multiples)::bigint as multiples,
    sum(staked)::bigint as staked,
    sum(multiples_staked)::bigint as multiples_staked,
    sum(returns)::bigint as returns,
    sum(liability)::bigint as liability
from (
    select
        operator_id,
        sport,
        event_id,
        market_id,
        sum(bets) as bets,
        sum(multiples) as multiples,
        sum(staked) as staked,
        sum(multiples_staked) as multiples_staked,
        sum(returns) as returns,
        greatest(max(returns + multiples_returns) - sum(staked), 0) as liability
    from (
        select
            operator_id,
            sport,
            event_id,
            market_id,
            book,
            selection_id,
            sum(bets) as bets,
            sum(staked) as staked,
            sum(returns) as returns,
            sum(multiples) as multiples,
            sum(multiples_staked) as multiples_staked,
            sum(multiples_returns) as multiples_returns
        from market_exposure
        group by operator_id, sport, event_id, market_id, book, selection_id
    ) as selections
    group by operator_id, sport, event_id, market_id, book
) as books
group by operator_id, sport, event_id, market_id
having sum(bets) + sum(multiples) > 0;
comment on view market_liabilities is
    'Markets with pending bets, and the most that can be lost on each: what its worst selection pays, less the stakes of '
    'singles.';

create table receivables (
    operator_id bigint not null,
    player_id bigint not null,
    amount bigint not null,
    primary key (operator_id, player_id),
    constraint receivables_not_negative check (amount >= 0)
);
comment on table receivables is
    'What a player owes because a bet was settled anew after its payout was spent. Paid back from later payouts.';
insert into ledger_accounts (code, name, description) values
    (-22, 'receivables', 'What players owe: less than zero by as much');

create table cash_out_quotes (
    operator_id bigint not null,
    id uuid not null,
    bet_id bigint not null,
    player_id bigint not null,
    amount bigint not null,
    bet_settlements integer not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    primary key (operator_id, id),
    constraint cash_out_quotes_amount_positive check (amount > 0)
);
create index cash_out_quotes_expired on cash_out_quotes (expires_at);

alter table operator_settings
    add column max_market_liability bigint,
    add column max_event_liability bigint,
    add constraint operator_settings_liabilities check (max_market_liability >= 0 and max_event_liability >= 0);
comment on column operator_settings.max_market_liability is 'The most to lose on one market; null for no limit.';
comment on column operator_settings.max_event_liability is 'The most to lose on all markets of one event; null for no limit.';
create index market_exposure_empty on market_exposure (operator_id) where bets = 0 and multiples = 0;

create view uncounted_plays as
select operator_id, player_id, stake as staked, 0::bigint as paid, 1 as plays
from rounds
where status = 'open'
union all
select operator_id, player_id, stake, payout, 1
from bets
where status in ('pending', 'void')
union all
select operator_id, player_id, 0, amount, 0
from receivables;
comment on view uncounted_plays is
    'What the totals of wallets have in them and the daily totals have not: what is not decided, what was void, and what '
    'players owe.';

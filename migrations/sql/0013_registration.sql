-- Sportsbooks that register themselves: the codes with which operators recommend others, and each operator's wallets.

create unique index operators_name_unique on operators (lower(name));

create table referral_codes (
    operator_id bigint primary key,
    code text not null,
    created_at timestamptz not null,
    constraint referral_codes_code_unique unique (code),
    constraint referral_codes_code_form check (code ~ '^[A-Z0-9]{6,20}$'),
    constraint referral_codes_operator foreign key (operator_id) references operators (id)
);
comment on table referral_codes is 'What an operator gives to those who want to become one.';

create table referrals (
    operator_id bigint primary key,
    referrer_id bigint not null,
    created_at timestamptz not null,
    constraint referrals_operator foreign key (operator_id) references operators (id),
    constraint referrals_referrer foreign key (referrer_id) references operators (id),
    constraint referrals_of_another check (operator_id <> referrer_id)
);
create index referrals_of_referrer on referrals (referrer_id);
comment on table referrals is
    'By whose code an operator registered. An operator is always newer than who recommended it, so there is no loop.';

insert into ledger_accounts (code, name, description) values
    (-5, 'bookmaker_capital', 'What the bookmaker stands for losses with'),
    (-6, 'liquidity_pool', 'What the pool stands for losses with'),
    (-7, 'revenue', 'The part of the profit that belongs to the community'),
    (-8, 'bookmaker_earnings', 'The part of the profit that belongs to the bookmaker'),
    (-9, 'owners', 'Money that the owners of the wallets put in or took out');

create table operator_wallets (
    operator_id bigint not null,
    account bigint not null,
    initial_balance bigint not null,
    leverage smallint not null,
    is_active boolean not null default true,
    opened_at timestamptz not null,
    primary key (operator_id, account),
    constraint operator_wallets_operator foreign key (operator_id) references operators (id),
    constraint operator_wallets_account foreign key (account) references ledger_accounts (code),
    constraint operator_wallets_initial_balance check (initial_balance >= 0),
    constraint operator_wallets_leverage check (leverage > 0)
);
comment on table operator_wallets is
    'The wallets of each operator. Their money is in the ledger, as that of every account of the house; here is what '
    'they were opened with.';
create index ledger_entries_of_house on ledger_entries (operator_id, id) where player_id is null;

-- Operators that are there already get what new ones have.
insert into referral_codes (operator_id, code, created_at)
select id, upper(left(replace(gen_random_uuid()::text, '-', ''), 12)), now()
from operators;

create temporary table opened on commit drop as
select
    operators.id as operator_id,
    wallet.account,
    wallet.name,
    wallet.units * 10 ^ case
        when currency in (
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF',
            'XOF', 'XPF'
        ) then 0
        when currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        when currency in ('CLF', 'UYW') then 4
        else 2
    end as initial_balance,
    wallet.leverage
from operators
cross join (
    values
        (-5, 'bookmaker_capital', 10000, 1),
        (-6, 'liquidity_pool', 40000, 5),
        (-7, 'revenue', 0, 1),
        (-8, 'bookmaker_earnings', 0, 1)
) as wallet (account, name, units, leverage);

insert into operator_wallets (operator_id, account, initial_balance, leverage, opened_at)
select operator_id, account, initial_balance, leverage, now()
from opened;

insert into ledger_entries (
    operator_id, tx_id, reason, reference, debit_account, credit_account, amount, created_at
)
select operator_id, gen_random_uuid(), 'funding', name, -9, account, initial_balance, now()
from opened
where initial_balance > 0;

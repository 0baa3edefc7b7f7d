-- Where money comes from and goes to that staff move by hand, apart from deposits, games and gifts.

insert into ledger_accounts (code, name, description) values
    (-10, 'adjustments', 'What staff gave to players and took from them by hand, each time with a reason');

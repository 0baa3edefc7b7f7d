-- What a round may pay is decided when it begins.

alter table rounds add column max_payout bigint;
comment on column rounds.max_payout is
    'The largest payout of the operator when the round began, which limits it whatever the operator changes meanwhile. '
    'Null for rounds that began before this was kept: they are limited by the setting of the moment they end.';

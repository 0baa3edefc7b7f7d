-- Operators may also stop offering one selection of a market. A service of before this migration takes that for the
-- whole market, which offers less, never more.

alter table disabled_events
    add column selection_id text,
    add constraint disabled_events_selection_of_market check (selection_id is null or market_id is not null);
comment on table disabled_events is
    'What an operator does not offer: a whole event, one market of it where market_id is set, or one selection of that '
    'where selection_id is set, too.';

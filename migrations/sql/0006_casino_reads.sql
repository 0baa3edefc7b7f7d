-- What the casino's lists of past rounds and past seed pairs are read by.

-- The newest rounds of one game must not cost a walk over all rounds of the others. The newest rounds of all games are
-- the newest of each game, merged, so one index does for both, and a bet writes no more than before.
create index rounds_of_player_by_game on rounds (operator_id, player_id, game, id);
drop index rounds_of_player;

create index seed_pairs_revealed on seed_pairs (operator_id, player_id, id) where revealed_at is not null;

-- What is settled anew takes back what was counted before, so that the stakes or payouts of a quiet day may be below
-- zero. The parts of a day never are.

alter table daily_revenue
    drop constraint daily_revenue_parts,
    add constraint daily_revenue_parts check (
        least(
            platform_fee_from_own, bookmaker_net_own, bookmaker_share, community_share, platform_share,
            bookmaker_own_loss, bookmaker_loss, community_loss
        ) >= 0
    );
alter table revenue_corrections
    drop constraint daily_revenue_parts,
    add constraint daily_revenue_parts check (
        least(
            platform_fee_from_own, bookmaker_net_own, bookmaker_share, community_share, platform_share,
            bookmaker_own_loss, bookmaker_loss, community_loss
        ) >= 0
    );

-- Two keys may read the same, as ids may hold what stands between them. So what is disabled is told by the ids, and a
-- key only leads to it.
alter table disabled_events drop constraint disabled_events_pkey;
create unique index disabled_events_place
    on disabled_events (operator_id, sport, event_id, coalesce(market_id, ''), coalesce(selection_id, ''));
create index disabled_events_key on disabled_events (operator_id, sport, event_key);

//! Markets with pending bets, as staff see them. Must never add up amounts of different currencies.

use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use shared::sports::Sport;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::paging::Page;

/// Which markets.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct MarketFilter {
    /// Those of one operator, or of all.
    pub(in super::super) whose: Option<OperatorId>,
    /// Only of this sport.
    pub(in super::super) sport: Option<Sport>,
    /// Part of a side's or the league's name, in lower case.
    pub(in super::super) search: Option<String>,
}

/// A market of one operator with pending bets.
#[derive(Clone, Debug)]
pub(in super::super) struct ExposedMarket {
    pub(in super::super) operator: OperatorId,
    pub(in super::super) operator_name: String,
    pub(in super::super) subdomain: String,
    pub(in super::super) currency: Currency,
    pub(in super::super) sport: String,
    pub(in super::super) event_id: String,
    pub(in super::super) home: String,
    pub(in super::super) away: String,
    pub(in super::super) league: String,
    pub(in super::super) starts_at: OffsetDateTime,
    pub(in super::super) market_id: String,
    pub(in super::super) market_key: Option<String>,
    pub(in super::super) market_name: Option<String>,
    pub(in super::super) bets: i64,
    pub(in super::super) multiples: i64,
    pub(in super::super) staked: Minor,
    pub(in super::super) multiples_staked: Minor,
    pub(in super::super) returns: Minor,
    pub(in super::super) liability: Minor,
    pub(in super::super) is_disabled: bool,
}

/// A page of them, those that most can be lost on first.
pub(in super::super) async fn exposed_markets(
    db: &mut PgConnection,
    filter: &MarketFilter,
    page: Page,
) -> Result<Vec<ExposedMarket>, sqlx::Error> {
    sqlx::query_as!(
        ExposedMarket,
        r#"
        select
            exposed.operator_id as "operator!: OperatorId",
            operators.name as "operator_name!",
            operators.subdomain as "subdomain!",
            operators.currency as "currency!: Currency",
            exposed.sport as "sport!",
            exposed.event_id as "event_id!",
            events.home as "home!",
            events.away as "away!",
            events.league as "league!",
            events.starts_at as "starts_at!",
            exposed.market_id as "market_id!",
            markets.key as "market_key?",
            markets.name as "market_name?",
            exposed.bets as "bets!",
            exposed.multiples as "multiples!",
            exposed.staked as "staked!: Minor",
            exposed.multiples_staked as "multiples_staked!: Minor",
            exposed.returns as "returns!: Minor",
            exposed.liability as "liability!: Minor",
            exists (
                select
                from disabled_events as disabled
                where disabled.operator_id = exposed.operator_id
                    and disabled.sport = exposed.sport
                    and disabled.event_id = exposed.event_id
                    and (disabled.market_id is null or disabled.market_id = exposed.market_id)
                    and disabled.selection_id is null
            ) as "is_disabled!"
        from market_liabilities as exposed
        join operators on operators.id = exposed.operator_id
        join events on events.sport = exposed.sport and events.id = exposed.event_id
        left join markets
            on markets.sport = exposed.sport
            and markets.event_id = exposed.event_id
            and markets.id = exposed.market_id
        where ($1::bigint is null or exposed.operator_id = $1)
            and ($2::text is null or exposed.sport = $2)
            and (
                $3::text is null
                or strpos(lower(events.home), $3) > 0
                or strpos(lower(events.away), $3) > 0
                or strpos(lower(events.league), $3) > 0
            )
        order by exposed.liability desc, exposed.operator_id, exposed.sport, exposed.event_id, exposed.market_id
        limit $4
        offset $5
        "#,
        filter.whose.map(OperatorId::get),
        filter.sport.map(Sport::key),
        filter.search,
        page.size(),
        page.offset(),
    )
    .fetch_all(db)
    .await
}

/// What all markets of all pages mean, in one currency.
#[derive(Clone, Debug)]
pub(in super::super) struct ExposureSum {
    pub(in super::super) currency: Currency,
    pub(in super::super) markets: i64,
    pub(in super::super) events: i64,
    pub(in super::super) bets: i64,
    pub(in super::super) staked: Minor,
    pub(in super::super) liability: Minor,
}

/// The same over all pages, by currency.
pub(in super::super) async fn exposure_sums(
    db: &mut PgConnection,
    filter: &MarketFilter,
) -> Result<Vec<ExposureSum>, sqlx::Error> {
    sqlx::query_as!(
        ExposureSum,
        r#"
        select
            operators.currency as "currency!: Currency",
            count(*) as "markets!",
            count(distinct (exposed.operator_id, exposed.sport, exposed.event_id)) as "events!",
            sum(exposed.bets + exposed.multiples)::bigint as "bets!",
            sum(exposed.staked)::bigint as "staked!: Minor",
            sum(exposed.liability)::bigint as "liability!: Minor"
        from market_liabilities as exposed
        join operators on operators.id = exposed.operator_id
        join events on events.sport = exposed.sport and events.id = exposed.event_id
        where ($1::bigint is null or exposed.operator_id = $1)
            and ($2::text is null or exposed.sport = $2)
            and (
                $3::text is null
                or strpos(lower(events.home), $3) > 0
                or strpos(lower(events.away), $3) > 0
                or strpos(lower(events.league), $3) > 0
            )
        group by operators.currency
        order by operators.currency
        "#,
        filter.whose.map(OperatorId::get),
        filter.sport.map(Sport::key),
        filter.search,
    )
    .fetch_all(db)
    .await
}

//! What is on offer at this moment, read from the catalogue. Must never read an offer outside the gate that a bet on it
//! entered.

use serde::Deserialize;
use shared::ids::OperatorId;
use shared::sports::Sport;
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use crate::betting::error::LegError;
use crate::betting::rules::exposure::book;
use crate::betting::rules::labels::Candidate;
use crate::betting::rules::payout::Price;
use crate::betting::rules::slip::Policy;
use crate::betting::slip::AskedLeg;

/// A selection as it is in the catalogue.
#[derive(Clone, Debug, Deserialize)]
struct StoredSelection {
    id: String,
    name: String,
    line: Option<String>,
    line_kind: Option<String>,
    price_milli: Option<i64>,
    suspended: bool,
}

/// A selection that can be bet on, with all that is kept of it.
#[derive(Clone, Debug)]
pub(in super::super) struct Offer {
    pub(in super::super) sport: Sport,
    pub(in super::super) event: String,
    pub(in super::super) market: String,
    pub(in super::super) selection: String,
    /// At most one selection of a book wins.
    pub(in super::super) book: String,
    pub(in super::super) line: Option<String>,
    pub(in super::super) line_kind: Option<String>,
    pub(in super::super) price: Price,
    pub(in super::super) home: String,
    pub(in super::super) away: String,
    pub(in super::super) league: String,
    pub(in super::super) starts_at: OffsetDateTime,
    pub(in super::super) market_key: String,
    pub(in super::super) market_name: String,
    pub(in super::super) selection_name: String,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a column")]
struct Row {
    home: Option<String>,
    away: Option<String>,
    league: Option<String>,
    starts_at: Option<OffsetDateTime>,
    is_open: bool,
    market_key: Option<String>,
    market_name: Option<String>,
    is_suspended: bool,
    selection: Option<Json<StoredSelection>>,
    /// Selections of the market with the same line.
    siblings: i64,
    is_disabled: bool,
    is_settled: bool,
}

/// What each leg can be bet on at, or why it can't, in the order asked.
pub(in super::super) async fn offers(
    operator: OperatorId,
    db: &mut PgConnection,
    legs: &[AskedLeg],
    policy: Policy,
    at: OffsetDateTime,
) -> Result<Vec<Result<Offer, LegError>>, sqlx::Error> {
    let rows = rows(operator, db, legs, at).await?;
    if rows.len() != legs.len() {
        return Err(sqlx::Error::RowNotFound);
    }
    Ok(rows
        .into_iter()
        .zip(legs)
        .map(|(row, leg)| row.offer(leg, policy))
        .collect())
}

async fn rows(
    operator: OperatorId,
    db: &mut PgConnection,
    legs: &[AskedLeg],
    at: OffsetDateTime,
) -> Result<Vec<Row>, sqlx::Error> {
    let sports: Vec<String> = legs.iter().map(|leg| leg.sport.key().to_owned()).collect();
    let events: Vec<String> = legs.iter().map(|leg| leg.event.clone()).collect();
    let markets: Vec<String> = legs.iter().map(|leg| leg.market.clone()).collect();
    let selections: Vec<String> = legs.iter().map(|leg| leg.selection.clone()).collect();
    sqlx::query_as!(
        Row,
        r#"
        select
            event.home as "home?",
            event.away as "away?",
            event.league as "league?",
            event.starts_at as "starts_at?",
            coalesce(
                event.is_listed
                    and event.status = 'not_started'
                    -- The bet may have waited since it was asked for.
                    and event.starts_at > greatest($6, clock_timestamp()),
                false
            ) as "is_open!",
            market.key as "market_key?",
            market.name as "market_name?",
            coalesce(market.is_suspended, false) as "is_suspended!",
            selection.value as "selection?: Json<StoredSelection>",
            (
                select count(*)
                from jsonb_array_elements(market.selections) as other (value)
                where other.value ->> 'line' is not distinct from selection.value ->> 'line'
            ) as "siblings!",
            exists (
                select
                from disabled_events
                where operator_id = $1
                    and sport = asked.sport
                    and event_key in (
                        asked.event_id,
                        asked.event_id || '_' || asked.market_id,
                        asked.event_id || '_' || asked.market_id || '_' || asked.selection_id
                    )
                    and event_id = asked.event_id
                    and (market_id is null or market_id = asked.market_id)
                    and (selection_id is null or selection_id = asked.selection_id)
            ) as "is_disabled!",
            coalesce(
                (
                    select outcomes is not null or others is not null
                    from market_settlements
                    where sport = asked.sport
                        and event_id = asked.event_id
                        and market_id = asked.market_id
                        and operator_id in (0, $1)
                    order by id desc
                    limit 1
                ),
                false
            ) as "is_settled!"
        from unnest($2::text[], $3::text[], $4::text[], $5::text[])
            with ordinality as asked (sport, event_id, market_id, selection_id, position)
        left join lateral (
            select * from events where sport = asked.sport and id = asked.event_id limit 1
        ) as event on true
        left join lateral (
            select *
            from markets
            where sport = asked.sport and event_id = asked.event_id and id = asked.market_id
            limit 1
        ) as market on true
        left join lateral (
            select one.value
            from jsonb_array_elements(market.selections) as one (value)
            where one.value ->> 'id' = asked.selection_id
            limit 1
        ) as selection on true
        order by asked.position
        "#,
        operator.get(),
        &sports,
        &events,
        &markets,
        &selections,
        at,
    )
    .fetch_all(db)
    .await
}

impl Row {
    fn offer(self, leg: &AskedLeg, policy: Policy) -> Result<Offer, LegError> {
        let (Some(home), Some(away), Some(league), Some(starts_at)) =
            (self.home, self.away, self.league, self.starts_at)
        else {
            return Err(LegError::NoEvent);
        };
        if !self.is_open {
            return Err(LegError::NotOpen);
        }
        let (Some(market_key), Some(market_name)) = (self.market_key, self.market_name) else {
            return Err(LegError::NoMarket);
        };
        if self.is_disabled {
            return Err(LegError::Disabled);
        }
        if self.is_settled {
            return Err(LegError::Settled);
        }
        let Json(selection) = self.selection.ok_or(LegError::NoSelection)?;
        if !leg.line.is_of(selection.line.as_ref()) {
            return Err(LegError::OtherLine(selection.line));
        }
        let price = selection.price_milli.and_then(Price::from_milli);
        let price = price.filter(|_| !selection.suspended && !self.is_suspended);
        let price = price.ok_or(LegError::Suspended)?;
        if !policy.accepts(leg.shown, price) {
            return Err(LegError::PriceChanged(price));
        }
        Ok(Offer {
            sport: leg.sport,
            event: leg.event.clone(),
            market: leg.market.clone(),
            book: book(
                &selection.name,
                selection.line.as_deref(),
                &selection.id,
                self.siblings,
            ),
            selection: selection.id,
            line: selection.line,
            line_kind: selection.line_kind,
            price,
            home,
            away,
            league,
            starts_at,
            market_key,
            market_name,
            selection_name: selection.name,
        })
    }
}

/// The sports that have an event of this id.
pub(in super::super) async fn sports_of(
    event: &str,
    db: &mut PgConnection,
) -> Result<Vec<Sport>, sqlx::Error> {
    let sports: Vec<String> = Sport::all().map(|sport| sport.key().to_owned()).collect();
    let found = sqlx::query_scalar!(
        "select sport from events where sport = any($1) and id = $2 order by sport",
        &sports,
        event,
    )
    .fetch_all(db)
    .await?;
    Ok(found.iter().filter_map(|sport| Sport::find(sport)).collect())
}

/// All that can be bet on at an event, to look for what is meant by the words of a page.
pub(in super::super) async fn event_markets(
    sport: Sport,
    event: &str,
    db: &mut PgConnection,
) -> Result<Vec<Candidate>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"
        select
            events.home,
            events.away,
            markets.id as market,
            markets.key,
            markets.selections as "selections: Json<Vec<StoredSelection>>"
        from events
        join markets on markets.sport = events.sport and markets.event_id = events.id
        where events.sport = $1 and events.id = $2
        order by markets.position
        "#,
        sport.key(),
        event,
    )
    .fetch_all(db)
    .await?;
    let candidates = rows.into_iter().flat_map(|row| {
        let (home, away, market, key) = (row.home, row.away, row.market, row.key);
        row.selections.0.into_iter().map(move |selection| Candidate {
            home: home.clone(),
            away: away.clone(),
            market: market.clone(),
            market_key: key.clone(),
            selection: selection.id,
            name: selection.name,
            line: selection.line,
            price: selection.price_milli.and_then(Price::from_milli),
        })
    });
    Ok(candidates.collect())
}

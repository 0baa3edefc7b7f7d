//! Bets and legs as pages see them. Must never show more of a bet than its player may see.

use serde::Serialize;
use serde_json::json;
use shared::money::Money;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::odds::Odds;
use crate::betting::rules::payout::{Factor, Price, pays};
use crate::betting::store::{BetRow, LegRow, Offer};
use crate::settlement::rules::Outcome;
use shared::money::Minor;

/// What odds are counted in.
const ODDS_UNIT: Minor = Minor::new(1_000);

/// What a stake of 1 pays if everything wins.
pub(super) fn total_odds(sizes: &[usize], prices: &[Price]) -> Odds {
    let won: Vec<Factor> = prices
        .iter()
        .map(|price| Factor::of(*price, Outcome::Won))
        .collect();
    Odds::from_milli(pays(ODDS_UNIT, sizes, &won, 0).get())
}

/// A selection that a bet is on, as it was when the bet was placed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownLeg<'a> {
    sport: &'a str,
    event_id: &'a str,
    /// `<home> vs <away>`.
    match_name: String,
    league: &'a str,
    /// When the event was to start.
    #[serde(with = "time::serde::rfc3339")]
    starts_at: OffsetDateTime,
    market_id: &'a str,
    /// The name that pages know the market by.
    market: &'a str,
    market_name: &'a str,
    selection_id: &'a str,
    selection: &'a str,
    line: Option<&'a str>,
    /// The price that the bet was taken at.
    #[schema(value_type = f64)]
    odds: Odds,
    /// `won`, `lost`, `void`, `half_won`, `half_lost` or `dead_heat:<paid>/<among>`; null while it is not decided.
    outcome: Option<&'a str>,
}

impl<'a> ShownLeg<'a> {
    pub(super) fn offered(leg: &'a Offer) -> Self {
        Self {
            sport: leg.sport.key(),
            event_id: &leg.event,
            match_name: format!("{} vs {}", leg.home, leg.away),
            league: &leg.league,
            starts_at: leg.starts_at,
            market_id: &leg.market,
            market: &leg.market_key,
            market_name: &leg.market_name,
            selection_id: &leg.selection,
            selection: &leg.selection_name,
            line: leg.line.as_deref(),
            odds: leg.price.into(),
            outcome: None,
        }
    }

    fn kept(leg: &'a LegRow) -> Self {
        Self {
            sport: &leg.sport,
            event_id: &leg.event_id,
            match_name: format!("{} vs {}", leg.home, leg.away),
            league: &leg.league,
            starts_at: leg.starts_at,
            market_id: &leg.market_id,
            market: &leg.market_key,
            market_name: &leg.market_name,
            selection_id: &leg.selection_id,
            selection: &leg.selection_name,
            line: leg.line.as_deref(),
            odds: Odds::from_milli(leg.price_milli),
            outcome: leg.outcome.as_deref(),
        }
    }
}

/// A bet as its player sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownBet<'a> {
    id: i64,
    /// `single`, `combo` or `system`.
    bet_type: &'a str,
    /// How many selections a line has.
    sizes: &'a [i16],
    lines: i32,
    /// `<home> vs <away>`, or `Combo Bet (<number> selections)`.
    match_name: String,
    /// The selection's name, or `Combo: <number> selections`.
    selection: String,
    #[schema(value_type = f64)]
    stake: Money,
    #[schema(value_type = f64)]
    unit_stake: Money,
    /// The product of the prices; for a system what all lines pay together for a stake of 1, if all win.
    #[schema(value_type = f64)]
    odds: Odds,
    /// What it pays, or would have paid, if all its selections win.
    #[schema(value_type = f64)]
    potential_return: Money,
    /// The most that it pays; a void bet returns its stake all the same.
    #[schema(value_type = f64)]
    max_payout: Money,
    /// What it has paid, a returned stake too.
    #[schema(value_type = f64)]
    actual_return: Money,
    currency: &'a str,
    /// `pending`, `won`, `lost`, `void` or `cashed_out`.
    status: &'a str,
    /// `none`, `better` or `any`.
    price_policy: &'a str,
    /// How often it was settled, settled anew or undone.
    settlements: i32,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// The same, for legacy pages.
    #[serde(with = "time::serde::rfc3339")]
    created_at_iso: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    settled_at: Option<OffsetDateTime>,
    /// The sport of the first selection.
    sport_name: &'a str,
    /// Always `pregame`.
    bet_timing: &'static str,
    /// For legacy pages: JSON text of `match_name`, `selection` and `odds` of each selection; null for a single.
    combo_selections: Option<String>,
    selections: Vec<ShownLeg<'a>>,
}

impl<'a> ShownBet<'a> {
    /// The bet with its legs, in the order of their numbers.
    pub(super) fn new(bet: &'a BetRow, legs: &'a [LegRow]) -> Self {
        let money = |amount| bet.currency.money(amount);
        let selections: Vec<ShownLeg<'_>> = legs.iter().map(ShownLeg::kept).collect();
        let prices: Vec<Price> = legs
            .iter()
            .filter_map(|leg| Price::from_milli(leg.price_milli))
            .collect();
        let sizes: Vec<usize> = bet
            .sizes
            .iter()
            .filter_map(|size| usize::try_from(*size).ok())
            .collect();
        let combo = || {
            let legs = selections.iter().map(
                |leg| json!({ "match_name": leg.match_name, "selection": leg.selection, "odds": leg.odds }),
            );
            json!(legs.collect::<Vec<_>>()).to_string()
        };
        let (match_name, selection) = match selections.as_slice() {
            [only] => (only.match_name.clone(), only.selection.to_owned()),
            several => (
                format!("Combo Bet ({} selections)", several.len()),
                format!("Combo: {} selections", several.len()),
            ),
        };
        Self {
            id: bet.id,
            bet_type: &bet.kind,
            sizes: &bet.sizes,
            lines: bet.lines,
            match_name,
            selection,
            stake: money(bet.stake),
            unit_stake: money(bet.unit_stake),
            odds: total_odds(&sizes, &prices),
            potential_return: money(bet.potential_payout),
            max_payout: money(bet.max_payout),
            actual_return: money(bet.payout),
            currency: bet.currency.code(),
            status: &bet.status,
            price_policy: &bet.policy,
            settlements: bet.settlements,
            created_at: bet.placed_at,
            created_at_iso: bet.placed_at,
            settled_at: bet.settled_at,
            sport_name: legs.first().map_or("", |leg| &leg.sport),
            bet_timing: "pregame",
            combo_selections: (selections.len() > 1).then(combo),
            selections,
        }
    }
}

/// Each bet with its own of the legs, which are in the order of the bets' ids.
pub(super) fn with_legs<'a>(bets: &'a [BetRow], legs: &'a [LegRow]) -> Vec<ShownBet<'a>> {
    let own = |id: i64| {
        let first = legs.partition_point(|leg| leg.bet_id < id);
        let behind = legs.partition_point(|leg| leg.bet_id <= id);
        &legs[first..behind]
    };
    bets.iter().map(|bet| ShownBet::new(bet, own(bet.id))).collect()
}

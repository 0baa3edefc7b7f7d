//! The routes that place bets. Must never read a stake as a binary float, or a price for anything but a comparison.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::http::read_json;
use shared::json::objects;
use shared::money::{Amount, Currency, Minor, Money};
use shared::problem::{Problem, ProblemBody};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::bets::ShownLeg;
use super::odds::Odds;
use super::selection::{SelectionBody, look_up};
use crate::accounts::PlayerToken;
use crate::app::App;
use crate::app::SharedApp;
use crate::betting::error::BetError;
use crate::betting::place;
use crate::betting::rules::slip::{Kind, Policy, SlipError};
use crate::betting::slip::{AskedStake, Slip};
use crate::betting::store::NewBet;
use crate::commands::{Answer, Command, Repeatable};

/// A bet on one selection: the selection and the stake, side by side.
pub struct SingleBody;

impl PartialSchema for SingleBody {
    fn schema() -> RefOr<Schema> {
        let mut schema = SelectionBody::schema();
        if let (RefOr::T(Schema::Object(both)), RefOr::T(Schema::Object(terms))) =
            (&mut schema, SingleTerms::schema())
        {
            both.properties.extend(terms.properties);
            both.required.extend(terms.required);
            both.description = Some("A bet on one selection. Other members are ignored.".to_owned());
        }
        schema
    }
}

impl ToSchema for SingleBody {}

/// What a bet on one selection costs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with a selection and stake")]
pub struct SingleTerms {
    /// More than zero.
    #[schema(value_type = f64)]
    stake: Amount,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    /// Which other prices are taken if the price has changed: `none`, `better` (the default) or `any`.
    price_policy: Option<Policy>,
}

/// A bet on several selections that must all win. Members that are not named here are ignored, as legacy pages send
/// more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with selections and stake")]
pub struct ComboBody {
    /// Two or more, each of another event.
    #[serde(deserialize_with = "objects")]
    selections: Vec<SelectionBody>,
    /// More than zero.
    #[schema(value_type = Option<f64>)]
    stake: Option<Amount>,
    /// The same, as legacy pages name it.
    #[schema(value_type = Option<f64>)]
    total_stake: Option<Amount>,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    /// Which other prices are taken if a price has changed: `none`, `better` (the default) or `any`.
    price_policy: Option<Policy>,
}

/// A bet on all lines of so many selections out of several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with selections, sizes and a stake")]
pub struct SystemBody {
    /// Three or more, each of another event.
    #[serde(deserialize_with = "objects")]
    selections: Vec<SelectionBody>,
    /// How many selections a line has: `[2]` for all doubles, `[1, 2, 3]` for all singles, doubles and trebles.
    sizes: Vec<usize>,
    /// For the whole bet: must be the same for each line. Either this or `unit_stake`.
    #[schema(value_type = Option<f64>)]
    stake: Option<Amount>,
    /// For each line.
    #[schema(value_type = Option<f64>)]
    unit_stake: Option<Amount>,
    /// Must be the operator's, if it is sent.
    currency: Option<String>,
    /// Which other prices are taken if a price has changed: `none`, `better` (the default) or `any`.
    price_policy: Option<Policy>,
}

/// A bet that was placed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlacedBet<'a> {
    success: bool,
    message: &'static str,
    bet_id: i64,
    /// `single`, `combo` or `system`.
    bet_type: &'static str,
    #[schema(value_type = f64)]
    stake: Money,
    /// What each line costs; the stake for a bet of one line.
    #[schema(value_type = f64)]
    unit_stake: Money,
    lines: u64,
    /// The product of the prices; for a system what all lines pay together for a stake of 1, if all win.
    #[schema(value_type = f64)]
    total_odds: Odds,
    /// What it pays if all its selections win.
    #[schema(value_type = f64)]
    potential_return: Money,
    /// What the wallet holds now.
    #[schema(value_type = f64)]
    new_balance: Money,
    currency: &'a str,
    selections_count: usize,
    /// At the prices that it was taken at.
    selections: Vec<ShownLeg<'a>>,
}

impl<'a> PlacedBet<'a> {
    pub(in super::super) fn new(bet: &'a NewBet<'a>, balance: Minor, currency: &'a Currency) -> Self {
        let money = |amount| currency.money(amount);
        let prices: Vec<_> = bet.legs.iter().map(|leg| leg.price).collect();
        Self {
            success: true,
            message: if bet.legs.len() == 1 {
                "Bet placed successfully"
            } else {
                "Combo bet placed successfully"
            },
            bet_id: bet.id,
            bet_type: bet.kind.as_str(),
            stake: money(bet.terms.stake),
            unit_stake: money(bet.terms.unit_stake),
            lines: bet.lines,
            total_odds: super::bets::total_odds(&bet.terms.sizes, &prices),
            potential_return: money(bet.potential_payout),
            new_balance: money(balance),
            currency: currency.code(),
            selections_count: bet.legs.len(),
            selections: bet.legs.iter().map(ShownLeg::offered).collect(),
        }
    }
}

/// A body that was read.
struct Asked {
    kind: Kind,
    selections: Vec<SelectionBody>,
    stake: AskedStake,
    currency: Option<String>,
    policy: Option<Policy>,
}

/// Places a bet on one selection, at the price of this moment if the policy takes it. With an `Idempotency-Key` a repeat
/// gets the first answer again. A refusal lists in `selections` what is wrong with each selection, with the current price
/// where that is the reason.
#[utoipa::path(post, path = "/api/betting/place", tag = "betting", request_body = SingleBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = PlacedBet), (status = 409, body = ProblemBody)))]
pub async fn single(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    let selection: SelectionBody = read_json(&request.body)?;
    let terms: SingleTerms = read_json(&request.body)?;
    let asked = Asked {
        kind: Kind::Single,
        selections: vec![selection],
        stake: AskedStake::Whole("stake", terms.stake),
        currency: terms.currency,
        policy: terms.price_policy,
    };
    place_bet(&app, player, request.command, asked).await
}

/// Places a bet on several selections that must all win, each of another event. Otherwise as `place`.
#[utoipa::path(post, path = "/api/betting/place-combo", tag = "betting", request_body = ComboBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = PlacedBet), (status = 409, body = ProblemBody)))]
pub async fn combo(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    let body: ComboBody = read_json(&request.body)?;
    let stake = match (body.stake, body.total_stake) {
        (Some(stake), None) => AskedStake::Whole("stake", stake),
        (None, Some(stake)) => AskedStake::Whole("total_stake", stake),
        (None, None) => return Err(Problem::invalid_field("stake", "is missing")),
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_field(
                "stake",
                "must not be sent beside total_stake",
            ));
        }
    };
    let asked = Asked {
        kind: Kind::Combo,
        selections: body.selections,
        stake,
        currency: body.currency,
        policy: body.price_policy,
    };
    place_bet(&app, player, request.command, asked).await
}

/// Places a system: all lines of each of the sizes out of the selections, each of another event. It is one bet, and pays
/// what its lines pay together, rounded down once. Otherwise as `place`.
#[utoipa::path(post, path = "/api/betting/place-system", tag = "betting", request_body = SystemBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Names this bet, so that it can be repeated")),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = PlacedBet), (status = 409, body = ProblemBody)))]
pub async fn system(
    State(app): State<SharedApp>,
    player: PlayerToken,
    request: Repeatable,
) -> Result<Answer, Problem> {
    let body: SystemBody = read_json(&request.body)?;
    let stake = match (body.stake, body.unit_stake) {
        (Some(stake), None) => AskedStake::Whole("stake", stake),
        (None, Some(stake)) => AskedStake::EachLine(stake),
        (None, None) => return Err(Problem::invalid_field("unit_stake", "is missing")),
        (Some(_), Some(_)) => {
            return Err(Problem::invalid_field(
                "unit_stake",
                "must not be sent beside stake",
            ));
        }
    };
    let asked = Asked {
        kind: Kind::system(body.sizes, body.selections.len())
            .or_else(|error| {
                // Too few or too many selections are told first: then no sizes fit.
                let limits = app.options.betting.leg_limits();
                let least_and_most = (3..=limits.system).contains(&body.selections.len());
                if least_and_most {
                    Err(error)
                } else {
                    Ok(Kind::System(Vec::new()))
                }
            })
            .map_err(BetError::Slip)?,
        selections: body.selections,
        stake,
        currency: body.currency,
        policy: body.price_policy,
    };
    place_bet(&app, player, request.command, asked).await
}

async fn place_bet(
    app: &App,
    player: PlayerToken,
    command: Option<Command>,
    asked: Asked,
) -> Result<Answer, Problem> {
    let limits = app.options.betting.leg_limits();
    let most = limits.combo.max(limits.system);
    if asked.selections.len() > most {
        return Err(BetError::Slip(SlipError::TooManyLegs(most)).into());
    }
    let mut errors: Vec<FieldError> = Vec::new();
    let (field, stake) = asked.stake.sent();
    errors.extend(stake.plain().err().map(|error| FieldError::new(field, error)));
    let mut named = Vec::with_capacity(asked.selections.len());
    for (at, selection) in asked.selections.into_iter().enumerate() {
        let place = if asked.kind == Kind::Single {
            String::new()
        } else {
            format!("selections[{at}].")
        };
        named.extend(selection.read(&place, &mut errors));
    }
    if !errors.is_empty() {
        return Err(Problem::invalid_fields(errors));
    }
    let legs = look_up(&app.db, named).await?;
    let events: Vec<_> = legs.iter().map(|leg| (leg.sport, leg.event.as_str())).collect();
    asked.kind.accept(&events, &limits).map_err(BetError::Slip)?;
    let at = app.clock.now();
    let slip = Slip {
        operator: player.operator,
        player: player.player,
        token_hash: player.token_hash,
        at,
        tx_id: app.random.uuid(at),
        command,
        kind: asked.kind,
        legs,
        stake: asked.stake,
        currency: asked.currency,
        policy: asked.policy.unwrap_or_default(),
    };
    Ok(place::place(&app.money_db, slip).await?)
}

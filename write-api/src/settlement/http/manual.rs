//! The routes with which staff settle a market by hand. Must never settle another operator's bets than the path's.

use std::collections::{BTreeMap, HashSet};

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::field::FieldError;
use shared::http::{JsonBody, Private};
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use shared::sports::Sport;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::accounts::Right;
use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, Doer, PlatformDoer, record};
use crate::betting::rules::exposure::book;
use crate::settlement::rules::Outcome;
use crate::settlement::store::{Known, made_settlement, places, selections};
use crate::settlement::{Order, Said, SettlementError, Source, order};

/// Longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;
/// Longest id, in characters.
const MAX_ID_CHARS: usize = 200;
/// Selections that one settlement may name.
const MAX_OUTCOMES: usize = 2_000;

/// What a market came to: `outcomes` with `others`, or `winning_selection`, or `void`, or `undo`; one of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with match_id, market_id and what the market came to"
)]
pub struct ManualSettlement {
    /// The event's id.
    match_id: String,
    /// The market's id.
    market_id: String,
    /// The event's sport: needed where events of several sports have the same id.
    sport: Option<String>,
    /// By selection id: `won`, `lost`, `void`, `half_won`, `half_lost`, or `dead_heat:1/2` where the stake counts for one
    /// place of two that tied.
    outcomes: Option<BTreeMap<String, String>>,
    /// What all selections came to that are not in `outcomes`; left out, they stay undecided.
    others: Option<String>,
    /// For legacy pages: the id or the name of the one selection that won, while all others lost; `none` when all lost;
    /// `no_result` when the market is void.
    winning_selection: Option<String>,
    /// True: all selections are void.
    void: Option<bool>,
    /// True: takes back what was said of the market; its bets are pending again.
    undo: Option<bool>,
    /// Why; shown in lists and in the audit log.
    reason: Option<String>,
}

/// A settlement that was ordered; its bets are settled in the background.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrderedSettlement {
    success: bool,
    message: &'static str,
    /// Finds it in the list of settlements, with how many of its bets are settled.
    settlement_id: i64,
    sport: &'static str,
    match_id: String,
    market_id: String,
    /// `normal`, `cancelled` or `undone`.
    settlement_type: &'static str,
}

/// What is asked for, before the market's selections are known.
#[derive(Clone, Debug)]
enum Asked {
    Outcomes(BTreeMap<String, Outcome>, Option<Outcome>),
    Winner(String),
    Undo,
}

#[derive(Clone, Debug)]
struct Wanted {
    sport: Option<Sport>,
    event: String,
    market: String,
    asked: Asked,
    reason: Option<String>,
}

impl ManualSettlement {
    fn read(self) -> Result<Wanted, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut bad = |field: &str, detail: String| errors.push(FieldError::new(field, detail));
        for (field, id) in [("match_id", &self.match_id), ("market_id", &self.market_id)] {
            if id.is_empty() || id.chars().count() > MAX_ID_CHARS || id.contains('\0') {
                bad(field, format!("must be text of 1 to {MAX_ID_CHARS} characters"));
            }
        }
        let sport = self.sport.as_deref().and_then(Sport::find);
        if self.sport.is_some() && sport.is_none() {
            bad("sport", "is not a sport".to_owned());
        }
        if self.reason.as_ref().is_some_and(|reason| {
            reason.chars().count() > MAX_REASON_CHARS || reason.chars().any(char::is_control)
        }) {
            bad(
                "reason",
                format!("must be text of at most {MAX_REASON_CHARS} characters without control characters"),
            );
        }
        let outcome = |text: &str| Outcome::parse(text);
        let others = self.others.as_deref().and_then(outcome);
        if self.others.is_some() && others.is_none() {
            bad("others", NOT_AN_OUTCOME.to_owned());
        }
        let (void, undo) = (self.void == Some(true), self.undo == Some(true));
        let ways = [
            self.outcomes.is_some(),
            self.winning_selection.is_some(),
            void,
            undo,
        ];
        if ways.iter().filter(|way| **way).count() != 1 {
            bad(
                "outcomes",
                "exactly one of outcomes, winning_selection, void and undo must be sent".to_owned(),
            );
        }
        if others.is_some() && self.outcomes.is_none() {
            bad("others", "goes with outcomes only".to_owned());
        }
        let mut of = BTreeMap::new();
        let named = self.outcomes.unwrap_or_default();
        if named.len() > MAX_OUTCOMES {
            bad("outcomes", format!("must name at most {MAX_OUTCOMES} selections"));
        }
        for (selection, text) in named.into_iter().take(MAX_OUTCOMES) {
            match outcome(&text) {
                Some(outcome) => {
                    of.insert(selection, outcome);
                }
                None => bad("outcomes", format!("{selection}: {NOT_AN_OUTCOME}")),
            }
        }
        let asked = match self.winning_selection.as_deref() {
            _ if undo => Asked::Undo,
            _ if void => Asked::Outcomes(BTreeMap::new(), Some(Outcome::Void)),
            Some("no_result") => Asked::Outcomes(BTreeMap::new(), Some(Outcome::Void)),
            Some("none") => Asked::Outcomes(BTreeMap::new(), Some(Outcome::Lost)),
            Some(winner) => Asked::Winner(winner.to_owned()),
            None if of.is_empty() && others.is_none() => {
                bad(
                    "outcomes",
                    "must name a selection, or others must be sent".to_owned(),
                );
                Asked::Undo
            }
            None => Asked::Outcomes(of, others),
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Wanted {
            sport,
            event: self.match_id,
            market: self.market_id,
            asked,
            reason: self.reason,
        })
    }
}

const NOT_AN_OUTCOME: &str = "must be won, lost, void, half_won, half_lost or such as dead_heat:1/2";

/// Settles a market for the operator's own bets, settles it anew, or undoes that. Bets follow in the background; a bet
/// that was settled otherwise before is paid, or pays back, the difference. From now on no bet on the market is taken,
/// and results of the feed do not change what was settled by hand.
#[utoipa::path(post, path = "/api/admin/{subdomain}/manual-settle", tag = "settlement",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = ManualSettlement,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OrderedSettlement), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn by_operator(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<ManualSettlement>,
) -> Result<Private<OrderedSettlement>, Problem> {
    make(&app, doer, body).await
}

/// Settles a market for the bets of all operators, settles it anew, or undoes that. Otherwise as the operators' own.
#[utoipa::path(post, path = "/api/superadmin/manual-settle", tag = "settlement", request_body = ManualSettlement,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = OrderedSettlement), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody)))]
pub async fn by_platform(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<ManualSettlement>,
) -> Result<Private<OrderedSettlement>, Problem> {
    let doer = doer.require(Right::Money)?.at(OperatorId::PLATFORM);
    make(&app, doer, body).await
}

async fn make(app: &App, doer: Doer, body: ManualSettlement) -> Result<Private<OrderedSettlement>, Problem> {
    let wanted = body.read().map_err(Problem::invalid_fields)?;
    let doer = Doer {
        at: app.clock.now(),
        ..doer
    };
    let work = app.db.write(move |db| {
        let (doer, wanted) = (doer.clone(), wanted.clone());
        Box::pin(async move { in_transaction(&doer, db, wanted).await })
    });
    let (id, made) = work.await?;
    let (message, settlement_type) = match &made.said {
        Said::Undone => ("Settlement undone; its bets become pending again", "undone"),
        Said::Outcomes { of, others } if of.is_empty() && *others == Some(Outcome::Void) => {
            ("Market voided; its bets are being settled", "cancelled")
        }
        Said::Outcomes { .. } => ("Market settled; its bets are being settled", "normal"),
    };
    Ok(Private(OrderedSettlement {
        success: true,
        message,
        settlement_id: id,
        sport: made.sport.key(),
        match_id: made.event,
        market_id: made.market,
        settlement_type,
    }))
}

async fn in_transaction(
    doer: &Doer,
    db: &mut PgConnection,
    wanted: Wanted,
) -> Result<(i64, Order), SettlementError> {
    let whose = (doer.operator != OperatorId::PLATFORM).then_some(doer.operator);
    let found = places(whose, db, wanted.sport, &wanted.event, &wanted.market, doer.at).await?;
    let (sport, has_started) = match found.as_slice() {
        [] => return Err(SettlementError::NoMarket),
        [only] => *only,
        several => {
            let keys: Vec<_> = several.iter().map(|(sport, _)| sport.key()).collect();
            return Err(SettlementError::Ambiguous(keys.join(", ")));
        }
    };
    let before = made_settlement(doer.operator, db, sport, &wanted.event, &wanted.market).await?;
    let said = match wanted.asked {
        Asked::Undo if before.is_none() => return Err(SettlementError::NotSettled),
        Asked::Undo => Said::Undone,
        asked => {
            let known = selections(db, sport, &wanted.event, &wanted.market).await?;
            let (of, others) = named(asked, &known)?;
            Said::Outcomes { of, others }
        }
    };
    let is_void = matches!(&said, Said::Outcomes { of, others }
        if *others == Some(Outcome::Void) && of.values().all(|outcome| *outcome == Outcome::Void));
    if !has_started && !is_void && said != Said::Undone {
        return Err(SettlementError::NotStarted);
    }
    let made = Order {
        operator: doer.operator,
        sport,
        event: wanted.event,
        market: wanted.market,
        said,
        source: Source::Manual,
        reason: wanted.reason,
        made_by: doer
            .staff
            .map_or_else(|| doer.unnamed.to_owned(), |(_, staff)| format!("staff {staff}")),
        at: doer.at,
    };
    let id = order(db, &made).await?;
    let change = Change {
        subject: Some(format!(
            "market {} of event {} in {}",
            made.market, made.event, made.sport
        )),
        before: before.unwrap_or(json!({ "settled": false })),
        after: shown(&made),
    };
    record(doer.operator, db, doer, Action::MarketSettled, change).await?;
    Ok((id, made))
}

/// The outcomes by ids of selections that the market has.
fn named(
    asked: Asked,
    known: &[Known],
) -> Result<(BTreeMap<String, Outcome>, Option<Outcome>), SettlementError> {
    match asked {
        Asked::Winner(winner) => {
            if may_have_several_winners(known) {
                return Err(SettlementError::SeveralWinners);
            }
            let by_id = known.iter().find(|one| one.id == winner);
            let mut by_name = known.iter().filter(|one| one.name == winner);
            let found = by_id.or_else(|| by_name.next().filter(|_| by_name.next().is_none()));
            let found = found.ok_or(SettlementError::NoSelections(winner))?;
            let of = BTreeMap::from([(found.id.clone(), Outcome::Won)]);
            Ok((of, Some(Outcome::Lost)))
        }
        Asked::Outcomes(of, others) => {
            let unknown: Vec<&str> = of
                .keys()
                .filter(|selection| !known.iter().any(|one| one.id == **selection))
                .map(String::as_str)
                .take(10)
                .collect();
            if unknown.is_empty() {
                Ok((of, others))
            } else {
                Err(SettlementError::NoSelections(unknown.join(", ")))
            }
        }
        Asked::Undo => Ok((BTreeMap::new(), None)),
    }
}

/// Whether naming one winner would not say what the others came to: with several lines, or selections of which one is in
/// another, such as double chances.
fn may_have_several_winners(known: &[Known]) -> bool {
    let siblings = i64::try_from(known.len()).unwrap_or(i64::MAX);
    let books: HashSet<String> = known
        .iter()
        .map(|one| book(&one.name, one.line.as_deref(), &one.id, siblings))
        .collect();
    let is_scorers = siblings > 3
        && !known
            .iter()
            .any(|one| one.line.is_some() || one.name.contains('/'));
    books.len() > 1 && !is_scorers
}

fn shown(made: &Order) -> serde_json::Value {
    match &made.said {
        Said::Undone => json!({ "settled": false, "reason": made.reason }),
        Said::Outcomes { of, others } => {
            let of: BTreeMap<_, _> = of.iter().map(|(id, outcome)| (id, outcome.as_text())).collect();
            json!({ "settled": true, "outcomes": of, "others": others.map(Outcome::as_text), "reason": made.reason })
        }
    }
}

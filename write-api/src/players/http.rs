//! The routes with which staff see and change their operator's players. Must never act on a player of another operator
//! than the path's.

mod shown;

use axum::extract::{Path, State};
use serde::Deserialize;
use shared::http::{JsonBody, OptionalJson, Private, QueryParams, read_json};
use shared::ids::PlayerId;
use shared::money::Amount;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use super::error::PlayersError;
use super::rules::{Adjustment, PlayersQuery, Why};
use super::switch::switch;
use super::{adjustment, store};
use crate::accounts::OperatorStaff;
use crate::app::{App, SharedApp};
use crate::audit::Doer;
use crate::cashier::http::PlayerPath;
use crate::casino::wallet::http::Statement;
use crate::commands::{Answer, IDEMPOTENCY_KEY, Repeatable};
use crate::ledger;
use crate::paging::PageQuery;
use crate::protection::http::ShownProtection;

pub use shown::{Adjusted, PlayerDetail, PlayerList, PlayerSwitched};

/// Lists the operator's players, the newest first unless asked otherwise.
///
/// While bets go on, the totals may be newer than the page by a moment.
#[utoipa::path(get, path = "/api/admin/{subdomain}/users", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PageQuery, PlayersQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = PlayerList),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub async fn list(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<PlayersQuery>,
) -> Result<Private<PlayerList>, Problem> {
    let operator = staff.operator;
    let (page, asked) = page
        .read_with(query.understood())
        .map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let asked = asked.clone();
        Box::pin(async move {
            let currency = ledger::currency(operator, db).await?;
            let players = store::page(operator, db, &asked, page).await?;
            let totals = store::totals(operator, db, &asked).await?;
            Ok::<_, PlayersError>(PlayerList::new(players, totals, page, currency))
        })
    });
    Ok(Private(read.await?))
}

/// Shows one player, with the limits, time-out and self-exclusion that the player set.
#[utoipa::path(get, path = "/api/admin/{subdomain}/users/{id}", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = PlayerDetail),
        (status = 404, body = ProblemBody),
    ))]
pub async fn show(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
) -> Result<Private<PlayerDetail>, Problem> {
    let (operator, at) = (staff.operator, app.clock.now());
    let player = path.player().ok_or(PlayersError::UnknownPlayer)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let row = store::player(operator, db, player).await?;
            let row = row.ok_or(PlayersError::UnknownPlayer)?;
            let currency = ledger::currency(operator, db).await?;
            let protection = ShownProtection::read(operator, db, player, at).await?;
            Ok::<_, PlayersError>(PlayerDetail::new(row, protection, currency))
        })
    });
    Ok(Private(read.await?))
}

/// What moved the player's balance, newest first, as the player sees it in `/api/casino/wallet/statement`.
#[utoipa::path(get, path = "/api/admin/{subdomain}/users/{id}/statement", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath, PageQuery),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = Statement),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ))]
pub async fn statement(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Private<Statement>, Problem> {
    let operator = staff.operator;
    let player = path.player().ok_or(PlayersError::UnknownPlayer)?;
    let page = query.read().map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let row = store::player(operator, db, player).await?;
            row.ok_or(PlayersError::UnknownPlayer)?;
            Ok::<_, PlayersError>(Statement::read(operator, db, player, page).await?)
        })
    });
    Ok(Private(read.await?))
}

/// What to do with a player.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TogglePlayer {
    /// May log in and play, or not. Safe to repeat. Left out: the other way than it is now.
    #[serde(default, deserialize_with = "shared::http::present")]
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
}

/// Disables a player, which ends all of the player's sessions, or enables the player again. What an open round pays is
/// paid all the same. Asking for what is already so succeeds and changes nothing.
#[utoipa::path(post, path = "/api/admin/{subdomain}/users/{id}/toggle", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath),
    request_body = Option<TogglePlayer>,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = PlayerSwitched),
        (status = 404, body = ProblemBody),
    ))]
pub async fn toggle(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
    OptionalJson(asked): OptionalJson<TogglePlayer>,
) -> Result<Private<PlayerSwitched>, Problem> {
    let player = path.player().ok_or(PlayersError::UnknownPlayer)?;
    make_switch(&app, doer, player, asked.is_active).await
}

/// Which player to switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToggleNamedPlayer {
    user_id: PlayerId,
}

/// The same for pages that name the player in the body: turns over what is.
#[utoipa::path(post, path = "/api/admin/{subdomain}/toggle-user", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = ToggleNamedPlayer,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = PlayerSwitched),
        (status = 404, body = ProblemBody),
    ))]
pub async fn toggle_named(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(asked): JsonBody<ToggleNamedPlayer>,
) -> Result<Private<PlayerSwitched>, Problem> {
    make_switch(&app, doer, asked.user_id, None).await
}

async fn make_switch(
    app: &App,
    doer: Doer,
    player: PlayerId,
    asked: Option<bool>,
) -> Result<Private<PlayerSwitched>, Problem> {
    let switched = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { switch(&doer, db, player, asked).await })
    });
    Ok(Private(PlayerSwitched::new(switched.await?)))
}

/// How a balance is to be set right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with amount and reason")]
pub struct AskedAdjustment {
    /// What is added to the balance, or taken off where it is negative; not zero.
    #[schema(value_type = f64)]
    amount: Amount,
    /// Why, for the audit log: 3 to 200 characters with a letter or digit among them. The player does not see it.
    #[schema(value_type = String)]
    reason: Why,
}

/// Adds something to a player's balance or takes something off, never more than there is and never more at once than the
/// installation allows. Is no deposit: what protects a player does not hold it back. Needs an `Idempotency-Key`, which
/// the ledger names the movement by: a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/admin/{subdomain}/users/{id}/adjust", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"), PlayerPath,
        ("Idempotency-Key" = String, Header, description = "Names this adjustment, so that it can be repeated")),
    request_body = AskedAdjustment,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 200, body = Adjusted),
        (status = 404, body = ProblemBody),
    ))]
pub async fn adjust(
    doer: Doer,
    State(app): State<SharedApp>,
    Path(path): Path<PlayerPath>,
    Repeatable { body, command }: Repeatable,
) -> Result<Answer, Problem> {
    let player = path.player().ok_or(PlayersError::UnknownPlayer)?;
    let asked: AskedAdjustment = read_json(&body)?;
    let command = command.ok_or_else(|| Problem::invalid_field(IDEMPOTENCY_KEY, "is required"))?;
    // Who asks was known with the head; the body may have taken a while.
    let doer = Doer {
        at: app.clock.now(),
        ..doer
    };
    let adjustment = Adjustment {
        player,
        amount: asked.amount,
        why: asked.reason,
        command,
        most: app.options.players.adjustment_max(),
        tx_id: app.random.uuid(doer.at),
    };
    Ok(adjustment::make(doer, &app.money_db, adjustment).await?)
}

impl From<PlayersError> for Problem {
    fn from(error: PlayersError) -> Self {
        match error {
            PlayersError::UnknownPlayer => Self::not_found("player_not_found", "There is no such player"),
            PlayersError::NotAnAmount(error) => Self::invalid_field("amount", error.to_string()),
            PlayersError::OverLimit(most) => {
                Self::invalid_field("amount", format!("must be at most {most} either way"))
            }
            PlayersError::TooMuch => Self::invalid_field("amount", "is too large"),
            PlayersError::InsufficientFunds { available } => Self::refused_field(
                "insufficient_funds",
                "amount",
                format!("Insufficient funds. Available: {available}"),
            ),
            PlayersError::KeyReused(error) => error.into(),
            PlayersError::Protection(error) => error.into(),
            PlayersError::Ledger(error) => Self::internal(error),
            PlayersError::Answer(error) => Self::internal(error),
            PlayersError::Database(error) => error.into(),
        }
    }
}

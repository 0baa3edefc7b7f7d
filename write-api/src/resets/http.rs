//! The route with which staff reset the balances of all of their operator's players.

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use shared::http::read_json;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::audit::{Action, Doer};
use crate::commands::{Answer, IDEMPOTENCY_KEY, Repeatable};
use crate::operations::http::Accepted;
use crate::operations::{Asked, Work, start};
use crate::players::Why;

/// Why all balances are reset.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with reason")]
pub(crate) struct AskedReset {
    /// For the audit log: 3 to 200 characters with a letter or digit among them.
    #[schema(value_type = String)]
    reason: Why,
}

/// Sets the balance of every player of the operator to what new players get, in the background. Rounds that are open
/// stay open and pay into the new balance; players who register meanwhile are not touched. Needs an `Idempotency-Key`:
/// a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/admin/{subdomain}/reset-users", tag = "players",
    params(("subdomain" = String, Path, description = "The operator's name in URLs"),
        ("Idempotency-Key" = String, Header, description = "Names this reset, so that it can be repeated")),
    request_body = AskedReset,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses(
        (status = 202, body = Accepted),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "Another reset of this operator has not ended"),
    ))]
pub(crate) async fn reset_users(
    doer: Doer,
    State(app): State<SharedApp>,
    Repeatable { body, command }: Repeatable,
) -> Result<Answer, Problem> {
    let AskedReset { reason } = read_json(&body)?;
    let command = command.ok_or_else(|| Problem::invalid_field(IDEMPOTENCY_KEY, "is required"))?;
    // Who asks was known with the head; the body may have taken a while.
    let doer = Doer {
        at: app.clock.now(),
        ..doer
    };
    let asked = Asked {
        id: app.random.uuid(doer.at),
        command: Some(command),
        work: Work::ResetUsers,
        action: Action::UsersReset,
        after: json!({ "reason": reason.as_str() }),
    };
    Ok(start(doer, &app.db, asked).await?)
}

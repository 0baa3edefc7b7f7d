//! The routes with which the platform's staff begin, change and end contests, and read what they came to. Must never be
//! open to an operator's staff.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::json;
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::{JsonBody, Private, QueryParams, read_json};
use shared::ids::{OperatorId, PathNumber};
use shared::problem::{Problem, ProblemBody};
use shared::theme::DisplayName;
use sqlx::PgConnection;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::final_standings;
use super::refresh::board_of;
use crate::accounts::{PlatformStaff, Right};
use crate::app::SharedApp;
use crate::audit::{Action, Change, Doer, PlatformDoer, record};
use crate::coherence::bump;
use crate::commands::{Answer, IDEMPOTENCY_KEY, Repeatable};
use crate::operations::http::Accepted;
use crate::operations::{Asked, NewContestAsked, Work, start};
use crate::paging::PageQuery;

mod shown;

use shown::{Board, ContestDetail, ContestList, Standings};

/// Why a contest is not shown or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ContestError {
    /// There is no such contest.
    #[error("there is no such contest")]
    Unknown,
    /// Its standings are not kept yet, because it runs.
    #[error("the contest has not ended")]
    Runs,
    /// Its standings are kept, so that its end can't change any more.
    #[error("the contest has ended")]
    Ended,
    /// It would end before it began.
    #[error("the contest would end before it began")]
    EndsTooSoon,
    /// The database failed.
    #[error(transparent)]
    Database(DbError),
}

shared::transaction_error!(ContestError);

/// The contests, the newest first.
#[utoipa::path(get, path = "/api/superadmin/contests", tag = "contests", params(PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = ContestList),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn list(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Private<ContestList>, Problem> {
    let page = page.read().map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, DbError>(final_standings::contests(db, page).await?) })
    });
    let (rows, total) = read.await?;
    Ok(Private(ContestList::new(rows, page.of(total))))
}

/// The contest that the leaderboards show. One that was ended is shown until the next one begins.
#[utoipa::path(get, path = "/api/superadmin/contests/current", tag = "contests",
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = ContestDetail),
        (status = 404, body = ProblemBody),
    ))]
pub(crate) async fn current(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
) -> Result<Private<ContestDetail>, Problem> {
    let read = app.db.read(|db| {
        Box::pin(async move {
            let current = final_standings::current(db).await?;
            current.ok_or(ContestError::Unknown)
        })
    });
    Ok(Private(read.await?.into()))
}

/// A contest to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with name and ends_at")]
pub(crate) struct AskedContest {
    /// Its name for people: 1 to 100 visible characters, none of which is markup.
    name: String,
    /// When it is said to end, such as `2030-01-31T20:00:00Z`; in the future. It runs until it is ended or the next one
    /// begins.
    #[serde(deserialize_with = "shared::moment::deserialize")]
    ends_at: OffsetDateTime,
    /// Whether the balance of every player of every operator is set to what new players of the operator get.
    reset_balances: bool,
}

impl AskedContest {
    fn checked(self, now: OffsetDateTime) -> Result<NewContestAsked, Vec<FieldError>> {
        let mut errors = Vec::new();
        if let Err(error) = self.name.parse::<DisplayName>() {
            errors.push(FieldError::new("name", error));
        }
        if self.ends_at <= now {
            errors.push(FieldError::new("ends_at", "must be in the future"));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(NewContestAsked {
            name: self.name,
            ends_at: self.ends_at,
            reset_balances: self.reset_balances,
        })
    }
}

/// Begins a contest for all operators, in the background: keeps the final standings of the one that runs, lets all
/// figures count anew in the same transaction, and then resets all balances if that is wanted. Needs an
/// `Idempotency-Key`: a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/superadmin/contests", tag = "contests",
    params(("Idempotency-Key" = String, Header, description = "Names this request, so that it can be repeated")),
    request_body = AskedContest,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 202, body = Accepted),
        (status = 409, body = ProblemBody,
            description = "Another contest is just being begun"),
    ))]
pub(crate) async fn start_contest(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Repeatable { body, command }: Repeatable,
) -> Result<Answer, Problem> {
    let asked: AskedContest = read_json(&body)?;
    let command = command.ok_or_else(|| Problem::invalid_field(IDEMPOTENCY_KEY, "is required"))?;
    let doer = Doer {
        at: app.clock.now(),
        ..doer.require(Right::Money)?.at(OperatorId::PLATFORM)
    };
    let work = asked.checked(doer.at).map_err(Problem::invalid_fields)?;
    let asked = Asked {
        id: app.random.uuid(doer.at),
        command: Some(command),
        after: json!(work),
        work: Work::ContestStart(work),
        action: Action::ContestStarted,
    };
    Ok(start(doer, &app.db, asked).await?)
}

/// Nothing more is to be said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an empty object")]
pub(crate) struct AskedEnd {}

/// Ends the contest that runs, in the background: keeps its final standings. The leaderboards show it, and go on
/// counting, until the next one begins. Needs an `Idempotency-Key`: a repeat gets the first answer again.
#[utoipa::path(post, path = "/api/superadmin/contests/end", tag = "contests",
    params(("Idempotency-Key" = String, Header, description = "Names this request, so that it can be repeated")),
    request_body = AskedEnd,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 202, body = Accepted),
        (status = 409, body = ProblemBody,
            description = "No contest runs, or it is just being ended"),
    ))]
pub(crate) async fn end_contest(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Repeatable { body, command }: Repeatable,
) -> Result<Answer, Problem> {
    let AskedEnd {} = read_json(&body)?;
    let command = command.ok_or_else(|| Problem::invalid_field(IDEMPOTENCY_KEY, "is required"))?;
    let doer = Doer {
        at: app.clock.now(),
        ..doer.require(Right::Money)?.at(OperatorId::PLATFORM)
    };
    let asked = Asked {
        id: app.random.uuid(doer.at),
        command: Some(command),
        work: Work::ContestEnd,
        action: Action::ContestEnded,
        after: json!({}),
    };
    Ok(start(doer, &app.db, asked).await?)
}

/// Which contest.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ContestPath {
    /// The contest's number.
    id: String,
}

impl ContestPath {
    fn contest(&self) -> Result<i64, ContestError> {
        let id = PathNumber::parse(&self.id).ok_or(ContestError::Unknown)?;
        Ok(id.get())
    }
}

/// Another end of a contest.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with ends_at")]
pub(crate) struct AskedEndDate {
    /// When the contest is said to end, such as `2030-01-31T20:00:00Z`; after its beginning.
    #[serde(
        serialize_with = "time::serde::rfc3339::serialize",
        deserialize_with = "shared::moment::deserialize"
    )]
    ends_at: OffsetDateTime,
}

/// Says another end of a contest that has not ended. Nothing happens at that moment by itself.
#[utoipa::path(post, path = "/api/superadmin/contests/{id}/end-date", tag = "contests", params(ContestPath),
    request_body = AskedEndDate,
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = ContestDetail),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "The contest has ended"),
    ))]
pub(crate) async fn change_end_date(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Path(path): Path<ContestPath>,
    JsonBody(asked): JsonBody<AskedEndDate>,
) -> Result<Private<ContestDetail>, Problem> {
    let (id, doer) = (
        path.contest()?,
        doer.require(Right::Money)?.at(OperatorId::PLATFORM),
    );
    let changed = app.db.write(move |db| {
        let doer = doer.clone();
        Box::pin(async move { put_end_date(&doer, db, id, asked.ends_at).await })
    });
    Ok(Private(changed.await?))
}

async fn put_end_date(
    doer: &Doer,
    db: &mut PgConnection,
    id: i64,
    ends_at: OffsetDateTime,
) -> Result<ContestDetail, ContestError> {
    let mut contest = final_standings::lock_contest(db, id)
        .await?
        .ok_or(ContestError::Unknown)?;
    if !contest.is_running || contest.ended_at.is_some() {
        return Err(ContestError::Ended);
    }
    if ends_at <= contest.starts_at {
        return Err(ContestError::EndsTooSoon);
    }
    if ends_at != contest.ends_at {
        final_standings::put_end(db, id, ends_at).await?;
        let was = AskedEndDate {
            ends_at: contest.ends_at,
        };
        let change = Change {
            subject: Some(format!("contest {id}")),
            ..Change::between(&was, &AskedEndDate { ends_at })?
        };
        record(doer.operator, db, doer, Action::ContestChanged, change).await?;
        // The boards of all operators together, which alone say when the contest ends.
        bump(board_of(OperatorId::PLATFORM), db).await?;
        contest.ends_at = ends_at;
    }
    Ok(contest.into())
}

/// Which board.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BoardQuery {
    /// By default `players`.
    #[param(inline)]
    board: Option<Board>,
}

/// The final standings of a contest that ended, as far as they are kept. Names of players are those of then.
#[utoipa::path(get, path = "/api/superadmin/contests/{id}/standings", tag = "contests",
    params(ContestPath, BoardQuery, PageQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses(
        (status = 200, body = Standings),
        (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody,
            description = "The contest has not ended"),
        (status = 422, body = ProblemBody),
    ))]
pub(crate) async fn standings(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    Path(path): Path<ContestPath>,
    QueryParams(query): QueryParams<BoardQuery>,
    QueryParams(page): QueryParams<PageQuery>,
) -> Result<Private<Standings>, Problem> {
    let page = page.read().map_err(Problem::invalid_fields)?;
    let (id, board) = (path.contest()?, query.board.unwrap_or_default());
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let contest = final_standings::contest(db, id).await?;
            let contest = contest.ok_or(ContestError::Unknown)?;
            if contest.ended_at.is_none() && contest.is_running {
                return Err(ContestError::Runs);
            }
            let (players, operators, total) = match board {
                Board::Players => {
                    let (players, total) = final_standings::players(db, id, page).await?;
                    (players, Vec::new(), total)
                }
                Board::Operators => {
                    let (operators, total) = final_standings::operators(db, id, page).await?;
                    (Vec::new(), operators, total)
                }
            };
            Ok(Standings::new(contest, players, operators, page.of(total)))
        })
    });
    Ok(Private(read.await?))
}

impl From<ContestError> for Problem {
    fn from(error: ContestError) -> Self {
        match error {
            ContestError::Unknown => Self::not_found("contest_not_found", "There is no such contest"),
            ContestError::Runs => Self::conflict("contest_runs", "The contest has not ended"),
            ContestError::Ended => Self::conflict("contest_ended", "The contest has ended"),
            ContestError::EndsTooSoon => {
                Self::invalid_field("ends_at", "must be after the contest's beginning")
            }
            ContestError::Database(error) => error.into(),
        }
    }
}

//! Registering many sportsbooks from one file. Must never register a row in part, nor go on when nobody listens.
//!
//! The file is read whole, within its limits, before anything is registered: a row may be a repetition of one before
//! it, and a client that sends and is answered at the same time would wait for us while we wait for it. The answers
//! are streamed, because passwords are slow to hash on purpose.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::QueryParams;
use shared::ids::OperatorId;
use shared::money::Currency;
use shared::problem::{Problem, ProblemBody};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

use super::file::{self, Read, TEMPLATE, Wanted};
use super::founding::{FoundingError, Named, Sponsor, found};
use super::multipart::{boundary, only_file};
use super::store;
use crate::accounts::{CreateError, Email, NewStaff, PasswordError, Right, Role};
use crate::app::{App, SharedApp};
use crate::audit::PlatformDoer;
use crate::openapi::Asking;

const NAME_TAKEN: (&str, &str) = ("sportsbook_name", "is another sportsbook's already");
const LOGIN_TAKEN: (&str, &str) = ("login", "is somebody's already");

/// A file to fill in: a header and two rows.
#[utoipa::path(get, path = "/api/bulk-register/template", tag = "platform",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn template() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"bulk_registration_template.csv\"",
        ),
    ];
    (headers, TEMPLATE).into_response()
}

/// How.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct BulkQuery {
    /// Only say what would be done; nothing is written.
    dry_run: Option<bool>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum BulkOutcome {
    /// The sportsbook is registered.
    Created,
    /// It would be, without `dry_run`.
    WouldBeCreated,
    /// It was before, with this name, log-in name and e-mail address.
    AlreadyRegistered,
    /// `errors` say why it can't be.
    Refused,
    /// The database or the hashing of passwords was not available, for this row or one before it. Send the file again.
    Failed,
}

/// One line of the answer: what became of one row.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkRow {
    /// As a spreadsheet counts it: the header is row 1.
    row: u32,
    outcome: BulkOutcome,
    /// Its number, if it was created.
    operator_id: Option<OperatorId>,
    /// Its name in URLs, if it is there.
    subdomain: Option<String>,
    /// With which it can recommend others, if it is there.
    referral_code: Option<String>,
    /// What is wrong with it.
    errors: Vec<FieldError>,
}

impl BulkRow {
    const fn new(row: u32, outcome: BulkOutcome) -> Self {
        Self {
            row,
            outcome,
            operator_id: None,
            subdomain: None,
            referral_code: None,
            errors: Vec::new(),
        }
    }

    fn refused(row: u32, errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(row, BulkOutcome::Refused)
        }
    }
}

/// The last line of the answer. An answer without it was cut off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkSummary {
    /// Rows of the file.
    total: u32,
    created: u32,
    would_be_created: u32,
    already_registered: u32,
    refused: u32,
    failed: u32,
}

/// Everything that the rows of one file have in common.
struct Run {
    app: SharedApp,
    doer: PlatformDoer,
    is_dry: bool,
    is_broken: AtomicBool,
    counts: [AtomicU32; 5],
    _place: OwnedSemaphorePermit,
}

/// Registers the sportsbooks of a CSV file with the columns `sportsbook_name`, `login`, `password` and `email`, in any
/// order, as `text/csv` or as the only file of a form. Each row is registered alone, by the rules of
/// `/api/register-sportsbook` but without a referral code, and with books in USD.
///
/// The answer comes line by line, as rows are done: a JSON object for each (`BulkRow`), in the order of the file, and
/// one more at the end (`BulkSummary`). When the client leaves, no further row is begun. A file may be sent again: rows
/// that are registered say so.
#[utoipa::path(post, path = "/api/bulk-register", tag = "platform", params(BulkQuery),
    request_body(content((String = "text/csv"), (Object = "multipart/form-data"))),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = BulkRow, content_type = "application/x-ndjson"),
        (status = 413, description = "The file is too long", body = ProblemBody),
        (status = 415, description = "It is no CSV and no form", body = ProblemBody),
        (status = 422, description = "Columns are missing or unknown, or it is no CSV, or has too many rows",
            body = ProblemBody), Asking))]
pub(crate) async fn register(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    QueryParams(query): QueryParams<BulkQuery>,
    request: Request,
) -> Result<Response, Problem> {
    let doer = doer.require(Right::People)?;
    let place = Arc::clone(&app.bulk_files).try_acquire_owned().map_err(|_| {
        let detail = "Another file is being registered. Please send this one when it is done.";
        Problem::unavailable("bulk_registration_busy", detail, 30)
    })?;
    let rows = read(&app, request).await?;
    let run = Arc::new(Run {
        doer,
        is_dry: query.dry_run.unwrap_or_default(),
        is_broken: AtomicBool::new(false),
        counts: Default::default(),
        _place: place,
        app,
    });
    let mut response = Body::from_stream(answers(run, rows)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-store"),
    );
    Ok(response)
}

/// The rows of the file that a request carries.
async fn read(app: &App, request: Request) -> Result<Vec<Read>, Problem> {
    let options = &app.options.registration;
    let most = usize::try_from(options.bulk_bytes).unwrap_or(usize::MAX);
    let boundary = boundary_of(request.headers(), most)?;
    let body = to_bytes(request.into_body(), most).await;
    let body = body.map_err(|_| too_long(most))?;
    let bytes = match boundary {
        None => &body[..],
        Some(boundary) => {
            let file = only_file(&body, &boundary);
            file.map_err(|error| Problem::invalid_field("file", error.to_string()))?
        }
    };
    file::read(bytes, options)
}

/// How the form that is sent is divided; none when it is the file itself.
fn boundary_of(headers: &HeaderMap, most: usize) -> Result<Option<String>, Problem> {
    let header = |name| headers.get(name)?.to_str().ok();
    let announced: Option<usize> = header(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(too_long(most));
    }
    let content_type = header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    match boundary(content_type) {
        Some(boundary) => Ok(Some(boundary.to_owned())),
        None if essence.eq_ignore_ascii_case("text/csv") => Ok(None),
        None => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send the file as text/csv, or as multipart/form-data with one file",
        )),
    }
}

fn too_long(most: usize) -> Problem {
    let detail = format!("The file may have at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// The lines of the answer. A row is begun when the lines before it are taken, but for those at work at once.
fn answers(run: Arc<Run>, rows: Vec<Read>) -> impl Stream<Item = Result<Bytes, serde_json::Error>> {
    let total = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    let at_once = usize::from(run.app.options.registration.bulk_at_once);
    let of_summary = Arc::clone(&run);
    let lines = stream::iter(rows).map(move |row| {
        let run = Arc::clone(&run);
        async move { line(&run.row(row).await) }
    });
    let summary = async move { line(&of_summary.summary(total)) };
    lines.buffered(at_once).chain(stream::once(summary))
}

fn line(value: &impl Serialize) -> Result<Bytes, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line.into())
}

impl Run {
    async fn row(&self, read: Read) -> BulkRow {
        let number = read.number;
        let row = match read.wanted {
            Err(errors) => BulkRow::refused(number, errors),
            Ok(_) if self.is_broken.load(Ordering::Relaxed) => BulkRow::new(number, BulkOutcome::Failed),
            Ok(wanted) => self.register(number, wanted).await.unwrap_or_else(|error| {
                tracing::warn!(row = number, %error, "a bulk registration was broken off");
                self.is_broken.store(true, Ordering::Relaxed);
                BulkRow::new(number, BulkOutcome::Failed)
            }),
        };
        self.counts[row.outcome as usize].fetch_add(1, Ordering::Relaxed);
        row
    }

    /// Registers a row; an error is one that the next row would meet, too.
    async fn register(&self, number: u32, wanted: Wanted) -> Result<BulkRow, BulkError> {
        if let Some(row) = self.as_it_is(number, &wanted).await? {
            return Ok(row);
        }
        if self.is_dry {
            return Ok(BulkRow::new(number, BulkOutcome::WouldBeCreated));
        }
        let app = &self.app;
        let staff = NewStaff {
            login: wanted.login,
            password: app.passwords.hash(&wanted.password, &app.random).await?,
            email: wanted.email,
            role: Role::Owner,
        };
        let named = Named {
            name: wanted.name,
            currency: Currency::USD,
        };
        let sponsor = Sponsor::Platform(self.doer.clone());
        match found(app, &named, &staff, &sponsor).await {
            // Readers hear of it by their next pull: a push for each row would wait for every reader each time.
            Ok((subdomain, created)) => Ok(BulkRow {
                operator_id: Some(created.id),
                subdomain: Some(subdomain.to_string()),
                referral_code: Some(created.code.as_str().to_owned()),
                ..BulkRow::new(number, BulkOutcome::Created)
            }),
            Err(error) => match refusal(&error) {
                Some(refusal) => Ok(BulkRow::refused(number, vec![refusal])),
                None => Err(error.into()),
            },
        }
    }

    /// What there is to say of a row before any work is done for it.
    async fn as_it_is(&self, number: u32, wanted: &Wanted) -> Result<Option<BulkRow>, BulkError> {
        let asked = Arc::new((wanted.login.clone(), wanted.name.clone()));
        let read = self.app.db.read(move |db| {
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let of_login = store::of_login(db, &asked.0, &asked.1).await?;
                let is_taken = store::is_name_taken(db, &asked.1).await?;
                Ok::<_, DbError>((of_login, is_taken))
            })
        });
        let (of_login, is_name_taken) = read.await?;
        let email = wanted.email.as_ref().map(Email::as_str);
        let refused = |(field, detail)| BulkRow::refused(number, vec![FieldError::new(field, detail)]);
        if let Some(known) = of_login {
            if known.is_of_name && known.email.as_deref() == email {
                return Ok(Some(BulkRow {
                    subdomain: known.subdomain,
                    referral_code: known.code,
                    ..BulkRow::new(number, BulkOutcome::AlreadyRegistered)
                }));
            }
            return Ok(Some(refused(LOGIN_TAKEN)));
        }
        Ok(is_name_taken.then(|| refused(NAME_TAKEN)))
    }

    fn summary(&self, total: u32) -> BulkSummary {
        let count = |outcome: BulkOutcome| self.counts[outcome as usize].load(Ordering::Relaxed);
        BulkSummary {
            total,
            created: count(BulkOutcome::Created),
            would_be_created: count(BulkOutcome::WouldBeCreated),
            already_registered: count(BulkOutcome::AlreadyRegistered),
            refused: count(BulkOutcome::Refused),
            failed: count(BulkOutcome::Failed),
        }
    }
}

/// Why no further row can be registered for now.
#[derive(Debug, thiserror::Error)]
enum BulkError {
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error(transparent)]
    Founding(#[from] FoundingError),
    #[error(transparent)]
    Database(#[from] DbError),
}

/// What a refusal says of which column, if it is one of this row alone.
fn refusal(error: &FoundingError) -> Option<FieldError> {
    let (field, detail) = match error {
        FoundingError::NoFreeAddress => ("sportsbook_name", "has no address that is free"),
        FoundingError::Refused(CreateError::NameTaken) => NAME_TAKEN,
        FoundingError::Refused(CreateError::LoginTaken) => LOGIN_TAKEN,
        FoundingError::Refused(_) => return None,
    };
    Some(FieldError::new(field, detail))
}

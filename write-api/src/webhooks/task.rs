//! The task that delivers. Any instance runs it: each attempt is leased in the database first. Must never wait for a
//! subscriber while something is due to another.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use serde_json::json;
use shared::db::DbError;
use shared::ids::OperatorId;
use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::options::WebhookOptions;
use super::rules::{Next, Outcome, next};
use super::store::{self, Attempt, Due};
use super::{delivery, rounds};
use crate::app::{App, SharedApp};
use crate::audit::{Action, Change, Doer, record};
use crate::background::every;

/// What attempts are made with, and how many may be under way.
#[derive(Debug)]
pub struct Sender {
    client: Client,
    places: Arc<Semaphore>,
}

impl Sender {
    /// With the limits of the configuration.
    ///
    /// # Errors
    /// When no client can be made.
    pub fn new(options: &WebhookOptions) -> Result<Self, reqwest::Error> {
        let places = usize::try_from(options.webhook_concurrency).unwrap_or(Semaphore::MAX_PERMITS);
        Ok(Self {
            client: delivery::client(options)?,
            places: Arc::new(Semaphore::new(places)),
        })
    }
}

/// Looks for rounds and for what is due every now and then until `stop`.
pub fn spawn_delivery(app: SharedApp, stop: CancellationToken) {
    let pause = Duration::from_millis(app.options.webhooks.webhook_poll_ms);
    let of_attempts = Arc::clone(&app);
    every(
        pause,
        app,
        stop,
        "webhooks could not be delivered; it is tried again",
        move |_, stop| Box::pin(turn(Arc::clone(&of_attempts), stop)),
    );
}

async fn turn(app: SharedApp, stop: &CancellationToken) -> Result<(), DbError> {
    let found = find_rounds(&app, stop).await;
    // What is in the outbox is delivered whether or not more can be found.
    start_attempts(&app, stop).await?;
    prune(&app).await?;
    found
}

async fn find_rounds(app: &App, stop: &CancellationToken) -> Result<(), DbError> {
    let batch = app.options.webhooks.webhook_batch;
    while !stop.is_cancelled() {
        let now = app.clock.now();
        let found = app
            .db
            .write(move |db| Box::pin(async move { Ok::<_, DbError>(rounds::find(db, batch, now).await?) }));
        if !found.await? {
            break;
        }
    }
    Ok(())
}

async fn prune(app: &App) -> Result<(), DbError> {
    let options = &app.options.webhooks;
    let before = app.clock.now() - time::Duration::days(options.webhook_log_days.into());
    let batch = i64::from(options.webhook_batch);
    let pruned = app
        .db
        .write(move |db| Box::pin(async move { Ok::<_, DbError>(store::prune(db, before, batch).await?) }));
    pruned.await.map(|_| ())
}

/// Takes as much as there are places for, and starts an attempt of each. Nothing is waited for.
async fn start_attempts(app: &SharedApp, stop: &CancellationToken) -> Result<(), DbError> {
    let options = &app.options.webhooks;
    let free = app.webhooks.places.available_permits();
    if free == 0 {
        return Ok(());
    }
    let (each, of_one, most) = (
        i64::from(options.webhook_concurrency_each),
        i64::from(options.webhook_concurrency_operator),
        i64::try_from(free).unwrap_or(i64::MAX),
    );
    let now = app.clock.now();
    let until = now + options.lease();
    let claimed = app.db.write(move |db| {
        Box::pin(async move { Ok::<_, DbError>(store::claim(db, now, until, each, of_one, most).await?) })
    });
    for due in claimed.await? {
        let (app, stop) = (Arc::clone(app), stop.clone());
        let tasks = app.tasks.clone();
        tasks.spawn(async move {
            // Only this task takes places, and no more than were free.
            let _place = app.webhooks.places.acquire().await;
            tokio::select! {
                // The lease ends by itself, and another instance goes on.
                () = stop.cancelled() => {}
                () = deliver(&app, due) => {}
            }
        });
    }
    Ok(())
}

async fn deliver(app: &App, due: Due) {
    let began = app.clock.elapsed();
    let outcome = delivery::attempt(&app.webhooks.client, &due, app.clock.now(), &app.options.webhooks).await;
    let latency = app.clock.elapsed().saturating_sub(began);
    let attempt = Attempt {
        status: match outcome {
            Outcome::Answered(status) => i16::try_from(status).ok(),
            Outcome::Failed(_) => None,
        },
        error: match outcome {
            Outcome::Answered(_) => None,
            Outcome::Failed(reason) => Some(reason),
        },
        latency_ms: i32::try_from(latency.as_millis()).unwrap_or(i32::MAX),
    };
    let attempts = due.attempts.unsigned_abs();
    let next = next(
        outcome,
        attempts,
        &app.options.webhooks.webhook_retry_s,
        &app.random,
    );
    let (now, give_up) = (app.clock.now(), app.options.webhooks.give_up());
    let due = Arc::new(due);
    let noted = app.db.write(move |db| {
        let due = Arc::clone(&due);
        Box::pin(
            async move { Ok::<_, DbError>(note(due.operator, db, &due, attempt, next, now, give_up).await?) },
        )
    });
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the outcome of a webhook could not be noted; it is delivered again");
    }
}

/// Writes down what came of an attempt, unless it took so long that another one was begun. The webhook's row comes
/// first, so that attempts for one don't lock each other out.
async fn note(
    operator: OperatorId,
    db: &mut PgConnection,
    due: &Due,
    attempt: Attempt,
    next: Next,
    now: OffsetDateTime,
    give_up: Duration,
) -> Result<(), sqlx::Error> {
    store::lock_endpoint(operator, db, due.endpoint).await?;
    let is_ours = match next {
        Next::Delivered => store::ended(operator, db, due, "delivered", attempt).await?,
        Next::Again(pause) => store::postpone(operator, db, due, attempt, now + pause).await?,
        Next::Gone | Next::GivenUp => store::ended(operator, db, due, "failed", attempt).await?,
    };
    if !is_ours {
        return Ok(());
    }
    if next == Next::Delivered {
        return store::subscriber_works(operator, db, due.endpoint).await;
    }
    let since = store::subscriber_failed(operator, db, due.endpoint, now).await?;
    let reason = if next == Next::Gone {
        "it answered 410 Gone"
    } else if since.is_some_and(|since| now - since >= give_up) {
        "nothing could be delivered for too long"
    } else {
        return Ok(());
    };
    disable(operator, db, due.endpoint, reason, now).await
}

async fn disable(
    operator: OperatorId,
    db: &mut PgConnection,
    endpoint: i64,
    reason: &str,
    now: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    if store::disable(operator, db, endpoint, reason).await? {
        let change = Change {
            subject: Some(format!("webhook {endpoint}")),
            before: json!({ "is_enabled": true }),
            after: json!({ "is_enabled": false, "reason": reason }),
        };
        record(
            operator,
            db,
            &Doer::system(operator, now),
            Action::WebhookDisabled,
            change,
        )
        .await?;
    }
    Ok(())
}

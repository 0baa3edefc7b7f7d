//! `contest-reset`: a contest begins and resets the balances of many players, while write-api is killed in the middle.
//! Must never take a balance for right that was set twice.

use std::time::Duration;

use clap::Args;
use dev::launch::Launched;
use reqwest::StatusCode;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::OperatorId;
use shared::random::Random;
use sqlx::{Connection, PgConnection};
use tokio::time::{sleep, timeout};
use write_api::accounts::{AccountLimits, NewStaff, Password, Passwords, Role, StaffLogin, create_staff};

use crate::books;
use crate::failure::Failure;
use crate::installation;
use crate::people::{Cast, People};
use crate::report::{Report, say};

/// Pause between two looks at the operation.
const PAUSE: Duration = Duration::from_millis(2);
/// Within this the operation comes so far that the writer is killed, or to its end.
const LIMIT: Duration = Duration::from_mins(2);
const LOGIN: &str = "bench_root";

/// Begins a contest that resets every balance, and kills write-api with SIGKILL in the middle.
///
/// The deaths are spread over the players. Wrong is: a player whose balance was not set by exactly one movement, and a
/// difference in the books.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Players, among four operators.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    players: u32,
    /// How often write-api is killed.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(0..=10))]
    kills: u32,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    installation::lent(None, &clock, async |launched| {
        measure(options, launched, &clock).await
    })
    .await
}

async fn measure(options: &Options, launched: &mut Launched, clock: &Clock) -> Result<Report, Failure> {
    say(&format!("Creating {} players …", options.players));
    let database_url = launched.database_url().to_owned();
    People::create(&database_url, Cast::new("reset", options.players), clock).await?;
    let mut db = PgConnection::connect(&database_url).await?;
    begin(&launched.writer.url(), &mut db, clock).await?;

    let began = clock.elapsed();
    let mut killed_at = Vec::new();
    for number in 1..=options.kills {
        let enough = i64::from(options.players / (options.kills + 1) * number);
        until(&mut db, "comes so far", |changed, _| changed >= enough).await?;
        launched.writer.kill().await;
        let (changed, has_ended) = progress(&mut db).await?;
        say(&format!("write-api is killed after {changed} movements."));
        killed_at.push((changed, has_ended));
        launched.writer.begin_again(&[]).await?;
        launched.writer.ready().await?;
    }
    until(&mut db, "ends", |_, has_ended| has_ended).await?;
    let took = clock.elapsed().saturating_sub(began);

    let (movements, wallets): (i64, i64) = sqlx::query_as(
        "select count(*), count(distinct (operator_id, player_id)) from ledger_entries where reason = 'reset'",
    )
    .fetch_one(&mut db)
    .await?;
    let wrong = books::difference(&mut db).await?;
    let mut report = Report::new("contest-reset");
    report.value("players", options.players);
    report.value("kills", options.kills);
    report.value("moved", movements);
    report.value("took_s", (took.as_secs_f64() * 10.0).round() / 10.0);
    report.value("books_ok", wrong.is_none());
    let players = i64::from(options.players);
    if (movements, wallets) != (players, players) {
        report.broken(format!("{movements} movements of {wallets} wallets"));
    }
    if killed_at.iter().any(|(_, has_ended)| *has_ended) {
        report.broken("a kill came after the end".to_owned());
    }
    if let Some(difference) = wrong {
        report.broken(difference);
    }
    Ok(report)
}

/// Orders the contest as the platform's staff do.
async fn begin(writer: &str, db: &mut PgConnection, clock: &Clock) -> Result<(), Failure> {
    let (random, now) = (Random::system(), clock.now());
    let text = random.uuid(now).to_string();
    let password = Password::for_new_account(&text)?;
    let staff = NewStaff {
        login: StaffLogin::parse(LOGIN)?,
        password: Passwords::new(&AccountLimits::default())
            .hash(&password, &random)
            .await?,
        email: None,
        role: Role::Owner,
    };
    create_staff(OperatorId::PLATFORM, db, &staff, now).await?;
    let logged_in = post(
        &format!("{writer}/api/superadmin/login"),
        &json!({"username": LOGIN, "password": text}),
        None,
    )
    .await?;
    let contest = json!({"name": "Bench", "ends_at": "2099-01-01T00:00:00Z", "reset_balances": true});
    let token = logged_in["token"].as_str();
    post(&format!("{writer}/api/superadmin/contests"), &contest, token).await?;
    Ok(())
}

async fn post(url: &str, body: &Value, token: Option<&str>) -> Result<Value, Failure> {
    let mut request = reqwest::Client::new()
        .post(url)
        .header("content-type", "application/json")
        .header("idempotency-key", "bench")
        .body(body.to_string());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = request.send().await?;
    let status = response.status();
    let text = response.text().await?;
    if !matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        return Err(Failure::Unfit(format!("{url} answered {status}: {text}")));
    }
    serde_json::from_str(&text).map_err(|error| Failure::Unfit(error.to_string()))
}

/// Movements so far, and whether the operation has ended.
async fn progress(db: &mut PgConnection) -> Result<(i64, bool), Failure> {
    let progress =
        sqlx::query_as("select changed, ended_at is not null from operations where operator_id = 0");
    Ok(progress.fetch_one(db).await?)
}

async fn until(db: &mut PgConnection, what: &str, is_so: impl Fn(i64, bool) -> bool) -> Result<(), Failure> {
    let wait = async {
        loop {
            let (changed, has_ended) = progress(db).await?;
            if is_so(changed, has_ended) || has_ended {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    };
    let late = |_| Failure::Unfit(format!("the operation never {what}"));
    timeout(LIMIT, wait).await.map_err(late)?
}

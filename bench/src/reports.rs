//! `reports`: how long an overview of an operator takes that has millions of rounds, beside the query that adds those
//! rounds up, and how long the platform's pages take that has thousands of operators. Must never time an answer that is
//! not what the rounds add up to.

mod platform;

use std::time::Duration;

use clap::Args;
use serde_json::Value;
use shared::clock::Clock;
use sqlx::{Connection, PgConnection};
use write_api::reports::fold_totals;

use crate::aim::Aim;
use crate::failure::Failure;
use crate::installation::{self, Places};
use crate::latencies::Latencies;
use crate::people::{self, Cast, People};
use crate::report::{Report, say};

/// Days over which the rounds are spread, today included.
const DAYS: u32 = 400;
/// Rounds that one statement creates.
const BATCH: u32 = 250_000;
/// Rows that are added up at once, as the service does.
const FOLD_BATCH: u32 = 10_000;

/// What a run should come to. To miss it is no failure: machines differ.
const MOST_OVERVIEW_MS: f64 = 100.0;

/// Times an overview over all rounds of an operator, and the platform's pages over all operators, asked over HTTP.
///
/// `overview_p50_ms` and `overview_p99_ms` are the times of the answers, `stats_p50_ms` that of the dashboard, `exact_ms`
/// the time of one query that adds the rounds up. `platform_…`, `revenue_by_operator_…`, `operators_…` and
/// `global_users_…` are those of the platform's pages, about a year, and `export_s` the time of the file of all players.
/// Wrong is: an overview that differs from that query's answer, and a file without all players.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds.
    #[arg(long, value_name = "N", default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    rounds: u32,
    /// How often the overview is asked for.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    asks: u32,
    #[command(flatten)]
    crowd: platform::Crowd,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let clock = Clock::machine();
    let found = installation::with(1, &clock, async |places| measure(options, &places, &clock).await);
    Ok(found.await?.report(options))
}

/// All that was found.
#[derive(Debug)]
struct Found {
    overview: Latencies,
    stats: Latencies,
    exact: Duration,
    differences: u64,
    platform: platform::Found,
}

/// What an operator's rounds add up to.
#[derive(Debug, PartialEq, Eq)]
struct Sums {
    settled: i64,
    staked: i64,
    paid: i64,
}

async fn measure(options: &Options, places: &Places, clock: &Clock) -> Result<Found, Failure> {
    let cast = Cast {
        name: "reports",
        operators: 1,
        players: 1,
    };
    let people = People::create(&places.database_url, cast, clock).await?;
    let mut db = PgConnection::connect(&places.database_url).await?;
    let operator = &people.operators[0];
    say(&format!("Creating {} rounds …", options.rounds));
    let began = clock.elapsed();
    create(operator.id.get(), &mut db, options.rounds, clock).await?;
    while fold_totals(&mut db, FOLD_BATCH).await? > 0 {}
    platform::create(options.crowd, &mut db, clock.now().date()).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut db).await?;
    let took = clock.elapsed().saturating_sub(began);
    say(&format!("They were created and counted in {took:.0?}."));

    let began = clock.elapsed();
    let exact = added_up(operator.id.get(), &mut db).await?;
    let exact_took = clock.elapsed().saturating_sub(began);
    let client = reqwest::Client::new();
    let today = clock.now().date();
    let first = today.saturating_sub(time::Duration::days(i64::from(DAYS) - 1));
    let base = format!("{}/api/admin/{}", places.writer.url, operator.subdomain);
    let token = people::platform_token(&places.database_url, clock).await?;
    let writer = &places.writer.url;
    let mut found = Found {
        overview: Latencies::default(),
        stats: Latencies::default(),
        exact: exact_took,
        differences: 0,
        platform: platform::measure(writer, &token, options.asks, &mut db, clock).await?,
    };
    for _ in 0..options.asks {
        let url = format!("{base}/reports/overview?from={first}&to={today}");
        let overview = ask(&client, &url, &operator.staff_token, &mut found.overview, clock).await?;
        let overview = &overview["currencies"][0]["overview"];
        found.differences += u64::from(told(overview).as_ref() != Some(&exact));
        let url = format!("{base}/stats");
        let stats = ask(&client, &url, &operator.staff_token, &mut found.stats, clock).await?;
        found.differences += u64::from(told(&stats["all_time"]).as_ref() != Some(&exact));
    }
    Ok(found)
}

/// Rounds of all games over the last days, of the only player.
async fn create(operator: i64, db: &mut PgConnection, rounds: u32, clock: &Clock) -> Result<(), Failure> {
    let mut made = 0;
    while made < rounds {
        let batch = BATCH.min(rounds - made);
        sqlx::query!(
            r#"
            insert into rounds (
                operator_id, id, player_id, game, math_version, seed_pair_id, nonce, stake, payout, payout_limited,
                status, result, created_at, settled_at, max_payout
            )
            select
                $1,
                gen_random_uuid(),
                1,
                (array['slots', 'roulette', 'baccarat', 'blackjack', 'crash'])[1 + number % 5],
                1,
                0,
                number,
                100 + number % 900,
                case when number % 4 = 0 then 300 else 0 end,
                false,
                'settled',
                '{}',
                moment,
                moment,
                1000000
            from generate_series($2::bigint, $3::bigint - 1) as number
            cross join lateral (select $4::timestamptz - make_interval(days => (number % $5)::int)) as at (moment)
            "#,
            operator,
            i64::from(made),
            i64::from(made + batch),
            clock.now(),
            i64::from(DAYS),
        )
        .execute(&mut *db)
        .await?;
        made += batch;
    }
    Ok(())
}

/// What the operator's rounds add up to, read from each of them.
async fn added_up(operator: i64, db: &mut PgConnection) -> Result<Sums, Failure> {
    let sums = sqlx::query_as!(
        Sums,
        r#"
        select
            count(*) as "settled!",
            coalesce(sum(stake), 0)::bigint as "staked!",
            coalesce(sum(payout), 0)::bigint as "paid!"
        from rounds
        where operator_id = $1 and status = 'settled'
        "#,
        operator,
    );
    Ok(sums.fetch_one(db).await?)
}

async fn ask(
    client: &reqwest::Client,
    url: &str,
    token: &str,
    latencies: &mut Latencies,
    clock: &Clock,
) -> Result<Value, Failure> {
    let began = clock.elapsed();
    let answer = client.get(url).bearer_auth(token).send().await?;
    let body = answer.error_for_status()?.bytes().await?;
    latencies.record(clock.elapsed().saturating_sub(began));
    serde_json::from_slice(&body).map_err(|error| Failure::Unfit(format!("{url} answers no JSON: {error}")))
}

/// The sums of an answer; amounts have two decimals there.
fn told(settled: &Value) -> Option<Sums> {
    let minor = |amount: &Value| amount.to_string().replace('.', "").parse::<i64>().ok();
    let cents = |amount: &Value| {
        let text = amount.to_string();
        match text.split_once('.') {
            Some((_, part)) if part.len() == 1 => minor(amount).map(|tenths| tenths * 10),
            Some(_) => minor(amount),
            None => minor(amount).map(|whole| whole * 100),
        }
    };
    Some(Sums {
        settled: settled["total_bets"].as_i64()?,
        staked: cents(&settled["total_stakes"])?,
        paid: cents(&settled["total_payouts"])?,
    })
}

impl Found {
    fn report(&self, options: &Options) -> Report {
        let p99_ms = self.overview.p99_ms();
        Aim::AtMost(MOST_OVERVIEW_MS).tell("milliseconds until an overview is answered (p99)", p99_ms);
        let mut report = Report::new("reports");
        report.value("rounds", options.rounds);
        report.value("overview_p50_ms", self.overview.p50_ms());
        report.value("overview_p99_ms", p99_ms);
        report.value("stats_p50_ms", self.stats.p50_ms());
        report.value("stats_p99_ms", self.stats.p99_ms());
        report.value("exact_ms", (self.exact.as_secs_f64() * 10_000.0).round() / 10.0);
        report.value("equal", self.differences == 0);
        self.platform.tell(&mut report, options.crowd);
        report.at_most(
            "answers that are not what the rounds add up to",
            self.differences,
            0,
        );
        report
    }
}

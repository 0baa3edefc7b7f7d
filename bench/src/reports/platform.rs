//! The platform's pages over many operators and players. Must never time an answer that leaves something out.

use std::time::Duration;

use clap::Args;
use shared::clock::Clock;
use sqlx::PgConnection;
use time::Date;

use crate::aim::Aim;
use crate::failure::Failure;
use crate::latencies::Latencies;
use crate::report::{Report, say};

/// Days of which every operator has totals, today included.
const DAYS: i64 = 365;
/// Longer than anybody has been a player.
const MEMBERS_FOR_DAYS: i64 = 500;
/// Players that one statement creates.
const BATCH: i64 = 50_000;
/// Players on a page of `global-users`.
const PER_PAGE: i64 = 20;
/// What half of the answers should take at most.
const MOST_MS: f64 = 100.0;

/// What is there beside the rounds.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct Crowd {
    /// Operators with totals of five games for each day of a year.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    operators: u32,
    /// Players, divided among those operators.
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    players: u32,
}

/// How long the pages took, and what the export had.
#[derive(Debug)]
pub(super) struct Found {
    pages: Vec<(&'static str, Latencies)>,
    export: Duration,
    exported: u64,
    /// Players that there are.
    players: u64,
}

/// Creates all of it on the server.
pub(super) async fn create(crowd: Crowd, db: &mut PgConnection, today: Date) -> Result<(), Failure> {
    say(&format!(
        "Creating {} operators with totals of {DAYS} days, and {} players …",
        crowd.operators, crowd.players
    ));
    create_operators(i64::from(crowd.operators), db).await?;
    for day in 0..DAYS {
        create_totals(db, today.saturating_sub(time::Duration::days(day))).await?;
    }
    // Leaderboards are not measured: the task that keeps them need not be told.
    let untold = "alter table players disable trigger players_new_for_standings";
    sqlx::raw_sql(untold).execute(&mut *db).await?;
    let players = i64::from(crowd.players);
    let mut made = 0;
    while made < players {
        let batch = BATCH.min(players - made);
        create_players(db, made, made + batch, i64::from(crowd.operators)).await?;
        made += batch;
    }
    let told = "alter table players enable trigger players_new_for_standings";
    sqlx::raw_sql(told).execute(db).await?;
    Ok(())
}

async fn create_operators(operators: i64, db: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query!(
        r#"
        insert into operators (subdomain, name, currency)
        select 'crowd-' || number, 'Crowd ' || number, (array['USD', 'EUR', 'GBP'])[1 + number % 3]
        from generate_series(1, $1::bigint) as number
        "#,
        operators,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn create_totals(db: &mut PgConnection, day: Date) -> Result<(), Failure> {
    sqlx::query!(
        r#"
        insert into daily_totals (operator_id, day, product, category, settled, won, voided, staked, paid)
        select id, $1, 'casino', game, 100, 30, 0, 10000 + id % 777, 9000
        from operators
        cross join unnest(array['slots', 'roulette', 'baccarat', 'blackjack', 'crash']) as game
        where subdomain like 'crowd-%'
        order by id, game
        "#,
        day,
    )
    .execute(db)
    .await?;
    Ok(())
}

async fn create_players(db: &mut PgConnection, from: i64, until: i64, operators: i64) -> Result<(), Failure> {
    sqlx::query!(
        r#"
        with made as (
            insert into players (operator_id, username, email, password_hash, created_at, last_login_at)
            select
                first.id + number % $3,
                'player-' || number,
                'player-' || number || '@example.com',
                repeat('x', 97),
                now() - make_interval(days => (number % 400)::int),
                now() - make_interval(days => (number % 60)::int)
            from generate_series($1::bigint, $2::bigint - 1) as number
            cross join (select min(id) as id from operators where subdomain like 'crowd-%') as first
            returning operator_id, id
        )
        insert into wallets (operator_id, player_id, seed_pair_id)
        select operator_id, id, 0
        from made
        "#,
        from,
        until,
        operators,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Asks the writer at `url` for each page so often, and for the export of all players once.
pub(super) async fn measure(
    url: &str,
    token: &str,
    asks: u32,
    db: &mut PgConnection,
    clock: &Clock,
) -> Result<Found, Failure> {
    let players: i64 = sqlx::query_scalar!(r#"select count(*) as "count!" from players"#)
        .fetch_one(db)
        .await?;
    let today = clock.now().date();
    let year = today.saturating_sub(time::Duration::days(DAYS - 1));
    let period = format!("from={year}&to={today}");
    let last = (players + PER_PAGE - 1) / PER_PAGE;
    let client = reqwest::Client::new();
    let mut found = Found {
        pages: Vec::new(),
        export: Duration::ZERO,
        exported: 0,
        players: players.unsigned_abs(),
    };
    for (name, path) in [
        ("platform_stats", "stats".to_owned()),
        ("platform_overview", format!("reports/overview?{period}")),
        (
            "platform_revenue",
            format!("reports/revenue?{period}&group=month"),
        ),
        ("revenue_by_operator", format!("revenue-by-operator?{period}")),
        ("operators", "operators".to_owned()),
        ("global_users_first", format!("global-users?per_page={PER_PAGE}")),
        (
            "global_users_last",
            format!("global-users?per_page={PER_PAGE}&page={last}"),
        ),
    ] {
        let url = format!("{url}/api/superadmin/{path}");
        let mut latencies = Latencies::default();
        for _ in 0..asks {
            super::ask(&client, &url, token, &mut latencies, clock).await?;
        }
        found.pages.push((name, latencies));
    }
    let began = clock.elapsed();
    let first = today.saturating_sub(time::Duration::days(MEMBERS_FOR_DAYS));
    let export = format!("{url}/api/superadmin/reports/user-activity/export?from={first}&to={today}");
    let mut answer = client
        .get(&export)
        .bearer_auth(token)
        .send()
        .await?
        .error_for_status()?;
    let mut lines = 0_u64;
    while let Some(part) = answer.chunk().await? {
        lines += part.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
    }
    found.export = clock.elapsed().saturating_sub(began);
    found.exported = lines.saturating_sub(1);
    Ok(found)
}

impl Found {
    /// Adds what was found to the report.
    pub(super) fn tell(&self, report: &mut Report, crowd: Crowd) {
        report.value("operators", crowd.operators);
        report.value("players", self.players);
        for (name, latencies) in &self.pages {
            Aim::AtMost(MOST_MS).tell(
                &format!("milliseconds until {name} is answered (p50)"),
                latencies.p50_ms(),
            );
            report.value(&format!("{name}_p50_ms"), latencies.p50_ms());
            report.value(&format!("{name}_p99_ms"), latencies.p99_ms());
        }
        report.value("export_s", (self.export.as_secs_f64() * 100.0).round() / 100.0);
        report.value("export_rows", self.exported);
        report.at_most(
            "players that the export leaves out",
            self.players.abs_diff(self.exported),
            0,
        );
    }
}

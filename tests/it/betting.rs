//! Bets on sports over HTTP: what is taken at which price, what it pays, and what it means for the operator.

mod bad_input;
mod cash_out;
mod exposure;
mod placing;
mod races;
mod results;
mod settling;

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use sqlx::PgConnection;
use tests::people::{Operator, Player};
use tests::{Answer, Client, Installation};
use time::OffsetDateTime;

/// How long a background settlement may take.
const SOON: Duration = Duration::from_secs(20);

/// An installation with one operator, its staff, a player, and events of soccer that start in a day.
struct Scene {
    installation: Installation,
    clock: Clock,
    aurora: Operator,
    staff: Client,
    alice: Player,
    player: Client,
}

impl Scene {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(more: &[&str]) -> Self {
        let clock = Clock::manual(Clock::machine().now());
        let installation = Installation::builder()
            .clock(clock.clone())
            .writer_args(&["--settle-poll-ms", "20", "--settle-sweep-ms", "20"])
            .writer_args(more)
            .start()
            .await;
        let aurora = installation.operator("aurora").await;
        let alice = installation.player(&aurora, "alice", 100_000).await;
        let scene = Self {
            staff: installation.reader(0).logged_in(&aurora.token),
            player: installation.reader(0).logged_in(&alice.token),
            installation,
            clock,
            aurora,
            alice,
        };
        let mut db = scene.installation.database.pool().acquire().await.unwrap();
        for event in ["1", "2", "3", "4"] {
            insert_event(&mut db, event, scene.clock.now() + Duration::from_hours(24)).await;
        }
        drop(db);
        scene
    }

    async fn sql(&self, statement: &'static str) -> u64 {
        sqlx::query(statement)
            .execute(self.installation.database.pool())
            .await
            .unwrap()
            .rows_affected()
    }

    /// Places a bet of 10.00 on one selection of a match result; its number.
    async fn bet(&self, player: &Client, event: &str, selection: &str) -> i64 {
        let placed = player
            .post("/api/betting/place", &on(event, selection, 10.0))
            .await
            .ok();
        placed["bet_id"].as_i64().unwrap()
    }

    /// Lets all events begin.
    fn begin(&self) {
        self.clock.advance(Duration::from_hours(25));
    }

    async fn settle(&self, event: &str, more: Value) -> Value {
        self.try_settle(event, more).await.ok()
    }

    async fn try_settle(&self, event: &str, more: Value) -> Answer {
        let mut body = json!({"match_id": event, "market_id": "1"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.staff.post("/api/admin/aurora/manual-settle", &body).await
    }

    /// Waits until every settlement that was ordered is done.
    async fn settled(&self) {
        let pool = self.installation.database.pool();
        let is_done = || async {
            let waiting = "select exists (select from market_settlements where done_at is null)";
            !sqlx::query_scalar::<_, bool>(waiting)
                .fetch_one(pool)
                .await
                .unwrap()
        };
        self.installation.within(SOON, "all is settled", is_done).await;
    }

    /// How a bet stands for its player, and what it has paid.
    async fn stands(&self, player: &Client, bet: i64) -> (String, f64) {
        let shown = player.get(&format!("/api/betting/bet/{bet}")).await.ok();
        let bet = &shown["bet"];
        (
            bet["status"].as_str().unwrap().to_owned(),
            bet["actual_return"].as_f64().unwrap(),
        )
    }

    async fn balance(&self) -> i64 {
        self.installation.balance_minor(&self.alice).await
    }

    async fn finish(self) {
        self.installation.finish().await;
    }
}

/// A bet on a selection of an event's match result, at the price that it has.
pub(crate) fn on(event: &str, selection: &str, stake: f64) -> Value {
    let mut body = leg(event, selection);
    body["stake"] = json!(stake);
    body
}

fn leg(event: &str, selection: &str) -> Value {
    let odds = match selection {
        "Home" => 1.85,
        "Draw" => 3.4,
        _ => 4.2,
    };
    json!({"sport": "soccer", "event_id": event, "market_id": "1", "selection_id": selection, "odds": odds})
}

/// An event with a match result (market 1) and totals (market 2).
pub(crate) async fn insert_event(db: &mut PgConnection, event: &str, starts_at: OffsetDateTime) {
    sqlx::query(
        "insert into events (sport, id, home, away, league, date_text, time_text, starts_at, status, status_text,
            content_hash, version, first_seen_at, changed_at)
         values ('soccer', $1, 'Ajax ' || $1, 'Feyenoord', 'Eredivisie', '', '', $2, 'not_started', '', sha256(''), 1,
            now(), now())",
    )
    .bind(event)
    .bind(starts_at)
    .execute(&mut *db)
    .await
    .unwrap();
    for (id, key, name, selections) in [
        (
            "1",
            "match_result",
            "3Way Result",
            r#"[{"id": "Home", "name": "Home", "price_milli": 1850, "price_text": "1.85", "suspended": false},
                {"id": "Draw", "name": "Draw", "price_milli": 3400, "price_text": "3.40", "suspended": false},
                {"id": "Away", "name": "Away", "price_milli": 4200, "price_text": "4.20", "suspended": false}]"#,
        ),
        (
            "2",
            "goals_over_under",
            "Goals Over/Under",
            r#"[{"id": "Over@2.5", "name": "Over", "line": "2.5", "line_kind": "total", "price_milli": 1900,
                    "price_text": "1.90", "suspended": false},
                {"id": "Under@2.5", "name": "Under", "line": "2.5", "line_kind": "total", "price_milli": 1905,
                    "price_text": "1.905", "suspended": false},
                {"id": "Over@3.5", "name": "Over", "line": "3.5", "line_kind": "total", "price_milli": null,
                    "price_text": "", "suspended": false}]"#,
        ),
    ] {
        sqlx::query(
            "insert into markets (sport, event_id, id, position, key, name, is_suspended, selections)
             values ('soccer', $1, $2, 1, $3, $5, false, $4::jsonb)",
        )
        .bind(event)
        .bind(id)
        .bind(key)
        .bind(selections)
        .bind(name)
        .execute(&mut *db)
        .await
        .unwrap();
    }
}

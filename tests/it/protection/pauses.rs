//! Time-outs and self-exclusion: they hold at once and to their end, and nothing makes them shorter.

use std::time::Duration;

use serde_json::json;
use shared::clock::Clock;
use tests::{Client, Installation};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{DAY, HOUR, LIMITS, SECOND, bet, installation_with};

const TIME_OUT: &str = "/api/player/limits/time-out";
const EXCLUSION: &str = "/api/player/limits/self-exclusion";

/// A kind of pause: its path, member, unit, the member that shows its end, and the code that refuses.
struct Pause {
    path: &'static str,
    member: &'static str,
    unit: Duration,
    shown_as: &'static str,
    code: &'static str,
    shortest: u32,
    longest: u32,
}

const PAUSES: [Pause; 2] = [
    Pause {
        path: TIME_OUT,
        member: "hours",
        unit: HOUR,
        shown_as: "time_out_until",
        code: "time_out",
        shortest: 1,
        longest: 1008,
    },
    Pause {
        path: EXCLUSION,
        member: "days",
        unit: DAY,
        shown_as: "self_excluded_until",
        code: "self_excluded",
        shortest: 180,
        longest: 1825,
    },
];

fn text(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap()
}

/// The start of a clock at a whole second, so that pauses end exactly when they say.
fn whole_second() -> OffsetDateTime {
    Clock::machine().now().replace_nanosecond(0).unwrap()
}

impl Pause {
    async fn take(&self, player: &Client, length: u32) -> tests::Answer {
        player.post(self.path, &json!({self.member: length})).await
    }
}

#[tokio::test]
async fn a_pause_holds_at_once_and_to_its_end() {
    for pause in PAUSES {
        let start = whole_second();
        let clock = Clock::manual(start);
        let installation = installation_with(&clock).await;
        let aurora = installation.operator("aurora").await;
        let alice = installation.player(&aurora, "alice", 100_000).await;
        let player = installation.reader(0).logged_in(&alice.token);
        bet(&player, 1.0).await.ok();
        let taken = pause.take(&player, pause.shortest).await.ok();
        let end = start + pause.unit * pause.shortest;
        assert_eq!(taken[pause.shown_as], text(end));
        assert_eq!(player.get(LIMITS).await.ok(), taken);
        let refused = bet(&player, 1.0).await.problem(403, pause.code);
        assert!(
            refused["detail"].as_str().unwrap().contains(&text(end)),
            "{refused}"
        );
        clock.advance((pause.unit * pause.shortest).saturating_sub(SECOND));
        bet(&player, 1.0).await.problem(403, pause.code);
        clock.advance(SECOND);
        bet(&player, 1.0).await.ok();
        assert_eq!(player.get(LIMITS).await.ok()[pause.shown_as], json!(null));
        installation.finish().await;
    }
}

#[tokio::test]
async fn a_pause_is_prolonged_but_never_shortened() {
    for pause in PAUSES {
        let start = whole_second();
        let clock = Clock::manual(start);
        let installation = installation_with(&clock).await;
        let aurora = installation.operator("aurora").await;
        let alice = installation.player(&aurora, "alice", 100_000).await;
        let player = installation.reader(0).logged_in(&alice.token);
        let middle = pause.shortest + 10;
        for (length, end) in [
            (pause.shortest, pause.shortest),
            (middle, middle),
            (middle, middle),
        ] {
            let taken = pause.take(&player, length).await.ok();
            assert_eq!(taken[pause.shown_as], text(start + pause.unit * end));
        }
        clock.advance(pause.unit * 9);
        let end = text(start + pause.unit * middle);
        let refused = pause
            .take(&player, pause.shortest)
            .await
            .problem(409, "already_longer");
        assert!(refused["detail"].as_str().unwrap().contains(&end), "{refused}");
        assert_eq!(player.get(LIMITS).await.ok()[pause.shown_as], end);
        let longest = pause.take(&player, pause.longest).await.ok();
        assert_eq!(
            longest[pause.shown_as],
            text(start + pause.unit * (9 + pause.longest))
        );
        assert_eq!(
            installation.count("player_protection_changes").await,
            3,
            "asking for the same and being refused change nothing"
        );
        installation.finish().await;
    }
}

#[tokio::test]
async fn time_out_and_exclusion_hold_beside_each_other_and_limits_can_still_be_set() {
    let clock = Clock::manual(whole_second());
    let installation = installation_with(&clock).await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let [time_out, exclusion] = PAUSES;
    exclusion.take(&player, 180).await.ok();
    let both = time_out.take(&player, 1).await.ok();
    for pause in [&time_out, &exclusion] {
        assert!(both[pause.shown_as].is_string(), "{both}");
    }
    bet(&player, 1.0).await.problem(403, exclusion.code);
    let set = player.put(LIMITS, &json!({"stake": {"24h": 5}})).await.ok();
    assert_eq!(set["limits"]["stake"]["24h"]["limit"], 5.0);
    for pause in [&time_out, &exclusion] {
        assert_eq!(set[pause.shown_as], both[pause.shown_as]);
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_pause_of_no_allowed_length_is_refused_by_name() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    for pause in PAUSES {
        let (below, above) = (pause.shortest - 1, pause.longest + 1);
        for length in [
            json!(below),
            json!(above),
            json!(-1),
            json!(1.5),
            json!("24"),
            json!(null),
            json!([200]),
            json!(u64::MAX),
        ] {
            let answer = player.post(pause.path, &json!({pause.member: length})).await;
            answer.names_field(pause.member);
        }
        let huge = format!(r#"{{"{}": 99999999999999999999999999}}"#, pause.member);
        player
            .post_bytes(pause.path, huge)
            .await
            .names_field(pause.member);
        player
            .post_bytes(pause.path, "{}")
            .await
            .names_field(pause.member);
        player.post_bytes(pause.path, "[200]").await.names_field("body");
        let typo = json!({pause.member: 200, "until": "2030-01-01"});
        player.post(pause.path, &typo).await.names_field("until");
        player
            .post_bytes(pause.path, "")
            .await
            .problem(400, "malformed_json");
    }
    assert_eq!(installation.count("player_protection").await, 0);
    bet(&player, 1.0).await.ok();
    installation.finish().await;
}

#[tokio::test]
async fn an_installation_may_allow_other_lengths() {
    let installation = Installation::builder()
        .writer_args(&["--time-out-max-hours", "2", "--self-exclusion-min-days", "365"])
        .writer_args(&["--self-exclusion-max-days", "366"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let [time_out, exclusion] = PAUSES;
    let refused = time_out.take(&player, 3).await.names_field("hours");
    assert_eq!(refused["detail"], "hours must be 1 to 2");
    time_out.take(&player, 2).await.ok();
    let refused = exclusion.take(&player, 364).await.names_field("days");
    assert_eq!(refused["detail"], "days must be 365 to 366");
    exclusion.take(&player, 366).await.ok();
    installation.finish().await;
}

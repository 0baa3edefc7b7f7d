//! The casino switch, as staff turn it: counted once, seen at once at every reader and by every bet.

use serde_json::json;

use super::{TOGGLE_CASINO, installation_of, refused, state, two_operators, version};

#[tokio::test]
async fn the_casino_switch_goes_over_or_as_asked_and_is_seen_everywhere() {
    let installation = installation_of(2).start().await;
    let (aurora, bluefin) = two_operators(&installation).await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    let player = installation.reader(1).logged_in(&alice.token);
    let staff = installation.reader(0).logged_in(&aurora.token);
    let mut expected = 1;
    for (body, is_enabled, is_change) in [
        ("", false, true),
        ("", true, true),
        ("{}", false, true),
        ("{}", true, true),
        (r#"{"casino_enabled":true}"#, true, false),
        (r#"{"casino_enabled":false}"#, false, true),
        (r#"{"enabled":false}"#, false, false),
        (r#"{"enabled":true}"#, true, true),
        (" {\"enabled\": false} ", false, true),
    ] {
        expected += i64::from(is_change);
        let answer = staff.post_bytes(TOGGLE_CASINO, body).await.ok();
        let told = if is_change {
            json!(["reader-0", "reader-1"])
        } else {
            json!([])
        };
        let readers = json!({"acknowledged": told, "pending": [], "unreachable": []});
        let versions = json!([{"operator_id": aurora.id, "kind": "operator", "version": expected}]);
        let message = if is_enabled {
            "Casino enabled"
        } else {
            "Casino disabled"
        };
        let full = json!({
            "success": true, "message": message, "casino_enabled": is_enabled, "version": expected,
            "versions": versions, "readers": readers,
        });
        assert_eq!(answer, full, "{body}");
        let setting = staff.get("/api/admin/aurora/casino-setting").await.ok();
        assert_eq!(setting, json!({"success": true, "casino_enabled": is_enabled}));
        for reader in [installation.reader(0), installation.reader(1)] {
            let shown = reader.get("/api/aurora/casino-enabled").await.ok();
            assert_eq!(shown["casino_enabled"], is_enabled, "{body}");
            let other = reader.get("/api/bluefin/casino-enabled").await.ok();
            assert_eq!(other["casino_enabled"], true);
        }
        let bet = player.post("/api/casino/slots/bet", &json!({"stake": 1})).await;
        if is_enabled {
            bet.ok();
        } else {
            refused(&bet, 403, "casino_disabled");
        }
    }
    let before = state(&installation).await;
    for wrong in [
        json!("no"),
        json!(0),
        json!([false]),
        json!({}),
        json!("false"),
        json!(null),
    ] {
        for name in ["casino_enabled", "enabled"] {
            let answer = staff.post(TOGGLE_CASINO, &json!({name: wrong})).await;
            answer.names_field(name);
        }
    }
    for unknown in ["casino_enable", "CASINO_ENABLED", "", "disabled"] {
        let answer = staff.post(TOGGLE_CASINO, &json!({unknown: true})).await;
        answer.names_field(unknown);
    }
    let both = r#"{"casino_enabled": true, "enabled": false}"#;
    let answer = staff.post_bytes(TOGGLE_CASINO, both).await;
    answer.names_field("casino_enabled");
    assert_eq!(state(&installation).await, before);
    assert_eq!(version(&installation, &bluefin, "operator").await, 1);
    installation.finish().await;
}

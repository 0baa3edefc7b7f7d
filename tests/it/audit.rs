//! The audit log: one entry for each thing that staff did, none for what was refused or changed nothing, and a chain
//! that shows whether any was tampered with.

use std::time::Duration;

use serde_json::{Value, json};
use tests::people::Operator;
use tests::{Client, Installation};
use tokio::task::JoinSet;
use write_api::audit::{AuditFault, chain, verify_audit};

use crate::accounts::platform_staff;
use crate::admin::events::offer;

const LOG: &str = "/api/admin/aurora/audit-log";
const PLATFORM_LOG: &str = "/api/superadmin/audit-log";
/// A chain is made within one of these and the time of a transaction.
const CHAINED: Duration = Duration::from_secs(20);

async fn one_operator() -> (Installation, Operator, Client) {
    let installation = Installation::builder()
        .writer_args(&["--audit-chain-ms", "20"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let staff = installation.writer().logged_in(&aurora.token);
    (installation, aurora, staff)
}

async fn entries(client: &Client, query: &str) -> Vec<Value> {
    let log = client.get(&format!("{LOG}{query}")).await.ok();
    log["entries"].as_array().unwrap().clone()
}

/// Something of each kind that staff can do, in order.
async fn do_everything(staff: &Client, player: i64) {
    for (path, body) in [
        ("/api/save-theme/aurora", json!({"primaryColor": "#123456"})),
        (
            "/api/branding/aurora/update",
            json!({"layout": {"compact_mode": true}, "betting": {"max_bet": 500}}),
        ),
        ("/api/admin/aurora/toggle-casino", json!({"enabled": false})),
        ("/api/admin/aurora/betting-events/4711/toggle", json!({})),
        (
            &format!("/api/admin/aurora/players/{player}/deposit"),
            json!({"amount": 25, "reference": "in-1"}),
        ),
        (
            &format!("/api/admin/aurora/players/{player}/withdraw"),
            json!({"amount": 5.5, "reference": "out-1"}),
        ),
        (
            &format!("/api/admin/aurora/users/{player}/toggle"),
            json!({"is_active": false}),
        ),
        (
            &format!("/api/admin/aurora/users/{player}/adjust"),
            json!({"amount": 0.5, "reason": "a gift"}),
        ),
    ] {
        let staff = staff.with("idempotency-key", "fix-1");
        staff.post(path, &body).await.ok();
    }
}

async fn chained(installation: &Installation) {
    let is_done = || async { installation.count("audit_due").await == 0 };
    installation
        .within(CHAINED, "every entry is chained", is_done)
        .await;
}

async fn execute(installation: &Installation, statement: &'static str) -> Result<u64, sqlx::Error> {
    let done = sqlx::raw_sql(statement)
        .execute(installation.database.pool())
        .await;
    done.map(|done| done.rows_affected())
}

async fn without_triggers(installation: &Installation, statements: &'static str) -> u64 {
    let mut transaction = installation.database.pool().begin().await.unwrap();
    let unlock =
        "alter table audit_entries disable trigger user; alter table audit_chain disable trigger user;
        grant update, delete on audit_entries, audit_chain to current_user";
    let lock = "alter table audit_entries enable trigger user; alter table audit_chain enable trigger user;
        revoke update, delete on audit_entries, audit_chain from current_user";
    sqlx::raw_sql(unlock).execute(&mut *transaction).await.unwrap();
    let done = sqlx::raw_sql(statements)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::raw_sql(lock).execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    done.rows_affected()
}

async fn verify(installation: &Installation) -> Result<Vec<write_api::audit::Verified>, AuditFault> {
    let mut db = installation.database.pool().acquire().await.unwrap();
    verify_audit(&mut db).await
}

#[tokio::test]
async fn what_staff_did_is_written_down_once_with_who_from_where_and_how_it_was() {
    let (installation, aurora, staff) = one_operator().await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    offer(&installation, &[("soccer", "4711", &["1"])]).await;
    let log_in = entries(&staff, "").await;
    assert_eq!(
        (log_in.len(), &log_in[0]["action"]),
        (1, &json!("staff.logged_in"))
    );
    let staff = staff.with("x-request-id", "from-the-front-door");
    do_everything(&staff, alice.id.get()).await;
    // The same again changes nothing, or is the same movement.
    for (path, body) in [
        ("/api/save-theme/aurora", json!({"primaryColor": "#123456"})),
        ("/api/admin/aurora/toggle-casino", json!({"enabled": false})),
        (
            "/api/admin/aurora/betting-events/4711/toggle",
            json!({"disabled": true}),
        ),
        (
            &format!("/api/admin/aurora/players/{}/deposit", alice.id),
            json!({"amount": 25, "reference": "in-1"}),
        ),
        (
            &format!("/api/admin/aurora/users/{}/toggle", alice.id),
            json!({"is_active": false}),
        ),
    ] {
        staff.post(path, &body).await.ok();
    }
    // What is refused has no effect.
    for (path, body) in [
        ("/api/save-theme/aurora", json!({"primaryColor": "red;"})),
        (
            &format!("/api/admin/aurora/players/{}/withdraw", alice.id),
            json!({"amount": 1_000_000, "reference": "out-2"}),
        ),
    ] {
        assert_eq!(staff.post(path, &body).await.status, 422);
    }
    chained(&installation).await;
    let mut log = entries(&staff, "").await;
    log.pop();
    log.reverse();
    let shown: Vec<_> = log
        .iter()
        .map(|entry| {
            assert_eq!(entry["login"], "aurora_admin");
            assert_eq!(entry["by_platform"], false);
            assert_eq!(entry["address"], "127.0.0.1");
            assert_eq!(entry["request_id"], "from-the-front-door");
            assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
            json!([entry["action"], entry["subject"], entry["before"], entry["after"]])
        })
        .collect();
    let player = format!("player {}", alice.id);
    let expected = [
        json!(["theme.saved", null, {"primaryColor": "#1e40af"}, {"primaryColor": "#123456"}]),
        json!([
            "branding.saved", null,
            {"max_bet": 10_000.0, "settings": {}},
            {"max_bet": 500.0, "settings": {"layout": {"compact_mode": true}}}
        ]),
        json!(["casino.switched", null, {"casino_enabled": true}, {"casino_enabled": false}]),
        json!(["event.switched", "event 4711 in soccer", {"is_disabled": false}, {"is_disabled": true}]),
        json!([
            "player.deposited", player, {"balance": 100.0},
            {"amount": 25.0, "balance": 125.0, "reference": "in-1"}
        ]),
        json!([
            "player.withdrawn", player, {"balance": 125.0},
            {"amount": 5.5, "balance": 119.5, "reference": "out-1"}
        ]),
        json!(["player.switched", player, {"is_active": true}, {"is_active": false}]),
        json!([
            "player.adjusted", player, {"balance": 119.5},
            {"amount": 0.5, "balance": 120.0, "reason": "a gift", "reference": "fix-1"}
        ]),
    ];
    assert_eq!(shown, expected);
    let verified = verify(&installation).await.unwrap();
    assert_eq!(verified.len(), 1);
    assert_eq!(verified[0].entries, 9);
    assert_eq!(verified[0].head, log[7]["hash"]);
    installation.finish().await;
}

#[tokio::test]
async fn entries_are_found_by_what_who_and_when() {
    let (installation, aurora, staff) = one_operator().await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    offer(&installation, &[("soccer", "4711", &["1"])]).await;
    do_everything(&staff, alice.id.get()).await;
    let all = entries(&staff, "").await;
    let who = &all[0]["staff_id"];
    let middle = all[3]["at"].as_str().unwrap();
    for (query, found) in [
        ("?action=theme.saved".to_owned(), 1),
        ("?action=theme".to_owned(), 0),
        (format!("?subject=player%20{}", alice.id), 4),
        (format!("?staff_id={who}"), 9),
        ("?staff_id=-1".to_owned(), 0),
        (format!("?from={middle}"), 4),
        (format!("?to={middle}"), 5),
        ("?from=2999-01-01T00:00:00%2B02:00".to_owned(), 0),
        ("?per_page=2&page=3".to_owned(), 2),
        ("?per_page=2&page=6".to_owned(), 0),
        ("?page=4294967295&per_page=100".to_owned(), 0),
    ] {
        assert_eq!(entries(&staff, &query).await.len(), found, "{query}");
    }
    let page = staff.get(&format!("{LOG}?per_page=4")).await.ok();
    assert_eq!(
        page["pagination"],
        json!({"page": 1, "per_page": 4, "total": 9, "pages": 3})
    );
    for (query, field) in [
        ("?page=0", "page"),
        ("?per_page=1000000000", "per_page"),
        ("?per_page=-1", "per_page"),
        ("?page=one", "page"),
        ("?staff_id=me", "staff_id"),
        ("?from=2030-01-31", "from"),
        ("?from=2030-01-31T20:00:00", "from"),
        ("?to=%27%3Bdrop%20table%20audit_entries", "to"),
        ("?action=%00", "action"),
        ("?subject=%00", "subject"),
    ] {
        staff.get(&format!("{LOG}{query}")).await.names_field(field);
    }
    installation.finish().await;
}

#[tokio::test]
async fn the_platform_sees_every_operators_entries_and_other_operators_none() {
    let (installation, _, staff) = one_operator().await;
    let bluefin = installation.operator("bluefin").await;
    staff
        .post("/api/save-theme/aurora", &json!({"primaryColor": "#123456"}))
        .await
        .ok();
    let writer = installation.writer();
    let root = writer.logged_in(&platform_staff(&installation, "root").await);
    let of = async |query: &str| root.get(&format!("{PLATFORM_LOG}{query}")).await;
    assert_eq!(of("?operator=aurora").await.ok()["pagination"]["total"], 2);
    assert_eq!(of("?operator=bluefin").await.ok()["pagination"]["total"], 1);
    assert_eq!(of("").await.ok()["pagination"]["total"], 1);
    of("?operator=nobody").await.problem(404, "operator_not_found");
    of("?operator=%00").await.problem(404, "operator_not_found");
    of("?operator=aurora&page=0").await.names_field("page");
    // In UTC that would be in the year 10000.
    of("?from=9999-12-31T23:59:59-01:00").await.names_field("from");
    let other = writer.logged_in(&bluefin.token);
    for stranger in [&other, &staff] {
        stranger.get(PLATFORM_LOG).await.problem(403, "wrong_role");
    }
    other.get(LOG).await.problem(404, "operator_not_found");
    root.get(LOG).await.problem(403, "wrong_role");
    installation.finish().await;
}

#[tokio::test]
async fn nothing_in_the_log_can_be_changed_unseen() {
    let (installation, aurora, staff) = one_operator().await;
    let alice = installation.player(&aurora, "alice", 10_000).await;
    offer(&installation, &[("soccer", "4711", &["1"])]).await;
    do_everything(&staff, alice.id.get()).await;
    chained(&installation).await;
    for statement in [
        "update audit_entries set login = 'nobody'",
        "delete from audit_entries",
        "truncate audit_chain",
        "update audit_chain set hash = hash",
    ] {
        let refused = execute(&installation, statement).await.unwrap_err();
        let code = refused
            .as_database_error()
            .and_then(|error| error.code().map(Into::into));
        assert_eq!(code, Some("42501".to_owned()), "{statement}");
    }
    execute(
        &installation,
        "create table kept_entries as table audit_entries; create table kept_chain as table audit_chain",
    )
    .await
    .unwrap();
    // Somebody who owns the database can take the triggers off, but can't make the chain fit.
    for (tampering, position) in [
        (
            "update audit_entries set after = '{}' where action = 'theme.saved'",
            Some(2),
        ),
        (
            "update audit_entries set at = at + interval '1 second' where action = 'casino.switched'",
            Some(4),
        ),
        ("delete from audit_chain where position = 2", Some(2)),
        ("delete from audit_chain where position = 9", None),
        ("delete from audit_chain", None),
    ] {
        assert!(
            without_triggers(&installation, tampering).await > 0,
            "{tampering}"
        );
        let fault = verify(&installation).await.unwrap_err();
        match (fault, position) {
            (AuditFault::Broken { operator, position }, Some(expected)) => {
                assert_eq!((operator, position), (aurora.id, expected), "{tampering}");
            }
            (AuditFault::WrongEnd { operator }, None) => assert_eq!(operator, aurora.id),
            (fault, _) => panic!("{tampering}: {fault}"),
        }
        let restored = "delete from audit_chain; delete from audit_entries;
            insert into audit_entries overriding system value table kept_entries;
            insert into audit_chain table kept_chain";
        without_triggers(&installation, restored).await;
        verify(&installation).await.unwrap();
    }
    installation.finish().await;
}

#[tokio::test]
async fn chains_that_several_instances_make_at_once_have_every_entry_once() {
    // With the two log-ins.
    const ENTRIES: i64 = 62;
    let installation = Installation::builder()
        .writer_args(&["--audit-chain-ms", "3600000"])
        .start()
        .await;
    for subdomain in ["aurora", "bluefin"] {
        let operator = installation.operator(subdomain).await;
        let staff = installation.writer().logged_in(&operator.token);
        let path = format!("/api/admin/{subdomain}/toggle-casino");
        for _ in 1..ENTRIES / 2 {
            staff.post(&path, &json!({})).await.ok();
        }
    }
    assert_eq!(installation.count("audit_due").await, ENTRIES);
    let mut chaining = JoinSet::new();
    for _ in 0..8 {
        let db = installation.database.pool().clone();
        chaining.spawn(async move {
            let mut chained = 0;
            loop {
                let mut transaction = db.begin().await.unwrap();
                let now = chain(&mut transaction, 7).await.unwrap();
                transaction.commit().await.unwrap();
                if now == 0 {
                    return chained;
                }
                chained += now;
            }
        });
    }
    let chained: usize = chaining.join_all().await.into_iter().sum();
    assert_eq!(i64::try_from(chained), Ok(ENTRIES));
    let verified = verify(&installation).await.unwrap();
    let lengths: Vec<_> = verified.iter().map(|chain| chain.entries).collect();
    assert_eq!(lengths, [ENTRIES / 2, ENTRIES / 2]);
    installation.finish().await;
}

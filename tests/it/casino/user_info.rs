//! Who plays, as the casino shows it: the player of the session and nobody else.

use serde_json::{Value, json};
use tests::{Client, Installation};

use super::minor;

const INFO: &str = "/api/casino/user/info";
const BALANCE: &str = "/api/casino/wallet/balance";
/// Everything that a player reads about itself.
const OWN: [&str; 5] = [
    INFO,
    BALANCE,
    "/api/casino/history",
    "/api/casino/wallet/statement",
    "/api/auth/me",
];

async fn execute(installation: &Installation, statement: &'static str) {
    sqlx::query(statement)
        .execute(installation.database.pool())
        .await
        .unwrap();
}

/// Whoever `client` is, it is told nothing.
async fn is_told_nothing(client: &Client, hidden: &[&str]) {
    for path in OWN {
        let answer = client.get(path).await;
        assert!(
            [401, 403].contains(&answer.status.as_u16()),
            "{path}: {}",
            answer.text()
        );
        let headers = format!("{:?}", answer.headers);
        for text in hidden {
            assert!(!answer.text().contains(text), "{path}: {}", answer.text());
            assert!(!headers.contains(text), "{path}: {headers}");
        }
    }
}

#[tokio::test]
async fn a_player_sees_who_it_is_and_what_it_has() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let player = installation.reader(0).logged_in(&alice.token);
    let round = player
        .post("/api/casino/slots/bet", &json!({"stake": 2}))
        .await
        .ok();
    let answer = player.get(INFO).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let info = answer.ok();
    let members: Vec<_> = info.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        [
            "balance",
            "created_at",
            "currency",
            "email",
            "last_login",
            "operator_id",
            "success",
            "user_id",
            "username",
        ]
    );
    for (member, value) in [
        ("success", json!(true)),
        ("user_id", json!(alice.id)),
        ("operator_id", json!(aurora.id)),
        ("username", json!("alice")),
        ("email", json!("alice@example.com")),
        ("currency", json!("USD")),
        ("balance", round["balance"].clone()),
    ] {
        assert_eq!(info[member], value, "{member}");
    }
    assert!(
        answer
            .text()
            .contains(&format!("\"balance\":{}", in_full(&info["balance"]))),
        "money has the currency's decimals: {}",
        answer.text()
    );
    for member in ["created_at", "last_login"] {
        let text = info[member].as_str().unwrap();
        assert!(text.ends_with('Z') && text.contains('T'), "{member}: {text}");
    }
    installation.finish().await;
}

/// An amount with two decimals, as money is written.
fn in_full(amount: &Value) -> String {
    let minor = minor(amount);
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// The legacy 401 showed the session and the request's headers.
#[tokio::test]
async fn a_401_leaks_nothing() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let reader = installation
        .reader(0)
        .with("x-secret", "s3cret")
        .with("cookie", "session=c00kie");
    let hidden = [
        "s3cret", "c00kie", "f0rged", "aurora", "alice", "x-secret", "cookie",
    ];
    is_told_nothing(&reader, &hidden).await;
    is_told_nothing(&reader.logged_in("1.f0rged"), &hidden).await;
    let logged_in = reader.logged_in(&alice.token);
    logged_in.post_bytes("/api/auth/aurora/logout", "").await.ok();
    is_told_nothing(&logged_in, &[&hidden[..], &[&alice.token]].concat()).await;
    installation.finish().await;
}

/// The legacy header let staff read any of their players, and a player any other.
#[tokio::test]
async fn x_user_id_is_ignored() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 100_000).await;
    let bob = installation.player(&aurora, "bob", 777).await;
    let claims = installation.reader(0).with("x-user-id", &bob.id.to_string());
    is_told_nothing(&claims, &["bob", "7.77"]).await;
    is_told_nothing(&claims.logged_in(&aurora.token), &["bob", "7.77"]).await;
    let player = claims.logged_in(&alice.token);
    let info = player.get(INFO).await.ok();
    assert_eq!(
        (&info["user_id"], &info["username"]),
        (&json!(alice.id), &json!("alice"))
    );
    assert_eq!(minor(&player.get(BALANCE).await.ok()["balance"]), 100_000);
    let statement = player.get("/api/casino/wallet/statement").await.ok();
    assert_eq!(minor(&statement["balance"]), 100_000);
    installation.finish().await;
}

/// The legacy answer for a player who is not there was a balance of 1000.
#[tokio::test]
async fn an_unknown_user_does_not_have_1000() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 5_00).await;
    let player = installation.reader(0).logged_in(&alice.token);
    player.get(INFO).await.ok();
    execute(&installation, "delete from players").await;
    is_told_nothing(&player, &["1000", "5.00"]).await;
    installation.finish().await;
}

#[tokio::test]
async fn a_disabled_player_or_operator_is_told_so_and_nothing_else() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let alice = installation.player(&aurora, "alice", 5_00).await;
    let player = installation.reader(0).logged_in(&alice.token);
    execute(&installation, "update players set is_active = false").await;
    for path in OWN {
        player.get(path).await.problem(403, "account_disabled");
    }
    execute(&installation, "update operators set is_active = false").await;
    for path in OWN {
        player.get(path).await.problem(403, "operator_disabled");
    }
    installation.finish().await;
}

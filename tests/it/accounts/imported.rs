//! People whose passwords were hashed by the service before this one, and what the audit log says of log-ins.

use super::*;

/// Of [`PASSWORD`], made with Python's hashlib.
const SCRYPT: &str = "scrypt:1024:8:1$Qb7sVYxq0Zc1uT5k$4eb782882864fe3284ec8500c65e6db1b1d199c359c48ccebc26dd7bbd41b247f2c53e923a11a9e3c8bc9fc3e56652eea277e40fc0de9828ae76b598253f8dd9";
const PBKDF2: &str =
    "pbkdf2:sha256:1000$Qb7sVYxq0Zc1uT5k$efd9f93fa29036025ffa1d0cfcde6dab0e844018665fcea6e7f5e3f61e9fa099";

const PEOPLE: [(&str, &str, &str); 3] = [
    (PLAYER_LOGIN, "alice", "players"),
    (STAFF_LOGIN, "aurora_admin", "staff"),
    (PLATFORM_LOGIN, "root", "staff"),
];

async fn import(installation: &Installation, hash: &str) {
    for table in ["players", "staff"] {
        let statement = format!("update {table} set password_hash = $1");
        let put = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(hash);
        put.execute(installation.database.pool()).await.unwrap();
    }
}

async fn hashes(installation: &Installation) -> Vec<String> {
    let all = "select password_hash from players union all select password_hash from staff";
    let all = sqlx::query_scalar(all).fetch_all(installation.database.pool());
    all.await.unwrap()
}

async fn one_of_each() -> Installation {
    let installation = builder().start().await;
    let aurora = installation.operator("aurora").await;
    installation.player(&aurora, "alice", 0).await;
    platform_staff(&installation, "root").await;
    installation
}

#[tokio::test]
async fn an_imported_hash_lets_its_owner_in_and_is_replaced_by_a_better_one() {
    let installation = one_of_each().await;
    let writer = installation.writer();
    for hash in [SCRYPT, PBKDF2] {
        import(&installation, hash).await;
        for (path, name, _) in PEOPLE {
            let wrong = guess(&writer, path, name, "correct horse").await;
            refused(&wrong, 401, "invalid_credentials");
        }
        assert_eq!(
            hashes(&installation).await,
            [hash; 3],
            "a wrong password changes nothing"
        );
        for (path, name, _) in PEOPLE {
            log_in(&writer, path, name).await.ok();
        }
        let better = hashes(&installation).await;
        assert!(
            better.iter().all(|hash| hash.starts_with("$argon2id$")),
            "{better:?}"
        );
        for (path, name, _) in PEOPLE {
            log_in(&writer, path, name).await.ok();
        }
        assert_eq!(hashes(&installation).await, better, "once");
    }
    installation.finish().await;
}

#[tokio::test]
async fn two_first_log_ins_at_once_are_both_let_in() {
    let installation = one_of_each().await;
    let writer = installation.writer();
    for (path, name, _) in PEOPLE {
        import(&installation, PBKDF2).await;
        let (first, second) = tokio::join!(log_in(&writer, path, name), log_in(&writer, path, name));
        first.ok();
        second.ok();
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_hash_that_asks_for_more_than_was_ever_made_fits_nobody() {
    let installation = one_of_each().await;
    let hostile = [
        SCRYPT.replace(":1024:8:1", ":1073741824:8:1"),
        SCRYPT.replace(":1024:8:1", ":1024:1073741824:1073741824"),
        PBKDF2.replace(":1000", ":4294967295"),
        PBKDF2.replace("sha256", "md5"),
        "$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
            .to_owned(),
        String::new(),
    ];
    for hash in hostile {
        import(&installation, &hash).await;
        let answer = log_in(&installation.writer(), PLAYER_LOGIN, "alice").await;
        refused(&answer, 401, "invalid_credentials");
        assert!(hashes(&installation).await.contains(&hash));
    }
    installation.finish().await;
}

#[tokio::test]
async fn log_ins_of_staff_are_in_the_audit_log_and_each_lock_out_once() {
    let installation = builder()
        .writer_args(&["--login-failures-per-account", "3"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let root = platform_staff(&installation, "root").await;
    let alice = installation.player(&aurora, "alice", 0).await;
    let writer = installation.writer();
    log_in(&writer, PLAYER_LOGIN, &alice.username).await.ok();
    for (path, name, client, log) in [
        (
            STAFF_LOGIN,
            "aurora_admin",
            &aurora.token,
            "/api/admin/aurora/audit-log",
        ),
        (PLATFORM_LOGIN, "root", &root, "/api/superadmin/audit-log"),
    ] {
        let client = writer.logged_in(client);
        let entries = async || {
            let log = client.get(log).await.ok();
            let entries = log["entries"].as_array().unwrap().clone();
            let said = |entry: &serde_json::Value| (entry["action"].clone(), entry["login"].clone());
            (entries[0].clone(), entries.iter().map(said).collect::<Vec<_>>())
        };
        let (entry, before) = entries().await;
        assert_eq!(before, [(json!("staff.logged_in"), json!(name))]);
        assert!(entry["address"].is_string() && entry["request_id"].is_string());
        for _ in 0..6 {
            guess(&writer, path, name, "something else").await;
            guess(&writer, path, "nobody", "something else").await;
        }
        let is_noted = async || entries().await.1.len() == 2;
        let in_time = Duration::from_secs(10);
        installation
            .within(in_time, "the lock-out is noted", is_noted)
            .await;
        let (entry, _) = entries().await;
        assert_eq!(entry["action"], "staff.locked_out");
        assert_eq!(entry["after"], json!({"locked_out_s": 60}));
    }
    installation.finish().await;
}

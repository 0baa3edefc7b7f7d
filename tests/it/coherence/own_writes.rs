//! Reading one's own writes, and the auditor.

use std::time::Duration;

use tests::Installation;

use super::{css, operator_pulled_for, save_color};

#[tokio::test]
async fn who_names_the_version_it_wrote_reads_it_although_nothing_was_pushed_or_pulled() {
    let slow = ["--pull-ms", "3600000", "--hard-wait-ms", "20000"];
    let installation = Installation::builder()
        .without_webhooks()
        .reader_args(&slow)
        .start()
        .await;
    let aurora = operator_pulled_for(&installation, "aurora").await;
    let reader = installation.reader(0);
    let before = css(&reader, &aurora).await;
    let version = save_color(&installation, &aurora, "#a1b2c3").await["version"].clone();
    assert_eq!(css(&reader, &aurora).await, before, "nobody told the reader");
    let wanted = reader.with("edgebook-min-version", &format!("theme={version}"));
    let answer = wanted.get("/api/theme-css/aurora").await;
    assert!(answer.text().contains("#a1b2c3"), "{}", answer.text());
    assert_eq!(answer.header("edgebook-version"), format!("theme={version}"));
    assert!(
        css(&reader, &aurora).await.contains("#a1b2c3"),
        "and all others too"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_version_that_nobody_wrote_is_waited_for_and_then_said_to_be_missing() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    let wanted = reader.with("edgebook-min-version", "theme=1000000");
    let not_in_memory = wanted.get("/api/load-theme/aurora").await;
    assert_eq!(not_in_memory.header("cache-status"), "edgebook; fwd=stale");
    css(&reader, &aurora).await;
    let answer = wanted.get("/api/theme-css/aurora").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-status"), "edgebook; fwd=stale");
    assert_eq!(answer.header("edgebook-version"), "theme=0");
    let other = reader.with("edgebook-min-version", "branding=1000000");
    let answer = other.get("/api/theme-css/aurora").await;
    assert_eq!(
        answer.header("cache-status"),
        "edgebook; hit",
        "it shows no branding"
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_minimum_that_can_not_be_understood_is_refused() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let reader = installation.reader(0);
    for minimum in ["colour=1", "theme", "theme=", "theme=-1", "theme=1.0", ","] {
        let answer = reader
            .with("edgebook-min-version", minimum)
            .get("/api/theme-css/aurora")
            .await;
        let problem = answer.problem(400, "invalid_header");
        assert_eq!(problem["errors"][0]["field"], "Edgebook-Min-Version", "{minimum}");
    }
    installation.finish().await;
}

#[tokio::test]
async fn the_auditor_counts_a_page_that_misses_what_was_committed() {
    let lively = ["--audit-ms", "10"];
    let installation = Installation::builder().reader_args(&lively).start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    css(&reader, &aurora).await;
    save_color(&installation, &aurora, "#a1b2c3").await;
    let counted = async |name: &str| {
        let metrics = reader.get("/metrics").await.text();
        let line = metrics.lines().find(|line| line.starts_with(name)).unwrap();
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    // A change without a version: nothing can tell the reader.
    sqlx::query("update themes set primary_color = '#000000'")
        .execute(installation.database.pool())
        .await
        .unwrap();
    let is_seen = async || counted("edgebook_audit_inconsistent_after_1s_total").await > 0;
    installation
        .within(Duration::from_secs(20), "it is counted", is_seen)
        .await;
    installation.finish().await;
}

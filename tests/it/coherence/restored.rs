//! A database that goes back to a backup, and loses what was committed since.

use serde_json::json;
use tests::Installation;

use super::{PULL_BOUND, css, operator_pulled_for, save_color};

/// The reader shows the colour after a pull that notices and one that fetches. Meanwhile it may refuse pages.
async fn comes_to_show(installation: &Installation, color: &str) {
    installation
        .within(PULL_BOUND * 2, color, || async {
            let answer = installation.reader(0).get("/api/theme-css/aurora").await;
            answer.status == 200 && answer.text().contains(color)
        })
        .await;
}

#[tokio::test]
async fn a_database_that_was_restored_is_shown_as_it_is_then() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    save_color(&installation, &aurora, "#111111").await;
    assert!(css(&reader, &aurora).await.contains("#111111"));
    installation.database.back_up().await;
    let bluefin = installation.operator("bluefin").await;
    for color in ["#222222", "#333333"] {
        save_color(&installation, &aurora, color).await;
    }
    for operator in [&aurora, &bluefin] {
        // The second time by the short way.
        css(&reader, operator).await;
        css(&reader, operator).await;
    }
    assert!(css(&reader, &aurora).await.contains("#333333"));
    installation.database.restore().await;
    comes_to_show(&installation, "#111111").await;
    reader
        .get("/api/theme-css/bluefin")
        .await
        .problem(404, "operator_not_found");
    let answer = save_color(&installation, &aurora, "#444444").await;
    assert_eq!(answer["version"], 2, "the same version as before, of other data");
    assert_eq!(answer["readers"]["acknowledged"], json!(["reader-0"]), "{answer}");
    assert!(css(&reader, &aurora).await.contains("#444444"));
    installation.finish().await;
}

#[tokio::test]
async fn the_first_push_after_a_restoration_is_acknowledged_only_with_what_is_there_then() {
    let installation = Installation::builder()
        .reader_args(&["--pull-ms", "3600000"])
        .start()
        .await;
    let aurora = operator_pulled_for(&installation, "aurora").await;
    let reader = installation.reader(0);
    save_color(&installation, &aurora, "#111111").await;
    installation.database.back_up().await;
    for color in ["#222222", "#333333"] {
        save_color(&installation, &aurora, color).await;
    }
    assert!(css(&reader, &aurora).await.contains("#333333"));
    installation.database.restore().await;
    let answer = save_color(&installation, &aurora, "#444444").await;
    if answer["readers"]["acknowledged"] == json!(["reader-0"]) {
        assert!(css(&reader, &aurora).await.contains("#444444"));
    }
    // The push brings it, though no pull is due.
    comes_to_show(&installation, "#444444").await;
    installation.finish().await;
}

#[tokio::test]
async fn tables_that_a_dump_replaced_in_place_are_noticed() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    for color in ["#111111", "#222222", "#333333"] {
        save_color(&installation, &aurora, color).await;
    }
    assert!(css(&reader, &aurora).await.contains("#333333"));
    // As a dump does it: the table is another one, and its rows have the old transaction ids.
    sqlx::raw_sql(
        "begin;
         create table restored (like cache_versions including all);
         insert into restored
         select operator_id, kind, case kind when 'theme' then 1 else version end, changed_xid, changed_at
         from cache_versions;
         drop table cache_versions;
         alter table restored rename to cache_versions;
         update themes set primary_color = '#111111';
         commit",
    )
    .execute(installation.database.pool())
    .await
    .unwrap();
    comes_to_show(&installation, "#111111").await;
    installation.finish().await;
}

#[tokio::test]
async fn a_version_below_one_that_was_known_is_of_another_history() {
    let installation = Installation::builder().without_webhooks().start().await;
    let aurora = installation.operator("aurora").await;
    let reader = installation.reader(0);
    for color in ["#111111", "#222222", "#333333"] {
        save_color(&installation, &aurora, color).await;
    }
    assert!(css(&reader, &aurora).await.contains("#333333"));
    let topic = shared::coherence::Topic::of(aurora.id, shared::coherence::Kind::Theme);
    let versions = &installation.readers[0].reader().versions;
    installation
        .within(PULL_BOUND, "the pull has told of it", || async {
            versions.load().of(topic).get() == 3
        })
        .await;
    sqlx::raw_sql(
        "begin;
         update cache_versions set version = 1, changed_xid = pg_current_xact_id() where kind = 'theme';
         update themes set primary_color = '#111111';
         commit",
    )
    .execute(installation.database.pool())
    .await
    .unwrap();
    comes_to_show(&installation, "#111111").await;
    installation.finish().await;
}

//! The launcher: one command that brings everything up, and takes everything down again however it ends.

use std::collections::HashSet;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};

use nix::sys::signal::{Signal, killpg};
use serde_json::{Value, json};
use tests::database::Database;
use tests::{Answer, Client};
use tokio::time::{sleep, timeout};

use super::{Ended, LIMIT, PAUSE, Running, SECRET, Site, edgebook, processes_in, run};
use crate::feed::file::{SPORTS, offered, sample_json, shown};

const PASSWORD: &str = "demo-password";
const BALANCE: &str = "/api/casino/wallet/balance";
const BET: &str = "/api/casino/slots/bet";

async fn log_in(client: &Client, path: &str, member: &str, name: &str) -> Client {
    let answer = client
        .post(path, &json!({member: name, "password": PASSWORD}))
        .await
        .ok();
    client.logged_in(answer["token"].as_str().unwrap())
}

async fn alice(client: &Client) -> Client {
    log_in(client, "/api/auth/aurora/login", "username", "alice").await
}

/// The rows of the table, with one space between two cells.
fn rows(table: &str) -> HashSet<String> {
    let row = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    table.lines().map(row).collect()
}

fn has(answer: &Answer, text: &str) {
    assert!(answer.status.is_success(), "{}", answer.text());
    assert!(answer.text().contains(text), "{}", answer.text());
}

/// It stops with exit code 0, and everything with it.
async fn stops_well(mut launcher: Running, site: &Site) {
    assert_eq!(launcher.ended().await, Some(0), "{}", launcher.err());
    launcher.complains("Everything is stopped.").await;
    site.is_left_alone().await;
}

fn names_everybody(table: &str, site: &Site) {
    let rows = rows(table);
    for row in [
        &format!("reader 1 {}", site.reader_url(0)),
        &format!("reader 2 {}", site.reader_url(1)),
        &format!("writer {}", site.write_url()),
        "aurora aurora_admin demo-password staff",
        "aurora alice demo-password player",
        "aurora bob demo-password player",
        "bluefin bluefin_admin demo-password staff",
        "bluefin carol demo-password player",
        "(platform) root demo-password staff",
    ] {
        assert!(rows.contains(row), "{row} in {table}");
    }
}

/// Else it would prove nothing that none of these is found afterwards.
fn runs_everything(site: &Site) {
    let running = processes_in(site.data.path());
    for name in ["--data", "write-api", "reader-1", "reader-2", "postgres"] {
        let is_there = running.iter().any(|(_, command)| command.contains(name));
        assert!(
            is_there || cfg!(not(target_os = "linux")),
            "{name} in {running:?}"
        );
    }
}

async fn shows_demo_and_sample(reader: &Client) {
    has(&reader.get("/api/branding/aurora").await, "northern lights");
    has(&reader.get("/api/theme-css/aurora").await, "#60a5fa");
    // The writer reads its feed once it is up.
    for sport in SPORTS {
        let page = async || reader.get(&format!("/api/sports/events/{sport}")).await.ok();
        let all = async {
            while shown(&page().await) != offered(&sample_json(sport)) {
                sleep(PAUSE).await;
            }
        };
        assert!(timeout(LIMIT, all).await.is_ok(), "{sport}: {}", page().await);
    }
}

#[tokio::test]
async fn one_command_brings_everything_up_keeps_its_data_and_takes_everything_down() {
    let site = Site::new(2);
    let readers = [site.reader(0), site.reader(1)];

    let (launcher, table) = site.launch(site.command(&["--fresh"])).await;
    names_everybody(&table, &site);
    runs_everything(&site);
    for reader in &readers {
        shows_demo_and_sample(reader).await;
    }
    log_in(&readers[0], "/api/superadmin/login", "username", "root").await;
    let admin = log_in(&readers[0], "/api/admin-login", "login", "aurora_admin").await;
    let player = alice(&readers[1]).await;
    assert_eq!(player.get(BALANCE).await.ok()["balance"], json!(1000.0));
    let round = player.post(BET, &json!({"stake": 2})).await.ok();
    let colour = json!({"primaryColor": "#a1b2c3"});
    let saved = admin.post("/api/save-theme/aurora", &colour).await.ok();
    assert_eq!(
        saved["readers"]["acknowledged"],
        json!(["reader-1", "reader-2"]),
        "{saved}"
    );
    for reader in &readers {
        has(&reader.get("/api/theme-css/aurora").await, "#a1b2c3");
    }
    launcher.signal(Signal::SIGTERM);
    stops_well(launcher, &site).await;

    let (launcher, table) = site.launch(site.command(&[])).await;
    names_everybody(&table, &site);
    for player in [player, alice(&readers[0]).await] {
        let balance = player.get(BALANCE).await.ok();
        assert_eq!(balance["balance"], round["balance"]);
    }
    has(&readers[0].get("/api/theme-css/aurora").await, "#a1b2c3");
    // Ctrl-C at a terminal reaches the launcher's whole group.
    killpg(launcher.pid(), Signal::SIGINT).unwrap();
    stops_well(launcher, &site).await;

    let (launcher, _) = site.launch(site.command(&["--fresh"])).await;
    let player = alice(&readers[0]).await;
    assert_eq!(player.get(BALANCE).await.ok()["balance"], json!(1000.0));
    shows_demo_and_sample(&readers[1]).await;
    launcher.signal(Signal::SIGINT);
    stops_well(launcher, &site).await;
}

#[tokio::test]
async fn a_launcher_told_to_stop_before_everything_is_up_leaves_nothing_behind() {
    let site = Site::new(1);
    let mut launcher = Running::start(site.command(&[]));
    launcher.complains("Setting up PostgreSQL").await;
    launcher.signal(Signal::SIGTERM);
    assert_eq!(launcher.ended().await, Some(0), "{}", launcher.err());
    launcher.complains("Stopped before everything had started").await;
    site.is_left_alone().await;
}

/// It ended with exit code 1, and said all of these on standard error only.
#[track_caller]
fn is_refused(ended: &Ended, sentences: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.out, "", "{ended:?}");
    for sentence in sentences {
        assert!(ended.err.contains(sentence), "{sentence}: {}", ended.err);
    }
    assert!(!ended.err.contains(SECRET), "{}", ended.err);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_option_that_changes_it() {
    let site = Site::new(2);
    for (port, option) in [
        (site.read_port, "--read-port"),
        (site.read_port + 1, "--read-port"),
        (site.write_port, "--write-port"),
    ] {
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        let ended = run(site.command(&[])).await;
        let said = format!("Port {port} of 127.0.0.1 is in use");
        is_refused(&ended, &[&said, option]);
    }
    site.is_left_alone().await;
}

#[tokio::test]
async fn a_feed_or_database_that_is_not_there_is_named() {
    let site = Site::new(1);
    let database = format!("postgres://me:{SECRET}@127.0.0.1:1/books");
    let no_url = format!("mysql://me:{SECRET}@127.0.0.1/books");
    let no_feed = format!("ftp://feed.example/{SECRET}");
    for (args, sentences) in [
        (
            ["--feed", "/no/such/folder"],
            ["no feed to read in \"/no/such/folder\"", "--feed"],
        ),
        (["--feed", &no_feed], ["http(s) URL", "--feed"]),
        (
            ["--database-url", &database],
            ["\"books\" at 127.0.0.1:1", "--database-url"],
        ),
        (
            ["--database-url", &no_url],
            ["postgres://user:password@host:port/name", "--database-url"],
        ),
    ] {
        let ended = run(site.command(&args)).await;
        is_refused(&ended, &sentences);
    }
    site.is_left_alone().await;
}

#[tokio::test]
async fn somebody_elses_folder_is_refused_and_left_as_it_is() {
    let site = Site::new(1);
    let document = site.data.path().join("thesis.txt");
    fs::write(&document, "all of it").unwrap();
    for args in [&[][..], &["--fresh"]] {
        let ended = run(site.command(args)).await;
        is_refused(&ended, &["thesis.txt", "nothing was changed", "--data"]);
    }
    assert_eq!(fs::read_to_string(&document).unwrap(), "all of it");
    assert_eq!(fs::read_dir(site.data.path()).unwrap().count(), 1);
    site.is_left_alone().await;
}

/// The command that launches everything over a database that is there.
fn over(database: &Database, site: &Site) -> tokio::process::Command {
    let mut command = site.command(&[]);
    command.env("DATABASE_URL", database.url());
    command
}

#[tokio::test]
async fn a_second_launcher_in_the_same_folder_is_refused_and_does_the_first_no_harm() {
    let (site, database) = (Site::new(1), Database::create().await);
    let (mut launcher, table) = site.launch(over(&database, &site)).await;
    assert!(rows(&table).contains("PostgreSQL the given server"), "{table}");

    let mut second = edgebook(&[
        "--data",
        site.data.text(),
        "--read-port",
        "0",
        "--write-port",
        "0",
    ]);
    second.env("DATABASE_URL", database.url());
    let owner = format!("process {}", launcher.pid());
    is_refused(
        &run(second).await,
        &["in use by another launcher", &owner, "--data"],
    );

    let round = alice(&site.reader(0)).await.post(BET, &json!({"stake": 1})).await;
    assert!(round.ok()["balance"] != Value::Null);
    launcher.signal(Signal::SIGTERM);
    assert_eq!(launcher.ended().await, Some(0), "{}", launcher.err());
    site.is_left_alone().await;
    database.finish().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_service_that_dies_is_named_and_the_rest_is_stopped() {
    let (site, database) = (Site::new(2), Database::create().await);
    let (mut launcher, _) = site.launch(over(&database, &site)).await;
    let running = processes_in(site.data.path());
    let (reader, _) = running
        .iter()
        .find(|(_, command)| command.contains("reader-2"))
        .expect("the second reader runs");
    nix::sys::signal::kill(*reader, Signal::SIGKILL).unwrap();
    assert_eq!(launcher.ended().await, Some(1));
    launcher.complains("reader-2 ended with signal: 9").await;
    site.is_left_alone().await;
    database.finish().await;
}

#[tokio::test]
async fn a_launcher_that_is_killed_takes_its_services_with_it() {
    let (site, database) = (Site::new(1), Database::create().await);
    let (mut launcher, _) = site.launch(over(&database, &site)).await;
    launcher.signal(Signal::SIGKILL);
    assert_eq!(launcher.ended().await, None);
    site.is_left_alone().await;
    database.finish().await;
}

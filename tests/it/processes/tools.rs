//! The commands that people run by hand, and what all programs say of their options.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use clap::CommandFactory;
use serde_json::json;
use tests::{Installation, people::PASSWORD};
use tokio::process::Command;

use super::{Ended, SECRET, edgebook, run, run_with_input};
use crate::feed::file::{SAMPLE, SPORTS, matches, sample, sample_json};
use crate::folder::Folder;

/// The long options in a help text, each with what is said of it.
fn options(help: &str) -> BTreeMap<String, String> {
    let mut options: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in help.lines() {
        let text = line.trim_start();
        let long = text
            .find("--")
            .filter(|at| *at == 0 || text.starts_with('-') && *at <= 4);
        if let Some(at) = long {
            let name = text[at..].split(' ').next().unwrap_or_default();
            // Behind the name of a value, if it has one, two spaces come first.
            let rest = text[at + name.len()..].split_once("  ");
            let description = rest.map_or("", |(_, description)| description);
            options.insert(name.to_owned(), description.trim().to_owned());
            current = Some(name.to_owned());
        } else if let Some(name) = &current
            && line.starts_with(' ')
            && !text.starts_with('[')
        {
            options.get_mut(name).unwrap().push_str(text);
        } else if !text.is_empty() && !line.starts_with(' ') {
            current = None;
        }
    }
    options
}

fn long_options(command: &clap::Command) -> BTreeSet<String> {
    let arguments = command.get_arguments();
    let long = arguments.filter_map(|argument| argument.get_long());
    long.map(|name| format!("--{name}")).collect()
}

#[tokio::test]
async fn every_program_explains_every_option_and_shows_no_secret() {
    let mut expected: Vec<(Vec<String>, BTreeSet<String>)> = Vec::new();
    let launcher = [
        "--readers",
        "--read-port",
        "--write-port",
        "--data",
        "--fresh",
        "--feed",
        "--database-url",
    ];
    expected.push((Vec::new(), launcher.map(ToOwned::to_owned).into()));
    expected.push((vec!["with-database".to_owned()], BTreeSet::new()));
    let read_api = long_options(&read_api::config::Cli::command());
    assert!(read_api.len() > 20, "{read_api:?}");
    expected.push((vec!["read-api".to_owned()], read_api));
    for tool in write_api::config::Cli::command().get_subcommands() {
        let args = vec!["write-api".to_owned(), tool.get_name().to_owned()];
        expected.push((args, long_options(tool)));
    }
    assert_eq!(expected.len(), 3 + 11, "the tools of write-api");
    for (program, expected) in expected {
        let mut command = edgebook(&[]);
        command
            .args(&program)
            .arg("--help")
            .env("DATABASE_URL", format!("postgres://me:{SECRET}@host/books"))
            .env("WEBHOOK_SECRET", format!("whsec_{SECRET}"))
            .env("FEED", format!("https://feed.example/{SECRET}"));
        let ended = run(command).await;
        assert_eq!(ended.code, Some(0), "{program:?}: {ended:?}");
        assert!(!ended.out.contains(SECRET), "{}", ended.out);
        let said = options(&ended.out);
        for option in expected.iter().map(String::as_str).chain(["--help"]) {
            let description = said.get(option).map_or("", String::as_str);
            assert!(description.len() >= 10, "{program:?} {option}: {description:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_option_is_refused_with_a_hint() {
    for args in [
        &["--reader", "2"][..],
        &["read-api", "--pull", "7"],
        &["write-api", "serve", "--listn", "127.0.0.1:0"],
    ] {
        let ended = run(edgebook(args)).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.err.contains("unexpected argument"), "{}", ended.err);
        assert!(ended.err.contains("a similar argument exists"), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_folder_of_feed_files_is_checked_without_a_database() {
    let ended = run(edgebook(&["write-api", "feed-check", SAMPLE])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let mut total = 0;
    for sport in SPORTS {
        let count = matches(&sample_json(sport)).len();
        total += count;
        let line = format!("{sport}_odds.json: {count} matches, ");
        assert!(ended.out.contains(&line), "{line}: {}", ended.out);
    }
    let line = format!("all 4 files: {total} matches, ");
    assert!(ended.out.contains(&line), "{line}: {}", ended.out);
    assert!(ended.out.contains("1 skipped (missing_team 1)"), "{}", ended.out);

    let folder = Folder::new();
    fs::write(folder.path().join("tennis_odds.json"), sample("tennis")).unwrap();
    fs::write(folder.path().join("darts_odds.json"), "<html>").unwrap();
    let ended = run(edgebook(&["write-api", "feed-check", folder.text()])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.out.contains("darts_odds.json: the feed file is not JSON"),
        "{}",
        ended.out
    );
    assert!(ended.out.contains("tennis_odds.json: 4 matches"), "{}", ended.out);
    assert!(
        ended.err.contains("1 of 2 feed files can't be read"),
        "{}",
        ended.err
    );
    let empty = Folder::new();
    for (folder, said) in [("/no/such/folder", "can't be listed"), (empty.text(), "no file")] {
        let ended = run(edgebook(&["write-api", "feed-check", folder])).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

#[tokio::test]
async fn a_folder_of_results_is_checked_without_a_database() {
    let ended = run(edgebook(&["write-api", "results-check", SAMPLE])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let line = "tennis_results.json: 4 matches, 3 over, 1 open; 0 skipped";
    assert!(ended.out.contains(line), "{}", ended.out);
    assert!(!ended.out.contains("selections"), "{}", ended.out);

    let ended = run(edgebook(&[
        "write-api",
        "results-check",
        SAMPLE,
        "--odds",
        SAMPLE,
    ]))
    .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for line in [
        "Set Betting: 4 selections decided, 0 not",
        "To Qualify: 0 selections decided, 2 not",
    ] {
        assert!(ended.out.contains(line), "{line}: {}", ended.out);
    }

    let folder = Folder::new();
    for (name, content) in [
        ("darts_results.json", "<html>"),
        ("soccer_results.json", "{\"scores\":{}}"),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let ended = run(edgebook(&["write-api", "results-check", folder.text()])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let (bad, good) = (
        "darts_results.json: the feed file is not JSON",
        "soccer_results.json: 0 matches",
    );
    assert!(
        ended.out.contains(bad) && ended.out.contains(good),
        "{}",
        ended.out
    );
    assert!(
        ended.err.contains("1 of 2 files of results can't be read"),
        "{}",
        ended.err
    );
    let empty = Folder::new();
    for (folder, said) in [("/no/such/folder", "can't be listed"), (empty.text(), "no file")] {
        let ended = run(edgebook(&["write-api", "results-check", folder])).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains(said), "{}", ended.err);
    }
}

/// A tool of write-api on the database of the installation.
fn tool(installation: &Installation, args: &[&str]) -> Command {
    let mut command = edgebook(&["write-api"]);
    command
        .args(args)
        .env("DATABASE_URL", installation.database.url());
    command
}

#[track_caller]
fn worked(ended: &Ended, said: &str) {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains(said), "{said}: {}", ended.out);
}

#[track_caller]
fn refused(ended: &Ended, code: i32, said: &str) {
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.out, "", "{ended:?}");
    assert!(ended.err.contains(said), "{said}: {}", ended.err);
    assert!(!ended.err.contains(PASSWORD), "{}", ended.err);
}

#[tokio::test]
async fn operators_are_added_once_each_and_are_at_every_reader() {
    let installation = Installation::builder().readers(2).start().await;
    let add = |subdomain: &'static str, currency: &'static str| {
        let args = [
            "--subdomain",
            subdomain,
            "--name",
            "New House",
            "--currency",
            currency,
        ];
        run(tool(&installation, &[&["add-operator"][..], &args].concat()))
    };
    worked(&add("newhouse", "EUR").await, "operator newhouse was created");
    for again in ["newhouse", "NewHouse"] {
        refused(
            &add(again, "USD").await,
            1,
            "an operator with this subdomain exists already",
        );
    }
    for (subdomain, currency, said) in [
        ("api", "USD", "reserved"),
        ("stream", "USD", "reserved"),
        ("casino-enabled", "USD", "reserved"),
        ("new house", "USD", "letters, digits or dashes"),
        ("house-", "USD", "no dash at an end"),
        ("other", "usd", "ISO 4217"),
        ("other", "EURO", "ISO 4217"),
    ] {
        refused(&add(subdomain, currency).await, 2, said);
    }
    for number in [0, 1] {
        let reader = installation.reader(number);
        installation
            .within(Duration::from_secs(10), "the reader knows it", || async {
                reader.get("/api/branding/newhouse").await.status.is_success()
            })
            .await;
        let branding = reader.get("/api/branding/newhouse").await.ok();
        assert_eq!(branding["branding"]["operator"]["subdomain"], "newhouse");
        assert_eq!(branding["branding"]["betting"]["default_currency"], "EUR");
        reader
            .get("/api/branding/other")
            .await
            .problem(404, "operator_not_found");
    }
    let said = installation
        .count("audit_entries where action = 'operator.added'")
        .await;
    assert_eq!(said, 1, "it is in the audit log");
    installation.finish().await;
}

#[tokio::test]
async fn staff_is_added_once_each_and_can_log_in() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let add = |employer: &'static [&'static str], login: &'static str, password: &'static str| {
        let args = [&["add-staff"], employer, &["--login", login]].concat();
        run_with_input(tool(&installation, &args), password)
    };
    let house = &["--operator", "aurora"];
    worked(
        &add(house, "new_staff", "a good password\n").await,
        "new_staff can log in now",
    );
    worked(
        &add(&["--platform"], "new_root", "a good password").await,
        "new_root can log in now",
    );
    worked(
        &add(&["--platform", "--role", "support"], "helper", "a good password").await,
        "helper can log in now",
    );
    for (employer, said) in [
        (&["--platform", "--role", "king"][..], "--role"),
        (
            &["--operator", "aurora", "--role", "support"],
            "cannot be used with",
        ),
    ] {
        let args = [&["add-staff"], employer, &["--login", "other_staff"]].concat();
        let ended = run_with_input(tool(&installation, &args), "a good password\n").await;
        refused(&ended, 2, said);
    }
    for login in ["new_staff", "NEW_STAFF", "new_root", "aurora_admin"] {
        for employer in [&["--operator", "aurora"][..], &["--platform"]] {
            refused(
                &add(employer, login, "another password\n").await,
                1,
                "somebody has this log-in name already",
            );
        }
    }
    refused(
        &add(&["--operator", "nobody"], "other_staff", "a good password\n").await,
        1,
        "there is no operator with this subdomain",
    );
    for password in ["", "\n", "1234567\n"] {
        refused(
            &add(house, "other_staff", password).await,
            1,
            "the password, one line of standard input",
        );
    }
    refused(&add(house, "a b", "a good password\n").await, 2, "--login");
    refused(
        &add(&[], "other_staff", "a good password\n").await,
        2,
        "--platform",
    );
    refused(
        &add(
            &["--platform", "--operator", "aurora"],
            "other_staff",
            "a good password\n",
        )
        .await,
        2,
        "cannot be used with",
    );

    let writer = installation.writer();
    let credentials = json!({"login": "new_staff", "password": "a good password"});
    let token = writer.post("/api/admin-login", &credentials).await.ok()["token"].clone();
    let staff = writer.logged_in(token.as_str().unwrap());
    staff
        .post("/api/save-theme/aurora", &json!({"primaryColor": "#a1b2c3"}))
        .await
        .ok();
    let credentials = json!({"username": "new_root", "password": "a good password"});
    let root = writer.post("/api/superadmin/login", &credentials).await.ok()["token"].clone();
    let root = writer.logged_in(root.as_str().unwrap());
    let log = root
        .get("/api/superadmin/audit-log?action=staff.added")
        .await
        .ok();
    assert_eq!(log["entries"][0]["login"], "console");
    assert_eq!(
        log["entries"][0]["after"],
        json!({"login": "helper", "role": "support"})
    );
    let credentials = json!({"login": "other_staff", "password": "a good password"});
    let nobody = writer.post("/api/admin-login", &credentials).await;
    assert_eq!(nobody.status.as_u16(), 401, "{}", nobody.text());
    installation.finish().await;
}

#[tokio::test]
async fn a_lost_second_factor_is_taken_away_and_the_log_tells_of_it() {
    let installation = Installation::start().await;
    let aurora = installation.operator("aurora").await;
    let reset = |login: &'static str| run(tool(&installation, &["reset-totp", "--login", login]));
    refused(&reset("nobody").await, 1, "there is no such staff");
    refused(&reset("a b").await, 2, "--login");
    sqlx::query("insert into second_factors values (1, $1, decode(repeat('00', 20), 'hex'), now(), now())")
        .bind(aurora.staff.get())
        .execute(installation.database.pool())
        .await
        .unwrap();
    let writer = installation.writer();
    let credentials = json!({"login": "aurora_admin", "password": PASSWORD});
    let refused = writer.post("/api/admin-login", &credentials).await;
    refused.problem(401, "second_factor_required");
    for _ in 0..2 {
        worked(
            &reset("AURORA_admin").await,
            "AURORA_admin can log in without a code now",
        );
    }
    writer.post("/api/admin-login", &credentials).await.ok();
    let log = writer
        .logged_in(&aurora.token)
        .get("/api/admin/aurora/audit-log?action=staff.second_factor_reset")
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 1);
    assert_eq!(log["entries"][0]["login"], "console");
    installation.finish().await;
}

#[tokio::test]
async fn a_contest_begins_and_is_on_the_boards() {
    let installation = Installation::start().await;
    installation.operator("aurora").await;
    let begin = |name: &'static str, ends: &'static str| {
        let args = ["contest", "begin", "--name", name, "--ends", ends];
        run(tool(&installation, &args))
    };
    worked(
        &begin("Winter", "2999-01-31T20:00:00+01:00").await,
        "contest 1 has begun, for 1 operators",
    );
    for (name, ends, code, said) in [
        ("Winter", "2001-01-31T20:00:00Z", 1, "would end before it begins"),
        ("Winter", "2999-01-31", 2, "must be a moment with its zone"),
        ("", "2999-01-31T20:00:00Z", 2, "--name"),
    ] {
        refused(&begin(name, ends).await, code, said);
    }
    let reader = installation.reader(0);
    installation
        .within(Duration::from_secs(10), "the reader shows it", || async {
            let shown = reader.get("/api/public/user-leaderboard").await.ok();
            shown["contest_end_date"] == "2999-01-31T19:00:00Z"
        })
        .await;
    let said = installation
        .count("audit_entries where action = 'contest.begun'")
        .await;
    assert_eq!(said, 1, "it is in the audit log");
    installation.finish().await;
}

#[tokio::test]
async fn the_schema_is_brought_up_to_date_any_number_of_times() {
    let installation = Installation::start().await;
    for _ in 0..2 {
        let ended = run(tool(&installation, &["migrate"])).await;
        worked(&ended, "the schema is up to date");
    }
    installation.finish().await;
}

#[tokio::test]
async fn a_database_that_is_away_is_named_as_the_reason() {
    for args in [
        &["migrate"][..],
        &["verify-books"],
        &["add-operator", "--subdomain", "newhouse", "--name", "New House"],
    ] {
        let mut command = edgebook(&["write-api"]);
        command.args(args).env(
            "DATABASE_URL",
            format!("postgres://me:{SECRET}@127.0.0.1:1/books"),
        );
        let ended = run(command).await;
        refused(&ended, 1, "the database can't be reached");
        assert!(!ended.err.contains(SECRET), "{}", ended.err);
    }
}

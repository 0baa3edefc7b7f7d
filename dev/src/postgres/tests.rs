//! The private PostgreSQL, started for real.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use nix::unistd::{Pid, getpgid, getpgrp};
use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::children::children_of;
use super::*;

/// A folder for one test, deleted with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = Options::disposable().folder;
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn data(&self) -> PathBuf {
        self.0.join("postgres")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

async fn ask<T>(url: &str, question: &'static str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(question)
        .fetch_one(&mut connection)
        .await
        .unwrap()
}

async fn tell(url: &str, statement: &'static str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(statement).execute(&mut connection).await.unwrap();
}

async fn eventually(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), met)
        .await
        .expect("this should have happened within 30 seconds");
}

/// Whether nothing is left in a folder. An unprivileged account may not be allowed to delete the folder itself.
fn is_cleared(folder: &Path) -> bool {
    fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[tokio::test]
async fn the_services_own_their_database_but_are_not_superuser() {
    let cluster = Cluster::start(Options::disposable()).await.unwrap();
    let url = cluster.url("edgebook");
    assert_eq!(ask::<String>(&url, "select current_user::text").await, "edgebook");
    assert_eq!(ask::<String>(&url, "show is_superuser").await, "off");
    assert_eq!(ask::<String>(&url, "show server_encoding").await, "UTF8");
    assert_eq!(ask::<String>(&url, "show listen_addresses").await, "127.0.0.1");
    tell(&url, "create table notes (text text)").await;
    tell(&url, "create database by_the_services").await;
    assert_eq!(
        ask::<String>(&cluster.superuser_url("postgres"), "show is_superuser").await,
        "on"
    );
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn databases_are_created_copied_and_dropped_whatever_their_name() {
    let cluster = Cluster::start(Options::disposable()).await.unwrap();
    cluster.create_database("Template 1\"; --").await.unwrap();
    let mut connection = PgConnection::connect(&cluster.url("Template%201%22;%20--"))
        .await
        .unwrap();
    sqlx::raw_sql("create table notes as select 7 as number")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();

    cluster.copy_database("copy", "Template 1\"; --").await.unwrap();
    assert_eq!(
        ask::<i32>(&cluster.url("copy"), "select number from notes").await,
        7
    );

    let held = PgConnection::connect(&cluster.url("copy")).await.unwrap();
    cluster.drop_database("copy").await.unwrap();
    cluster.drop_database("copy").await.unwrap();
    assert!(PgConnection::connect(&cluster.url("copy")).await.is_err());
    drop(held);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn passwords_are_in_private_files_and_nowhere_else() {
    let settings = vec![("log_statement".to_owned(), "all".to_owned())];
    let cluster = Cluster::start(Options {
        settings,
        ..Options::disposable()
    })
    .await
    .unwrap();
    let log = fs::read_to_string(cluster.log()).unwrap();
    assert!(log.contains("ready to accept connections"), "{log}");
    let arguments = Command::new("ps")
        .args(["-o", "args=", "-p", &cluster.pid().to_string()])
        .output();
    let arguments = arguments
        .map(|output| String::from_utf8(output.stdout).unwrap())
        .unwrap_or_default();
    for role in [Role::Superuser, Role::Services] {
        let file = cluster.folder().join(role.file());
        assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o600);
        let password = fs::read_to_string(file).unwrap();
        assert_eq!(password.len(), 32);
        assert!(!log.contains(&password) && !arguments.contains(&password));
    }
    assert!(!format!("{cluster:?}").contains(&cluster.services_password));
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn ctrl_c_in_the_terminal_does_not_reach_the_server() {
    let cluster = Cluster::start(Options::disposable()).await.unwrap();
    let group = getpgid(Some(Pid::from_raw(i32::try_from(cluster.pid()).unwrap()))).unwrap();
    assert_ne!(group, getpgrp());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn data_outlives_a_stop_until_fresh_data_is_asked_for() {
    let folder = Folder::new();
    let first = Cluster::start(Options::durable(folder.data())).await.unwrap();
    tell(&first.url("edgebook"), "create table notes as select 7 as number").await;
    let port = first.port();
    first.stop().await.unwrap();
    assert!(is_free(port));

    let second = Cluster::start(Options::durable(folder.data())).await.unwrap();
    assert_eq!(
        ask::<i32>(&second.url("edgebook"), "select number from notes").await,
        7
    );
    assert_eq!(ask::<String>(&second.url("edgebook"), "show fsync").await, "on");
    second.stop().await.unwrap();

    let fresh = Options {
        contents: Contents::Fresh,
        ..Options::durable(folder.data())
    };
    let third = Cluster::start(fresh).await.unwrap();
    assert!(ask::<bool>(&third.url("edgebook"), "select to_regclass('notes') is null").await);
    third.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_comes_back_on_its_port_with_what_was_committed() {
    let mut cluster = Cluster::start(Options::disposable()).await.unwrap();
    let url = cluster.url("edgebook");
    tell(&url, "create table notes as select 7 as number").await;
    cluster.crash().await.unwrap();
    assert!(!cluster.is_running());

    let squatter = TcpListener::bind((Ipv4Addr::LOCALHOST, cluster.port())).unwrap();
    let refused = cluster.restart().await.unwrap_err();
    assert!(
        matches!(refused, PostgresError::PortTaken { port } if port == cluster.port()),
        "{refused}"
    );
    drop(squatter);

    cluster.restart().await.unwrap();
    assert!(cluster.is_running());
    assert_eq!(ask::<i32>(&url, "select number from notes").await, 7);
    cluster.restart().await.unwrap();
    assert_eq!(ask::<i32>(&url, "select number from notes").await, 7);
    cluster.stop().await.unwrap();
}

/// Left alone, a session at work would not notice that its postmaster is gone.
#[tokio::test]
async fn a_crash_ends_a_session_in_the_middle_of_its_work() {
    if !Path::new("/proc/self/stat").exists() {
        // Which processes are the server's can't be told here.
        return;
    }
    let mut cluster = Cluster::start(Options::disposable()).await.unwrap();
    let url = cluster.url("edgebook");
    let mut session = PgConnection::connect(&url).await.unwrap();
    let working = tokio::spawn(async move {
        sqlx::raw_sql("set statement_timeout = '20s'; do 'begin loop end loop; end'")
            .execute(&mut session)
            .await
    });
    let at_work = "select pid from pg_stat_activity where state = 'active' and query like 'set %'
                   union all select 0 order by pid desc limit 1";
    let backend = timeout(Duration::from_secs(30), async {
        loop {
            match ask::<i32>(&url, at_work).await {
                0 => sleep(Duration::from_millis(20)).await,
                pid => return Pid::from_raw(pid),
            }
        }
    });
    let backend = backend.await.unwrap();
    let children = children_of(Pid::from_raw(cluster.pid().try_into().unwrap()));
    assert!(children.contains(&backend), "{children:?}");
    cluster.crash().await.unwrap();
    let ended = timeout(Duration::from_secs(5), working).await;
    assert!(ended.expect("the session ends at once").unwrap().is_err());
    cluster.restart().await.unwrap();
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_lock_file_left_by_a_crash_is_no_obstacle_even_if_its_process_id_lives() {
    let folder = Folder::new();
    let mut first = Cluster::start(Options::durable(folder.data())).await.unwrap();
    tell(&first.url("edgebook"), "create table notes as select 7 as number").await;
    first.crash().await.unwrap();
    let lock_file = first.folder().join("cluster/postmaster.pid");
    let left = fs::read_to_string(&lock_file).unwrap();
    let (_, rest) = left.split_once('\n').unwrap();
    fs::write(&lock_file, format!("{}\n{rest}", std::process::id())).unwrap();
    drop(first);

    let second = Cluster::start(Options::durable(folder.data())).await.unwrap();
    assert_eq!(
        ask::<i32>(&second.url("edgebook"), "select number from notes").await,
        7
    );
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_in_use_is_refused_even_for_fresh_data() {
    let folder = Folder::new();
    let cluster = Cluster::start(Options::durable(folder.data())).await.unwrap();
    let fresh = Options {
        contents: Contents::Fresh,
        ..Options::durable(folder.data())
    };
    let refused = Cluster::start(fresh).await.unwrap_err();
    let process = cluster.pid().to_string();
    assert!(
        matches!(&refused, PostgresError::InUse { process: named, .. } if *named == process),
        "{refused}"
    );
    assert_eq!(ask::<i32>(&cluster.url("edgebook"), "select 7").await, 7);
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_with_something_else_in_it_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::write(folder.0.join("thesis.txt"), "years of work").unwrap();
    for contents in [Contents::Kept, Contents::Fresh] {
        let refused = Cluster::start(Options {
            contents,
            ..Options::durable(&folder.0)
        })
        .await
        .unwrap_err();
        assert!(
            matches!(&refused, PostgresError::Foreign { entry, .. } if entry == "thesis.txt"),
            "{refused}"
        );
    }
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
}

#[tokio::test]
async fn data_of_another_major_version_is_refused_with_its_name() {
    let folder = Folder::new();
    let cluster = folder.data().join("cluster");
    fs::create_dir_all(&cluster).unwrap();
    fs::write(cluster.join("PG_VERSION"), "11\n").unwrap();
    Account::for_postgres().unwrap().give(&folder.data()).unwrap();
    let refused = Cluster::start(Options::durable(folder.data())).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("was made by PostgreSQL 11, but this machine has PostgreSQL"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_lost_password_and_a_bad_setting_are_told_apart_by_what_the_error_says() {
    let folder = Folder::new();
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let bad = Options {
        settings,
        ..Options::durable(folder.data())
    };
    let refused = Cluster::start(bad).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("unrecognized configuration parameter \"no_such_setting\""),
        "{refused}"
    );

    fs::remove_file(folder.data().join(Role::Services.file())).unwrap();
    let refused = Cluster::start(Options::durable(folder.data())).await.unwrap_err();
    assert!(
        matches!(refused, PostgresError::PasswordMissing { .. }),
        "{refused}"
    );
}

#[tokio::test]
async fn a_set_up_that_was_cut_short_is_begun_again() {
    let folder = Folder::new();
    fs::create_dir_all(folder.data().join("cluster.unfinished/base")).unwrap();
    Account::for_postgres().unwrap().give(&folder.data()).unwrap();
    let cluster = Cluster::start(Options::durable(folder.data())).await.unwrap();
    assert!(!folder.data().join("cluster.unfinished").exists());
    cluster.stop().await.unwrap();
}

#[tokio::test]
async fn a_dropped_disposable_cluster_stops_and_disappears() {
    let cluster = Cluster::start(Options::disposable()).await.unwrap();
    let (folder, port) = (cluster.folder().to_owned(), cluster.port());
    drop(cluster);
    eventually(|| is_cleared(&folder)).await;
    assert!(is_free(port));
}

/// Runs itself in a process of its own, which starts a cluster, tells about it, and is killed.
#[tokio::test]
async fn a_cluster_does_not_outlive_the_process_that_started_it() {
    const NAME: &str = "postgres::tests::a_cluster_does_not_outlive_the_process_that_started_it";
    const STARTER: &str = "EDGEBOOK_TEST_STARTER";
    if env::var_os(STARTER).is_some() {
        let cluster = Cluster::start(Options::disposable()).await.unwrap();
        println!("\nSTARTED {} {}", cluster.port(), cluster.folder().display());
        return std::future::pending().await;
    }
    let mut starter = Command::new(env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(STARTER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(starter.stdout.take().unwrap());
    let told = output
        .lines()
        .map(Result::unwrap)
        .find_map(|line| line.strip_prefix("STARTED ").map(str::to_owned));
    let told = told.expect("the starter should have started a cluster");
    let (port, folder) = told.split_once(' ').unwrap();
    let port: u16 = port.parse().unwrap();
    assert!(!is_free(port) && !is_cleared(Path::new(folder)));

    starter.kill().unwrap();
    starter.wait().unwrap();
    eventually(|| is_free(port) && is_cleared(Path::new(folder))).await;
}

#[tokio::test]
async fn root_keeps_the_data_in_the_shelter_when_the_account_cannot_enter_the_folder() {
    let account = Account::for_postgres().unwrap();
    if !account.switched {
        return;
    }
    let folder = Folder::new();
    let private = folder.0.join("home");
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let (requested, shelter) = (private.join("data/postgres"), folder.0.join("shelter"));
    let told = Arc::new(Mutex::new(String::new()));
    let start = |contents| {
        let told = Arc::clone(&told);
        let progress = Box::new(move |sentence: &str| told.lock().unwrap().push_str(sentence));
        let options = Options {
            contents,
            progress,
            ..Options::durable(&requested)
        };
        Cluster::start_with_shelter(options, &shelter)
    };

    let first = start(Contents::Kept).await.unwrap();
    let kept = first.folder().to_owned();
    assert_eq!(kept.parent().unwrap(), shelter);
    let metadata = fs::metadata(&kept).unwrap();
    assert_eq!((metadata.uid(), metadata.mode() & 0o777), (account.uid, 0o700));
    assert!(told.lock().unwrap().contains(&kept.display().to_string()));
    assert_eq!(
        fs::read_to_string(requested.join("location")).unwrap().trim(),
        kept.display().to_string()
    );
    tell(&first.url("edgebook"), "create table notes as select 7 as number").await;
    first.stop().await.unwrap();

    let second = start(Contents::Kept).await.unwrap();
    assert_eq!(
        ask::<i32>(&second.url("edgebook"), "select number from notes").await,
        7
    );
    second.stop().await.unwrap();

    fs::remove_dir_all(&private).unwrap();
    fs::create_dir(&private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let third = start(Contents::Kept).await.unwrap();
    assert!(ask::<bool>(&third.url("edgebook"), "select to_regclass('notes') is null").await);
    third.stop().await.unwrap();

    std::os::unix::fs::chown(&kept, Some(0), Some(0)).unwrap();
    let refused = start(Contents::Fresh).await.unwrap_err();
    assert!(
        matches!(refused, PostgresError::OwnedByAnother { owner: 0, .. }),
        "{refused}"
    );
}

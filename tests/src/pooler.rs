//! A PgBouncer in transaction mode between services and their database.
//! Must never run as root, nor outlive the test.

use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use crate::database::Database;

/// How long it may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(10);
/// Connections to the server, for all clients together: few, so that clients get one another's.
const SERVER_CONNECTIONS: u16 = 3;
/// Becomes nothing: starts PgBouncer ($1, with its settings in $2) and ends it when standard input closes, which it
/// does however the test ends.
const GUARD: &str =
    r#"exec 3<&0 0</dev/null; "$1" "$2" & read -r line <&3; kill -s INT $!; wait $!; rm -rf -- "${2%/*}""#;

/// A running PgBouncer. It ends when dropped.
#[derive(Debug)]
pub struct Pooler {
    port: u16,
    lifeline: Option<ChildStdin>,
    guard: Child,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.lifeline.take());
        drop(self.guard.wait());
    }
}

impl Pooler {
    /// Starts one in front of `database`. `None`, and a line for whoever reads the test's output, when this machine has
    /// no PgBouncer.
    pub async fn before(database: &Database) -> Option<Self> {
        let Some(program) = program() else {
            eprintln!(
                "SKIPPED: there is no pgbouncer on this machine (Debian, Ubuntu: apt-get install pgbouncer)"
            );
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let folder = std::env::temp_dir().join(format!("{}_pooler", database.name()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let settings = folder.join("pgbouncer.ini");
        std::fs::write(&settings, settings_for(database, port)).expect("the settings are written");
        // PgBouncer gives up being root before it reads them.
        for (path, mode) in [(&folder, 0o755), (&settings, 0o644)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(path, permissions).expect("the mode is set");
        }
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "pooler-guard"])
            .args([&program, &settings])
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log is shared"))
            .stderr(log)
            .spawn()
            .expect("a shell starts");
        let pooler = Self {
            port,
            lifeline: guard.stdin.take(),
            guard,
        };
        pooler.answers(&folder.join("log")).await;
        Some(pooler)
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    async fn answers(&self, log: &Path) {
        let wait = async {
            while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        if tokio::time::timeout(START_LIMIT, wait).await.is_err() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            panic!("PgBouncer does not answer: {said}");
        }
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into()])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
}

/// As people run it, but for the log-in: whoever comes is the services' role.
fn settings_for(database: &Database, port: u16) -> String {
    let url = url::Url::parse(database.url()).expect("a URL");
    let (user, password) = (url.username(), url.password().unwrap_or_default());
    let mut settings = format!(
        "[databases]\n\
         * = host=127.0.0.1 port={} user={user} password={password}\n\
         [pgbouncer]\n\
         listen_addr = 127.0.0.1\n\
         listen_port = {port}\n\
         unix_socket_dir =\n\
         auth_type = any\n\
         pool_mode = transaction\n\
         default_pool_size = {SERVER_CONNECTIONS}\n\
         max_client_conn = 200\n\
         ignore_startup_parameters = extra_float_digits\n",
        database.port()
    );
    if nix::unistd::geteuid().is_root() {
        let unprivileged = ["postgres", "nobody"]
            .into_iter()
            .find(|name| matches!(nix::unistd::User::from_name(name), Ok(Some(_))))
            .expect("an unprivileged user");
        writeln!(settings, "user = {unprivileged}").expect("a text takes it");
    }
    settings
}

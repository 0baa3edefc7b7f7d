//! One PostgreSQL for a test run, one database for a test. Must never touch a database that it did not create.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use dev::postgres::{Cluster, Options};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

/// Where databases are made: a private cluster, or the server of `DATABASE_URL`.
enum Server {
    Private(Box<Cluster>),
    Given(String),
}

static SERVER: OnceLock<Server> = OnceLock::new();
/// The cluster that standbys follow. Not the server of all tests: each standby replays what happens in all of it.
static PRIMARY: OnceLock<Cluster> = OnceLock::new();
/// Room for several standbys that are being made at once: none may find that the log it needs is gone.
const LOG_SHIPPING: [(&str, &str); 3] = [
    ("max_wal_senders", "40"),
    ("wal_keep_size", "1GB"),
    ("wal_retrieve_retry_interval", "200ms"),
];
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Sessions that all tests of a run may have open at once on the private server.
const MAX_CONNECTIONS: u16 = 300;
/// Databases in use at once: each takes up to 30 sessions with its services. A given server mostly has 100.
const PLACES_PRIVATE: usize = 8;
const PLACES_GIVEN: usize = 3;
static PLACES: OnceLock<Semaphore> = OnceLock::new();

/// The server; started at the first call. It stops when the process ends.
fn server() -> &'static Server {
    SERVER.get_or_init(|| match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => Server::Given(url),
        _ => Server::Private(Box::new(start_private(&[]))),
    })
}

/// Starts the cluster on a thread and a runtime of its own, which outlive the runtime of the first test.
fn start_private(settings: &'static [(&'static str, &'static str)]) -> Cluster {
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime for PostgreSQL").block_on(async move {
            let mut options = Options::disposable();
            options.max_connections = MAX_CONNECTIONS;
            let settings = settings
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()));
            options.settings.extend(settings);
            send.send(Cluster::start(options).await).expect("the test waits");
            std::future::pending::<()>().await;
        });
    });
    receive.recv().expect("an answer").expect("PostgreSQL starts")
}

/// The cluster of the databases that have standbys; started at the first call.
pub(crate) fn primary() -> &'static Cluster {
    PRIMARY.get_or_init(|| start_private(&LOG_SHIPPING))
}

/// However many cores a machine has, its tests do not ask for more sessions than the server has.
fn places() -> &'static Semaphore {
    PLACES.get_or_init(|| {
        Semaphore::new(match server() {
            Server::Private(_) => PLACES_PRIVATE,
            Server::Given(_) => PLACES_GIVEN,
        })
    })
}

fn url_of(database: &str) -> String {
    match server() {
        Server::Private(cluster) => cluster.url(database),
        Server::Given(url) => {
            let mut url = url::Url::parse(url).expect("DATABASE_URL is a URL");
            url.set_path(database);
            url.into()
        }
    }
}

fn admin_url() -> String {
    match server() {
        Server::Private(cluster) => cluster.url("edgebook"),
        Server::Given(url) => url.clone(),
    }
}

async fn connect(url: &str) -> PgConnection {
    let options: PgConnectOptions = url.parse().expect("a database URL");
    options.connect().await.expect("the server can be reached")
}

async fn execute(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(connection)
        .await
        .expect("the statement works");
}

/// A database of one test, with the schema and nothing in it but what migrations put there.
#[derive(Debug)]
pub struct Database {
    name: String,
    url: String,
    admin_url: String,
    pool: PgPool,
    _place: SemaphorePermit<'static>,
}

impl Database {
    /// A new one, copied from a template that is migrated once in a run.
    pub async fn create() -> Self {
        let place = places().acquire().await.expect("the semaphore is never closed");
        let template = TEMPLATE.get_or_init(make_template).await;
        let name = next_name();
        let mut admin = connect(&admin_url()).await;
        execute(&mut admin, format!("create database {name} template {template}")).await;
        admin.close().await.expect("the connection closes");
        let url = url_of(&name);
        Self::open(name, url, admin_url(), place).await
    }

    /// A new one in a cluster that standbys can be made of, see [`crate::standby::Standby`].
    pub async fn create_with_log_shipping() -> Self {
        let place = places().acquire().await.expect("the semaphore is never closed");
        let name = next_name();
        let created = primary().create_database(&name).await;
        created.expect("the database is created");
        let url = primary().url(&name);
        let database = Self::open(name, url, primary().url("edgebook"), place).await;
        migrations::migrate(database.pool())
            .await
            .expect("the schema is made");
        database
    }

    async fn open(name: String, url: String, admin_url: String, place: SemaphorePermit<'static>) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .connect(&url)
            .await
            .expect("the database opens");
        Self {
            name,
            url,
            admin_url,
            pool,
            _place: place,
        }
    }

    /// Its name on its server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its URL for a service.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port of its server.
    pub fn port(&self) -> u16 {
        url::Url::parse(&self.url).expect("a URL").port().unwrap_or(5432)
    }

    /// Its URL by way of another port on this machine, such as a proxy's.
    pub fn url_through(&self, port: u16) -> String {
        let mut url = url::Url::parse(&self.url).expect("a URL");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(port)).expect("a port");
        url.into()
    }

    /// A pool of the test's own, beside the services'.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Sessions of this database that are `idle in transaction`, other than the test's own.
    pub async fn idle_in_transaction(&self) -> i64 {
        sqlx::query_scalar(
            "select count(*) from pg_stat_activity
             where datname = current_database() and state like 'idle in transaction%' and pid <> pg_backend_pid()",
        )
        .fetch_one(&self.pool)
        .await
        .expect("the activity can be read")
    }

    /// Which history of the data it has.
    pub async fn epoch(&self) -> String {
        sqlx::query_scalar("select data_epoch()")
            .fetch_one(&self.pool)
            .await
            .expect("the epoch can be read")
    }

    /// Keeps a copy of it as it is now. Every connection to it breaks.
    pub async fn back_up(&self) {
        let (name, backup) = (&self.name, self.backup_name());
        self.alone([format!("create database {backup} template {name}")])
            .await;
    }

    /// Puts the copy in its place. Every connection to it breaks.
    pub async fn restore(&self) {
        let (name, backup) = (&self.name, self.backup_name());
        let lost = format!("{name}_lost");
        self.alone([
            format!("alter database {name} rename to {lost}"),
            format!("alter database {backup} rename to {name}"),
            format!("drop database {lost}"),
        ])
        .await;
    }

    fn backup_name(&self) -> String {
        format!("{}_backup", self.name)
    }

    /// Carries out `commands` while nobody is connected.
    async fn alone(&self, commands: impl IntoIterator<Item = String>) {
        let name = &self.name;
        let mut admin = connect(&self.admin_url).await;
        let open = |is_open: bool| format!("alter database {name} allow_connections {is_open}");
        execute(&mut admin, open(false)).await;
        let others =
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = current_user";
        execute(&mut admin, format!("{others} and datname = '{name}'")).await;
        for command in commands {
            execute(&mut admin, command).await;
        }
        execute(&mut admin, open(true)).await;
    }

    /// Drops it. The books of every operator must be right.
    pub async fn finish(self) {
        let mut connection = self.pool.acquire().await.expect("a connection");
        write_api::ledger::verify_books(&mut connection)
            .await
            .expect("the books are right");
        drop(connection);
        self.pool.close().await;
        let mut admin = connect(&self.admin_url).await;
        // Not `with (force)`: that fails while an autovacuum worker is there, which is not ours to end.
        let of_ours = "select pg_terminate_backend(pid) from pg_stat_activity where usename = current_user";
        execute(&mut admin, format!("{of_ours} and datname = '{}'", self.name)).await;
        execute(&mut admin, format!("drop database if exists {}", self.name)).await;
    }
}

fn next_name() -> String {
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("edgebook_{}_{number}", std::process::id())
}

async fn make_template() -> String {
    let name = format!("edgebook_{}_template", std::process::id());
    let mut admin = connect(&admin_url()).await;
    execute(&mut admin, format!("create database {name}")).await;
    let pool = PgPool::connect(&url_of(&name)).await.expect("the template opens");
    migrations::migrate(&pool).await.expect("the schema is made");
    pool.close().await;
    name
}

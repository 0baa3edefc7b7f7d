//! A whole installation for one test: a database, a writer and readers on free ports, with the proxies asked for.
//! Must never share anything with another test but the PostgreSQL server.

use std::time::Duration;

use clap::Parser;
use shared::clock::Clock;
use shared::random::Random;

use crate::client::Client;
use crate::database::Database;
use crate::proxy::Proxy;

const NO_REVENUE: &str = "--revenue-scheduled=false";

/// How an installation is to be.
#[derive(Clone, Debug)]
pub struct Builder {
    readers: usize,
    reader_args: Vec<String>,
    writer_args: Vec<String>,
    proxied: bool,
    database_port: Option<u16>,
    webhooks: bool,
    clock: Clock,
}

/// A database, a writer and readers.
#[derive(Debug)]
pub struct Installation {
    /// The database of this test.
    pub database: Database,
    /// The writer.
    pub writer: write_api::app::Service,
    /// The readers.
    pub readers: Vec<read_api::app::Service>,
    /// Between each reader and the database, where asked for.
    pub reader_links: Vec<Proxy>,
    /// Between the writer and the database, where asked for.
    pub writer_link: Option<Proxy>,
    /// The secret that pushes are signed with.
    pub webhook_secret: String,
    /// Time, as the services see it.
    pub clock: Clock,
}

#[derive(Parser)]
struct ReaderCommand {
    #[command(flatten)]
    options: read_api::config::ReadOptions,
}

#[derive(Parser)]
struct WriterCommand {
    #[command(flatten)]
    options: write_api::config::WriteOptions,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            readers: 1,
            reader_args: Vec::new(),
            writer_args: vec![NO_REVENUE.to_owned()],
            proxied: false,
            database_port: None,
            webhooks: true,
            clock: Clock::machine(),
        }
    }
}

impl Builder {
    /// So many readers; one unless said otherwise.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// More options for every reader, as on its command line.
    #[must_use]
    pub fn reader_args(mut self, args: &[&str]) -> Self {
        self.reader_args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// More options for the writer, as on its command line.
    #[must_use]
    pub fn writer_args(mut self, args: &[&str]) -> Self {
        self.writer_args.extend(args.iter().map(ToString::to_string));
        self
    }

    /// Lets requests wait for the database longer than in production: for many at once on a busy machine.
    #[must_use]
    pub fn patient(self) -> Self {
        self.writer_args(&["--db-acquire-ms", "8000", "--db-lock-ms", "8000"])
            .writer_args(&[
                "--db-read-statement-ms",
                "8000",
                "--db-write-statement-ms",
                "8000",
            ])
            .writer_args(&["--db-transaction-ms", "8500", "--casino-wait-ms", "8000"])
    }

    /// Lets the daily revenue be worked out and posted by itself, too. Else what the house holds changes by bets only.
    #[must_use]
    pub fn with_revenue_schedule(mut self) -> Self {
        self.writer_args.retain(|arg| arg != NO_REVENUE);
        self
    }

    /// Puts a proxy between each service and the database.
    #[must_use]
    pub fn proxied(mut self) -> Self {
        self.proxied = true;
        self
    }

    /// Lets every service reach the database by way of this port, such as a pooler's.
    #[must_use]
    pub fn by_way_of(mut self, port: u16) -> Self {
        self.database_port = Some(port);
        self
    }

    /// Lets no push reach a reader.
    #[must_use]
    pub fn without_webhooks(mut self) -> Self {
        self.webhooks = false;
        self
    }

    /// Another clock than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts it; every reader is ready.
    pub async fn start(self) -> Installation {
        self.start_on(Database::create().await).await
    }

    /// Starts it on a database that is there. With the variable `LOG` the services' log is shown.
    pub async fn start_on(self, database: Database) -> Installation {
        shared::telemetry::start(&shared::telemetry::LogOptions {
            log: std::env::var("LOG").unwrap_or_else(|_| "off".to_owned()),
            log_format: shared::telemetry::LogFormat::Text,
        });
        let webhook_secret = shared::coherence::WebhookSecrets::generate(&Random::system());
        let mut reader_links = Vec::new();
        let mut readers = Vec::new();
        // The readers are told where the writer is, and the writer where the readers are; so the writer's port is
        // chosen first.
        let writer_port = free_port().await;
        for number in 0..self.readers {
            let url = self.link(&database, &mut reader_links).await;
            let reader = self
                .start_reader(number, &url, writer_port, &webhook_secret)
                .await;
            readers.push(reader);
        }
        let mut writer_links = Vec::new();
        let url = self.link(&database, &mut writer_links).await;
        let reader_urls: Vec<String> = readers
            .iter()
            .map(|reader| format!("http://{}", reader.address()))
            .collect();
        let told = if self.webhooks {
            reader_urls.join(",")
        } else {
            String::new()
        };
        let writer = self.start_writer(&url, writer_port, &told, &webhook_secret).await;
        let installation = Installation {
            database,
            writer,
            readers,
            reader_links,
            writer_link: writer_links.pop(),
            webhook_secret,
            clock: self.clock,
        };
        for number in 0..installation.readers.len() {
            installation.is_ready(number).await;
        }
        installation
    }

    async fn link(&self, database: &Database, links: &mut Vec<Proxy>) -> String {
        let port = self.database_port.unwrap_or_else(|| database.port());
        if !self.proxied {
            return database.url_through(port);
        }
        let proxy = Proxy::start(port).await;
        let url = database.url_through(proxy.port());
        links.push(proxy);
        url
    }

    async fn start_reader(
        &self,
        number: usize,
        url: &str,
        writer_port: u16,
        secret: &str,
    ) -> read_api::app::Service {
        let write_url = format!("http://127.0.0.1:{writer_port}");
        let instance = format!("reader-{number}");
        let mut args = vec![
            "reader",
            "--listen",
            "127.0.0.1:0",
            "--database-url",
            url,
            "--webhook-secret",
            secret,
        ];
        args.extend(["--write-url", &write_url, "--instance", &instance]);
        args.extend(self.reader_args.iter().map(String::as_str));
        let options = ReaderCommand::try_parse_from(args)
            .expect("options of a reader")
            .options;
        read_api::app::start(options, self.clock.clone(), Random::system())
            .await
            .expect("a reader starts")
    }

    async fn start_writer(
        &self,
        url: &str,
        port: u16,
        readers: &str,
        secret: &str,
    ) -> write_api::app::Service {
        let listen = format!("127.0.0.1:{port}");
        let mut args = vec![
            "writer",
            "--listen",
            &listen,
            "--database-url",
            url,
            "--webhook-secret",
            secret,
        ];
        if !readers.is_empty() {
            args.extend(["--reader-urls", readers]);
        }
        args.extend(self.writer_args.iter().map(String::as_str));
        let options = WriterCommand::try_parse_from(args)
            .expect("options of a writer")
            .options;
        write_api::app::start(options, self.clock.clone(), Random::system())
            .await
            .expect("the writer starts")
    }
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    listener.local_addr().expect("an address").port()
}

impl Installation {
    /// One reader, one writer, the machine's clock.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// To say how it is to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A client of a reader, not logged in.
    pub fn reader(&self, number: usize) -> Client {
        Client::new(format!("http://{}", self.readers[number].address()))
    }

    /// A client of the writer, not logged in.
    pub fn writer(&self) -> Client {
        Client::new(format!("http://{}", self.writer.address()))
    }

    async fn is_ready(&self, number: usize) {
        let reader = self.reader(number);
        let wait = async {
            while !reader.get("/readyz").await.status.is_success() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .expect("the reader becomes ready");
    }

    /// Stops a reader; the ones behind it move up. Its options, with the address that it had.
    pub async fn stop_reader(&mut self, number: usize) -> read_api::config::ReadOptions {
        let reader = self.readers.remove(number);
        let mut options = reader.reader().options.clone();
        options.listen = reader.address();
        reader.stop().await;
        options
    }

    /// Starts a reader behind the others; it is ready.
    pub async fn start_reader(&mut self, options: read_api::config::ReadOptions) {
        let reader = read_api::app::start(options, self.clock.clone(), Random::system()).await;
        self.readers.push(reader.expect("a reader starts"));
        self.is_ready(self.readers.len() - 1).await;
    }

    /// Waits until `check` holds, at most `limit`.
    ///
    /// # Panics
    /// When it does not.
    pub async fn within<F: Future<Output = bool>>(&self, limit: Duration, what: &str, check: impl Fn() -> F) {
        let wait = async {
            while !check().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        assert!(
            tokio::time::timeout(limit, wait).await.is_ok(),
            "{what} within {limit:?}"
        );
    }

    /// Stops everything; no connection may be left in a transaction, and the books must be right.
    pub async fn finish(self) {
        for link in self.reader_links.iter().chain(&self.writer_link) {
            link.pass();
        }
        for reader in self.readers {
            reader.stop().await;
        }
        self.writer.stop().await;
        assert_eq!(
            self.database.idle_in_transaction().await,
            0,
            "a transaction was left open"
        );
        self.database.finish().await;
    }
}

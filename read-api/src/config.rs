//! Every option and limit of read-api, with a name, a default and an explanation. Must never hold a default secret.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser};
use shared::clock::Clock;
use shared::coherence::WebhookSecrets;
use shared::db::DbLimits;
use shared::http::HttpLimits;
use shared::random::Random;
use shared::telemetry::LogOptions;

/// The reading backend of Edgebook: pages from memory, in every region.
#[derive(Debug, Parser)]
#[command(name = "read-api", version)]
pub struct Cli {
    #[command(flatten)]
    options: ReadOptions,
}

/// Options of `read-api`.
#[derive(Clone, Debug, Args)]
pub struct ReadOptions {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The primary database, as postgres://user:password@host:port/name. It is asked for everything, unless there is
    /// a read database as well.
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        required_unless_present = "read_database_url"
    )]
    pub database_url: Option<String>,
    /// The database that pages are fetched from, such as a hot standby nearby. It may lag: the primary is still asked
    /// what changed, and for what this one does not have yet. Without a primary, changes are seen only as they get here.
    #[arg(long, env = "READ_DATABASE_URL", hide_env_values = true)]
    pub read_database_url: Option<String>,
    /// Secrets that pushes are signed with: `whsec_` and base64 of at least 24 bytes; two with a comma between while
    /// they are being changed. Either is accepted.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: WebhookSecrets,
    /// This instance's name, as the writer's answers list it.
    #[arg(long, env = "INSTANCE", default_value = "read-api")]
    pub instance: String,
    /// Passing on of what this service does not serve.
    #[command(flatten)]
    pub front_door: FrontDoorOptions,
    /// Caches and refreshing.
    #[command(flatten)]
    pub cache: CacheLimits,
    /// Leaderboards.
    #[command(flatten)]
    pub leaderboards: LeaderboardLimits,
    /// The database pool.
    #[command(flatten)]
    pub db: DbLimits,
    /// What else counts with a read database.
    #[command(flatten)]
    pub read_db: ReadDbLimits,
    /// The HTTP side.
    #[command(flatten)]
    pub http: HttpLimits,
    /// The log.
    #[command(flatten)]
    pub log: LogOptions,
}

/// Limits that only count with a read database beside the primary.
#[derive(Clone, Debug, Args)]
pub struct ReadDbLimits {
    /// With a read database: how long a fetch waits for a connection to it before it goes to the primary, in
    /// milliseconds.
    #[arg(long, env = "READ_DB_ACQUIRE_MS", default_value_t = 500)]
    pub read_db_acquire_ms: u64,
    /// With a read database: connections to the primary. One asks what changed; the others fetch what the read
    /// database does not have yet.
    #[arg(long, env = "PRIMARY_MAX_CONNECTIONS", default_value_t = 2,
        value_parser = clap::value_parser!(u32).range(2..))]
    pub primary_max_connections: u32,
}

impl ReadOptions {
    /// The URL of the primary, and the one to fetch pages from if that is another. A URL that is given alone serves
    /// for both; an empty variable is none.
    pub fn urls(&self) -> (&str, Option<&str>) {
        fn given(url: Option<&String>) -> Option<&str> {
            url.map(String::as_str).filter(|url| !url.is_empty())
        }
        match (
            given(self.database_url.as_ref()),
            given(self.read_database_url.as_ref()),
        ) {
            (Some(primary), nearby) => (primary, nearby.filter(|nearby| *nearby != primary)),
            (None, only) => (only.unwrap_or_default(), None),
        }
    }
}

/// How requests reach write-api.
#[derive(Clone, Debug, Args)]
pub struct FrontDoorOptions {
    /// Where write-api is, as http://host:port. What read-api does not serve is passed on to it.
    #[arg(long, env = "WRITE_URL", default_value = "http://127.0.0.1:8090")]
    pub write_url: String,
    /// On Fly.io: answer with this `fly-replay` header (such as `region=ams`) instead of passing requests on.
    #[arg(long, env = "FLY_REPLAY")]
    pub fly_replay: Option<String>,
    /// The header in which the platform in front of this service tells the client's address, such as `fly-client-ip`.
    /// Only where clients can't set it themselves; by default the address is that of the connection.
    #[arg(long, env = "CLIENT_ADDRESS_HEADER")]
    pub client_address_header: Option<String>,
    /// Requests passed on at once; more are refused.
    #[arg(long, env = "FRONT_DOOR_MAX_REQUESTS", default_value_t = 1024)]
    pub front_door_max_requests: usize,
    /// Longest file that is passed on, such as one of a bulk registration, in bytes.
    #[arg(long, env = "FRONT_DOOR_FILE_BYTES", default_value_t = 4_194_304)]
    pub front_door_file_bytes: usize,
    /// Files passed on at once; more are refused. Each is held in memory.
    #[arg(long, env = "FRONT_DOOR_FILES", default_value_t = 4)]
    pub front_door_files: usize,
    /// How long connecting to write-api may take, in milliseconds.
    #[arg(long, env = "FRONT_DOOR_CONNECT_MS", default_value_t = 2000)]
    pub front_door_connect_ms: u64,
    /// How long write-api may take to begin its answer, and then to go on with it, in milliseconds.
    #[arg(long, env = "FRONT_DOOR_MS", default_value_t = 9000)]
    pub front_door_ms: u64,
}

/// Limits of the caches.
#[derive(Clone, Debug, Args)]
pub struct CacheLimits {
    /// Bytes of rendered pages kept.
    #[arg(long, env = "CACHE_BYTES", default_value_t = 256 * 1024 * 1024)]
    pub cache_bytes: u64,
    /// Addresses of pages remembered, so that they need not be looked up among the routes.
    #[arg(long, env = "CACHE_TARGETS", default_value_t = 50_000)]
    pub cache_targets: usize,
    /// After how long a page is fetched again although no change was reported, in milliseconds (up to a tenth is
    /// taken off at random).
    #[arg(long, env = "CACHE_TTL_MS", default_value_t = 300_000)]
    pub cache_ttl_ms: u64,
    /// Time between two questions to the database for what changed, in milliseconds.
    #[arg(long, env = "PULL_MS", default_value_t = 1000)]
    pub pull_ms: u64,
    /// Least time between two such questions, when somebody wants to know sooner, in milliseconds.
    #[arg(long, env = "PULL_GAP_MS", default_value_t = 20)]
    pub pull_gap_ms: u64,
    /// How long old bytes may be served after a soft change (branding, theme, feed) is known, in milliseconds. The next
    /// request after that waits for the new ones as it does for a hard change, unless they are being fetched already.
    #[arg(long, env = "SOFT_MS", default_value_t = 300)]
    pub soft_ms: u64,
    /// Without a successful pull for this long, answers say that they may be stale, in milliseconds.
    #[arg(long, env = "STALE_AFTER_MS", default_value_t = 1500)]
    pub stale_after_ms: u64,
    /// Fetches from the database at once; fewer than the pool has connections, so that the pull finds one.
    #[arg(long, env = "REFRESH_MAX", default_value_t = 3)]
    pub refresh_max: usize,
    /// Pages rendered and compressed at once; others wait. About as many as there are processor cores, so that what is
    /// in memory is answered meanwhile.
    #[arg(long, env = "RENDER_MAX", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub render_max: u16,
    /// How long a request waits for a page that is not in memory, in milliseconds.
    #[arg(long, env = "FILL_WAIT_MS", default_value_t = 2000)]
    pub fill_wait_ms: u64,
    /// How long a request waits for a hard change (disabled events, status of an operator, casino switch) before it
    /// is answered with what is known, in milliseconds.
    #[arg(long, env = "HARD_WAIT_MS", default_value_t = 300)]
    pub hard_wait_ms: u64,
    /// How long a push waits for what it changed to be fetched before it is answered, in milliseconds.
    #[arg(long, env = "PUSH_WAIT_MS", default_value_t = 700)]
    pub push_wait_ms: u64,
    /// Time between two comparisons of a page in memory with the database, in milliseconds; 0 for none.
    #[arg(long, env = "AUDIT_MS", default_value_t = 2000)]
    pub audit_ms: u64,
    /// Streams of changes open at once; more are refused.
    #[arg(long, env = "STREAM_MAX", default_value_t = 15_000)]
    pub stream_max: usize,
    /// After so long without a change a stream sends a sign of life, in milliseconds.
    #[arg(long, env = "STREAM_ALIVE_MS", default_value_t = 15_000)]
    pub stream_alive_ms: u64,
    /// Things that are fetched anew at once when they are known to have changed, before anybody asks for them; the
    /// others are when they are asked for.
    #[arg(long, env = "PREFETCH_MAX", default_value_t = 256)]
    pub prefetch_max: usize,
    /// After a failed fetch the same thing is not fetched again for this long, in milliseconds.
    #[arg(long, env = "REFRESH_BACKOFF_MS", default_value_t = 500)]
    pub refresh_backoff_ms: u64,
}

/// Limits of the leaderboards.
#[derive(Clone, Debug, Args)]
pub struct LeaderboardLimits {
    /// Entries of each leaderboard that pages can show, the best. Sums are of all.
    #[arg(long, env = "LEADERBOARD_DEPTH", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub leaderboard_depth: u32,
    /// Bytes of leaderboards kept, beside their rendered pages.
    #[arg(long, env = "LEADERBOARD_BYTES", default_value_t = 64 * 1024 * 1024)]
    pub leaderboard_bytes: u64,
}

impl Cli {
    /// Serves until the process is told to stop; the exit code is 0 when it stopped well.
    pub async fn run(self) -> ExitCode {
        match serve(self.options).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("read-api: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Serves until the process is told to stop.
///
/// # Errors
/// A sentence for people: why the service could not start.
pub async fn serve(options: ReadOptions) -> Result<(), crate::app::StartError> {
    shared::telemetry::start(&options.log);
    let service = crate::app::start(options, Clock::machine(), Random::system()).await?;
    // The launcher and people read this line to learn the port.
    println!("listening on http://{}", service.address());
    shared::server::told_to_stop().await?;
    service.stop().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_is_given_alone_serves_for_both() {
        let (primary, nearby) = ("postgres://primary", "postgres://nearby");
        for (given, expected) in [
            ([primary, nearby], (primary, Some(nearby))),
            ([primary, ""], (primary, None)),
            (["", nearby], (nearby, None)),
            ([primary, primary], (primary, None)),
        ] {
            let secret = WebhookSecrets::generate(&Random::system());
            let args = ["read-api", "--webhook-secret", &secret];
            let urls = ["--database-url", given[0], "--read-database-url", given[1]];
            let options = Cli::parse_from(args.into_iter().chain(urls)).options;
            assert_eq!(options.urls(), expected, "{given:?}");
        }
    }
}

//! Every option and limit of write-api, with a name, a default and an explanation. Must never hold a default secret.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use shared::clock::Clock;
use shared::coherence::WebhookSecrets;
use shared::db::DbLimits;
use shared::http::HttpLimits;
use shared::random::Random;
use shared::telemetry::LogOptions;
use sqlx::Connection;

use crate::accounts::AccountLimits;
use crate::accounts::cli::{self, AddOperator, AddStaff, ResetTotp};
use crate::audit::{AuditOptions, verify_audit};
use crate::betting::BettingOptions;
use crate::casino::CasinoOptions;
use crate::coherence::ReaderOptions;
use crate::coherence::purge::{Purge, purge};
use crate::feed::FeedOptions;
use crate::feed::check::{CheckError, FeedCheck, check_folder};
use crate::leaderboards::LeaderboardOptions;
use crate::leaderboards::cli::{self as contests, ContestCommand};
use crate::ledger::LedgerOptions;
use crate::operations::OperationOptions;
use crate::players::PlayerOptions;
use crate::protection::ProtectionOptions;
use crate::registration::RegistrationOptions;
use crate::reports::ReportOptions;
use crate::revenue::RevenueOptions;
use crate::settlement::ResultsOptions;
use crate::settlement::check::{ResultsCheck, ResultsCheckError, check_results};
use crate::webhooks::WebhookOptions;

/// The transactional backend of Edgebook: casino bets, admin changes, the sports feed.
#[derive(Debug, Parser)]
#[command(name = "write-api", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until SIGTERM or Ctrl-C.
    Serve(Box<WriteOptions>),
    /// Bring the schema up to date and exit.
    Migrate(MigrateOptions),
    /// Check that every wallet, ledger entry, round and account of the house agrees with the others, and exit; bets may
    /// go on meanwhile.
    VerifyBooks(VerifyOptions),
    /// Recompute the chains of hashes of the audit log, print where each ends, and exit; the exit code is not 0 when an
    /// entry was changed or is gone.
    VerifyAudit(VerifyOptions),
    /// Create an operator and exit.
    AddOperator(AddOperator),
    /// Create staff of an operator or of the platform, with the password from the first line of standard input, and
    /// exit.
    AddStaff(AddStaff),
    /// Take the second factor of staff away, who have lost it, and exit. Nobody else need be asked: whoever can run this
    /// has the database.
    ResetTotp(ResetTotp),
    /// Let readers fetch anew what they hold of one operator or of all, print what each reader said, and exit; the exit
    /// code is not 0 when one could not be reached.
    Purge(Box<Purge>),
    /// Read a folder of feed files, say what is in them and exit.
    FeedCheck(FeedCheck),
    /// Read a folder of files of results, say what is in them and exit. With the odds, also what the results decide.
    ResultsCheck(ResultsCheck),
    /// Contests on the leaderboards.
    #[command(subcommand)]
    Contest(ContestCommand),
}

#[derive(Debug, Args)]
struct MigrateOptions {
    /// The database, as postgres://user:password@host:port/name. Its user must own the schema.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

#[derive(Debug, Args)]
struct VerifyOptions {
    /// The database, as postgres://user:password@host:port/name. Its user only needs to read.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
}

/// Options of `write-api serve`.
#[derive(Clone, Debug, Args)]
#[command(mut_arg("db_max_connections", |arg| arg.default_value("12")))]
pub struct WriteOptions {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
    /// The primary database, as postgres://user:password@host:port/name.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: String,
    /// Secrets that sign pushes to readers: `whsec_` and base64 of at least 24 bytes; two with a comma between while
    /// they are being changed. The first signs.
    #[arg(long, env = "WEBHOOK_SECRET", hide_env_values = true)]
    pub webhook_secret: WebhookSecrets,
    /// This instance's name in logs and in `pg_stat_activity`.
    #[arg(long, env = "INSTANCE", default_value = "write-api")]
    pub instance: String,
    /// The readers to push changes to.
    #[command(flatten)]
    pub readers: ReaderOptions,
    /// Log-ins and sessions.
    #[command(flatten)]
    pub accounts: AccountLimits,
    /// Bets on sports.
    #[command(flatten)]
    pub betting: BettingOptions,
    /// Where results of sports come from.
    #[command(flatten)]
    pub results: ResultsOptions,
    /// The casino.
    #[command(flatten)]
    pub casino: CasinoOptions,
    /// The ledger.
    #[command(flatten)]
    pub ledger: LedgerOptions,
    /// The reports.
    #[command(flatten)]
    pub reports: ReportOptions,
    /// The leaderboards.
    #[command(flatten)]
    pub leaderboards: LeaderboardOptions,
    /// The audit log.
    #[command(flatten)]
    pub audit: AuditOptions,
    /// What staff may do to players.
    #[command(flatten)]
    pub players: PlayerOptions,
    /// Long operations.
    #[command(flatten)]
    pub operations: OperationOptions,
    /// Daily revenue.
    #[command(flatten)]
    pub revenue: RevenueOptions,
    /// Responsible gaming.
    #[command(flatten)]
    pub protection: ProtectionOptions,
    /// Bulk registration.
    #[command(flatten)]
    pub registration: RegistrationOptions,
    /// Webhooks of operators.
    #[command(flatten)]
    pub webhooks: WebhookOptions,
    /// The sports feed.
    #[command(flatten)]
    pub feed: FeedOptions,
    /// The database pool.
    #[command(flatten)]
    pub db: DbLimits,
    /// Connections of the pool that only bets and payments use: however many ask for something else, money moves.
    #[arg(long, env = "MONEY_CONNECTIONS", default_value_t = 4)]
    pub money_connections: u32,
    /// The HTTP side.
    #[command(flatten)]
    pub http: HttpLimits,
    /// The log.
    #[command(flatten)]
    pub log: LogOptions,
}

impl Cli {
    /// Does what the command line says; the exit code is 0 when it worked.
    pub async fn run(self) -> ExitCode {
        let result: Result<(), Box<dyn Error>> = match self.command {
            Command::Serve(options) => serve(*options).await.map_err(Into::into),
            Command::Migrate(options) => migrate(&options).await.map_err(Into::into),
            Command::VerifyBooks(options) => verify_books(&options).await,
            Command::VerifyAudit(options) => verify_audit_log(&options).await,
            Command::Purge(options) => purge(*options, &Clock::machine(), &Random::system())
                .await
                .map_err(Into::into),
            Command::FeedCheck(options) => feed_check(&options).map_err(Into::into),
            Command::ResultsCheck(options) => results_check(&options).map_err(Into::into),
            Command::Contest(ContestCommand::Begin(options)) => contests::begin(options, &Clock::machine())
                .await
                .map_err(Into::into),
            Command::AddOperator(options) => cli::add_operator(options, &Clock::machine(), &Random::system())
                .await
                .map_err(Into::into),
            Command::AddStaff(options) => cli::add_staff(options, &Clock::machine(), &Random::system())
                .await
                .map_err(Into::into),
            Command::ResetTotp(options) => cli::reset_totp(options, &Clock::machine())
                .await
                .map_err(Into::into),
        };
        match result {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("write-api: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Serves until the process is told to stop.
///
/// # Errors
/// A sentence for people: why the service could not start.
pub async fn serve(options: WriteOptions) -> Result<(), crate::app::StartError> {
    shared::telemetry::start(&options.log);
    let service = crate::app::start(options, Clock::machine(), Random::system()).await?;
    // The launcher and people read this line to learn the port.
    println!("listening on http://{}", service.address());
    shared::server::told_to_stop().await?;
    service.stop().await;
    Ok(())
}

fn feed_check(options: &FeedCheck) -> Result<(), CheckError> {
    let mut report = String::new();
    let result = check_folder(options, Clock::machine().now().year(), &mut report);
    print!("{report}");
    result
}

fn results_check(options: &ResultsCheck) -> Result<(), ResultsCheckError> {
    let mut report = String::new();
    let result = check_results(options, Clock::machine().now().year(), &mut report);
    print!("{report}");
    result
}

async fn migrate(options: &MigrateOptions) -> Result<(), crate::app::StartError> {
    // At the first attempt: a pool would try again for half a minute, and then not say why.
    connect(&options.database_url).await?.close().await?;
    let pool = sqlx::PgPool::connect(&options.database_url).await?;
    migrations::migrate(&pool).await?;
    pool.close().await;
    println!("the schema is up to date");
    Ok(())
}

async fn verify_books(options: &VerifyOptions) -> Result<(), Box<dyn Error>> {
    let mut db = connect(&options.database_url).await?;
    crate::ledger::verify_books(&mut db).await?;
    println!("the books are right");
    Ok(())
}

async fn verify_audit_log(options: &VerifyOptions) -> Result<(), Box<dyn Error>> {
    let mut db = connect(&options.database_url).await?;
    for chain in verify_audit(&mut db).await? {
        println!(
            "operator {}: {} entries, {}",
            chain.operator, chain.entries, chain.head
        );
    }
    println!("the audit log is right");
    Ok(())
}

async fn connect(database_url: &str) -> Result<sqlx::PgConnection, crate::app::StartError> {
    Ok(sqlx::PgConnection::connect(database_url).await?)
}

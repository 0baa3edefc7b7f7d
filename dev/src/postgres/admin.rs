//! What the superuser does in the running cluster: the services' role, databases.
//! Must never let a password reach a log.

use std::net::Ipv4Addr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::time::timeout;

use super::Role;
use super::error::PostgresError;

/// For any one task here; creating a database copies a template.
const TASK_LIMIT: Duration = Duration::from_mins(1);

/// How to log in as the superuser.
pub(super) fn login(port: u16, password: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .host(&Ipv4Addr::LOCALHOST.to_string())
        .port(port)
        .username(Role::Superuser.name())
        .password(password)
        .database("postgres")
        .ssl_mode(PgSslMode::Disable)
        // A statement that sets a password must be in nobody's log, neither as a statement nor with an error.
        .options([
            ("log_statement", "none"),
            ("log_min_error_statement", "panic"),
            ("log_min_duration_statement", "-1"),
        ])
        .disable_statement_logging()
}

/// Creates the services' role and database, as far as they are missing.
pub(super) async fn prepare(login: &PgConnectOptions, password: &str) -> Result<(), PostgresError> {
    let role = Role::Services.name();
    let missing = |what: &'static str| async move {
        let mut connection = login.connect().await?;
        let found: bool = sqlx::query_scalar(what)
            .bind(role)
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(!found)
    };
    let doing = || format!("create the role and the database {}", quoted(role));
    if bounded(
        doing,
        missing("select exists(select from pg_roles where rolname = $1)"),
    )
    .await?
    {
        let sql = format!(
            "create role {} login createdb password '{}'",
            quoted(role),
            password.replace('\'', "''")
        );
        execute(login, doing, sql).await?;
    }
    if bounded(
        doing,
        missing("select exists(select from pg_database where datname = $1)"),
    )
    .await?
    {
        create_database(login, role, "template1").await?;
    }
    Ok(())
}

/// Creates a database that the services own, as a copy of `template`.
pub(super) async fn create_database(
    login: &PgConnectOptions,
    name: &str,
    template: &str,
) -> Result<(), PostgresError> {
    let sql = format!(
        "create database {} owner {} template {}",
        quoted(name),
        quoted(Role::Services.name()),
        quoted(template)
    );
    execute(login, || format!("create the database {}", quoted(name)), sql).await
}

/// Drops a database, with the connections to it; one that does not exist is fine.
pub(super) async fn drop_database(login: &PgConnectOptions, name: &str) -> Result<(), PostgresError> {
    let sql = format!("drop database if exists {} with (force)", quoted(name));
    execute(login, || format!("drop the database {}", quoted(name)), sql).await
}

async fn execute(
    login: &PgConnectOptions,
    doing: impl FnOnce() -> String,
    sql: String,
) -> Result<(), PostgresError> {
    bounded(doing, async {
        let mut connection: PgConnection = login.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
        connection.close().await
    })
    .await
}

async fn bounded<T>(
    doing: impl FnOnce() -> String,
    task: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, PostgresError> {
    let done = timeout(TASK_LIMIT, task).await;
    done.unwrap_or_else(|late| Err(sqlx::Error::Io(late.into())))
        .map_err(|source| PostgresError::Sql {
            doing: doing(),
            source,
        })
}

/// A name as an SQL identifier.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

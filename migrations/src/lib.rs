//! The schema, as forward-only migrations that are safe to run while the version before still serves.
//! Must never change a migration that has been released.

use sqlx::PgPool;
use sqlx::migrate::{MigrateError, Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!("./sql");

/// Brings the schema up to date; does nothing when it is. Several instances may call it at once: an advisory lock
/// lets one work while the others wait.
///
/// # Errors
/// When a migration fails, or the database holds a migration that this version does not know.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    MIGRATIONS.run(pool).await
}

//! When a change was committed, as PostgreSQL kept it (`track_commit_timestamp`): the moment just before the commit's
//! record is written, so that nobody can have seen the change before. Must never take the time of an answer for it:
//! that comes only after the push.

use std::time::Duration;

use shared::clock::Clock;
use shared::coherence::Change;
use sqlx::PgConnection;

/// The server settings that this needs.
pub(super) const SETTINGS: [(&str, &str); 1] = [("track_commit_timestamp", "on")];

/// The commit of `change`, the newest of its topic, by the clock's elapsed time.
pub(super) async fn committed_at(
    db: &mut PgConnection,
    change: Change,
    clock: &Clock,
) -> Result<Duration, String> {
    let found = sqlx::query!(
        r#"
        select version, pg_xact_commit_timestamp(changed_xid::xid) as "committed_at!"
        from cache_versions
        where operator_id = $1 and kind = $2
        "#,
        change.topic.operator_id.get(),
        change.topic.kind.to_string(),
    );
    let found = found.fetch_one(db).await.map_err(|error| error.to_string())?;
    if found.version != change.version.get() {
        return Err("somebody else changed it too".to_owned());
    }
    // PostgreSQL runs on this machine, so that both tell the same wall time.
    let ago = clock.now() - found.committed_at;
    let ago = Duration::try_from(ago).map_err(|_| "it was committed in the future".to_owned())?;
    Ok(clock.elapsed().saturating_sub(ago))
}

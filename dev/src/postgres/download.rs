//! The last resort: PostgreSQL from the internet, by `postgresql_embedded`.
//! Must never run the library's own server: only its installer is used.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use postgresql_embedded::{PostgreSQL, Settings, VersionReq};
use tokio::process::Command;
use tokio::time::timeout;

use super::account::Account;
use super::place::{SHELTER, open_shelter};

/// The major version that is downloaded when nothing asks for another.
const MAJOR: u32 = 17;

/// For an archive of some ten megabytes.
const DOWNLOAD_LIMIT: Duration = Duration::from_mins(10);

/// Installs PostgreSQL (`major`, if the data needs that one) once, and returns the folder of its programs.
pub(super) async fn download(
    account: &Account,
    major: Option<u32>,
) -> Result<PathBuf, Box<dyn Error + Send + Sync>> {
    let mut settings = Settings {
        version: VersionReq::parse(&format!("={}", major.unwrap_or(MAJOR)))?,
        ..Settings::default()
    };
    if account.switched {
        open_shelter(Path::new(SHELTER))?;
        settings.installation_dir = Path::new(SHELTER).join("postgresql");
    }
    // The library's set-up also creates a cluster unless its data folder, a temporary one that it removes when
    // dropped, seems to have one. The one for a password it would leave behind.
    fs::write(settings.data_dir.join("postgresql.conf"), "")?;
    settings.password_file.parent().map_or(Ok(()), fs::remove_dir)?;
    let root = settings.installation_dir.clone();
    let mut library = PostgreSQL::new(settings);
    timeout(DOWNLOAD_LIMIT, library.setup()).await??;
    if account.switched {
        // The archive is unpacked into a private folder, which the unprivileged account could not enter.
        let opened = Command::new("chmod")
            .args(["-R", "a+rX"])
            .arg(&root)
            .status()
            .await?;
        if !opened.success() {
            return Err(io::Error::other(format!("chmod {} failed", root.display())).into());
        }
    }
    Ok(library.settings().binary_dir())
}

//! Finds the server programs of a PostgreSQL 14 or newer.
//! Must never pick programs that the account running PostgreSQL cannot run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::account::Account;
use super::download::download;
use super::error::PostgresError;

/// The oldest major version that is supported.
const OLDEST: u32 = 14;

/// Folders with a version in their name: the parent, what the name starts with, and where the programs are in it.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// The folder of the server programs, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds the machine's PostgreSQL, or downloads one.
    pub async fn find() -> Result<Self, PostgresError> {
        Self::find_for(&Account::for_postgres()?, None, &|_| ()).await
    }

    /// Prefers the major version that made the data; without data, the first that is found.
    pub(super) async fn find_for(
        account: &Account,
        made_by: Option<u32>,
        progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Self, PostgresError> {
        let mut first = None;
        for folder in candidates().await {
            let Some(found) = Self::probe(account, folder).await else {
                continue;
            };
            if made_by.is_none_or(|made_by| made_by == found.major) {
                return Ok(found);
            }
            first.get_or_insert(found);
        }
        if let Some(found) = first {
            return Ok(found);
        }
        progress("No PostgreSQL 14 or newer is installed: downloading one, once.");
        let failed = |download: String| PostgresError::NotFound { download };
        let folder = download(account, made_by)
            .await
            .map_err(|error| failed(error.to_string()))?;
        Self::probe(account, folder.clone())
            .await
            .ok_or_else(|| failed(format!("the programs in {} do not run here", folder.display())))
    }

    /// Where `initdb`, `postgres` and, if installed, `pgbench` are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The major version, such as 17.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The folder's PostgreSQL, if it is complete, new enough, and `account` can run it.
    async fn probe(account: &Account, folder: PathBuf) -> Option<Self> {
        let server = folder.join("postgres");
        if !folder.join("initdb").is_file() || !server.is_file() {
            return None;
        }
        let mut command = account.command(server, Path::new("/"));
        command.arg("--version");
        let output = Command::from(command).output().await.ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        (major >= OLDEST).then_some(Self { folder, major })
    }
}

/// Every folder worth a look, the best first.
async fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output().await {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    for (parent, prefix, programs) in VERSIONED {
        folders.extend(
            newest_first(Path::new(parent), prefix)
                .into_iter()
                .map(|folder| folder.join(programs)),
        );
    }
    folders
}

/// The subfolders of `parent` that `prefix` names, sorted by the number in the rest of the name.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let rest = name.to_str()?.strip_prefix(prefix)?;
            Some((
                leading_number(rest.trim_start_matches('@')).unwrap_or(0),
                entry.path(),
            ))
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// The major version in what `postgres --version` prints.
fn major_version(printed: &str) -> Option<u32> {
    leading_number(printed.split_once("(PostgreSQL) ")?.1)
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_the_server_prints() {
        for (printed, major) in [
            ("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n", Some(15)),
            ("postgres (PostgreSQL) 18beta1\n", Some(18)),
            ("postgres (PostgreSQL) 9.6.24\n", Some(9)),
            ("postgres (EnterpriseDB) 15\n", None),
            ("", None),
        ] {
            assert_eq!(major_version(printed), major, "{printed:?}");
        }
    }

    #[test]
    fn the_newest_version_comes_first_and_an_unversioned_one_last() {
        let folder = own_folder("versions");
        for name in [
            "postgresql@9.6",
            "postgresql@17",
            "postgresql",
            "postgresql@14",
            "mysql@8",
        ] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        let names: Vec<_> = newest_first(&folder, "postgresql")
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(
            names,
            ["postgresql@17", "postgresql@14", "postgresql@9.6", "postgresql"]
        );
    }

    fn own_folder(name: &str) -> PathBuf {
        env::temp_dir().join(format!("edgebook-{name}-{}", std::process::id()))
    }
}

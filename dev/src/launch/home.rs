//! The data folder of a launch, in use by one launcher at a time. Must never delete or change what the launcher did not
//! put there.

use std::env;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;

use shared::random::Random;

use super::error::{LaunchError, folder as failed};

/// Marks a folder as Edgebook's, and is locked by the launcher that works in it.
const LOCK: &str = "edgebook.lock";

/// What an error quotes of a log.
const TAIL_LIMIT_BYTES: u64 = 8 * 1024;
const TAIL_LINES: usize = 12;

/// The sample feed in the repository: file names and contents.
const SAMPLE_FEED: [(&str, &str); 4] = [
    (
        "basketball_odds.json",
        include_str!("../../sample-feed/basketball_odds.json"),
    ),
    (
        "cricket_odds.json",
        include_str!("../../sample-feed/cricket_odds.json"),
    ),
    (
        "soccer_odds.json",
        include_str!("../../sample-feed/soccer_odds.json"),
    ),
    (
        "tennis_odds.json",
        include_str!("../../sample-feed/tennis_odds.json"),
    ),
];

/// A data folder, locked until this value is dropped.
#[derive(Debug)]
pub struct Home {
    folder: PathBuf,
    lock: File,
    lifetime: Lifetime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lifetime {
    Kept,
    Temporary,
}

impl Home {
    /// Takes the folder, which is created if it is missing.
    pub fn open(folder: &Path) -> Result<Self, LaunchError> {
        fs::create_dir_all(folder).map_err(failed("create", folder))?;
        let folder = fs::canonicalize(folder).map_err(failed("find", folder))?;
        let path = folder.join(LOCK);
        if !path.exists()
            && let Some(entry) = fs::read_dir(&folder)
                .map_err(failed("read", &folder))?
                .flatten()
                .next()
        {
            let entry = entry.file_name().to_string_lossy().into_owned();
            return Err(LaunchError::Foreign { folder, entry });
        }
        let mut options = OpenOptions::new();
        let lock = options.read(true).write(true).create(true).truncate(false);
        let lock = lock.open(&path).map_err(failed("open", &path))?;
        // Where files can't be locked, the locks of PostgreSQL's folder and the ports must do.
        if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) {
            let process = fs::read_to_string(&path).unwrap_or_default();
            let process = process.lines().next().unwrap_or("?").to_owned();
            return Err(LaunchError::InUse { folder, process });
        }
        let mut home = Self {
            folder,
            lock,
            lifetime: Lifetime::Kept,
        };
        home.sign().map_err(failed("write", &path))?;
        Ok(home)
    }

    /// A new folder among the temporary files, deleted when this value is dropped.
    pub fn temporary(random: &Random) -> Result<Self, LaunchError> {
        let name = format!("edgebook-launch-{:032x}", u128::from_be_bytes(random.bytes()));
        let mut home = Self::open(&env::temp_dir().join(name))?;
        home.lifetime = Lifetime::Temporary;
        Ok(home)
    }

    fn sign(&mut self) -> std::io::Result<()> {
        self.lock.set_len(0)?;
        writeln!(self.lock, "{}", process::id())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the private PostgreSQL is.
    pub fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Where the services' logs are.
    pub fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// A new, empty log of a service.
    pub(super) fn new_log(&self, name: &str) -> Result<PathBuf, LaunchError> {
        let folder = self.logs();
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        let log = folder.join(format!("{name}.log"));
        File::create(&log).map_err(failed("create", &log))?;
        Ok(log)
    }

    /// Puts the sample feed there, and tells where.
    pub(super) fn sample_feed(&self) -> Result<PathBuf, LaunchError> {
        let folder = self.folder.join("sample-feed");
        fs::create_dir_all(&folder).map_err(failed("create", &folder))?;
        for (name, content) in SAMPLE_FEED {
            let file = folder.join(name);
            fs::write(&file, content).map_err(failed("write", &file))?;
        }
        Ok(folder)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.lifetime == Lifetime::Temporary {
            // What can't be deleted is left to whoever cleans up temporary files.
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}

/// The last lines of what was written to a log after it was `from` bytes long.
pub(super) fn tail(log: &Path, from: u64) -> String {
    let read = || {
        let mut log = File::open(log)?;
        let start = from.max(log.metadata()?.len().saturating_sub(TAIL_LIMIT_BYTES));
        log.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        log.take(TAIL_LIMIT_BYTES).read_to_end(&mut bytes)?;
        std::io::Result::Ok(bytes)
    };
    let bytes = read().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
    if tail.is_empty() {
        "(nothing)".to_owned()
    } else {
        tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn temporary() -> Home {
        Home::temporary(&Random::system()).unwrap()
    }

    #[test]
    fn a_folder_serves_one_launcher_at_a_time() {
        let around = temporary();
        let folder = around.folder().join("data");
        let home = Home::open(&folder).unwrap();
        let refused = Home::open(&folder).unwrap_err();
        let own = process::id().to_string();
        assert!(
            matches!(&refused, LaunchError::InUse { process, .. } if *process == own),
            "{refused}"
        );
        drop(home);
        assert_eq!(Home::open(&folder).unwrap().folder(), folder);
    }

    #[test]
    fn a_folder_with_something_else_in_it_is_refused_and_left_alone() {
        let home = temporary();
        let folder = home.folder().join("documents");
        fs::create_dir_all(folder.join("logs")).unwrap();
        let refused = Home::open(&folder).unwrap_err();
        assert!(
            matches!(&refused, LaunchError::Foreign { entry, .. } if entry == "logs"),
            "{refused}"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn a_temporary_folder_is_deleted_in_the_end() {
        let home = temporary();
        let folder = home.folder().to_owned();
        home.new_log("write-api").unwrap();
        drop(home);
        assert!(!folder.exists());
    }

    #[test]
    fn the_sample_feed_is_json_in_files_that_are_named_by_sport() {
        let home = temporary();
        let folder = home.sample_feed().unwrap();
        for (name, content) in SAMPLE_FEED {
            assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), content);
            assert!(name.ends_with("_odds.json"));
            serde_json::from_str::<serde_json::Value>(content).unwrap();
        }
    }

    #[test]
    fn the_tail_has_the_last_lines_of_this_run_only() {
        let home = temporary();
        let log = home.new_log("reader-1").unwrap();
        fs::write(&log, "of the last run\n").unwrap();
        let from = fs::metadata(&log).unwrap().len();
        assert_eq!(tail(&log, from), "(nothing)");
        let lines: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
        fs::write(&log, format!("of the last run\n{}\n", lines.join("\n"))).unwrap();
        let last = tail(&log, from);
        assert_eq!(last.lines().count(), TAIL_LINES);
        assert!(last.starts_with("line 8\n") && last.ends_with("line 19"));
    }
}

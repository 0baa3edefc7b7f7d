//! Folders of a test among the temporary files. Must never outlive the test.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use shared::random::Random;

/// A new, empty folder; deleted with all that is in it when this value is dropped.
#[derive(Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!(
            "edgebook-it-{:032x}",
            u128::from_be_bytes(Random::system().bytes())
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        // PostgreSQL, which may run as somebody else, must be able to pass whatever the umask is.
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self(fs::canonicalize(path).unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A test may have deleted it on purpose.
        drop(fs::remove_dir_all(&self.0));
    }
}

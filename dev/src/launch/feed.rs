//! Where the writer gets its sports feed from. Must never show a feed's URL: it may carry a key.

use std::fs;
use std::path::Path;

use write_api::feed::FeedPlace;

use super::error::LaunchError;
use super::home::Home;

/// The sports feed of a launch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Feed {
    /// The one that comes with this program.
    #[default]
    Sample,
    /// None.
    None,
    /// A folder or an http(s) URL, as the writer's option `--feed` takes it.
    At(String),
}

impl Feed {
    /// What the writer is told; a folder by its full path.
    pub(super) fn place(&self, home: &Home) -> Result<String, LaunchError> {
        match self {
            Self::None => Ok(String::new()),
            Self::Sample => home.sample_feed().map(|folder| folder.display().to_string()),
            Self::At(place) => find(place),
        }
    }
}

fn find(place: &str) -> Result<String, LaunchError> {
    let refused = |place: &str, reason: &dyn ToString| LaunchError::Feed {
        place: place.to_owned(),
        reason: reason.to_string(),
    };
    match place.parse::<FeedPlace>() {
        Ok(FeedPlace::Nowhere) => Ok(String::new()),
        Ok(FeedPlace::Web(_)) => Ok(place.trim().to_owned()),
        Ok(FeedPlace::Folder(folder)) => {
            let shown = folder.display().to_string();
            let found = fs::canonicalize(&folder).map_err(|error| refused(&shown, &error))?;
            if !is_listable(&found) {
                return Err(refused(&shown, &"it is no folder that can be listed"));
            }
            Ok(found.display().to_string())
        }
        Err(error) => {
            let scheme = place.split("://").next().unwrap_or_default();
            Err(refused(&format!("{scheme}://…"), &error))
        }
    }
}

fn is_listable(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok()
}

#[cfg(test)]
mod tests {
    use shared::random::Random;

    use super::*;

    #[test]
    fn a_folder_is_given_by_its_full_path_and_has_to_exist() {
        let here = std::env::current_dir().unwrap();
        assert_eq!(find(".").unwrap(), here.display().to_string());
        for (wrong, reason) in [
            ("no-such-folder", "No such file or directory"),
            ("Cargo.toml", "it is no folder that can be listed"),
        ] {
            let refused = find(wrong).unwrap_err().to_string();
            assert!(refused.contains(wrong) && refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn a_url_is_passed_on_but_never_shown() {
        let url = "https://feed.example/key-0815";
        assert_eq!(find(url).unwrap(), url);
        let refused = find("ftp://feed.example/key-0815").unwrap_err().to_string();
        assert!(
            refused.contains("ftp://…") && !refused.contains("0815"),
            "{refused}"
        );
    }

    #[test]
    fn the_sample_feed_lies_in_the_data_folder() {
        let home = Home::temporary(&Random::system()).unwrap();
        let place = Feed::Sample.place(&home).unwrap();
        assert!(Path::new(&place).starts_with(home.folder()));
        assert_eq!(Feed::None.place(&home).unwrap(), "");
    }
}

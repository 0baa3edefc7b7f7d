//! Gets the bytes of a sport's feed from a folder or a web server, if they may have changed.
//! Must never read without bound, nor let an error carry the URL.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use reqwest::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use reqwest::{Client, StatusCode, redirect};
use shared::sports::Sport;
use url::Url;

use super::options::{FILE_SUFFIX, FeedOptions, FeedPlace, FeedUrls, ResultsPlace};
use crate::settlement::results;

/// A file younger than this may be written again without its time changing, because file systems keep coarse time.
const SETTLED: Duration = Duration::from_secs(2);
/// How long connecting to the feed's server may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Redirects followed.
const MAX_REDIRECTS: usize = 3;

/// Why a feed could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is none.
    #[error("there is no such feed")]
    Missing,
    /// The folder of the feed is missing or can't be listed.
    #[error("the folder of the feed can't be listed: {0}")]
    Folder(#[source] io::Error),
    /// Something that is no file stands in the place of one.
    #[error("the feed is not a file")]
    NotAFile,
    /// The file can't be read.
    #[error("the feed can't be read: {0}")]
    Unreadable(#[source] io::Error),
    /// Longer than the limit.
    #[error("the feed is longer than {max_bytes} bytes")]
    TooLarge {
        /// The limit.
        max_bytes: usize,
    },
    /// The server can't be reached, or broke off.
    #[error("the feed can't be fetched: {}", root_cause(.0))]
    Unreachable(#[source] reqwest::Error),
    /// The server took longer than the limit.
    #[error("the feed took too long to fetch")]
    TooSlow,
    /// The server answered something else than the feed.
    #[error("the feed's server answered {0}")]
    Status(StatusCode),
    /// Reading the file ended in a panic.
    #[error("reading the feed broke off")]
    Broken,
}

impl SourceError {
    /// The stable name in logs and answers.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Folder(_) => "folder_unreadable",
            Self::NotAFile => "not_a_file",
            Self::Unreadable(_) => "unreadable",
            Self::TooLarge { .. } => "too_large",
            Self::Unreachable(_) => "unreachable",
            Self::TooSlow => "too_slow",
            Self::Status(_) => "http_status",
            Self::Broken => "broken",
        }
    }

    fn reading(error: io::Error) -> Self {
        if error.kind() == ErrorKind::NotFound {
            return Self::Missing;
        }
        Self::Unreadable(error)
    }
}

impl From<reqwest::Error> for SourceError {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TooSlow;
        }
        Self::Unreachable(error.without_url())
    }
}

/// The innermost error, which says most: reqwest's own only say that a request failed.
fn root_cause(error: &reqwest::Error) -> &dyn Error {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause
}

/// What tells whether a feed is the one that was read before, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A file that was left alone for a while when it was read.
    File {
        bytes: u64,
        modified: SystemTime,
    },
    ETag(HeaderValue),
}

/// A feed as it was got.
#[derive(Debug)]
pub(crate) enum Got {
    /// It is the one with the mark that was asked about.
    SameAsBefore,
    Content {
        bytes: Vec<u8>,
        mark: Option<Mark>,
    },
}

/// Where feeds come from.
#[derive(Debug)]
pub(crate) enum Source {
    Folder {
        folder: PathBuf,
        /// How the names of its files end.
        suffix: &'static str,
        max_bytes: usize,
    },
    Web {
        client: Client,
        urls: FeedUrls,
        max_bytes: usize,
    },
}

impl Source {
    /// The source that the options name, if they name one.
    pub(super) fn new(options: &FeedOptions) -> Result<Option<Self>, reqwest::Error> {
        Self::at(&options.feed, FILE_SUFFIX, options)
    }

    /// Results at `place`, with the limits of the feed.
    pub(crate) fn of_results(
        place: &ResultsPlace,
        limits: &FeedOptions,
    ) -> Result<Option<Self>, reqwest::Error> {
        Self::at(&place.0, results::FILE_SUFFIX, limits)
    }

    fn at(
        place: &FeedPlace,
        suffix: &'static str,
        options: &FeedOptions,
    ) -> Result<Option<Self>, reqwest::Error> {
        let max_bytes = options.feed_max_file_bytes;
        Ok(match place {
            FeedPlace::Nowhere => None,
            FeedPlace::Folder(folder) => Some(Self::Folder {
                folder: folder.clone(),
                suffix,
                max_bytes,
            }),
            FeedPlace::Web(urls) => Some(Self::Web {
                client: Client::builder()
                    .redirect(redirect::Policy::limited(MAX_REDIRECTS))
                    // The URL may hold a key that is no other server's business.
                    .referer(false)
                    .connect_timeout(CONNECT_LIMIT)
                    .timeout(Duration::from_millis(options.feed_fetch_ms))
                    .build()?,
                urls: urls.clone(),
                max_bytes,
            }),
        })
    }

    /// What people are shown: the host of a server, or just that it is a folder.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Folder { .. } => "folder".to_owned(),
            Self::Web { urls, .. } => urls.host(),
        }
    }

    /// What people are shown of one sport's feed.
    pub(super) fn shown_of(&self, sport: Sport) -> String {
        match self {
            Self::Folder { suffix, .. } => format!("{sport}{suffix}"),
            Self::Web { urls, .. } => urls.host(),
        }
    }

    /// Whether there is any sense in asking for the sports' feeds: a folder must be there.
    pub(super) async fn check(&self) -> Result<(), SourceError> {
        if let Self::Folder { folder, .. } = self {
            let folder = folder.clone();
            off_thread(move || fs::read_dir(folder).map_err(SourceError::Folder)).await?;
        }
        Ok(())
    }

    /// The feed of `sport`, unless it is the one that `known` marks. `now` tells how old a file is.
    pub(crate) async fn get(
        &self,
        sport: Sport,
        known: Option<Mark>,
        now: SystemTime,
    ) -> Result<Got, SourceError> {
        match self {
            Self::Folder {
                folder,
                suffix,
                max_bytes,
            } => {
                let (path, max_bytes) = (folder.join(format!("{sport}{suffix}")), *max_bytes);
                off_thread(move || read_changed(&path, known.as_ref(), now, max_bytes)).await
            }
            Self::Web {
                client,
                urls,
                max_bytes,
            } => {
                let url = urls.of(sport).ok_or(SourceError::Missing)?;
                fetch(client, url, known, *max_bytes).await
            }
        }
    }
}

async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or(Err(SourceError::Broken))
}

/// The names of the files in a folder that end with `suffix`.
pub(crate) fn file_names(folder: &Path, suffix: &str) -> Result<BTreeSet<String>, SourceError> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(SourceError::Folder)? {
        let name = entry.map_err(SourceError::Folder)?.file_name();
        // A name that is not UTF-8 is no feed's.
        if let Some(name) = name.to_str().filter(|name| name.ends_with(suffix)) {
            names.insert(name.to_owned());
        }
    }
    Ok(names)
}

fn read_changed(
    path: &Path,
    known: Option<&Mark>,
    now: SystemTime,
    max_bytes: usize,
) -> Result<Got, SourceError> {
    // Before opening: opening a pipe would wait for somebody to write into it.
    let metadata = fs::metadata(path).map_err(SourceError::reading)?;
    let mark = mark_of(&metadata, now);
    if mark.is_some() && mark.as_ref() == known {
        return Ok(Got::SameAsBefore);
    }
    let bytes = read(path, &metadata, max_bytes)?;
    Ok(Got::Content { bytes, mark })
}

fn mark_of(metadata: &Metadata, now: SystemTime) -> Option<Mark> {
    let modified = metadata.modified().ok()?;
    let age = now.duration_since(modified).ok()?;
    (age >= SETTLED).then_some(Mark::File {
        bytes: metadata.len(),
        modified,
    })
}

/// The content of a feed file.
pub(crate) fn read_file(path: &Path, max_bytes: usize) -> Result<Vec<u8>, SourceError> {
    let metadata = fs::metadata(path).map_err(SourceError::reading)?;
    read(path, &metadata, max_bytes)
}

fn read(path: &Path, metadata: &Metadata, max_bytes: usize) -> Result<Vec<u8>, SourceError> {
    if !metadata.is_file() {
        return Err(SourceError::NotAFile);
    }
    let too_large = SourceError::TooLarge { max_bytes };
    let Some(expected) = usize::try_from(metadata.len())
        .ok()
        .filter(|bytes| *bytes <= max_bytes)
    else {
        return Err(too_large);
    };
    let file = File::open(path).map_err(SourceError::reading)?;
    let mut bytes = Vec::with_capacity(expected);
    // The file may have grown since its length was asked for.
    file.take(max_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(SourceError::Unreadable)?;
    if bytes.len() > max_bytes {
        return Err(too_large);
    }
    Ok(bytes)
}

async fn fetch(
    client: &Client,
    url: &Url,
    known: Option<Mark>,
    max_bytes: usize,
) -> Result<Got, SourceError> {
    let is_known = known.is_some();
    let mut request = client.get(url.clone());
    if let Some(Mark::ETag(tag)) = known {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let mut response = request.send().await?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED if is_known => return Ok(Got::SameAsBefore),
        StatusCode::NOT_FOUND => return Err(SourceError::Missing),
        other => return Err(SourceError::Status(other)),
    }
    let mark = response.headers().get(ETAG).cloned().map(Mark::ETag);
    let limit = max_bytes as u64;
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(SourceError::TooLarge { max_bytes });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if bytes.len() + chunk.len() > max_bytes {
            return Err(SourceError::TooLarge { max_bytes });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(Got::Content { bytes, mark })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of its own, removed at the end of the test.
    struct TestFile(PathBuf);

    impl TestFile {
        fn new(name: &str, content: &str) -> Self {
            let name = format!("edgebook-{}-{name}", std::process::id());
            let file = Self(std::env::temp_dir().join(name));
            file.write(content);
            file
        }

        fn write(&self, content: &str) {
            fs::write(&self.0, content).unwrap();
        }

        fn modified(&self) -> SystemTime {
            fs::metadata(&self.0).unwrap().modified().unwrap()
        }
    }

    impl Drop for TestFile {
        fn drop(&mut self) {
            fs::remove_file(&self.0).unwrap();
        }
    }

    fn content(got: Got) -> (Vec<u8>, Option<Mark>) {
        match got {
            Got::Content { bytes, mark } => (bytes, mark),
            Got::SameAsBefore => panic!("the file was not read"),
        }
    }

    #[test]
    fn a_file_left_alone_for_a_while_is_read_once() {
        let file = TestFile::new("settled", "one");
        let now = file.modified() + SETTLED;
        let (bytes, mark) = content(read_changed(&file.0, None, now, 9).unwrap());
        assert_eq!(bytes, b"one");
        let again = read_changed(&file.0, mark.as_ref(), now, 9).unwrap();
        assert!(matches!(again, Got::SameAsBefore));
        file.write("other");
        let (bytes, _) = content(read_changed(&file.0, mark.as_ref(), now, 9).unwrap());
        assert_eq!(bytes, b"other");
    }

    #[test]
    fn a_file_just_written_has_no_mark_to_be_trusted() {
        let file = TestFile::new("young", "one");
        let soon = file.modified() + SETTLED / 2;
        let (_, mark) = content(read_changed(&file.0, None, soon, 9).unwrap());
        assert_eq!(mark, None);
        let (_, mark) = content(read_changed(&file.0, None, file.modified() - SETTLED, 9).unwrap());
        assert_eq!(mark, None);
    }

    #[test]
    fn what_is_no_readable_file_has_a_code() {
        let file = TestFile::new("long", "0123456789");
        let missing = file.0.with_extension("gone");
        for (path, code) in [
            (file.0.as_path(), "too_large"),
            (missing.as_path(), "missing"),
            (&std::env::temp_dir(), "not_a_file"),
        ] {
            let error = read_file(path, 9).unwrap_err();
            assert_eq!(error.code(), code);
        }
    }
}

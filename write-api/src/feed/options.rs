//! Where the feed is, and the limits of reading and storing it.
//! Must never show more of a feed's URL than its host: supplier's URLs carry passwords and keys.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use shared::sports::Sport;
use url::Url;

use super::parse::FeedLimits;

/// The sports feed, and the limits of it.
#[derive(Clone, Debug, clap::Args)]
pub struct FeedOptions {
    /// The feed in GoalServe's format: a folder of files such as `soccer_odds.json`, or an http(s) URL. Where the URL
    /// holds `{sport}`, that is replaced with the sport's key; else `/soccer_odds.json` and so on is added to its
    /// path. Empty for no feed.
    #[arg(long, env = "FEED", default_value = "", hide_env_values = true)]
    pub feed: FeedPlace,
    /// Pause between two readings of the whole feed, in seconds.
    #[arg(long, env = "FEED_INTERVAL_S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..))]
    pub feed_interval_s: u32,
    /// Keys of the sports to read, with commas between; empty for all.
    #[arg(long, env = "FEED_SPORTS", default_value = "")]
    pub feed_sports: FeedSports,
    /// Longest feed file of one sport, in bytes; a longer one is refused.
    #[arg(long, env = "FEED_MAX_FILE_BYTES", default_value_t = 64 * 1024 * 1024)]
    pub feed_max_file_bytes: usize,
    /// How long fetching one sport from a URL may take, in milliseconds.
    #[arg(long, env = "FEED_FETCH_MS", default_value_t = 20_000)]
    pub feed_fetch_ms: u64,
    /// Sports that are read and stored at once. Each needs memory for several times its file.
    #[arg(long, env = "FEED_SPORTS_AT_ONCE", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub feed_sports_at_once: u16,
    /// Most events and markets written in one transaction; an event is never split.
    #[arg(long, env = "FEED_BATCH_ROWS", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    pub feed_batch_rows: u32,
    /// Most bytes of JSON written in one transaction; an event is never split.
    #[arg(long, env = "FEED_BATCH_BYTES", default_value_t = 1024 * 1024)]
    pub feed_batch_bytes: usize,
}

impl FeedOptions {
    /// The bounds of the parser.
    pub(crate) fn limits(&self) -> FeedLimits {
        FeedLimits {
            max_file_bytes: self.feed_max_file_bytes,
            ..FeedLimits::default()
        }
    }
}

/// Where the feed is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedPlace {
    /// There is none.
    Nowhere,
    /// A folder of `<sport>_odds.json` files.
    Folder(PathBuf),
    /// A web server.
    Web(FeedUrls),
}

/// One URL for each sport.
#[derive(Clone, PartialEq, Eq)]
pub struct FeedUrls(BTreeMap<Sport, Url>);

impl FeedUrls {
    /// The URL of a sport's feed.
    pub fn of(&self, sport: Sport) -> Option<&Url> {
        self.0.get(&sport)
    }

    /// Scheme and host, without anything that could be a secret.
    pub fn host(&self) -> String {
        let url = self.0.values().next();
        url.map_or_else(String::new, |url| url.origin().ascii_serialization())
    }
}

impl fmt::Debug for FeedUrls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FeedUrls({})", self.host())
    }
}

/// Text that is neither a folder nor a URL that a feed can be fetched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the feed is a folder, or a URL that begins with http:// or https:// and has a host")]
pub struct BadPlace;

impl FromStr for FeedPlace {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        Self::parse(text, FILE_SUFFIX)
    }
}

impl FeedPlace {
    /// The place of files whose names end with `suffix`.
    fn parse(text: &str, suffix: &str) -> Result<Self, BadPlace> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self::Nowhere);
        }
        if !text.contains("://") {
            return Ok(Self::Folder(text.into()));
        }
        let urls = Sport::all().map(|sport| Ok((sport, url_of(text, sport, suffix)?)));
        Ok(Self::Web(FeedUrls(urls.collect::<Result<_, _>>()?)))
    }
}

/// Where results are: as a feed's place, but its files have other names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultsPlace(pub(crate) FeedPlace);

impl FromStr for ResultsPlace {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        FeedPlace::parse(text, crate::settlement::results::FILE_SUFFIX).map(Self)
    }
}

fn url_of(text: &str, sport: Sport, suffix: &str) -> Result<Url, BadPlace> {
    let url = text.replace("{sport}", sport.key());
    let mut url = Url::parse(&url).map_err(|_| BadPlace)?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(BadPlace);
    }
    if !text.contains("{sport}") {
        let path = format!("{}/{sport}{suffix}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    Ok(url)
}

/// What the feed of a sport is called in a folder.
pub(crate) fn file_name(sport: Sport) -> String {
    format!("{sport}{FILE_SUFFIX}")
}

/// How the name of every feed file ends.
pub(super) const FILE_SUFFIX: &str = "_odds.json";

/// The sports to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSports(Vec<Sport>);

impl FeedSports {
    /// Each of them once.
    pub fn iter(&self) -> impl Iterator<Item = Sport> {
        self.0.iter().copied()
    }
}

/// A key that no sport has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no sport's key")]
pub struct UnknownSport(String);

impl FromStr for FeedSports {
    type Err = UnknownSport;

    fn from_str(text: &str) -> Result<Self, UnknownSport> {
        let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
        let mut sports = keys
            .map(|key| Sport::find(key).ok_or_else(|| UnknownSport(key.to_owned())))
            .collect::<Result<Vec<_>, _>>()?;
        if sports.is_empty() {
            sports.extend(Sport::all());
        }
        sports.sort_unstable();
        sports.dedup();
        Ok(Self(sports))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soccer_url(text: &str) -> String {
        let FeedPlace::Web(urls) = text.parse().unwrap() else {
            panic!("{text} is a URL");
        };
        urls.of(Sport::find("soccer").unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_url_names_each_sport_where_it_says_so_and_else_at_its_end() {
        for (text, url) in [
            ("http://feed.example", "http://feed.example/soccer_odds.json"),
            ("http://feed.example/a/", "http://feed.example/a/soccer_odds.json"),
            (
                "https://feed.example/a?key=k",
                "https://feed.example/a/soccer_odds.json?key=k",
            ),
            (
                "https://u:p@feed.example/k/{sport}?json=1",
                "https://u:p@feed.example/k/soccer?json=1",
            ),
            (
                "http://feed.example/get?cat={sport}_10",
                "http://feed.example/get?cat=soccer_10",
            ),
        ] {
            assert_eq!(soccer_url(text), url, "{text}");
        }
    }

    #[test]
    fn a_place_is_a_folder_a_url_or_nothing() {
        assert_eq!("".parse(), Ok(FeedPlace::Nowhere));
        let folder = FeedPlace::Folder("./feeds".into());
        assert_eq!("./feeds".parse(), Ok(folder));
        for bad in [
            "ftp://feed.example/",
            "http://",
            "file:///feeds",
            "https://ho st/",
        ] {
            assert_eq!(bad.parse::<FeedPlace>(), Err(BadPlace), "{bad}");
        }
    }

    #[test]
    fn only_the_host_of_a_url_is_ever_shown() {
        let text = "https://user:secret@feed.example:8443/secret/{sport}?key=secret";
        let place: FeedPlace = text.parse().unwrap();
        let shown = format!("{place:?}");
        assert_eq!(shown, "Web(FeedUrls(https://feed.example:8443))");
    }

    #[test]
    fn sports_are_listed_by_key_or_all() {
        let all: FeedSports = "".parse().unwrap();
        assert!(all.iter().eq(Sport::all()));
        let some: FeedSports = "tennis, soccer,tennis".parse().unwrap();
        assert_eq!(
            some.iter().map(Sport::key).collect::<Vec<_>>(),
            ["soccer", "tennis"]
        );
        let unknown = "soccer,chess".parse::<FeedSports>();
        assert_eq!(unknown, Err(UnknownSport("chess".to_owned())));
    }
}

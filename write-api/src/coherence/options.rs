//! Where the readers are, and the limits of telling them.
//! Must never accept an address that carries a password: addresses are shown to staff.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use shared::coherence::PUSH_PATH;
use url::Url;

/// The readers to push changes to, and the limits of it.
#[derive(Clone, Debug, clap::Args)]
pub struct ReaderOptions {
    /// Base URLs of readers, with commas between: `http://10.0.0.7:8080,https://read.example`.
    #[arg(long, env = "READER_URLS", default_value = "")]
    pub reader_urls: List<ReaderUrl>,
    /// Names with ports of which every address is a reader, with commas between:
    /// `read.process.app.internal:8080`. Looked up anew for each push; spoken to with plain HTTP.
    #[arg(long, env = "READER_DNS", default_value = "")]
    pub reader_dns: List<ReaderName>,
    /// Most readers that a push goes to; further ones are left to their own pull.
    #[arg(long, env = "READER_MAX", default_value_t = 64)]
    pub reader_max: usize,
    /// How long one attempt to push to one reader may take, connecting included, in milliseconds.
    #[arg(long, env = "READER_PUSH_MS", default_value_t = 1000)]
    pub reader_push_ms: u64,
    /// How long connecting to a reader may take, in milliseconds; less than an attempt.
    #[arg(long, env = "READER_CONNECT_MS", default_value_t = 700)]
    pub reader_connect_ms: u64,
    /// How long a look-up of a name may take, in milliseconds.
    #[arg(long, env = "READER_DNS_MS", default_value_t = 500)]
    pub reader_dns_ms: u64,
    /// How often a push to one reader is attempted before it is left to that reader's pull. Only the first attempt
    /// is waited for; the others go on in the background.
    #[arg(long, env = "READER_ATTEMPTS", default_value_t = 3)]
    pub reader_attempts: u32,
    /// Longest pause before the second attempt, in milliseconds; doubled before each further one. The real pause is
    /// between half of it and all of it.
    #[arg(long, env = "READER_BACKOFF_MS", default_value_t = 250)]
    pub reader_backoff_ms: u64,
    /// Attempts under way at once, over all pushes and readers; further ones wait within their time.
    #[arg(long, env = "READER_MAX_PUSHES", default_value_t = 256)]
    pub reader_max_pushes: usize,
    /// Pushes to one reader that are being retried at once; further ones are left to the reader's pull.
    #[arg(long, env = "READER_MAX_RETRIES", default_value_t = 256)]
    pub reader_max_retries: usize,
}

/// Values with commas between. Empty text is an empty list, because an unset option is often an empty variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T> List<T> {
    /// The values.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<T: FromStr> FromStr for List<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Why the place of a reader is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPlace {
    /// Not a base URL.
    #[error("a reader's URL is http:// or https://, a host and maybe a port and a path, and nothing else")]
    Url,
    /// Not a name with a port.
    #[error("a name of readers is a host, a colon and a port")]
    Name,
}

/// The base URL of a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderUrl {
    base: String,
    push: Url,
}

impl ReaderUrl {
    /// The reader at an address.
    pub fn at(address: SocketAddr) -> Result<Self, BadPlace> {
        format!("http://{address}").parse()
    }

    /// Where a push is posted to.
    pub fn push_url(&self) -> &Url {
        &self.push
    }

    /// The base URL without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.base
    }
}

impl FromStr for ReaderUrl {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let base = text.trim_end_matches('/');
        let url: Url = base.parse().map_err(|_| BadPlace::Url)?;
        let is_plain = matches!(url.scheme(), "http" | "https")
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let push = is_plain.then(|| format!("{base}{PUSH_PATH}").parse());
        match push {
            Some(Ok(push)) => Ok(Self {
                base: base.to_owned(),
                push,
            }),
            _ => Err(BadPlace::Url),
        }
    }
}

/// A host and a port, `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderName(String);

impl ReaderName {
    /// `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReaderName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl FromStr for ReaderName {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        let (host, port) = text.rsplit_once(':').ok_or(BadPlace::Name)?;
        let is_host = !host.is_empty() && !host.contains(['/', '@', ' ']);
        let is_port = port.parse::<u16>().is_ok_and(|port| port > 0);
        (is_host && is_port)
            .then(|| Self(text.to_owned()))
            .ok_or(BadPlace::Name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_listed_with_commas() {
        let urls: List<ReaderUrl> = "http://127.0.0.1:8080/, https://read.example/eu,"
            .parse()
            .unwrap();
        let pushed_to: Vec<_> = urls.iter().map(|url| url.push_url().as_str()).collect();
        let expected = [
            "http://127.0.0.1:8080/internal/coherence",
            "https://read.example/eu/internal/coherence",
        ];
        assert_eq!(pushed_to, expected);
        assert_eq!(urls.iter().next().unwrap().as_str(), "http://127.0.0.1:8080");
        assert_eq!("".parse::<List<ReaderUrl>>(), Ok(List(Vec::new())));
    }

    #[test]
    fn an_address_of_either_family_is_a_reader() {
        for (address, expected) in [
            ("10.0.0.7:8080", "http://10.0.0.7:8080/internal/coherence"),
            ("[fdaa::3]:8080", "http://[fdaa::3]:8080/internal/coherence"),
        ] {
            let reader = ReaderUrl::at(address.parse().unwrap()).unwrap();
            assert_eq!(reader.push_url().as_str(), expected);
        }
    }

    #[test]
    fn what_is_no_base_url_is_refused() {
        for bad in [
            "127.0.0.1:8080",
            "ftp://host",
            "http://",
            "http://:80",
            "",
            "http://me@host",
            "http://me:secret@host",
            "http://host?x=1",
            "http://host#x",
        ] {
            assert_eq!(bad.parse::<ReaderUrl>(), Err(BadPlace::Url), "{bad}");
        }
    }

    #[test]
    fn a_name_needs_a_port() {
        for good in ["read.process.app.internal:8080", "[::1]:1"] {
            assert_eq!(good.parse::<ReaderName>().unwrap().as_str(), good);
        }
        for bad in ["host", ":80", "host:0", "host:x", "host:70000", "http://host:80"] {
            assert_eq!(bad.parse::<ReaderName>(), Err(BadPlace::Name), "{bad}");
        }
    }
}

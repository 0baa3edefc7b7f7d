//! A finished answer: bytes in three encodings with a strong ETag each, and the versions of the data in them.
//! Must never change once made.

use std::io::Write;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest, Sha256};
use shared::coherence::Change;

use super::answer::{Accepted, about_body, about_data};
use crate::coherence::versions::{Checked, Required};

/// How long others may keep an answer. One for each route; nothing else sets these headers.
#[derive(Debug)]
pub struct Policy {
    /// `Cache-Control`, for browsers.
    pub cache_control: &'static str,
    /// `CDN-Cache-Control` (RFC 9213), for shared caches in front.
    pub cdn_cache_control: &'static str,
}

/// What an operator can change at any time: seconds in a browser, one second in a shared cache.
pub const CHANGEABLE: Policy = Policy {
    cache_control: "public, max-age=2, stale-while-revalidate=10, stale-if-error=86400",
    cdn_cache_control: "public, max-age=1, stale-while-revalidate=5, stale-if-error=86400",
};

/// What follows the sports feed.
pub const FEED: Policy = Policy {
    cache_control: "public, max-age=2, stale-while-revalidate=5, stale-if-error=600",
    cdn_cache_control: "public, max-age=1, stale-while-revalidate=2, stale-if-error=600",
};

/// Shorter bodies are not worth compressing.
const COMPRESS_FROM_BYTES: usize = 256;
/// A page in memory costs about this much besides its bytes.
const OVERHEAD_BYTES: usize = 1280;
/// Good for text at little time: quality 5 of 11, window 2²².
const BROTLI_QUALITY: u32 = 5;
const BROTLI_WINDOW_BITS: u32 = 22;
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;

/// One encoding of a body.
#[derive(Debug)]
pub struct Variant {
    /// `Content-Encoding`; `None` for the body as it is.
    pub encoding: Option<HeaderValue>,
    /// A strong ETag: the hash of the body, and the encoding.
    pub etag: HeaderValue,
    /// The bytes to send.
    pub bytes: Bytes,
    head: Head,
}

/// The part of an answer's head that never changes, as it is sent.
#[derive(Debug, Default)]
struct Head {
    /// What goes with a body, then what goes with every answer; each line with its end.
    lines: Box<[u8]>,
    body_lines_bytes: usize,
}

/// A rendered body, not yet dated.
#[derive(Debug)]
pub struct Body {
    content_type: HeaderValue,
    identity: Variant,
    gzip: Option<Variant>,
    brotli: Option<Variant>,
}

impl Body {
    /// Renders `value` as JSON in all encodings. Takes CPU time in proportion to its size.
    ///
    /// # Errors
    /// When `value` can't be written as JSON.
    pub fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::new("application/json", serde_json::to_vec(value)?))
    }

    /// A style sheet in all encodings.
    pub fn css(text: String) -> Self {
        Self::new("text/css; charset=utf-8", text.into_bytes())
    }

    fn new(content_type: &'static str, bytes: Vec<u8>) -> Self {
        let hash = hex_of(&Sha256::digest(&bytes)[..16]);
        let worth_it = bytes.len() >= COMPRESS_FROM_BYTES;
        let packed = |name: &'static str, packed: Option<Vec<u8>>| {
            let packed = packed.filter(|packed| packed.len() < bytes.len())?;
            Some(Variant {
                encoding: Some(HeaderValue::from_static(name)),
                etag: etag(&hash, name),
                bytes: packed.into_boxed_slice().into(),
                head: Head::default(),
            })
        };
        Self {
            gzip: worth_it.then(|| packed("gzip", gzip(&bytes))).flatten(),
            brotli: worth_it.then(|| packed("br", brotli(&bytes))).flatten(),
            content_type: HeaderValue::from_static(content_type),
            identity: Variant {
                encoding: None,
                etag: etag(&hash, ""),
                bytes: bytes.into_boxed_slice().into(),
                head: Head::default(),
            },
        }
    }

    fn write_heads(&mut self, policy: &Policy, version: &HeaderValue) {
        let Self {
            content_type,
            identity,
            gzip,
            brotli,
        } = self;
        for variant in [Some(identity), gzip.as_mut(), brotli.as_mut()]
            .into_iter()
            .flatten()
        {
            let mut lines = Vec::new();
            write_lines(&mut lines, about_body(content_type, variant.encoding.as_ref()));
            let length = HeaderValue::from(variant.bytes.len());
            write_lines(&mut lines, [(header::CONTENT_LENGTH, length)].into_iter());
            let body_lines_bytes = lines.len();
            write_lines(&mut lines, about_data(&variant.etag, policy, version));
            variant.head = Head {
                lines: lines.into(),
                body_lines_bytes,
            };
        }
    }
}

impl Variant {
    /// The lines of a head that goes before the body, as they are sent: all but those that differ between two answers.
    pub fn head_lines(&self) -> &[u8] {
        &self.head.lines
    }

    /// The same for an answer that has no body.
    pub fn bodiless_head_lines(&self) -> &[u8] {
        &self.head.lines[self.head.body_lines_bytes..]
    }
}

fn write_lines(out: &mut Vec<u8>, headers: impl Iterator<Item = (HeaderName, HeaderValue)>) {
    for (name, value) in headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
}

fn hex_of(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn etag(hash: &str, encoding: &str) -> HeaderValue {
    let dash = if encoding.is_empty() { "" } else { "-" };
    HeaderValue::from_str(&format!("\"{hash}{dash}{encoding}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

fn brotli(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::new(
            &mut packed,
            BROTLI_BUFFER_BYTES,
            BROTLI_QUALITY,
            BROTLI_WINDOW_BITS,
        );
        writer.write_all(bytes).ok()?;
        writer.flush().ok()?;
    }
    Some(packed)
}

/// A rendered page with the versions of the data in it.
#[derive(Debug)]
pub struct Entry {
    body: Body,
    versions: Box<[Change]>,
    checked: Checked,
    version_header: HeaderValue,
    policy: &'static Policy,
    filled_at: Duration,
    fresh_until: Duration,
    is_kept: bool,
}

/// Whether an entry may be served as current.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// Nothing newer is known.
    Current,
    /// Something newer is known, or it is time to look; old bytes may be served meanwhile.
    Soft,
    /// Something newer has been known for so long that old bytes may be served only if it is being fetched already.
    Late,
    /// Something newer is known that should be waited for a little.
    Hard,
    /// It was purged: nobody may be shown it any more.
    Dropped,
}

impl Entry {
    /// A page made from data of `versions`, fetched at `filled_at` and to be fetched again after `fresh_until`
    /// (both by the service's monotonic clock).
    pub fn new(
        mut body: Body,
        versions: Vec<Change>,
        policy: &'static Policy,
        filled_at: Duration,
        fresh_until: Duration,
    ) -> Self {
        let shown: Vec<String> = versions
            .iter()
            .map(|change| format!("{}={}", change.topic.kind, change.version))
            .collect();
        let version_header =
            HeaderValue::from_str(&shown.join(", ")).unwrap_or_else(|_| HeaderValue::from_static(""));
        body.write_heads(policy, &version_header);
        Self {
            body,
            version_header,
            versions: versions.into(),
            checked: Checked::default(),
            policy,
            filled_at,
            fresh_until,
            is_kept: true,
        }
    }

    /// The same, for one answer only: there are so many such pages that others would have no room.
    #[must_use]
    pub fn for_once(self) -> Self {
        Self {
            is_kept: false,
            ..self
        }
    }

    /// Whether it is worth its place in memory.
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether it may be served as current at `now`, given what is known of newer versions.
    pub fn freshness(&self, required: &Required, now: Duration) -> Freshness {
        let mut freshness = if self.is_due(now) {
            Freshness::Soft
        } else {
            Freshness::Current
        };
        for change in &self.versions {
            let of_change = match required.newer_for(*change, now) {
                _ if required.drops(*change) => Freshness::Dropped,
                None => Freshness::Current,
                Some(_) if !change.topic.kind.is_soft() => Freshness::Hard,
                Some(known_for) if known_for > required.patience() => Freshness::Late,
                Some(_) => Freshness::Soft,
            };
            freshness = freshness.max(of_change);
        }
        freshness
    }

    /// Whether its data is the newest known.
    pub fn is_of(&self, required: &Required) -> bool {
        self.checked.holds(&self.versions, required)
    }

    /// Whether it is due to be made anew although nothing newer is known.
    pub fn is_due(&self, now: Duration) -> bool {
        now >= self.fresh_until
    }

    /// The versions of the data in it.
    pub fn versions(&self) -> &[Change] {
        &self.versions
    }

    /// Whether any of its data is newer than the other's, and none older.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let pairs = || {
            self.versions.iter().filter_map(|mine| {
                let same = other.versions.iter().find(|theirs| theirs.topic == mine.topic)?;
                Some((mine.version, same.version))
            })
        };
        pairs().any(|(mine, theirs)| mine > theirs) && pairs().all(|(mine, theirs)| mine >= theirs)
    }

    /// The best encoding among those accepted.
    pub fn variant(&self, accepted: Accepted) -> &Variant {
        let brotli = self.body.brotli.as_ref().filter(|_| accepted.brotli);
        let gzip = self.body.gzip.as_ref().filter(|_| accepted.gzip);
        brotli.or(gzip).unwrap_or(&self.body.identity)
    }

    /// The body as it is.
    pub const fn identity(&self) -> &Bytes {
        &self.body.identity.bytes
    }

    /// `Content-Type`.
    pub const fn content_type(&self) -> &HeaderValue {
        &self.body.content_type
    }

    /// `Edgebook-Version`.
    pub const fn version_header(&self) -> &HeaderValue {
        &self.version_header
    }

    /// The route's policy.
    pub const fn policy(&self) -> &'static Policy {
        self.policy
    }

    /// When its data was fetched, by the service's monotonic clock.
    pub const fn filled_at(&self) -> Duration {
        self.filled_at
    }

    /// Bytes that it takes in memory, roughly.
    pub fn size(&self) -> usize {
        let variants = [
            Some(&self.body.identity),
            self.body.gzip.as_ref(),
            self.body.brotli.as_ref(),
        ];
        let of = |variant: &Variant| variant.bytes.len() + variant.head.lines.len();
        let bytes: usize = variants.into_iter().flatten().map(of).sum();
        bytes + OVERHEAD_BYTES
    }
}

#[cfg(test)]
mod tests {
    use shared::coherence::{Kind, Topic};
    use shared::ids::{OperatorId, Version};

    use super::*;

    const THEME: Topic = Topic::of(OperatorId::new(1), Kind::Theme);
    const DISABLED: Topic = Topic::of(OperatorId::new(1), Kind::DisabledEvents);

    fn entry(topic: Topic, version: i64) -> Entry {
        let versions = vec![Change {
            topic,
            version: Version::new(version),
        }];
        let body = Body::css("a".repeat(1000));
        Entry::new(
            body,
            versions,
            &CHANGEABLE,
            Duration::ZERO,
            Duration::from_mins(1),
        )
    }

    fn required(topic: Topic, version: i64) -> Required {
        let mut required = Required::patient(Duration::from_millis(300));
        let change = Change {
            topic,
            version: Version::new(version),
        };
        required.raise(change, Duration::ZERO);
        required
    }

    #[test]
    fn an_entry_is_current_until_a_newer_version_is_known() {
        let entry = entry(THEME, 3);
        let at = Duration::from_millis(300);
        assert_eq!(entry.freshness(&required(THEME, 3), at), Freshness::Current);
        assert_eq!(entry.freshness(&required(THEME, 4), at), Freshness::Soft);
        assert_eq!(entry.freshness(&required(DISABLED, 9), at), Freshness::Current);
        let late = Duration::from_mins(1);
        assert_eq!(entry.freshness(&required(THEME, 3), late), Freshness::Soft);
    }

    #[test]
    fn a_soft_change_that_has_been_known_for_long_is_late() {
        let required = required(THEME, 4);
        let freshness = |ms| entry(THEME, 3).freshness(&required, Duration::from_millis(ms));
        assert_eq!(freshness(300), Freshness::Soft);
        assert_eq!(freshness(301), Freshness::Late);
    }

    #[test]
    fn a_disabled_event_is_a_hard_change() {
        let entry = entry(DISABLED, 1);
        let freshness = entry.freshness(&required(DISABLED, 2), Duration::ZERO);
        assert_eq!(freshness, Freshness::Hard);
    }

    #[test]
    fn what_is_older_than_a_hard_purge_of_any_of_its_data_may_not_be_shown() {
        let mut known = required(DISABLED, 2);
        let purged = |version| Change {
            topic: THEME,
            version: Version::new(version),
        };
        known.drop_older_than(purged(3));
        let freshness = |entry: &Entry| entry.freshness(&known, Duration::ZERO);
        assert_eq!(freshness(&entry(THEME, 2)), Freshness::Dropped);
        assert_eq!(freshness(&entry(THEME, 3)), Freshness::Current);
        assert_eq!(freshness(&entry(DISABLED, 1)), Freshness::Hard);
    }

    #[test]
    fn each_encoding_has_its_own_etag_and_unpacks_to_the_same_bytes() {
        let entry = entry(THEME, 1);
        let variant = |brotli, gzip| entry.variant(Accepted { brotli, gzip });
        let (identity, gzip, brotli) = (variant(false, false), variant(false, true), variant(true, true));
        assert_ne!(identity.etag, gzip.etag);
        assert_ne!(gzip.etag, brotli.etag);
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&gzip.bytes[..]), &mut unpacked)
            .unwrap();
        assert_eq!(unpacked, identity.bytes);
        let mut unpacked = Vec::new();
        std::io::Read::read_to_end(
            &mut brotli::Decompressor::new(&brotli.bytes[..], 4096),
            &mut unpacked,
        )
        .unwrap();
        assert_eq!(unpacked, identity.bytes);
    }

    #[test]
    fn small_bodies_are_not_compressed() {
        let body = Body::css("a{}".to_owned());
        assert!(body.gzip.is_none() && body.brotli.is_none());
    }

    #[test]
    fn an_older_page_is_not_newer() {
        assert!(entry(THEME, 2).is_newer_than(&entry(THEME, 1)));
        assert!(!entry(THEME, 1).is_newer_than(&entry(THEME, 2)));
        assert!(!entry(THEME, 2).is_newer_than(&entry(THEME, 2)));
    }
}

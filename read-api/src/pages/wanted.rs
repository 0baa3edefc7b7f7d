//! `Edgebook-Min-Version`: the versions that who asks has seen committed, so that they read what they wrote. Must never
//! be believed beyond the one request: it is a wish, and nothing is known to be newer because of it.

use axum::http::HeaderMap;
use shared::coherence::{Kind, MIN_VERSION_HEADER};
use shared::ids::Version;
use shared::problem::Problem;

use crate::cache::entry::Entry;

/// Most versions in one header.
const MAX_WANTED: usize = 32;

/// The versions that an answer should have at least.
#[derive(Debug, Default)]
pub(crate) struct Wanted(Vec<(Kind, Version)>);

impl Wanted {
    /// Reads `Edgebook-Min-Version: <kind>=<version>, …`.
    ///
    /// # Errors
    /// 400 naming the header.
    pub(crate) fn read(request: &HeaderMap) -> Result<Self, Problem> {
        let mut wanted = Vec::new();
        for line in request.get_all(MIN_VERSION_HEADER) {
            let line = line.to_str().map_err(|_| refused("must be plain text"))?;
            for part in line.split(',').map(str::trim) {
                let (kind, version) = part
                    .split_once('=')
                    .ok_or_else(|| refused("must be a list of <kind>=<version>"))?;
                let kind = kind
                    .parse()
                    .map_err(|_| refused("names a kind that there is not"))?;
                let version = version
                    .parse()
                    .ok()
                    .filter(|version| *version >= 0)
                    .ok_or_else(|| refused("must have whole numbers for versions"))?;
                wanted.push((kind, Version::new(version)));
            }
        }
        if wanted.len() > MAX_WANTED {
            return Err(refused("names too many kinds"));
        }
        Ok(Self(wanted))
    }

    /// Whether the page is as new as wanted. Kinds that it shows nothing of do not matter.
    pub(crate) fn is_met_by(&self, entry: &Entry) -> bool {
        self.0.iter().all(|(kind, version)| {
            let mut shown = entry.versions().iter();
            shown.all(|change| change.topic.kind != *kind || change.version >= *version)
        })
    }
}

fn refused(detail: &str) -> Problem {
    Problem::bad_request("invalid_header", "A header can't be understood")
        .about("Edgebook-Min-Version", detail)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn what_is_wanted_is_read_or_refused() {
        for (text, count) in [
            ("theme=4", Some(1)),
            ("theme=4, branding=0,feed:soccer=7", Some(3)),
            ("", None),
            ("theme", None),
            ("theme=", None),
            ("theme=-1", None),
            ("theme=1.5", None),
            ("theme=99999999999999999999", None),
            ("colour=1", None),
            ("theme=1,", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(MIN_VERSION_HEADER, HeaderValue::from_static(text));
            let read = Wanted::read(&headers).ok();
            assert_eq!(read.map(|wanted| wanted.0.len()), count, "{text}");
        }
        assert_eq!(Wanted::read(&HeaderMap::new()).unwrap().0, []);
    }

    #[test]
    fn no_more_than_a_few_may_be_wanted() {
        let mut headers = HeaderMap::new();
        let many = vec!["theme=1"; MAX_WANTED + 1].join(",");
        headers.insert(MIN_VERSION_HEADER, HeaderValue::from_str(&many).unwrap());
        assert!(Wanted::read(&headers).is_err());
    }
}

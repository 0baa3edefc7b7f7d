//! What a webhook may be, and what follows from an attempt. Must never touch the database or the network.

use std::time::Duration;

use shared::field::FieldError;
use shared::random::Random;
use url::Url;

use super::address;
use super::events::EventType;
use super::options::WebhookOptions;

/// Longest URL, in bytes.
const MAX_URL_BYTES: usize = 2000;
/// Longest description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// What staff want a webhook to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) url: String,
    pub(super) description: String,
    pub(super) event_types: Vec<EventType>,
    pub(super) is_enabled: bool,
}

/// Checks a webhook; every member that holds what it may not is named.
pub(super) fn checked(
    url: &str,
    description: &str,
    event_types: &[String],
    is_enabled: bool,
    options: &WebhookOptions,
) -> Result<Wanted, Vec<FieldError>> {
    let mut errors = Vec::new();
    let url = target(url, options).map_err(|detail| errors.push(FieldError::new("url", detail)));
    let description = description.trim();
    if description.chars().count() > MAX_DESCRIPTION_CHARS || description.chars().any(char::is_control) {
        let detail = format!("must be at most {MAX_DESCRIPTION_CHARS} characters in one line");
        errors.push(FieldError::new("description", detail));
    }
    let mut types = Vec::new();
    for (index, name) in event_types.iter().enumerate() {
        match EventType::find(name).filter(|found| found.is_subscribed()) {
            Some(found) if !types.contains(&found) => types.push(found),
            Some(_) => {}
            None => errors.push(FieldError::new(
                format!("event_types[{index}]"),
                "is no event type",
            )),
        }
    }
    if event_types.is_empty() {
        errors.push(FieldError::new(
            "event_types",
            "must name at least one event type",
        ));
    }
    match url {
        Ok(url) if errors.is_empty() => Ok(Wanted {
            url: url.into(),
            description: description.to_owned(),
            event_types: types,
            is_enabled,
        }),
        _ => Err(errors),
    }
}

/// The URL that may be delivered to. A name may still stand for an address that is not public: that is found out when
/// it is connected.
pub(super) fn target(text: &str, options: &WebhookOptions) -> Result<Url, &'static str> {
    if text.len() > MAX_URL_BYTES {
        return Err("is too long");
    }
    let url = Url::parse(text).map_err(|_| "must be a whole URL, such as https://example.com/hooks")?;
    match url.scheme() {
        "https" => {}
        "http" if options.webhook_allow_http => {}
        _ => return Err("must begin with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or a password");
    }
    if url.fragment().is_some() {
        return Err("must not have a fragment");
    }
    let is_inside = address::literal(&url).is_some_and(|address| !address::is_public(address))
        || url.domain().is_some_and(is_local_name);
    if is_inside && !options.webhook_allow_private {
        return Err("must name a public address");
    }
    Ok(url)
}

fn is_local_name(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    !domain.contains('.')
        || [".localhost", ".local", ".internal"]
            .iter()
            .any(|end| domain.ends_with(end))
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer with this status.
    Answered(u16),
    /// None, and why, in words that tell nothing of our network.
    Failed(&'static str),
}

/// What is to become of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is made.
    Delivered,
    /// It is tried again after this pause.
    Again(Duration),
    /// It is given up.
    GivenUp,
    /// The subscriber wants nothing more.
    Gone,
}

/// What follows from the outcome of an attempt, the `attempts`th.
pub(super) fn next(outcome: Outcome, attempts: u32, pauses_s: &[u32], random: &Random) -> Next {
    match outcome {
        Outcome::Answered(200..=299) => Next::Delivered,
        Outcome::Answered(410) => Next::Gone,
        _ => {
            let index = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
            pauses_s.get(index).map_or(Next::GivenUp, |pause_s| {
                let pause = Duration::from_secs((*pause_s).into());
                let [chance] = random.bytes::<1>();
                Next::Again(pause + pause * u32::from(chance) / 2550)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: WebhookOptions,
    }

    fn options(args: &[&str]) -> WebhookOptions {
        let args = std::iter::once("test").chain(args.iter().copied());
        Command::try_parse_from(args).unwrap().options
    }

    #[test]
    fn only_urls_that_lead_out_are_taken() {
        for (url, is_taken) in [
            ("https://example.com/hooks?x=1", true),
            ("https://example.com:8443", true),
            ("https://93.184.216.34/", true),
            ("http://example.com/", false),
            ("ftp://example.com/", false),
            ("file:///etc/passwd", false),
            ("https://user@example.com/", false),
            ("https://:secret@example.com/", false),
            ("https://example.com/#x", false),
            ("https://localhost/", false),
            ("https://x.localhost./", false),
            ("https://metadata.google.internal/", false),
            ("https://printer.local/", false),
            ("https://127.1/", false),
            ("https://0x7f.1/", false),
            ("https://2130706433/", false),
            ("https://[::1]/", false),
            ("https://[::ffff:10.0.0.1]/", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("/hooks", false),
            ("", false),
        ] {
            assert_eq!(target(url, &options(&[])).is_ok(), is_taken, "{url}");
        }
        let development = options(&["--webhook-allow-http", "--webhook-allow-private"]);
        assert!(target("http://127.0.0.1:9/", &development).is_ok());
    }

    #[test]
    fn every_bad_member_is_named() {
        let types = ["player.created".to_owned(), "webhook.test".to_owned()];
        let errors = checked("x", &"y".repeat(201), &types, true, &options(&[])).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["url", "description", "event_types[1]"]);
    }

    #[test]
    fn pauses_grow_for_a_day_and_then_it_is_given_up() {
        let (random, pauses) = (Random::seeded(1), options(&[]).webhook_retry_s);
        let mut last = Duration::ZERO;
        for attempts in 1..=9 {
            let Next::Again(pause) = next(Outcome::Answered(500), attempts, &pauses, &random) else {
                panic!("attempt {attempts} is not the last");
            };
            let table = Duration::from_secs(pauses[attempts as usize - 1].into());
            assert!(
                pause >= table && pause <= table.mul_f64(1.11),
                "{pause:?} for {table:?}"
            );
            assert!(pause > last);
            last = pause;
        }
        let failed = Outcome::Failed("timed out");
        assert_eq!(next(failed, 10, &pauses, &random), Next::GivenUp);
        assert_eq!(next(failed, u32::MAX, &pauses, &random), Next::GivenUp);
        let day: u32 = pauses.iter().sum();
        assert!((86_000..87_000).contains(&day));
        for (status, expected) in [(200, Next::Delivered), (204, Next::Delivered), (410, Next::Gone)] {
            assert_eq!(next(Outcome::Answered(status), 1, &pauses, &random), expected);
        }
        let redirected = next(Outcome::Answered(302), 1, &pauses, &random);
        assert!(matches!(redirected, Next::Again(_)), "no redirect is followed");
    }
}

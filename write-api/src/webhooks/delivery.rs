//! One attempt to deliver one event. Must never follow a redirect, read what a subscriber answers beyond its status, or
//! reach an address that is not public.

use std::error::Error;

use reqwest::{Client, header, redirect};
use shared::coherence::{SignatureError, WebhookSecrets};
use time::OffsetDateTime;

use super::address::{NotPublic, PublicOnly};
use super::log;
use super::options::WebhookOptions;
use super::rules::{self, Outcome};
use super::store::Due;

/// A client for subscribers: no proxy, no redirect, and no name that leads inside.
pub(super) fn client(options: &WebhookOptions) -> Result<Client, reqwest::Error> {
    let builder = Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .user_agent("Edgebook-Webhooks")
        .timeout(options.timeout());
    let builder = if options.webhook_allow_private {
        builder
    } else {
        builder.dns_resolver(PublicOnly)
    };
    builder.build()
}

/// The signatures of one delivery: by the secret, and by the one before it while that is valid.
fn signatures(due: &Due, id: &str, now: OffsetDateTime) -> Result<String, SignatureError> {
    let secrets = std::iter::once(&due.secret).chain(&due.old_secret);
    let signed: Result<Vec<String>, SignatureError> = secrets
        .map(|secret| {
            let secret: WebhookSecrets = secret.parse()?;
            Ok(secret.sign(id, now, due.body.as_bytes()).signature)
        })
        .collect();
    Ok(signed?.join(" "))
}

/// Sends it once.
pub(super) async fn attempt(
    client: &Client,
    due: &Due,
    now: OffsetDateTime,
    options: &WebhookOptions,
) -> Outcome {
    // Checked again: the options may be others than when it was saved, and addresses need no resolver.
    let Ok(url) = rules::target(&due.url, options) else {
        return Outcome::Failed("its URL is not allowed");
    };
    let id = log::webhook_id(due.message);
    let Ok(signature) = signatures(due, &id, now) else {
        return Outcome::Failed("its secret can't be read");
    };
    let sent = client
        .post(url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", now.unix_timestamp())
        .header("webhook-signature", signature)
        .body(due.body.clone())
        .send()
        .await;
    match sent {
        Ok(answer) => Outcome::Answered(answer.status().as_u16()),
        Err(error) => Outcome::Failed(reason(&error)),
    }
}

fn reason(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        if one.is::<NotPublic>() {
            return "its address is not public";
        }
        cause = one.source();
    }
    if error.is_timeout() {
        "it did not answer in time"
    } else if error.is_connect() {
        "it could not be connected"
    } else {
        "it did not answer as a web server does"
    }
}

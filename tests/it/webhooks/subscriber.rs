//! A subscriber of webhooks, as an operator would run one: takes what is posted and answers as it is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What was posted.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) id: String,
    pub(super) body: Value,
    headers: HeaderMap,
    bytes: Bytes,
}

impl Received {
    /// The signatures, each with the version before it.
    pub(super) fn signatures(&self) -> Vec<&str> {
        let all = self.headers["webhook-signature"].to_str().unwrap();
        all.split(' ').collect()
    }

    /// What the signature must be by `secret`, made from the standard alone.
    pub(super) fn signed_by(&self, secret: &str) -> String {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        for part in ["webhook-id", "webhook-timestamp"] {
            mac.update(self.headers[part].as_bytes());
            mac.update(b".");
        }
        mac.update(&self.bytes);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// The type of the event.
    pub(super) fn event(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
}

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answers {
    /// With this status.
    Status(u16),
    /// Never.
    Never,
}

#[derive(Debug)]
struct Told {
    answers: Answers,
    received: Vec<Received>,
}

/// A running subscriber.
#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    told: Arc<Mutex<Told>>,
    pub(super) url: String,
}

impl Subscriber {
    pub(super) async fn start() -> Self {
        let told = Arc::new(Mutex::new(Told {
            answers: Answers::Status(200),
            received: Vec::new(),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let router = Router::new().fallback(take).with_state(Arc::clone(&told));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { told, url }
    }

    pub(super) fn answer(&self, answers: Answers) {
        self.told.lock().unwrap().answers = answers;
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.told.lock().unwrap().received.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.told.lock().unwrap().received.len()
    }
}

async fn take(
    State(told): State<Arc<Mutex<Told>>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> (StatusCode, &'static str) {
    let answers = {
        let mut told = told.lock().unwrap();
        told.received.push(Received {
            id: headers["webhook-id"].to_str().unwrap().to_owned(),
            body: serde_json::from_slice(&bytes).unwrap(),
            headers,
            bytes,
        });
        told.answers
    };
    match answers {
        Answers::Status(status) => (StatusCode::from_u16(status).unwrap(), "internal secret"),
        Answers::Never => std::future::pending().await,
    }
}

/// Long enough for a few polls on a busy machine.
pub(super) const SOON: Duration = Duration::from_secs(20);

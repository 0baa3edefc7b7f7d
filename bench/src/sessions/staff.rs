//! Staff who change what the sessions look at. Must never ask for a change that is none.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, redirect};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::tally::Tally;
use crate::dice::Dice;
use crate::people::Operator;

/// How long the writer may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// Seed of the dice of the staff; those of the sessions are their numbers.
const SEED: u64 = u64::MAX;

/// A client for what is not measured here.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(ANSWER_LIMIT)
        .build()
}

/// The staff of all operators.
#[derive(Debug)]
pub(super) struct Staff {
    pub(super) operators: Vec<Arc<Operator>>,
    pub(super) writer: String,
    pub(super) client: Client,
    pub(super) pause: Duration,
}

impl Staff {
    /// Lets one operator after the other change something; ends only when the writer can't be asked.
    pub(super) async fn change(&self, tally: &Tally) -> reqwest::Error {
        let dice = Dice::seeded(SEED);
        loop {
            for operator in &self.operators {
                sleep(self.pause).await;
                let (path, body) = change(&operator.subdomain, &dice);
                let asked = self.client.post(format!("{}{path}", self.writer));
                let asked = asked.bearer_auth(&operator.staff_token).json(&body);
                match asked.send().await {
                    Ok(answer) => tally.changed(answer.status().as_u16()),
                    Err(error) => return error,
                }
            }
        }
    }
}

fn change(operator: &str, dice: &Dice) -> (String, Value) {
    let color = format!("#{:06x}", dice.below(0x100_0000));
    match dice.below(3) {
        0 => (
            format!("/api/save-theme/{operator}"),
            json!({"primaryColor": color}),
        ),
        1 => (
            format!("/api/branding/{operator}/update"),
            json!({"theme": {"primary_color": color}}),
        ),
        _ => (format!("/api/admin/{operator}/toggle-casino"), json!({})),
    }
}

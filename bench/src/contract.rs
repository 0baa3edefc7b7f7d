//! `contract`: both services answer whatever is asked as their OpenAPI descriptions say. The questions are those of
//! schemathesis, which makes them from the descriptions. Must never skip an operation that is described.

mod tool;

use std::time::Duration;

use clap::Args;
use dev::demo::PASSWORD;
use dev::launch::Launched;
use serde_json::{Value, json};
use shared::clock::Clock;

use crate::failure::Failure;
use crate::installation::{self, Service};
use crate::report::{Report, say};
use tool::{Found, Run, Tool};

/// Longest time that the questions about one service may take.
const LIMIT: Duration = Duration::from_mins(30);
/// Parts of the addresses that end sessions or disable somebody. They are asked by the people of an operator of their
/// own, so that everybody else's questions are not all answered by 401.
const ENDINGS: [&str; 14] = [
    "/change-password",
    "/logout",
    "/reset",
    "/self-exclusion",
    "/sessions/",
    "/staff/",
    "/time-out",
    "/toggle",
    "/totp",
    "/update-username",
    "/users/reset",
    "/contests",
    "/adjust",
    "/withdraw",
];

/// Asks both services thousands of questions that are made from their OpenAPI descriptions, right and wrong ones.
///
/// Needs Python 3 with venv and pip: schemathesis is installed once, into a folder beside this program. Everything is
/// asked at a reader, as browsers do, logged in as the demo data's people. Wrong is: a 5xx, and an answer whose status,
/// headers, type or body is not described, that takes what the description forbids, or that knows no log-in where one
/// is due.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Made questions for each operation, beside those about its limits.
    #[arg(long, value_name = "N", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    examples: u32,
    /// What the questions are drawn from, as an earlier run printed it; drawn anew unless given.
    #[arg(long, value_name = "N")]
    seed: Option<u128>,
}

/// Runs the measurement.
pub(crate) async fn run(options: &Options) -> Result<Report, Failure> {
    let tool = Tool::ready().await?;
    let clock = Clock::machine();
    let found = installation::lent_with_demo(&clock, async |launched| ask(options, &tool, launched).await);
    Ok(report(&found.await?))
}

/// What holds for every question. Nobody registers for the run's sake, a stream is left after its first event, and parameters
/// of a query that are not described are left out: they are ignored, as everywhere on the web.
const SETTINGS: &str = "\
max-stream-events = 1
request-timeout = 15

[generation]
allow-extra-parameters = false

[auth]
auto-signup = false
";

/// Tokens of the demo data's people.
struct Tokens {
    /// A player, staff of her operator, and the platform's staff.
    usual: [String; 3],
    /// The same of an operator that may come to harm.
    harmed: [String; 3],
}

const PEOPLE: [&str; 3] = ["player_cookie", "operator_cookie", "platform_cookie"];

async fn ask(options: &Options, tool: &Tool, launched: &mut Launched) -> Result<Vec<Found>, Failure> {
    let reader = launched.readers.first();
    let reader = Service::of(reader.ok_or_else(|| Failure::Unfit("there is no reader".to_owned()))?)?;
    let client = reqwest::Client::new();
    let tokens = tokens(&client, &reader.url).await?;
    let folder = launched.home().folder().to_owned();
    let mut found = Vec::new();
    for service in ["read", "write"] {
        let url = format!("{}/api/openapi/{service}.json", reader.url);
        let description: Value = client.get(&url).send().await?.json().await?;
        let config = folder.join(format!("contract-{service}.toml"));
        tokio::fs::write(&config, configuration(&description, &tokens)).await?;
        let run = Run {
            url: &url,
            config: &config,
            folder: &folder.join(format!("contract-{service}")),
            examples: options.examples,
            seed: options.seed,
            limit: LIMIT,
        };
        say(&format!("Asking {service}-api …"));
        found.push(tool.run(&run).await?);
        say(&found[found.len() - 1].sentence());
    }
    healthy(&client, &reader.url).await?;
    Ok(found)
}

/// The service still does what it is for.
async fn healthy(client: &reqwest::Client, url: &str) -> Result<(), Failure> {
    log_in(
        client,
        url,
        "/api/superadmin/login",
        json!({"username": "root", "password": PASSWORD}),
    )
    .await?;
    Ok(())
}

async fn tokens(client: &reqwest::Client, url: &str) -> Result<Tokens, Failure> {
    let player = async |operator: &str, name: &str| {
        let body = json!({"username": name, "password": PASSWORD});
        log_in(client, url, &format!("/api/auth/{operator}/login"), body).await
    };
    let staff = async |name: &str| {
        let body = json!({"login": name, "password": PASSWORD});
        log_in(client, url, "/api/admin-login", body).await
    };
    let platform = async || {
        let body = json!({"username": "root", "password": PASSWORD});
        log_in(client, url, "/api/superadmin/login", body).await
    };
    Ok(Tokens {
        usual: [
            player("aurora", "alice").await?,
            staff("aurora_admin").await?,
            platform().await?,
        ],
        harmed: [
            player("bluefin", "carol").await?,
            staff("bluefin_admin").await?,
            platform().await?,
        ],
    })
}

async fn log_in(client: &reqwest::Client, url: &str, path: &str, body: Value) -> Result<String, Failure> {
    let answer = client.post(format!("{url}{path}")).json(&body).send().await?;
    let answer: Value = answer.error_for_status()?.json().await?;
    let token = answer["token"].as_str().map(str::to_owned);
    token.ok_or_else(|| Failure::Unfit(format!("{path} answers no token")))
}

/// Who asks what: the settings of schemathesis, as TOML. JSON's strings are TOML's too.
fn configuration(description: &Value, tokens: &Tokens) -> String {
    let mut parts = vec![SETTINGS.to_owned()];
    let routes = description["paths"].as_object().into_iter().flatten();
    for (path, methods) in routes {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let name = json!(format!("{} {path}", method.to_uppercase()));
            let is_harmful = method != "get" && ENDINGS.iter().any(|ending| path.contains(ending));
            let (operator, tokens) = if is_harmful {
                ("bluefin", &tokens.harmed)
            } else {
                ("aurora", &tokens.usual)
            };
            let mut settings = Vec::new();
            if path.contains("{subdomain}") {
                settings.push(format!("parameters = {{ \"path.subdomain\" = \"{operator}\" }}"));
            }
            // The second operator of the demo data, and no other, is disabled and harmed.
            if is_harmful && path.starts_with("/api/superadmin/operators/") {
                settings.push("parameters = { \"path.id\" = 2 }".to_owned());
            }
            if let Some(token) = token_for(operation, tokens) {
                let header = json!(format!("Bearer {token}"));
                settings.push(format!("headers = {{ Authorization = {header} }}"));
            }
            if !settings.is_empty() {
                let settings = settings.join("\n");
                parts.push(format!("[[operations]]\ninclude-name = {name}\n{settings}\n"));
            }
        }
    }
    parts.join("\n")
}

fn token_for<'t>(operation: &Value, tokens: &'t [String; 3]) -> Option<&'t String> {
    let schemes = operation["security"].as_array()?;
    let is_for = |cookie: &str| schemes.iter().any(|scheme| scheme.get(cookie).is_some());
    PEOPLE
        .iter()
        .position(|cookie| is_for(cookie))
        .map(|place| &tokens[place])
}

fn report(found: &[Found]) -> Report {
    let sum = |of: fn(&Found) -> u64| found.iter().map(of).sum::<u64>();
    let mut report = Report::new("contract");
    report.value("cases", sum(|found| found.cases));
    report.value("failures", sum(|found| found.failures.len() as u64));
    report.value("operations", sum(|found| found.operations));
    report.value("seeds", found.iter().map(|found| &found.seed).collect::<Vec<_>>());
    for failure in found.iter().flat_map(|found| &found.failures) {
        report.broken(failure.clone());
    }
    for found in found.iter().filter(|found| found.untested > 0) {
        report.broken(format!("{} operations were not asked", found.untested));
    }
    report
}

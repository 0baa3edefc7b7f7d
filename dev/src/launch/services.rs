//! How the writer and the readers of a launch are told where everything is, and are started.
//! Must never let a secret among their arguments.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::Options;
use super::error::LaunchError;
use super::home::Home;
use super::ports::Ports;
use super::process::{Plan, Process};
use crate::progress::Progress;

/// What can be settled about the services before there is a database.
#[derive(Debug)]
pub(super) struct Settled {
    program: PathBuf,
    ports: Ports,
    feed: String,
    reader_urls: Vec<String>,
    reader_args: Vec<String>,
    writer_args: Vec<String>,
}

impl Settled {
    /// Looks for the ports and the feed.
    pub(super) fn new(options: &Options) -> Result<Self, LaunchError> {
        let ports = Ports::assign(
            options.read_port,
            options.readers,
            options.write_port,
            &options.random,
        )?;
        let own_urls = || ports.readers.iter().map(|port| url(*port)).collect();
        Ok(Self {
            program: options.program.clone(),
            reader_urls: options.reader_urls.clone().unwrap_or_else(own_urls),
            ports,
            feed: options.feed.place(&options.home)?,
            reader_args: options.reader_args.clone(),
            writer_args: options.writer_args.clone(),
        })
    }
}

/// How the services are started.
pub(super) struct Plans<'a> {
    pub(super) settled: &'a Settled,
    pub(super) home: &'a Home,
    pub(super) database_url: &'a str,
    pub(super) webhook_secret: &'a str,
}

/// The services, running.
#[derive(Debug)]
pub(super) struct Services {
    pub(super) writer: Process,
    pub(super) readers: Vec<Process>,
}

impl Plans<'_> {
    /// Starts everything and waits until it is ready.
    pub(super) async fn start(&self, progress: &Progress) -> Result<Services, LaunchError> {
        let step = progress.step("Starting the writer");
        let mut writer = Process::spawn(self.writer()?)?;
        writer.ready().await?;
        step.done("ready");

        let step = progress.step("Starting the readers");
        let mut readers = (1..)
            .zip(&self.settled.ports.readers)
            .map(|(number, port)| Process::spawn(self.reader(number, *port)?))
            .collect::<Result<Vec<_>, _>>()?;
        for reader in &mut readers {
            reader.ready().await?;
        }
        step.done("ready");
        Ok(Services { writer, readers })
    }

    fn writer(&self) -> Result<Plan, LaunchError> {
        let readers = self.settled.reader_urls.join(",");
        // Without TLS in front, a browser would not send a cookie that is marked as secure.
        let args = [
            "write-api",
            "serve",
            "--reader-urls",
            &readers,
            "--cookie-insecure",
        ];
        let mut plan = self.plan("write-api", self.settled.ports.writer, &args)?;
        plan.args.extend(self.settled.writer_args.iter().cloned());
        // The URL of a feed may carry a key.
        plan.secrets.push(("FEED", self.settled.feed.clone()));
        Ok(plan)
    }

    fn reader(&self, number: u16, port: u16) -> Result<Plan, LaunchError> {
        let args = ["read-api", "--write-url", &url(self.settled.ports.writer)];
        let mut plan = self.plan(&format!("reader-{number}"), port, &args)?;
        plan.args.extend(self.settled.reader_args.iter().cloned());
        // Whatever this variable is in the launcher's environment, it is about another installation.
        plan.secrets.push(("READ_DATABASE_URL", String::new()));
        Ok(plan)
    }

    fn plan(&self, name: &str, port: u16, args: &[&str]) -> Result<Plan, LaunchError> {
        let address = address(port);
        let common = ["--instance", name, "--listen", &address.to_string()];
        Ok(Plan {
            name: name.to_owned(),
            program: self.settled.program.clone(),
            args: args.iter().chain(&common).map(ToString::to_string).collect(),
            secrets: vec![
                ("DATABASE_URL", self.database_url.to_owned()),
                ("WEBHOOK_SECRET", self.webhook_secret.to_owned()),
            ],
            address,
            log: self.home.new_log(name)?,
        })
    }
}

fn address(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn url(port: u16) -> String {
    format!("http://{}", address(port))
}

#[cfg(test)]
mod tests {
    use shared::random::Random;

    use super::*;

    #[test]
    fn services_know_of_one_another_and_secrets_are_no_arguments() {
        let home = Home::temporary(&Random::system()).unwrap();
        let settled = Settled {
            program: "edgebook".into(),
            ports: Ports {
                writer: 8090,
                readers: vec![8080, 8081],
            },
            feed: "https://feed.example/key-0815".to_owned(),
            reader_urls: vec![
                "http://127.0.0.1:8080".to_owned(),
                "http://127.0.0.1:9081".to_owned(),
            ],
            reader_args: vec!["--pull-ms=100".to_owned()],
            writer_args: Vec::new(),
        };
        let plans = Plans {
            settled: &settled,
            home: &home,
            database_url: "postgres://me:hunter2@localhost/books",
            webhook_secret: "whsec_4711",
        };
        let (writer, reader) = (plans.writer().unwrap(), plans.reader(2, 8081).unwrap());

        assert_eq!(
            reader.args.join(" "),
            "read-api --write-url http://127.0.0.1:8090 --instance reader-2 --listen 127.0.0.1:8081 --pull-ms=100"
        );
        assert_eq!(
            writer.args.join(" "),
            "write-api serve --reader-urls http://127.0.0.1:8080,http://127.0.0.1:9081 --cookie-insecure \
             --instance write-api --listen 127.0.0.1:8090"
        );
        let told = |plan: &Plan| plan.secrets.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(
            told(&reader),
            ["DATABASE_URL", "WEBHOOK_SECRET", "READ_DATABASE_URL"]
        );
        assert_eq!(told(&writer), ["DATABASE_URL", "WEBHOOK_SECRET", "FEED"]);
    }
}

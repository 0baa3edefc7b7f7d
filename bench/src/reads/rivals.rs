//! What else could serve the page, as processes that end with the measurement. Must never give one of them less than it
//! needs to be fast.

use std::env;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use super::PAGE;
use crate::failure::Failure;

/// How long one may take to listen, or to end.
const LIMIT: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

/// Where each listens, on loopback.
#[derive(Debug)]
pub(super) struct Rivals {
    pub(super) nginx_file: u16,
    pub(super) nginx_cache: u16,
    pub(super) varnish: u16,
    pub(super) axum: u16,
    processes: Vec<Process>,
}

/// Says which programs are missing.
pub(super) fn look_for<const N: usize>(programs: [&str; N]) -> Result<(), Failure> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_there = |program: &&str| {
        let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
        folders.into_iter().any(|folder| folder.join(program).is_file())
    };
    let missing: Vec<&str> = programs
        .into_iter()
        .filter(|program| !is_there(program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Unfit(format!(
        "this needs {}; Debian has them in the packages wrk, nginx-light and varnish",
        missing.join(", ")
    )))
}

impl Rivals {
    /// Starts all of them with `body` for the page.
    pub(super) async fn start(folder: &Path, body: &[u8]) -> Result<Self, Failure> {
        let page = folder.join("www").join(PAGE.trim_start_matches('/'));
        fs::create_dir_all(page.parent().unwrap_or(folder))?;
        fs::write(&page, body)?;
        let [nginx_file, nginx_cache, varnish, axum] =
            [free_port()?, free_port()?, free_port()?, free_port()?];

        let mut bare = Command::new(env::current_exe()?);
        bare.arg("bare-axum").arg(&page).arg(axum.to_string());
        let mut processes = vec![Process::start(bare, &[axum]).await?];

        let config = folder.join("nginx.conf");
        fs::write(&config, nginx_config(folder, nginx_file, nginx_cache, axum))?;
        let mut nginx = sbin("nginx");
        nginx.arg("-c").arg(&config).arg("-p").arg(folder);
        processes.push(Process::start(nginx, &[nginx_file, nginx_cache]).await?);

        let config = folder.join("varnish.vcl");
        let vcl = format!(
            "vcl 4.1;\nbackend default {{ .host = \"127.0.0.1\"; .port = \"{axum}\"; }}\n\
             sub vcl_backend_response {{ set beresp.ttl = 1h; }}\n"
        );
        fs::write(&config, vcl)?;
        let mut varnishd = sbin("varnishd");
        varnishd.args(["-F", "-j", "none", "-s", "malloc,64m", "-n"]);
        varnishd.arg(folder.join("varnish")).arg("-f").arg(&config);
        varnishd.args(["-a", &format!("127.0.0.1:{varnish}")]);
        processes.push(Process::start(varnishd, &[varnish]).await?);
        Ok(Self {
            nginx_file,
            nginx_cache,
            varnish,
            axum,
            processes,
        })
    }

    /// Ends all of them.
    pub(super) async fn stop(self) {
        for process in self.processes {
            process.stop().await;
        }
    }
}

/// nginx as its manual tunes it for small files: descriptors kept open, as many workers as processors, no logs.
fn nginx_config(folder: &Path, file: u16, cache: u16, origin: u16) -> String {
    let folder = folder.display();
    // As root its workers would become somebody who may not read the folder.
    let user = if Uid::effective().is_root() {
        "user root;"
    } else {
        ""
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {folder}/nginx-{name};\n"))
        .concat();
    format!(
        "{user}\ndaemon off;\nworker_processes auto;\npid {folder}/nginx.pid;\nerror_log stderr crit;\n\
         events {{ worker_connections 16384; }}\n\
         http {{\n{temporary}access_log off;\nsendfile on;\ntcp_nopush on;\ntcp_nodelay on;\n\
         keepalive_requests 1000000000;\nopen_file_cache max=1000;\nopen_file_cache_valid 1h;\n\
         default_type application/json;\n\
         proxy_cache_path {folder}/nginx-cache keys_zone=pages:8m;\n\
         server {{ listen 127.0.0.1:{file}; root {folder}/www; }}\n\
         server {{ listen 127.0.0.1:{cache}; location / {{\n\
         proxy_pass http://127.0.0.1:{origin}; proxy_cache pages; proxy_cache_valid 200 1h; }} }}\n}}\n"
    )
}

fn free_port() -> Result<u16, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A program that may be where only administrators look.
fn sbin(program: &str) -> Command {
    let places = ["/usr/sbin", "/usr/local/sbin"].map(|folder| Path::new(folder).join(program));
    let found = places.into_iter().find(|place| place.is_file());
    Command::new(found.unwrap_or_else(|| program.into()))
}

/// A process that is told to end when it is dropped, so that what it started ends with it.
#[derive(Debug)]
struct Process(Child);

impl Process {
    async fn start(mut command: Command, ports: &[u16]) -> Result<Self, Failure> {
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut process = Self(child);
        let listening = async {
            for port in ports {
                while TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).await.is_err() {
                    if let Some(status) = process.0.try_wait()? {
                        return Err(Failure::Unfit(format!("{command:?} ended with {status}")));
                    }
                    sleep(PAUSE).await;
                }
            }
            Ok(())
        };
        let late = |_| Failure::Unfit(format!("{command:?} did not listen within {LIMIT:?}"));
        timeout(LIMIT, listening).await.map_err(late)??;
        Ok(process)
    }

    fn tell(&self) {
        if let Some(id) = self.0.id().and_then(|id| i32::try_from(id).ok()) {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        }
    }

    async fn stop(mut self) {
        self.tell();
        // What does not end is killed with the measurement.
        let _ = timeout(LIMIT, self.0.wait()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.tell();
    }
}

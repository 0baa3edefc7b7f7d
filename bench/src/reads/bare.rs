//! A handler that does nothing but answer with bytes that are ready: what axum can do at best. Must never do more.

use std::path::PathBuf;
use std::process::ExitCode;

use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use clap::Args;
use tokio::net::TcpListener;

use crate::failure::Failure;

/// Answers every GET with a file's bytes, for `reads`.
#[derive(Debug, Args)]
pub(crate) struct Bare {
    /// The file.
    file: PathBuf,
    /// Where to listen.
    port: u16,
}

impl Bare {
    /// Serves until the process ends.
    pub(crate) async fn serve(&self) -> Result<ExitCode, Failure> {
        let body = Bytes::from(std::fs::read(&self.file)?);
        let answer = move || {
            let body = body.clone();
            async move { ([(header::CONTENT_TYPE, "application/json")], body) }
        };
        let router = Router::new().route("/{*path}", get(answer));
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await?;
        axum::serve(listener, router).await?;
        Ok(ExitCode::SUCCESS)
    }
}

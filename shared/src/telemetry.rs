//! Logging. Must never log a body, a cookie or a secret.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// Options of the log.
#[derive(Clone, Debug, clap::Args)]
pub struct LogOptions {
    /// What is logged: a level, or directives such as `info,sqlx=warn`.
    #[arg(long, env = "LOG", default_value = "info")]
    pub log: String,
    /// How log lines look.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Sends log lines to standard error, once for the whole process. A second call does nothing.
pub fn start(options: &LogOptions) {
    let filter = EnvFilter::try_new(&options.log).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let _ = match options.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

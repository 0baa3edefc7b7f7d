//! Every limit of bulk registration. Must never be without an upper bound.

/// Limits of bulk registration.
#[derive(Clone, Debug, clap::Args)]
pub struct RegistrationOptions {
    /// Longest file of a bulk registration, in bytes. It is read whole before anything is registered.
    #[arg(long, env = "BULK_BYTES", default_value_t = 4_194_304, value_parser = clap::value_parser!(u32).range(1..=67_108_864))]
    pub bulk_bytes: u32,
    /// Most rows of one file.
    #[arg(long, env = "BULK_ROWS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub bulk_rows: u32,
    /// Rows of one file that are worked at once. Each hashes a password, as log-ins do, so that fewer than
    /// `--password-workers` leave room for these.
    #[arg(long, env = "BULK_AT_ONCE", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub bulk_at_once: u8,
    /// Files that are worked at once; further ones are refused with 503.
    #[arg(long, env = "BULK_FILES", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub bulk_files: u8,
}

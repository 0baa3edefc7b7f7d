//! Every option and limit of log-ins and sessions. Must never hold a secret.

use axum::http::HeaderName;

/// Limits of log-ins and sessions.
#[derive(Clone, Debug, clap::Args)]
pub struct AccountLimits {
    /// How long a session lives after its log-in, in seconds; using it does not make it longer.
    #[arg(long, env = "SESSION_S", default_value_t = Self::DEFAULT.session_s,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub session_s: u32,
    /// Sessions of one person at once; at the next log-in the oldest ends.
    #[arg(long, env = "SESSIONS_PER_PERSON", default_value_t = Self::DEFAULT.sessions_per_person,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub sessions_per_person: u32,
    /// Tokens whose players are remembered, so that a bet need not ask whose a token is; some 100 bytes each.
    #[arg(long, env = "KNOWN_TOKENS", default_value_t = Self::DEFAULT.known_tokens)]
    pub known_tokens: u64,
    /// How often expired sessions are deleted, in seconds.
    #[arg(long, env = "SESSION_SWEEP_S", default_value_t = Self::DEFAULT.session_sweep_s,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub session_sweep_s: u32,
    /// Expired sessions deleted in one transaction.
    #[arg(long, env = "SESSION_SWEEP_BATCH", default_value_t = Self::DEFAULT.session_sweep_batch,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub session_sweep_batch: u32,
    /// Passwords hashed at once; each takes a processor core and 19 MiB for some 20 milliseconds.
    #[arg(long, env = "PASSWORD_WORKERS", default_value_t = Self::DEFAULT.password_workers,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub password_workers: u16,
    /// Passwords that may wait to be hashed; more are refused with 503.
    #[arg(long, env = "PASSWORD_QUEUE", default_value_t = Self::DEFAULT.password_queue)]
    pub password_queue: u16,
    /// How long a password may wait to be hashed before it is refused with 503, in milliseconds.
    #[arg(long, env = "PASSWORD_WAIT_MS", default_value_t = Self::DEFAULT.password_wait_ms)]
    pub password_wait_ms: u64,
    /// Failed log-ins for one name from one address within the window, after which further ones are refused with 429 for
    /// a while, and after each further one for longer.
    #[arg(long, env = "LOGIN_FAILURES_PER_ACCOUNT", default_value_t = Self::DEFAULT.login_failures_per_account,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_failures_per_account: u32,
    /// The same for one name from all addresses together. Above what one address may do, so that nobody can keep the
    /// owner of a name out from one place.
    #[arg(long, env = "LOGIN_FAILURES_PER_NAME", default_value_t = Self::DEFAULT.login_failures_per_name,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_failures_per_name: u32,
    /// The same for one address with all names together. Generous, because people behind one front door or router share theirs.
    #[arg(long, env = "LOGIN_FAILURES_PER_ADDRESS", default_value_t = Self::DEFAULT.login_failures_per_address,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_failures_per_address: u32,
    /// Passwords of one name that are checked or wait for it at once, right or wrong.
    #[arg(long, env = "LOGINS_AT_ONCE_PER_NAME", default_value_t = Self::DEFAULT.logins_at_once_per_name,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub logins_at_once_per_name: u16,
    /// The same from one address: less than the queue has, so that nobody fills it alone.
    #[arg(long, env = "LOGINS_AT_ONCE_PER_ADDRESS", default_value_t = Self::DEFAULT.logins_at_once_per_address,
        value_parser = clap::value_parser!(u16).range(1..))]
    pub logins_at_once_per_address: u16,
    /// The window in which failed log-ins and registrations are counted, in seconds from the first of them, or from the
    /// end of a lock-out.
    #[arg(long, env = "LOGIN_FAILURE_WINDOW_S", default_value_t = Self::DEFAULT.login_failure_window_s,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_failure_window_s: u32,
    /// How long the first lock-out of a name or an address lasts, in seconds. Each further one lasts twice as long.
    #[arg(long, env = "LOGIN_LOCKOUT_S", default_value_t = Self::DEFAULT.login_lockout_s,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_lockout_s: u32,
    /// How long a lock-out lasts at most, in seconds.
    #[arg(long, env = "LOGIN_LOCKOUT_MAX_S", default_value_t = Self::DEFAULT.login_lockout_max_s,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_lockout_max_s: u32,
    /// Registrations of players from one address within the window, after which further ones are refused with 429.
    #[arg(long, env = "REGISTRATIONS_PER_ADDRESS", default_value_t = Self::DEFAULT.registrations_per_address,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub registrations_per_address: u32,
    /// Names and addresses whose failed log-ins are remembered at once; beyond it the least recent is forgotten.
    #[arg(long, env = "LOGIN_FAILURES_TRACKED", default_value_t = Self::DEFAULT.login_failures_tracked,
        value_parser = clap::value_parser!(u32).range(1..))]
    pub login_failures_tracked: u32,
    /// Send session cookies over plain HTTP too. Only for a machine of one's own.
    #[arg(long, env = "COOKIE_INSECURE")]
    pub cookie_insecure: bool,
    /// Take a client's address from the last entry of X-Forwarded-For. Only where every request comes through a
    /// front door that writes this entry.
    #[arg(long, env = "TRUST_FORWARDED_FOR")]
    pub trust_forwarded_for: bool,
    /// The header in which the platform in front tells a client's address, such as `fly-client-ip`. It counts before
    /// X-Forwarded-For, which clients can write themselves where the platform replays their requests here.
    #[arg(long, env = "CLIENT_ADDRESS_HEADER")]
    pub client_address_header: Option<HeaderName>,
}

impl AccountLimits {
    const DEFAULT: Self = Self {
        session_s: 7 * 24 * 60 * 60,
        sessions_per_person: 20,
        known_tokens: 100_000,
        session_sweep_s: 60,
        session_sweep_batch: 1000,
        password_workers: 2,
        password_queue: 128,
        password_wait_ms: 4000,
        login_failures_per_account: 10,
        login_failures_per_name: 100,
        login_failures_per_address: 1000,
        logins_at_once_per_name: 16,
        logins_at_once_per_address: 64,
        login_failure_window_s: 300,
        login_lockout_s: 60,
        login_lockout_max_s: 900,
        registrations_per_address: 100,
        login_failures_tracked: 100_000,
        cookie_insecure: false,
        trust_forwarded_for: false,
        client_address_header: None,
    };
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

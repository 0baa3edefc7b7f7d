//! The commands that create the first operators and staff of an installation.
//! Must never take a password from the command line, where other people of the machine see it.

use std::error::Error;
use std::io::{BufRead, IsTerminal};

use clap::Args;
use shared::clock::Clock;
use shared::db::{Db, DbError, DbLimits};
use shared::ids::{OperatorId, Subdomain};
use shared::money::Currency;
use shared::random::Random;
use shared::theme::DisplayName;
use tokio_util::task::TaskTracker;

use super::create::{Founding, NewOperator, NewStaff, create_operator, find_operator};
use super::error::{CreateError, PasswordError};
use super::limits::AccountLimits;
use super::passwords::Passwords;
use super::rights::Role;
use super::rules::{Password, StaffLogin, TextError};
use crate::audit::{Action, Change, Doer, record};
use crate::registration::is_reserved;
use crate::staff::{self, StaffError};

/// Options of `write-api add-operator`.
#[derive(Debug, Args)]
pub(crate) struct AddOperator {
    /// Its name in URLs: letters, digits and dashes.
    #[arg(long, value_parser = free_subdomain)]
    subdomain: Subdomain,
    /// Its name for people.
    #[arg(long)]
    name: DisplayName,
    /// The currency of its books, for ever: three letters of ISO 4217.
    #[arg(long, default_value = "USD", value_parser = currency)]
    currency: Currency,
    #[command(flatten)]
    target: Target,
}

/// Options of `write-api add-staff`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("employer").required(true).args(["platform", "operator"]))]
pub(crate) struct AddStaff {
    /// The new person administers the platform.
    #[arg(long)]
    platform: bool,
    /// The new person administers the operator of this subdomain.
    #[arg(long, value_name = "SUBDOMAIN", value_parser = subdomain)]
    operator: Option<Subdomain>,
    /// What staff of the platform may do.
    #[arg(long, value_enum, default_value_t = Role::Owner, conflicts_with = "operator")]
    role: Role,
    /// The log-in name: 3 to 50 letters, digits or underscores.
    #[arg(long, value_parser = StaffLogin::parse)]
    login: StaffLogin,
    #[command(flatten)]
    target: Target,
}

/// Options of `write-api reset-totp`.
#[derive(Debug, Args)]
pub(crate) struct ResetTotp {
    /// The log-in name of who has lost the second factor.
    #[arg(long, value_parser = StaffLogin::parse)]
    login: StaffLogin,
    #[command(flatten)]
    target: Target,
}

/// The database that a command works on.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The database, as postgres://user:password@host:port/name.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(flatten)]
    limits: DbLimits,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Standard input could not be read.
    #[error("the password can't be read from standard input: {0}")]
    Input(#[from] std::io::Error),
    /// The password will not do.
    #[error("the password, one line of standard input, {0}")]
    Text(#[from] TextError),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// What was to be created was refused.
    #[error(transparent)]
    Refused(CreateError),
    /// The new person was refused.
    #[error(transparent)]
    Staff(StaffError),
    /// The database can't be used.
    #[error("{0}{cause}", cause = reason(.0))]
    Database(#[from] DbError),
}

impl From<CreateError> for CommandError {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Database(error) => Self::Database(error),
            refused => Self::Refused(refused),
        }
    }
}

impl From<StaffError> for CommandError {
    fn from(error: StaffError) -> Self {
        match error {
            StaffError::Database(error) => Self::Database(error),
            refused => Self::Staff(refused),
        }
    }
}

/// What lies behind an error: these are read by the people who run the service.
pub(crate) fn reason(error: &DbError) -> String {
    error
        .source()
        .map_or_else(String::new, |cause| format!(": {cause}"))
}

pub(crate) fn subdomain(text: &str) -> Result<Subdomain, &'static str> {
    Subdomain::parse(text).ok_or("must be 1 to 63 letters, digits or dashes, with no dash at an end")
}

fn free_subdomain(text: &str) -> Result<Subdomain, &'static str> {
    let subdomain = subdomain(text)?;
    if is_reserved(&subdomain) {
        return Err("is reserved for the service itself");
    }
    Ok(subdomain)
}

fn currency(text: &str) -> Result<Currency, &'static str> {
    Currency::parse(text).ok_or("must be three upper-case letters of ISO 4217, such as EUR")
}

impl Target {
    /// A pool with it.
    pub(crate) fn open(&self, clock: &Clock) -> Result<Db, DbError> {
        let limits = self.limits.clone();
        let tasks = TaskTracker::new();
        Db::new(
            &self.database_url,
            "write-api command",
            limits,
            tasks,
            clock.clone(),
        )
    }
}

/// Creates an operator and says its number.
pub(crate) async fn add_operator(
    options: AddOperator,
    clock: &Clock,
    random: &Random,
) -> Result<(), CommandError> {
    let db = options.target.open(clock)?;
    let new = NewOperator {
        subdomain: options.subdomain,
        name: options.name,
        currency: options.currency,
    };
    let (founding, subdomain) = (Founding::draw(random, clock.now()), new.subdomain.clone());
    let created = db
        .write(move |db| {
            let (new, founding) = (new.clone(), founding.clone());
            Box::pin(async move {
                let created = create_operator(db, &new, &founding).await?;
                let doer = Doer::at_console(created.id, founding.at());
                record(created.id, db, &doer, Action::OperatorAdded, Change::default()).await?;
                Ok::<_, CreateError>(created)
            })
        })
        .await?;
    db.close().await;
    let (operator, code) = (created.id, created.code.as_str());
    println!("operator {subdomain} was created and has the number {operator} and the referral code {code}");
    Ok(())
}

/// Creates staff with the password that stands on the first line of standard input.
pub(crate) async fn add_staff(options: AddStaff, clock: &Clock, random: &Random) -> Result<(), CommandError> {
    let db = options.target.open(clock)?;
    let password = tokio::task::spawn_blocking(read_password)
        .await
        .map_err(PasswordError::from)??;
    let passwords = Passwords::new(&AccountLimits::default());
    let new = NewStaff {
        login: options.login,
        password: passwords.hash(&password, random).await?,
        email: None,
        role: options.role,
    };
    let (now, employer, login) = (clock.now(), options.operator, new.login.clone());
    db.write(move |db| {
        let (new, employer) = (new.clone(), employer.clone());
        Box::pin(async move {
            let operator = match employer {
                Some(subdomain) => find_operator(db, &subdomain).await?,
                None => OperatorId::PLATFORM,
            };
            staff::add(&Doer::at_console(operator, now), db, &new).await
        })
    })
    .await?;
    db.close().await;
    println!("{} can log in now", login.as_str());
    Ok(())
}

/// Takes the second factor of staff away: for owners who have nobody else to ask.
pub(crate) async fn reset_totp(options: ResetTotp, clock: &Clock) -> Result<(), CommandError> {
    let db = options.target.open(clock)?;
    let (now, login) = (clock.now(), options.login.clone());
    db.write(move |db| {
        let login = login.clone();
        Box::pin(async move {
            let found = staff::find(db, &login).await?;
            let (operator, staff) = found.ok_or(StaffError::NoStaff)?;
            staff::reset_second_factor(&Doer::at_console(operator, now), db, staff).await
        })
    })
    .await?;
    db.close().await;
    println!("{} can log in without a code now", options.login.as_str());
    Ok(())
}

fn read_password() -> Result<Password, CommandError> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprintln!("Password (it will be shown while you type; better pipe it in):");
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let text = line.trim_end_matches(['\r', '\n']);
    Ok(Password::for_new_account(text)?)
}

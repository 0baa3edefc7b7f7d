//! The route with which a sportsbook registers, and that of the code with which it recommends others. Must never make
//! an operator without a code of another one.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::field::{FieldError, noted};
use shared::http::{JsonBody, Private};
use shared::ids::OperatorId;
use shared::money::Currency;
use shared::problem::{Problem, ProblemBody};
use shared::theme::DisplayName;
use utoipa::ToSchema;

use super::founding::{FoundingError, Named, Sponsor, found};
use super::rules::ReferralCode;
use super::store;
use crate::accounts::{Email, NewStaff, OperatorStaff, Password, Role, StaffLogin, Visitor};
use crate::app::{App, SharedApp};
use crate::treasury::http::ShownWallets;

/// Fewest characters of a sportsbook's name.
const LEAST_NAME_CHARS: usize = 3;

/// A sportsbook to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// 3 to 100 characters of any script. Unique in the installation, in any case.
    sportsbook_name: String,
    /// The log-in name of its first staff: 3 to 50 letters, digits or underscores. Unique in the installation.
    login: String,
    /// 8 characters or more, at most 200 bytes.
    password: String,
    /// Where its staff can be written to.
    email: Option<String>,
    /// The code of an operator.
    referral_code: String,
    /// What its books are kept in, for ever: three letters of ISO 4217, by default `USD`.
    currency: Option<String>,
}

/// What a registration says, checked.
#[derive(Clone, Debug)]
struct Wanted {
    name: DisplayName,
    login: StaffLogin,
    password: Password,
    email: Option<Email>,
    code: ReferralCode,
    currency: Currency,
}

impl Registration {
    /// Every member that holds what it may not is named.
    fn checked(&self) -> Result<Wanted, Vec<FieldError>> {
        let mut errors = Vec::new();
        let name = noted(&mut errors, "sportsbook_name", name_of(&self.sportsbook_name));
        let login = noted(&mut errors, "login", StaffLogin::parse(&self.login));
        let password = noted(&mut errors, "password", Password::for_new_account(&self.password));
        let email = self.email.as_deref().filter(|email| !email.trim().is_empty());
        let email = noted(&mut errors, "email", email.map(Email::parse).transpose());
        let code = ReferralCode::parse(&self.referral_code).ok_or("must be 6 to 20 letters and digits");
        let code = noted(&mut errors, "referral_code", code);
        let currency = self
            .currency
            .as_deref()
            .map_or(Some(Currency::USD), Currency::parse);
        let currency = currency.ok_or("must be three upper-case letters of ISO 4217, such as EUR");
        let currency = noted(&mut errors, "currency", currency);
        match (name, login, password, email, code, currency) {
            (Some(name), Some(login), Some(password), Some(email), Some(code), Some(currency)) => {
                Ok(Wanted {
                    name,
                    login,
                    password,
                    email,
                    code,
                    currency,
                })
            }
            _ => Err(errors),
        }
    }
}

pub(super) fn name_of(text: &str) -> Result<DisplayName, String> {
    let name: DisplayName = text
        .parse()
        .map_err(|error: shared::theme::ValueError| error.to_string())?;
    if name.as_str().chars().count() < LEAST_NAME_CHARS {
        return Err(format!("must have at least {LEAST_NAME_CHARS} characters"));
    }
    Ok(name)
}

/// A sportsbook that registered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Registered {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    sportsbook_name: String,
    /// The log-in name of its first staff.
    login: String,
    /// Its name in URLs, made from its name for people.
    subdomain: String,
    operator_id: OperatorId,
    /// Where its staff log in.
    admin_url: String,
    /// Where its players go.
    sportsbook_url: String,
    /// With which it can recommend others.
    referral_code: String,
    wallets: ShownWallets,
}

/// Makes a new operator with its four wallets and its first staff. Its address is made from its name: the whole name,
/// its first 15 or 10 letters and digits, or its first 8 and a number, whatever is free.
#[utoipa::path(post, path = "/api/register-sportsbook", tag = "accounts", request_body = Registration,
    responses((status = 201, body = Registered), (status = "4XX", body = ProblemBody)))]
pub(crate) async fn register(
    State(app): State<SharedApp>,
    visitor: Visitor,
    JsonBody(body): JsonBody<Registration>,
) -> Result<(StatusCode, Private<Registered>), Problem> {
    let wanted = body.checked().map_err(Problem::invalid_fields)?;
    app.passwords.count_registration(visitor.address(), &app.clock)?;
    // Before any work is done for it.
    referrer(&app, wanted.code.clone()).await?;
    let password = app.passwords.hash(&wanted.password, &app.random).await?;
    let staff = NewStaff {
        login: wanted.login.clone(),
        password,
        email: wanted.email.clone(),
        role: Role::Owner,
    };
    let named = Named {
        name: wanted.name.clone(),
        currency: wanted.currency,
    };
    let sponsor = Sponsor::Operator(wanted.code.clone(), visitor.clone());
    let (subdomain, created) = found(&app, &named, &staff, &sponsor).await?;
    let (operator, code) = (created.id, created.code.as_str().to_owned());
    app.readers.push(created.news).await;
    Ok((
        StatusCode::CREATED,
        Private(Registered {
            success: true,
            message: "Sportsbook registered successfully",
            sportsbook_name: wanted.name.as_str().to_owned(),
            login: wanted.login.as_str().to_owned(),
            admin_url: format!("/{subdomain}/admin"),
            sportsbook_url: format!("/{subdomain}"),
            subdomain: subdomain.to_string(),
            operator_id: operator,
            referral_code: code,
            wallets: ShownWallets::of_new_operator(wanted.currency),
        }),
    ))
}

async fn referrer(app: &App, code: ReferralCode) -> Result<OperatorId, Problem> {
    let found = app.db.read(move |db| {
        let code = code.clone();
        Box::pin(async move { Ok::<_, DbError>(store::referrer(db, &code).await?) })
    });
    found.await?.ok_or_else(|| {
        let detail = "There is no operator with this referral code";
        Problem::refused_field("unknown_referral_code", "referral_code", detail)
    })
}

/// The code with which an operator recommends others.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnReferralCode {
    /// Always true.
    success: bool,
    referral_code: String,
    /// Operators that registered with it.
    referred: i64,
}

/// The operator's own referral code. It may be used any number of times, as long as the operator is active.
#[utoipa::path(get, path = "/api/admin/{subdomain}/referral-code", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = OwnReferralCode), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn referral_code(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<OwnReferralCode>, Problem> {
    let operator = staff.operator;
    let own = app
        .db
        .read(move |db| Box::pin(async move { Ok::<_, DbError>(store::own_code(operator, db).await?) }));
    let own = own.await?;
    Ok(Private(OwnReferralCode {
        success: true,
        referral_code: own.code,
        referred: own.referred,
    }))
}

impl From<FoundingError> for Problem {
    fn from(error: FoundingError) -> Self {
        match error {
            FoundingError::NoFreeAddress => {
                let detail = "No address like this name is free. Please choose another name.";
                Self::refused_field("no_free_address", "sportsbook_name", detail)
            }
            FoundingError::Refused(error) => error.into(),
        }
    }
}

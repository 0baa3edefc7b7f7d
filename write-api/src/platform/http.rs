//! The routes with which the platform's staff see and change operators. Must never be open to an operator's own staff.

use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use shared::db::DbError;
use shared::field::FieldError;
use shared::http::{JsonBody, OptionalJson, Private, QueryParams};
use shared::ids::{OperatorId, PathNumber};
use shared::money::Money;
use shared::problem::{Problem, ProblemBody};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::changes::{self, PlatformError};
use super::store::{self, Filter, OperatorRow};
use crate::accounts::{AccountError, Password, PlatformStaff, Proof, Right, Visitor, new_password};
use crate::app::SharedApp;
use crate::audit::PlatformDoer;
use crate::coherence::{Announced, Committed};
use crate::paging::{PageQuery, Pagination};

/// Longest text that is searched for, in characters.
const MAX_SEARCH_CHARS: usize = 100;

/// Which operators.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OperatorsQuery {
    /// Part of the name, the subdomain or a log-in name, in any case; at most 100 characters.
    search: Option<String>,
    /// `active` or `disabled`.
    status: Option<String>,
}

impl OperatorsQuery {
    fn filter(self) -> Result<Filter, Vec<FieldError>> {
        let mut errors = Vec::new();
        let search = self.search.filter(|search| !search.trim().is_empty());
        let is_unfit = |search: &String| search.contains('\0') || search.chars().count() > MAX_SEARCH_CHARS;
        if search.as_ref().is_some_and(is_unfit) {
            let detail = format!("must be text of at most {MAX_SEARCH_CHARS} characters");
            errors.push(FieldError::new("search", detail));
        }
        let is_active = match self.status.as_deref() {
            None => None,
            Some("active") => Some(true),
            Some("disabled") => Some(false),
            Some(_) => {
                errors.push(FieldError::new("status", "must be active or disabled"));
                None
            }
        };
        if errors.is_empty() {
            let search = search.map(|search| search.trim().to_owned());
            Ok(Filter { search, is_active })
        } else {
            Err(errors)
        }
    }
}

/// A page of the operators, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorList {
    /// Always true.
    success: bool,
    operators: Vec<ShownOperator>,
    pagination: Pagination,
}

/// An operator. Its number of players is some seconds old at most, rounds and revenue are those of now.
#[derive(Debug, Serialize, ToSchema)]
struct ShownOperator {
    id: OperatorId,
    sportsbook_name: String,
    subdomain: String,
    /// The log-in name of its first staff, and where to write to.
    login: Option<String>,
    email: Option<String>,
    currency: String,
    is_active: bool,
    casino_enabled: bool,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    user_count: i64,
    /// Rounds and bets that settled.
    bet_count: i64,
    /// What the casino earned: the stakes less the payouts of the rounds that settled.
    #[schema(value_type = f64)]
    casino_revenue: Money,
    /// What bets on sports earned, in the same way; what is settled anew counts by the difference.
    #[schema(value_type = f64)]
    sportsbook_revenue: Money,
}

impl From<OperatorRow> for ShownOperator {
    fn from(row: OperatorRow) -> Self {
        Self {
            casino_revenue: row.currency.money(row.casino_revenue),
            sportsbook_revenue: row.currency.money(row.sports_revenue),
            id: row.id,
            sportsbook_name: row.name,
            subdomain: row.subdomain,
            login: row.login,
            email: row.email,
            currency: row.currency.code().to_owned(),
            is_active: row.is_active,
            casino_enabled: row.casino_enabled,
            created_at: row.created_at,
            user_count: row.players,
            bet_count: row.rounds,
        }
    }
}

/// The operators of the platform, also those that are disabled.
#[utoipa::path(get, path = "/api/superadmin/operators", tag = "platform", params(PageQuery, OperatorsQuery),
    security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = OperatorList), (status = 422, body = ProblemBody)))]
pub(crate) async fn operators(
    _staff: PlatformStaff,
    State(app): State<SharedApp>,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<OperatorsQuery>,
) -> Result<Private<OperatorList>, Problem> {
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        let filter = filter.clone();
        Box::pin(async move { Ok::<_, DbError>(store::page(db, &filter, page).await?) })
    });
    let (rows, total) = read.await?;
    Ok(Private(OperatorList {
        success: true,
        operators: rows.into_iter().map(ShownOperator::from).collect(),
        pagination: page.of(total),
    }))
}

/// Which operator.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OperatorPath {
    /// The operator's number.
    id: String,
}

impl OperatorPath {
    pub(crate) fn operator(&self) -> Result<OperatorId, PlatformError> {
        let id = PathNumber::parse(&self.id).ok_or(PlatformError::NoOperator)?;
        // The platform is nobody's operator.
        Some(OperatorId::new(id.get()))
            .filter(|id| *id != OperatorId::PLATFORM)
            .ok_or(PlatformError::NoOperator)
    }
}

/// How the operator should be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object that may have is_active")]
pub(crate) struct ToggleOperator {
    /// Whether it is served; left out: the other way round.
    #[serde(default, deserialize_with = "shared::http::present")]
    #[schema(value_type = bool, required = false)]
    is_active: Option<bool>,
}

/// How the operator is now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorSwitch {
    is_active: bool,
    /// `active` or `disabled`.
    new_status: &'static str,
}

/// Disables an operator, or enables it again. While it is disabled its pages are 404, nobody logs in, no session of its
/// players and staff holds, and no bet is taken; rounds that are paid for are finished. Only owners and
/// support may.
#[utoipa::path(post, path = "/api/superadmin/operators/{id}/toggle", tag = "platform", params(OperatorPath),
    request_body = Option<ToggleOperator>, security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = Announced<OperatorSwitch>),
        (status = 404, body = ProblemBody)))]
pub(crate) async fn toggle(
    doer: PlatformDoer,
    State(app): State<SharedApp>,
    Path(path): Path<OperatorPath>,
    OptionalJson(asked): OptionalJson<ToggleOperator>,
) -> Result<Private<Announced<OperatorSwitch>>, Problem> {
    let doer = doer.require(Right::Switch)?.at(path.operator()?);
    let db = app.db.clone();
    let change = async move {
        let switch = db.write(move |db| {
            let doer = doer.clone();
            Box::pin(async move { changes::switch(&doer, db, asked.is_active).await })
        });
        let (saved, is_active) = switch.await?;
        let (message, new_status) = if is_active {
            ("Operator enabled", "active")
        } else {
            ("Operator disabled", "disabled")
        };
        Ok::<_, PlatformError>(Committed {
            saved,
            message,
            more: OperatorSwitch {
                is_active,
                new_status,
            },
        })
    };
    app.readers.announce(change).await
}

/// Another password for staff of an operator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with new_password and current_password"
)]
pub(crate) struct PasswordReset {
    /// 8 characters or more, at most 200 bytes.
    new_password: String,
    /// Whose; left out: the first staff that the operator had.
    login: Option<String>,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// A password was reset.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PasswordWasReset {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// Whose.
    login: String,
    /// Sessions that ended with it.
    sessions_ended: u64,
}

/// Gives staff of an operator another password and ends their sessions. Only owners may.
#[utoipa::path(post, path = "/api/superadmin/operators/{id}/reset-password", tag = "platform", params(OperatorPath),
    request_body = PasswordReset, security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = PasswordWasReset),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn reset_password(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<OperatorPath>,
    JsonBody(asked): JsonBody<PasswordReset>,
) -> Result<Private<PasswordWasReset>, Problem> {
    let doer = doer.require(Right::People)?.at(path.operator()?);
    let new = new_password(&asked.new_password)?;
    if asked.login.as_ref().is_some_and(|login| login.contains('\0')) {
        return Err(PlatformError::NoStaff.into());
    }
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(&app, &visitor, &doer).await?;
    let password = app
        .passwords
        .hash(&new, &app.random)
        .await
        .map_err(AccountError::from)?;
    let reset = app.db.write(move |db| {
        let (doer, proved) = (doer.clone(), proved.clone());
        let (password, login) = (password.clone(), asked.login.clone());
        Box::pin(async move {
            let reset = changes::reset_password(&doer, db, login.as_deref(), &password).await?;
            proved.admit(db).await?;
            Ok::<_, PlatformError>(reset)
        })
    });
    let (login, sessions_ended) = reset.await?;
    Ok(Private(PasswordWasReset {
        success: true,
        message: "Password reset successfully",
        login,
        sessions_ended,
    }))
}

/// Who of the operator's staff has lost the second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object with login and current_password")]
pub(crate) struct SecondFactorReset {
    /// The log-in name.
    login: String,
    /// The doer's own.
    #[schema(value_type = String)]
    current_password: Password,
    /// Six digits of the doer's authenticator app, or a recovery code. Asked for by `proof_required`.
    code: Option<String>,
}

/// A second factor was taken away, if there was one.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecondFactorWasReset {
    /// Always true.
    success: bool,
    /// For people.
    message: &'static str,
    /// Whose.
    login: String,
}

/// Takes the second factor of an operator's staff away, who has lost it. Only owners may.
#[utoipa::path(post, path = "/api/superadmin/operators/{id}/reset-totp", tag = "platform", params(OperatorPath),
    request_body = SecondFactorReset, security(("bearer" = []), ("platform_cookie" = [])),
    responses((status = 200, body = SecondFactorWasReset),
        (status = 404, body = ProblemBody),
        (status = 429, body = ProblemBody)))]
pub(crate) async fn reset_second_factor(
    doer: PlatformDoer,
    visitor: Visitor,
    State(app): State<SharedApp>,
    Path(path): Path<OperatorPath>,
    JsonBody(asked): JsonBody<SecondFactorReset>,
) -> Result<Private<SecondFactorWasReset>, Problem> {
    let doer = doer.require(Right::People)?.at(path.operator()?);
    if asked.login.contains('\0') {
        return Err(PlatformError::NoStaff.into());
    }
    let proof = Proof::new(asked.current_password, asked.code.as_deref());
    let proved = proof.check(&app, &visitor, &doer).await?;
    let reset = app.db.write(move |db| {
        let (doer, proved, login) = (doer.clone(), proved.clone(), asked.login.clone());
        Box::pin(async move {
            let login = changes::reset_second_factor(&doer, db, &login).await?;
            proved.admit(db).await?;
            Ok::<_, PlatformError>(login)
        })
    });
    Ok(Private(SecondFactorWasReset {
        success: true,
        message: "Second factor reset successfully",
        login: reset.await?,
    }))
}

impl From<PlatformError> for Problem {
    fn from(error: PlatformError) -> Self {
        match error {
            PlatformError::NoOperator => Self::not_found("operator_not_found", "There is no such operator"),
            PlatformError::NoStaff => Self::not_found("staff_not_found", "The operator has no such staff"),
            PlatformError::Unproved(error) => error.into(),
            PlatformError::Database(error) => error.into(),
        }
    }
}

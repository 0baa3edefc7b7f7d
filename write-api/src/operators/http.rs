//! The routes with which staff change their operator.
//! Must never push a change before it is committed.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use shared::http::{JsonBody, OptionalJson, Private};
use shared::problem::{Problem, ProblemBody};
use shared::theme::Theme;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{ChangeError, changes, store};
use crate::accounts::OperatorStaff;
use crate::app::SharedApp;
use crate::audit::Doer;
use crate::coherence::{Announced, Committed, Nothing};

/// Most bad members that an answer names: more than there are good ones.
const MAX_ERRORS: usize = 100;

/// Changes the members of the operator's branding that are sent, and of its betting limits. `null` puts a member
/// back to its default. All of it is saved, or nothing: every bad member is named. A save that changes nothing
/// succeeds, keeps the version and tells no reader.
#[utoipa::path(post, path = "/api/branding/{subdomain}/update", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body(content = Object, content_type = "application/json"),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Announced<Nothing>), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn update_branding(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<Box<RawValue>>,
) -> Result<Private<Announced<Nothing>>, Problem> {
    let body: Arc<RawValue> = body.into();
    let db = app.db.clone();
    let change = async move {
        let save = db.write(move |db| {
            let (body, doer) = (Arc::clone(&body), doer.clone());
            Box::pin(async move { changes::save_branding(&doer, db, &body).await })
        });
        Ok::<_, ChangeError>(Committed {
            saved: save.await?,
            message: "Branding updated successfully",
            more: Nothing {},
        })
    };
    app.readers.announce(change).await
}

/// The members of a theme that are to be others, each as the theme has it. Only describes the body: a change reads it
/// member by member, to name every bad one.
pub struct ThemeChange;

impl PartialSchema for ThemeChange {
    fn schema() -> RefOr<Schema> {
        let mut schema = Theme::schema();
        if let RefOr::T(Schema::Object(theme)) = &mut schema {
            theme.required.clear();
            // No picture, as pages send it.
            let no_picture = ObjectBuilder::new()
                .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
                .description(Some(
                    "The picture that stands for the sign; null or empty for none.",
                ));
            theme
                .properties
                .insert("logoUrl".to_owned(), no_picture.build().into());
            theme.description = Some("The members of a theme that are to be others.".to_owned());
        }
        schema
    }
}

impl ToSchema for ThemeChange {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Theme::schemas(schemas);
    }
}

/// Changes the members of the operator's theme that are sent. All of them are saved, or nothing: every bad member
/// is named. A save that changes nothing succeeds, keeps the version and tells no reader.
#[utoipa::path(post, path = "/api/save-theme/{subdomain}", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = ThemeChange,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Announced<Nothing>), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn save_theme(
    doer: Doer,
    State(app): State<SharedApp>,
    JsonBody(body): JsonBody<Map<String, Value>>,
) -> Result<Private<Announced<Nothing>>, Problem> {
    let body = Arc::new(body);
    let db = app.db.clone();
    let change = async move {
        let save = db.write(move |db| {
            let (body, doer) = (Arc::clone(&body), doer.clone());
            Box::pin(async move { changes::save_theme(&doer, db, &body).await })
        });
        Ok::<_, ChangeError>(Committed {
            saved: save.await?,
            message: "Theme saved successfully",
            more: Nothing {},
        })
    };
    app.readers.announce(change).await
}

/// What to do with the casino switch.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ToggleCasino {
    /// On or off, also as `enabled`. Safe to repeat. Left out: the other way than it is now.
    #[serde(default, alias = "enabled", deserialize_with = "shared::http::present")]
    #[schema(value_type = bool, required = false)]
    casino_enabled: Option<bool>,
}

/// How the casino switch is.
#[derive(Debug, Serialize, ToSchema)]
pub struct CasinoSwitch {
    /// Whether casino bets are taken.
    casino_enabled: bool,
}

/// Turns the operator's casino on or off. Asking for what is already so succeeds, keeps the version and tells no
/// reader.
#[utoipa::path(post, path = "/api/admin/{subdomain}/toggle-casino", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    request_body = Option<ToggleCasino>,
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = Announced<CasinoSwitch>), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
pub async fn toggle_casino(
    doer: Doer,
    State(app): State<SharedApp>,
    OptionalJson(asked): OptionalJson<ToggleCasino>,
) -> Result<Private<Announced<CasinoSwitch>>, Problem> {
    let asked = asked.casino_enabled;
    let db = app.db.clone();
    let change = async move {
        let switch = db.write(move |db| {
            let doer = doer.clone();
            Box::pin(async move { changes::switch_casino(&doer, db, asked).await })
        });
        let (saved, casino_enabled) = switch.await?;
        Ok::<_, ChangeError>(Committed {
            saved,
            message: if casino_enabled {
                "Casino enabled"
            } else {
                "Casino disabled"
            },
            more: CasinoSwitch { casino_enabled },
        })
    };
    app.readers.announce(change).await
}

/// The casino switch, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CasinoSetting {
    success: bool,
    /// Whether casino bets are taken.
    casino_enabled: bool,
}

/// Tells whether the operator's casino is on.
#[utoipa::path(get, path = "/api/admin/{subdomain}/casino-setting", tag = "operators",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    security(("bearer" = []), ("operator_cookie" = [])),
    responses((status = 200, body = CasinoSetting), (status = 401, body = ProblemBody),
        (status = 404, body = ProblemBody)))]
pub async fn casino_setting(
    staff: OperatorStaff,
    State(app): State<SharedApp>,
) -> Result<Private<CasinoSetting>, Problem> {
    let operator = staff.operator;
    let found: Option<bool> = app
        .db
        .read(move |db| {
            Box::pin(async move { Ok::<_, ChangeError>(store::casino_enabled(operator, db).await?) })
        })
        .await?;
    Ok(Private(CasinoSetting {
        success: true,
        casino_enabled: found.ok_or(ChangeError::NoOperator)?,
    }))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Invalid(mut errors) => {
                errors.truncate(MAX_ERRORS);
                Self::invalid_fields(errors)
            }
            ChangeError::NoOperator => Self::not_found("operator_not_found", "Operator not found"),
            ChangeError::Database(error) => error.into(),
        }
    }
}

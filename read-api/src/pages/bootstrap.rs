//! `/api/bootstrap/{subdomain}`: everything the first paint needs in one body, put together from the pages that show the
//! same. Must never show anything that those pages don't.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use shared::coherence::Change;
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::app::{FillError, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::pages::Asked;
use crate::pages::leaderboards::{At, Board};

/// What the first paint of an operator's page needs.
#[derive(Serialize, ToSchema)]
pub struct Bootstrap<'a> {
    success: bool,
    /// As `branding` of `/api/branding/{subdomain}`.
    #[schema(value_type = Object)]
    branding: &'a RawValue,
    /// As `/api/load-theme/{subdomain}`.
    #[schema(value_type = Object)]
    theme: &'a RawValue,
    casino_enabled: bool,
    /// As `/api/sports/sports`.
    #[schema(value_type = Object)]
    sports: &'a RawValue,
    /// As `/api/public/user-leaderboard?operator={subdomain}`.
    #[schema(value_type = Object)]
    leaderboard: &'a RawValue,
}

/// Branding, theme, casino switch, sports with their counts and the first page of the operator's leaderboard, in one body.
#[utoipa::path(get, path = "/api/bootstrap/{subdomain}", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    responses((status = 200, body = Bootstrap<'static>), (status = 304), (status = 404, body = ProblemBody)))]
pub async fn bootstrap(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = super::operator(&reader, &subdomain).await?;
    super::serve(&reader, Asked::of(&operator, Page::Bootstrap), &headers).await
}

/// Puts the page together from others, each brought up to date first.
///
/// # Errors
/// When one of them can't be made.
pub async fn make(reader: &SharedReader, id: OperatorId) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let mut versions = Vec::new();
    let mut bodies: Vec<Bytes> = Vec::new();
    for page in [
        Page::Branding(id),
        Page::Theme(id),
        Page::CasinoEnabled(id),
        Page::Sports,
        Page::Leaders(Board::PlayersOf(id), At::FIRST),
    ] {
        let deadline = began + Duration::from_millis(reader.options.cache.fill_wait_ms);
        let part = super::up_to_date(reader, page, deadline).await;
        let part = part.ok_or_else(|| FillError::Render(format!("{page:?} can't be made")))?;
        add(&mut versions, part.versions());
        bodies.push(part.identity().clone());
    }
    super::render(reader, began, versions, &CHANGEABLE, move || {
        let [branding, theme, casino, sports, leaderboard] = &bodies[..] else {
            return Err(serde::de::Error::custom("a part is missing"));
        };
        Body::json(&Bootstrap {
            success: true,
            branding: serde_json::from_slice::<Branding<'_>>(branding)?.branding,
            theme: serde_json::from_slice(theme)?,
            casino_enabled: serde_json::from_slice::<Casino>(casino)?.casino_enabled,
            sports: serde_json::from_slice(sports)?,
            leaderboard: serde_json::from_slice(leaderboard)?,
        })
    })
    .await
}

#[derive(Deserialize)]
struct Branding<'a> {
    #[serde(borrow)]
    branding: &'a RawValue,
}

#[derive(Deserialize)]
struct Casino {
    casino_enabled: bool,
}

/// Of a topic that two parts are made of, the page is only as new as the older of them.
fn add(versions: &mut Vec<Change>, more: &[Change]) {
    for change in more {
        match versions.iter_mut().find(|known| known.topic == change.topic) {
            Some(known) => known.version = known.version.min(change.version),
            None => versions.push(*change),
        }
    }
}

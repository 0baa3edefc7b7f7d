//! `/api/{subdomain}/casino-enabled`: the casino switch, from the directory. Must never be what a bet is checked against.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use shared::ids::OperatorId;
use shared::problem::{Problem, ProblemBody};
use utoipa::ToSchema;

use crate::app::{FillError, Job, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::pages::Asked;

/// The casino switch.
#[derive(Serialize, ToSchema)]
pub struct CasinoEnabled {
    success: bool,
    casino_enabled: bool,
}

/// Whether an operator's casino is open.
#[utoipa::path(get, path = "/api/{subdomain}/casino-enabled", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    responses((status = 200, body = CasinoEnabled), (status = 304), (status = 404, body = ProblemBody)))]
pub async fn casino_enabled(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = super::operator(&reader, &subdomain).await?;
    super::serve(&reader, Asked::of(&operator, Page::CasinoEnabled), &headers).await
}

/// Renders the page from the directory, brought up to date first.
///
/// # Errors
/// When the operator is not in the directory.
pub async fn make(reader: &SharedReader, id: OperatorId) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let missing = || FillError::Render("the operator is not in the directory".to_owned());
    let held = reader.directory.get(id).ok_or_else(missing)?;
    if reader.versions.load().of(held.change().topic) > held.version
        && let Some(flight) = reader.refresh(Job::Directory)
    {
        flight
            .ended(Duration::from_millis(reader.options.cache.fill_wait_ms))
            .await;
    }
    let operator = reader.directory.get(id).ok_or_else(missing)?;
    let versions = vec![operator.change()];
    super::render(reader, began, versions, &CHANGEABLE, move || {
        Body::json(&CasinoEnabled {
            success: true,
            casino_enabled: operator.casino_enabled,
        })
    })
    .await
}

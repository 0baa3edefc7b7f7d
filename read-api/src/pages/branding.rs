//! `/api/branding/{subdomain}`: an operator's settings over the defaults. Must never show an operator's log-in e-mail.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::value::RawValue;
use shared::branding::{BettingLimits, BrandedOperator, BrandingAnswer, BrandingSettings, render};
use shared::coherence::Kind;
use shared::ids::{OperatorId, Subdomain, Version};
use shared::money::{Currency, Minor};
use shared::problem::{Problem, ProblemBody};
use sqlx::postgres::PgConnection;
use time::OffsetDateTime;

use crate::app::{FillError, Reader, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::databases::Source;
use crate::pages::Asked;

/// The branding of an operator: its settings merged over the defaults.
#[utoipa::path(get, path = "/api/branding/{subdomain}", tag = "pages",
    params(("subdomain" = String, Path, description = "The operator's name in URLs")),
    responses((status = 200, body = BrandingAnswer), (status = 304), (status = 404, body = ProblemBody)))]
pub async fn branding(
    State(reader): State<SharedReader>,
    Path(subdomain): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let operator = super::operator(&reader, &subdomain).await?;
    super::serve(&reader, Asked::of(&operator, Page::Branding), &headers).await
}

struct Row {
    subdomain: String,
    name: String,
    created_at: OffsetDateTime,
    currency: String,
    branding: String,
    min_stake: Minor,
    max_stake: Minor,
    max_payout: Minor,
    branding_version: Version,
    operator_version: Version,
}

/// Fetches and renders the page.
///
/// # Errors
/// What the database does.
pub async fn make(reader: &Reader, source: Source, id: OperatorId) -> Result<Entry, FillError> {
    let began = reader.clock.elapsed();
    let row = reader
        .fetch(source, move |db| Box::pin(async move { Ok(find(id, db).await?) }))
        .await?;
    let versions = vec![
        super::read_version(id, Kind::Branding, row.branding_version),
        super::read_version(id, Kind::Operator, row.operator_version),
    ];
    let bad = |what: &str| FillError::Render(format!("the stored {what} can't be read"));
    let currency = Currency::parse(&row.currency).ok_or_else(|| bad("currency"))?;
    let stored = RawValue::from_string(row.branding).map_err(|_| bad("branding"))?;
    let operator = BrandedOperator {
        id,
        name: row.name.parse().map_err(|_| bad("name"))?,
        subdomain: Subdomain::parse(&row.subdomain).ok_or_else(|| bad("subdomain"))?,
        created_at: row.created_at,
    };
    let limits = BettingLimits {
        currency,
        min_bet: row.min_stake,
        max_bet: row.max_stake,
        max_payout: row.max_payout,
    };
    super::render(reader, began, versions, &CHANGEABLE, move || {
        Body::json(&render(
            &BrandingSettings::from_stored(&stored),
            &limits,
            &operator,
        ))
    })
    .await
}

async fn find(operator: OperatorId, db: &mut PgConnection) -> Result<Row, sqlx::Error> {
    sqlx::query_as!(
        Row,
        r#"
        select
            o.subdomain,
            o.name,
            o.created_at,
            o.currency,
            s.branding::text as "branding!",
            s.min_stake as "min_stake: Minor",
            s.max_stake as "max_stake: Minor",
            s.max_payout as "max_payout: Minor",
            coalesce(b.version, 0) as "branding_version!: Version",
            coalesce(v.version, 0) as "operator_version!: Version"
        from operators o
        join operator_settings s on s.operator_id = o.id
        left join cache_versions b on b.operator_id = o.id and b.kind = 'branding'
        left join cache_versions v on v.operator_id = o.id and v.kind = 'operator'
        where o.id = $1
        "#,
        operator.get(),
    )
    .fetch_one(db)
    .await
}

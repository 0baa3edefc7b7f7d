//! `/api/public/…-leaderboard`: who won most in the running contest. The best of a board are held in memory, from when
//! somebody asks for it; a page is a part of them. Must never show an e-mail address, nor rank anything for a request.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use shared::http::QueryParams;
use shared::problem::{Problem, ProblemBody};
use utoipa::IntoParams;

use crate::app::{FillError, SharedReader};
use crate::cache::Page;
use crate::cache::entry::{Body, CHANGEABLE, Entry};
use crate::databases::Source;
use crate::pages::Asked;

mod board;
mod paging;
mod render;
mod store;

pub use board::{Board, Boards, fill};
pub use paging::At;
use render::{OperatorBoard, PlayerBoard};

/// Which part of the players' board.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlayersQuery {
    /// From 1, which is the default, to 1,000,000. A page behind the last has no entries.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// Entries on a page: 1 to 1000, by default 20.
    #[param(minimum = 1, maximum = 1000)]
    per_page: Option<u32>,
    /// Only the players of this operator, by subdomain.
    operator: Option<String>,
}

/// Which part of the operators' board.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OperatorsQuery {
    /// From 1, which is the default, to 1,000,000. A page behind the last has no entries.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// Entries on a page: 1 to 1000, by default 20.
    #[param(minimum = 1, maximum = 1000)]
    per_page: Option<u32>,
}

/// The active players who were paid more than they staked since the running contest began, or ever if none runs.
///
/// They are ordered by that profit, then by what they staked, then by age of operator and account. Amounts are in the
/// currency of each player's operator; where these differ, the numbers are compared as they are shown, and added up so.
/// `total` and `stats` count everybody; `pages` are those that can be read, which ends at the reader's
/// `--leaderboard-depth` best.
#[utoipa::path(get, path = "/api/public/user-leaderboard", tag = "pages", params(PlayersQuery),
    responses((status = 200, body = PlayerBoard<'static>), (status = 304), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody)))]
pub async fn players(
    State(reader): State<SharedReader>,
    QueryParams(query): QueryParams<PlayersQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let at = At::read(query.page, query.per_page).map_err(Problem::invalid_fields)?;
    let asked = match query.operator {
        Some(subdomain) => {
            let operator = super::operator(&reader, &subdomain).await?;
            Asked::of(&operator, |id| Page::Leaders(Board::PlayersOf(id), at))
        }
        None => Page::Leaders(Board::Players, at).into(),
    };
    super::serve(&reader, asked, &headers).await
}

/// The active operators, by what their players staked since the running contest began, or ever if none runs.
///
/// Ties are ordered by rounds, then by age. Amounts are in each operator's currency; where these differ, the numbers are
/// compared as they are shown, and added up so. `user_count` is that of today. `total` and `stats` count every active
/// operator; `pages` are those that can be read, which ends at the reader's `--leaderboard-depth` best.
#[utoipa::path(get, path = "/api/public/partner-leaderboard", tag = "pages", params(OperatorsQuery),
    responses((status = 200, body = OperatorBoard<'static>), (status = 304), (status = 422, body = ProblemBody)))]
pub async fn operators(
    State(reader): State<SharedReader>,
    QueryParams(query): QueryParams<OperatorsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let at = At::read(query.page, query.per_page).map_err(Problem::invalid_fields)?;
    super::serve(&reader, Page::Leaders(Board::Operators, at), &headers).await
}

/// Renders a page of a board from what is held of it, brought up to date first.
///
/// # Errors
/// When the board is not in memory and can't be fetched.
pub async fn make(reader: &SharedReader, source: Source, board: Board, at: At) -> Result<Entry, FillError> {
    let held = board::up_to_date(reader, source, board).await?;
    let versions = vec![held.change];
    let is_beyond = at.is_beyond(held.standings.len());
    let entry = super::render(
        reader,
        held.fetched_at,
        versions,
        &CHANGEABLE,
        move || match &held.standings {
            board::Standings::Players(players) => {
                Body::json(&PlayerBoard::new(players, held.contest.as_ref(), at))
            }
            board::Standings::Operators(operators) => {
                Body::json(&OperatorBoard::new(operators, held.contest.as_ref(), at))
            }
        },
    )
    .await?;
    Ok(if is_beyond { entry.for_once() } else { entry })
}

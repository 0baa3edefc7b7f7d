//! The routes with which players look at their bets.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::http::{Private, QueryParams};
use shared::ids::{OperatorId, PlayerId};
use shared::money::{Minor, Money};
use shared::problem::{Problem, ProblemBody};
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};

use super::bets::{ShownBet, with_legs};
use crate::accounts::PlayerSession;
use crate::app::SharedApp;
use crate::betting::error::BetError;
use crate::betting::rules::verdict::Status;
use crate::betting::store::{self, BetRow, Filter, LegRow};
use crate::paging::{PageQuery, Pagination};

/// Which bets.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BetsQuery {
    /// `pending`, `won`, `lost`, `void` or `cashed_out`; `all`, which is the default, for all.
    status: Option<String>,
}

impl BetsQuery {
    fn filter(&self) -> Result<Filter, Vec<FieldError>> {
        match self.status.as_deref() {
            None | Some("all" | "") => Ok(Filter::default()),
            Some(name) => {
                let status = Status::parse(name).ok_or_else(|| {
                    vec![FieldError::new(
                        "status",
                        "must be pending, won, lost, void, cashed_out or all",
                    )]
                })?;
                Ok(Filter {
                    status: Some(status.as_str()),
                })
            }
        }
    }
}

/// A page of the bets of the player who asks, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnBets<'a> {
    success: bool,
    bets: Vec<ShownBet<'a>>,
    pagination: Pagination,
}

/// One bet of the player who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnBet<'a> {
    success: bool,
    bet: ShownBet<'a>,
}

/// The bets of the player who asks, the newest first.
#[utoipa::path(get, path = "/api/betting/bets", tag = "betting", params(PageQuery, BetsQuery),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = OwnBets), (status = 422, body = ProblemBody)))]
pub async fn list(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    QueryParams(page): QueryParams<PageQuery>,
    QueryParams(query): QueryParams<BetsQuery>,
) -> Result<Response, Problem> {
    let (page, filter) = page.read_with(query.filter()).map_err(Problem::invalid_fields)?;
    let read = app.db.read(move |db| {
        Box::pin(async move {
            let total = store::count(operator, db, player, filter).await?;
            let bets = store::bets(operator, db, player, filter, page).await?;
            let ids: Vec<i64> = bets.iter().map(|bet| bet.id).collect();
            let legs = store::legs_of(operator, db, &ids).await?;
            Ok::<_, BetError>((total, bets, legs))
        })
    });
    let (total, bets, legs) = read.await?;
    let shown = OwnBets {
        success: true,
        bets: with_legs(&bets, &legs),
        pagination: page.of(total),
    };
    Ok(Private(shown).into_response())
}

/// Which bet.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct BetPath {
    /// The bet's number.
    bet_id: String,
}

impl BetPath {
    /// The bet that is meant; none where there can be none.
    pub(super) fn bet(&self) -> Result<i64, BetError> {
        let is_number = self.bet_id.bytes().all(|byte| byte.is_ascii_digit());
        let id = is_number.then(|| self.bet_id.parse().ok()).flatten();
        id.ok_or(BetError::UnknownBet)
    }
}

/// One bet of the player who asks.
#[utoipa::path(get, path = "/api/betting/bet/{bet_id}", tag = "betting", params(BetPath),
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = OwnBet), (status = 404, body = ProblemBody)))]
pub async fn one(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
    Path(path): Path<BetPath>,
) -> Result<Response, Problem> {
    let id = path.bet()?;
    let read = app
        .db
        .read(move |db| Box::pin(async move { find(operator, db, player, id).await }));
    let (bet, legs) = read.await?;
    let shown = OwnBet {
        success: true,
        bet: ShownBet::new(&bet, &legs),
    };
    Ok(Private(shown).into_response())
}

async fn find(
    operator: OperatorId,
    db: &mut PgConnection,
    player: PlayerId,
    id: i64,
) -> Result<(BetRow, Vec<LegRow>), BetError> {
    let bet = store::find_bet(operator, db, player, id)
        .await?
        .ok_or(BetError::UnknownBet)?;
    let legs = store::legs_of(operator, db, &[id]).await?;
    Ok((bet, legs))
}

/// What the bets of the player who asks came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct BetStats {
    /// Settled ones.
    total_bets: i64,
    pending_bets: i64,
    /// Settled bets that paid more than they cost, in percent.
    #[schema(value_type = f64)]
    win_rate: Money,
    /// Of settled bets.
    #[schema(value_type = f64)]
    total_staked: Money,
    #[schema(value_type = f64)]
    total_returned: Money,
    /// What was returned less what was staked.
    #[schema(value_type = f64)]
    profit_loss: Money,
    /// Stakes of pending bets.
    #[schema(value_type = f64)]
    pending_stakes: Money,
    currency: String,
}

/// The same under one name.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnStats {
    success: bool,
    stats: BetStats,
}

/// What the bets of the player who asks came to.
#[utoipa::path(get, path = "/api/betting/stats", tag = "betting",
    security(("bearer" = []), ("player_cookie" = [])),
    responses((status = 200, body = OwnStats)))]
pub async fn stats(
    State(app): State<SharedApp>,
    PlayerSession { operator, player, .. }: PlayerSession,
) -> Result<Private<OwnStats>, Problem> {
    let read = app.db.read(move |db| {
        Box::pin(async move { Ok::<_, BetError>(store::stats(operator, db, player).await?) })
    });
    let found = read.await?;
    let money = |amount| found.currency.money(amount);
    let per_mille = found.won * 1_000 / found.settled.max(1);
    Ok(Private(OwnStats {
        success: true,
        stats: BetStats {
            total_bets: found.settled,
            pending_bets: found.pending,
            win_rate: Money::new(Minor::new(per_mille), 1),
            total_staked: money(found.staked),
            total_returned: money(found.returned),
            profit_loss: money(Minor::new(found.returned.get() - found.staked.get())),
            pending_stakes: money(found.at_stake),
            currency: found.currency.code().to_owned(),
        },
    }))
}

//! Totals over the days of a period. Must never read a row for each operator and day to tell what all of them earned.

use shared::ids::OperatorId;
use shared::money::{Currency, Minor};
use sqlx::PgConnection;
use time::Date;

use super::Whose;
use crate::reports::rules::{Asked, Cut, Group};

/// Totals of one currency that are told apart as a [`Cut`] says.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) bucket: Option<Date>,
    pub(crate) currency: Currency,
    pub(crate) product: Option<String>,
    pub(crate) category: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) settled: i64,
    pub(crate) won: i64,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
    /// Rows on all pages.
    pub(crate) rows: i64,
}

impl Figures {
    /// What the house earned.
    pub(crate) const fn revenue(&self) -> Minor {
        Minor::new(self.staked.get() - self.paid.get())
    }
}

/// Totals as `cut` says: the newest first, then what earned most. Of the two tables that are kept, the one that is not
/// asked is not touched, whatever plan was made; what is due is always read whole, and is little.
pub(crate) async fn figures(
    whose: Whose,
    db: &mut PgConnection,
    asked: &Asked,
    cut: Cut,
    limit: i64,
    offset: i64,
) -> Result<Vec<Figures>, sqlx::Error> {
    sqlx::query_as!(
        Figures,
        r#"
        with totals as (
            select currency, day, product, category, kind, settled, won, staked, paid
            from daily_totals
            join operators on operators.id = operator_id
            where operator_id = $1 and day between $2 and $3
            union all
            select currency, day, product, category, kind, settled, won, staked, paid
            from currency_totals
            where $1::bigint is null and day between $2 and $3
            union all
            select currency, day, product, category, kind, settled, won, staked, paid
            from daily_totals_due
            join operators on operators.id = operator_id
            where ($1::bigint is null or operator_id = $1) and day between $2 and $3
        ),
        added as (
            select
                case $4::text
                    when 'day' then day
                    when 'week' then date_trunc('week', day::timestamp)::date
                    when 'month' then date_trunc('month', day::timestamp)::date
                end as bucket,
                currency,
                case when $5 then product end as product,
                case when $5 then category end as category,
                case when $6 then kind end as kind,
                sum(settled)::bigint as settled,
                sum(won)::bigint as won,
                sum(staked)::bigint as staked,
                sum(paid)::bigint as paid
            from totals
            where ($7::text is null or product = $7) and ($8::text is null or category = $8)
            group by 1, 2, 3, 4, 5
        )
        select
            bucket as "bucket?",
            currency as "currency!: Currency",
            product as "product?",
            category as "category?",
            kind as "kind?",
            settled as "settled!",
            won as "won!",
            staked as "staked!: Minor",
            paid as "paid!: Minor",
            count(*) over () as "rows!"
        from added
        order by bucket desc, staked - paid desc, currency, product, category, kind
        limit $9
        offset $10
        "#,
        whose.map(OperatorId::get),
        asked.period.from,
        asked.period.to,
        cut.bucket.map(Group::as_str),
        cut.by_category,
        cut.by_kind,
        cut.product,
        asked.category,
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

/// What one operator earned.
#[derive(Clone, Debug)]
pub(crate) struct OperatorFigures {
    pub(crate) operator: OperatorId,
    pub(crate) name: String,
    pub(crate) subdomain: String,
    pub(crate) currency: Currency,
    pub(crate) settled: i64,
    pub(crate) staked: Minor,
    pub(crate) paid: Minor,
    /// Rows on all pages.
    pub(crate) rows: i64,
}

/// Totals of each operator of which something settled, who earned most first. Whole months are read as such, and only
/// the days beside them one by one.
pub(crate) async fn by_operator(
    db: &mut PgConnection,
    asked: &Asked,
    limit: i64,
    offset: i64,
) -> Result<Vec<OperatorFigures>, sqlx::Error> {
    let parts = asked.period.in_months();
    sqlx::query_as!(
        OperatorFigures,
        r#"
        with totals as (
            select operator_id, category, settled, staked, paid
            from monthly_totals
            where month between $1 and $2
            union all
            select operator_id, category, settled, staked, paid
            from daily_totals
            where day = any ($3::date[])
            union all
            select operator_id, category, -settled, -staked, -paid
            from daily_totals
            where day = any ($4::date[])
            union all
            select operator_id, category, settled, staked, paid
            from daily_totals_due
            where day between $5 and $6
        ),
        added as (
            select
                operator_id,
                sum(settled)::bigint as settled,
                sum(staked)::bigint as staked,
                sum(paid)::bigint as paid
            from totals
            where $7::text is null or category = $7
            group by operator_id
            having (sum(settled), sum(staked), sum(paid)) <> (0, 0, 0)
        )
        select
            operators.id as "operator: OperatorId",
            operators.name,
            operators.subdomain,
            operators.currency as "currency: Currency",
            settled as "settled!",
            staked as "staked!: Minor",
            paid as "paid!: Minor",
            count(*) over () as "rows!"
        from added
        join operators on operators.id = operator_id
        order by staked - paid desc, operators.id
        limit $8
        offset $9
        "#,
        parts.months.from,
        parts.months.to,
        &parts.added,
        &parts.taken_off,
        asked.period.from,
        asked.period.to,
        asked.category,
        limit,
        offset,
    )
    .fetch_all(db)
    .await
}

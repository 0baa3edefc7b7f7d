//! Reports as CSV (RFC 4180). Must never let a text of a player run in a spreadsheet, nor hold a connection while a
//! client takes its time.

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use shared::db::DbError;

use super::rules::{Asked, Kind};
use super::shown::Row;
use super::store::players::{self, Place};
use super::store::{self, Whose};
use crate::app::SharedApp;

/// What begins a formula in a spreadsheet, wherever the cell's text comes from.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// A text that no spreadsheet takes for a formula.
pub(crate) fn harmless(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// The columns of a report.
const fn columns(report: Kind) -> &'static [&'static str] {
    match report {
        Kind::Revenue => &[
            "Date",
            "Category",
            "Platform",
            "Total Bets",
            "Total Stakes",
            "Total Payouts",
            "Revenue",
            "Profit Margin",
            "Currency",
        ],
        Kind::UserActivity => &[
            "Username",
            "Email",
            "Total Bets",
            "Total Staked",
            "Payout",
            "Profit",
            "Join Date",
            "Currency",
        ],
        Kind::BettingPatterns | Kind::TradingPatterns => &[
            "Date",
            "Sport",
            "Bet Type",
            "Count",
            "Total Amount",
            "Win Rate",
            "Currency",
        ],
        Kind::SportPerformance => &[
            "Sport",
            "Total Bets",
            "Total Stakes",
            "Won Bets",
            "Lost Bets",
            "Revenue",
            "Win Rate",
            "Currency",
        ],
        Kind::CasinoPerformance => &[
            "Game",
            "Total Games",
            "Total Stakes",
            "Won Games",
            "Lost Games",
            "Revenue",
            "Win Rate",
            "Currency",
        ],
    }
}

fn cells(row: &Row) -> Vec<String> {
    match row {
        Row::Revenue(row) => vec![
            row.report_date.to_string(),
            harmless(&row.category),
            row.platform.to_owned(),
            row.total_bets.to_string(),
            row.total_stakes.to_string(),
            row.total_payouts.to_string(),
            row.revenue.to_string(),
            row.profit_margin.to_string(),
            row.currency.clone(),
        ],
        Row::Pattern(row) => vec![
            row.bet_date.to_string(),
            harmless(&row.sport_name),
            harmless(&row.bet_type),
            row.count.to_string(),
            row.total_amount.to_string(),
            row.win_rate.to_string(),
            row.currency.clone(),
        ],
        Row::Sport(row) => vec![
            harmless(&row.sport_name),
            row.total_bets.to_string(),
            row.total_stakes.to_string(),
            row.won_bets.to_string(),
            row.lost_bets.to_string(),
            row.sport_revenue.to_string(),
            row.win_rate.to_string(),
            row.currency.clone(),
        ],
        Row::Casino(row) => vec![
            harmless(&row.game_name),
            row.total_games.to_string(),
            row.total_stakes.to_string(),
            row.won_games.to_string(),
            row.lost_games.to_string(),
            row.casino_revenue.to_string(),
            row.win_rate.to_string(),
            row.currency.clone(),
        ],
        Row::Player(row) => vec![
            harmless(&row.username),
            harmless(&row.email),
            row.total_bets.to_string(),
            row.total_staked.to_string(),
            row.payout.to_string(),
            row.user_profit.to_string(),
            row.joined_date.to_string(),
            row.currency.clone(),
        ],
    }
}

/// Rows as lines of CSV.
fn lines(rows: &[Vec<String>]) -> Result<Bytes, ExportError> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    let bytes = writer.into_inner().map_err(csv::IntoInnerError::into_error)?;
    Ok(bytes.into())
}

/// Why an export ended before its end; the client finds its connection cut.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Csv(#[from] csv::Error),
    #[error(transparent)]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Database(#[from] DbError),
    #[error("the report has more rows than --export-totals-max")]
    TooLong,
}

/// Where an export is.
#[derive(Clone, Copy, Debug)]
enum Cursor {
    Heading,
    Totals,
    Players(Place),
    End,
}

/// A report as a file that is sent as it is read, a bounded number of rows at once.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) app: SharedApp,
    pub(crate) whose: Whose,
    pub(crate) report: Kind,
    pub(crate) asked: Asked,
}

impl Export {
    /// The file; its name says what it is about.
    pub(crate) fn into_response(self, owner: &str) -> Response {
        let (report, period) = (self.report.as_str(), self.asked.period);
        let name = format!("{owner}-{report}-{}-{}.csv", period.from, period.to);
        let parts = stream::try_unfold((self, Cursor::Heading), async |(export, cursor)| {
            let part = export.part(cursor).await.inspect_err(|error| {
                tracing::warn!(error = %error, "an export ended before its end");
            })?;
            Ok::<_, ExportError>(part.map(|(bytes, next)| (bytes, (export, next))))
        });
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
            (header::CACHE_CONTROL, "private, no-store".to_owned()),
        ];
        (headers, Body::from_stream(parts)).into_response()
    }

    /// The part at `cursor`, and where the next one is.
    async fn part(&self, cursor: Cursor) -> Result<Option<(Bytes, Cursor)>, ExportError> {
        let limit = i64::from(self.app.options.reports.export_batch);
        match cursor {
            Cursor::Heading => {
                let heading = columns(self.report).iter().map(ToString::to_string).collect();
                let next = match self.report {
                    Kind::UserActivity => Cursor::Players(Place::before(self.whose)),
                    _ => Cursor::Totals,
                };
                Ok(Some((lines(&[heading])?, next)))
            }
            Cursor::Totals => Ok(Some((lines(&self.totals().await?)?, Cursor::End))),
            Cursor::Players(from) => {
                let (rows, next) = self.players(limit, from).await?;
                Ok(Some((lines(&rows)?, next.map_or(Cursor::End, Cursor::Players))))
            }
            Cursor::End => Ok(None),
        }
    }

    /// All rows of totals at once: in parts they would not be those of one moment, and their order changes with them.
    async fn totals(&self) -> Result<Vec<Vec<String>>, ExportError> {
        let most = i64::from(self.app.options.reports.export_totals_max);
        let (whose, report) = (self.whose, self.report);
        let asked = self.asked.clone();
        let read = self.app.db.read(move |db| {
            let asked = asked.clone();
            Box::pin(async move {
                let cut = report.cut(asked.group);
                Ok::<_, DbError>(store::figures(whose, db, &asked, cut, most, 0).await?)
            })
        });
        let rows = read.await?;
        if rows.first().is_some_and(|first| first.rows > most) {
            return Err(ExportError::TooLong);
        }
        Ok(rows
            .iter()
            .filter_map(|row| Row::of(report, row))
            .map(|row| cells(&row))
            .collect())
    }

    /// The players behind `from`, and where the next ones are if there may be any.
    async fn players(&self, limit: i64, from: Place) -> Result<(Vec<Vec<String>>, Option<Place>), DbError> {
        let (whose, joined) = (self.whose, self.asked.period);
        let read = self.app.db.read(move |db| {
            Box::pin(async move { Ok::<_, DbError>(players::batch(whose, db, joined, from, limit).await?) })
        });
        let rows = read.await?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|read| read == limit);
        let next = rows.last().filter(|_| is_full).map(Place::behind);
        Ok((rows.iter().map(|row| cells(&Row::of_player(row))).collect(), next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_formula() {
        for (text, cell) in [
            ("alice", "alice"),
            ("=1+1", "'=1+1"),
            ("+49", "'+49"),
            ("-2", "'-2"),
            ("@sum(a1)", "'@sum(a1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }

    #[test]
    fn quotes_and_line_breaks_stay_in_their_cells() {
        let row = ["a,b", "say \"x\"", "two\r\nlines", "né"]
            .map(str::to_owned)
            .to_vec();
        let bytes = lines(&[row]).unwrap();
        assert_eq!(
            std::str::from_utf8(&bytes).unwrap(),
            "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\",né\r\n"
        );
    }
}

//! A selection as a client names it, new pages by ids and older ones by words, and what is meant by it. Must never guess
//! between several that may be meant.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use shared::db::Db;
use shared::field::FieldError;
use shared::sports::Sport;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::betting::error::{BetError, LegError};
use crate::betting::rules::labels::meant;
use crate::betting::rules::payout::Price;
use crate::betting::slip::{AskedLeg, AskedLine};
use crate::betting::store::{event_markets, sports_of};
use crate::feed::parse::price_milli;

/// Longest id or label, in characters.
const MAX_TEXT_CHARS: usize = 200;
/// What older pages send for a market.
const UNKNOWN_MARKET: &str = "unknown";

/// A selection to bet on. Members that are not named here are ignored, as legacy pages send more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(expecting = "an object with event_id, market_id, selection_id and odds")]
pub struct SelectionBody {
    /// The event's id.
    event_id: Option<String>,
    /// The same, as legacy pages name it.
    match_id: Option<String>,
    /// The key of the event's sport, such as `soccer`. May be left out where no other sport has an event of this id.
    sport: Option<String>,
    /// The same, as legacy pages name it; the sport's name for people, too.
    sport_name: Option<String>,
    /// The market's id. Together with `selection` it may be left out, or `unknown` as legacy pages send it.
    market_id: Option<String>,
    /// The selection's id, unique in its market.
    selection_id: Option<String>,
    /// What legacy pages send in place of the id: the name of a side, `Draw`, `Over` … The selection is looked for among
    /// the event's, by this and the price.
    selection: Option<String>,
    /// The selection's line, if it is sent, such as `-1.5`: must be the same as now.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    line: Option<Value>,
    /// The decimal odds that were seen: above 1, with at most 3 decimals.
    #[schema(value_type = f64)]
    odds: Box<RawValue>,
}

/// A member that is there, `null` too.
fn present<'de, D: Deserializer<'de>>(json: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(json).map(Some)
}

/// A selection that was read; what is meant by it may have to be looked up.
#[derive(Clone, Debug)]
pub(super) struct NamedSelection {
    event: String,
    sport: Option<Sport>,
    market: Option<String>,
    by: By,
    line: AskedLine,
    shown: Price,
}

#[derive(Clone, Debug)]
enum By {
    Id(String),
    Label(String),
}

impl SelectionBody {
    /// Reads it; `at` goes before the names of bad members.
    pub(super) fn read(self, at: &str, errors: &mut Vec<FieldError>) -> Option<NamedSelection> {
        let known = errors.len();
        let mut bad =
            |field: &str, detail: &str| errors.push(FieldError::new(format!("{at}{field}"), detail));
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        let event = text(self.event_id).or_else(|| text(self.match_id));
        if event.is_none() {
            bad("event_id", "is missing");
        }
        let sport = text(self.sport).or_else(|| text(self.sport_name));
        let found = sport.as_deref().and_then(sport_called);
        if sport.is_some() && found.is_none() {
            bad("sport", "is not a sport");
        }
        let market = text(self.market_id).filter(|market| market != UNKNOWN_MARKET);
        let by = match (text(self.selection_id), text(self.selection)) {
            (Some(id), _) => Some(By::Id(id)),
            (None, label) => label.map(By::Label),
        };
        if by.is_none() {
            bad("selection_id", "is missing");
        }
        if matches!(by, Some(By::Id(_))) && market.is_none() {
            bad("market_id", "is missing");
        }
        let line = match self.line {
            None => AskedLine::Any,
            Some(Value::Null) => AskedLine::Exactly(None),
            Some(Value::String(line)) => AskedLine::Exactly(Some(line)),
            Some(Value::Number(line)) => AskedLine::Exactly(Some(line.to_string())),
            Some(_) => {
                bad("line", "must be text or a number such as -1.5");
                AskedLine::Any
            }
        };
        let shown = price_milli(self.odds.get()).and_then(Price::from_milli);
        if shown.is_none() {
            bad(
                "odds",
                "must be a number above 1, at most 100000, with at most 3 decimals",
            );
        }
        let texts = [
            ("event_id", event.as_deref()),
            ("market_id", market.as_deref()),
            ("selection_id", by.as_ref().map(By::text)),
        ];
        for (field, text) in texts {
            if text.is_some_and(|text| text.chars().count() > MAX_TEXT_CHARS || text.contains('\0')) {
                bad(field, "must be text of at most 200 characters");
            }
        }
        if errors.len() > known {
            return None;
        }
        Some(NamedSelection {
            event: event?,
            sport: found,
            market,
            by: by?,
            line,
            shown: shown?,
        })
    }
}

impl By {
    fn text(&self) -> &str {
        match self {
            Self::Id(text) | Self::Label(text) => text,
        }
    }
}

/// The sport of this key, or of this name for people in any case.
fn sport_called(text: &str) -> Option<Sport> {
    let by_name = || Sport::all().find(|sport| sport.name().eq_ignore_ascii_case(text));
    Sport::find(text).or_else(by_name)
}

/// What is meant by these. Only what is named by ids alone needs no look into the catalogue.
pub(super) async fn look_up(db: &Db, named: Vec<NamedSelection>) -> Result<Vec<AskedLeg>, BetError> {
    let plain: Option<Vec<AskedLeg>> = named.iter().map(NamedSelection::by_ids).collect();
    if let Some(legs) = plain {
        return Ok(legs);
    }
    let read = db.read(move |db| {
        let named = named.clone();
        Box::pin(async move {
            let mut legs = Vec::with_capacity(named.len());
            let mut refused = Vec::new();
            for (at, one) in named.into_iter().enumerate() {
                match one.find(db).await? {
                    Ok(leg) => legs.push(leg),
                    Err(error) => refused.push((at, error)),
                }
            }
            if refused.is_empty() {
                Ok(legs)
            } else {
                Err(BetError::Legs(refused))
            }
        })
    });
    read.await
}

impl NamedSelection {
    fn by_ids(&self) -> Option<AskedLeg> {
        let By::Id(selection) = &self.by else { return None };
        Some(AskedLeg {
            sport: self.sport?,
            event: self.event.clone(),
            market: self.market.clone()?,
            selection: selection.clone(),
            line: self.line.clone(),
            shown: self.shown,
        })
    }

    async fn find(mut self, db: &mut PgConnection) -> Result<Result<AskedLeg, LegError>, BetError> {
        let sport = match self.sport {
            Some(sport) => sport,
            None => match sports_of(&self.event, db).await?.as_slice() {
                [] => return Ok(Err(LegError::NoEvent)),
                [sport] => *sport,
                several => {
                    let keys: Vec<_> = several.iter().map(|sport| sport.key()).collect();
                    return Ok(Err(LegError::Ambiguous(format!(
                        "the event may be one of {}",
                        keys.join(", ")
                    ))));
                }
            },
        };
        self.sport = Some(sport);
        let By::Label(label) = &self.by else {
            return Ok(self.by_ids().ok_or(LegError::NoMarket));
        };
        let mut all = event_markets(sport, &self.event, db).await?;
        if let Some(market) = &self.market {
            all.retain(|one| one.market == *market);
        }
        all.retain(|one| self.line.is_of(one.line.as_ref()));
        Ok(match meant(&all, label, self.shown).as_slice() {
            [] => Err(LegError::NoSelection),
            [only] => Ok(AskedLeg {
                sport,
                event: self.event,
                market: only.market.clone(),
                selection: only.selection.clone(),
                line: self.line,
                // Pages show two decimals: what looks the same there is the same.
                shown: only
                    .price
                    .filter(|price| price.is_shown_as(self.shown))
                    .unwrap_or(self.shown),
            }),
            several => {
                let places: Vec<_> = several
                    .iter()
                    .take(5)
                    .map(|one| format!("{} of {}", one.selection, one.market_key))
                    .collect();
                Err(LegError::Ambiguous(places.join("; ")))
            }
        })
    }
}

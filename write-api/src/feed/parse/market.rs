//! From a match's odds to markets and selections: owns which bookmaker is shown, and what a stop stops.
//! Must never drop a market or selection that could be read.

use serde_json::value::RawValue;

use super::ids::Ids;
use super::limits::FeedLimits;
use super::model::{LineKind, Market, Oddities, Oddity, Selection, SkipReason};
use super::raw::{Member, RawBookmaker, RawMarket, RawOdd, flag, is_stopped, items, object, text};
use super::{names, price};

/// bet365, whose prices are shown wherever it has any.
const PREFERRED_BOOKMAKER: &str = "16";

/// Reads the markets of one match, and counts what is odd about them.
pub(super) struct MarketReader<'l> {
    limits: &'l FeedLimits,
    oddities: Oddities,
}

impl<'l> MarketReader<'l> {
    pub(super) fn new(limits: &'l FeedLimits) -> Self {
        Self {
            limits,
            oddities: Oddities::new(),
        }
    }

    /// The markets in feed order, and the oddities.
    pub(super) fn read(mut self, markets: Member<'_>) -> Result<(Vec<Market>, Oddities), SkipReason> {
        let sources = items(markets, self.limits.max_markets_in_event);
        if sources.beyond > 0 {
            return Err(SkipReason::TooManyMarkets);
        }
        let mut ids = Ids::default();
        let mut read = Vec::with_capacity(sources.list.len());
        for source in sources.list {
            match object::<RawMarket<'_>>(source) {
                Some(source) => read.push(self.market(&source, &mut ids)?),
                None => self.note(Oddity::UnreadableMarket),
            }
        }
        Ok((read, self.oddities))
    }

    fn note(&mut self, oddity: Oddity) {
        *self.oddities.entry(oddity).or_default() += 1;
    }

    fn market(&mut self, source: &RawMarket<'_>, ids: &mut Ids) -> Result<Market, SkipReason> {
        let name = self.limits.text(&text(source.value))?;
        if name.is_empty() {
            self.note(Oddity::UnnamedMarket);
        }
        let feed_id = self.limits.code(&text(source.id))?;
        let key = names::market_key(&name, &feed_id);
        let given = ids.give(if feed_id.is_empty() {
            key.clone()
        } else {
            feed_id.clone()
        });
        if given.is_repeated || feed_id.is_empty() {
            self.note(Oddity::RepeatedMarketId);
        }
        let shown = self.shown(source)?;
        if shown.selections.is_empty() {
            self.note(Oddity::EmptyMarket);
        }
        Ok(Market {
            id: given.id,
            name,
            key,
            suspended: shown.suspended,
            selections: shown.selections,
        })
    }

    /// The prices of the preferred bookmaker if it has any, else of the first that has; without any, only whether
    /// the market is stopped.
    fn shown(&mut self, market: &RawMarket<'_>) -> Result<Shown, SkipReason> {
        let stopped = is_stopped(market.stop);
        let mut bookmakers = self.bookmakers(market)?;
        bookmakers.sort_by_key(|bookmaker| text(bookmaker.id) != PREFERRED_BOOKMAKER);
        let mut fallback = Shown {
            suspended: stopped,
            selections: Vec::new(),
        };
        for (place, bookmaker) in bookmakers.iter().enumerate() {
            let suspended = stopped || is_stopped(bookmaker.stop);
            let selections = SelectionReader::new(self, suspended).read(bookmaker)?;
            if !selections.is_empty() {
                if text(bookmaker.id) != PREFERRED_BOOKMAKER {
                    self.note(Oddity::OtherBookmaker);
                }
                return Ok(Shown {
                    suspended,
                    selections,
                });
            }
            if place == 0 {
                fallback.suspended = suspended;
            }
        }
        Ok(fallback)
    }

    fn bookmakers<'a>(&mut self, market: &RawMarket<'a>) -> Result<Vec<RawBookmaker<'a>>, SkipReason> {
        let mut bookmakers = Vec::new();
        for member in [market.bookmakers, market.bookmaker] {
            for source in self.bounded(member)? {
                match object(source) {
                    Some(bookmaker) => bookmakers.push(bookmaker),
                    None => self.note(Oddity::UnreadableSelection),
                }
            }
        }
        Ok(bookmakers)
    }

    fn bounded<'a>(&self, member: Member<'a>) -> Result<Vec<&'a RawValue>, SkipReason> {
        let items = items(member, self.limits.max_selections_in_market);
        if items.beyond > 0 {
            return Err(SkipReason::TooManySelections);
        }
        Ok(items.list)
    }
}

struct Shown {
    suspended: bool,
    selections: Vec<Selection>,
}

/// A handicap or total that selections stand under.
struct Line {
    kind: Option<LineKind>,
    text: String,
    is_main: Option<bool>,
    stopped: bool,
}

/// Reads the selections of one bookmaker in one market.
struct SelectionReader<'r, 'l> {
    market: &'r mut MarketReader<'l>,
    stopped: bool,
    ids: Ids,
    selections: Vec<Selection>,
}

impl<'r, 'l> SelectionReader<'r, 'l> {
    fn new(market: &'r mut MarketReader<'l>, stopped: bool) -> Self {
        Self {
            market,
            stopped,
            ids: Ids::default(),
            selections: Vec::new(),
        }
    }

    fn read(mut self, bookmaker: &RawBookmaker<'_>) -> Result<Vec<Selection>, SkipReason> {
        for (member, kind) in [
            (bookmaker.odds, None),
            (bookmaker.odd, None),
            (bookmaker.handicap, Some(LineKind::Handicap)),
            (bookmaker.total, Some(LineKind::Total)),
        ] {
            for odd in self.odds(member)? {
                self.selection_or_line(&odd, kind)?;
            }
        }
        Ok(self.selections)
    }

    fn odds<'a>(&mut self, member: Member<'a>) -> Result<Vec<RawOdd<'a>>, SkipReason> {
        let sources = self.market.bounded(member)?;
        let mut odds = Vec::with_capacity(sources.len());
        for source in sources {
            match object(source) {
                Some(odd) => odds.push(odd),
                None => self.market.note(Oddity::UnreadableSelection),
            }
        }
        Ok(odds)
    }

    fn selection_or_line(&mut self, odd: &RawOdd<'_>, kind: Option<LineKind>) -> Result<(), SkipReason> {
        let kind = kind.or_else(|| line_kind(&text(odd.kind)));
        let mut under = self.odds(odd.odds)?;
        under.append(&mut self.odds(odd.odd)?);
        if under.is_empty() {
            if kind.is_some() && odd.value.is_none() {
                self.market.note(Oddity::EmptyLine);
                return Ok(());
            }
            return self.selection(odd, None);
        }
        let line = Line {
            kind,
            text: self.market.limits.code(&text(odd.name))?,
            is_main: flag(odd.ismain),
            stopped: is_stopped(odd.stop),
        };
        for odd in under {
            self.selection(&odd, Some(&line))?;
        }
        Ok(())
    }

    fn selection(&mut self, odd: &RawOdd<'_>, line: Option<&Line>) -> Result<(), SkipReason> {
        let limits = self.market.limits;
        if self.selections.len() >= limits.max_selections_in_market {
            return Err(SkipReason::TooManySelections);
        }
        let name = limits.text(&text(odd.name))?;
        if name.is_empty() {
            self.market.note(Oddity::UnnamedSelection);
        }
        let given = self.ids.give(match line {
            Some(line) => format!("{name}@{}", line.text),
            None => name.clone(),
        });
        if given.is_repeated {
            self.market.note(Oddity::RepeatedSelection);
        }
        let price_text = limits.code(&text(odd.value))?;
        let price_milli = price::price_milli(&price_text);
        if price_milli.is_none() {
            self.market.note(Oddity::Unpriced);
        }
        let feed_id = limits.code(&text(odd.id))?;
        self.selections.push(Selection {
            id: given.id,
            name,
            line: line.map(|line| line.text.clone()),
            line_kind: line.and_then(|line| line.kind),
            is_main: line.and_then(|line| line.is_main).or_else(|| flag(odd.ismain)),
            price_milli,
            price_text,
            suspended: self.stopped || line.is_some_and(|line| line.stopped) || is_stopped(odd.stop),
            feed_id: (!feed_id.is_empty()).then_some(feed_id),
        });
        Ok(())
    }
}

fn line_kind(text: &str) -> Option<LineKind> {
    match text.to_ascii_lowercase().as_str() {
        "handicap" => Some(LineKind::Handicap),
        "total" => Some(LineKind::Total),
        _ => None,
    }
}

//! What an event says, as 32 bytes: owns the canonical form that is hashed.
//! Must never leave out a member: a change that is not hashed is never stored.

use sha2::{Digest, Sha256};

use super::model::{Event, LineKind, Market, Selection};

impl Event {
    /// SHA-256 over every member, in feed order. Equal for equal events, on every machine and in every run.
    pub fn content_hash(&self) -> [u8; 32] {
        let Self {
            id,
            home,
            away,
            league,
            starts_at,
            date_text,
            time_text,
            status,
            status_text,
            markets,
        } = self;
        let mut form = Form(Sha256::new());
        for text in [id, home, away, league, date_text, time_text, status_text] {
            form.text(text);
        }
        form.number(starts_at.unix_timestamp());
        form.number(*status as i64);
        form.count(markets.len());
        for market in markets {
            form.market(market);
        }
        form.0.finalize().into()
    }
}

/// Texts and lists are preceded by their length, so that no two events have one form.
struct Form(Sha256);

impl Form {
    fn market(&mut self, market: &Market) {
        let Market {
            id,
            name,
            key,
            suspended,
            selections,
        } = market;
        for text in [id, name, key] {
            self.text(text);
        }
        self.flag(*suspended);
        self.count(selections.len());
        for selection in selections {
            self.selection(selection);
        }
    }

    fn selection(&mut self, selection: &Selection) {
        let Selection {
            id,
            name,
            line,
            line_kind,
            is_main,
            price_milli,
            price_text,
            suspended,
            feed_id,
        } = selection;
        for text in [id, name, price_text] {
            self.text(text);
        }
        for text in [line, feed_id] {
            self.flag(text.is_some());
            self.text(text.as_deref().unwrap_or_default());
        }
        self.number(match line_kind {
            None => 0,
            Some(LineKind::Handicap) => 1,
            Some(LineKind::Total) => 2,
        });
        self.number(is_main.map_or(-1, i64::from));
        self.number(price_milli.unwrap_or(-1));
        self.flag(*suspended);
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.update(text);
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_be_bytes());
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.0.update([u8::from(flag)]);
    }
}

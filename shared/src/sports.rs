//! The sports that Edgebook knows. Must never change a key: keys are in URLs, rows and versions.

use std::fmt;

/// One sport; a small copyable handle into the table of all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sport(u8);

struct Facts {
    key: &'static str,
    name: &'static str,
    icon: &'static str,
    has_draw: bool,
}

const fn facts(key: &'static str, name: &'static str, icon: &'static str, has_draw: bool) -> Facts {
    Facts {
        key,
        name,
        icon,
        has_draw,
    }
}

/// In the order of keys, so that a handle orders as its key does.
static SPORTS: [Facts; 18] = [
    facts("baseball", "Baseball", "⚾", false),
    facts("basketball", "Basketball", "🏀", true),
    facts("boxing", "Boxing", "🥊", false),
    facts("cricket", "Cricket", "🏏", true),
    facts("darts", "Darts", "🎯", false),
    facts("esports", "Esports", "🎮", false),
    facts("football", "American Football", "🏈", false),
    facts("futsal", "Futsal", "⚽", true),
    facts("golf", "Golf", "⛳", false),
    facts("handball", "Handball", "🤾", true),
    facts("hockey", "Hockey", "🏒", false),
    facts("mma", "MMA", "🥋", false),
    facts("rugby", "Rugby", "🏉", true),
    facts("rugbyleague", "Rugby League", "🏉", true),
    facts("soccer", "Soccer", "⚽", true),
    facts("table_tennis", "Table Tennis", "🏓", false),
    facts("tennis", "Tennis", "🎾", false),
    facts("volleyball", "Volleyball", "🏐", false),
];

impl Sport {
    /// The sport with exactly this key, such as `table_tennis`.
    pub fn find(key: &str) -> Option<Self> {
        Self::all().find(|sport| sport.key() == key)
    }

    /// Every sport, in the order of keys.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(&SPORTS).map(|(index, _)| Self(index))
    }

    fn facts(self) -> &'static Facts {
        &SPORTS[usize::from(self.0)]
    }

    /// The key in URLs, rows and versions.
    pub fn key(self) -> &'static str {
        self.facts().key
    }

    /// The name for people.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// An emoji.
    pub fn icon(self) -> &'static str {
        self.facts().icon
    }

    /// Whether its matches usually end in a draw, too.
    pub fn has_draw(self) -> bool {
        self.facts().has_draw
    }
}

impl fmt::Display for Sport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.key())
    }
}

impl fmt::Debug for Sport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Sport({})", self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_order_and_found() {
        assert_eq!(Sport::all().count(), 18);
        assert!(Sport::all().map(Sport::key).is_sorted_by(|one, next| one < next));
        for sport in Sport::all() {
            assert_eq!(Sport::find(sport.key()), Some(sport));
            assert_eq!(sport.to_string(), sport.key());
        }
    }

    #[test]
    fn only_the_exact_key_is_found() {
        assert_eq!(
            Sport::find("football").map(Sport::name),
            Some("American Football")
        );
        for other in ["", "Football", " football", "chess", "American Football"] {
            assert_eq!(Sport::find(other), None, "{other}");
        }
    }

    #[test]
    fn some_sports_have_a_draw() {
        let with_draw: Vec<_> = Sport::all()
            .filter(|sport| sport.has_draw())
            .map(Sport::key)
            .collect();
        let expected = [
            "basketball",
            "cricket",
            "futsal",
            "handball",
            "rugby",
            "rugbyleague",
            "soccer",
        ];
        assert_eq!(with_draw, expected);
    }
}

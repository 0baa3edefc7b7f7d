//! What a selection came to. Must never say what it pays.

use std::borrow::Cow;

/// What a selection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Paid at its odds.
    Won,
    /// Pays nothing.
    Lost,
    /// The stake is given back: a push on a whole line, a draw where only the sides are offered, or an event that was
    /// not played to the end.
    Void,
    /// Half of the stake won and the other half is given back. A quarter line is two bets of half the stake, on the
    /// lines next to it: the rule of Asian handicaps.
    HalfWon,
    /// Half of the stake is given back and the other half lost, by the same rule.
    HalfLost,
    /// More selections than there are places came first. `paid / among` of the stake is paid at its odds and the rest
    /// lost: the dead-heat rule of Tattersalls, which bookmakers follow.
    DeadHeat {
        /// Places that are paid; at least 1.
        paid: u16,
        /// Selections that share them; more than `paid`.
        among: u16,
    },
}

impl Outcome {
    /// The text in rows and answers: `won`, `lost`, `void`, `half_won`, `half_lost` or `dead_heat:1/2`.
    pub fn as_text(self) -> Cow<'static, str> {
        match self {
            Self::Won => "won".into(),
            Self::Lost => "lost".into(),
            Self::Void => "void".into(),
            Self::HalfWon => "half_won".into(),
            Self::HalfLost => "half_lost".into(),
            Self::DeadHeat { paid, among } => format!("dead_heat:{paid}/{among}").into(),
        }
    }

    /// Reads [`Self::as_text`]. A dead heat without a place, or with one for everybody, is none.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "won" => Self::Won,
            "lost" => Self::Lost,
            "void" => Self::Void,
            "half_won" => Self::HalfWon,
            "half_lost" => Self::HalfLost,
            _ => {
                let (paid, among) = text.strip_prefix("dead_heat:")?.split_once('/')?;
                let (paid, among): (u16, u16) = (paid.parse().ok()?, among.parse().ok()?);
                let heat = Self::DeadHeat { paid, among };
                // Only the one spelling is read, so that equal outcomes have equal texts.
                (paid > 0 && paid < among && heat.as_text() == text).then_some(heat)?
            }
        })
    }

    /// [`Self::Won`] or [`Self::Lost`].
    pub(super) const fn won_if(has_won: bool) -> Self {
        if has_won { Self::Won } else { Self::Lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_read_as_it_is_written() {
        let heat = Outcome::DeadHeat { paid: 1, among: 2 };
        for (outcome, text) in [
            (Outcome::Won, "won"),
            (Outcome::Lost, "lost"),
            (Outcome::Void, "void"),
            (Outcome::HalfWon, "half_won"),
            (Outcome::HalfLost, "half_lost"),
            (heat, "dead_heat:1/2"),
        ] {
            assert_eq!(outcome.as_text(), text);
            assert_eq!(Outcome::parse(text), Some(outcome));
        }
    }

    #[test]
    fn nothing_else_is_an_outcome() {
        for text in [
            "",
            "Won",
            "push",
            "dead_heat",
            "dead_heat:",
            "dead_heat:1",
            "dead_heat:0/2",
            "dead_heat:2/2",
            "dead_heat:3/2",
            "dead_heat:-1/2",
            "dead_heat:+1/2",
            "dead_heat:01/2",
            "dead_heat:1/65536",
        ] {
            assert_eq!(Outcome::parse(text), None, "{text}");
        }
    }
}

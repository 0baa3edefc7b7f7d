//! Two sides, and a number for each. Must never lose a part of a sum.

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The home team or first player.
    Home,
    /// The away team or second player.
    Away,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Home => Self::Away,
            Self::Away => Self::Home,
        }
    }
}

/// What both sides scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// The home side's.
    pub home: u16,
    /// The away side's.
    pub away: u16,
}

impl Pair {
    /// Both numbers.
    pub const fn new(home: u16, away: u16) -> Self {
        Self { home, away }
    }

    pub(super) fn of(self, side: Side) -> i64 {
        i64::from(match side {
            Side::Home => self.home,
            Side::Away => self.away,
        })
    }

    pub(super) fn total(self) -> i64 {
        self.of(Side::Home) + self.of(Side::Away)
    }

    /// How far `side` is ahead.
    pub(super) fn lead(self, side: Side) -> i64 {
        self.of(side) - self.of(side.other())
    }

    pub(super) fn leader(self) -> Option<Side> {
        match self.lead(Side::Home) {
            0 => None,
            1.. => Some(Side::Home),
            _ => Some(Side::Away),
        }
    }

    pub(super) fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            home: self.home.checked_add(other.home)?,
            away: self.away.checked_add(other.away)?,
        })
    }

    pub(super) fn minus(self, other: Self) -> Option<Self> {
        Some(Self {
            home: self.home.checked_sub(other.home)?,
            away: self.away.checked_sub(other.away)?,
        })
    }

    pub(super) fn sum(pairs: &[Self]) -> Option<Self> {
        pairs
            .iter()
            .try_fold(Self::default(), |sum, pair| sum.plus(*pair))
    }
}

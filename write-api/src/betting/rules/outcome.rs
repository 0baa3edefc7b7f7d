//! What a selection came to. Must never stand for a selection that is not decided.

/// What a selection came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The stake is multiplied by the price.
    Won,
    /// Nothing is paid.
    Lost,
    /// The stake comes back.
    Void,
    /// Half the stake won, half is void.
    HalfWon,
    /// Half the stake lost, half is void.
    HalfLost,
    /// Several tied: so many places are paid among so many.
    DeadHeat {
        /// Places that are paid.
        paid: u16,
        /// How many tied for them.
        among: u16,
    },
}

impl Outcome {
    /// As it is stored and shown.
    pub fn as_text(self) -> String {
        match self {
            Self::Won => "won".to_owned(),
            Self::Lost => "lost".to_owned(),
            Self::Void => "void".to_owned(),
            Self::HalfWon => "half_won".to_owned(),
            Self::HalfLost => "half_lost".to_owned(),
            Self::DeadHeat { paid, among } => format!("dead_heat:{paid}/{among}"),
        }
    }

    /// Reads what [`Outcome::as_text`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = [Self::Won, Self::Lost, Self::Void, Self::HalfWon, Self::HalfLost];
        if let Some(outcome) = plain.into_iter().find(|outcome| outcome.as_text() == text) {
            return Some(outcome);
        }
        let (paid, among) = text.strip_prefix("dead_heat:")?.split_once('/')?;
        let (paid, among) = (paid.parse().ok()?, among.parse().ok()?);
        (0 < paid && paid < among).then_some(Self::DeadHeat { paid, among })
    }
}

//! What a number should come to, told to the person who measures. Must never decide whether a measurement failed:
//! machines differ.

use crate::report::say;

/// What a number should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Aim {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Aim {
    fn is_met(self, found: f64) -> bool {
        match self {
            Self::AtLeast(least) => found >= least,
            Self::AtMost(most) => found <= most,
        }
    }

    /// Says whether what was `found` is as it should be.
    pub(crate) fn tell(self, what: &str, found: f64) {
        let verdict = if self.is_met(found) { "Met" } else { "MISSED" };
        let wanted = match self {
            Self::AtLeast(least) => format!("at least {least:.2}"),
            Self::AtMost(most) => format!("at most {most:.2}"),
        };
        say(&format!("{verdict}: {what}: {found:.2}, wanted {wanted}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aim_is_met_up_to_its_bound() {
        for (aim, found, is_met) in [
            (Aim::AtLeast(1.0), 1.0, true),
            (Aim::AtLeast(1.0), 0.999, false),
            (Aim::AtMost(1.5), 1.5, true),
            (Aim::AtMost(1.5), 1.501, false),
        ] {
            assert_eq!(aim.is_met(found), is_met, "{aim:?} and {found}");
        }
    }
}

//! The European wheel: owns its pockets and their colors. Must never know a bet.

use serde::Serialize;

const POCKET_COUNT: usize = 37;
const RED: [u8; 18] = [1, 3, 5, 7, 9, 12, 14, 16, 18, 19, 21, 23, 25, 27, 30, 32, 34, 36];

/// A pocket of the wheel, which has one zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pocket(u8);

impl Pocket {
    /// The highest number.
    pub const HIGHEST: u8 = 36;

    /// Every pocket, each at the index of its number.
    pub const ALL: [Self; POCKET_COUNT] = {
        let mut pockets = [Self(0); POCKET_COUNT];
        let mut number = 0;
        while number <= Self::HIGHEST {
            pockets[number as usize] = Self(number);
            number += 1;
        }
        pockets
    };

    /// 0 to 36.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its color; zero is green.
    pub fn color(self) -> Color {
        match self.0 {
            0 => Color::Green,
            number if RED.contains(&number) => Color::Red,
            _ => Color::Black,
        }
    }
}

/// The color of a pocket, shown in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// Zero alone, which no bet on a color covers.
    Green,
    /// 18 pockets.
    Red,
    /// 18 pockets.
    Black,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pocket_lies_at_the_index_of_its_number() {
        let numbers = Pocket::ALL.map(Pocket::number);
        assert_eq!(numbers.to_vec(), (0..=36).collect::<Vec<u8>>());
    }

    #[test]
    fn zero_is_green_and_the_others_are_half_red_half_black() {
        let of = |color| {
            Pocket::ALL
                .into_iter()
                .filter(move |pocket| pocket.color() == color)
        };
        assert_eq!(of(Color::Green).collect::<Vec<_>>(), [Pocket::ALL[0]]);
        // From 1 to 10 and from 19 to 28 the odd numbers are red, elsewhere the even ones.
        let is_red = |number: u8| matches!(number, 1..=10 | 19..=28) == (number % 2 == 1);
        assert!(of(Color::Red).all(|pocket| is_red(pocket.number())));
        assert!(of(Color::Black).all(|pocket| !is_red(pocket.number())));
        assert_eq!((of(Color::Red).count(), of(Color::Black).count()), (18, 18));
    }

    #[test]
    fn a_color_is_shown_in_lower_case() {
        let shown =
            [Color::Green, Color::Red, Color::Black].map(|color| serde_json::to_value(color).unwrap());
        assert_eq!(shown, ["green", "red", "black"]);
    }
}

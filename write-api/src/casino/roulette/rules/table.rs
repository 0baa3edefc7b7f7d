//! The roulette table: owns every place where a stake can lie, what it covers and what it pays.
//! Must never see a wheel turn.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value as Json;
use shared::money::Minor;

use super::value::{Pockets, Value};
use super::wheel::{Color, Pocket};
use crate::casino::returns::Returns;

const FIRST_FOUR: [u8; 4] = [0, 1, 2, 3];

/// The kinds of bet, each by the name that a client gives as its `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BetType {
    /// `single`: one number.
    Single,
    /// `split`: two numbers side by side.
    Split,
    /// `street`: the three numbers of a row.
    Street,
    /// `trio`: zero with 1 and 2, or with 2 and 3.
    Trio,
    /// `corner`: four numbers that meet in a point.
    Corner,
    /// `first_four`: 0, 1, 2 and 3.
    FirstFour,
    /// `six_line`: the six numbers of two rows side by side.
    SixLine,
    /// `dozen`: 1 to 12, 13 to 24 or 25 to 36.
    Dozen,
    /// `column`: every third number from 1, 2 or 3.
    Column,
    /// `color`: the red or the black numbers.
    Color,
    /// `even_odd`: the even numbers but zero, or the odd ones.
    EvenOdd,
    /// `low_high`: 1 to 18 or 19 to 36.
    LowHigh,
}

impl BetType {
    /// Every type, the dearest first.
    pub const ALL: [Self; 12] = [
        Self::Single,
        Self::Split,
        Self::Street,
        Self::Trio,
        Self::Corner,
        Self::FirstFour,
        Self::SixLine,
        Self::Dozen,
        Self::Column,
        Self::Color,
        Self::EvenOdd,
        Self::LowHigh,
    ];

    /// The name that a client gives.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Split => "split",
            Self::Street => "street",
            Self::Trio => "trio",
            Self::Corner => "corner",
            Self::FirstFour => "first_four",
            Self::SixLine => "six_line",
            Self::Dozen => "dozen",
            Self::Column => "column",
            Self::Color => "color",
            Self::EvenOdd => "even_odd",
            Self::LowHigh => "low_high",
        }
    }

    /// What a won bet gains in stakes, beside its own that comes back.
    pub const fn pays_to_one(self) -> i64 {
        match self {
            Self::Single => 35,
            Self::Split => 17,
            Self::Street | Self::Trio => 11,
            Self::Corner | Self::FirstFour => 8,
            Self::SixLine => 5,
            Self::Dozen | Self::Column => 2,
            Self::Color | Self::EvenOdd | Self::LowHigh => 1,
        }
    }

    /// Every place of this type. The table is zero and below it twelve rows of three numbers, 1 to 36.
    pub fn places(self) -> Vec<Place> {
        let rows = (1..=34).step_by(3);
        let with_right_neighbour = (1..=36).filter(|number| number % 3 != 0);
        match self {
            Self::Single => (0..=36)
                .map(|number| self.place(Value::Number(number), Pockets::from_iter([number])))
                .collect(),
            Self::Split => {
                let beside_zero = (1..=3).map(|number| [0, number]);
                let in_a_row = with_right_neighbour.map(|number| [number, number + 1]);
                let across_rows = (1..=33).map(|number| [number, number + 3]);
                self.groups(beside_zero.chain(in_a_row).chain(across_rows))
            }
            Self::Street => self.groups(rows.map(|first| first..first + 3)),
            Self::Trio => self.groups([[0, 1, 2], [0, 2, 3]]),
            Self::Corner => {
                let first = with_right_neighbour.take_while(|number| *number <= 33);
                self.groups(first.map(|number| [number, number + 1, number + 3, number + 4]))
            }
            Self::FirstFour => self.groups([FIRST_FOUR]),
            Self::SixLine => self.groups(rows.take(11).map(|first| first..first + 6)),
            Self::Dozen => self.thirds(|number| number.div_ceil(12)),
            Self::Column => self.thirds(|number| (number - 1) % 3 + 1),
            Self::Color => self.halves(["red", "black"], |number| {
                Pocket::ALL[usize::from(number)].color() == Color::Red
            }),
            Self::EvenOdd => self.halves(["even", "odd"], |number| number % 2 == 0),
            Self::LowHigh => self.halves(["low", "high"], |number| number <= 18),
        }
    }

    const fn place(self, value: Value<'static>, pockets: Pockets) -> Place {
        Place {
            bet_type: self,
            value,
            pockets,
        }
    }

    /// Places whose values are the numbers they cover.
    fn groups(self, groups: impl IntoIterator<Item = impl IntoIterator<Item = u8>>) -> Vec<Place> {
        let pockets = groups.into_iter().map(Pockets::from_iter);
        pockets
            .map(|pockets| self.place(Value::Numbers(pockets), pockets))
            .collect()
    }

    /// Places 1, 2 and 3, of which `third` says for a number which one covers it. None covers zero.
    fn thirds(self, third: impl Fn(u8) -> u8) -> Vec<Place> {
        let covered = |place| (1..=36).filter(|number| third(*number) == place).collect();
        (1..=3)
            .map(|place| self.place(Value::Number(place), covered(place)))
            .collect()
    }

    /// Two places: one covers the numbers that `is_first` holds for, the other the rest. Neither covers zero.
    fn halves(self, names: [&'static str; 2], is_first: impl Fn(u8) -> bool) -> Vec<Place> {
        let (first, rest): (Vec<u8>, Vec<u8>) = (1..=36).partition(|number| is_first(*number));
        let covered = [first, rest].map(Pockets::from_iter);
        let places = names.into_iter().zip(covered);
        places
            .map(|(name, pockets)| self.place(Value::Name(name), pockets))
            .collect()
    }
}

impl fmt::Display for BetType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for BetType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a place is refused. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The type has none of the names of [`BetType`].
    #[error("the bet type is unknown")]
    UnknownType,
    /// The table has no place of this type with that value.
    #[error("the value is no {0} on the table")]
    NoSuchPlace(BetType),
}

/// A place where a stake can lie. There is none but those of [`BetType::places`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    bet_type: BetType,
    value: Value<'static>,
    pockets: Pockets,
}

impl Place {
    /// Finds the place that a client names by the type and the value of a bet.
    ///
    /// The canonical values are: a number 0 to 36 for `single`; the list of the numbers from the lowest for `split`,
    /// `street`, `trio`, `corner`, `first_four` and `six_line`; 1, 2 or 3 for `dozen` and `column`; `red` or `black`
    /// for `color`, `even` or `odd` for `even_odd`, `low` or `high` for `low_high`. Other forms of numbers are read
    /// as [`Value::read`] says. A `street` may also be named by its lowest number, and `first_four` by null.
    pub fn parse(bet_type: &str, value: &Json) -> Result<Self, PlaceError> {
        let mut bet_types = BetType::ALL.into_iter();
        let bet_type = bet_types
            .find(|known| known.as_str() == bet_type)
            .ok_or(PlaceError::UnknownType)?;
        let asked = match (bet_type, Value::read(value)) {
            (BetType::Street, Some(Value::Number(first))) => {
                Some(Value::Numbers((first..first + 3).collect()))
            }
            (BetType::FirstFour, None) if value.is_null() => {
                Some(Value::Numbers(FIRST_FOUR.into_iter().collect()))
            }
            (_, asked) => asked,
        };
        let mut places = bet_type.places().into_iter();
        places
            .find(|place| Some(place.value) == asked)
            .ok_or(PlaceError::NoSuchPlace(bet_type))
    }

    /// The type.
    pub const fn bet_type(self) -> BetType {
        self.bet_type
    }

    /// The value in its canonical form.
    pub const fn value(self) -> Value<'static> {
        self.value
    }

    /// What a stake here returns if the ball falls into `pocket`, in stakes, its own included: 0 if it loses.
    pub const fn returned_on(self, pocket: Pocket) -> i64 {
        if self.pockets.contains(pocket.number()) {
            self.bet_type.pays_to_one() + 1
        } else {
            0
        }
    }

    /// What a stake here returns over the 37 pockets.
    pub fn returns(self) -> Returns {
        let outcomes = Pocket::ALL.map(|pocket| (1, Minor::new(self.returned_on(pocket))));
        Returns::count(Minor::new(1), outcomes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::casino::returns::Ratio;
    use serde_json::json;

    fn every_place() -> impl Iterator<Item = Place> {
        BetType::ALL.into_iter().flat_map(BetType::places)
    }

    fn numbers(place: Place) -> Vec<u8> {
        (0..=36)
            .filter(|number| place.pockets.contains(*number))
            .collect()
    }

    /// The numbers that the place with this name covers.
    fn covered(bet_type: &str, value: impl Into<Json>) -> Vec<u8> {
        numbers(Place::parse(bet_type, &value.into()).unwrap())
    }

    /// Row and column on the table of a number from 1; rows go down, columns to the right.
    fn position(number: u8) -> (u8, u8) {
        ((number - 1) / 3, (number - 1) % 3)
    }

    /// Every set of `size` numbers of 0 to 36, each from the lowest.
    fn every_set(size: usize) -> Vec<Vec<u8>> {
        (0..size).fold(vec![vec![]], |sets, _| {
            let longer = |set: Vec<u8>| {
                let from = set.last().map_or(0, |last| last + 1);
                (from..=36).map(move |number| [&set[..], &[number]].concat())
            };
            sets.into_iter().flat_map(longer).collect()
        })
    }

    fn assert_accepts_exactly(bet_type: &str, size: usize, is_on_table: impl Fn(&[u8]) -> bool) {
        for set in every_set(size) {
            let is_accepted = Place::parse(bet_type, &json!(set)).is_ok();
            assert_eq!(is_accepted, is_on_table(&set), "{bet_type} {set:?}");
        }
    }

    #[test]
    fn each_type_has_as_many_places_as_the_table() {
        for (bet_type, places) in [
            (BetType::Single, 37),
            (BetType::Split, 60),
            (BetType::Street, 12),
            (BetType::Trio, 2),
            (BetType::Corner, 22),
            (BetType::FirstFour, 1),
            (BetType::SixLine, 11),
            (BetType::Dozen, 3),
            (BetType::Column, 3),
            (BetType::Color, 2),
            (BetType::EvenOdd, 2),
            (BetType::LowHigh, 2),
        ] {
            assert_eq!(bet_type.places().len(), places, "{bet_type}");
        }
        assert_eq!(every_place().count(), 157);
    }

    #[test]
    fn no_two_places_of_a_type_share_a_value_or_cover_the_same_pockets() {
        let values: HashSet<_> = every_place().map(|place| (place.bet_type, place.value)).collect();
        let covered: HashSet<_> = every_place()
            .map(|place| (place.bet_type, place.pockets))
            .collect();
        assert_eq!((values.len(), covered.len()), (157, 157));
    }

    #[test]
    fn every_place_of_every_type_returns_exactly_36_of_37_stakes() {
        for place in every_place() {
            let returns = place.returns();
            assert_eq!(returns.rtp(), Ratio::new(36, 37), "{place:?}");
            assert_eq!(returns.expected_value(), Ratio::new(-1, 37), "{place:?}");
        }
    }

    #[test]
    fn the_deviation_of_every_place_is_the_published_one_of_its_type() {
        for (bet_type, millionths) in [
            (BetType::Single, 5_837_837),
            (BetType::Split, 4_070_237),
            (BetType::Street, 3_275_515),
            (BetType::Trio, 3_275_515),
            (BetType::Corner, 2_794_652),
            (BetType::FirstFour, 2_794_652),
            (BetType::SixLine, 2_211_597),
            (BetType::Dozen, 1_404_365),
            (BetType::Column, 1_404_365),
            (BetType::Color, 999_634),
            (BetType::EvenOdd, 999_634),
            (BetType::LowHigh, 999_634),
        ] {
            for place in bet_type.places() {
                assert_eq!(place.returns().sigma_millionths(), millionths, "{place:?}");
            }
        }
    }

    #[test]
    fn the_variance_of_a_place_follows_from_how_many_pockets_it_covers() {
        for place in every_place() {
            // k of 37 pockets return 36/k stakes: the mean square is 36²/(37·k).
            let covered = i128::try_from(numbers(place).len()).unwrap();
            let variance = Ratio::new(36 * 36 * (37 - covered), 37 * 37 * covered);
            assert_eq!(place.returns().variance(), variance, "{place:?}");
        }
    }

    #[test]
    fn a_split_is_two_numbers_that_share_an_edge() {
        assert_accepts_exactly("split", 2, |set| match *set {
            [0, number] => number <= 3,
            [low, high] => {
                let ((low_row, low_column), (high_row, high_column)) = (position(low), position(high));
                low_row.abs_diff(high_row) + low_column.abs_diff(high_column) == 1
            }
            _ => false,
        });
    }

    #[test]
    fn a_street_is_a_row_and_a_trio_has_zero_and_two_neighbours_of_the_first_row() {
        assert_accepts_exactly("street", 3, |set| {
            set[0] > 0 && set.iter().all(|number| position(*number).0 == position(set[0]).0)
        });
        assert_accepts_exactly("trio", 3, |set| matches!(set, [0, 1, 2] | [0, 2, 3]));
    }

    #[test]
    fn a_corner_is_two_rows_and_two_columns_side_by_side_and_the_first_four_are_none() {
        assert_accepts_exactly("corner", 4, |set| {
            set[0] > 0 && {
                let [first, second, third, fourth] = [0, 1, 2, 3].map(|place| position(set[place]));
                let (row, column) = first;
                second == (row, column + 1) && third == (row + 1, column) && fourth == (row + 1, column + 1)
            }
        });
        assert_accepts_exactly("first_four", 4, |set| *set == [0, 1, 2, 3]);
    }

    #[test]
    fn a_six_line_is_two_rows_side_by_side() {
        for first in 0..=36 {
            let six: Vec<u8> = (first..first + 6).collect();
            let is_accepted = Place::parse("six_line", &json!(six)).is_ok();
            assert_eq!(is_accepted, first % 3 == 1 && first <= 31, "{six:?}");
        }
        for wrong in [
            json!([1, 2, 3, 7, 8, 9]),
            json!([0, 1, 2, 3, 4, 5]),
            json!([1, 2, 3, 4, 5]),
            json!([1, 2, 3, 4, 5, 6, 7]),
        ] {
            let refused = Place::parse("six_line", &wrong);
            assert_eq!(refused, Err(PlaceError::NoSuchPlace(BetType::SixLine)), "{wrong}");
        }
    }

    #[test]
    fn outside_bets_cover_their_third_or_half_of_the_numbers_and_never_zero() {
        for place in every_place().filter(|place| numbers(*place).len() > 6) {
            assert!(!place.pockets.contains(0), "{place:?}");
        }
        assert_eq!(covered("dozen", 2), (13..=24).collect::<Vec<_>>());
        assert_eq!(covered("column", "3"), (3..=36).step_by(3).collect::<Vec<_>>());
        assert_eq!(
            covered("even_odd", "even"),
            (2..=36).step_by(2).collect::<Vec<_>>()
        );
        assert_eq!(
            covered("even_odd", "odd"),
            (1..=35).step_by(2).collect::<Vec<_>>()
        );
        assert_eq!(covered("low_high", "low"), (1..=18).collect::<Vec<_>>());
        assert_eq!(covered("low_high", "high"), (19..=36).collect::<Vec<_>>());
        for (name, color) in [("red", Color::Red), ("black", Color::Black)] {
            let numbers = covered("color", name);
            assert_eq!(numbers.len(), 18);
            assert!(
                numbers
                    .iter()
                    .all(|number| Pocket::ALL[usize::from(*number)].color() == color)
            );
        }
    }

    #[test]
    fn every_place_is_found_again_by_its_canonical_value() {
        for place in every_place() {
            let value = serde_json::to_value(place.value()).unwrap();
            assert_eq!(Place::parse(place.bet_type().as_str(), &value), Ok(place));
        }
    }

    #[test]
    fn the_numbers_of_a_place_may_come_in_any_order_and_as_text() {
        for place in every_place().filter(|place| matches!(place.value, Value::Numbers(_))) {
            let mut numbers = numbers(place);
            numbers.reverse();
            let text = numbers.iter().map(u8::to_string).collect::<Vec<_>>().join("-");
            for value in [json!(numbers), json!(text)] {
                assert_eq!(
                    Place::parse(place.bet_type.as_str(), &value),
                    Ok(place),
                    "{value}"
                );
            }
        }
        assert_eq!(covered("single", "17"), [17]);
    }

    #[test]
    fn a_street_is_also_named_by_its_lowest_number_and_the_first_four_by_nothing() {
        assert_eq!(covered("street", 34), [34, 35, 36]);
        assert_eq!(covered("street", "1"), [1, 2, 3]);
        for number in (0..=36).filter(|number| number % 3 != 1) {
            let refused = Place::parse("street", &json!(number));
            assert_eq!(refused, Err(PlaceError::NoSuchPlace(BetType::Street)), "{number}");
        }
        assert_eq!(covered("first_four", Json::Null), [0, 1, 2, 3]);
    }

    #[test]
    fn legacy_fault_green_is_no_bet() {
        let refused = Place::parse("color", &json!("green"));
        assert_eq!(refused, Err(PlaceError::NoSuchPlace(BetType::Color)));
        let zero = Pocket::ALL[0];
        assert!(
            BetType::Color
                .places()
                .iter()
                .all(|place| place.returned_on(zero) == 0)
        );
    }

    #[test]
    fn an_unknown_type_is_refused_as_such() {
        for unknown in ["", "straight", "Single", "single ", "neighbours"] {
            assert_eq!(
                Place::parse(unknown, &json!(17)),
                Err(PlaceError::UnknownType),
                "{unknown:?}"
            );
        }
        assert_eq!(PlaceError::UnknownType.to_string(), "the bet type is unknown");
    }

    #[test]
    fn a_value_that_its_type_does_not_have_is_refused_with_the_type() {
        for (bet_type, value) in [
            (BetType::Single, json!(37)),
            (BetType::Single, json!(-1)),
            (BetType::Single, json!(17.5)),
            (BetType::Single, json!([17])),
            (BetType::Single, json!("red")),
            (BetType::Split, json!(17)),
            (BetType::Split, json!([17, 17])),
            (BetType::Split, json!([17])),
            (BetType::Trio, json!([0, 1, 3])),
            (BetType::Corner, json!([0, 1, 2, 3])),
            (BetType::Dozen, json!(0)),
            (BetType::Dozen, json!(4)),
            (BetType::Column, json!("first")),
            (BetType::Color, json!(null)),
            (BetType::Color, json!("Red")),
            (BetType::EvenOdd, json!("low")),
            (BetType::LowHigh, json!(true)),
        ] {
            let refused = Place::parse(bet_type.as_str(), &value);
            assert_eq!(
                refused,
                Err(PlaceError::NoSuchPlace(bet_type)),
                "{bet_type} {value}"
            );
        }
        let refused = PlaceError::NoSuchPlace(BetType::SixLine);
        assert_eq!(refused.to_string(), "the value is no six_line on the table");
    }
}

//! The value of a bet, which says where it lies: owns its canonical form and the other forms that are read.
//! Must never know which values the table has.

use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::wheel::Pocket;

/// A set of pockets, shown as the list of their numbers from the lowest. Bit `n` stands for number `n`, so that
/// any number below 64 can be asked for, and is in no place of the table if it is above 36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pockets(u64);

impl Pockets {
    /// Whether `number` is in the set.
    pub const fn contains(self, number: u8) -> bool {
        self.0 >> number & 1 == 1
    }

    /// The set of `numbers`, or `None` if one is missing or there twice.
    fn read(numbers: impl IntoIterator<Item = Option<u8>>) -> Option<Self> {
        numbers.into_iter().try_fold(Self(0), |read, number| {
            let number = number?;
            (!read.contains(number)).then_some(Self(read.0 | 1 << number))
        })
    }
}

impl FromIterator<u8> for Pockets {
    fn from_iter<I: IntoIterator<Item = u8>>(numbers: I) -> Self {
        Self(numbers.into_iter().fold(0, |bits, number| bits | 1 << number))
    }
}

impl Serialize for Pockets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((0..=Pocket::HIGHEST).filter(|number| self.contains(*number)))
    }
}

/// The value of a bet in its canonical form, as JSON: an integer, a list of integers or a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Value<'a> {
    /// One number of the wheel, or which dozen or column: `17`.
    Number(u8),
    /// The numbers of an inside bet, from the lowest: `[17, 20]`.
    Numbers(Pockets),
    /// A name: `"red"`.
    Name(&'a str),
}

impl<'a> Value<'a> {
    /// Reads a value that a client sent. A number may be text of its digits (`"17"`), and numbers may come in any
    /// order or as text with hyphens (`"20-17"`). `None` if it has none of these forms, or if a number is above 36
    /// or comes twice.
    pub fn read(json: &'a Json) -> Option<Self> {
        match json {
            Json::Number(_) => read_number(json).map(Self::Number),
            Json::Array(items) => Pockets::read(items.iter().map(read_number)).map(Self::Numbers),
            Json::String(text) if text.contains('-') => {
                Pockets::read(text.split('-').map(read_digits)).map(Self::Numbers)
            }
            Json::String(text) => Some(read_digits(text).map_or(Self::Name(text), Self::Number)),
            Json::Null | Json::Bool(_) | Json::Object(_) => None,
        }
    }
}

fn read_number(json: &Json) -> Option<u8> {
    match json {
        Json::String(text) => read_digits(text),
        other => other.as_u64().and_then(|number| u8::try_from(number).ok()),
    }
    .filter(|number| *number <= Pocket::HIGHEST)
}

/// Reads a number as it is shown: no sign, no space, no needless zero.
fn read_digits(text: &str) -> Option<u8> {
    let number: u8 = text.parse().ok()?;
    (number <= Pocket::HIGHEST && number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_accepted_form_has_one_canonical_form() {
        for (sent, canonical) in [
            (json!(17), json!(17)),
            (json!("17"), json!(17)),
            (json!(0), json!(0)),
            (json!([17, 20]), json!([17, 20])),
            (json!([20, 17]), json!([17, 20])),
            (json!(["20", 17]), json!([17, 20])),
            (json!("20-17"), json!([17, 20])),
            (json!("2-0-1"), json!([0, 1, 2])),
            (json!([]), json!([])),
            (json!("red"), json!("red")),
        ] {
            let value = Value::read(&sent).map(|value| serde_json::to_value(value).unwrap());
            assert_eq!(value, Some(canonical), "{sent}");
        }
    }

    #[test]
    fn what_is_neither_number_nor_numbers_nor_name_is_not_read() {
        for sent in [
            json!(null),
            json!(true),
            json!({"number": 17}),
            json!(37),
            json!(256),
            json!(-1),
            json!(17.0),
            json!([17, 37]),
            json!([17, null]),
            json!([[17]]),
            json!("17-37"),
            json!("-17"),
            json!("17-"),
            json!("17 - 20"),
        ] {
            assert_eq!(Value::read(&sent), None, "{sent}");
        }
    }

    #[test]
    fn a_number_that_comes_twice_is_refused() {
        for sent in [json!([17, 17]), json!("17-17"), json!([1, 2, "1"])] {
            assert_eq!(Value::read(&sent), None, "{sent}");
        }
    }

    #[test]
    fn text_that_is_no_number_of_the_wheel_is_only_a_name() {
        for sent in ["37", "017", "+17", " 17", "1e1", "", "Red"] {
            assert_eq!(Value::read(&json!(sent)), Some(Value::Name(sent)));
        }
    }
}

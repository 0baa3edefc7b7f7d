//! JSON objects that are read into structs, and nothing else. Must never take an array for one: serde would read its
//! members in the order in which a struct happens to declare its own.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};

/// Reads an object, for `#[serde(deserialize_with = "…")]`.
///
/// # Errors
/// When it is none, or not one that fits.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<T, D::Error> {
    json.deserialize_map(ObjectVisitor(PhantomData))
}

/// Reads a list of objects.
///
/// # Errors
/// When it is none, or holds anything else.
pub fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(json: D) -> Result<Vec<T>, D::Error> {
    let all = Vec::<Object<T>>::deserialize(json)?;
    Ok(all.into_iter().map(|Object(one)| one).collect())
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        object(json).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::read_json;

    #[derive(Debug, Default, Deserialize, PartialEq, Eq)]
    struct Inner {
        number: u8,
    }

    #[derive(Debug, Deserialize, PartialEq, Eq)]
    struct Outer {
        #[serde(default, deserialize_with = "object")]
        one: Inner,
        #[serde(default, deserialize_with = "objects")]
        all: Vec<Inner>,
    }

    #[test]
    fn objects_are_read_and_may_be_left_out() {
        let read = |body: &str| read_json::<Outer>(body.as_bytes()).unwrap();
        let two = read(r#"{"one":{"number":1},"all":[{"number":2}]}"#);
        assert_eq!((two.one.number, two.all[0].number), (1, 2));
        assert_eq!(read("{}").all, []);
    }

    #[test]
    fn an_array_in_the_place_of_an_object_is_refused_by_name() {
        for (body, field) in [
            (r#"{"one":[1]}"#, "one"),
            (r#"{"one":null}"#, "one"),
            (r#"{"one":{"number":"1"}}"#, "one.number"),
            (r#"{"all":[[1]]}"#, "all[0]"),
            (r#"{"all":{"number":1}}"#, "all"),
            (r#"{"all":[{"number":1},{}]}"#, "all[1].number"),
        ] {
            let problem = read_json::<Outer>(body.as_bytes()).unwrap_err();
            let named = format!("field: {field:?}");
            assert!(format!("{problem:?}").contains(&named), "{body} {problem:?}");
        }
    }
}

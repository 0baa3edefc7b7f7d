//! What the replaced backend believed its clients, and nobody may send any more. Must never let a client decide
//! anything but its stakes and moves.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::CasinoError;

/// Members that hold what only the server decides.
const DECIDED: [&str; 20] = [
    "banker",
    "banker_total",
    "crash_multiplier",
    "deck",
    "dealer",
    "dealer_real",
    "hand",
    "hands",
    "multiplier",
    "payout",
    "player",
    "player_total",
    "pocket",
    "reels",
    "result",
    "spin",
    "split_hands",
    "state",
    "winner",
    "wins",
];
/// The members in which games have parameters of their own, which are looked into too.
const LOOKED_INTO: [&str; 2] = ["params", "bets"];

/// Refuses a body that holds what only the server decides, also in lists, and names the first such member. Leaves it to
/// others to refuse what is no JSON object.
pub(super) fn refuse_decided(body: &[u8]) -> Result<(), CasinoError> {
    refuse_decided_but(body, "")
}

/// The same where the member `but` has another meaning.
pub(super) fn refuse_decided_but(body: &[u8], but: &'static str) -> Result<(), CasinoError> {
    let mut found = None;
    let mut json = serde_json::Deserializer::from_slice(body);
    let members = Members {
        found: &mut found,
        but,
        path: String::new(),
    };
    // What is no JSON object is refused by who reads it.
    let _ = members.deserialize(&mut json);
    found.map_or(Ok(()), |member| Err(CasinoError::ServerDecides(member)))
}

struct Members<'a> {
    found: &'a mut Option<String>,
    but: &'static str,
    /// Where they stand; empty for the body itself.
    path: String,
}

impl Members<'_> {
    fn path_of(&self, member: &str) -> String {
        if self.path.is_empty() {
            member.to_owned()
        } else {
            format!("{}.{member}", self.path)
        }
    }

    /// Those of a value at `path` in these.
    fn within(&mut self, path: String) -> Members<'_> {
        Members {
            found: &mut *self.found,
            but: self.but,
            path,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    // What is no object holds no members; whoever reads it refuses it.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let mut place = 0;
        loop {
            let path = format!("{}[{place}]", self.path);
            if list.next_element_seed(self.within(path))?.is_none() {
                return Ok(());
            }
            place += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(member) = map.next_key::<String>()? {
            let path = self.path_of(&member);
            if LOOKED_INTO.contains(&member.as_str()) {
                map.next_value_seed(self.within(path))?;
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if self.found.is_none() && member != self.but && DECIDED.contains(&member.as_str()) {
                *self.found = Some(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &str) -> Option<String> {
        match refuse_decided(body.as_bytes()) {
            Err(CasinoError::ServerDecides(member)) => Some(member),
            _ => None,
        }
    }

    #[test]
    fn what_only_the_server_decides_is_refused_by_name_wherever_it_stands() {
        for (body, member) in [
            (r#"{"stake":1,"payout":5}"#, "payout"),
            (r#"{"deck":["A♠"],"payout":5}"#, "deck"),
            (
                r#"{"params":{"bet_on":"tie","multiplier":9},"stake":1}"#,
                "params.multiplier",
            ),
            (
                r#"{"params":{"bets":[{"stake":1},{"payout":36}]}}"#,
                "params.bets[1].payout",
            ),
            (r#"{"params":[{"payout":1}]}"#, "params[0].payout"),
            (r#"{"params":[{"payout":1}],"deck":[]}"#, "params[0].payout"),
            (r#"{"state":{"player":[]}}"#, "state"),
            (r#"{"pocket":null}"#, "pocket"),
            (r#"{"params":null,"payout":5}"#, "payout"),
            (r#"{"params":"x","deck":[]}"#, "deck"),
            (r#"{"params":1.5,"deck":[]}"#, "deck"),
        ] {
            assert_eq!(refused(body).as_deref(), Some(member), "{body}");
        }
    }

    #[test]
    fn a_member_with_another_meaning_may_be_sent() {
        let body = br#"{"ref":"x","multiplier":1.5}"#;
        assert!(refuse_decided_but(body, "multiplier").is_ok());
        assert!(refuse_decided(body).is_err());
    }

    #[test]
    fn everything_else_is_left_to_those_who_read_it() {
        for body in [
            r#"{"stake":1,"currency":"USD","params":{"ref":"x"}}"#,
            r#"{"note":{"payout":1}}"#,
            "[]",
            "{",
            "",
        ] {
            assert_eq!(refused(body), None, "{body}");
        }
    }
}

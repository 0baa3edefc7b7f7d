//! Which addresses a name can have, and what a referral code is. Must never touch the database.

use deunicode::deunicode;
use shared::ids::Subdomain;
use shared::random::Random;
use shared::theme::DisplayName;

/// Names in URLs that would be taken for something else than an operator.
const RESERVED: [&str; 30] = [
    "admin",
    "api",
    "assets",
    "auth",
    "betting",
    "bootstrap",
    "branding",
    "casino",
    "casino-enabled",
    "docs",
    "health",
    "healthz",
    "internal",
    "load-theme",
    "login",
    "logout",
    "metrics",
    "openapi",
    "platform",
    "player",
    "problems",
    "public",
    "readyz",
    "save-theme",
    "sports",
    "static",
    "stream",
    "superadmin",
    "theme-css",
    "www",
];

/// Whether a name in URLs is the service's own.
pub(crate) fn is_reserved(subdomain: &Subdomain) -> bool {
    RESERVED.contains(&subdomain.as_str())
}

/// An address has at least so many characters.
const LEAST_CHARS: usize = 3;
/// An address is the whole name if that is free, else so many characters of it.
const MOST_CHARS: [usize; 3] = [63, 15, 10];
/// If none of these is free, so many characters of the name and a number.
const STEM_CHARS: usize = 8;
const NUMBERS: std::ops::RangeInclusive<u32> = 1..=999;
/// Stands for a name that has no letter that can be written in ASCII.
const NAMELESS: &str = "sportsbook";

/// The addresses that a sportsbook of this name can have, the best first. Letters of other scripts are written in
/// ASCII, and everything but letters and digits is left out.
pub(super) fn addresses(name: &DisplayName) -> Vec<Subdomain> {
    let mut letters = deunicode(name.as_str()).to_ascii_lowercase();
    letters.retain(|character| character.is_ascii_alphanumeric());
    if letters.is_empty() {
        NAMELESS.clone_into(&mut letters);
    }
    let first = |most: usize| &letters[..letters.len().min(most)];
    let plain = MOST_CHARS.map(|most| first(most).to_owned());
    let numbered = NUMBERS.map(|number| format!("{}{number}", first(STEM_CHARS)));
    let mut addresses: Vec<Subdomain> = plain
        .into_iter()
        .chain(numbered)
        .filter(|address| address.len() >= LEAST_CHARS)
        .filter_map(|address| Subdomain::parse(&address))
        .filter(|address| !is_reserved(address))
        .collect();
    addresses.dedup();
    addresses
}

/// What an operator gives to those who want to become one: letters and digits, in capitals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralCode(Box<str>);

/// Characters of a new code.
const CODE_CHARS: u32 = 8;
const CODE_ALPHABET: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

impl ReferralCode {
    /// A new one.
    pub fn draw(random: &Random) -> Self {
        // 2⁶⁴ is so much more than 36⁸ that no code is likelier than another by more than 10⁻⁶ of itself.
        let mut number = u64::from_be_bytes(random.bytes());
        let code = (0..CODE_CHARS).map(|_| {
            let (rest, digit) = (number / 36, number % 36);
            number = rest;
            char::from(CODE_ALPHABET[usize::try_from(digit).unwrap_or_default()])
        });
        Self(code.collect::<String>().into())
    }

    /// Reads a code; small letters count as capitals.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_ascii_uppercase();
        let fits = (6..=20).contains(&code.len()) && code.bytes().all(|byte| CODE_ALPHABET.contains(&byte));
        fits.then(|| Self(code.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(name: &str) -> Vec<String> {
        let addresses = addresses(&name.parse().unwrap());
        let text = |address: &Subdomain| address.as_str().to_owned();
        addresses.iter().take(4).map(text).collect()
    }

    #[test]
    fn an_address_is_the_name_without_what_no_address_has() {
        for (name, expected) in [
            (
                "Aurora Sports",
                ["aurorasports", "auroraspor", "aurorasp1", "aurorasp2"],
            ),
            ("Bet-365!", ["bet365", "bet3651", "bet3652", "bet3653"]),
            ("Ставки", ["stavki", "stavki1", "stavki2", "stavki3"]),
            (
                "Über Wetten",
                ["uberwetten", "uberwett1", "uberwett2", "uberwett3"],
            ),
            ("Go", ["go1", "go2", "go3", "go4"]),
            ("…!?", ["sportsbook", "sportsbo1", "sportsbo2", "sportsbo3"]),
            ("A.P.I.", ["api1", "api2", "api3", "api4"]),
            ("Admin", ["admin1", "admin2", "admin3", "admin4"]),
        ] {
            assert_eq!(best(name), expected, "{name}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_every_address_can_be_one() {
        let name = "a".repeat(100);
        let addresses = addresses(&name.parse().unwrap());
        let lengths: Vec<usize> = addresses.iter().map(|address| address.as_str().len()).collect();
        assert_eq!(lengths[..4], [63, 15, 10, 9]);
        assert_eq!(addresses.len(), 3 + 999);
    }

    #[test]
    fn codes_are_drawn_and_read() {
        let random = Random::seeded(1);
        let (one, other) = (ReferralCode::draw(&random), ReferralCode::draw(&random));
        assert_ne!(one, other);
        assert_eq!(ReferralCode::parse(&one.as_str().to_lowercase()), Some(one));
        for text in [
            "",
            "ABC12",
            "ABCDEFGHIJKLMNOPQRSTU",
            "ABC-123",
            "ÄBCDEFG",
            "АВС123",
        ] {
            assert_eq!(ReferralCode::parse(text), None, "{text}");
        }
    }
}

//! The values that looks are made of. Each type is checked when it is made and safe to print into CSS or HTML.
//! Must never hold a text that could close the place it is printed into.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef, Postgres};
use utoipa::ToSchema;

use crate::money::AmountError;

/// Longest URL of an image or a profile, in characters.
pub const MAX_URL_CHARS: usize = 500;
/// Longest name of a sportsbook, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Longest e-mail address, in characters (RFC 5321, 4.5.3.1.3, less the angle brackets).
const MAX_EMAIL_CHARS: usize = 254;

/// Why a value is refused: words that follow the field's name, fit for a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// JSON of another type.
    #[error("must be text")]
    NotText,
    /// JSON of another type.
    #[error("must be true or false")]
    NotFlag,
    /// JSON of another type.
    #[error("must be an object")]
    NotObject,
    /// Not a colour.
    #[error("must be a colour: # and three or six hexadecimal digits")]
    NotColor,
    /// Not in the list.
    #[error("must be one of: {}", .0.join("; "))]
    NotOneOf(&'static [&'static str]),
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Too many characters.
    #[error("must have at most {0} characters")]
    TooLong(usize),
    /// A character that is hidden or could be read as markup.
    #[error(r"must not contain control characters, invisible marks or any of < > {{ }} \")]
    UnsafeCharacter,
    /// Not the address of an image.
    #[error("must be empty, an https:// URL or a path that begins with one /, in plain URL characters")]
    NotImageUrl,
    /// Not the address of a page.
    #[error("must be empty or an https:// URL in plain URL characters")]
    NotLink,
    /// Not an e-mail address.
    #[error("must be empty or an e-mail address")]
    NotEmail,
    /// Not a rate.
    #[error("must be a plain JSON number from 0 to 1 with at most four decimals")]
    NotRate,
    /// Custom CSS.
    #[error("is not accepted: looks are made of colours, a font and styles")]
    CustomCss,
    /// Another currency than that of the books.
    #[error("of an operator with books can't be changed")]
    FixedCurrency,
    /// A member that does not exist.
    #[error("is not a known field")]
    Unknown,
    /// Not an amount.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

/// Lets a type that is made from text be read from a text column.
macro_rules! text_column {
    ($name:ident) => {
        impl sqlx::Type<Postgres> for $name {
            fn type_info() -> PgTypeInfo {
                <str as sqlx::Type<Postgres>>::type_info()
            }

            fn compatible(column: &PgTypeInfo) -> bool {
                <str as sqlx::Type<Postgres>>::compatible(column)
            }
        }

        impl<'r> sqlx::Decode<'r, Postgres> for $name {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                let text = <&str as sqlx::Decode<'r, Postgres>>::decode(value)?;
                Ok(text.parse::<Self>()?)
            }
        }
    };
}

/// An enum whose members are texts of a closed list. They are taken as bare tokens, so that what describes the API reads
/// them too.
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident { $($member:ident = $text:tt,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
        pub enum $name {
            $(
                #[doc = concat!("`", $text, "`")]
                #[serde(rename = $text)]
                $member,
            )+
        }

        impl $name {
            /// All of them, in the order in which they are offered.
            pub const ALL: &'static [Self] = &[$(Self::$member),+];
            const TEXTS: &'static [&'static str] = &[$($text),+];

            /// The text that JSON and the database hold.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$member => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                let found = Self::ALL.iter().find(|member| member.as_str() == text);
                found.copied().ok_or(ValueError::NotOneOf(Self::TEXTS))
            }
        }

        text_column!($name);
    };
}

choice! {
    /// A font that the pages know how to load, with its fallback.
    FontFamily {
        Inter = "Inter, sans-serif",
        Roboto = "Roboto, sans-serif",
        Poppins = "Poppins, sans-serif",
        Montserrat = "Montserrat, sans-serif",
        SourceSansPro = "Source Sans Pro, sans-serif",
        OpenSans = "Open Sans, sans-serif",
        Lato = "Lato, sans-serif",
        Nunito = "Nunito, sans-serif",
    }
}
choice! {
    /// How the page is laid out.
    LayoutStyle {
        Modern = "modern",
        Classic = "classic",
        Compact = "compact",
        Wide = "wide",
        Minimal = "minimal",
    }
}
choice! {
    /// The corners of buttons.
    ButtonStyle {
        Rounded = "rounded",
        Sharp = "sharp",
        Minimal = "minimal",
    }
}
choice! {
    /// The edges of cards.
    CardStyle {
        Shadow = "shadow",
        Border = "border",
        Minimal = "minimal",
        Glow = "glow",
    }
}
choice! {
    /// The sign beside the sportsbook's name.
    LogoType {
        Default = "default",
        Crown = "crown",
        Trophy = "trophy",
        Star = "star",
        Diamond = "diamond",
        Fire = "fire",
        Lightning = "lightning",
        Target = "target",
    }
}

/// A text that its type has checked.
macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident) => {
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
        #[serde(transparent)]
        $(#[$meta])*
        pub struct $name(pub(super) String);

        impl $name {
            /// The text, as JSON and the database hold it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        text_column!($name);
    };
}

checked_text! {
    /// A colour, `#RGB` or `#RRGGBB`, kept as it was written.
    #[schema(example = "#1e40af")]
    Color
}
checked_text! {
    /// Where an image is: empty for none, an `https://` URL, or a path on this site that begins with one `/`.
    #[derive(Default)]
    #[schema(example = "/images/logo.png")]
    ImageUrl
}
checked_text! {
    /// A sportsbook's name as people see it: 1 to 100 visible characters, none of which is markup.
    #[schema(example = "Your Sportsbook")]
    DisplayName
}

impl FromStr for Color {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let digits = text.strip_prefix('#').ok_or(ValueError::NotColor)?;
        let fits = matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_owned())).ok_or(ValueError::NotColor)
    }
}

impl FromStr for ImageUrl {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let is_site_path = text.starts_with('/') && !text.contains("//") && has_url_characters(text);
        if !(text.is_empty() || is_site_path || is_https_url(text)) {
            return Err(ValueError::NotImageUrl);
        }
        not_longer(text, MAX_URL_CHARS)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for DisplayName {
    type Err = ValueError;

    /// Trims white space at both ends.
    fn from_str(text: &str) -> Result<Self, ValueError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ValueError::Empty);
        }
        check_plain_text(text, MAX_NAME_CHARS)?;
        Ok(Self(text.to_owned()))
    }
}

/// Custom CSS that would be accepted. There is none, so an `Option` of it is always `None` and shows as `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum NoCustomCss {}

impl FromStr for NoCustomCss {
    type Err = ValueError;

    fn from_str(_: &str) -> Result<Self, ValueError> {
        Err(ValueError::CustomCss)
    }
}

text_column!(NoCustomCss);

/// Accepts text for people: nothing hidden, nothing that HTML, CSS or a script could take for its own.
pub(crate) fn check_plain_text(text: &str, max_chars: usize) -> Result<(), ValueError> {
    if text.chars().any(is_unsafe) {
        return Err(ValueError::UnsafeCharacter);
    }
    not_longer(text, max_chars)
}

/// Accepts nothing at all or the address of a page elsewhere.
pub(crate) fn check_link(text: &str) -> Result<(), ValueError> {
    if !(text.is_empty() || is_https_url(text)) {
        return Err(ValueError::NotLink);
    }
    not_longer(text, MAX_URL_CHARS)
}

/// Accepts nothing at all or an e-mail address in the unquoted form.
pub(crate) fn check_email(text: &str) -> Result<(), ValueError> {
    let fits = text.is_empty()
        || text.split_once('@').is_some_and(|(mailbox, host)| {
            let is_mailbox_byte = |b: u8| b.is_ascii_alphanumeric() || b"._%+-".contains(&b);
            !mailbox.is_empty() && mailbox.bytes().all(is_mailbox_byte) && host.contains('.') && is_host(host)
        });
    if !fits {
        return Err(ValueError::NotEmail);
    }
    not_longer(text, MAX_EMAIL_CHARS)
}

fn not_longer(text: &str, max_chars: usize) -> Result<(), ValueError> {
    if text.chars().count() > max_chars {
        return Err(ValueError::TooLong(max_chars));
    }
    Ok(())
}

/// Control characters, markup, and what is invisible or turns the direction of writing (Unicode TR 36, 3.3).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | '{' | '}' | '\\')
        || matches!(
            c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        )
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// `https://host[:port][path]` without user, in plain characters.
fn is_https_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://") else {
        return false;
    };
    let authority_end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let is_port = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_host(host) && is_port && has_url_characters(path)
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(is_label)
}

/// Only characters that neither CSS nor HTML nor a script gives a meaning, and whole percent-escapes.
fn has_url_characters(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:?#&=%+,@".contains(&b);
    let is_escape = |rest: &str| {
        let digits = rest.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    text.bytes().all(is_plain) && text.split('%').skip(1).all(is_escape)
}

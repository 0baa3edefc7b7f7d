//! Which players a list shows, and what an adjustment may be. Must never let a text of a request become a part of SQL.

use serde::{Deserialize, Serialize};
use shared::field::FieldError;
use shared::ids::PlayerId;
use shared::money::{Amount, Currency, Minor};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::error::PlayersError;
use crate::commands::Command;
use crate::ledger::{Account, LedgerError, LockedWallet, Posting, Reason};

/// Longest text that is searched for, in characters.
const MAX_SEARCH_CHARS: usize = 100;
/// Shortest reason for an adjustment, in characters.
const MIN_WHY_CHARS: usize = 3;
/// Longest reason for an adjustment, in characters.
const MAX_WHY_CHARS: usize = 200;

/// Whether a player may log in and play.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlayerStatus {
    /// The player may.
    Active,
    /// The player may not.
    Disabled,
}

impl PlayerStatus {
    pub(super) const fn of(is_active: bool) -> Self {
        if is_active { Self::Active } else { Self::Disabled }
    }
}

/// What a list of players is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    /// When they registered.
    #[default]
    CreatedAt,
    /// Their names, in any case.
    Username,
    /// What they hold.
    Balance,
    /// What they ever staked.
    Staked,
    /// What they were ever paid less what they staked.
    Profit,
}

impl Sort {
    /// The word in the statement that sorts.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedAt => "created_at",
            Self::Username => "username",
            Self::Balance => "balance",
            Self::Staked => "staked",
            Self::Profit => "profit",
        }
    }
}

/// Which end of a list comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// The least.
    Asc,
    /// The most.
    #[default]
    Desc,
}

/// Which players, and in which order.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PlayersQuery {
    /// Only those with this in their name or e-mail address, in any case: at most 100 characters.
    search: Option<String>,
    /// Only those who may log in and play, or only the others.
    #[param(inline)]
    status: Option<PlayerStatus>,
    /// What they are sorted by, then by their ids; by default `created_at`.
    #[param(inline)]
    sort: Option<Sort>,
    /// By default `desc`.
    #[param(inline)]
    order: Option<Order>,
}

/// A query that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// Part of the name or the address, in lower case; none for all.
    pub(super) part: Option<String>,
    pub(super) status: Option<PlayerStatus>,
    pub(super) sort: Sort,
    pub(super) order: Order,
}

impl PlayersQuery {
    pub(super) fn understood(self) -> Result<Asked, Vec<FieldError>> {
        let search = self.search.as_deref().map(str::trim).unwrap_or_default();
        if search.chars().count() > MAX_SEARCH_CHARS {
            let detail = format!("must have at most {MAX_SEARCH_CHARS} characters");
            return Err(vec![FieldError::new("search", detail)]);
        }
        if search.contains('\0') {
            return Err(vec![FieldError::new("search", "must not contain NUL")]);
        }
        Ok(Asked {
            // Each character by itself, as addresses are stored.
            part: (!search.is_empty()).then(|| search.chars().flat_map(char::to_lowercase).collect()),
            status: self.status,
            sort: self.sort.unwrap_or_default(),
            order: self.order.unwrap_or_default(),
        })
    }
}

/// Why staff moves a player's money: 3 to 200 characters that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Why(String);

/// The text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be {MIN_WHY_CHARS} to {MAX_WHY_CHARS} characters with a letter or digit among them, without control \
     characters"
)]
pub(crate) struct NotAReason;

impl TryFrom<String> for Why {
    type Error = NotAReason;

    fn try_from(text: String) -> Result<Self, NotAReason> {
        let text = text.trim();
        let fits = (MIN_WHY_CHARS..=MAX_WHY_CHARS).contains(&text.chars().count())
            && text.chars().any(char::is_alphanumeric)
            && !text.chars().any(char::is_control);
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAReason)
        }
    }
}

impl Why {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An adjustment as it was asked for: the same however often its transaction has to be run.
#[derive(Debug)]
pub(super) struct Adjustment {
    pub(super) player: PlayerId,
    pub(super) amount: Amount,
    pub(super) why: Why,
    pub(super) command: Command,
    /// The most that may be moved.
    pub(super) most: Minor,
    pub(super) tx_id: Uuid,
}

impl Adjustment {
    /// What the balance changes by.
    pub(super) fn difference(&self, currency: Currency) -> Result<Minor, PlayersError> {
        let difference = self.amount.not_zero(currency)?;
        if difference.get().abs() > self.most.get() {
            return Err(PlayersError::OverLimit(currency.money(self.most)));
        }
        Ok(difference)
    }

    /// Moves the money in memory. The player sees the reference, which is the key, and not the reason.
    pub(super) fn post(
        &self,
        wallet: &mut LockedWallet,
        difference: Minor,
        currency: Currency,
    ) -> Result<(), PlayersError> {
        let own = Account::Wallet(self.player);
        let (debit, credit) = if difference > Minor::ZERO {
            (Account::Adjustments, own)
        } else {
            (own, Account::Adjustments)
        };
        let posting = Posting {
            debit,
            credit,
            amount: Minor::new(difference.get().abs()),
            reason: Reason::Adjustment,
            reference: self.command.key().to_owned(),
        };
        wallet.post(self.tx_id, &[posting]).map_err(|error| match error {
            LedgerError::InsufficientFunds { available } => PlayersError::InsufficientFunds {
                available: currency.money(available),
            },
            refused => refused.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part_of(search: &str) -> Result<Option<String>, Vec<FieldError>> {
        let query = PlayersQuery {
            search: Some(search.to_owned()),
            status: None,
            sort: None,
            order: None,
        };
        query.understood().map(|asked| asked.part)
    }

    #[test]
    fn a_search_is_trimmed_and_in_lower_case() {
        for (search, part) in [
            ("Ali", Some("ali")),
            (" Ali\t", Some("ali")),
            ("ΟΔΟΣ", Some("οδοσ")),
            ("a\u{200b}B%_\\", Some("a\u{200b}b%_\\")),
            ("", None),
            (" \n", None),
        ] {
            assert_eq!(part_of(search).unwrap().as_deref(), part, "{search:?}");
        }
    }

    #[test]
    fn a_search_has_100_characters_at_most_and_no_nul() {
        assert!(part_of(&"é".repeat(100)).is_ok());
        for search in ["é".repeat(101), "a\0b".to_owned()] {
            let errors = part_of(&search).unwrap_err();
            assert_eq!(errors[0].field, "search");
        }
    }

    #[test]
    fn a_reason_can_be_read() {
        for (text, read) in [
            ("ok!", "ok!"),
            ("  Доплата за сбой  ", "Доплата за сбой"),
            ("払い戻し", "払い戻し"),
            ("<b>&'\"", "<b>&'\""),
        ] {
            assert_eq!(Why::try_from(text.to_owned()).unwrap().as_str(), read);
        }
        let long = "é".repeat(201);
        for text in [
            "",
            "ok",
            "  ok  ",
            "...",
            "\u{200b}\u{200b}\u{200b}",
            "a\nb",
            "a\0b",
            &long,
        ] {
            assert_eq!(Why::try_from(text.to_owned()), Err(NotAReason), "{text:?}");
        }
        assert!(Why::try_from("é".repeat(200)).is_ok());
    }
}

//! Which wallets an operator has, and what they are opened with. Must never touch the database.

use shared::money::{Currency, Minor};

use crate::ledger::Account;

/// A wallet of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperatorWallet {
    BookmakerCapital,
    LiquidityPool,
    Revenue,
    BookmakerEarnings,
}

impl OperatorWallet {
    /// Every wallet, in the order in which they are shown.
    pub(super) const ALL: [Self; 4] = [
        Self::BookmakerCapital,
        Self::LiquidityPool,
        Self::Revenue,
        Self::BookmakerEarnings,
    ];

    /// Its name in URLs and answers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::BookmakerCapital => "bookmaker_capital",
            Self::LiquidityPool => "liquidity_pool",
            Self::Revenue => "revenue",
            Self::BookmakerEarnings => "bookmaker_earnings",
        }
    }

    /// The wallet of this name.
    pub(super) fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wallet| wallet.as_str() == name)
    }

    /// The wallet that has this account.
    pub(super) fn of_account(code: i64) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|wallet| wallet.account().code() == code)
    }

    /// Where its money is.
    pub(super) const fn account(self) -> Account {
        match self {
            Self::BookmakerCapital => Account::BookmakerCapital,
            Self::LiquidityPool => Account::LiquidityPool,
            Self::Revenue => Account::Revenue,
            Self::BookmakerEarnings => Account::BookmakerEarnings,
        }
    }

    /// What a new operator's has.
    pub(super) fn initial_balance(self, currency: Currency) -> Minor {
        let units = match self {
            Self::BookmakerCapital => 10_000,
            Self::LiquidityPool => 40_000,
            Self::Revenue | Self::BookmakerEarnings => 0,
        };
        Minor::new(units * 10_i64.pow(currency.decimals().into()))
    }

    /// How many times its money a new operator's stands for.
    pub(super) const fn leverage(self) -> i16 {
        match self {
            Self::LiquidityPool => 5,
            Self::BookmakerCapital | Self::Revenue | Self::BookmakerEarnings => 1,
        }
    }

    /// For people.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::BookmakerCapital => "The bookmaker's own money, which stands for losses",
            Self::LiquidityPool => "The pool's money, which stands for losses beside the bookmaker's",
            Self::Revenue => "The community's part of the profit",
            Self::BookmakerEarnings => "The bookmaker's part of the profit",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wallet_is_found_by_its_name_and_by_its_account() {
        for wallet in OperatorWallet::ALL {
            assert_eq!(OperatorWallet::find(wallet.as_str()), Some(wallet));
            assert_eq!(OperatorWallet::of_account(wallet.account().code()), Some(wallet));
        }
        assert_eq!(OperatorWallet::find("casino"), None);
        assert_eq!(OperatorWallet::of_account(Account::Casino.code()), None);
    }

    #[test]
    fn wallets_are_opened_in_whole_units_of_the_currency() {
        let capital = |code| {
            let currency = Currency::parse(code).unwrap();
            OperatorWallet::BookmakerCapital.initial_balance(currency).get()
        };
        assert_eq!(
            ["USD", "JPY", "KWD"].map(capital),
            [1_000_000, 10_000, 10_000_000]
        );
    }
}

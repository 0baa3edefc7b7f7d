//! What the cashier is asked to move and may move. Must never hold back a withdrawal that the balance covers
//! for the sake of its player's state; whether the operator's staff may ask at all is for their session to say.

use shared::ids::PlayerId;
use shared::money::{Amount, Currency, Minor};
use uuid::Uuid;

use super::error::CashierError;
use crate::audit::Action;
use crate::commands::{Command, Key};
use crate::ledger::{Account, LedgerError, LockedWallet, Posting, Reason};
use crate::webhooks::EventType;

/// Which way the money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Into the wallet.
    Deposit,
    /// Out of the wallet.
    Withdrawal,
}

impl Direction {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        }
    }

    /// What the audit log calls it.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Deposit => Action::Deposited,
            Self::Withdrawal => Action::Withdrawn,
        }
    }

    /// What webhooks call it.
    pub(super) const fn event_type(self) -> EventType {
        match self {
            Self::Deposit => EventType::DepositMade,
            Self::Withdrawal => EventType::WithdrawalMade,
        }
    }
}

/// A movement as it was asked for: the same however often its transaction has to be run.
#[derive(Debug)]
pub(super) struct Movement {
    pub(super) direction: Direction,
    pub(super) player: PlayerId,
    pub(super) amount: Amount,
    pub(super) currency: Option<String>,
    pub(super) reference: Key,
    pub(super) tx_id: Uuid,
}

impl Movement {
    /// How much is moved, in minor units of the operator's currency.
    pub(super) fn amount_in(&self, currency: Currency) -> Result<Minor, CashierError> {
        match &self.currency {
            Some(named) if named != currency.code() => Err(CashierError::WrongCurrency(currency)),
            _ => Ok(self.amount.positive(currency)?),
        }
    }

    /// What the reference stands for. The amount is exact, not as it was written: `5` and `5.00` are the same.
    pub(super) fn command(&self, amount: Minor) -> Command {
        let (player, amount) = (self.player.to_string(), amount.get().to_string());
        let parts = [
            self.direction.as_str().as_bytes(),
            player.as_bytes(),
            amount.as_bytes(),
        ];
        Command::new(self.reference.clone(), parts)
    }

    /// Moves the money in memory.
    pub(super) fn post(
        &self,
        wallet: &mut LockedWallet,
        amount: Minor,
        currency: Currency,
    ) -> Result<(), CashierError> {
        let own = Account::Wallet(self.player);
        let (debit, credit, reason) = match self.direction {
            Direction::Deposit => (Account::Cashier, own, Reason::Deposit),
            Direction::Withdrawal => (own, Account::Cashier, Reason::Withdrawal),
        };
        let posting = Posting {
            debit,
            credit,
            amount,
            reason,
            reference: self.reference.as_str().to_owned(),
        };
        wallet.post(self.tx_id, &[posting]).map_err(|error| match error {
            LedgerError::InsufficientFunds { available } => CashierError::InsufficientFunds {
                available: currency.money(available),
            },
            refused => refused.into(),
        })
    }
}

/// The player's and the operator's state at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) currency: Currency,
    pub(super) operator_is_active: bool,
    pub(super) player_is_active: bool,
}

impl Standing {
    /// Whether anything may be paid in.
    pub(super) const fn admit_deposit(self) -> Result<(), CashierError> {
        if !self.operator_is_active {
            return Err(CashierError::OperatorDisabled);
        }
        if !self.player_is_active {
            return Err(CashierError::AccountDisabled);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(direction: Direction, player: i64, amount: &str) -> Movement {
        Movement {
            direction,
            player: PlayerId::new(player),
            amount: serde_json::from_str(amount).unwrap(),
            currency: None,
            reference: Key::try_from("p-1".to_owned()).unwrap(),
            tx_id: Uuid::nil(),
        }
    }

    fn command(direction: Direction, player: i64, amount: &str) -> Command {
        let movement = movement(direction, player, amount);
        movement.command(movement.amount_in(Currency::USD).unwrap())
    }

    #[test]
    fn a_reference_stands_for_direction_player_and_exact_amount() {
        let first = command(Direction::Deposit, 7, "12.5");
        assert_eq!(command(Direction::Deposit, 7, "12.50"), first);
        for other in [
            command(Direction::Withdrawal, 7, "12.5"),
            command(Direction::Deposit, 71, "2.5"),
            command(Direction::Deposit, 7, "12.51"),
        ] {
            assert_ne!(other, first);
        }
    }

    #[test]
    fn only_the_operators_currency_may_be_named() {
        let named = |currency: Option<&str>| {
            let movement = Movement {
                currency: currency.map(str::to_owned),
                ..movement(Direction::Deposit, 7, "1")
            };
            movement.amount_in(Currency::USD)
        };
        for currency in [None, Some("USD")] {
            assert_eq!(named(currency).unwrap(), Minor::new(100));
        }
        for currency in ["EUR", "usd", ""] {
            let refused = named(Some(currency));
            assert!(matches!(refused, Err(CashierError::WrongCurrency(Currency::USD))));
        }
    }

    #[test]
    fn operator_and_player_must_be_active_for_a_deposit() {
        let admit = |operator_is_active, player_is_active| {
            let standing = Standing {
                currency: Currency::USD,
                operator_is_active,
                player_is_active,
            };
            standing.admit_deposit()
        };
        assert!(admit(true, true).is_ok());
        assert!(matches!(admit(false, true), Err(CashierError::OperatorDisabled)));
        assert!(matches!(admit(true, false), Err(CashierError::AccountDisabled)));
    }
}

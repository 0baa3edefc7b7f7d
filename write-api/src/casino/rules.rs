//! What every game asks before it takes a stake, and what it pays at most. Must never know a game.

use shared::ids::PlayerId;
use shared::money::{Amount, Currency, Minor};
use uuid::Uuid;

use super::error::CasinoError;
use crate::ledger::{Account, Posting, Reason};

/// Whether operator, casino and player may play at this moment. Asked before every stake, and only then: a round whose
/// stake is paid is played to its end by whoever has a session, whatever was switched off meanwhile. Its clock runs on
/// and its stake is not given back, so that to stop the player would decide the round.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) operator_is_active: bool,
    pub(super) casino_is_enabled: bool,
    pub(super) player_is_active: bool,
}

impl Standing {
    /// Lets the player stake something, or says why not.
    pub(super) const fn admit(self) -> Result<(), CasinoError> {
        if !self.operator_is_active {
            return Err(CasinoError::OperatorDisabled);
        }
        if !self.casino_is_enabled {
            return Err(CasinoError::CasinoDisabled);
        }
        if !self.player_is_active {
            return Err(CasinoError::AccountDisabled);
        }
        Ok(())
    }
}

/// What an operator takes and pays for one bet, in its currency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) currency: Currency,
    pub(super) min_stake: Minor,
    pub(super) max_stake: Minor,
    pub(super) max_payout: Minor,
}

/// What a round pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payout {
    pub(super) amount: Minor,
    /// Whether the game won more than the operator pays for one bet.
    pub(super) is_limited: bool,
}

impl Payout {
    /// What a round pays that is lost or not over.
    pub(super) const NOTHING: Self = Self {
        amount: Minor::ZERO,
        is_limited: false,
    };

    /// What is paid for a round that won `won` and cost `staked`: never more than `max_payout`, the operator's largest
    /// payout when the round began, and never less than its stakes if it won them back.
    pub(super) fn of(won: Minor, staked: Minor, max_payout: Minor) -> Self {
        let most = max_payout.max(staked);
        Self {
            amount: won.min(most),
            is_limited: won > most,
        }
    }
}

impl Limits {
    /// Checks the currency that a client names, if it names one.
    pub(super) fn accept_currency(&self, named: Option<&str>) -> Result<(), CasinoError> {
        match named {
            Some(named) if named != self.currency.code() => Err(CasinoError::WrongCurrency(self.currency)),
            _ => Ok(()),
        }
    }

    /// A stake as a client named it, in minor units.
    pub(super) fn read_stake(&self, asked: &Amount) -> Result<Minor, CasinoError> {
        asked
            .positive(self.currency)
            .map_err(CasinoError::StakeNotAnAmount)
    }

    /// Checks the stake that a round begins with.
    pub(super) fn accept_stake(&self, stake: Minor) -> Result<(), CasinoError> {
        if stake < self.min_stake {
            return Err(CasinoError::StakeTooSmall(self.currency.money(self.min_stake)));
        }
        self.accept_addition(stake)
    }

    /// Checks a stake that is added to a round: it may be as small as its game makes it.
    pub(super) fn accept_addition(&self, stake: Minor) -> Result<(), CasinoError> {
        if stake > self.max_stake {
            return Err(CasinoError::StakeTooLarge(self.currency.money(self.max_stake)));
        }
        Ok(())
    }

    /// Checks that a wallet with this balance covers a stake.
    pub(super) fn cover(&self, stake: Minor, balance: Minor) -> Result<(), CasinoError> {
        if stake > balance {
            return Err(CasinoError::InsufficientFunds {
                available: self.currency.money(balance),
                currency: self.currency,
            });
        }
        Ok(())
    }
}

/// The movement that pays a stake of a round.
pub(super) fn stake_posting(player: PlayerId, round_id: Uuid, stake: Minor) -> Posting {
    Posting {
        debit: Account::Wallet(player),
        credit: Account::Casino,
        amount: stake,
        reason: Reason::Stake,
        reference: round_id.to_string(),
    }
}

/// The movement that pays what a round won; none where that is nothing.
pub(super) fn payout_posting(player: PlayerId, round_id: Uuid, payout: Payout) -> Option<Posting> {
    (payout.amount > Minor::ZERO).then(|| Posting {
        debit: Account::Casino,
        credit: Account::Wallet(player),
        amount: payout.amount,
        reason: Reason::Payout,
        reference: round_id.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        currency: Currency::USD,
        min_stake: Minor::new(100),
        max_stake: Minor::new(5_000),
        max_payout: Minor::new(10_000),
    };

    /// The stake that is accepted, or the text of the refusal.
    fn accept(json: &str, balance: i64) -> Result<i64, String> {
        let asked: Amount = serde_json::from_str(json).unwrap();
        let accepted = LIMITS.read_stake(&asked).and_then(|stake| {
            LIMITS.accept_stake(stake)?;
            LIMITS.cover(stake, Minor::new(balance))?;
            Ok(stake.get())
        });
        accepted.map_err(|refused| refused.to_string())
    }

    #[test]
    fn stakes_from_the_smallest_to_the_largest_are_accepted() {
        for (json, minor) in [("1", 100), ("1.00", 100), ("12.3", 1_230), ("50", 5_000)] {
            assert_eq!(accept(json, 5_000), Ok(minor), "{json}");
        }
    }

    #[test]
    fn stakes_outside_the_limits_are_refused_with_the_limit() {
        for (json, refusal) in [
            ("0.99", "the stake is less than 1.00"),
            ("0.01", "the stake is less than 1.00"),
            ("50.01", "the stake is more than 50.00"),
            ("99999999", "the stake is more than 50.00"),
            ("0", "the stake must be more than zero"),
            ("-1", "the stake must be more than zero"),
            ("1.001", "the stake has more decimals than the currency"),
            ("1e99", "the stake must be a plain JSON number such as 12.50"),
            ("\"1\"", "the stake must be a plain JSON number such as 12.50"),
        ] {
            assert_eq!(accept(json, i64::MAX), Err(refusal.to_owned()), "{json}");
        }
    }

    #[test]
    fn a_stake_is_covered_by_the_balance_to_the_last_minor_unit() {
        assert_eq!(accept("12.34", 1_234), Ok(1_234));
        assert_eq!(accept("12.34", 1_233), Err("the wallet holds 12.33".to_owned()));
        assert_eq!(accept("1", 0), Err("the wallet holds 0.00".to_owned()));
    }

    #[test]
    fn only_the_operators_currency_may_be_named() {
        for named in [None, Some("USD")] {
            assert!(LIMITS.accept_currency(named).is_ok(), "{named:?}");
        }
        for named in [Some("EUR"), Some("usd"), Some("")] {
            let refused = LIMITS.accept_currency(named);
            assert!(
                matches!(refused, Err(CasinoError::WrongCurrency(Currency::USD))),
                "{named:?}"
            );
        }
    }

    #[test]
    fn a_payout_is_cut_at_the_limit_and_says_so() {
        for (won, amount, is_limited) in [
            (0, 0, false),
            (9_999, 9_999, false),
            (10_000, 10_000, false),
            (10_001, 10_000, true),
            (i64::MAX, 10_000, true),
        ] {
            let amount = Minor::new(amount);
            let staked = Minor::new(100);
            assert_eq!(
                Payout::of(Minor::new(won), staked, LIMITS.max_payout),
                Payout { amount, is_limited }
            );
        }
    }

    #[test]
    fn a_push_returns_its_stakes_also_where_they_are_above_the_limit() {
        let amount = Minor::new(12_000);
        let push = Payout::of(amount, amount, LIMITS.max_payout);
        assert_eq!(
            push,
            Payout {
                amount,
                is_limited: false
            }
        );
        assert!(Payout::of(Minor::new(24_000), amount, LIMITS.max_payout).is_limited);
    }

    #[test]
    fn a_round_enters_its_stake_and_its_payout_unless_that_is_nothing() {
        let player = PlayerId::new(7);
        let entered = |posting: Posting| (posting.debit.code(), posting.credit.code(), posting.amount.get());
        let stake = stake_posting(player, Uuid::nil(), Minor::new(100));
        assert_eq!(entered(stake), (7, -2, 100));
        let pay = |won| {
            let payout = Payout::of(Minor::new(won), Minor::ZERO, LIMITS.max_payout);
            payout_posting(player, Uuid::nil(), payout).map(entered)
        };
        assert_eq!((pay(0), pay(85)), (None, Some((-2, 7, 85))));
    }

    #[test]
    fn operator_casino_and_player_must_all_be_enabled() {
        let admit = |operator_is_active, casino_is_enabled, player_is_active| {
            let standing = Standing {
                operator_is_active,
                casino_is_enabled,
                player_is_active,
            };
            standing.admit()
        };
        assert!(admit(true, true, true).is_ok());
        assert!(matches!(
            admit(false, false, false),
            Err(CasinoError::OperatorDisabled)
        ));
        assert!(matches!(
            admit(true, false, false),
            Err(CasinoError::CasinoDisabled)
        ));
        assert!(matches!(
            admit(true, true, false),
            Err(CasinoError::AccountDisabled)
        ));
    }
}

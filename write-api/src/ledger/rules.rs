//! What postings do to a wallet, in memory. Must never let a balance go below zero.

use shared::ids::PlayerId;
use shared::money::Minor;
use uuid::Uuid;

use super::LedgerError;

/// Where money can be. Only wallets have a balance row; the house's accounts are sums of their entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// A player's wallet.
    Wallet(PlayerId),
    /// The world outside.
    Cashier,
    /// What the casino won from and paid to players.
    Casino,
    /// What sports bets won from and paid to players.
    Sportsbook,
    /// What players were given.
    Promotions,
}

impl Account {
    /// The number in the ledger: a wallet's is the player's, the house's are negative.
    pub const fn code(self) -> i64 {
        match self {
            Self::Wallet(player) => player.get(),
            Self::Cashier => -1,
            Self::Casino => -2,
            Self::Sportsbook => -3,
            Self::Promotions => -4,
        }
    }

    const fn is_wallet(self) -> bool {
        matches!(self, Self::Wallet(_))
    }
}

/// Why money moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A player pays for a bet. Counts towards what the player staked.
    Stake,
    /// A bet pays its player. Counts towards what the player was paid.
    Payout,
    /// The house gives a player money, such as the balance that a new player starts with.
    Grant,
}

impl Reason {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stake => "stake",
            Self::Payout => "payout",
            Self::Grant => "grant",
        }
    }
}

/// One movement between a wallet and the house: `amount` goes from `debit` to `credit`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account that gives.
    pub debit: Account,
    /// The account that gets.
    pub credit: Account,
    /// How much; more than zero.
    pub amount: Minor,
    /// Why.
    pub reason: Reason,
    /// What it belongs to: the id of a round, for a stake or a payout.
    pub reference: String,
}

/// A posting as it stands in the chain of its wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) tx_id: Uuid,
    pub(super) posting: Posting,
    pub(super) wallet_version: i64,
    pub(super) balance_after: Minor,
}

/// The row of a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wallet {
    pub(super) player: PlayerId,
    pub(super) balance: Minor,
    pub(super) version: i64,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) rounds: i64,
    pub(super) seed_pair_id: i64,
    pub(super) next_nonce: i64,
}

/// A wallet whose row this transaction holds, and what was posted to it since. Lost unless it is written.
#[derive(Clone, Debug)]
#[must_use]
pub struct LockedWallet {
    pub(super) locked_version: i64,
    pub(super) wallet: Wallet,
    pub(super) entries: Vec<Entry>,
}

impl LockedWallet {
    pub(super) const fn new(wallet: Wallet) -> Self {
        Self {
            locked_version: wallet.version,
            wallet,
            entries: Vec::new(),
        }
    }

    /// Whose it is.
    pub const fn player(&self) -> PlayerId {
        self.wallet.player
    }

    /// What it holds after everything posted so far.
    pub const fn balance(&self) -> Minor {
        self.wallet.balance
    }

    /// The seed pair that decides the player's rounds.
    pub const fn seed_pair_id(&self) -> i64 {
        self.wallet.seed_pair_id
    }

    /// Begins a round: counts it, and takes the next nonce of the seed pair for it.
    pub const fn begin_round(&mut self) -> i64 {
        let nonce = self.wallet.next_nonce;
        self.wallet.next_nonce += 1;
        self.wallet.rounds += 1;
        nonce
    }

    /// Applies `postings` in their order as parts of the business transaction `tx_id`: all of them, or none.
    ///
    /// # Errors
    /// When one would take more than there is, does not fit, or is not one of this wallet.
    pub fn post(&mut self, tx_id: Uuid, postings: &[Posting]) -> Result<(), LedgerError> {
        let mut after = self.wallet;
        let mut entries = Vec::with_capacity(postings.len());
        for posting in postings {
            after = after.moved_by(posting)?;
            entries.push(Entry {
                tx_id,
                posting: posting.clone(),
                wallet_version: after.version,
                balance_after: after.balance,
            });
        }
        self.wallet = after;
        self.entries.append(&mut entries);
        Ok(())
    }
}

impl Wallet {
    fn moved_by(mut self, posting: &Posting) -> Result<Self, LedgerError> {
        let own = Account::Wallet(self.player);
        let amount = posting.amount;
        if amount <= Minor::ZERO {
            return Err(LedgerError::WrongPosting);
        }
        let add = |total: Minor| total.checked_add(amount).ok_or(LedgerError::OutOfRange);
        if posting.debit == own && !posting.credit.is_wallet() {
            self.balance = match self.balance.checked_sub(amount) {
                Some(rest) if rest >= Minor::ZERO => rest,
                _ => {
                    return Err(LedgerError::InsufficientFunds {
                        available: self.balance,
                    });
                }
            };
            match posting.reason {
                Reason::Stake => self.staked = add(self.staked)?,
                Reason::Payout | Reason::Grant => return Err(LedgerError::WrongPosting),
            }
        } else if posting.credit == own && !posting.debit.is_wallet() {
            self.balance = add(self.balance)?;
            match posting.reason {
                Reason::Payout => self.paid = add(self.paid)?,
                Reason::Grant => {}
                Reason::Stake => return Err(LedgerError::WrongPosting),
            }
        } else {
            return Err(LedgerError::WrongPosting);
        }
        self.version = self.version.checked_add(1).ok_or(LedgerError::OutOfRange)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLAYER: PlayerId = PlayerId::new(7);

    fn wallet_with(balance: i64) -> LockedWallet {
        LockedWallet::new(Wallet {
            player: PLAYER,
            balance: Minor::new(balance),
            version: 41,
            staked: Minor::new(500),
            paid: Minor::new(300),
            rounds: 5,
            seed_pair_id: 2,
            next_nonce: 3,
        })
    }

    fn posting(debit: Account, credit: Account, amount: i64, reason: Reason) -> Posting {
        Posting {
            debit,
            credit,
            amount: Minor::new(amount),
            reason,
            reference: "round".to_owned(),
        }
    }

    fn stake(amount: i64) -> Posting {
        posting(Account::Wallet(PLAYER), Account::Casino, amount, Reason::Stake)
    }

    fn payout(amount: i64) -> Posting {
        posting(Account::Casino, Account::Wallet(PLAYER), amount, Reason::Payout)
    }

    fn grant(amount: i64) -> Posting {
        posting(
            Account::Promotions,
            Account::Wallet(PLAYER),
            amount,
            Reason::Grant,
        )
    }

    fn post(wallet: &mut LockedWallet, postings: &[Posting]) -> Result<(), LedgerError> {
        wallet.post(Uuid::nil(), postings)
    }

    #[test]
    fn a_stake_and_a_payout_move_the_balance_and_its_totals() {
        let mut wallet = wallet_with(1_000);
        post(&mut wallet, &[stake(1_000), payout(250)]).unwrap();
        assert_eq!(wallet.balance(), Minor::new(250));
        assert_eq!(wallet.wallet.staked, Minor::new(1_500));
        assert_eq!(wallet.wallet.paid, Minor::new(550));
        let chain: Vec<_> = wallet
            .entries
            .iter()
            .map(|entry| (entry.wallet_version, entry.balance_after.get()))
            .collect();
        assert_eq!(chain, [(42, 0), (43, 250)]);
        assert_eq!(wallet.locked_version, 41);
    }

    #[test]
    fn a_grant_counts_neither_as_staked_nor_as_paid() {
        let mut wallet = wallet_with(0);
        post(&mut wallet, &[grant(9)]).unwrap();
        assert_eq!(wallet.balance(), Minor::new(9));
        assert_eq!(wallet.wallet.staked, Minor::new(500));
        assert_eq!(wallet.wallet.paid, Minor::new(300));
    }

    #[test]
    fn a_round_takes_the_next_nonce_and_is_counted() {
        let mut wallet = wallet_with(0);
        assert_eq!((wallet.begin_round(), wallet.begin_round()), (3, 4));
        assert_eq!((wallet.wallet.next_nonce, wallet.wallet.rounds), (5, 7));
    }

    #[test]
    fn what_the_balance_does_not_cover_is_refused_even_if_a_later_payout_would() {
        let mut wallet = wallet_with(99);
        let refused = post(&mut wallet, &[stake(100), payout(500)]);
        assert!(matches!(
            refused,
            Err(LedgerError::InsufficientFunds { available }) if available == Minor::new(99)
        ));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let mut wallet = wallet_with(i64::MAX - 5);
        let refused = post(&mut wallet, &[grant(6)]);
        assert!(matches!(refused, Err(LedgerError::OutOfRange)));
        let refused = post(&mut wallet, &[payout(5), stake(5), payout(i64::MAX)]);
        assert!(matches!(refused, Err(LedgerError::OutOfRange)));
    }

    #[test]
    fn only_movements_between_this_wallet_and_the_house_with_a_fitting_reason_are_taken() {
        let (own, other) = (Account::Wallet(PLAYER), Account::Wallet(PlayerId::new(8)));
        for wrong in [
            stake(0),
            stake(-1),
            stake(i64::MIN),
            posting(own, own, 1, Reason::Stake),
            posting(own, other, 1, Reason::Stake),
            posting(other, own, 1, Reason::Payout),
            posting(other, Account::Casino, 1, Reason::Stake),
            posting(Account::Casino, Account::Cashier, 1, Reason::Grant),
            posting(Account::Casino, own, 1, Reason::Stake),
            posting(own, Account::Casino, 1, Reason::Payout),
            posting(own, Account::Promotions, 1, Reason::Grant),
        ] {
            let refused = post(&mut wallet_with(10), std::slice::from_ref(&wrong));
            assert!(matches!(refused, Err(LedgerError::WrongPosting)), "{wrong:?}");
        }
    }

    fn any_posting() -> impl Strategy<Value = Posting> {
        let amount = prop_oneof![9 => 1..2_000_i64, 1 => Just(0), 1 => (i64::MAX - 9)..=i64::MAX];
        prop_oneof![
            amount.clone().prop_map(stake),
            amount.clone().prop_map(payout),
            amount.prop_map(grant),
        ]
    }

    /// What one posting adds to the balance, the staked and the paid total.
    fn effect(posting: &Posting) -> [i128; 3] {
        let amount = i128::from(posting.amount.get());
        match posting.reason {
            Reason::Stake => [-amount, amount, 0],
            Reason::Payout => [amount, 0, amount],
            Reason::Grant => [amount, 0, 0],
        }
    }

    /// The balance and totals after each posting, or `None` if one of the steps is not allowed.
    fn model(start: [i128; 3], postings: &[Posting]) -> Option<Vec<[i128; 3]>> {
        let steps = postings.iter().scan(start, |now, posting| {
            for (total, change) in now.iter_mut().zip(effect(posting)) {
                *total += change;
            }
            Some(*now)
        });
        let steps: Vec<_> = steps.collect();
        let amounts = postings.iter().all(|posting| posting.amount > Minor::ZERO);
        let fits = |total: &i128| (0..=i128::from(i64::MAX)).contains(total);
        (amounts && steps.iter().flatten().all(fits)).then_some(steps)
    }

    proptest! {
        #[test]
        fn postings_do_what_a_model_of_plain_sums_does_or_nothing_at_all(
            balance in 0..5_000_i64,
            slices in prop::collection::vec(prop::collection::vec(any_posting(), 0..4), 0..12),
        ) {
            let mut wallet = wallet_with(balance);
            let mut now = [i128::from(balance), 500, 300];
            let mut balances = Vec::new();
            for postings in &slices {
                let before = (wallet.wallet, wallet.entries.len());
                let expected = model(now, postings);
                prop_assert_eq!(post(&mut wallet, postings).is_ok(), expected.is_some());
                if let Some(steps) = expected {
                    now = steps.last().copied().unwrap_or(now);
                    balances.extend(steps.iter().map(|[balance, ..]| *balance));
                } else {
                    prop_assert_eq!((wallet.wallet, wallet.entries.len()), before);
                }
            }
            let row = wallet.wallet;
            let shown = [row.balance, row.staked, row.paid].map(|total| i128::from(total.get()));
            prop_assert_eq!(shown, now);
            let chain: Vec<_> = wallet.entries.iter().map(|entry| entry.wallet_version).collect();
            prop_assert_eq!(chain, (42..=row.version).collect::<Vec<_>>());
            let after: Vec<_> =
                wallet.entries.iter().map(|entry| i128::from(entry.balance_after.get())).collect();
            prop_assert_eq!(after, balances);
        }
    }
}

//! What postings do to a wallet, in memory. Must never let a balance go below zero.

use shared::ids::{OperatorId, PlayerId};
use shared::money::Minor;
use time::OffsetDateTime;
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
    /// What the bookmaker stands for losses with.
    BookmakerCapital,
    /// What the pool stands for losses with.
    LiquidityPool,
    /// The community's part of the profit.
    Revenue,
    /// The bookmaker's part of the profit.
    BookmakerEarnings,
    /// Those whom the four before belong to.
    Owners,
    /// What staff gave to players and took from them by hand.
    Adjustments,
    /// What resets of all balances gave to players and took from them.
    Resets,
    /// The platform's fees and its part of the profit.
    Platform,
    /// What players owe: less than zero by as much.
    Receivables,
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
            Self::BookmakerCapital => -5,
            Self::LiquidityPool => -6,
            Self::Revenue => -7,
            Self::BookmakerEarnings => -8,
            Self::Owners => -9,
            Self::Adjustments => -10,
            Self::Resets => -20,
            Self::Platform => -21,
            Self::Receivables => -22,
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
    /// A player pays in by way of the operator's payment system. Counts towards what the player deposited.
    Deposit,
    /// A player is paid out by way of the operator's payment system.
    Withdrawal,
    /// Staff sets a balance right, either way.
    Adjustment,
    /// A reset of all balances, either way.
    Reset,
    /// The stake of a void bet comes back. Counts towards what the player was paid.
    Refund,
    /// A bet that was settled anew takes back what it paid. Counts against what the player was paid.
    Clawback,
    /// A player pays back what is owed. Counts against what the player was paid.
    Recovery,
}

impl Reason {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stake => "stake",
            Self::Payout => "payout",
            Self::Grant => "grant",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Adjustment => "adjustment",
            Self::Reset => "reset",
            Self::Refund => "refund",
            Self::Clawback => "clawback",
            Self::Recovery => "recovery",
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

/// Why money moves between accounts of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HouseReason {
    /// An owner puts money into a wallet of the operator.
    Funding,
    /// The parts of a day's profit or loss.
    Revenue,
    /// What a player owes, because a bet was settled anew after its payout was spent.
    Receivable,
}

impl HouseReason {
    /// The word in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Funding => "funding",
            Self::Revenue => "revenue",
            Self::Receivable => "receivable",
        }
    }
}

/// One movement between two accounts of the house: `amount` goes from `debit` to `credit`.
#[derive(Clone, Copy, Debug)]
pub struct HouseTransfer<'a> {
    /// The account that gives.
    pub debit: Account,
    /// The account that gets.
    pub credit: Account,
    /// How much; more than zero.
    pub amount: Minor,
    /// Why.
    pub reason: HouseReason,
    /// What it belongs to.
    pub reference: &'a str,
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
    pub(super) operator: OperatorId,
    pub(super) player: PlayerId,
    /// How often the row was changed.
    pub(super) revision: i64,
    pub(super) balance: Minor,
    pub(super) version: i64,
    pub(super) staked: Minor,
    pub(super) paid: Minor,
    pub(super) deposited: Minor,
    pub(super) rounds: i64,
    pub(super) seed_pair_id: i64,
    pub(super) next_nonce: i64,
    /// The newest hour with a mark.
    pub(super) marked_hour: i64,
}

/// What a wallet's player ever staked, was paid and deposited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// The sum of all stakes.
    pub staked: Minor,
    /// The sum of all payouts.
    pub paid: Minor,
    /// The sum of all deposits.
    pub deposited: Minor,
}

/// The hour of `at`, counted from 1970: how finely [`Totals`] are marked.
pub fn hour_of(at: OffsetDateTime) -> i64 {
    at.unix_timestamp().div_euclid(3600)
}

/// A wallet as its row is, and what was posted to it since. Lost unless it is written, which is only done to the very
/// row it was read from.
#[derive(Clone, Debug)]
#[must_use]
pub struct LockedWallet {
    pub(super) wallet: Wallet,
    /// The balance and the version that were read.
    pub(super) read: (Minor, i64),
    pub(super) entries: Vec<Entry>,
}

impl LockedWallet {
    pub(super) const fn new(wallet: Wallet) -> Self {
        Self {
            wallet,
            read: (wallet.balance, wallet.version),
            entries: Vec::new(),
        }
    }

    /// The wallet as it is in the database once this one was written at the time `at` and committed.
    pub fn once_written(&self, at: OffsetDateTime) -> Self {
        Self::new(Wallet {
            revision: self.wallet.revision + 1,
            marked_hour: self.wallet.marked_hour.max(hour_of(at)),
            ..self.wallet
        })
    }

    /// Whose operator's it is.
    pub const fn operator(&self) -> OperatorId {
        self.wallet.operator
    }

    /// Whose it is.
    pub const fn player(&self) -> PlayerId {
        self.wallet.player
    }

    /// What it holds after everything posted so far.
    pub const fn balance(&self) -> Minor {
        self.wallet.balance
    }

    /// What its player staked, was paid and deposited, after everything posted so far.
    pub const fn totals(&self) -> Totals {
        Totals {
            staked: self.wallet.staked,
            paid: self.wallet.paid,
            deposited: self.wallet.deposited,
        }
    }

    /// Lets another seed pair decide the player's rounds from now on.
    pub const fn change_seed_pair(&mut self, seed_pair_id: i64) {
        self.wallet.seed_pair_id = seed_pair_id;
        self.wallet.next_nonce = 0;
    }

    /// The nonce of the next round.
    pub const fn next_nonce(&self) -> i64 {
        self.wallet.next_nonce
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

    /// Counts a bet on sports among the player's rounds; it takes no nonce.
    pub const fn begin_bet(&mut self) {
        self.wallet.rounds += 1;
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
                Reason::Clawback | Reason::Recovery => {
                    let rest = self.paid.checked_sub(amount).filter(|rest| *rest >= Minor::ZERO);
                    self.paid = rest.ok_or(LedgerError::OutOfRange)?;
                }
                Reason::Withdrawal | Reason::Adjustment | Reason::Reset => {}
                Reason::Payout | Reason::Refund | Reason::Grant | Reason::Deposit => {
                    return Err(LedgerError::WrongPosting);
                }
            }
        } else if posting.credit == own && !posting.debit.is_wallet() {
            self.balance = add(self.balance)?;
            match posting.reason {
                Reason::Payout | Reason::Refund => self.paid = add(self.paid)?,
                Reason::Deposit => self.deposited = add(self.deposited)?,
                Reason::Grant | Reason::Adjustment | Reason::Reset => {}
                Reason::Stake | Reason::Withdrawal | Reason::Clawback | Reason::Recovery => {
                    return Err(LedgerError::WrongPosting);
                }
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
            operator: OperatorId::new(1),
            player: PLAYER,
            revision: 90,
            balance: Minor::new(balance),
            version: 41,
            staked: Minor::new(500),
            paid: Minor::new(300),
            deposited: Minor::new(200),
            rounds: 5,
            seed_pair_id: 2,
            next_nonce: 3,
            marked_hour: 7,
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
        assert_eq!(wallet.wallet.revision, 90);
    }

    #[test]
    fn a_written_wallet_has_the_next_revision_the_newest_mark_and_nothing_left_to_write() {
        let mut wallet = wallet_with(1_000);
        post(&mut wallet, &[stake(400)]).unwrap();
        let at = |hour: i64| OffsetDateTime::from_unix_timestamp(hour * 3600 + 3599).unwrap();
        // Its mark is of hour 7.
        for (hour, marked) in [(6, 7), (7, 7), (8, 8)] {
            let written = wallet.once_written(at(hour));
            assert_eq!(written.wallet.revision, 91);
            assert_eq!(written.wallet.marked_hour, marked);
            assert_eq!(written.balance(), Minor::new(600));
            assert_eq!(written.entries, []);
        }
    }

    #[test]
    fn a_deposit_counts_as_deposited_and_a_withdrawal_only_takes() {
        let mut wallet = wallet_with(1_000);
        let own = Account::Wallet(PLAYER);
        let deposit = posting(Account::Cashier, own, 250, Reason::Deposit);
        let withdrawal = posting(own, Account::Cashier, 1_250, Reason::Withdrawal);
        post(&mut wallet, &[deposit, withdrawal]).unwrap();
        assert_eq!(wallet.balance(), Minor::ZERO);
        assert_eq!(wallet.totals().deposited, Minor::new(450));
        assert_eq!(wallet.totals().staked, Minor::new(500));
    }

    #[test]
    fn another_seed_pair_begins_with_nonce_zero() {
        let mut wallet = wallet_with(0);
        wallet.change_seed_pair(9);
        assert_eq!((wallet.seed_pair_id(), wallet.next_nonce()), (9, 0));
        assert_eq!(wallet.begin_round(), 0);
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
            posting(own, Account::Cashier, 1, Reason::Deposit),
            posting(Account::Cashier, own, 1, Reason::Withdrawal),
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
            amount.clone().prop_map(grant),
            amount.clone().prop_map(|amount| {
                posting(Account::Cashier, Account::Wallet(PLAYER), amount, Reason::Deposit)
            }),
            amount.clone().prop_map(|amount| {
                posting(
                    Account::Wallet(PLAYER),
                    Account::Cashier,
                    amount,
                    Reason::Withdrawal,
                )
            }),
            amount.clone().prop_map(|amount| {
                posting(
                    Account::Wallet(PLAYER),
                    Account::Adjustments,
                    amount,
                    Reason::Adjustment,
                )
            }),
            (amount.clone(), any::<bool>()).prop_map(|(amount, is_recovery)| {
                let (credit, reason) = if is_recovery {
                    (Account::Receivables, Reason::Recovery)
                } else {
                    (Account::Sportsbook, Reason::Clawback)
                };
                posting(Account::Wallet(PLAYER), credit, amount, reason)
            }),
            amount.prop_map(|amount| {
                posting(
                    Account::Adjustments,
                    Account::Wallet(PLAYER),
                    amount,
                    Reason::Adjustment,
                )
            }),
        ]
    }

    /// What one posting adds to the balance, and to the staked, the paid and the deposited total.
    fn effect(posting: &Posting) -> [i128; 4] {
        let amount = i128::from(posting.amount.get());
        match posting.reason {
            Reason::Stake => [-amount, amount, 0, 0],
            Reason::Payout | Reason::Refund => [amount, 0, amount, 0],
            Reason::Clawback | Reason::Recovery => [-amount, 0, -amount, 0],
            Reason::Grant => [amount, 0, 0, 0],
            Reason::Deposit => [amount, 0, 0, amount],
            Reason::Adjustment | Reason::Reset if posting.credit == Account::Wallet(PLAYER) => {
                [amount, 0, 0, 0]
            }
            Reason::Withdrawal | Reason::Adjustment | Reason::Reset => [-amount, 0, 0, 0],
        }
    }

    /// The balance and totals after each posting, or `None` if one of the steps is not allowed.
    fn model(start: [i128; 4], postings: &[Posting]) -> Option<Vec<[i128; 4]>> {
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
            let mut now = [i128::from(balance), 500, 300, 200];
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
            let shown = [row.balance, row.staked, row.paid, row.deposited].map(|total| i128::from(total.get()));
            prop_assert_eq!(shown, now);
            let chain: Vec<_> = wallet.entries.iter().map(|entry| entry.wallet_version).collect();
            prop_assert_eq!(chain, (42..=row.version).collect::<Vec<_>>());
            let after: Vec<_> =
                wallet.entries.iter().map(|entry| i128::from(entry.balance_after.get())).collect();
            prop_assert_eq!(after, balances);
        }
    }
}

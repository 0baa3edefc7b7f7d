//! What a reset moves. Must never touch the database.

use shared::ids::PlayerId;
use shared::money::Minor;

use crate::ledger::{Account, Posting, Reason};

/// The movement that brings a wallet from `balance` to `target`; none where it is there already. Neither is negative,
/// so that the difference fits.
pub(super) fn movement(player: PlayerId, balance: Minor, target: Minor, reference: &str) -> Option<Posting> {
    let own = Account::Wallet(player);
    let difference = target.get() - balance.get();
    let (debit, credit) = if difference > 0 {
        (Account::Resets, own)
    } else {
        (own, Account::Resets)
    };
    (difference != 0).then(|| Posting {
        debit,
        credit,
        amount: Minor::new(difference.abs()),
        reason: Reason::Reset,
        reference: reference.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_movement_is_what_is_missing_or_too_much() {
        let player = PlayerId::new(7);
        let own = Account::Wallet(player);
        for (balance, target, moved) in [
            (0, 100, Some((Account::Resets, own, 100))),
            (101, 100, Some((own, Account::Resets, 1))),
            (i64::MAX, 0, Some((own, Account::Resets, i64::MAX))),
            (100, 100, None),
            (0, 0, None),
        ] {
            let posting = movement(player, Minor::new(balance), Minor::new(target), "r");
            let found = posting.map(|posting| (posting.debit, posting.credit, posting.amount.get()));
            assert_eq!(found, moved, "{balance} to {target}");
        }
    }
}

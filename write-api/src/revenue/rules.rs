//! How a day's profit or loss is split, and which movements that comes to. Must never touch the database, nor let the
//! parts add up to anything but the whole.

use shared::money::Minor;
use time::{Date, Duration, OffsetDateTime, Time};

use crate::ledger::Account;

/// Who gets how much of what, as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shares {
    /// The platform's fee on the bookmaker's own share of a profit; at most 100.
    pub(super) fee_percent: i64,
    /// Parts of bookmaker, community and platform in the rest of a profit.
    pub(super) profit: [i64; 3],
    /// Parts of bookmaker and community in the rest of a loss.
    pub(super) loss: [i64; 2],
}

/// A day's profit or loss in its parts. Those of a profit are zero on a day of loss, and the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) fee_from_own: i64,
    pub(super) net_own: i64,
    pub(super) bookmaker: i64,
    pub(super) community: i64,
    pub(super) platform: i64,
    pub(super) own_loss: i64,
    pub(super) bookmaker_loss: i64,
    pub(super) community_loss: i64,
}

/// Splits `amount`, which is not negative, by weights, which are not negative either: whole units that add up to it
/// exactly. What rounding leaves goes to the largest remainders, and of equal ones to the first. Without any weight all
/// of it is the first's.
fn split<const N: usize>(amount: i64, weights: [i64; N]) -> [i64; N] {
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    let mut parts = [0; N];
    if sum == 0 {
        parts[0] = amount;
        return parts;
    }
    let product = |weight: i64| i128::from(amount) * i128::from(weight);
    // A part is at most the whole, so that it fits.
    parts = weights.map(|weight| i64::try_from(product(weight) / sum).unwrap_or(amount));
    let mut order: [usize; N] = std::array::from_fn(|index| index);
    order.sort_by_key(|index| std::cmp::Reverse(product(weights[*index]) % sum));
    let mut left = amount - parts.iter().sum::<i64>();
    for index in order {
        if left > 0 {
            parts[index] += 1;
            left -= 1;
        }
    }
    parts
}

/// Splits what an operator won on a day, or lost where `revenue` is negative. `capital` and `pool` are what its wallets
/// were opened with: the bookmaker's own share is as large as the capital is in both.
pub(super) fn parts_of(revenue: i64, capital: i64, pool: i64, shares: &Shares) -> Parts {
    let [own, rest] = split(revenue.saturating_abs(), [capital, pool]);
    if revenue >= 0 {
        let [net_own, fee_from_own] = split(own, [100 - shares.fee_percent, shares.fee_percent]);
        let [bookmaker, community, platform] = split(rest, shares.profit);
        Parts {
            fee_from_own,
            net_own,
            bookmaker,
            community,
            platform,
            ..Parts::default()
        }
    } else {
        let [bookmaker_loss, community_loss] = split(rest, shares.loss);
        Parts {
            own_loss: own,
            bookmaker_loss,
            community_loss,
            ..Parts::default()
        }
    }
}

/// What an operator's wallets hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) capital: i64,
    /// What the capital was opened with.
    pub(super) capital_full: i64,
    pub(super) pool: i64,
    pub(super) revenue: i64,
    pub(super) earnings: i64,
}

/// A movement of a day's revenue. The other side is always the casino's account, which holds what was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) debit: Account,
    pub(super) credit: Account,
    pub(super) amount: Minor,
}

/// The movements that the parts come to, and keeps `held` up to date with them.
///
/// The bookmaker's own share fills the capital up to what it was opened with, and the rest of it is earned. A loss takes
/// from the capital and then from what the bookmaker earned; the community's part takes from the pool and then from the
/// community's revenue. What they don't hold, the owners put in: their account says how much that was ever. So no wallet
/// is ever negative, and all of a loss is paid.
pub(super) fn movements(parts: &Parts, held: &mut Held) -> Vec<Movement> {
    let mut made = Vec::new();
    let refill = parts.net_own.min((held.capital_full - held.capital).max(0));
    let earned = parts.net_own - refill + parts.bookmaker;
    for (credit, amount) in [
        (Account::BookmakerCapital, refill),
        (Account::BookmakerEarnings, earned),
        (Account::Revenue, parts.community),
        (Account::Platform, parts.fee_from_own + parts.platform),
    ] {
        made.push((Account::Casino, credit, amount));
    }
    held.capital += refill;
    held.earnings += earned;
    held.revenue += parts.community;
    let [capital, earnings, owners] = take(
        parts.own_loss + parts.bookmaker_loss,
        [&mut held.capital, &mut held.earnings],
    );
    let [pool, revenue, also_owners] = take(parts.community_loss, [&mut held.pool, &mut held.revenue]);
    for (debit, amount) in [
        (Account::BookmakerCapital, capital),
        (Account::BookmakerEarnings, earnings),
        (Account::LiquidityPool, pool),
        (Account::Revenue, revenue),
        (Account::Owners, owners + also_owners),
    ] {
        made.push((debit, Account::Casino, amount));
    }
    let moving = made.into_iter().filter(|(_, _, amount)| *amount > 0);
    moving
        .map(|(debit, credit, amount)| Movement {
            debit,
            credit,
            amount: Minor::new(amount),
        })
        .collect()
}

/// Takes from one wallet, then from the other: what each gave, and what is missing.
fn take(amount: i64, [first, second]: [&mut i64; 2]) -> [i64; 3] {
    let from_first = amount.min((*first).max(0));
    let from_second = (amount - from_first).min((*second).max(0));
    *first -= from_first;
    *second -= from_second;
    [from_first, from_second, amount - from_first - from_second]
}

/// The last day that is over at `now`: `grace` after its end.
pub(super) fn last_day_over(now: OffsetDateTime, grace: Duration) -> Option<Date> {
    (now.to_offset(time::UtcOffset::UTC) - grace)
        .date()
        .previous_day()
}

/// The last day that the schedule has to do at `now`, when it does each at the time `at` of the next.
pub(super) fn last_day_due(now: OffsetDateTime, at: Time, grace: Duration) -> Option<Date> {
    let at = at.duration_since(Time::MIDNIGHT).max(grace);
    last_day_over(now, at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::{date, datetime, time};

    use super::*;

    fn shares() -> Shares {
        Shares {
            fee_percent: 10,
            profit: [60, 30, 10],
            loss: [70, 30],
        }
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders_and_then_to_the_first() {
        for (amount, weights, parts) in [
            (100, [60, 30, 10], [60, 30, 10]),
            (1, [60, 30, 10], [1, 0, 0]),
            (2, [60, 30, 10], [1, 1, 0]),
            (9, [60, 30, 10], [5, 3, 1]),
            (1, [1, 1, 1], [1, 0, 0]),
            (2, [1, 1, 1], [1, 1, 0]),
            (7, [0, 0, 0], [7, 0, 0]),
            (0, [60, 30, 10], [0, 0, 0]),
            (i64::MAX, [1, 0, 0], [i64::MAX, 0, 0]),
        ] {
            assert_eq!(split(amount, weights), parts, "{amount} by {weights:?}");
        }
    }

    #[test]
    fn the_own_share_comes_first_and_the_rest_is_split() {
        let profit = Parts {
            fee_from_own: 2_000,
            net_own: 18_000,
            bookmaker: 48_000,
            community: 24_000,
            platform: 8_000,
            ..Parts::default()
        };
        let loss = Parts {
            own_loss: 20_000,
            bookmaker_loss: 56_000,
            community_loss: 24_000,
            ..Parts::default()
        };
        assert_eq!(parts_of(100_000, 1_000_000, 4_000_000, &shares()), profit);
        assert_eq!(parts_of(-100_000, 1_000_000, 4_000_000, &shares()), loss);
        assert_eq!(parts_of(0, 1_000_000, 4_000_000, &shares()), Parts::default());
    }

    fn moved(parts: Parts, mut held: Held) -> (Vec<(Account, Account, i64)>, Held) {
        let made = movements(&parts, &mut held).into_iter();
        let shown = made.map(|movement| (movement.debit, movement.credit, movement.amount.get()));
        (shown.collect(), held)
    }

    #[test]
    fn the_own_share_fills_the_capital_first() {
        let parts = Parts {
            net_own: 10,
            bookmaker: 5,
            ..Parts::default()
        };
        let held = |capital| Held {
            capital,
            capital_full: 100,
            ..Held::default()
        };
        let casino = Account::Casino;
        let (made, after) = moved(parts, held(97));
        assert_eq!(
            made,
            [
                (casino, Account::BookmakerCapital, 3),
                (casino, Account::BookmakerEarnings, 12)
            ]
        );
        assert_eq!((after.capital, after.earnings), (100, 12));
        assert_eq!(
            moved(parts, held(100)).0,
            [(casino, Account::BookmakerEarnings, 15)]
        );
        assert_eq!(
            moved(parts, held(120)).0,
            [(casino, Account::BookmakerEarnings, 15)]
        );
    }

    #[test]
    fn what_the_wallets_do_not_hold_of_a_loss_the_owners_put_in() {
        let parts = Parts {
            own_loss: 10,
            bookmaker_loss: 20,
            community_loss: 9,
            ..Parts::default()
        };
        let held = Held {
            capital: 12,
            capital_full: 100,
            pool: 4,
            revenue: 3,
            earnings: 5,
        };
        let casino = Account::Casino;
        let (made, after) = moved(parts, held);
        assert_eq!(
            made,
            [
                (Account::BookmakerCapital, casino, 12),
                (Account::BookmakerEarnings, casino, 5),
                (Account::LiquidityPool, casino, 4),
                (Account::Revenue, casino, 3),
                (Account::Owners, casino, 15),
            ]
        );
        assert_eq!(
            (after.capital, after.earnings, after.pool, after.revenue),
            (0, 0, 0, 0)
        );
    }

    #[test]
    fn a_day_is_over_a_while_after_its_end() {
        let grace = Duration::minutes(5);
        for (now, day) in [
            (datetime!(2030-03-02 00:04:59 UTC), date!(2030 - 02 - 28)),
            (datetime!(2030-03-02 00:05 UTC), date!(2030 - 03 - 01)),
            (datetime!(2030-03-02 01:04 +1), date!(2030 - 02 - 28)),
        ] {
            assert_eq!(last_day_over(now, grace), Some(day), "{now}");
        }
        let due = |now| last_day_due(now, time!(01:00), grace);
        assert_eq!(due(datetime!(2030-03-02 00:59 UTC)), Some(date!(2030 - 02 - 28)));
        assert_eq!(due(datetime!(2030-03-02 01:00 UTC)), Some(date!(2030 - 03 - 01)));
    }

    proptest! {
        #[test]
        fn parts_and_movements_add_up_and_no_wallet_is_overdrawn(
            revenue in -1_000_000_000_000_i64..1_000_000_000_000,
            (capital_full, pool_full) in (0..5_000_000_i64, 0..5_000_000_i64),
            fee_percent in 0..=100_i64,
            profit in prop::array::uniform3(0..=100_i64),
            loss in prop::array::uniform2(0..=100_i64),
            balances in prop::array::uniform4(0..2_000_000_i64),
        ) {
            let shares = Shares { fee_percent, profit, loss };
            let parts = parts_of(revenue, capital_full, pool_full, &shares);
            let profit = parts.fee_from_own + parts.net_own + parts.bookmaker + parts.community + parts.platform;
            let loss = parts.own_loss + parts.bookmaker_loss + parts.community_loss;
            prop_assert_eq!((profit, loss), (revenue.max(0), (-revenue).max(0)));
            let [capital, pool, revenue_held, earnings] = balances;
            let mut held = Held { capital, capital_full, pool, revenue: revenue_held, earnings };
            let made = movements(&parts, &mut held);
            let from_casino: i64 = made
                .iter()
                .map(|made| if made.debit == Account::Casino { made.amount.get() } else { -made.amount.get() })
                .sum();
            prop_assert_eq!(from_casino, revenue);
            prop_assert!(made.iter().all(|made| made.amount > Minor::ZERO));
            prop_assert!([held.capital, held.pool, held.revenue, held.earnings].iter().all(|held| *held >= 0));
        }
    }
}

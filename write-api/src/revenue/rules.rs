//! How a day's profit or loss is split, and which movements that comes to. Must never touch the database, nor let the
//! parts add up to anything but the whole.

use serde::{Deserialize, Serialize};
use shared::money::Minor;
use time::{Date, Duration, OffsetDateTime, Time};

use crate::ledger::Account;

/// Who gets how much of what, as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shares {
    /// The platform's fee on the bookmaker's own share of a profit; at most 100.
    pub(super) fee_percent: i64,
    /// Parts of bookmaker, community and platform in the rest of a profit.
    pub(super) profit: [i64; 3],
    /// Parts of bookmaker and community in the rest of a loss.
    pub(super) loss: [i64; 2],
}

/// What a day is split by. Stored with it, so that a correction splits it by the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    /// What the bookmaker's capital was opened with.
    pub(super) capital: i64,
    /// What the pool was opened with.
    pub(super) pool: i64,
    #[serde(flatten)]
    pub(super) shares: Shares,
}

/// A day's profit or loss in its parts. Those of a profit are zero on a day of loss, and the other way round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) fee_from_own: i64,
    pub(crate) net_own: i64,
    pub(crate) bookmaker: i64,
    pub(crate) community: i64,
    pub(crate) platform: i64,
    pub(crate) own_loss: i64,
    pub(crate) bookmaker_loss: i64,
    pub(crate) community_loss: i64,
}

impl Parts {
    /// The whole that they are parts of.
    pub(super) const fn revenue(&self) -> i64 {
        self.fee_from_own + self.net_own + self.bookmaker + self.community + self.platform
            - self.own_loss
            - self.bookmaker_loss
            - self.community_loss
    }
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

/// Splits what an operator won on a day, or lost where `revenue` is negative: the bookmaker's own share is as large as
/// the capital is in capital and pool.
pub(crate) fn parts_of(revenue: i64, basis: &Basis) -> Parts {
    let [own, rest] = split(revenue.saturating_abs(), [basis.capital, basis.pool]);
    if revenue >= 0 {
        let fee_percent = basis.shares.fee_percent;
        let [net_own, fee_from_own] = split(own, [100 - fee_percent, fee_percent]);
        let [bookmaker, community, platform] = split(rest, basis.shares.profit);
        Parts {
            fee_from_own,
            net_own,
            bookmaker,
            community,
            platform,
            ..Parts::default()
        }
    } else {
        let [bookmaker_loss, community_loss] = split(rest, basis.shares.loss);
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

/// A movement of a day's revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Movement {
    pub(super) debit: Account,
    pub(super) credit: Account,
    pub(super) amount: Minor,
}

/// The accounts that revenue moves between, in the order in which they give and get.
pub(super) const ACCOUNTS: [Account; 8] = [
    Account::Casino,
    Account::Sportsbook,
    Account::BookmakerCapital,
    Account::BookmakerEarnings,
    Account::LiquidityPool,
    Account::Revenue,
    Account::Owners,
    Account::Platform,
];

/// What each of [`ACCOUNTS`] gets by a day's revenue, or gives where it is negative. They add up to zero.
pub(super) type Effects = [i64; 8];

/// What a day's revenue does to the accounts when the wallets hold `held`: each product gives what it won.
///
/// The bookmaker's own share fills the capital up to what it was opened with, and the rest of it is earned. A loss takes
/// from the capital and then from what the bookmaker earned; the community's part takes from the pool and then from the
/// community's revenue. What they don't hold, the owners put in: their account says how much that ever was. So no wallet
/// is ever negative, and all of a loss is paid.
fn effects(parts: &Parts, sports: i64, held: &Held) -> Effects {
    let refill = parts.net_own.min((held.capital_full - held.capital).max(0));
    let earned = parts.net_own - refill + parts.bookmaker;
    let [capital, earnings, owners] = take(
        parts.own_loss + parts.bookmaker_loss,
        [held.capital, held.earnings],
    );
    let [pool, revenue, also_owners] = take(parts.community_loss, [held.pool, held.revenue]);
    [
        sports - parts.revenue(),
        -sports,
        refill - capital,
        earned - earnings,
        -pool,
        parts.community - revenue,
        -owners - also_owners,
        parts.fee_from_own + parts.platform,
    ]
}

/// The movements that post a day, of which `posted` was posted before, and keeps `held` up to date with them.
///
/// What was posted of the day is undone, and the day is posted as it is now; only the difference moves. Where a wallet
/// has given away meanwhile what it would have to give back, the owners put it in.
pub(super) fn movements(parts: &Parts, sports: i64, posted: &Effects, held: &mut Held) -> Vec<Movement> {
    let [_, _, capital, earnings, pool, revenue, ..] = *posted;
    let before = Held {
        capital: held.capital - capital,
        capital_full: held.capital_full,
        pool: held.pool - pool,
        revenue: held.revenue - revenue,
        earnings: held.earnings - earnings,
    };
    let wanted = effects(parts, sports, &before);
    let mut moving: Effects = std::array::from_fn(|account| wanted[account] - posted[account]);
    let [_, _, capital, earnings, pool, revenue, owners, _] = &mut moving;
    for (wallet, moved) in [
        (&mut held.capital, capital),
        (&mut held.earnings, earnings),
        (&mut held.pool, pool),
        (&mut held.revenue, revenue),
    ] {
        let missing = (-(*wallet + *moved)).max(0);
        *moved += missing;
        *owners -= missing;
        *wallet += *moved;
    }
    between(moving)
}

/// The movements that bring each account what it gets: the first that gives gives to the first that gets.
fn between(mut moving: Effects) -> Vec<Movement> {
    let mut made = Vec::new();
    while let (Some(giver), Some(taker)) = (
        moving.iter().position(|moved| *moved < 0),
        moving.iter().position(|moved| *moved > 0),
    ) {
        let amount = moving[taker].min(-moving[giver]);
        moving[giver] += amount;
        moving[taker] -= amount;
        made.push(Movement {
            debit: ACCOUNTS[giver],
            credit: ACCOUNTS[taker],
            amount: Minor::new(amount),
        });
    }
    made
}

/// Takes from one wallet, then from the other: what each gives, and what is missing.
fn take(amount: i64, [first, second]: [i64; 2]) -> [i64; 3] {
    let from_first = amount.min(first.max(0));
    let from_second = (amount - from_first).min(second.max(0));
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
        let basis = Basis {
            capital: 1_000_000,
            pool: 4_000_000,
            shares: shares(),
        };
        assert_eq!(parts_of(100_000, &basis), profit);
        assert_eq!(parts_of(-100_000, &basis), loss);
        assert_eq!(parts_of(0, &basis), Parts::default());
    }

    fn moved(parts: Parts, mut held: Held) -> (Vec<(Account, Account, i64)>, Held) {
        let made = movements(&parts, 0, &[0; 8], &mut held).into_iter();
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
    fn each_product_gives_what_it_won_and_gets_what_it_lost() {
        let parts = Parts {
            bookmaker: 60,
            community: 10,
            ..Parts::default()
        };
        let made = movements(&parts, -30, &[0; 8], &mut Held::default()).into_iter();
        let shown: Vec<_> = made
            .map(|movement| (movement.debit, movement.credit, movement.amount.get()))
            .collect();
        assert_eq!(
            shown,
            [
                (Account::Casino, Account::Sportsbook, 30),
                (Account::Casino, Account::BookmakerEarnings, 60),
                (Account::Casino, Account::Revenue, 10),
            ]
        );
    }

    #[test]
    fn what_a_correction_takes_back_and_is_not_there_any_more_the_owners_put_in() {
        let parts = Parts {
            bookmaker: 40,
            ..Parts::default()
        };
        let posted = [-100, 0, 0, 100, 0, 0, 0, 0];
        let mut held = Held {
            earnings: 50,
            ..Held::default()
        };
        let made = movements(&parts, 0, &posted, &mut held).into_iter();
        let shown: Vec<_> = made
            .map(|movement| (movement.debit, movement.credit, movement.amount.get()))
            .collect();
        let casino = Account::Casino;
        assert_eq!(
            shown,
            [
                (Account::BookmakerEarnings, casino, 50),
                (Account::Owners, casino, 10)
            ]
        );
        assert_eq!(held.earnings, 0);
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
        fn parts_and_movements_add_up_whatever_is_corrected_and_no_wallet_is_overdrawn(
            revenue in -1_000_000_000_000_i64..1_000_000_000_000,
            corrected in -10_000_000_i64..10_000_000,
            sports in -10_000_000_i64..10_000_000,
            (capital_full, pool_full) in (0..5_000_000_i64, 0..5_000_000_i64),
            fee_percent in 0..=100_i64,
            profit in prop::array::uniform3(0..=100_i64),
            loss in prop::array::uniform2(0..=100_i64),
            balances in prop::array::uniform4(0..2_000_000_i64),
        ) {
            let shares = Shares { fee_percent, profit, loss };
            let basis = Basis { capital: capital_full, pool: pool_full, shares };
            let parts = parts_of(revenue, &basis);
            let profit = parts.fee_from_own + parts.net_own + parts.bookmaker + parts.community + parts.platform;
            let loss = parts.own_loss + parts.bookmaker_loss + parts.community_loss;
            prop_assert_eq!((profit, loss), (revenue.max(0), (-revenue).max(0)));
            let [capital, pool, revenue_held, earnings] = balances;
            let before = Held { capital, capital_full, pool, revenue: revenue_held, earnings };
            let mut held = before;
            let mut posted = [0; 8];
            for (revenue, sports) in [(revenue, sports), (corrected, 0), (revenue, sports)] {
                let parts = parts_of(revenue, &basis);
                for made in movements(&parts, sports, &posted, &mut held) {
                    prop_assert!(made.amount > Minor::ZERO);
                    for (account, moved) in ACCOUNTS.iter().zip(&mut posted) {
                        *moved += if *account == made.credit { made.amount.get() } else { 0 };
                        *moved -= if *account == made.debit { made.amount.get() } else { 0 };
                    }
                }
                prop_assert_eq!((posted[0], posted[1]), (sports - revenue, -sports));
                prop_assert_eq!(posted[7], parts.fee_from_own + parts.platform);
                prop_assert!([held.capital, held.pool, held.revenue, held.earnings].iter().all(|held| *held >= 0));
            }
            // Corrected there and back, all is as if the day had been posted once.
            let mut once = before;
            movements(&parts, sports, &[0; 8], &mut once);
            prop_assert_eq!(held, once);
        }
    }
}

//! How amounts of several currencies stand beside each other. Must never weigh them by a rate: the platform has none.

use shared::money::Currency;

/// Digits after the point in which amounts are ranked and summed: no currency has more.
const DECIMALS: u8 = 4;

/// Ten-thousandths in one minor unit of `currency`. Boards rank the numbers that they show: 10 yen stand above 9.99
/// euro, as in a list that is sorted by what can be read in it.
pub(super) fn unit_of(currency: Currency) -> i64 {
    10_i64.pow(DECIMALS.saturating_sub(currency.decimals()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_each_currency_ranks_the_same() {
        for (code, minor_in_one) in [("JPY", 1), ("USD", 100), ("KWD", 1000), ("CLF", 10_000)] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(minor_in_one * unit_of(currency), 10_000, "{code}");
        }
    }
}

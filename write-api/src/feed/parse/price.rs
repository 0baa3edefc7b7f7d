//! Prices: owns the exact way from the feed's decimal text to thousandths.
//! Must never round, or pass a price through a binary float.

/// The highest price that is believed: 100,000.
const MAX_MILLI: i64 = 100_000_000;

/// Decimal odds in thousandths: above 1, at most 100,000, with at most three decimals that are not zero.
pub(crate) fn price_milli(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 3 || !are_digits(whole) || !are_digits(part) {
        return None;
    }
    let milli: i64 = format!("{whole}{part:0<3}").parse().ok()?;
    (1_001..=MAX_MILLI).contains(&milli).then_some(milli)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_exactly() {
        for (text, milli) in [
            ("1.11", 1_110),
            ("6.50", 6_500),
            ("1.001", 1_001),
            ("2", 2_000),
            ("2.", 2_000),
            ("501.00", 501_000),
            ("1.90000", 1_900),
            ("01.5", 1_500),
            ("100000", 100_000_000),
        ] {
            assert_eq!(price_milli(text), Some(milli), "{text}");
        }
    }

    #[test]
    fn what_nobody_can_bet_at_is_no_price() {
        for text in [
            "",
            ".",
            "0",
            "1",
            "1.00",
            "1.000",
            "0.95",
            "1.8333",
            "1.0001",
            "-2.5",
            "+2.5",
            "2,5",
            "1e3",
            "NaN",
            "inf",
            "SP",
            ".5",
            "2.5.0",
            "1 .5",
            "100000.001",
            "99999999999999999999",
            "٢.٥",
        ] {
            assert_eq!(price_milli(text), None, "{text}");
        }
    }
}

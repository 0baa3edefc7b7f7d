//! Exact odds of a spin: owns the count of what its lines pay, over every way that the cells can fall.
//! Must never draw a word.

use std::array;
use std::collections::HashMap;

use super::{LINE_COUNT, LINES, REELS, ROWS, ROYAL, STOPS, STRIP_STOPS, Symbol, read_line};
use crate::casino::returns::Ratio;

/// The ways that the cells of a line can fall.
const WAYS: i128 = (STOPS as i128).pow(5);
/// What a stake is in line bets.
const STAKE: i128 = LINE_COUNT as i128;

/// A line that pays.
struct Paying {
    cells: [Symbol; REELS],
    line_bets: i128,
}

/// The return to player: the mean of what a spin pays, in stakes.
pub fn rtp() -> Ratio {
    Ratio::new(paid(&paying_lines()), STAKE * WAYS)
}

/// The variance of what a spin pays, in squared stakes. Lines share cells, so that what they pay is not independent:
/// each is weighed with each other.
pub fn variance() -> Ratio {
    let paying = paying_lines();
    let mut paid_squared = 0;
    for (first, first_pays) in LINES.iter().zip(&paying) {
        for (second, second_pays) in LINES.iter().zip(&paying) {
            let is_shared = array::from_fn(|reel| first[reel] == second[reel]);
            paid_squared += paid_together(is_shared, first_pays, second_pays);
        }
    }
    Ratio::new(paid_squared - paid(&paying).pow(2), (STAKE * WAYS).pow(2))
}

/// How likely a spin pays anything.
pub fn hit_rate() -> Ratio {
    let columns: Vec<_> = every::<ROWS>().map(|cells| (cells, ways(cells))).collect();
    // By a set of symbols, as bits: the stops that show none of them.
    let stops_outside: Vec<i128> = (0..1_usize << STRIP_STOPS.len())
        .map(|set| {
            symbols()
                .filter(|symbol| set & bit(*symbol) == 0)
                .map(stops)
                .sum()
        })
        .collect();
    let (mut no_run, mut royal_alone) = (0, 0);
    for (first, first_ways) in &columns {
        for (second, second_ways) in &columns {
            // For each row of the third reel, the symbols that would complete three in a line.
            let mut completing = [0; ROWS];
            for [one, two, three, ..] in LINES {
                if first[one] == second[two] {
                    completing[three] |= bit(first[one]);
                }
            }
            let two_reels = first_ways * second_ways;
            let [top, middle, bottom] = completing.map(|set| stops_outside[set]);
            no_run += two_reels * top * middle * bottom;
            let begins_royal = [first[1], second[1]] == ROYAL[..2];
            if begins_royal && completing[1] & bit(ROYAL[2]) == 0 {
                royal_alone += two_reels * top * bottom * ways(ROYAL.into_iter().skip(2));
            }
        }
    }
    let stops = STOPS as i128;
    let run = stops.pow(9) - no_run;
    Ratio::new(run * stops.pow(2) + royal_alone, stops.pow(11))
}

/// What all lines pay over all ways of their cells, in line bets.
fn paid(lines: &[Vec<Paying>]) -> i128 {
    let paying = lines.iter().flatten();
    paying.map(|line| ways(line.cells) * line.line_bets).sum()
}

/// For each of [`LINES`], the cells that pay there.
fn paying_lines() -> [Vec<Paying>; LINES.len()] {
    array::from_fn(|index| {
        let pays = |cells| {
            let (_, line_bets) = read_line(index + 1, cells)?;
            let line_bets = line_bets.into();
            Some(Paying { cells, line_bets })
        };
        every().filter_map(pays).collect()
    })
}

/// The product of what two lines pay that share the cells of some reels, over all ways of the cells of both. Counted in
/// the ways of two lines that share none.
fn paid_together(is_shared: [bool; REELS], first: &[Paying], second: &[Paying]) -> i128 {
    let shared = |line: &Paying| array::from_fn(|reel| is_shared[reel].then_some(line.cells[reel]));
    // What the second line pays, given the cells that the first reads too.
    let mut second_pays: HashMap<[Option<Symbol>; REELS], i128> = HashMap::new();
    for line in second {
        let own = line
            .cells
            .iter()
            .zip(is_shared)
            .filter(|(_, is_shared)| !is_shared);
        let own_ways = ways(own.map(|(symbol, _)| *symbol));
        *second_pays.entry(shared(line)).or_default() += own_ways * line.line_bets;
    }
    let mut paid = 0;
    for line in first {
        let second_pays = second_pays.get(&shared(line)).copied().unwrap_or_default();
        paid += ways(line.cells) * line.line_bets * second_pays;
    }
    let shared_cells = is_shared.iter().filter(|is_shared| **is_shared);
    paid * shared_cells.map(|_| STOPS as i128).product::<i128>()
}

/// Every sequence of `N` symbols.
fn every<const N: usize>() -> impl Iterator<Item = [Symbol; N]> {
    let sequences: usize = [STRIP_STOPS.len(); N].iter().product();
    (0..sequences).map(|number| {
        let mut rest = number;
        array::from_fn(|_| {
            let (symbol, _) = STRIP_STOPS[rest % STRIP_STOPS.len()];
            rest /= STRIP_STOPS.len();
            symbol
        })
    })
}

fn symbols() -> impl Iterator<Item = Symbol> {
    STRIP_STOPS.into_iter().map(|(symbol, _)| symbol)
}

const fn bit(symbol: Symbol) -> usize {
    1 << symbol as usize
}

fn stops(symbol: Symbol) -> i128 {
    let of_symbol = STRIP_STOPS.into_iter().filter(|(known, _)| *known == symbol);
    of_symbol.map(|(_, stops)| stops as i128).sum()
}

/// The ways that cells can fall to show these symbols.
fn ways(cells: impl IntoIterator<Item = Symbol>) -> i128 {
    cells.into_iter().map(stops).product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::slots::rules::{ROYAL_LINE, ROYAL_LINE_BETS};

    #[test]
    fn the_rtp_is_0_9599459419() {
        assert_eq!(rtp(), Ratio::new(9_599_459_419, 10_000_000_000));
    }

    #[test]
    fn the_rtp_follows_from_strip_and_paytable() {
        let line_part: i128 = STRIP_STOPS
            .into_iter()
            .map(|(symbol, stops)| {
                let pays = |count| i128::from(symbol.line_bets(count).unwrap());
                let (stops, others) = (stops as i128, (STOPS - stops) as i128);
                stops.pow(3) * others * 100 * pays(3)
                    + stops.pow(4) * others * pays(4)
                    + stops.pow(5) * pays(5)
            })
            .sum();
        // The royal's first symbols differ, so the evaluation that it replaces pays nothing.
        assert_eq!(read_line(1, ROYAL), None);
        assert!(read_line(ROYAL_LINE, ROYAL).is_some());
        let royal_part = ways(ROYAL) * i128::from(ROYAL_LINE_BETS) / STAKE;
        assert_eq!(rtp(), Ratio::new(line_part + royal_part, WAYS));
    }

    #[test]
    fn sigma_is_3_89_stakes() {
        // In line bets, of which a stake has 20, the mean square is about 6423.
        let mean_square: i128 = 642_260_054_278_482_296_990_636;
        let mean = 20 * 9_599_459_419;
        let variance = variance();
        assert_eq!(
            variance,
            Ratio::new(mean_square - mean * mean, (20 * 10_i128.pow(10)).pow(2))
        );
        let in_squared_ten_thousandths = variance.numerator() * 10_000_i128.pow(2) / variance.denominator();
        assert_eq!(in_squared_ten_thousandths.isqrt(), 38_903);
    }

    #[test]
    fn the_hit_rate_is_28_2_percent() {
        assert_eq!(
            hit_rate(),
            Ratio::new(2_817_728_606_354_022_465_711, 100_i128.pow(11))
        );
    }
}

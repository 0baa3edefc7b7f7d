//! Slots, five reels of three rows and twenty fixed lines: owns the strip, the paytable and what a spin pays.
//! Must never draw a word but from the source it is given, and never see a wallet.

pub mod exact;

use std::array;

use serde::{Serialize, Serializer};
use shared::money::{Currency, Minor, Money};

use crate::casino::fairness::WordSource;

/// Goes up whenever the same words and stake would show or pay anything else.
pub const MATH_VERSION: i16 = 1;

const REELS: usize = 5;
const ROWS: usize = 3;
const STOPS: usize = 100;

/// How many stops of the strip, the same for each reel, each symbol has; they lie in this order.
const STRIP_STOPS: [(Symbol, usize); 9] = [
    (Symbol::Diamond, 1),
    (Symbol::Cherry, 7),
    (Symbol::Banana, 7),
    (Symbol::Orange, 7),
    (Symbol::Grapes, 7),
    (Symbol::Strawberry, 19),
    (Symbol::Apple, 18),
    (Symbol::Kiwi, 17),
    (Symbol::Peach, 17),
];

const STRIP: [Symbol; STOPS] = {
    let mut strip = [Symbol::Diamond; STOPS];
    let (mut stop, mut entry) = (0, 0);
    while entry < STRIP_STOPS.len() {
        let (symbol, stops) = STRIP_STOPS[entry];
        let end = stop + stops;
        while stop < end {
            strip[stop] = symbol;
            stop += 1;
        }
        entry += 1;
    }
    assert!(stop == STOPS, "the symbols fill the strip");
    strip
};

/// The row, 0 at the top, that each line takes from each reel; line 1 comes first.
const LINES: [[usize; REELS]; 20] = [
    [0, 0, 0, 0, 0],
    [1, 1, 1, 1, 1],
    [2, 2, 2, 2, 2],
    [0, 0, 0, 1, 2],
    [2, 2, 2, 1, 0],
    [0, 1, 2, 1, 0],
    [2, 1, 0, 1, 2],
    [0, 0, 1, 2, 2],
    [2, 2, 1, 0, 0],
    [1, 0, 0, 0, 1],
    [1, 2, 2, 2, 1],
    [0, 1, 1, 1, 0],
    [2, 1, 1, 1, 2],
    [1, 1, 0, 1, 1],
    [1, 1, 2, 1, 1],
    [0, 1, 0, 1, 0],
    [2, 1, 2, 1, 2],
    [0, 2, 0, 2, 0],
    [2, 0, 2, 0, 2],
    [0, 2, 1, 0, 2],
];
const LINE_COUNT: i64 = 20;

const ROYAL_LINE: usize = 2;
const ROYAL_LINE_BETS: i64 = 2000;
const ROYAL: [Symbol; REELS] = [
    Symbol::Cherry,
    Symbol::Banana,
    Symbol::Orange,
    Symbol::Grapes,
    Symbol::Strawberry,
];

/// What a cell can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol {
    /// 💎, in a class of its own.
    Diamond,
    /// 🍒, a high symbol.
    Cherry,
    /// 🍌, a high symbol.
    Banana,
    /// 🍊, a high symbol.
    Orange,
    /// 🍇, a high symbol.
    Grapes,
    /// 🍓, a medium symbol.
    Strawberry,
    /// 🍎, a medium symbol.
    Apple,
    /// 🥝, a medium symbol.
    Kiwi,
    /// 🍑, a medium symbol.
    Peach,
}

impl Symbol {
    /// The symbol as a page shows it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Diamond => "💎",
            Self::Cherry => "🍒",
            Self::Banana => "🍌",
            Self::Orange => "🍊",
            Self::Grapes => "🍇",
            Self::Strawberry => "🍓",
            Self::Apple => "🍎",
            Self::Kiwi => "🥝",
            Self::Peach => "🍑",
        }
    }

    /// The paytable: the line bets that a run of `count` pays.
    const fn line_bets(self, count: usize) -> Option<i64> {
        let [three, four, five] = match self {
            Self::Diamond => [81, 400, 4200],
            Self::Cherry | Self::Banana | Self::Orange | Self::Grapes => [33, 160, 1005],
            Self::Strawberry | Self::Apple | Self::Kiwi | Self::Peach => [17, 66, 505],
        };
        match count {
            3 => Some(three),
            4 => Some(four),
            5 => Some(five),
            _ => None,
        }
    }
}

impl Serialize for Symbol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Why a stake is refused, as words that follow its name. Fit for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// The line bet would not be a whole number of minor units above zero.
    #[error("must be a positive multiple of {LINE_COUNT} minor units")]
    StakeNotDivisible,
    /// The payout would not fit; no stake within the limit for amounts comes near.
    #[error("is too large")]
    StakeTooLarge,
}

/// What a line shows that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The longest run of equal symbols from the leftmost reel.
    Run {
        /// The symbol all of them show.
        symbol: Symbol,
        /// Its length, 3 to 5.
        count: usize,
    },
    /// 🍒🍌🍊🍇🍓 on the middle line.
    Royal,
}

/// One line that pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Win {
    /// The number of the line, 1 to 20.
    pub line: usize,
    /// What it shows.
    pub pattern: Pattern,
    /// What it pays in line bets.
    pub multiplier: i64,
    /// What it pays in money.
    pub payout: Minor,
}

/// What a spin shows and pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The cells of each reel from the left, each from the top.
    pub reels: [[Symbol; ROWS]; REELS],
    /// The lines that pay, by number.
    pub wins: Vec<Win>,
    /// The sum of the wins.
    pub payout: Minor,
}

/// Checks that a stake can be divided among the lines.
pub fn accept_stake(stake: Minor) -> Result<(), SlotsError> {
    if stake <= Minor::ZERO || stake.get() % LINE_COUNT != 0 {
        return Err(SlotsError::StakeNotDivisible);
    }
    Ok(())
}

/// Spins once. A line bet is a twentieth of `stake`. The 15 cells take an index below 100 each, reel by
/// reel from the left and top to bottom within a reel. A refused stake takes no word.
pub fn decide(stake: Minor, words: &mut impl WordSource) -> Result<Outcome, SlotsError> {
    accept_stake(stake)?;
    let line_bet = stake.get() / LINE_COUNT;
    let reels = array::from_fn(|_| array::from_fn(|_| STRIP[words.index_below(STOPS)]));
    let mut outcome = Outcome {
        reels,
        wins: Vec::new(),
        payout: Minor::ZERO,
    };
    for (line, rows) in (1..).zip(LINES) {
        let cells = array::from_fn(|reel| reels[reel][rows[reel]]);
        let Some((pattern, multiplier)) = read_line(line, cells) else {
            continue;
        };
        let payout = line_bet.checked_mul(multiplier).map(Minor::new);
        let payout = payout.ok_or(SlotsError::StakeTooLarge)?;
        let total = outcome.payout.checked_add(payout);
        outcome.payout = total.ok_or(SlotsError::StakeTooLarge)?;
        outcome.wins.push(Win {
            line,
            pattern,
            multiplier,
            payout,
        });
    }
    Ok(outcome)
}

/// What line number `line` pays for its `cells` from the left, in line bets.
fn read_line(line: usize, cells: [Symbol; REELS]) -> Option<(Pattern, i64)> {
    if line == ROYAL_LINE && cells == ROYAL {
        return Some((Pattern::Royal, ROYAL_LINE_BETS));
    }
    let symbol = cells[0];
    let count = cells.iter().take_while(|cell| **cell == symbol).count();
    let line_bets = symbol.line_bets(count)?;
    Some((Pattern::Run { symbol, count }, line_bets))
}

/// An outcome as JSON shows it: `{reels: [5][3], wins: [{symbol, count, payout, line, multiplier}]}`,
/// where a royal's symbol is `royal_sequence` and its line `line_2_royal`.
#[derive(Debug, Serialize)]
pub struct SpinResult {
    reels: [[Symbol; ROWS]; REELS],
    wins: Vec<ShownWin>,
}

#[derive(Debug, Serialize)]
struct ShownWin {
    symbol: &'static str,
    count: usize,
    payout: Money,
    line: String,
    multiplier: i64,
}

impl Outcome {
    /// This outcome with its payouts in `currency`.
    pub fn shown_in(&self, currency: Currency) -> SpinResult {
        SpinResult {
            reels: self.reels,
            wins: self.wins.iter().map(|win| win.shown_in(currency)).collect(),
        }
    }
}

impl Win {
    fn shown_in(&self, currency: Currency) -> ShownWin {
        let (symbol, count, line) = match self.pattern {
            Pattern::Run { symbol, count } => (symbol.as_str(), count, format!("line_{}", self.line)),
            Pattern::Royal => ("royal_sequence", REELS, format!("line_{}_royal", self.line)),
        };
        ShownWin {
            symbol,
            count,
            payout: currency.money(self.payout),
            line,
            multiplier: self.multiplier,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};
    use crate::casino::returns::Ratio;
    use proptest::prelude::*;
    use serde::Deserialize;

    const ROUNDS: u32 = 100_000;
    const MILLION: i128 = 1_000_000;

    /// Words that make the three rows, each five symbols from the left, appear.
    fn show(rows: [&str; ROWS]) -> impl FnMut() -> u32 {
        let grid = rows.map(|row| row.chars().map(String::from).collect::<Vec<_>>());
        let mut cell = 0;
        move || {
            let wanted = &grid[cell % ROWS][cell / ROWS];
            cell += 1;
            let stop = STRIP.iter().position(|symbol| symbol.as_str() == wanted);
            u32::try_from(stop.unwrap()).unwrap()
        }
    }

    /// What a spin of 20 minor units, one for each line, pays for the rows: (line, line bets).
    fn wins(rows: [&str; ROWS]) -> Vec<(usize, i64)> {
        let outcome = decide(Minor::new(20), &mut show(rows)).unwrap();
        outcome
            .wins
            .iter()
            .map(|win| (win.line, win.payout.get()))
            .collect()
    }

    #[test]
    fn cells_take_their_words_reel_by_reel_from_top_to_bottom() {
        let mut words = 0..;
        let outcome = decide(Minor::new(20), &mut || 7 * words.next().unwrap()).unwrap();
        for (cell, symbol) in outcome.reels.as_flattened().iter().enumerate() {
            assert_eq!(*symbol, STRIP[7 * cell], "cell {cell}");
        }
        assert_eq!(words.next(), Some(15), "one word a cell");
    }

    #[test]
    fn the_longest_run_from_the_left_pays_its_class() {
        for (row, line_bets) in [
            ("💎💎💎🍑🥝", 81),
            ("💎💎💎💎🥝", 400),
            ("💎💎💎💎💎", 4200),
            ("🍒🍒🍒🍑🍒", 33),
            ("🍌🍌🍌🍌🍑", 160),
            ("🍊🍊🍊🍊🍊", 1005),
            ("🍇🍇🍇🍑🍑", 33),
            ("🍓🍓🍓🍑🍑", 17),
            ("🍎🍎🍎🍎🍑", 66),
            ("🥝🥝🥝🥝🥝", 505),
            ("🍑🍑🍑🥝🍑", 17),
        ] {
            let rows = ["🍒🍌🥝🍒🍌", row, "🍊🍇🍓🍊🍇"];
            assert!(wins(rows).contains(&(2, line_bets)), "{row}: {:?}", wins(rows));
        }
    }

    #[test]
    fn two_of_a_kind_a_broken_run_and_a_run_from_the_right_pay_nothing() {
        for row in ["💎💎🍑💎💎", "💎🍑💎💎💎", "🍑💎🍑💎🍑", "🍒🥝💎💎💎"]
        {
            let rows = ["🍌🍓🍎🍌🍓", row, "🍊🍇🍓🍊🍇"];
            assert_eq!(wins(rows), [], "{row}");
        }
    }

    #[test]
    fn every_line_reads_its_own_row_of_each_reel() {
        let drawn = "00000 11111 22222 00012 22210 01210 21012 00122 22100 10001 12221 01110 21112 \
                     11011 11211 01010 21212 02020 20202 02102";
        for (number, rows) in (1..).zip(drawn.split(' ')) {
            // Diamonds on the line alone, and no three of another symbol on any.
            let mut grid = [
                ["🍒", "🍌", "🍊"],
                ["🍇", "🍓", "🍎"],
                ["🥝", "🍑", "🥝"],
                ["🍒"; 3],
                ["🍌"; 3],
            ];
            for (reel, row) in rows.bytes().enumerate() {
                grid[reel][usize::from(row - b'0')] = "💎";
            }
            let rows = array::from_fn(|row| grid.map(|reel| reel[row]).concat());
            let paid = wins(rows.each_ref().map(String::as_str));
            assert!(paid.contains(&(number, 4200)), "line {number}: {paid:?}");
            let full = paid.iter().filter(|(_, line_bets)| *line_bets == 4200).count();
            assert_eq!(full, 1, "line {number}: {paid:?}");
        }
    }

    #[test]
    fn the_royal_pays_on_the_middle_line_alone_and_in_its_order_alone() {
        let royal = "🍒🍌🍊🍇🍓";
        assert_eq!(wins(["🥝🍑🍎🥝🍑", royal, "🍎🥝🍑🍎🥝"]), [(2, 2000)]);
        assert_eq!(wins([royal, "🥝🍑🍎🥝🍑", "🍎🥝🍑🍎🥝"]), []);
        assert_eq!(wins(["🥝🍑🍎🥝🍑", "🍌🍒🍊🍇🍓", "🍎🥝🍑🍎🥝"]), []);
    }

    #[test]
    fn a_full_screen_of_diamonds_pays_4200_stakes_at_the_largest_amount() {
        let stake = Minor::new(shared::money::MAX_AMOUNT_MINOR);
        let outcome = decide(stake, &mut || 0).unwrap();
        assert_eq!(outcome.wins.len(), 20);
        assert_eq!(outcome.payout, Minor::new(4200 * stake.get()));
    }

    #[test]
    fn a_stake_that_is_no_positive_multiple_of_twenty_is_refused_before_any_word() {
        for stake in [0, -20, 1, 19, 21, 30, i64::MIN, i64::MAX] {
            let mut words = || -> u32 { panic!("a refused stake takes no word") };
            let refused = decide(Minor::new(stake), &mut words).unwrap_err();
            assert_eq!(
                refused.to_string(),
                "must be a positive multiple of 20 minor units"
            );
        }
    }

    #[test]
    fn a_payout_that_does_not_fit_is_refused() {
        // The first stake is too large for one line, the second for the sum of all.
        for stake in [i64::MAX / 20 * 20, 40_000_000_000_000_000] {
            assert_eq!(
                decide(Minor::new(stake), &mut || 0),
                Err(SlotsError::StakeTooLarge)
            );
        }
    }

    #[test]
    fn a_result_is_shown_with_the_decimals_of_the_currency() {
        let rows = ["🍎🍎🍎🍑🥝", "🍒🍌🍊🍇🍓", "🍑🥝🍑🥝🍑"];
        let outcome = decide(Minor::new(100), &mut show(rows)).unwrap();
        let shown = |code: &str| {
            let currency = Currency::parse(code).unwrap();
            serde_json::to_string(&outcome.shown_in(currency)).unwrap()
        };
        let in_dollars = concat!(
            r#"{"reels":[["🍎","🍒","🍑"],["🍎","🍌","🥝"],["🍎","🍊","🍑"],["🍑","🍇","🥝"],["🥝","🍓","🍑"]],"#,
            r#""wins":[{"symbol":"🍎","count":3,"payout":0.85,"line":"line_1","multiplier":17},"#,
            r#"{"symbol":"royal_sequence","count":5,"payout":100.00,"line":"line_2_royal","multiplier":2000},"#,
            r#"{"symbol":"🍎","count":3,"payout":0.85,"line":"line_4","multiplier":17}]}"#,
        );
        assert_eq!(shown("USD"), in_dollars);
        assert!(shown("JPY").contains(r#""payout":85,"#));
    }

    /// Checks that `|sum − rounds·mean| ≤ 5·σ·√rounds`, with the mean in millionths and the variance in
    /// their squares.
    fn assert_near(name: &str, sum: i128, mean: i128, variance: i128) {
        let rounds = i128::from(ROUNDS);
        let distance = sum * MILLION - rounds * mean;
        assert!(
            distance.pow(2) <= 25 * rounds * variance,
            "the {name} adds up to {sum} in {rounds} rounds, and should be {mean} millionths a round",
        );
    }

    #[test]
    fn a_simulation_agrees_with_the_exact_mean_deviation_and_hit_rate() {
        let server_seed = ServerSeed::from_bytes([7; 32]);
        let client_seed = ClientSeed::parse("simulation").unwrap();
        let (mut sum, mut squares, mut fourth_powers, mut hits) = (0, 0, 0, 0);
        for nonce in 0..ROUNDS {
            let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce.into()));
            let outcome = decide(Minor::new(20), &mut words).unwrap();
            let paid = i128::from(outcome.payout.get());
            sum += paid;
            squares += paid.pow(2);
            fourth_powers += paid.pow(4);
            hits += i128::from(paid > 0);
        }
        let millionths = |ratio: Ratio| ratio.numerator() * MILLION / ratio.denominator();
        // The stake is 20 minor units.
        let mean = 20 * millionths(exact::rtp());
        let variance = 400 * millionths(exact::variance());
        assert_near("payout", sum, mean, variance * MILLION);
        let hit_rate = millionths(exact::hit_rate());
        assert_near("hit", hits, hit_rate, hit_rate * (MILLION - hit_rate));
        let rounds = i128::from(ROUNDS);
        let mean_square = variance + mean * mean / MILLION;
        let squares_variance = fourth_powers / rounds - (squares / rounds).pow(2);
        assert_near(
            "squared payout",
            squares,
            mean_square,
            squares_variance * MILLION.pow(2),
        );
    }

    #[derive(Deserialize)]
    struct Vectors {
        math_version: i16,
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        server_seed: String,
        commitment: String,
        client_seed: String,
        nonce: u64,
        words: Vec<u32>,
        stake_minor: i64,
        payout_minor: i64,
        result: serde_json::Value,
    }

    #[test]
    fn the_published_vectors_are_what_the_rules_decide() {
        let published: Vectors = serde_json::from_str(include_str!("../vectors/slots.json")).unwrap();
        assert_eq!(published.math_version, MATH_VERSION);
        assert!(!published.vectors.is_empty());
        for vector in published.vectors {
            let server_seed = ServerSeed::parse(&vector.server_seed).unwrap();
            assert_eq!(server_seed.commitment(), vector.commitment);
            let client_seed = ClientSeed::parse(&vector.client_seed).unwrap();
            let mut source = Words::new(&server_seed, &client_seed, Nonce::new(vector.nonce));
            let mut words = Vec::new();
            let mut recorded = || {
                words.push(source.next_word());
                words[words.len() - 1]
            };
            let outcome = decide(Minor::new(vector.stake_minor), &mut recorded).unwrap();
            assert_eq!(words, vector.words, "nonce {}", vector.nonce);
            assert_eq!(
                outcome.payout,
                Minor::new(vector.payout_minor),
                "nonce {}",
                vector.nonce
            );
            let result = serde_json::to_value(outcome.shown_in(Currency::USD)).unwrap();
            assert_eq!(result, vector.result, "nonce {}", vector.nonce);
        }
    }

    proptest! {
        #[test]
        fn a_spin_is_a_function_of_seeds_nonce_and_stake_and_pays_its_lines(
            bytes: [u8; 32], client in "[ -~]{1,64}", nonce: u64, line_bet in 1..500_000_000_000_i64,
        ) {
            let spin = |stake| {
                let client_seed = ClientSeed::parse(&client).unwrap();
                let server_seed = ServerSeed::from_bytes(bytes);
                let mut words = Words::new(&server_seed, &client_seed, Nonce::new(nonce));
                decide(Minor::new(stake), &mut words).unwrap()
            };
            let outcome = spin(20 * line_bet);
            prop_assert_eq!(&outcome, &spin(20 * line_bet));
            let paid: i64 = outcome.wins.iter().map(|win| win.payout.get()).sum();
            prop_assert_eq!(outcome.payout.get(), paid);
            let smallest = spin(20);
            prop_assert_eq!(outcome.reels, smallest.reels);
            prop_assert_eq!(outcome.payout.get(), line_bet * smallest.payout.get());
        }
    }
}

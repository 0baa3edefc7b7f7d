//! A round as JSON shows it: owns the field names. Must never hold a card that a player at the table does not see.

use serde::{Serialize, Serializer};
use shared::money::{Currency, Money};

use super::hand::value;
use super::{Decision, Game, Hand, HandResult, Outcome, Settlement};
use crate::casino::cards::Card;

const CARD_BACK: &str = "🂠";

/// What a player at the table sees:
/// `{player: [card], dealer: [card], pv, dv, final, action_number, actions: [decision], staked}`.
///
/// While the round is open the dealer's second card is `🂠`, and `dv` is what the first counts. After a split
/// `player` is empty, `pv` is what the current hand counts, and there are `split_hands: [{cards, value, stake}]`,
/// `current_hand` from 0, and `can_split_hand1` and `can_split_hand2`. An insurance that was taken is
/// `insurance: {stake, payout}`. The end adds `payout`, that of the whole round, and `outcome` and `multiplier`; or
/// after a split `total_payout`, the same, and `results: [{hand, cards, value, payout, result}]` with hands from 1.
#[derive(Debug, Serialize)]
pub struct Table {
    player: Vec<Card>,
    dealer: Vec<Face>,
    pv: u8,
    dv: u8,
    #[serde(rename = "final")]
    is_final: bool,
    /// How many decisions were taken.
    action_number: usize,
    actions: Vec<Decision>,
    staked: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    insurance: Option<ShownInsurance>,
    #[serde(flatten)]
    split: Option<ShownSplit>,
    #[serde(flatten)]
    end: Option<ShownEnd>,
}

#[derive(Debug)]
enum Face {
    Up(Card),
    Down,
}

impl Serialize for Face {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Up(card) => card.serialize(serializer),
            Self::Down => serializer.serialize_str(CARD_BACK),
        }
    }
}

#[derive(Debug, Serialize)]
struct ShownInsurance {
    stake: Money,
    payout: Money,
}

#[derive(Debug, Serialize)]
struct ShownSplit {
    split_hands: Vec<ShownHand>,
    current_hand: usize,
    can_split_hand1: bool,
    can_split_hand2: bool,
}

#[derive(Debug, Serialize)]
struct ShownHand {
    cards: Vec<Card>,
    value: u8,
    stake: Money,
}

#[derive(Debug, Serialize)]
struct ShownEnd {
    payout: Money,
    #[serde(flatten)]
    results: ShownResults,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum ShownResults {
    One {
        outcome: &'static str,
        multiplier: &'static str,
    },
    Split {
        total_payout: Money,
        results: Vec<ShownResult>,
    },
}

#[derive(Debug, Serialize)]
struct ShownResult {
    hand: usize,
    cards: Vec<Card>,
    value: u8,
    payout: Money,
    result: &'static str,
}

impl Outcome {
    /// The name that a page shows.
    const fn name(self) -> &'static str {
        match self {
            Self::Blackjack => "Blackjack",
            Self::Win => "Win",
            Self::Push => "Push",
            Self::Lose => "Lose",
            Self::Bust => "Bust",
        }
    }

    /// What is won or lost for each unit staked.
    const fn multiplier(self) -> &'static str {
        match self {
            Self::Blackjack => "+1.5x",
            Self::Win => "+1x",
            Self::Push => "+0x",
            Self::Lose | Self::Bust => "-1x",
        }
    }

    /// The word for one of several hands, none of which can be a blackjack.
    const fn split_result(self) -> &'static str {
        match self {
            Self::Blackjack | Self::Win => "win",
            Self::Push => "push",
            Self::Lose => "lose",
            Self::Bust => "bust",
        }
    }
}

impl Game {
    /// This round with its amounts in `currency`.
    pub fn shown_in(&self, currency: Currency) -> Table {
        let settlement = self.settlement();
        let shown = self.current.min(self.hands.len() - 1);
        let is_split = self.hands.len() > 1;
        let hand = &self.hands[shown];
        let (dealer, dv) = self.shown_dealer();
        Table {
            player: if is_split {
                Vec::new()
            } else {
                hand.cards().to_vec()
            },
            dealer,
            pv: hand.total().points,
            dv,
            is_final: self.is_over(),
            action_number: self.decisions.len(),
            actions: self.allowed(),
            staked: currency.money(self.staked()),
            insurance: self.insurance().map(|insurance| ShownInsurance {
                stake: currency.money(insurance.stake),
                payout: currency.money(insurance.payout),
            }),
            split: is_split.then(|| self.shown_split(shown, currency)),
            end: settlement.map(|settlement| self.shown_end(&settlement, currency)),
        }
    }

    fn shown_dealer(&self) -> (Vec<Face>, u8) {
        if self.is_over() {
            let cards = self.dealer.cards().iter().copied().map(Face::Up).collect();
            (cards, self.dealer.total().points)
        } else {
            let up_card = self.up_card();
            (vec![Face::Up(up_card), Face::Down], value(up_card))
        }
    }

    fn shown_split(&self, current_hand: usize, currency: Currency) -> ShownSplit {
        let can_split = |hand| hand == current_hand && self.check(Decision::Split).is_ok();
        ShownSplit {
            split_hands: self
                .hands
                .iter()
                .map(|hand| self.shown_hand(hand, currency))
                .collect(),
            current_hand,
            can_split_hand1: can_split(0),
            can_split_hand2: can_split(1),
        }
    }

    fn shown_hand(&self, hand: &Hand, currency: Currency) -> ShownHand {
        ShownHand {
            cards: hand.cards().to_vec(),
            value: hand.total().points,
            stake: currency.money(self.stake_on(hand)),
        }
    }

    fn shown_end(&self, settlement: &Settlement, currency: Currency) -> ShownEnd {
        let payout = currency.money(settlement.payout);
        let results = match settlement.hands.as_slice() {
            [one] => ShownResults::One {
                outcome: one.outcome.name(),
                multiplier: one.outcome.multiplier(),
            },
            several => ShownResults::Split {
                total_payout: payout,
                results: (1..)
                    .zip(self.hands.iter().zip(several))
                    .map(|(number, (hand, result))| shown_result(number, hand, *result, currency))
                    .collect(),
            },
        };
        ShownEnd { payout, results }
    }
}

fn shown_result(number: usize, hand: &Hand, result: HandResult, currency: Currency) -> ShownResult {
    ShownResult {
        hand: number,
        cards: hand.cards().to_vec(),
        value: hand.total().points,
        payout: currency.money(result.payout),
        result: result.outcome.split_result(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::scripted::{act, deal, deal_for};
    use super::*;
    use crate::casino::blackjack::rules::Decision::{Double, Hit, Insurance, Split, Stand};

    fn shown(game: &Game) -> Value {
        serde_json::to_value(game.shown_in(Currency::USD)).unwrap()
    }

    #[test]
    fn an_open_round_shows_the_players_cards_and_what_he_may_do() {
        assert_eq!(
            shown(&deal("8♥ 8", "A 7", "")),
            json!({
                "player": ["8♥", "8♠"],
                "dealer": ["A♠", "🂠"],
                "pv": 16,
                "dv": 11,
                "final": false,
                "action_number": 0,
                "actions": ["hit", "stand", "double", "split", "insurance"],
                "staked": 1.0,
            })
        );
    }

    #[test]
    fn a_round_that_is_over_shows_the_dealers_cards_and_how_it_ended() {
        assert_eq!(
            shown(&act(deal("6 5", "9 2", "9♣ 3♦ K"), &[Double])),
            json!({
                "player": ["6♠", "5♠", "9♣"],
                "dealer": ["9♠", "2♠", "3♦", "K♠"],
                "pv": 20,
                "dv": 24,
                "final": true,
                "action_number": 1,
                "actions": [],
                "staked": 2.0,
                "payout": 4.0,
                "outcome": "Win",
                "multiplier": "+1x",
            })
        );
    }

    #[test]
    fn a_split_round_shows_each_hand_and_at_the_end_what_became_of_it() {
        let open = act(deal("8 8♥", "6 10", "8 3 2 9 10 K 9"), &[Split]);
        assert_eq!(
            shown(&open),
            json!({
                "player": [],
                "dealer": ["6♠", "🂠"],
                "pv": 16,
                "dv": 6,
                "final": false,
                "action_number": 1,
                "actions": ["hit", "stand", "double", "split"],
                "staked": 2.0,
                "split_hands": [
                    {"cards": ["8♠", "8♠"], "value": 16, "stake": 1.0},
                    {"cards": ["8♥", "3♠"], "value": 11, "stake": 1.0},
                ],
                "current_hand": 0,
                "can_split_hand1": true,
                "can_split_hand2": false,
            })
        );
        let over = act(open, &[Split, Stand, Hit, Double]);
        let results: Value = json!([
            {"hand": 1, "cards": ["8♠", "2♠"], "value": 10, "payout": 2.0, "result": "win"},
            {"hand": 2, "cards": ["8♠", "9♠", "10♠"], "value": 27, "payout": 0.0, "result": "bust"},
            {"hand": 3, "cards": ["8♥", "3♠", "K♠"], "value": 21, "payout": 4.0, "result": "win"},
        ]);
        let shown = shown(&over);
        assert_eq!(shown["results"], results);
        assert_eq!(shown["total_payout"], json!(6.0));
        assert_eq!(shown["payout"], json!(6.0));
        assert_eq!(shown["current_hand"], 2);
        assert_eq!(shown["pv"], 21);
    }

    #[test]
    fn an_insurance_is_shown_with_what_it_pays() {
        let lost = act(deal("10 9", "A 7", ""), &[Insurance]);
        assert_eq!(shown(&lost)["insurance"], json!({"stake": 0.5, "payout": 0.0}));
        assert_eq!(shown(&lost)["staked"], json!(1.5));
        let won = shown(&act(deal("10 9", "A K", ""), &[Insurance]));
        assert_eq!(won["insurance"], json!({"stake": 0.5, "payout": 1.5}));
        assert_eq!(won["outcome"], "Lose");
        assert_eq!(won["payout"], json!(1.5));
    }

    #[test]
    fn every_outcome_has_its_name_and_multiplier() {
        for (player, then, decisions, outcome, multiplier) in [
            ("A K", "", &[][..], "Blackjack", "+1.5x"),
            ("10 10", "", &[Stand], "Win", "+1x"),
            ("10 9", "", &[Stand], "Push", "+0x"),
            ("10 8", "", &[Stand], "Lose", "-1x"),
            ("10 6", "K", &[Hit], "Bust", "-1x"),
        ] {
            let shown = shown(&act(deal(player, "9 10", then), decisions));
            assert_eq!(shown["outcome"], outcome);
            assert_eq!(shown["multiplier"], multiplier);
        }
    }

    #[test]
    fn the_words_for_the_hands_of_a_split_are_win_push_lose_and_bust() {
        let decisions = [Split, Split, Split, Stand, Hit, Stand, Stand];
        let game = act(deal("10 10", "9 10", "10 10 10 9 8 5 K"), &decisions);
        let results = &shown(&game)["results"];
        let words: Vec<_> = (0..4).map(|hand| results[hand]["result"].clone()).collect();
        assert_eq!(words, ["lose", "bust", "push", "win"]);
    }

    #[test]
    fn amounts_have_the_decimals_of_the_currency() {
        let game = deal_for(100, "A K", "9 10", "");
        let shown = |code: &str| {
            let currency = Currency::parse(code).unwrap();
            serde_json::to_string(&game.shown_in(currency)).unwrap()
        };
        assert!(shown("USD").contains(r#""staked":1.00,"payout":2.50,"#));
        assert!(shown("JPY").contains(r#""staked":100,"payout":250,"#));
        assert!(shown("KWD").contains(r#""staked":0.100,"payout":0.250,"#));
    }

    #[test]
    fn an_open_round_shows_neither_the_dealers_second_card_nor_the_shoe() {
        let insured: &[_] = &[Insurance, Split, Hit];
        for decisions in [&[][..], &[Hit], &[Split], &[Split, Stand], insured] {
            let game = act(deal("8 8", "A 7♦", "2 3 4 K♦ 9♣ 10♥"), decisions);
            let text = serde_json::to_string(&game.shown_in(Currency::USD)).unwrap();
            assert!(text.contains(r#""dealer":["A♠","🂠"]"#), "{text}");
            for hidden in ["♦", "♣", "♥", "deck", "dealer_real", "shoe"] {
                assert!(!text.contains(hidden), "{hidden} in {text}");
            }
        }
    }

    #[test]
    fn an_open_round_looks_the_same_whatever_lies_face_down() {
        let decisions: [&[_]; 4] = [&[], &[Hit], &[Split], &[Split, Stand]];
        for decisions in decisions {
            let under = |hole| shown(&act(deal("8 8", &format!("6 {hole}"), "2 3 4"), decisions));
            assert_eq!(under("10♦"), under("2"), "{decisions:?}");
        }
        let undecided = |hole| shown(&deal("8 8", &format!("A {hole}"), ""));
        assert_eq!(undecided("K"), undecided("2"));
    }
}

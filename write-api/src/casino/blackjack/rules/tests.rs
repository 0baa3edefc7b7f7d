//! What may be decided when, and how a round goes on. Must never look behind a card but where it says so.

use std::collections::HashMap;

use proptest::prelude::*;
use serde::Deserialize;
use shared::money::Currency;

use super::Decision::{Double, Hit, Insurance, Split, Stand};
use super::Outcome::{Blackjack, Bust, Lose, Push, Win};
use super::scripted::{STAKE, act, cards, deal, deal_for, outcomes, staked_and_paid};
use super::*;
use crate::casino::fairness::{ClientSeed, Nonce, ServerSeed, Words};

/// Words that leave a shoe in the order in which it was new.
fn unshuffled() -> impl FnMut() -> u32 {
    let mut last = 312;
    move || {
        last -= 1;
        last
    }
}

/// Checks that `decision` is refused for this reason, and changes nothing.
#[track_caller]
fn refuses(game: &Game, decision: Decision, error: BlackjackError) {
    assert_eq!(game.check(decision), Err(error), "{decision:?}");
    assert!(!game.allowed().contains(&decision), "{decision:?}");
    let mut asked = game.clone();
    assert_eq!(asked.act(decision), Err(error), "{decision:?}");
    assert_eq!(&asked, game, "{decision:?}");
}

fn hands(game: &Game) -> Vec<&[Card]> {
    game.hands().iter().map(Hand::cards).collect()
}

#[test]
fn six_decks_are_dealt_from_the_first_card_on_to_player_dealer_player_dealer() {
    let mut words = unshuffled();
    let game = Game::deal(STAKE, &mut words).unwrap();
    assert_eq!(game.hands()[0].cards(), cards("A 3"));
    assert_eq!(game.dealer.cards(), cards("2 4"));
    assert_eq!(words(), 0, "311 words were taken");
    let game = act(game, &[Hit, Hit]);
    assert_eq!(game.hands()[0].cards(), cards("A 3 5 6"));
}

#[test]
fn a_stake_that_is_nothing_or_too_large_is_refused_before_any_word() {
    for (stake, error) in [
        (0, BlackjackError::StakeNotPositive),
        (-1, BlackjackError::StakeNotPositive),
        (i64::MIN, BlackjackError::StakeNotPositive),
        (MAX_AMOUNT_MINOR + 1, BlackjackError::StakeTooLarge),
        (i64::MAX, BlackjackError::StakeTooLarge),
    ] {
        let mut words = || -> u32 { panic!("a refused stake takes no word") };
        assert_eq!(Game::deal(Minor::new(stake), &mut words), Err(error), "{stake}");
    }
    for stake in [1, MAX_AMOUNT_MINOR] {
        assert!(
            Game::deal(Minor::new(stake), &mut unshuffled()).is_ok(),
            "{stake}"
        );
    }
}

#[test]
fn a_players_blackjack_ends_the_round_at_the_deal_unless_the_dealer_shows_an_ace() {
    for (player, dealer, outcome, paid) in [
        ("A K", "9 10", Blackjack, 250),
        ("10 A", "6 5", Blackjack, 250),
        ("A Q", "10 9", Blackjack, 250),
        ("A K", "K A", Push, 100),
    ] {
        let game = deal(player, dealer, "");
        assert_eq!(game.allowed(), [], "{player} against {dealer}");
        assert_eq!(outcomes(&game), [outcome], "{player} against {dealer}");
        assert_eq!(staked_and_paid(&game), (100, paid), "{player} against {dealer}");
        refuses(&game, Insurance, BlackjackError::RoundOver);
    }
}

#[test]
fn a_blackjack_against_an_ace_is_insured_or_stood_on_and_nothing_else() {
    for (hole, stood, outcome) in [("9", 250, Blackjack), ("A", 250, Blackjack), ("K", 100, Push)] {
        let open = deal("J A", &format!("A {hole}"), "");
        assert_eq!(open.allowed(), [Stand, Insurance], "{hole}");
        assert_eq!(open.settlement(), None, "{hole}");
        for decision in [Hit, Double, Split] {
            refuses(&open, decision, BlackjackError::IsBlackjack);
        }
        let over = act(open.clone(), &[Stand]);
        assert_eq!(outcomes(&over), [outcome], "{hole}");
        assert_eq!(staked_and_paid(&over), (100, stood), "{hole}");
        let insured = act(open.clone(), &[Insurance]);
        assert_eq!(outcomes(&insured), [outcome], "{hole}");
        assert_eq!(
            staked_and_paid(&insured),
            (150, 250),
            "even money, whatever lies under the ace"
        );
        let mut abandoned = open;
        abandoned.stand_to_end();
        assert_eq!(abandoned, over, "{hole}");
    }
}

#[test]
fn a_blackjack_that_is_too_small_to_be_insured_is_stood_on() {
    let smallest = deal_for(1, "A K", "A 9", "");
    assert_eq!(smallest.allowed(), [Stand]);
    assert_eq!(staked_and_paid(&act(smallest, &[Stand])), (1, 2));
}

#[test]
fn a_dealer_with_a_ten_up_looks_for_blackjack_at_once() {
    for up in ["10", "J", "Q", "K"] {
        let lost = deal("10 10", &format!("{up} A"), "");
        assert_eq!(outcomes(&lost), [Lose], "{up}");
        assert_eq!(staked_and_paid(&lost), (100, 0), "{up}");
        let open = deal("10 10", &format!("{up} 9"), "");
        assert_eq!(open.allowed(), [Hit, Stand, Double, Split], "{up}");
    }
}

#[test]
fn a_dealer_with_an_ace_up_offers_insurance_before_he_looks() {
    for hole in ["K", "10", "9", "A"] {
        let game = deal("8 8", &format!("A {hole}"), "");
        assert_eq!(game.allowed(), Decision::ALL, "{hole}");
        assert_eq!(game.settlement(), None, "{hole}");
    }
}

#[test]
fn insurance_against_a_dealers_blackjack_pays_two_to_one_and_ends_the_round() {
    let game = act(deal("10 9", "A K", ""), &[Insurance]);
    assert_eq!(outcomes(&game), [Lose]);
    let settlement = game.settlement().unwrap();
    let insurance = settlement.insurance.unwrap();
    assert_eq!(insurance.stake, Minor::new(50));
    assert_eq!(insurance.payout, Minor::new(150));
    assert_eq!(staked_and_paid(&game), (150, 150));
}

#[test]
fn insurance_is_lost_and_the_round_goes_on_without_a_dealers_blackjack() {
    let game = act(deal("10 9", "A 7", ""), &[Insurance]);
    assert_eq!(game.insurance().unwrap().payout, Minor::ZERO);
    assert_eq!(game.allowed(), [Hit, Stand, Double]);
    refuses(&game, Insurance, BlackjackError::InsuranceNotOffered);
    let game = act(game, &[Stand]);
    assert_eq!(outcomes(&game), [Win]);
    assert_eq!(staked_and_paid(&game), (150, 200));
}

#[test]
fn any_other_first_decision_against_an_ace_declines_insurance() {
    for decision in [Hit, Double, Split, Stand] {
        let game = act(deal("5 5", "A 7", "2 3"), &[decision]);
        assert_eq!(game.insurance(), None, "{decision:?}");
        if !game.is_over() {
            refuses(&game, Insurance, BlackjackError::InsuranceNotOffered);
        }
        let drew = game.hands()[0].cards() != cards("5 5");
        assert_eq!(drew, decision != Stand, "{decision:?}");
    }
}

#[test]
fn a_dealers_blackjack_under_an_ace_takes_the_first_stake_alone_and_undoes_the_decision() {
    for decision in [Hit, Stand, Double, Split] {
        let game = act(deal("8 8", "A K", "2 3"), &[decision]);
        assert_eq!(hands(&game), [cards("8 8")], "{decision:?}");
        assert_eq!(outcomes(&game), [Lose], "{decision:?}");
        assert_eq!(staked_and_paid(&game), (100, 0), "{decision:?}");
        assert_eq!(game.decisions(), [decision]);
    }
}

#[test]
fn a_refused_decision_does_not_let_the_dealer_look() {
    let game = deal("9 8", "A K", "");
    refuses(&game, Split, BlackjackError::CannotSplit);
    assert!(!game.is_over());
}

#[test]
fn insurance_is_offered_against_an_ace_alone() {
    for up in ["2", "3", "4", "5", "6", "7", "8", "9", "10", "J", "Q", "K"] {
        let game = deal("9 8", &format!("{up} 7"), "");
        refuses(&game, Insurance, BlackjackError::InsuranceNotOffered);
    }
}

#[test]
fn insurance_costs_half_the_stake_rounded_down_and_at_least_one_minor_unit() {
    for (stake, cost) in [(2, 1), (3, 1), (99, 49), (100, 50)] {
        let game = deal_for(stake, "9 8", "A 7", "");
        assert_eq!(game.extra_stake(Insurance), Minor::new(cost));
        assert_eq!(act(game, &[Insurance]).staked(), Minor::new(stake + cost));
    }
    let smallest = deal_for(1, "9 8", "A K", "");
    refuses(&smallest, Insurance, BlackjackError::InsuranceTooSmall);
    assert_eq!(
        outcomes(&act(smallest, &[Stand])),
        [Lose],
        "the dealer looks all the same"
    );
}

#[test]
fn any_first_two_cards_can_be_doubled_for_one_more_card() {
    for (player, drawn, outcome) in [
        ("2 3", "10", Lose),
        ("5 6", "10", Win),
        ("A 2", "7", Win),
        ("A 9", "A", Win),
        ("10 10", "A", Win),
        ("10 9", "5", Bust),
        ("9 9", "2", Win),
    ] {
        let game = act(deal(player, "9 10", &format!("{drawn} 2 2")), &[Double]);
        assert_eq!(outcomes(&game), [outcome], "{player}");
        assert_eq!(game.hands()[0].cards().len(), 3, "{player}");
        let paid = if outcome == Win { 400 } else { 0 };
        assert_eq!(staked_and_paid(&game), (200, paid), "{player}");
    }
}

#[test]
fn a_hand_of_three_cards_can_be_neither_doubled_nor_split() {
    let game = act(deal("2 2", "9 10", "2"), &[Hit]);
    refuses(&game, Double, BlackjackError::NotTwoCards);
    refuses(&game, Split, BlackjackError::CannotSplit);
}

#[test]
fn two_cards_can_be_split_exactly_if_their_values_are_equal() {
    for (first, second) in Rank::ALL.iter().flat_map(|one| Rank::ALL.map(|two| (*one, two))) {
        let game = deal(&format!("{} {}♥", first.as_str(), second.as_str()), "6 10", "");
        let (first, second) = (first.number().min(10), second.number().min(10));
        if game.is_over() {
            assert_eq!(first.min(second), 1, "an ace");
            assert_eq!(first.max(second), 10, "and a ten");
        } else if first == second {
            assert_eq!(game.check(Split), Ok(()));
        } else {
            refuses(&game, Split, BlackjackError::CannotSplit);
        }
    }
}

#[test]
fn both_hands_of_a_split_take_a_card_at_once_and_are_played_from_left_to_right() {
    let game = act(deal("8 8♥", "6 10", "2 3 4♥ 5♥ 10"), &[Split]);
    assert_eq!(hands(&game), [cards("8 2"), cards("8♥ 3")]);
    let game = act(game, &[Hit]);
    assert_eq!(hands(&game), [cards("8 2 4♥"), cards("8♥ 3")]);
    let game = act(game, &[Stand, Hit]);
    assert_eq!(hands(&game), [cards("8 2 4♥"), cards("8♥ 3 5♥")]);
    let game = act(game, &[Stand]);
    assert_eq!(game.dealer.cards(), cards("6 10 10"));
    assert_eq!(outcomes(&game), [Win, Win]);
    assert_eq!(staked_and_paid(&game), (200, 400));
}

#[test]
fn a_hand_can_be_split_again_up_to_four_hands() {
    let game = act(deal("8 8", "6 10", "8 8 8 2 3 8"), &[Split, Split]);
    assert_eq!(hands(&game), [cards("8 8"), cards("8 2"), cards("8 8")]);
    let game = act(game, &[Split]);
    assert_eq!(
        hands(&game),
        [cards("8 3"), cards("8 8"), cards("8 2"), cards("8 8")]
    );
    assert_eq!(game.staked(), Minor::new(400));
    refuses(&game, Split, BlackjackError::CannotSplit);
    let game = act(game, &[Stand]);
    refuses(&game, Split, BlackjackError::TooManyHands);
    assert_eq!(game.check(Double), Ok(()));
}

#[test]
fn a_hand_of_a_split_can_be_doubled_and_pays_as_doubled() {
    let decisions = [Split, Double, Stand];
    let game = act(deal("8 8", "6 10", "3 10 10 9"), &decisions);
    assert_eq!(hands(&game), [cards("8 3 10"), cards("8 10")]);
    assert_eq!(outcomes(&game), [Win, Win], "the dealer is bust");
    assert_eq!(staked_and_paid(&game), (300, 600));
}

#[test]
fn split_aces_take_one_card_each_and_stand_by_themselves() {
    let game = act(deal("A A♥", "6 10", "5 4 2"), &[Split]);
    assert_eq!(hands(&game), [cards("A 5"), cards("A♥ 4")]);
    assert_eq!(outcomes(&game), [Lose, Lose]);
    assert_eq!(staked_and_paid(&game), (200, 0));
}

#[test]
fn aces_are_split_only_once() {
    let game = act(deal("A A", "6 10", "A A 10"), &[Split]);
    assert_eq!(hands(&game), [cards("A A"), cards("A A")]);
    refuses(&game, Split, BlackjackError::RoundOver);
    assert_eq!(outcomes(&game), [Win, Win], "the dealer is bust");
}

#[test]
fn an_ace_and_a_ten_after_a_split_are_21_and_no_blackjack() {
    for (player, then) in [("A A", "K Q 5"), ("10 K", "A A 5")] {
        let game = act(deal(player, "6 10", then), &[Split]);
        assert_eq!(outcomes(&game), [Push, Push], "{player}: the dealer has 21 too");
        assert_eq!(staked_and_paid(&game), (200, 200), "{player}");
        let game = act(deal(player, "6 10", &then.replace('5', "4")), &[Split]);
        assert_eq!(staked_and_paid(&game), (200, 400), "{player}");
    }
}

#[test]
fn a_hand_that_reaches_21_stands_by_itself() {
    let game = act(deal("5 6", "9 10", "K"), &[Hit]);
    assert_eq!(outcomes(&game), [Win]);
    let game = act(deal("10 10", "9 10", "A 5"), &[Split]);
    assert_eq!(game.current, 1, "the left hand has 21");
    assert_eq!(game.hand().map(Hand::cards), Some(cards("10 5").as_slice()));
}

#[test]
fn the_dealer_draws_to_16_and_stands_on_all_17() {
    for (dealer, then, all) in [
        ("6 10", "A 10", "6 10 A"),
        ("6 10", "K 10", "6 10 K"),
        ("2 2", "2 2 2 2 5 10", "2 2 2 2 2 2 5"),
        ("7 10", "10", "7 10"),
        ("6 A", "10", "6 A"),
        ("A 6", "10", "A 6"),
        ("A 5", "10 A 10", "A 5 10 A"),
        ("A 2", "4 10", "A 2 4"),
        ("9 9", "2", "9 9"),
    ] {
        let game = act(deal("10 8", dealer, then), &[Stand]);
        assert_eq!(game.dealer.cards(), cards(all), "{dealer}");
    }
}

#[test]
fn the_dealer_does_not_draw_when_every_hand_is_bust() {
    let game = act(deal("10 6", "6 10", "K 5"), &[Hit]);
    assert_eq!(game.dealer.cards(), cards("6 10"));
    assert_eq!(outcomes(&game), [Bust]);
    let both = [Split, Hit, Hit];
    let game = act(deal("10 10", "6 10", "6 6 K K 5"), &both);
    assert_eq!(game.dealer.cards(), cards("6 10"));
    assert_eq!(outcomes(&game), [Bust, Bust]);
    let one = [Split, Hit, Stand];
    let game = act(deal("10 10", "6 10", "6 6 K 5"), &one);
    assert_eq!(game.dealer.cards(), cards("6 10 5"));
    assert_eq!(outcomes(&game), [Bust, Lose]);
}

#[test]
fn a_bust_loses_even_if_the_dealer_busts() {
    let game = act(deal("10 10", "6 10", "6 7 K K"), &[Split, Hit, Stand]);
    assert_eq!(outcomes(&game), [Bust, Win]);
}

#[test]
fn nothing_can_be_decided_when_the_round_is_over() {
    let game = act(deal("10 8", "9 8", ""), &[Stand]);
    for decision in Decision::ALL {
        refuses(&game, decision, BlackjackError::RoundOver);
    }
}

#[test]
fn decisions_are_written_in_snake_case_and_there_is_no_surrender() {
    let names = serde_json::to_value(Decision::ALL).unwrap();
    assert_eq!(
        names,
        serde_json::json!(["hit", "stand", "double", "split", "insurance"])
    );
    assert_eq!(
        serde_json::from_value::<Vec<Decision>>(names).unwrap(),
        Decision::ALL
    );
    for unknown in ["surrender", "deal", "Hit", ""] {
        let read = serde_json::from_value::<Decision>(unknown.into());
        assert!(read.is_err(), "{unknown}");
    }
}

#[test]
fn an_abandoned_round_stands_on_every_hand_and_declines_insurance() {
    let mut game = act(deal("8 8", "A 7", "3 2"), &[Split]);
    game.stand_to_end();
    assert_eq!(game.decisions(), [Split, Stand, Stand]);
    assert_eq!(hands(&game), [cards("8 3"), cards("8 2")]);
    assert_eq!(staked_and_paid(&game), (200, 0));
    let mut game = deal("10 9", "A K", "");
    game.stand_to_end();
    assert_eq!(game.decisions(), [Stand]);
    assert_eq!(staked_and_paid(&game), (100, 0));
    let over = game.clone();
    game.stand_to_end();
    assert_eq!(game, over, "nothing is left to stand on");
}

#[test]
fn a_log_never_shows_a_card_that_lies_face_down() {
    let game = deal("10 9", "A♥ 7♦", "4♣");
    let logged = format!("{game:?} {:?}", game.shoe);
    assert!(logged.contains("Nine") && logged.contains("Ace"), "{logged}");
    for hidden in ["Seven", "Diamonds", "Four", "Clubs"] {
        assert!(!logged.contains(hidden), "{logged}");
    }
}

/// What was wrong in the system that this one replaces, as far as the rules decide it.
mod legacy_faults {
    use super::*;

    #[test]
    fn a_natural_is_credited_once_and_not_twice() {
        assert_eq!(staked_and_paid(&deal("A K", "9 10", "")), (100, 250));
    }

    #[test]
    fn a_ten_and_a_king_can_be_split() {
        let game = act(deal("10 K", "6 10", "9 8"), &[Split]);
        assert_eq!(hands(&game), [cards("10 9"), cards("K 8")]);
    }

    #[test]
    fn a_double_costs_one_more_stake_and_not_two() {
        let game = deal("5 6", "9 10", "K");
        assert_eq!(game.extra_stake(Double), STAKE);
        assert_eq!(staked_and_paid(&act(game, &[Double])), (200, 400));
    }

    #[test]
    fn doubled_hands_of_a_split_are_paid_as_doubled() {
        let game = act(deal("8 8", "9 10", "3 3 10 10"), &[Split, Double, Double]);
        assert_eq!(staked_and_paid(&game), (400, 800));
    }

    #[test]
    fn a_bust_and_a_split_round_are_settled_like_any_other() {
        assert_eq!(staked_and_paid(&act(deal("10 6", "9 10", "K"), &[Hit])), (100, 0));
        let split = act(deal("10 10", "9 10", "10 9"), &[Split, Stand, Stand]);
        assert_eq!(outcomes(&split), [Win, Push]);
        assert_eq!(staked_and_paid(&split), (200, 300));
    }

    #[test]
    fn a_hand_that_was_hit_cannot_be_doubled() {
        let game = act(deal("2 3", "9 10", "4"), &[Hit]);
        refuses(&game, Double, BlackjackError::NotTwoCards);
    }
}

#[derive(Deserialize)]
struct Vectors {
    math_version: i16,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    shows: String,
    server_seed: String,
    commitment: String,
    client_seed: String,
    nonce: u64,
    words_taken: usize,
    words_begin: Vec<u32>,
    shoe_begins: Vec<String>,
    decisions: Vec<Decision>,
    stake_minor: i64,
    staked_minor: i64,
    payout_minor: i64,
    result: serde_json::Value,
}

#[test]
fn the_published_vectors_are_what_the_rules_decide() {
    let published = include_str!("../../vectors/blackjack.json");
    let published: Vectors = serde_json::from_str(published).unwrap();
    assert_eq!(published.math_version, MATH_VERSION);
    assert!(!published.vectors.is_empty());
    for vector in published.vectors {
        let shows = &vector.shows;
        let server_seed = ServerSeed::parse(&vector.server_seed).unwrap();
        assert_eq!(server_seed.commitment(), vector.commitment, "{shows}");
        let client_seed = ClientSeed::parse(&vector.client_seed).unwrap();
        let mut source = Words::new(&server_seed, &client_seed, Nonce::new(vector.nonce));
        let mut words = Vec::new();
        let mut recorded = || {
            words.push(source.next_word());
            words[words.len() - 1]
        };
        let stake = Minor::new(vector.stake_minor);
        let game = Game::replay(stake, &mut recorded, &vector.decisions).unwrap();
        assert_eq!(words.len(), vector.words_taken, "{shows}");
        assert!(words.starts_with(&vector.words_begin), "{shows}");
        let dealt: Vec<_> = game.shoe.dealt().iter().map(Card::to_string).collect();
        assert_eq!(dealt, vector.shoe_begins, "{shows}");
        let paid = (vector.staked_minor, vector.payout_minor);
        assert_eq!(staked_and_paid(&game), paid, "{shows}");
        let result = serde_json::to_value(game.shown_in(Currency::USD)).unwrap();
        assert_eq!(result, vector.result, "{shows}");
    }
}

/// The cards of a shuffled shoe, those of the ranks `first` before the others.
fn stacked(mut shoe: Vec<Card>, first: &[Rank]) -> Vec<Card> {
    shoe.sort_by_key(|card| !first.contains(&card.rank));
    shoe
}

fn any_decision() -> impl Strategy<Value = Decision> {
    // A split is rare, so it is tried more often.
    prop_oneof![
        2 => Just(Hit),
        2 => Just(Stand),
        2 => Just(Double),
        6 => Just(Split),
        1 => Just(Insurance),
    ]
}

fn any_game() -> impl Strategy<Value = Game> {
    let ranks = prop::sample::subsequence(Rank::ALL.to_vec(), 0..4);
    let shoe = Just(crate::casino::cards::shoe(6)).prop_shuffle();
    let stake = prop_oneof![1..1_000_i64, 1..=MAX_AMOUNT_MINOR];
    (stake, shoe, ranks).prop_map(|(stake, shoe, ranks)| {
        Game::start(Minor::new(stake), Shoe::in_order(stacked(shoe, &ranks)))
    })
}

/// Checks what must hold at any moment of a round.
fn check_invariants(game: &Game) -> Result<(), TestCaseError> {
    prop_assert!((1..=HANDS_MAX).contains(&game.hands().len()));
    let mut copies = HashMap::new();
    let on_the_table = game.hands().iter().chain([&game.dealer]);
    for card in on_the_table.flat_map(Hand::cards) {
        *copies.entry(card).or_insert(0) += 1;
    }
    prop_assert!(copies.values().all(|copies| *copies <= 6));
    prop_assert_eq!(copies.values().sum::<usize>(), game.shoe.dealt().len());
    prop_assert_eq!(game.is_over(), game.allowed().is_empty());
    prop_assert_eq!(game.is_over(), game.settlement().is_some());
    if let Some(settlement) = game.settlement() {
        let stake = game.stake.get();
        let insured = 3 * (stake / 2) * i64::from(game.is_insured());
        let most = match game.hands() {
            [one] if one.stakes() == 1 => 2 * stake + stake / 2,
            hands => 4 * stake * i64::try_from(hands.len()).unwrap(),
        };
        prop_assert!((0..=most + insured).contains(&settlement.payout.get()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_is_decided_hands_stakes_cards_and_payout_stay_within_the_rules(
        dealt in any_game(), tried in prop::collection::vec(any_decision(), 0..60),
    ) {
        let mut game = dealt.clone();
        check_invariants(&game)?;
        for decision in tried {
            let before = game.clone();
            let allowed = game.check(decision);
            prop_assert_eq!(game.act(decision), allowed);
            check_invariants(&game)?;
            if allowed.is_err() {
                prop_assert_eq!(&game, &before);
                continue;
            }
            let announced = before.extra_stake(decision);
            let taken = game.staked().checked_sub(before.staked()).unwrap();
            let was_undone = before.offers_insurance() && game.dealer.is_blackjack();
            let is_taken = !was_undone || decision == Insurance;
            prop_assert_eq!(taken, if is_taken { announced } else { Minor::ZERO });
        }
        game.stand_to_end();
        check_invariants(&game)?;
        prop_assert!(game.is_over());
        prop_assert_eq!(act(dealt, game.decisions()), game);
    }

    #[test]
    fn a_round_is_a_function_of_seeds_nonce_stake_and_decisions(
        bytes: [u8; 32], nonce: u64, stake in 1..1_000_i64,
        tried in prop::collection::vec(any_decision(), 0..12),
    ) {
        let client_seed = ClientSeed::parse("lucky: 7").unwrap();
        let words = || Words::new(&ServerSeed::from_bytes(bytes), &client_seed, Nonce::new(nonce));
        let mut game = Game::deal(Minor::new(stake), &mut words()).unwrap();
        for decision in tried {
            if game.check(decision).is_ok() {
                game.act(decision).unwrap();
            }
        }
        let replayed = Game::replay(Minor::new(stake), &mut words(), game.decisions());
        prop_assert_eq!(replayed.unwrap(), game);
    }
}

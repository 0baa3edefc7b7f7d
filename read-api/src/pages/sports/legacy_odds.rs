//! The prices of an event in the form that the older pages read: arrays by market key, in which the position says the
//! outcome. Must never let a position shift, or give a market a key that is not its own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;
use shared::sports::Sport;
use utoipa::ToSchema;

use super::event::{Event, LineKind, Market, Selection};

/// Prices by market key, beside the ids of their markets; in the order of keys.
pub(super) type LegacyOdds<'a> = BTreeMap<Cow<'a, str>, LegacyOdd<'a>>;

/// One member of the object.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum LegacyOdd<'a> {
    /// `<key>`: decimal odds as texts, `0` for an outcome that can't be bet on.
    Prices(Vec<&'a str>),
    /// `<key>_market_id` and, for cricket, `<key>_market_name`.
    Text(&'a str),
    /// `has_draw`: there when the match result is one of three.
    HasDraw(bool),
}

const MATCH_RESULT: &str = "match_result";
const HOME_AWAY: &str = "home_away";
/// What stands for a price where no bet is taken. Pages leave out a draw at this price.
const NO_PRICE: &str = "0";

/// Sports whose pages have no place for a draw, even if a market offers one.
const NEVER_DRAWN: [&str; 9] = [
    "baseball",
    "boxing",
    "darts",
    "esports",
    "football",
    "mma",
    "table_tennis",
    "tennis",
    "volleyball",
];

/// Outcomes in the order of positions: `1` is the home side, `x` the draw, `2` the away side.
type Outcomes = &'static [&'static str];

const THREE_WAY: Outcomes = &["1", "x", "2"];
const TWO_WAY: Outcomes = &["1", "2"];

/// A market of exactly these outcomes has them in this order, because pages label positions so.
const WHOLE_MARKETS: [Outcomes; 7] = [
    TWO_WAY,
    THREE_WAY,
    &["yes", "no"],
    &["over", "under"],
    &["odd", "even"],
    &["1/x", "x/2", "1/2"],
    &["1st half", "2nd half", "x"],
];

/// The market with this key that has all of these outcomes begins with them, because pages label the first positions
/// so.
const FIRST_POSITIONS: [(&str, Outcomes); 5] = [
    ("set_betting", &["2-0", "2-1", "0-2", "1-2"]),
    ("correct_score", &["1-0", "2-0", "2-1"]),
    ("results_both_teams_score", &["1/yes", "x/yes", "2/yes"]),
    ("result_total_goals", &["1/over", "x/over", "2/over"]),
    ("ht_ft_double", &["1/1", "1/x", "1/2"]),
];

/// A market under the key that it is published by.
#[derive(Clone)]
struct Published<'a> {
    market: &'a Market,
    prices: Vec<&'a str>,
}

/// The prices of `markets`, which are those of `event` that are offered.
///
/// - A market that nobody can bet on is left out. Of several with the same key, the first that is left is shown.
/// - Only a market with the key `match_result` or `home_away` is the main one, and only if its selections are the two
///   sides and, for `match_result`, the draw. It stands under the key that fits its selections.
/// - Cricket pages look for `match_result` and are given `home_away` there, too, when there is nothing else. The three
///   prices of a cricket market are those of home, draw and away like everywhere: the replaced backend put the draw
///   last, where its own pages expected the away side.
pub(super) fn legacy_odds<'a>(sport: Sport, event: &Event, markets: &[&'a Market]) -> LegacyOdds<'a> {
    let is_cricket = sport.key() == "cricket";
    let mut published: BTreeMap<&str, Published<'_>> = BTreeMap::new();
    for market in markets {
        if let Some((key, prices)) = publish(event, market) {
            published.entry(key).or_insert(Published { market, prices });
        }
    }
    if is_cricket && let Some(main) = published.get(HOME_AWAY).cloned() {
        published.entry(MATCH_RESULT).or_insert(main);
    }
    let is_three_way = |main: &Published<'_>| main.prices.len() == THREE_WAY.len();
    let has_draw =
        published.get(MATCH_RESULT).is_some_and(is_three_way) && !NEVER_DRAWN.contains(&sport.key());

    let mut odds = LegacyOdds::new();
    for (key, Published { market, prices }) in published {
        let mut text = |suffix: &str, text| {
            odds.insert(format!("{key}{suffix}").into(), LegacyOdd::Text(text));
        };
        text("_market_id", &market.id);
        if is_cricket {
            text("_market_name", &market.name);
        }
        odds.insert(key.into(), LegacyOdd::Prices(prices));
    }
    if has_draw {
        odds.insert("has_draw".into(), LegacyOdd::HasDraw(true));
    }
    odds
}

/// The key and prices that a market is published by; `None` when it is not.
fn publish<'a>(event: &Event, market: &'a Market) -> Option<(&'a str, Vec<&'a str>)> {
    let selections = shown_line(&market.selections);
    let is_open = selections.iter().any(|selection| selection.is_open());
    if market.suspended || !is_open || is_reserved(&market.key) {
        return None;
    }
    let whole = |outcomes: Outcomes| {
        let is_whole = selections.len() == outcomes.len();
        is_whole
            .then(|| begin_with(outcomes, event, &selections))
            .flatten()
    };
    let key = &*market.key;
    let (key, in_order) = if [MATCH_RESULT, HOME_AWAY].contains(&key) {
        match whole(THREE_WAY) {
            Some(in_order) => (MATCH_RESULT, in_order),
            None => (HOME_AWAY, whole(TWO_WAY)?),
        }
    } else {
        let first = || {
            let (_, outcomes) = FIRST_POSITIONS.iter().find(|(known, _)| *known == key)?;
            begin_with(outcomes, event, &selections)
        };
        let in_order = WHOLE_MARKETS.into_iter().find_map(whole).or_else(first);
        (key, in_order.unwrap_or(selections))
    };
    Some((key, in_order.into_iter().map(price).collect()))
}

/// Whether a key would collide with a member that is no array of prices.
fn is_reserved(key: &str) -> bool {
    key == "has_draw" || key.ends_with("_market_id") || key.ends_with("_market_name")
}

fn price(selection: &Selection) -> &str {
    if selection.is_open() {
        &selection.price_text
    } else {
        NO_PRICE
    }
}

/// The selections under one line: the main one, else the first that can be bet on, else the first. All selections
/// when the market has no lines.
fn shown_line(selections: &[Selection]) -> Vec<&Selection> {
    let main = selections
        .iter()
        .find(|selection| selection.is_main == Some(true))
        .or_else(|| selections.iter().find(|selection| selection.is_open()))
        .or(selections.first());
    selections
        .iter()
        .filter(|selection| Some(line(selection)) == main.map(line))
        .collect()
}

fn line(selection: &Selection) -> (Option<LineKind>, Option<&str>) {
    (selection.line_kind, selection.line.as_deref())
}

/// The selections with `outcomes` first, in this order, and the others as they were; `None` when one is missing.
fn begin_with<'a>(
    outcomes: Outcomes,
    event: &Event,
    selections: &[&'a Selection],
) -> Option<Vec<&'a Selection>> {
    let mut others = selections.to_vec();
    let mut in_order = Vec::with_capacity(selections.len());
    for outcome in outcomes {
        let place = others
            .iter()
            .position(|selection| means(&selection.name, outcome, event))?;
        in_order.push(others.remove(place));
    }
    in_order.append(&mut others);
    Some(in_order)
}

/// Whether the feed's name of a selection means the outcome, which may be of two parts such as `1/x` or `2-0`.
fn means(name: &str, outcome: &str, event: &Event) -> bool {
    let (name, outcome) = if let Some(parts) = outcome.split_once('/') {
        (name.split_once('/'), parts)
    } else if let Some(parts) = outcome.split_once('-') {
        (name.split_once(['-', ':']), parts)
    } else {
        return is_word(name, outcome, event);
    };
    name.is_some_and(|name| is_word(name.0, outcome.0, event) && is_word(name.1, outcome.1, event))
}

fn is_word(name: &str, outcome: &str, event: &Event) -> bool {
    let name = name.trim();
    let is_any = |words: &[&str]| words.iter().any(|word| name.eq_ignore_ascii_case(word));
    match outcome {
        "1" => is_any(&["home", "1", "home win"]) || name == &*event.home,
        "x" => is_any(&["draw", "x", "tie"]),
        "2" => is_any(&["away", "2", "away win"]) || name == &*event.away,
        word => is_any(&[word]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::event::testing::{event, market};
    use super::*;

    fn odds_of(sport: &str, markets: Vec<Market>) -> Value {
        let event = event(markets);
        let markets: Vec<&Market> = event.markets.iter().collect();
        let sport = Sport::find(sport).unwrap();
        serde_json::to_value(legacy_odds(sport, &event, &markets)).unwrap()
    }

    fn suspended(market: Market) -> Market {
        Market {
            suspended: true,
            ..market
        }
    }

    /// The prices under a market's own key.
    fn prices(key: &str, selections: &[&str]) -> Value {
        odds_of("soccer", vec![market("7", key, selections)])[key].clone()
    }

    #[test]
    fn the_main_market_is_home_draw_away_whatever_the_feeds_order() {
        let three = json!({"match_result": ["1.50", "4.20", "6.00"], "match_result_market_id": "1", "has_draw": true});
        let two = json!({"home_away": ["1.80", "2.00"], "home_away_market_id": "1"});
        for (key, selections, odds) in [
            (
                "match_result",
                &["Home=1.50", "Draw=4.20", "Away=6.00"][..],
                &three,
            ),
            ("match_result", &["Away=6.00", "Home=1.50", "Draw=4.20"], &three),
            ("match_result", &["1=1.50", "X=4.20", "2=6.00"], &three),
            (
                "match_result",
                &["home win=1.50", "Tie=4.20", "AWAY WIN=6.00"],
                &three,
            ),
            (
                "match_result",
                &["Ajax=1.50", "Draw=4.20", "Feyenoord=6.00"],
                &three,
            ),
            ("home_away", &["Home=1.50", "Draw=4.20", "Away=6.00"], &three),
            ("home_away", &["Home=1.80", "Away=2.00"], &two),
            ("home_away", &["Away=2.00", "Home=1.80"], &two),
            ("match_result", &["Home=1.80", "Away=2.00"], &two),
        ] {
            let main = market("1", key, selections);
            assert_eq!(odds_of("soccer", vec![main]), *odds, "{key} {selections:?}");
        }
    }

    #[test]
    fn a_market_is_the_main_one_only_by_its_key_and_its_selections() {
        for (key, selections) in [
            ("match_result", &["Yes=1.50", "No=2.50"][..]),
            ("match_result", &["Home=1.50"]),
            ("home_away", &["Away=1.50"]),
            (
                "match_result",
                &["Home=1.50", "Draw=4.20", "Away=6.00", "Other=9.00"],
            ),
            ("match_result", &["Home=1.50", "Home=4.20", "Away=6.00"]),
        ] {
            let odds = odds_of("soccer", vec![market("1", key, selections)]);
            assert_eq!(odds, json!({}), "{key} {selections:?}");
        }
        let corners = market("9", "corners_1x2", &["Home=2.00", "Draw=8.00", "Away=1.90"]);
        let expected = json!({"corners_1x2": ["2.00", "8.00", "1.90"], "corners_1x2_market_id": "9"});
        assert_eq!(odds_of("soccer", vec![corners]), expected);
    }

    #[test]
    fn a_three_way_and_a_two_way_market_are_both_shown() {
        let markets = vec![
            market("2", "home_away", &["Home=1.40", "Away=2.90"]),
            market("1", "match_result", &["Home=1.50", "Draw=20.00", "Away=2.60"]),
        ];
        let expected = json!({
            "home_away": ["1.40", "2.90"], "home_away_market_id": "2",
            "match_result": ["1.50", "20.00", "2.60"], "match_result_market_id": "1",
            "has_draw": true,
        });
        assert_eq!(odds_of("rugby", markets), expected);
    }

    #[test]
    fn some_sports_never_have_a_draw() {
        let has_draw = |sport| {
            let main = market("1", "match_result", &["Home=1.50", "Draw=9.00", "Away=2.60"]);
            odds_of(sport, vec![main]).get("has_draw").cloned()
        };
        let never: Vec<_> = Sport::all()
            .map(Sport::key)
            .filter(|sport| has_draw(sport).is_none())
            .collect();
        assert_eq!(never, NEVER_DRAWN);
        assert_eq!(has_draw("hockey"), Some(json!(true)));
    }

    #[test]
    fn what_cannot_be_bet_on_keeps_its_position() {
        for (selections, prices_shown) in [
            (["Home=1.50", "Draw=", "Away=6.00"], ["1.50", "0", "6.00"]),
            (
                ["Home=1.50", "Draw=4.20 stop", "Away=6.00"],
                ["1.50", "0", "6.00"],
            ),
            (["Home=SP", "Draw=4.20", "Away=6.00 stop"], ["0", "4.20", "0"]),
        ] {
            assert_eq!(prices("match_result", &selections), json!(prices_shown));
            assert_eq!(prices("corners_1x2", &selections), json!(prices_shown));
        }
    }

    #[test]
    fn a_market_that_cannot_be_bet_on_is_left_out() {
        for market in [
            suspended(market(
                "1",
                "match_result",
                &["Home=1.50", "Draw=4.20", "Away=6.00"],
            )),
            market("1", "odd_even", &["Odd=1.90 stop", "Even="]),
            market("1", "odd_even", &[]),
        ] {
            assert_eq!(odds_of("soccer", vec![market]), json!({}));
        }
    }

    #[test]
    fn of_several_markets_with_one_key_the_first_that_can_be_bet_on_is_shown() {
        let markets = vec![
            suspended(market("15", "odd_even", &["Odd=1.90", "Even=1.91"])),
            market("15~2", "odd_even", &["Odd=1.92", "Even=1.93"]),
            market("15~3", "odd_even", &["Odd=1.94", "Even=1.95"]),
        ];
        let expected = json!({"odd_even": ["1.92", "1.93"], "odd_even_market_id": "15~2"});
        assert_eq!(odds_of("soccer", markets), expected);
    }

    #[test]
    fn of_a_market_with_lines_the_main_line_is_shown() {
        for (selections, prices_shown) in [
            (
                &[
                    "Over@1.5=1.20",
                    "Under@1.5=4.00",
                    "Under@2.5=2.05 main",
                    "Over@2.5=1.75 main",
                ][..],
                ["1.75", "2.05"],
            ),
            (
                &[
                    "Over@1.5=1.20 stop",
                    "Under@1.5=4.00 stop",
                    "Over@2.5=1.75",
                    "Under@2.5=2.05",
                ],
                ["1.75", "2.05"],
            ),
            (
                &[
                    "Over@1.5=1.20",
                    "Under@1.5=4.00",
                    "Over@2.5=1.75",
                    "Under@2.5=2.05",
                ],
                ["1.20", "4.00"],
            ),
            (
                &[
                    "Over@1.5=1.20",
                    "Under@1.5=",
                    "Over@2.5=1.75 main",
                    "Under@2.5=2.05 main stop",
                ],
                ["1.75", "0"],
            ),
            (
                &[
                    "Away@-1=2.00 main",
                    "Home@-1=1.80 main",
                    "Home@1=1.10",
                    "Away@1=7.00",
                ],
                ["1.80", "2.00"],
            ),
        ] {
            assert_eq!(
                prices("over_under", selections),
                json!(prices_shown),
                "{selections:?}"
            );
        }
        let stopped = [
            "Over@1.5=1.20",
            "Under@1.5=4.00",
            "Over@2.5=1.75 main stop",
            "Under@2.5=2.05 main stop",
        ];
        assert_eq!(prices("over_under", &stopped), Value::Null);
    }

    #[test]
    fn positions_fit_the_labels_of_the_pages() {
        for (key, selections, prices_shown) in [
            ("to_qualify", &["No=2.0", "Yes=1.0"][..], &["1.0", "2.0"][..]),
            (
                "over_under_first_half",
                &["Under=2.0", "Over=1.0"],
                &["1.0", "2.0"],
            ),
            ("odd_even", &["Even=2.0", "Odd=1.0"], &["1.0", "2.0"]),
            ("first_set", &["Away=2.0", "Home=1.0"], &["1.0", "2.0"]),
            (
                "handicap_result",
                &["Home@-1=1.0", "Away@-1=3.0", "Draw@-1=2.0"],
                &["1.0", "2.0", "3.0"],
            ),
            (
                "double_chance",
                &["Home/Draw=1.0", "Home/Away=3.0", "Draw/Away=2.0"],
                &["1.0", "2.0", "3.0"],
            ),
            (
                "highest_scoring_half",
                &["Draw=3.0", "1st Half=1.0", "2nd Half=2.0"],
                &["1.0", "2.0", "3.0"],
            ),
            (
                "set_betting",
                &["0:2=3.0", "1:2=4.0", "2:0=1.0", "2:1=2.0"],
                &["1.0", "2.0", "3.0", "4.0"],
            ),
            (
                "correct_score",
                &["0:0=4.0", "2-1=3.0", "2-0=2.0", "1-0=1.0", "9:9=5.0"],
                &["1.0", "2.0", "3.0", "4.0", "5.0"],
            ),
            (
                "results_both_teams_score",
                &["2/Yes=3.0", "1/No=4.0", "X/Yes=2.0", "1/Yes=1.0"],
                &["1.0", "2.0", "3.0", "4.0"],
            ),
            (
                "result_total_goals",
                &["Draw/Over=2.0", "Home/Over=1.0", "Away/Over=3.0"],
                &["1.0", "2.0", "3.0"],
            ),
            (
                "ht_ft_double",
                &[
                    "Draw/Ajax=4.0",
                    "Ajax/Feyenoord=3.0",
                    "Ajax/Draw=2.0",
                    "Ajax/Ajax=1.0",
                ],
                &["1.0", "2.0", "3.0", "4.0"],
            ),
        ] {
            assert_eq!(prices(key, selections), json!(prices_shown), "{key}");
        }
    }

    #[test]
    fn other_selections_keep_the_feeds_order() {
        for (key, selections) in [
            ("correct_score", &["4:0=1.0", "0:4=2.0"][..]),
            ("home_team_exact_goals_number", &["3=1.0", "2=2.0", "1=3.0"]),
            ("total_sixes", &["Under=1.0", "Over=2.0", "Over=3.0", "Under=4.0"]),
            ("match_handicap", &["1/-7.5 wkts@+=1.0", "2/+7.5 wkts@+=2.0"]),
            ("top_batsman", &["N Rana=1.0", "LK Das=2.0"]),
        ] {
            let in_order: Vec<_> = (1..=selections.len()).map(|place| format!("{place}.0")).collect();
            assert_eq!(prices(key, selections), json!(in_order), "{key}");
        }
    }

    #[test]
    fn cricket_has_names_and_shows_home_away_as_the_match_result_too() {
        let markets = vec![
            market("2", "home_away", &["Away=2.60", "Home=1.50"]),
            market("23512", "most_sixes", &["Home=1.90", "Away=2.20", "Draw=7.00"]),
        ];
        let expected = json!({
            "home_away": ["1.50", "2.60"], "home_away_market_id": "2", "home_away_market_name": "Name of 2",
            "match_result": ["1.50", "2.60"], "match_result_market_id": "2", "match_result_market_name": "Name of 2",
            "most_sixes": ["1.90", "7.00", "2.20"], "most_sixes_market_id": "23512",
            "most_sixes_market_name": "Name of 23512",
        });
        assert_eq!(odds_of("cricket", markets), expected);
    }

    #[test]
    fn a_cricket_match_that_can_be_drawn_is_a_match_result_only() {
        let main = market("2", "home_away", &["Home=1.50", "Away=2.60", "Draw=7.00"]);
        let expected = json!({
            "match_result": ["1.50", "7.00", "2.60"], "match_result_market_id": "2",
            "match_result_market_name": "Name of 2", "has_draw": true,
        });
        assert_eq!(odds_of("cricket", vec![main]), expected);
    }

    #[test]
    fn keys_are_in_order_and_never_twice() {
        let yes_no = ["Yes=1.50", "No=2.50"];
        let markets = [
            "over_under",
            "has_draw",
            "a_market_id",
            "a_first_half",
            "a",
            "a_market_name",
        ]
        .map(|key| market(key, key, &yes_no));
        let event = event(markets.into());
        let markets: Vec<&Market> = event.markets.iter().collect();
        let odds = legacy_odds(Sport::find("soccer").unwrap(), &event, &markets);
        let expected = concat!(
            r#"{"a":["1.50","2.50"],"a_first_half":["1.50","2.50"],"a_first_half_market_id":"a_first_half","#,
            r#""a_market_id":"a","over_under":["1.50","2.50"],"over_under_market_id":"over_under"}"#,
        );
        assert_eq!(serde_json::to_string(&odds).unwrap(), expected);
    }
}

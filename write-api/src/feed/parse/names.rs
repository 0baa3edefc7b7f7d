//! What pages call a market: owns the map from the feed's names to keys.
//! Must never leave a market without a key.

/// Names in lower case, beside the key that pages were built for.
const KEYS: [(&str, &str); 40] = [
    ("match winner", "match_result"),
    ("3way result", "match_result"),
    ("1x2", "match_result"),
    ("match result", "match_result"),
    ("match_result", "match_result"),
    ("home/away", "home_away"),
    ("goals over/under", "goals_over_under"),
    ("to qualify", "to_qualify"),
    ("results/both teams to score", "results_both_teams_score"),
    ("result/total goals", "result_total_goals"),
    ("home team score a goal", "home_team_score_goal"),
    ("away team score a goal", "away_team_score_goal"),
    ("corners 1x2", "corners_1x2"),
    ("corners over under", "corners_over_under"),
    ("over/under", "over_under"),
    ("asian handicap", "asian_handicap"),
    ("over/under 1st half", "over_under_first_half"),
    ("asian handicap first half", "asian_handicap_first_half"),
    ("odd/even (including ot)", "odd_even_including_ot"),
    ("over/under 1st qtr", "over_under_first_quarter"),
    ("asian handicap 1st qtr", "asian_handicap_first_quarter"),
    ("home/away - 1st half", "first_half_winner"),
    ("home/away - 1st qtr", "first_quarter_winner"),
    ("highest scoring quarter", "highest_scoring_quarter"),
    ("correct score 1st half", "correct_score_first_half"),
    ("over/under by games in match", "games_over_under"),
    ("over/under (1st set)", "over_under_first_set"),
    ("home/away (1st set)", "first_set"),
    ("asian handicap (sets)", "asian_handicap_sets"),
    ("asian handicap (games)", "asian_handicap_games"),
    ("set betting", "set_betting"),
    ("tie-break (1st set)", "tie_break_first_set"),
    ("home/away (2nd set)", "second_set"),
    ("win at least one set (player 1)", "win_one_set_player1"),
    ("win at least one set (player 2)", "win_one_set_player2"),
    ("correct score", "correct_score"),
    ("odd/even (1st set)", "odd_even_first_set"),
    ("ht/ft double", "ht_ft_double"),
    ("handicap result", "handicap_result"),
    ("1st half 3way result", "first_half_3way_result"),
];

/// The key of a market with this name: the one that pages were built for, else the name in snake case, else the id
/// in snake case, else `market`.
pub(super) fn market_key(name: &str, id: &str) -> String {
    if let Some((_, key)) = KEYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
        return (*key).to_owned();
    }
    [snake_case(name), snake_case(id)]
        .into_iter()
        .find(|key| !key.is_empty())
        .unwrap_or_else(|| "market".to_owned())
}

fn snake_case(text: &str) -> String {
    let mut key = String::with_capacity(text.len());
    for word in text.split(|letter: char| !letter.is_ascii_alphanumeric()) {
        if !word.is_empty() {
            if !key.is_empty() {
                key.push('_');
            }
            key.push_str(&word.to_ascii_lowercase());
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_always_has_a_key() {
        for (name, id, key) in [
            ("3Way Result", "1", "match_result"),
            ("Home/Away (1st Set)", "22628", "first_set"),
            ("Asian Handicap (Games)", "", "asian_handicap_games"),
            ("Method of Victory", "23411", "method_of_victory"),
            ("Total - Home", "22124", "total_home"),
            ("1st Over 6S", "", "1st_over_6s"),
            ("Größe", "7", "gr_e"),
            ("勝者", "A-9", "a_9"),
            ("", "5", "5"),
            ("", "", "market"),
        ] {
            assert_eq!(market_key(name, id), key, "{name}");
        }
    }

    #[test]
    fn the_map_is_in_lower_case_and_without_doubles() {
        let mut names: Vec<_> = KEYS.iter().map(|(name, _)| *name).collect();
        assert!(names.iter().all(|name| *name == name.to_lowercase()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KEYS.len());
    }
}

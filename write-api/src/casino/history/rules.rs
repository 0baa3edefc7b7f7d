//! What a request for past rounds may ask for. Must never let a page have any size.

use shared::field::FieldError;
use uuid::Uuid;

use crate::casino::table::Game;

/// Rounds on a page unless asked otherwise.
const DEFAULT_LIMIT: u32 = 100;

/// Which rounds of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// How many at most.
    pub(super) limit: u32,
    /// Only rounds with smaller ids: older ones.
    pub(super) before: Uuid,
    /// Only rounds of these games.
    pub(super) games: Vec<&'static str>,
}

impl Asked {
    /// Reads what was asked for: the newest rounds of all games, unless said otherwise. A page has `most` rounds at
    /// most.
    ///
    /// # Errors
    /// Every parameter that is not what it must be.
    pub(super) fn read(
        limit: Option<u32>,
        before: Option<&str>,
        game: Option<&str>,
        most: u32,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let limit = limit.unwrap_or(DEFAULT_LIMIT.min(most));
        if !(1..=most).contains(&limit) {
            errors.push(FieldError::new("limit", format!("must be from 1 to {most}")));
        }
        let before = before.map_or(Ok(Uuid::max()), Uuid::try_parse);
        if before.is_err() {
            errors.push(FieldError::new("before", "must be the ref of a round"));
        }
        let games = match game.map(game_named) {
            None => Game::ALL.to_vec(),
            Some(Ok(game)) => vec![game],
            Some(Err(error)) => {
                errors.push(error);
                Vec::new()
            }
        };
        match before {
            Ok(before) if errors.is_empty() => Ok(Self {
                limit,
                before,
                games: games.into_iter().map(Game::as_str).collect(),
            }),
            _ => Err(errors),
        }
    }
}

/// The game that a client names as `game`.
///
/// # Errors
/// When there is none of this name.
pub(in crate::casino) fn game_named(name: &str) -> Result<Game, FieldError> {
    Game::parse(name).ok_or_else(|| {
        let names = Game::ALL.map(Game::as_str).join(", ");
        FieldError::new("game", format!("must be one of {names}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_rounds_of_all_games_are_meant_unless_said_otherwise() {
        let asked = Asked::read(None, None, None, 500).unwrap();
        assert_eq!((asked.limit, asked.before), (100, Uuid::max()));
        assert_eq!(
            asked.games,
            ["slots", "roulette", "baccarat", "blackjack", "crash"]
        );
        assert_eq!(Asked::read(None, None, None, 7).unwrap().limit, 7);
        let id = "0193b3f0-0000-7000-8000-000000000001";
        let asked = Asked::read(Some(500), Some(id), Some("crash"), 500).unwrap();
        assert_eq!((asked.limit, asked.before.to_string().as_str()), (500, id));
        assert_eq!(asked.games, ["crash"]);
    }

    #[test]
    fn every_bad_parameter_is_named() {
        for (limit, before, game, fields) in [
            (Some(0), None, None, vec!["limit"]),
            (Some(501), None, None, vec!["limit"]),
            (None, Some(""), None, vec!["before"]),
            (None, Some("slots_1_1"), None, vec!["before"]),
            (None, None, Some(""), vec!["game"]),
            (None, None, Some("Slots"), vec!["game"]),
            (
                Some(u32::MAX),
                Some("x"),
                Some("poker"),
                vec!["limit", "before", "game"],
            ),
        ] {
            let errors = Asked::read(limit, before, game, 500).unwrap_err();
            let named: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
            assert_eq!(named, fields);
        }
    }
}

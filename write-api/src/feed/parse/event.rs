//! From one match of the feed to an event: owns which members name the sides, the start and the status.
//! Must never fail for anything but a reason that can be counted.

use std::borrow::Cow;

use serde_json::value::RawValue;
use time::OffsetDateTime;

use super::limits::FeedLimits;
use super::market::MarketReader;
use super::model::{Event, Oddities, SkipReason};
use super::raw::{RawMatch, is_object, object, team_name, text};
use super::start::{Reference, starts_at};
use super::status::EventStatus;

/// Reads one match of the league, in a feed of `feed_time`.
pub(super) fn read_event(
    source: &RawValue,
    league: &str,
    reference: Reference,
    feed_time: Option<OffsetDateTime>,
    limits: &FeedLimits,
) -> Result<(Event, Oddities), SkipReason> {
    if !is_object(source) {
        return Err(SkipReason::NotAnObject);
    }
    if source.get().len() > limits.max_match_bytes {
        return Err(SkipReason::TooLarge);
    }
    let source: RawMatch<'_> = object(source).ok_or(SkipReason::Malformed)?;
    let id = limits.code(&text(source.id))?;
    if id.is_empty() {
        return Err(SkipReason::MissingId);
    }
    let home = first_named([team_name(source.localteam), team_name(source.player_1)]);
    let away = first_named([
        team_name(source.visitorteam),
        team_name(source.awayteam),
        team_name(source.player_2),
    ]);
    let (home, away) = home.zip(away).ok_or(SkipReason::MissingTeam)?;
    let time_text = text(source.time);
    let (date_text, starts_at) = [source.formatted_date, source.date]
        .into_iter()
        .find_map(|date| {
            let date = text(date);
            let starts_at = starts_at(&date, &time_text, reference)?;
            Some((date, starts_at))
        })
        .ok_or(SkipReason::BadStartTime)?;
    let status_text = limits.code(&text(source.status))?;
    let (markets, oddities) = MarketReader::new(limits).read(source.markets())?;
    let event = Event {
        id,
        home: limits.text(&home)?,
        away: limits.text(&away)?,
        league: limits.text(league)?,
        starts_at,
        date_text: limits.code(&date_text)?,
        time_text: limits.code(&time_text)?,
        status: EventStatus::of_match(&status_text, starts_at, feed_time),
        status_text,
        markets,
    };
    Ok((event, oddities))
}

fn first_named<const N: usize>(names: [Cow<'_, str>; N]) -> Option<Cow<'_, str>> {
    names.into_iter().find(|name| !name.is_empty())
}

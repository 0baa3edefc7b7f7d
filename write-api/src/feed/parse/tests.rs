use std::collections::BTreeMap;
use std::fmt::Write;

use time::macros::datetime;

use super::*;

/// A file of the standard shape whose only category holds `matches`.
fn standard(matches: &str) -> String {
    format!(
        r#"{{"metadata":{{"sport":"soccer","fetch_timestamp":"2030-06-10T08:00:00.1"}},
            "odds_data":{{"scores":{{"categories":[{{"name":"Cup","matches":{matches}}}]}}}}}}"#
    )
}

/// A match of the standard shape with `odds`.
fn with_odds(odds: &str) -> String {
    format!(
        r#"{{"id":"7","status":"Not Started","date":"14.06.2030","time":"15:00",
            "localteam":{{"name":"Larkmoor"}},"visitorteam":{{"name":"Quillhaven"}},"odds":{odds}}}"#
    )
}

fn read(json: &str) -> ParsedFeed {
    parse(json.as_bytes(), Some("soccer"), 2030).unwrap()
}

fn only_event(match_json: &str) -> Event {
    let feed = read(&standard(&format!("[{match_json}]")));
    assert_eq!(feed.counts.skipped, BTreeMap::new(), "{match_json}");
    feed.events.into_iter().next().unwrap()
}

fn only_market(odds: &str) -> Market {
    let event = only_event(&with_odds(odds));
    assert_eq!(event.markets.len(), 1);
    event.markets.into_iter().next().unwrap()
}

/// Each selection as `<id> <thousandths or -><! when suspended><* when main>`.
fn summary(market: &Market) -> String {
    let mut out = String::new();
    for selection in &market.selections {
        let price = selection
            .price_milli
            .map_or("-".to_owned(), |milli| milli.to_string());
        let stop = if selection.suspended { "!" } else { "" };
        let main = if selection.is_main == Some(true) { "*" } else { "" };
        write!(out, "{} {price}{stop}{main}; ", selection.id).unwrap();
    }
    out.trim_end_matches("; ").to_owned()
}

#[test]
fn a_match_of_the_standard_shape_is_read() {
    let event = only_event(&with_odds(
        r#"[{"id":"5","value":"Goals Over/Under","stop":"False","bookmakers":[{"id":"16","stop":"False","odds":[
            {"type":"total","name":"2.5","ismain":"True","stop":"False","odds":[
                {"name":"Over","value":"1.90","stop":"False"},{"name":"Under","value":"1.85","stop":"False"}]}]}]}]"#,
    ));
    let selection = |name: &str, price_milli, price_text: &str| Selection {
        id: format!("{name}@2.5"),
        name: name.to_owned(),
        line: Some("2.5".to_owned()),
        line_kind: Some(LineKind::Total),
        is_main: Some(true),
        price_milli: Some(price_milli),
        price_text: price_text.to_owned(),
        suspended: false,
        feed_id: None,
    };
    let expected = Event {
        id: "7".to_owned(),
        home: "Larkmoor".to_owned(),
        away: "Quillhaven".to_owned(),
        league: "Cup".to_owned(),
        starts_at: datetime!(2030-06-14 15:00 UTC),
        date_text: "14.06.2030".to_owned(),
        time_text: "15:00".to_owned(),
        status: EventStatus::NotStarted,
        status_text: "Not Started".to_owned(),
        markets: vec![Market {
            id: "5".to_owned(),
            name: "Goals Over/Under".to_owned(),
            key: "goals_over_under".to_owned(),
            suspended: false,
            selections: vec![
                selection("Over", 1_900, "1.90"),
                selection("Under", 1_850, "1.85"),
            ],
        }],
    };
    assert_eq!(event, expected);
}

#[test]
fn a_match_of_the_cricket_shape_is_read() {
    let category = |matches: &str| {
        format!(
            r#"{{"scores":{{"sport":"cricket","category":{{"gid":"1","matches":{{"match":{matches}}}}}}}}}"#
        )
    };
    let one = r#"{"date":"11.09.2030","id":130,"time":"14:30","localteam":{"name":"Kestrel"},
        "visitorteam":{"name":"Emberfield"},"odds":{"ts":"1","type":[
        {"bookmaker":{"id":"16","odd":[{"id":"a","name":"Home","value":"1.02"},{"id":"b","name":"Away","value":"19.00"}],
            "total":{"name":"280.5","stop":"True","odd":[{"name":"Over","value":"1.83"},{"name":"Under","value":"1.83"}]},
            "handicap":[{"name":"+","odd":{"name":"1/-7.5 wkts","value":"1.90"}}]},
         "id":"2","stop":"False","value":"Home/Away"}]}}"#;
    for matches in [one.to_owned(), format!("[{one}]")] {
        let feed = parse(category(&matches).as_bytes(), None, 2030).unwrap();
        assert_eq!((feed.sport.key(), feed.fetched_at), ("cricket", None));
        let event = &feed.events[0];
        assert_eq!(
            (event.id.as_str(), event.league.as_str()),
            ("130", UNKNOWN_LEAGUE)
        );
        assert_eq!(event.status, EventStatus::NotStarted);
        assert_eq!(
            summary(&event.markets[0]),
            "Home 1020; Away 19000; 1/-7.5 wkts@+ 1900; Over@280.5 1830!; Under@280.5 1830!"
        );
        let kinds: Vec<_> = event.markets[0]
            .selections
            .iter()
            .map(|selection| selection.line_kind)
            .collect();
        let (handicap, total) = (Some(LineKind::Handicap), Some(LineKind::Total));
        assert_eq!(kinds, [None, None, handicap, total, total]);
        assert_eq!(event.markets[0].selections[0].feed_id.as_deref(), Some("a"));
    }
}

#[test]
fn matches_are_found_wherever_the_feed_puts_them() {
    let one = with_odds("[]");
    let two = one.replace("\"7\"", "\"8\"");
    for (json, count) in [
        (
            format!(r#"{{"odds_data":{{"scores":{{"categories":[{{"matches":[{one},{two}]}}]}}}}}}"#),
            2,
        ),
        (
            format!(r#"{{"odds_data":{{"scores":{{"categories":{{"matches":{one}}}}}}}}}"#),
            1,
        ),
        (
            format!(r#"{{"odds_data":{{"scores":{{"category":{{"matches":{{"match":[{one},{two}]}}}}}}}}}}"#),
            2,
        ),
        (
            format!(r#"{{"scores":{{"categories":[{{"matches":{one}}},{{"matches":{two}}}]}}}}"#),
            2,
        ),
        (
            format!(r#"{{"scores":{{"category":[{{"matches":{{"match":{one}}}}}]}}}}"#),
            1,
        ),
        (format!(r#"{{"categories":[{{"matches":[{one}]}}]}}"#), 1),
        (
            format!("\u{feff}{{\"scores\":{{\"categories\":{{\"matches\":{one}}}}}}}\n"),
            1,
        ),
        (
            r#"{"scores":{"categories":[{"matches":null},{"matches":""},{"matches":[]},{}]}}"#.to_owned(),
            0,
        ),
        (
            r#"{"scores":{"category":[{"matches":{"match":null}},{"matches":{"match":""}}]}}"#.to_owned(),
            0,
        ),
        (r#"{"scores":{"categories":""}}"#.to_owned(), 0),
        (r#"{"scores":{}}"#.to_owned(), 0),
    ] {
        let feed = read(&json);
        assert_eq!(
            (feed.events.len(), feed.counts.matches),
            (count, count as u64),
            "{json}"
        );
    }
}

#[test]
fn a_file_that_is_no_feed_is_refused() {
    let refused = |json: &[u8]| parse(json, Some("soccer"), 2030).unwrap_err();
    for json in ["", "<html>", "{\"scores\":{}", "{\"scores\":{}} x", "nul"] {
        assert!(
            matches!(refused(json.as_bytes()), FeedError::NotJson(_)),
            "{json}"
        );
    }
    for json in [
        "null",
        "[]",
        "7",
        "{}",
        "[{\"scores\":{}}]",
        "{\"scores\":\"\"}",
        "{\"odds_data\":{}}",
    ] {
        assert!(matches!(refused(json.as_bytes()), FeedError::NoScores), "{json}");
    }
    let limits = FeedLimits {
        max_file_bytes: 4,
        ..FeedLimits::default()
    };
    let error = parse_within(b"{   }", None, 2030, &limits).unwrap_err();
    assert_eq!(error.to_string(), "the feed file has 5 bytes; the limit is 4");
}

#[test]
fn the_sport_is_the_files_then_the_callers_then_the_vendors() {
    let sport = |metadata: &str, hint, vendor: &str| {
        let json = format!(
            r#"{{"metadata":{{"sport":"{metadata}"}},"odds_data":{{"scores":{{"sport":"{vendor}"}}}}}}"#
        );
        parse(json.as_bytes(), hint, 2030)
            .map(|feed| feed.sport.key())
            .ok()
    };
    assert_eq!(sport("Tennis", Some("darts"), "golf"), Some("tennis"));
    assert_eq!(sport("", Some("rugbyleague"), "rugby"), Some("rugbyleague"));
    assert_eq!(sport("chess", None, "golf"), Some("golf"));
    assert_eq!(sport("chess", Some(""), ""), None);
}

#[test]
fn sides_are_named_in_many_ways() {
    for (members, home, away) in [
        (r#""localteam":{"name":"A"},"visitorteam":{"name":"B"}"#, "A", "B"),
        (r#""localteam":{"name":"A"},"awayteam":{"name":"B"}"#, "A", "B"),
        (
            r#""localteam":{"name":"A"},"visitorteam":{"name":" "},"awayteam":{"name":"B"}"#,
            "A",
            "B",
        ),
        (r#""localteam":"A","visitorteam":" B ""#, "A", "B"),
        (r#""player_1":{"name":"A"},"player_2":"B""#, "A", "B"),
        (
            r#""localteam":null,"player_1":{"name":"A"},"awayteam":"","player_2":{"name":"B"}"#,
            "A",
            "B",
        ),
        (
            r#""localteam":{"name":76},"visitorteam":{"name":"B","id":[1]}"#,
            "76",
            "B",
        ),
    ] {
        let event = only_event(&format!(
            r#"{{"id":1,"date":"14.06","time":"9:30 PM",{members}}}"#
        ));
        assert_eq!(
            (event.home.as_str(), event.away.as_str()),
            (home, away),
            "{members}"
        );
        assert_eq!(event.starts_at, datetime!(2030-06-14 21:30 UTC));
    }
}

#[test]
fn a_formatted_date_comes_first_if_it_is_one() {
    let event = |dates: &str| {
        only_event(&format!(
            r#"{{"id":1,{dates},"time":"15:00","localteam":"A","awayteam":"B"}}"#
        ))
    };
    for (dates, text) in [
        (r#""date":"Sep 11","formatted_date":"11.09.2030""#, "11.09.2030"),
        (r#""date":"Sep 11","formatted_date":"""#, "Sep 11"),
        (r#""date":"2030-09-11","formatted_date":"TBA""#, "2030-09-11"),
    ] {
        let event = event(dates);
        assert_eq!(event.date_text, text);
        assert_eq!(event.starts_at, datetime!(2030-09-11 15:00 UTC));
    }
}

#[test]
fn a_match_that_is_over_or_in_play_is_kept_with_its_status() {
    for (json, status) in [
        (r#""Set 2""#, EventStatus::InPlay),
        (r#""17""#, EventStatus::InPlay),
        ("1", EventStatus::InPlay),
        (r#""Finished""#, EventStatus::Finished),
        (r#""Postp.""#, EventStatus::Postponed),
        (r#""Warming up""#, EventStatus::Unknown),
        ("null", EventStatus::NotStarted),
    ] {
        let event = only_event(&with_odds("null").replace(r#""Not Started""#, json));
        assert_eq!(event.status, status, "{json}");
        assert_eq!(event.status_text, json.trim_matches('"').replace("null", ""));
    }
}

#[test]
fn a_bad_match_is_skipped_and_counted_and_the_others_stay() {
    let good = with_odds("[]");
    let long = "x".repeat(301);
    let cases = [
        (SkipReason::NotAnObject, "\"none\"".to_owned()),
        (SkipReason::NotAnObject, "[]".to_owned()),
        (SkipReason::NotAnObject, "null".to_owned()),
        (SkipReason::Malformed, good.replacen('{', "{\"id\":\"9\",", 1)),
        (SkipReason::MissingId, good.replace("\"7\"", "\"\"")),
        (SkipReason::MissingId, "{}".to_owned()),
        (SkipReason::MissingTeam, good.replace("Quillhaven", "")),
        (SkipReason::MissingTeam, good.replace("localteam", "hometeam")),
        (SkipReason::BadStartTime, good.replace("15:00", "TBA")),
        (SkipReason::BadStartTime, good.replace("14.06.2030", "31.06.2030")),
        (SkipReason::DuplicateId, good.clone()),
        (SkipReason::TextTooLong, good.replace("Larkmoor", &long)),
        (
            SkipReason::TextTooLong,
            good.replace("\"7\"", &format!("\"{long}\"")),
        ),
    ];
    let mut expected: BTreeMap<SkipReason, u64> = BTreeMap::new();
    let mut matches = good.clone();
    for (reason, bad) in &cases {
        *expected.entry(*reason).or_default() += 1;
        write!(matches, ",{bad}").unwrap();
    }
    let feed = read(&standard(&format!(
        "[{matches},{}]",
        good.replace("\"7\"", "\"8\"")
    )));
    let ids: Vec<_> = feed.events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["7", "8"]);
    assert_eq!(feed.counts.skipped, expected);
    assert_eq!(feed.counts.matches, 2 + cases.len() as u64);
}

#[test]
fn a_bad_category_is_counted() {
    let json = format!(
        r#"{{"scores":{{"categories":["x",{{"name":1,"name":2}},{{"matches":{}}}]}}}}"#,
        with_odds("[]")
    );
    let feed = read(&json);
    assert_eq!(feed.events.len(), 1);
    assert_eq!(feed.counts.odd, BTreeMap::from([(Oddity::UnreadableCategory, 2)]));
}

#[test]
fn a_name_in_another_encoding_costs_nothing_else() {
    let mut bytes = standard(&with_odds("[]")).into_bytes();
    let at = bytes.windows(8).position(|window| window == b"Larkmoor").unwrap();
    bytes[at] = 0xe9;
    let feed = parse(&bytes, None, 2030).unwrap();
    assert_eq!(feed.events[0].home, "\u{fffd}arkmoor");
}

/// One market of one bookmaker with these stops, and a line with a selection.
fn stopped(market: &str, bookmaker: &str, line: &str, selection: &str) -> String {
    format!(
        r#"{{"id":1,"value":"Over/Under","stop":{market},"bookmakers":{{"id":16,"stop":{bookmaker},"odds":[
            {{"type":"total","name":"2.5","stop":{line},"odds":[{{"name":"Over","value":"2","stop":{selection}}}]}},
            {{"name":"Other","value":3}}]}}}}"#
    )
}

#[test]
fn a_stop_stops_what_is_below_it() {
    for (odds, is_suspended, selections) in [
        (
            stopped("\"False\"", "null", "false", "\"false\""),
            false,
            "Over@2.5 2000; Other 3000",
        ),
        (
            stopped("\"True\"", "\"False\"", "\"False\"", "\"False\""),
            true,
            "Over@2.5 2000!; Other 3000!",
        ),
        (
            stopped("false", "\"true\"", "\"False\"", "\"False\""),
            true,
            "Over@2.5 2000!; Other 3000!",
        ),
        (
            stopped("false", "false", "true", "false"),
            false,
            "Over@2.5 2000!; Other 3000",
        ),
        (
            stopped("false", "false", "false", "\"True\""),
            false,
            "Over@2.5 2000!; Other 3000",
        ),
    ] {
        let market = only_market(&odds);
        assert_eq!(
            (market.suspended, summary(&market).as_str()),
            (is_suspended, selections),
            "{odds}"
        );
    }
}

#[test]
fn prices_are_those_of_the_preferred_bookmaker_or_the_first_that_has_any() {
    let priced =
        |id: u8, price: &str| format!(r#"{{"id":"{id}","odd":{{"name":"Home","value":"{price}"}}}}"#);
    let line = r#"{"id":"18","total":{"name":"5.5","odd":{"name":"Over","value":"1.83"}}}"#.to_owned();
    let nothing = |id: u8, stop: &str| {
        format!(r#"{{"id":"{id}","stop":"{stop}","odd":"","total":{{"name":"1.5","odd":[]}}}}"#)
    };
    for (bookmakers, is_suspended, selections) in [
        (vec![priced(17, "1.50"), priced(16, "1.60")], false, "Home 1600"),
        (vec![priced(17, "1.50"), priced(18, "1.60")], false, "Home 1500"),
        (vec![nothing(17, "True"), line], false, "Over@5.5 1830"),
        (vec![priced(17, "1.50"), nothing(16, "True")], false, "Home 1500"),
        (vec![nothing(17, "False"), nothing(16, "True")], true, ""),
        (vec![priced(16, "0.00"), priced(17, "1.50")], false, "Home -"),
        (vec![], false, ""),
    ] {
        let odds = format!(
            r#"{{"type":{{"id":"2","value":"Home/Away","bookmaker":[{}]}}}}"#,
            bookmakers.join(",")
        );
        let market = only_market(&odds);
        assert_eq!(
            (market.suspended, summary(&market).as_str()),
            (is_suspended, selections),
            "{odds}"
        );
    }
}

#[test]
fn what_has_no_usable_price_keeps_its_place_and_its_name() {
    let market = only_market(
        r#"[{"id":"81","value":"Correct Score","bookmakers":[{"id":"16","odds":[{"name":"1:0","value":""},
            {"name":"2:0","value":"1.00"},{"name":"2:1","value":"9.12345"},{"name":"3:0"},{"name":"","value":8.50}]}]}]"#,
    );
    assert_eq!(summary(&market), "1:0 -; 2:0 -; 2:1 -; 3:0 -;  8500");
    assert_eq!(market.selections[2].price_text, "9.12345");
}

#[test]
fn what_the_feed_repeats_is_kept_under_ids_of_its_own() {
    let over = r#"{"name":"Over","value":"1.83"}"#;
    let market = |id: &str, name: &str| {
        format!(
            r#"{{"id":"{id}","value":"{name}","bookmakers":{{"id":"16","odds":[{over},{over},{over}]}}}}"#
        )
    };
    let odds = [
        market("5", "Total"),
        market("5", "Total Towers"),
        market("", "Total"),
        market("", "Total"),
    ];
    let feed = read(&standard(&with_odds(&format!("[{}]", odds.join(",")))));
    let markets = &feed.events[0].markets;
    let ids: Vec<_> = markets
        .iter()
        .map(|market| (market.id.as_str(), market.key.as_str()))
        .collect();
    assert_eq!(
        ids,
        [
            ("5", "total"),
            ("5~2", "total_towers"),
            ("total", "total"),
            ("total~2", "total")
        ]
    );
    assert_eq!(summary(&markets[1]), "Over 1830; Over~2 1830; Over~3 1830");
    let expected = [(Oddity::RepeatedMarketId, 3), (Oddity::RepeatedSelection, 8)];
    assert_eq!(feed.counts.odd, BTreeMap::from(expected));
}

#[test]
fn odd_things_are_counted_and_cost_no_match() {
    let feed = read(&standard(&with_odds(
        r#"["x",{"id":"1","bookmakers":null},{"id":"2","value":"A","bookmakers":["y",{"id":"17","odds":[7,
            {"name":"","value":"2"},{"type":"total","name":"2.5","odds":[]},{"name":"Home","value":"SP"}]}]}]"#,
    )));
    let expected = [
        (Oddity::UnreadableMarket, 1),
        (Oddity::UnreadableSelection, 2),
        (Oddity::UnnamedMarket, 1),
        (Oddity::EmptyMarket, 1),
        (Oddity::OtherBookmaker, 1),
        (Oddity::EmptyLine, 1),
        (Oddity::UnnamedSelection, 1),
        (Oddity::Unpriced, 1),
    ];
    assert_eq!(feed.counts.odd, BTreeMap::from(expected));
    assert_eq!((feed.counts.markets, feed.counts.selections), (2, 2));
}

#[test]
fn what_is_over_a_limit_is_skipped_whole() {
    let limits = FeedLimits {
        max_events: 2,
        max_markets_in_event: 1,
        max_selections_in_market: 2,
        ..FeedLimits::default()
    };
    let home = r#"{"name":"Home","value":"2"}"#;
    let line = format!(r#"{{"type":"total","name":"1","odds":[{home},{home}]}}"#);
    let market = |odds: &[&str]| {
        format!(
            r#"{{"id":"1","bookmakers":{{"id":"16","odds":[{}]}}}}"#,
            odds.join(",")
        )
    };
    let matches = [
        with_odds(&format!("[{}]", market(&[home, home]))),
        with_odds("[{},{}]"),
        with_odds(&market(&[home, home, home])),
        with_odds(&market(&[home, &line])),
        with_odds("[]").replace("\"7\"", "\"8\""),
        with_odds("[]").replace("\"7\"", "\"9\""),
    ];
    let categories: Vec<_> = matches
        .iter()
        .map(|one| format!(r#"{{"matches":{one}}}"#))
        .collect();
    let json = format!(r#"{{"scores":{{"categories":[{}]}}}}"#, categories.join(","));
    let feed = parse_within(json.as_bytes(), Some("soccer"), 2030, &limits).unwrap();
    assert_eq!((feed.events.len(), feed.counts.matches), (2, 6));
    let expected = [
        (SkipReason::TooManyMarkets, 1),
        (SkipReason::TooManySelections, 2),
        (SkipReason::TooManyEvents, 1),
    ];
    assert_eq!(feed.counts.skipped, BTreeMap::from(expected));
}

#[test]
fn a_match_that_is_too_long_is_skipped() {
    let (long, short) = (with_odds("[{}]"), with_odds("[]").replace("\"7\"", "\"8\""));
    let limits = FeedLimits {
        max_match_bytes: long.len() - 1,
        ..FeedLimits::default()
    };
    let json = standard(&format!("[{long},{short}]"));
    let feed = parse_within(json.as_bytes(), None, 2030, &limits).unwrap();
    assert_eq!(feed.events.len(), 1);
    assert_eq!(feed.counts.skipped, BTreeMap::from([(SkipReason::TooLarge, 1)]));
}

#[test]
fn a_bare_number_is_read_against_the_time_of_the_feed() {
    let one = with_odds("[]").replace("Not Started", "1");
    let status = |ts: &str| {
        let json = standard(&one).replace("\"categories\"", &format!("{ts}\"categories\""));
        let feed = read(&json);
        (feed.feed_time, feed.events[0].status)
    };
    let start = datetime!(2030-06-14 15:00 UTC);
    for (ts, feed_time, expected) in [
        (
            r#""ts":"1907654400","#,
            Some(datetime!(2030-06-14 08:00 UTC)),
            EventStatus::NotStarted,
        ),
        (r#""ts":1907679600,"#, Some(start), EventStatus::InPlay),
        (r#""ts":"0","#, None, EventStatus::InPlay),
        ("", None, EventStatus::InPlay),
    ] {
        assert_eq!(status(ts), (feed_time, expected), "{ts}");
    }
}

#[test]
fn an_event_survives_being_stored() {
    let event = only_event(&with_odds(&stopped("false", "false", "true", "false")));
    let json = serde_json::to_string(&event).unwrap();
    let read: Event = serde_json::from_str(&json).unwrap();
    assert_eq!(read, event);
    assert_eq!(read.content_hash(), event.content_hash());
}

#[test]
fn the_hash_changes_with_the_content_and_only_with_it() {
    let odds = stopped("false", "false", "false", "false");
    let hash = |json: &str| only_event(json).content_hash();
    let json = with_odds(&odds);
    let one = hash(&json);
    assert_eq!(hash(&json.replacen('{', "{\"ts\":\"9\",\n ", 1)), one);
    for (from, to) in [
        ("\"7\"", "\"8\""),
        ("Not Started", "Finished"),
        ("15:00", "15:01"),
        ("14.06.2030", "14.06.2031"),
        ("Quillhaven", "Quillhavens"),
        ("Over/Under", "Over/under"),
        ("\"2.5\"", "\"3.5\""),
        ("\"total\"", "\"handicap\""),
        ("\"value\":\"2\"", "\"value\":\"2.00\""),
        ("\"name\":\"Other\"", "\"name\":\"Other\",\"ismain\":\"False\""),
        ("\"name\":\"Other\"", "\"name\":\"Other\",\"id\":\"5\""),
        ("\"name\":\"Other\"", "\"name\":\"Other\",\"stop\":\"True\""),
    ] {
        let changed = json.replace(from, to);
        assert_ne!(changed, json, "{from}");
        assert_ne!(hash(&changed), one, "{from} to {to}");
    }
}

/// A sample file, and what must be in it: matches, skipped, markets, selections, suspended markets and selections.
struct Sample {
    sport: &'static str,
    json: &'static [u8],
    counts: [u64; 4],
    suspended: [usize; 2],
}

const SAMPLES: [Sample; 4] = [
    Sample {
        sport: "soccer",
        json: include_bytes!("../../../../dev/sample-feed/soccer_odds.json"),
        counts: [6, 1, 15, 49],
        suspended: [1, 5],
    },
    Sample {
        sport: "tennis",
        json: include_bytes!("../../../../dev/sample-feed/tennis_odds.json"),
        counts: [4, 0, 9, 24],
        suspended: [1, 2],
    },
    Sample {
        sport: "basketball",
        json: include_bytes!("../../../../dev/sample-feed/basketball_odds.json"),
        counts: [3, 0, 9, 27],
        suspended: [0, 0],
    },
    Sample {
        sport: "cricket",
        json: include_bytes!("../../../../dev/sample-feed/cricket_odds.json"),
        counts: [3, 0, 7, 16],
        suspended: [1, 5],
    },
];

#[test]
fn the_sample_feed_is_read_whole() {
    for sample in SAMPLES {
        let feed = parse(sample.json, None, 2030).unwrap();
        assert_eq!(feed.sport.key(), sample.sport);
        let counts = &feed.counts;
        let skipped = counts.skipped.values().sum();
        assert_eq!(
            [counts.matches, skipped, counts.markets, counts.selections],
            sample.counts,
            "{}",
            sample.sport
        );
        let markets: Vec<_> = feed.events.iter().flat_map(|event| &event.markets).collect();
        let selections = markets.iter().flat_map(|market| &market.selections);
        let stopped_markets = markets.iter().filter(|market| market.suspended).count();
        let stopped_selections = selections.filter(|selection| selection.suspended).count();
        assert_eq!(
            [stopped_markets, stopped_selections],
            sample.suspended,
            "{}",
            sample.sport
        );
        assert!(feed.events.iter().all(|event| event.starts_at.year() >= 2030));
    }
}

#[test]
fn the_sample_feed_shows_what_a_feed_can_hold() {
    let [soccer, tennis, basketball, cricket] = SAMPLES.map(|sample| parse(sample.json, None, 2030).unwrap());
    assert_eq!(
        soccer.counts.skipped,
        BTreeMap::from([(SkipReason::MissingTeam, 1)])
    );
    assert_eq!(soccer.counts.odd, BTreeMap::from([(Oddity::Unpriced, 1)]));
    assert_eq!(soccer.events[4].status, EventStatus::Postponed);
    assert_eq!(
        summary(&soccer.events[0].markets[1]),
        "Over@1.5 1250; Under@1.5 3750; Over@2.5 1900*; Under@2.5 1900*; Over@3.5 3100; Under@3.5 1360"
    );
    assert_eq!(tennis.events[3].starts_at, datetime!(2031-01-21 21:30 UTC));
    assert_eq!(
        summary(&basketball.events[2].markets[1]),
        "Home@+1.5 1900*; Away@+1.5 1900*"
    );
    assert_eq!(
        basketball.counts.odd,
        BTreeMap::from([(Oddity::OtherBookmaker, 1)])
    );
    assert_eq!(summary(&cricket.events[0].markets[0]), "Home 1610; Away 2300");
    assert_eq!(
        summary(&cricket.events[0].markets[3]),
        "1/-4.5 wkts/-21.5 runs@+ 1900!; 2/+4.5 wkts/+21.5 runs@+ 1900!"
    );
}

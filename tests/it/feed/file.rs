//! Feed files of a test, and what they offer, read with nothing but a JSON reader.
//! Must never share code with the parser that it is compared with.

use std::fs;

use serde_json::{Value, json};

use crate::folder::Folder;

/// The sample in the repository.
pub(crate) const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dev/sample-feed");
/// The sports in it. All have the common shape but cricket, which has its own.
pub(crate) const SPORTS: [&str; 4] = ["basketball", "cricket", "soccer", "tennis"];

/// The bookmaker whose prices are shown wherever it has any.
const PREFERRED: &str = "16";

/// A folder of feed files, at first those of the sample.
#[derive(Debug)]
pub(crate) struct FeedFolder(Folder);

impl FeedFolder {
    pub(crate) fn sample() -> Self {
        let feed = Self(Folder::new());
        for sport in SPORTS {
            feed.write(sport, sample(sport));
        }
        feed
    }

    pub(crate) fn empty() -> Self {
        Self(Folder::new())
    }

    pub(crate) fn text(&self) -> &str {
        self.0.text()
    }

    pub(crate) fn read(&self, sport: &str) -> Value {
        let bytes = fs::read(self.0.path().join(name(sport))).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Puts a whole file in the place of the one before, as a supplier should.
    pub(crate) fn write(&self, sport: &str, content: impl AsRef<[u8]>) {
        let unfinished = self.0.path().join("unfinished");
        fs::write(&unfinished, content).unwrap();
        fs::rename(unfinished, self.0.path().join(name(sport))).unwrap();
    }

    pub(crate) fn change(&self, sport: &str, change: impl FnOnce(&mut Value)) {
        let mut file = self.read(sport);
        change(&mut file);
        self.write(sport, file.to_string());
    }

    pub(crate) fn remove(&self, sport: &str) {
        fs::remove_file(self.0.path().join(name(sport))).unwrap();
    }

    pub(crate) fn remove_all(&self) {
        fs::remove_dir_all(self.0.path()).unwrap();
    }

    pub(crate) fn restore(&self) {
        fs::create_dir(self.0.path()).unwrap();
        for sport in SPORTS {
            self.write(sport, sample(sport));
        }
    }
}

fn name(sport: &str) -> String {
    format!("{sport}_odds.json")
}

/// The bytes of a file of the sample.
pub(crate) fn sample(sport: &str) -> Vec<u8> {
    fs::read(format!("{SAMPLE}/{}", name(sport))).unwrap()
}

/// The JSON of a file of the sample.
pub(crate) fn sample_json(sport: &str) -> Value {
    serde_json::from_slice(&sample(sport)).unwrap()
}

/// The matches of a file, in the order of the file, each with the name of its league.
pub(crate) fn matches(file: &Value) -> Vec<(&str, &Value)> {
    let scores = &file["odds_data"]["scores"];
    let of_category = |category| {
        let league = text(category, "name");
        let matches = inside(list(category, &["matches"]), "match");
        matches.into_iter().map(move |one| (league, one))
    };
    let categories = list(scores, &["categories", "category"]).into_iter();
    categories.flat_map(of_category).collect()
}

/// What a file offers: the matches that have not started, in the order of their start, with everything about them
/// that a page shows. Members that the file does not give are null.
pub(crate) fn offered(file: &Value) -> Value {
    let mut events: Vec<Value> = matches(file)
        .into_iter()
        .filter(|(_, one)| ["", "Not Started"].contains(&text(one, "status")))
        .map(|(league, one)| event(league, one))
        .filter(|event| event["home_team"] != "" && event["away_team"] != "")
        .collect();
    events.sort_by_key(|event| (event["starts_at"].to_string(), event["id"].to_string()));
    Value::Array(events)
}

/// What a page of events says, in the form of [`offered`].
pub(crate) fn shown(page: &Value) -> Value {
    let pick = |from: &Value, names: &[&str]| -> Value {
        let picked = names.iter().map(|name| ((*name).to_owned(), from[*name].clone()));
        Value::Object(picked.collect())
    };
    let selection = |from: &Value| {
        let names = ["name", "line", "line_kind", "main", "suspended"];
        let mut selection = pick(from, &names);
        selection["odds"] = json!(from["odds"].as_f64());
        selection
    };
    let market = |from: &Value| {
        let mut market = pick(from, &["id", "name", "suspended"]);
        market["selections"] = list(from, &["selections"]).into_iter().map(selection).collect();
        market
    };
    let event = |from: &Value| {
        let names = ["id", "home_team", "away_team", "league", "starts_at"];
        let mut event = pick(from, &names);
        event["markets"] = list(from, &["markets"]).into_iter().map(market).collect();
        event
    };
    page.as_array().unwrap().iter().map(event).collect()
}

fn event(league: &str, source: &Value) -> Value {
    let side = |names: &[&str]| list(source, names).first().map_or("", |team| text(team, "name"));
    let markets = inside(list(source, &["odds"]), "type").into_iter().map(market);
    json!({
        "id": source["id"],
        "home_team": side(&["localteam", "player_1"]),
        "away_team": side(&["visitorteam", "awayteam", "player_2"]),
        "league": league,
        "starts_at": starts_at(source),
        "markets": markets.collect::<Vec<_>>(),
    })
}

fn market(source: &Value) -> Value {
    let bookmakers = list(source, &["bookmakers", "bookmaker"]);
    let preferred = bookmakers.iter().find(|one| one["id"] == PREFERRED);
    let bookmaker = preferred.unwrap_or(&bookmakers[0]);
    let suspended = is_stopped(source) || is_stopped(bookmaker);
    let mut selections = Vec::new();
    for (name, kind) in [
        ("odds", None),
        ("odd", None),
        ("handicap", Some("handicap")),
        ("total", Some("total")),
    ] {
        for odd in list(bookmaker, &[name]) {
            let under = list(odd, &["odds", "odd"]);
            if under.is_empty() {
                selections.push(selection(odd, None, suspended));
            }
            let kind = kind.or_else(|| odd["type"].as_str());
            for one in under {
                let line = Some((odd, kind));
                selections.push(selection(one, line, suspended || is_stopped(odd)));
            }
        }
    }
    json!({
        "id": source["id"],
        "name": source["value"],
        "suspended": suspended,
        "selections": selections,
    })
}

fn selection(source: &Value, line: Option<(&Value, Option<&str>)>, suspended: bool) -> Value {
    let price: Option<f64> = text(source, "value").parse().ok();
    json!({
        "name": source["name"],
        "line": line.map(|(line, _)| &line["name"]),
        "line_kind": line.and_then(|(_, kind)| kind),
        "main": line.and_then(|(line, _)| line["ismain"].as_str()).map(|flag| flag == "True"),
        "odds": price.filter(|price| *price > 1.0),
        "suspended": suspended || is_stopped(source),
    })
}

/// Start in the form of a page, from `14.06.2030` or `2030-06-14` and from `21:30` or `9:30 PM`.
fn starts_at(source: &Value) -> String {
    let date = text(source, "formatted_date").to_owned() + text(source, "date");
    let date = match date.split('.').collect::<Vec<_>>()[..] {
        [day, month, year] => format!("{year}-{month}-{day}"),
        _ => date,
    };
    let time = text(source, "time");
    let afternoon = time.strip_suffix(" PM");
    let (hour, minute) = afternoon.unwrap_or(time).split_once(':').unwrap();
    let hour: u32 = hour.parse().unwrap();
    let hour = if afternoon.is_some() { hour + 12 } else { hour };
    format!("{date}T{hour:02}:{minute}:00Z")
}

fn is_stopped(source: &Value) -> bool {
    text(source, "stop") == "True"
}

fn text<'a>(owner: &'a Value, name: &str) -> &'a str {
    owner[name].as_str().unwrap_or_default()
}

/// The first of these members that is there, as a list.
fn list<'a>(owner: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    match names.iter().find_map(|name| owner.get(*name)) {
        None => Vec::new(),
        Some(Value::Array(items)) => items.iter().collect(),
        Some(one) => vec![one],
    }
}

/// Cricket wraps a list into one more object.
fn inside<'a>(items: Vec<&'a Value>, wrapper: &str) -> Vec<&'a Value> {
    let unwrap = |item: &'a Value| {
        if item.get(wrapper).is_some() {
            list(item, &[wrapper])
        } else {
            vec![item]
        }
    };
    items.into_iter().flat_map(unwrap).collect()
}

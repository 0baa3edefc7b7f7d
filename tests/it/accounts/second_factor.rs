//! One-time codes of staff: what they are asked for, that none is taken twice, and who can take them away.

use ring::hmac;
use serde_json::Value;
use tests::people::{Operator, proved};
use tokio::task::JoinSet;

use super::*;

/// Where the second factor of a kind of staff is, where it logs in, and what the log-in calls the name.
#[derive(Clone, Copy)]
pub(super) struct Place {
    totp: &'static str,
    login: &'static str,
    name: &'static str,
    log: &'static str,
}

pub(super) const OPERATOR: Place = Place {
    totp: "/api/admin/aurora/totp",
    login: STAFF_LOGIN,
    name: "aurora_admin",
    log: "/api/admin/aurora/audit-log",
};
pub(super) const PLATFORM: Place = Place {
    totp: "/api/superadmin/totp",
    login: PLATFORM_LOGIN,
    name: "root",
    log: "/api/superadmin/audit-log",
};

pub(super) struct House {
    pub(super) installation: Installation,
    clock: Clock,
    pub(super) aurora: Operator,
    pub(super) staff: Client,
    pub(super) root: Client,
}

impl House {
    async fn open() -> Self {
        Self::open_with(&[]).await
    }

    pub(super) async fn open_with(writer_args: &[&str]) -> Self {
        let clock = Clock::manual(Clock::machine().now());
        let builder = builder().clock(clock.clone()).writer_args(writer_args);
        let installation = builder.start().await;
        let aurora = installation.operator("aurora").await;
        let root = platform_staff(&installation, "root").await;
        Self {
            staff: installation.writer().logged_in(&aurora.token),
            root: installation.writer().logged_in(&root),
            clock,
            aurora,
            installation,
        }
    }

    fn each(&self) -> [(Place, &Client); 2] {
        [(OPERATOR, &self.staff), (PLATFORM, &self.root)]
    }

    /// Turns the second factor on: its secret, and the recovery codes.
    pub(super) async fn turn_on(&self, place: Place, own: &Client) -> (String, Vec<String>) {
        let begun = own
            .post(&format!("{}/begin", place.totp), &json!({"password": PASSWORD}))
            .await
            .ok();
        let secret = begun["secret"].as_str().unwrap().to_owned();
        let code = self.code(&secret, 0);
        let on = own
            .post(&format!("{}/confirm", place.totp), &json!({"code": code}))
            .await
            .ok();
        let codes = on["recovery_codes"].as_array().unwrap().iter();
        let codes = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
        (secret, codes)
    }

    /// The code of `later` steps from now, by RFC 6238.
    pub(super) fn code(&self, secret: &str, later: i64) -> String {
        let step = self.clock.now().unix_timestamp() / 30 + later;
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &decoded(secret));
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let word = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap());
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }

    async fn log_in(&self, place: Place, code: Option<&str>) -> Answer {
        log_in_with(&self.installation.writer(), place, PASSWORD, code).await
    }

    pub(super) fn next_step(&self) {
        self.clock.advance(Duration::from_secs(30));
    }
}

async fn log_in_with(client: &Client, place: Place, password: &str, code: Option<&str>) -> Answer {
    let mut body = json!({"login": place.name, "username": place.name, "password": password});
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    client.post(place.login, &body).await
}

/// Base 32 by RFC 4648.
fn decoded(text: &str) -> Vec<u8> {
    let digits = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' => u64::from(byte - b'A'),
        b'2'..=b'7' => u64::from(byte - b'2') + 26,
        other => panic!("{other}"),
    });
    let digits: Vec<_> = digits.collect();
    let words = digits
        .chunks(8)
        .map(|eight| eight.iter().fold(0, |word, digit| word << 5 | digit));
    words
        .flat_map(|word: u64| word.to_be_bytes()[3..].to_vec())
        .collect()
}

fn wrong(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

async fn status(place: Place, own: &Client) -> (Value, Value) {
    let status = own.get(place.totp).await.ok();
    (status["is_on"].clone(), status["recovery_codes_left"].clone())
}

#[tokio::test]
async fn a_log_in_needs_a_code_once_it_was_confirmed_and_only_after_the_right_password() {
    let house = House::open().await;
    for (place, own) in house.each() {
        assert_eq!(status(place, own).await, (json!(false), json!(0)));
        let begin = format!("{}/begin", place.totp);
        own.post(&begin, &json!({"password": "something else"}))
            .await
            .problem(422, "wrong_password");
        let started = own.post(&begin, &json!({"password": PASSWORD})).await.ok();
        let url = started["otpauth_url"].as_str().unwrap();
        let secret = started["secret"].as_str().unwrap();
        assert!(
            url.starts_with("otpauth://totp/") && url.contains(&format!("{}?secret={secret}&", place.name)),
            "{url}"
        );
        house.log_in(place, None).await.ok();
        let confirm = format!("{}/confirm", place.totp);
        let right = house.code(secret, 0);
        for code in [wrong(&right), String::new(), "x".to_owned()] {
            own.post(&confirm, &json!({"code": code}))
                .await
                .problem(422, "invalid_code");
        }
        assert_eq!(status(place, own).await.0, false);
        let on = own.post(&confirm, &json!({"code": right})).await.ok();
        assert_eq!(on["recovery_codes"].as_array().map(Vec::len), Some(10));
        assert_eq!(status(place, own).await, (json!(true), json!(10)));
        for (path, body) in [
            (&begin, json!({"password": PASSWORD})),
            (&confirm, json!({"code": right})),
        ] {
            own.post(path, &body).await.problem(409, "second_factor_on");
        }
        let without = house.log_in(place, None).await;
        without.problem(401, "second_factor_required");
        assert_eq!(without.header("set-cookie"), "");
        let other = log_in_with(&house.installation.writer(), place, "something else", None).await;
        other.problem(401, "invalid_credentials");
        let reused = house.log_in(place, Some(&right)).await;
        reused.problem(401, "invalid_code");
        house.next_step();
        let code = house.code(secret, 0);
        house.log_in(place, Some(&code)).await.ok();
        house
            .log_in(place, Some(&code))
            .await
            .problem(401, "invalid_code");
        house.clock.advance(Duration::from_mins(20));
        let early = house.code(secret, 1);
        house.log_in(place, Some(&early)).await.ok();
        let late = house.code(secret, 0);
        house
            .log_in(place, Some(&late))
            .await
            .problem(401, "invalid_code");
        house.clock.advance(Duration::from_mins(20));
        let far = house.code(secret, 2);
        house.log_in(place, Some(&far)).await.problem(401, "invalid_code");
        let log = own
            .get(&format!("{}?action=staff.second_factor_on", place.log))
            .await;
        assert_eq!(log.ok()["pagination"]["total"], 1);
        assert!(!log.text().contains(secret));
    }
    house.installation.finish().await;
}

#[tokio::test]
async fn of_two_log_ins_with_one_code_at_once_one_is_let_in() {
    let house = House::open().await;
    for (place, own) in house.each() {
        let (secret, codes) = house.turn_on(place, own).await;
        house.next_step();
        for code in [house.code(&secret, 0), codes[0].clone()] {
            let (first, second) =
                tokio::join!(house.log_in(place, Some(&code)), house.log_in(place, Some(&code)));
            let mut answers = [first.status.as_u16(), second.status.as_u16()];
            answers.sort_unstable();
            assert_eq!(answers, [200, 401], "{} {}", first.text(), second.text());
        }
        assert_eq!(status(place, own).await, (json!(true), json!(9)));
    }
    house.installation.finish().await;
}

#[tokio::test]
async fn a_recovery_code_counts_once_and_new_ones_take_the_place_of_all() {
    let house = House::open().await;
    for (place, own) in house.each() {
        let (secret, codes) = house.turn_on(place, own).await;
        house.log_in(place, Some(&codes[0].to_lowercase())).await.ok();
        house
            .log_in(place, Some(&codes[0]))
            .await
            .problem(401, "invalid_code");
        house.next_step();
        let path = format!("{}/recovery-codes", place.totp);
        let proof = |password: &str, code: &str| json!({"password": password, "code": code});
        let code = house.code(&secret, 0);
        own.post(&path, &proof("something else", &code))
            .await
            .problem(422, "wrong_password");
        own.post(&path, &proof(PASSWORD, &wrong(&code)))
            .await
            .problem(422, "invalid_code");
        assert_eq!(status(place, own).await, (json!(true), json!(9)));
        let new = own.post(&path, &proof(PASSWORD, &code)).await.ok();
        assert_eq!(status(place, own).await, (json!(true), json!(10)));
        house
            .log_in(place, Some(&codes[1]))
            .await
            .problem(401, "invalid_code");
        let new = new["recovery_codes"][0].as_str().unwrap();
        house.log_in(place, Some(new)).await.ok();
        let stored =
            "select count(*) from recovery_codes where encode(code_hash, 'escape') like '%' || $1 || '%'";
        let stored = sqlx::query_scalar::<_, i64>(stored).bind(new);
        assert_eq!(
            stored
                .fetch_one(house.installation.database.pool())
                .await
                .unwrap(),
            0
        );
    }
    house.installation.finish().await;
}

#[tokio::test]
async fn it_is_turned_off_with_password_and_code_only() {
    let house = House::open().await;
    for (place, own) in house.each() {
        let path = format!("{}/disable", place.totp);
        let proof = |password: &str, code: &str| json!({"password": password, "code": code});
        own.post(&path, &proof(PASSWORD, "123456"))
            .await
            .problem(409, "second_factor_off");
        own.post(&format!("{}/confirm", place.totp), &json!({"code": "123456"}))
            .await
            .problem(409, "second_factor_not_begun");
        let (secret, codes) = house.turn_on(place, own).await;
        let used = house.code(&secret, 0);
        own.post(&path, &proof(PASSWORD, &used))
            .await
            .problem(422, "invalid_code");
        own.post(&path, &proof("something else", &codes[3]))
            .await
            .problem(422, "wrong_password");
        own.post(&path, &proof(PASSWORD, &codes[3])).await.ok();
        assert_eq!(status(place, own).await, (json!(false), json!(0)));
        house.log_in(place, None).await.ok();
        house.log_in(place, Some("whatever")).await.ok();
        let log = own
            .get(&format!("{}?action=staff.second_factor_off", place.log))
            .await;
        assert_eq!(log.ok()["pagination"]["total"], 1);
    }
    house.installation.finish().await;
}

#[tokio::test]
async fn guesses_of_codes_lock_out_as_guesses_of_passwords_do() {
    let house = House::open().await;
    for (place, own) in house.each() {
        let (secret, codes) = house.turn_on(place, own).await;
        house.next_step();
        let right = house.code(&secret, 0);
        let code = wrong(&right);
        let mut guesses = JoinSet::new();
        for _ in 0..16 {
            let (client, code) = (house.installation.writer(), code.clone());
            guesses.spawn(async move { log_in_with(&client, place, PASSWORD, Some(&code)).await });
        }
        let guesses = guesses.join_all().await;
        let tried = guesses.iter().filter(|answer| answer.status == 401).count();
        assert_eq!(
            tried, 10,
            "those that waited together do not get past the limit together"
        );
        for code in [&right, &codes[0]] {
            house
                .log_in(place, Some(code))
                .await
                .problem(429, "too_many_failed_logins");
        }
        house.clock.advance(Duration::from_secs(61));
        house.log_in(place, Some(&codes[0])).await.ok();
        let is_noted = async || {
            let log = own.get(&format!("{}?action=staff.locked_out", place.log)).await;
            log.ok()["pagination"]["total"] == 1
        };
        let in_time = Duration::from_secs(10);
        house
            .installation
            .within(in_time, "the lock-out is noted", is_noted)
            .await;
    }
    house.installation.finish().await;
}

#[tokio::test]
async fn somebody_else_takes_a_lost_one_away_and_the_log_tells_of_it() {
    let house = House::open().await;
    let writer = house.installation.writer();
    let ann = proved(json!({"login": "ann", "password": PASSWORD}));
    let ann = house.staff.post("/api/admin/aurora/staff", &ann).await.ok()["staff"]["id"].clone();
    let place = Place {
        name: "ann",
        ..OPERATOR
    };
    let token_of = |answer: Answer| answer.ok()["token"].as_str().unwrap().to_owned();
    let own = writer.logged_in(&token_of(house.log_in(place, None).await));
    let by_colleague = format!("/api/admin/aurora/staff/{ann}/reset-totp");
    let by_platform = format!("/api/superadmin/operators/{}/reset-totp", house.aurora.id);
    for (client, path, body) in [
        (&house.staff, &by_colleague, proved(json!({}))),
        (&house.root, &by_platform, proved(json!({"login": "ANN"}))),
    ] {
        house.turn_on(place, &own).await;
        house
            .log_in(place, None)
            .await
            .problem(401, "second_factor_required");
        let listed = house.staff.get("/api/admin/aurora/staff").await.ok();
        assert_eq!(listed["staff"][1]["has_second_factor"], true);
        client.post(path, &body).await.ok();
        client.post(path, &body).await.ok();
        house.log_in(place, None).await.ok();
        house.next_step();
    }
    let log = house
        .staff
        .get(&format!("{}?action=staff.second_factor_reset", OPERATOR.log))
        .await
        .ok();
    assert_eq!(log["pagination"]["total"], 2, "once each: {log}");
    assert_eq!(log["entries"][0]["login"], "root");
    assert_eq!(log["entries"][0]["subject"], format!("staff {ann}"));
    own.post(&by_colleague, &proved(json!({})))
        .await
        .problem(409, "own_account");
    house
        .root
        .post(&by_platform, &proved(json!({"login": "root"})))
        .await
        .problem(404, "staff_not_found");
    house
        .root
        .post(&by_platform, &proved(json!({})))
        .await
        .names_field("login");
    house
        .root
        .post("/api/superadmin/staff/999999/reset-totp", &proved(json!({})))
        .await
        .problem(404, "staff_not_found");
    let support = platform_staff_as(Role::Support, &house.installation, "sue").await;
    let support = writer.logged_in(&support);
    for (path, body) in [
        (by_platform.as_str(), json!({"login": "ann"})),
        ("/api/superadmin/staff/1/reset-totp", json!({})),
    ] {
        support
            .post(path, &proved(body))
            .await
            .problem(403, "role_not_allowed");
    }
    let me = support.get("/api/superadmin/me").await.ok();
    assert_eq!(
        (
            &me["staff"]["login"],
            &me["staff"]["role"],
            &me["staff"]["is_you"]
        ),
        (&json!("sue"), &json!("support"), &json!(true))
    );
    house.installation.finish().await;
}

#[tokio::test]
async fn nobody_else_reaches_a_second_factor_and_what_will_not_do_is_named() {
    let house = House::open().await;
    let writer = house.installation.writer();
    let bluefin = house.installation.operator("bluefin").await;
    let other = writer.logged_in(&bluefin.token);
    for verb in ["begin", "confirm", "disable", "recovery-codes"] {
        let body = match verb {
            "begin" => json!({"password": PASSWORD}),
            "confirm" => json!({"code": "123456"}),
            _ => json!({"password": PASSWORD, "code": "123456"}),
        };
        let (of_staff, of_platform) = (
            format!("{}/{verb}", OPERATOR.totp),
            format!("{}/{verb}", PLATFORM.totp),
        );
        other
            .post(&of_staff, &body)
            .await
            .problem(404, "operator_not_found");
        for (nobody, path) in [(&writer, &of_staff), (&writer, &of_platform)] {
            nobody
                .post(path, &body)
                .await
                .problem(401, "authentication_required");
        }
        for (place, own) in house.each() {
            let path = format!("{}/{verb}", place.totp);
            own.post(&path, &json!({})).await.problem(422, "invalid_field");
            let mut unknown = body.clone();
            unknown["more"] = json!(1);
            own.post(&path, &unknown).await.names_field("more");
            own.post_bytes(&path, vec![b' '; 5 * 1024 * 1024])
                .await
                .problem(413, "body_too_large");
        }
    }
    for (place, _) in house.each() {
        let body =
            json!({"login": place.name, "username": place.name, "password": PASSWORD, "code": 123_456});
        writer.post(place.login, &body).await.names_field("code");
    }
    assert_eq!(count(&house.installation, "second_factors").await, 0);
    house.installation.finish().await;
}

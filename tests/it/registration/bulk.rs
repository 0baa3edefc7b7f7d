//! Many sportsbooks from one file: each row alone, every row answered, and a file that may be sent again.

use serde_json::{Value, json};
use tests::{Answer, Client, Installation};

use super::{log_in, written};
use crate::accounts::platform_staff;

const HEADER: &str = "sportsbook_name,login,password,email\r\n";

struct Platform {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl Platform {
    async fn of(installation: &Installation) -> Self {
        Self {
            url: format!("http://{}/api/bulk-register", installation.writer.address()),
            token: platform_staff(installation, "root").await,
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    async fn post(&self, query: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let response = self
            .http
            .post(format!("{}{query}", self.url))
            .bearer_auth(&self.token)
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            bytes: response.bytes().await.unwrap().to_vec(),
        }
    }

    async fn csv(&self, query: &str, rows: &str) -> Answer {
        self.post(query, "text/csv; charset=utf-8", format!("{HEADER}{rows}"))
            .await
    }
}

/// The rows of an answer, and its summary.
#[track_caller]
fn lines(answer: &Answer) -> (Vec<Value>, Value) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let mut lines: Vec<Value> = answer
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

fn outcomes(rows: &[Value]) -> Vec<(u64, &str)> {
    rows.iter()
        .map(|row| (row["row"].as_u64().unwrap(), row["outcome"].as_str().unwrap()))
        .collect()
}

fn field(row: &Value) -> &str {
    row["errors"][0]["field"].as_str().unwrap()
}

#[tokio::test]
async fn each_row_is_registered_alone_and_a_file_may_be_sent_again() {
    let installation = super::builder().start().await;
    installation.operator("aurora").await;
    let platform = Platform::of(&installation).await;
    let rows = "Nordlicht,nord_admin,correct horse battery,Office@Nord.example\r\n\
        \"Ставки, \"\"лучшие\"\"\",stavki_admin,correct horse battery,\r\n\
        \r\n\
        Nordlicht Zwei,NORD_admin,correct horse battery,x@example.com\r\n\
        aurora SPORTS,other_admin,correct horse battery,\r\n\
        Polaris,aurora_admin,correct horse battery,\r\n\
        Polaris Zwei,root,correct horse battery,\r\n\
        <b>Bold</b>,bold_admin,correct horse battery,\r\n\
        Po\u{200b}laris,zero_admin,correct horse battery,\r\n\
        xy,a b,short,nobody\r\n\
        Polaris,polaris_admin\r\n\
        Nordlicht,late_admin,correct horse battery,\r\n";
    let (checked, summary) = lines(&platform.csv("?dry_run=true", rows).await);
    assert_eq!(
        (&summary["would_be_created"], &summary["created"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(checked.len(), 11);
    assert_eq!(
        installation.count("operators").await,
        1,
        "a dry run writes nothing"
    );

    let (made, summary) = lines(&platform.csv("", rows).await);
    let expected = [
        (2, "created"),
        (3, "created"),
        (5, "refused"),
        (6, "refused"),
        (7, "refused"),
        (8, "refused"),
        (9, "refused"),
        (10, "refused"),
        (11, "refused"),
        (12, "refused"),
        (13, "refused"),
    ];
    assert_eq!(outcomes(&made), expected);
    let fields: Vec<_> = made[2..].iter().map(field).collect();
    let named = [
        "login",
        "sportsbook_name",
        "login",
        "login",
        "sportsbook_name",
        "sportsbook_name",
        "sportsbook_name",
        "row",
        "sportsbook_name",
    ];
    assert_eq!(fields, named, "{made:?}");
    assert_eq!(made[8]["errors"].as_array().unwrap().len(), 4);
    assert_eq!(
        summary,
        json!({"total": 11, "created": 2, "would_be_created": 0, "already_registered": 0, "refused": 9, "failed": 0})
    );
    assert_eq!(made[0]["subdomain"], "nordlicht");
    let staff = log_in(&installation.writer(), "nord_admin").await;
    let own = staff.get("/api/admin/nordlicht/referral-code").await.ok();
    assert_eq!(own["referral_code"], made[0]["referral_code"]);
    let log = staff.get("/api/admin/nordlicht/audit-log").await.ok();
    assert_eq!(log["entries"][0]["action"], "staff.logged_in");
    assert_eq!(log["entries"][1]["action"], "operator.registered");
    assert_eq!(
        (&log["entries"][1]["login"], &log["entries"][1]["by_platform"]),
        (&json!("root"), &json!(true))
    );

    let before = written(&installation).await;
    let (again, summary) = lines(&platform.csv("", rows).await);
    assert_eq!(
        outcomes(&again)[..2],
        [(2, "already_registered"), (3, "already_registered")]
    );
    for (first, second) in made.iter().zip(&again).take(2) {
        assert_eq!(first["referral_code"], second["referral_code"]);
    }
    assert_eq!(summary["created"], 0);
    assert_eq!(written(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn the_file_of_a_form_in_any_order_of_columns_is_taken_too() {
    let installation = super::builder().start().await;
    let platform = Platform::of(&installation).await;
    let file =
        "\u{feff}Login, EMAIL ,password,Sportsbook_Name\nnord_admin,,correct horse battery,Nordlicht\n";
    let form = format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"csv_file\"; filename=\"a.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{file}\r\n--xyz--\r\n"
    );
    let (made, _) = lines(&platform.post("", "multipart/form-data; boundary=xyz", form).await);
    assert_eq!(outcomes(&made), [(2, "created")]);
    let template = Client::new(format!("http://{}", installation.writer.address()))
        .get("/api/bulk-register/template")
        .await;
    assert_eq!(template.header("content-type"), "text/csv; charset=utf-8");
    let (rows, _) = lines(&platform.post("?dry_run=true", "text/csv", template.bytes).await);
    assert_eq!(
        outcomes(&rows),
        [(2, "would_be_created"), (3, "would_be_created")]
    );
    installation.finish().await;
}

#[tokio::test]
async fn a_file_that_can_not_be_meant_is_refused_whole() {
    let installation = super::builder()
        .writer_args(&["--bulk-rows", "2", "--bulk-bytes", "100000"])
        .start()
        .await;
    let aurora = installation.operator("aurora").await;
    let platform = Platform::of(&installation).await;
    let before = written(&installation).await;
    for (file, field) in [
        ("", "sportsbook_name"),
        ("sportsbook_name,login,email\nA,b,c\n", "password"),
        ("sportsbook_name;login;password;email\n", "login"),
        ("sportsbook_name,login,password,email,login\n", "login"),
        ("sportsbook_name,login,password,email,=cmd()\n", "column 5"),
        (HEADER, "file"),
        ("sportsbook_name,login,password,email\n\"a", "file"),
        ("sportsbook_name,login,password,email\na\u{0},b,c,d\n", "file"),
        (
            "sportsbook_name,login,password,email\na,b,c,d\na,b,c,d\na,b,c,d\n",
            "file",
        ),
    ] {
        platform
            .post("", "text/csv", file.to_owned())
            .await
            .names_field(field);
    }
    platform
        .post("", "text/csv", vec![0xff, 0xfe])
        .await
        .names_field("file");
    platform
        .post("", "multipart/form-data; boundary=x", "--x--")
        .await
        .names_field("file");
    platform
        .post("?dry_run=maybe", "text/csv", HEADER)
        .await
        .names_field("dry_run");
    let json = platform.post("", "application/json", "{}").await;
    json.problem(415, "unsupported_media_type");
    let long = platform.post("", "text/csv", vec![b'a'; 100_001]).await;
    long.problem(413, "body_too_large");
    let writer = installation.writer();
    let answer = writer.post("/api/bulk-register", &json!({})).await;
    answer.problem(401, "authentication_required");
    let staff = writer.logged_in(&aurora.token);
    let answer = staff.post("/api/bulk-register", &json!({})).await;
    answer.problem(403, "wrong_role");
    assert_eq!(written(&installation).await, before);
    installation.finish().await;
}

#[tokio::test]
async fn nothing_is_registered_for_a_client_that_has_left() {
    let installation = super::builder().start().await;
    let platform = Platform::of(&installation).await;
    let row = |number| format!("Nordlicht {number},nord_{number},correct horse battery,\r\n");
    let rows: String = (0..500).map(row).collect();
    let request = platform.http.post(&platform.url).bearer_auth(&platform.token);
    let request = request.header("content-type", "text/csv");
    let mut answer = request.body(format!("{HEADER}{rows}")).send().await.unwrap();
    assert!(
        answer.chunk().await.unwrap().is_some(),
        "the first rows are answered at once"
    );
    let busy = platform.csv("", &row(1)).await;
    busy.problem(503, "bulk_registration_busy");
    drop(answer);
    let is_free = || async { platform.csv("?dry_run=true", &row(1)).await.status == 200 };
    let limit = std::time::Duration::from_secs(20);
    installation
        .within(limit, "the place is free again", is_free)
        .await;
    let made = installation.count("operators").await;
    assert!((1..500).contains(&made), "{made} were registered");
    let (again, summary) = lines(&platform.csv("?dry_run=true", &rows).await);
    assert_eq!(again.len(), 500);
    assert_eq!(summary["already_registered"], made, "none was left in part");
    installation.finish().await;
}

#[tokio::test]
async fn a_file_that_is_longer_than_other_bodies_comes_through_a_reader_with_a_log_in_only() {
    let installation = super::builder().start().await;
    let mut platform = Platform::of(&installation).await;
    let reader = &installation.readers[0];
    platform.url = format!("http://{}/api/bulk-register", reader.address());
    let rows: Vec<String> = (0..9_000)
        .map(|number| format!("Sportsbook number {number},login_{number},x,"))
        .collect();
    let rows = rows.join("\r\n");
    assert!(rows.len() > reader.reader().options.http.http_body_bytes);
    let answer = platform.csv("?dry_run=true", &rows).await;
    let (_, summary) = lines(&answer);
    assert_eq!(
        (&summary["total"], &summary["refused"]),
        (&json!(9_000), &json!(9_000))
    );
    let too_long = "x".repeat(reader.reader().options.front_door.front_door_file_bytes + 1);
    platform
        .csv("?dry_run=true", &too_long)
        .await
        .problem(413, "body_too_large");
    let stranger = installation.reader(0);
    let refused = stranger.post_bytes("/api/bulk-register", rows).await;
    refused.problem(413, "body_too_large");
    installation.finish().await;
}

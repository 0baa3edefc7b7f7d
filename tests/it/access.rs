//! Who may use which route, what a wrong body is told, and that nothing is written meanwhile: asked of every route of
//! the OpenAPI description, so that a new one can't be forgotten. Must never name a route, except to say why it differs.

use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::{Answer, Client, Installation};

use crate::accounts::platform_staff;

/// The id of the first player, and of other things that a test has one of.
const ID: &str = "1";
/// Routes that need no log-in. A new one has to be put here, so that nobody forgets to guard a route.
const PUBLIC: [&str; 12] = [
    "/api/admin-check",
    "/api/admin-login",
    "/api/admin-logout",
    "/api/auth/{subdomain}/login",
    "/api/auth/{subdomain}/logout",
    "/api/auth/{subdomain}/register",
    "/api/bulk-register/template",
    "/api/casino/fairness/verify",
    "/api/register-sportsbook",
    "/api/sports/odds-status/{sport}",
    "/api/superadmin/login",
    "/api/superadmin/logout",
];
/// Prefixes of what write-api tells everybody: whether it runs.
const PUBLIC_PREFIXES: [&str; 3] = ["/health", "/readyz", "/api/casino/health"];

/// Who a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Audience {
    Everybody,
    Players,
    OperatorStaff,
    PlatformStaff,
}

/// A method of a route, as write-api describes it.
#[derive(Clone, Debug)]
struct Operation {
    method: Method,
    route: String,
    audience: Audience,
    /// The members of its JSON body by name, and whether there has to be a body. None where it takes none.
    body: Option<Body>,
    /// Its parameters in the path that are one of some words, each with the first of them.
    words: Vec<(String, String)>,
    /// Its parameters in the query that say which page of a list is meant.
    strict_queries: Vec<String>,
}

#[derive(Clone, Debug)]
struct Body {
    properties: Map<String, Value>,
    required: Vec<String>,
    is_optional: bool,
    /// Whether members that are not described are refused.
    is_closed: bool,
    /// One of its type.
    filled: Value,
}

fn resolved<'d>(description: &'d Value, schema: &'d Value) -> &'d Value {
    match schema["$ref"].as_str() {
        Some(reference) => {
            &description[reference.trim_start_matches("#/").split('/').next().unwrap()]["schemas"]
                [reference.rsplit('/').next().unwrap()]
        }
        None => schema,
    }
}

fn body_of(description: &Value, operation: &Value) -> Option<Body> {
    let asked = &operation["requestBody"];
    let schema = &asked["content"]["application/json"]["schema"];
    let nullable = schema["oneOf"].as_array();
    let of_object = nullable.and_then(|kinds| kinds.iter().find(|kind| kind["type"] != "null"));
    let object = resolved(description, of_object.unwrap_or(schema));
    let required = object["required"].as_array().into_iter().flatten();
    Some(Body {
        properties: object["properties"].as_object().cloned().unwrap_or_default(),
        required: required.map(|name| name.as_str().unwrap().to_owned()).collect(),
        is_optional: asked["required"] != true,
        is_closed: object["additionalProperties"] == false,
        filled: of_its_type(description, object),
    })
    .filter(|_| schema.is_object())
}

fn audience_of(operation: &Value) -> Audience {
    let schemes: Vec<&str> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|scheme| scheme.as_object().unwrap().keys().map(String::as_str))
        .collect();
    match schemes[..] {
        [] => Audience::Everybody,
        ["bearer", "player_cookie"] => Audience::Players,
        ["bearer", "operator_cookie"] => Audience::OperatorStaff,
        ["bearer", "platform_cookie"] => Audience::PlatformStaff,
        _ => panic!("nobody has all of {schemes:?}"),
    }
}

/// Every operation that write-api describes.
fn operations() -> Vec<Operation> {
    let description = serde_json::to_value(write_api::openapi::description()).unwrap();
    let routes = description["paths"].as_object().unwrap();
    let operations = routes.iter().flat_map(|(route, methods)| {
        let methods = methods.as_object().unwrap();
        methods.iter().map(|(method, described)| {
            let parameters = described["parameters"].as_array().into_iter().flatten();
            let words = parameters.clone().filter_map(|parameter| {
                let word = parameter["schema"]["enum"][0].as_str()?;
                (parameter["in"] == "path").then(|| (format!("{{{}}}", name(parameter)), word.to_owned()))
            });
            let queries = parameters.filter(|parameter| {
                parameter["in"] == "query" && ["page", "per_page"].contains(&name(parameter))
            });
            Operation {
                method: method.to_uppercase().parse().unwrap(),
                route: route.clone(),
                audience: audience_of(described),
                body: body_of(&description, described),
                words: words.collect(),
                strict_queries: queries.map(|parameter| name(parameter).to_owned()).collect(),
            }
        })
    });
    operations.collect()
}

fn name(parameter: &Value) -> &str {
    parameter["name"].as_str().unwrap()
}

impl Operation {
    fn changes(&self) -> bool {
        self.method != Method::GET
    }

    /// Its address at an operator: each parameter of the path is something that is there, or could be.
    fn at(&self, subdomain: &str) -> String {
        let path = self.route.replace("{subdomain}", subdomain);
        let path = self
            .words
            .iter()
            .fold(path, |path, (name, word)| path.replace(name, word));
        let mut address = String::new();
        for (place, part) in path.split(['{', '}']).enumerate() {
            address.push_str(if place % 2 == 0 { part } else { ID });
        }
        address
    }

    async fn ask(&self, client: &Client, path: &str, body: Option<&[u8]>) -> Answer {
        let client = client.with("idempotency-key", "access");
        let body = body.map(<[u8]>::to_vec);
        client.try_send(self.method.clone(), path, body).await.unwrap()
    }

    /// An answer to whoever may not ask: where a body is due, the empty object.
    async fn refused(&self, client: &Client, path: &str, status: u16, code: &str) {
        let body = self.body.is_some().then_some(&b"{}"[..]);
        let answer = self.ask(client, path, body).await;
        assert!(
            answer.status.as_u16() == status,
            "{} {path}: {} instead of {status}: {}",
            self.method,
            answer.status,
            answer.text()
        );
        answer.problem(status, code);
    }
}

/// Everything that is stored, but for what services do by themselves.
async fn stored(installation: &Installation) -> Vec<(String, String)> {
    let tables = "select table_name::text from information_schema.tables
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> all($1)
        order by table_name";
    let by_themselves = [
        "house_rollup",
        "house_balances",
        "audit_due",
        "webhook_mark",
        "audit_chain",
        "audit_heads",
    ];
    let tables: Vec<String> = sqlx::query_scalar(tables)
        .bind(&by_themselves[..])
        .fetch_all(installation.database.pool())
        .await
        .unwrap();
    let mut found = Vec::new();
    for table in tables {
        let rows =
            format!("select coalesce(md5(string_agg(t::text, ';' order by t::text)), '') from {table} t");
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(rows));
        let rows: String = rows.fetch_one(installation.database.pool()).await.unwrap();
        found.push((table, rows));
    }
    found
}

/// An installation with two operators, each with a player, and the platform's staff.
struct Everybody {
    installation: Installation,
    nobody: Client,
    alice: Client,
    aurora: Client,
    root: Client,
    others_player: Client,
    others_staff: Client,
}

impl Everybody {
    async fn come() -> Self {
        let installation = Installation::builder()
            .writer_args(&["--leaderboard-ms", "3600000", "--ledger-rollup-s", "3600"])
            .start()
            .await;
        let aurora = installation.operator("aurora").await;
        let bluefin = installation.operator("bluefin").await;
        let alice = installation.player(&aurora, "alice", 10_000).await;
        let carol = installation.player(&bluefin, "carol", 10_000).await;
        let root = platform_staff(&installation, "root").await;
        let nobody = installation.writer();
        let of = |token: &str| nobody.logged_in(token);
        Self {
            alice: of(&alice.token),
            aurora: of(&aurora.token),
            root: of(&root),
            others_player: of(&carol.token),
            others_staff: of(&bluefin.token),
            nobody,
            installation,
        }
    }

    fn of(&self, audience: Audience) -> &Client {
        match audience {
            Audience::Everybody => &self.nobody,
            Audience::Players => &self.alice,
            Audience::OperatorStaff => &self.aurora,
            Audience::PlatformStaff => &self.root,
        }
    }

    async fn leave(self) {
        self.installation.finish().await;
    }
}

#[test]
fn a_route_that_needs_no_log_in_is_known_as_such() {
    let open: Vec<_> = operations()
        .into_iter()
        .filter(|operation| operation.audience == Audience::Everybody)
        .map(|operation| operation.route)
        .filter(|route| !PUBLIC_PREFIXES.iter().any(|prefix| route.starts_with(prefix)))
        .collect();
    assert_eq!(open, PUBLIC);
}

#[tokio::test]
async fn whoever_is_not_logged_in_is_told_so_everywhere() {
    let everybody = Everybody::come().await;
    let forged = format!("1.{}", "A".repeat(43));
    let before = stored(&everybody.installation).await;
    for operation in operations() {
        if operation.audience == Audience::Everybody {
            continue;
        }
        for subdomain in ["aurora", "nobody", "aurora%00", "%ff"] {
            let path = operation.at(subdomain);
            operation
                .refused(&everybody.nobody, &path, 401, "authentication_required")
                .await;
        }
        let path = operation.at("aurora");
        for token in [forged.as_str(), "1.forged", ""] {
            let liar = everybody.nobody.logged_in(token);
            operation
                .refused(&liar, &path, 401, "authentication_required")
                .await;
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

#[tokio::test]
async fn whoever_is_logged_in_as_something_else_is_forbidden_everywhere() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    let all = [
        Audience::Players,
        Audience::OperatorStaff,
        Audience::PlatformStaff,
    ];
    for operation in operations() {
        for other in all {
            if operation.audience == Audience::Everybody || operation.audience == other {
                continue;
            }
            let path = operation.at("aurora");
            operation
                .refused(everybody.of(other), &path, 403, "wrong_role")
                .await;
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

#[tokio::test]
async fn a_cookie_changes_nothing_for_a_page_of_another_site() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    for operation in operations() {
        let (cookie, client) = match operation.audience {
            Audience::Everybody => continue,
            Audience::Players => ("edgebook_player", &everybody.alice),
            Audience::OperatorStaff => ("edgebook_operator", &everybody.aurora),
            Audience::PlatformStaff => ("edgebook_platform", &everybody.root),
        };
        if !operation.changes() {
            continue;
        }
        let cookie = format!("{cookie}={}", client.token());
        let other_site = everybody.nobody.with("cookie", &cookie);
        for origin in ["http://evil.example", "null"] {
            let other_site = other_site.with("origin", origin);
            operation
                .refused(&other_site, &operation.at("aurora"), 403, "cross_site")
                .await;
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

#[tokio::test]
async fn another_operators_people_find_nothing_here() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    for operation in operations() {
        let (own, others) = match operation.audience {
            Audience::Players => (&everybody.alice, &everybody.others_player),
            Audience::OperatorStaff => (&everybody.aurora, &everybody.others_staff),
            Audience::Everybody | Audience::PlatformStaff => continue,
        };
        if !operation.route.contains("{subdomain}") {
            assert_eq!(operation.audience, Audience::Players, "{}", operation.route);
            continue;
        }
        operation
            .refused(others, &operation.at("aurora"), 404, "operator_not_found")
            .await;
        for elsewhere in [
            "bluefin",
            "nobody",
            "aurora%00",
            "-aurora",
            "aurora%2f..%2fbluefin",
            "%ff",
        ] {
            operation
                .refused(own, &operation.at(elsewhere), 404, "operator_not_found")
                .await;
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_refused_everywhere() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    for operation in operations() {
        let Some(body) = &operation.body else { continue };
        let client = everybody.of(operation.audience);
        let path = operation.at("aurora");
        let told = |answer: &Answer, sent: &str| {
            format!(
                "{} {path} with {sent}: {} {}",
                operation.method,
                answer.status,
                answer.text()
            )
        };
        for malformed in ["{", "{]", "a=b", "{'a':true}", "\u{feff}{}", &"[".repeat(100_000)] {
            let answer = operation.ask(client, &path, Some(malformed.as_bytes())).await;
            assert!(answer.status == 400, "{}", told(&answer, &malformed[..1]));
            answer.problem(400, "malformed_json");
        }
        for unreadable in [
            &b"\"\xff\""[..],
            b"\"\xed\xa0\x80\"",
            br#""\ud800""#,
            br#""\x41""#,
            b"NaN",
            "[".repeat(100_000).as_bytes(),
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).as_bytes(),
        ] {
            let sent = [&br#"{"a":"#[..], unreadable, b"}"].concat();
            let answer = operation.ask(client, &path, Some(&sent)).await;
            assert!(
                [400, 422].contains(&answer.status.as_u16()),
                "{}",
                told(&answer, "no JSON")
            );
        }
        for no_object in ["[]", "[true]", "5", "\"x\"", "null", "true"] {
            let answer = operation.ask(client, &path, Some(no_object.as_bytes())).await;
            assert!(answer.status == 422, "{}", told(&answer, no_object));
            answer.names_field("body");
        }
        let long = format!("{{\"a\":\"{}\"}}", "f".repeat(262_144));
        let answer = operation.ask(client, &path, Some(long.as_bytes())).await;
        assert!(answer.status == 413, "{}", told(&answer, "a long text"));
        answer.problem(413, "body_too_large");
        let form = client.with("content-type", "text/plain");
        let answer = operation.ask(&form, &path, Some(b"{}")).await;
        assert!(answer.status == 415, "{}", told(&answer, "text/plain"));
        answer.problem(415, "unsupported_media_type");
        if !body.is_optional {
            let answer = operation.ask(client, &path, Some(b"")).await;
            assert!(answer.status == 400, "{}", told(&answer, "nothing"));
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

/// Whether a member may be a list or an object of its own.
fn is_nested(schema: &Value) -> bool {
    let kinds = schema.to_string();
    ["\"array\"", "\"object\"", "$ref"]
        .iter()
        .any(|kind| kinds.contains(kind))
}

/// A value that no member of the described type may have.
fn of_another_type(schema: &Value) -> Value {
    if is_nested(schema) {
        json!(true)
    } else {
        json!([{"a": [1]}])
    }
}

/// A value of the described type, with all members that must be there, whether or not it is a good one.
fn of_its_type(description: &Value, schema: &Value) -> Value {
    let schema = resolved(description, schema);
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    match schema["format"].as_str() {
        Some("date") => return json!("2026-01-31"),
        Some("date-time") => return json!("2026-01-31T20:00:00Z"),
        _ => {}
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            required
                .map(|name| name.as_str().unwrap())
                .map(|name| (name, of_its_type(description, &schema["properties"][name])))
                .collect()
        }
        _ => json!("text"),
    }
}

impl Body {
    /// A body with all members that must be there and one more, or another value of it.
    fn with(&self, member: &str, value: Value) -> Value {
        let mut all = self.filled.clone();
        all[member] = value;
        all
    }
}

#[tokio::test]
async fn a_member_that_is_missing_unknown_or_of_another_type_is_named_everywhere() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    let mut unnamed = Vec::new();
    for operation in operations() {
        let Some(body) = &operation.body else { continue };
        let client = everybody.of(operation.audience);
        let path = operation.at("aurora");
        let mut wrong: Vec<(&str, Value)> = Vec::new();
        if let Some(missing) = body.required.first() {
            wrong.push((missing, json!({})));
        }
        if body.is_closed {
            wrong.push(("no_such_member", body.with("no_such_member", json!(1))));
        }
        for (member, schema) in &body.properties {
            wrong.push((member, body.with(member, of_another_type(schema))));
        }
        for (member, sent) in &wrong {
            let answer = operation
                .ask(client, &path, Some(sent.to_string().as_bytes()))
                .await;
            let is_named = answer.status == 422
                && answer.json()["errors"]
                    .to_string()
                    .contains(&format!("\"{member}"));
            // A round that there is not is told of before what is asked of it.
            let is_of_nothing = answer.status == 404 && sent["ref"] == "text";
            if !is_named && !is_of_nothing {
                let (method, status, text) = (&operation.method, answer.status, answer.text());
                unnamed.push(format!("{method} {path} with {sent}: {status} {text}"));
            }
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

#[tokio::test]
async fn looking_changes_nothing_and_a_page_that_is_no_number_is_refused() {
    let everybody = Everybody::come().await;
    let before = stored(&everybody.installation).await;
    for operation in operations() {
        if operation.changes() {
            continue;
        }
        let client = everybody.of(operation.audience);
        let path = operation.at("aurora");
        let answer = operation.ask(client, &path, None).await;
        assert!(
            answer.status.as_u16() < 500,
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
        for query in &operation.strict_queries {
            for wrong in ["0", "-1", "x", "1%27", "99999999999999999999", "%00"] {
                let answer = operation
                    .ask(client, &format!("{path}?{query}={wrong}"), None)
                    .await;
                assert!(
                    answer.status == 422,
                    "{path}?{query}={wrong}: {} {}",
                    answer.status,
                    answer.text()
                );
                answer.names_field(query);
            }
        }
    }
    assert_eq!(stored(&everybody.installation).await, before);
    everybody.leave().await;
}

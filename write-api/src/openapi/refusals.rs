//! The refusals that many routes share, as the description lists them. Must never hold one that a single game or feature
//! has of its own.

use std::collections::BTreeMap;

use shared::openapi::operations;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::{OpenApi, Ref, RefOr};
use utoipa::{IntoResponses, Modify};

type Responses = BTreeMap<String, RefOr<Response>>;

const ASKING: [(u16, &str); 4] = [
    (400, "A header that may come once is sent twice"),
    (401, "Nobody is logged in"),
    (
        403,
        "Player, operator or casino are disabled, the player's own protection or the role of staff refuses it, or a page \
         of another site uses the cookie",
    ),
    (
        503,
        "The database is away or too busy; `Retry-After` says when to ask again. After `outcome_unknown`, asking with \
         the same key or reference tells what became of it",
    ),
];
const SENDING: [(u16, &str); 4] = [
    (
        400,
        "The body is no JSON, or a header that may come once is sent twice",
    ),
    (413, "The body is too large"),
    (415, "The body is not sent as `application/json`, or is packed"),
    (422, "A field holds what it may not"),
];
const MOVING: [(u16, &str); 1] = [(
    429,
    "Too many moves of the player wait already; nothing was changed",
)];

/// What whoever asks by a session may hear: for routes that open or end one, and so need none.
pub(crate) struct Asking;

impl IntoResponses for Asking {
    fn responses() -> Responses {
        refusals(&ASKING)
    }
}

/// What whoever sends a body with a session may hear: for the same routes.
pub(crate) struct Sending;

impl IntoResponses for Sending {
    fn responses() -> Responses {
        let mut all = Asking::responses();
        all.extend(refusals(&SENDING));
        all
    }
}

/// What whoever makes a move at a game may hear besides.
pub(crate) struct Moving;

impl IntoResponses for Moving {
    fn responses() -> Responses {
        refusals(&MOVING)
    }
}

/// Adds to every operation what whoever asks, or sends a body, may hear there: routes only list what is their own.
pub(super) struct Refusals;

impl Modify for Refusals {
    fn modify(&self, description: &mut OpenApi) {
        for operation in description.paths.paths.values_mut().flat_map(operations) {
            let mut may_hear = BTreeMap::new();
            if operation.security.is_some() {
                may_hear.extend(refusals(&ASKING));
            }
            if operation.request_body.is_some() {
                may_hear.extend(refusals(&SENDING));
            }
            for (status, response) in may_hear {
                operation.responses.responses.entry(status).or_insert(response);
            }
        }
    }
}

fn refusals(refusals: &[(u16, &str)]) -> Responses {
    refusals
        .iter()
        .map(|(status, what)| {
            let problem = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("ProblemBody")))
                .build();
            let response = ResponseBuilder::new()
                .description(*what)
                .content("application/problem+json", problem)
                .build();
            (status.to_string(), response.into())
        })
        .collect()
}

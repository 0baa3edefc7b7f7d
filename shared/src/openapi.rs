//! What the descriptions of both services have in common. Must never know a route.

use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi, PathItem, RefOr, Response};

/// Says of every refusal that it is sent as `application/problem+json`: routes only name its schema.
#[derive(Clone, Copy, Debug)]
pub struct Problems;

impl Modify for Problems {
    fn modify(&self, description: &mut OpenApi) {
        for operation in description.paths.paths.values_mut().flat_map(operations) {
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    send_as_problem(response);
                }
            }
        }
    }
}

/// The operations of a route.
pub fn operations(route: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut route.get, &mut route.put, &mut route.post, &mut route.delete]
        .into_iter()
        .flatten()
}

fn send_as_problem(response: &mut Response) {
    let content = response.content.get("application/json");
    let is_problem = content.is_some_and(|content| match content {
        RefOr::T(Content {
            schema: Some(RefOr::Ref(schema)),
            ..
        }) => schema.ref_location.ends_with("/ProblemBody"),
        _ => false,
    });
    if is_problem && let Some(content) = response.content.shift_remove("application/json") {
        response
            .content
            .insert("application/problem+json".to_owned(), content);
    }
}

//! The one shape of every error answer: RFC 9457 problem details plus the members that legacy pages read.
//! Must never put the cause of a 5xx into the body.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::field::FieldError;

/// What went wrong, for the client and, apart from it, for the log.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    retry_after_s: Option<u32>,
    more: Map<String, Value>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

/// The body of an error answer.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody<'a> {
    /// A URI reference that names the kind of problem: `/problems/` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'a str,
    /// The HTTP status again.
    status: u16,
    /// What happened, for people.
    detail: &'a str,
    /// What happened, for programs; stable.
    code: &'a str,
    /// Finds the log line.
    request_id: &'a str,
    /// The bad field, when there is just one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    /// All bad fields.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'a [FieldError],
    /// Always false, for legacy pages.
    success: bool,
    /// The same as `detail`, for legacy pages.
    error: &'a str,
    /// The same as `detail`, for legacy pages.
    message: &'a str,
    /// What a client needs to do better, such as the current price: depends on the code.
    #[serde(flatten)]
    #[schema(ignore)]
    more: &'a Map<String, Value>,
}

impl Problem {
    /// A problem with a status, a stable code and a sentence for people.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
            more: Map::new(),
            cause: None,
        }
    }

    /// 400: the request can't be understood.
    pub fn bad_request(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// 401: nobody is logged in.
    pub fn unauthenticated() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "authentication_required",
            "Authentication required",
        )
    }

    /// 403: it is clear who asks, and that person may not.
    pub fn forbidden(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, detail)
    }

    /// 404: there is no such thing, or it is somebody else's.
    pub fn not_found(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, detail)
    }

    /// 409: it does not fit what is there now.
    pub fn conflict(code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, code, detail)
    }

    /// 422: one field holds what it may not.
    pub fn invalid_field(field: &str, detail: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError::new(field, detail.into())])
    }

    /// 422: fields hold what they may not. The sentence names the first.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        let detail = errors.first().map_or_else(String::new, FieldError::to_string);
        Self {
            errors,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail)
        }
    }

    /// 422 with a code of its own, about one field.
    pub fn refused_field(code: &'static str, field: &str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self {
            errors: vec![FieldError::new(field, &detail)],
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
        }
    }

    /// 429: too often; it may work in `retry_after_s` seconds.
    pub fn too_many_requests(
        code: &'static str,
        detail: impl Into<Cow<'static, str>>,
        retry_after_s: u32,
    ) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
        }
    }

    /// 503: it may work in `retry_after_s` seconds.
    pub fn unavailable(code: &'static str, detail: impl Into<Cow<'static, str>>, retry_after_s: u32) -> Self {
        Self {
            retry_after_s: Some(retry_after_s),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
        }
    }

    /// 500: a fault of ours. The cause goes to the log only.
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong on our side. The request id finds it in our log.",
        )
        .caused_by(cause)
    }

    /// Adds the cause, for the log only.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.cause = Some(Arc::new(cause));
        self
    }

    /// Adds a bad field.
    #[must_use]
    pub fn about(mut self, field: &str, detail: &str) -> Self {
        self.errors.push(FieldError::new(field, detail));
        self
    }

    /// Adds a member of its own, which is none that every problem has.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.more.insert(name.to_owned(), value);
        self
    }

    /// The HTTP status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The finished answer. Called by the outermost layer, which knows the request's id.
    pub fn render(&self, request_id: &str) -> Response {
        if let Some(cause) = &self.cause {
            let cause = chain(cause.as_ref());
            tracing::error!(request_id, code = self.code, cause, "request failed");
        }
        let body = ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: self.code,
            request_id,
            field: match self.errors.as_slice() {
                [only] => Some(&only.field),
                _ => None,
            },
            errors: &self.errors,
            success: false,
            error: &self.detail,
            message: &self.detail,
            more: &self.more,
        };
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        );
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        (self.status, headers, bytes).into_response()
    }
}

/// An error and what caused it, from the outside in.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl IntoResponse for Problem {
    /// Leaves the problem to [`crate::http::outermost`], which renders it with the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

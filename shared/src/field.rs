//! One bad field of a request, in the shape that every validator reports.
//! Must never know about HTTP: each service turns these into its own answer.

use std::fmt::Display;

use serde::Serialize;
use utoipa::ToSchema;

/// One bad field of a request. Shown as a sentence: the field, then what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, thiserror::Error)]
#[error("{field} {detail}")]
pub struct FieldError {
    /// The JSON member, dotted when nested.
    pub field: String,
    /// What is wrong, as words that follow the field's name: "must be true or false".
    pub detail: String,
}

impl FieldError {
    /// Says `detail` of `field`.
    pub fn new(field: impl Into<String>, detail: impl Display) -> Self {
        Self {
            field: field.into(),
            detail: detail.to_string(),
        }
    }
}

/// The value of `field`, or nothing and one error more.
pub fn noted<T, E: Display>(errors: &mut Vec<FieldError>, field: &str, checked: Result<T, E>) -> Option<T> {
    checked
        .map_err(|error| errors.push(FieldError::new(field, error)))
        .ok()
}

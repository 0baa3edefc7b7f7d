//! stub
use axum::Router;
use crate::app::SharedApp;
pub fn router() -> Router<SharedApp> { Router::new() }

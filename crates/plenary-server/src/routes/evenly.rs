//! What is not there, and what one may not know of, are answered after the same time.
//!
//! The answers are the same to the byte; but one for which more of the store was read comes some microseconds later,
//! and whoever asks often enough can tell. So when such an answer comes depends on when the request came, and not on
//! what was found. `just timing` compares.

use std::time::Duration;

use axum::{extract::Request, http::StatusCode, middleware::Next, response::Response};
use tokio::time::{Instant, sleep_until};

/// How long after it was asked "not found" is said. Looking for something takes far less, from a cold disk as well.
const NOT_FOUND_AFTER: Duration = Duration::from_millis(5);

/// Returns when "not found" may be said to what was asked at that moment.
pub(crate) async fn until_not_found_is_said(asked: Instant) {
    sleep_until(asked + NOT_FOUND_AFTER).await;
}

pub(super) async fn answer_evenly(request: Request, next: Next) -> Response {
    let asked = Instant::now();
    let is_api = request.uri().path().starts_with("/api/v1/");
    let response = next.run(request).await;
    if is_api && response.status() == StatusCode::NOT_FOUND {
        until_not_found_is_said(asked).await;
    }
    response
}

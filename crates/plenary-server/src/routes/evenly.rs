//! What is not there, and what one may not know of, are answered after the same time.
//!
//! The answers are the same to the byte; but one for which more of the store was read comes some microseconds later,
//! and whoever asks often enough can tell. So when such an answer comes depends on when the request came, and not on
//! what was found. `just timing` compares.

use std::{
    sync::{LazyLock, mpsc},
    thread,
    time::{Duration, Instant},
};

use axum::{extract::Request, http::StatusCode, middleware::Next, response::Response};
use tokio::sync::oneshot;

/// How long after it was asked "not found" is said. Looking for something takes far less, from a cold disk as well.
const NOT_FOUND_AFTER: Duration = Duration::from_millis(5);

/// When an answer is due, and who waits for that.
type Due = (Instant, oneshot::Sender<()>);

/// A thread that says when an answer is due. The runtime's own timers will not do: it sleeps for whole milliseconds from
/// the moment at which it has nothing left to do, so that some microseconds more of work come out again in the end.
static DUE: LazyLock<mpsc::Sender<Due>> = LazyLock::new(|| {
    let (sender, waiting) = mpsc::channel::<Due>();
    let say_when_due = move || {
        // Each is due as long after its request as every other, so the first to come is the first to go.
        for (due, say) in waiting {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            // Who asked may have gone.
            let _ = say.send(());
        }
    };
    if let Err(error) = thread::Builder::new().name("evenly".into()).spawn(say_when_due) {
        tracing::warn!(%error, "no thread to be had; \"not found\" is said at once");
    }
    sender
});

/// Returns when "not found" may be said to what was asked at that moment.
pub(crate) async fn until_not_found_is_said(asked: Instant) {
    let (say, said) = oneshot::channel();
    let _ = DUE.send((asked + NOT_FOUND_AFTER, say));
    let _ = said.await;
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

//! What was begun is finished, also for somebody who hangs up.
//!
//! The work for a request is dropped where it stands once its connection is gone. A change of rights would then be
//! stored and never reach the sockets that are open; so a request that may change something is worked on apart from
//! the connection it came by.

use std::panic::resume_unwind;

use axum::{
    extract::Request,
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use crate::error::Error;

pub(super) async fn finish(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    match tokio::spawn(next.run(request).in_current_span()).await {
        Ok(response) => response,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The process is ending.
            Err(_) => Error::Busy.into_response(),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use axum::{Router, body::Body};
    use bytes::Bytes;
    use http_body_util::BodyExt;
    use plenary_ids::{DocumentId, UserId};
    use plenary_permissions::Access;
    use plenary_room::Dialect;
    use plenary_storage::memory::MemoryStore;
    use serde_json::{Value, json};
    use tokio::{task::yield_now, time::timeout};
    use tower::ServiceExt;

    use crate::{
        App, auth::Identity, clock::Clock, config::Config, rooms::Joining, routes::operator_router,
        websocket::outbox::Outbox,
    };

    const SOON: Duration = Duration::from_secs(10);

    fn asked(method: &str, path: &str, body: &Value) -> axum::extract::Request {
        let request = axum::http::Request::builder().method(method).uri(path);
        request.header("content-type", "application/json").body(Body::from(body.to_string())).unwrap()
    }

    async fn made(router: &Router, path: &str, body: Value) -> Value {
        let response = router.clone().oneshot(asked("POST", path, &body)).await.unwrap();
        assert_eq!(response.status(), 201, "{path}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[tokio::test]
    async fn a_removal_reaches_open_sockets_although_whoever_asked_for_it_has_hung_up() {
        let store = Arc::new(MemoryStore::new());
        let app = App::new(Config::default(), store.clone(), store.clone(), Clock::default());
        let router = operator_router(app.clone());
        let user = made(&router, "/api/v1/users", json!({"email": "ben@ngo.example", "name": "Ben"})).await;
        let group = made(&router, "/api/v1/groups", json!({"name": "Valdoria"})).await;
        let group = format!("/api/v1/groups/{}", group["id"].as_str().unwrap());
        let place = json!({"email": "ben@ngo.example", "role": "drafter"});
        made(&router, &format!("{group}/members"), place).await;
        let statement = made(&router, &format!("{group}/statements"), json!({"title": "Water"})).await;
        let document: DocumentId = statement["documents"]["body"].as_str().unwrap().parse().unwrap();
        let ben: UserId = user["id"].as_str().unwrap().parse().unwrap();
        let joining = Joining {
            document,
            identity: Identity { user: ben, is_administrator: false, ..Identity::operator() },
            access: Access::Write,
            dialect: Dialect::YWebsocket,
            prefix: Bytes::new(),
            knows_close: true,
            outbox: Arc::new(Outbox::default()),
            account: app.limits.users().connect(ben).unwrap().account(),
        };
        let asked_at = app.rooms.access_changes();
        let seat = app.rooms.join(joining, asked_at, &app.directory).await.unwrap();

        store.hold();
        let removal = asked("DELETE", &format!("{group}/members/{ben}"), &Value::Null);
        let removing = tokio::spawn(router.clone().oneshot(removal));
        let stored = async {
            while store.waiting() == 0 {
                yield_now().await;
            }
        };
        timeout(SOON, stored).await.expect("the removal is on its way to the disk");
        // As a connection does with its request when the peer is gone.
        removing.abort();
        assert!(removing.await.unwrap_err().is_cancelled());
        store.release();

        let ended = async {
            while !seat.has_ended() {
                yield_now().await;
            }
        };
        timeout(SOON, ended).await.expect("ben is out");
    }
}

//! The instance a command acts on: a running server, or the store in this process. Either way it is the same router,
//! with the operator as its caller.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use axum::{Router, body::Body};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use plenary_server::{App, config::Config, routes};
use plenary_storage_sled::{OpenError, Options};
use serde::Deserialize;
use serde_json::Value;
use tokio::net::UnixStream;
use tower::ServiceExt;

use crate::store;

const SOCKET: &str = "plenary.sock";

// A server that is starting has the store before it has the socket.
const START_WITHIN: Duration = Duration::from_secs(10);
const LOCK_WAIT: Duration = Duration::from_millis(500);

/// Where the server on a data directory listens for its operator.
pub(crate) fn socket(data_dir: &Path) -> PathBuf {
    data_dir.join(SOCKET)
}

/// The instance a command acts on.
pub(crate) enum Instance {
    /// A server is running there.
    Running(PathBuf),
    /// Nobody is; the store is open in this process.
    Here(Router),
}

/// The server's refusal, in its own words.
#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) code: String,
    detail: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Refused {}

impl Instance {
    /// Finds the running server, or opens the store.
    pub(crate) async fn find(config: Config) -> anyhow::Result<Self> {
        let socket = socket(&config.data_dir);
        let by = Instant::now() + START_WITHIN;
        loop {
            match UnixStream::connect(&socket).await {
                Ok(_) => return Ok(Self::Running(socket)),
                Err(error) if is_nobody_there(&error) => {}
                Err(error) => {
                    return Err(error).context(format!("cannot reach the server at {}", socket.display()));
                }
            }
            match store::open(config.clone(), Options { lock_wait: LOCK_WAIT, ..Options::default() }).await {
                Ok((app, _)) => return Ok(Self::here(app)),
                Err(error) if is_locked(&error) && Instant::now() < by => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Over an app in this process.
    pub(crate) fn here(app: App) -> Self {
        Self::Here(routes::operator_router(app))
    }

    /// Asks, and returns the answer's JSON; `null` for an empty one. Fails with [`Refused`] if the server refuses.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<Value> {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "localhost");
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::from(serde_json::to_vec(&body)?)),
            None => request.body(Full::default()),
        }?;
        let (status, body) = match self {
            Self::Here(router) => {
                let response = router.clone().oneshot(request.map(Body::new)).await?;
                (response.status(), response.into_body().collect().await?.to_bytes())
            }
            Self::Running(socket) => {
                let stream = UnixStream::connect(socket).await?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                let response = sender.send_request(request).await.context("the server broke off")?;
                (response.status(), response.into_body().collect().await?.to_bytes())
            }
        };
        answer(status, &body)
    }

    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.call(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }
}

fn answer(status: StatusCode, body: &[u8]) -> anyhow::Result<Value> {
    if status.is_success() {
        return Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? });
    }
    match serde_json::from_slice::<Refused>(body) {
        Ok(refused) => Err(refused.into()),
        Err(_) => bail!("the server answered {status}"),
    }
}

fn is_nobody_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn is_locked(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<OpenError>(), Some(OpenError::Locked { .. }))
}

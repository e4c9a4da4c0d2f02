//! Requests: over a socket as anybody, or as whoever owns the data directory.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use http_body_util::BodyExt;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use plenary_server::{
    App,
    routes::{NoAssets, Peer, router},
};
use serde_json::Value;
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::stage::soon;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) json: Value,
    /// The first cookie that was set, as `name=value`.
    pub(super) cookie: Option<String>,
}

impl Answer {
    /// The stable code of a problem; empty when it is none.
    pub(super) fn code(&self) -> &str {
        self.json["code"].as_str().filter(|_| self.status >= 400).unwrap_or_default()
    }

    pub(super) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }
}

/// A site that embeds the editor.
pub(super) const EMBEDDING_ORIGIN: &str = "https://coalition.example";

/// What somebody shows of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nothing,
    /// Pages of [`EMBEDDING_ORIGIN`].
    Embedded(String),
    /// Browsers, from one of our own pages: `name=value`.
    Cookie(String),
}

impl Shown {
    /// As headers. `address` is the server's, which is its pages' origin here.
    pub(super) fn headers(&self, address: SocketAddr) -> Vec<(&'static str, String)> {
        match self {
            Self::Nothing => vec![],
            Self::Embedded(token) => {
                vec![("authorization", format!("Bearer {token}")), ("origin", EMBEDDING_ORIGIN.into())]
            }
            Self::Cookie(cookie) => vec![
                ("cookie", cookie.clone()),
                ("origin", format!("http://{address}")),
                ("sec-fetch-site", "same-origin".into()),
            ],
        }
    }
}

/// A connection that asks one thing after the other.
pub(super) struct Client {
    address: SocketAddr,
    sender: SendRequest<Body>,
}

impl Client {
    pub(super) async fn open(address: SocketAddr) -> Self {
        let stream = soon("a connection", TcpStream::connect(address)).await.unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        Self { address, sender }
    }

    /// `call` is a method and a path.
    pub(super) async fn ask(&mut self, call: &str, shown: &Shown, body: Option<Value>) -> Answer {
        let request = request(call, &self.address.to_string(), shown.headers(self.address), body);
        let response = soon(call, self.sender.send_request(request)).await.unwrap();
        let cookie = response.headers().get_all(header::SET_COOKIE).iter().next().map(|set| {
            let set = set.to_str().unwrap();
            set.split(';').next().unwrap().to_owned()
        });
        let (status, body) = (response.status().as_u16(), soon(call, response.into_body().collect()).await);
        Answer { cookie, ..answer(status, &body.unwrap().to_bytes()) }
    }
}

fn request(
    call: &str,
    host: &str,
    headers: Vec<(&'static str, String)>,
    body: Option<Value>,
) -> Request<Body> {
    let (method, path) = call.split_once(' ').expect("a method and a path");
    let mut request =
        Request::builder().method(method.parse::<Method>().unwrap()).uri(path).header(header::HOST, host);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    match body {
        Some(body) => request
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .unwrap(),
        None => request.body(Body::empty()).unwrap(),
    }
}

fn answer(status: u16, body: &[u8]) -> Answer {
    Answer { status, json: serde_json::from_slice(body).unwrap_or(Value::Null), cookie: None }
}

/// Asks as whoever owns the data directory.
pub(super) async fn operator(app: &App, call: &str, body: Option<Value>) -> Answer {
    let mut request = request(call, "localhost", vec![], body);
    request.extensions_mut().insert(Peer::Operator);
    let response = router(app.clone(), Arc::new(NoAssets)).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    answer(status, &response.into_body().collect().await.unwrap().to_bytes())
}

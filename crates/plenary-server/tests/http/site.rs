//! A server over a store in memory, and people who ask it for things.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use plenary_server::{
    App, Asset, Assets,
    clock::Clock,
    config::Config,
    routes::{self, Peer},
};
use plenary_storage::memory::MemoryStore;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tower::ServiceExt;

use crate::{described::Described, noted::Noted};

/// When the tests begin: a Tuesday in 2027.
const START_MS: u64 = 1_800_000_000_000;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// A server with nobody in it yet.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: Clock,
    router: Router,
    described: OnceCell<Described>,
}

/// Who asks, by what they show.
#[derive(Clone, Debug)]
pub(crate) enum Who {
    Nobody,
    Operator,
    Token(String),
    /// The sign-in cookie, from one of our own pages.
    Cookie(String),
    /// The sign-in cookie, with these headers beside it.
    CookieWith(String, Vec<(&'static str, &'static str)>),
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or(Value::Null)
    }

    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no {pointer} in {}: {json}", self.status)).to_owned()
    }

    /// Expects a problem document and returns its status and code.
    pub(crate) fn problem(&self) -> (u16, String) {
        let json = self.json();
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/problem+json", "{} {json}", self.status);
        assert_eq!(json["status"], self.status.as_u16());
        assert_eq!(json["type"], format!("urn:plenary:problem:{}", self.text("/code")));
        assert!(!self.text("/detail").is_empty() && !self.text("/title").is_empty());
        (self.status.as_u16(), self.text("/code"))
    }

    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// The cookie that was set first, which is the sign-in's, as `name=value`.
    pub(crate) fn cookie(&self) -> String {
        self.cookies().swap_remove(0)
    }

    /// The cookies that were set, as `name=value`.
    pub(crate) fn cookies(&self) -> Vec<String> {
        let set = self.headers.get_all(header::SET_COOKIE).into_iter();
        set.map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
    }
}

struct FewFiles;

impl Assets for FewFiles {
    fn get(&self, path: &str) -> Option<Asset> {
        let (bytes, content_type) = match path {
            "index.html" => ("<!doctype html>", "text/html; charset=utf-8"),
            "assets/index-0a1b2c3d.js" | "embed/plenary-editor.js" => {
                ("export {}", "text/javascript; charset=utf-8")
            }
            _ => return None,
        };
        Some(Asset { bytes: bytes.as_bytes().into(), content_type, etag: "one".into() })
    }
}

pub(crate) fn site() -> Site {
    site_with(Config::default())
}

pub(crate) fn site_with(config: Config) -> Site {
    let clock = Clock::standing_at(START_MS);
    let store = Arc::new(MemoryStore::new());
    let app = App::new(config, store.clone(), Arc::new(Noted(store.clone())), clock.clone());
    let router = routes::router(app.clone(), Arc::new(FewFiles));
    Site { app, store, clock, router, described: OnceCell::new() }
}

impl Site {
    /// Asks, and fails when the interface's description does not know such an answer.
    pub(crate) async fn send(&self, who: &Who, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let described = self.described.get_or_init(async || {
            let request = Request::get("/api/openapi.json").body(Body::empty());
            Described::of(self.exchange(&Who::Nobody, request.unwrap()).await.json())
        });
        let described = described.await;
        let answer = self.exchange(who, request).await;
        described.expect(&method, &path, &answer);
        answer
    }

    async fn exchange(&self, who: &Who, request: Request<Body>) -> Answer {
        let mut request = request;
        let own_page = vec![("origin", "http://localhost:4600"), ("sec-fetch-site", "same-origin")];
        let (cookie, headers) = match who {
            Who::Nobody | Who::Operator | Who::Token(_) => (None, Vec::new()),
            Who::Cookie(cookie) => (Some(cookie.clone()), own_page),
            Who::CookieWith(cookie, headers) => (Some(cookie.clone()), headers.clone()),
        };
        let given = request.headers_mut();
        given.insert(header::HOST, "localhost:4600".parse().unwrap());
        if let Some(cookie) = cookie {
            given.insert(header::COOKIE, cookie.parse().unwrap());
        }
        for (name, value) in headers {
            given.insert(name, value.parse().unwrap());
        }
        if let Who::Token(token) = who {
            given.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        request.extensions_mut().insert(match who {
            Who::Operator => Peer::Operator,
            _ => Peer::Address("192.0.2.1:50000".parse().unwrap()),
        });
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn ask(&self, who: &Who, method: Method, path: &str, body: Value) -> Answer {
        self.ask_with(who, method.as_str(), path, body, Vec::new()).await
    }

    /// Asks with these headers beside the usual ones.
    pub(crate) async fn ask_with(
        &self,
        who: &Who,
        method: &str,
        path: &str,
        body: Value,
        headers: Vec<(&'static str, String)>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = match body {
            Value::Null => request.body(Body::empty()),
            body => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
        };
        self.send(who, request.unwrap()).await
    }

    pub(crate) async fn get(&self, who: &Who, path: &str) -> Answer {
        self.ask(who, Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, who: &Who, path: &str, body: Value) -> Answer {
        self.ask(who, Method::POST, path, body).await
    }

    /// Somebody with an account and a token. The address is the name at ngo.example.
    pub(crate) async fn person(&self, name: &str) -> Who {
        let email = format!("{name}@ngo.example");
        self.post(&Who::Operator, "/api/v1/users", json!({"email": email, "name": name})).await.expect(201);
        self.token(&email).await
    }

    pub(crate) async fn token(&self, email: &str) -> Who {
        let made = self.post(&Who::Operator, "/api/v1/tokens", json!({"email": email})).await.expect(201);
        Who::Token(made.text("/token"))
    }

    /// An administrator with a token.
    pub(crate) async fn administrator(&self) -> Who {
        let body = json!({"email": "admin@ngo.example", "name": "Admin"});
        self.post(&Who::Operator, "/api/v1/instance", body).await.expect(201);
        self.token("admin@ngo.example").await
    }

    /// A group without members; its id.
    pub(crate) async fn group(&self, name: &str) -> String {
        self.post(&Who::Operator, "/api/v1/groups", json!({"name": name})).await.expect(201).text("/id")
    }

    /// Somebody new who is in a group.
    pub(crate) async fn member(&self, group: &str, name: &str, role: &str) -> Who {
        let who = self.person(name).await;
        let body = json!({"email": format!("{name}@ngo.example"), "role": role});
        self.post(&Who::Operator, &format!("/api/v1/groups/{group}/members"), body).await.expect(201);
        who
    }

    /// A statement in a group.
    pub(crate) async fn statement(&self, group: &str, title: &str) -> Statement {
        let body = json!({"title": title, "markdown": "# One\n\nTwo words.\n"});
        let path = format!("/api/v1/groups/{group}/statements");
        let made = self.post(&Who::Operator, &path, body).await.expect(201);
        Statement {
            id: made.text("/id"),
            body: made.text("/documents/body"),
            comments: made.text("/documents/comments"),
        }
    }

    /// The paths of the real router, as it prints itself.
    pub(crate) fn routes(&self) -> Vec<String> {
        // There is no list to ask for; a router prints `RouteId(7): "/api/v1/groups"` for each route it holds.
        let printed = format!("{:?}", self.router);
        let named = printed.split("RouteId(").filter_map(|rest| rest.split_once("): \"")?.1.split_once('"'));
        // Beside ours there are its own, by which what is not there is answered.
        let is_ours = |path: &&str| {
            path.starts_with("/") && !path.contains("__private__axum") && !["/", "/api/v1"].contains(path)
        };
        named.map(|(path, _)| path).filter(is_ours).map(str::to_owned).collect()
    }

    pub(crate) fn turn(&self, seconds: u64) {
        self.clock.turn(Duration::from_secs(seconds));
    }

    /// Everything stored, to be compared with later.
    pub(crate) async fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let cells = self.app.cells.scan("").await.unwrap();
        let mut everything: Vec<_> = cells.into_iter().map(|cell| (cell.key, cell.value.to_vec())).collect();
        let mut documents: Vec<_> =
            self.app.log.documents().await.unwrap().into_iter().map(|one| format!("{one:?}")).collect();
        documents.sort();
        everything.extend(documents.into_iter().map(|one| (one, Vec::new())));
        everything
    }
}

pub(crate) struct Statement {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) comments: String,
}

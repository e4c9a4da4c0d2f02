//! What cannot be read or breaks a rule gets a problem document, and changes nothing.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

use crate::site::{Who, site};

#[tokio::test]
async fn bad_input_is_named_and_changes_nothing() {
    let site = site();
    let group = site.group("Valdoria").await;
    site.member(&group, "ana", "coordinator").await;
    let members = format!("/api/v1/groups/{group}/members");
    let statements = format!("/api/v1/groups/{group}/statements");
    let long = "x".repeat(301);
    let table: Vec<(&str, Value, u16, &str)> = vec![
        ("/api/v1/users", json!({"email": "not an address", "name": "X"}), 422, "invalid"),
        ("/api/v1/users", json!({"email": "x@ngo.example", "name": " "}), 422, "invalid"),
        ("/api/v1/users", json!({"email": "x@ngo.example", "name": "a\u{202e}b"}), 422, "invalid"),
        (
            "/api/v1/users",
            json!({"email": "x@ngo.example", "name": "X", "password": "short"}),
            422,
            "invalid",
        ),
        ("/api/v1/users", json!({"email": "ANA@ngo.example", "name": "X"}), 409, "email-taken"),
        ("/api/v1/users", json!({"email": "x@ngo.example"}), 400, "malformed"),
        ("/api/v1/users", json!({"email": "x@ngo.example", "name": "X", "admin": true}), 400, "malformed"),
        ("/api/v1/groups", json!({"name": long}), 422, "invalid"),
        ("/api/v1/groups", json!({"name": "X", "kind": "secret"}), 422, "invalid"),
        ("/api/v1/groups", json!([]), 400, "malformed"),
        (&members, json!({"email": "nobody@ngo.example", "role": "drafter"}), 422, "unknown-user"),
        (&members, json!({"email": "ana@ngo.example", "role": "king"}), 422, "invalid"),
        (&statements, json!({"title": ""}), 422, "invalid"),
        (&statements, json!({"title": "X", "kind": "poem"}), 422, "invalid"),
        (&statements, json!({"title": "X", "schema": "xml"}), 422, "invalid"),
        (&statements, json!({"title": "X", "schema": "any", "markdown": "text"}), 422, "invalid"),
        ("/api/v1/tokens", json!({"email": "ana@ngo.example", "expires": "soon"}), 400, "malformed"),
        ("/api/v1/tokens", json!({"email": "ana@ngo.example", "expires": "0s"}), 422, "invalid"),
        ("/api/v1/tokens", json!({"email": "ana@ngo.example", "expires": "400d"}), 422, "invalid"),
        ("/api/v1/tokens", json!({"email": "nobody@ngo.example"}), 422, "unknown-user"),
        ("/api/v1/session/links", json!({"email": "ana@ngo.example", "uses": "twice"}), 400, "malformed"),
    ];
    let before = site.everything().await;
    for (path, body, status, code) in table {
        let answer = site.post(&Who::Operator, path, body.clone()).await;
        assert_eq!(answer.problem(), (status, code.to_owned()), "{path} {body}");
    }
    assert_eq!(site.everything().await, before);
}

#[tokio::test]
async fn only_json_is_read() {
    let site = site();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        let mut request = Request::post("/api/v1/groups");
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = request.body(Body::from(r#"{"name":"X"}"#)).unwrap();
        assert_eq!(site.send(&Who::Operator, request).await.problem(), (415, "not-json".into()));
    }
    let request = Request::post("/api/v1/groups")
        .header(header::CONTENT_TYPE, "Application/JSON; charset=utf-8")
        .body(Body::from(r#"{"name":"X"}"#));
    site.send(&Who::Operator, request.unwrap()).await.expect(201);
}

#[tokio::test]
async fn bodies_are_bounded() {
    let site = site();
    let group = site.group("Valdoria").await;
    let answer = site.post(&Who::Operator, "/api/v1/groups", json!({"name": "x".repeat(70_000)})).await;
    assert_eq!(answer.problem(), (413, "too-large".into()));
    let path = format!("/api/v1/groups/{group}/statements");
    let long = json!({"title": "X", "markdown": "word ".repeat(40_000)});
    site.post(&Who::Operator, &path, long).await.expect(201);
    let endless = json!({"title": "X", "markdown": "word ".repeat(4_000_000)});
    assert_eq!(site.post(&Who::Operator, &path, endless).await.problem(), (413, "too-large".into()));
}

#[tokio::test]
async fn addresses_and_methods_that_do_not_exist_are_problems_too() {
    let site = site();
    for path in ["/api/v1/nothing", "/api/v2/me", "/nothing", "/index.html/..", "/assets/../../etc/passwd"] {
        assert_eq!(site.get(&Who::Nobody, path).await.problem(), (404, "not-found".into()), "{path}");
    }
    for (method, path) in [(Method::PUT, "/api/v1/me"), (Method::DELETE, "/healthz"), (Method::POST, "/")] {
        let answer = site.ask(&Who::Nobody, method, path, Value::Null).await;
        assert_eq!(answer.problem(), (405, "method-not-allowed".into()), "{path}");
        assert!(answer.headers[header::ALLOW].to_str().unwrap().contains("GET"), "{path}");
    }
}

#[tokio::test]
async fn what_no_route_can_read_is_a_problem_too() {
    let site = site();
    let ana = site.person("ana").await;
    let document = "/api/v1/documents/0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e/state";
    for (path, status, code) in [
        ("/sync", 426, "not-a-websocket"),
        ("/sync/0197c7a0-5b1e-7cc3-8b6f-1d2a3b4c5d6e", 426, "not-a-websocket"),
        ("/sync/one?token=a&token=b", 400, "malformed"),
        ("/sync/%ff", 404, "not-found"),
        ("/api/v1/groups/%ff", 404, "not-found"),
        ("/api/v1/groups/%2e%2e", 404, "not-found"),
        (&format!("{document}?sv=a&sv=b"), 400, "malformed"),
    ] {
        let answer = site.get(&ana, path).await;
        assert_eq!(answer.problem(), (status, code.into()), "{path}");
    }
    let answer = site.get(&ana, "/sync").await;
    assert_eq!(answer.headers[header::UPGRADE], "websocket");
    let answer = site.ask(&ana, Method::DELETE, "/api/v1/tokens/%ff", Value::Null).await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
}

//! Pages of other sites that hold our editor.

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use plenary_server::config::Config;
use serde_json::{Value, json};

use crate::site::{Answer, PASSWORD, Site, Who, site, site_with};

const EMBEDDING: &str = "https://intranet.example.org";
const OTHER: &str = "https://evil.example";

fn embedding_site() -> Site {
    site_with(Config { embed_origins: vec![EMBEDDING.into()], ..Config::default() })
}

async fn ask(site: &Site, who: &Who, method: Method, path: &str, origin: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ORIGIN, origin)
        .header("sec-fetch-site", "cross-site")
        .header(header::CONTENT_TYPE, "application/json");
    let request = request.body(if body.is_null() { Body::empty() } else { body.to_string().into() });
    site.send(who, request.unwrap()).await
}

fn is_open_to(answer: &Answer, origin: &str) -> bool {
    assert!(!answer.headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
    answer.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|named| named == origin)
}

#[tokio::test]
async fn a_page_named_in_the_settings_reads_what_its_token_may_read() {
    let site = embedding_site();
    let group = site.group("Valdoria").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let statement = site.statement(&group, "Joint submission").await;
    let state = format!("/api/v1/documents/{}/state", statement.body);
    let answer = ask(&site, &ana, Method::GET, &state, EMBEDDING, Value::Null).await.expect(200);
    assert!(is_open_to(&answer, EMBEDDING));
    assert!(answer.headers.get_all(header::VARY).iter().any(|vary| vary == "origin"));
    let wish = json!({"document": statement.body});
    let answer = ask(&site, &ana, Method::POST, "/api/v1/tickets", EMBEDDING, wish).await.expect(201);
    assert!(is_open_to(&answer, EMBEDDING));
    // Told apart by nobody, and readable: the page can say that there is nothing.
    let stranger = site.person("ben").await;
    let answer = ask(&site, &stranger, Method::GET, &state, EMBEDDING, Value::Null).await;
    assert!(is_open_to(&answer, EMBEDDING));
    assert_eq!(answer.problem().0, 404);
}

#[tokio::test]
async fn the_browser_is_told_beforehand_what_such_a_page_may_ask() {
    let site = embedding_site();
    let preflight = async |origin: &str| {
        let request = Request::options("/api/v1/tickets")
            .header(header::ORIGIN, origin)
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization,content-type");
        site.send(&Who::Nobody, request.body(Body::empty()).unwrap()).await
    };
    let answer = preflight(EMBEDDING).await.expect(204);
    assert!(is_open_to(&answer, EMBEDDING));
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_METHODS], "GET, POST");
    assert_eq!(answer.headers[header::ACCESS_CONTROL_ALLOW_HEADERS], "authorization, content-type");
    assert_eq!(preflight(OTHER).await.problem().0, 405);
}

#[tokio::test]
async fn to_all_other_origins_nothing_is_different() {
    let (plain, embedding) = (site(), embedding_site());
    let people = [(&plain, plain.person("ana").await), (&embedding, embedding.person("ana").await)];
    for origin in [OTHER, "null", "https://intranet.example.org.evil.example", "http://intranet.example.org"]
    {
        let mut answers = Vec::new();
        for (site, ana) in &people {
            let answer = ask(site, ana, Method::GET, "/api/v1/me", origin, Value::Null).await.expect(200);
            answers.push(answer.headers);
        }
        assert_eq!(answers[0], answers[1], "{origin}");
        assert!(!answers[1].contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    }
}

#[tokio::test]
async fn a_cookie_that_comes_along_counts_for_nothing() {
    let site = embedding_site();
    let body = json!({"email": "ana@ngo.example", "name": "Ana", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    let sign_in = json!({"email": "ana@ngo.example", "password": PASSWORD});
    let cookie = site.post(&Who::Nobody, "/api/v1/session", sign_in.clone()).await.expect(200).cookie();
    site.get(&Who::Cookie(cookie.clone()), "/api/v1/me").await.expect(200);
    // A page of a sister site, to which browsers do add the cookie.
    let along = Who::CookieWith(cookie, vec![("sec-fetch-site", "same-site")]);
    let answer = ask(&site, &along, Method::GET, "/api/v1/me", EMBEDDING, Value::Null).await;
    assert_eq!(answer.problem().0, 401);
    // Nor does it get one.
    let answer = ask(&site, &Who::Nobody, Method::POST, "/api/v1/session", EMBEDDING, sign_in).await;
    assert_eq!(answer.problem(), (403, "foreign-origin".into()));
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn the_script_of_the_editor_is_for_every_page() {
    let site = site();
    let answer = site.get(&Who::Nobody, "/embed/plenary-editor.js").await.expect(200);
    assert!(is_open_to(&answer, "*"));
    assert_eq!(answer.headers["cross-origin-resource-policy"], "cross-origin");
    let page = site.get(&Who::Nobody, "/").await.expect(200);
    assert!(!page.headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN));
    assert_eq!(page.headers["cross-origin-resource-policy"], "same-origin");
}

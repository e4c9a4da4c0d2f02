//! Signing in, staying signed in, signing out.

use axum::http::{Method, header};
use plenary_server::auth::{AuthError, Credential, SecretHash};
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, Who, site};

async fn with_ana() -> Site {
    let site = site();
    let body = json!({"email": "Ana@NGO.example", "name": "Ana", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    site
}

async fn sign_in(site: &Site) -> Who {
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    Who::Cookie(site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200).cookie())
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_works_until_signing_out() {
    let site = with_ana().await;
    let body = json!({"email": " ANA@ngo.example", "password": PASSWORD});
    let answer = site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
    let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && set.contains("Path=/;"), "{set}");
    let ana = Who::Cookie(answer.cookie());
    let me = site.get(&ana, "/api/v1/me").await.expect(200);
    assert_eq!(me.text("/user/name"), "Ana");
    assert_eq!(me.text("/user/email"), "ana@ngo.example");
    assert_eq!((&me.json()["groups"], &me.json()["statements"]), (&json!([]), &json!([])));

    let out = site.ask(&ana, Method::DELETE, "/api/v1/session", Value::Null).await.expect(204);
    assert!(out.headers[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem(), (401, "sign-in-needed".into()));
}

#[tokio::test]
async fn on_a_shared_device_the_cookie_goes_when_the_browser_is_closed() {
    let site = with_ana().await;
    for (device, stays) in [("own", true), ("shared", false)] {
        let body = json!({"email": "ana@ngo.example", "password": PASSWORD, "device": device});
        let answer = site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
        let set = answer.headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(set.contains("Max-Age"), stays, "{set}");
        site.get(&Who::Cookie(answer.cookie()), "/api/v1/me").await.expect(200);
    }
}

#[tokio::test]
async fn a_group_without_statements_is_shown_to_its_members() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let me = site.get(&ana, "/api/v1/me").await.expect(200).json();
    assert_eq!(me["groups"], json!([{"id": group, "name": "Valdoria", "role": "drafter"}]));
    assert_eq!(me["statements"], json!([]));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_look_the_same() {
    let site = with_ana().await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("ana@ngo.example", "wrong horse battery"),
        ("nobody@ngo.example", PASSWORD),
        ("not an address", PASSWORD),
        ("ana@ngo.example", ""),
    ] {
        let body = json!({"email": email, "password": password});
        let answer = site.post(&Who::Nobody, "/api/v1/session", body).await;
        assert_eq!(answer.problem(), (401, "wrong-credentials".into()), "{email}");
        assert!(!answer.headers.contains_key(header::SET_COOKIE));
        answers.push(answer.json());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[tokio::test]
async fn guessing_is_slowed_down_and_nobody_is_locked_out() {
    let site = with_ana().await;
    let wrong = json!({"email": "ana@ngo.example", "password": "wrong"});
    let mut tries = 0;
    let refused = loop {
        let answer = site.post(&Who::Nobody, "/api/v1/session", wrong.clone()).await;
        if answer.status == 429 {
            break answer;
        }
        tries += 1;
        assert!(tries < 20, "never slowed down");
    };
    assert_eq!(refused.problem().1, "too-many-tries");
    let wait: u64 = refused.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    site.turn(wait);
    sign_in(&site).await;
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_after_a_week_in_any_case() {
    let site = with_ana().await;
    let idle = sign_in(&site).await;
    site.turn(12 * 3600);
    assert_eq!(site.get(&idle, "/api/v1/me").await.problem().0, 401);

    let used = sign_in(&site).await;
    for _ in 0..16 {
        site.turn(10 * 3600);
        site.get(&used, "/api/v1/me").await.expect(200);
    }
    site.turn(8 * 3600);
    assert_eq!(site.get(&used, "/api/v1/me").await.problem().0, 401);
}

#[tokio::test]
async fn noting_its_use_prolongs_a_session_and_brings_none_back() {
    let site = with_ana().await;
    let ana = sign_in(&site).await;
    let Who::Cookie(cookie) = &ana else { unreachable!("it is a cookie") };
    let hash = SecretHash::of(cookie.split_once('=').unwrap().1);
    site.turn(10 * 3600);
    site.app.directory.note_use(hash).await.unwrap();
    site.turn(10 * 3600);
    site.get(&ana, "/api/v1/me").await.expect(200);
    site.turn(12 * 3600);
    site.app.directory.note_use(hash).await.unwrap();
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);
}

#[tokio::test]
async fn a_cookie_changes_things_only_from_our_own_pages() {
    let site = with_ana().await;
    let Who::Cookie(cookie) = sign_in(&site).await else { unreachable!("it is a cookie") };
    let refused: [&[(&str, &str)]; 5] = [
        &[],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "http://localhost:4600"), ("sec-fetch-site", "same-site")],
    ];
    let before = site.everything().await;
    for headers in refused {
        let who = Who::CookieWith(cookie.clone(), headers.to_vec());
        let answer = site.post(&who, "/api/v1/tokens", json!({})).await;
        assert_eq!(answer.problem(), (403, "foreign-origin".into()), "{headers:?}");
        let answer = site.ask(&who, Method::DELETE, "/api/v1/session", Value::Null).await;
        assert_eq!(answer.problem(), (403, "foreign-origin".into()), "{headers:?}");
        // Looking changes nothing, and other origins cannot read the answer.
        site.get(&who, "/api/v1/me").await.expect(200);
    }
    assert_eq!(site.everything().await, before);
    site.post(&Who::Cookie(cookie), "/api/v1/tokens", json!({})).await.expect(201);
}

#[tokio::test]
async fn another_site_cannot_sign_somebody_in() {
    let site = with_ana().await;
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    for path in ["/api/v1/session", "/api/v1/session/link"] {
        let foreign = Who::CookieWith("a=b".into(), vec![("origin", "http://evil.example")]);
        let body = if path.ends_with("link") { json!({"secret": "s"}) } else { body.clone() };
        assert_eq!(site.post(&foreign, path, body).await.problem(), (403, "foreign-origin".into()));
    }
}

#[tokio::test]
async fn a_sign_in_link_works_once() {
    let site = with_ana().await;
    let made = site
        .post(&Who::Operator, "/api/v1/session/links", json!({"email": "ana@ngo.example"}))
        .await
        .expect(201);
    let secret = made.text("/secret");
    assert_eq!(made.text("/path"), format!("/#sign-in={secret}"));
    let body = json!({"secret": secret});
    let cookie = site.post(&Who::Nobody, "/api/v1/session/link", body.clone()).await.expect(200).cookie();
    site.get(&Who::Cookie(cookie), "/api/v1/me").await.expect(200);
    let again = site.post(&Who::Nobody, "/api/v1/session/link", body).await;
    assert_eq!(again.problem(), (401, "wrong-credentials".into()));
}

#[tokio::test]
async fn a_sign_in_link_ends() {
    let site = with_ana().await;
    for uses in ["once", "until-it-expires"] {
        let body = json!({"email": "ana@ngo.example", "uses": uses, "expires": "1h"});
        let made = site.post(&Who::Operator, "/api/v1/session/links", body).await.expect(201);
        let body = json!({"secret": made.text("/secret")});
        if uses != "once" {
            for _ in 0..3 {
                site.post(&Who::Nobody, "/api/v1/session/link", body.clone()).await.expect(200);
            }
        }
        site.turn(3600);
        assert_eq!(site.post(&Who::Nobody, "/api/v1/session/link", body).await.problem().0, 401);
    }
}

#[tokio::test]
async fn a_token_works_until_it_expires_or_is_revoked() {
    let site = with_ana().await;
    let ana = site.token("ana@ngo.example").await;
    site.get(&ana, "/api/v1/me").await.expect(200);
    site.turn(24 * 3600);
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);

    let ana = site.token("ana@ngo.example").await;
    let id = site.get(&ana, "/api/v1/tokens").await.expect(200).text("/tokens/0/id");
    let ben = site.person("ben").await;
    let path = format!("/api/v1/tokens/{id}");
    assert_eq!(site.ask(&ben, Method::DELETE, &path, Value::Null).await.problem().0, 404);
    site.get(&ana, "/api/v1/me").await.expect(200);
    site.ask(&ana, Method::DELETE, &path, Value::Null).await.expect(204);
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);
}

#[tokio::test]
async fn only_the_operator_makes_tokens_and_links_for_others() {
    let site = with_ana().await;
    let admin = site.administrator().await;
    for path in ["/api/v1/tokens", "/api/v1/session/links"] {
        let answer = site.post(&admin, path, json!({"email": "ana@ngo.example"})).await;
        assert_eq!(answer.problem(), (403, "operator-needed".into()), "{path}");
    }
    // Nor does a token make another one, so that a stolen one ends.
    assert_eq!(site.post(&admin, "/api/v1/tokens", json!({})).await.problem().0, 401);
}

#[tokio::test]
async fn a_new_password_ends_every_sign_in() {
    let site = with_ana().await;
    let (here, there, token) =
        (sign_in(&site).await, sign_in(&site).await, site.token("ana@ngo.example").await);
    let change = |present: &str, new: &str| json!({"present": present, "new": new});
    let path = "/api/v1/me/password";
    let new = "battery staple horse";
    assert_eq!(site.ask(&here, Method::PUT, path, change("wrong", new)).await.problem().0, 401);
    assert_eq!(site.ask(&here, Method::PUT, path, change(PASSWORD, "short")).await.problem().1, "invalid");
    assert_eq!(site.ask(&token, Method::PUT, path, change(PASSWORD, new)).await.problem().0, 401);
    site.get(&there, "/api/v1/me").await.expect(200);

    site.ask(&here, Method::PUT, path, change(PASSWORD, new)).await.expect(204);
    for who in [here, there, token] {
        assert_eq!(site.get(&who, "/api/v1/me").await.problem().0, 401, "{who:?}");
    }
    let body = json!({"email": "ana@ngo.example", "password": new});
    site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
}

#[tokio::test]
async fn who_comes_by_a_link_may_have_forgotten_the_password() {
    let site = with_ana().await;
    let made = site.post(&Who::Operator, "/api/v1/session/links", json!({"email": "ana@ngo.example"})).await;
    let body = json!({"secret": made.text("/secret")});
    let ana = Who::Cookie(site.post(&Who::Nobody, "/api/v1/session/link", body).await.expect(200).cookie());
    let body = json!({"new": "battery staple horse"});
    site.ask(&ana, Method::PUT, "/api/v1/me/password", body).await.expect(204);
    let body = json!({"email": "ana@ngo.example", "password": "battery staple horse"});
    site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
}

#[tokio::test]
async fn a_closed_account_opens_nothing() {
    let site = with_ana().await;
    let admin = site.administrator().await;
    let (cookie, token) = (sign_in(&site).await, site.token("ana@ngo.example").await);
    let id = site.get(&cookie, "/api/v1/me").await.text("/user/id");
    let path = format!("/api/v1/users/{id}");
    assert_eq!(site.ask(&token, Method::PATCH, &path, json!({"closed": true})).await.problem().0, 403);
    site.ask(&admin, Method::PATCH, &path, json!({"closed": true})).await.expect(200);
    for who in [cookie, token] {
        assert_eq!(site.get(&who, "/api/v1/me").await.problem().0, 401, "{who:?}");
    }
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    assert_eq!(site.post(&Who::Nobody, "/api/v1/session", body).await.problem().0, 401);
}

#[tokio::test]
async fn a_ticket_recognises_once_and_for_one_document() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let (one, two) = (site.statement(&group, "One").await, site.statement(&group, "Two").await);
    let drawn = site.post(&ana, "/api/v1/tickets", json!({"document": one.body})).await.expect(201);
    let ticket = Credential::Ticket(drawn.text("/ticket"));
    let identity = site.app.directory.authenticate(ticket.clone()).await.unwrap();
    site.app.directory.access(&identity, one.body.parse().unwrap()).await.unwrap();
    site.app.directory.access(&identity, two.body.parse().unwrap()).await.unwrap_err();
    assert_eq!(site.app.directory.authenticate(ticket).await, Err(AuthError::Invalid));

    // A ticket is worth what it rests on.
    let drawn = site.post(&ana, "/api/v1/tickets", json!({"document": one.body})).await.expect(201);
    let id = site.get(&ana, "/api/v1/tokens").await.text("/tokens/0/id");
    site.ask(&ana, Method::DELETE, &format!("/api/v1/tokens/{id}"), Value::Null).await.expect(204);
    let ticket = Credential::Ticket(drawn.text("/ticket"));
    assert_eq!(site.app.directory.authenticate(ticket).await, Err(AuthError::Invalid));
}

#[tokio::test]
async fn secrets_are_stored_as_hashes_only() {
    let site = with_ana().await;
    let Who::Cookie(cookie) = sign_in(&site).await else { unreachable!("it is a cookie") };
    let Who::Token(token) = site.token("ana@ngo.example").await else { unreachable!("it is a token") };
    let session = cookie.split_once('=').unwrap().1.to_owned();
    for (key, value) in site.everything().await {
        let value = String::from_utf8_lossy(&value).into_owned();
        for secret in [&session, &token, PASSWORD] {
            assert!(!key.contains(secret) && !value.contains(secret), "{key}");
        }
    }
}

//! Where one is signed in, and ending it.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, Who, site};

async fn with_ana() -> Site {
    let site = site();
    let body = json!({"email": "ana@ngo.example", "name": "Ana", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    site
}

async fn sign_in(site: &Site, device: &str, name: Value) -> Who {
    let body =
        json!({"email": "ana@ngo.example", "password": PASSWORD, "device": device, "device_name": name});
    Who::Cookie(site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200).cookie())
}

#[tokio::test]
async fn one_sees_where_one_is_signed_in_and_no_address() {
    let site = with_ana().await;
    let laptop = sign_in(&site, "own", json!("Firefox on Linux")).await;
    site.turn(3 * 3600 + 17);
    let library = sign_in(&site, "shared", Value::Null).await;
    let listed = site.get(&library, "/api/v1/me/sessions").await.expect(200);
    assert!(!String::from_utf8_lossy(&listed.bytes).contains("192.0.2"));
    let listed = listed.json();
    let [present, other] = listed["sessions"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    for (session, is_present, name, device) in
        [(present, true, Value::Null, "shared"), (other, false, json!("Firefox on Linux"), "own")]
    {
        assert_eq!(session["present"], is_present, "{listed}");
        assert_eq!((&session["device_name"], &session["device"]), (&name, &json!(device)), "{listed}");
        assert_eq!((&session["by"], &session["second_factor"]), (&json!("password"), &json!(false)));
        assert_eq!(session["last_used"].as_u64().unwrap() % 60_000, 0);
        assert_eq!(
            session["expires"].as_u64(),
            session["created"].as_u64().map(|made| made + 12 * 3_600_000)
        );
    }
    let mut names: Vec<_> = present.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    let all =
        ["by", "created", "device", "device_name", "expires", "id", "last_used", "present", "second_factor"];
    assert_eq!(names, all);
    // One that is used lasts longer, but never beyond a week.
    site.turn(3600);
    site.get(&laptop, "/api/v1/me").await.expect(200);
    let again = site.get(&library, "/api/v1/me/sessions").await.json();
    let laptop = again["sessions"].as_array().unwrap().iter().find(|one| one["present"] == false).unwrap();
    assert_eq!(laptop["device_name"], "Firefox on Linux");
    assert!(laptop["expires"].as_u64() > other["expires"].as_u64());
}

#[tokio::test]
async fn one_session_is_ended_or_all_others() {
    let site = with_ana().await;
    let here = sign_in(&site, "own", Value::Null).await;
    let others = [sign_in(&site, "own", Value::Null).await, sign_in(&site, "own", Value::Null).await];
    let listed = site.get(&others[0], "/api/v1/me/sessions").await.json();
    let id = listed["sessions"].as_array().unwrap().iter().find(|one| one["present"] == true).unwrap()["id"]
        .clone();
    let path = format!("/api/v1/me/sessions/{}", id.as_str().unwrap());
    site.ask(&here, Method::DELETE, &path, Value::Null).await.expect(204);
    assert_eq!(site.get(&others[0], "/api/v1/me").await.problem().0, 401);
    assert_eq!(site.ask(&here, Method::DELETE, &path, Value::Null).await.problem().0, 404);
    site.get(&others[1], "/api/v1/me").await.expect(200);
    site.ask(&here, Method::DELETE, "/api/v1/me/sessions", Value::Null).await.expect(204);
    assert_eq!(site.get(&others[1], "/api/v1/me").await.problem().0, 401);
    site.get(&here, "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn somebody_elses_session_does_not_exist() {
    let site = with_ana().await;
    let ana = sign_in(&site, "own", Value::Null).await;
    let body = json!({"email": "ben@ngo.example", "name": "Ben", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    let body = json!({"email": "ben@ngo.example", "password": PASSWORD});
    let ben = Who::Cookie(site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200).cookie());
    let id = site.get(&ana, "/api/v1/me/sessions").await.text("/sessions/0/id");
    for (id, status) in [(id.as_str(), 404), ("", 404), ("nothing", 404)] {
        let path = format!("/api/v1/me/sessions/{id}");
        let answer = site.ask(&ben, Method::DELETE, &path, Value::Null).await;
        assert_eq!(answer.problem().0, status, "{path}");
    }
    site.ask(&ben, Method::DELETE, "/api/v1/me/sessions", Value::Null).await.expect(204);
    site.get(&ana, "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_token_neither_sees_nor_ends_sessions() {
    let site = with_ana().await;
    let ana = sign_in(&site, "own", Value::Null).await;
    let token = site.token("ana@ngo.example").await;
    for (method, path) in [
        (Method::GET, "/api/v1/me/sessions"),
        (Method::DELETE, "/api/v1/me/sessions"),
        (Method::GET, "/api/v1/me/second-factor"),
    ] {
        assert_eq!(site.ask(&token, method, path, Value::Null).await.problem().0, 401, "{path}");
    }
    site.get(&ana, "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn signing_in_again_ends_the_session_whose_cookie_it_replaces() {
    let site = with_ana().await;
    let Who::Cookie(first) = sign_in(&site, "own", Value::Null).await else { unreachable!("it is a cookie") };
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    let second = site.post(&Who::Cookie(first.clone()), "/api/v1/session", body).await.expect(200).cookie();
    assert_ne!(first, second);
    assert_eq!(site.get(&Who::Cookie(first), "/api/v1/me").await.problem().0, 401);
    site.get(&Who::Cookie(second), "/api/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_device_has_a_short_name_in_one_line() {
    let site = with_ana().await;
    for name in [json!("x".repeat(41)), json!("two\nlines"), json!("  ")] {
        let body = json!({"email": "ana@ngo.example", "password": PASSWORD, "device_name": name});
        assert_eq!(site.post(&Who::Nobody, "/api/v1/session", body).await.problem(), (422, "invalid".into()));
    }
}

#[tokio::test]
async fn on_a_shared_device_everything_goes_and_on_ones_own_the_mark_stays() {
    let site = with_ana().await;
    for (device, clears) in [("own", false), ("shared", true)] {
        let body = json!({"email": "ana@ngo.example", "password": PASSWORD, "device": device});
        let answer = site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
        assert_eq!(answer.cookies().len(), if clears { 1 } else { 2 }, "{device}");
        let who = Who::Cookie(answer.cookie());
        let out = site.ask(&who, Method::DELETE, "/api/v1/session", Value::Null).await.expect(204);
        assert_eq!(out.headers.contains_key("clear-site-data"), clears, "{device}");
        assert_eq!(out.headers.get_all(header::SET_COOKIE).iter().count(), 1);
    }
}

//! Changing a password, losing it, and what ends with it.

use argon2::{Argon2, password_hash::PasswordHasher};
use axum::{
    http::{Method, header},
    response::IntoResponse,
};
use plenary_server::{
    auth::{Identity, PasswordError},
    directory::{LinkUses, SignIn, SignInBy},
    error::Error,
};
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, Who, site};

const NEW: &str = "battery staple horse";

async fn with_ana() -> Site {
    let site = site();
    let body = json!({"email": "ana@ngo.example", "name": "Ana Marenko", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    site
}

async fn try_password(site: &Site, password: &str) -> u16 {
    let body = json!({"email": "ana@ngo.example", "password": password});
    site.post(&Who::Nobody, "/api/v1/session", body).await.status.as_u16()
}

async fn sign_in(site: &Site) -> Who {
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    Who::Cookie(site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200).cookie())
}

async fn id(site: &Site) -> String {
    let users = site.get(&Who::Operator, "/api/v1/users").await.json();
    let ana = users["users"].as_array().unwrap().iter().find(|user| user["email"] == "ana@ngo.example");
    ana.unwrap()["id"].as_str().unwrap().to_owned()
}

/// The secret of a reset link.
async fn reset_link(site: &Site, expires: &str) -> String {
    let path = format!("/api/v1/users/{}/reset-links", id(site).await);
    let made = site.post(&Who::Operator, &path, json!({"expires": expires})).await.expect(201);
    assert_eq!(made.text("/path"), format!("/#reset={}", made.text("/secret")));
    made.text("/secret")
}

async fn reset(site: &Site, secret: &str, new: &str) -> (u16, String) {
    let answer =
        site.post(&Who::Nobody, "/api/v1/password-reset", json!({"secret": secret, "new": new})).await;
    assert!(!answer.headers.contains_key(header::SET_COOKIE));
    if answer.status == 204 { (204, String::new()) } else { answer.problem() }
}

#[tokio::test]
async fn a_changed_password_goes_on_in_this_session_under_another_cookie() {
    let site = with_ana().await;
    let (here, there) = (sign_in(&site).await, sign_in(&site).await);
    let body = json!({"present": PASSWORD, "new": NEW});
    let answer = site.ask(&here, Method::PUT, "/api/v1/me/password", body).await.expect(204);
    let renewed = Who::Cookie(answer.cookie());
    for who in [&here, &there] {
        assert_eq!(site.get(who, "/api/v1/me").await.problem().0, 401);
    }
    site.get(&renewed, "/api/v1/me").await.expect(200);
    // It does not last longer for it.
    for _ in 0..16 {
        site.turn(10 * 3600);
        site.get(&renewed, "/api/v1/me").await.expect(200);
    }
    site.turn(8 * 3600);
    assert_eq!(site.get(&renewed, "/api/v1/me").await.problem().0, 401);
}

#[tokio::test]
async fn what_was_being_made_while_the_password_changed_is_worth_nothing() {
    let site = with_ana().await;
    let ana = sign_in(&site).await;
    // Somebody whose password was just found to fit, before the change is stored.
    let before = site.app.directory.user(id(&site).await.parse().unwrap()).await.unwrap().unwrap();
    let make_link = async || {
        let (operator, once) = (Identity::operator(), LinkUses::Once);
        site.app.directory.create_link(&operator, &before, once, "1h".parse().unwrap()).await.unwrap()
    };
    let link = make_link().await;
    let half = site.app.directory.begin_half_session(&before, SignIn::by(SignInBy::Password)).unwrap();
    let body = json!({"present": PASSWORD, "new": NEW});
    site.ask(&ana, Method::PUT, "/api/v1/me/password", body).await.expect(204);

    let session = site.app.directory.open_session(&before, SignIn::by(SignInBy::Password)).await.unwrap();
    let session = Who::Cookie(format!("plenary-development-http={session}"));
    assert_eq!(site.get(&session, "/api/v1/me").await.problem().0, 401);
    for secret in [link, make_link().await] {
        let answer = site.post(&Who::Nobody, "/api/v1/session/link", json!({"secret": secret})).await;
        assert_eq!(answer.problem().0, 401);
    }
    assert_eq!(site.app.directory.half_session(&half).await.unwrap(), None);
}

#[tokio::test]
async fn no_token_survives_a_change_of_password_that_it_was_made_beside() {
    let site = with_ana().await;
    for _ in 0..3 {
        let ana = sign_in(&site).await;
        let body = json!({"present": PASSWORD, "new": PASSWORD});
        let change = site.ask(&ana, Method::PUT, "/api/v1/me/password", body);
        let make = async {
            let mut made = Vec::new();
            loop {
                let answer = site.post(&ana, "/api/v1/tokens", json!({})).await;
                if answer.status != 201 {
                    return made;
                }
                made.push(Who::Token(answer.text("/token")));
                tokio::task::yield_now().await;
            }
        };
        let (changed, made) = futures_util::future::join(change, make).await;
        changed.expect(204);
        assert!(!made.is_empty());
        for token in made {
            assert_eq!(site.get(&token, "/api/v1/me").await.problem().0, 401);
        }
    }
}

#[tokio::test]
async fn a_password_has_to_be_something_of_ones_own() {
    let site = with_ana().await;
    let ana = sign_in(&site).await;
    for obvious in ["ana@ngo.example", "Ana Marenko", "plenaryplenary", "marenkomarenko1"] {
        let body = json!({"present": PASSWORD, "new": obvious});
        let answer = site.ask(&ana, Method::PUT, "/api/v1/me/password", body).await;
        assert_eq!(answer.problem(), (422, "invalid".into()), "{obvious}");
        let body = json!({"email": "ana@ngo.example", "name": "Ana Marenko", "password": obvious});
        // The rules come before the address being taken.
        assert_eq!(site.post(&Who::Operator, "/api/v1/users", body).await.problem().0, 422, "{obvious}");
        site.turn(3600);
        site.get(&ana, "/api/v1/me").await.expect(200);
    }
}

#[tokio::test]
async fn a_password_hashed_as_of_old_is_hashed_anew_when_it_is_next_typed() {
    let site = with_ana().await;
    let key = format!("user/{}", id(&site).await);
    let stored = async || site.app.cells.get(&key).await.unwrap().unwrap();
    let mut user: Value = serde_json::from_slice(&stored().await.value).unwrap();
    let params = argon2::Params::new(8, 1, 1, None).unwrap();
    let of_old = Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let old = &of_old.hash_password(PASSWORD.as_bytes()).unwrap().to_string();
    user["password"] = json!(old);
    let change = plenary_storage::CellChange::Put { key: key.clone(), value: user.to_string().into() };
    site.app.cells.commit(vec![change], Vec::new()).await.unwrap();
    assert_eq!(try_password(&site, "wrong horse battery").await, 401);
    assert!(String::from_utf8_lossy(&stored().await.value).contains(old));
    assert_eq!(try_password(&site, PASSWORD).await, 200);
    let renewed = String::from_utf8_lossy(&stored().await.value).into_owned();
    assert!(renewed.contains("$argon2id$v=19$m=65536,t=3,p=1$"), "{renewed}");
    assert_eq!(try_password(&site, PASSWORD).await, 200);
}

#[tokio::test]
async fn a_reset_link_sets_a_password_once_and_ends_every_sign_in() {
    let site = with_ana().await;
    let (ana, token) = (sign_in(&site).await, site.token("ana@ngo.example").await);
    let secret = reset_link(&site, "24h").await;
    // A password that is refused leaves the link as it was.
    assert_eq!(reset(&site, &secret, "short").await, (422, "invalid".into()));
    site.get(&ana, "/api/v1/me").await.expect(200);
    assert_eq!(reset(&site, &secret, NEW).await.0, 204);
    for who in [&ana, &token] {
        assert_eq!(site.get(who, "/api/v1/me").await.problem().0, 401);
    }
    assert_eq!(try_password(&site, PASSWORD).await, 401);
    assert_eq!(try_password(&site, NEW).await, 200);
    assert_eq!(reset(&site, &secret, "another staple horse").await, (401, "wrong-credentials".into()));
    let log = site.get(&Who::Operator, "/api/v1/audit").await.expect(200);
    let log = String::from_utf8_lossy(&log.bytes).into_owned();
    for word in ["reset-link-created", "password-reset"] {
        assert!(log.contains(word), "{log}");
    }
    assert!(!log.contains(&secret));
}

#[tokio::test]
async fn a_reset_link_ends_with_time_with_another_one_and_with_a_change_of_password() {
    let site = with_ana().await;
    let refused = (401, "wrong-credentials".to_owned());
    let late = reset_link(&site, "24h").await;
    site.turn(24 * 3600);
    assert_eq!(reset(&site, &late, NEW).await, refused);
    let first = reset_link(&site, "1h").await;
    let second = reset_link(&site, "1h").await;
    assert_eq!(reset(&site, &first, NEW).await, refused);
    let ana = sign_in(&site).await;
    let body = json!({"present": PASSWORD, "new": NEW});
    site.ask(&ana, Method::PUT, "/api/v1/me/password", body).await.expect(204);
    assert_eq!(reset(&site, &second, "another staple horse").await, refused);
    assert_eq!(reset(&site, "nonsense", NEW).await, refused);

    let path = format!("/api/v1/users/{}/reset-links", id(&site).await);
    for expires in ["8d", "0s"] {
        let answer = site.post(&Who::Operator, &path, json!({"expires": expires})).await;
        assert_eq!(answer.problem(), (422, "invalid".into()), "{expires}");
    }
}

#[tokio::test]
async fn a_closed_account_is_not_reset() {
    let site = with_ana().await;
    let path = format!("/api/v1/users/{}", id(&site).await);
    let close = async |closed: bool| {
        site.ask(&Who::Operator, Method::PATCH, &path, json!({"closed": closed})).await.expect(200);
    };
    let before = reset_link(&site, "24h").await;
    close(true).await;
    let during = reset_link(&site, "24h").await;
    for secret in [&before, &during] {
        assert_eq!(reset(&site, secret, NEW).await.0, 401);
    }
    close(false).await;
    for secret in [&before, &during] {
        assert_eq!(reset(&site, secret, NEW).await.0, 401);
    }
    assert_eq!(try_password(&site, PASSWORD).await, 200);
}

#[tokio::test]
async fn only_administrators_make_reset_links() {
    let site = with_ana().await;
    let (ana, admin) = (sign_in(&site).await, site.administrator().await);
    let path = format!("/api/v1/users/{}/reset-links", id(&site).await);
    assert_eq!(site.post(&ana, &path, json!({})).await.problem().0, 403);
    site.post(&admin, &path, json!({})).await.expect(201);
    let nobody = "/api/v1/users/01a20193-0000-7000-8000-000000000000/reset-links";
    assert_eq!(site.post(&admin, nobody, json!({})).await.problem().0, 404);
}

#[tokio::test]
async fn one_use_is_one_use_also_for_two_at_once() {
    let site = with_ana().await;
    let secret = reset_link(&site, "24h").await;
    let tries = ["battery staple horse", "another staple horse"].map(|new| reset(&site, &secret, new));
    let [first, second] = futures_util::future::join_all(tries).await.try_into().unwrap();
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert!(matches!(statuses, [204, 401 | 409]), "{statuses:?}");
}

#[tokio::test]
async fn new_rights_begin_with_a_new_sign_in() {
    let site = with_ana().await;
    let admin = site.administrator().await;
    let path = format!("/api/v1/users/{}", id(&site).await);
    for administrator in [true, false] {
        let ana = sign_in(&site).await;
        let body = json!({"administrator": administrator});
        let changed = site.ask(&admin, Method::PATCH, &path, body.clone()).await.expect(200).json();
        assert_eq!(changed["administrator"], administrator);
        assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);
        // What is so already ends nothing.
        let ana = sign_in(&site).await;
        site.ask(&admin, Method::PATCH, &path, body).await.expect(200);
        site.get(&ana, "/api/v1/me").await.expect(200);
        let users = site.get(&ana, "/api/v1/users").await.status.as_u16();
        assert_eq!(users, if administrator { 200 } else { 403 });
    }
}

#[tokio::test]
async fn strangers_who_fail_keep_nobody_waiting_on_a_device_of_theirs() {
    let site = with_ana().await;
    let body = |password: &str| json!({"email": "ana@ngo.example", "password": password});
    let answer = site.post(&Who::Nobody, "/api/v1/session", body(PASSWORD)).await.expect(200);
    let mark =
        answer.cookies().into_iter().find(|cookie| cookie.starts_with("plenary-development-http-device="));
    let own_page = vec![("origin", "http://localhost:4600")];
    let laptop = Who::CookieWith(mark.unwrap(), own_page.clone());
    while site.post(&Who::Nobody, "/api/v1/session", body("wrong horse battery")).await.status != 429 {}
    assert_eq!(site.post(&Who::Nobody, "/api/v1/session", body(PASSWORD)).await.problem().0, 429);
    let answer = site.post(&laptop, "/api/v1/session", body(PASSWORD)).await.expect(200);
    // It is known already, and the waiting of others is not over for it.
    assert_eq!(answer.cookies().len(), 1);
    assert_eq!(site.post(&Who::Nobody, "/api/v1/session", body(PASSWORD)).await.problem().0, 429);
    // A mark is worth something for its own account only.
    let other = json!({"email": "ben@ngo.example", "name": "Ben", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", other).await.expect(201);
    let ben = json!({"email": "ben@ngo.example", "password": "wrong horse battery"});
    while site.post(&Who::Nobody, "/api/v1/session", ben.clone()).await.status != 429 {}
    assert_eq!(site.post(&laptop, "/api/v1/session", ben).await.problem().0, 429);
    // And on the device one's own failures count.
    let mut waits = false;
    for _ in 0..8 {
        waits |= site.post(&laptop, "/api/v1/session", body("wrong horse battery")).await.status == 429;
    }
    assert!(waits);
}

#[tokio::test]
async fn a_crowd_that_signs_in_is_told_to_come_back() {
    let answer = Error::from(PasswordError::Busy).into_response();
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "2");
}

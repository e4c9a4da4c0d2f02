//! A second factor: setting it up, showing codes, losing the device, and being asked for one.

use axum::http::{Method, header};
use plenary_server::{
    auth::{Credential, TotpSecret},
    config::{Config, SecondFactorRule},
    directory::HALF_SESSION_MS,
};
use serde_json::{Value, json};

use crate::site::{Answer, PASSWORD, Site, Who, site, site_with};

/// Somebody with an account and a second factor, and what their device knows.
struct Enrolled {
    site: Site,
    ana: Who,
    device: TotpSecret,
    recovery_codes: Vec<String>,
}

async fn with_ana(site: Site) -> Site {
    let body = json!({"email": "ana@ngo.example", "name": "Ana", "password": PASSWORD});
    site.post(&Who::Operator, "/api/v1/users", body).await.expect(201);
    site
}

async fn password(site: &Site) -> Answer {
    let body = json!({"email": "ana@ngo.example", "password": PASSWORD});
    site.post(&Who::Nobody, "/api/v1/session", body).await
}

async fn code(site: &Site, half: &str, code: &str) -> Answer {
    site.post(&Who::Nobody, "/api/v1/session/second-factor", json!({"half_session": half, "code": code}))
        .await
}

fn now(device: &TotpSecret, site: &Site) -> String {
    device.code_at(site.clock.now_ms())
}

/// Turns the second factor on in this session; what the device knows, and the answer to the first code.
async fn enrol(site: &Site, who: &Who) -> (TotpSecret, Answer) {
    let begun = site.post(who, "/api/v1/me/second-factor", json!({})).await.expect(201);
    let device = TotpSecret::read(&begun.text("/secret")).unwrap();
    assert_eq!(begun.text("/uri"), device.uri("ana@ngo.example"));
    let body = json!({"code": now(&device, site)});
    let answer = site.post(who, "/api/v1/me/second-factor/confirm", body).await.expect(200);
    (device, answer)
}

async fn enrolled() -> Enrolled {
    let site = with_ana(site()).await;
    let ana = Who::Cookie(password(&site).await.expect(200).cookie());
    let (device, answer) = enrol(&site, &ana).await;
    let recovery_codes: Vec<String> =
        serde_json::from_value(answer.json()["recovery_codes"].clone()).unwrap();
    assert_eq!(recovery_codes.len(), 10);
    Enrolled { ana: Who::Cookie(answer.cookie()), site, device, recovery_codes }
}

#[tokio::test]
async fn a_code_is_asked_for_after_the_password_and_counts_once() {
    let Enrolled { site, device, .. } = enrolled().await;
    let half = password(&site).await.expect(202);
    assert!(!half.headers.contains_key(header::SET_COOKIE));
    assert_eq!(half.json()["expires_in_ms"], HALF_SESSION_MS);
    let half = half.text("/half_session");
    // The code that set it up, again.
    assert_eq!(code(&site, &half, &now(&device, &site)).await.problem(), (401, "wrong-code".into()));
    site.turn(30);
    let shown = now(&device, &site);
    let answer = code(&site, &half, &shown).await.expect(200);
    assert_eq!(answer.json()["user"]["second_factor"], true);
    let ana = Who::Cookie(answer.cookie());
    site.get(&ana, "/api/v1/me").await.expect(200);
    // Neither the half session nor the code opens anything else.
    assert_eq!(code(&site, &half, &shown).await.problem(), (401, "wrong-credentials".into()));
    let half = password(&site).await.expect(202).text("/half_session");
    assert_eq!(code(&site, &half, &shown).await.problem(), (401, "wrong-code".into()));
    site.turn(30);
    code(&site, &half, &now(&device, &site)).await.expect(200);
}

#[tokio::test]
async fn a_half_session_opens_nothing() {
    let Enrolled { site, .. } = enrolled().await;
    let half = password(&site).await.expect(202).text("/half_session");
    for who in [Who::Token(half.clone()), Who::Cookie(format!("plenary-development-http={half}"))] {
        for path in ["/api/v1/me", "/api/v1/me/sessions", "/api/v1/me/second-factor", "/api/v1/tokens"] {
            assert_eq!(site.get(&who, path).await.problem().0, 401, "{path}");
        }
        let body = json!({"code": "123456"});
        assert_eq!(site.post(&who, "/api/v1/me/second-factor/confirm", body).await.problem().0, 401);
    }
    site.app.directory.authenticate(Credential::Ticket(half)).await.unwrap_err();
}

#[tokio::test]
async fn codes_cannot_be_guessed_in_a_row() {
    let Enrolled { site, device, .. } = enrolled().await;
    site.turn(30);
    let half = password(&site).await.expect(202).text("/half_session");
    for _ in 0..5 {
        assert_eq!(code(&site, &half, "000000").await.problem().1, "wrong-code");
    }
    assert_eq!(code(&site, &half, &now(&device, &site)).await.problem().1, "wrong-credentials");
    let half = password(&site).await.expect(202).text("/half_session");
    let slowed = code(&site, &half, &now(&device, &site)).await;
    assert_eq!(slowed.problem(), (429, "too-many-tries".into()));
    let wait: u64 = slowed.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    site.turn(wait);
    code(&site, &half, &now(&device, &site)).await.expect(200);
}

#[tokio::test]
async fn two_at_once_cannot_use_one_code() {
    let Enrolled { site, device, .. } = enrolled().await;
    site.turn(30);
    let mut halves = Vec::new();
    for _ in 0..4 {
        halves.push(password(&site).await.expect(202).text("/half_session"));
    }
    let shown = now(&device, &site);
    let tries = halves.iter().map(|half| code(&site, half, &shown));
    let answers = futures_util::future::join_all(tries).await;
    let signed_in = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(signed_in, 1, "{answers:?}");
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_a_code_once() {
    let Enrolled { site, ana, recovery_codes, .. } = enrolled().await;
    let left = async || site.get(&ana, "/api/v1/me/second-factor").await.expect(200).json();
    assert_eq!((&left().await["on"], &left().await["recovery_codes_left"]), (&json!(true), &json!(10)));
    let half = password(&site).await.expect(202).text("/half_session");
    code(&site, &half, &recovery_codes[3].to_uppercase()).await.expect(200);
    assert_eq!(left().await["recovery_codes_left"], 9);
    let half = password(&site).await.expect(202).text("/half_session");
    assert_eq!(code(&site, &half, &recovery_codes[3]).await.problem().1, "wrong-code");
    code(&site, &half, &recovery_codes[4]).await.expect(200);

    let path = "/api/v1/me/second-factor/recovery-codes";
    assert_eq!(site.post(&ana, path, json!({})).await.problem(), (403, "proof-needed".into()));
    let renewed = site.post(&ana, path, json!({"password": PASSWORD})).await.expect(200).json();
    assert_eq!(left().await["recovery_codes_left"], 10);
    let half = password(&site).await.expect(202).text("/half_session");
    assert_eq!(code(&site, &half, &recovery_codes[5]).await.problem().1, "wrong-code");
    code(&site, &half, renewed["recovery_codes"][0].as_str().unwrap()).await.expect(200);
}

#[tokio::test]
async fn turning_it_on_ends_what_was_signed_in_without_it() {
    let site = with_ana(site()).await;
    let (here, there) = (password(&site).await.cookie(), password(&site).await.cookie());
    let (here, there) = (Who::Cookie(here), Who::Cookie(there));
    let token = site.post(&here, "/api/v1/tokens", json!({})).await.expect(201).text("/token");
    let (_, answer) = enrol(&site, &here).await;
    for who in [&here, &there, &Who::Token(token)] {
        assert_eq!(site.get(who, "/api/v1/me").await.problem().0, 401, "{who:?}");
    }
    let here = Who::Cookie(answer.cookie());
    let sessions = site.get(&here, "/api/v1/me/sessions").await.expect(200).json();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(sessions["sessions"][0]["second_factor"], true);
    let again = site.post(&here, "/api/v1/me/second-factor", json!({"password": PASSWORD})).await;
    assert_eq!(again.problem(), (409, "second-factor-on".into()));
}

#[tokio::test]
async fn setting_one_up_asks_who_it_is_and_for_a_first_code() {
    let site = with_ana(site()).await;
    let ana = Who::Cookie(password(&site).await.cookie());
    let (path, confirm) = ("/api/v1/me/second-factor", "/api/v1/me/second-factor/confirm");
    let none = site.post(&ana, confirm, json!({"code": "123456"})).await;
    assert_eq!(none.problem(), (401, "wrong-code".into()));
    site.turn(15 * 60);
    assert_eq!(site.post(&ana, path, json!({})).await.problem(), (403, "proof-needed".into()));
    let wrong = site.post(&ana, path, json!({"password": "wrong"})).await;
    assert_eq!(wrong.problem(), (401, "wrong-credentials".into()));
    let begun = site.post(&ana, path, json!({"password": PASSWORD})).await.expect(201);
    let device = TotpSecret::read(&begun.text("/secret")).unwrap();
    let wrong = site.post(&ana, confirm, json!({"code": "000000"})).await;
    assert_eq!(wrong.problem(), (401, "wrong-code".into()));
    assert_eq!(site.get(&ana, path).await.json()["on"], false);
    site.turn(15 * 60);
    let late = site.post(&ana, confirm, json!({"code": now(&device, &site)})).await;
    assert_eq!(late.problem(), (401, "wrong-code".into()));
    // Nothing has changed by all this.
    password(&site).await.expect(200);
}

#[tokio::test]
async fn a_stolen_session_cannot_try_out_passwords() {
    let site = with_ana(site()).await;
    let ana = Who::Cookie(password(&site).await.cookie());
    site.turn(15 * 60);
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(
            site.post(&ana, "/api/v1/me/second-factor", json!({"password": "wrong"})).await.problem().0,
        );
    }
    assert_eq!(answers, [401, 401, 401, 401, 401, 429]);
    let body = json!({"present": "wrong", "new": "battery staple horse"});
    assert_eq!(site.ask(&ana, Method::PUT, "/api/v1/me/password", body).await.problem().0, 429);
}

#[tokio::test]
async fn turning_it_off_asks_for_the_password_or_a_code() {
    let off = "/api/v1/me/second-factor/off";
    for with_code in [true, false] {
        let Enrolled { site, ana, device, .. } = enrolled().await;
        site.turn(30);
        assert_eq!(site.post(&ana, off, json!({})).await.problem().1, "proof-needed");
        assert_eq!(site.post(&ana, off, json!({"code": "000000"})).await.problem().1, "wrong-code");
        let proof =
            if with_code { json!({"code": now(&device, &site)}) } else { json!({"password": PASSWORD}) };
        let answer = site.post(&ana, off, proof.clone()).await.expect(200);
        assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);
        let ana = Who::Cookie(answer.cookie());
        assert_eq!(site.get(&ana, "/api/v1/me/second-factor").await.json()["on"], false);
        let again = site.post(&ana, off, json!({"password": PASSWORD})).await;
        assert_eq!(again.problem(), (409, "second-factor-off".into()));
        password(&site).await.expect(200);
    }
}

#[tokio::test]
async fn a_link_does_not_get_around_it() {
    let Enrolled { site, device, .. } = enrolled().await;
    let made = site.post(&Who::Operator, "/api/v1/session/links", json!({"email": "ana@ngo.example"})).await;
    let body = json!({"secret": made.expect(201).text("/secret")});
    let half = site.post(&Who::Nobody, "/api/v1/session/link", body).await.expect(202).text("/half_session");
    site.turn(30);
    code(&site, &half, &now(&device, &site)).await.expect(200);
}

#[tokio::test]
async fn only_an_administrator_clears_it_and_that_ends_all() {
    let Enrolled { site, ana, .. } = enrolled().await;
    let admin = site.administrator().await;
    let id = site.get(&ana, "/api/v1/me").await.text("/user/id");
    let path = format!("/api/v1/users/{id}/second-factor");
    assert_eq!(site.ask(&ana, Method::DELETE, &path, Value::Null).await.problem().0, 403);
    let cleared = site.ask(&admin, Method::DELETE, &path, Value::Null).await.expect(200).json();
    assert_eq!(cleared["second_factor"], false);
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem().0, 401);
    password(&site).await.expect(200);
    let again = site.ask(&admin, Method::DELETE, &path, Value::Null).await;
    assert_eq!(again.problem(), (409, "second-factor-off".into()));
}

#[tokio::test]
async fn who_is_asked_for_one_can_set_it_up_and_nothing_else() {
    let config = |rule| Config { require_second_factor: rule, ..Config::default() };
    let site = with_ana(site_with(config(SecondFactorRule::Coordinators))).await;
    let answer = password(&site).await.expect(200);
    assert_eq!(answer.json()["must_enrol"], false);
    let ana = Who::Cookie(answer.cookie());
    let own = site.post(&ana, "/api/v1/tokens", json!({})).await.expect(201).text("/token");
    let (own, made_for) = (Who::Token(own), site.token("ana@ngo.example").await);
    let group = site.group("Valdoria").await;
    let members = format!("/api/v1/groups/{group}/members");
    let body = json!({"email": "ana@ngo.example", "role": "coordinator"});
    site.post(&Who::Operator, &members, body).await.expect(201);

    let described = site.get(&Who::Nobody, "/api/openapi.json").await.json();
    let open = ["/me/second-factor", "/session"];
    let mut asked = 0;
    for (path, item) in described["paths"].as_object().unwrap() {
        let Some(rest) = path.strip_prefix("/api/v1") else { continue };
        for (method, operation) in item.as_object().unwrap() {
            let is_open =
                operation["security"] == json!([{}]) || open.iter().any(|open| rest.starts_with(open));
            if is_open {
                continue;
            }
            let filled = path.replace(['{', '}'], "");
            let method: Method = method.to_uppercase().parse().unwrap();
            for who in [&ana, &own] {
                let answer = site.ask(who, method.clone(), &filled, Value::Null).await;
                let expected = (403, "second-factor-required".to_owned());
                assert_eq!(answer.problem(), expected, "{method} {path} {who:?}");
            }
            asked += 1;
        }
    }
    assert!(asked > 20, "{asked}");
    // Whoever has the data directory knows what they do.
    site.get(&made_for, "/api/v1/me").await.expect(200);
    assert_eq!(password(&site).await.json()["must_enrol"], true);
    assert_eq!(site.get(&ana, "/api/v1/me/second-factor").await.expect(200).json()["required"], true);
    let (_, answer) = enrol(&site, &ana).await;
    let ana = Who::Cookie(answer.cookie());
    site.get(&ana, "/api/v1/me").await.expect(200);
    // And back.
    let body = json!({"password": PASSWORD});
    let ana = Who::Cookie(site.post(&ana, "/api/v1/me/second-factor/off", body).await.expect(200).cookie());
    assert_eq!(site.get(&ana, "/api/v1/me").await.problem().1, "second-factor-required");
    site.ask(&ana, Method::DELETE, "/api/v1/session", Value::Null).await.expect(204);
    assert_eq!(site.get(&ana, "/api/v1/me/second-factor").await.problem().0, 401);

    for (rule, is_asked) in [(SecondFactorRule::None, false), (SecondFactorRule::All, true)] {
        let site = with_ana(site_with(config(rule))).await;
        assert_eq!(password(&site).await.expect(200).json()["must_enrol"], is_asked);
    }
}

#[tokio::test]
async fn administrators_are_asked_as_coordinators_are() {
    let config = Config { require_second_factor: SecondFactorRule::Coordinators, ..Config::default() };
    let site = with_ana(site_with(config)).await;
    let body = json!({"email": "root@ngo.example", "name": "Root", "password": "battery staple horse"});
    site.post(&Who::Operator, "/api/v1/instance", body.clone()).await.expect(201);
    let body = json!({"email": "root@ngo.example", "password": "battery staple horse"});
    let answer = site.post(&Who::Nobody, "/api/v1/session", body).await.expect(200);
    assert_eq!(answer.json()["must_enrol"], true);
    let root = Who::Cookie(answer.cookie());
    assert_eq!(site.get(&root, "/api/v1/users").await.problem().1, "second-factor-required");
}

#[tokio::test]
async fn what_is_noted_has_no_code_and_no_secret_in_it() {
    let Enrolled { site, ana, device, recovery_codes } = enrolled().await;
    let half = password(&site).await.expect(202).text("/half_session");
    code(&site, &half, "000000").await;
    code(&site, &half, &recovery_codes[0]).await.expect(200);
    let Who::Cookie(cookie) = &ana else { unreachable!("it is a cookie") };
    let session = cookie.split_once('=').unwrap().1;
    let mut noted = String::new();
    for (key, value) in site.everything().await {
        let value = String::from_utf8_lossy(&value).into_owned();
        for secret in
            recovery_codes.iter().map(|code| code.replace('-', "")).chain([half.clone(), session.into()])
        {
            assert!(!key.contains(&secret) && !value.contains(&secret), "{key}");
        }
        assert!(!value.contains(&device.text()) || key.starts_with("second-factor/"), "{key}");
        if key.starts_with("audit/instance/") {
            noted += &value;
        }
    }
    for action in ["signed-in", "second-factor-enabled", "second-factor-failed", "recovery-code-used"] {
        assert!(noted.contains(&format!("\"{action}\"")), "{action} in {noted}");
    }
}

//! Invitations: who makes them, whom they bring in, and when they no longer do.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::site::{Answer, PASSWORD, Site, Who, site};

const ACCEPT: &str = "/api/v1/invitations/accept";
const LOOK: &str = "/api/v1/invitations/look";

fn newcomer(name: &str) -> Value {
    json!({"name": name, "email": format!("{name}@ngo.example"), "password": PASSWORD})
}

/// A group with a coordinator.
async fn group(site: &Site) -> (String, Who) {
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    (group, ilse)
}

async fn invite(site: &Site, who: &Who, group: &str, body: Value) -> Answer {
    site.post(who, &format!("/api/v1/groups/{group}/invitations"), body).await
}

async fn states(site: &Site, group: &str) -> Vec<String> {
    let list = site.get(&Who::Operator, &format!("/api/v1/groups/{group}/invitations")).await.json();
    list["invitations"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().into()).collect()
}

async fn role_of(site: &Site, group: &str, email: &str) -> Option<String> {
    let list = site.get(&Who::Operator, &format!("/api/v1/groups/{group}/members")).await.json();
    let members = list["members"].as_array().unwrap().iter();
    let mut found = members.filter(|one| one["user"]["email"] == email);
    found.next().map(|one| one["role"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_newcomer_gets_an_account_a_place_and_a_sign_in_in_one_step() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let made = invite(&site, &ilse, &group, json!({"role": "drafter"})).await.expect(201);
    let secret = made.text("/secret");
    assert_eq!(made.text("/path"), format!("/#invitation={secret}"));
    assert_eq!(
        made.json()["expires"].as_u64().unwrap() - made.json()["created"].as_u64().unwrap(),
        72 * 3_600_000
    );
    let stored = site.everything().await;
    assert!(
        !stored.iter().any(|(key, value)| {
            key.contains(&secret) || String::from_utf8_lossy(value).contains(&secret)
        })
    );

    // Looking at it, however often, changes nothing.
    let offer = json!({
        "group": {"id": group, "name": "Valdoria"}, "role": "drafter", "inviter": "ilse",
        "is_for_one_address": false, "expires": made.json()["expires"],
    });
    for _ in 0..3 {
        let looked = site.post(&Who::Nobody, LOOK, json!({"secret": secret})).await.expect(200);
        assert_eq!(looked.json(), offer);
    }
    assert_eq!(site.get(&Who::Nobody, "/").await.status, 200);
    assert_eq!(site.everything().await, stored);

    let body = json!({"secret": secret, "newcomer": newcomer("nadia")});
    let accepted = site.post(&Who::Nobody, ACCEPT, body.clone()).await.expect(200);
    assert_eq!((accepted.text("/role"), accepted.text("/group/id")), ("drafter".into(), group.clone()));
    let nadia = Who::Cookie(accepted.cookie());
    let me = site.get(&nadia, "/api/v1/me").await.expect(200);
    assert_eq!((me.text("/user/name"), me.text("/groups/0/role")), ("nadia".into(), "drafter".into()));
    let sign_in = json!({"email": "nadia@ngo.example", "password": PASSWORD});
    site.post(&Who::Nobody, "/api/v1/session", sign_in).await.expect(200);

    // Once is once.
    let again = json!({"secret": secret, "newcomer": newcomer("second")});
    let before = site.everything().await;
    assert_eq!(site.post(&Who::Nobody, ACCEPT, again).await.problem(), (410, "link-over".into()));
    assert_eq!(site.everything().await, before);
    assert_eq!(states(&site, &group).await, ["used-up"]);
}

#[tokio::test]
async fn somebody_with_an_account_joins_with_it() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let ana = site.person("ana").await;
    let secret = invite(&site, &ilse, &group, json!({"role": "commenter"})).await.expect(201).text("/secret");
    let before = site.everything().await;
    let both = json!({"secret": secret, "newcomer": newcomer("nadia")});
    assert_eq!(site.post(&ana, ACCEPT, both).await.problem(), (409, "signed-in".into()));
    let body = json!({"secret": secret});
    assert_eq!(site.post(&Who::Nobody, ACCEPT, body.clone()).await.problem(), (401, "sign-in-needed".into()));
    assert_eq!(
        site.post(&Who::Operator, ACCEPT, body.clone()).await.problem(),
        (403, "account-needed".into())
    );
    // A member uses nothing up.
    assert_eq!(site.post(&ilse, ACCEPT, body.clone()).await.problem(), (409, "already-member".into()));
    assert_eq!(site.everything().await, before);
    let accepted = site.post(&ana, ACCEPT, body).await.expect(200);
    assert!(accepted.headers.get(header::SET_COOKIE).is_none());
    assert_eq!(role_of(&site, &group, "ana@ngo.example").await.as_deref(), Some("commenter"));
}

#[tokio::test]
async fn nobody_gives_more_than_they_may() {
    let site = site();
    let admin = site.administrator().await;
    let (group, ilse) = group(&site).await;
    for role in ["coordinator", "drafter", "commenter", "observer"] {
        invite(&site, &ilse, &group, json!({"role": role})).await.expect(201);
        let by_admin = invite(&site, &admin, &group, json!({"role": role})).await;
        if role == "coordinator" {
            assert_eq!(by_admin.problem(), (422, "invalid".into()));
        } else {
            by_admin.expect(201);
        }
    }
    for role in ["drafter", "commenter", "observer"] {
        let who = site.member(&group, role, role).await;
        let refused = invite(&site, &who, &group, json!({"role": "observer"})).await;
        assert_eq!(refused.problem(), (403, "role".into()), "{role}");
        let list = site.get(&who, &format!("/api/v1/groups/{group}/invitations")).await;
        assert_eq!(list.problem(), (403, "role".into()), "{role}");
    }
}

#[tokio::test]
async fn an_invitation_dies_with_the_right_of_whoever_made_it() {
    let site = site();
    let (group, _) = group(&site).await;
    let ben = site.member(&group, "ben", "coordinator").await;
    let user = site.get(&ben, "/api/v1/me").await.text("/user/id");
    let place = format!("/api/v1/groups/{group}/members/{user}");
    let secret = invite(&site, &ben, &group, json!({"role": "observer", "uses": 5})).await.text("/secret");
    let try_it = async |name: &str| {
        site.post(&Who::Nobody, ACCEPT, json!({"secret": secret, "newcomer": newcomer(name)})).await
    };
    site.ask(&Who::Operator, Method::PATCH, &place, json!({"role": "drafter"})).await.expect(200);
    assert_eq!(try_it("one").await.problem(), (410, "link-over".into()), "demoted");
    assert_eq!(site.post(&Who::Nobody, LOOK, json!({"secret": secret})).await.problem().0, 410);
    assert_eq!(states(&site, &group).await, ["void"]);
    site.ask(&Who::Operator, Method::PATCH, &place, json!({"role": "coordinator"})).await.expect(200);
    try_it("two").await.expect(200);
    site.ask(&Who::Operator, Method::PATCH, &format!("/api/v1/users/{user}"), json!({"closed": true}))
        .await
        .expect(200);
    assert_eq!(try_it("three").await.problem(), (410, "link-over".into()), "account closed");
    site.ask(&Who::Operator, Method::PATCH, &format!("/api/v1/users/{user}"), json!({"closed": false}))
        .await
        .expect(200);
    site.ask(&Who::Operator, Method::DELETE, &place, Value::Null).await.expect(204);
    assert_eq!(try_it("four").await.problem(), (410, "link-over".into()), "removed");
    assert_eq!(role_of(&site, &group, "four@ngo.example").await, None);
    // Nothing of an account came into being either.
    let add = json!({"email": "four@ngo.example", "role": "observer"});
    let nobody = site.post(&Who::Operator, &format!("/api/v1/groups/{group}/members"), add).await;
    assert_eq!(nobody.problem(), (422, "unknown-user".into()));
}

#[tokio::test]
async fn a_bound_invitation_is_for_its_address_alone() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let ana = site.person("ana").await;
    let body = json!({"role": "observer", "email": "Nadia@NGO.example"});
    let secret = invite(&site, &ilse, &group, body).await.expect(201).text("/secret");
    let before = site.everything().await;
    let other = site.post(&ana, ACCEPT, json!({"secret": secret})).await;
    assert_eq!(other.problem(), (403, "other-address".into()));
    let other =
        site.post(&Who::Nobody, ACCEPT, json!({"secret": secret, "newcomer": newcomer("omar")})).await;
    assert_eq!(other.problem(), (403, "other-address".into()));
    assert_eq!(site.everything().await, before);
    let nadia = json!({"secret": secret, "newcomer": newcomer("nadia")});
    site.post(&Who::Nobody, ACCEPT, nadia).await.expect(200);
    let both = json!({"role": "observer", "email": "a@ngo.example", "uses": 2});
    assert_eq!(invite(&site, &ilse, &group, both).await.problem(), (422, "invalid".into()));
}

#[tokio::test]
async fn a_newcomer_whose_address_has_an_account_is_told_to_sign_in_and_cannot_try_many() {
    let site = site();
    let (group, ilse) = group(&site).await;
    site.person("ana").await;
    let secret = invite(&site, &ilse, &group, json!({"role": "observer"})).await.text("/secret");
    let body = json!({"secret": secret, "newcomer": newcomer("ana")});
    let mut answers = Vec::new();
    for _ in 0..12 {
        answers.push(site.post(&Who::Nobody, ACCEPT, body.clone()).await.problem());
    }
    assert_eq!(answers[0], (409, "email-taken".into()));
    assert_eq!(answers[11], (429, "too-many-tries".into()));
    assert_eq!(states(&site, &group).await, ["open"]);
    let weak = json!({"name": "New", "email": "new@ngo.example", "password": "short"});
    let weak = site.post(&Who::Nobody, ACCEPT, json!({"secret": secret, "newcomer": weak})).await;
    assert_eq!(weak.problem(), (422, "invalid".into()));
    assert_eq!(states(&site, &group).await, ["open"]);
}

#[tokio::test]
async fn an_invitation_runs_out_and_is_taken_back() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let short = invite(&site, &ilse, &group, json!({"role": "observer", "expires": "1h"})).await.expect(201);
    let long = invite(&site, &ilse, &group, json!({"role": "observer", "expires": "14d"})).await.expect(201);
    for expires in ["0s", "15d"] {
        let refused = invite(&site, &ilse, &group, json!({"role": "observer", "expires": expires})).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{expires}");
    }
    for uses in [0, 101] {
        let refused = invite(&site, &ilse, &group, json!({"role": "observer", "uses": uses})).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{uses}");
    }
    let try_it = async |made: &Answer, name: &str| {
        let body = json!({"secret": made.text("/secret"), "newcomer": newcomer(name)});
        site.post(&Who::Nobody, ACCEPT, body).await.problem()
    };
    site.turn(3_601);
    assert_eq!(try_it(&short, "one").await, (410, "link-over".into()));
    let ilse = site.token("ilse@ngo.example").await;
    let path = format!("/api/v1/groups/{group}/invitations/{}", long.text("/id"));
    let other = site.group("Elsewhere").await;
    let mallory = site.member(&other, "mallory", "coordinator").await;
    assert_eq!(site.ask(&mallory, Method::DELETE, &path, Value::Null).await.problem().0, 404);
    let crossed = format!("/api/v1/groups/{other}/invitations/{}", long.text("/id"));
    assert_eq!(site.ask(&mallory, Method::DELETE, &crossed, Value::Null).await.problem().0, 404);
    site.ask(&ilse, Method::DELETE, &path, Value::Null).await.expect(204);
    assert_eq!(try_it(&long, "two").await, (410, "link-over".into()));
    assert_eq!(site.ask(&ilse, Method::DELETE, &path, Value::Null).await.problem().0, 404);
    assert_eq!(states(&site, &group).await, ["expired"]);
    assert_eq!(try_it(&long, "three").await, try_it_with(&site, "made-up").await);
    // What has been over for a month is gone from the list, too.
    site.turn(31 * 24 * 3_600);
    assert_eq!(site.app.directory.sweep_invitations().await.unwrap(), 1);
    assert!(states(&site, &group).await.is_empty());
}

async fn try_it_with(site: &Site, secret: &str) -> (u16, String) {
    site.post(&Who::Nobody, ACCEPT, json!({"secret": secret, "newcomer": newcomer("x")})).await.problem()
}

#[tokio::test]
async fn however_many_come_at_once_no_more_get_in_than_an_invitation_is_for() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let secret = invite(&site, &ilse, &group, json!({"role": "observer", "uses": 3})).await.text("/secret");
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(site.person(&format!("person{n}")).await);
    }
    let accepting = people.iter().map(|who| site.post(who, ACCEPT, json!({"secret": secret})));
    let answers = futures_util::future::join_all(accepting).await;
    let accepted = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(accepted, 3);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem().0 == 410));
    let list = site.get(&ilse, &format!("/api/v1/groups/{group}/members")).await.json();
    assert_eq!(list["members"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn a_page_of_another_site_accepts_nothing_for_anybody() {
    let site = site();
    let (group, ilse) = group(&site).await;
    let secret = invite(&site, &ilse, &group, json!({"role": "observer"})).await.text("/secret");
    let foreign = Who::CookieWith(
        String::new(),
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
    );
    let body = json!({"secret": secret, "newcomer": newcomer("nadia")});
    assert_eq!(site.post(&foreign, ACCEPT, body).await.problem(), (403, "foreign-origin".into()));
    assert_eq!(states(&site, &group).await, ["open"]);
}

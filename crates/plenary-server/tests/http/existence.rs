//! Another group's things answer exactly as things that do not exist.

use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::site::{Answer, Who, site};

const NOWHERE: &str = "01a20193-0000-7000-8000-000000000000";

fn face(answer: &Answer) -> (u16, Value, Vec<(String, String)>) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != header::DATE);
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status.as_u16(), answer.json(), headers.collect())
}

#[tokio::test]
async fn to_somebody_outside_a_group_its_things_do_not_exist() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let statement = site.statement(&group, "Joint submission").await;
    let ilse_id = site.get(&ilse, "/api/v1/me").await.text("/user/id");
    let mine = site.group("Elsewhere").await;
    let mallory = site.member(&mine, "mallory", "coordinator").await;

    let links = format!("/api/v1/statements/{}/guest-links", statement.id);
    let link = site.post(&ilse, &links, json!({})).await.expect(201).text("/id");
    let invitations = format!("/api/v1/groups/{group}/invitations");
    let invitation =
        site.post(&ilse, &invitations, json!({"role": "observer"})).await.expect(201).text("/id");
    let organisation = crate::organisations::organisation(&site, "Open Door").await;
    crate::organisations::works_for(&site, &ilse, &organisation).await;
    let interest = json!({"entry": {"states": ["XV"]}});
    let interest = site.post(&ilse, "/api/v1/interests", interest).await.expect(201).text("/id");

    let add = json!({"email": "mallory@ngo.example", "role": "observer"});
    let start = json!({"title": "Mine now"});
    let paths: [(Method, &str, &str, Value); 24] = [
        (Method::GET, "/api/v1/groups/{}", &group, Value::Null),
        (Method::GET, "/api/v1/groups/{}/members", &group, Value::Null),
        (Method::POST, "/api/v1/groups/{}/members", &group, add),
        (Method::PATCH, "/api/v1/groups/{}/members/USER", &group, json!({"role": "observer"})),
        (Method::DELETE, "/api/v1/groups/{}/members/USER", &group, Value::Null),
        (Method::GET, "/api/v1/groups/{}/statements", &group, Value::Null),
        (Method::POST, "/api/v1/groups/{}/statements", &group, start),
        (Method::GET, "/api/v1/statements/{}", &statement.id, Value::Null),
        (Method::POST, "/api/v1/statements/{}/stage", &statement.id, json!({"to": "frozen"})),
        (Method::GET, "/api/v1/documents/{}/state", &statement.body, Value::Null),
        (Method::GET, "/api/v1/documents/{}/state?sv=AA", &statement.body, Value::Null),
        (Method::GET, "/api/v1/documents/{}/state?sv=!", &statement.comments, Value::Null),
        (Method::POST, "/api/v1/tickets", "", json!({"document": "ID"})),
        (Method::PATCH, "/api/v1/groups/{}", &group, json!({"name": "Mine"})),
        (Method::GET, "/api/v1/groups/{}/members/past", &group, Value::Null),
        (Method::GET, "/api/v1/groups/{}/invitations", &group, Value::Null),
        (Method::POST, "/api/v1/groups/{}/invitations", &group, json!({"role": "observer"})),
        (Method::DELETE, "/api/v1/groups/{}/invitations/INVITATION", &group, Value::Null),
        (Method::GET, "/api/v1/statements/{}/guest-links", &statement.id, Value::Null),
        (Method::POST, "/api/v1/statements/{}/guest-links", &statement.id, json!({})),
        (Method::DELETE, "/api/v1/statements/{}/guest-links/LINK", &statement.id, Value::Null),
        (Method::GET, "/api/v1/organisations/{}", &organisation, Value::Null),
        (Method::PUT, "/api/v1/interests/{}", &interest, json!({"states": ["XV"]})),
        (Method::DELETE, "/api/v1/interests/{}", &interest, Value::Null),
    ];
    let before = site.everything().await;
    for (method, path, id, body) in paths {
        let with = |id: &str| {
            let path = path.replace("{}", id).replace("USER", &ilse_id);
            let path = path.replace("INVITATION", &invitation).replace("LINK", &link);
            let body = if body["document"] == "ID" { json!({"document": id}) } else { body.clone() };
            (path, body)
        };
        let id = if id.is_empty() { &statement.body } else { id };
        let (foreign, body) = with(id);
        let foreign = site.ask(&mallory, method.clone(), &foreign, body).await;
        assert_eq!(foreign.problem(), (404, "not-found".into()), "{method} {path}");
        for nothing in [NOWHERE, "no-id-at-all"] {
            let (missing, body) = with(nothing);
            let missing = site.ask(&mallory, method.clone(), &missing, body).await;
            assert_eq!(face(&foreign), face(&missing), "{method} {path}");
        }
    }
    assert_eq!(site.everything().await, before);
    let (own, foreign) = (site.get(&mallory, "/api/v1/groups").await.json(), &group);
    assert!(!own.to_string().contains(foreign.as_str()), "{own}");
}

#[tokio::test]
async fn without_a_credential_nothing_is_answered() {
    let site = site();
    let group = site.group("Valdoria").await;
    let statement = site.statement(&group, "Joint submission").await;
    for path in [
        "/api/v1/me".to_owned(),
        "/api/v1/users".into(),
        "/api/v1/groups".into(),
        format!("/api/v1/groups/{group}"),
        format!("/api/v1/groups/{group}/members"),
        format!("/api/v1/groups/{NOWHERE}"),
        format!("/api/v1/statements/{}", statement.id),
        format!("/api/v1/documents/{}/state", statement.body),
        "/api/v1/tokens".into(),
        "/metrics".into(),
    ] {
        for who in
            [Who::Nobody, Who::Token("wrong".into()), Who::Cookie("plenary-development-http=wrong".into())]
        {
            assert_eq!(
                site.get(&who, &path).await.problem(),
                (401, "sign-in-needed".into()),
                "{path} {who:?}"
            );
        }
    }
}

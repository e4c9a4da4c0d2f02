//! Groups, members, statements and their stages.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Who, site};

#[tokio::test]
async fn what_somebody_may_open_is_in_one_answer() {
    let site = site();
    let (group, other) = (site.group("Valdoria").await, site.group("Elsewhere").await);
    let ana = site.member(&group, "ana", "drafter").await;
    let jon = site.member(&group, "jon", "observer").await;
    let statement = site.statement(&group, "Joint submission").await;
    site.statement(&other, "Not theirs").await;
    for (who, role, access) in [(&ana, "drafter", "write"), (&jon, "observer", "read")] {
        let me = site.get(who, "/api/v1/me").await.expect(200).json();
        assert_eq!(
            me["statements"],
            json!([{
                "id": statement.id,
                "title": "Joint submission",
                "kind": "joint-submission",
                "stage": "draft",
                "group": {"id": group, "name": "Valdoria", "role": role},
                "documents": {"body": statement.body, "comments": statement.comments},
                "access": access,
            }])
        );
    }
}

#[tokio::test]
async fn only_administrators_make_groups_and_accounts() {
    let site = site();
    let admin = site.administrator().await;
    let ana = site.person("ana").await;
    for (path, body) in [
        ("/api/v1/groups", json!({"name": "Mine"})),
        ("/api/v1/users", json!({"email": "x@ngo.example", "name": "X"})),
    ] {
        assert_eq!(site.post(&ana, path, body.clone()).await.problem(), (403, "administrator-needed".into()));
        assert_eq!(site.post(&Who::Nobody, path, body.clone()).await.problem().0, 401);
        site.post(&admin, path, body).await.expect(201);
    }
    assert_eq!(site.get(&ana, "/api/v1/users").await.problem().0, 403);
}

#[tokio::test]
async fn there_is_one_first_administrator() {
    let site = site();
    let admin = site.administrator().await;
    let body = json!({"email": "second@ngo.example", "name": "Second"});
    let again = site.post(&Who::Operator, "/api/v1/instance", body.clone()).await;
    assert_eq!(again.problem(), (409, "already-initialised".into()));
    assert_eq!(site.post(&admin, "/api/v1/instance", body).await.problem(), (403, "operator-needed".into()));
    assert_eq!(site.get(&admin, "/api/v1/users").await.json()["users"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_coordinator_manages_members_and_nobody_else_in_the_group_does() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let members = format!("/api/v1/groups/{group}/members");
    site.person("new").await;
    let add = json!({"email": "New@ngo.example", "role": "commenter"});
    for role in ["drafter", "commenter", "observer"] {
        let who = site.member(&group, role, role).await;
        assert_eq!(site.post(&who, &members, add.clone()).await.problem(), (403, "role".into()), "{role}");
        let list = site.get(&who, &members).await.expect(200);
        assert!(list.json()["members"][0]["user"].get("email").is_none(), "{role} sees addresses");
    }
    let added = site.post(&ilse, &members, add.clone()).await.expect(201);
    assert_eq!(added.text("/role"), "commenter");
    assert_eq!(site.post(&ilse, &members, add).await.problem(), (409, "already-member".into()));
    let list = site.get(&ilse, &members).await.json();
    assert_eq!(list["members"][0]["user"]["email"], "ilse@ngo.example");
    assert_eq!(list["members"].as_array().unwrap().len(), 5);

    let path = format!("{members}/{}", added.text("/user/id"));
    let changed = site.ask(&ilse, Method::PATCH, &path, json!({"role": "drafter"})).await.expect(200);
    assert_eq!(changed.text("/role"), "drafter");
    site.ask(&ilse, Method::DELETE, &path, Value::Null).await.expect(204);
    assert_eq!(site.ask(&ilse, Method::DELETE, &path, Value::Null).await.problem().0, 404);
}

#[tokio::test]
async fn the_contact_person_stays_until_the_mark_is_handed_over() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    site.member(&group, "ben", "coordinator").await;
    let members = format!("/api/v1/groups/{group}/members");
    let list = site.get(&ilse, &members).await.json();
    let id = |n: usize| list["members"][n]["user"]["id"].as_str().unwrap().to_owned();
    let (ilse_path, ben_path) = (format!("{members}/{}", id(0)), format!("{members}/{}", id(1)));
    let before = site.everything().await;
    let refused = site.ask(&ilse, Method::DELETE, &ilse_path, Value::Null).await;
    assert_eq!(refused.problem(), (409, "contact-person-stays".into()));
    let refused = site.ask(&ilse, Method::PATCH, &ilse_path, json!({"role": "observer"})).await;
    assert_eq!(refused.problem(), (409, "contact-person-stays".into()));
    assert_eq!(site.everything().await, before);

    let handed = site.ask(&ilse, Method::PATCH, &ben_path, json!({"contact_person": true})).await.expect(200);
    assert_eq!(handed.json()["contact_person"], true);
    site.ask(&ilse, Method::DELETE, &ilse_path, Value::Null).await.expect(204);
    assert_eq!(site.get(&ilse, &members).await.problem().0, 404);
}

#[tokio::test]
async fn who_is_removed_loses_everything_at_once() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let statement = site.statement(&group, "Joint submission").await;
    let state = format!("/api/v1/documents/{}/state", statement.body);
    site.get(&ana, &state).await.expect(200);
    let id = site.get(&ana, "/api/v1/me").await.text("/user/id");
    let path = format!("/api/v1/groups/{group}/members/{id}");
    site.ask(&ilse, Method::DELETE, &path, Value::Null).await.expect(204);
    for path in [state, format!("/api/v1/groups/{group}"), format!("/api/v1/statements/{}", statement.id)] {
        assert_eq!(site.get(&ana, &path).await.problem(), (404, "not-found".into()), "{path}");
    }
    assert_eq!(site.get(&ana, "/api/v1/me").await.json()["statements"], json!([]));
}

#[tokio::test]
async fn coordinators_and_drafters_start_statements() {
    let site = site();
    let group = site.group("Valdoria").await;
    let path = format!("/api/v1/groups/{group}/statements");
    for (role, may) in [("coordinator", true), ("drafter", true), ("commenter", false), ("observer", false)] {
        let who = site.member(&group, role, role).await;
        let answer = site.post(&who, &path, json!({"title": role, "kind": "brief", "schema": "any"})).await;
        assert_eq!(answer.status, if may { 201 } else { 403 }, "{role}");
        if may {
            assert_eq!((answer.text("/kind"), answer.text("/schema")), ("brief".into(), "any".into()));
            let state = format!("/api/v1/documents/{}/state", answer.text("/documents/body"));
            assert_eq!(site.get(&who, &state).await.expect(200).bytes, [0, 0]);
        }
    }
    let listed = site.get(&Who::Operator, &path).await.json();
    assert_eq!(listed["statements"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_coordinator_moves_a_statement_along_its_life() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let statement = site.statement(&group, "Joint submission").await;
    let path = format!("/api/v1/statements/{}/stage", statement.id);
    let to = |stage: &str| json!({"to": stage});
    assert_eq!(site.post(&ana, &path, to("frozen")).await.problem(), (403, "role".into()));
    assert_eq!(site.post(&ilse, &path, to("submitted")).await.problem(), (409, "stage-order".into()));
    assert_eq!(site.post(&ilse, &path, to("ready")).await.problem(), (422, "invalid".into()));
    let access = async || site.get(&ana, "/api/v1/me").await.text("/statements/0/access");
    assert_eq!(access().await, "write");
    for (stage, expected) in [
        ("frozen", "read"),
        ("draft", "write"),
        ("frozen", "read"),
        ("sign-on", "read"),
        ("closed", "read"),
        ("submitted", "read"),
        ("follow-up", "read"),
    ] {
        assert_eq!(site.post(&ilse, &path, to(stage)).await.expect(200).text("/stage"), stage);
        assert_eq!(access().await, expected, "{stage}");
    }
}

#[tokio::test]
async fn an_administrator_runs_groups_but_reads_no_text() {
    let site = site();
    let admin = site.administrator().await;
    let group = site.group("Valdoria").await;
    let statement = site.statement(&group, "Joint submission").await;
    assert_eq!(
        site.get(&admin, &format!("/api/v1/statements/{}", statement.id)).await.text("/title"),
        "Joint submission"
    );
    for who in [&admin, &Who::Operator] {
        for document in [&statement.body, &statement.comments] {
            let path = format!("/api/v1/documents/{document}/state");
            assert_eq!(site.get(who, &path).await.problem(), (404, "not-found".into()));
            let ticket = site.post(who, "/api/v1/tickets", json!({"document": document})).await;
            assert_eq!(ticket.problem(), (404, "not-found".into()));
        }
        let path = format!("/api/v1/statements/{}/stage", statement.id);
        assert_eq!(site.post(who, &path, json!({"to": "frozen"})).await.problem(), (403, "role".into()));
    }
}

#[tokio::test]
async fn an_observer_does_not_see_the_comments() {
    let site = site();
    let group = site.group("Valdoria").await;
    let jon = site.member(&group, "jon", "observer").await;
    let statement = site.statement(&group, "Joint submission").await;
    site.get(&jon, &format!("/api/v1/documents/{}/state", statement.body)).await.expect(200);
    let comments = site.get(&jon, &format!("/api/v1/documents/{}/state", statement.comments)).await;
    assert_eq!(comments.problem(), (404, "not-found".into()));
}

#[tokio::test]
async fn members_changed_at_the_same_time_keep_the_groups_rules() {
    let site = site();
    let group = site.group("Valdoria").await;
    let members = format!("/api/v1/groups/{group}/members");
    let people: Vec<_> = (0..8).map(|n| format!("person{n}")).collect();
    for name in &people {
        site.person(name).await;
    }
    let adding = people.iter().map(|name| {
        let body = json!({"email": format!("{name}@ngo.example"), "role": "coordinator"});
        site.post(&Who::Operator, &members, body)
    });
    for answer in futures_util::future::join_all(adding).await {
        assert!(matches!(answer.status.as_u16(), 201 | 409), "{}", answer.status);
    }
    let list = site.get(&Who::Operator, &members).await.json();
    let contacts = list["members"].as_array().unwrap().iter().filter(|one| one["contact_person"] == true);
    assert_eq!(contacts.count(), 1);
}

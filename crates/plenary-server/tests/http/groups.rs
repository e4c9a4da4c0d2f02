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
async fn a_country_group_names_its_state_and_session() {
    let site = site();
    let make = async |body: Value| site.post(&Who::Operator, "/api/v1/groups", body).await;
    let before = site.everything().await;
    for (body, word) in [
        (json!({"name": "V", "kind": "country"}), "State under review"),
        (json!({"name": "V", "kind": "country", "state": "XV"}), "session"),
        (json!({"name": "V", "kind": "country", "state": "Valdoria", "session": "UPR 58"}), "ISO 3166"),
        (json!({"name": "V", "kind": "country", "state": "XV", "session": "x".repeat(41)}), "40"),
        (json!({"name": "V", "themes": ["x".repeat(41)]}), "40"),
        (json!({"name": "V", "kind": "club"}), "thematic"),
    ] {
        let refused = make(body.clone()).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{body}");
        assert!(refused.text("/detail").contains(word), "{}", refused.text("/detail"));
    }
    assert_eq!(site.everything().await, before);
    let body =
        json!({"name": "V", "kind": "country", "state": "xv", "session": "UPR 58", "themes": ["Torture"]});
    let made = make(body).await.expect(201).json();
    assert_eq!(
        (&made["state"], &made["session"], &made["themes"]),
        (&json!("XV"), &json!("UPR 58"), &json!(["Torture"]))
    );
    assert_eq!(
        (&made["visibility"], &made["status"], &made["switches"]),
        (&json!("members"), &json!("active"), &json!([]))
    );
}

#[tokio::test]
async fn a_group_is_changed_by_those_whom_the_table_allows() {
    let site = site();
    let admin = site.administrator().await;
    let group = site.group("Valdoria").await;
    let path = format!("/api/v1/groups/{group}");
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let change = async |who: &Who, body: Value| site.ask(who, Method::PATCH, &path, body).await;
    for role in ["drafter", "commenter", "observer"] {
        let who = site.member(&group, role, role).await;
        for body in
            [json!({"name": "Mine"}), json!({"switches": []}), json!({"visibility": "listed"}), json!({})]
        {
            assert_eq!(change(&who, body.clone()).await.problem(), (403, "role".into()), "{role} {body}");
        }
    }
    // What the group lets its members do, and who finds it, is the coordinators' to say.
    for body in [
        json!({"switches": ["guests-draft"]}),
        json!({"visibility": "listed"}),
        json!({"name": "A", "switches": []}),
    ] {
        assert_eq!(change(&admin, body.clone()).await.problem(), (403, "role".into()), "{body}");
    }
    assert_eq!(
        change(&admin, json!({"name": "Valdoria 2027"})).await.expect(200).text("/name"),
        "Valdoria 2027"
    );
    let country = json!({"kind": "country", "state": "XV", "session": "UPR 58", "themes": ["Torture"]});
    change(&ilse, country).await.expect(200);
    assert_eq!(change(&ilse, json!({"state": null})).await.problem(), (422, "invalid".into()));
    change(&ilse, json!({"kind": "cohort", "state": null, "session": null})).await.expect(200);
    let switches = json!({"switches": ["guests-draft", "drafters-make-guest-links", "guests-draft"]});
    let switched = change(&ilse, switches).await.expect(200).json();
    assert_eq!(switched["switches"], json!(["guests-draft", "drafters-make-guest-links"]));
    assert_eq!((&switched["state"], &switched["themes"]), (&Value::Null, &json!(["Torture"])));
    for body in [json!({"switches": ["everything"]}), json!({"status": "gone"}), json!({"visibility": "all"})]
    {
        assert_eq!(change(&ilse, body.clone()).await.problem(), (422, "invalid".into()), "{body}");
    }
    assert_eq!(change(&ilse, json!({"nam": "x"})).await.problem(), (400, "malformed".into()));
}

#[tokio::test]
async fn an_archived_group_is_looked_at_and_comes_back_with_a_contact_person() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let statement = site.statement(&group, "Joint submission").await;
    let path = format!("/api/v1/groups/{group}");
    let set =
        async |who: &Who, status: &str| site.ask(who, Method::PATCH, &path, json!({"status": status})).await;
    let access = async |who: &Who| site.get(who, "/api/v1/me").await.text("/statements/0/access");
    assert_eq!(access(&ana).await, "write");
    set(&ilse, "archived").await.expect(200);
    for who in [&ana, &ilse] {
        assert_eq!(access(who).await, "read");
        site.get(who, &format!("/api/v1/documents/{}/state", statement.body)).await.expect(200);
        site.get(who, &format!("{path}/members")).await.expect(200);
    }
    let stage = format!("/api/v1/statements/{}/stage", statement.id);
    for (refused_path, body) in [
        (stage, json!({"to": "frozen"})),
        (format!("{path}/statements"), json!({"title": "More"})),
        (format!("{path}/invitations"), json!({"role": "observer"})),
        (format!("/api/v1/statements/{}/guest-links", statement.id), json!({})),
    ] {
        let refused = site.post(&ilse, &refused_path, body).await;
        assert_eq!(refused.problem(), (409, "archived".into()), "{refused_path}");
    }
    let switched = site.ask(&ilse, Method::PATCH, &path, json!({"switches": []})).await;
    assert_eq!(switched.problem(), (409, "archived".into()));
    // To those who may not, it is their role that says no, and to those outside there is nothing.
    assert_eq!(
        site.post(&ana, &format!("{path}/invitations"), json!({"role": "observer"})).await.problem().1,
        "role"
    );

    // Nobody is kept as contact person of what is archived, but it does not come back without one.
    let me = site.get(&ilse, "/api/v1/me").await.text("/user/id");
    site.ask(&ilse, Method::DELETE, &format!("{path}/members/{me}"), Value::Null).await.expect(204);
    assert_eq!(set(&Who::Operator, "active").await.problem(), (409, "contact-person-missing".into()));
    let ana_id = site.get(&ana, "/api/v1/me").await.text("/user/id");
    let promote = json!({"role": "coordinator"});
    site.ask(&Who::Operator, Method::PATCH, &format!("{path}/members/{ana_id}"), promote).await.expect(200);
    set(&ana, "active").await.expect(200);
    assert_eq!(access(&ana).await, "write");
}

#[tokio::test]
async fn who_was_in_a_group_stays_known_to_those_who_manage_it() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let ana = site.member(&group, "ana", "drafter").await;
    let jon = site.member(&group, "jon", "observer").await;
    let members = format!("/api/v1/groups/{group}/members");
    let past = async || {
        let list = site.get(&ilse, &format!("{members}/past")).await.expect(200).json();
        let places = list["members"].as_array().unwrap().iter();
        places
            .map(|one| {
                let text = |pointer: &str| one.pointer(pointer).unwrap().to_string().replace('"', "");
                let span = one["until"].as_u64().unwrap() - one["since"].as_u64().unwrap();
                (text("/user/name"), text("/role"), span, text("/ended_by"))
            })
            .collect::<Vec<_>>()
    };
    let id = async |who: &Who| site.get(who, "/api/v1/me").await.text("/user/id");
    let (ilse_id, ana_id, jon_id) = (id(&ilse).await, id(&ana).await, id(&jon).await);
    assert_eq!(past().await, []);
    site.turn(60);
    site.ask(&ilse, Method::PATCH, &format!("{members}/{ana_id}"), json!({"role": "commenter"}))
        .await
        .expect(200);
    site.ask(&ilse, Method::DELETE, &format!("{members}/{ana_id}"), Value::Null).await.expect(204);
    site.turn(60);
    let add = json!({"email": "ana@ngo.example", "role": "observer"});
    let back = site.post(&ilse, &members, add).await.expect(201).json();
    let again = site.get(&ilse, &members).await.json();
    let first = again["members"][0]["since"].as_u64().unwrap();
    assert_eq!(back["since"].as_u64().unwrap() - first, 120_000, "a place that is new");
    // Whoever is in may leave; the contact person may not.
    site.turn(60);
    for who in [&ana, &jon] {
        let own = format!("{members}/{}", id(who).await);
        site.ask(who, Method::DELETE, &own, Value::Null).await.expect(204);
    }
    let stays = site.ask(&ilse, Method::DELETE, &format!("{members}/{ilse_id}"), Value::Null).await;
    assert_eq!(stays.problem(), (409, "contact-person-stays".into()));
    let expected = [
        ("ana".into(), "commenter".into(), 60_000, ilse_id.clone()),
        ("ana".into(), "observer".into(), 60_000, ana_id),
        ("jon".into(), "observer".into(), 180_000, jon_id),
    ];
    assert_eq!(past().await, expected);
    let ben = site.member(&group, "ben", "drafter").await;
    assert_eq!(site.get(&ben, &format!("{members}/past")).await.problem(), (403, "role".into()));
}

#[tokio::test]
async fn only_groups_that_want_to_be_found_are_found() {
    let site = site();
    let country = json!({"name": "Valdoria", "kind": "country", "state": "XV", "session": "UPR 58", "themes": ["Torture"]});
    let group = site.post(&Who::Operator, "/api/v1/groups", country).await.expect(201).text("/id");
    site.group("Hidden").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    site.member(&group, "ana", "drafter").await;
    let max = site.person("max").await;
    let found = async |query: &str| {
        let list = site.get(&max, &format!("/api/v1/groups/listed{query}")).await.expect(200).json();
        list["groups"].clone()
    };
    assert_eq!(found("").await, json!([]));
    let path = format!("/api/v1/groups/{group}");
    let set = async |body: Value| site.ask(&ilse, Method::PATCH, &path, body).await.expect(200);
    set(json!({"visibility": "listed"})).await;
    let ilse_id = site.get(&ilse, "/api/v1/me").await.text("/user/id");
    let listed = json!([{
        "id": group, "name": "Valdoria", "kind": "country", "state": "XV", "session": "UPR 58",
        "themes": ["Torture"], "contact_person": {"id": ilse_id, "name": "ilse"},
    }]);
    for query in ["", "?state=XV", "?theme=tort&text=valdoria%2058"] {
        assert_eq!(found(query).await, listed, "{query}");
    }
    assert_eq!(found("?state=YW").await, json!([]));
    // Being found is no more than that.
    assert_eq!(site.get(&max, &path).await.problem(), (404, "not-found".into()));
    set(json!({"status": "archived"})).await;
    assert_eq!(found("").await, json!([]));
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

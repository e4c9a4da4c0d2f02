//! Who works on what: only those who want to be found are found.

use axum::http::Method;
use serde_json::{Value, json};

use crate::{
    organisations::{organisation, works_for},
    site::{Answer, Site, Who, site},
};

async fn written(site: &Site, who: &Who, body: Value) -> String {
    site.post(who, "/api/v1/interests", body).await.expect(201).text("/id")
}

async fn found(site: &Site, who: &Who, query: &str) -> Vec<String> {
    let answer = site.get(who, &format!("/api/v1/interests{query}")).await.expect(200).json();
    let interests = answer["interests"].as_array().unwrap().iter();
    interests.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn only_those_who_opted_in_appear_to_whoever_searches() {
    let site = site();
    let admin = site.administrator().await;
    let door = organisation(&site, "Open Door").await;
    let orrin = site.person("orrin").await;
    works_for(&site, &orrin, &door).await;
    let max = site.person("max").await;
    let entry = |visibility: &str| json!({"states": ["XV"], "themes": ["Torture"], "product": "joint-submission", "visibility": visibility});
    let of_door = written(&site, &orrin, json!({"organisation": door, "entry": entry("shown")})).await;
    let hidden = written(&site, &orrin, json!({"organisation": door, "entry": entry("hidden")})).await;
    let own = json!({"entry": {"themes": ["Prisons"], "note": "Visits in Oster", "visibility": "shown"}});
    let of_orrin = written(&site, &orrin, own).await;
    for who in [&max, &orrin, &admin] {
        assert_eq!(found(&site, who, "?state=xv&theme=torture").await, [of_door.as_str()]);
        assert_eq!(found(&site, who, "?text=door%20joint-sub").await, [of_door.as_str()]);
        assert_eq!(found(&site, who, "?text=oster").await, [of_orrin.as_str()]);
        assert_eq!(found(&site, who, "").await, [of_door.as_str(), of_orrin.as_str()]);
        assert!(found(&site, who, "?state=YW").await.is_empty());
    }
    // What an organisation at risk shows says nothing of the risk, nor of who wrote it.
    let answer = site.get(&max, "/api/v1/interests?state=XV").await.json().to_string();
    assert!(answer.contains("Open Door"), "{answer}");
    for secret in ["at_risk", "orrin", "email", hidden.as_str()] {
        assert!(!answer.contains(secret), "{secret} in {answer}");
    }
    assert_eq!(site.get(&Who::Nobody, "/api/v1/interests").await.problem(), (401, "sign-in-needed".into()));
    let operator = site.get(&Who::Operator, "/api/v1/interests").await;
    assert_eq!(operator.problem(), (403, "account-needed".into()));

    // Hidden again, it is gone.
    let path = format!("/api/v1/interests/{of_door}");
    site.ask(&orrin, Method::PUT, &path, entry("hidden")).await.expect(200);
    assert!(found(&site, &max, "?state=XV").await.is_empty());
    let mine = site.get(&orrin, "/api/v1/interests/mine").await.json();
    let mine: Vec<_> = mine["interests"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(mine, [&json!(of_door), &json!(hidden), &json!(of_orrin)]);
    assert_eq!(site.get(&admin, "/api/v1/interests/mine").await.json()["interests"], json!([]));
}

#[tokio::test]
async fn an_entry_is_its_owners_alone() {
    let site = site();
    let admin = site.administrator().await;
    let door = organisation(&site, "Open Door").await;
    let (orrin, ana, max) = (site.person("orrin").await, site.person("ana").await, site.person("max").await);
    works_for(&site, &orrin, &door).await;
    works_for(&site, &ana, &door).await;
    let entry = json!({"states": ["XV"], "visibility": "shown"});
    let of_door = written(&site, &orrin, json!({"organisation": door, "entry": entry})).await;
    let of_orrin = written(&site, &orrin, json!({"entry": entry})).await;
    let not_there = |answer: Answer| assert_eq!(answer.problem(), (404, "not-found".into()));
    for who in [&max, &admin] {
        let body = json!({"organisation": door, "entry": entry});
        not_there(site.post(who, "/api/v1/interests", body).await);
        for id in [&of_door, &of_orrin] {
            let path = format!("/api/v1/interests/{id}");
            not_there(site.ask(who, Method::PUT, &path, entry.clone()).await);
            not_there(site.ask(who, Method::DELETE, &path, Value::Null).await);
        }
    }
    // A colleague speaks for the organisation, not for the person; who left it for neither.
    let of_orrin = format!("/api/v1/interests/{of_orrin}");
    not_there(site.ask(&ana, Method::DELETE, &of_orrin, Value::Null).await);
    let path = format!("/api/v1/interests/{of_door}");
    site.ask(&ana, Method::PUT, &path, json!({"themes": ["Water"]})).await.expect(200);
    let user = site.get(&ana, "/api/v1/me").await.text("/user/id");
    let person = format!("/api/v1/organisations/{door}/people/{user}");
    site.ask(&Who::Operator, Method::DELETE, &person, Value::Null).await.expect(204);
    not_there(site.ask(&ana, Method::DELETE, &path, Value::Null).await);
    site.ask(&orrin, Method::DELETE, &path, Value::Null).await.expect(204);
    not_there(site.ask(&orrin, Method::DELETE, &path, Value::Null).await);
}

#[tokio::test]
async fn entries_and_searches_are_bounded() {
    let site = site();
    let ana = site.person("ana").await;
    let states: Vec<_> = ('A'..='U').map(|letter| format!("X{letter}")).collect();
    for (entry, field) in [
        (json!({}), "states"),
        (json!({"states": states}), "states"),
        (json!({"states": ["Valdoria"]}), "states"),
        (json!({"themes": ["a".repeat(41)]}), "themes"),
        (json!({"themes": (0..11).map(|n| n.to_string()).collect::<Vec<_>>()}), "themes"),
        (json!({"states": ["XV"], "note": "a".repeat(301)}), "note"),
        (json!({"states": ["XV"], "product": "poem"}), "kind of statement"),
        (json!({"states": ["XV"], "visibility": "loud"}), "visibility"),
    ] {
        let refused = site.post(&ana, "/api/v1/interests", json!({"entry": entry})).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{entry}");
        assert!(refused.text("/detail").starts_with(field), "{}", refused.text("/detail"));
    }
    for (query, expected) in [
        ("?state=Valdoria", (422, "invalid")),
        (&format!("?theme={}", "a".repeat(41)), (422, "invalid")),
        (&format!("?text={}", "a".repeat(201)), (422, "invalid")),
        ("?country=XV", (400, "malformed")),
        ("?state=&theme=%20&text=", (200, "")),
    ] {
        for path in ["/api/v1/interests", "/api/v1/groups/listed"] {
            let answer = site.get(&ana, &format!("{path}{query}")).await;
            if expected.0 != 200 {
                assert_eq!(answer.problem(), (expected.0, expected.1.into()), "{path}{query}");
            } else {
                answer.expect(200);
            }
        }
    }
    for _ in 0..50 {
        written(&site, &ana, json!({"entry": {"states": ["XV"]}})).await;
    }
    let refused = site.post(&ana, "/api/v1/interests", json!({"entry": {"states": ["XV"]}})).await;
    assert_eq!(refused.problem(), (409, "too-many".into()));
}

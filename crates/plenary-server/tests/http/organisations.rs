//! Organisations: who enters them, who sees them, and who learns which are at risk.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Site, Who, site};

/// An organisation at risk; its id.
pub(crate) async fn organisation(site: &Site, name: &str) -> String {
    let body = json!({"names": {"en": name}, "type": "ngo", "country": "XV", "at_risk": true});
    site.post(&Who::Operator, "/api/v1/organisations", body).await.expect(201).text("/id")
}

/// Says that somebody works for an organisation.
pub(crate) async fn works_for(site: &Site, who: &Who, organisation: &str) -> String {
    let user = site.get(who, "/api/v1/me").await.text("/user/id");
    let path = format!("/api/v1/organisations/{organisation}/people/{user}");
    site.ask(&Who::Operator, Method::PUT, &path, Value::Null).await.expect(204);
    user
}

#[tokio::test]
async fn administrators_enter_and_change_organisations_and_nobody_else_does() {
    let site = site();
    let admin = site.administrator().await;
    let ana = site.person("ana").await;
    let body = json!({
        "names": {"en": "Open Door", "ar": "الباب المفتوح"},
        "un_name": "Open Door International",
        "type": "coalition",
        "country": "xv",
        "consultative_status": "special",
        "at_risk": true,
    });
    for (who, expected) in [(&ana, (403, "administrator-needed")), (&Who::Nobody, (401, "sign-in-needed"))] {
        let (status, code) = site.post(who, "/api/v1/organisations", body.clone()).await.problem();
        assert_eq!((status, code.as_str()), expected);
    }
    let made = site.post(&admin, "/api/v1/organisations", body).await.expect(201).json();
    assert_eq!(made["country"], "XV");
    let path = format!("/api/v1/organisations/{}", made["id"].as_str().unwrap());
    assert_eq!(site.get(&admin, &path).await.expect(200).json(), made);
    let change = json!({"country": null, "at_risk": false, "names": {"fr": "Porte ouverte"}});
    let changed = site.ask(&admin, Method::PATCH, &path, change.clone()).await.expect(200).json();
    assert_eq!(changed["names"], json!({"fr": "Porte ouverte"}));
    assert_eq!((&changed["country"], &changed["at_risk"]), (&Value::Null, &json!(false)));
    assert_eq!((&changed["un_name"], &changed["type"]), (&made["un_name"], &made["type"]));
    let refused = site.ask(&ana, Method::PATCH, &path, change).await;
    assert_eq!(refused.problem(), (403, "administrator-needed".into()));
    assert_eq!(site.get(&ana, "/api/v1/organisations").await.problem().0, 403);
    let all = site.get(&admin, "/api/v1/organisations").await.json();
    assert_eq!(all["organisations"], json!([changed]));
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_named_and_nothing_is_stored() {
    let site = site();
    let path = "/api/v1/organisations";
    let before = site.everything().await;
    for (body, field) in [
        (json!({"names": {}}), "names"),
        (json!({"names": {"english": "A"}}), "names"),
        (json!({"names": {"en": " "}}), "names"),
        (json!({"names": {"en": "A".repeat(301)}}), "names"),
        (json!({"names": {"en": "A"}, "country": "Valdoria"}), "country"),
        (json!({"names": {"en": "A"}, "un_name": "a\nb"}), "un_name"),
        (json!({"names": {"en": "A"}, "type": "club"}), "type of organisation"),
        (json!({"names": {"en": "A"}, "consultative_status": "gold"}), "consultative status"),
    ] {
        let refused = site.post(&Who::Operator, path, body.clone()).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{body}");
        assert!(refused.text("/detail").starts_with(field), "{}", refused.text("/detail"));
    }
    assert_eq!(site.everything().await, before);
}

#[tokio::test]
async fn an_organisation_is_there_for_its_people_and_for_those_who_share_a_group_with_one() {
    let site = site();
    let door = organisation(&site, "Open Door").await;
    let path = format!("/api/v1/organisations/{door}");
    let (here, elsewhere) = (site.group("Valdoria").await, site.group("Elsewhere").await);
    let ilse = site.member(&here, "ilse", "coordinator").await;
    let ana = site.member(&here, "ana", "drafter").await;
    let max = site.member(&elsewhere, "max", "coordinator").await;
    let orrin = site.person("orrin").await;
    for who in [&ilse, &ana, &max, &orrin] {
        assert_eq!(site.get(who, &path).await.problem(), (404, "not-found".into()));
    }
    works_for(&site, &orrin, &door).await;
    assert_eq!(site.get(&orrin, &path).await.expect(200).json().get("at_risk"), None);
    assert_eq!(site.get(&ilse, &path).await.problem().0, 404);

    let members = format!("/api/v1/groups/{here}/members");
    let add = json!({"email": "orrin@ngo.example", "role": "observer"});
    let place = site.post(&ilse, &members, add).await.expect(201).json();
    assert_eq!(
        place["user"]["organisation"],
        json!({"id": door, "names": {"en": "Open Door"}, "at_risk": true})
    );
    assert_eq!(site.get(&ana, &path).await.expect(200).json().get("at_risk"), None);
    assert_eq!(site.get(&ilse, &path).await.expect(200).json()["at_risk"], true);
    assert_eq!(site.get(&max, &path).await.problem().0, 404, "coordinates another group");
    for (who, risk) in [(&ana, None), (&ilse, Some(&json!(true)))] {
        let list = site.get(who, &members).await.json();
        let found = list["members"].as_array().unwrap().iter().find(|one| one["role"] == "observer").unwrap();
        assert_eq!(found["user"]["organisation"]["names"], json!({"en": "Open Door"}));
        assert_eq!(found["user"]["organisation"].get("at_risk"), risk);
    }

    let user = place["user"]["id"].as_str().unwrap();
    site.ask(&ilse, Method::DELETE, &format!("{members}/{user}"), Value::Null).await.expect(204);
    assert_eq!(site.get(&ilse, &path).await.problem().0, 404, "no longer a member");
}

#[tokio::test]
async fn somebody_works_for_one_organisation_at_a_time() {
    let site = site();
    let (door, press) = (organisation(&site, "Open Door").await, organisation(&site, "Press Watch").await);
    let ana = site.person("ana").await;
    let user = works_for(&site, &ana, &door).await;
    assert_eq!(site.get(&ana, "/api/v1/me").await.text("/user/organisation/names/en"), "Open Door");
    works_for(&site, &ana, &press).await;
    let people = async |id: &str| {
        let path = format!("/api/v1/organisations/{id}/people");
        site.get(&Who::Operator, &path).await.expect(200).json()["people"].clone()
    };
    assert_eq!(people(&door).await, json!([]));
    assert_eq!(people(&press).await, json!([{"id": user, "name": "ana"}]));
    let gone = |id: &str| format!("/api/v1/organisations/{id}/people/{user}");
    let wrong = site.ask(&Who::Operator, Method::DELETE, &gone(&door), Value::Null).await;
    assert_eq!(wrong.problem(), (404, "not-found".into()));
    let refused = site.ask(&ana, Method::DELETE, &gone(&press), Value::Null).await;
    assert_eq!(refused.problem(), (403, "administrator-needed".into()));
    site.ask(&Who::Operator, Method::DELETE, &gone(&press), Value::Null).await.expect(204);
    assert_eq!(site.get(&ana, "/api/v1/me").await.json()["user"]["organisation"], Value::Null);
    let nobody = "01a20193-0000-7000-8000-000000000000";
    for (organisation, user) in [(nobody, user.as_str()), (press.as_str(), nobody)] {
        let path = format!("/api/v1/organisations/{organisation}/people/{user}");
        assert_eq!(site.ask(&Who::Operator, Method::PUT, &path, Value::Null).await.problem().0, 404);
    }
}

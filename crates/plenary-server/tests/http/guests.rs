//! Guests by link: one statement, up to a role, for as long as whoever made the link could make it.

use axum::http::Method;
use serde_json::{Value, json};

use crate::site::{Answer, Site, Statement, Who, site};

const LOOK: &str = "/api/v1/guest-links/look";
const REDEEM: &str = "/api/v1/guest-links/redeem";

struct Scene {
    site: Site,
    group: String,
    ilse: Who,
    statement: Statement,
}

impl Scene {
    async fn set() -> Self {
        let site = site();
        let group = site.group("Valdoria").await;
        let ilse = site.member(&group, "ilse", "coordinator").await;
        let statement = site.statement(&group, "Joint submission").await;
        Self { site, group, ilse, statement }
    }

    async fn link(&self, who: &Who, body: Value) -> Answer {
        self.site.post(who, &self.links(), body).await
    }

    fn links(&self) -> String {
        format!("/api/v1/statements/{}/guest-links", self.statement.id)
    }

    async fn come(&self, secret: &str, name: &str) -> Answer {
        self.site.post(&Who::Nobody, REDEEM, json!({"secret": secret, "name": name})).await
    }

    /// A guest by a fresh link of that role.
    async fn guest(&self, role: &str) -> Who {
        let secret = self.link(&self.ilse, json!({"role": role})).await.expect(201).text("/secret");
        Who::Cookie(self.come(&secret, "Lena").await.expect(200).cookie())
    }

    async fn state(&self, who: &Who, document: &str) -> u16 {
        self.site.get(who, &format!("/api/v1/documents/{document}/state")).await.status.as_u16()
    }

    /// The user of a member of the group.
    async fn user(&self, name: &str) -> String {
        let list =
            self.site.get(&Who::Operator, &format!("/api/v1/groups/{}/members", self.group)).await.json();
        let email = format!("{name}@ngo.example");
        let members = list["members"].as_array().unwrap().iter();
        let found = members.map(|one| &one["user"]).find(|user| user["email"] == email);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    async fn change(&self, body: Value) {
        let path = format!("/api/v1/groups/{}", self.group);
        self.site.ask(&self.ilse, Method::PATCH, &path, body).await.expect(200);
    }
}

#[tokio::test]
async fn a_guest_comes_by_a_link_and_sees_one_statement_and_nothing_else() {
    let scene = Scene::set().await;
    let site = &scene.site;
    let other = site.statement(&scene.group, "Another text").await;
    let made = scene.link(&scene.ilse, json!({})).await.expect(201);
    let secret = made.text("/secret");
    assert_eq!((made.text("/role"), made.text("/path")), ("commenter".into(), format!("/#guest={secret}")));
    let stored = site.everything().await;
    assert!(
        !stored.iter().any(|(key, value)| {
            key.contains(&secret) || String::from_utf8_lossy(value).contains(&secret)
        })
    );
    let looked = site.post(&Who::Nobody, LOOK, json!({"secret": secret})).await.expect(200);
    assert_eq!(looked.text("/statement/title"), "Joint submission");
    assert_eq!(site.everything().await, stored);

    let came = scene.come(&secret, "Lena").await.expect(200);
    let lena = Who::Cookie(came.cookie());
    let me = site.get(&lena, "/api/v1/me").await.expect(200).json();
    assert_eq!(me["user"]["guest"], true);
    assert_eq!((&me["user"]["name"], &me["user"]["email"]), (&json!("Lena"), &Value::Null));
    assert_eq!(me["groups"], json!([]));
    assert_eq!(me["statements"].as_array().unwrap().len(), 1);
    assert_eq!(me["statements"][0]["id"], scene.statement.id);
    assert_eq!(me["statements"][0]["group"], json!({"id": scene.group, "name": null, "role": "commenter"}));
    assert_eq!(me["statements"][0]["access"], "read");

    assert_eq!(scene.state(&lena, &scene.statement.body).await, 200);
    assert_eq!(scene.state(&lena, &scene.statement.comments).await, 200);
    let statement = |id: &str| format!("/api/v1/statements/{id}");
    site.get(&lena, &statement(&scene.statement.id)).await.expect(200);
    let ticket = json!({"document": scene.statement.comments});
    site.post(&lena, "/api/v1/tickets", ticket).await.expect(201);
    for path in [
        statement(&other.id),
        format!("/api/v1/documents/{}/state", other.body),
        format!("/api/v1/groups/{}", scene.group),
        format!("/api/v1/groups/{}/members", scene.group),
        format!("/api/v1/groups/{}/statements", scene.group),
        format!("/api/v1/groups/{}/invitations", scene.group),
    ] {
        assert_eq!(site.get(&lena, &path).await.problem(), (404, "not-found".into()), "{path}");
    }
    for (path, expected) in [
        ("/api/v1/interests", "account-needed"),
        ("/api/v1/interests/mine", "account-needed"),
        ("/api/v1/groups/listed", "account-needed"),
        ("/api/v1/organisations", "administrator-needed"),
        ("/api/v1/users", "administrator-needed"),
    ] {
        assert_eq!(site.get(&lena, path).await.problem(), (403, expected.into()), "{path}");
    }
    for (method, path, body) in [
        (Method::POST, scene.links(), json!({})),
        (Method::GET, scene.links(), Value::Null),
        (Method::POST, format!("{}/stage", statement(&scene.statement.id)), json!({"to": "frozen"})),
    ] {
        assert_eq!(site.ask(&lena, method, &path, body).await.problem(), (403, "role".into()), "{path}");
    }
    assert_eq!(site.post(&lena, "/api/v1/tokens", json!({})).await.problem().0, 401);

    // Signing out ends it.
    site.ask(&lena, Method::DELETE, "/api/v1/session", Value::Null).await.expect(204);
    assert_eq!(site.get(&lena, "/api/v1/me").await.problem(), (401, "sign-in-needed".into()));
}

#[tokio::test]
async fn a_guest_gets_what_the_links_role_may_and_drafts_only_where_that_is_switched_on() {
    let scene = Scene::set().await;
    let access = async |who: &Who| scene.site.get(who, "/api/v1/me").await.text("/statements/0/access");
    let observer = scene.guest("observer").await;
    assert_eq!(scene.state(&observer, &scene.statement.body).await, 200);
    assert_eq!(scene.state(&observer, &scene.statement.comments).await, 404);
    for role in ["drafter", "coordinator"] {
        let refused = scene.link(&scene.ilse, json!({"role": role})).await;
        assert_eq!(refused.problem(), (422, "invalid".into()), "{role}");
    }
    scene.change(json!({"switches": ["guests-draft"]})).await;
    assert_eq!(scene.link(&scene.ilse, json!({"role": "coordinator"})).await.problem().0, 422);
    let drafter = scene.guest("drafter").await;
    assert_eq!(access(&drafter).await, "write");
    scene.change(json!({"switches": []})).await;
    assert_eq!(access(&drafter).await, "read");
}

#[tokio::test]
async fn a_link_ends_with_the_right_of_whoever_made_it() {
    let scene = Scene::set().await;
    let site = &scene.site;
    let ana = site.member(&scene.group, "ana", "drafter").await;
    assert_eq!(scene.link(&ana, json!({})).await.problem(), (403, "condition".into()));
    scene.change(json!({"switches": ["drafters-make-guest-links"]})).await;
    let made = scene.link(&ana, json!({"uses": 5})).await.expect(201);
    let secret = made.text("/secret");
    let lena = Who::Cookie(scene.come(&secret, "Lena").await.expect(200).cookie());
    let ana_place = format!("/api/v1/groups/{}/members/{}", scene.group, scene.user("ana").await);
    let is_in = async || {
        (scene.state(&lena, &scene.statement.body).await, scene.come(&secret, "M").await.status.as_u16())
    };
    assert_eq!(is_in().await, (200, 200));

    scene.change(json!({"switches": []})).await;
    assert_eq!(is_in().await, (401, 410), "switched off");
    scene.change(json!({"switches": ["drafters-make-guest-links"]})).await;
    assert_eq!(is_in().await, (200, 200));
    site.ask(&scene.ilse, Method::PATCH, &ana_place, json!({"role": "commenter"})).await.expect(200);
    assert_eq!(is_in().await, (401, 410), "demoted");
    let list = site.get(&scene.ilse, &scene.links()).await.json();
    assert_eq!((&list["links"][0]["state"], &list["links"][0]["uses"]), (&json!("void"), &json!(3)));
    site.ask(&scene.ilse, Method::PATCH, &ana_place, json!({"role": "drafter"})).await.expect(200);
    assert_eq!(is_in().await, (200, 200));
    scene.change(json!({"status": "archived"})).await;
    assert_eq!(is_in().await, (401, 410), "archived");
    scene.change(json!({"status": "active"})).await;
    site.ask(&scene.ilse, Method::DELETE, &ana_place, Value::Null).await.expect(204);
    assert_eq!(is_in().await, (401, 410), "removed");
}

#[tokio::test]
async fn coordinators_see_and_revoke_every_link_and_others_their_own() {
    let scene = Scene::set().await;
    let site = &scene.site;
    let admin = site.administrator().await;
    scene.change(json!({"switches": ["drafters-make-guest-links"]})).await;
    let ana = site.member(&scene.group, "ana", "drafter").await;
    let ben = site.member(&scene.group, "ben", "drafter").await;
    let of_ana = scene.link(&ana, json!({})).await.expect(201);
    let of_ilse = scene.link(&scene.ilse, json!({"role": "observer"})).await.expect(201);
    let lena = Who::Cookie(scene.come(&of_ana.text("/secret"), "Lena").await.expect(200).cookie());
    let seen = async |who: &Who| {
        let list = site.get(who, &scene.links()).await.expect(200).json();
        list["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&scene.ilse).await, [of_ana.text("/id"), of_ilse.text("/id")]);
    assert_eq!(seen(&admin).await, [of_ana.text("/id"), of_ilse.text("/id")]);
    assert_eq!(seen(&ana).await, [of_ana.text("/id")]);
    assert!(seen(&ben).await.is_empty());
    let list = site.get(&scene.ilse, &scene.links()).await.json();
    assert_eq!(
        (&list["links"][0]["guests"][0]["name"], &list["links"][0]["state"]),
        (&json!("Lena"), &json!("used-up"))
    );
    assert!(!list.to_string().contains(&of_ana.text("/secret")));
    let jon = site.member(&scene.group, "jon", "observer").await;
    assert_eq!(site.get(&jon, &scene.links()).await.problem(), (403, "role".into()));
    // An administrator sees that there are links, and makes none.
    assert_eq!(scene.link(&admin, json!({})).await.problem(), (403, "role".into()));

    let path = |made: &Answer| format!("{}/{}", scene.links(), made.text("/id"));
    assert_eq!(
        site.ask(&ben, Method::DELETE, &path(&of_ana), Value::Null).await.problem(),
        (403, "role".into())
    );
    assert_eq!(
        site.ask(&ana, Method::DELETE, &path(&of_ilse), Value::Null).await.problem(),
        (403, "role".into())
    );
    assert_eq!(scene.state(&lena, &scene.statement.body).await, 200);
    site.ask(&ana, Method::DELETE, &path(&of_ana), Value::Null).await.expect(204);
    assert_eq!(scene.state(&lena, &scene.statement.body).await, 401);
    site.ask(&scene.ilse, Method::DELETE, &path(&of_ilse), Value::Null).await.expect(204);
    assert_eq!(scene.come(&of_ilse.text("/secret"), "M").await.problem(), (410, "link-over".into()));
    assert_eq!(site.ask(&scene.ilse, Method::DELETE, &path(&of_ilse), Value::Null).await.problem().0, 404);
}

#[tokio::test]
async fn a_link_lets_in_as_many_as_it_is_for_and_until_it_runs_out() {
    let scene = Scene::set().await;
    let site = &scene.site;
    for body in [
        json!({"uses": 0}),
        json!({"uses": 101}),
        json!({"expires": "0s"}),
        json!({"expires": "91d"}),
        json!({"role": "poet"}),
    ] {
        assert_eq!(scene.link(&scene.ilse, body.clone()).await.problem(), (422, "invalid".into()), "{body}");
    }
    let made = scene.link(&scene.ilse, json!({"uses": 3, "expires": "2h"})).await.expect(201);
    let secret = made.text("/secret");
    let coming = (0..8).map(|n| {
        let body = json!({"secret": secret, "name": format!("Guest {n}")});
        site.post(&Who::Nobody, REDEEM, body)
    });
    let answers = futures_util::future::join_all(coming).await;
    let came: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(came.len(), 3);
    assert!(answers.iter().filter(|answer| answer.status != 200).all(|answer| answer.problem().0 == 410));
    let users: std::collections::BTreeSet<_> = came.iter().map(|answer| answer.text("/user/id")).collect();
    assert_eq!(users.len(), 3, "each has an id of their own");
    for name in ["", " ", "a\nb"] {
        let fresh = scene.link(&scene.ilse, json!({})).await.text("/secret");
        assert_eq!(scene.come(&fresh, name).await.problem(), (422, "invalid".into()));
    }
    let lena = Who::Cookie(came[0].cookie());
    site.turn(7_199);
    assert_eq!(scene.state(&lena, &scene.statement.body).await, 200);
    site.turn(1);
    assert_eq!(scene.state(&lena, &scene.statement.body).await, 401);
    assert_eq!(scene.come(&secret, "M").await.problem(), (410, "link-over".into()));
    assert_eq!(site.app.directory.sweep_guests().await.unwrap(), 3, "their stays");
}

#[tokio::test]
async fn somebody_who_is_signed_in_does_not_lose_that_to_a_guest() {
    let scene = Scene::set().await;
    let secret = scene.link(&scene.ilse, json!({"uses": 2})).await.text("/secret");
    let body = json!({"secret": secret, "name": "Lena"});
    let refused = scene.site.post(&scene.ilse, REDEEM, body.clone()).await;
    assert_eq!(refused.problem(), (409, "signed-in".into()));
    let stale = Who::Cookie("plenary-development-http=stale".into());
    let lena = Who::Cookie(scene.site.post(&stale, REDEEM, body.clone()).await.expect(200).cookie());
    // A guest may become another one, and gets an account by an invitation.
    scene.site.post(&lena, REDEEM, body).await.expect(200);
    let invite = format!("/api/v1/groups/{}/invitations", scene.group);
    let secret = scene.site.post(&scene.ilse, &invite, json!({"role": "drafter"})).await.text("/secret");
    let newcomer = json!({"name": "Lena", "email": "lena@ngo.example", "password": crate::site::PASSWORD});
    let body = json!({"secret": secret, "newcomer": newcomer});
    scene.site.post(&lena, "/api/v1/invitations/accept", body).await.expect(200);
}

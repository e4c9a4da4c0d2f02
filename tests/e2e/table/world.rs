//! One server with everybody in it: each actor, and a statement at each stage.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use plenary_ids::{GroupId, OrganisationId, StatementId, UserId};
use plenary_permissions::Stage;
use plenary_server::{
    App,
    clock::Clock,
    config::Config,
    routes::NoAssets,
    serve::{Listeners, serve},
};
use plenary_statements::Documents;
use plenary_storage::memory::MemoryStore;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    actors::Actor,
    http::{Answer, Client, EMBEDDING_ORIGIN, Shown, operator},
};

/// How many cells were looked at, by row.
#[derive(Default)]
pub(super) struct Cells(BTreeMap<String, usize>);

impl Cells {
    pub(super) fn count(&mut self, row: &str) {
        *self.0.entry(row.to_owned()).or_default() += 1;
    }

    pub(super) fn rows(&self) -> usize {
        self.0.len()
    }

    pub(super) fn total(&self) -> usize {
        self.0.values().sum()
    }
}

/// A statement that is as far as its stage says.
pub(super) struct At {
    pub(super) statement: StatementId,
    pub(super) documents: Documents,
    /// Where it cannot go from here.
    pub(super) unreachable: Stage,
}

pub(super) struct World {
    pub(super) app: App,
    pub(super) address: SocketAddr,
    pub(super) group: GroupId,
    /// A member whom nobody minds.
    pub(super) bystander: UserId,
    /// For which nobody in the group works.
    pub(super) organisation: OrganisationId,
    /// The `kid` of the site that embeds the editor.
    host_key: Value,
    /// A site for which nobody stands.
    pub(super) spare_host: String,
    statements: HashMap<Stage, At>,
    /// What each actor shows; the same at all stages but for those who came for one statement.
    shown: HashMap<(Actor, Option<Stage>), Shown>,
}

/// When all this happens: far from when the tests run.
const START_MS: u64 = 1_800_000_000_000;

/// The site that vouches for people.
const HOST: &str = "coalition.example";

pub(super) const SPARE_HOST: &str = "spare.example";

/// Each site has its own.
fn signing_key(issuer: &str) -> SigningKey {
    let mut seed = [7; 32];
    seed.iter_mut().zip(issuer.bytes().rev()).for_each(|(seed, letter)| *seed = letter);
    SigningKey::from_bytes(&seed)
}

impl World {
    pub(super) async fn make() -> Self {
        let clock = Clock::standing_at(START_MS);
        let app = App::new(
            Config::default(),
            Arc::new(MemoryStore::new()),
            Arc::new(MemoryStore::new()),
            clock.clone(),
        );
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let listeners = Listeners { tcp, operator: None, tls: None };
        tokio::spawn(serve(app.clone(), Arc::new(NoAssets), listeners, std::future::pending()));

        let group = made(&app, "/groups", json!({"name": "Coalition", "kind": "thematic"})).await;
        let organisation = json!({"names": {"en": "Far away"}, "type": "ngo"});
        let organisation = made(&app, "/organisations", organisation).await;
        let mut world = Self {
            app,
            address,
            group: id(&group["id"]),
            bystander: UserId::SERVER,
            organisation: id(&organisation["id"]),
            host_key: Value::Null,
            spare_host: String::new(),
            statements: HashMap::new(),
            shown: HashMap::new(),
        };
        world.bring_in_members(&clock).await;
        world.let_host_in().await;
        for stage in Stage::ALL {
            world.start_statement(stage).await;
        }
        world
    }

    pub(super) fn at(&self, stage: Stage) -> &At {
        &self.statements[&stage]
    }

    /// What the actor shows where the statement at this stage is concerned.
    pub(super) fn shown(&self, actor: Actor, stage: Stage) -> Shown {
        let anywhere = self.shown.get(&(actor, None));
        let shown = anywhere.or_else(|| self.shown.get(&(actor, Some(stage))));
        shown.cloned().unwrap_or(Shown::Nothing)
    }

    /// A sign-in of the actor's that nothing else rests on; the same as ever for those without an account.
    pub(super) async fn shown_anew(&self, actor: Actor, stage: Stage) -> Shown {
        match self.shown(actor, stage) {
            Shown::Cookie(_) if actor.has_account() && actor.is_recognised() => {
                self.sign_in(&actor.called()).await
            }
            Shown::Cookie(_) if actor == Actor::Guest => self.guest(stage).await,
            shown => shown,
        }
    }

    /// Asks the way the actor would, over HTTP.
    pub(super) async fn ask(&self, actor: Actor, stage: Stage, call: &str, body: Option<Value>) -> Answer {
        self.send(&self.shown(actor, stage), call, body).await
    }

    pub(super) async fn send(&self, shown: &Shown, call: &str, body: Option<Value>) -> Answer {
        Client::open(self.address).await.ask(call, shown, body).await
    }

    /// Signs somebody in, in a browser.
    async fn sign_in(&self, called: &str) -> Shown {
        let email = format!("{called}@ngo.example");
        let secret = made(&self.app, "/session/links", json!({"email": email})).await["secret"].clone();
        let call = "POST /api/v1/session/link";
        let answer = self.send(&Shown::Nothing, call, Some(json!({"secret": secret}))).await;
        Shown::Cookie(answer.cookie.unwrap_or_else(|| panic!("signed in, not {}", answer.json)))
    }

    async fn bring_in_members(&mut self, clock: &Clock) {
        let elsewhere = made(&self.app, "/groups", json!({"name": "Others", "kind": "cohort"})).await;
        let elsewhere: GroupId = id(&elsewhere["id"]);
        self.account(Actor::Expired).await;
        clock.turn(Config::default().session_max.0 + Duration::from_secs(1));
        // In this order: the first coordinator is the contact person.
        for (actor, role) in [
            (Actor::ContactPerson, "coordinator"),
            (Actor::Coordinator, "coordinator"),
            (Actor::Drafter, "drafter"),
            (Actor::Commenter, "commenter"),
            (Actor::Observer, "observer"),
            (Actor::Removed, "drafter"),
        ] {
            let user = self.account(actor).await;
            self.join(self.group, &actor.called(), role).await;
            if actor == Actor::Removed {
                let path = format!("DELETE /api/v1/groups/{}/members/{user}", self.group);
                operator(&self.app, &path, None).await.expect(204);
            }
        }
        self.account(Actor::Stranger).await;
        self.join(elsewhere, &Actor::Stranger.called(), "coordinator").await;
        self.account(Actor::Invited).await;
        let invitation = json!({"role": "drafter", "email": "invited@ngo.example"});
        let call = format!("POST /api/v1/groups/{}/invitations", self.group);
        self.ask(Actor::ContactPerson, Stage::Draft, &call, Some(invitation)).await.expect(201);
        let made_administrator = json!({"administrator": true});
        let user = self.person("administrator").await;
        operator(&self.app, &format!("PATCH /api/v1/users/{user}"), Some(made_administrator))
            .await
            .expect(200);
        let shown = self.sign_in("administrator").await;
        self.shown.insert((Actor::Administrator, None), shown);
        self.bystander = self.person("bystander").await;
        self.bring_in_bystander().await;
    }

    /// Unless they are a member already.
    pub(super) async fn bring_in_bystander(&self) {
        let member = json!({"email": "bystander@ngo.example", "role": "observer"});
        let call = format!("POST /api/v1/groups/{}/members", self.group);
        let answer = operator(&self.app, &call, Some(member)).await;
        assert!(answer.status == 201 || answer.code() == "already-member", "{}", answer.json);
    }

    /// An account that an actor has signed in to.
    async fn account(&mut self, actor: Actor) -> UserId {
        let user = self.person(&actor.called()).await;
        let shown = self.sign_in(&actor.called()).await;
        self.shown.insert((actor, None), shown);
        user
    }

    async fn person(&self, called: &str) -> UserId {
        let email = format!("{called}@ngo.example");
        id(&made(&self.app, "/users", json!({"email": email, "name": called})).await["id"])
    }

    async fn join(&self, group: GroupId, called: &str, role: &str) {
        let member = json!({"email": format!("{called}@ngo.example"), "role": role});
        made(&self.app, &format!("/groups/{group}/members"), member).await;
    }

    async fn start_statement(&mut self, stage: Stage) {
        let started = made(
            &self.app,
            &format!("/groups/{}/statements", self.group),
            json!({"title": format!("At {}", stage.name())}),
        )
        .await;
        let statement: StatementId = id(&started["id"]);
        let documents = Documents {
            body: id(&started["documents"]["body"]),
            comments: id(&started["documents"]["comments"]),
        };
        // No statement moves to the stage where it is.
        self.statements.insert(stage, At { statement, documents, unreachable: stage });
        let way =
            [Stage::Draft, Stage::Frozen, Stage::SignOn, Stage::Closed, Stage::Submitted, Stage::FollowUp];
        let steps = way.iter().position(|step| *step == stage).unwrap();
        for step in &way[1..=steps] {
            let call = format!("POST /api/v1/statements/{statement}/stage");
            let to = Some(json!({"to": step.name()}));
            self.ask(Actor::ContactPerson, stage, &call, to).await.expect(200);
        }
        let guest = self.guest(stage).await;
        self.shown.insert((Actor::Guest, Some(stage)), guest);
        for (actor, role) in [
            (Actor::EmbeddedObserver, "observer"),
            (Actor::EmbeddedCommenter, "commenter"),
            (Actor::EmbeddedDrafter, "drafter"),
        ] {
            self.bring_in_embedded(actor, role, stage).await;
        }
    }

    /// Lets a site vouch for people in the group: an administrator registers it, a coordinator grants it.
    async fn let_host_in(&mut self) {
        self.host_key = self.register_host(HOST, EMBEDDING_ORIGIN).await["id"].clone();
        self.grant_embedding(HOST).await;
        let spare = self.register_host(SPARE_HOST, "https://spare.example").await;
        self.spare_host = spare["host"].as_str().unwrap().to_owned();
    }

    pub(super) async fn register_host(&self, issuer: &str, origin: &str) -> Value {
        let x = URL_SAFE_NO_PAD.encode(signing_key(issuer).verifying_key().as_bytes());
        let public_key = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
        let key = json!({"issuer": issuer, "origins": [origin], "role": "drafter", "public_key": public_key});
        made(&self.app, "/embed/keys", key).await
    }

    pub(super) async fn grant_embedding(&self, issuer: &str) -> Value {
        let call = format!("POST /api/v1/groups/{}/embed-grants", self.group);
        let grant = json!({"issuer": issuer, "role": "drafter"});
        self.ask(Actor::ContactPerson, Stage::Draft, &call, Some(grant)).await.expect(201)
    }

    /// The site's server signs, a page of the site exchanges.
    async fn bring_in_embedded(&mut self, actor: Actor, role: &str, stage: Stage) {
        let now = self.app.clock.now_ms() / 1000;
        let header = json!({"typ": "plenary-embed+jwt", "alg": "EdDSA", "kid": self.host_key});
        let claims = json!({
            "iss": HOST, "aud": format!("http://{}", self.address), "sub": role, "name": role,
            "doc": self.at(stage).documents.body, "role": role, "origin": EMBEDDING_ORIGIN,
            "jti": format!("{role} {}", stage.name()), "iat": now, "nbf": now, "exp": now + 300,
        });
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(signing_key(HOST).sign(signed.as_bytes()).to_bytes());
        let exchange = json!({"token": format!("{signed}.{signature}")});
        let page = Shown::Embedded(String::new());
        let session = self.send(&page, "POST /api/v1/embed/session", Some(exchange)).await.expect(201);
        let token = session["token"].as_str().unwrap().to_owned();
        self.shown.insert((actor, Some(stage)), Shown::Embedded(token));
    }

    /// A guest comes in by a link of their own.
    async fn guest(&self, stage: Stage) -> Shown {
        let call = format!("POST /api/v1/statements/{}/guest-links", self.at(stage).statement);
        let link = json!({"role": "commenter", "uses": 1});
        let link = self.ask(Actor::ContactPerson, stage, &call, Some(link)).await.expect(201);
        let redeem = json!({"secret": link["secret"], "name": "Gita"});
        let came = self.send(&Shown::Nothing, "POST /api/v1/guest-links/redeem", Some(redeem)).await;
        Shown::Cookie(came.cookie.unwrap_or_else(|| panic!("let in, not {}", came.json)))
    }
}

pub(super) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap_or_else(|| panic!("an id, not {value}")).parse().unwrap()
}

/// What the operator makes by posting to a path below `/api/v1`.
pub(super) async fn made(app: &App, path: &str, body: Value) -> Value {
    operator(app, &format!("POST /api/v1{path}"), Some(body)).await.expect(201)
}

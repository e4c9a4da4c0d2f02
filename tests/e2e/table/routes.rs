//! Every route.

use std::collections::BTreeSet;

use plenary_permissions::{
    Action, Channel, Decision, DenyReason, Stage, Subject, access_to, decide, decide_in_group,
};
use serde_json::{Value, json};

use super::{
    actors::Actor,
    http::operator,
    world::{Cells, SPARE_HOST, World},
};

/// Whom a route lets in.
#[derive(Clone, Copy)]
enum Rule {
    /// Everybody; who they are does not matter.
    Anybody,
    /// Everybody, but for pages of other sites: one must not sign a person in as somebody else.
    OnOwnPages,
    /// Whoever shows something that holds.
    Recognised,
    /// Whoever has an account.
    HasAccount,
    /// Whoever has an account, as the thing is of that account; to others it does not exist.
    OwnsIt,
    /// Whoever has signed in in a browser: what concerns the account itself.
    InSession,
    /// Whoever the table lets do this in the group.
    May(Action),
    /// Whoever the table lets do this to the group's statements, whichever they are.
    MayThere(Action),
    /// Whoever the table lets do this on the instance.
    MayHere(Action),
    /// The same; to others it does not exist.
    SeesHere(Action),
    /// Whoever the table lets do this to a statement at its stage.
    MayAt(Action),
    /// The same, and whoever manages the members.
    MayAtOrManages(Action),
    /// Whoever has access to the document.
    Reads(Channel),
    /// Nobody over the network: only whoever owns the data directory.
    Operates,
}

/// What must come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Not turned away; what comes of the request itself is others' business.
    LetIn,
    /// Turned away with this status and code.
    TurnedAway(u16, &'static str),
}

const NOT_FOUND: Outcome = Outcome::TurnedAway(404, "not-found");
const SIGN_IN_NEEDED: Outcome = Outcome::TurnedAway(401, "sign-in-needed");

/// An id that nothing has.
const NOBODYS: &str = "01a20193-0000-7000-8000-000000000000";

/// The codes by which somebody is turned away.
const TURNED_AWAY: [&str; 9] = [
    "sign-in-needed",
    "account-needed",
    "foreign-origin",
    "role",
    "condition",
    "administrator-needed",
    "operator-needed",
    "not-found",
    "stage",
];

impl Rule {
    fn outcome(self, actor: Actor, stage: Stage) -> Outcome {
        let subject = match (self, actor.subject()) {
            (Self::OnOwnPages, Some(Subject::HostEmbedded { .. })) => {
                return Outcome::TurnedAway(403, "foreign-origin");
            }
            (Self::Anybody | Self::OnOwnPages, _) => return Outcome::LetIn,
            (_, None) => return SIGN_IN_NEEDED,
            (_, Some(subject)) => subject,
        };
        let let_in_if = |may: bool, otherwise: Outcome| if may { Outcome::LetIn } else { otherwise };
        match self {
            Self::Anybody | Self::OnOwnPages | Self::Recognised => Outcome::LetIn,
            Self::HasAccount => let_in_if(actor.has_account(), Outcome::TurnedAway(403, "account-needed")),
            Self::OwnsIt => let_in_if(actor.has_account(), NOT_FOUND),
            Self::InSession => let_in_if(actor.has_account(), SIGN_IN_NEEDED),
            // Who may not even see the group is told that there is none.
            Self::May(_) | Self::MayThere(_) if !decide_in_group(subject, Action::SeeGroup).is_allowed() => {
                NOT_FOUND
            }
            Self::May(action) => said(decide_in_group(subject, action)),
            Self::MayHere(action) => let_in_if(
                decide_in_group(subject, action).is_allowed(),
                Outcome::TurnedAway(403, "administrator-needed"),
            ),
            Self::SeesHere(action) => let_in_if(decide_in_group(subject, action).is_allowed(), NOT_FOUND),
            Self::MayAt(action) | Self::MayThere(action) => said(decide(subject, action, stage)),
            Self::MayAtOrManages(_) if decide_in_group(subject, Action::ManageMembers).is_allowed() => {
                Outcome::LetIn
            }
            Self::MayAtOrManages(action) => said(decide(subject, action, stage)),
            Self::Reads(channel) => let_in_if(access_to(subject, channel, stage).is_some(), NOT_FOUND),
            Self::Operates => Outcome::TurnedAway(403, "operator-needed"),
        }
    }
}

/// A decision, as HTTP says it.
fn said(decision: Decision) -> Outcome {
    match decision {
        Decision::Allow => Outcome::LetIn,
        Decision::Deny(DenyReason::NotAMember) => NOT_FOUND,
        Decision::Deny(DenyReason::Role) => Outcome::TurnedAway(403, "role"),
        Decision::Deny(DenyReason::Stage) => Outcome::TurnedAway(409, "stage"),
        Decision::Deny(DenyReason::Needs(_)) => Outcome::TurnedAway(403, "condition"),
        Decision::Deny(reason) => panic!("{reason} is not in the table"),
    }
}

/// One row: the route as the server describes it, whom it lets in, and a body that it can read. Where that would
/// change what other cells rest on, what it asks for is refused by other rules, after those of the table.
struct Row(&'static str, Rule, fn(&World, Stage) -> Option<Value>);

fn interest(_: &World, _: Stage) -> Option<Value> {
    Some(json!({"states": ["FR"], "themes": ["torture"]}))
}

fn rows() -> Vec<Row> {
    use Action::*;
    use Rule::*;
    fn none(_: &World, _: Stage) -> Option<Value> {
        None
    }
    fn empty(_: &World, _: Stage) -> Option<Value> {
        Some(json!({}))
    }
    fn secret(_: &World, _: Stage) -> Option<Value> {
        Some(json!({"secret": "wrong"}))
    }
    vec![
        Row("GET /healthz", Anybody, none),
        Row("GET /readyz", Anybody, none),
        Row("GET /metrics", Anybody, none),
        Row("GET /api", Anybody, none),
        Row("GET /api/", Anybody, none),
        Row("GET /api/page.css", Anybody, none),
        Row("GET /api/openapi.json", Anybody, none),
        // A plain request is no upgrade; what sockets let in is in `sockets`.
        Row("GET /sync", Anybody, none),
        Row("GET /sync/{document}", Anybody, none),
        Row("POST /api/v1/session", OnOwnPages, |_, _| {
            Some(json!({"email": "nobody@ngo.example", "password": "wrong"}))
        }),
        Row("POST /api/v1/session/link", OnOwnPages, secret),
        Row("POST /api/v1/session/second-factor", OnOwnPages, |_, _| {
            Some(json!({"half_session": "wrong", "code": "000000"}))
        }),
        Row("POST /api/v1/password-reset", OnOwnPages, |_, _| {
            Some(json!({"secret": "wrong", "new": "a long enough password"}))
        }),
        Row("POST /api/v1/session/links", Operates, |_, _| Some(json!({"email": "bystander@ngo.example"}))),
        Row("DELETE /api/v1/session", Recognised, none),
        Row("GET /api/v1/me", Recognised, none),
        Row("GET /api/v1/me/sessions", InSession, none),
        Row("DELETE /api/v1/me/sessions", InSession, none),
        Row("DELETE /api/v1/me/sessions/{session}", InSession, none),
        Row("PUT /api/v1/me/password", InSession, |_, _| Some(json!({"new": "short"}))),
        Row("GET /api/v1/me/second-factor", InSession, none),
        Row("POST /api/v1/me/second-factor", InSession, empty),
        Row("POST /api/v1/me/second-factor/confirm", InSession, |_, _| Some(json!({"code": "000000"}))),
        Row("POST /api/v1/me/second-factor/off", InSession, empty),
        Row("POST /api/v1/me/second-factor/recovery-codes", InSession, empty),
        Row("POST /api/v1/tokens", InSession, |_, _| Some(json!({"expires": "1h"}))),
        Row("GET /api/v1/tokens", Recognised, none),
        Row("DELETE /api/v1/tokens/{token}", OwnsIt, none),
        Row("POST /api/v1/users", MayHere(CreateUser), |_, _| {
            Some(json!({"email": "no address", "name": "A"}))
        }),
        Row("GET /api/v1/users", MayHere(CreateUser), none),
        Row("PATCH /api/v1/users/{user}", MayHere(CreateUser), empty),
        Row("DELETE /api/v1/users/{user}/second-factor", MayHere(CreateUser), none),
        Row("POST /api/v1/users/{user}/reset-links", MayHere(CreateUser), empty),
        Row("POST /api/v1/instance", Operates, |_, _| Some(json!({"email": "a@b.example", "name": "A"}))),
        Row("GET /api/v1/organisations", MayHere(ManageOrganisations), none),
        Row("POST /api/v1/organisations", MayHere(ManageOrganisations), |_, _| {
            Some(json!({"names": {"en": "Another"}, "type": "ngo"}))
        }),
        // Members of its people's groups see it, too; in the group of this world there are none.
        Row("GET /api/v1/organisations/{organisation}", SeesHere(ManageOrganisations), none),
        Row("PATCH /api/v1/organisations/{organisation}", MayHere(ManageOrganisations), empty),
        Row("GET /api/v1/organisations/{organisation}/people", MayHere(ManageOrganisations), none),
        Row("PUT /api/v1/organisations/{organisation}/people/{user}", MayHere(ManageOrganisations), none),
        Row("DELETE /api/v1/organisations/{organisation}/people/{user}", MayHere(ManageOrganisations), none),
        Row("GET /api/v1/interests", HasAccount, none),
        Row("GET /api/v1/interests/mine", HasAccount, none),
        Row("POST /api/v1/interests", HasAccount, |_, _| Some(json!({"entry": {"states": ["FR"]}}))),
        Row("PUT /api/v1/interests/{interest}", HasAccount, interest),
        Row("DELETE /api/v1/interests/{interest}", HasAccount, none),
        Row("POST /api/v1/groups", MayHere(CreateGroup), |_, _| {
            Some(json!({"name": "Another", "kind": "thematic"}))
        }),
        Row("GET /api/v1/groups", Recognised, none),
        Row("GET /api/v1/groups/listed", HasAccount, none),
        Row("GET /api/v1/groups/{group}", May(SeeGroup), none),
        Row("PATCH /api/v1/groups/{group}", May(ChangeGroup), |_, _| Some(json!({"themes": []}))),
        Row("GET /api/v1/groups/{group}/members", May(SeeMembers), none),
        Row("GET /api/v1/groups/{group}/members/past", May(ManageMembers), none),
        Row("POST /api/v1/groups/{group}/members", May(ManageMembers), |_, _| {
            Some(json!({"email": "bystander@ngo.example", "role": "observer"}))
        }),
        Row("PATCH /api/v1/groups/{group}/members/{user}", May(ManageMembers), |_, _| {
            Some(json!({"role": "observer"}))
        }),
        Row("DELETE /api/v1/groups/{group}/members/{user}", May(ManageMembers), none),
        Row("GET /api/v1/groups/{group}/invitations", May(ManageMembers), none),
        Row("POST /api/v1/groups/{group}/invitations", May(ManageMembers), |_, _| {
            Some(json!({"role": "observer", "uses": 0}))
        }),
        Row("DELETE /api/v1/groups/{group}/invitations/{invitation}", May(ManageMembers), none),
        Row("POST /api/v1/invitations/look", Anybody, secret),
        Row("POST /api/v1/invitations/accept", OnOwnPages, |_, _| {
            let newcomer =
                json!({"name": "New", "email": "new@ngo.example", "password": "a long enough password"});
            Some(json!({"secret": "wrong", "newcomer": newcomer}))
        }),
        Row("GET /api/v1/groups/{group}/statements", May(SeeGroup), none),
        Row("POST /api/v1/groups/{group}/statements", May(CreateStatement), |_, _| {
            Some(json!({"title": ""}))
        }),
        Row("GET /api/v1/groups/{group}/audit", May(ReadGroupLog), none),
        Row("GET /api/v1/audit", MayHere(ReadInstanceLog), none),
        Row("POST /api/v1/audit/verify", MayHere(ReadInstanceLog), none),
        Row("GET /api/v1/statements/{statement}", MayAt(SeeExistence), none),
        Row("POST /api/v1/statements/{statement}/stage", MayAt(ChangeStage), |world, stage| {
            Some(json!({"to": world.at(stage).unreachable.name()}))
        }),
        Row("GET /api/v1/statements/{statement}/guest-links", MayAtOrManages(CreateGuestLink), none),
        Row("POST /api/v1/statements/{statement}/guest-links", MayAt(CreateGuestLink), |_, _| {
            Some(json!({"role": "observer", "uses": 0}))
        }),
        Row("DELETE /api/v1/statements/{statement}/guest-links/{link}", MayAt(ManageMembers), none),
        Row("POST /api/v1/guest-links/look", Anybody, secret),
        Row("POST /api/v1/guest-links/redeem", OnOwnPages, |_, _| {
            Some(json!({"secret": "wrong", "name": "Gita"}))
        }),
        Row("POST /api/v1/embed/session", Anybody, |_, _| Some(json!({"token": "wrong"}))),
        Row("GET /api/v1/embed/keys", MayHere(RegisterEmbedHost), none),
        Row("POST /api/v1/embed/keys", MayHere(RegisterEmbedHost), |_, _| {
            Some(json!({"issuer": "x.example", "origins": [], "role": "drafter", "public_key": "none"}))
        }),
        Row("DELETE /api/v1/embed/keys/{key}", MayHere(RegisterEmbedHost), none),
        Row("GET /api/v1/groups/{group}/embed-grants", MayThere(CreateEmbedGrant), none),
        Row("POST /api/v1/groups/{group}/embed-grants", MayThere(CreateEmbedGrant), |_, _| {
            Some(json!({"issuer": "nobody.example", "role": "coordinator"}))
        }),
        Row("DELETE /api/v1/groups/{group}/embed-grants/{host}", MayThere(CreateEmbedGrant), none),
        Row("GET /api/v1/documents/{document}/state", Reads(Channel::Body), none),
        Row("GET /api/v1/documents/{document}/attribution", MayAt(ReadHistory), none),
        Row("POST /api/v1/tickets", Reads(Channel::Body), |world, stage| {
            Some(json!({"document": world.at(stage).documents.body}))
        }),
        Row("POST /api/v1/admin/verify", MayHere(Backup), none),
    ]
}

/// Every route × actor × stage.
pub(super) async fn check(world: &World, cells: &mut Cells) {
    let rows = rows();
    let described = described(world).await;
    let listed: BTreeSet<String> = rows.iter().map(|row| row.0.to_owned()).collect();
    let without_row: Vec<_> = described.difference(&listed).collect();
    let without_route: Vec<_> = listed.difference(&described).collect();
    assert!(without_row.is_empty(), "routes that are not in the table: {without_row:#?}");
    assert!(without_route.is_empty(), "rows that are no route: {without_route:#?}");
    let mut wrong = Vec::new();
    for row in &rows {
        for actor in Actor::ALL {
            for stage in Stage::ALL {
                wrong.extend(check_one(world, row, actor, stage).await.err());
                cells.count(row.0);
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "not as the table says: {wrong:#?}");
}

/// What the server says it answers.
async fn described(world: &World) -> BTreeSet<String> {
    let description = operator(&world.app, "GET /api/openapi.json", None).await.expect(200);
    let paths = description["paths"].as_object().expect("paths");
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten().map(|(method, _)| method);
        methods.filter(|method| *method != "parameters").map(move |method| (method.to_uppercase(), path))
    });
    operations.map(|(method, path)| format!("{method} {path}")).collect()
}

/// Fails with what came instead.
async fn check_one(world: &World, row: &Row, actor: Actor, stage: Stage) -> Result<(), String> {
    let Row(route, rule, body) = row;
    let call = filled(world, route, actor, stage).await;
    let shown = match *route {
        // What they show ends with it.
        "DELETE /api/v1/session" => world.shown_anew(actor, stage).await,
        _ => world.shown(actor, stage),
    };
    let answer = world.send(&shown, &call, body(world, stage)).await;
    let (expected, code) = (rule.outcome(actor, stage), answer.code());
    let is_so = match expected {
        Outcome::LetIn => !TURNED_AWAY.contains(&code),
        Outcome::TurnedAway(status, expected) => (answer.status, code) == (status, expected),
    };
    if is_so && answer.status < 500 && answer.status != 405 {
        return Ok(());
    }
    Err(format!("{route} as {actor:?}: {} {:?}, not {expected:?}", answer.status, answer.json))
}

/// The call, with the ids of things that are there: what concerns the account is the actor's own, all else is the
/// group's.
async fn filled(world: &World, route: &str, actor: Actor, stage: Stage) -> String {
    let at = world.at(stage);
    let (group, statement) = (world.group, at.statement);
    let mut call = route
        .replace("{group}", &group.to_string())
        .replace("{statement}", &statement.to_string())
        .replace("{document}", &at.documents.body.to_string())
        .replace("{user}", &world.bystander.to_string())
        .replace("{organisation}", &world.organisation.to_string());
    if route.ends_with("/members/{user}") {
        world.bring_in_bystander().await;
    }
    if route.ends_with("/people/{user}") {
        let call = format!("PUT /api/v1/organisations/{}/people/{}", world.organisation, world.bystander);
        operator(&world.app, &call, None).await.expect(204);
    }
    let made_by = async |who: Actor, call: &str, body: Value, id: &str| {
        let made = world.ask(who, stage, call, Some(body)).await;
        made.json[id].as_str().unwrap_or(NOBODYS).to_owned()
    };
    for (name, who, call_to_make, body) in [
        (
            "{invitation}",
            Actor::ContactPerson,
            format!("POST /api/v1/groups/{group}/invitations"),
            json!({"role": "observer"}),
        ),
        (
            "{link}",
            Actor::ContactPerson,
            format!("POST /api/v1/statements/{statement}/guest-links"),
            json!({"role": "observer"}),
        ),
        ("{interest}", actor, "POST /api/v1/interests".into(), json!({"entry": {"states": ["FR"]}})),
        ("{token}", actor, "POST /api/v1/tokens".into(), json!({"expires": "1h"})),
    ] {
        if call.contains(name) {
            let id = made_by(who, &call_to_make, body, "id").await;
            call = call.replace(name, &id);
        }
    }
    if call.contains("{host}") {
        world.grant_embedding(SPARE_HOST).await;
        call = call.replace("{host}", &world.spare_host);
    }
    if call.contains("{key}") {
        let issuer = format!("{actor:?}.{}.example", stage.name()).to_lowercase();
        let key = world.register_host(&issuer, "https://another.example").await;
        call = call.replace("{key}", key["id"].as_str().unwrap_or(NOBODYS));
    }
    if call.contains("{session}") {
        let another = world.shown_anew(actor, stage).await;
        let sessions = world.send(&another, "GET /api/v1/me/sessions", None).await.json;
        let present = sessions["sessions"].as_array().into_iter().flatten().find(|it| it["present"] == true);
        let id = present.and_then(|session| session["id"].as_str()).unwrap_or(NOBODYS);
        call = call.replace("{session}", id);
    }
    call
}

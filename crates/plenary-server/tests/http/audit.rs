//! The audit log: what is noted, who reads it, and how damage to it is found.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::Method;
use plenary_server::{
    App,
    clock::Clock,
    config::Config,
    directory::{Actor, AuditAction, AuditLog, NewGroup},
};
use plenary_statements::MembershipError;
use plenary_storage::{BoxFuture, Cell, CellChange, Cells, Expected, StoreError, memory::MemoryStore};
use serde_json::{Value, json};

use crate::site::{Answer, Site, Who, site};

async fn of_group(site: &Site, who: &Who, group: &str) -> Answer {
    site.get(who, &format!("/api/v1/groups/{group}/audit")).await
}

/// Each entry as its action, whom it is about, from and to.
fn told(page: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let entries = page["entries"].as_array().unwrap().iter();
    entries.map(|entry| (text(&entry["action"]), text(&entry["from"]), text(&entry["to"]))).collect()
}

async fn verified(site: &Site) -> Value {
    site.post(&Who::Operator, "/api/v1/audit/verify", Value::Null).await.expect(200).json()
}

#[tokio::test]
async fn what_is_changed_in_a_group_is_noted_with_who_did_it() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let ben = site.member(&group, "ben", "drafter").await;
    let id = async |who: &Who| site.get(who, "/api/v1/me").await.text("/user/id");
    let (ilse_id, ben_id) = (id(&ilse).await, id(&ben).await);
    let path = format!("/api/v1/groups/{group}/members/{ben_id}");
    for body in
        [json!({"role": "coordinator"}), json!({"role": "coordinator"}), json!({"contact_person": true})]
    {
        site.ask(&ilse, Method::PATCH, &path, body).await.expect(200);
    }
    let statement = site.statement(&group, "Joint submission").await;
    let stage = format!("/api/v1/statements/{}/stage", statement.id);
    site.post(&ben, &stage, json!({"to": "frozen"})).await.expect(200);
    // Refused, so nothing of it is noted.
    site.post(&ben, &stage, json!({"to": "submitted"})).await.problem();
    site.ask(&ben, Method::DELETE, &path, Value::Null).await.problem();
    let path = format!("/api/v1/groups/{group}/members/{ilse_id}");
    site.ask(&ben, Method::DELETE, &path, Value::Null).await.expect(204);

    let page = of_group(&site, &ben, &group).await.expect(200).json();
    let said = |action: &str, from: &str, to: &str| (action.to_owned(), from.to_owned(), to.to_owned());
    assert_eq!(
        told(&page),
        [
            said("group-created", "", ""),
            said("member-added", "", "coordinator"),
            said("contact-person-changed", "", ""),
            said("member-added", "", "drafter"),
            said("member-role-changed", "drafter", "coordinator"),
            said("contact-person-changed", "", ""),
            said("statement-created", "", ""),
            said("stage-changed", "draft", "frozen"),
            said("member-removed", "coordinator", ""),
        ]
    );
    let entries = page["entries"].as_array().unwrap();
    let numbers: Vec<_> = entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=9).collect::<Vec<_>>());
    assert_eq!(entries[0]["actor"]["kind"], "operator");
    assert_eq!(entries[4]["actor"], json!({"kind": "user", "user": ilse_id}));
    assert_eq!(entries[4]["about"], json!({"user": ben_id}));
    assert_eq!(entries[7]["actor"]["user"], ben_id.as_str());
    assert_eq!(entries[7]["about"], json!({"statement": statement.id}));
    assert_eq!(entries[8]["about"], json!({"user": ilse_id}));
    assert_eq!(page["head"], json!({"seq": 9, "hash": entries[8]["hash"]}));
    assert_eq!(page["next"], Value::Null);
    assert_eq!(verified(&site).await["damage"], json!([]));
}

#[tokio::test]
async fn no_text_no_title_and_no_address_is_in_a_log() {
    let site = site();
    let group = site.group("Canaryville").await;
    site.member(&group, "canary", "coordinator").await;
    let statement = site.statement(&group, "Canary submission").await;
    let stage = format!("/api/v1/statements/{}/stage", statement.id);
    let canary = site.token("canary@ngo.example").await;
    site.post(&canary, &stage, json!({"to": "frozen"})).await.expect(200);
    let logs = site.app.cells.scan("audit").await.unwrap();
    assert!(logs.len() > 6, "{}", logs.len());
    for cell in logs {
        let text = String::from_utf8(cell.value.to_vec()).unwrap().to_lowercase();
        assert!(!text.contains("canary") && !text.contains('@'), "{text}");
    }
}

#[tokio::test]
async fn coordinators_read_their_groups_log_and_administrators_the_instances() {
    let site = site();
    let admin = site.administrator().await;
    let group = site.group("Valdoria").await;
    let other = site.group("Elsewhere").await;
    let coordinator = site.member(&group, "ilse", "coordinator").await;
    let stranger = site.member(&other, "stranger", "coordinator").await;
    assert_eq!(of_group(&site, &Who::Nobody, &group).await.problem(), (401, "sign-in-needed".into()));
    of_group(&site, &coordinator, &group).await.expect(200);
    // Whoever has the data directory.
    of_group(&site, &Who::Operator, &group).await.expect(200);
    assert_eq!(of_group(&site, &admin, &group).await.problem(), (403, "role".into()));
    for role in ["drafter", "commenter", "observer"] {
        let who = site.member(&group, role, role).await;
        assert_eq!(of_group(&site, &who, &group).await.problem(), (403, "role".into()), "{role}");
    }
    assert_eq!(of_group(&site, &stranger, &group).await.problem(), (404, "not-found".into()));
    let nowhere = "0198c0de-0000-7000-8000-000000000001";
    assert_eq!(of_group(&site, &stranger, nowhere).await.problem(), (404, "not-found".into()));

    let page = site.get(&admin, "/api/v1/audit").await.expect(200).json();
    let groups = told(&page).iter().filter(|(action, ..)| action == "group-created").count();
    assert_eq!(groups, 2, "{page}");
    for who in [&coordinator, &stranger] {
        let refused = site.get(who, "/api/v1/audit").await.problem();
        assert_eq!(refused, (403, "administrator-needed".into()));
        let refused = site.post(who, "/api/v1/audit/verify", Value::Null).await.problem();
        assert_eq!(refused, (403, "administrator-needed".into()));
    }
    site.post(&admin, "/api/v1/audit/verify", Value::Null).await.expect(200);
}

#[tokio::test]
async fn a_log_is_read_page_by_page() {
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    for name in ["ana", "ben", "cho", "dia"] {
        site.member(&group, name, "observer").await;
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let path = format!("/api/v1/groups/{group}/audit?after={after}&limit=3");
        let page = site.get(&ilse, &path).await.expect(200).json();
        let entries = page["entries"].as_array().unwrap();
        assert!(entries.len() <= 3);
        seen.extend(entries.iter().map(|entry| entry["seq"].as_u64().unwrap()));
        assert_eq!(page["head"]["seq"], 7);
        let Some(next) = page["next"].as_u64() else { break };
        after = next;
    }
    assert_eq!(seen, (1..=7).collect::<Vec<_>>());
    let beyond = site.get(&ilse, &format!("/api/v1/groups/{group}/audit?after=7")).await.expect(200).json();
    assert_eq!((&beyond["entries"], &beyond["next"]), (&json!([]), &Value::Null));
    for bad in ["limit=0", "limit=501", "limit=ten", "after=-1", "before=3", "after=18446744073709551616"] {
        let refused = site.get(&ilse, &format!("/api/v1/groups/{group}/audit?{bad}")).await.problem();
        assert_eq!(refused, (400, "malformed".into()), "{bad}");
    }
    let last = u64::MAX;
    site.get(&ilse, &format!("/api/v1/groups/{group}/audit?after={last}")).await.expect(200);
}

/// A group with a few entries, and one of them to be damaged.
async fn damaged(what: impl AsyncFnOnce(&App, &str) -> Vec<CellChange>) -> Value {
    let site = site();
    let group = site.group("Valdoria").await;
    for name in ["ana", "ben", "cho"] {
        site.member(&group, name, "observer").await;
    }
    assert_eq!(verified(&site).await["damage"], json!([]));
    let changes = what(&site.app, &group).await;
    site.app.cells.commit(changes, Vec::new()).await.unwrap();
    let report = site.post(&Who::Operator, "/api/v1/admin/verify", Value::Null).await.expect(200).json();
    assert_eq!(report["whole"], false);
    let found = verified(&site).await["damage"].clone();
    let lines = found.as_array().unwrap();
    assert_eq!(lines.len(), 1, "{found}");
    assert_eq!(lines[0]["log"], group.as_str());
    assert_eq!(report["damage"][0]["what"], "audit");
    assert_eq!(report["damage"][0]["seq"], lines[0]["seq"]);
    lines[0].clone()
}

fn entry_key(group: &str, seq: u64) -> String {
    format!("audit/{group}/{seq:012}")
}

async fn value(app: &App, key: &str) -> String {
    String::from_utf8(app.cells.get(key).await.unwrap().unwrap().value.to_vec()).unwrap()
}

fn write(key: String, value: String) -> CellChange {
    CellChange::Put { key, value: value.into() }
}

#[tokio::test]
async fn an_entry_that_is_changed_missing_or_added_is_found() {
    let found = damaged(async |app, group| {
        let key = entry_key(group, 2);
        let text = value(app, &key).await.replace("observer", "drafter");
        vec![write(key, text)]
    });
    assert_eq!(found.await["seq"], 2);

    // With a hash made anew for the changed entry the next one does not fit.
    let found = damaged(async |app, group| {
        use sha2::Digest;
        let before = value(app, &entry_key(group, 1)).await[..64].to_owned();
        let entry = value(app, &entry_key(group, 2)).await[65..].replace("observer", "drafter");
        let hash = sha2::Sha256::new().chain_update(&before).chain_update(&entry).finalize();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        vec![write(entry_key(group, 2), format!("{hash} {entry}"))]
    });
    assert_eq!(found.await["seq"], 3);

    for (gone, at) in [(1, 1), (3, 3), (4, 4)] {
        let found = damaged(async |_, group| vec![CellChange::Delete { key: entry_key(group, gone) }]).await;
        assert_eq!((&found["seq"], &found["reason"]), (&json!(at), &json!("the entry is missing")));
    }

    let found = damaged(async |app, group| {
        let last = value(app, &entry_key(group, 4)).await;
        vec![write(entry_key(group, 5), last)]
    });
    assert_eq!(found.await["seq"], 5);

    // The last entry is taken away and the head set back: the head's own hash does not fit any more.
    let found = damaged(async |app, group| {
        let head = value(app, &format!("audit-head/{group}")).await.replace("\"seq\":4", "\"seq\":3");
        vec![CellChange::Delete { key: entry_key(group, 4) }, write(format!("audit-head/{group}"), head)]
    });
    assert_eq!(found.await["reason"], "the log does not end as it says");

    let found = damaged(async |_, group| vec![CellChange::Delete { key: format!("audit-head/{group}") }]);
    assert_eq!(found.await["seq"], 1);
}

#[tokio::test]
async fn the_log_of_one_group_does_not_pass_for_that_of_another() {
    let site = site();
    let (one, other) = (site.group("One").await, site.group("Other").await);
    for key in ["audit-head/{}", "audit/{}/000000000001"] {
        let text = value(&site.app, &key.replace("{}", &one)).await;
        site.app.cells.commit(vec![write(key.replace("{}", &other), text)], Vec::new()).await.unwrap();
    }
    let damage = verified(&site).await["damage"].clone();
    assert_eq!(damage[0]["log"], other.as_str());
    assert_eq!(damage.as_array().unwrap().len(), 1);
}

/// A store whose commits let others go first.
struct Slow {
    store: Arc<MemoryStore>,
    conflicts: AtomicUsize,
}

impl Cells for Slow {
    fn get(&self, key: &str) -> BoxFuture<'_, Result<Option<Cell>, StoreError>> {
        self.store.get(key)
    }

    fn scan(&self, prefix: &str) -> BoxFuture<'_, Result<Vec<Cell>, StoreError>> {
        self.store.scan(prefix)
    }

    fn commit(
        &self,
        changes: Vec<CellChange>,
        expected: Vec<Expected>,
    ) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let outcome = self.store.commit(changes, expected).await;
            if matches!(outcome, Err(StoreError::Conflict { .. })) {
                self.conflicts.fetch_add(1, Ordering::Relaxed);
            }
            outcome
        })
    }
}

#[tokio::test]
async fn changes_at_the_same_time_make_one_unbroken_log() {
    let store = Arc::new(MemoryStore::new());
    let slow = Arc::new(Slow { store: Arc::clone(&store), conflicts: AtomicUsize::new(0) });
    // Two servers on one store, as the next engine will have it.
    let server = || App::new(Config::default(), store.clone(), slow.clone(), Clock::standing_at(1));
    let servers = [server(), server()];
    let name = |n: usize| format!("Group {n}").parse().unwrap();
    let making = (0..40).map(|n| {
        let directory = &servers[n % 2].directory;
        directory.create_group(Actor::SERVER, NewGroup::named(name(n)))
    });
    for made in futures_util::future::join_all(making).await {
        made.unwrap();
    }
    assert!(slow.conflicts.load(Ordering::Relaxed) > 10, "they never met");
    let directory = &servers[0].directory;
    let report = directory.check_audit().await.unwrap();
    assert_eq!(report.damage, []);
    assert_eq!(report.heads["instance"].seq, 40);
    assert_eq!(report.entries, 40 * 2);
    let page = directory.audit_page(AuditLog::Instance, 39, 10).await.unwrap();
    assert_eq!(page.entries[0].entry.action, AuditAction::GroupCreated);
}

#[tokio::test]
async fn a_change_that_is_refused_leaves_no_entry() {
    let site = site();
    let group: plenary_ids::GroupId = site.group("Valdoria").await.parse().unwrap();
    let before = site.everything().await;
    let refused = site
        .app
        .directory
        .change_members(Actor::SERVER, group, |_, _| Err::<(), _>(MembershipError::NotAMember))
        .await;
    refused.unwrap_err();
    assert_eq!(site.everything().await, before);
}

#[test]
fn every_action_has_a_row_in_the_docs() {
    let page = include_str!("../../../../docs/audit.md");
    let table = page.split("| Action | Means |").nth(1).unwrap().split("\n\n").next().unwrap();
    let rows: Vec<&str> = table.lines().skip(2).collect();
    let expected: Vec<String> = AuditAction::ALL
        .iter()
        .map(|action| format!("| `{}` | {} |", action.name(), action.meaning()))
        .collect();
    assert_eq!(rows, expected);
    for action in AuditAction::ALL {
        assert_eq!(serde_json::to_value(action).unwrap(), action.name());
    }
}

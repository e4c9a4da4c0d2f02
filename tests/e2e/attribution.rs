//! Who wrote what, told over HTTP: compared with a table of every single clock, after compaction, a restart and a
//! take-over; and who is told.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use plenary_ids::{DocumentId, UserId};
use plenary_permissions::Role;
use plenary_protocol::{Message, PlenaryMessage, RefusalCode, SyncMessage};
use plenary_server::{
    App,
    clock::Clock,
    config::{Config, Span},
    directory::{Actor, NewGroup, NewStatement, NewUser},
    routes::{NoAssets, router},
    verify::verify,
};
use plenary_statements::{Documents, Schema, StatementKind};
use plenary_storage::{DocumentLog, NewRecord};
use plenary_storage_sled::{Options, SledStore};
use plenary_tests::process::Folder;
use serde_json::Value;
use tokio::{net::TcpListener, task::JoinHandle};
use tower::ServiceExt;
use yrs::{IdSet, ReadTxn, StateVector, Text, Transact, Update, updates::decoder::Decode};

use crate::{
    peer::{Editor, Peer},
    stage::{Stage, soon},
};

const UPDATES: usize = 1_000;
const PEOPLE: usize = 5;

/// A server over a store on disk, which can be ended and started again.
struct House {
    folder: Folder,
    clock: Clock,
    app: App,
    store: Arc<SledStore>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl House {
    async fn open(folder: Folder, clock: Clock) -> Self {
        // Snapshots all the time.
        let config = Config { snapshot_tail_bytes: 2_000, ..Config::default() };
        let options = Options { reserve_bytes: 1 << 20, ..Options::default() };
        let store = Arc::new(SledStore::open(folder.path().join("store"), options).unwrap());
        let app = App::new(config, store.clone(), store.clone(), clock.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router(app.clone(), Arc::new(NoAssets));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { folder, clock, app, store, address, serving }
    }

    /// Ends the server in order and opens another one on what it left. All sockets must have been dropped.
    async fn reopen(self) -> Self {
        let Self { folder, clock, app, store, serving, .. } = self;
        assert!(app.rooms.shutdown(Duration::from_secs(10)).await, "the rooms end");
        serving.abort();
        let _ = serving.await;
        drop(app);
        let alone = async {
            while Arc::strong_count(&store) > 1 {
                tokio::task::yield_now().await;
            }
        };
        soon("nobody else has the store", alone).await;
        drop(store);
        Self::open(folder, clock).await
    }

    async fn editor(&self, document: DocumentId, token: &str) -> Editor {
        Editor::begin(self.socket(document, token).await).await
    }

    async fn socket(&self, document: DocumentId, token: &str) -> Peer {
        let mut peer = Peer::open(self.address, "/sync", Some(document.to_string())).await.unwrap();
        peer.authenticate(token).await;
        peer
    }
}

/// `GET /documents/{document}/attribution`, all pages of it: status and runs.
async fn told(app: &App, document: DocumentId, token: &str, limit: usize) -> Result<Told, u16> {
    let mut told = Told::default();
    let mut after = String::new();
    loop {
        let path = format!("/api/v1/documents/{document}/attribution?limit={limit}{after}");
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = request.body(Body::empty()).unwrap();
        let response = router(app.clone(), Arc::new(NoAssets)).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        if status != 200 {
            return Err(status);
        }
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let page: Value = serde_json::from_slice(&body).unwrap();
        let runs = |name: &str| page[name].as_array().unwrap().clone();
        assert!(runs("inserts").len() + runs("deletes").len() <= limit);
        told.inserts.extend(runs("inserts"));
        told.deletes.extend(runs("deletes"));
        told.users.extend(runs("users").iter().map(Value::to_string));
        told.pages += 1;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return Ok(told),
        }
    }
}

#[derive(Debug, Default)]
struct Told {
    pages: usize,
    users: BTreeSet<String>,
    inserts: Vec<Value>,
    deletes: Vec<Value>,
}

type Table = BTreeMap<(u64, u32), (UserId, u64)>;

/// Every clock there is a run of, with its user and when its run began.
fn clocks_of(runs: &[Value]) -> Table {
    let mut clocks = Table::new();
    for run in runs {
        let number = |name: &str| run[name].as_u64().unwrap();
        let (user, at) = (run["user"].as_str().unwrap().parse().unwrap(), number("at"));
        assert!(run.get("relayed").is_none(), "{run}");
        for clock in number("clock")..number("clock") + number("len") {
            let told_twice = clocks.insert((number("client"), clock as u32), (user, at));
            assert_eq!(told_twice, None, "{run}");
        }
    }
    clocks
}

fn clocks(set: &IdSet) -> Vec<(u64, u32)> {
    let ranges = set.iter().flat_map(|(client, ranges)| {
        ranges.iter().map(|range| (client.get(), range.clone())).collect::<Vec<_>>()
    });
    ranges.flat_map(|(client, range)| range.map(move |clock| (client, clock))).collect()
}

/// Somebody types or deletes a little; the update.
fn edit(editor: &Editor, chance: &mut fastrand::Rng) -> Vec<u8> {
    let body = editor.doc.get_or_insert_text("body");
    let mut txn = editor.doc.transact_mut();
    let length = body.len(&txn);
    if length > 20 && chance.u8(0..4) == 0 {
        let at = chance.u32(0..length - 5);
        body.remove_range(&mut txn, at, chance.u32(1..5));
    } else {
        body.insert(&mut txn, chance.u32(0..=length), chance.choice(["a", "word ", "some words, "]).unwrap());
    }
    txn.encode_update_v1()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_thousand_updates_by_five_people_compaction_a_restart_and_a_take_over_it_is_right() {
    let mut chance = fastrand::Rng::with_seed(4217);
    let mut house = House::open(Folder::create(), Clock::standing_at(1_795_000_000_000)).await;
    let directory = house.app.directory.clone();
    let name = |text: &str| text.parse::<plenary_statements::Name>().unwrap();
    let group = directory.create_group(Actor::SERVER, NewGroup::named(name("Coalition"))).await.unwrap().id;
    let mut people = Vec::new();
    for called in ["Ana", "Ben", "Eva", "Ilse", "Safiya"] {
        let email = format!("{}@ngo.example", called.to_lowercase());
        let new = NewUser { email, name: name(called), password: None, administrator: false };
        let user = directory.create_user(new).await.unwrap().id;
        let role = if people.is_empty() { Role::Coordinator } else { Role::Drafter };
        directory
            .change_members(Actor::SERVER, group, |members, now| members.add(user, role, now))
            .await
            .unwrap();
        let (token, _) = directory.create_token(user, Span(Duration::from_secs(300 * 86_400))).await.unwrap();
        people.push((user, token));
    }
    drop(directory);
    let document = DocumentId::from(uuid::Uuid::now_v7());
    let comments = DocumentId::from(uuid::Uuid::now_v7());
    let first = first_line_break();
    for (document, update) in [(document, first.clone()), (comments, vec![0, 0])] {
        let (user, at_ms) = (UserId::SERVER, house.clock.now_ms());
        let record = NewRecord { user, at_ms, update: update.into(), relayed: Vec::new() };
        house.store.append(document, vec![record]).await.unwrap();
    }
    let documents = Documents { body: document, comments };
    let new = NewStatement {
        group,
        title: name("Joint submission"),
        kind: StatementKind::default(),
        schema: Schema::Linear,
        documents,
    };
    house.app.directory.create_statement(Actor::SERVER, new).await.unwrap();

    let (mut inserted, mut deleted) = (Table::new(), Table::new());
    let read = |update: &[u8]| Update::decode_v1(update).unwrap();
    for clock in clocks(&read(&first).insertions(true)) {
        inserted.insert(clock, (UserId::SERVER, house.clock.now_ms()));
    }
    let mut editors = Vec::new();
    for (_, token) in &people {
        editors.push(house.editor(document, token).await);
    }
    // Of Ana's first device, whose line is dead without anybody having noticed.
    let mut stale = None;
    for count in 0..UPDATES {
        house.clock.turn(Duration::from_millis(chance.u64(50..15_000)));
        let who = chance.usize(0..PEOPLE);
        let editor = &mut editors[who];
        let update = edit(editor, &mut chance);
        let (user, now_ms) = (people[who].0, house.clock.now_ms());
        for clock in clocks(&read(&update).insertions(true)) {
            inserted.insert(clock, (user, now_ms));
        }
        for clock in clocks(read(&update).delete_set()) {
            deleted.entry(clock).or_insert((user, now_ms));
        }
        editor.peer.send(&Message::Sync(SyncMessage::Update(update.into()))).await;
        editor.until_acknowledged(1).await;
        match count {
            300 => {
                let fresh = house.socket(document, &people[0].1).await;
                stale = Some(editors[0].take_over(fresh).await);
            }
            // Its end does not disturb the one who took over.
            400 => drop(stale.take()),
            600 => {
                let docs: Vec<_> = editors.drain(..).map(|editor| editor.doc).collect();
                house = house.reopen().await;
                for (doc, (_, token)) in docs.into_iter().zip(&people) {
                    let mut editor = Editor::on(house.socket(document, token).await);
                    editor.doc = doc;
                    editor.sync().await;
                    editors.push(editor);
                }
            }
            _ => {}
        }
    }
    let summaries = house.store.documents().await.unwrap();
    let summary = summaries.iter().find(|summary| summary.document == document).unwrap();
    assert!(summary.snapshot_seq > 500 && summary.head > UPDATES as u64, "{summary:?}");

    for limit in [10_000, 37] {
        let told = told(&house.app, document, &people[0].1, limit).await.unwrap();
        assert_eq!(told.pages > 1, limit == 37);
        for (noted, told) in [(&inserted, clocks_of(&told.inserts)), (&deleted, clocks_of(&told.deletes))] {
            assert_eq!(told.keys().collect::<Vec<_>>(), noted.keys().collect::<Vec<_>>());
            for (clock, (user, at_ms)) in noted {
                let (told_user, first_ms) = told[clock];
                assert_eq!(told_user, *user, "{clock:?}");
                assert!((first_ms..first_ms + 60_000).contains(at_ms), "{clock:?}: {at_ms}, told {first_ms}");
            }
        }
        assert!(told.users.iter().any(|user| user.contains("\"Safiya\"")), "{:?}", told.users);
        assert_eq!(told.users.len(), PEOPLE + 1);
    }
    let report = verify(&house.app, None).await.unwrap();
    assert!(report.whole, "{report:?}");

    // Somebody else with Ana's id, after all that.
    let mut forger = house.editor(document, &people[1].1).await;
    forger.hello().await;
    let ana = editors[0].doc.clone();
    let state = ana.transact().encode_state_as_update_v1(&StateVector::default());
    let copy = yrs::Doc::with_client_id(ana.client_id().get());
    copy.transact_mut().apply_update(read(&state)).unwrap();
    let text = copy.get_or_insert_text("body");
    let mut txn = copy.transact_mut();
    text.push(&mut txn, "not Ana's");
    let forged = txn.encode_update_v1();
    drop(txn);
    forger.peer.send(&Message::Sync(SyncMessage::Update(forged.into()))).await;
    let is_refused = |message: &Message| {
        matches!(message, Message::Plenary(PlenaryMessage::Refused { code: RefusalCode::Authorship, .. }))
    };
    forger.until(is_refused).await;
}

/// A first line break, as the server writes it.
fn first_line_break() -> Vec<u8> {
    let doc = yrs::Doc::with_client_id(1);
    let text = doc.get_or_insert_text("body");
    let mut txn = doc.transact_mut();
    text.push(&mut txn, "\n");
    txn.encode_update_v1()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_told_to_those_who_may_look_at_the_history_and_to_nobody_else() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let observer = stage.person("observer", Role::Observer).await;
    let stranger = stage.stranger("stranger").await;
    let mut editor = stage.hocuspocus_editor(&ana).await;
    editor.type_text("by Ana").await;
    editor.until_acknowledged(1).await;
    let (app, document) = (&stage.app, stage.document);
    let of_ana = told(app, document, &ana.token, 10).await.unwrap();
    assert_eq!(of_ana.inserts.len(), 1);
    assert_eq!(of_ana.inserts[0]["user"], ana.user.to_string());
    assert_eq!((&of_ana.inserts[0]["len"], of_ana.deletes.len()), (&Value::from(6), 0));
    assert_eq!(told(app, document, &observer.token, 10).await.unwrap_err(), 403);
    assert_eq!(told(app, document, &stranger.token, 10).await.unwrap_err(), 404);
    assert_eq!(told(app, DocumentId::from_bytes([3; 16]), &ana.token, 10).await.unwrap_err(), 404);
    assert_eq!(told(app, document, "nonsense", 10).await.unwrap_err(), 401);
    assert_eq!(told(app, document, &ana.token, 0).await.unwrap_err(), 400);
    stage.remove(&ana).await;
    assert_eq!(told(app, document, &ana.token, 10).await.unwrap_err(), 404);
}

//! A real server on a free port over a store in memory, and people who belong to it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::serve::ListenerExt;
use bytes::Bytes;
use plenary_ids::{DocumentId, GroupId, StatementId, UserId};
use plenary_permissions::{Role, Stage as StatementStage};
use plenary_server::{
    App,
    clock::Clock,
    config::{Config, Span},
    directory::{Actor, NewGroup, NewStatement, NewUser},
    rooms::Affected,
    routes::{NoAssets, router},
};
use plenary_statements::{Documents, Name, Schema, StatementKind};
use plenary_storage::{DocumentLog, memory::MemoryStore};
use tokio::net::{TcpListener, TcpSocket};

use crate::peer::{Editor, Peer, Refused};

/// No condition takes longer than this, on a busy machine either; most take a few milliseconds. Somebody who has used
/// much of the processor is not read for up to 20 s, and what has to be asked for again within a minute is not.
pub(crate) const DEADLINE: Duration = Duration::from_secs(45);

/// Waits for something that must happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("in time: {what}"))
}

/// One server, one group, one statement.
pub(crate) struct Stage {
    pub(crate) app: App,
    pub(crate) store: MemoryStore,
    pub(crate) address: SocketAddr,
    pub(crate) group: GroupId,
    pub(crate) statement: StatementId,
    pub(crate) document: DocumentId,
    people: Mutex<HashMap<String, Person>>,
}

/// Somebody with an account.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) token: String,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::set_with(Config::default()).await
    }

    pub(crate) async fn set_with(config: Config) -> Self {
        let store = MemoryStore::new();
        Self::set_on(config, store.clone(), Arc::new(store), Clock::default()).await
    }

    /// By a clock that the test turns on.
    pub(crate) async fn set_by(clock: &Clock) -> Self {
        let store = MemoryStore::new();
        Self::set_on(Config::default(), store.clone(), Arc::new(store), clock.clone()).await
    }

    /// `store` is what the documents are in, `log` what the server is given.
    pub(crate) async fn set_on(
        config: Config,
        store: MemoryStore,
        log: Arc<dyn DocumentLog>,
        clock: Clock,
    ) -> Self {
        // The cells are elsewhere, so that a held flush of the documents' does not hold up a change of rights.
        let app = App::new(config, log, Arc::new(MemoryStore::new()), clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = router(app.clone(), Arc::new(NoAssets));
        let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let group =
            app.directory.create_group(Actor::SERVER, NewGroup::named(name("Coalition"))).await.unwrap().id;
        let (statement, document) = statement(&app, group).await;
        Self { app, store, address, group, statement, document, people: Mutex::default() }
    }

    /// One more document, of the same group.
    pub(crate) async fn another_document(&self) -> DocumentId {
        statement(&self.app, self.group).await.1
    }

    /// A document of a group in which nobody is.
    pub(crate) async fn foreign_document(&self) -> DocumentId {
        let group =
            self.app.directory.create_group(Actor::SERVER, NewGroup::named(name("Others"))).await.unwrap().id;
        statement(&self.app, group).await.1
    }

    /// Somebody who is a member in this role.
    pub(crate) async fn person(&self, called: &str, role: Role) -> Person {
        let person = self.stranger(called).await;
        self.app
            .directory
            .change_members(Actor::SERVER, self.group, |members, now| members.add(person.user, role, now))
            .await
            .unwrap();
        person
    }

    /// Somebody who has an account and is no member.
    pub(crate) async fn stranger(&self, called: &str) -> Person {
        let new = NewUser {
            email: format!("{called}@ngo.example"),
            name: name(called),
            password: None,
            administrator: false,
        };
        let user = self.app.directory.create_user(new).await.unwrap().id;
        let span = Span(Duration::from_secs(3600));
        let (token, _) = self.app.directory.create_token(user, span).await.unwrap();
        let person = Person { user, token };
        self.people.lock().unwrap().insert(called.to_owned(), person.clone());
        person
    }

    /// Somebody who was introduced before.
    pub(crate) fn person_of(&self, called: &str) -> Person {
        self.people.lock().unwrap()[called].clone()
    }

    pub(crate) async fn remove(&self, person: &Person) {
        self.app
            .directory
            .change_members(Actor::SERVER, self.group, |members, _| members.remove(person.user))
            .await
            .unwrap();
        self.app.rooms.access_changed(Affected::User(person.user), &self.app.directory).await;
    }

    pub(crate) async fn set_role(&self, person: &Person, role: Role) {
        self.app
            .directory
            .change_members(Actor::SERVER, self.group, |members, _| members.set_role(person.user, role))
            .await
            .unwrap();
        self.app.rooms.access_changed(Affected::User(person.user), &self.app.directory).await;
    }

    pub(crate) async fn move_to(&self, to: StatementStage) {
        self.app.directory.move_statement(Actor::SERVER, self.statement, to).await.unwrap();
        let affected = Affected::Documents(vec![self.document]);
        self.app.rooms.access_changed(affected, &self.app.directory).await;
    }

    /// A socket of the y-websocket dialect, before any message.
    pub(crate) async fn y_websocket(&self, person: &Person) -> Peer {
        self.try_y_websocket(&self.document.to_string(), &format!("token={}", person.token)).await.unwrap()
    }

    pub(crate) async fn try_y_websocket(&self, document: &str, query: &str) -> Result<Peer, Refused> {
        Peer::open(self.address, &format!("/sync/{document}?{query}"), None).await
    }

    /// A socket of the Hocuspocus dialect, before any message. What it sends is addressed to the document.
    pub(crate) async fn hocuspocus(&self) -> Peer {
        self.try_hocuspocus().await.unwrap()
    }

    pub(crate) async fn try_hocuspocus(&self) -> Result<Peer, Refused> {
        Peer::open(self.address, "/sync", Some(self.document.to_string())).await
    }

    /// A y-websocket client that has synced.
    pub(crate) async fn editor(&self, person: &Person) -> Editor {
        Editor::begin(self.y_websocket(person).await).await
    }

    /// A y-websocket client that has synced, whose system takes little that it does not read.
    pub(crate) async fn slow_editor(&self, person: &Person) -> Editor {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let path = format!("/sync/{}?token={}", self.document, person.token);
        Editor::begin(Peer::open_on(socket, self.address, &path, None).await.unwrap()).await
    }

    /// A y-websocket client that has not asked for the text.
    pub(crate) async fn editor_without_text(&self, person: &Person) -> Editor {
        Editor::on(self.y_websocket(person).await)
    }

    /// A Hocuspocus client that has synced.
    pub(crate) async fn hocuspocus_editor(&self, person: &Person) -> Editor {
        let mut peer = self.hocuspocus().await;
        peer.authenticate(&person.token).await;
        Editor::begin(peer).await
    }

    /// What is stored, as text.
    pub(crate) async fn text(&self) -> String {
        let state = self.app.rooms.state(self.document, None).await.unwrap();
        crate::peer::text_of(&state)
    }
}

async fn statement(app: &App, group: GroupId) -> (StatementId, DocumentId) {
    let documents = Documents { body: uuid::Uuid::now_v7().into(), comments: uuid::Uuid::now_v7().into() };
    let update = Bytes::from_static(&[0, 0]);
    let record = plenary_storage::NewRecord { user: UserId::SERVER, at_ms: 1, update, relayed: Vec::new() };
    for document in [documents.body, documents.comments] {
        app.log.append(document, vec![record.clone()]).await.unwrap();
    }
    let new = NewStatement {
        group,
        title: name("Joint submission"),
        kind: StatementKind::default(),
        schema: Schema::default(),
        documents,
    };
    (app.directory.create_statement(Actor::SERVER, new).await.unwrap().id, documents.body)
}

fn name(text: &str) -> Name {
    text.to_owned().try_into().unwrap()
}

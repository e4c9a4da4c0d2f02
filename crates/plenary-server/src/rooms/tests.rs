//! What a room hears and what it looked at before, in the order that breaks it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use plenary_ids::{DocumentId, UserId};
use plenary_permissions::Access;
use plenary_protocol::{Message, SyncMessage, decode_y_websocket};
use plenary_room::Dialect;
use plenary_storage::{
    BoxFuture, DocumentLog, DocumentSummary, Loaded, NewRecord, Record, Seq, Snapshot, StoreError,
    memory::MemoryStore,
};
use tokio::sync::oneshot;

use super::{Joining, Rooms, RoomsSettings};
use crate::{
    App,
    auth::{Identity, Via},
    clock::Clock,
    config::Config,
    limits::Account,
    websocket::outbox::Outbox,
};

/// A Yjs update: client 7 writes "x".
const UPDATE: &[u8] = b"\x01\x01\x07\x00\x04\x01\x04body\x01x\x00";

type Meanwhile = Box<dyn FnOnce() + Send>;

/// A store that lets something happen while a room waits for an append: when the room asks for the answer, it has
/// looked at its control lane and has not yet looked at its mail.
struct Between {
    store: MemoryStore,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl DocumentLog for Between {
    fn append(
        &self,
        document: DocumentId,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'_, Result<Seq, StoreError>> {
        let appended = self.store.append(document, records);
        Box::pin(async move {
            let meanwhile = self.meanwhile.lock().unwrap().take();
            if let Some(happens) = meanwhile {
                happens();
                tokio::task::yield_now().await;
            }
            appended.await
        })
    }

    fn load(&self, document: DocumentId) -> BoxFuture<'_, Result<Loaded, StoreError>> {
        self.store.load(document)
    }

    fn history(
        &self,
        document: DocumentId,
        from: Seq,
        to: Seq,
    ) -> BoxFuture<'_, Result<Vec<Record>, StoreError>> {
        self.store.history(document, from, to)
    }

    fn documents(&self) -> BoxFuture<'_, Result<Vec<DocumentSummary>, StoreError>> {
        self.store.documents()
    }

    fn compact(&self, document: DocumentId, snapshot: Snapshot) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.compact(document, snapshot)
    }

    fn destroy(&self, document: DocumentId) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.destroy(document)
    }
}

fn user(number: u8) -> UserId {
    UserId::from_bytes([number; 16])
}

fn joining(document: DocumentId, user: UserId, account: Arc<Account>, outbox: &Arc<Outbox>) -> Joining {
    let identity = Identity {
        user,
        name: "Ana".to_owned(),
        via: Via::Operator,
        expires_at_ms: None,
        is_administrator: false,
        only_document: None,
        guest: None,
    };
    Joining {
        document,
        identity,
        access: Access::Write,
        dialect: Dialect::YWebsocket,
        prefix: Bytes::new(),
        knows_close: true,
        outbox: Arc::clone(outbox),
        account,
    }
}

/// The next message that waits for a socket.
async fn hear(outbox: &Outbox, waiting: &mut VecDeque<Message>) -> Message {
    loop {
        if let Some(message) = waiting.pop_front() {
            return message;
        }
        let mut frames = VecDeque::new();
        outbox.next_turn(&mut frames).await;
        waiting.extend(frames.into_iter().map(|outgoing| decode_y_websocket(outgoing.frame).unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn who_comes_in_and_speaks_while_the_room_looks_elsewhere_is_answered_and_who_left_again_is_gone() {
    let store = MemoryStore::new();
    let meanwhile: Arc<Mutex<Option<Meanwhile>>> = Arc::default();
    let cells = Arc::new(store.clone());
    let app = App::new(Config::default(), cells.clone(), cells, Clock::default());
    let log = Arc::new(Between { store, meanwhile: Arc::clone(&meanwhile) });
    let rooms = Rooms::new(log, Clock::default(), RoomsSettings::default());
    let document = DocumentId::from_bytes([9; 16]);
    let come = {
        let (app, rooms) = (app.clone(), rooms.clone());
        move |number| {
            let (app, rooms, outbox) = (app.clone(), rooms.clone(), Arc::new(Outbox::default()));
            let account = app.limits.users().connect(user(number)).unwrap().account();
            let joining = joining(document, user(number), account, &outbox);
            async move {
                let asked_at = rooms.access_changes();
                (rooms.join(joining, asked_at, &app.directory).await.unwrap(), outbox)
            }
        }
    };

    let (ana, _) = come(1).await;
    let (newcomer, came) = oneshot::channel();
    *meanwhile.lock().unwrap() = Some(Box::new(move || {
        let at_once = "nothing here has to be waited for";
        let (ben, outbox) = come(2).now_or_never().expect(at_once);
        let asks = Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0])));
        ben.room.mailbox.post(ben.participant, asks, 3).now_or_never().expect(at_once).unwrap();
        let (chen, _) = come(3).now_or_never().expect(at_once);
        chen.room.mailbox.leave(chen.participant).now_or_never().expect(at_once);
        newcomer.send(outbox).expect("it is waited for");
    }));
    let writes = Message::Sync(SyncMessage::Update(Bytes::from_static(UPDATE)));
    ana.room.mailbox.post(ana.participant, writes, UPDATE.len()).await.unwrap();

    let answered = async {
        let ben_hears = came.await.expect("the room asks for the answer to its append");
        let mut waiting = VecDeque::new();
        while !matches!(hear(&ben_hears, &mut waiting).await, Message::Sync(SyncMessage::Step2(_))) {}
    };
    tokio::time::timeout(Duration::from_secs(10), answered).await.expect("ben's step 1 is answered");
    assert_eq!(rooms.counts().participants, 2, "chen has left");
}

#[tokio::test]
async fn who_comes_back_while_a_room_that_failed_is_ending_waits_for_the_next_one() {
    let store = Arc::new(MemoryStore::new());
    let app = App::new(Config::default(), store.clone(), store.clone(), Clock::default());
    let rooms = Rooms::new(store, Clock::default(), RoomsSettings::default());
    let document = DocumentId::from_bytes([9; 16]);
    let come = async |number| {
        let account = app.limits.users().connect(user(number)).unwrap().account();
        let joining = joining(document, user(number), account, &Arc::new(Outbox::default()));
        rooms.join(joining, rooms.access_changes(), &app.directory).await.unwrap()
    };
    let before = come(1).await;
    rooms.0.registry.end(document);
    let mut comes_back = std::pin::pin!(come(1));
    assert!(comes_back.as_mut().now_or_never().is_none(), "this room would let them go again");
    rooms.0.registry.remove(document);
    let after =
        tokio::time::timeout(Duration::from_secs(10), comes_back).await.expect("another room is open");
    assert!(!after.room.control.same_channel(&before.room.control));
}

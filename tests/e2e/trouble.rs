//! What goes wrong inside the server stays where it went wrong, and what waits is bounded.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use plenary_ids::DocumentId;
use plenary_permissions::Role;
use plenary_protocol::{CloseReason, Message, SyncMessage};
use plenary_server::{clock::Clock, config::Config};
use plenary_storage::{
    BoxFuture, DocumentLog, DocumentSummary, Loaded, NewRecord, Record, Seq, Snapshot, StoreError,
    memory::MemoryStore,
};

use crate::stage::{Stage, soon};

/// A store that tells one room a seq that cannot be, upon which the room's code panics.
struct Liar {
    store: MemoryStore,
    lies: Arc<AtomicBool>,
}

impl DocumentLog for Liar {
    fn append(
        &self,
        document: DocumentId,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'_, Result<Seq, StoreError>> {
        Box::pin(async move {
            let seq = self.store.append(document, records).await?;
            Ok(seq + u64::from(self.lies.swap(false, Ordering::SeqCst)))
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

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_fails_takes_nobody_else_along_and_is_loaded_afresh() {
    let store = MemoryStore::new();
    let lies = Arc::new(AtomicBool::new(false));
    let liar = Liar { store: store.clone(), lies: Arc::clone(&lies) };
    let stage = Stage::set_on(Config::default(), store, Arc::new(liar), Clock::default()).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let elsewhere = stage.another_document().await.to_string();
    let path = format!("token={}", ana.token);
    let bystander = stage.try_y_websocket(&elsewhere, &path).await.unwrap();
    let mut bystander = crate::peer::Editor::begin(bystander).await;
    let mut writer = stage.hocuspocus_editor(&ana).await;
    let mut reader = stage.editor(&ana).await;

    lies.store(true, Ordering::SeqCst);
    writer.type_text("kept").await;
    assert_eq!(writer.peer.close_code().await, CloseReason::Internal.code());
    assert_eq!(reader.peer.close_code().await, CloseReason::Internal.code());
    let mut peer = stage.hocuspocus().await;
    peer.authenticate(&ana.token).await;
    writer.come_back(peer).await;
    writer.type_text(" on").await;
    writer.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "kept on");
    bystander.type_text("unharmed").await;
    let another = stage.try_y_websocket(&elsewhere, &path).await.unwrap();
    let mut another = crate::peer::Editor::begin(another).await;
    another.until_text(|text| text == "unharmed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_faster_than_the_disk_is_not_read_and_can_still_be_removed() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let ben = stage.person("ben", Role::Drafter).await;
    let mut ana = stage.editor(&ana).await;
    let mut ben = stage.editor(&ben).await;
    stage.store.hold();
    // More than a room keeps undurable and a mailbox holds, together.
    let mut pages = Vec::new();
    for _ in 0..15 {
        pages.push(Message::Sync(SyncMessage::Update(ana.write(&"page ".repeat(200_000)))).encode(&[]));
    }
    let sending = tokio::spawn(async move {
        for page in pages {
            if ana.peer.try_send_bytes(page).await.is_err() {
                break;
            }
        }
        ana
    });
    let most = 4 * 1024 * 1024;
    let mut highest = 0;
    soon("a full mailbox", async {
        while highest < most - 1_000_000 {
            highest = highest.max(stage.app.rooms.counts().mailbox_bytes);
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(highest <= most, "{highest} bytes in the mailbox");
    // He waits for nobody: his words are in the same mailbox, but the removal is not.
    ben.type_text("late").await;
    stage.remove(&stage.person_of("ben")).await;
    assert_eq!(ben.peer.close_code().await, CloseReason::Removed.code());
    stage.store.release();
    let mut ana = sending.await.unwrap();
    let mut reader = stage.editor(&stage.person_of("ana")).await;
    let text = ana.text();
    soon("everything to arrive", async {
        let entry = ana.announce("{}").await;
        reader.until_present(&entry).await;
        reader.until_text(|there| there.len() == text.len()).await;
    })
    .await;
    assert_eq!(reader.text(), text);
}

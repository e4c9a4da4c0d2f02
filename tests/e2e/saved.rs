//! "Saved" is the store's word: with the flush held back nothing that knows of an edit leaves the server.

use plenary_permissions::Role;
use plenary_protocol::{CloseReason, Message, PlenaryMessage, SyncMessage};
use plenary_server::{config::Config, health::Fitness};
use yrs::{ReadTxn, Transact, updates::encoder::Encode};

use crate::{
    peer::{Editor, Heard, Refused, tells_of_an_edit},
    stage::{Stage, soon},
};

/// Everybody who could be told too early.
struct Table {
    stage: Stage,
    ana: Editor,
    ben: Editor,
    /// In the y-websocket dialect, and said hello.
    eva: Editor,
    observer: Editor,
    /// Came in before the edits and has not asked for the text yet.
    late: Editor,
}

impl Table {
    async fn laid() -> Self {
        let stage = Stage::set().await;
        let ana = stage.person("ana", Role::Drafter).await;
        let ben = stage.person("ben", Role::Drafter).await;
        let eva = stage.person("eva", Role::Drafter).await;
        let observer = stage.person("observer", Role::Observer).await;
        let ana = stage.hocuspocus_editor(&ana).await;
        let late = Editor::on(stage.y_websocket(&ben).await);
        let ben = stage.hocuspocus_editor(&ben).await;
        let mut eva = stage.editor(&eva).await;
        eva.hello().await;
        let observer = stage.editor(&observer).await;
        let mut table = Self { stage, ana, ben, eva, observer, late };
        // Nothing of their coming in is under way any more.
        table.fence().await;
        table
    }

    /// Everybody announces themselves and hears all others; what else they heard meanwhile is returned.
    async fn fence(&mut self) -> Vec<Message> {
        let mut everybody = [&mut self.ana, &mut self.ben, &mut self.eva, &mut self.observer, &mut self.late];
        let mut heard = Vec::new();
        // Twice: when everybody has heard the first announcements, all that was sent before them is merged, so an
        // answer given too early is queued before the second ones.
        for _ in 0..2 {
            let mut entries = Vec::new();
            for editor in &mut everybody {
                entries.push(editor.announce(r#"{"name":"somebody"}"#).await);
            }
            for (index, editor) in everybody.iter_mut().enumerate() {
                for (of, entry) in entries.iter().enumerate() {
                    if of != index {
                        heard.extend(editor.until_present(entry).await);
                    }
                }
            }
        }
        heard
    }

    /// Two people write at once, a third repeats what she has, a fourth asks for the text.
    async fn write(&mut self) {
        let update = self.ana.type_text("from ana. ").await;
        self.ben.type_text("from ben. ").await;
        // The same again brings nothing new, but nobody may be told so yet.
        self.ana.peer.send(&Message::Sync(SyncMessage::Update(update))).await;
        self.eva.type_text("from eva. ").await;
        self.eva.peer.send(&Message::Plenary(PlenaryMessage::Mark(7))).await;
        self.late.ask().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_knows_of_an_edit_leaves_before_the_flush_and_all_does_after_it() {
    let mut table = Table::laid().await;
    table.stage.store.hold();
    table.write().await;
    let mut heard = table.fence().await;
    let rooms = table.stage.app.rooms.clone();
    let document = table.stage.document;
    let state = tokio::spawn(async move { rooms.state(document, None).await.unwrap() });
    heard.extend(table.fence().await);
    assert_eq!(heard.iter().find(|message| tells_of_an_edit(message)), None);
    assert!(!state.is_finished());
    assert!(table.stage.store.waiting() > 0);

    table.stage.store.release();
    table.ana.until_acknowledged(2).await;
    table.ben.until_acknowledged(1).await;
    table.eva.until(|message| *message == Message::Plenary(PlenaryMessage::Durable(7))).await;
    let has_all =
        |text: &str| ["ana", "ben", "eva"].iter().all(|name| text.contains(&format!("from {name}.")));
    for editor in [&mut table.ana, &mut table.ben, &mut table.eva, &mut table.observer, &mut table.late] {
        editor.until_text(has_all).await;
    }
    let state = soon("the state", state).await.unwrap();
    assert!(has_all(&crate::peer::text_of(&state)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_flush_shows_nobody_an_edit_and_sends_writers_away_once() {
    let mut table = Table::laid().await;
    table.stage.store.hold();
    table.write().await;
    table.fence().await;
    table.stage.store.fail_next_flush();
    table.stage.store.release();
    for editor in [&mut table.ana, &mut table.ben, &mut table.eva, &mut table.late] {
        let (heard, closed) = editor.peer.until_closed().await;
        assert_eq!(heard.iter().find(|message| tells_of_an_edit(message)), None);
        assert_eq!(closed.unwrap().0, CloseReason::StoreDown.code());
    }
    assert_eq!(table.stage.app.health.fitness(), Fitness::StoreFailed);
    assert_eq!(table.stage.try_hocuspocus().await.err(), Some(Refused(503)));
    let document = table.stage.document.to_string();
    assert_eq!(table.stage.try_y_websocket(&document, "token=x").await.err(), Some(Refused(503)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_survived_and_the_edit_is_acknowledged_once_there_is_space() {
    let stage = Stage::set().await;
    let person = stage.person("ana", Role::Drafter).await;
    let mut ana = stage.hocuspocus_editor(&person).await;
    stage.store.set_full(true);
    ana.type_text("while full").await;
    // She is asked again, or sent away to come back; either way her own copy has it.
    let fitness = stage.app.health.fitness();
    let heard = loop {
        match ana.peer.hear().await {
            Heard::Message(Message::Sync(SyncMessage::Step1(theirs))) => break Some(theirs),
            Heard::Message(message) => assert!(message != Message::SyncStatus(true)),
            Heard::Closed(_) => break None,
        }
        stage.store.set_full(false);
    };
    stage.store.set_full(false);
    match heard {
        Some(_) => {
            let update = ana.doc.transact().encode_state_as_update_v1(&yrs::StateVector::default());
            ana.peer.send(&Message::Sync(SyncMessage::Step2(update.into()))).await;
            ana.until_acknowledged(1).await;
        }
        None => {
            let mut peer = stage.hocuspocus().await;
            peer.authenticate(&person.token).await;
            ana.come_back(peer).await;
        }
    }
    assert_eq!(fitness, Fitness::Ready);
    assert_eq!(stage.text().await, "while full");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_there_after_the_room_was_dropped_and_opened_again() {
    let config = Config { room_idle: "1ms".parse().unwrap(), ..Config::default() };
    let stage = Stage::set_with(config).await;
    let person = stage.person("ana", Role::Drafter).await;
    let mut ana = stage.hocuspocus_editor(&person).await;
    ana.type_text("first ").await;
    ana.until_acknowledged(1).await;
    drop(ana);
    soon("the room to end", async {
        while stage.app.rooms.counts().rooms > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut ana = stage.hocuspocus_editor(&person).await;
    assert_eq!(ana.text(), "first ");
    ana.type_text("second").await;
    ana.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "first second");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ending_server_answers_what_it_has_received_and_closes_with_the_code_for_a_restart() {
    let stage = Stage::set().await;
    let person = stage.person("ana", Role::Drafter).await;
    let mut ana = stage.hocuspocus_editor(&person).await;
    let mut unseated = stage.hocuspocus().await;
    stage.store.hold();
    ana.type_text("last words").await;
    let entry = ana.announce("{}").await;
    let mut watcher = stage.editor_without_text(&person).await;
    watcher.until_present(&entry).await;
    stage.app.health.drain();
    let rooms = stage.app.rooms.clone();
    let ended = tokio::spawn(async move { rooms.shutdown(crate::stage::DEADLINE).await });
    assert_eq!(unseated.close_code().await, CloseReason::Restart.code());
    stage.store.release();
    assert!(ended.await.unwrap());
    let (heard, closed) = ana.peer.until_closed().await;
    assert!(heard.contains(&Message::SyncStatus(true)));
    assert_eq!(closed.unwrap().0, CloseReason::Restart.code());
    assert!(stage.app.connections.closed(crate::stage::DEADLINE).await);
    let state_vector = ana.doc.transact().state_vector().encode_v1();
    assert!(stage.app.rooms.state(stage.document, Some(state_vector.into())).await.is_ok());
    assert_eq!(stage.text().await, "last words");
}

//! Frames that are too large, come too early, or are none.

use bytes::Bytes;
use plenary_permissions::Role;
use plenary_protocol::{AuthMessage, CloseReason, Message, SyncMessage, limits};

use crate::{
    peer::{Editor, Heard},
    stage::Stage,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_no_message_closes_its_own_socket_only() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut other = stage.editor(&ana).await;
    for garbage in [&[][..], &[0xff], &[0, 9], &[0, 2, 0xff, 0xff, 0xff, 0x7f], &[1, 200, 1], &[2, 9]] {
        let mut peer = stage.y_websocket(&ana).await;
        peer.send_bytes(Bytes::from_static(garbage)).await;
        assert_eq!(peer.close_code().await, CloseReason::Malformed.code());
        let mut peer = stage.hocuspocus().await;
        peer.send_bytes(Bytes::from([&[3, b'd', b'o', b'c'], garbage].concat())).await;
        assert_eq!(peer.close_code().await, CloseReason::Malformed.code());
    }
    other.type_text("unharmed").await;
    let mut reader = stage.editor(&ana).await;
    reader.until_text(|text| text == "unharmed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_is_none_is_refused_and_the_socket_stays() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut editor = stage.hocuspocus_editor(&ana).await;
    let update = Bytes::from_static(&[1, 1, 1, 0, 0xff, 3]);
    editor.peer.send(&Message::Sync(SyncMessage::Update(update))).await;
    editor.until(|message| *message == Message::SyncStatus(false)).await;
    let entry = editor.announce("{}").await;
    stage.editor(&ana).await.until_present(&entry).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_large_closes_a_y_websocket_and_only_fails_in_the_other_dialect() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let update = Message::Sync(SyncMessage::Update(vec![0; limits::FRAME_BYTES_MAX].into()));
    let mut editor = stage.editor(&ana).await;
    let _ = editor.peer.try_send_bytes(update.encode(&[])).await;
    assert_eq!(editor.peer.close_code().await, CloseReason::TooLarge.code());
    let mut editor = stage.hocuspocus_editor(&ana).await;
    editor.peer.send(&update).await;
    editor.until(|message| *message == Message::SyncStatus(false)).await;
    editor.type_text("small").await;
    editor.until_acknowledged(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_before_auth_are_dropped_unread_and_too_many_of_them_end_the_socket() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut peer = stage.hocuspocus().await;
    peer.send(&Message::Sync(SyncMessage::Update(vec![0xff; 1000].into()))).await;
    // The first thing heard is the answer to the Auth.
    peer.send_token(&ana.token).await;
    assert!(matches!(peer.message().await, Message::Auth(AuthMessage::Granted(_))));
    let mut editor = Editor::begin(peer).await;
    editor.type_text("in").await;
    editor.until_acknowledged(1).await;

    let mut peer = stage.hocuspocus().await;
    for _ in 0..=limits::BEFORE_AUTH_BYTES_MAX / 1000 {
        let update = Message::Sync(SyncMessage::Update(vec![0xff; 1000].into()));
        let frame = update.encode(&plenary_protocol::address_prefix("doc"));
        if peer.try_send_bytes(frame).await.is_err() {
            break;
        }
    }
    assert!(matches!(peer.until_closed().await, (messages, _) if messages.is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denial_is_no_way_to_send_without_end_and_neither_are_wrong_tokens() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let unheard = Message::Sync(SyncMessage::Update(vec![0xff; 1000].into()));
    let wrong = Message::Auth(AuthMessage::Token { token: "x".repeat(1000), version: None });
    for repeated in [unheard, wrong] {
        let mut peer = stage.hocuspocus().await;
        peer.send_token("nobody's").await;
        assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
        let frame = repeated.encode(&plenary_protocol::address_prefix(&stage.document.to_string()));
        for _ in 0..=limits::BEFORE_AUTH_BYTES_MAX / 1000 {
            if peer.try_send_bytes(frame.clone()).await.is_err() {
                break;
            }
        }
        assert_eq!(peer.close_code().await, plenary_protocol::CloseReason::TooLarge.code());
    }

    // Somebody who was recognised is heard on, however much went to a document that is closed to them.
    let mut peer = stage.hocuspocus().await;
    peer.authenticate(&ana.token).await;
    let elsewhere = stage.document;
    peer.speak_about(plenary_ids::DocumentId::from_bytes([7; 16]));
    peer.send_token(&ana.token).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("not-found".into())));
    for _ in 0..=limits::BEFORE_AUTH_BYTES_MAX / 1000 {
        peer.send(&Message::Sync(SyncMessage::Update(vec![0xff; 1000].into()))).await;
    }
    peer.speak_about(elsewhere);
    let mut editor = Editor::begin(peer).await;
    editor.type_text("in").await;
    editor.until_acknowledged(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_begins_with_step_1_and_shows_no_token_is_denied_for_that_document() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut peer = stage.hocuspocus().await;
    peer.send(&Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0])))).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    assert!(matches!(peer.authenticate(&ana.token).await, plenary_protocol::Scope::ReadWrite));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_too_long_to_be_one_is_denied_and_the_socket_stays() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut peer = stage.hocuspocus().await;
    peer.send_token(&"x".repeat(limits::AUTH_BYTES_MAX + 1)).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    peer.authenticate(&ana.token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ping_of_one_byte_is_answered_and_a_pong_is_not() {
    let stage = Stage::set().await;
    let mut peer = stage.hocuspocus().await;
    peer.send_bytes(Message::Pong.encode(&[])).await;
    peer.send_bytes(Message::Ping.encode(&[])).await;
    assert_eq!(peer.hear().await, Heard::Message(Message::Pong));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_one_document_keeps_the_other() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let other = stage.another_document().await;
    let mut peer = stage.hocuspocus().await;
    peer.authenticate(&ana.token).await;
    peer.speak_about(other);
    peer.authenticate(&ana.token).await;
    peer.speak_about(stage.document);
    peer.send(&Message::Close(None)).await;
    // Said after leaving, so it is not heard.
    peer.send(&Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0])))).await;
    peer.speak_about(other);
    peer.send(&Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0])))).await;
    assert_eq!(peer.hear_addressed().await.0, other.to_string());
    crate::stage::soon("one participant", async {
        while stage.app.rooms.counts().participants != 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

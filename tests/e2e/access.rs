//! Nobody where they don't belong, in either dialect, also when rights change on open sockets.

use std::time::Duration;

use plenary_permissions::{Role, Stage as StatementStage};
use plenary_protocol::{AuthMessage, CloseReason, Message, Scope, SyncMessage};
use plenary_server::{
    clock::Clock,
    directory::{SignIn, SignInBy},
};

use crate::{
    peer::{Editor, Heard, Peer},
    stage::{Person, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_a_credential_there_is_no_entry_in_either_dialect() {
    let stage = Stage::set().await;
    let document = stage.document.to_string();
    for query in ["", "token=wrong", "token="] {
        let mut peer = stage.try_y_websocket(&document, query).await.unwrap();
        assert_eq!(peer.until_closed().await, (vec![], Some((4401, "bad-token".into()))));
    }
    let mut peer = stage.try_y_websocket(&document, "ticket=used").await.unwrap();
    assert_eq!(peer.close_code().await, CloseReason::Expired.code());
    let mut peer = stage.hocuspocus().await;
    for token in ["", "wrong"] {
        peer.send_token(token).await;
        assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_groups_document_answers_exactly_as_one_that_does_not_exist() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let foreign = stage.foreign_document().await.to_string();
    let unknown = uuid::Uuid::now_v7().to_string();
    for document in [&foreign, &unknown, "no-id"] {
        let mut peer = stage.try_y_websocket(document, &format!("token={}", ana.token)).await.unwrap();
        assert_eq!(peer.until_closed().await, (vec![], Some((4404, "not-found".into()))));
        let mut peer = stage.hocuspocus().await;
        peer.speak_about(document);
        peer.send_token(&ana.token).await;
        assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("not-found".into())));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_opens_its_document_once() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let bearer = plenary_server::auth::Credential::Bearer(ana.token.clone());
    let identity = stage.app.directory.authenticate(bearer).await.unwrap();
    let ticket = stage.app.directory.draw_ticket(&identity, stage.document).unwrap();
    let document = stage.document.to_string();
    let peer = stage.try_y_websocket(&document, &format!("ticket={ticket}")).await.unwrap();
    Editor::begin(peer).await;
    let mut again = stage.try_y_websocket(&document, &format!("ticket={ticket}")).await.unwrap();
    assert_eq!(again.close_code().await, CloseReason::Expired.code());
    let ticket = stage.app.directory.draw_ticket(&identity, stage.document).unwrap();
    let mut peer = stage.hocuspocus().await;
    assert_eq!(peer.authenticate(&ticket).await, Scope::ReadWrite);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_observer_reads_and_is_seen_but_cannot_write() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let observer = stage.person("olga", Role::Observer).await;
    let mut ana = stage.hocuspocus_editor(&ana).await;
    let mut peer = stage.hocuspocus().await;
    assert_eq!(peer.authenticate(&observer.token).await, Scope::ReadOnly);
    let mut olga = Editor::begin(peer).await;
    let mut quiet_olga = stage.editor(&observer).await;
    ana.type_text("hello").await;
    olga.until_text(|text| text == "hello").await;
    quiet_olga.until_text(|text| text == "hello").await;
    let entry = olga.announce(r#"{"name":"olga"}"#).await;
    ana.until_present(&entry).await;

    olga.type_text(" forged").await;
    olga.until(|message| *message == Message::SyncStatus(false)).await;
    quiet_olga.type_text(" forged").await;
    let entry = quiet_olga.announce("{}").await;
    ana.until_present(&entry).await;
    assert_eq!(ana.text(), "hello");
    assert_eq!(stage.text().await, "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_the_removal_returns_nothing_is_accepted_and_only_one_close_frame_is_written() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let ben = stage.person("ben", Role::Drafter).await;
    let mut ana = stage.hocuspocus_editor(&ana).await;
    let mut in_y = stage.editor(&ben).await;
    let mut in_h = stage.hocuspocus_editor(&ben).await;
    // Written, not yet durable, and so not yet shown: it never will be, to him.
    stage.store.hold();
    ana.type_text("secret").await;
    let entry = ana.announce("{}").await;
    in_y.until_present(&entry).await;
    in_h.until_present(&entry).await;

    stage.remove(&ben).await;
    let late = in_y.write("too late");
    let late = Message::Sync(SyncMessage::Update(late));
    let _ = in_y.peer.try_send_bytes(late.encode(&[])).await;
    in_h.peer.send(&late).await;
    stage.store.release();
    ana.until_acknowledged(1).await;
    let (heard, closed) = in_y.peer.until_closed().await;
    assert_eq!((heard, closed), (vec![], Some((4403, "removed".into()))));
    assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Close(Some("removed".into()))));
    // Nothing else comes: the answer to a ping is next.
    in_h.peer.send(&late).await;
    in_h.peer.send_bytes(Message::Ping.encode(&[])).await;
    assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Pong));
    assert_eq!(stage.text().await, "secret");
    // And he does not come back.
    in_h.peer.send_token(&ben.token).await;
    assert_eq!(in_h.peer.message().await, Message::Auth(AuthMessage::Denied("not-found".into())));
    let mut peer = stage.y_websocket(&ben).await;
    assert_eq!(peer.close_code().await, 4404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_without_version_is_told_of_its_removal_by_a_denial() {
    let stage = Stage::set().await;
    let ben = stage.person("ben", Role::Drafter).await;
    let mut peer = stage.hocuspocus().await;
    peer.send(&Message::Auth(AuthMessage::Token { token: ben.token.clone(), version: None })).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Granted(Scope::ReadWrite)));
    stage.remove(&ben).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("removed".into())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_role_or_stage_acts_on_open_sockets() {
    let stage = Stage::set().await;
    let contact = stage.person("carla", Role::Coordinator).await;
    let ben = stage.person("ben", Role::Drafter).await;
    let mut editor = stage.hocuspocus_editor(&ben).await;
    let is_scope = |scope| move |message: &Message| *message == Message::Auth(AuthMessage::Granted(scope));
    stage.set_role(&ben, Role::Observer).await;
    editor.until(is_scope(Scope::ReadOnly)).await;
    editor.type_text("while observing").await;
    editor.until(|message| *message == Message::SyncStatus(false)).await;
    stage.set_role(&ben, Role::Drafter).await;
    editor.until(is_scope(Scope::ReadWrite)).await;
    // Asked again, what was written in vain comes in.
    editor.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "while observing");

    let mut coordinator = stage.hocuspocus_editor(&contact).await;
    stage.move_to(StatementStage::Frozen).await;
    editor.until(is_scope(Scope::ReadOnly)).await;
    coordinator.announce("{}").await;
    stage.move_to(StatementStage::Draft).await;
    editor.until(is_scope(Scope::ReadWrite)).await;
    editor.type_text(", thawed").await;
    editor.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "while observing, thawed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_is_denied_does_not_hurt_another_on_the_same_socket() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let foreign = stage.foreign_document().await;
    let mut peer = stage.hocuspocus().await;
    let session = format!("{}\0session1", stage.document);
    peer.speak_about(&session);
    peer.authenticate(&ana.token).await;
    peer.speak_about(foreign);
    peer.send_token(&ana.token).await;
    // Sent without waiting for an answer, as providers do; dropped without offence, however much it is.
    let update = Message::Sync(SyncMessage::Update(vec![0; 100_000].into()));
    peer.send(&update).await;
    assert_eq!(peer.hear_addressed().await.0, foreign.to_string());
    peer.speak_about(&session);
    let mut editor = Editor::begin(peer).await;
    editor.type_text("fine").await;
    editor.until_acknowledged(1).await;
    // The address comes back exactly as it was sent.
    editor.ask().await;
    assert_eq!(editor.peer.hear_addressed().await.0, session);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_token_goes_on_and_a_bad_one_closes_the_document() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut editor = stage.hocuspocus_editor(&ana).await;
    editor.peer.send_token(&ana.token).await;
    editor.until(|message| matches!(message, Message::Auth(AuthMessage::Granted(Scope::ReadWrite)))).await;
    editor.type_text("on").await;
    editor.until_acknowledged(1).await;
    editor.peer.send_token("wrong").await;
    editor.until(|message| *message == Message::Close(Some("bad-token".into()))).await;
    editor.type_text("off").await;
    assert_eq!(stage.text().await, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_ends_what_rests_on_it() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut editor = stage.editor(&ana).await;
    let tokens = stage.app.directory.tokens_of(ana.user).await.unwrap();
    let bearer = plenary_server::auth::Credential::Bearer(ana.token.clone());
    let identity = stage.app.directory.authenticate(bearer).await.unwrap();
    stage.app.directory.revoke_token(&identity, &tokens[0].0).await.unwrap();
    let affected = plenary_server::rooms::Affected::User(ana.user);
    stage.app.rooms.access_changed(affected, &stage.app.directory).await;
    assert_eq!(editor.peer.close_code().await, CloseReason::BadToken.code());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_runs_out_is_asked_for_in_good_time_and_ends_what_rests_on_it() {
    // The clock stands, so that however busy the machine is nothing runs out before it is to.
    let clock = Clock::standing_at(1_800_000_000_000);
    let stage = Stage::set_by(&clock).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let (token, _) = stage.app.directory.create_token(ana.user, "1s".parse().unwrap()).await.unwrap();
    let short = Person { token, ..ana.clone() };
    let mut in_y = stage.y_websocket(&short).await;
    let mut in_h = stage.hocuspocus().await;
    in_h.authenticate(&short.token).await;
    let mut renewed = stage.hocuspocus().await;
    renewed.authenticate(&short.token).await;
    for peer in [&mut in_h, &mut renewed] {
        assert_eq!(peer.message().await, Message::Auth(AuthMessage::TokenRequest));
    }
    renewed.send_token(&ana.token).await;
    assert_eq!(renewed.message().await, Message::Auth(AuthMessage::Granted(Scope::ReadWrite)));
    clock.turn(Duration::from_secs(1));
    assert_eq!(in_h.message().await, Message::Close(Some("bad-token".into())));
    assert_eq!(in_y.close_code().await, CloseReason::BadToken.code());
    let mut renewed = Editor::begin(renewed).await;
    renewed.type_text("on").await;
    renewed.until_acknowledged(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_still_holds_when_its_time_should_be_up_is_asked_again_as_soon_as_the_clock_says() {
    let clock = Clock::standing_at(1_800_000_000_000);
    let stage = Stage::set_by(&clock).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let token = async |expires: &str| {
        let made = stage.app.directory.create_token(ana.user, expires.parse().unwrap()).await;
        Person { token: made.unwrap().0, ..ana.clone() }
    };
    let (short, longer) = (token("1s").await, token("2s").await);
    let mut in_y = stage.y_websocket(&short).await;
    let mut in_h = stage.hocuspocus().await;
    in_h.authenticate(&short.token).await;
    assert_eq!(in_h.message().await, Message::Auth(AuthMessage::TokenRequest));
    // It comes after one and a half seconds. By then the others' time should have been up, but the clock stands.
    let mut later = stage.hocuspocus().await;
    later.authenticate(&longer.token).await;
    assert_eq!(later.message().await, Message::Auth(AuthMessage::TokenRequest));
    in_h.send_bytes(Message::Ping.encode(&[])).await;
    assert_eq!(in_h.message().await, Message::Pong);
    clock.turn(Duration::from_secs(1));
    assert_eq!(in_h.message().await, Message::Close(Some("bad-token".into())));
    assert_eq!(in_y.close_code().await, CloseReason::BadToken.code());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_opens_a_socket_only_from_our_own_pages() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let account = stage.app.directory.user(ana.user).await.unwrap().unwrap();
    let how = SignIn::by(SignInBy::Password);
    let secret = stage.app.directory.open_session(&account, how).await.unwrap();
    let cookie = format!("{}={secret}", plenary_server::auth::cookie_name(&stage.app.config));
    let own = format!("http://{}", stage.address);
    for (origin, scope) in
        [(Some(own.as_str()), true), (Some("https://elsewhere.example"), false), (None, false)]
    {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let path = format!("/sync/{}", stage.document);
        let mut in_y = Peer::open_with(stage.address, &path, None, &headers).await.unwrap();
        let address = Some(stage.document.to_string());
        let mut in_h = Peer::open_with(stage.address, "/sync", address, &headers).await.unwrap();
        if scope {
            assert_eq!(in_h.authenticate("").await, Scope::ReadWrite);
            Editor::begin(in_y).await;
        } else {
            assert_eq!(in_y.close_code().await, CloseReason::BadToken.code());
            in_h.send_token("").await;
            assert_eq!(in_h.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
        }
    }
}

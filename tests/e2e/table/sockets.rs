//! Every message of a socket, in both dialects and on both of a statement's documents.

use std::time::Duration;

use bytes::Bytes;
use plenary_ids::DocumentId;
use plenary_permissions::{Access, Channel, Stage};
use plenary_protocol::{
    AuthMessage, AwarenessEntry, CloseReason, Message, PlenaryMessage, RefusalCode, Scope, SyncMessage,
    Welcome, encode_awareness,
};

use tokio::time::timeout;

use super::{
    actors::Actor,
    http::Shown,
    world::{Cells, World},
};
use crate::peer::{Editor, Heard, Peer, text_of};

/// Shorter than the peer's own, which does not know where it is.
const DEADLINE: Duration = Duration::from_secs(40);

/// One of each message that there is; `Close` comes last, as it ends what was joined.
fn messages(editor: &mut Editor, credential: &str, said: &str) -> Vec<Message> {
    let client = editor.doc.client_id().get();
    let presence = AwarenessEntry { client, clock: 1, state: Some(Bytes::from_static(b"{}")) };
    let text = || Bytes::from_static(b"said");
    let token = || AuthMessage::Token { token: credential.to_owned(), version: Some("4.8.0".into()) };
    let welcome = Welcome {
        version: 1,
        document: "any".into(),
        access: Scope::ReadWrite,
        frame_bytes_max: 1,
        update_bytes_max: 1,
        awareness_entry_bytes_max: 1,
    };
    let refused =
        PlenaryMessage::Refused { ordinal: 1, code: RefusalCode::Role, reason: "not ours to say".into() };
    vec![
        Message::Plenary(PlenaryMessage::Hello { version: 1 }),
        Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0]))),
        Message::Sync(SyncMessage::Step2(editor.write(&format!("{said} in a step 2. ")))),
        Message::Sync(SyncMessage::Update(editor.write(&format!("{said} in an update. ")))),
        Message::Awareness(encode_awareness(&[presence])),
        Message::QueryAwareness,
        Message::Auth(token()),
        Message::Auth(AuthMessage::TokenRequest),
        Message::Auth(AuthMessage::Denied("not ours to say".into())),
        Message::Auth(AuthMessage::Granted(Scope::ReadWrite)),
        Message::Stateless(text()),
        Message::SyncStatus(true),
        Message::Ping,
        Message::Pong,
        Message::Plenary(PlenaryMessage::Mark(7)),
        Message::Plenary(PlenaryMessage::Durable(9)),
        Message::Plenary(PlenaryMessage::Welcome(welcome)),
        Message::Plenary(refused),
        Message::Plenary(PlenaryMessage::Token(credential.to_owned())),
        Message::Plenary(PlenaryMessage::AccessChanged(Scope::ReadWrite)),
        Message::Plenary(PlenaryMessage::Notice("not ours to say".into())),
        Message::Plenary(PlenaryMessage::Unknown(99)),
        Message::YSweetStatus(text()),
        Message::Unknown(77),
        Message::Close(None),
    ]
}

/// Why a socket that brings this message is closed, if it is: the y-websocket dialect has no such message, or there is
/// no credential in it where one belongs (a page of ours has shown its cookie with the upgrade).
fn end(message: &Message, credential: &str, dialect: Dialect) -> Option<CloseReason> {
    match message {
        _ if dialect == Dialect::Hocuspocus => None,
        Message::Auth(AuthMessage::TokenRequest | AuthMessage::Granted(_)) => Some(CloseReason::Malformed),
        Message::Plenary(PlenaryMessage::Token(_)) if credential.is_empty() => Some(CloseReason::BadToken),
        _ => None,
    }
}

/// How a message is called in the table. A new one does not compile until it is named here, and fails the test
/// until it is among [`messages`].
fn name(message: &Message) -> &'static str {
    match message {
        Message::Sync(SyncMessage::Step1(_)) => "step 1",
        Message::Sync(SyncMessage::Step2(_)) => "step 2",
        Message::Sync(SyncMessage::Update(_)) => "update",
        Message::Awareness(_) => "awareness",
        Message::QueryAwareness => "query awareness",
        Message::Auth(AuthMessage::Token { .. }) => "auth: token",
        Message::Auth(AuthMessage::TokenRequest) => "auth: token request",
        Message::Auth(AuthMessage::Denied(_)) => "auth: denied",
        Message::Auth(AuthMessage::Granted(_)) => "auth: granted",
        Message::Stateless(_) => "stateless",
        Message::Close(_) => "close",
        Message::SyncStatus(_) => "sync status",
        Message::Ping => "ping",
        Message::Pong => "pong",
        Message::Plenary(PlenaryMessage::Hello { .. }) => "110 hello",
        Message::Plenary(PlenaryMessage::Welcome(_)) => "110 welcome",
        Message::Plenary(PlenaryMessage::Mark(_)) => "110 mark",
        Message::Plenary(PlenaryMessage::Durable(_)) => "110 durable",
        Message::Plenary(PlenaryMessage::Refused { .. }) => "110 refused",
        Message::Plenary(PlenaryMessage::Token(_)) => "110 token",
        Message::Plenary(PlenaryMessage::AccessChanged(_)) => "110 access changed",
        Message::Plenary(PlenaryMessage::Notice(_)) => "110 notice",
        Message::Plenary(PlenaryMessage::Unknown(_)) => "110 of the future",
        Message::YSweetStatus(_) => "y-sweet status",
        Message::Unknown(_) => "of the future",
    }
}

/// The names of [`name`], each once.
const NAMES: usize = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    YWebsocket,
    Hocuspocus,
}

/// What comes back to somebody who has joined, if anything does; presence of others aside.
fn answer(message: &Message, access: Access, dialect: Dialect) -> Option<fn(&Message, Scope) -> bool> {
    let is_hocuspocus = dialect == Dialect::Hocuspocus;
    let answer: fn(&Message, Scope) -> bool = match message {
        Message::Plenary(PlenaryMessage::Hello { .. }) => {
            |heard, scope| matches!(heard, Message::Plenary(PlenaryMessage::Welcome(welcome)) if welcome.access == scope)
        }
        Message::Sync(SyncMessage::Step1(_)) => {
            |heard, _| matches!(heard, Message::Sync(SyncMessage::Step2(_)))
        }
        Message::Sync(_) if is_hocuspocus => {
            |heard, scope| *heard == Message::SyncStatus(scope == Scope::ReadWrite)
        }
        Message::Sync(_) if access == Access::Read => {
            |heard, _| matches!(heard, Message::Plenary(PlenaryMessage::Refused { .. }))
        }
        // Whoever is here is seen, and told who is here.
        Message::QueryAwareness => |heard, _| matches!(heard, Message::Awareness(_)),
        Message::Auth(AuthMessage::Token { .. }) | Message::Plenary(PlenaryMessage::Token(_))
            if is_hocuspocus =>
        {
            |heard, scope| *heard == Message::Auth(AuthMessage::Granted(scope))
        }
        Message::Ping if is_hocuspocus => |heard, _| *heard == Message::Pong,
        Message::Plenary(PlenaryMessage::Mark(7)) => {
            |heard, _| *heard == Message::Plenary(PlenaryMessage::Durable(7))
        }
        Message::YSweetStatus(_) => |heard, _| matches!(heard, Message::YSweetStatus(_)),
        _ => return None,
    };
    Some(answer)
}

/// Every message × actor × stage × document × dialect.
pub(super) async fn check(world: &World, cells: &mut Cells) {
    for stage in Stage::ALL {
        for channel in [Channel::Body, Channel::Comments] {
            for actor in Actor::ALL {
                for dialect in [Dialect::YWebsocket, Dialect::Hocuspocus] {
                    check_one(world, cells, stage, channel, actor, dialect).await;
                }
            }
        }
    }
}

async fn check_one(
    world: &World,
    cells: &mut Cells,
    stage: Stage,
    channel: Channel,
    actor: Actor,
    dialect: Dialect,
) {
    let document = world.at(stage).documents.get(channel);
    let shown = world.shown(actor, stage);
    // Our own pages show the cookie with the upgrade, others' a token.
    let headers = shown.headers(world.address);
    let headers = headers.iter().filter(|(name, _)| *name != "authorization");
    let headers: Vec<_> = headers.map(|(name, value)| (*name, value.as_str())).collect();
    let headers = &headers[..];
    let credential = match &shown {
        Shown::Embedded(token) => token.clone(),
        Shown::Nothing | Shown::Cookie(_) => String::new(),
    };
    let place = format!("{stage:?} {channel:?} {actor:?} {dialect:?}");
    let said = format!("said by {actor:?} over {dialect:?}");
    // A site vouches for somebody in one document, here the body.
    let is_theirs = !matches!(shown, Shown::Embedded(_)) || channel == Channel::Body;
    let access = actor.subject().filter(|_| is_theirs);
    let access = access.and_then(|subject| plenary_permissions::access_to(subject, channel, stage));
    let peer = match dialect {
        Dialect::YWebsocket => world.socket(&document, &credential, headers).await,
        Dialect::Hocuspocus => {
            Peer::open_with(world.address, "/sync", Some(document.to_string()), headers).await.unwrap()
        }
    };
    let mut editor = Editor::on(peer);
    let Some(access) = access else {
        let reason = if actor.is_recognised() { CloseReason::NotFound } else { CloseReason::BadToken };
        let messages = messages(&mut editor, &credential, &said);
        assert_eq!(messages.len(), NAMES, "each message is in the table");
        match dialect {
            Dialect::YWebsocket => {
                for message in &messages {
                    // It may have hung up already.
                    let _ = editor.peer.try_send(message).await;
                    cells.count(name(message));
                }
                let (heard, end) = editor.peer.until_closed().await;
                assert_eq!((heard, end), (vec![], Some((reason.code(), reason.text().into()))), "{place}");
            }
            Dialect::Hocuspocus => {
                editor.peer.send_token(&credential).await;
                let denied = Message::Auth(AuthMessage::Denied(reason.text().into()));
                assert_eq!(editor.peer.message().await, denied, "{place}");
                for message in &messages {
                    editor.peer.send(message).await;
                    editor.peer.send_bytes(Message::Ping.encode(&[])).await;
                    let asks = matches!(message, Message::Auth(AuthMessage::Token { .. }));
                    if asks {
                        assert_eq!(editor.peer.message().await, denied, "{place}");
                    }
                    if *message == Message::Ping {
                        assert_eq!(editor.peer.message().await, Message::Pong, "{place}");
                    }
                    let next = editor.peer.hear().await;
                    assert_eq!(next, Heard::Message(Message::Pong), "{place}: {}", name(message));
                    cells.count(name(message));
                }
            }
        }
        assert!(!world.text(document).await.contains(&said), "{place}: written without access");
        return;
    };
    let scope = if access == Access::Write { Scope::ReadWrite } else { Scope::ReadOnly };
    if dialect == Dialect::Hocuspocus {
        assert_eq!(editor.peer.authenticate(&credential).await, scope, "{place}");
    }
    let (ending, messages): (Vec<_>, Vec<_>) = messages(&mut editor, &credential, &said)
        .into_iter()
        .partition(|message| end(message, &credential, dialect).is_some());
    for (number, message) in messages.into_iter().enumerate() {
        editor.peer.send(&message).await;
        let is_over = dialect == Dialect::Hocuspocus && matches!(message, Message::Close(_));
        let fence = match is_over {
            true => Message::Pong,
            false => Message::YSweetStatus(Bytes::from(vec![200, number as u8])),
        };
        if is_over {
            editor.peer.send_bytes(Message::Ping.encode(&[])).await;
        } else {
            editor.peer.send(&fence).await;
        }
        let mut heard = Vec::new();
        let place = format!("{place}: {}", name(&message));
        loop {
            let next = timeout(DEADLINE, editor.peer.hear()).await;
            let next = match next.unwrap_or_else(|_| panic!("{place}: no end after {heard:?}")) {
                Heard::Message(message) => message,
                Heard::Closed(why) => panic!("{place}: closed by {why:?} after {heard:?}"),
            };
            match next {
                message if message == fence => break,
                // The server's own question comes when it comes; what follows it waits for the answer.
                Message::Sync(SyncMessage::Step1(_)) => {
                    editor.peer.send(&Message::Sync(SyncMessage::Step2(Bytes::from_static(&[0, 0])))).await;
                }
                Message::SyncStatus(true) if !matches!(message, Message::Sync(_)) => {}
                Message::Awareness(_) if !matches!(message, Message::QueryAwareness) => {}
                message => heard.push(message),
            }
        }
        match answer(&message, access, dialect) {
            Some(is_answer) => {
                assert!(heard.iter().any(|heard| is_answer(heard, scope)), "{place}: heard {heard:?}");
            }
            None => assert_eq!(heard, [], "{place}"),
        }
        cells.count(name(&message));
    }
    for message in ending {
        let mut peer = world.socket(&document, &credential, headers).await;
        peer.send(&message).await;
        let reason = end(&message, &credential, dialect).expect("these were chosen for it");
        assert_eq!(peer.close_code().await, reason.code(), "{place}: {}", name(&message));
        cells.count(name(&message));
    }
    let text = world.text(document).await;
    for way in ["a step 2", "an update"] {
        let is_there = text.contains(&format!("{said} in {way}. "));
        assert_eq!(is_there, access == Access::Write, "{place}: {way}");
    }
}

impl World {
    /// A socket of the y-websocket dialect.
    async fn socket(&self, document: &DocumentId, token: &str, headers: &[(&'static str, &str)]) -> Peer {
        let query = if token.is_empty() { String::new() } else { format!("?token={token}") };
        Peer::open_with(self.address, &format!("/sync/{document}{query}"), None, headers).await.unwrap()
    }

    async fn text(&self, document: DocumentId) -> String {
        text_of(&self.app.rooms.state(document, None).await.unwrap())
    }
}

//! Frames captured from the real packages (`tests/interop/capture.mjs`) mean to this codec what they meant to
//! lib0, and come out of it byte for byte.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, path::Path};

use bytes::Bytes;
use plenary_protocol::{
    Addressed, AuthMessage, Message, PlenaryMessage, RefusalCode, SyncMessage, address_prefix,
    decode_awareness, decode_hocuspocus, decode_y_websocket, document_name, encode_awareness,
};
use serde_json::{Value, json};

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All frames of all files: where from, and the frame as JSON.
fn golden() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/frames");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .flat_map(|path| {
            let mut file: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let source = file["source"].as_str().unwrap().to_owned();
            let frames = file["frames"].as_array_mut().unwrap();
            frames
                .drain(..)
                .map(move |frame| (format!("{source}: {}", frame["name"]), frame))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// The message in the words of `support/codec.mjs`.
fn meaning(message: &Message) -> Value {
    match message {
        Message::Sync(SyncMessage::Step1(state_vector)) => {
            json!({"type": "sync-step-1", "stateVector": hex(state_vector)})
        }
        Message::Sync(SyncMessage::Step2(update)) => json!({"type": "sync-step-2", "update": hex(update)}),
        Message::Sync(SyncMessage::Update(update)) => json!({"type": "update", "update": hex(update)}),
        Message::Awareness(update) => {
            let entries: Vec<Value> = decode_awareness(update)
                .unwrap()
                .iter()
                .map(|entry| {
                    let state: Value = entry
                        .state
                        .as_ref()
                        .map_or(Value::Null, |text| serde_json::from_slice(text).unwrap());
                    json!({"client": entry.client, "clock": entry.clock, "state": state})
                })
                .collect();
            json!({"type": "awareness", "entries": entries})
        }
        Message::QueryAwareness => json!({"type": "query-awareness"}),
        Message::Auth(AuthMessage::Token { token, version: None }) => {
            json!({"type": "auth-token", "token": token})
        }
        Message::Auth(AuthMessage::Token { token, version: Some(version) }) => {
            json!({"type": "auth-token", "token": token, "version": version})
        }
        Message::Auth(AuthMessage::TokenRequest) => json!({"type": "auth-token-request"}),
        Message::Auth(AuthMessage::Denied(reason)) => json!({"type": "auth-denied", "reason": reason}),
        Message::Auth(AuthMessage::Granted(scope)) => {
            json!({"type": "auth-granted", "scope": scope.as_str()})
        }
        Message::Stateless(text) => json!({"type": "stateless", "text": std::str::from_utf8(text).unwrap()}),
        Message::Close(None) => json!({"type": "close"}),
        Message::Close(Some(reason)) => json!({"type": "close", "reason": reason}),
        Message::SyncStatus(applied) => json!({"type": "sync-status", "applied": applied}),
        Message::Ping => json!({"type": "ping"}),
        Message::Pong => json!({"type": "pong"}),
        Message::YSweetStatus(body) => json!({"type": "y-sweet-status", "body": hex(body)}),
        Message::Plenary(plenary) => match plenary {
            PlenaryMessage::Hello { version } => json!({"type": "hello", "version": version}),
            PlenaryMessage::Welcome(welcome) => json!({
                "type": "welcome",
                "version": welcome.version,
                "document": welcome.document,
                "access": welcome.access.as_str(),
                "frameBytesMax": welcome.frame_bytes_max,
                "updateBytesMax": welcome.update_bytes_max,
                "awarenessEntryBytesMax": welcome.awareness_entry_bytes_max,
            }),
            PlenaryMessage::Mark(mark) => json!({"type": "mark", "mark": mark}),
            PlenaryMessage::Durable(mark) => json!({"type": "durable", "mark": mark}),
            PlenaryMessage::Refused { ordinal, code, reason } => {
                assert_eq!(*code, RefusalCode::Role);
                json!({"type": "refused", "ordinal": ordinal, "code": "role", "reason": reason})
            }
            PlenaryMessage::Token(token) => json!({"type": "token", "token": token}),
            PlenaryMessage::AccessChanged(scope) => {
                json!({"type": "access-changed", "access": scope.as_str()})
            }
            PlenaryMessage::Notice(text) => json!({"type": "notice", "text": text}),
            PlenaryMessage::Unknown(tag) => panic!("no golden frame has sub-type {tag}"),
        },
        Message::Unknown(tag) => panic!("no golden frame has type {tag}"),
    }
}

#[test]
fn captured_frames_mean_what_lib0_reads_and_are_written_byte_for_byte() {
    let golden = golden();
    assert!(golden.len() > 100, "only {} frames", golden.len());
    for (name, frame) in golden {
        let bytes = Bytes::from(unhex(frame["hex"].as_str().unwrap()));
        let mut expected = frame["meaning"].clone();
        let trailing = expected.as_object_mut().unwrap().remove("trailing");
        let without_trailing =
            bytes.len() - trailing.map_or(0, |trailing| trailing.as_str().unwrap().len() / 2);

        let (message, prefix) = match frame["dialect"].as_str().unwrap() {
            "y-websocket" => (decode_y_websocket(bytes.clone()).expect(&name), Bytes::new()),
            _ => {
                let Addressed { address, message } = decode_hocuspocus(bytes.clone()).expect(&name);
                let expected = expected.as_object_mut().unwrap().remove("address");
                assert_eq!(
                    address,
                    expected.as_ref().map_or("", |address| address.as_str().unwrap()),
                    "{name}"
                );
                assert!(["doc", ""].contains(&document_name(&address)), "{name}");
                (message, address_prefix(&address))
            }
        };

        assert_eq!(meaning(&message), expected, "{name}");
        assert_eq!(message.encode(&prefix), bytes[..without_trailing], "{name}");
        if let Message::Awareness(update) = message {
            assert_eq!(encode_awareness(&decode_awareness(&update).unwrap()), update, "{name}");
        }
    }
}

#[test]
fn a_golden_frame_cut_short_is_refused_or_a_shorter_message_and_never_a_panic() {
    for (_, frame) in golden() {
        let bytes = Bytes::from(unhex(frame["hex"].as_str().unwrap()));
        for length in 0..bytes.len() {
            for decoded in [
                decode_y_websocket(bytes.slice(..length)),
                decode_hocuspocus(bytes.slice(..length)).map(|addressed| addressed.message),
            ] {
                if let Ok(Message::Awareness(update)) = decoded {
                    let _ = decode_awareness(&update);
                }
            }
        }
    }
}

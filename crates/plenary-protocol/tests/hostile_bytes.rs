//! Whatever the bytes are, decoders answer with a message or an error; and what is written is read back.

use bytes::Bytes;
use plenary_protocol::{
    Addressed, AuthMessage, AwarenessEntry, Message, PlenaryMessage, RefusalCode, Scope, SyncMessage,
    Welcome, WireError, address_prefix, decode_awareness, decode_hocuspocus, decode_y_websocket,
    encode_awareness, limits,
    wire::{NUMBER_MAX, Writer},
};
use proptest::{collection::vec, option, prelude::*};

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..300u64, 0..=NUMBER_MAX]
}

/// Bytes that begin like a message, so that decoding goes further than the first byte.
fn nearly_a_message() -> impl Strategy<Value = Bytes> {
    let tag = prop_oneof![0..11u64, Just(102), Just(110), number()];
    (option::of("[a-z]{0,4}"), tag, 0..9u64, number(), bytes()).prop_map(
        |(address, tag, sub, length, rest)| {
            let writer = match address {
                Some(address) => Writer::default().var_bytes(address.as_bytes()),
                None => Writer::default(),
            };
            writer.var_uint(tag).var_uint(sub).var_uint(length).raw(&rest).finish()
        },
    )
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![Just(Scope::ReadWrite), Just(Scope::ReadOnly)]
}

fn plenary() -> impl Strategy<Value = PlenaryMessage> {
    let code = (1..=7u64).prop_map(|number| match number {
        1 => RefusalCode::Malformed,
        2 => RefusalCode::Authorship,
        3 => RefusalCode::Gap,
        4 => RefusalCode::Role,
        5 => RefusalCode::Stage,
        6 => RefusalCode::TooLarge,
        _ => RefusalCode::Storage,
    });
    prop_oneof![
        number().prop_map(|version| PlenaryMessage::Hello { version }),
        (number(), "\\PC{0,40}", scope(), [number(), number(), number()]).prop_map(
            |(version, document, access, [frame_bytes_max, update_bytes_max, awareness_entry_bytes_max])| {
                PlenaryMessage::Welcome(Welcome {
                    version,
                    document,
                    access,
                    frame_bytes_max,
                    update_bytes_max,
                    awareness_entry_bytes_max,
                })
            }
        ),
        number().prop_map(PlenaryMessage::Mark),
        number().prop_map(PlenaryMessage::Durable),
        (number(), code, "\\PC{0,40}").prop_map(|(ordinal, code, reason)| PlenaryMessage::Refused {
            ordinal,
            code,
            reason
        }),
        "\\PC{0,40}".prop_map(PlenaryMessage::Token),
        scope().prop_map(PlenaryMessage::AccessChanged),
        "\\PC{0,40}".prop_map(PlenaryMessage::Notice),
        (8..=NUMBER_MAX).prop_map(PlenaryMessage::Unknown),
    ]
}

/// Messages that both dialects have.
fn shared_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        bytes().prop_map(|bytes| Message::Sync(SyncMessage::Step1(bytes))),
        bytes().prop_map(|bytes| Message::Sync(SyncMessage::Step2(bytes))),
        bytes().prop_map(|bytes| Message::Sync(SyncMessage::Update(bytes))),
        bytes().prop_map(Message::Awareness),
        Just(Message::QueryAwareness),
        "\\PC{0,40}".prop_map(|reason| Message::Auth(AuthMessage::Denied(reason))),
        bytes().prop_map(Message::YSweetStatus),
        plenary().prop_map(Message::Plenary),
        (200..=NUMBER_MAX).prop_map(Message::Unknown),
    ]
}

fn hocuspocus_message() -> impl Strategy<Value = Message> {
    prop_oneof![
        shared_message(),
        ("\\PC{0,40}", option::of("[0-9.]{1,8}"))
            .prop_map(|(token, version)| Message::Auth(AuthMessage::Token { token, version })),
        Just(Message::Auth(AuthMessage::TokenRequest)),
        scope().prop_map(|scope| Message::Auth(AuthMessage::Granted(scope))),
        "\\PC{0,40}".prop_map(|text| Message::Stateless(Bytes::from(text))),
        option::of("\\PC{0,40}").prop_map(Message::Close),
        any::<bool>().prop_map(Message::SyncStatus),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop_oneof![bytes(), nearly_a_message()]) {
        let messages = [
            decode_y_websocket(bytes.clone()),
            decode_hocuspocus(bytes.clone()).map(|addressed| addressed.message),
            Ok(Message::Awareness(bytes)),
        ];
        for message in messages.into_iter().flatten() {
            if let Message::Awareness(update) = message {
                let _ = decode_awareness(&update);
            }
        }
    }

    #[test]
    fn the_y_websocket_dialect_reads_what_it_writes(message in shared_message()) {
        prop_assert_eq!(decode_y_websocket(message.encode(&[])), Ok(message));
    }

    #[test]
    fn the_hocuspocus_dialect_reads_what_it_writes_under_the_same_address(
        address in "[a-z0-9-]{0,40}(\0[a-z0-9]{1,12})?",
        message in hocuspocus_message(),
    ) {
        let frame = message.encode(&address_prefix(&address));
        prop_assert_eq!(decode_hocuspocus(frame), Ok(Addressed { address, message }));
    }

    #[test]
    fn awareness_is_read_as_it_was_written(
        entries in vec((number(), number(), option::of("\\PC{0,60}")), 0..20)
    ) {
        let entries: Vec<AwarenessEntry> = entries
            .into_iter()
            .map(|(client, clock, name)| {
                let state = name.map(|name| Bytes::from(serde_json::json!({ "user": { "name": name } }).to_string()));
                AwarenessEntry { client, clock, state }
            })
            .collect();
        prop_assert_eq!(decode_awareness(&encode_awareness(&entries)), Ok(entries));
    }
}

#[test]
fn ping_and_pong_are_one_byte_under_any_address() {
    for message in [Message::Ping, Message::Pong] {
        let frame = message.encode(&address_prefix("doc"));
        assert_eq!(frame.len(), 1);
        assert_eq!(decode_hocuspocus(frame), Ok(Addressed { address: String::new(), message }));
    }
}

#[test]
fn a_few_bytes_that_announce_millions_of_presences_are_refused() {
    let huge = Writer::default().var_uint(500_000_000).raw(&[0; 30]).finish();
    assert!(decode_awareness(&huge).is_err());
}

#[test]
fn a_presence_that_other_clients_could_not_parse_is_refused() {
    let broken = AwarenessEntry { client: 1, clock: 1, state: Some(Bytes::from_static(b"{\"user\"")) };
    assert!(decode_awareness(&encode_awareness(&[broken])).is_err());
    let large = format!("\"{}\"", "x".repeat(limits::AWARENESS_ENTRY_BYTES_MAX));
    let large = AwarenessEntry { client: 1, clock: 1, state: Some(Bytes::from(large)) };
    assert!(decode_awareness(&encode_awareness(&[large])).is_err());
}

#[test]
fn a_presence_of_null_is_the_end_of_it_however_it_is_spaced() {
    let spaced = AwarenessEntry { client: 1, clock: 1, state: Some(Bytes::from_static(b" null\n")) };
    assert_eq!(decode_awareness(&encode_awareness(&[spaced])).unwrap()[0].state, None);
}

#[test]
fn bytes_after_a_message_are_ignored() {
    // y-sweet puts a varBytes after its query.
    let query = Bytes::from_static(&[3, 1, 0]);
    assert_eq!(decode_y_websocket(query), Ok(Message::QueryAwareness));
    // And what its status carries goes back as it came, whatever it is.
    let status = Bytes::from_static(&[102, 1, 5, 9, 9]);
    assert_eq!(decode_y_websocket(status.clone()).unwrap().encode(&[]), status);
    let long: Bytes = [&[102][..], &[0; limits::TEXT_BYTES_MAX + 1]].concat().into();
    assert!(matches!(decode_y_websocket(long), Err(WireError::TooLarge { .. })));
}

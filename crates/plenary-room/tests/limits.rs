//! What a room does at the size of a document, and when too much waits for one user.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/desk.rs"]
mod desk;

use bytes::Bytes;
use desk::{ANA, ANA_AGAIN, BEN, Desk, OBSERVER, Writer, room_with, statuses, step1, step2, update, updates};
use plenary_permissions::Access;
use plenary_protocol::{CloseReason, Message, PlenaryMessage, RefusalCode};
use plenary_room::{Dialect, Input, RefusedFrames, RoomSettings, UserBacklog};
use yrs::{GetString, ReadTxn, Text, Transact, WriteTxn};

const MAX: usize = 10_000;

fn bounded() -> Desk {
    room_with(RoomSettings { document_bytes_max: MAX, ..RoomSettings::default() })
}

fn deletes(writer: &Writer, count: u32) -> Bytes {
    let mut txn = writer.0.transact_mut();
    let text = txn.get_or_insert_text("body");
    text.remove_range(&mut txn, 0, count);
    txn.encode_update_v1().into()
}

fn is_refused_for_size(messages: &[Message]) -> bool {
    messages.iter().any(|message| {
        matches!(
            message,
            Message::Plenary(PlenaryMessage::Refused { code: RefusalCode::TooLarge, reason, .. })
                if reason.contains("10000 bytes")
        )
    })
}

#[test]
fn a_full_document_takes_deletions_and_no_more_text_until_there_is_room_again() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        bounded().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.say(BEN, Message::Plenary(PlenaryMessage::Hello { version: 1 }));
    let most = ana.types(&"a".repeat(MAX - 200));
    desk.say(ANA, update(most.clone()));
    ben.reads(&most);
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
    desk.heard(BEN);

    // Both are told, neither is closed, and nobody hears a word of it.
    desk.say(ANA, update(ana.types(&"b".repeat(500))));
    assert_eq!(statuses(&desk.heard(ANA)), [false]);
    desk.say(BEN, update(ben.types(&"c".repeat(500))));
    assert!(is_refused_for_size(&desk.heard(BEN)));
    assert_eq!(desk.room.refused(), RefusedFrames { for_size: 2, ..RefusedFrames::default() });
    assert_eq!((desk.stored.len(), desk.closed.len()), (1, 0));
    assert_eq!(updates(&desk.heard(ANA)), Vec::<Bytes>::new());

    // Deleting goes on, by those who were refused, too.
    desk.say(ANA, update(deletes(&ana, 8_000)));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
    assert_eq!(desk.stored.len(), 2);
    desk.heard(BEN).iter().for_each(|heard| {
        if let Message::Sync(plenary_protocol::SyncMessage::Update(bytes)) = heard {
            ben.reads(bytes);
        }
    });

    // There is room again: what was kept at home comes in with the step 2 that the server asks for.
    desk.now_ms += 1_000;
    desk.say(BEN, update(ben.types("!")));
    let asked = desk.heard(BEN);
    assert!(asked.iter().any(|m| matches!(m, Message::Sync(plenary_protocol::SyncMessage::Step1(_)))));
    desk.say(BEN, step2(&ben));
    assert!(!is_refused_for_size(&desk.heard(BEN)));
    desk.heard(ANA);
    desk.say(ANA, step2(&ana));
    // It also pays for the update that was refused: the client counted both.
    assert_eq!(statuses(&desk.heard(ANA)), [true, true]);
    desk.join(OBSERVER, Dialect::YWebsocket, Access::Read);
    let reader = Writer::new(13);
    desk.say(OBSERVER, step1(&reader));
    updates(&desk.heard(OBSERVER)).iter().for_each(|bytes| reader.reads(bytes));
    let text = reader.text();
    let count = |letter| text.matches(letter).count();
    assert_eq!((count('a'), count('b'), count('c'), count('!')), (MAX - 8_200, 500, 500, 1));
}

#[test]
fn many_at_once_do_not_slip_past_the_size_together() {
    let writers: Vec<_> = (0..20).map(|n| Writer::new(11 + n)).collect();
    let mut desk = bounded().with(ANA, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &writers[0]);
    let messages = writers.iter().map(|writer| (ANA, update(writer.types(&"x".repeat(1_000))))).collect();
    desk.input(Input::Messages(messages));
    let answers = statuses(&desk.heard(ANA));
    assert_eq!(answers.iter().filter(|applied| **applied).count(), 9, "{answers:?}");
    assert_eq!(answers.len(), 20);
}

#[test]
fn a_client_that_cannot_be_told_otherwise_is_closed_when_the_document_is_full() {
    let ana = Writer::new(11);
    let mut desk =
        bounded().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types(&"a".repeat(MAX))));
    assert_eq!(desk.closed, [(ANA, CloseReason::TooLarge)]);
    assert_eq!(desk.stored.len(), 0);
}

#[test]
fn what_a_full_document_has_already_is_nobodys_offence() {
    let ana = Writer::new(11);
    let mut desk = bounded().with(ANA, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    let most = ana.types(&"a".repeat(MAX - 100));
    desk.say(ANA, update(most.clone()));
    desk.say(ANA, update(most));
    desk.say(ANA, step2(&ana));
    assert_eq!(statuses(&desk.heard(ANA)), [true, true, true]);
    assert_eq!(ana.0.transact().get_text("body").unwrap().get_string(&ana.0.transact()).len(), MAX - 100);
}

#[test]
fn a_user_for_whom_much_waits_is_made_no_answers_until_it_has_left() {
    let (ana, reader) = (Writer::new(11), Writer::new(12));
    let mut desk = bounded().with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(BEN, &ana);
    desk.say(BEN, update(ana.types(&"x".repeat(5_000))));

    let of_user = UserBacklog::bounded(12_000);
    desk.of_user = Some(of_user.clone());
    for socket in [ANA, ANA_AGAIN, plenary_ids::ParticipantId(21), plenary_ids::ParticipantId(31)] {
        desk.join(socket, Dialect::YWebsocket, Access::Read);
        desk.stuck.push(socket);
        desk.say(socket, step1(&reader));
    }
    let sizes: Vec<usize> = desk.people.values().map(|(_, backlog)| backlog.bytes()).collect();
    assert_eq!(sizes.iter().filter(|bytes| **bytes > 5_000).count(), 3, "{sizes:?}");
    assert_eq!(of_user.bytes(), sizes.iter().sum::<usize>());
    // Others are served, and typing goes on.
    desk.of_user = None;
    desk.join(OBSERVER, Dialect::YWebsocket, Access::Read);
    desk.say(OBSERVER, step1(&reader));
    assert_eq!(updates(&desk.heard(OBSERVER)).len(), 1);

    // A socket of theirs drains; the last one is answered with the next tick.
    let backlog = desk.people[&ANA].1.clone();
    let _ = backlog.written(backlog.bytes());
    let last = plenary_ids::ParticipantId(31);
    assert_eq!(updates(&desk.heard(last)).len(), 0);
    desk.input(Input::Tick);
    assert_eq!(updates(&desk.heard(last)).len(), 1);

    // A reader that had caught up is left behind like any slow one while others of its user are full.
    desk.stuck.clear();
    desk.say(BEN, update(ana.types(" more")));
    let expected = ana.text();
    for socket in [ANA_AGAIN, plenary_ids::ParticipantId(21), last] {
        let backlog = desk.people[&socket].1.clone();
        if backlog.bytes() > 0 && backlog.written(backlog.bytes()) {
            desk.input(Input::Drained(socket));
        }
    }
    desk.input(Input::Tick);
    updates(&desk.heard(last)).iter().for_each(|bytes| reader.reads(bytes));
    desk.say(last, step1(&reader));
    updates(&desk.heard(last)).iter().for_each(|bytes| reader.reads(bytes));
    assert_eq!(reader.text(), expected);
    desk.people.clear();
}

//! The room by itself: what it answers, to whom, and when.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/desk.rs"]
mod desk;

use bytes::Bytes;
use desk::{
    ANA, ANA_AGAIN, BEN, OBSERVER, Writer, entries, presence, room, room_with, statuses, step1, step2,
    update, updates,
};
use plenary_ids::{DocumentId, ParticipantId};
use plenary_permissions::Access;
use plenary_protocol::{
    AuthMessage, CloseReason, Message, PlenaryMessage, RefusalCode, Scope, SyncMessage, limits,
};
use plenary_room::{
    AppendFailure, Dialect, Effect, Input, LoadedDocument, LoadedSnapshot, PlantedBug, Room, RoomSettings,
};
use yrs::{Transact, WriteTxn};

#[test]
fn an_answer_leaves_when_what_it_was_made_at_is_durable_and_not_before() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.is_held = true;

    let words = ana.types("nineteen women");
    desk.say(ANA, update(words.clone()));
    desk.say(ANA, update(words));
    desk.say(BEN, step1(&ben));
    desk.input(Input::State { request: 1, state_vector: None });
    desk.say(BEN, presence(12, 1, Some("{}")));
    assert!(statuses(&desk.heard(ANA)).is_empty());
    assert_eq!(desk.heard(BEN), []);
    assert!(desk.states.is_empty());

    desk.flush();
    assert_eq!(statuses(&desk.heard(ANA)), [true, true]);
    assert!(!updates(&desk.heard(BEN)).is_empty());
    ben.reads(&desk.states[0]);
    assert_eq!(ben.text(), "nineteen women");
}

#[test]
fn awareness_does_not_wait_for_the_store() {
    let ana = Writer::new(11);
    let mut desk =
        room().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.is_held = true;
    desk.say(ANA, update(ana.types("x")));
    desk.say(ANA, presence(11, 1, Some("{}")));
    assert_eq!(entries(&desk.heard(BEN)), [(11, 1, true)]);
}

#[test]
fn two_authors_in_one_batch_make_one_update_for_all() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = room()
        .with(ANA, Dialect::Hocuspocus, Access::Write)
        .with(BEN, Dialect::Hocuspocus, Access::Write)
        .with(OBSERVER, Dialect::YWebsocket, Access::Read);
    for (who, writer) in [(ANA, &ana), (BEN, &ben), (OBSERVER, &Writer::new(13))] {
        desk.settle(who, writer);
    }
    desk.input(Input::Messages(vec![(ANA, update(ana.types("a"))), (BEN, update(ben.types("b")))]));
    for who in [ANA, BEN, OBSERVER] {
        let reader = Writer::new(20);
        let seen = updates(&desk.heard(who));
        assert_eq!(seen.len(), 1);
        reader.reads(&seen[0]);
        assert_eq!(reader.text().len(), 2);
    }
    assert_eq!(desk.stored.len(), 2, "each author's record apart");
}

#[test]
fn a_batch_of_one_author_is_not_echoed() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.say(ANA, update(ana.types("a")));
    assert_eq!(updates(&desk.heard(ANA)), Vec::<Bytes>::new());
    assert_eq!(updates(&desk.heard(BEN)).len(), 1);
}

#[test]
fn one_bad_update_in_a_batch_refuses_only_itself() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    let garbage = Bytes::from_static(&[9, 9, 9]);
    desk.input(Input::Messages(vec![(ANA, update(garbage)), (BEN, update(ben.types("kept")))]));
    let to_ana = desk.heard(ANA);
    assert_eq!(statuses(&to_ana), [false]);
    assert!(to_ana.contains(&Message::Auth(AuthMessage::Granted(Scope::ReadOnly))));
    assert_eq!(statuses(&desk.heard(BEN)), [true]);
    assert_eq!(updates(&to_ana).len(), 1);
}

#[test]
fn what_cannot_be_merged_is_found_one_by_one_and_refused_alone() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    // The gate lets step 2s through unread, as if it had a hole.
    let bug = Some(PlantedBug::GateSkippedOnStep2);
    let mut desk = room_with(RoomSettings { bug, ..RoomSettings::default() })
        .with(ANA, Dialect::Hocuspocus, Access::Write)
        .with(BEN, Dialect::Hocuspocus, Access::Write);
    let garbage = Message::Sync(SyncMessage::Step2(Bytes::from_static(&[9, 9, 9])));
    desk.input(Input::Messages(vec![
        (BEN, update(ben.types("before "))),
        (ANA, garbage),
        (BEN, update(ben.types("after"))),
    ]));
    assert_eq!(statuses(&desk.heard(ANA)), [false]);
    assert_eq!(statuses(&desk.heard(BEN)), [true, true]);
    desk.input(Input::State { request: 1, state_vector: None });
    ana.reads(&desk.states[0]);
    assert_eq!(ana.text(), "before after");
}

#[test]
fn an_observer_reads_is_seen_and_cannot_write() {
    let (ana, observer) = (Writer::new(11), Writer::new(13));
    let mut desk = room().with(ANA, Dialect::Hocuspocus, Access::Write).with(
        OBSERVER,
        Dialect::Hocuspocus,
        Access::Read,
    );
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("read me")));
    desk.heard(ANA);

    desk.say(OBSERVER, step1(&observer));
    let heard = desk.heard(OBSERVER);
    updates(&heard).iter().for_each(|update| observer.reads(update));
    assert_eq!(observer.text(), "read me");
    desk.say(OBSERVER, step2(&observer));
    assert_eq!(statuses(&desk.heard(OBSERVER)), [true], "nothing new, so it reaches 0");

    desk.say(OBSERVER, presence(13, 1, Some("{}")));
    assert_eq!(entries(&desk.heard(ANA)), [(13, 1, true)]);

    desk.say(OBSERVER, update(observer.types("mine")));
    assert_eq!(statuses(&desk.heard(OBSERVER)), [false]);
    assert_eq!(desk.heard(ANA), []);
    assert_eq!(desk.stored.len(), 1);
}

#[test]
fn an_observer_who_goes_on_writing_too_fast_is_closed_and_an_author_is_not() {
    let (ana, observer) = (Writer::new(11), Writer::new(13));
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write).with(
        OBSERVER,
        Dialect::YWebsocket,
        Access::Read,
    );
    desk.settle(ANA, &ana);
    desk.settle(OBSERVER, &observer);
    let in_vain = update(observer.types("mine"));
    let too_fast = limits::TOO_FAST_PER_SECOND + 1;
    for _ in 0..limits::TOO_FAST_FOR.as_secs() {
        assert_eq!(desk.closed, []);
        for _ in 0..too_fast {
            desk.say(OBSERVER, in_vain.clone());
            desk.say(ANA, update(ana.types("a")));
        }
        desk.now_ms += 1_000;
    }
    assert_eq!(desk.closed, []);
    desk.say(OBSERVER, in_vain);
    assert_eq!(desk.closed, [(OBSERVER, CloseReason::TooFast)]);
}

#[test]
fn an_observer_is_at_zero_although_merging_deleted_what_no_update_said() {
    use yrs::Map;
    let (ana, ben, observer) = (Writer::new(11), Writer::new(12), Writer::new(13));
    let mut desk = room()
        .with(ANA, Dialect::YWebsocket, Access::Write)
        .with(BEN, Dialect::YWebsocket, Access::Write)
        .with(OBSERVER, Dialect::Hocuspocus, Access::Read);
    let writes = |writer: &Writer| -> Bytes {
        let mut txn = writer.0.transact_mut();
        let notes = txn.get_or_insert_map("notes");
        notes.insert(&mut txn, "title", "x");
        txn.encode_update_v1().into()
    };
    desk.say(ANA, update(writes(&ana)));
    desk.say(BEN, update(writes(&ben)));
    desk.say(OBSERVER, step1(&observer));
    updates(&desk.heard(OBSERVER)).iter().for_each(|update| observer.reads(update));
    desk.say(OBSERVER, step2(&observer));
    assert_eq!(statuses(&desk.heard(OBSERVER)), [true]);
}

#[test]
fn what_was_typed_in_vain_is_paid_for_after_the_upgrade() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    desk.input(Input::SetAccess { participant: ANA, access: Access::Read });
    assert_eq!(desk.heard(ANA), [Message::Auth(AuthMessage::Granted(Scope::ReadOnly))]);
    desk.say(ANA, update(ana.types("one ")));
    desk.say(ANA, update(ana.types("two")));
    assert_eq!(statuses(&desk.heard(ANA)), [false, false]);

    desk.input(Input::SetAccess { participant: ANA, access: Access::Write });
    let heard = desk.heard(ANA);
    assert_eq!(heard[0], Message::Auth(AuthMessage::Granted(Scope::ReadWrite)));
    assert!(matches!(heard[1], Message::Sync(SyncMessage::Step1(_))));
    desk.say(ANA, step2(&ana));
    assert_eq!(
        statuses(&desk.heard(ANA)),
        [true, true, false],
        "two are paid; the extra step 2 does not count"
    );
}

#[test]
fn a_gap_is_asked_for_once_and_paid_by_the_step_2() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    ana.types("lost ");
    desk.say(ANA, update(ana.types("second ")));
    desk.say(ANA, update(ana.types("third")));
    let heard = desk.heard(ANA);
    assert_eq!(heard.len(), 1);
    assert!(matches!(heard[0], Message::Sync(SyncMessage::Step1(_))));
    desk.say(ANA, step2(&ana));
    assert_eq!(statuses(&desk.heard(ANA)), [true, true, false]);
}

#[test]
fn a_step_2_that_still_lacks_something_is_refused() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    ana.types("lost ");
    let second = ana.types("second");
    desk.say(ANA, Message::Sync(SyncMessage::Step2(second)));
    assert_eq!(desk.closed, [(ANA, CloseReason::Refused)]);
}

#[test]
fn a_new_step_1_of_the_client_voids_what_it_counted_before() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    desk.is_held = true;
    desk.say(ANA, update(ana.types("x")));
    desk.say(ANA, step1(&ana));
    desk.say(ANA, step2(&ana));
    desk.flush();
    assert_eq!(statuses(&desk.heard(ANA)), [true], "one for the step 1 that set the counter to 1");
}

#[test]
fn a_mark_is_answered_when_all_before_it_is_durable() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, Message::Plenary(PlenaryMessage::Hello { version: 9 }));
    assert!(matches!(&desk.heard(ANA)[..], [Message::Plenary(PlenaryMessage::Welcome(w))] if w.version == 1));
    desk.is_held = true;
    desk.say(ANA, update(ana.types("x")));
    desk.say(ANA, Message::Plenary(PlenaryMessage::Mark(7)));
    desk.say(ANA, Message::YSweetStatus(Bytes::from_static(&[1, 5])));
    assert_eq!(desk.heard(ANA), []);
    desk.flush();
    let answers =
        [Message::Plenary(PlenaryMessage::Durable(7)), Message::YSweetStatus(Bytes::from_static(&[1, 5]))];
    assert_eq!(desk.heard(ANA), answers);
}

#[test]
fn a_client_that_said_hello_is_told_which_frame_was_refused_and_why() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, Message::Plenary(PlenaryMessage::Hello { version: 1 }));
    desk.heard(ANA);
    desk.say(ANA, update(ana.types("x")));
    desk.say(ANA, update(Bytes::from_static(&[9, 9, 9])));
    let heard = desk.heard(ANA);
    assert!(matches!(
        &heard[..],
        [Message::Plenary(PlenaryMessage::Refused { ordinal: 2, code: RefusalCode::Malformed, .. })]
    ));
    assert!(desk.closed.is_empty());
}

#[test]
fn a_herd_shares_one_encoding() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types(&"long ".repeat(1_000))));
    desk.frames.clear();
    for number in 10..60 {
        desk.join(ParticipantId(number), Dialect::YWebsocket, Access::Read);
        desk.say(ParticipantId(number), step1(&Writer::new(number)));
    }
    let large: Vec<_> = desk.frames.iter().filter(|frame| frame.len() > 4_000).collect();
    assert_eq!(large.len(), 50);
    assert!(large.iter().all(|frame| frame.as_ptr() == large[0].as_ptr()));
}

#[test]
fn somebody_who_asks_a_thousand_times_gets_one_answer_at_a_time() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = room_with(RoomSettings { outbound_bytes_max: 1_000, ..RoomSettings::default() })
        .with(ANA, Dialect::YWebsocket, Access::Write)
        .with(BEN, Dialect::YWebsocket, Access::Read);
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types(&"x".repeat(5_000))));
    desk.stuck.push(BEN);
    desk.input(Input::Messages((0..1_000).map(|_| (BEN, step1(&ben))).collect()));
    assert_eq!(updates(&desk.heard(BEN)).len(), 1);

    desk.stuck.clear();
    let backlog = desk.people[&BEN].1.clone();
    assert!(backlog.written(backlog.bytes()), "it is owed a call");
    desk.input(Input::Drained(BEN));
    assert_eq!(updates(&desk.heard(BEN)).len(), 1, "the newest question is answered, too");
}

#[test]
fn a_slow_reader_gets_one_diff_when_it_has_drained() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = room_with(RoomSettings { outbound_bytes_max: 1_000, ..RoomSettings::default() })
        .with(ANA, Dialect::YWebsocket, Access::Write)
        .with(BEN, Dialect::YWebsocket, Access::Read);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.stuck.push(BEN);
    for _ in 0..300 {
        desk.say(ANA, update(ana.types(&"x".repeat(500))));
    }
    let before = updates(&desk.heard(BEN));
    assert!(before.len() < 5, "{} frames queued for a socket that takes none", before.len());
    before.iter().for_each(|update| ben.reads(update));

    desk.stuck.clear();
    let backlog = desk.people[&BEN].1.clone();
    assert!(backlog.written(backlog.bytes()), "it is owed a call");
    desk.input(Input::Drained(BEN));
    let diff = updates(&desk.heard(BEN));
    assert_eq!(diff.len(), 1);
    ben.reads(&diff[0]);
    assert_eq!(ben.text(), ana.text());
}

#[test]
fn a_slow_reader_that_missed_little_gets_just_that() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = room_with(RoomSettings { outbound_bytes_max: 100, ..RoomSettings::default() })
        .with(ANA, Dialect::YWebsocket, Access::Write)
        .with(BEN, Dialect::YWebsocket, Access::Read);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.stuck.push(BEN);
    for _ in 0..20 {
        desk.say(ANA, update(ana.types("some words ")));
    }
    let queued = updates(&desk.heard(BEN));
    desk.stuck.clear();
    let backlog = desk.people[&BEN].1.clone();
    assert!(backlog.written(backlog.bytes()));
    desk.input(Input::Drained(BEN));
    let missed = updates(&desk.heard(BEN));
    assert_eq!(queued.len() + missed.len(), 20);
    queued.iter().chain(&missed).for_each(|update| ben.reads(update));
    assert_eq!(ben.text(), ana.text());
}

#[test]
fn a_full_disk_loses_nothing_and_disconnects_nobody() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.is_held = true;
    desk.say(ANA, update(ana.types("kept at home")));
    desk.say(BEN, step1(&ben));
    desk.fail(AppendFailure::Full);
    let heard = desk.heard(BEN);
    assert_eq!(updates(&heard).len(), 1, "the question is answered, from what is durable");
    updates(&heard).iter().for_each(|update| ben.reads(update));
    assert_eq!(ben.text(), "");
    desk.say(ANA, update(ana.types(", too")));
    assert_eq!(desk.heard(ANA), []);

    desk.is_held = false;
    desk.now_ms += 2_000;
    desk.input(Input::Tick);
    assert!(matches!(&desk.heard(ANA)[..], [Message::Sync(SyncMessage::Step1(_))]));
    desk.say(ANA, step2(&ana));
    assert_eq!(statuses(&desk.heard(ANA)), [true, true, false]);
    updates(&desk.heard(BEN)).iter().for_each(|update| ben.reads(update));
    assert_eq!(ben.text(), "kept at home, too");
    assert!(desk.closed.is_empty());
}

#[test]
fn what_a_full_disk_lost_is_never_called_durable_though_its_author_may_only_read_by_now() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.say(ANA, Message::Plenary(PlenaryMessage::Hello { version: 1 }));
    desk.is_held = true;
    desk.input(Input::Messages(vec![
        (ANA, update(ana.types("lost"))),
        (ANA, Message::Plenary(PlenaryMessage::Mark(1))),
        (BEN, update(ben.types("lost, too"))),
    ]));
    for participant in [ANA, BEN] {
        desk.input(Input::SetAccess { participant, access: Access::Read });
    }
    desk.heard.clear();
    desk.fail(AppendFailure::Full);
    desk.now_ms += 2_000;
    desk.input(Input::Tick);
    assert!(matches!(&desk.heard(ANA)[..], [Message::Sync(SyncMessage::Step1(_))]));
    assert!(matches!(&desk.heard(BEN)[..], [Message::Sync(SyncMessage::Step1(_))]));

    desk.say(ANA, step2(&ana));
    desk.say(BEN, step2(&ben));
    let heard = desk.heard(ANA);
    let [
        Message::Plenary(PlenaryMessage::Refused { code, .. }),
        Message::Plenary(PlenaryMessage::Durable(1)),
    ] = &heard[..]
    else {
        panic!("{heard:?}")
    };
    assert_eq!(*code, RefusalCode::Role);
    assert_eq!(statuses(&desk.heard(BEN)), [false]);
    assert!(desk.stored.is_empty());
}

#[test]
fn whoever_asks_a_room_that_failed_for_the_state_is_answered() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.is_held = true;
    desk.say(ANA, update(ana.types("never shown")));
    desk.input(Input::State { request: 1, state_vector: None });
    desk.fail(AppendFailure::Failed);
    assert_eq!(desk.states_refused, 1);
    desk.input(Input::State { request: 2, state_vector: None });
    assert_eq!(desk.states_refused, 2);
    assert!(desk.states.is_empty());
}

#[test]
fn presence_does_not_pile_up_before_a_socket_that_takes_nothing() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = room_with(RoomSettings { outbound_bytes_max: 100, ..RoomSettings::default() })
        .with(ANA, Dialect::YWebsocket, Access::Write)
        .with(BEN, Dialect::YWebsocket, Access::Read);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.stuck.push(BEN);
    for clock in 1..1_000 {
        desk.say(ANA, presence(11, clock, Some("{\"name\":\"Ana\"}")));
        desk.say(BEN, Message::QueryAwareness);
    }
    let backlog = desk.people[&BEN].1.clone();
    assert!(backlog.bytes() < 200, "{} bytes wait", backlog.bytes());
    desk.heard(BEN);
    desk.stuck.clear();
    assert!(backlog.written(backlog.bytes()));
    desk.input(Input::Drained(BEN));
    assert_eq!(entries(&desk.heard(BEN)), [(11, 999, true)]);
}

#[test]
fn a_store_that_failed_closes_writers_and_shows_nothing_more() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk =
        room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::YWebsocket, Access::Read);
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.is_held = true;
    desk.say(ANA, update(ana.types("never shown")));
    desk.fail(AppendFailure::Failed);
    assert_eq!(desk.closed, [(ANA, CloseReason::StoreDown)]);
    assert_eq!(desk.heard(BEN), []);
    assert!(statuses(&desk.heard(ANA)).is_empty());
}

#[test]
fn one_may_only_speak_for_oneself() {
    let mut desk =
        room().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.heard(ANA);
    desk.say(ANA, presence(11, 1, Some("{}")));
    desk.heard(BEN);
    desk.say(BEN, presence(11, 9, Some("{\"name\":\"not Ana\"}")));
    assert_eq!(desk.heard(ANA), []);
    desk.say(BEN, presence(12, 1, Some("{}")));
    assert_eq!(entries(&desk.heard(ANA)), [(12, 1, true)]);
    desk.say(BEN, presence(11, 10, None));
    assert_eq!(desk.heard(ANA), []);
    desk.input(Input::Leave(BEN));
    assert_eq!(entries(&desk.heard(ANA)), [(12, 1, false)]);
}

#[test]
fn somebody_who_returns_with_an_old_clock_is_told_to_raise_it() {
    let mut desk =
        room().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.say(ANA, presence(11, 4, Some("{}")));
    desk.input(Input::Leave(ANA));
    desk.heard(BEN);
    desk.join(ANA_AGAIN, Dialect::YWebsocket, Access::Write);
    desk.heard(ANA_AGAIN);
    desk.say(ANA_AGAIN, presence(11, 4, Some("{}")));
    assert_eq!(entries(&desk.heard(ANA_AGAIN)), [(11, 4, false)]);
    desk.say(ANA_AGAIN, presence(11, 5, Some("{}")));
    assert_eq!(entries(&desk.heard(BEN)), [(11, 5, true)]);
}

#[test]
fn a_snapshot_is_taken_when_the_tail_has_grown_and_the_room_reads_it_back() {
    let ana = Writer::new(11);
    let mut desk = room_with(RoomSettings { snapshot_tail_bytes_min: 1_000, ..RoomSettings::default() })
        .with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    for _ in 0..50 {
        desk.say(ANA, update(ana.types("about fifty bytes of text, so that it adds up. ")));
    }
    let snapshot = desk.snapshot.clone().expect("a snapshot was taken");
    let tail = desk.stored[snapshot.seq as usize..].to_vec();
    let (mut room, _) = Room::new(DocumentId::from_bytes([1; 16]), RoomSettings::default());
    room.handle(0, Input::Loaded(LoadedDocument { snapshot: Some(snapshot), tail }));
    let effects = room.handle(0, Input::State { request: 1, state_vector: None });
    let [Effect::State { update: Ok(state), .. }] = &effects[..] else { panic!("one answer") };
    let reader = Writer::new(20);
    reader.reads(state);
    assert_eq!(reader.text(), ana.text());
}

#[test]
fn an_empty_room_ends_after_a_while_and_leaves_a_snapshot() {
    let ana = Writer::new(11);
    let mut desk = room().with(ANA, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("words")));
    desk.input(Input::Leave(ANA));
    desk.now_ms += 59_000;
    desk.input(Input::Tick);
    assert!(!desk.has_stopped);
    desk.now_ms += 2_000;
    desk.input(Input::Tick);
    assert!(desk.has_stopped);
    assert!(matches!(desk.snapshot, Some(LoadedSnapshot { seq: 1, .. })));
}

//! Whose a client id is: nobody writes in another's name, and nobody who writes in their own is kept from it.

#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "support/desk.rs"]
mod desk;

use bytes::Bytes;
use desk::{
    ANA, ANA_AGAIN, BEN, Desk, OBSERVER, Writer, entries, presence, room, room_with, statuses, step1, step2,
    update, updates, user,
};
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::{Access, Authorship};
use plenary_protocol::{AuthMessage, CloseReason, Message, PlenaryMessage, RefusalCode, Scope, SyncMessage};
use plenary_room::{
    AppendFailure, Attribution, Dialect, Input, LiveDocument, LoadedDocument, LoadedSnapshot, PlantedBug,
    Room, RoomSettings, Run,
};
use yrs::{ReadTxn, Transact};

/// Ana and Ben, both of whom write.
fn two() -> Desk {
    room().with(ANA, Dialect::Hocuspocus, Access::Write).with(BEN, Dialect::Hocuspocus, Access::Write)
}

fn hello(desk: &mut Desk, who: ParticipantId) {
    desk.say(who, Message::Plenary(PlenaryMessage::Hello { version: 1 }));
    desk.heard(who);
}

/// The codes with which somebody was refused, of all they have heard since the last look.
fn refusals(messages: &[Message]) -> Vec<RefusalCode> {
    let code = |message: &Message| match message {
        Message::Plenary(PlenaryMessage::Refused { code, .. }) => Some(*code),
        _ => None,
    };
    messages.iter().filter_map(code).collect()
}

/// What the store has says who wrote what.
fn attribution(desk: &Desk) -> Attribution {
    let covered = desk.snapshot.as_ref().map_or(0, |snapshot| snapshot.seq as usize);
    let tail = desk.stored[covered..].to_vec();
    Attribution::load(&LoadedDocument { snapshot: desk.snapshot.clone(), tail }).unwrap()
}

/// Text as a client would write it that has the id of somebody else: at the end of what it has.
fn forged(client: u64, has: &[&Writer], words: &str) -> Bytes {
    let forger = Writer::new(client);
    for one in has {
        forger.reads(&one.0.transact().encode_state_as_update_v1(&Default::default()));
    }
    forger.types(words)
}

#[test]
fn whoever_writes_with_anothers_id_is_refused_and_told_so_and_the_other_writes_on() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    hello(&mut desk, BEN);
    desk.say(ANA, update(ana.types("Ana's ")));

    desk.say(BEN, update(forged(11, &[&ana], "not Ana's ")));
    let heard = desk.heard(BEN);
    assert_eq!(refusals(&heard), [RefusalCode::Authorship]);
    assert_eq!(statuses(&heard), [false]);
    assert!(heard.contains(&Message::Auth(AuthMessage::Granted(Scope::ReadOnly))), "{heard:?}");
    // From here on this socket only reads.
    desk.say(BEN, update(ben.types("in his own name")));
    assert_eq!(statuses(&desk.heard(BEN)), [false]);

    desk.heard(ANA);
    desk.say(ANA, update(ana.types("still ")));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
    let reader = Writer::new(20);
    for message in updates(&desk.heard(BEN)) {
        reader.reads(&message);
    }
    desk.input(Input::State { request: 1, state_vector: None });
    reader.reads(&desk.states[0]);
    assert_eq!(reader.text(), "Ana's still ");
}

#[test]
fn a_stock_y_websocket_client_that_writes_with_anothers_id_is_closed() {
    let ana = Writer::new(11);
    let mut desk =
        room().with(ANA, Dialect::YWebsocket, Access::Write).with(BEN, Dialect::YWebsocket, Access::Write);
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("Ana's ")));
    desk.say(BEN, update(forged(11, &[&ana], "not Ana's ")));
    assert_eq!(desk.closed, [(BEN, CloseReason::Refused)]);
}

#[test]
fn the_servers_own_id_is_nobodys() {
    let mut desk = two();
    desk.settle(BEN, &Writer::new(12));
    hello(&mut desk, BEN);
    desk.say(BEN, update(Writer::new(1).types("as the server")));
    assert_eq!(refusals(&desk.heard(BEN)), [RefusalCode::Authorship]);
}

#[test]
fn an_id_that_somebody_announced_is_theirs_before_they_write_and_after_they_left() {
    let mut desk = two();
    desk.settle(ANA, &Writer::new(11));
    desk.settle(BEN, &Writer::new(12));
    hello(&mut desk, BEN);
    desk.say(ANA, presence(11, 1, Some("{}")));
    desk.input(Input::Leave(ANA));
    desk.say(BEN, update(Writer::new(11).types("before Ana could")));
    assert_eq!(refusals(&desk.heard(BEN)), [RefusalCode::Authorship]);
    // Neither can he announce it, however long she has been silent.
    desk.now_ms += 100_000;
    desk.join(OBSERVER, Dialect::YWebsocket, Access::Read);
    desk.heard(OBSERVER);
    desk.say(BEN, presence(11, 9, Some("{\"name\":\"not Ana\"}")));
    assert_eq!(entries(&desk.heard(OBSERVER)), []);

    desk.join(ANA_AGAIN, Dialect::Hocuspocus, Access::Write);
    let ana = Writer::new(11);
    desk.settle(ANA_AGAIN, &ana);
    desk.say(ANA_AGAIN, update(ana.types("Ana's")));
    assert_eq!(statuses(&desk.heard(ANA_AGAIN)), [true]);
}

#[test]
fn somebody_who_announces_many_ids_pushes_out_only_their_own() {
    let mut desk = two();
    desk.settle(BEN, &Writer::new(12));
    hello(&mut desk, BEN);
    desk.say(ANA, presence(11, 1, Some("{}")));
    desk.input(Input::Leave(ANA));
    for client in 100..300 {
        let again = ParticipantId(client * 10 + 2);
        desk.join(again, Dialect::YWebsocket, Access::Write);
        desk.say(again, presence(client, 1, Some("{}")));
        desk.input(Input::Leave(again));
    }
    desk.say(BEN, update(Writer::new(11).types("before Ana could")));
    assert_eq!(refusals(&desk.heard(BEN)), [RefusalCode::Authorship]);
}

#[test]
fn nobody_announces_an_id_that_somebody_else_wrote_with() {
    let ana = Writer::new(11);
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("Ana's")));
    desk.heard(ANA);
    desk.say(BEN, presence(11, 7, Some("{\"name\":\"not Ana\"}")));
    assert_eq!(entries(&desk.heard(ANA)), []);
    // It costs him nothing: his own entry is taken.
    desk.say(BEN, presence(12, 1, Some("{}")));
    assert_eq!(entries(&desk.heard(ANA)), [(12, 1, true)]);
}

#[test]
fn a_new_connection_of_the_same_user_takes_an_id_over_and_the_old_ones_end_does_not_remove_it() {
    let ana = Writer::new(11);
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.say(ANA, presence(11, 1, Some("{}")));
    desk.say(ANA, update(ana.types("from a train, ")));
    desk.join(ANA_AGAIN, Dialect::Hocuspocus, Access::Write);
    desk.settle(ANA_AGAIN, &ana);
    desk.say(ANA_AGAIN, presence(11, 2, Some("{}")));
    desk.heard(BEN);
    desk.input(Input::Leave(ANA));
    assert_eq!(entries(&desk.heard(BEN)), [], "she is still here");
    desk.say(ANA_AGAIN, update(ana.types("and on")));
    assert_eq!(statuses(&desk.heard(ANA_AGAIN)), [true]);
    desk.input(Input::Leave(ANA_AGAIN));
    assert_eq!(entries(&desk.heard(BEN)), [(11, 2, false)]);
}

#[test]
fn somebody_back_from_offline_brings_all_their_page_loads_and_repeats_what_others_wrote() {
    let (ben, first) = (Writer::new(12), Writer::new(11));
    let mut desk = two();
    desk.settle(BEN, &ben);
    desk.say(BEN, update(ben.types("Ben's ")));
    // Three page loads without a line; each has what was there before.
    first.reads(&ben.types(""));
    first.reads(&ben.0.transact().encode_state_as_update_v1(&Default::default()));
    first.types("one ");
    let mut last = first;
    for client in [21, 31] {
        let next = Writer::new(client);
        next.reads(&last.0.transact().encode_state_as_update_v1(&Default::default()));
        next.types("more ");
        last = next;
    }
    desk.settle(ANA, &last);
    desk.say(ANA, update(last.types("and here")));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
    let attribution = attribution(&desk);
    for client in [11, 21, 31] {
        assert_eq!(attribution.owner(client), Some(user(ANA)));
    }
    assert_eq!(attribution.owner(12), Some(user(BEN)));
    // Ben has it all, and his whole state is nothing new.
    desk.say(BEN, step1(&last));
    desk.heard(BEN);
    desk.say(BEN, step2(&last));
    assert_eq!(statuses(&desk.heard(BEN)), [true]);
}

#[test]
fn a_delete_of_what_is_not_there_yet_is_refused_once_it_is_sure_that_it_is_not() {
    let ana = Writer::new(11);
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("Ana's ")));
    desk.settle(BEN, &Writer::new(12));
    hello(&mut desk, BEN);
    // No structs; of client 11, one range: clocks 6 to 1,000.
    let early = Bytes::from_static(&[0, 1, 11, 1, 6, 0xe2, 0x07]);
    desk.say(BEN, update(early.clone()));
    let asked = desk.heard(BEN);
    assert!(asked.iter().any(|message| matches!(message, Message::Sync(SyncMessage::Step1(_)))), "{asked:?}");
    desk.say(BEN, Message::Sync(SyncMessage::Step2(early)));
    assert_eq!(refusals(&desk.heard(BEN)), [RefusalCode::Gap]);
    desk.heard(ANA);
    desk.say(ANA, update(ana.types("is all there")));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
}

#[test]
fn whose_an_id_is_outlasts_the_snapshot_and_the_room() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let settings = RoomSettings { snapshot_tail_bytes_min: 200, ..RoomSettings::default() };
    let mut desk = room_with(settings).with(ANA, Dialect::Hocuspocus, Access::Write).with(
        BEN,
        Dialect::Hocuspocus,
        Access::Write,
    );
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.say(BEN, update(ben.types("Ben's, in the snapshot: about fifty bytes of text. ")));
    for _ in 0..10 {
        desk.say(ANA, update(ana.types("Ana's, in the snapshot: about fifty bytes of text. ")));
    }
    let late = Writer::new(13);
    desk.say(BEN, update(late.types("Ben's, after it. ")));
    let snapshot = desk.snapshot.clone().expect("a snapshot was taken");
    assert!((snapshot.seq as usize) < desk.stored.len(), "and something came after it");
    let everything = desk.stored.clone();

    for snapshot in [Some(snapshot), None] {
        let covered = snapshot.as_ref().map_or(0, |snapshot| snapshot.seq as usize);
        let tail = everything[covered..].to_vec();
        let document = LiveDocument::load(&LoadedDocument { snapshot, tail }).unwrap();
        assert_eq!(document.check_attribution(), Ok(()));
        for (client, owner) in [(11, ANA), (12, BEN), (13, BEN)] {
            assert_eq!(document.attribution().owner(client), Some(user(owner)));
        }
    }
    // The same in a room.
    let mut anew = room_with(RoomSettings::default());
    anew.stored = desk.stored.clone();
    anew.snapshot = desk.snapshot.clone();
    let (room, effects) = Room::new(DocumentId::from_bytes([1; 16]), RoomSettings::default());
    anew.room = room;
    anew.carry_out(effects);
    anew.join(BEN, Dialect::Hocuspocus, Access::Write);
    hello(&mut anew, BEN);
    anew.say(BEN, update(forged(11, &[&ana], "not Ana's")));
    assert_eq!(refusals(&anew.heard(BEN)), [RefusalCode::Authorship]);
}

#[test]
fn an_id_whose_first_words_a_full_disk_lost_is_free_again() {
    let (ana, ben) = (Writer::new(11), Writer::new(12));
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.is_held = true;
    desk.say(BEN, update(Writer::new(13).types("lost ")));
    desk.fail(AppendFailure::Full);
    desk.is_held = false;
    desk.now_ms += 2_000;
    desk.input(Input::Tick);
    desk.say(ANA, step2(&ana));
    desk.heard(ANA);
    let other = Writer::new(13);
    desk.say(ANA, update(other.types("kept ")));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);
    assert_eq!(attribution(&desk).owner(13), Some(user(ANA)));
}

#[test]
fn of_a_document_whose_attribution_is_gone_nothing_is_anybodys_but_the_servers() {
    let ana = Writer::new(11);
    let mut desk = two();
    desk.settle(ANA, &ana);
    desk.say(ANA, update(ana.types("words")));
    desk.input(Input::State { request: 1, state_vector: None });
    let state = desk.states[0].clone();
    let snapshot = LoadedSnapshot { seq: 1, state, attribution: Bytes::new() };
    let loaded = LoadedDocument { snapshot: Some(snapshot.clone()), tail: Vec::new() };
    let runs: Vec<Run> = Attribution::load(&loaded).unwrap().inserted((0, 0)).collect();
    let unknown = Run { client: 11, clocks: 0..5, user: UserId::SERVER, at_ms: 0, is_relayed: false };
    assert_eq!(runs, [unknown]);
    // What says something else than the state is not taken for its attribution.
    desk.say(ANA, update(ana.types(" and more")));
    let says_more = LoadedSnapshot { attribution: attribution(&desk).encode(), ..snapshot };
    assert!(
        LiveDocument::load(&LoadedDocument { snapshot: Some(says_more), tail: Vec::new() }).is_err(),
        "it speaks of clocks that are not there"
    );
}

#[test]
fn where_members_pass_on_what_they_heard_it_is_let_in_and_marked() {
    let (ana, ben, eva) = (Writer::new(11), Writer::new(12), Writer::new(13));
    let mut desk = room();
    desk.authorship = Authorship::Open;
    for who in [ANA, BEN] {
        desk.join(who, Dialect::Hocuspocus, Access::Write);
    }
    desk.settle(ANA, &ana);
    desk.settle(BEN, &ben);
    desk.say(ANA, presence(11, 1, Some("{}")));
    desk.say(BEN, presence(12, 1, Some("{}")));
    // Ben heard Eva, whom nobody here knows, and Ana, who is here but whose words have not come yet.
    let by_eva = eva.types("Eva's ");
    ben.reads(&by_eva);
    let by_ana = ana.types("Ana's ");
    ben.reads(&by_ana);
    ben.types("Ben's ");
    desk.say(BEN, step2(&ben));
    desk.say(ANA, update(ana.types("and on ")));
    assert_eq!(statuses(&desk.heard(ANA)), [true]);

    let run =
        |client, clocks, who, is_relayed| Run { client, clocks, user: user(who), at_ms: 1_000, is_relayed };
    let expected = [
        run(11, 0..6, BEN, true),
        run(11, 6..13, ANA, false),
        run(12, 0..6, BEN, false),
        run(13, 0..6, BEN, true),
    ];
    let told = attribution(&desk);
    assert_eq!(told.inserted((0, 0)).collect::<Vec<_>>(), expected);
    assert_eq!((told.owner(11), told.owner(13)), (Some(user(ANA)), None));
    // Once somebody comes in to whom it is told that it is over, it is.
    desk.authorship = Authorship::Strict;
    desk.join(ANA_AGAIN, Dialect::Hocuspocus, Access::Write);
    hello(&mut desk, BEN);
    desk.say(BEN, update(forged(11, &[&ana, &eva], "not Ana's")));
    assert_eq!(refusals(&desk.heard(BEN)), [RefusalCode::Authorship]);
}

#[test]
fn without_the_question_whose_an_id_is_the_forgery_would_be_let_in() {
    let ana = Writer::new(11);
    let settings = RoomSettings { bug: Some(PlantedBug::OwnershipSkipped), ..RoomSettings::default() };
    let mut desk = room_with(settings).with(ANA, Dialect::Hocuspocus, Access::Write).with(
        BEN,
        Dialect::Hocuspocus,
        Access::Write,
    );
    desk.settle(ANA, &ana);
    desk.settle(BEN, &Writer::new(12));
    desk.say(ANA, update(ana.types("Ana's ")));
    desk.say(BEN, update(forged(11, &[&ana], "not Ana's ")));
    assert_eq!(statuses(&desk.heard(BEN)), [true]);
}

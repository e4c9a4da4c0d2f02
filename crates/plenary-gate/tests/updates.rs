//! What the gate says of updates as yjs writes them, and of each kind it refuses.

#[path = "support/building.rs"]
#[allow(dead_code)]
mod building;
#[path = "support/editing.rs"]
#[allow(dead_code)]
mod editing;
#[path = "support/room.rs"]
mod room;

use building::{Builder, MAP, NULL, Parent, X, text};
use editing::doc;
use plenary_gate::{Author, IdSet, Known, Limits, Refusal, Verdict, judge};
use room::Room;
use yrs::{GetString, ReadTxn, Text, Transact, WriteTxn};

const A: Parent<'static> = Parent::Root("a");

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/updates/{name}.bin", env!("CARGO_MANIFEST_DIR")))
        .expect("is there")
}

fn room() -> Room {
    Room::new(doc(1))
}

/// Judges against a document that has the text "known" of client 1, of which "no" is deleted, in the root type
/// "a", a map at 2:0, and 3:0..2 collected.
fn known() -> Known {
    let mut known = Known::default();
    let mut start = Builder::default();
    start.section(1, 0).item(None, None, A, (4, &text("known")));
    start.section(2, 0).item(None, None, Parent::Root("b"), MAP);
    start.section(3, 0).raw(&[0, 2]);
    start.delete(1, [(1, 2)]);
    match judge(&start.build(), &mut known, &Author::Anyone, &Limits::default()) {
        Verdict::Admitted(_) => {}
        other => panic!("{other:?}"),
    }
    known
}

fn verdict(update: &[u8]) -> Verdict {
    judge(update, &mut known(), &Author::Anyone, &Limits::default())
}

fn refusal(update: &[u8]) -> Refusal {
    match verdict(update) {
        Verdict::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn admitted(update: &[u8]) -> plenary_gate::Admitted {
    match verdict(update) {
        Verdict::Admitted(mut slices) if slices.len() == 1 => slices.remove(0),
        other => panic!("not admitted in one slice: {other:?}"),
    }
}

fn set(ranges: &[(u64, std::ops::Range<u32>)]) -> IdSet {
    let mut set = IdSet::default();
    ranges.iter().for_each(|(client, range)| set.insert(*client, range.clone()));
    set
}

/// One section with one item.
fn item(
    client: u64,
    clock: u32,
    origin: building::Id,
    right: building::Id,
    parent: Parent<'_>,
    content: (u8, &[u8]),
) -> Vec<u8> {
    let mut update = Builder::default();
    update.section(client, clock).item(origin, right, parent, content);
    update.build()
}

#[test]
fn two_page_loads_offline_in_one_update_newest_client_first() {
    let mut room = room();
    room.offer(&fixture("two-page-loads-1-known"), &Limits::default());
    let offline = fixture("two-page-loads-2-offline");
    // yjs writes client 9000 first, which leans on client 3000.
    assert_eq!(offline[..4], [3, 2, 0xa8, 0x46]);
    let Verdict::Admitted(slices) = room.offer(&offline, &Limits::default()) else { panic!("not admitted") };
    assert_eq!(slices.len(), 1);
    let text = room.doc.transact_mut().get_or_insert_text("body");
    assert_eq!(text.get_string(&room.doc.transact()), "own fi!?rst load second load");
    room.check_known();
    assert_eq!(room.offer(&offline, &Limits::default()), Verdict::NothingNew);
}

#[test]
fn a_step_2_with_50_000_known_delete_ranges_and_nothing_new() {
    let mut room = room();
    let mut typed = Builder::default();
    typed.section(7, 0).item(None, None, A, (4, &text(&"x".repeat(100_000))));
    typed.delete(7, (0..50_000).map(|i| (i * 2, 1)));
    let step_2 = typed.build();
    assert!(matches!(room.offer(&step_2, &Limits::default()), Verdict::Admitted(_)));
    let started = std::time::Instant::now();
    assert_eq!(room.offer(&step_2, &Limits::default()), Verdict::NothingNew);
    assert_eq!(room.offer(&room.state(), &Limits::default()), Verdict::NothingNew);
    // Some hundred milliseconds on a busy machine. A look at all others for each would be a thousand million steps.
    assert!(started.elapsed().as_secs() < 5, "took {:?}", started.elapsed());
    room.check_known();
}

#[test]
fn an_80_kb_paste() {
    let author = doc(42);
    let pasted = "A paragraph of a joint submission, é and 🌍 included.\n".repeat(1460);
    let update = {
        let mut txn = author.transact_mut();
        let body = txn.get_or_insert_text("body");
        body.insert(&mut txn, 0, &pasted);
        txn.encode_update_v1()
    };
    assert!(update.len() > 80_000);
    let mut room = room();
    let Verdict::Admitted(slices) = room.offer(&update, &Limits::default()) else { panic!("not admitted") };
    assert_eq!(slices[0].update, update);
    let body = room.doc.transact_mut().get_or_insert_text("body");
    assert_eq!(body.get_string(&room.doc.transact()), pasted);
}

#[test]
fn all_that_yjs_writes_in_one_document_is_admitted() {
    for name in ["one-author", "collected", "concurrent-5-all", "concurrent-6-merged"] {
        let mut room = room();
        let verdict = room.offer(&fixture(name), &Limits::default());
        assert!(matches!(verdict, Verdict::Admitted(_)), "{name}: {verdict:?}");
        assert_eq!(room.offer(&fixture(name), &Limits::default()), Verdict::NothingNew, "{name}");
        room.check_known();
        room.reloaded(doc(1)).check_known();
    }
}

#[test]
fn concurrent_edits_of_yjs_peers_end_alike_in_any_order() {
    let parts = ["concurrent-2-a", "concurrent-3-b", "concurrent-4-c"];
    let mut whole = room();
    whole.offer(&fixture("concurrent-5-all"), &Limits::default());
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut room = room();
        room.offer(&fixture("concurrent-1-base"), &Limits::default());
        for part in order {
            let verdict = room.offer(&fixture(parts[part]), &Limits::default());
            assert!(matches!(verdict, Verdict::Admitted(_)), "{verdict:?}");
        }
        // What merging deleted by itself is known, so nobody's step 2 brings it as news.
        assert_eq!(room.offer(&fixture("concurrent-5-all"), &Limits::default()), Verdict::NothingNew);
        room.check_known();
        let (ours, theirs) = (room.doc.transact().snapshot(), whole.doc.transact().snapshot());
        assert_eq!((ours.state_map, ours.delete_set), (theirs.state_map, theirs.delete_set));
    }
}

#[test]
fn a_skip_is_a_gap_until_what_it_skips_is_known() {
    let mut room = room();
    room.offer(&fixture("skip-1-first"), &Limits::default());
    let skipping = fixture("skip-2-without-second");
    assert_eq!(room.offer(&skipping, &Limits::default()), Verdict::Gap { client: 50, clock: 1 });
    assert!(matches!(room.offer(&fixture("skip-3-second"), &Limits::default()), Verdict::Admitted(_)));
    assert!(matches!(room.offer(&skipping, &Limits::default()), Verdict::Admitted(_)));
    room.check_known();
}

#[test]
fn known_clocks_are_skipped_and_never_compared() {
    assert_eq!(verdict(&[0, 0]), Verdict::NothingNew);
    assert_eq!(
        verdict(&item(1, 0, None, None, Parent::Root("elsewhere"), (4, &text("other")))),
        Verdict::NothingNew
    );
    let mut deletes = Builder::default();
    deletes.delete(1, [(2, 1), (1, 1), (1, 2)]);
    deletes.delete(3, [(0, 1)]);
    assert_eq!(verdict(&deletes.build()), Verdict::NothingNew);
}

#[test]
fn a_struct_over_the_edge_is_kept_whole_and_only_its_new_clocks_count() {
    let longer = item(1, 0, None, None, A, (4, &text("known and new")));
    let slice = admitted(&longer);
    assert_eq!(slice.update, longer);
    assert_eq!(slice.inserted, set(&[(1, 5..13)]));
    let mut room = room();
    room.offer(&item(1, 0, None, None, A, (4, &text("known"))), &Limits::default());
    room.offer(&longer, &Limits::default());
    room.check_known();
    let elsewhere = item(1, 0, None, None, Parent::Root("b"), (4, &text("known and new")));
    assert_eq!(refusal(&elsewhere), Refusal::Misplaced { client: 1, clock: 0 });
}

#[test]
fn deletes_are_sorted_and_only_new_ones_are_left() {
    let mut deletes = Builder::default();
    deletes.delete(1, [(4, 1), (0, 3), (4, 1), (1, 1)]);
    let slice = admitted(&deletes.build());
    assert_eq!(slice.update, [0, 1, 1, 2, 0, 1, 4, 1]);
    assert_eq!(slice.deleted, set(&[(1, 0..1), (1, 4..5)]));
    assert!(slice.inserted.is_empty());
}

#[test]
fn what_comes_deleted_counts_as_deleted() {
    let mut update = Builder::default();
    update.section(4, 0).raw(&[0, 3]);
    update.item(Some((1, 0)), None, A, (1, &[2]));
    update.delete(4, [(0, 5)]);
    let slice = admitted(&update.build());
    assert_eq!(slice.deleted, set(&[(4, 0..5)]));
    assert_eq!(*slice.update.last().unwrap(), 0, "no delete range is needed for it");
}

#[test]
fn what_hangs_on_something_collected_is_collected() {
    let neighbour = item(4, 0, Some((3, 1)), Some((1, 0)), A, X);
    assert_eq!(admitted(&neighbour).update, [1, 1, 4, 0, 0, 1, 0]);
    assert_eq!(admitted(&neighbour).deleted, set(&[(4, 0..1)]));
    let child = item(4, 0, None, None, Parent::Type(1, 1), X);
    assert_eq!(admitted(&child).update, [1, 1, 4, 0, 0, 1, 0]);
}

#[test]
fn structs_that_go_on_from_each_other_are_joined() {
    let mut update = Builder::default();
    update.section(4, 0).item(Some((1, 0)), None, A, (4, &text("jo")));
    update.item(Some((4, 1)), None, A, (4, &text("in🌍")));
    update.item(Some((4, 5)), None, A, NULL);
    update.item(Some((4, 6)), None, A, NULL);
    let mut joined = Builder::default();
    joined.section(4, 0).item(Some((1, 0)), None, A, (4, &text("join🌍")));
    joined.item(Some((4, 5)), None, A, (8, &[2, 126, 126]));
    assert_eq!(admitted(&update.build()).update, joined.build());
}

#[test]
fn more_than_a_slice_is_cut_into_slices_that_stand_alone() {
    let limits = Limits { slice_items_max: 4, ..Limits::default() };
    let mut update = Builder::default();
    // Each of the higher client leans on one of the lower, and the other way round.
    update.section(9, 0);
    (0..10).for_each(|i| update.item(Some((5, i)), None, A, X));
    update.section(5, 0).item(None, None, A, X);
    (1..10).for_each(|i| update.item(Some((9, i - 1)), None, A, X));
    update.delete(9, (0..5).map(|i| (i * 2, 1)));
    let mut room = room();
    let Verdict::Admitted(slices) = room.offer(&update.build(), &limits) else { panic!("not admitted") };
    assert_eq!(slices.len(), 5 + 2);
    room.check_known();
    assert_eq!(room.known.state_vector().iter().collect::<Vec<_>>(), [(5, 10), (9, 10)]);
}

#[test]
fn what_is_missing_is_a_gap_that_names_it() {
    let gap = |client, clock| Verdict::Gap { client, clock };
    assert_eq!(verdict(&item(1, 6, Some((1, 4)), None, A, X)), gap(1, 5), "its own clocks");
    assert_eq!(verdict(&item(9, 2, Some((1, 4)), None, A, X)), gap(9, 0), "its own clocks");
    assert_eq!(verdict(&item(4, 0, Some((1, 5)), None, A, X)), gap(1, 5), "its origin");
    assert_eq!(verdict(&item(4, 0, None, Some((8, 3)), A, X)), gap(8, 0), "its right origin");
    assert_eq!(verdict(&item(4, 0, None, None, Parent::Type(2, 7), X)), gap(2, 1), "its parent");
    let mut deletes = Builder::default();
    deletes.delete(1, [(4, 2)]);
    assert_eq!(verdict(&deletes.build()), gap(1, 5), "what it deletes");
}

#[test]
fn a_cycle_is_refused() {
    assert_eq!(refusal(&item(4, 0, Some((4, 0)), None, A, X)), Refusal::Cycle { client: 4, clock: 0 });
    let mut later = Builder::default();
    later.section(4, 0).item(None, Some((4, 1)), A, X);
    later.item(None, None, A, X);
    assert_eq!(refusal(&later.build()), Refusal::Cycle { client: 4, clock: 0 });
    let mut both = Builder::default();
    both.section(5, 0).item(Some((4, 1)), None, A, X);
    both.section(4, 0).item(Some((5, 0)), None, A, X);
    both.item(None, None, A, X);
    assert!(matches!(refusal(&both.build()), Refusal::Cycle { .. }));
}

#[test]
fn a_long_chain_of_clients_needs_no_stack() {
    let mut chain = Builder::default();
    for client in (10..50_000u64).rev() {
        chain.section(client, 0).item((client > 10).then(|| (client - 1, 0)), None, A, X);
    }
    let Verdict::Admitted(slices) = verdict(&chain.build()) else { panic!("not admitted") };
    assert!(slices.len() > 1);
}

#[test]
fn a_parent_must_be_a_shared_type() {
    assert_eq!(
        refusal(&item(4, 0, None, None, Parent::Type(1, 0), X)),
        Refusal::ParentNotAType { client: 4, clock: 0 }
    );
    let mut own = Builder::default();
    own.section(4, 0).item(None, None, A, X);
    own.item(None, None, Parent::Type(4, 0), X);
    assert_eq!(refusal(&own.build()), Refusal::ParentNotAType { client: 4, clock: 1 });
    admitted(&item(4, 0, None, None, Parent::Type(2, 0), X));
}

#[test]
fn neighbours_must_be_in_one_place() {
    let misplaced = Refusal::Misplaced { client: 4, clock: 0 };
    assert_eq!(refusal(&item(4, 0, Some((1, 0)), Some((2, 0)), A, X)), misplaced);
    let mut entry = Builder::default();
    entry.section(5, 0).item(None, None, Parent::RootKey("a", "key"), NULL);
    entry.section(4, 0).item(None, Some((5, 0)), A, NULL);
    assert_eq!(refusal(&entry.build()), misplaced, "a map entry has no right neighbour");
    let long = item(4, 0, None, None, Parent::RootKey("a", "key"), (8, &[2, 126, 126]));
    assert_eq!(refusal(&long), misplaced, "a live map entry has one value");
}

#[test]
fn types_may_be_in_each_other_only_so_deep() {
    let chain = |depth: u32| {
        let mut update = Builder::default();
        update.section(4, 0).item(None, None, A, MAP);
        (1..depth).for_each(|i| update.item(None, None, Parent::Type(4, i - 1), MAP));
        update.build()
    };
    let limit = Limits::default().type_depth_max;
    admitted(&chain(limit as u32));
    assert_eq!(refusal(&chain(100_000)), Refusal::TypeTooDeep { client: 4, clock: limit as u32, limit });
    // Also when it grows type by type, and when the parent is implied by a neighbour.
    let mut known = known();
    let limits = Limits { type_depth_max: 2, ..Limits::default() };
    let first = judge(&item(4, 0, None, None, Parent::Type(2, 0), MAP), &mut known, &Author::Anyone, &limits);
    assert!(matches!(first, Verdict::Admitted(_)), "{first:?}");
    let beside = item(5, 0, Some((4, 0)), None, A, MAP);
    assert!(matches!(judge(&beside, &mut known, &Author::Anyone, &limits), Verdict::Admitted(_)));
    let below = item(6, 0, None, None, Parent::Type(4, 0), MAP);
    assert_eq!(
        judge(&below, &mut known, &Author::Anyone, &limits),
        Verdict::Refused(Refusal::TypeTooDeep { client: 6, clock: 0, limit: 2 })
    );
}

#[test]
fn contents_that_are_not_taken_are_named() {
    let unsupported = |content: (u8, &[u8])| match refusal(&item(4, 0, Some((1, 0)), None, A, content)) {
        Refusal::Unsupported { what, number, .. } => (what, number),
        other => panic!("{other:?}"),
    };
    assert_eq!(unsupported((2, &[1, 4, b'n', b'u', b'l', b'l'])), ("content of JSON texts", 2));
    assert_eq!(unsupported((5, &[4, b' ', b'"', b'x', b'"'])), ("embed of a text", 5));
    assert_eq!(unsupported((9, &[0])), ("subdocument", 9));
    assert_eq!(unsupported((11, &[0])), ("move", 11));
    assert_eq!(unsupported((12, &[0])), ("unknown content", 12));
    assert_eq!(unsupported((7, &[5, 1, b'h'])), ("type xml hook", 5));
    assert_eq!(unsupported((7, &[7, 0])), ("type weak link", 7));
    assert_eq!(unsupported((7, &[15])), ("unknown type", 15));
}

#[test]
fn what_is_malformed_is_refused_with_its_place() {
    let malformed = |update: &[u8]| match refusal(update) {
        Refusal::Malformed { what, .. } => what,
        other => panic!("{other:?}"),
    };
    assert_eq!(malformed(&[]), "ends early");
    assert_eq!(malformed(&[0]), "ends early");
    assert_eq!(malformed(&[0, 0, 0]), "bytes after the end");
    assert_eq!(malformed(&[0xff, 0xff, 0xff, 0x72]), "count larger than what follows");
    assert_eq!(malformed(&[1, 0, 4, 0, 0, 0]), "client without structs");
    assert_eq!(malformed(&[0x80, 0, 0]), "number with more bytes than it needs");
    // The second version of the format begins with a zero and lengths of its columns.
    assert!(matches!(verdict(&[0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]), Verdict::Refused(_)));
    let raw = |bytes: &[u8]| {
        let mut update = Builder::default();
        update.section(4, 0).raw(bytes);
        update.build()
    };
    assert_eq!(malformed(&raw(&[0, 0])), "length 0");
    assert_eq!(malformed(&raw(&[10, 0])), "length 0");
    assert_eq!(malformed(&item(4, 0, Some((1, 0)), None, A, (4, &[0]))), "length 0");
    assert_eq!(malformed(&item(4, 0, Some((1, 0)), None, A, (8, &[0]))), "length 0");
    assert_eq!(malformed(&item(4, 0, Some((1, 0)), None, A, (4, &[1, 0xff]))), "string is not UTF-8");
    assert_eq!(malformed(&item(4, 0, Some((1, 0)), None, A, (8, &[1, 99]))), "unknown kind of value");
    let json = item(4, 0, Some((1, 0)), None, A, (5, &text("undefined")));
    assert_eq!(malformed(&json), "embed or format is not JSON");
    assert_eq!(
        malformed(&raw(&[0, 0x80, 0x80, 0x80, 0x80, 0x08])),
        "clock of more than 31 bits",
        "len 2^31 - 1 + 0"
    );
    let mut edge = Builder::default();
    edge.section(4, (1 << 31) - 2).raw(&[0, 2]);
    assert_eq!(malformed(&edge.build()), "clock of more than 31 bits");
    assert_eq!(malformed(&item(1 << 53, 0, Some((1, 0)), None, A, X)), "client id of more than 53 bits");
    let mut empty_range = Builder::default();
    empty_range.delete(1, [(0, 0)]);
    assert_eq!(malformed(&empty_range.build()), "length 0");
}

#[test]
fn limits_are_refused_with_their_numbers() {
    let with = |limits: Limits, update: &[u8]| judge(update, &mut known(), &Author::Anyone, &limits);
    assert_eq!(
        with(Limits { update_bytes_max: 3, ..Limits::default() }, &[0, 0, 0, 0]),
        Verdict::Refused(Refusal::TooManyBytes { size_bytes: 4, limit_bytes: 3 })
    );
    let mut three = Builder::default();
    three.section(4, 0).item(Some((1, 0)), None, A, X);
    three.item(Some((1, 0)), None, A, X);
    three.delete(1, [(0, 1), (1, 2)]);
    assert!(matches!(
        with(Limits { new_items_max: 3, ..Limits::default() }, &three.build()),
        Verdict::Admitted(_)
    ));
    assert_eq!(
        with(Limits { new_items_max: 2, ..Limits::default() }, &three.build()),
        Verdict::Refused(Refusal::TooManyNew { limit: 2 })
    );
    let deep = [&[33][..], &[117, 1].repeat(33), &[126]].concat();
    assert!(matches!(
        refusal(&item(4, 0, Some((1, 0)), None, A, (8, &[&[1][..], &deep[1..]].concat()))),
        Refusal::ValueTooDeep { limit: 32, .. }
    ));
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    assert!(matches!(
        refusal(&item(4, 0, Some((1, 0)), None, A, (5, &text(&deep)))),
        Refusal::ValueTooDeep { limit: 32, .. }
    ));
}

#[test]
fn a_client_named_twice_is_refused() {
    let mut twice = Builder::default();
    twice.section(4, 0).item(Some((1, 0)), None, A, X);
    twice.section(5, 0).item(Some((1, 0)), None, A, X);
    twice.section(4, 1).item(Some((1, 0)), None, A, X);
    assert_eq!(refusal(&twice.build()), Refusal::ClientTwice { client: 4 });
}

#[test]
fn client_ids_chosen_to_collide_are_refused() {
    let update = |id: fn(u64) -> u64| {
        let mut update = Builder::default();
        (10..2010).for_each(|i| update.section(id(i), 0).item(Some((1, 0)), None, A, X));
        update.build()
    };
    assert_eq!(refusal(&update(|i| i << 20)), Refusal::ClientsAlike { count: 2000, limit: 64 });
    assert!(matches!(verdict(&update(|i| i)), Verdict::Admitted(_)));
    assert!(matches!(
        verdict(&update(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11)),
        Verdict::Admitted(_)
    ));
}

#[test]
fn deletions_that_merging_caused_can_be_noted() {
    let mut known = known();
    known.mark_deleted(1, 4..9);
    assert_eq!(known.deleted().ranges(1), [1..3, 4..5]);
    known.mark_deleted(77, 0..3);
    assert!(known.deleted().ranges(77).is_empty());
}

#[test]
fn an_emoji_counts_two_clocks() {
    let mut room = room();
    room.offer(&item(4, 0, None, None, A, (4, &text("é🌍"))), &Limits::default());
    room.check_known();
    assert_eq!(room.known.next_clock(4), 3);
    let text = room.doc.transact_mut().get_or_insert_text("a");
    assert_eq!(text.len(&room.doc.transact()), 3);
}

#[test]
fn a_text_is_cut_only_so_often() {
    let update = |cuts: u32| {
        let mut update = Builder::default();
        update.section(5, 0).item(Some((1, 4)), None, A, (4, &text(&"x".repeat(1000))));
        update.section(4, 0);
        for i in 0..cuts {
            // Each cut twice: the second time there is nothing to cut.
            (0..2).for_each(|_| update.item(Some((5, i)), Some((5, i + 1)), A, X));
        }
        update.build()
    };
    let limits = Limits { cuts_max: 100, ..Limits::default() };
    assert!(matches!(judge(&update(100), &mut known(), &Author::Anyone, &limits), Verdict::Admitted(_)));
    assert_eq!(
        judge(&update(101), &mut known(), &Author::Anyone, &limits),
        Verdict::Refused(Refusal::TooManyCuts { limit: 100 })
    );
}

#[test]
fn structs_without_neighbours_are_few_in_one_place() {
    let update = |keys: &[&str]| {
        let mut update = Builder::default();
        update.section(4, 0);
        keys.iter().for_each(|key| update.item(None, None, Parent::RootKey("m", key), NULL));
        update.build()
    };
    let limits = Limits { rivals_max: 2, ..Limits::default() };
    let verdict = |keys: &[&str]| judge(&update(keys), &mut known(), &Author::Anyone, &limits);
    assert!(matches!(verdict(&["a", "b", "a", "c", "b"]), Verdict::Admitted(_)));
    assert_eq!(verdict(&["a", "b", "a", "a"]), Verdict::Refused(Refusal::TooManyRivals { limit: 2 }));
}

#[test]
fn many_deletes_that_cut_a_text_go_in_two_passes() {
    let mut room = room();
    room.offer(&item(4, 0, None, None, A, (4, &text(&"ab".repeat(5000)))), &Limits::default());
    let mut deletes = Builder::default();
    deletes.delete(4, (0..5000).map(|i| (i * 2, 1)));
    let Verdict::Admitted(slices) = room.offer(&deletes.build(), &Limits::default()) else {
        panic!("not admitted")
    };
    let sizes: Vec<usize> = slices.iter().map(|slice| slice.deleted.iter().count()).collect();
    assert_eq!(sizes, [72, 4928]);
    room.check_known();
    let text = room.doc.transact_mut().get_or_insert_text("a");
    assert_eq!(text.get_string(&room.doc.transact()), "b".repeat(5000));
}

#[test]
fn what_was_admitted_once_loads_again_record_by_record_and_as_a_whole() {
    // Two values under one key, deleted in a later slice; and a thousand clients alike, before that mattered.
    let mut entries = Builder::default();
    entries.section(4, 0).item(None, None, Parent::RootKey("m", "k"), (8, &[2, 126, 126]));
    entries.item(Some((4, 1)), None, A, NULL);
    entries.delete(4, [(0, 2)]);
    let mut alike = Builder::default();
    (1..1000).for_each(|i| alike.section(i << 32, 0).item(None, None, A, X));
    let mut others = Builder::default();
    (1..100).for_each(|i| others.section(i * 7919, 0).item(None, None, A, X));
    let limits = Limits { slice_items_max: 1, ..Limits::default() };
    let mut room = room();
    for update in [entries, alike, others] {
        assert!(matches!(room.offer(&update.build(), &limits), Verdict::Admitted(_)));
    }
    room.replayed(doc(1)).check_known();
    room.snapshot();
    room.replayed(doc(1)).check_known();
}

/// Judges for somebody who may write with client 7 only.
fn verdict_for_7(update: &Builder) -> Verdict {
    judge(&update.build(), &mut known(), &Author::Owner(&|client| client == 7), &Limits::default())
}

#[test]
fn with_a_client_id_of_somebody_else_nothing_new_is_written() {
    let foreign = |client| Verdict::Refused(Refusal::ForeignClient { client });
    type Forgery = fn(&mut Builder);
    let forgeries: [(&str, Forgery, u64); 8] = [
        ("the next clock", |b| b.section(1, 5).item(Some((1, 4)), None, A, X), 1),
        ("a future clock", |b| b.section(1, 900).item(Some((1, 4)), None, A, X), 1),
        (
            "known clocks, and on from there",
            |b| b.section(1, 3).item(Some((1, 2)), None, A, (4, &text("xyz"))),
            1,
        ),
        ("collected clocks", |b| b.section(1, 5).raw(&[0, 100]), 1),
        ("deleted clocks", |b| b.section(1, 5).item(Some((1, 4)), None, A, (1, &[100])), 1),
        (
            "a skip, then a clock",
            |b| {
                b.section(1, 5).raw(&[10, 9]);
                b.item(Some((1, 4)), None, A, X);
            },
            1,
        ),
        ("a client nobody has seen", |b| b.section(90, 0).item(None, None, A, X), 90),
        (
            "beside one's own",
            |b| {
                b.section(7, 0).item(None, None, A, X);
                b.section(2, 1).raw(&[0, 1]);
            },
            2,
        ),
    ];
    for (what, forge, client) in forgeries {
        let mut update = Builder::default();
        forge(&mut update);
        assert_eq!(verdict_for_7(&update), foreign(client), "{what}");
    }
}

#[test]
fn with_ones_own_client_id_one_writes_beside_and_deletes_what_others_wrote() {
    let mut update = Builder::default();
    update.section(7, 0).item(Some((1, 2)), Some((1, 3)), A, X);
    // Repeated as stock clients repeat it: known, so nobody asks whose it is.
    update.section(1, 0).item(None, None, A, (4, &text("other")));
    update.delete(1, [(3, 1)]);
    let Verdict::Admitted(slices) = verdict_for_7(&update) else { panic!("is admitted") };
    assert_eq!(slices[0].inserted, set(&[(7, 0..1)]));
    assert_eq!(slices[0].deleted, set(&[(1, 3..4)]));
}

#[test]
fn nobody_deletes_what_is_not_there_yet() {
    for (client, clock) in [(1, 5), (90, 0)] {
        let mut update = Builder::default();
        update.delete(client, [(0, 1_000)]);
        assert_eq!(verdict_for_7(&update), Verdict::Gap { client, clock });
    }
}

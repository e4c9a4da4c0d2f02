//! How long judging takes where it happens most: `cargo run --release -p plenary-gate --example speed`.
//!
//! Keystrokes into a document of many cursor jumps, typed on at one place and at places all over, and how deep
//! types may be in each other before yrs overflows a small stack (`-- DEPTH`, in a process of its own).

#[path = "../tests/support/building.rs"]
#[allow(dead_code)]
mod building;
#[path = "../tests/support/editing.rs"]
#[allow(dead_code)]
mod editing;

use std::hint::black_box;
use std::time::Duration;

use building::{Builder, MAP, Parent, X, thread_cpu};
use editing::Chance;
use plenary_gate::{Author, Known, Limits, Verdict, judge};
use yrs::updates::decoder::Decode;
use yrs::{ReadTxn, StateVector, Transact, Update};

const A: Parent<'static> = Parent::Root("body");

fn main() {
    if let Some(depth) = std::env::args().nth(1) {
        return delete_nested(depth.parse().expect("a depth"));
    }
    let mut known = Known::default();
    let mut chance = Chance(1);
    let admit = |known: &mut Known, update: &[u8]| {
        match judge(update, known, &Author::Anyone, &Limits::default()) {
            Verdict::Admitted(_) => {}
            other => panic!("{other:?}"),
        };
    };
    // Written in 2,000 jumps of the cursor, and a quarter of it deleted.
    let mut start = Builder::default();
    let mut order: Vec<(u64, u32)> = Vec::new();
    start.section(1, 0);
    let mut at = 0;
    for i in 0..20_000 {
        at = if i % 10 == 0 { chance.below(order.len() + 1) } else { at + 1 };
        put(&mut start, &mut order, (1, i), at);
    }
    start.delete(1, (0..5000).map(|i| (i * 3, 1)));
    admit(&mut known, &start.build());

    let mut on_and_on = Vec::new();
    let mut all_over = Vec::new();
    for i in 0..100_000 {
        let mut update = Builder::default();
        put(update.section(2, i), &mut order, (2, i), 1 + i as usize);
        on_and_on.push(update.build());
    }
    for i in 0..100_000 {
        let mut update = Builder::default();
        let at = chance.below(order.len() + 1);
        put(update.section(3, i), &mut order, (3, i), at);
        update.delete(1, [(i % 20_000, 1)]);
        all_over.push(update.build());
    }
    for (name, updates) in [("keystrokes typed on", on_and_on), ("keystrokes and deletes all over", all_over)]
    {
        let before = thread_cpu();
        updates.iter().for_each(|update| admit(&mut known, update));
        let admitted = thread_cpu();
        for update in &updates {
            black_box(judge(update, &mut known, &Author::Anyone, &Limits::default()));
        }
        let each = |took: Duration| took / updates.len() as u32;
        println!(
            "{name}: judged and admitted in {:?}, nothing new in {:?}",
            each(admitted - before),
            each(thread_cpu() - admitted)
        );
    }
}

/// Writes a letter at a place in the order of all.
fn put(update: &mut Builder, order: &mut Vec<(u64, u32)>, id: (u64, u32), at: usize) {
    update.item(at.checked_sub(1).map(|before| order[before]), order.get(at).copied(), A, X);
    order.insert(at, id);
}

/// Merges types in each other, deletes the outermost, and does what a room does, on a stack of 2 MiB.
fn delete_nested(depth: u32) {
    let mut nested = Builder::default();
    nested.section(1, 0).item(None, None, A, MAP);
    (1..depth).for_each(|i| nested.item(None, None, Parent::Type(1, i - 1), MAP));
    let mut delete = Builder::default();
    delete.delete(1, [(0, 1)]);
    let updates = [nested.build(), delete.build()];
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let doc = editing::doc(9);
        for update in updates {
            let mut txn = doc.transact_mut();
            txn.apply_update(Update::decode_v1(&update).expect("decodes")).expect("is applied");
            txn.commit();
            drop(txn);
            doc.transact().encode_state_as_update_v1(&StateVector::default());
        }
    });
    thread.expect("starts").join().expect("does not panic");
    println!("{depth} types in each other were deleted");
}

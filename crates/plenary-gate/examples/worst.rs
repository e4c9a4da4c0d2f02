//! What the most expensive updates cost: `cargo run --release -p plenary-gate --example worst [-- NAME]`.
//!
//! Each is built to make one part of the gate or of yrs work as hard as it can, once with 64 KiB and once with
//! as much as the limits let in. Prints thread CPU of judging, merging and encoding.

#[path = "../tests/support/building.rs"]
mod building;
#[path = "../tests/support/editing.rs"]
#[allow(dead_code)]
mod editing;

use std::time::Duration;

use building::{Builder, MAP, NULL, Parent, X, number, thread_cpu};
use plenary_gate::{Author, Known, Limits, Verdict, judge};
use yrs::updates::decoder::Decode;
use yrs::{ReadTxn, StateVector, Transact, Update};

const A: Parent<'static> = Parent::Root("a");

/// An embed: no two are joined.
const EMBED: (u8, &[u8]) = (5, b"\x02{}");

fn text(len: usize) -> Vec<u8> {
    building::text(&"x".repeat(len))
}

/// An update made of `n` things, perhaps after others.
type Case = (&'static str, fn(usize) -> Vec<Vec<u8>>);

const CASES: &[Case] = &[
    ("collected structs", |n| {
        let mut b = Builder::default();
        b.section(1, 0);
        (0..n).for_each(|_| b.raw(&[0, 1]));
        vec![b.build()]
    }),
    ("deleted items in a row", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, (1, &[1]));
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), None, A, (1, &[1])));
        vec![b.build()]
    }),
    ("typed characters", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, X);
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), None, A, X));
        vec![b.build()]
    }),
    ("texts of 300 bytes in a row", |n| {
        let mut b = Builder::default();
        b.section(1, 0);
        for i in 0..(n / 20) as u32 {
            b.item(i.checked_sub(1).map(|_| (1, i * 300 - 1)), None, A, (4, &text(300)));
        }
        vec![b.build()]
    }),
    ("values in a row", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, NULL);
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), None, A, NULL));
        vec![b.build()]
    }),
    ("values in pairs", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, NULL);
        for i in 1..n as u32 {
            b.item(Some((1, i - 1)), None, A, if i % 4 < 2 { X } else { NULL });
        }
        vec![b.build()]
    }),
    ("written backwards", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, X);
        (1..n as u32).for_each(|i| b.item(None, Some((1, i - 1)), A, X));
        vec![b.build()]
    }),
    ("alternating deletes", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, (4, &text(n * 2)));
        b.delete(1, (0..n as u32).map(|i| (i * 2, 1)));
        vec![b.build()]
    }),
    ("alternating deletes of a known text", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, (4, &text(n * 2)));
        let mut c = Builder::default();
        c.delete(1, (0..n as u32).map(|i| (i * 2, 1)));
        vec![b.build(), c.build()]
    }),
    ("a known text cut from its end", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, (4, &text(n * 2)));
        let mut c = Builder::default();
        c.section(2, 0);
        (1..n as u32).rev().for_each(|i| c.item(Some((1, i * 2 - 1)), Some((1, i * 2)), A, X));
        vec![b.build(), c.build()]
    }),
    ("many at the start, right neighbours far", |n| {
        let mut b = Builder::default();
        b.section(2, 0).item(None, None, A, (4, &text(n)));
        b.section(1, 0);
        (1..n as u32).rev().for_each(|i| b.item(None, Some((2, i)), A, X));
        vec![b.build()]
    }),
    ("behind a long row, again and again", |n| {
        let n = n * 9 / 10;
        let mut b = Builder::default();
        b.section(3, 0).item(None, None, A, (4, &text(2)));
        let [left, right] = [Some((3, 0)), Some((3, 1))];
        b.section(1, 0).item(left, right, A, EMBED);
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), right, A, EMBED));
        let mut c = Builder::default();
        c.section(2, 0);
        (0..n).for_each(|_| c.item(left, right, A, EMBED));
        vec![b.build(), c.build()]
    }),
    ("as often behind a long row as is let in", |n| {
        let n = n * 9 / 10;
        let mut b = Builder::default();
        b.section(3, 0).item(None, None, A, (4, &text(2)));
        let [left, right] = [Some((3, 0)), Some((3, 1))];
        b.section(1, 0).item(left, right, A, EMBED);
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), right, A, EMBED));
        let mut c = Builder::default();
        // As many steps as the bytes allow, which are there for that alone.
        let len = b.build().len();
        let steps = (len * 16).min(Limits::default().steps_max);
        c.section(2, 0).item(None, None, Parent::Root("b"), (4, &text(len - len / 8)));
        (0..steps * 7 / 8 / n).for_each(|_| c.item(left, right, A, EMBED));
        vec![b.build(), c.build()]
    }),
    ("clients at one place", |n| {
        let mut b = Builder::default();
        for client in (1..=n as u64).rev() {
            b.section(client, 0).item(None, None, A, X);
        }
        vec![b.build()]
    }),
    ("clients at one place, each after a lower one", |n| {
        let mut b = Builder::default();
        for client in (1..=(n / 2) as u64).rev() {
            b.section(client, 0);
            if client == 1 {
                b.item(None, None, Parent::Root("b"), X);
            } else {
                b.item(Some((client - 1, 0)), None, A, X);
            }
            b.item(None, None, A, X);
        }
        vec![b.build()]
    }),
    ("clients that wait for each other", |n| {
        let mut b = Builder::default();
        for client in (1..=n as u64).rev() {
            b.section(client, 0).item((client > 1).then(|| (client - 1, 0)), None, A, X);
        }
        vec![b.build()]
    }),
    ("clients with the same low bits", |n| {
        let mut b = Builder::default();
        for client in (1..=n as u64).rev() {
            b.section(client << 32, 0).item(None, None, A, X);
        }
        vec![b.build()]
    }),
    ("values of one key, in a row", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, Parent::RootKey("m", "k"), NULL);
        (1..n as u32).for_each(|i| b.item(Some((1, i - 1)), None, A, NULL));
        vec![b.build()]
    }),
    ("values of one key, beside each other", |n| {
        let mut b = Builder::default();
        b.section(1, 0);
        (0..n).for_each(|_| b.item(None, None, Parent::RootKey("m", "k"), NULL));
        vec![b.build()]
    }),
    ("keys", |n| {
        let mut b = Builder::default();
        b.section(1, 0);
        (0..n).for_each(|i| b.item(None, None, Parent::RootKey("m", &format!("{i:x}")), NULL));
        vec![b.build()]
    }),
    ("root types", |n| {
        let mut b = Builder::default();
        b.section(1, 0);
        (0..n).for_each(|i| b.item(None, None, Parent::Root(&format!("{i:x}")), NULL));
        vec![b.build()]
    }),
    ("types, then all deleted", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(None, None, A, MAP);
        (1..n as u32).for_each(|i| b.item(None, None, Parent::Type(1, (i - 1) / 100), MAP));
        let mut c = Builder::default();
        c.delete(1, [(0, 1)]);
        vec![b.build(), c.build()]
    }),
    ("known structs", |n| {
        let (mut b, mut c) = (Builder::default(), Builder::default());
        let mut len = vec![0];
        number(&mut len, n as u64);
        b.section(1, 0).raw(&len);
        c.section(1, 0);
        (0..n).for_each(|_| c.raw(&[0, 1]));
        vec![b.build(), c.build()]
    }),
    ("known deletes", |n| {
        let mut b = Builder::default();
        b.section(1, 0).item(
            None,
            None,
            A,
            (1, &{
                let mut len = Vec::new();
                number(&mut len, 2 * n as u64);
                len
            }),
        );
        let mut c = Builder::default();
        c.delete(1, (0..n as u32).rev().map(|i| (i * 2, 1)));
        vec![b.build(), c.build()]
    }),
];

fn main() {
    let only = std::env::args().nth(1);
    // For looking at how it grows: as many things as one likes.
    let n: Option<usize> = std::env::args().nth(2).map(|n| n.parse().expect("a number of things"));
    println!("{:<48}{:>9}{:>9} {:>8}{:>8}{:>8}", "", "things", "bytes", "judge", "merge", "encode");
    for (name, make) in CASES {
        if only.as_ref().is_some_and(|only| !name.contains(&**only)) {
            continue;
        }
        if let Some(n) = n {
            measure(name, n, &make(n));
            continue;
        }
        for bytes_max in [64 << 10, 16 << 20] {
            // The most things that fit, both into the bytes and into what may be new.
            let new_items_max =
                if name.starts_with("known") { usize::MAX } else { Limits::default().new_items_max };
            let mut n = (bytes_max / 2).min(new_items_max);
            while make(n).iter().any(|update| update.len() > bytes_max) {
                n = n * 9 / 10;
            }
            measure(name, n, &make(n));
        }
    }
}

fn measure(name: &str, n: usize, updates: &[Vec<u8>]) {
    let doc = editing::doc(1000);
    let mut known = Known::default();
    for update in updates {
        let before = thread_cpu();
        let verdict = judge(update, &mut known, &Author::Anyone, &Limits::default());
        let judged = thread_cpu();
        let mut outcome = match verdict {
            Verdict::Admitted(slices) => {
                for slice in &slices {
                    let mut txn = doc.transact_mut();
                    txn.apply_update(Update::decode_v1(&slice.update).expect("decodes")).expect("is applied");
                    txn.commit();
                }
                format!("{} slices", slices.len())
            }
            other => format!("{other:?}"),
        };
        let merged = thread_cpu();
        doc.transact().encode_state_as_update_v1(&StateVector::default());
        let encoded = thread_cpu();
        outcome.truncate(60);
        let ms = |from: Duration, to: Duration| (to - from).as_secs_f64() * 1e3;
        println!(
            "{name:<48}{n:>9}{:>9} {:>8.1}{:>8.1}{:>8.1}  {outcome}",
            update.len(),
            ms(before, judged),
            ms(judged, merged),
            ms(merged, encoded)
        );
    }
}

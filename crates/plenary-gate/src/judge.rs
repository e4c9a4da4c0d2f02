//! Judging updates: telling what is new from what is known, and admitting it.

use std::{fmt, mem};

use crate::Verdict;
use crate::known::Known;
use crate::order::Order;
use crate::update::{Id, Section, Stop, read};

/// Whose update it is, as far as client ids are concerned.
#[derive(Clone, Copy, Default)]
pub enum Author<'a> {
    /// May write with every client id: what we wrote ourselves, or what is only looked at.
    #[default]
    Anyone,
    /// May write with the client ids for which this says so. It is asked once for each client of whom the update
    /// brings a struct that is new, at least in part, be it collected, deleted or in the future; the answer for
    /// one client must not change meanwhile.
    Owner(&'a dyn Fn(u64) -> bool),
}

impl Author<'_> {
    pub(crate) fn may_use(&self, client: u64) -> bool {
        match self {
            Author::Anyone => true,
            Author::Owner(owns) => owns(client),
        }
    }
}

impl fmt::Debug for Author<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Author::Anyone => "Anyone",
            Author::Owner(_) => "Owner",
        })
    }
}

/// How much one update may bring. `Default` is for what peers send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes an update may have: 16 MiB, because a step 2 repeats the whole delete set.
    pub update_bytes_max: usize,
    /// The most new structs and delete ranges in an update. With 300,000 of the costliest kind, judging,
    /// merging and encoding take 1.4 s of CPU (`examples/worst.rs`); a paper that took 260,000 keystrokes
    /// has some 10,000 structs.
    pub new_items_max: usize,
    /// The most new structs that are put into the middle of what was one piece. Each time yrs copies the piece,
    /// so their cost is that of all of them times its length. People cut a text once for each place where they
    /// put the cursor.
    pub cuts_max: usize,
    /// The most new structs without neighbours in one sequence or under one key. Each is compared with all
    /// others; honest clients write one each, before they have seen any other.
    pub rivals_max: usize,
    /// The most structs that may be passed on the way from one neighbour to the other, for all structs of an update
    /// together; not more than 16 for each byte of it, but always 100,000. yrs passes as many. People's structs
    /// stand right where their neighbours are, but for what others wrote there meanwhile.
    pub steps_max: usize,
    /// The most new structs and delete ranges in one [`Admitted`](crate::Admitted), that is in one merge.
    pub slice_items_max: usize,
    /// How many values a map entry may have that is not deleted. Editors write one; with more, a document would
    /// not be quite the same after it is loaded again.
    pub entry_values_max: u32,
    /// How many client ids of a document may have the same low 16 bits, once it has a thousand clients.
    pub clients_alike_max: usize,
    /// How deep arrays and objects may be in each other. yrs recurses once per level.
    pub value_depth_max: usize,
    /// How deep shared types may be in each other; 1 is a type in a root type. yrs and yjs recurse once per
    /// level when one is deleted.
    pub type_depth_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            update_bytes_max: 16 << 20,
            new_items_max: 300_000,
            cuts_max: 20_000,
            rivals_max: 8_000,
            steps_max: 8_000_000,
            entry_values_max: 1,
            clients_alike_max: 64,
            slice_items_max: 50_000,
            value_depth_max: 32,
            type_depth_max: 128,
        }
    }
}

impl Limits {
    /// For what we wrote ourselves, snapshots and records: everything in one slice. Nothing that was admitted
    /// once may be refused here, whatever it has been cut into or joined with since; else it would never load
    /// again. Values may be as deep as yrs can read JSON.
    pub fn stored() -> Limits {
        Limits {
            update_bytes_max: usize::MAX,
            new_items_max: usize::MAX,
            cuts_max: usize::MAX,
            rivals_max: usize::MAX,
            steps_max: usize::MAX,
            entry_values_max: u32::MAX,
            clients_alike_max: usize::MAX,
            slice_items_max: usize::MAX,
            value_depth_max: 100,
            type_depth_max: usize::MAX,
        }
    }
}

/// Says whether a Yjs v1 update may be merged into a document that has `known`, and what of it is new.
///
/// What is admitted counts as known from here on: it has been merged, or is about to be, slice by slice, in the order
/// of the verdict. Any other verdict leaves `known` as it was.
///
/// Known clocks and deletions are skipped, never compared: garbage collection changes bytes, and they cannot
/// change anything. So clients of whom nothing is new may be anybody's: stock clients repeat what they heard.
/// Time and memory are linear in the update, but for sorting what is new and for `Limits::steps_max`.
pub fn judge(update: &[u8], known: &mut Known, author: &Author<'_>, limits: &Limits) -> Verdict {
    let mut sequences = mem::take(&mut known.sequences);
    let outcome =
        read(update, known, author, limits).and_then(|news| Order::new(news, &mut sequences).slices());
    match outcome {
        Ok(_) => sequences.keep(),
        Err(_) => sequences.undo(),
    }
    known.sequences = sequences;
    match outcome {
        Ok(slices) if slices.is_empty() => Verdict::NothingNew,
        Ok(slices) => {
            slices.iter().for_each(|slice| known.admit(slice));
            Verdict::Admitted(slices)
        }
        Err(Stop::Gap(Id { client, clock })) => Verdict::Gap { client, clock: u64::from(clock) },
        Err(Stop::Refused(refusal)) => Verdict::Refused(refusal),
    }
}

impl Known {
    /// Whether an update is well formed and the document has all of it: merging it would change nothing, whoever
    /// wrote it.
    pub fn has_all_of(&self, update: &[u8], limits: &Limits) -> bool {
        read(update, self, &Author::Anyone, limits)
            .is_ok_and(|news| news.structs.is_empty() && news.deletes.is_empty())
    }

    /// How many bytes of an update are structs that are new, at least in part: 0 if it only deletes, needs clocks that
    /// the document lacks, or is malformed.
    pub fn new_struct_bytes(&self, update: &[u8], limits: &Limits) -> usize {
        let Ok(news) = read(update, self, &Author::Anyone, limits) else { return 0 };
        let first_at = |section: &Section<'_>| news.structs[section.structs.start].at as usize;
        news.sections.iter().map(|section| section.end_at - first_at(section)).sum()
    }
}

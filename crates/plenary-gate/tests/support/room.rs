//! The least a room does: judge, merge, remember, and check that merging left nothing behind.

use std::mem::ManuallyDrop;

use plenary_gate::{Author, Known, Limits, Verdict, judge};
use yrs::updates::decoder::Decode;
use yrs::{Doc, ReadTxn, StateVector, Transact, Update};

pub(crate) struct Room {
    pub(crate) doc: Doc,
    pub(crate) known: Known,
    /// A peer that is sent every merged update and nothing else.
    pub(crate) peer: Doc,
    /// How many updates are merged in one transaction.
    pub(crate) batch_max: usize,
    waiting: Vec<Vec<u8>>,
    /// What a store has: a state, and every slice since.
    stored: (Vec<u8>, Vec<Vec<u8>>),
}

impl Room {
    pub(crate) fn new(doc: Doc) -> Room {
        let peer = crate::editing::doc(9_999_999);
        Room {
            doc,
            known: Known::default(),
            peer,
            batch_max: 1,
            waiting: Vec::new(),
            stored: (vec![0, 0], Vec::new()),
        }
    }

    /// Judges an update and merges what is admitted, at once or with later ones. Panics if yrs does not take
    /// it all.
    pub(crate) fn offer(&mut self, update: &[u8], limits: &Limits) -> Verdict {
        let verdict = judge(update, &mut self.known, &Author::Anyone, limits);
        if let Verdict::Admitted(slices) = &verdict {
            for slice in slices {
                self.waiting.push(slice.update.clone());
                self.stored.1.push(slice.update.clone());
                if slices.len() > 1 || self.waiting.len() >= self.batch_max {
                    self.merge();
                }
            }
        }
        verdict
    }

    /// Merges what waits.
    pub(crate) fn merge(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let updates = std::mem::take(&mut self.waiting);
        // Dropping a transaction commits it. After a panic in yrs a second one would abort, so it is leaked then.
        let mut txn = ManuallyDrop::new(self.doc.transact_mut());
        for update in &updates {
            let update = Update::decode_v1(update).expect("what is admitted decodes");
            txn.apply_update(update).expect("what is admitted is applied");
        }
        txn.commit();
        assert!(!txn.has_missing_updates(), "something was left pending");
        for (client, ranges) in txn.delete_set().iter() {
            for range in ranges.iter() {
                self.known.mark_deleted(client.get(), range.clone());
            }
        }
        let frame = if let [only] = &*updates { only.clone() } else { txn.encode_update_v1() };
        drop(ManuallyDrop::into_inner(txn));
        let mut txn = ManuallyDrop::new(self.peer.transact_mut());
        txn.apply_update(Update::decode_v1(&frame).expect("what is sent decodes"))
            .expect("what is sent is applied");
        txn.commit();
        assert!(!txn.has_missing_updates(), "something was left pending with the peer");
        drop(ManuallyDrop::into_inner(txn));
    }

    pub(crate) fn state(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    /// From now on the store has this state and what comes after it.
    pub(crate) fn snapshot(&mut self) {
        self.merge();
        self.stored = (self.state(), Vec::new());
    }

    /// The same document, loaded from what the store has.
    pub(crate) fn replayed(&self, doc: Doc) -> Room {
        let mut room = Room::new(doc);
        for update in [&self.stored.0].into_iter().chain(&self.stored.1) {
            let verdict = room.offer(update, &Limits::stored());
            assert!(
                matches!(verdict, Verdict::Admitted(_) | Verdict::NothingNew),
                "a record is refused: {verdict:?}"
            );
        }
        room
    }

    /// What we think the document has is what it has.
    pub(crate) fn check_known(&mut self) {
        self.merge();
        let snapshot = self.doc.transact().snapshot();
        let mut clocks: Vec<(u64, u32)> =
            snapshot.state_map.iter().map(|(client, clock)| (client.get(), *clock)).collect();
        clocks.sort_unstable();
        assert_eq!(self.known.state_vector().iter().collect::<Vec<_>>(), clocks);
        let deleted: Vec<_> = snapshot
            .delete_set
            .iter()
            .flat_map(|(client, ranges)| ranges.iter().map(|range| (client.get(), range.clone())))
            .collect();
        assert_eq!(self.known.deleted().iter().collect::<Vec<_>>(), deleted);
    }

    /// The same document, loaded from its state.
    pub(crate) fn reloaded(&self, doc: Doc) -> Room {
        assert!(self.waiting.is_empty());
        let mut room = Room::new(doc);
        match room.offer(&self.state(), &Limits::stored()) {
            Verdict::Admitted(slices) => assert_eq!(slices.len(), 1),
            Verdict::NothingNew => assert!(self.known.state_vector().iter().next().is_none()),
            other => panic!("a state we encoded is refused: {other:?}"),
        }
        room
    }
}

//! Stored bytes told to the gate again: what of them is new, and who brought it.

use plenary_gate::{Admitted, Author, Known, Limits, Verdict, judge};
use tracing::warn;

use crate::{
    attribution::{Attribution, Bringer},
    document::DocumentError,
    effect::NewRecord,
    input::{LoadedDocument, LoadedSnapshot},
};

/// What the gate knows of a document and who wrote it, record by record from the first.
///
/// For documents whose snapshot is older than attributions: their history still has every record.
#[derive(Debug, Default)]
pub struct Replay {
    known: Known,
    attribution: Attribution,
    left_out: u64,
}

impl Replay {
    /// Takes the next record. One that no longer passes the gate is left out, and with it what leans on it.
    pub fn hear(&mut self, record: &NewRecord) {
        match readmit(&mut self.known, &record.update) {
            Ok(slices) => self.attribution.note_all(record, &slices),
            Err(_) => self.left_out += 1,
        }
    }

    /// How many records were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Who wrote what, as far as the records say.
    pub fn into_attribution(self) -> Attribution {
        self.attribution
    }
}

impl Attribution {
    /// Who wrote what of a document as the store has it. Reads it with the gate alone, which takes less than bringing
    /// it to life. Fails with `Stored` or `Attribution`.
    pub fn load(stored: &LoadedDocument) -> Result<Self, DocumentError> {
        let mut known = Known::default();
        let mut attribution = Self::default();
        if let Some(snapshot) = &stored.snapshot {
            readmit(&mut known, &snapshot.state)
                .map_err(|reason| DocumentError::Stored { index: 0, reason })?;
            attribution = Self::beside(snapshot, &known)?;
        }
        for (record, index) in stored.tail.iter().zip(1..) {
            let slices = readmit(&mut known, &record.update)
                .map_err(|reason| DocumentError::Stored { index, reason })?;
            attribution.note_all(record, &slices);
        }
        Ok(attribution)
    }

    /// That of a snapshot, whose state has these clocks.
    pub(crate) fn beside(snapshot: &LoadedSnapshot, known: &Known) -> Result<Self, DocumentError> {
        let mut attribution = Self::decode(&snapshot.attribution)?;
        let clocks = attribution.complete(known)?;
        if clocks > 0 {
            warn!(seq = snapshot.seq, clocks, "nobody is known to have written some of it");
        }
        Ok(attribution)
    }

    pub(crate) fn note_all(&mut self, record: &NewRecord, slices: &[Admitted]) {
        let by = Bringer { user: record.user, at_ms: record.at_ms, relayed: &record.relayed };
        slices.iter().for_each(|slice| self.note(by, slice));
    }
}

/// Stored bytes through the gate: they passed it once. Their slices count as known from here on. Err says why they
/// do not pass; nothing has changed then.
pub(crate) fn readmit(known: &mut Known, update: &[u8]) -> Result<Vec<Admitted>, String> {
    match judge(update, known, &Author::Anyone, &Limits::stored()) {
        Verdict::NothingNew => Ok(Vec::new()),
        Verdict::Admitted(slices) => Ok(slices),
        Verdict::Gap { client, clock } => Err(format!("client {client} is missing from clock {clock}")),
        Verdict::Refused(refusal) => Err(refusal.to_string()),
    }
}

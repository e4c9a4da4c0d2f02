//! Documents as the store has them, in the form that rooms want.

use plenary_ids::DocumentId;
use plenary_room::{Attribution, LoadedDocument, LoadedSnapshot, NewRecord, Replay};
use plenary_storage::{DocumentLog, Record, Seq, Snapshot, StoreError};
use tokio::task::spawn_blocking;

/// Records of a history that are read in one go.
const PIECE: Seq = 10_000;

/// A document, with the attribution of its snapshot: if that was stored before there were attributions, its history
/// says who wrote what. Fails with `NotFound` and whatever else the store says.
pub(crate) async fn load(log: &dyn DocumentLog, document: DocumentId) -> Result<LoadedDocument, StoreError> {
    let loaded = log.load(document).await?;
    let snapshot = match loaded.snapshot {
        Some(Snapshot { seq, state, mut attribution }) => {
            if attribution.is_empty() {
                attribution = retell(log, document, seq).await?.0.encode();
            }
            Some(LoadedSnapshot { seq, state, attribution })
        }
        None => None,
    };
    Ok(LoadedDocument { snapshot, tail: loaded.tail.into_iter().map(from_record).collect() })
}

/// What the history of a document up to `seq` says of who wrote what, and how many of its records no longer pass the
/// gate.
pub(crate) async fn retell(
    log: &dyn DocumentLog,
    document: DocumentId,
    seq: Seq,
) -> Result<(Attribution, u64), StoreError> {
    let mut replay = Replay::default();
    for from in (1..=seq).step_by(PIECE as usize) {
        let records = log.history(document, from, seq.min(from + PIECE - 1)).await?;
        let told = spawn_blocking(move || {
            records.into_iter().for_each(|record| replay.hear(&from_record(record)));
            replay
        });
        let broken_off = |_| StoreError::Corrupt {
            place: format!("history of {document}"),
            reason: "telling it again broke off".into(),
        };
        replay = told.await.map_err(broken_off)?;
    }
    let left_out = replay.left_out();
    if left_out > 0 {
        tracing::warn!(%document, left_out, "records of the history do not pass the gate any more");
    }
    Ok((replay.into_attribution(), left_out))
}

fn from_record(record: Record) -> NewRecord {
    let Record { seq: _, user, at_ms, update, relayed } = record;
    NewRecord { user, at_ms, update, relayed }
}

/// A record for the store.
pub(super) fn record(record: NewRecord) -> plenary_storage::NewRecord {
    let NewRecord { user, at_ms, update, relayed } = record;
    plenary_storage::NewRecord { user, at_ms, update, relayed }
}

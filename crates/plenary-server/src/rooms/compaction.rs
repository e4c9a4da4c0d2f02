//! Snapshots for documents that nobody has open, so that a tail nobody touches neither slows the next opening nor
//! keeps old pieces of the store's log from being freed.

use std::time::Duration;

use plenary_room::LiveDocument;
use plenary_storage::{DocumentSummary, Snapshot, StoreError};
use tokio::time::MissedTickBehavior;

use super::{Inner, RoomsSettings, stored};

/// Looks around this often at least, and at most.
const PACE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// Looks around for ever, often enough for no tail to be much older than the settings want.
pub(super) async fn run(rooms: &Inner) {
    let mut pace = tokio::time::interval((rooms.settings.snapshot_age_max / 4).clamp(PACE.0, PACE.1));
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        if let Err(error) = look_around(rooms).await {
            tracing::warn!(%error, "documents not looked after");
        }
    }
}

async fn look_around(rooms: &Inner) -> Result<(), StoreError> {
    let now_ms = rooms.clock.now_ms();
    for summary in rooms.log.documents().await? {
        let document = summary.document;
        // A room writes its own snapshots. One that opens from here on does no harm: a snapshot of a durable head
        // stays true whatever is appended after it.
        if is_due(&summary, now_ms, &rooms.settings)
            && rooms.registry.find(document).is_none()
            && let Err(error) = compact(rooms, &summary).await
        {
            if matches!(error, StoreError::Failed { .. } | StoreError::Full { .. }) {
                return Err(error);
            }
            tracing::error!(%document, %error, "snapshot not stored");
        }
    }
    Ok(())
}

fn is_due(summary: &DocumentSummary, now_ms: u64, settings: &RoomsSettings) -> bool {
    let enough = settings.snapshot_tail_bytes_min.max(summary.snapshot_bytes / 2);
    let age_max_ms = u64::try_from(settings.snapshot_age_max.as_millis()).unwrap_or(u64::MAX);
    let is_old = summary.tail_since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= age_max_ms);
    summary.tail_bytes > enough || is_old
}

async fn compact(rooms: &Inner, summary: &DocumentSummary) -> Result<(), StoreError> {
    let document = summary.document;
    let loaded = stored::load(&*rooms.log, document).await?;
    let built = tokio::task::spawn_blocking(move || {
        let live = LiveDocument::load(&loaded)?;
        let (seq, attribution) = (loaded.head(), live.attribution().encode());
        live.state().map(|state| Snapshot { seq, state, attribution })
    });
    let corrupt = |reason: String| StoreError::Corrupt { place: document.to_string(), reason };
    let snapshot = built
        .await
        .map_err(|error| corrupt(error.to_string()))?
        .map_err(|error| corrupt(error.to_string()))?;
    let (seq, size_bytes) = (snapshot.seq, snapshot.state.len());
    tracing::debug!(%document, seq, size_bytes, "snapshot of an idle document");
    rooms.log.compact(document, snapshot).await
}

//! Drives one room: brings it what happens, carries out what it wants done.
//!
//! The loop waits for the store as for everything else, never instead of it: while a batch is being flushed the
//! room goes on merging the next. It never waits for a connection.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::FutureExt;
use plenary_ids::{DocumentId, ParticipantId};
use plenary_permissions::Access;
use plenary_protocol::{CloseReason, Message, SyncMessage};
use plenary_room::{AppendFailure, Effect, Input, LoadedDocument, NewRecord, RefusedFrames, Room};
use plenary_storage::{BoxFuture, Seq, Snapshot, StoreError};
use rustix::time::{ClockId, clock_gettime};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    sync::{OwnedSemaphorePermit, mpsc, oneshot},
    time::MissedTickBehavior,
};
use tracing::Instrument;

use super::{
    Inner,
    growth::Growth,
    mailbox::Mail,
    registry::{Control, Inlets},
    seat::Seat,
    stored,
};
use crate::limits::Limit;

/// Messages taken in one turn; their bytes are bounded by the mailbox.
const TURN_COUNT_MAX: usize = 1024;

/// A turn ends in a write to every participant's socket, which takes some 10 us of a processor each. So the next turn
/// begins at the earliest this much after the last for each participant: one busy room then writes for at most half
/// of a processor's time, and what comes in meanwhile leaves as one merged update. An update that comes after a quiet
/// moment does not wait.
const TURN_APART_EACH: Duration = Duration::from_micros(20);

/// Below it no pause is worth a timer: a room of fewer than fifty takes a turn whenever there is something.
const TURN_APART_MIN: Duration = Duration::from_millis(1);

/// However many participants there are, people should not notice.
const TURN_APART_MAX: Duration = Duration::from_millis(20);

/// Inputs over this many bytes may take the room a while, so the other tasks of the thread are moved away first: yrs
/// searches for the place of concurrent structs in quadratic time, which 64 KiB built for it turn into seconds.
const HEAVY_BYTES: usize = 16 * 1024;

/// Processor time below this is gathered before anybody is charged for it.
const SPEND_FROM: Duration = Duration::from_millis(1);

/// Awareness that falls silent, idling and snapshots by age are noticed at this pace.
const TICK: Duration = Duration::from_secs(1);

/// Opens the room of a document: the task runs until the room stops.
pub(super) fn start(rooms: Arc<Inner>, document: DocumentId, inlets: Inlets) {
    // Not below the connection that happened to open it.
    let span = tracing::info_span!(parent: None, "room", %document);
    tokio::spawn(run(rooms, document, inlets).instrument(span));
}

async fn run(rooms: Arc<Inner>, document: DocumentId, inlets: Inlets) {
    tracing::info!("room opened");
    let (room, effects) = Room::new(document, rooms.settings.room());
    let mut task = Task {
        rooms,
        document,
        room,
        inlets,
        seats: HashMap::new(),
        loading: None,
        appending: None,
        compacting: None,
        append_began: Instant::now(),
        states: HashMap::new(),
        states_asked: 0,
        unspent: Duration::ZERO,
        refused: RefusedFrames::default(),
        growth: Growth::default(),
        is_ending: false,
    };
    let end = AssertUnwindSafe(task.live(effects)).catch_unwind().await;
    let reason = match end {
        Ok(End::Quiet) => {
            tracing::info!("room closed");
            return;
        }
        Ok(End::Restart) => CloseReason::Restart,
        Ok(End::Unreadable) => CloseReason::StoreDown,
        Err(panic) => {
            let reason = panic.downcast_ref::<String>().map(String::as_str);
            let reason =
                reason.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without text");
            tracing::error!(reason, "room failed; the document is loaded afresh for whoever returns");
            CloseReason::Internal
        }
    };
    task.close(reason).await;
    tracing::info!(%reason, "room closed");
}

/// How a room ended.
enum End {
    /// Nobody was there and nothing was under way; it is no longer in the registry.
    Quiet,
    /// The server ends.
    Restart,
    /// The document cannot be read.
    Unreadable,
}

struct Task {
    rooms: Arc<Inner>,
    document: DocumentId,
    room: Room,
    inlets: Inlets,
    seats: HashMap<ParticipantId, Arc<Seat>>,
    loading: Option<BoxFuture<'static, Result<LoadedDocument, StoreError>>>,
    appending: Option<BoxFuture<'static, Result<Seq, StoreError>>>,
    compacting: Option<BoxFuture<'static, Result<(), StoreError>>>,
    append_began: Instant,
    /// Who waits for which answer to `Input::State`.
    states: HashMap<u64, oneshot::Sender<Result<Bytes, ()>>>,
    states_asked: u64,
    /// Processor time of turns that nobody was charged for yet.
    unspent: Duration,
    /// What the metrics were last told of.
    refused: RefusedFrames,
    growth: Growth,
    /// The server ends: what was received is finished, nothing more is.
    is_ending: bool,
}

impl Task {
    async fn live(&mut self, effects: Vec<Effect>) -> End {
        if let Some(end) = self.carry_out(effects) {
            return end;
        }
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut mail = Vec::new();
        let mut next_turn = Instant::now();
        loop {
            // Until the document is there nobody's words can be merged; past the bound for what is not yet durable
            // they stay where they are, so that in the end the writers' sockets are not read.
            let is_reading = self.loading.is_none() && self.room.is_reading();
            if self.is_ending && self.is_finished() {
                return End::Restart;
            }
            let has_mail = !(self.is_ending && self.inlets.mail.is_empty());
            let end = tokio::select! {
                biased;
                Some(control) = self.inlets.control.recv() => self.control(control),
                _ = ticks.tick() => self.give(Input::Tick, Weight::Light),
                appended = settled(&mut self.appending) => self.appended(appended),
                loaded = settled(&mut self.loading) => self.loaded(loaded),
                compacted = settled(&mut self.compacting) => {
                    if let Err(error) = compacted {
                        tracing::warn!(%error, "snapshot not stored");
                    }
                    None
                }
                () = receive(&mut self.inlets.mail, &mut mail, next_turn), if is_reading && has_mail => {
                    next_turn = Instant::now() + turn_apart(self.seats.len());
                    // Whoever wrote came in before; but both may have happened since the control lane was looked at.
                    self.catch_up_with_control().or_else(|| self.turn(&mut mail))
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// When the server ends: whether everything that was received has been answered.
    fn is_finished(&self) -> bool {
        let is_answered = self.loading.is_none() && self.appending.is_none() && self.compacting.is_none();
        // Without space the room would go on trying for as long as there is none.
        is_answered && (self.inlets.mail.is_empty() || !self.room.is_reading())
    }

    /// Reads all that the control lane holds. What was sent there before a piece of mail that has been received is
    /// among it.
    fn catch_up_with_control(&mut self) -> Option<End> {
        while let Ok(control) = self.inlets.control.try_recv() {
            let end = self.control(control);
            if end.is_some() {
                return end;
            }
        }
        None
    }

    fn control(&mut self, control: Control) -> Option<End> {
        match control {
            Control::Join(join, seat) => {
                self.seats.insert(seat.participant, seat);
                self.give(Input::Join(join), Weight::Light)
            }
            Control::SetAccess(participant, access, done) => {
                let end = self.set_access(participant, access);
                let _ = done.send(());
                end
            }
            Control::Remove(participant, done) => {
                let end = self.leave(participant);
                let _ = done.send(());
                end
            }
            Control::Drained(participant) => self.give(Input::Drained(participant), Weight::Light),
            Control::Shutdown => {
                self.is_ending = true;
                self.inlets.mail.close();
                None
            }
        }
    }

    fn set_access(&mut self, participant: ParticipantId, access: Access) -> Option<End> {
        self.give(Input::SetAccess { participant, access }, Weight::Light)
    }

    fn leave(&mut self, participant: ParticipantId) -> Option<End> {
        self.seats.remove(&participant)?;
        self.rooms.registry.forget(self.document, participant);
        self.give(Input::Leave(participant), Weight::Light)
    }

    /// Gives the room everything that waited: one batch, unless somebody left or asked in between.
    fn turn(&mut self, mail: &mut Vec<Mail>) -> Option<End> {
        let mut batch = Batch::default();
        let mut end = None;
        for mail in mail.drain(..) {
            match mail {
                Mail::Message(participant, message, permit) => {
                    batch.size_bytes += permit.num_permits();
                    batch.messages.push((participant, message));
                    batch.permits.push((participant, permit));
                }
                Mail::Leave(participant) => {
                    end = end.or(self.merge(&mut batch));
                    end = end.or(self.leave(participant));
                }
                Mail::State(state_vector, answer) => {
                    end = end.or(self.merge(&mut batch));
                    self.states_asked += 1;
                    let request = self.states_asked;
                    self.states.insert(request, answer);
                    let input = Input::State { request, state_vector };
                    end = end.or(self.give(input, Weight::Heavy));
                }
            }
        }
        end.or(self.merge(&mut batch))
    }

    fn merge(&mut self, batch: &mut Batch) -> Option<End> {
        let batch = std::mem::take(batch);
        if batch.messages.is_empty() {
            return None;
        }
        metrics::counter!("plenary_messages_received_total").increment(batch.messages.len() as u64);
        // The answer to a step 1 may be the whole document.
        let asks = |message: &Message| matches!(message, Message::Sync(SyncMessage::Step1(_)));
        let is_heavy =
            batch.size_bytes > HEAVY_BYTES || batch.messages.iter().any(|(_, message)| asks(message));
        let weight = if is_heavy { Weight::Heavy } else { Weight::Light };
        let before = cpu_time();
        let end = self.give(Input::Messages(batch.messages), weight);
        self.spend(cpu_time().saturating_sub(before), batch.size_bytes, &batch.permits);
        end
    }

    /// Charges a turn's processor time to those whose messages it took, by their bytes. Short turns add up until it is
    /// worth the count; who is there then pays for all of them, which evens out.
    fn spend(&mut self, cpu: Duration, size_bytes: usize, taken: &[(ParticipantId, OwnedSemaphorePermit)]) {
        self.unspent += cpu;
        if self.unspent < SPEND_FROM {
            return;
        }
        let unspent = std::mem::take(&mut self.unspent);
        for (participant, permit) in taken {
            if let Some(seat) = self.seats.get(participant) {
                // Bytes are far below 2^52.
                #[allow(clippy::cast_precision_loss)]
                let part = permit.num_permits() as f64 / size_bytes.max(1) as f64;
                seat.account.spend(unspent.mul_f64(part.min(1.0)));
            }
        }
    }

    fn note_refused(&mut self) {
        let (before, now) = (self.refused, self.room.refused());
        if before == now {
            return;
        }
        self.refused = now;
        for (why, count) in [
            ("access", now.for_access - before.for_access),
            ("size", now.for_size - before.for_size),
            ("structure", now.for_good - before.for_good),
        ] {
            metrics::counter!("plenary_updates_refused_total", "why" => why).increment(count);
        }
        (before.for_size..now.for_size).for_each(|_| Limit::DocumentBytes.refuses());
    }

    fn note_growth(&mut self, records: &[NewRecord]) {
        let bytes_max = self.rooms.settings.document_bytes_max;
        for NewRecord { user, at_ms, update, .. } in records {
            if let Some(bytes) = self.growth.add(*at_ms, *user, update.len(), bytes_max) {
                Limit::DocumentBytes.warns();
                tracing::warn!(%user, bytes, bytes_max, "one user filled a tenth of a document within an hour");
            }
        }
    }

    fn appended(&mut self, appended: Result<Seq, StoreError>) -> Option<End> {
        let elapsed = self.append_began.elapsed();
        let input = match appended {
            Ok(seq) => {
                metrics::histogram!("plenary_durable_seconds").record(elapsed);
                Input::Appended { seq }
            }
            Err(error @ StoreError::Full { .. }) => {
                tracing::warn!(%error, "records not stored; tried again later");
                Input::AppendFailed(AppendFailure::Full)
            }
            Err(error) => {
                tracing::error!(%error, "records not stored");
                Input::AppendFailed(AppendFailure::Failed)
            }
        };
        self.give(input, Weight::Light)
    }

    fn loaded(&mut self, loaded: Result<LoadedDocument, StoreError>) -> Option<End> {
        let document = match loaded {
            Ok(loaded) => loaded,
            // A document begins to exist with its first record.
            Err(StoreError::NotFound) => LoadedDocument::default(),
            Err(error) => {
                tracing::error!(%error, "document not read");
                return self.give(Input::LoadFailed, Weight::Light).or(Some(End::Unreadable));
            }
        };
        self.give(Input::Loaded(document), Weight::Heavy)
    }

    fn give(&mut self, input: Input, weight: Weight) -> Option<End> {
        let now_ms = self.rooms.clock.now_ms();
        let effects = match weight {
            Weight::Heavy => making_way(|| self.room.handle(now_ms, input)),
            Weight::Light => self.room.handle(now_ms, input),
        };
        // Whoever is told that they were refused finds it counted.
        self.note_refused();
        self.carry_out(effects)
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Option<End> {
        let mut wants_to_stop = false;
        for effect in effects {
            match effect {
                Effect::Load => {
                    let (log, document) = (Arc::clone(&self.rooms.log), self.document);
                    self.loading = Some(Box::pin(async move { stored::load(&*log, document).await }));
                }
                Effect::Append(records) => {
                    metrics::counter!("plenary_updates_accepted_total").increment(records.len() as u64);
                    self.note_growth(&records);
                    let (log, document) = (Arc::clone(&self.rooms.log), self.document);
                    let records = records.into_iter().map(stored::record).collect();
                    self.append_began = Instant::now();
                    self.appending = Some(Box::pin(async move { log.append(document, records).await }));
                }
                Effect::Snapshot { seq, state, attribution } => {
                    // One at a time; the background job makes up for one that is left out.
                    if self.compacting.is_none() {
                        tracing::debug!(seq, size_bytes = state.len(), "snapshot");
                        let (log, document) = (Arc::clone(&self.rooms.log), self.document);
                        let snapshot = Snapshot { seq, state, attribution };
                        self.compacting =
                            Some(Box::pin(async move { log.compact(document, snapshot).await }));
                    }
                }
                Effect::Send { participant, frame } => {
                    if let Some(seat) = self.seats.get(&participant) {
                        seat.send(frame);
                    }
                }
                Effect::Close { participant, reason } => {
                    if let Some(seat) = self.seats.remove(&participant) {
                        self.rooms.registry.forget(self.document, participant);
                        seat.end(reason);
                    }
                }
                Effect::State { request, update } => {
                    if let Some(answer) = self.states.remove(&request) {
                        // Who asked may have gone.
                        let _ = answer.send(update);
                    }
                }
                Effect::Stop => wants_to_stop = true,
            }
        }
        let is_quiet = self.loading.is_none() && self.appending.is_none() && self.compacting.is_none();
        (wants_to_stop && is_quiet && self.rooms.registry.remove_if_quiet(self.document, &self.inlets))
            .then_some(End::Quiet)
    }

    /// After a failure or for the server's end: lets everybody go, and the room only once nothing is in flight.
    async fn close(&mut self, reason: CloseReason) {
        // Whoever is let go and comes back at once waits for the next room, instead of being let go by this one again.
        self.rooms.registry.end(self.document);
        for (participant, seat) in self.seats.drain() {
            self.rooms.registry.forget(self.document, participant);
            seat.end(reason);
        }
        // The future that panicked, if it was one of these, panics again.
        if let Some(appending) = self.appending.take() {
            let _ = AssertUnwindSafe(appending).catch_unwind().await;
        }
        if let Some(compacting) = self.compacting.take() {
            let _ = AssertUnwindSafe(compacting).catch_unwind().await;
        }
        self.rooms.registry.remove(self.document);
        // Nobody reaches the room any more; those who came in meanwhile are sent away, too. Removals and states
        // are answered by being dropped.
        while let Ok(control) = self.inlets.control.try_recv() {
            if let Control::Join(_, seat) = control {
                seat.end(reason);
            }
        }
    }
}

/// Whether an input may take long.
#[derive(Clone, Copy)]
enum Weight {
    Light,
    Heavy,
}

/// What one turn has gathered so far.
#[derive(Default)]
struct Batch {
    messages: Vec<(ParticipantId, Message)>,
    size_bytes: usize,
    /// Given back once the room has taken the messages.
    permits: Vec<(ParticipantId, OwnedSemaphorePermit)>,
}

/// What this thread has used of a processor. Not the time that passed: on a busy machine that says nothing of who did it.
fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// How long after a turn the next may begin.
fn turn_apart(participants: usize) -> Duration {
    let apart = TURN_APART_EACH * u32::try_from(participants).unwrap_or(u32::MAX);
    if apart < TURN_APART_MIN { Duration::ZERO } else { apart.min(TURN_APART_MAX) }
}

/// Takes all mail there is once there is some, not before `earliest`. Dropped while it waits, it took nothing.
async fn receive(inlet: &mut mpsc::Receiver<Mail>, mail: &mut Vec<Mail>, earliest: Instant) {
    if earliest > Instant::now() {
        tokio::time::sleep_until(earliest.into()).await;
    }
    inlet.recv_many(mail, TURN_COUNT_MAX).await;
}

/// Waits for a store's answer, if one is due. Dropped while it waits, the answer is still due.
async fn settled<T>(slot: &mut Option<BoxFuture<'static, T>>) -> T {
    let Some(future) = slot else {
        return std::future::pending().await;
    };
    let answer = future.await;
    *slot = None;
    answer
}

/// Runs something long; where there are several threads the tasks behind it go on meanwhile.
pub(super) fn making_way<T>(long: impl FnOnce() -> T) -> T {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::MultiThread => tokio::task::block_in_place(long),
        _ => long(),
    }
}

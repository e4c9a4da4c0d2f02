//! Which rooms are open. A document has one room at most, and the next one opens only when nothing of the last
//! one is under way any more: an append that is still in flight would be missing from what the next one loads.

use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, MutexGuard},
};

use plenary_ids::{DocumentId, ParticipantId};
use plenary_permissions::Access;
use plenary_room::Join;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{
    mailbox::{Mail, Mailbox},
    seat::Seat,
};

/// What a room reads before its mailbox. The lane is bounded by who is in the room: each participant joins once,
/// owes one `Drained` at most, and changes of access wait for their answer.
#[derive(Debug)]
pub(super) enum Control {
    /// Somebody comes in.
    Join(Join, Arc<Seat>),
    /// A participant may do something else from here on; answered once that holds.
    SetAccess(ParticipantId, Access, oneshot::Sender<()>),
    /// A participant's seat was taken; answered once the room has forgotten it.
    Remove(ParticipantId, oneshot::Sender<()>),
    /// A slow reader's socket has drained.
    Drained(ParticipantId),
    /// Finish what was received, then end.
    Shutdown,
}

/// How to reach an open room. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct RoomHandle {
    pub(super) control: mpsc::UnboundedSender<Control>,
    pub(crate) mailbox: Mailbox,
}

impl RoomHandle {
    /// Tells the room that a participant's socket has drained.
    pub(crate) fn drained(&self, participant: ParticipantId) {
        // A room that has ended sends nothing more.
        let _ = self.control.send(Control::Drained(participant));
    }
}

/// The two ends that a new room reads.
pub(super) struct Inlets {
    pub(super) control: mpsc::UnboundedReceiver<Control>,
    pub(super) mail: mpsc::Receiver<Mail>,
}

/// Which rooms are open and who is in them.
#[derive(Debug, Default)]
pub(super) struct Registry {
    open: Mutex<Open>,
    /// Each time a room has ended.
    pub(super) room_ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    rooms: HashMap<DocumentId, OpenRoom>,
    is_shut: bool,
}

#[derive(Debug)]
struct OpenRoom {
    handle: RoomHandle,
    seats: HashMap<ParticipantId, Arc<Seat>>,
    /// It has failed, and something of it is still under way.
    is_ending: bool,
}

/// Why somebody has not got a seat. Nothing has happened then.
#[derive(Debug)]
pub(crate) enum NoSeat {
    /// No room opens any more: the server is ending.
    Shut,
    /// As many are there as may be.
    Full,
    /// The room is ending; another one opens once it has (`room_ended`).
    Ending,
    /// What they may do has to be asked for again.
    Outdated,
}

impl Registry {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().expect("nothing panics while the registry is held")
    }

    /// Takes a seat in the document's room. If none is open one is opened: `start` is given its inlets.
    ///
    /// At most `seats_max` have one. `is_current` is asked where nobody can look for seats meanwhile.
    pub(super) fn join(
        &self,
        document: DocumentId,
        seats_max: usize,
        is_current: impl FnOnce() -> bool,
        seat: impl FnOnce(RoomHandle) -> (Join, Arc<Seat>),
        start: impl FnOnce(Inlets),
    ) -> Result<Arc<Seat>, NoSeat> {
        let mut open = self.open();
        if open.is_shut {
            return Err(NoSeat::Shut);
        }
        if !is_current() {
            return Err(NoSeat::Outdated);
        }
        match open.rooms.get(&document) {
            Some(room) if room.is_ending => return Err(NoSeat::Ending),
            Some(room) if room.seats.len() >= seats_max => return Err(NoSeat::Full),
            _ => {}
        }
        let room = match open.rooms.entry(document) {
            hash_map::Entry::Occupied(entry) => entry.into_mut(),
            hash_map::Entry::Vacant(entry) => {
                let (control, control_read) = mpsc::unbounded_channel();
                let (mailbox, mail) = Mailbox::new();
                start(Inlets { control: control_read, mail });
                let handle = RoomHandle { control, mailbox };
                entry.insert(OpenRoom { handle, seats: HashMap::new(), is_ending: false })
            }
        };
        let (join, seat) = seat(room.handle.clone());
        room.seats.insert(seat.participant, Arc::clone(&seat));
        // Sent under the lock, so that a room that looks whether it may end sees every join.
        let _ = room.handle.control.send(Control::Join(join, Arc::clone(&seat)));
        Ok(seat)
    }

    /// The room of a document, if it is open.
    pub(super) fn find(&self, document: DocumentId) -> Option<RoomHandle> {
        self.open().rooms.get(&document).map(|room| room.handle.clone())
    }

    /// The seats that `is_meant`.
    pub(super) fn seats(&self, is_meant: impl Fn(&Seat) -> bool) -> Vec<Arc<Seat>> {
        let open = self.open();
        let seats = open.rooms.values().flat_map(|room| room.seats.values());
        seats.filter(|seat| is_meant(seat)).cloned().collect()
    }

    /// A seat is empty.
    pub(super) fn forget(&self, document: DocumentId, participant: ParticipantId) {
        if let Some(room) = self.open().rooms.get_mut(&document) {
            room.seats.remove(&participant);
        }
    }

    /// Takes a room out, unless somebody has sent it something that it has not read. True when it is out.
    pub(super) fn remove_if_quiet(&self, document: DocumentId, inlets: &Inlets) -> bool {
        let mut open = self.open();
        let is_quiet = inlets.control.is_empty() && inlets.mail.is_empty();
        if is_quiet {
            open.rooms.remove(&document);
        }
        drop(open);
        if is_quiet {
            self.room_ended.notify_waiters();
        }
        is_quiet
    }

    /// Lets nobody into a room any more, who may try again once it has been taken out.
    pub(super) fn end(&self, document: DocumentId) {
        if let Some(room) = self.open().rooms.get_mut(&document) {
            room.is_ending = true;
        }
    }

    /// Takes a room out. What waits in its inlets from here on is the last that came.
    pub(super) fn remove(&self, document: DocumentId) {
        self.open().rooms.remove(&document);
        self.room_ended.notify_waiters();
    }

    /// Lets no room open any more and tells those there are to end.
    pub(super) fn shut(&self) {
        let mut open = self.open();
        open.is_shut = true;
        for room in open.rooms.values() {
            let _ = room.handle.control.send(Control::Shutdown);
        }
    }

    /// Rooms, participants, bytes in mailboxes.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let open = self.open();
        let participants = open.rooms.values().map(|room| room.seats.len()).sum();
        let waiting = open.rooms.values().map(|room| room.handle.mailbox.waiting_bytes()).sum();
        (open.rooms.len(), participants, waiting)
    }
}

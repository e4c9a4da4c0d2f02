//! Role changes, removal, expiry and stages, in every order, with a try to write after each: whoever may not write when
//! the call has returned writes nothing any more, whatever was under way.

use bytes::Bytes;
use plenary_ids::{DocumentId, ParticipantId, UserId};
use plenary_permissions::{Access, Authorship, Channel, Role, Stage, Subject, access_to};
use plenary_protocol::{Message, SyncMessage};
use plenary_room::{
    Backlog, Dialect, Effect, Input, Join, LoadedDocument, NewRecord, PlantedBug, Room, RoomSettings,
};

use crate::building::{Builder, Parent, X};

const ANA: UserId = UserId::from_bytes([1; 16]);
const CLIENT: u64 = 11;

/// What somebody in charge does, or time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Demote,
    Promote,
    Remove,
    BringBack,
    Expire,
    Renew,
    Freeze,
    Thaw,
}

const CALLS: [Call; 8] = [
    Call::Demote,
    Call::Promote,
    Call::Remove,
    Call::BringBack,
    Call::Expire,
    Call::Renew,
    Call::Freeze,
    Call::Thaw,
];

/// One room with Ana in it, or not.
struct Desk {
    room: Room,
    role: Role,
    is_member: bool,
    has_credential: bool,
    stage: Stage,
    /// As whom she is in the room.
    participant: Option<ParticipantId>,
    last: ParticipantId,
    stored: Vec<NewRecord>,
}

impl Desk {
    fn laid(bug: Option<PlantedBug>) -> Self {
        let settings = RoomSettings { bug, ..RoomSettings::default() };
        let (room, effects) = Room::new(DocumentId::from_bytes([9; 16]), settings);
        let mut desk = Self {
            room,
            role: Role::Drafter,
            is_member: true,
            has_credential: true,
            stage: Stage::Draft,
            participant: None,
            last: ParticipantId(0),
            stored: Vec::new(),
        };
        desk.carry_out(effects);
        desk.settle();
        desk
    }

    /// What the table of permissions grants just now; `None`: she has no place in the room.
    fn access(&self) -> Option<Access> {
        let subject = if self.is_member { Subject::member(self.role, false) } else { Subject::Outsider };
        access_to(subject, Channel::Body, self.stage).filter(|_| self.has_credential)
    }

    fn call(&mut self, call: Call) {
        match call {
            Call::Demote => self.role = Role::Observer,
            Call::Promote => self.role = Role::Drafter,
            Call::Remove => self.is_member = false,
            Call::BringBack => self.is_member = true,
            Call::Expire => self.has_credential = false,
            Call::Renew => self.has_credential = true,
            Call::Freeze => self.stage = Stage::Frozen,
            Call::Thaw => self.stage = Stage::Draft,
        }
        self.settle();
    }

    /// As the server does it: everybody concerned is asked about again, and the room is told.
    fn settle(&mut self) {
        match (self.participant, self.access()) {
            (Some(participant), Some(access)) => self.input(Input::SetAccess { participant, access }),
            (Some(participant), None) => {
                self.input(Input::Leave(participant));
                self.participant = None;
            }
            (None, Some(access)) => {
                let participant = ParticipantId(self.last.0 + 1);
                (self.participant, self.last) = (Some(participant), participant);
                self.input(Input::Join(Join {
                    participant,
                    user: ANA,
                    dialect: Dialect::Hocuspocus,
                    prefix: Bytes::new(),
                    access,
                    authorship: Authorship::Strict,
                    backlog: Backlog::default(),
                }));
            }
            (None, None) => {}
        }
    }

    /// One letter more, on the socket she was last on; whether it was taken.
    fn write(&mut self) -> bool {
        let clock = self.stored.len() as u32;
        let mut update = Builder::default();
        let origin = clock.checked_sub(1).map(|before| (CLIENT, before));
        update.section(CLIENT, clock).item(origin, None, Parent::Root("body"), X);
        let message = Message::Sync(SyncMessage::Update(update.build().into()));
        self.input(Input::Messages(vec![(self.last, message)]));
        self.stored.len() as u32 > clock
    }

    fn input(&mut self, input: Input) {
        let effects = self.room.handle(1_000, input);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Load => self.input(Input::Loaded(LoadedDocument::default())),
                Effect::Append(records) => {
                    self.stored.extend(records);
                    let seq = self.stored.len() as u64;
                    self.input(Input::Appended { seq });
                }
                Effect::Snapshot { .. }
                | Effect::Send { .. }
                | Effect::Close { .. }
                | Effect::State { .. }
                | Effect::Stop => {}
            }
        }
    }
}

/// Every sequence of `length` calls, with a try to write before the first and after each. Says how many tries there
/// were, or which sequence let something in that it must not, or kept something out.
pub fn run(length: u32, bug: Option<PlantedBug>) -> Result<u64, String> {
    let mut tries = 0;
    for number in 0..CALLS.len().pow(length) {
        let mut desk = Desk::laid(bug);
        let mut calls = Vec::new();
        let mut rest = number;
        loop {
            tries += 1;
            let may_write = desk.access() == Some(Access::Write);
            if desk.write() != may_write {
                return Err(format!(
                    "after {calls:?} a letter was {}",
                    if may_write { "refused" } else { "taken" }
                ));
            }
            if calls.len() == length as usize {
                break;
            }
            let call = CALLS[rest % CALLS.len()];
            rest /= CALLS.len();
            calls.push(call);
            desk.call(call);
        }
    }
    Ok(tries)
}

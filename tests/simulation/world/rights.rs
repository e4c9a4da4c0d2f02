//! Who may write, and those who try in vain.

use bytes::Bytes;
use plenary_ids::{ParticipantId, UserId};
use plenary_permissions::{Access, Authorship};
use plenary_protocol::{Message, SyncMessage, address_prefix};
use plenary_room::{Attribution, Backlog, Dialect, Input, Join, Room};

use super::{ADDRESS, FORGER, FORGERS_FROM, World};
use crate::forgery::{Attack, Scene, forge};

impl World {
    /// The call that changes somebody's rights: everybody concerned is asked about again, and the room is told.
    pub(super) fn apply_access(&mut self, client: usize) {
        match self.clients[client].access(self.stage) {
            Some(access) => {
                let participants: Vec<_> =
                    self.connections.values().filter(|c| c.client == client).map(|c| c.participant).collect();
                for participant in participants {
                    self.handle(Input::SetAccess { participant, access });
                }
                self.connect(client);
            }
            None => self.put_out(client),
        }
        self.note_right(client);
    }

    /// Ends whatever somebody has open.
    pub(super) fn put_out(&mut self, client: usize) {
        let open: Vec<_> =
            self.connections.iter().filter(|(_, c)| c.client == client).map(|(id, _)| *id).collect();
        open.into_iter().for_each(|id| self.cut(id));
    }

    /// From here on nothing is accepted of who may not write.
    pub(super) fn note_right(&mut self, client: usize) {
        let user = self.clients[client].user();
        if self.clients[client].access(self.stage) == Some(Access::Write) {
            self.barred.remove(&user);
        } else {
            self.bar(user);
        }
    }

    pub(super) fn bar(&mut self, user: UserId) {
        let head = self.room.as_ref().map_or(0, Room::head).max(self.head);
        self.barred.entry(user).or_insert(head);
    }

    /// Somebody comes in, sends one update built by hand, and goes.
    pub(super) fn forge(&mut self) {
        let is_reading = self.room.as_ref().is_some_and(Room::is_reading);
        if !is_reading {
            return;
        }
        let clocks = self.durable.state_vector();
        let mut victims: Vec<_> =
            self.owners.keys().map(|client| (*client, clocks.next_clock(*client))).collect();
        // Those who have not written come last.
        victims.sort_by_key(|(client, next)| (*next == 0, *client));
        let texts = victims.iter().filter(|(_, next)| *next > 0).count();
        let attack = self.forger.rng.choice(Attack::ALL).expect("there are some");
        // An id that nobody has heard of is whoever's who comes first with it: see docs/decisions/0007.
        if attack == Attack::Announced || texts == 0 {
            return;
        }
        if clocks.next_clock(self.forger.fresh) > 0 {
            self.forger.own.push(self.forger.fresh);
            self.forger.fresh = self.forger.rng.u64(2..1 << 32);
        }
        let own: Vec<_> =
            self.forger.own.iter().map(|client| (*client, clocks.next_clock(*client))).collect();
        let announced: Vec<u64> = victims[texts..].iter().map(|(client, _)| *client).collect();
        let scene = Scene {
            victims: &victims,
            texts,
            announced: &announced,
            own: &own,
            fresh: self.forger.fresh,
            stretch: &[],
        };
        let victim = self.forger.rng.usize(0..texts);
        let update = Bytes::from(forge(&mut self.forger.rng, &scene, attack, victim));
        self.count("forged updates");
        let participant = ParticipantId(FORGERS_FROM + self.order);
        self.handle(Input::Join(Join {
            participant,
            user: FORGER,
            dialect: Dialect::Hocuspocus,
            prefix: address_prefix(ADDRESS),
            access: Access::Write,
            authorship: Authorship::Strict,
            backlog: Backlog::default(),
        }));
        let sync =
            if self.forger.rng.bool() { SyncMessage::Update(update) } else { SyncMessage::Step2(update) };
        self.handle(Input::Messages(vec![(participant, Message::Sync(sync))]));
        self.handle(Input::Leave(participant));
    }

    /// Once the call has returned nothing is accepted of who lost the right to write.
    pub(super) fn check_rights(&mut self, records: &[plenary_room::NewRecord]) {
        for (seq, record) in (self.head + 1..).zip(records) {
            if self.barred.get(&record.user).is_some_and(|barred| seq > *barred) {
                self.fail(format!("record {seq} was accepted of {} after they lost the right", record.user));
            }
        }
    }

    /// With each client id only its user wrote.
    pub(super) fn check_authors(&mut self, attribution: &Attribution) {
        let is_forged = |client, user| self.owners.get(&client).is_some_and(|owner| *owner != user);
        let forged = attribution.inserted((0, 0)).find(|run| is_forged(run.client, run.user));
        if let Some(run) = forged {
            self.fail(format!("somebody wrote with another's id: {run:?}"));
        }
    }
}

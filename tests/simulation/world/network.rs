//! Connections, and what gets lost on them.

use bytes::Bytes;
use plenary_gate::{Author, Limits, judge};
use plenary_ids::ParticipantId;
use plenary_permissions::Authorship;
use plenary_protocol::{Message, SyncMessage, address_prefix, decode_hocuspocus, decode_y_websocket};
use plenary_room::{Backlog, Dialect, Input, Join, Room, RoomSettings};

use super::{ADDRESS, Connection, DOCUMENT, Event, World};
use crate::client::Speech;

impl World {
    pub(super) fn connect(&mut self, client: usize) {
        if self.clients[client].is_connected() {
            return;
        }
        let Some(access) = self.clients[client].access(self.stage) else {
            return;
        };
        if self.is_down {
            return self.after(200..1_500, Event::Reconnect { client });
        }
        let id = self.next_connection;
        self.next_connection += 1;
        let participant = ParticipantId(id);
        let backlog = Backlog::default();
        let delay_ms = self.rng.u64(1..300);
        let connection =
            Connection { client, participant, backlog: backlog.clone(), up_ms: 0, down_ms: 0, delay_ms };
        self.connections.insert(id, connection);
        self.count("connections");
        if self.room.is_none() {
            let mut settings = RoomSettings {
                idle_after_ms: 1_500,
                snapshot_tail_bytes_min: 400,
                snapshot_age_ms: 6_000,
                outbound_bytes_max: 300,
                pending_bytes_max: 2_000,
                ..RoomSettings::default()
            };
            settings.bug = self.bug;
            let (room, effects) = Room::new(DOCUMENT, settings);
            self.room = Some(room);
            self.carry_out(effects);
        }
        let speech = self.clients[client].speech;
        let dialect = speech.dialect();
        let prefix = match dialect {
            Dialect::YWebsocket => Bytes::new(),
            Dialect::Hocuspocus => address_prefix(ADDRESS),
        };
        let user = self.clients[client].user();
        self.note_right(client);
        let authorship = Authorship::Strict;
        self.handle(Input::Join(Join { participant, user, dialect, prefix, access, authorship, backlog }));
        let frames = self.clients[client].open(id);
        self.send_up(client, frames);
    }

    pub(super) fn cut(&mut self, id: u64) {
        let Some(connection) = self.connections.remove(&id) else {
            return;
        };
        self.clients[connection.client].closed();
        self.handle(Input::Leave(connection.participant));
        self.after(50..2_000, Event::Reconnect { client: connection.client });
    }

    pub(super) fn send_up(&mut self, client: usize, messages: Vec<Message>) {
        let Some(id) = self.clients[client].connection else {
            return;
        };
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        let prefix = match self.clients[client].speech.dialect() {
            Dialect::YWebsocket => Bytes::new(),
            Dialect::Hocuspocus => address_prefix(ADDRESS),
        };
        let mut arrivals = Vec::new();
        for message in messages {
            connection.up_ms = connection.up_ms.max(self.now_ms + connection.delay_ms);
            arrivals.push((connection.up_ms, message.encode(&prefix)));
        }
        for (at_ms, frame) in arrivals {
            self.at(at_ms, Event::Up { connection: id, frame });
        }
    }

    pub(super) fn arrive_up(&mut self, connection: u64, frame: Bytes) {
        let Some(connection) = self.connections.get(&connection) else {
            return;
        };
        let participant = connection.participant;
        let message = match self.clients[connection.client].speech.dialect() {
            Dialect::YWebsocket => decode_y_websocket(frame).map_err(|error| error.to_string()),
            Dialect::Hocuspocus => {
                decode_hocuspocus(frame).map(|addressed| addressed.message).map_err(|error| error.to_string())
            }
        };
        match message {
            Ok(message) => {
                self.mailbox.push_back((participant, message));
                self.due_turn();
            }
            Err(error) => self.fail(format!("a client's frame does not decode: {error}")),
        }
    }

    pub(super) fn send_down(&mut self, participant: ParticipantId, frame: Bytes) {
        self.check_shown(&frame, participant);
        let id = participant.0;
        let version = self.version;
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        // A slow reader takes about 1,000 bytes a second.
        let is_slow = self.clients[connection.client].is_slow;
        let takes_ms = if is_slow { frame.len() as u64 } else { 0 };
        connection.down_ms = connection.down_ms.max(self.now_ms + connection.delay_ms) + takes_ms;
        let at_ms = connection.down_ms;
        self.at(at_ms, Event::Down { connection: id, frame, version });
    }

    pub(super) fn arrive_down(&mut self, id: u64, frame: Bytes, version: u64) {
        let Some(connection) = self.connections.get(&id) else {
            return;
        };
        let (client, participant) = (connection.client, connection.participant);
        if connection.backlog.written(frame.len()) {
            self.count("slow readers drained");
            self.handle(Input::Drained(participant));
        }
        let message = self.decode_down(client, frame);
        match self.clients[client].hear(message, version) {
            Ok(frames) => self.send_up(client, frames),
            Err(broken) => self.fail(format!("client {client}: {broken}")),
        }
    }

    pub(super) fn decode_down(&self, client: usize, frame: Bytes) -> Message {
        match self.clients[client].speech.dialect() {
            Dialect::YWebsocket => decode_y_websocket(frame).expect("the server's own frame"),
            Dialect::Hocuspocus => decode_hocuspocus(frame).expect("the server's own frame").message,
        }
    }

    /// What a co-author can see is on disk.
    pub(super) fn check_shown(&mut self, frame: &Bytes, participant: ParticipantId) {
        let Some(connection) = self.connections.get(&participant.0) else {
            return;
        };
        let message = self.decode_down(connection.client, frame.clone());
        if let Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) = message
            && !self.is_durable(&update)
        {
            let verdict = judge(&update, &mut self.durable.clone(), &Author::Anyone, &Limits::stored());
            self.fail(format!("an update was shown that is not on disk: {verdict:?}"));
        }
    }
}

impl Speech {
    fn dialect(self) -> Dialect {
        match self {
            Self::YWebsocket => Dialect::YWebsocket,
            Self::Hocuspocus | Self::Plenary => Dialect::Hocuspocus,
        }
    }
}

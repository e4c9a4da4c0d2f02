//! Every message a peer can send, in both dialects.
//!
//! Payloads (updates, state vectors, awareness) are slices of the received frame, never copies. Both
//! directions are decoded, so that tests, tools and a Rust client can use the same codec. Bytes after a message
//! are ignored: JavaScript peers read one message a frame, and some send more than the format asks for.

use bytes::Bytes;

use crate::{
    error::WireError,
    limits::{ADDRESS_BYTES_MAX, AUTH_BYTES_MAX, FRAME_BYTES_MAX, STATE_VECTOR_BYTES_MAX, TEXT_BYTES_MAX},
    wire::{Reader, Writer},
};

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const QUERY_AWARENESS: u64 = 3;
const STATELESS: u64 = 5;
const CLOSE: u64 = 7;
const SYNC_STATUS: u64 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const Y_SWEET_STATUS: u64 = 102;
const PLENARY: u64 = 110;

/// The highest version of type 110 that this side speaks.
pub const PLENARY_VERSION: u64 = 1;

/// An empty awareness update: data that keeps a y-websocket client from closing a quiet socket.
pub const FILLER_Y_WEBSOCKET: &[u8] = &[1, 1, 0];

/// The same for a Hocuspocus client, under the empty address: each provider version counts it as a sign of
/// life and then finds nobody it is for.
pub const FILLER_HOCUSPOCUS: &[u8] = &[0, 1, 1, 0];

/// One message, about one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Document content.
    Sync(SyncMessage),
    /// Presence: an awareness update for [`decode_awareness`](crate::decode_awareness), not yet looked into.
    Awareness(Bytes),
    /// Asks for everybody's presence.
    QueryAwareness,
    /// Credentials and their answer.
    Auth(AuthMessage),
    /// An application's own text (UTF-8), passed by Hocuspocus outside the document.
    Stateless(Bytes),
    /// Hocuspocus: this document ends here, the socket stays. A client gives no reason, a server does.
    Close(Option<String>),
    /// Hocuspocus: the answer to one step 2 or update; true when it is applied and durable.
    SyncStatus(bool),
    /// Hocuspocus v4: are you there? A whole frame of one byte, without an address.
    Ping,
    /// The answer to [`Ping`](Self::Ping).
    Pong,
    /// Our own words, type 110.
    Plenary(PlenaryMessage),
    /// y-sweet's tag 102: everything after the tag, which goes back unchanged.
    YSweetStatus(Bytes),
    /// A type this dialect does not have. To be ignored.
    Unknown(u64),
}

/// The three messages of the y-protocols sync exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncMessage {
    /// What the sender has, as an encoded state vector: asks for the rest.
    Step1(Bytes),
    /// The answer to a step 1, as one Yjs v1 update.
    Step2(Bytes),
    /// A change, as one Yjs v1 update.
    Update(Bytes),
}

/// Credentials and their answer. The y-websocket dialect knows only `Denied`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthMessage {
    /// Client: let me in, or a renewed credential.
    Token {
        /// The credential, empty when there is none.
        token: String,
        /// The provider's version; sent by v4 and later only.
        version: Option<String>,
    },
    /// Server: send your token (again). v3 and v4 answer it; v2 does not.
    TokenRequest,
    /// Server: no, with a reason.
    Denied(String),
    /// Server: come in.
    Granted(Scope),
}

/// What a client may do with a document, as the wire says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Read and write.
    ReadWrite,
    /// Only read.
    ReadOnly,
}

impl Scope {
    /// As Hocuspocus spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "readonly",
        }
    }
}

/// Message type 110: only sent to clients that said hello.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlenaryMessage {
    /// 0, client: I understand type 110.
    Hello {
        /// The highest version of type 110 the client speaks; today 1.
        version: u64,
    },
    /// 1, server: the answer to hello.
    Welcome(Welcome),
    /// 2, client: tell me when all I have sent is durable.
    Mark(u64),
    /// 3, server: all received before that mark, except what was refused, is on disk.
    Durable(u64),
    /// 4, server: one sync frame was refused.
    Refused {
        /// Which: counts the client's step 2 and update frames on this document since its hello, from 1.
        ordinal: u64,
        /// Why, for programs.
        code: RefusalCode,
        /// Why, for people who read logs.
        reason: String,
    },
    /// 5, client: a renewed credential. Server, with an empty text: please renew yours.
    Token(String),
    /// 6, server: what you may do has changed.
    AccessChanged(Scope),
    /// 7, server: a text for the person, such as a restart that is announced.
    Notice(String),
    /// A sub-type from the future. To be ignored.
    Unknown(u64),
}

/// What a client that said hello is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The version both speak: the lower of both sides' highest.
    pub version: u64,
    /// The id of the document, in full.
    pub document: String,
    /// What the client may do.
    pub access: Scope,
    /// [`FRAME_BYTES_MAX`](crate::limits::FRAME_BYTES_MAX) of this server.
    pub frame_bytes_max: u64,
    /// [`UPDATE_BYTES_MAX`](crate::limits::UPDATE_BYTES_MAX) of this server.
    pub update_bytes_max: u64,
    /// [`AWARENESS_ENTRY_BYTES_MAX`](crate::limits::AWARENESS_ENTRY_BYTES_MAX) of this server.
    pub awareness_entry_bytes_max: u64,
}

/// Why a sync frame was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalCode {
    /// 1: not a Yjs v1 update, or one that says impossible things.
    Malformed,
    /// 2: in the name of a client id that belongs to somebody else.
    Authorship,
    /// 3: needs what the server does not have, and did not get after asking.
    Gap,
    /// 4: this person may not write here.
    Role,
    /// 5: nobody may write at this stage.
    Stage,
    /// 6: over a limit.
    TooLarge,
    /// 7: the server cannot store anything now; the same edit may be accepted later.
    Storage,
    /// Any other number, from a newer server.
    Other(u64),
}

impl RefusalCode {
    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::Malformed => 1,
            Self::Authorship => 2,
            Self::Gap => 3,
            Self::Role => 4,
            Self::Stage => 5,
            Self::TooLarge => 6,
            Self::Storage => 7,
            Self::Other(number) => number,
        }
    }

    fn from_number(number: u64) -> Self {
        match number {
            1 => Self::Malformed,
            2 => Self::Authorship,
            3 => Self::Gap,
            4 => Self::Role,
            5 => Self::Stage,
            6 => Self::TooLarge,
            7 => Self::Storage,
            number => Self::Other(number),
        }
    }
}

/// A message and the address it came under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressed {
    /// Exactly as sent, since v4 finds its provider by it; [`document_name`] gives the document. Empty for
    /// `Ping` and `Pong`.
    pub address: String,
    /// The message.
    pub message: Message,
}

/// The document of an address: all of it, or the part before NUL when v4 adds a session id.
pub fn document_name(address: &str) -> &str {
    address.split_once('\0').map_or(address, |(name, _)| name)
}

/// What each Hocuspocus frame to `address` starts with. Its length is never 0, by which
/// [`Message::encode`] knows the dialect.
pub fn address_prefix(address: &str) -> Bytes {
    Writer::after(&[], 2 + address.len()).var_bytes(address.as_bytes()).finish()
}

/// Reads one frame of the y-websocket dialect.
///
/// Fails when it is not one whole message; an unknown type is [`Message::Unknown`].
pub fn decode_y_websocket(frame: Bytes) -> Result<Message, WireError> {
    let mut reader = Reader::new(frame);
    Ok(match reader.var_uint()? {
        SYNC => sync(&mut reader)?,
        AWARENESS => Message::Awareness(reader.var_bytes()?),
        AUTH => match reader.var_uint()? {
            0 => Message::Auth(AuthMessage::Denied(reader.var_string("reason", TEXT_BYTES_MAX)?)),
            tag => {
                return Err(WireError::UnknownTag { what: "auth message", tag });
            }
        },
        QUERY_AWARENESS => Message::QueryAwareness,
        Y_SWEET_STATUS => y_sweet_status(&mut reader)?,
        PLENARY => Message::Plenary(plenary(&mut reader)?),
        unknown => Message::Unknown(unknown),
    })
}

/// Reads one frame of the Hocuspocus dialect: address, type, body; or the single byte of a ping or pong.
///
/// Fails when it is not one whole message or when the address is over [`ADDRESS_BYTES_MAX`]; an unknown type is
/// [`Message::Unknown`].
pub fn decode_hocuspocus(frame: Bytes) -> Result<Addressed, WireError> {
    match frame[..] {
        [PING] => {
            return Ok(Addressed { address: String::new(), message: Message::Ping });
        }
        [PONG] => {
            return Ok(Addressed { address: String::new(), message: Message::Pong });
        }
        _ => {}
    }
    let mut reader = Reader::new(frame);
    let address = reader.var_string("address", ADDRESS_BYTES_MAX)?;
    let message = match reader.var_uint()? {
        SYNC => sync(&mut reader)?,
        AWARENESS => Message::Awareness(reader.var_bytes()?),
        AUTH => Message::Auth(auth(&mut reader)?),
        QUERY_AWARENESS => Message::QueryAwareness,
        STATELESS => Message::Stateless(reader.var_text()?),
        CLOSE if reader.is_at_end() => Message::Close(None),
        CLOSE => Message::Close(Some(reader.var_string("reason", TEXT_BYTES_MAX)?)),
        SYNC_STATUS => Message::SyncStatus(reader.var_uint()? == 1),
        Y_SWEET_STATUS => y_sweet_status(&mut reader)?,
        PLENARY => Message::Plenary(plenary(&mut reader)?),
        unknown => Message::Unknown(unknown),
    };
    Ok(Addressed { address, message })
}

fn sync(reader: &mut Reader) -> Result<Message, WireError> {
    Ok(Message::Sync(match reader.var_uint()? {
        0 => {
            let state_vector = reader.var_bytes()?;
            let (size, limit) = (state_vector.len(), STATE_VECTOR_BYTES_MAX);
            if size > limit {
                return Err(WireError::TooLarge { what: "state vector", size, limit });
            }
            SyncMessage::Step1(state_vector)
        }
        1 => SyncMessage::Step2(reader.var_bytes()?),
        2 => SyncMessage::Update(reader.var_bytes()?),
        tag => {
            return Err(WireError::UnknownTag { what: "sync message", tag });
        }
    }))
}

fn y_sweet_status(reader: &mut Reader) -> Result<Message, WireError> {
    // Its client sends a counter. What goes back must not be a way to have much kept.
    let (size, limit) = (reader.left(), TEXT_BYTES_MAX);
    if size > limit {
        return Err(WireError::TooLarge { what: "status", size, limit });
    }
    Ok(Message::YSweetStatus(Bytes::copy_from_slice(&reader.rest())))
}

fn auth(reader: &mut Reader) -> Result<AuthMessage, WireError> {
    Ok(match reader.var_uint()? {
        0 if reader.is_at_end() => AuthMessage::TokenRequest,
        0 => AuthMessage::Token {
            // Too long a one is denied by whoever checks it: failing here would cost the socket's other documents.
            token: reader.var_string("token", FRAME_BYTES_MAX)?,
            version: if reader.is_at_end() {
                None
            } else {
                Some(reader.var_string("version", TEXT_BYTES_MAX)?)
            },
        },
        1 => AuthMessage::Denied(reader.var_string("reason", TEXT_BYTES_MAX)?),
        2 => AuthMessage::Granted(match &reader.var_bytes()?[..] {
            b"read-write" => Scope::ReadWrite,
            b"readonly" => Scope::ReadOnly,
            _ => return Err(WireError::UnknownScope),
        }),
        tag => {
            return Err(WireError::UnknownTag { what: "auth message", tag });
        }
    })
}

fn plenary(reader: &mut Reader) -> Result<PlenaryMessage, WireError> {
    Ok(match reader.var_uint()? {
        0 => PlenaryMessage::Hello { version: reader.var_uint()? },
        1 => PlenaryMessage::Welcome(Welcome {
            version: reader.var_uint()?,
            document: reader.var_string("document", ADDRESS_BYTES_MAX)?,
            access: access(reader)?,
            frame_bytes_max: reader.var_uint()?,
            update_bytes_max: reader.var_uint()?,
            awareness_entry_bytes_max: reader.var_uint()?,
        }),
        2 => PlenaryMessage::Mark(reader.var_uint()?),
        3 => PlenaryMessage::Durable(reader.var_uint()?),
        4 => PlenaryMessage::Refused {
            ordinal: reader.var_uint()?,
            code: RefusalCode::from_number(reader.var_uint()?),
            reason: reader.var_string("reason", TEXT_BYTES_MAX)?,
        },
        5 => PlenaryMessage::Token(reader.var_string("token", AUTH_BYTES_MAX)?),
        6 => PlenaryMessage::AccessChanged(access(reader)?),
        7 => PlenaryMessage::Notice(reader.var_string("notice", TEXT_BYTES_MAX)?),
        unknown => PlenaryMessage::Unknown(unknown),
    })
}

fn access(reader: &mut Reader) -> Result<Scope, WireError> {
    match reader.var_uint()? {
        0 => Ok(Scope::ReadOnly),
        1 => Ok(Scope::ReadWrite),
        _ => Err(WireError::UnknownScope),
    }
}

fn access_number(access: Scope) -> u64 {
    match access {
        Scope::ReadOnly => 0,
        Scope::ReadWrite => 1,
    }
}

impl Message {
    /// The frame for one peer: `prefix` is empty in the y-websocket dialect, [`address_prefix`] in the
    /// Hocuspocus dialect. `Ping` and `Pong` are their one byte whatever the prefix.
    ///
    /// Does not check that the dialect has the message: Stateless, Close, SyncStatus, Ping, Pong and every
    /// Auth but `Denied` are Hocuspocus' alone.
    pub fn encode(&self, prefix: &[u8]) -> Bytes {
        let begin = |tag: u64, more: usize| Writer::after(prefix, more + 12).var_uint(tag);
        let writer = match self {
            Self::Sync(sync) => {
                let (step, payload) = match sync {
                    SyncMessage::Step1(state_vector) => (0, state_vector),
                    SyncMessage::Step2(update) => (1, update),
                    SyncMessage::Update(update) => (2, update),
                };
                begin(SYNC, payload.len()).var_uint(step).var_bytes(payload)
            }
            Self::Awareness(update) => begin(AWARENESS, update.len()).var_bytes(update),
            Self::QueryAwareness => begin(QUERY_AWARENESS, 0),
            Self::Auth(auth) => auth.write(begin(AUTH, 0), prefix.is_empty()),
            Self::Stateless(text) => begin(STATELESS, text.len()).var_bytes(text),
            Self::Close(None) => begin(CLOSE, 0),
            Self::Close(Some(reason)) => begin(CLOSE, reason.len()).var_bytes(reason.as_bytes()),
            Self::SyncStatus(applied) => begin(SYNC_STATUS, 0).var_uint(u64::from(*applied)),
            Self::Ping => return Bytes::from_static(&[PING]),
            Self::Pong => return Bytes::from_static(&[PONG]),
            Self::Plenary(plenary) => plenary.write(begin(PLENARY, 0)),
            Self::YSweetStatus(rest) => begin(Y_SWEET_STATUS, rest.len()).raw(rest),
            Self::Unknown(tag) => begin(*tag, 0),
        };
        writer.finish()
    }
}

impl AuthMessage {
    /// y-protocols knows one auth message, a denial, and gives it the number that is a token in Hocuspocus.
    fn write(&self, writer: Writer, y_websocket: bool) -> Writer {
        match self {
            Self::Token { token, version: None } => writer.var_uint(0).var_bytes(token.as_bytes()),
            Self::Token { token, version: Some(version) } => {
                writer.var_uint(0).var_bytes(token.as_bytes()).var_bytes(version.as_bytes())
            }
            Self::TokenRequest => writer.var_uint(0),
            Self::Denied(reason) => {
                writer.var_uint(if y_websocket { 0 } else { 1 }).var_bytes(reason.as_bytes())
            }
            Self::Granted(scope) => writer.var_uint(2).var_bytes(scope.as_str().as_bytes()),
        }
    }
}

impl PlenaryMessage {
    fn write(&self, writer: Writer) -> Writer {
        match self {
            Self::Hello { version } => writer.var_uint(0).var_uint(*version),
            Self::Welcome(welcome) => writer
                .var_uint(1)
                .var_uint(welcome.version)
                .var_bytes(welcome.document.as_bytes())
                .var_uint(access_number(welcome.access))
                .var_uint(welcome.frame_bytes_max)
                .var_uint(welcome.update_bytes_max)
                .var_uint(welcome.awareness_entry_bytes_max),
            Self::Mark(mark) => writer.var_uint(2).var_uint(*mark),
            Self::Durable(mark) => writer.var_uint(3).var_uint(*mark),
            Self::Refused { ordinal, code, reason } => {
                writer.var_uint(4).var_uint(*ordinal).var_uint(code.number()).var_bytes(reason.as_bytes())
            }
            Self::Token(token) => writer.var_uint(5).var_bytes(token.as_bytes()),
            Self::AccessChanged(access) => writer.var_uint(6).var_uint(access_number(*access)),
            Self::Notice(text) => writer.var_uint(7).var_bytes(text.as_bytes()),
            Self::Unknown(tag) => writer.var_uint(*tag),
        }
    }
}

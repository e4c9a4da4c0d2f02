//! Clients: a bare socket that speaks either dialect, and an editor with a document behind one.

use std::{collections::VecDeque, net::SocketAddr};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use plenary_protocol::{
    AuthMessage, AwarenessEntry, Message, PlenaryMessage, Scope, SyncMessage, address_prefix,
    decode_awareness, decode_hocuspocus, decode_y_websocket, encode_awareness,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpSocket,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{self, client::IntoClientRequest, protocol::WebSocketConfig},
};
use yrs::{
    Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::stage::soon;

/// The upgrade was refused with this HTTP status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) u16);

/// What a WebSocket goes over: TCP, or TLS over it.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Wire for S {}

/// One socket.
pub(crate) struct Peer {
    socket: WebSocketStream<Box<dyn Wire>>,
    /// The address of what it sends; `None` in the y-websocket dialect.
    address: Option<String>,
}

/// What a peer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Message(Message),
    /// A close frame with its code and reason, or the end without one.
    Closed(Option<(u16, String)>),
}

impl Peer {
    pub(crate) async fn open(
        server: SocketAddr,
        path: &str,
        address: Option<String>,
    ) -> Result<Self, Refused> {
        Self::open_on(TcpSocket::new_v4().unwrap(), server, path, address).await
    }

    pub(crate) async fn open_on(
        socket: TcpSocket,
        server: SocketAddr,
        path: &str,
        address: Option<String>,
    ) -> Result<Self, Refused> {
        refusal(Self::try_open_on(socket, server, path, address, &[]).await)
    }

    /// With headers, as a browser sends them.
    pub(crate) async fn open_with(
        server: SocketAddr,
        path: &str,
        address: Option<String>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Refused> {
        refusal(Self::try_open_on(TcpSocket::new_v4().unwrap(), server, path, address, headers).await)
    }

    /// As `open`, where the server may not be there (any more).
    pub(crate) async fn dial(
        server: SocketAddr,
        path: &str,
        address: Option<String>,
    ) -> Result<Self, tungstenite::Error> {
        Self::try_open_on(TcpSocket::new_v4()?, server, path, address, &[]).await
    }

    async fn try_open_on(
        socket: TcpSocket,
        server: SocketAddr,
        path: &str,
        address: Option<String>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let tcp = socket.connect(server).await?;
        tcp.set_nodelay(true)?;
        Self::over(Box::new(tcp), &format!("ws://{server}{path}"), address, headers).await
    }

    /// Over something that is connected already.
    pub(crate) async fn over(
        wire: Box<dyn Wire>,
        url: &str,
        address: Option<String>,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, tungstenite::Error> {
        let config = WebSocketConfig::default().read_buffer_size(8 * 1024);
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        let (socket, _) = soon("an upgrade", client_async_with_config(request, wire, Some(config))).await?;
        Ok(Self { socket, address })
    }

    /// From here on it speaks about another document.
    pub(crate) fn speak_about(&mut self, address: impl ToString) {
        self.address = Some(address.to_string());
    }

    pub(crate) async fn send(&mut self, message: &Message) {
        let prefix = self.address.as_deref().map(address_prefix).unwrap_or_default();
        self.send_bytes(message.encode(&prefix)).await;
    }

    /// Sends a message, though the server may be gone.
    pub(crate) async fn try_send(&mut self, message: &Message) -> Result<(), tungstenite::Error> {
        let prefix = self.address.as_deref().map(address_prefix).unwrap_or_default();
        self.try_send_bytes(message.encode(&prefix)).await
    }

    pub(crate) async fn send_bytes(&mut self, frame: Bytes) {
        soon("a frame sent", self.socket.send(tungstenite::Message::Binary(frame))).await.unwrap();
    }

    /// Sends a frame, though the server may hang up meanwhile.
    pub(crate) async fn try_send_bytes(&mut self, frame: Bytes) -> Result<(), tungstenite::Error> {
        soon("a frame sent", self.socket.send(tungstenite::Message::Binary(frame))).await
    }

    pub(crate) async fn send_token(&mut self, token: &str) {
        let token = token.to_owned();
        self.send(&Message::Auth(AuthMessage::Token { token, version: Some("4.8.0".to_owned()) })).await;
    }

    /// Shows a token and waits until it is granted.
    pub(crate) async fn authenticate(&mut self, token: &str) -> Scope {
        self.send_token(token).await;
        loop {
            match self.hear().await {
                Heard::Message(Message::Auth(AuthMessage::Granted(scope))) => return scope,
                Heard::Message(Message::Awareness(_)) => {}
                other => panic!("granted, not {other:?}"),
            }
        }
    }

    /// The next message or the end. Fillers count as nothing.
    pub(crate) async fn hear(&mut self) -> Heard {
        self.hear_addressed().await.1
    }

    /// As `hear`, with the address it came under.
    pub(crate) async fn hear_addressed(&mut self) -> (String, Heard) {
        loop {
            let heard = soon("something heard", self.socket.next()).await;
            let frame = match heard {
                Some(Ok(tungstenite::Message::Binary(frame))) => frame,
                Some(Ok(tungstenite::Message::Close(frame))) => {
                    let frame = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                    return (String::new(), Heard::Closed(frame));
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return (String::new(), Heard::Closed(None)),
            };
            let (address, message) = if self.address.is_some() {
                let addressed = decode_hocuspocus(frame).unwrap();
                (addressed.address, addressed.message)
            } else {
                (String::new(), decode_y_websocket(frame).unwrap())
            };
            return (address, Heard::Message(message));
        }
    }

    /// The next message.
    pub(crate) async fn message(&mut self) -> Message {
        match self.hear().await {
            Heard::Message(message) => message,
            Heard::Closed(frame) => panic!("open, not closed by {frame:?}"),
        }
    }

    /// Everything up to the end, and how that came.
    pub(crate) async fn until_closed(&mut self) -> (Vec<Message>, Option<(u16, String)>) {
        let mut messages = Vec::new();
        loop {
            match self.hear().await {
                Heard::Message(message) => messages.push(message),
                Heard::Closed(frame) => return (messages, frame),
            }
        }
    }

    /// The code the socket is closed with.
    pub(crate) async fn close_code(&mut self) -> u16 {
        self.until_closed().await.1.expect("a close frame").0
    }
}

fn refusal(opened: Result<Peer, tungstenite::Error>) -> Result<Peer, Refused> {
    match opened {
        Ok(peer) => Ok(peer),
        Err(tungstenite::Error::Http(response)) => Err(Refused(response.status().as_u16())),
        Err(error) => panic!("{error}"),
    }
}

/// A client with a document, as a provider keeps it.
pub(crate) struct Editor {
    pub(crate) peer: Peer,
    pub(crate) doc: Doc,
    clock: u64,
    /// What was heard and is not about the text, oldest first.
    pub(crate) heard: VecDeque<Message>,
}

impl Editor {
    /// Syncs: asks for the text, answers the server's own question.
    pub(crate) async fn begin(peer: Peer) -> Self {
        let mut editor = Self::on(peer);
        editor.sync().await;
        editor
    }

    pub(crate) async fn sync(&mut self) {
        self.ask().await;
        self.until(|message| matches!(message, Message::Sync(SyncMessage::Step2(_)))).await;
        if self.peer.address.is_some() {
            // Asking set the counter to 1; the server has asked back, and our answer is acknowledged.
            self.until_acknowledged(1).await;
        }
    }

    pub(crate) fn on(peer: Peer) -> Self {
        let doc = Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..Options::default() });
        doc.get_or_insert_text("body");
        Self { peer, doc, clock: 0, heard: VecDeque::new() }
    }

    /// The same document on a new socket.
    pub(crate) async fn come_back(&mut self, peer: Peer) {
        self.peer = peer;
        self.sync().await;
    }

    /// The same document on a new socket, while the old one is still there: that is returned.
    pub(crate) async fn take_over(&mut self, peer: Peer) -> Peer {
        let old = std::mem::replace(&mut self.peer, peer);
        self.sync().await;
        old
    }

    /// Sends our step 1.
    pub(crate) async fn ask(&mut self) {
        let state_vector = self.doc.transact().state_vector().encode_v1();
        self.peer.send(&Message::Sync(SyncMessage::Step1(state_vector.into()))).await;
    }

    pub(crate) async fn hello(&mut self) {
        self.peer.send(&Message::Plenary(PlenaryMessage::Hello { version: 1 })).await;
        self.until(|message| matches!(message, Message::Plenary(PlenaryMessage::Welcome(_)))).await;
    }

    /// Changes the text here only; returns the update.
    pub(crate) fn write(&mut self, text: &str) -> Bytes {
        let body = self.doc.get_or_insert_text("body");
        let before = self.doc.transact().state_vector();
        body.push(&mut self.doc.transact_mut(), text);
        self.doc.transact().encode_diff_v1(&before).into()
    }

    /// Changes the text and sends the update.
    pub(crate) async fn type_text(&mut self, text: &str) -> Bytes {
        let update = self.write(text);
        self.peer.send(&Message::Sync(SyncMessage::Update(update.clone()))).await;
        update
    }

    pub(crate) fn text(&self) -> String {
        self.doc.get_or_insert_text("body").get_string(&self.doc.transact())
    }

    /// Announces a state of its own; returns it as others will hear it.
    pub(crate) async fn announce(&mut self, state: &str) -> AwarenessEntry {
        self.clock += 1;
        let client = self.doc.client_id().get();
        let state = Some(Bytes::from(state.to_owned()));
        let entry = AwarenessEntry { client, clock: self.clock, state };
        self.peer.send(&Message::Awareness(encode_awareness(std::slice::from_ref(&entry)))).await;
        entry
    }

    /// Takes in the next message as a provider does, and returns it.
    pub(crate) async fn take(&mut self) -> Message {
        let message = self.peer.message().await;
        match &message {
            Message::Sync(SyncMessage::Step1(theirs)) => {
                let theirs = StateVector::decode_v1(theirs).unwrap();
                let update = self.doc.transact().encode_state_as_update_v1(&theirs);
                self.peer.send(&Message::Sync(SyncMessage::Step2(update.into()))).await;
            }
            Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) => {
                let update = Update::decode_v1(update).unwrap();
                self.doc.transact_mut().apply_update(update).unwrap();
            }
            _ => self.heard.push_back(message.clone()),
        }
        message
    }

    /// Takes in messages until one that `is_it`; returns all before it.
    pub(crate) async fn until(&mut self, is_it: impl Fn(&Message) -> bool) -> Vec<Message> {
        let mut before = Vec::new();
        loop {
            let message = self.take().await;
            if is_it(&message) {
                return before;
            }
            before.push(message);
        }
    }

    /// Whether this presence, or a later one of the same client, has been heard.
    fn has_heard(&self, entry: &AwarenessEntry) -> bool {
        self.heard.iter().any(|message| announces(message, entry))
    }

    /// Takes in messages until this presence has been heard; returns those that came before it.
    pub(crate) async fn until_present(&mut self, entry: &AwarenessEntry) -> Vec<Message> {
        if self.has_heard(entry) {
            return Vec::new();
        }
        self.until(|message| announces(message, entry)).await
    }

    /// Takes in messages until the text is this.
    pub(crate) async fn until_text(&mut self, is_it: impl Fn(&str) -> bool) {
        while !is_it(&self.text()) {
            self.take().await;
        }
    }

    /// Takes in messages until so many edits were acknowledged.
    pub(crate) async fn until_acknowledged(&mut self, count: usize) {
        for _ in 0..count {
            self.until(|message| *message == Message::SyncStatus(true)).await;
        }
    }
}

fn announces(message: &Message, entry: &AwarenessEntry) -> bool {
    let Message::Awareness(update) = message else {
        return false;
    };
    let entries = decode_awareness(update).unwrap();
    entries.iter().any(|heard| heard.client == entry.client && heard.clock >= entry.clock)
}

/// The text of a whole state.
pub(crate) fn text_of(state: &[u8]) -> String {
    let doc = Doc::new();
    let body = doc.get_or_insert_text("body");
    doc.transact_mut().apply_update(Update::decode_v1(state).unwrap()).unwrap();
    body.get_string(&doc.transact())
}

/// Whether a message could not be made without an edit that is not durable yet: it holds text, or says that
/// something is saved.
pub(crate) fn tells_of_an_edit(message: &Message) -> bool {
    matches!(
        message,
        Message::Sync(SyncMessage::Step2(_) | SyncMessage::Update(_))
            | Message::SyncStatus(_)
            | Message::Plenary(PlenaryMessage::Durable(_))
    )
}

//! Clients without an editor, for load: sockets that speak either dialect and cost little beside a server.

use std::{future::Future, io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use plenary_protocol::{
    AuthMessage, AwarenessEntry, Message, SyncMessage, address_prefix, decode_hocuspocus, decode_y_websocket,
    encode_awareness,
};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config, tungstenite, tungstenite::protocol::WebSocketConfig,
};

/// How long joining may take.
const JOIN_WITHIN: Duration = Duration::from_secs(60);

/// Frames that go out together are gathered up to this size.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// As the stock y-websocket provider.
    YWebsocket,
    /// As the stock Hocuspocus provider, version 4.
    Hocuspocus,
}

/// One document on one server, and how to get there.
#[derive(Clone, Debug)]
pub struct Place {
    /// The server.
    pub server: SocketAddr,
    /// How it is spoken to.
    pub dialect: Dialect,
    /// The document's name.
    pub document: String,
    /// The credential.
    pub token: String,
}

impl Place {
    /// The frame of one update. A client makes all of its frames before the clock starts.
    pub fn frame(&self, update: &Bytes) -> Bytes {
        self.encode(&Message::Sync(SyncMessage::Update(update.clone())))
    }

    fn encode(&self, message: &Message) -> Bytes {
        match self.dialect {
            Dialect::YWebsocket => message.encode(&[]),
            Dialect::Hocuspocus => message.encode(&address_prefix(&self.document)),
        }
    }

    /// The frame by which a stock client says every 15 s that it is still there: its presence again. Hocuspocus
    /// hangs up on a client that only reads and says nothing for 60 s.
    pub fn presence_frame(&self, client: u64, clock: u64) -> Bytes {
        let entry = AwarenessEntry { client, clock, state: Some(Bytes::from_static(b"{}")) };
        self.encode(&Message::Awareness(encode_awareness(&[entry])))
    }

    fn url(&self) -> String {
        let Self { server, document, token, .. } = self;
        match self.dialect {
            Dialect::YWebsocket => format!("ws://{server}/sync/{document}?token={token}"),
            Dialect::Hocuspocus => format!("ws://{server}/sync"),
        }
    }

    /// Connects, is let in and syncs, as a client that has nothing yet. Returns the answer to its step 1, too.
    /// Panics when that fails or takes too long.
    pub async fn join(&self) -> (Speaker, Listener, Bytes) {
        self.join_on(TcpStream::connect(self.server).await.expect("the server listens")).await
    }

    /// As [`join`](Self::join), on a socket that is connected already.
    pub async fn join_on(&self, tcp: TcpStream) -> (Speaker, Listener, Bytes) {
        in_time("joining", JOIN_WITHIN, self.handshake(tcp)).await
    }

    async fn handshake(&self, tcp: TcpStream) -> (Speaker, Listener, Bytes) {
        tcp.set_nodelay(true).expect("a socket that is open");
        let config = WebSocketConfig::default()
            .read_buffer_size(WRITE_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES);
        let (socket, _) =
            client_async_with_config(self.url(), tcp, Some(config)).await.expect("the server lets us in");
        let (sink, stream) = socket.split();
        let mut speaker = Speaker { sink };
        let mut listener = Listener { stream, dialect: self.dialect };
        if self.dialect == Dialect::Hocuspocus {
            let version = Some("4.8.0".to_owned());
            let auth = Message::Auth(AuthMessage::Token { token: self.token.clone(), version });
            speaker.send(self.encode(&auth)).await;
        }
        let nothing_yet = Bytes::from_static(&[0]);
        speaker.send(self.encode(&Message::Sync(SyncMessage::Step1(nothing_yet)))).await;
        let mut state = None;
        let mut has_answered = false;
        while state.is_none() || !has_answered {
            match listener.message().await {
                Message::Sync(SyncMessage::Step1(_)) => {
                    let nothing_new = Bytes::from_static(&[0, 0]);
                    speaker.send(self.encode(&Message::Sync(SyncMessage::Step2(nothing_new)))).await;
                    has_answered = true;
                }
                Message::Sync(SyncMessage::Step2(update)) => state = Some(update),
                Message::Auth(AuthMessage::Denied(reason)) => panic!("denied: {reason}"),
                _ => {}
            }
        }
        if self.dialect == Dialect::Hocuspocus {
            // What follows is about our own updates only.
            while listener.message().await != Message::SyncStatus(true) {}
        }
        (speaker, listener, state.expect("the loop ends with it"))
    }
}

/// The half of a client that writes.
#[derive(Debug)]
pub struct Speaker {
    sink: SplitSink<WebSocketStream<TcpStream>, tungstenite::Message>,
}

impl Speaker {
    /// Sends one frame at once.
    pub async fn send(&mut self, frame: Bytes) {
        self.sink.send(tungstenite::Message::Binary(frame)).await.expect("the server stays");
    }

    /// Sends one frame at once, though the server may have hung up.
    pub async fn try_send(&mut self, frame: Bytes) -> io::Result<()> {
        self.sink.send(tungstenite::Message::Binary(frame)).await.map_err(io::Error::other)
    }

    /// Hands over one frame, to leave with those around it; waits only for a socket that takes no more.
    pub async fn feed(&mut self, frame: Bytes) {
        self.sink.feed(tungstenite::Message::Binary(frame)).await.expect("the server stays");
    }

    /// Lets everything leave that was handed over.
    pub async fn flush(&mut self) {
        self.sink.flush().await.expect("the server stays");
    }
}

/// What a client hears.
#[derive(Debug)]
pub enum Heard {
    /// A binary message, as it came.
    Frame(Bytes),
    /// A close frame with its code and reason, or the end without one.
    Closed(Option<(u16, String)>),
}

/// The half of a client that reads.
#[derive(Debug)]
pub struct Listener {
    stream: SplitStream<WebSocketStream<TcpStream>>,
    dialect: Dialect,
}

impl Listener {
    /// The next frame or the end; waits for as long as it takes.
    pub async fn hear(&mut self) -> Heard {
        loop {
            match self.stream.next().await {
                Some(Ok(tungstenite::Message::Binary(frame))) => return Heard::Frame(frame),
                Some(Ok(tungstenite::Message::Close(frame))) => {
                    return Heard::Closed(frame.map(|frame| (frame.code.into(), frame.reason.to_string())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Heard::Closed(None),
            }
        }
    }

    /// The next message; waits for as long as it takes. Panics when the server hangs up or speaks nonsense.
    pub async fn message(&mut self) -> Message {
        loop {
            let received = self.stream.next().await.expect("the server stays").expect("the server stays");
            let tungstenite::Message::Binary(frame) = received else {
                assert!(!received.is_close(), "the server hung up: {received:?}");
                continue;
            };
            return match self.dialect {
                Dialect::YWebsocket => decode_y_websocket(frame).expect("a message"),
                Dialect::Hocuspocus => decode_hocuspocus(frame).expect("a message").message,
            };
        }
    }
}

/// Waits for something, but not for ever: panics with what it was.
pub async fn in_time<T>(what: &str, within: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(within, future).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{what} took more than {within:?}"),
    }
}

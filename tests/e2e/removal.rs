//! Somebody is removed while many write: once the call has returned, nothing more is accepted from any of their sockets
//! and nothing but one close frame, or one CLOSE, is written to them.
//!
//! The bytes are counted where the server writes them and the words where the room has merged them, both at the moment
//! at which the handler of the call returns. `just removal` does this with 1,000 sockets on a release build.

use std::{
    collections::HashMap,
    env, io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Request,
    http::Method,
    middleware::{self, Next},
    response::Response,
    serve::Listener as Accepting,
};
use bytes::Bytes;
use futures_util::future::join_all;
use plenary_ids::{DocumentId, GroupId, UserId};
use plenary_permissions::Role;
use plenary_protocol::{CloseReason, Message, address_prefix, decode_hocuspocus};
use plenary_server::{
    App,
    clock::Clock,
    config::{Config, Span},
    directory::{Actor, NewGroup, NewStatement, NewUser},
    routes::{self, NoAssets},
};
use plenary_statements::{Documents, Schema, StatementKind};
use plenary_storage_sled::{Options, SledStore};
use plenary_tests::{
    link::{Dialect, Heard, Listener, Place, Speaker},
    process::Folder,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use yrs::{
    ClientID, Doc, OffsetKind, ReadTxn, StateVector, Text, Transact, Update, updates::decoder::Decode,
};

use crate::stage::soon;

/// Everybody has this many sockets: a few devices with a few texts open in each.
const SOCKETS_OF_EACH: usize = 20;
/// How many write in one text.
const SOCKETS_OF_A_DOCUMENT: usize = 100;
/// How often each of the removed member's sockets writes.
const BEN_WRITES_EVERY: Duration = Duration::from_millis(20);
/// What each of them sends once it has been told that it is over.
const LATE_FRAMES: usize = 20;

/// What is asked of one run.
struct Scale {
    sockets: usize,
    /// Of the member who is removed.
    removed: usize,
    /// Removals at which bytes and words are counted.
    counted: usize,
    /// Removals that are only timed.
    timed: usize,
    /// Each of the others writes this often.
    every: Duration,
}

impl Scale {
    fn asked() -> Self {
        let number =
            |name, otherwise| env::var(name).map_or(otherwise, |text| text.parse().expect("a number"));
        let sockets = number("PLENARY_REMOVAL_SOCKETS", 100);
        Self {
            sockets,
            removed: (sockets / 50).max(5),
            counted: number("PLENARY_REMOVAL_COUNTED", 3),
            timed: number("PLENARY_REMOVAL_TIMED", 5),
            every: Duration::from_secs(1),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_removal_has_returned_nothing_is_accepted_from_and_written_to_any_socket_of_theirs() {
    let scale = Scale::asked();
    let scene = Scene::set(&scale).await;
    let others = scene.others(&scale).await;
    let mut took = Vec::new();
    let mut sent_late = 0;
    for round in 0..scale.counted + scale.timed {
        let removed = scene.write_as_ben(scale.removed).await;
        let watched = (round < scale.counted).then(|| scene.watch(&removed));
        let writing: Vec<_> =
            removed.into_iter().map(|writer| tokio::spawn(writer.write_past_the_end())).collect();
        took.push(scene.remove_ben().await);
        let removed: Vec<_> = join_all(writing).await.into_iter().map(Result::unwrap).collect();
        if let Some(watched) = watched {
            let at_return = watched.get().expect("the handler has returned");
            let now = scene.clocks(&removed).await;
            assert_eq!(now, at_return.clocks, "accepted after the call had returned");
            for (writer, written_before) in removed.iter().zip(&at_return.written) {
                let written = writer.written.load(Ordering::SeqCst) - written_before;
                let allowed = writer.last_words_bytes();
                assert!(written <= allowed, "{written} bytes where one close takes {allowed}");
            }
            // All of it was sent, and none of it came in.
            sent_late += removed.iter().map(|writer| writer.typed).sum::<u32>() - now.iter().sum::<u32>();
        }
        scene.bring_ben_back().await;
    }
    let written: u64 = others.iter().map(|other| other.sent.load(Ordering::Relaxed)).sum();
    assert!(others.iter().all(|other| !other.task.is_finished()), "somebody else was cut off");
    took.sort_unstable();
    let at = |share: usize| took[(took.len() - 1) * share / 100];
    println!(
        "{} sockets in {} texts, {} of them the removed member's; {} removals, {written} updates of the others \
         meanwhile: p50 {:?}, p99 {:?}, longest {:?}; of {sent_late} updates sent in vain 0 accepted after the \
         return, 0 bytes written beyond one close",
        scale.sockets,
        scene.documents.len(),
        scale.removed,
        took.len(),
        at(50),
        at(99),
        at(100),
    );
}

/// What was true when the handler of the removal returned.
#[derive(Clone)]
struct AtReturn {
    /// The bytes that the server had written to each of the removed member's sockets.
    written: Vec<u64>,
    /// What the rooms had merged of each.
    clocks: Vec<u32>,
}

/// Looked at when the handler of a removal returns.
type Watch = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

struct Scene {
    app: App,
    address: SocketAddr,
    group: GroupId,
    documents: Vec<DocumentId>,
    ilse: String,
    ben: UserId,
    ben_token: String,
    counters: Counters,
    watch: Arc<Mutex<Option<Watch>>>,
    next_client: AtomicU64,
    _folder: Folder,
}

impl Scene {
    async fn set(scale: &Scale) -> Self {
        let folder = Folder::create();
        let path = folder.path().join("store");
        let store = tokio::task::spawn_blocking(|| SledStore::open(path, Options::default())).await;
        let store = Arc::new(store.unwrap().unwrap());
        let app = App::new(Config::default(), store.clone(), store, Clock::default());
        let watch: Arc<Mutex<Option<Watch>>> = Arc::default();
        let (address, counters) = serve(&app, Arc::clone(&watch)).await;
        let named = |name: &str| name.parse().unwrap();
        let group =
            app.directory.create_group(Actor::SERVER, NewGroup::named(named("Valdoria"))).await.unwrap().id;
        let (_, ilse) = member(&app, group, "ilse", Role::Coordinator).await;
        let (ben, ben_token) = member(&app, group, "ben", Role::Drafter).await;
        let mut documents = Vec::new();
        for _ in 0..scale.sockets.div_ceil(SOCKETS_OF_A_DOCUMENT) {
            documents.push(document(&app, group).await);
        }
        let next_client = AtomicU64::new(1_000);
        Self {
            app,
            address,
            group,
            documents,
            ilse,
            ben,
            ben_token,
            counters,
            watch,
            next_client,
            _folder: folder,
        }
    }

    /// All but the removed member's sockets, each writing for as long as it is kept.
    async fn others(&self, scale: &Scale) -> Vec<Other> {
        let mut others = Vec::new();
        for number in 0..scale.sockets - scale.removed {
            if number % SOCKETS_OF_EACH == 0 {
                let name = format!("person{number}");
                let (_, token) = member(&self.app, self.group, &name, Role::Drafter).await;
                others.push((token, Vec::new()));
            }
            others.last_mut().unwrap().1.push(number);
        }
        let mut all = Vec::new();
        for (token, numbers) in others {
            let joining = numbers.into_iter().map(|number| self.join(&token, number));
            all.extend(join_all(joining).await);
        }
        // Everybody comes into a quiet house: coming in is not what is measured.
        all.into_iter().map(|writer| writer.keep_writing(scale.every)).collect()
    }

    async fn join(&self, token: &str, number: usize) -> Writer {
        let dialect = if number.is_multiple_of(2) { Dialect::YWebsocket } else { Dialect::Hocuspocus };
        let document = self.documents[number / 2 % self.documents.len()];
        let place =
            Place { server: self.address, dialect, document: document.to_string(), token: token.to_owned() };
        let tcp = TcpStream::connect(self.address).await.unwrap();
        let own = tcp.local_addr().unwrap();
        let (speaker, listener, _) = place.join_on(tcp).await;
        let written = Arc::clone(&self.counters.lock().unwrap()[&own]);
        let client = self.next_client.fetch_add(1, Ordering::Relaxed);
        let (doc, last_words) = (doc(client), Vec::new());
        Writer { place, document, client, doc, speaker, listener, typed: 0, written, last_words }
    }

    /// The removed member's sockets, all of which have been heard in their texts.
    async fn write_as_ben(&self, count: usize) -> Vec<Writer> {
        let mut writers = join_all((0..count).map(|number| self.join(&self.ben_token, number))).await;
        for writer in &mut writers {
            writer.write().await.unwrap();
        }
        soon("all of their sockets to be heard", async {
            while self.clocks(&writers).await.contains(&0) {
                for writer in &mut writers {
                    writer.write().await.unwrap();
                }
            }
        })
        .await;
        writers
    }

    /// Looks, when the handler of the next removal returns, at what was written to these sockets and merged of them.
    fn watch(&self, removed: &[Writer]) -> Arc<OnceLock<AtReturn>> {
        let seen: Arc<OnceLock<AtReturn>> = Arc::default();
        let counters: Vec<_> = removed.iter().map(|writer| Arc::clone(&writer.written)).collect();
        let clients: Vec<_> = removed.iter().map(|writer| (writer.document, writer.client)).collect();
        let (app, into) = (self.app.clone(), Arc::clone(&seen));
        *self.watch.lock().unwrap() = Some(Arc::new(move || {
            let written = counters.iter().map(|counter| counter.load(Ordering::SeqCst)).collect();
            let (app, clients, into) = (app.clone(), clients.clone(), Arc::clone(&into));
            Box::pin(async move {
                let clocks = clocks(&app, &clients).await;
                into.set(AtReturn { written, clocks }).ok().expect("there is one removal");
            })
        }));
        seen
    }

    /// How long the call took, seen from the caller. All the while everybody writes.
    async fn remove_ben(&self) -> Duration {
        let path = format!("/api/v1/groups/{}/members/{}", self.group, self.ben);
        let mut caller = TcpStream::connect(self.address).await.unwrap();
        let began = Instant::now();
        assert_eq!(call(&mut caller, "DELETE", &path, &self.ilse, "").await, 204);
        let took = began.elapsed();
        self.watch.lock().unwrap().take();
        took
    }

    async fn bring_ben_back(&self) {
        let path = format!("/api/v1/groups/{}/members", self.group);
        let mut caller = TcpStream::connect(self.address).await.unwrap();
        let body = r#"{"email": "ben@ngo.example", "role": "drafter"}"#;
        assert_eq!(call(&mut caller, "POST", &path, &self.ilse, body).await, 201);
    }

    async fn clocks(&self, writers: &[Writer]) -> Vec<u32> {
        let clients: Vec<_> = writers.iter().map(|writer| (writer.document, writer.client)).collect();
        clocks(&self.app, &clients).await
    }
}

/// How much the rooms have merged of each client.
async fn clocks(app: &App, clients: &[(DocumentId, u64)]) -> Vec<u32> {
    let mut states: HashMap<DocumentId, StateVector> = HashMap::new();
    for (document, _) in clients {
        if !states.contains_key(document) {
            let state = app.rooms.state(*document, None).await.unwrap();
            states.insert(*document, Update::decode_v1(&state).unwrap().state_vector());
        }
    }
    clients.iter().map(|(document, client)| states[document].get(&ClientID::new(*client))).collect()
}

/// One socket and who writes through it.
struct Writer {
    place: Place,
    document: DocumentId,
    client: u64,
    doc: Doc,
    speaker: Speaker,
    listener: Listener,
    /// Letters sent, or tried to.
    typed: u32,
    /// What the server has written to it.
    written: Arc<AtomicU64>,
    /// How the server ended it, and what we made it answer afterwards.
    last_words: Vec<usize>,
}

/// Somebody who is not removed and writes all the time.
struct Other {
    sent: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Drop for Other {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Writer {
    async fn write(&mut self) -> io::Result<()> {
        let body = self.doc.get_or_insert_text("body");
        let before = self.doc.transact().state_vector();
        body.push(&mut self.doc.transact_mut(), "x");
        self.typed += 1;
        let update = self.doc.transact().encode_diff_v1(&before);
        self.speaker.try_send(self.place.frame(&update.into())).await
    }

    fn keep_writing(mut self, every: Duration) -> Other {
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let task = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(every);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        self.write().await.unwrap();
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                    heard = self.listener.hear() => {
                        if let Heard::Closed(end) = heard {
                            panic!("{end:?}");
                        }
                    }
                }
            }
        });
        Other { sent, task }
    }

    /// Writes fast until the server ends it, and some more, as a client does that has not read that yet. Checks how it
    /// was ended, and that nothing was said after that.
    async fn write_past_the_end(mut self) -> Self {
        let close = Message::Close(Some(CloseReason::Removed.text().to_owned()));
        let mut ticks = tokio::time::interval(BEN_WRITES_EVERY);
        let ending = async {
            loop {
                tokio::select! {
                    _ = ticks.tick() => {
                        // It may have been ended, and says so below.
                        let _ = self.write().await;
                    }
                    heard = self.listener.hear() => match heard {
                        Heard::Closed(end) => return end,
                        Heard::Frame(frame) if self.place.dialect == Dialect::Hocuspocus => {
                            if decode_hocuspocus(frame).unwrap().message == close {
                                return None;
                            }
                        }
                        Heard::Frame(_) => {}
                    },
                }
            }
        };
        let end = soon("the end", ending).await;
        match self.place.dialect {
            Dialect::YWebsocket => {
                let removed = CloseReason::Removed;
                assert_eq!(end, Some((removed.code(), removed.text().to_owned())));
                self.last_words = vec![2 + removed.text().len()];
                for _ in 0..LATE_FRAMES {
                    // Its own side may have closed, too.
                    let _ = self.write().await;
                }
            }
            Dialect::Hocuspocus => {
                assert_eq!(end, None, "the socket stays");
                self.last_words = vec![close.encode(&address_prefix(&self.place.document)).len()];
                for _ in 0..LATE_FRAMES {
                    self.write().await.unwrap();
                }
                // What was sent before it has been read once this is answered.
                self.speaker.try_send(Message::Ping.encode(&[])).await.unwrap();
                let Heard::Frame(after) = soon("the pong", self.listener.hear()).await else {
                    panic!("the socket stays");
                };
                assert_eq!(decode_hocuspocus(after).unwrap().message, Message::Pong, "after CLOSE");
                self.last_words.push(Message::Pong.encode(&[]).len());
            }
        }
        self
    }

    /// The most that may be written to it: its last words, each with the header of a small WebSocket frame.
    fn last_words_bytes(&self) -> u64 {
        self.last_words.iter().map(|bytes| (2 + bytes) as u64).sum()
    }
}

/// A text of one's own, whose words are brought into the common one.
fn doc(client: u64) -> Doc {
    let options = yrs::Options {
        offset_kind: OffsetKind::Utf16,
        ..yrs::Options::with_client_id(ClientID::new(client))
    };
    let doc = Doc::with_options(options);
    doc.get_or_insert_text("body");
    doc
}

async fn member(app: &App, group: GroupId, name: &str, role: Role) -> (UserId, String) {
    let email = format!("{name}@ngo.example");
    let new = NewUser { email, name: name.parse().unwrap(), password: None, administrator: false };
    let user = app.directory.create_user(new).await.unwrap().id;
    let add = app.directory.change_members(Actor::SERVER, group, |members, now| members.add(user, role, now));
    add.await.unwrap();
    let (token, _) = app.directory.create_token(user, Span(Duration::from_secs(3_600))).await.unwrap();
    (user, token)
}

async fn document(app: &App, group: GroupId) -> DocumentId {
    let documents = Documents { body: uuid::Uuid::now_v7().into(), comments: uuid::Uuid::now_v7().into() };
    for document in [documents.body, documents.comments] {
        let update = Bytes::from_static(&[0, 0]);
        let record =
            plenary_storage::NewRecord { user: UserId::SERVER, at_ms: 1, update, relayed: Vec::new() };
        app.log.append(document, vec![record]).await.unwrap();
    }
    let title = "Joint submission".parse().unwrap();
    let (kind, schema) = (StatementKind::default(), Schema::default());
    let new = NewStatement { group, title, kind, schema, documents };
    app.directory.create_statement(Actor::SERVER, new).await.unwrap();
    documents.body
}

/// One request on a connection of its own; its status.
async fn call(caller: &mut TcpStream, method: &str, path: &str, token: &str, body: &str) -> u16 {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    soon("an answer", async {
        caller.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        caller.read_exact(&mut answer).await.unwrap();
        std::str::from_utf8(&answer[9..]).unwrap().parse().unwrap()
    })
    .await
}

/// What the server has written to each socket, by the address of the other end.
type Counters = Arc<Mutex<HashMap<SocketAddr, Arc<AtomicU64>>>>;

/// The whole server on a free port, its writes counted and its removals watched.
async fn serve(app: &App, watch: Arc<Mutex<Option<Watch>>>) -> (SocketAddr, Counters) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let counters = Counters::default();
    let counting = Counting { listener, counters: Arc::clone(&counters) };
    let watched = move |request: Request, next: Next| {
        let watch = watch.lock().unwrap().clone().filter(|_| request.method() == Method::DELETE);
        async move {
            let response: Response = next.run(request).await;
            if let Some(watch) = watch {
                watch().await;
            }
            response
        }
    };
    let router: Router = routes::router(app.clone(), Arc::new(NoAssets)).layer(middleware::from_fn(watched));
    tokio::spawn(async move { axum::serve(counting, router).await });
    (address, counters)
}

struct Counting {
    listener: TcpListener,
    counters: Counters,
}

impl Accepting for Counting {
    type Io = Counted;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Counted, SocketAddr) {
        let (socket, peer) = self.listener.accept().await.expect("there are descriptors left");
        socket.set_nodelay(true).unwrap();
        let written = Arc::new(AtomicU64::new(0));
        self.counters.lock().unwrap().insert(peer, Arc::clone(&written));
        (Counted { socket, written }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The server's end of a socket.
struct Counted {
    socket: TcpStream,
    written: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context,
        into: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(context, into)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(context, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.written.fetch_add(*written as u64, Ordering::SeqCst);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

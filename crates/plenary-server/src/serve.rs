//! Listening: connections in, requests to the router, and an orderly end.

use std::{
    fs,
    future::{Future, ready},
    io::{self, IoSlice},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream, UnixListener},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{Instant, Sleep, sleep, timeout, timeout_at},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::ServiceExt;

use crate::{
    App,
    health::Fitness,
    limits, metrics,
    routes::{self, Assets, Peer},
    tls::Tls,
    websocket::Progress,
};

/// How long a client may take to send a request's head, and an idle connection to begin the next one.
const HEAD_WITHIN: Duration = Duration::from_secs(30);
/// How long a client may take to agree on TLS.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long a peer may leave what is written to it where it is.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);
/// The longest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;
/// How long to wait when the system has no more file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(200);
/// How often ended sign-ins are removed.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// How often it is forgotten which tokens of embedding sites were used: they last for minutes.
const SWEEP_EMBED_TOKENS_EVERY: Duration = Duration::from_secs(300);
/// How often the sessions behind open sockets are looked at.
const LOOK_AT_SESSIONS_EVERY: Duration = Duration::from_secs(60);
/// How often it is looked how much memory the process has.
const LOOK_AT_MEMORY_EVERY: Duration = Duration::from_secs(1);
/// How often the figures are put in order when nobody fetches them.
const UPKEEP_EVERY: Duration = Duration::from_secs(10);

/// Where requests come from.
#[derive(Debug)]
pub struct Listeners {
    /// Browsers and programs.
    pub tcp: TcpListener,
    /// What TCP is to be spoken through.
    pub tls: Option<Arc<Tls>>,
    /// The `plenary` command on this machine.
    pub operator: Option<OperatorListener>,
}

/// The socket for whoever owns the data directory.
#[derive(Debug)]
pub struct OperatorListener {
    listener: UnixListener,
    owner_uid: u32,
}

impl OperatorListener {
    /// Listens at `path`, in the place of a socket that an earlier process left behind. Hold the store before you
    /// call this: then no other server can be listening there.
    ///
    /// The file's mode is 0600, and whoever connects must be its owner or root: the mode is set a moment after the
    /// socket is made.
    pub fn bind(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, owner_uid: fs::metadata(path)?.uid() })
    }
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As asked; all that was accepted is durable.
    Drained,
    /// As asked, but not everything was finished in time. What was acknowledged is durable all the same.
    Cut,
    /// The store failed.
    StoreFailed,
}

/// Serves until `asked_to_end` is done or the store has failed.
///
/// Then nothing new is begun, sockets are closed with the code for a restart, what is under way is finished within
/// `drain`. After a failure of the store readers are served for `failed_store_grace` more.
pub async fn serve(
    app: App,
    assets: Arc<dyn Assets>,
    listeners: Listeners,
    asked_to_end: impl Future<Output = ()>,
) -> Ending {
    metrics::handle();
    let chores = tokio::spawn(chores(app.clone()));
    // Each connection holds a receiver: a change asks it to end, and once all are gone none is open.
    let open = watch::Sender::new(());
    let ending = {
        let router = routes::router(app.clone(), assets);
        let tcp = accept_tcp(listeners.tcp, listeners.tls, router, &app, &open);
        let operator = accept_operator(listeners.operator, routes::operator_router(app.clone()), &open);
        let (mut tcp, mut operator) = (pin!(tcp), pin!(operator));
        tokio::select! {
            () = &mut tcp => unreachable!("accepting never ends"),
            () = &mut operator => unreachable!("accepting never ends"),
            () = asked_to_end => Ending::Drained,
            () = store_failed(&app) => {
                // Readers go on for a while: they may be copying what they need.
                let grace = sleep(app.config.failed_store_grace.0);
                tokio::select! {
                    () = &mut tcp => unreachable!("accepting never ends"),
                    () = &mut operator => unreachable!("accepting never ends"),
                    () = grace => Ending::StoreFailed,
                }
            }
        }
        // The listeners are dropped here: whoever comes now is refused and comes back.
    };
    chores.abort();
    if ending == Ending::StoreFailed {
        return ending;
    }
    app.health.drain();
    tracing::info!("draining");
    let by = Instant::now() + app.config.drain.0;
    let rooms_ended = app.rooms.shutdown(app.config.drain.0).await;
    let sockets_closed = app.connections.closed(by.saturating_duration_since(Instant::now())).await;
    let requests_done = timeout_at(by, async {
        open.send_replace(());
        open.closed().await;
    })
    .await
    .is_ok();
    if app.health.fitness() == Fitness::StoreFailed {
        return Ending::StoreFailed;
    }
    if rooms_ended && sockets_closed && requests_done {
        Ending::Drained
    } else {
        tracing::warn!(rooms_ended, sockets_closed, requests_done, "not everything ended in time");
        Ending::Cut
    }
}

async fn store_failed(app: &App) {
    let mut fitness = app.health.subscribe();
    // The sender lives in `app`.
    let _ = fitness.wait_for(|fitness| *fitness == Fitness::StoreFailed).await;
}

async fn chores(app: App) {
    let sweeping = async {
        loop {
            match app.directory.sweep_sign_ins().await {
                Ok(0) => {}
                Ok(count) => tracing::debug!(count, "ended sign-ins removed"),
                Err(error) => tracing::warn!(%error, "ended sign-ins not removed"),
            }
            sleep(SWEEP_EVERY).await;
        }
    };
    let forgetting = async {
        loop {
            sleep(SWEEP_EMBED_TOKENS_EVERY).await;
            if let Err(error) = app.directory.sweep_embed_tokens().await {
                tracing::warn!(%error, "used tokens of embedding sites not removed");
            }
        }
    };
    let upkeep = async {
        loop {
            sleep(UPKEEP_EVERY).await;
            metrics::handle().run_upkeep();
        }
    };
    let sessions = async {
        loop {
            sleep(LOOK_AT_SESSIONS_EVERY.min(app.config.session_idle.0 / 3)).await;
            app.look_after_sessions().await;
        }
    };
    let memory = async {
        while let Some(used_bytes) = limits::resident_bytes() {
            app.limits.note_memory(used_bytes);
            sleep(LOOK_AT_MEMORY_EVERY).await;
        }
    };
    tokio::join!(sweeping, forgetting, upkeep, sessions, memory, app.rooms.look_after_idle_documents());
}

async fn accept_tcp(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    router: Router,
    app: &App,
    open: &watch::Sender<()>,
) {
    let places = Arc::new(Semaphore::new(app.config.connections_max));
    loop {
        // Beyond the limit they wait in the kernel's queue.
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, address)) => {
                // A trusted proxy brings everybody's.
                let is_proxy = app.config.is_trusted_proxy(address.ip());
                let connected = if is_proxy { None } else { app.limits.connect(address.ip()) };
                if !is_proxy && connected.is_none() {
                    continue;
                }
                // Small frames must not wait for the acknowledgement of the one before.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "connection gone before it began");
                    continue;
                }
                let progress = Progress::default();
                let held =
                    Held { stream, progress: progress.clone(), stalled: None, _place: (place, connected) };
                let from = (Peer::Address(address), progress);
                match &tls {
                    None => spawn_connection(ready(Some(held)), router.clone(), from, open),
                    Some(tls) => {
                        spawn_connection(agree(tls.acceptor(), held), router.clone(), from, open);
                    }
                }
            }
            Err(error) => accept_failed(&error).await,
        }
    }
}

/// Agrees on TLS. The bytes of a socket are counted below it, as they pass the network.
async fn agree(acceptor: TlsAcceptor, held: Held) -> Option<TlsStream<Held>> {
    let refused = match timeout(HANDSHAKE_WITHIN, acceptor.accept(held)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => error,
        Err(_) => io::ErrorKind::TimedOut.into(),
    };
    ::metrics::counter!("plenary_tls_refused_total").increment(1);
    tracing::debug!(error = %refused, "no agreement on TLS");
    None
}

/// A connection and its place among those that may be open. A socket that was upgraded keeps its place.
struct Held {
    stream: TcpStream,
    progress: Progress,
    /// Since the peer took the last byte there was for it: until when it may take none.
    stalled: Option<Pin<Box<Sleep>>>,
    _place: (OwnedSemaphorePermit, Option<limits::Connected>),
}

impl Held {
    /// Counts what was written. A peer that takes nothing for too long is given up, or it would keep its answer in
    /// memory, and its place, for as long as it likes.
    fn wrote(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.progress.wrote(&polled);
        if polled.is_ready() {
            self.stalled = None;
            return polled;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(TAKEN_WITHIN)));
        stalled.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Held {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let held = self.get_mut();
        if held.progress.is_beyond() {
            return Poll::Ready(Err(io::Error::other("more than may be sent without a credential")));
        }
        if held.progress.poll_may_read(cx).is_pending() {
            return Poll::Pending;
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut held.stream).poll_read(cx, buf);
        held.progress.read(buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Held {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let held = self.get_mut();
        let polled = Pin::new(&mut held.stream).poll_write(cx, buf);
        held.wrote(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let held = self.get_mut();
        let polled = Pin::new(&mut held.stream).poll_write_vectored(cx, bufs);
        held.wrote(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

async fn accept_operator(operator: Option<OperatorListener>, router: Router, open: &watch::Sender<()>) {
    let Some(OperatorListener { listener, owner_uid }) = operator else {
        return std::future::pending().await;
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => match stream.peer_cred() {
                Ok(peer) if peer.uid() == owner_uid || peer.uid() == 0 => {
                    let from = (Peer::Operator, Progress::default());
                    spawn_connection(ready(Some(stream)), router.clone(), from, open);
                }
                Ok(peer) => tracing::warn!(uid = peer.uid(), "somebody else tried the operator's socket"),
                Err(error) => tracing::debug!(%error, "connection gone before it began"),
            },
            Err(error) => accept_failed(&error).await,
        }
    }
}

async fn accept_failed(error: &io::Error) {
    // One that went away while it waited is no trouble; anything else is usually a lack of file descriptors.
    if error.kind() != io::ErrorKind::ConnectionAborted {
        tracing::warn!(%error, "no connection can be accepted");
        sleep(ACCEPT_AGAIN).await;
    }
}

/// Serves what `beginning` comes to, if it comes to anything.
fn spawn_connection<S>(
    beginning: impl Future<Output = Option<S>> + Send + 'static,
    router: Router,
    (peer, progress): (Peer, Progress),
    open: &watch::Sender<()>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(progress.clone());
        router.clone().oneshot(request)
    });
    let mut ending = open.subscribe();
    tokio::spawn(async move {
        let stream = tokio::select! {
            stream = beginning => stream,
            _ = ending.changed() => None,
        };
        let Some(stream) = stream else { return };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_WITHIN)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        let outcome = tokio::select! {
            outcome = &mut connection => outcome,
            _ = ending.changed() => {
                // The request under way is answered, no further one is read.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = outcome {
            tracing::debug!(%error, "connection broke off");
        }
    });
}

#[cfg(test)]
mod tests {
    use plenary_storage::memory::MemoryStore;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{clock::Clock, config::Config, routes::NoAssets};

    #[tokio::test]
    async fn an_address_has_so_many_connections_and_one_more_when_one_has_ended() {
        let store = Arc::new(MemoryStore::new());
        let config =
            Config { connections_per_address_max: 2, trusted_proxies: Vec::new(), ..Config::default() };
        let app = App::new(config, store.clone(), store, Clock::default());
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let listeners = Listeners { tcp, tls: None, operator: None };
        tokio::spawn(serve(app, Arc::new(NoAssets), listeners, std::future::pending()));
        // Whether a new connection is served; what is served stays open.
        let served = async || {
            let mut socket = TcpStream::connect(address).await.unwrap();
            let mut heard = [0; 12];
            // It may have been ended before anything is written to it.
            let _ = socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
            socket.read_exact(&mut heard).await.ok().map(|_| socket)
        };
        let within = async {
            let first = served().await.expect("one may");
            let _second = served().await.expect("two may");
            assert!(served().await.is_none(), "a third one is ended");
            drop(first);
            while served().await.is_none() {}
        };
        timeout(Duration::from_secs(10), within).await.expect("there is a place again");
    }

    #[tokio::test]
    async fn nothing_large_is_kept_for_somebody_without_a_credential() {
        let store = Arc::new(MemoryStore::new());
        let app = App::new(Config::default(), store.clone(), store, Clock::default());
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut socket = TcpStream::connect(tcp.local_addr().unwrap()).await.unwrap();
        let listeners = Listeners { tcp, tls: None, operator: None };
        tokio::spawn(serve(app, Arc::new(NoAssets), listeners, std::future::pending()));

        let mut sent =
            b"GET /sync HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
            sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                .to_vec();
        // A binary message of 10 MiB, masked with zeros, and only its beginning.
        sent.extend([0x82, 0xff]);
        sent.extend((10_u64 << 20).to_be_bytes());
        sent.resize(sent.len() + 4 + 128 * 1024, 0);
        socket.write_all(&sent).await.unwrap();

        let mut heard = Vec::new();
        let closed = async {
            while !heard.windows(9).any(|said| said == b"too-large") {
                assert_ne!(socket.read_buf(&mut heard).await.unwrap(), 0, "it ended without a reason");
            }
        };
        timeout(Duration::from_secs(30), closed).await.expect("the rest is not waited for");
    }
}

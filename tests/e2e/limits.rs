//! What one user, address or document may use: past each limit somebody is told so, nothing changes, and the others
//! go on.

use std::{net::SocketAddr, sync::Arc, time::Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use plenary_permissions::Role;
use plenary_protocol::{AuthMessage, CloseReason, Message, PlenaryMessage, RefusalCode, SyncMessage};
use plenary_server::{
    config::Config,
    limits::Shedding,
    metrics,
    routes::NoAssets,
    serve::{Ending, Listeners, serve},
};
use plenary_tests::{http::Connection, process::Plenary};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use yrs::{GetString, ReadTxn, StateVector, Text, Transact};

use crate::{
    peer::{Editor, Heard, Peer, Refused},
    stage::{Person, Stage, soon},
};

/// How often a limit has refused or slowed somebody in this process.
fn counted(what: &str, limit: &str) -> u64 {
    let name = format!("plenary_limit_{what}_total{{limit=\"{limit}\"}} ");
    let text = metrics::handle().render();
    text.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |count| count.parse().unwrap())
}

async fn until_counted(what: &str, limit: &str, before: u64) {
    soon(limit, async {
        while counted(what, limit) <= before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// All figures, as an operator reads them.
async fn figures(http: &mut Connection) -> String {
    String::from_utf8(http.ask("GET /metrics", &[], None).await.body).unwrap()
}

/// The server as it is run, over the same rooms: with what lies below HTTP.
struct Served {
    address: SocketAddr,
    end: oneshot::Sender<()>,
    ending: JoinHandle<Ending>,
}

impl Served {
    async fn of(stage: &Stage) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let (end, asked) = oneshot::channel();
        let listeners = Listeners { tcp, tls: None, operator: None };
        let app = stage.app.clone();
        let ending = tokio::spawn(async move {
            let asked = async move {
                let _ = asked.await;
            };
            serve(app, Arc::new(NoAssets), listeners, asked).await
        });
        Self { address, end, ending }
    }

    async fn y_websocket(&self, stage: &Stage, person: &Person) -> Result<Peer, Refused> {
        let path = format!("/sync/{}?token={}", stage.document, person.token);
        Peer::open(self.address, &path, None).await
    }

    /// A socket that has shown no credential, from an address that a proxy names.
    async fn from(&self, stage: &Stage, address: &str) -> Result<Peer, Refused> {
        let document = Some(stage.document.to_string());
        Peer::open_with(self.address, "/sync", document, &[("x-forwarded-for", address)]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_has_so_many_connections_and_another_user_as_many_again() {
    let stage = Stage::set_with(Config { connections_per_user_max: 2, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    metrics::handle();
    let before = counted("refused", "connections_per_user_max");
    let mut first = stage.hocuspocus_editor(&ana).await;
    let second = stage.editor(&ana).await;
    assert_eq!(stage.y_websocket(&ana).await.close_code().await, CloseReason::TooFast.code());
    let mut denied = stage.hocuspocus().await;
    denied.send_token(&ana.token).await;
    assert_eq!(denied.message().await, Message::Auth(AuthMessage::Denied("too-fast".into())));
    assert_eq!(counted("refused", "connections_per_user_max"), before + 2);
    first.type_text("goes on").await;
    first.until_acknowledged(1).await;
    stage.editor(&ben).await.until_text(|text| text == "goes on").await;
    // A place that was given back is another's.
    drop((second, denied));
    let mut again = soon("a place", async {
        loop {
            let mut peer = stage.y_websocket(&ana).await;
            // Whoever has no place is sent away instead of being answered.
            let _ = peer.try_send(&Message::Sync(SyncMessage::Step1(Bytes::from_static(&[0])))).await;
            if let Heard::Message(_) = peer.hear().await {
                break Editor::begin(peer).await;
            }
        }
    })
    .await;
    again.until_text(|text| text == "goes on").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_takes_so_many_and_whoever_comes_later_is_told_that_it_is_busy() {
    let stage = Stage::set_with(Config { connections_per_document_max: 2, ..Config::default() }).await;
    let people = [stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await];
    let eve = stage.person("eve", Role::Drafter).await;
    metrics::handle();
    let before = counted("refused", "connections_per_document_max");
    let mut ana = stage.hocuspocus_editor(&people[0]).await;
    let ben = stage.editor(&people[1]).await;

    // Not final for stock clients of either dialect.
    assert_eq!(stage.y_websocket(&eve).await.close_code().await, CloseReason::Busy.code());
    let mut alone = stage.hocuspocus().await;
    alone.send_token(&eve.token).await;
    assert_eq!(alone.close_code().await, CloseReason::Busy.code());
    // What else is on the socket stays.
    let other = stage.another_document().await;
    let mut peer = stage.hocuspocus().await;
    peer.speak_about(other);
    peer.authenticate(&eve.token).await;
    peer.speak_about(stage.document);
    peer.send_token(&eve.token).await;
    let busy = Message::Auth(AuthMessage::Denied("busy".into()));
    while peer.hear_addressed().await != (stage.document.to_string(), Heard::Message(busy.clone())) {}
    peer.speak_about(other);
    let mut elsewhere = Editor::begin(peer).await;
    elsewhere.type_text("elsewhere").await;
    elsewhere.until_acknowledged(1).await;
    assert_eq!(counted("refused", "connections_per_document_max"), before + 3);

    ana.type_text("goes on").await;
    ana.until_acknowledged(1).await;
    drop(ben);
    soon("a place", async {
        while stage.app.rooms.counts().participants > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stage.editor(&eve).await.until_text(|text| text == "goes on").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_carries_so_many_documents() {
    let stage = Stage::set_with(Config { documents_per_connection_max: 1, ..Config::default() }).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut editor = stage.hocuspocus_editor(&ana).await;
    editor.peer.speak_about(stage.another_document().await);
    editor.peer.send_token(&ana.token).await;
    editor.until(|message| *message == Message::Auth(AuthMessage::Denied("too-many-documents".into()))).await;
    editor.peer.speak_about(stage.document);
    editor.type_text("still here").await;
    editor.until_acknowledged(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_document_is_only_deleted_from_and_what_was_refused_stays_with_its_author() {
    let stage = Stage::set_with(Config { document_bytes_max: 20_000, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    metrics::handle();
    let before = counted("refused", "document_bytes_max");
    let warned = counted("warned", "document_bytes_max");
    let mut author = stage.hocuspocus_editor(&ana).await;
    author.type_text(&"a".repeat(19_000)).await;
    author.until_acknowledged(1).await;
    assert!(counted("warned", "document_bytes_max") > warned, "more than a tenth of it within an hour");
    let mut other = stage.editor(&ben).await;
    other.hello().await;

    other.type_text(&"b".repeat(2_000)).await;
    let is_full = |message: &Message| {
        matches!(message, Message::Plenary(PlenaryMessage::Refused { code: RefusalCode::TooLarge, .. }))
    };
    other.until(is_full).await;
    author.type_text(&"c".repeat(2_000)).await;
    author.until(|message| *message == Message::SyncStatus(false)).await;
    // A stock y-websocket client cannot be told otherwise.
    let mut stock = stage.editor(&ben).await;
    stock.type_text(&"d".repeat(2_000)).await;
    assert_eq!(stock.peer.close_code().await, CloseReason::TooLarge.code());
    assert_eq!(counted("refused", "document_bytes_max"), before + 3);
    assert_eq!(stage.text().await, "a".repeat(19_000));

    // Whoever was refused may delete, and is heard.
    let deletion: Bytes = {
        let body = other.doc.get_or_insert_text("body");
        let mut change = other.doc.transact_mut();
        let at = body.get_string(&change).find('a').unwrap();
        body.remove_range(&mut change, u32::try_from(at).unwrap(), 15_000);
        change.encode_update_v1().into()
    };
    other.peer.send(&Message::Sync(SyncMessage::Update(deletion))).await;
    author.until_text(|text| text.len() == 6_000).await;
    assert_eq!(stage.text().await, "a".repeat(4_000));

    // There is room: what they kept comes in. How large the document is now is looked at ten times a second.
    loop {
        let kept = author.doc.transact().encode_state_as_update_v1(&StateVector::default());
        author.peer.send(&Message::Sync(SyncMessage::Step2(kept.into()))).await;
        author.heard.clear();
        author.until(|message| matches!(message, Message::SyncStatus(_))).await;
        if author.heard.contains(&Message::SyncStatus(true)) {
            break;
        }
    }
    other.come_back(stage.y_websocket(&ben).await).await;
    let mut reader = stage.editor(&ana).await;
    reader.until_text(|text| text.len() == 8_000).await;
    let text = reader.text();
    assert_eq!((text.matches('b').count(), text.matches('c').count()), (2_000, 2_000));
}

/// A WebSocket of which the test writes each byte.
async fn bare_socket(served: &Served, stage: &Stage, person: &Person) -> TcpStream {
    let mut socket = TcpStream::connect(served.address).await.unwrap();
    let head = format!(
        "GET /sync/{}?token={} HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        stage.document, person.token
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !heard.windows(4).any(|end| end == b"\r\n\r\n") {
        assert_ne!(soon("an upgrade", socket.read_buf(&mut heard)).await.unwrap(), 0);
    }
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_large_messages_come_in_one_after_the_other_and_nobody_else_waits() {
    let stage = Stage::set_with(Config { user_inbound_bytes_max: 1, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    let served = Served::of(&stage).await;
    metrics::handle();
    let before = counted("slowed", "user_inbound_bytes_max");

    // The beginning of a message of 1 MiB, masked with zeros: it has the user's only place.
    let mut half = bare_socket(&served, &stage, &ana).await;
    let mut message = vec![0x82, 0xff];
    message.extend((1_u64 << 20).to_be_bytes());
    message.resize(message.len() + 4 + (1 << 20), 0);
    half.write_all(&message[..300_000]).await.unwrap();
    let mut http = Connection::open(served.address).await;
    soon("a large message on its way", async {
        while !figures(&mut http).await.contains("\nplenary_large_messages 1\n") {}
    })
    .await;

    let mut large = Editor::begin(served.y_websocket(&stage, &ana).await.unwrap()).await;
    large.type_text(&"large ".repeat(100_000)).await;
    until_counted("slowed", "user_inbound_bytes_max", before).await;
    // Small ones of theirs, and large ones of others, are read.
    let mut small = Editor::begin(served.y_websocket(&stage, &ana).await.unwrap()).await;
    small.type_text("small").await;
    let mut other = Editor::begin(served.y_websocket(&stage, &ben).await.unwrap()).await;
    other.type_text(&"other ".repeat(100_000)).await;
    let mut reader = stage.editor(&ben).await;
    reader.until_text(|text| text.contains("small") && text.contains("other")).await;
    assert!(!reader.text().contains("large"));

    // Once the first one is whole (and no message of ours), the next one's turn has come.
    half.write_all(&message[300_000..]).await.unwrap();
    reader.until_text(|text| text.contains("large")).await;
    assert_eq!(reader.text().len(), 1_200_005);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_takes_nothing_is_made_no_more_answers_and_others_are() {
    let stage = Stage::set_with(Config { user_outbound_bytes_max: 1_000_000, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    let served = Served::of(&stage).await;
    let mut author = stage.hocuspocus_editor(&ben).await;
    for _ in 0..16 {
        author.type_text(&"0123456789".repeat(60_000)).await;
        author.until_acknowledged(1).await;
    }

    // Two that ask for 9.6 MB and read none of it: more than the systems in between take.
    let mut stuck = Vec::new();
    for _ in 0..2 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let path = format!("/sync/{}?token={}", stage.document, ana.token);
        let mut editor = Editor::on(Peer::open_on(socket, stage.address, &path, None).await.unwrap());
        editor.ask().await;
        // It was answered: who comes next is told of this presence only after that.
        let entry = editor.announce("{}").await;
        author.until_present(&entry).await;
        stuck.push(editor);
    }
    let mut waits = Editor::on(stage.y_websocket(&ana).await);
    waits.ask().await;
    let asked = waits.announce("{}").await;
    author.until_present(&asked).await;
    let after = author.announce("{}").await;
    let heard = waits.until_present(&after).await;
    let is_answer = |message: &Message| matches!(message, Message::Sync(SyncMessage::Step2(_)));
    assert!(
        figures(&mut Connection::open(served.address).await).await.contains("\nplenary_users_behind 1\n")
    );
    assert!(!heard.iter().any(is_answer), "a third copy was made for somebody who has taken none of two");
    stage.editor(&ben).await.until_text(|text| text.len() == 9_600_000).await;

    drop(stuck);
    waits.until_text(|text| text.len() == 9_600_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_much_of_the_processor_is_read_less_and_loses_nothing() {
    let stage = Stage::set_with(Config { user_cpu_ms_per_second: 10, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    metrics::handle();
    let before = counted("slowed", "user_cpu_ms_per_second");
    let mut busy = stage.hocuspocus_editor(&ana).await;
    let mut other = stage.hocuspocus_editor(&ben).await;
    let _ = other.announce("{}").await;
    let mut sent = 0;
    while counted("slowed", "user_cpu_ms_per_second") == before {
        assert!(sent < 400_000, "nobody was slowed");
        // Each is a struct of its own between two others, and the gate and the document look at every one.
        let update = {
            let body = busy.doc.get_or_insert_text("body");
            let mut change = busy.doc.transact_mut();
            for _ in 0..1_000 {
                body.insert(&mut change, 0, "x");
            }
            change.encode_update_v1()
        };
        busy.peer.send(&Message::Sync(SyncMessage::Update(update.into()))).await;
        busy.until_acknowledged(1).await;
        sent += 1_000;
    }
    // Others are read as ever.
    let began = Instant::now();
    other.type_text("quick").await;
    other.until_acknowledged(1).await;
    assert!(began.elapsed().as_secs() < 5);
    busy.type_text("in the end").await;
    busy.until_acknowledged(1).await;
    assert_eq!(stage.text().await.len(), sent + "quickin the end".len());
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_sockets_of_an_address_wait_for_a_credential() {
    let stage = Stage::set_with(Config { waiting_per_address_max: 2, ..Config::default() }).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let served = Served::of(&stage).await;
    let before = counted("refused", "waiting_per_address_max");
    let mut one = served.from(&stage, "203.0.113.7").await.unwrap();
    let two = served.from(&stage, "203.0.113.7").await.unwrap();
    assert_eq!(served.from(&stage, "203.0.113.7").await.err(), Some(Refused(429)));
    assert_eq!(counted("refused", "waiting_per_address_max"), before + 1);
    // The 64 bits in front of an IPv6 address are one subscriber.
    let v6 = [served.from(&stage, "2001:db8:1:2::1").await, served.from(&stage, "2001:db8:1:2::2").await];
    assert!(v6.iter().all(Result::is_ok));
    assert_eq!(served.from(&stage, "2001:db8:1:2:ffff::3").await.err(), Some(Refused(429)));
    served.from(&stage, "2001:db8:1:3::1").await.unwrap();
    // What this machine's own programs do is nobody's address, and not counted.
    let own = join_all((0..5).map(|_| Peer::open(served.address, "/sync", Some("doc".into())))).await;
    assert!(own.iter().all(Result::is_ok));

    // Somebody who is recognised does not wait any more; a socket that has gone neither.
    one.authenticate(&ana.token).await;
    let three = served.from(&stage, "203.0.113.7").await.unwrap();
    drop(two);
    soon("a place", async { while served.from(&stage, "203.0.113.7").await.is_err() {} }).await;
    drop(three);
    let mut editor = Editor::begin(one).await;
    editor.type_text("unharmed").await;
    editor.until_acknowledged(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_handshakes_of_an_address_come_to_nothing_in_a_minute() {
    let stage = Stage::set_with(Config { handshakes_per_minute_max: 3, ..Config::default() }).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let served = Served::of(&stage).await;
    let knock = async |address: &str, token: &str| {
        let path = format!("/sync/{}?token={token}", stage.document);
        Peer::open_with(served.address, &path, None, &[("x-forwarded-for", address)]).await
    };
    // Those who are recognised use up nothing.
    for _ in 0..10 {
        Editor::begin(knock("203.0.113.7", &ana.token).await.unwrap()).await;
    }
    let before = counted("refused", "handshakes_per_minute_max");
    for _ in 0..3 {
        let mut peer = knock("203.0.113.7", "wrong").await.unwrap();
        assert_eq!(peer.close_code().await, CloseReason::BadToken.code());
    }
    assert_eq!(knock("203.0.113.7", "wrong").await.err(), Some(Refused(429)));
    assert_eq!(counted("refused", "handshakes_per_minute_max"), before + 1);
    Editor::begin(knock("203.0.113.8", &ana.token).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn as_memory_runs_short_strangers_go_first_then_newcomers_then_presence_and_writers_never() {
    let stage = Stage::set_with(Config { memory_max_bytes: 1_000, ..Config::default() }).await;
    let (ana, ben) = (stage.person("ana", Role::Drafter).await, stage.person("ben", Role::Drafter).await);
    metrics::handle();
    let before = counted("refused", "memory_max_bytes");
    let mut writer = stage.hocuspocus_editor(&ana).await;
    let mut reader = stage.editor(&ben).await;
    let document = stage.document.to_string();
    let good = format!("token={}", ben.token);

    stage.app.limits.note_memory(799);
    assert_eq!(stage.app.limits.shedding(), Shedding::Nothing);
    drop(stage.hocuspocus().await);

    stage.app.limits.note_memory(800);
    assert_eq!(stage.try_hocuspocus().await.err(), Some(Refused(503)));
    assert_eq!(stage.try_y_websocket(&document, "token=wrong").await.err(), Some(Refused(503)));
    Editor::begin(stage.try_y_websocket(&document, &good).await.unwrap()).await;

    stage.app.limits.note_memory(900);
    assert_eq!(stage.try_y_websocket(&document, &good).await.err(), Some(Refused(503)));
    writer.peer.speak_about(stage.another_document().await);
    writer.peer.send_token(&ana.token).await;
    writer.until(|message| *message == Message::Auth(AuthMessage::Denied("busy".into()))).await;
    writer.peer.speak_about(stage.document);
    let seen = writer.announce("{}").await;
    reader.until_present(&seen).await;

    stage.app.limits.note_memory(950);
    let unseen = writer.announce("{}").await;
    writer.type_text("acknowledged").await;
    writer.until_acknowledged(1).await;
    reader.until_text(|text| text == "acknowledged").await;
    let tells_it = |message: &Message| {
        matches!(message, Message::Awareness(update) if plenary_protocol::decode_awareness(update).unwrap()
            .iter().any(|entry| entry.clock >= unseen.clock && entry.client == unseen.client))
    };
    assert!(!reader.heard.iter().any(tells_it), "presence was let go");
    assert!(counted("refused", "memory_max_bytes") >= before + 5);

    stage.app.limits.note_memory(10);
    let seen = writer.announce("{}").await;
    reader.until_present(&seen).await;
    stage.editor(&ben).await.until_text(|text| text == "acknowledged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_too_little_memory_says_so_in_its_figures_and_takes_nobody_in() {
    let plenary = Plenary::prepare();
    let limits = [("PLENARY_MEMORY_MAX_BYTES", "1048576"), ("PLENARY_DOCUMENT_BYTES_MAX", "4096")];
    let server = plenary.serve_with(&[], &limits);
    let mut http = Connection::open(server.address).await;
    soon("its first look", async {
        loop {
            let figures = http.ask("GET /metrics", &[], None).await;
            let figures = String::from_utf8(figures.body).unwrap();
            if figures.lines().any(|line| line == "plenary_shedding 3") {
                assert!(figures.contains("plenary_limit{limit=\"memory_max_bytes\"} 1048576"), "{figures}");
                assert!(figures.contains("plenary_limit{limit=\"document_bytes_max\"} 4096"), "{figures}");
                return;
            }
        }
    })
    .await;
    assert_eq!(http.ask("GET /healthz", &[], None).await.status, 200);
    let refused = Peer::open(server.address, "/sync", None).await.err();
    assert_eq!(refused, Some(Refused(503)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_sends_its_clients_away_one_after_the_other() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let served = Served::of(&stage).await;
    let mut author = stage.hocuspocus_editor(&ana).await;
    let sockets = join_all((0..200).map(|_| served.y_websocket(&stage, &ana))).await;
    author.type_text("saved").await;
    author.until_acknowledged(1).await;
    let asked = Instant::now();
    served.end.send(()).unwrap();
    let ended = join_all(sockets.into_iter().map(|socket| async {
        let mut socket = socket.unwrap();
        assert_eq!(socket.close_code().await, CloseReason::Restart.code());
        Instant::now()
    }))
    .await;
    let (first, last) = (*ended.iter().min().unwrap() - asked, *ended.iter().max().unwrap() - asked);
    // Two milliseconds each. A busy machine makes the first late, and the last not early.
    assert!(
        last.as_millis() >= 390 && last - first >= last / 4,
        "the first after {first:?}, the last after {last:?}"
    );
    drop(author);
    assert_eq!(soon("the end", served.ending).await.unwrap(), Ending::Drained);
}

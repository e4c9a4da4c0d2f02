//! Guests by link on open sockets: what their link gives, and that it ends at once with whatever it rests on.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, serve::ListenerExt};
use plenary_permissions::Role;
use plenary_protocol::{AuthMessage, CloseReason, Message, Scope, SyncMessage};
use plenary_server::{
    App,
    clock::Clock,
    config::Span,
    directory::NewUser,
    routes::{self, NoAssets},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    peer::{Editor, Heard, Peer},
    stage::{Person, Stage, soon},
};

/// The whole server, and a group in which Ilse coordinates and Ana drafts.
struct Site {
    stage: Stage,
    address: SocketAddr,
    ilse: Person,
    ana: Person,
}

struct Answer {
    status: u16,
    cookie: Option<String>,
    json: Value,
}

struct Guest {
    cookie: String,
    user: String,
}

impl Site {
    async fn open() -> Self {
        Self::on(Stage::set().await).await
    }

    async fn on(stage: Stage) -> Self {
        let ilse = stage.person("ilse", Role::Coordinator).await;
        let ana = stage.person("ana", Role::Drafter).await;
        let address = serve(&stage.app).await;
        let site = Self { stage, address, ilse, ana };
        site.switch(json!({"switches": ["guests-draft", "drafters-make-guest-links"]})).await;
        site
    }

    async fn ask(&self, who: Option<&Person>, method: &str, path: &str, body: Value) -> Answer {
        let authorization =
            who.map_or(String::new(), |who| format!("Authorization: Bearer {}\r\n", who.token));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut answer = Vec::new();
        soon("an answer", async {
            let mut socket = TcpStream::connect(self.address).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            socket.read_to_end(&mut answer).await.unwrap();
        })
        .await;
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut cookies = head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            cookie: cookies.next().map(|cookie| cookie.split(';').next().unwrap().to_owned()),
            json: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    async fn ok(&self, who: Option<&Person>, method: &str, path: &str, body: Value) -> Answer {
        let answer = self.ask(who, method, path, body).await;
        assert!(answer.status < 300, "{method} {path}: {} {}", answer.status, answer.json);
        answer
    }

    fn links(&self) -> String {
        format!("/api/v1/statements/{}/guest-links", self.stage.statement)
    }

    async fn switch(&self, body: Value) {
        self.ok(Some(&self.ilse), "PATCH", &format!("/api/v1/groups/{}", self.stage.group), body).await;
    }

    /// A guest by a fresh link of that person's; the link's id, too.
    async fn guest(&self, by: &Person, role: &str, expires: &str) -> (String, Guest) {
        let body = json!({"role": role, "expires": expires});
        let made = self.ok(Some(by), "POST", &self.links(), body).await.json;
        let body = json!({"secret": made["secret"], "name": "Lena"});
        let came = self.ok(None, "POST", "/api/v1/guest-links/redeem", body).await;
        let user = came.json["user"]["id"].as_str().unwrap().to_owned();
        (made["id"].as_str().unwrap().to_owned(), Guest { cookie: came.cookie.unwrap(), user })
    }

    async fn socket(&self, guest: &Guest, path: &str, address: Option<String>) -> Peer {
        let origin = format!("http://{}", self.address);
        let headers = [("cookie", guest.cookie.as_str()), ("origin", origin.as_str())];
        Peer::open_with(self.address, path, address, &headers).await.unwrap()
    }

    /// The guest in the text, in both dialects.
    async fn editors(&self, guest: &Guest) -> (Editor, Editor) {
        let document = self.stage.document.to_string();
        let in_y = Editor::begin(self.socket(guest, &format!("/sync/{document}"), None).await).await;
        let mut peer = self.socket(guest, "/sync", Some(document)).await;
        peer.authenticate("").await;
        (in_y, Editor::begin(peer).await)
    }

    async fn comments(&self) -> String {
        let path = format!("/api/v1/statements/{}", self.stage.statement);
        let statement = self.ok(Some(&self.ilse), "GET", &path, Value::Null).await.json;
        statement["documents"]["comments"].as_str().unwrap().to_owned()
    }
}

async fn serve(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router: Router = routes::router(app.clone(), Arc::new(NoAssets));
    let listener = listener.tap_io(|socket| socket.set_nodelay(true).unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn was_removed(in_y: &mut Editor, in_h: &mut Editor) {
    let (heard, closed) = in_y.peer.until_closed().await;
    assert_eq!((heard, closed), (vec![], Some((4403, "removed".into()))));
    assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Close(Some("removed".into()))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_guest_writes_is_theirs() {
    let site = Site::open().await;
    let (_, lena) = site.guest(&site.ana, "commenter", "1h").await;
    let comments = site.comments().await;
    let mut peer = site.socket(&lena, "/sync", Some(site.stage.document.to_string())).await;
    assert_eq!(peer.authenticate("").await, Scope::ReadOnly);
    peer.speak_about(&comments);
    assert_eq!(peer.authenticate("").await, Scope::ReadWrite);
    let mut editor = Editor::begin(peer).await;
    editor.type_text("A comment").await;
    editor.until_acknowledged(1).await;
    let stored = site.stage.app.log.load(comments.parse().unwrap()).await.unwrap();
    let author = stored.tail.last().unwrap().user;
    assert_eq!(author.to_string(), lena.user);
    let guest = site.stage.app.directory.guest(author).await.unwrap().expect("a guest");
    assert_eq!(guest.name.as_str(), "Lena");

    // Whatever their client says they are.
    let ilse = site.ilse.token.clone();
    let mut hears = site.stage.hocuspocus().await;
    hears.speak_about(&comments);
    hears.authenticate(&ilse).await;
    let mut hears = Editor::begin(hears).await;
    let entry = editor.announce(r#"{"user":{"name":"ilse"}}"#).await;
    hears.until_present(&entry).await;
    let heard = hears.heard.iter().map(|message| format!("{message:?}")).collect::<String>();
    assert!(heard.contains("Lena (guest)") && !heard.contains("ilse"), "{heard}");

    // Another statement of the same group is nothing to them.
    let other = site.stage.another_document().await;
    editor.peer.speak_about(other);
    editor.peer.send_token("").await;
    assert_eq!(editor.peer.message().await, Message::Auth(AuthMessage::Denied("not-found".into())));
    let mut peer = site.socket(&lena, &format!("/sync/{other}"), None).await;
    assert_eq!(peer.close_code().await, CloseReason::NotFound.code());
}

/// Everything that a link rests on, each taken away while its guest writes.
#[tokio::test(flavor = "multi_thread")]
async fn once_what_a_link_rests_on_is_gone_nothing_is_accepted_from_its_guests() {
    for what in ["revoked", "removed", "demoted", "switched off", "archived", "account closed"] {
        let site = Site::open().await;
        let ana_place = format!("/api/v1/groups/{}/members/{}", site.stage.group, site.ana.user);
        let (link, lena) = site.guest(&site.ana, "drafter", "1h").await;
        let (_, other) = site.guest(&site.ilse, "drafter", "1h").await;
        let (mut in_y, mut in_h) = site.editors(&lena).await;
        let (mut stays, mut hears) = site.editors(&other).await;
        in_h.type_text("in time").await;
        in_h.until_acknowledged(1).await;
        in_y.until_text(|text| text == "in time").await;
        stays.until_text(|text| text == "in time").await;
        let ilse = Some(&site.ilse);
        match what {
            "revoked" => {
                site.ok(Some(&site.ana), "DELETE", &format!("{}/{link}", site.links()), Value::Null).await;
            }
            "removed" => drop(site.ok(ilse, "DELETE", &ana_place, Value::Null).await),
            "demoted" => drop(site.ok(ilse, "PATCH", &ana_place, json!({"role": "commenter"})).await),
            "switched off" => site.switch(json!({"switches": ["guests-draft"]})).await,
            "archived" => site.switch(json!({"status": "archived"})).await,
            _ => {
                let admin = admin(&site).await;
                let path = format!("/api/v1/users/{}", site.ana.user);
                site.ok(Some(&admin), "PATCH", &path, json!({"closed": true})).await;
            }
        }
        let (to_y, to_h) = (late(&mut in_y), late(&mut in_h));
        let _ = in_y.peer.try_send(&to_y).await;
        in_h.peer.send(&to_h).await;
        was_removed(&mut in_y, &mut in_h).await;
        // Everything sent has been read once this is answered.
        in_h.peer.send_bytes(Message::Ping.encode(&[])).await;
        assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Pong), "{what}");
        assert_eq!(site.stage.text().await, "in time", "{what}");
        // They do not come back, and the other link's guest stays, but for an archive.
        let path = format!("/sync/{}", site.stage.document);
        let code = site.socket(&lena, &path, None).await.close_code().await;
        assert_eq!(code, CloseReason::BadToken.code(), "{what}");
        if what == "archived" {
            assert_eq!(stays.peer.close_code().await, CloseReason::Removed.code());
        } else {
            let entry = stays.announce("{}").await;
            hears.until_present(&entry).await;
        }
    }
}

fn late(editor: &mut Editor) -> Message {
    Message::Sync(SyncMessage::Update(editor.write("too late")))
}

async fn admin(site: &Site) -> Person {
    let new = NewUser {
        email: "admin@ngo.example".into(),
        name: "Admin".parse().unwrap(),
        password: None,
        administrator: false,
    };
    let user = site.stage.app.directory.initialise(new).await.unwrap().id;
    let hour = Span(Duration::from_secs(3_600));
    let (token, _) = site.stage.app.directory.create_token(user, hour).await.unwrap();
    Person { user, token }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_runs_out_ends_what_rests_on_it() {
    let clock = Clock::standing_at(1_800_000_000_000);
    let site = Site::on(Stage::set_by(&clock).await).await;
    let (_, lena) = site.guest(&site.ana, "drafter", "1s").await;
    let (mut in_y, mut in_h) = site.editors(&lena).await;
    in_h.type_text("in time").await;
    in_h.until_acknowledged(1).await;
    clock.turn(Duration::from_secs(1));
    let ended = [CloseReason::Removed.code(), CloseReason::BadToken.code()];
    assert!(ended.contains(&in_y.peer.close_code().await));
    in_h.until(|message| matches!(message, Message::Close(_))).await;
    assert_eq!(site.stage.text().await, "in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_who_may_no_longer_draft_goes_on_reading() {
    let site = Site::open().await;
    let (_, lena) = site.guest(&site.ana, "drafter", "1h").await;
    let (_in_y, mut in_h) = site.editors(&lena).await;
    site.switch(json!({"switches": ["drafters-make-guest-links"]})).await;
    in_h.until(|message| *message == Message::Auth(AuthMessage::Granted(Scope::ReadOnly))).await;
    in_h.type_text("in vain").await;
    in_h.until(|message| *message == Message::SyncStatus(false)).await;
    assert_eq!(site.stage.text().await, "");
}

//! A sign-in that ends takes its sockets along, whichever way it ends, and no others.

use std::time::Duration;

use plenary_permissions::Role;
use plenary_protocol::{AuthMessage, CloseReason, Message, Scope};
use plenary_server::{
    auth::{SecretHash, cookie_name},
    clock::Clock,
    config::Config,
    directory::{SignIn, SignInBy},
};
use plenary_tests::http::{Answer, Connection};
use serde_json::{Value, json};

use crate::{
    peer::{Editor, Peer},
    stage::{Person, Stage, soon},
};

const PASSWORD: &str = "correct horse battery";

/// A browser somebody is signed in in.
struct Browser {
    cookie: String,
    origin: String,
    address: std::net::SocketAddr,
}

impl Browser {
    async fn sign_in(stage: &Stage, person: &Person) -> Self {
        let account = stage.app.directory.user(person.user).await.unwrap().unwrap();
        let how = SignIn::by(SignInBy::Password);
        let secret = stage.app.directory.open_session(&account, how).await.unwrap();
        Self::with(stage, &secret)
    }

    fn with(stage: &Stage, secret: &str) -> Self {
        let cookie = format!("{}={secret}", cookie_name(&stage.app.config));
        Self { cookie, origin: format!("http://{}", stage.address), address: stage.address }
    }

    fn headers(&self) -> [(&'static str, &str); 2] {
        [("cookie", &self.cookie), ("origin", &self.origin)]
    }

    async fn ask(&self, call: &str, body: Option<Value>) -> Answer {
        let mut connection = Connection::open(self.address).await;
        soon("an answer", connection.ask(call, &self.headers(), body.as_ref())).await
    }

    /// A socket in each dialect, joined and synced.
    async fn open(&self, stage: &Stage) -> (Editor, Editor) {
        let path = format!("/sync/{}", stage.document);
        let in_y = Peer::open_with(self.address, &path, None, &self.headers()).await.unwrap();
        let address = Some(stage.document.to_string());
        let mut in_h = Peer::open_with(self.address, "/sync", address, &self.headers()).await.unwrap();
        assert_eq!(in_h.authenticate("").await, Scope::ReadWrite);
        (Editor::begin(in_y).await, Editor::begin(in_h).await)
    }

    fn id(&self) -> String {
        SecretHash::of(self.cookie.split_once('=').unwrap().1).to_string()
    }

    /// Goes on as the answer's cookie says.
    fn renewed(&self, stage: &Stage, answer: &Answer) -> Self {
        let set = answer.header("set-cookie")[0];
        Self::with(stage, set.split(';').next().unwrap().split_once('=').unwrap().1)
    }
}

async fn set_password(stage: &Stage, person: &Person) {
    let operator = plenary_server::auth::Identity::operator();
    let day = "24h".parse().unwrap();
    let (secret, _) = stage.app.directory.create_reset(&operator, person.user, day).await.unwrap();
    stage.app.directory.reset_password(&secret, PASSWORD.into()).await.unwrap();
}

async fn expect_ended((mut in_y, mut in_h): (Editor, Editor)) {
    assert_eq!(in_y.peer.close_code().await, CloseReason::BadToken.code());
    in_h.until(|message| *message == Message::Close(Some("bad-token".into()))).await;
}

async fn expect_open((in_y, in_h): &mut (Editor, Editor), said: &str) {
    in_y.type_text(said).await;
    in_h.until_text(|text| text.contains(said)).await;
    in_h.type_text(said).await;
    in_h.until(|message| *message == Message::SyncStatus(true)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_end_a_sign_in_ends_its_sockets_and_no_others() {
    type Way = (&'static str, fn(&Browser) -> (String, Option<Value>), bool);
    let ways: [Way; 4] = [
        ("signing out", |_| ("DELETE /api/v1/session".into(), None), false),
        ("ending it", |ending| (format!("DELETE /api/v1/me/sessions/{}", ending.id()), None), true),
        ("ending all others", |_| ("DELETE /api/v1/me/sessions".into(), None), true),
        (
            "another password",
            |_| {
                (
                    "PUT /api/v1/me/password".into(),
                    Some(json!({"present": PASSWORD, "new": "battery staple horse"})),
                )
            },
            true,
        ),
    ];
    for (what, way, from_elsewhere) in ways {
        let stage = Stage::set().await;
        let ana = stage.person("ana", Role::Drafter).await;
        let ben = stage.person("ben", Role::Drafter).await;
        set_password(&stage, &ana).await;
        let (ending, other) = (Browser::sign_in(&stage, &ana).await, Browser::sign_in(&stage, &ana).await);
        let mut of_ben = Browser::sign_in(&stage, &ben).await.open(&stage).await;
        let sockets = ending.open(&stage).await;
        let mut others = other.open(&stage).await;

        let (call, body) = way(&ending);
        let caller = if from_elsewhere { &other } else { &ending };
        let answer = caller.ask(&call, body).await;
        assert_eq!(answer.status, 204, "{what}: {answer:?}");
        // Once it has answered nothing gets in any more.
        expect_ended(sockets).await;
        if what == "another password" {
            expect_ended(others).await;
            let mut renewed = other.renewed(&stage, &answer).open(&stage).await;
            expect_open(&mut renewed, "renewed").await;
        } else {
            expect_open(&mut others, "others").await;
        }
        expect_open(&mut of_ben, "ben's").await;
        let (mut late, _) = refused(&ending, &stage).await;
        assert_eq!(late.close_code().await, CloseReason::BadToken.code(), "{what}");
    }
}

/// Sockets of somebody who is not let in.
async fn refused(browser: &Browser, stage: &Stage) -> (Peer, Peer) {
    let path = format!("/sync/{}", stage.document);
    let in_y = Peer::open_with(browser.address, &path, None, &browser.headers()).await.unwrap();
    let address = Some(stage.document.to_string());
    let mut in_h = Peer::open_with(browser.address, "/sync", address, &browser.headers()).await.unwrap();
    in_h.send_token("").await;
    assert_eq!(in_h.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    (in_y, in_h)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_accepted_and_nothing_shown_once_a_sign_out_has_answered() {
    let stage = Stage::set().await;
    let ana = stage.person("ana", Role::Drafter).await;
    let ben = stage.person("ben", Role::Drafter).await;
    let browser = Browser::sign_in(&stage, &ana).await;
    let (mut in_y, mut in_h) = browser.open(&stage).await;
    let mut ben = stage.hocuspocus_editor(&ben).await;
    // Written, not yet durable: it is not shown before, and then it is too late.
    stage.store.hold();
    ben.type_text("secret").await;
    let entry = ben.announce("{}").await;
    in_y.until_present(&entry).await;
    in_h.until_present(&entry).await;
    assert_eq!(browser.ask("DELETE /api/v1/session", None).await.status, 204);
    let late = Message::Sync(plenary_protocol::SyncMessage::Update(in_y.write("too late")));
    let _ = in_y.peer.try_send_bytes(late.encode(&[])).await;
    in_h.peer.send(&late).await;
    stage.store.release();
    ben.until_acknowledged(1).await;
    assert_eq!(in_y.peer.until_closed().await, (vec![], Some((4401, "bad-token".into()))));
    assert_eq!(in_h.peer.message().await, Message::Close(Some("bad-token".into())));
    in_h.peer.send_bytes(Message::Ping.encode(&[])).await;
    assert_eq!(in_h.peer.message().await, Message::Pong);
    assert_eq!(stage.text().await, "secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_a_closed_account_and_new_rights_end_sockets_too() {
    for what in ["reset", "close", "administrator"] {
        let stage = Stage::set().await;
        let ana = stage.person("ana", Role::Drafter).await;
        let sockets = Browser::sign_in(&stage, &ana).await.open(&stage).await;
        let by_token = stage.editor(&ana).await;
        let operator = plenary_server::auth::Identity::operator();
        let directory = &stage.app.directory;
        let mut connection = Connection::open(stage.address).await;
        match what {
            "reset" => {
                let day = "24h".parse().unwrap();
                let (secret, _) = directory.create_reset(&operator, ana.user, day).await.unwrap();
                let body = json!({"secret": secret, "new": "battery staple horse"});
                let answer = connection.ask("POST /api/v1/password-reset", &[], Some(&body)).await;
                assert_eq!(answer.status, 204);
            }
            change => {
                let root = stage.stranger("root").await;
                directory.change_account(&operator, root.user, None, Some(true)).await.unwrap();
                let hour = "1h".parse().unwrap();
                let (token, _) = directory.create_token(root.user, hour).await.unwrap();
                let bearer = format!("Bearer {token}");
                let body =
                    if change == "close" { json!({"closed": true}) } else { json!({"administrator": true}) };
                let call = format!("PATCH /api/v1/users/{}", ana.user);
                let answer = connection.ask(&call, &[("authorization", &bearer)], Some(&body)).await;
                assert_eq!(answer.status, 200);
            }
        }
        expect_ended(sockets).await;
        let mut by_token = by_token;
        assert_eq!(by_token.peer.close_code().await, CloseReason::BadToken.code(), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_merely_open_is_signed_out_when_its_time_is_up_and_a_writer_is_not() {
    let clock = Clock::standing_at(1_800_000_000_000);
    let stage = Stage::set_by(&clock).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let (idle, writing) = (Browser::sign_in(&stage, &ana).await, Browser::sign_in(&stage, &ana).await);
    let merely_open = idle.open(&stage).await;
    let mut in_use = writing.open(&stage).await;
    // What is sent at the beginning is use; so is what is typed now and then.
    for turn in 0..3 {
        clock.turn(Duration::from_secs(4 * 3600 - 60));
        expect_open(&mut in_use, &format!("{turn}, ")).await;
        stage.app.look_after_sessions().await;
    }
    expect_open(&mut in_use, "still here").await;
    clock.turn(Duration::from_secs(180));
    stage.app.look_after_sessions().await;
    expect_ended(merely_open).await;
    expect_open(&mut in_use, "and here").await;
    assert_eq!(writing.ask("GET /api/v1/me", None).await.status, 200);
    assert_eq!(idle.ask("GET /api/v1/me", None).await.status, 401);

    // However busy: a week is a week.
    for turn in 0..16 {
        clock.turn(Duration::from_secs(10 * 3600));
        if turn < 15 {
            expect_open(&mut in_use, &format!("{turn}; ")).await;
        }
        stage.app.look_after_sessions().await;
    }
    expect_ended(in_use).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_owes_a_second_factor_has_no_sockets() {
    let rule = plenary_server::config::SecondFactorRule::Coordinators;
    let config = Config { require_second_factor: rule, ..Config::default() };
    let stage = Stage::set_with(config).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let browser = Browser::sign_in(&stage, &ana).await;
    let sockets = browser.open(&stage).await;
    stage.set_role(&ana, Role::Coordinator).await;
    expect_ended(sockets).await;
    let (mut in_y, _) = refused(&browser, &stage).await;
    assert_eq!(in_y.close_code().await, CloseReason::BadToken.code());
    let answer = browser.ask("POST /api/v1/tickets", Some(json!({"document": stage.document}))).await;
    assert_eq!((answer.status, &answer.json()["code"]), (403, &json!("second-factor-required")));
    let begun = browser.ask("POST /api/v1/me/second-factor", Some(json!({}))).await;
    let device = plenary_server::auth::TotpSecret::read(begun.json()["secret"].as_str().unwrap()).unwrap();
    let code = device.code_at(stage.app.clock.now_ms());
    let answer = browser.ask("POST /api/v1/me/second-factor/confirm", Some(json!({"code": code}))).await;
    assert_eq!(answer.status, 200);
    let mut sockets = browser.renewed(&stage, &answer).open(&stage).await;
    expect_open(&mut sockets, "in").await;
}

//! People for whom an embedding site vouches, on sockets: renewal, expiry, revoked keys, roles.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey, pkcs8::EncodePublicKey};
use plenary_ids::{EmbedKeyId, GroupId};
use plenary_permissions::{Role, Stage as StatementStage};
use plenary_protocol::{AuthMessage, CloseReason, Message, PlenaryMessage, Scope, SyncMessage};
use plenary_server::{
    auth::{GivenKey, Identity, PublicKey},
    clock::Clock,
    directory::{Actor, NewEmbedGrant, NewEmbedKey},
    rooms::Affected,
};
use serde_json::json;

use crate::{
    peer::{Editor, Heard, Peer},
    stage::Stage,
};

const AUDIENCE: &str = "http://localhost:4600";
const ORIGIN: &str = "https://pages.example.org";

/// A site with a registered key.
struct Host {
    issuer: String,
    kid: EmbedKeyId,
    pair: SigningKey,
    tokens: AtomicU64,
}

/// What the site says of somebody.
struct Word<'a> {
    subject: &'a str,
    role: &'a str,
    life_s: u64,
}

const ANA: Word<'static> = Word { subject: "ana", role: "drafter", life_s: 120 };

impl Host {
    /// Registered, and let into the group as far as drafters.
    async fn register(stage: &Stage, seed: u8) -> Self {
        let pair = SigningKey::from_bytes(&[seed; 32]);
        let issuer = format!("https://host{seed}.example.org");
        let pem = pair.verifying_key().to_public_key_pem(Default::default()).unwrap();
        let new = NewEmbedKey {
            issuer: issuer.clone(),
            origins: vec![ORIGIN.into()],
            role: Role::Drafter,
            public_key: PublicKey::read(&GivenKey::Pem(pem)).unwrap(),
            overlap: None,
        };
        let kid = stage.app.directory.create_embed_key(Actor::SERVER, new).await.unwrap().id;
        let host = Self { issuer, kid, pair, tokens: AtomicU64::new(0) };
        host.grant(stage, stage.group, Role::Drafter).await;
        host
    }

    async fn grant(&self, stage: &Stage, group: GroupId, role: Role) {
        let directory = &stage.app.directory;
        let operator = Identity::operator();
        let (_, standing) = directory.group(&operator, group).await.unwrap();
        let new = NewEmbedGrant { issuer: self.issuer.clone(), role, statements: None };
        directory.grant_embedding(&operator, &standing, group, new).await.unwrap();
        stage.app.rooms.access_changed(Affected::Embedded, directory).await;
    }

    async fn revoke(&self, stage: &Stage) {
        stage.app.directory.revoke_embed_key(Actor::SERVER, self.kid).await.unwrap();
        stage.app.rooms.access_changed(Affected::Embedded, &stage.app.directory).await;
    }

    /// A session for the stage's document.
    async fn session(&self, stage: &Stage, word: Word<'_>) -> String {
        let now = stage.app.clock.now_ms() / 1_000;
        let header = json!({"typ": "plenary-embed+jwt", "alg": "EdDSA", "kid": self.kid});
        let claims = json!({
            "iss": self.issuer, "aud": AUDIENCE, "sub": word.subject, "name": word.subject,
            "doc": stage.document, "role": word.role, "origin": ORIGIN,
            "jti": self.tokens.fetch_add(1, Ordering::Relaxed).to_string(),
            "iat": now, "nbf": now, "exp": now + word.life_s,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}", part(&header), part(&claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(unsigned.as_bytes()).to_bytes());
        let token = format!("{unsigned}.{signature}");
        let opened = stage.app.directory.open_embed_session(&token, AUDIENCE, Some(ORIGIN)).await;
        opened.unwrap().secret
    }
}

async fn socket(stage: &Stage, session: Option<&str>, origin: &str) -> Peer {
    let (path, address) = match session {
        Some(session) => (format!("/sync/{}?token={session}", stage.document), None),
        None => ("/sync".to_owned(), Some(stage.document.to_string())),
    };
    Peer::open_with(stage.address, &path, address, &[("origin", origin)]).await.unwrap()
}

async fn y_editor(stage: &Stage, session: &str) -> Editor {
    Editor::begin(socket(stage, Some(session), ORIGIN).await).await
}

async fn hocuspocus_editor(stage: &Stage, session: &str) -> Editor {
    let mut peer = socket(stage, None, ORIGIN).await;
    peer.authenticate(session).await;
    Editor::begin(peer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn once_a_key_is_revoked_nothing_is_accepted_of_those_it_let_in() {
    let stage = Stage::set().await;
    let (host, other) = (Host::register(&stage, 1).await, Host::register(&stage, 2).await);
    let mut stays = hocuspocus_editor(&stage, &other.session(&stage, ANA).await).await;
    let mut in_y = y_editor(&stage, &host.session(&stage, ANA).await).await;
    let session = host.session(&stage, ANA).await;
    let mut in_h = hocuspocus_editor(&stage, &session).await;
    // Written and not yet durable, so not yet shown: it never will be, to those.
    stage.store.hold();
    stays.type_text("secret").await;
    let entry = stays.announce("{}").await;
    in_y.until_present(&entry).await;
    in_h.until_present(&entry).await;

    host.revoke(&stage).await;
    let late = Message::Sync(SyncMessage::Update(in_y.write("too late")));
    let _ = in_y.peer.try_send(&late).await;
    in_h.peer.send(&late).await;
    stage.store.release();
    stays.until_acknowledged(1).await;
    assert_eq!(in_y.peer.until_closed().await, (vec![], Some((4401, "bad-token".into()))));
    assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Close(Some("bad-token".into()))));
    in_h.peer.send(&late).await;
    in_h.peer.send_bytes(Message::Ping.encode(&[])).await;
    assert_eq!(in_h.peer.hear().await, Heard::Message(Message::Pong));
    // Nor do they come back with what they have.
    in_h.peer.send_token(&session).await;
    assert_eq!(in_h.peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    stays.type_text(" words").await;
    stays.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "secret words");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_while_somebody_types_and_nothing_is_lost() {
    const LIFE: Word<'static> = Word { life_s: 2, ..ANA };
    const ASKED_AFTER: Duration = Duration::from_millis(LIFE.life_s * 1_000 * 3 / 4);
    let clock = Clock::standing_at(1_800_000_000_000);
    let stage = Stage::set_by(&clock).await;
    let host = Host::register(&stage, 1).await;
    let mut in_h = hocuspocus_editor(&stage, &host.session(&stage, LIFE).await).await;
    let mut in_y = y_editor(&stage, &host.session(&stage, Word { subject: "ben", ..LIFE }).await).await;
    let began = tokio::time::Instant::now();
    let mut strokes = tokio::time::interval(Duration::from_millis(25));
    let (mut keys, mut renewed) = (0, 0);
    // Longer than a session lasts; the server asks the one in good time, the other sends it of itself.
    while renewed < 3 {
        strokes.tick().await;
        in_h.type_text("h").await;
        in_y.type_text("y").await;
        keys += 1;
        let asked = in_h.until(|message| *message == Message::SyncStatus(true)).await;
        if asked.contains(&Message::Auth(AuthMessage::TokenRequest)) {
            in_h.peer.send_token(&host.session(&stage, LIFE).await).await;
            in_h.until(|message| *message == Message::Auth(AuthMessage::Granted(Scope::ReadWrite))).await;
            let token = host.session(&stage, Word { subject: "ben", ..LIFE }).await;
            in_y.peer.send(&Message::Plenary(PlenaryMessage::Token(token))).await;
            // What was written behind it has come in, so the token has, too.
            in_y.type_text("y").await;
            in_h.type_text("h").await;
            keys += 1;
            in_h.until_text(|text| text.matches('y').count() == keys).await;
            clock.turn(ASKED_AFTER);
            renewed += 1;
        }
    }
    assert!(began.elapsed() >= (ASKED_AFTER * 3).mul_f32(0.9), "{:?}", began.elapsed());
    in_h.until_text(|text| text.matches('y').count() == keys).await;
    in_y.until_text(|text| text.matches('h').count() == keys).await;
    assert_eq!(in_h.text(), in_y.text());
    assert_eq!(stage.text().await, in_h.text());
    assert!(keys > 10, "{keys}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_renewed_ends() {
    let clock = Clock::standing_at(1_800_000_000_000);
    let stage = Stage::set_by(&clock).await;
    let host = Host::register(&stage, 1).await;
    let word = || Word { life_s: 1, ..ANA };
    let mut in_y = y_editor(&stage, &host.session(&stage, word()).await).await;
    let mut in_h = hocuspocus_editor(&stage, &host.session(&stage, word()).await).await;
    clock.turn(Duration::from_secs(1));
    assert_eq!(in_y.peer.close_code().await, CloseReason::BadToken.code());
    let said = Message::Close(Some("bad-token".into()));
    in_h.until(|message| *message == said).await;
    // Renewed by somebody else's word it ends, too.
    let mut in_h = hocuspocus_editor(&stage, &host.session(&stage, ANA).await).await;
    let other = host.session(&stage, Word { subject: "ben", ..ANA }).await;
    in_h.peer.send_token(&other).await;
    in_h.until(|message| *message == said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_opens_sockets_of_its_own_pages_and_its_own_document_alone() {
    let stage = Stage::set().await;
    let host = Host::register(&stage, 1).await;
    let session = host.session(&stage, ANA).await;
    for origin in ["https://evil.example", "null", "https://pages.example.org.evil.example"] {
        let mut peer = socket(&stage, Some(&session), origin).await;
        assert_eq!(peer.until_closed().await, (vec![], Some((4401, "bad-token".into()))), "{origin}");
        let mut peer = socket(&stage, None, origin).await;
        peer.send_token(&session).await;
        assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())), "{origin}");
    }
    // A program names no page.
    let mut peer = stage.hocuspocus().await;
    peer.send_token(&session).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("bad-token".into())));
    let another = stage.another_document().await;
    let mut peer = socket(&stage, None, ORIGIN).await;
    peer.speak_about(another);
    peer.send_token(&session).await;
    assert_eq!(peer.message().await, Message::Auth(AuthMessage::Denied("not-found".into())));
    // A renewal from there is none either.
    let mut editor = hocuspocus_editor(&stage, &session).await;
    editor.type_text("hers").await;
    editor.until_acknowledged(1).await;
    assert_eq!(stage.text().await, "hers");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_site_may_give_changes_under_open_sockets() {
    let stage = Stage::set().await;
    let host = Host::register(&stage, 1).await;
    let ana = stage.person("ana", Role::Drafter).await;
    let mut ana = stage.hocuspocus_editor(&ana).await;
    let mut editor = hocuspocus_editor(&stage, &host.session(&stage, ANA).await).await;
    editor.type_text("one").await;
    editor.until_acknowledged(1).await;
    let granted = |scope| Message::Auth(AuthMessage::Granted(scope));

    // The group lets the site's people comment at most.
    host.grant(&stage, stage.group, Role::Commenter).await;
    editor.until(|message| *message == granted(Scope::ReadOnly)).await;
    editor.type_text(" forged").await;
    editor.until(|message| *message == Message::SyncStatus(false)).await;
    // Whatever the site says, it gives no more than that.
    let session = host.session(&stage, Word { role: "coordinator", ..ANA }).await;
    editor.peer.send_token(&session).await;
    editor.until(|message| *message == granted(Scope::ReadOnly)).await;
    ana.until_text(|text| text == "one").await;

    host.grant(&stage, stage.group, Role::Drafter).await;
    let mut editor = hocuspocus_editor(&stage, &host.session(&stage, ANA).await).await;
    editor.type_text(" two").await;
    editor.until_acknowledged(1).await;
    // The site says less of them in its next word.
    let session = host.session(&stage, Word { role: "observer", ..ANA }).await;
    editor.peer.send_token(&session).await;
    editor.until(|message| *message == granted(Scope::ReadOnly)).await;
    let session = host.session(&stage, ANA).await;
    editor.peer.send_token(&session).await;
    editor.until(|message| *message == granted(Scope::ReadWrite)).await;
    stage.move_to(StatementStage::Frozen).await;
    editor.until(|message| *message == granted(Scope::ReadOnly)).await;
    assert_eq!(stage.text().await, "one two");
}

//! People for whom an embedding site vouches: tokens, sessions, and what they may.

use axum::http::Method;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use plenary_server::{App, config::Config, directory::AuditAction};
use serde_json::{Value, json};

use crate::{
    host::{AUDIENCE, Host, ISSUER, ORIGIN, Pair, exchange, hmac_sha256, unsigned},
    site::{Answer, Site, Statement, Who, site, site_with},
};

/// A group that lets the site vouch for drafters, with one statement.
async fn embedding(pair: Pair) -> (Site, Host, String, Statement) {
    embedding_in(site(), pair).await
}

async fn embedding_in(site: Site, pair: Pair) -> (Site, Host, String, Statement) {
    let host = Host::register(&site, pair).await;
    let group = site.group("Valdoria").await;
    let statement = site.statement(&group, "Joint submission").await;
    Host::grant(&site, &Who::Operator, &group, "drafter").await.expect(201);
    (site, host, group, statement)
}

/// Asks with a session, as a page of `origin` does.
async fn ask(
    site: &Site,
    session: &str,
    method: &str,
    path: &str,
    body: Value,
    origin: Option<&str>,
) -> Answer {
    let headers = origin.map(|origin| ("origin", origin.to_owned())).into_iter().collect();
    site.ask_with(&Who::Token(session.to_owned()), method, path, body, headers).await
}

async fn state(site: &Site, session: &str, document: &str) -> Answer {
    ask(site, session, "GET", &format!("/api/v1/documents/{document}/state"), Value::Null, Some(ORIGIN)).await
}

#[tokio::test]
async fn a_token_opens_a_session_for_the_one_document_it_names() {
    for pair in [Pair::ed25519(7), Pair::p256(7)] {
        let (site, host, group, statement) = embedding(pair).await;
        let opened = host.exchange(&site, &host.claims(&site, &statement.body)).await.expect(201);
        assert_eq!((opened.text("/access"), opened.text("/stage")), ("write".into(), "draft".into()));
        assert_eq!(
            (opened.text("/user/name"), opened.text("/document")),
            ("Ana (intranet)".into(), statement.body.clone())
        );
        assert_eq!(opened.json()["expires_in_ms"], 120_000);
        assert!(!opened.headers.contains_key("set-cookie"));
        assert_eq!(opened.headers["access-control-allow-origin"], ORIGIN);
        let session = opened.text("/token");
        state(&site, &session, &statement.body).await.expect(200);
        assert_eq!(state(&site, &session, &statement.comments).await.problem(), (404, "not-found".into()));

        // From a page elsewhere, or from no page, it is worth nothing.
        let path = format!("/api/v1/documents/{}/state", statement.body);
        for origin in [None, Some("https://evil.example"), Some("null"), Some(AUDIENCE)] {
            let answer = ask(&site, &session, "GET", &path, Value::Null, origin).await;
            assert_eq!(answer.problem(), (401, "sign-in-needed".into()), "{origin:?}");
        }
        // It is nobody's account and nobody's membership.
        for path in [
            format!("/api/v1/groups/{group}"),
            format!("/api/v1/groups/{group}/members"),
            format!("/api/v1/groups/{group}/audit"),
        ] {
            assert_eq!(
                ask(&site, &session, "GET", &path, Value::Null, Some(ORIGIN)).await.problem().0,
                404,
                "{path}"
            );
        }
        let token = ask(&site, &session, "POST", "/api/v1/tokens", json!({}), Some(ORIGIN)).await;
        assert_eq!(token.problem().0, 401);
        let ticket = json!({"document": statement.body});
        ask(&site, &session, "POST", "/api/v1/tickets", ticket, Some(ORIGIN)).await.expect(201);
        let ticket = json!({"document": statement.comments});
        let answer = ask(&site, &session, "POST", "/api/v1/tickets", ticket, Some(ORIGIN)).await;
        assert_eq!(answer.problem().0, 404);

        site.turn(120);
        assert_eq!(state(&site, &session, &statement.body).await.problem(), (401, "sign-in-needed".into()));
    }
}

/// Each way in which a token can be wrong, with the answer to it.
#[tokio::test]
async fn every_wrong_token_is_refused_with_its_reason() {
    type Change = fn(&mut Value, &mut Value, u64);
    let changes: &[(&str, Change, (u16, &str))] = &[
        ("typ", |header, _, _| header["typ"] = json!("JWT"), (401, "embed-token-malformed")),
        (
            "no typ",
            |header, _, _| drop(header.as_object_mut().unwrap().remove("typ")),
            (401, "embed-token-malformed"),
        ),
        (
            "jku",
            |header, _, _| header["jku"] = json!("https://evil.example/keys"),
            (401, "embed-token-malformed"),
        ),
        (
            "jwk",
            |header, _, _| header["jwk"] = json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"}),
            (401, "embed-token-malformed"),
        ),
        (
            "x5u",
            |header, _, _| header["x5u"] = json!("https://evil.example/chain"),
            (401, "embed-token-malformed"),
        ),
        ("x5c", |header, _, _| header["x5c"] = json!(["MIIB"]), (401, "embed-token-malformed")),
        ("crit", |header, _, _| header["crit"] = json!(["exp"]), (401, "embed-token-malformed")),
        (
            "no kid",
            |header, _, _| drop(header.as_object_mut().unwrap().remove("kid")),
            (401, "embed-token-malformed"),
        ),
        (
            "kid of nobody",
            |header, _, _| header["kid"] = json!("0198c0de-0000-7000-8000-000000000001"),
            (401, "embed-key-unknown"),
        ),
        ("kid no id", |header, _, _| header["kid"] = json!("../../etc/passwd"), (401, "embed-key-unknown")),
        ("alg none", |header, _, _| header["alg"] = json!("none"), (401, "embed-algorithm")),
        ("alg NONE", |header, _, _| header["alg"] = json!("NONE"), (401, "embed-algorithm")),
        ("alg HS256", |header, _, _| header["alg"] = json!("HS256"), (401, "embed-algorithm")),
        ("alg RS256", |header, _, _| header["alg"] = json!("RS256"), (401, "embed-algorithm")),
        ("alg ES384", |header, _, _| header["alg"] = json!("ES384"), (401, "embed-algorithm")),
        ("iss", |_, claims, _| claims["iss"] = json!("https://intranet.example.com"), (401, "embed-issuer")),
        (
            "iss longer",
            |_, claims, _| claims["iss"] = json!("https://intranet.example.org/"),
            (401, "embed-issuer"),
        ),
        ("aud", |_, claims, _| claims["aud"] = json!("https://plenary.example.com"), (401, "embed-audience")),
        (
            "aud with slash",
            |_, claims, _| claims["aud"] = json!(format!("{AUDIENCE}/")),
            (401, "embed-audience"),
        ),
        (
            "aud list",
            |_, claims, _| claims["aud"] = json!([AUDIENCE, "https://other.example"]),
            (401, "embed-token-malformed"),
        ),
        (
            "origin",
            |_, claims, _| claims["origin"] = json!("https://other.example.org"),
            (403, "embed-origin"),
        ),
        ("origin true", |_, claims, _| claims["origin"] = json!(true), (401, "embed-token-malformed")),
        (
            "expired",
            |_, claims, now| {
                claims["iat"] = json!(now - 200);
                claims["nbf"] = json!(now - 200);
                claims["exp"] = json!(now - 30)
            },
            (401, "embed-expired"),
        ),
        (
            "far ahead",
            |_, claims, now| {
                claims["iat"] = json!(now + 31);
                claims["exp"] = json!(now + 120)
            },
            (401, "embed-not-yet"),
        ),
        ("nbf ahead", |_, claims, now| claims["nbf"] = json!(now + 31), (401, "embed-not-yet")),
        ("too long", |_, claims, now| claims["exp"] = json!(now + 301), (401, "embed-too-long")),
        ("for ever", |_, claims, _| claims["exp"] = json!(u64::MAX), (401, "embed-too-long")),
        ("ends before it begins", |_, claims, now| claims["exp"] = json!(now - 1), (401, "embed-too-long")),
        (
            "exp a text",
            |_, claims, now| claims["exp"] = json!((now + 60).to_string()),
            (401, "embed-token-malformed"),
        ),
        ("exp negative", |_, claims, _| claims["exp"] = json!(-1), (401, "embed-token-malformed")),
        (
            "no jti",
            |_, claims, _| drop(claims.as_object_mut().unwrap().remove("jti")),
            (401, "embed-token-malformed"),
        ),
        ("empty jti", |_, claims, _| claims["jti"] = json!(""), (401, "embed-token-malformed")),
        ("long jti", |_, claims, _| claims["jti"] = json!("a".repeat(129)), (401, "embed-token-malformed")),
        (
            "no nbf",
            |_, claims, _| drop(claims.as_object_mut().unwrap().remove("nbf")),
            (401, "embed-token-malformed"),
        ),
        ("empty sub", |_, claims, _| claims["sub"] = json!(""), (401, "embed-token-malformed")),
        ("long sub", |_, claims, _| claims["sub"] = json!("a".repeat(256)), (401, "embed-token-malformed")),
        (
            "name of two lines",
            |_, claims, _| claims["name"] = json!("Ana\nadmin"),
            (401, "embed-token-malformed"),
        ),
        (
            "name turned round",
            |_, claims, _| claims["name"] = json!("Ana\u{202e}"),
            (401, "embed-token-malformed"),
        ),
        ("role", |_, claims, _| claims["role"] = json!("owner"), (401, "embed-token-malformed")),
        ("doc", |_, claims, _| claims["doc"] = json!("body"), (401, "embed-token-malformed")),
        (
            "doc of nobody",
            |_, claims, _| claims["doc"] = json!("0198c0de-0000-7000-8000-000000000001"),
            (404, "not-found"),
        ),
    ];
    for pair in [Pair::ed25519(7), Pair::p256(7)] {
        let (site, host, _, statement) = embedding(pair).await;
        let now = site.app.clock.now_ms() / 1_000;
        for (what, change, (status, code)) in changes {
            let (mut header, mut claims) = (host.header(), host.claims(&site, &statement.body));
            change(&mut header, &mut claims, now);
            let answer = exchange(&site, &host.token(&header, &claims), Some(ORIGIN)).await;
            assert_eq!(answer.problem(), (*status, (*code).to_owned()), "{what}");
        }
        // At the edges it is taken.
        for (iat, exp) in [(now + 30, now + 330), (now - 269, now - 29), (now, now + 1)] {
            let mut claims = host.claims(&site, &statement.body);
            (claims["iat"], claims["nbf"], claims["exp"]) = (json!(iat), json!(iat), json!(exp));
            host.exchange(&site, &claims).await.expect(201);
        }
    }
}

#[tokio::test]
async fn what_only_looks_signed_is_refused() {
    let (site, host, _, statement) = embedding(Pair::ed25519(7)).await;
    let p256 = Host::register(&site, Pair::p256(7)).await;
    let claims = host.claims(&site, &statement.body);
    let refused = async |token: String, code: &str| {
        let answer = exchange(&site, &token, Some(ORIGIN)).await;
        assert_eq!(answer.problem(), (401, code.to_owned()), "{token}");
    };
    let with_algorithm = |algorithm: &str| {
        let mut header = host.header();
        header["alg"] = json!(algorithm);
        unsigned(&header, &claims)
    };
    for name in ["none", "None", ""] {
        refused(format!("{}.", with_algorithm(name)), "embed-algorithm").await;
    }
    // The public key taken for a shared secret, in each form somebody might take it.
    let message = with_algorithm("HS256");
    let Pair::Ed25519(pair) = &host.pair else { unreachable!() };
    for secret in [pair.verifying_key().to_bytes().to_vec(), host.pair.pem().into_bytes()] {
        let mac = URL_SAFE_NO_PAD.encode(hmac_sha256(&secret, message.as_bytes()));
        refused(format!("{message}.{mac}"), "embed-algorithm").await;
        // And with the right `alg`: the signature is checked, not believed.
        let message = unsigned(&host.header(), &claims);
        let mac = URL_SAFE_NO_PAD.encode(hmac_sha256(&secret, message.as_bytes()));
        refused(format!("{message}.{mac}"), "embed-signature").await;
    }
    // Another key's signature, in both directions, and one by a key that nobody registered.
    let message = unsigned(&host.header(), &claims);
    for pair in [&p256.pair, &Pair::ed25519(8), &Pair::p256(8)] {
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
        refused(format!("{message}.{signature}"), "embed-signature").await;
    }
    let mut header = host.header();
    header["kid"] = json!(p256.kid);
    refused(host.token(&header, &claims), "embed-algorithm").await;
    header["alg"] = json!("ES256");
    refused(host.token(&header, &claims), "embed-signature").await;

    // Claims exchanged under a good signature; a part missing; a part too many; no base64url; empty.
    let good = host.token(&host.header(), &claims);
    let parts: Vec<&str> = good.split('.').collect();
    let other = unsigned(&host.header(), &host.claims(&site, &statement.comments));
    refused(format!("{other}.{}", parts[2]), "embed-signature").await;
    refused(format!("{}.{}", parts[0], parts[1]), "embed-token-malformed").await;
    refused(format!("{good}.{}", parts[2]), "embed-token-malformed").await;
    refused(format!("{good}="), "embed-token-malformed").await;
    refused(format!("{}.{}.", parts[0], parts[1]), "embed-signature").await;
    for token in [String::new(), ".".into(), "..".into(), "a.b.c".into(), " ".into(), "ä.ä.ä".into()] {
        refused(token, "embed-token-malformed").await;
    }
    // A member said twice is read by nobody in two ways.
    let header = format!(r#"{{"typ":"plenary-embed+jwt","alg":"none","alg":"EdDSA","kid":"{}"}}"#, host.kid);
    let header = URL_SAFE_NO_PAD.encode(header);
    refused(format!("{header}.{}.{}", parts[1], parts[2]), "embed-token-malformed").await;
    let mut long = claims.clone();
    long["padding"] = json!("a".repeat(2_700));
    refused(host.token(&host.header(), &long), "embed-token-malformed").await;
    let body = json!({"token": "a".repeat(6_000)});
    assert_eq!(
        site.post(&Who::Nobody, "/api/v1/embed/session", body).await.problem(),
        (413, "too-large".into())
    );

    // After all that the good one is still good.
    exchange(&site, &good, Some(ORIGIN)).await.expect(201);
}

#[tokio::test]
async fn a_token_is_used_once_also_through_a_restart_and_a_new_key() {
    let (site, host, group, statement) = embedding(Pair::ed25519(7)).await;
    let claims = host.claims(&site, &statement.body);
    let token = host.token(&host.header(), &claims);
    exchange(&site, &token, Some(ORIGIN)).await.expect(201);
    assert_eq!(exchange(&site, &token, Some(ORIGIN)).await.problem(), (401, "embed-replayed".into()));
    // The same `jti` in another token, and signed with the site's other key.
    let mut other = host.claims(&site, &statement.body);
    (other["jti"], other["sub"]) = (claims["jti"].clone(), json!("ben"));
    assert_eq!(host.exchange(&site, &other).await.problem(), (401, "embed-replayed".into()));
    let second = Host::register(&site, Pair::p256(7)).await;
    assert_eq!(second.exchange(&site, &other).await.problem(), (401, "embed-replayed".into()));

    // The process ends; what was used stays used.
    let again = App::new(Config::default(), site.store.clone(), site.store.clone(), site.clock.clone());
    let refused = again.directory.open_embed_session(&token, AUDIENCE, Some(ORIGIN)).await.unwrap_err();
    assert_eq!(refused.code().name(), "embed-replayed");

    // Two at the same moment: one of them.
    let token = host.token(&host.header(), &host.claims(&site, &statement.body));
    let both = futures_util::future::join(
        exchange(&site, &token, Some(ORIGIN)),
        exchange(&site, &token, Some(ORIGIN)),
    );
    let (one, other) = both.await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401]);

    // Swept once it would have ended, and not before: until then it is remembered.
    site.turn(149);
    assert_eq!(site.app.directory.sweep_embed_tokens().await.unwrap(), 0);
    assert_eq!(exchange(&site, &token, Some(ORIGIN)).await.problem(), (401, "embed-replayed".into()));
    site.turn(1);
    assert_eq!(site.app.directory.sweep_embed_tokens().await.unwrap(), 2);
    assert_eq!(exchange(&site, &token, Some(ORIGIN)).await.problem(), (401, "embed-expired".into()));

    // A token that is refused has not been used.
    let mut claims = host.claims(&site, &statement.body);
    claims["aud"] = json!("https://other.example");
    host.exchange(&site, &claims).await.problem();
    claims["aud"] = json!(AUDIENCE);
    host.exchange(&site, &claims).await.expect(201);
    drop(group);
}

#[tokio::test]
async fn a_token_counts_from_the_page_that_it_names_alone() {
    let (site, host, _, statement) = embedding(Pair::ed25519(7)).await;
    for origin in [
        None,
        Some("https://evil.example"),
        Some("null"),
        Some(AUDIENCE),
        Some("https://pages.example.org:8443"),
        Some("http://pages.example.org"),
    ] {
        let token = host.token(&host.header(), &host.claims(&site, &statement.body));
        assert_eq!(
            exchange(&site, &token, origin).await.problem(),
            (403, "embed-origin".into()),
            "{origin:?}"
        );
    }
    // A page that the token names, but nobody registered.
    let mut claims = host.claims(&site, &statement.body);
    claims["origin"] = json!("https://evil.example");
    let token = host.token(&host.header(), &claims);
    let answer = exchange(&site, &token, Some("https://evil.example")).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
    assert_eq!(answer.problem(), (403, "embed-origin".into()));
}

#[tokio::test]
async fn behind_a_public_url_that_is_the_audience() {
    let own = "https://plenary.example.org";
    let config = Config { public_url: Some(own.into()), ..Config::default() };
    let (site, host, _, statement) = embedding_in(site_with(config), Pair::ed25519(7)).await;
    let mut claims = host.claims(&site, &statement.body);
    assert_eq!(host.exchange(&site, &claims).await.problem(), (401, "embed-audience".into()));
    claims["aud"] = json!(own);
    host.exchange(&site, &claims).await.expect(201);
}

/// What somebody gets is the least of key, grant and token, at every stage, and never a coordinator's.
#[tokio::test]
async fn nobody_rises_above_the_least_of_key_grant_and_token() {
    const ROLES: [&str; 3] = ["observer", "commenter", "drafter"];
    let site = site();
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let statement = site.statement(&group, "Joint submission").await;
    let rank = |role: &str| ROLES.iter().position(|one| *one == role).unwrap_or(2);
    for (n, of_key) in ROLES.into_iter().enumerate() {
        let pair = Pair::ed25519(10 + u8::try_from(n).unwrap());
        let issuer = format!("https://host{n}.example.org");
        let key = json!({"issuer": issuer, "origins": [ORIGIN], "role": of_key, "public_key": pair.pem()});
        let kid = site.post(&Who::Operator, "/api/v1/embed/keys", key).await.expect(201).text("/id");
        let host = Host { kid, pair };
        for of_grant in ROLES {
            let grant = json!({"issuer": issuer, "role": of_grant});
            site.post(&ilse, &format!("/api/v1/groups/{group}/embed-grants"), grant).await.expect(201);
            for of_token in ["observer", "commenter", "drafter", "coordinator"] {
                let least = rank(of_key).min(rank(of_grant)).min(rank(of_token));
                for (document, expected) in [
                    (&statement.body, [Some("read"), Some("read"), Some("write")]),
                    (&statement.comments, [None, Some("write"), Some("write")]),
                ] {
                    let mut claims = host.claims(&site, document);
                    (claims["iss"], claims["role"]) = (json!(issuer), json!(of_token));
                    let answer = host.exchange(&site, &claims).await;
                    let got = (answer.status == 201).then(|| answer.text("/access"));
                    assert_eq!(got.as_deref(), expected[least], "{of_key} {of_grant} {of_token}");
                }
            }
        }
    }
    // What a coordinator may is not for them, whatever the token says.
    let (site, host, group, statement) = embedding(Pair::ed25519(7)).await;
    let mut claims = host.claims(&site, &statement.body);
    claims["role"] = json!("coordinator");
    let session = host.exchange(&site, &claims).await.expect(201).text("/token");
    let path = format!("/api/v1/statements/{}/stage", statement.id);
    let answer = ask(&site, &session, "POST", &path, json!({"to": "frozen"}), Some(ORIGIN)).await;
    assert_eq!(answer.problem(), (403, "role".into()));
    let member = json!({"email": "ana@ngo.example", "role": "drafter"});
    let answer =
        ask(&site, &session, "POST", &format!("/api/v1/groups/{group}/members"), member, Some(ORIGIN)).await;
    assert_eq!(answer.problem(), (404, "not-found".into()));
    // Frozen, the text is read by a drafter as well.
    site.member(&group, "ilse", "coordinator").await;
    let ilse = site.token("ilse@ngo.example").await;
    site.post(&ilse, &path, json!({"to": "frozen"})).await.expect(200);
    let opened = host.exchange(&site, &host.claims(&site, &statement.body)).await.expect(201);
    assert_eq!((opened.text("/access"), opened.text("/stage")), ("read".into(), "frozen".into()));
}

#[tokio::test]
async fn a_person_of_a_site_is_always_the_same_and_nobody_else() {
    let (site, host, _, statement) = embedding(Pair::ed25519(7)).await;
    let second = Host::register(&site, Pair::p256(7)).await;
    let user = async |host: &Host, subject: &str| {
        let mut claims = host.claims(&site, &statement.body);
        claims["sub"] = json!(subject);
        host.exchange(&site, &claims).await.expect(201).text("/user/id")
    };
    let ana = user(&host, "ana").await;
    assert_eq!(ana, user(&host, "ana").await);
    assert_eq!(ana, user(&second, "ana").await, "whichever of the site's keys");
    assert_ne!(ana, user(&host, "Ana").await);
    // An account's id as `sub` is no way into that account.
    let local = site.person("ben").await;
    let local = site.get(&local, "/api/v1/me").await.text("/user/id");
    let claimed = user(&host, &local).await;
    assert_ne!(claimed, local);
    assert_eq!((&local[14..15], &claimed[14..15]), ("7", "8"), "drawn ids and derived ones never meet");
    let admin = user(&host, "00000000-0000-0000-0000-000000000000").await;
    assert_ne!(admin, "00000000-0000-0000-0000-000000000000");
    // Another site's Ana.
    let pair = Pair::ed25519(9);
    let key = json!({"issuer": "https://other.example.org", "origins": [ORIGIN], "role": "drafter", "public_key": pair.pem()});
    let kid = site.post(&Who::Operator, "/api/v1/embed/keys", key).await.expect(201).text("/id");
    let group = site.group("Elsewhere").await;
    let statement = site.statement(&group, "Other").await;
    let grant = json!({"issuer": "https://other.example.org", "role": "drafter"});
    site.post(&Who::Operator, &format!("/api/v1/groups/{group}/embed-grants"), grant).await.expect(201);
    let other = Host { kid, pair };
    let mut claims = other.claims(&site, &statement.body);
    claims["iss"] = json!("https://other.example.org");
    assert_ne!(other.exchange(&site, &claims).await.expect(201).text("/user/id"), ana);
    // What they wrote keeps a name.
    let known = site.app.directory.embedded_user(ana.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((known.issuer.as_str(), known.name.as_str()), (ISSUER, "Ana (intranet)"));
}

#[tokio::test]
async fn revoking_a_key_ends_what_rests_on_it_at_once() {
    let (site, host, _, statement) = embedding(Pair::ed25519(7)).await;
    let second = Host::register(&site, Pair::p256(7)).await;
    let open = async |host: &Host| host.exchange(&site, &host.claims(&site, &statement.body)).await;
    let (first_session, second_session) =
        (open(&host).await.text("/token"), open(&second).await.text("/token"));
    let draw = json!({"document": statement.body});
    let ticket =
        ask(&site, &first_session, "POST", "/api/v1/tickets", draw, Some(ORIGIN)).await.text("/ticket");
    let path = format!("/api/v1/embed/keys/{}", host.kid);
    site.ask(&Who::Operator, Method::DELETE, &path, Value::Null).await.expect(204);
    assert_eq!(state(&site, &first_session, &statement.body).await.problem(), (401, "sign-in-needed".into()));
    state(&site, &second_session, &statement.body).await.expect(200);
    assert_eq!(open(&host).await.problem(), (401, "embed-key-unknown".into()));
    assert_eq!(site.ask(&Who::Operator, Method::DELETE, &path, Value::Null).await.problem().0, 404);
    let redeemed = site.app.directory.authenticate(plenary_server::auth::Credential::Ticket(ticket)).await;
    assert!(redeemed.is_err(), "a ticket rests on the session");
    let keys = site.get(&Who::Operator, "/api/v1/embed/keys").await.json();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
    assert_eq!(keys["keys"][0]["id"], second.kid.as_str());
}

#[tokio::test]
async fn one_key_follows_another_with_an_overlap() {
    let (site, first, _, statement) = embedding(Pair::ed25519(7)).await;
    let open = async |host: &Host| host.exchange(&site, &host.claims(&site, &statement.body)).await;
    let next = |pair: &Pair| json!({"issuer": ISSUER, "origins": [ORIGIN], "role": "drafter", "public_key": pair.pem(), "overlap": "24h"});
    let pair = Pair::p256(7);
    let kid = site.post(&Who::Operator, "/api/v1/embed/keys", next(&pair)).await.expect(201).text("/id");
    let second = Host { kid, pair };
    open(&first).await.expect(201);
    open(&second).await.expect(201);
    // Two live keys are the most.
    let third = site.post(&Who::Operator, "/api/v1/embed/keys", next(&Pair::ed25519(9))).await;
    assert_eq!(third.problem(), (409, "too-many".into()));
    site.turn(24 * 3_600 - 60);
    let opened = open(&first).await.expect(201);
    assert_eq!(opened.json()["expires_in_ms"], 60_000, "no session outlives its key");
    let session = opened.text("/token");
    site.turn(60);
    assert_eq!(open(&first).await.problem(), (401, "embed-key-unknown".into()));
    assert_eq!(state(&site, &session, &statement.body).await.problem().0, 401);
    open(&second).await.expect(201);
    site.post(&Who::Operator, "/api/v1/embed/keys", next(&Pair::ed25519(9))).await.expect(201);
    let taken = site.post(&Who::Operator, "/api/v1/embed/keys", next(&Pair::ed25519(9))).await;
    assert_eq!(taken.problem(), (409, "embed-key-taken".into()));
}

#[tokio::test]
async fn a_group_opens_its_statements_to_a_site_and_closes_them() {
    let (site, host, group, statement) = embedding(Pair::ed25519(7)).await;
    let other = site.statement(&group, "Second").await;
    let foreign_group = site.group("Elsewhere").await;
    let foreign = site.statement(&foreign_group, "Third").await;
    let open = async |document: &str| host.exchange(&site, &host.claims(&site, document)).await;
    let session = open(&statement.body).await.expect(201).text("/token");
    open(&other.body).await.expect(201);
    // A document of another group, and none at all: the same answer.
    let (closed, nowhere) = (open(&foreign.body).await, open("0198c0de-0000-7000-8000-000000000001").await);
    assert_eq!((closed.status, &closed.bytes), (nowhere.status, &nowhere.bytes));
    assert_eq!(closed.problem(), (404, "not-found".into()));
    // One statement only.
    let path = format!("/api/v1/groups/{group}/embed-grants");
    let grant = json!({"issuer": ISSUER, "role": "drafter", "statements": [other.id]});
    site.post(&Who::Operator, &path, grant).await.expect(201);
    assert_eq!(state(&site, &session, &statement.body).await.problem(), (404, "not-found".into()));
    assert_eq!(open(&statement.body).await.problem(), (404, "not-found".into()));
    let session = open(&other.body).await.expect(201).text("/token");
    let grants = site.get(&Who::Operator, &path).await.json();
    assert_eq!(grants["grants"].as_array().unwrap().len(), 1, "{grants}");
    assert_eq!(grants["grants"][0]["statements"], json!([other.id]));
    let host_id = grants["grants"][0]["host"].as_str().unwrap().to_owned();
    // None.
    site.ask(&Who::Operator, Method::DELETE, &format!("{path}/{host_id}"), Value::Null).await.expect(204);
    assert_eq!(state(&site, &session, &other.body).await.problem(), (404, "not-found".into()));
    assert_eq!(open(&other.body).await.problem(), (404, "not-found".into()));
    let again = site.ask(&Who::Operator, Method::DELETE, &format!("{path}/{host_id}"), Value::Null).await;
    assert_eq!(again.problem(), (404, "not-found".into()));
    for statements in [json!([foreign.id]), json!([]), json!(["0198c0de-0000-7000-8000-000000000001"])] {
        let grant = json!({"issuer": ISSUER, "role": "drafter", "statements": statements});
        assert_eq!(site.post(&Who::Operator, &path, grant).await.problem(), (422, "invalid".into()));
    }
    let grant = json!({"issuer": "https://nobody.example", "role": "drafter"});
    assert_eq!(site.post(&Who::Operator, &path, grant).await.problem(), (422, "invalid".into()));
    let grant = json!({"issuer": ISSUER, "role": "coordinator"});
    assert_eq!(site.post(&Who::Operator, &path, grant).await.problem(), (422, "invalid".into()));
}

#[tokio::test]
async fn administrators_register_and_coordinators_grant() {
    let site = site();
    let admin = site.administrator().await;
    let group = site.group("Valdoria").await;
    let ilse = site.member(&group, "ilse", "coordinator").await;
    let stranger = site.person("stranger").await;
    let key = |seed: u8| json!({"issuer": ISSUER, "origins": [ORIGIN], "role": "drafter", "public_key": Pair::ed25519(seed).pem()});
    for who in [&ilse, &stranger] {
        let refused = (403, "administrator-needed".to_owned());
        assert_eq!(site.post(who, "/api/v1/embed/keys", key(7)).await.problem(), refused);
        assert_eq!(site.get(who, "/api/v1/embed/keys").await.problem(), refused);
        let path = "/api/v1/embed/keys/0198c0de-0000-7000-8000-000000000001";
        assert_eq!(site.ask(who, Method::DELETE, path, Value::Null).await.problem(), refused);
    }
    assert_eq!(
        site.post(&Who::Nobody, "/api/v1/embed/keys", key(7)).await.problem(),
        (401, "sign-in-needed".into())
    );
    let made = site.post(&admin, "/api/v1/embed/keys", key(7)).await.expect(201);
    assert_eq!(made.json()["origins"], json!([ORIGIN]));
    // An administrator lets sites in, not into groups.
    assert_eq!(Host::grant(&site, &admin, &group, "drafter").await.problem(), (403, "role".into()));
    assert_eq!(Host::grant(&site, &stranger, &group, "drafter").await.problem(), (404, "not-found".into()));
    for role in ["drafter", "commenter", "observer"] {
        let who = site.member(&group, role, role).await;
        assert_eq!(
            Host::grant(&site, &who, &group, "drafter").await.problem(),
            (403, "role".into()),
            "{role}"
        );
        let path = format!("/api/v1/groups/{group}/embed-grants");
        assert_eq!(site.get(&who, &path).await.problem(), (403, "role".into()), "{role}");
    }
    let granted = Host::grant(&site, &ilse, &group, "commenter").await.expect(201);
    let path = format!("/api/v1/groups/{group}/embed-grants/{}", granted.text("/host"));
    assert_eq!(site.ask(&admin, Method::DELETE, &path, Value::Null).await.problem(), (403, "role".into()));
    // Each of it is in the logs: a key that comes later, in those of the groups that trust its site.
    site.post(&admin, "/api/v1/embed/keys", key(8)).await.expect(201);
    let kid = made.text("/id");
    site.ask(&admin, Method::DELETE, &format!("/api/v1/embed/keys/{kid}"), Value::Null).await.expect(204);
    site.ask(&ilse, Method::DELETE, &path, Value::Null).await.expect(204);
    let log = site.get(&ilse, &format!("/api/v1/groups/{group}/audit")).await.expect(200).json();
    let of_embedding: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["action"].as_str().unwrap().starts_with("embed-"))
        .map(|entry| (entry["action"].as_str().unwrap(), entry["actor"]["kind"].as_str().unwrap()))
        .collect();
    let expected = [
        (AuditAction::EmbedGrantCreated.name(), "user"),
        (AuditAction::EmbedKeyCreated.name(), "administrator"),
        (AuditAction::EmbedKeyRevoked.name(), "administrator"),
        (AuditAction::EmbedGrantRevoked.name(), "user"),
    ];
    assert_eq!(of_embedding, expected);
    let instance = site.get(&admin, "/api/v1/audit").await.expect(200).json();
    let keys = instance["entries"].as_array().unwrap().iter();
    assert_eq!(keys.filter(|entry| entry["about"]["embed_key"].is_string()).count(), 3);
}

#[tokio::test]
async fn a_key_is_a_public_key_of_one_of_two_kinds() {
    let site = site();
    let register = async |public_key: Value| {
        let body =
            json!({"issuer": ISSUER, "origins": [ORIGIN], "role": "drafter", "public_key": public_key});
        let answer = site.post(&Who::Operator, "/api/v1/embed/keys", body).await;
        if answer.status == 201 {
            let path = format!("/api/v1/embed/keys/{}", answer.text("/id"));
            site.ask(&Who::Operator, Method::DELETE, &path, Value::Null).await.expect(204);
        }
        answer
    };
    for pair in [Pair::ed25519(7), Pair::p256(7)] {
        let from_pem = register(json!(pair.pem())).await.expect(201).json()["public_key"].clone();
        // What is shown is what may be sent again, with the members that other programs add.
        let mut jwk = from_pem.clone();
        (jwk["use"], jwk["alg"], jwk["kid"]) = (json!("sig"), json!(pair.algorithm()), json!("mine"));
        assert_eq!(register(jwk).await.expect(201).json()["public_key"], from_pem);
    }
    let zeros = URL_SAFE_NO_PAD.encode([0; 32]);
    let one = URL_SAFE_NO_PAD.encode([1; 32]);
    let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
    for bad in [
        json!(""),
        json!("-----BEGIN PUBLIC KEY-----\nMAo=\n-----END PUBLIC KEY-----\n"),
        json!(private),
        json!({"kty": "OKP", "crv": "Ed25519", "x": one, "d": one}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": zeros}),
        json!({"kty": "OKP", "crv": "Ed25519"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode([1; 31])}),
        json!({"kty": "OKP", "crv": "Ed448", "x": one}),
        json!({"kty": "EC", "crv": "P-256", "x": one, "y": one}),
        json!({"kty": "EC", "crv": "P-256", "x": one}),
        json!({"kty": "EC", "crv": "P-384", "x": one, "y": one}),
        json!({"kty": "RSA", "n": one, "e": "AQAB"}),
        json!({"kty": "oct", "k": one}),
    ] {
        assert_eq!(register(bad.clone()).await.problem(), (422, "invalid".into()), "{bad}");
    }
    assert!(register(json!(private)).await.text("/detail").contains("private key"));
    let body = |field: &str, value: Value| {
        let mut body = json!({"issuer": ISSUER, "origins": [ORIGIN], "role": "drafter", "public_key": Pair::ed25519(7).pem()});
        body[field] = value;
        body
    };
    for (field, value) in [
        ("issuer", json!("")),
        ("issuer", json!("a b")),
        ("origins", json!([])),
        ("origins", json!(["*"])),
        ("origins", json!(["https://intranet.example.org/"])),
        ("origins", json!((0..11).map(|n| format!("https://{n}.example")).collect::<Vec<_>>())),
        ("role", json!("coordinator")),
        ("role", json!("owner")),
        ("overlap", json!("31d")),
    ] {
        let answer = site.post(&Who::Operator, "/api/v1/embed/keys", body(field, value.clone())).await;
        assert_eq!(answer.problem(), (422, "invalid".into()), "{field} {value}");
    }
}

#[tokio::test]
async fn pages_of_registered_origins_read_what_the_editor_asks_for() {
    let (site, host, _, statement) = embedding(Pair::ed25519(7)).await;
    let preflight = async |path: &str, origin: &str| {
        let headers = vec![
            ("origin", origin.to_owned()),
            ("access-control-request-method", "POST".to_owned()),
            ("access-control-request-headers", "content-type".to_owned()),
        ];
        site.ask_with(&Who::Nobody, "OPTIONS", path, Value::Null, headers).await
    };
    let state = format!("/api/v1/documents/{}/state", statement.body);
    for path in ["/api/v1/embed/session", "/api/v1/tickets", &state] {
        let answer = preflight(path, ORIGIN).await.expect(204);
        assert_eq!(answer.headers["access-control-allow-origin"], ORIGIN, "{path}");
        assert!(!answer.headers.contains_key("access-control-allow-credentials"));
        for other in ["https://evil.example", "null", "https://pages.example.org.evil.example"] {
            let answer = preflight(path, other).await;
            assert!(!answer.headers.contains_key("access-control-allow-origin"), "{path} {other}");
        }
    }
    for path in ["/api/v1/me", "/api/v1/groups", "/api/v1/embed/keys", "/api/v1/session"] {
        assert!(!preflight(path, ORIGIN).await.headers.contains_key("access-control-allow-origin"), "{path}");
    }
    // A refusal can be read as well: the page can say what is wrong.
    let mut claims = host.claims(&site, &statement.body);
    claims["aud"] = json!("https://other.example");
    let refused = host.exchange(&site, &claims).await;
    assert_eq!(refused.headers["access-control-allow-origin"], ORIGIN);
    assert!(refused.headers.get_all("vary").iter().any(|vary| vary == "origin"));
    let path = format!("/api/v1/embed/keys/{}", host.kid);
    site.ask(&Who::Operator, Method::DELETE, &path, Value::Null).await.expect(204);
    assert!(!preflight(&state, ORIGIN).await.headers.contains_key("access-control-allow-origin"));
}

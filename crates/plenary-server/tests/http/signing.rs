//! What docs/embedding.md shows of signing is what the server takes.

use std::fs;

use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use plenary_permissions::Access;
use plenary_server::{App, clock::Clock, config::Config};

use crate::{
    host::{AUDIENCE, Host, ISSUER, ORIGIN, Pair},
    site::{Who, site},
};

#[expect(unreachable_pub, reason = "it stands there as others would write it")]
#[path = "../../../../docs/embedding/signing/sign_token.rs"]
mod sign_token;

#[tokio::test]
async fn what_the_documentation_signs_in_rust_is_taken() {
    let site = site();
    let pair = Pair::ed25519(7);
    let host = Host::register(&site, pair).await;
    let group = site.group("Valdoria").await;
    let statement = site.statement(&group, "Joint submission").await;
    Host::grant(&site, &Who::Operator, &group, "drafter").await.expect(201);

    let pem = SigningKey::from_bytes(&[7; 32]).to_pkcs8_pem(Default::default()).unwrap();
    let word = sign_token::Site {
        private_key_pem: &pem,
        kid: &host.kid,
        issuer: ISSUER,
        server: AUDIENCE,
        origin: ORIGIN,
    };
    let token = word.sign_token(&statement.body, "ana", "Ana (intranet)", "observer");
    // It asks the machine for the time, as a site does; so does this server, over the same store.
    let app = App::new(Config::default(), site.store.clone(), site.store.clone(), Clock::default());
    let opened = app.directory.open_embed_session(&token, AUDIENCE, Some(ORIGIN)).await.unwrap();
    assert_eq!((opened.grant.access, opened.identity.name.as_str()), (Access::Read, "Ana (intranet)"));
}

#[test]
fn the_documentation_shows_what_the_tests_run() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let page = fs::read_to_string(format!("{docs}/embedding.md")).unwrap();
    for (language, file) in [("js", "sign-token.mjs"), ("python", "sign_token.py"), ("rust", "sign_token.rs")]
    {
        let source = fs::read_to_string(format!("{docs}/embedding/signing/{file}")).unwrap();
        assert!(
            page.contains(&format!("```{language}\n{source}```\n")),
            "{file} is not in docs/embedding.md"
        );
    }
}

//! A site that embeds the editor: its keys, and the tokens it signs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, pkcs8::EncodePublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::site::{Answer, Site, Who};

pub(crate) const ISSUER: &str = "https://intranet.example.org";
pub(crate) const ORIGIN: &str = "https://pages.example.org";
/// What the server is called in these tests.
pub(crate) const AUDIENCE: &str = "http://localhost:4600";

#[derive(Clone)]
pub(crate) enum Pair {
    Ed25519(ed25519_dalek::SigningKey),
    P256(p256::ecdsa::SigningKey),
}

impl Pair {
    pub(crate) fn ed25519(seed: u8) -> Self {
        Self::Ed25519(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    pub(crate) fn p256(seed: u8) -> Self {
        Self::P256(p256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
        }
    }

    pub(crate) fn pem(&self) -> String {
        match self {
            Self::Ed25519(pair) => pair.verifying_key().to_public_key_pem(Default::default()).unwrap(),
            Self::P256(pair) => pair.verifying_key().to_public_key_pem(Default::default()).unwrap(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.sign(message).to_bytes().to_vec(),
            Self::P256(pair) => {
                let signature: p256::ecdsa::Signature = pair.sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }
}

/// A site with one registered key.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) kid: String,
    pub(crate) pair: Pair,
}

impl Host {
    /// Registers a key of the site for drafters.
    pub(crate) async fn register(site: &Site, pair: Pair) -> Self {
        let body = json!({
            "issuer": ISSUER, "origins": [ORIGIN], "role": "drafter", "public_key": pair.pem(),
        });
        let made = site.post(&Who::Operator, "/api/v1/embed/keys", body).await.expect(201);
        Self { kid: made.text("/id"), pair }
    }

    /// Lets the site vouch for people in a group.
    pub(crate) async fn grant(site: &Site, who: &Who, group: &str, role: &str) -> Answer {
        let body = json!({"issuer": ISSUER, "role": role});
        site.post(who, &format!("/api/v1/groups/{group}/embed-grants"), body).await
    }

    pub(crate) fn header(&self) -> Value {
        json!({"typ": "plenary-embed+jwt", "alg": self.pair.algorithm(), "kid": self.kid})
    }

    /// What a token says that is taken.
    pub(crate) fn claims(&self, site: &Site, document: &str) -> Value {
        let now = site.app.clock.now_ms() / 1_000;
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "ana", "name": "Ana (intranet)", "doc": document,
            "role": "drafter", "origin": ORIGIN, "jti": uuid::Uuid::new_v4().to_string(),
            "iat": now, "nbf": now, "exp": now + 120,
        })
    }

    pub(crate) fn token(&self, header: &Value, claims: &Value) -> String {
        let unsigned = unsigned(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(unsigned.as_bytes()));
        format!("{unsigned}.{signature}")
    }

    /// Exchanges a token with these claims from the site's page.
    pub(crate) async fn exchange(&self, site: &Site, claims: &Value) -> Answer {
        exchange(site, &self.token(&self.header(), claims), Some(ORIGIN)).await
    }
}

pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

pub(crate) async fn exchange(site: &Site, token: &str, origin: Option<&str>) -> Answer {
    let headers = origin.map(|origin| ("origin", origin.to_owned())).into_iter().collect();
    site.ask_with(&Who::Nobody, "POST", "/api/v1/embed/session", json!({"token": token}), headers).await
}

/// HMAC with SHA-256 (RFC 2104), for tokens that nobody should take.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    match key.len() > 64 {
        true => block[..32].copy_from_slice(&Sha256::digest(key)),
        false => block[..key.len()].copy_from_slice(key),
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(padded(0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(padded(0x5c)).chain_update(inner).finalize().to_vec()
}

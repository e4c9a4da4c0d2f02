// base64 = "0.22", ed25519-dalek = { version = "3", features = ["pem"] }, serde_json = "1", uuid = { version = "1", features = ["v4"] }
use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey, pkcs8::DecodePrivateKey};
use serde_json::{Value, json};

/// Whose word it is, and where it counts.
pub struct Site<'a> {
    pub private_key_pem: &'a str,
    pub kid: &'a str,
    pub issuer: &'a str,
    pub server: &'a str,
    pub origin: &'a str,
}

impl Site<'_> {
    /// A token that says: this person of ours may open this document, as `role` at most, from our page, for two minutes.
    pub fn sign_token(&self, document: &str, person: &str, name: &str, role: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
        let header = json!({"typ": "plenary-embed+jwt", "alg": "EdDSA", "kid": self.kid});
        let claims = json!({
            "iss": self.issuer, "aud": self.server, "sub": person, "name": name, "doc": document, "role": role,
            "origin": self.origin, "jti": uuid::Uuid::new_v4().to_string(), "iat": now, "nbf": now, "exp": now + 120,
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let unsigned = format!("{}.{}", part(&header), part(&claims));
        let key = SigningKey::from_pkcs8_pem(self.private_key_pem)
            .expect("it is an Ed25519 key as openssl writes it");
        format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(key.sign(unsigned.as_bytes()).to_bytes()))
    }
}

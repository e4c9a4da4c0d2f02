//! The public keys of sites that vouch for their users: EdDSA over Ed25519, or ES256, and nothing else.
//!
//! `jsonwebtoken` reads the tokens; what it may verify with is said here, so that no other algorithm is in the process.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{VerifyingKey as Ed25519, pkcs8::DecodePublicKey};
use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::{CryptoProvider, JwtVerifier, KeyUtils},
    errors::{Error as JwtError, ErrorKind},
    signature,
};
use p256::ecdsa::VerifyingKey as P256;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What we verify with.
pub(super) static PROVIDER: CryptoProvider = CryptoProvider {
    // We sign nothing.
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// A public key, as it is stored and shown: the members of a JSON Web Key (RFC 7517, RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    kty: KeyType,
    crv: Curve,
    /// Base64url without padding, 32 bytes.
    x: String,
    /// For P-256: base64url without padding, 32 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum KeyType {
    #[serde(rename = "OKP")]
    OctetKeyPair,
    #[serde(rename = "EC")]
    EllipticCurve,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
enum Curve {
    Ed25519,
    #[serde(rename = "P-256")]
    P256,
}

/// A key as it is given: a JSON Web Key, or the text of a PEM file.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum GivenKey {
    /// `-----BEGIN PUBLIC KEY-----` and so on.
    Pem(String),
    /// `{"kty": "OKP", "crv": "Ed25519", "x": "..."}` or `{"kty": "EC", "crv": "P-256", "x": "...", "y": "..."}`.
    Jwk(GivenJwk),
}

/// A JSON Web Key. What stands in it beside the key itself is not looked at.
#[derive(Deserialize, ToSchema)]
pub struct GivenJwk {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// The secret half, which must not be there.
    d: Option<serde_json::Value>,
}

/// Why something is not taken for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The secret half.
    #[error(
        "this is a private key, which nobody but its owner should have: make a new pair and send its public key"
    )]
    Private,
    /// Neither of the two kinds.
    #[error("must be an Ed25519 or a P-256 public key, as PEM (`BEGIN PUBLIC KEY`) or as a JSON Web Key")]
    Unreadable,
    /// One that verifies what it should not.
    #[error("this key is of small order and verifies nothing")]
    Weak,
}

impl PublicKey {
    /// Reads a key. Fails as [`KeyError`] says.
    pub fn read(given: &GivenKey) -> Result<Self, KeyError> {
        match given {
            GivenKey::Pem(pem) if pem.contains("PRIVATE KEY") => Err(KeyError::Private),
            GivenKey::Pem(pem) => {
                let pem = pem.trim();
                if let Ok(key) = Ed25519::from_public_key_pem(pem) {
                    return Self::ed25519(&key);
                }
                P256::from_public_key_pem(pem).map(|key| Self::p256(&key)).map_err(|_| KeyError::Unreadable)
            }
            GivenKey::Jwk(jwk) if jwk.d.is_some() => Err(KeyError::Private),
            GivenKey::Jwk(GivenJwk { kty, crv, x, y, .. }) => {
                let coordinate = |text: &Option<String>| decoded(text.as_deref()?);
                match (kty.as_str(), crv.as_deref()) {
                    ("OKP", Some("Ed25519")) => {
                        let x = coordinate(x).ok_or(KeyError::Unreadable)?;
                        Self::ed25519(&Ed25519::from_bytes(&x).map_err(|_| KeyError::Unreadable)?)
                    }
                    ("EC", Some("P-256")) => {
                        let (Some(x), Some(y)) = (coordinate(x), coordinate(y)) else {
                            return Err(KeyError::Unreadable);
                        };
                        let key = P256::from_sec1_bytes(&uncompressed(&x, &y));
                        key.map(|key| Self::p256(&key)).map_err(|_| KeyError::Unreadable)
                    }
                    _ => Err(KeyError::Unreadable),
                }
            }
        }
    }

    fn ed25519(key: &Ed25519) -> Result<Self, KeyError> {
        if key.is_weak() {
            return Err(KeyError::Weak);
        }
        let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
        Ok(Self { kty: KeyType::OctetKeyPair, crv: Curve::Ed25519, x, y: None })
    }

    fn p256(key: &P256) -> Self {
        let point = key.to_sec1_point(false);
        let [x, y] = [point.x(), point.y()].map(|half| half.expect("no key is the point at infinity"));
        let [x, y] = [x, y].map(|half| URL_SAFE_NO_PAD.encode(half));
        Self { kty: KeyType::EllipticCurve, crv: Curve::P256, x, y: Some(y) }
    }

    /// The one algorithm that this key verifies.
    pub(super) fn algorithm(&self) -> Algorithm {
        match self.crv {
            Curve::Ed25519 => Algorithm::EdDSA,
            Curve::P256 => Algorithm::ES256,
        }
    }

    /// As `alg` has it.
    pub(super) fn algorithm_name(&self) -> &'static str {
        match self.crv {
            Curve::Ed25519 => "EdDSA",
            Curve::P256 => "ES256",
        }
    }

    /// For `jsonwebtoken`; `None` if what was stored is no key.
    pub(super) fn decoding(&self) -> Option<DecodingKey> {
        let x = decoded(&self.x)?;
        Some(match self.crv {
            Curve::Ed25519 => DecodingKey::from_ed_der(&x),
            Curve::P256 => DecodingKey::from_ec_der(&uncompressed(&x, &decoded(self.y.as_deref()?)?)),
        })
    }
}

fn decoded(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

/// A point as SEC 1 writes it.
fn uncompressed(x: &[u8; 32], y: &[u8; 32]) -> Vec<u8> {
    [&[4], x.as_slice(), y.as_slice()].concat()
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, JwtError> {
    let bytes = key.try_get_as_bytes()?;
    match algorithm {
        Algorithm::EdDSA => {
            let bytes = bytes.try_into().map_err(|_| ErrorKind::InvalidEddsaKey)?;
            let key = Ed25519::from_bytes(bytes).map_err(|_| ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(EdDsaVerifier(key)))
        }
        Algorithm::ES256 => {
            let key = P256::from_sec1_bytes(bytes).map_err(|_| ErrorKind::InvalidEcdsaKey)?;
            Ok(Box::new(Es256Verifier(key)))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

struct EdDsaVerifier(Ed25519);

impl signature::Verifier<Vec<u8>> for EdDsaVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0.verify_strict(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for EdDsaVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Es256Verifier(P256);

impl signature::Verifier<Vec<u8>> for Es256Verifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        use p256::ecdsa::signature::Verifier;
        let signature = p256::ecdsa::Signature::from_slice(signature).map_err(|_| signature::Error::new())?;
        self.0.verify(message, &signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Es256Verifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::ES256
    }
}

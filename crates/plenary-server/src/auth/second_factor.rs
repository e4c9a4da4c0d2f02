//! The second factor: codes from a device that shares a secret with us (RFC 6238), and codes on paper for the day it
//! is lost. What is stored and when it is asked for is the directory's.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use totp_rs::{Builder, Secret, Totp};

use super::SecretHash;

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;

/// What the account is listed under in the person's device.
const ISSUER: &str = "Plenary";
/// As RFC 4226 advises: 160 bits.
const SECRET_BYTES: usize = 20;
/// Clocks differ: the code of the half minute before and of the one after fit, too.
const STEPS_EACH_WAY: u16 = 1;
/// Of a recovery code: 80 bits, so that its hash is no way back to it.
const RECOVERY_CODE_BYTES: usize = 10;

/// The secret that the person's device and the server share. Stored as it is, for codes are made from it.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Totp);

impl TotpSecret {
    /// One of random bits that nobody else has.
    pub fn fresh() -> Self {
        let mut bytes = [0; SECRET_BYTES];
        getrandom::fill(&mut bytes).expect("without the system's randomness nothing here is safe");
        Self::of(Secret::from(bytes))
    }

    fn of(secret: Secret) -> Self {
        // Six digits of SHA-1 every 30 seconds: other choices are ignored by common devices without a word.
        let totp = Builder::new().with_secret(secret).with_skew(STEPS_EACH_WAY).build();
        Self(totp.expect("the length and the choices are those of the RFC"))
    }

    /// As text for people and stores: base32 without padding.
    pub fn text(&self) -> String {
        self.0.secret().to_base32()
    }

    /// From its text. `None` if it is none that was made here.
    pub fn read(text: &str) -> Option<Self> {
        let secret = Secret::try_from_base32(text).ok()?;
        (secret.as_ref().len() == SECRET_BYTES).then(|| Self::of(secret))
    }

    /// What a device reads from a picture or a link.
    pub fn uri(&self, account: &str) -> String {
        let account = utf8_percent_encode(account, NON_ALPHANUMERIC);
        format!("otpauth://totp/{ISSUER}:{account}?secret={}&issuer={ISSUER}", self.text())
    }

    /// The step of time that `code` belongs to, if it fits at `now_ms`. A step is to be taken once only: keep the
    /// last one and take none that is not later.
    pub fn step_of(&self, code: &str, now_ms: u64) -> Option<u64> {
        self.0.check(code, now_ms / 1_000)
    }

    /// The code at `now_ms`, as the person's device shows it.
    pub fn code_at(&self, now_ms: u64) -> String {
        self.0.generate(now_ms / 1_000).to_string()
    }
}

/// What somebody typed where a code was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// Six digits from a device.
    Totp(String),
    /// A recovery code, by its hash.
    Recovery(SecretHash),
}

impl Code {
    /// Reads it as people type it: spaces and dashes where they like, in any case.
    pub fn read(typed: &str) -> Self {
        let plain: String =
            typed.chars().filter(|char| !char.is_whitespace() && *char != '-').take(64).collect();
        if plain.len() == 6 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            Self::Totp(plain)
        } else {
            Self::Recovery(SecretHash::of(&plain.to_ascii_lowercase()))
        }
    }
}

/// Fresh recovery codes as they are shown, once, and the hashes that are stored.
pub fn new_recovery_codes() -> (Vec<String>, Vec<SecretHash>) {
    (0..RECOVERY_CODES).map(|_| new_recovery_code()).unzip()
}

fn new_recovery_code() -> (String, SecretHash) {
    let mut bytes = [0; RECOVERY_CODE_BYTES];
    getrandom::fill(&mut bytes).expect("without the system's randomness nothing here is safe");
    let plain = Secret::from(bytes.to_vec()).to_base32().to_ascii_lowercase();
    let groups: Vec<&str> =
        (0..plain.len()).step_by(4).map(|at| &plain[at..plain.len().min(at + 4)]).collect();
    (groups.join("-"), SecretHash::of(&plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the rows for SHA-1; the last six of the eight digits there.
    const VECTORS: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn of_the_rfc() -> TotpSecret {
        TotpSecret::of(Secret::from(*b"12345678901234567890"))
    }

    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = of_the_rfc();
        for (at_s, code) in VECTORS {
            assert_eq!(secret.code_at(at_s * 1_000), code);
            assert_eq!(secret.step_of(code, at_s * 1_000), Some(at_s / 30));
        }
    }

    #[test]
    fn a_code_fits_half_a_minute_early_or_late_and_no_more() {
        let secret = of_the_rfc();
        let code = secret.code_at(1_000_000_000);
        let step = 1_000_000 / 30;
        for (step_now, fits) in
            [(step - 2, false), (step - 1, true), (step, true), (step + 1, true), (step + 2, false)]
        {
            let found = secret.step_of(&code, step_now * 30_000);
            assert_eq!(found, fits.then_some(step), "{step_now}");
        }
        for no_code in ["", "12345", "1234567", "28708x", "+28708", "２８７０８２"] {
            assert_eq!(secret.step_of(no_code, 59_000), None, "{no_code}");
        }
    }

    #[test]
    fn a_secret_reads_back_and_a_device_reads_it() {
        let secret = TotpSecret::fresh();
        assert_eq!(secret.text().len(), 32);
        assert!(TotpSecret::read(&secret.text()) == Some(secret.clone()));
        assert!(TotpSecret::fresh() != secret);
        assert!(TotpSecret::read("MFRGG").is_none() && TotpSecret::read("not base32!").is_none());
        let uri = of_the_rfc().uri("ana+un@ngo.example");
        assert_eq!(
            uri,
            "otpauth://totp/Plenary:ana%2Bun%40ngo%2Eexample?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Plenary"
        );
    }

    #[test]
    fn recovery_codes_are_read_as_people_type_them() {
        let (codes, hashes) = new_recovery_codes();
        assert_eq!((codes.len(), hashes.len()), (RECOVERY_CODES, RECOVERY_CODES));
        for (code, hash) in codes.iter().zip(hashes) {
            assert_eq!(code.len(), 19, "{code}");
            for typed in [code.clone(), code.to_uppercase(), code.replace('-', " "), format!(" {code} ")] {
                assert_eq!(Code::read(&typed), Code::Recovery(hash));
            }
        }
        assert_eq!(Code::read("287 082"), Code::Totp("287082".into()));
        assert_ne!(Code::read("287082a"), Code::Totp("287082".into()));
    }
}

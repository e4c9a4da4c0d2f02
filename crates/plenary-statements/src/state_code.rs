//! States, by their letters.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::FactError;

/// A State by its two letters in ISO 3166-1, in capitals. Which States there are is not known here: the letters that the
/// standard leaves to its users are good for exercises.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct StateCode([u8; 2]);

impl FromStr for StateCode {
    type Err = FactError;

    /// Takes small letters, too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let letters: [u8; 2] = text.trim().as_bytes().try_into().map_err(|_| FactError::NotAState)?;
        if !letters.iter().all(u8::is_ascii_alphabetic) {
            return Err(FactError::NotAState);
        }
        Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
    }
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl fmt::Debug for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StateCode({self})")
    }
}

impl TryFrom<String> for StateCode {
    type Error = FactError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<StateCode> for String {
    fn from(code: StateCode) -> Self {
        code.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_two_letters() {
        assert_eq!(" xv ".parse::<StateCode>().unwrap().to_string(), "XV");
        assert_eq!(serde_json::to_string(&"FR".parse::<StateCode>().unwrap()).unwrap(), r#""FR""#);
        for bad in ["", "F", "FRA", "F1", "é", "日"] {
            assert_eq!(bad.parse::<StateCode>(), Err(FactError::NotAState), "{bad}");
        }
    }
}

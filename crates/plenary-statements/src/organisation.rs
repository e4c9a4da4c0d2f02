//! Whom people work for and sign as.

use std::{collections::BTreeMap, fmt, str::FromStr};

use plenary_ids::OrganisationId;
use serde::{Deserialize, Serialize};

use crate::{FactError, Name, StateCode, by_name::named};

/// The six languages of the United Nations and two of the country.
const LANGUAGES_MAX: usize = 8;

/// All names together, as they are stored.
const NAMES_BYTES_MAX: usize = 1_600;

/// The longest tag of a language, in bytes.
const LANGUAGE_BYTES_MAX: usize = 12;

named!(
    /// What sort of organisation.
    OrganisationKind, "type of organisation", {
        /// Non-governmental.
        #[default]
        Ngo = "ngo",
        /// A national human rights institution.
        Nhri = "nhri",
        /// Organisations together.
        Coalition = "coalition",
        /// A group of people without a registered form.
        Community = "community",
        /// A university or an institute.
        Academic = "academic",
    }
);

named!(
    /// Consultative status with the Economic and Social Council.
    ConsultativeStatus, "consultative status", {
        /// Without.
        #[default]
        None = "none",
        /// General.
        General = "general",
        /// Special.
        Special = "special",
        /// Roster.
        Roster = "roster",
    }
);

/// A language's tag (BCP 47), such as `en` or `zh-Hant`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Language(String);

impl Language {
    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Language {
    type Err = FactError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('-');
        let first = parts.next().unwrap_or_default();
        let is_language =
            (2..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_lowercase());
        let is_subtag = |part: &str| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        if !is_language || !parts.all(is_subtag) || text.len() > LANGUAGE_BYTES_MAX {
            return Err(FactError::NotALanguage);
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Language {
    type Error = FactError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What something is called, by language; in one language at least.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Names(BTreeMap<Language, Name>);

impl Names {
    /// Reads names by their languages' tags. Fails when there is none or too many, or they are too long together.
    pub fn read<'a>(names: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, FactError> {
        let mut read = BTreeMap::new();
        for (language, name) in names {
            read.insert(language.parse()?, name.parse::<Name>()?);
        }
        let bytes = read.values().map(|name| stored_bytes(name.as_str())).sum();
        match read.len() {
            0 => Err(FactError::NoneGiven),
            count if count > LANGUAGES_MAX => Err(FactError::TooMany { count, limit: LANGUAGES_MAX }),
            _ if bytes > NAMES_BYTES_MAX => {
                Err(FactError::TooLongTogether { bytes, limit_bytes: NAMES_BYTES_MAX })
            }
            _ => Ok(Self(read)),
        }
    }

    /// Each language and the name in it, in the order of the tags.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Language, &Name)> {
        self.0.iter()
    }
}

// In JSON two characters take a second byte.
fn stored_bytes(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count()
}

/// Whom people work for and sign as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrganisationId,
    /// What it is called, by language.
    pub names: Names,
    /// The name under which the United Nations know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub un_name: Option<Name>,
    /// What sort it is.
    #[serde(rename = "type")]
    pub kind: OrganisationKind,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<StateCode>,
    /// Its standing with the United Nations.
    pub consultative_status: ConsultativeStatus,
    /// Whether it, or its people, are at risk when it is named. For coordinators' eyes.
    pub at_risk: bool,
    /// When it was entered.
    pub created: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_a_tag() {
        for good in ["en", "fr", "zh-Hant", "pt-BR", "kab"] {
            assert_eq!(good.parse::<Language>().unwrap().as_str(), good);
        }
        for bad in ["", "e", "EN", "english", "en_GB", "en-", "zh-Hant-TW-abcd", "e\u{301}n"] {
            assert_eq!(bad.parse::<Language>(), Err(FactError::NotALanguage), "{bad}");
        }
    }

    #[test]
    fn a_thing_has_a_name_in_one_language_at_least() {
        let names = Names::read([("fr", "Maison ouverte"), ("ar", "البيت المفتوح")]).unwrap();
        let json = serde_json::to_string(&names).unwrap();
        assert_eq!(json, r#"{"ar":"البيت المفتوح","fr":"Maison ouverte"}"#);
        assert_eq!(serde_json::from_str::<Names>(&json).unwrap(), names);
        assert_eq!(Names::read([]), Err(FactError::NoneGiven));
        let tags: Vec<_> = ('a'..='i').map(|letter| format!("x{letter}")).collect();
        let many = Names::read(tags.iter().map(|tag| (tag.as_str(), "a")));
        assert_eq!(many, Err(FactError::TooMany { count: 9, limit: 8 }));
    }

    #[test]
    fn the_largest_organisation_fits_a_cell() {
        let (half, other) = ("\"".repeat(266), "\"".repeat(268));
        let fits = [("en", half.as_str()), ("fr", half.as_str()), ("es", other.as_str())];
        assert!(Names::read(fits).is_ok());
        let more = Names::read([("en", half.as_str()), ("fr", other.as_str()), ("es", other.as_str())]);
        assert_eq!(more, Err(FactError::TooLongTogether { bytes: 1_604, limit_bytes: 1_600 }));
        let organisation = Organisation {
            id: OrganisationId::from_bytes([1; 16]),
            names: Names::read(fits).unwrap(),
            un_name: Some("𠮷".repeat(crate::NAME_CHARS_MAX).parse().unwrap()),
            kind: OrganisationKind::Coalition,
            country: Some("XV".parse().unwrap()),
            consultative_status: ConsultativeStatus::Special,
            at_risk: true,
            created: u64::MAX,
        };
        let bytes = serde_json::to_vec(&organisation).unwrap().len();
        assert!(bytes <= crate::STORED_BYTES_MAX, "{bytes}");
    }
}

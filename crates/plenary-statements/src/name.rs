//! What people call things.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::NameError;

/// The longest name, in characters: a long title of a joint submission fills three lines.
pub const NAME_CHARS_MAX: usize = 300;

/// One line by which people know a group, a statement or a person. Something can be seen of it, no white space at the ends,
/// at most [`NAME_CHARS_MAX`] characters, nothing that breaks out of the line it is shown in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let chars = text.chars().count();
        if text.chars().all(|char| char.is_whitespace() || is_invisible(char)) {
            return Err(NameError::Empty);
        }
        if chars > NAME_CHARS_MAX {
            return Err(NameError::TooLong { chars, limit_chars: NAME_CHARS_MAX });
        }
        match text.chars().find(|&char| is_control(char)) {
            Some(char) => Err(NameError::ControlCharacter(char)),
            None => Ok(Self(text.into())),
        }
    }
}

// Embeddings, overrides and isolates reach beyond the name and can make it read as another one. The marks
// U+200E and U+200F and the joiners do not, and names in several languages need them.
fn is_control(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

// Alone they make a name that nobody sees: joiners, marks of direction, soft hyphens.
fn is_invisible(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}')
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_readable_line() {
        for good in
            ["Valdoria", "منتدى فالدوريا لحقوق الإنسان", "می\u{200c}خواهم", "联合材料", "Renée’s group – 2"]
        {
            assert_eq!(good.parse::<Name>().unwrap().as_str(), good);
        }
        assert_eq!(" \tValdoria \n".parse::<Name>().unwrap().as_str(), "Valdoria");
        assert_eq!("".parse::<Name>(), Err(NameError::Empty));
        assert_eq!(" \u{3000}".parse::<Name>(), Err(NameError::Empty));
        assert_eq!("\u{200b} \u{200f}".parse::<Name>(), Err(NameError::Empty));
        assert_eq!("a\nb".parse::<Name>(), Err(NameError::ControlCharacter('\n')));
        assert_eq!("a\u{202e}b".parse::<Name>(), Err(NameError::ControlCharacter('\u{202e}')));
        let error = "\u{7}bell".parse::<Name>().unwrap_err();
        assert_eq!(error.to_string(), "a name cannot contain the control character U+0007");
    }

    #[test]
    fn length_counts_characters_not_bytes() {
        assert!("字".repeat(NAME_CHARS_MAX).parse::<Name>().is_ok());
        let long = "a".repeat(NAME_CHARS_MAX + 1).parse::<Name>();
        assert_eq!(long, Err(NameError::TooLong { chars: 301, limit_chars: 300 }));
    }
}

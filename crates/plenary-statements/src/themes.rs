//! What people work on.

use serde::{Deserialize, Serialize};

use crate::{FactError, Name};

/// The most themes of one group or entry.
pub const THEMES_MAX: usize = 10;

/// The longest theme, in characters.
pub const THEME_CHARS_MAX: usize = 40;

/// A few short themes, each once, in the order they were given. Large and small letters are the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Themes(Vec<Name>);

impl Themes {
    /// Reads what somebody typed. Fails when one is no name or too long, or when there are too many.
    pub fn read<T: AsRef<str>>(texts: &[T]) -> Result<Self, FactError> {
        let mut themes: Vec<Name> = Vec::new();
        for text in texts {
            let theme: Name = text.as_ref().parse()?;
            let chars = theme.as_str().chars().count();
            if chars > THEME_CHARS_MAX {
                return Err(FactError::ThemeTooLong { chars, limit_chars: THEME_CHARS_MAX });
            }
            let same = |other: &Name| other.as_str().to_lowercase() == theme.as_str().to_lowercase();
            if !themes.iter().any(same) {
                themes.push(theme);
            }
        }
        match themes.len() {
            count if count > THEMES_MAX => Err(FactError::TooMany { count, limit: THEMES_MAX }),
            _ => Ok(Self(themes)),
        }
    }

    /// The themes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_theme_is_kept_once() {
        let themes = Themes::read(&["Torture", " torture ", "Freedom of association"]).unwrap();
        assert_eq!(
            themes.iter().map(Name::as_str).collect::<Vec<_>>(),
            ["Torture", "Freedom of association"]
        );
        assert!(Themes::read::<&str>(&[]).unwrap().is_empty());
    }

    #[test]
    fn themes_are_few_and_short() {
        let many: Vec<_> = (0..=THEMES_MAX).map(|n| n.to_string()).collect();
        assert_eq!(Themes::read(&many), Err(FactError::TooMany { count: 11, limit: 10 }));
        let long = Themes::read(&["a".repeat(THEME_CHARS_MAX + 1)]);
        assert_eq!(long, Err(FactError::ThemeTooLong { chars: 41, limit_chars: 40 }));
        assert!(matches!(Themes::read(&[" "]), Err(FactError::Name(_))));
    }
}

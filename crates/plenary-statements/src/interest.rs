//! Who works on what, as far as they want it known.

use plenary_ids::{InterestId, OrganisationId, UserId};
use serde::{Deserialize, Serialize};

use crate::{FactError, Group, Name, StateCode, StatementKind, Themes, by_name::named};

/// The most States of one entry: a session reviews fourteen.
const STATES_MAX: usize = 20;

named!(
    /// Whether people outside see an entry.
    Shown, "visibility", {
        /// Only those whose it is.
        #[default]
        Hidden = "hidden",
        /// Everybody with an account here.
        Shown = "shown",
    }
);

/// Whose work it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterestOwner {
    /// An organisation's.
    Organisation(OrganisationId),
    /// One person's.
    User(UserId),
}

/// What somebody works on, or plans to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interest {
    /// Its id.
    pub id: InterestId,
    /// Whose.
    pub owner: InterestOwner,
    /// On which States; each once, in the order of their letters.
    pub states: Vec<StateCode>,
    /// On which themes.
    pub themes: Themes,
    /// What is to come of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<StatementKind>,
    /// One line more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Name>,
    /// Who sees it. Nobody outside, unless its owner said otherwise.
    pub shown: Shown,
    /// Who wrote it last.
    pub by: UserId,
    /// When.
    pub changed: u64,
}

impl Interest {
    /// Puts the States in order and asks whether it can be kept.
    ///
    /// Fails with more than 20 States, or when it names neither a State nor a theme.
    pub fn checked(mut self) -> Result<Self, FactError> {
        self.states.sort_unstable();
        self.states.dedup();
        match self.states.len() {
            count if count > STATES_MAX => Err(FactError::TooMany { count, limit: STATES_MAX }),
            0 if self.themes.is_empty() => Err(FactError::NothingToFindItBy),
            _ => Ok(self),
        }
    }
}

/// What somebody looks for. All that is said must fit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    /// This State.
    pub state: Option<StateCode>,
    /// A theme in which this occurs.
    pub theme: Option<String>,
    /// Each of these words, anywhere.
    pub text: Option<String>,
}

impl Sought {
    /// Whether an entry is among what is sought. `names`: what its owner is called. Whether it may be seen is not asked.
    pub fn fits<'a>(&self, interest: &'a Interest, names: impl IntoIterator<Item = &'a Name>) -> bool {
        let product = interest.product.map(StatementKind::name);
        let words =
            names.into_iter().map(Name::as_str).chain(interest.note.iter().map(Name::as_str)).chain(product);
        self.fits_facts(&interest.states, &interest.themes, words)
    }

    /// Whether a group is among what is sought.
    pub fn fits_group(&self, group: &Group) -> bool {
        let words = [group.name.as_str()].into_iter().chain(group.session.iter().map(Name::as_str));
        self.fits_facts(group.state.as_slice(), &group.themes, words)
    }

    fn fits_facts<'a>(
        &self,
        states: &[StateCode],
        themes: &Themes,
        words: impl IntoIterator<Item = &'a str>,
    ) -> bool {
        let themes: Vec<_> = themes.iter().map(|theme| theme.as_str().to_lowercase()).collect();
        let has_theme = |sought: &String| {
            let sought = sought.trim().to_lowercase();
            themes.iter().any(|theme| theme.contains(&sought))
        };
        let has_words = |sought: &String| {
            let letters = states.iter().map(|state| state.to_string().to_lowercase());
            let words = words.into_iter().map(str::to_lowercase);
            let all: Vec<_> = words.chain(letters).chain(themes.iter().cloned()).collect();
            let sought = sought.to_lowercase();
            sought.split_whitespace().all(|word| all.iter().any(|text| text.contains(word)))
        };
        self.state.is_none_or(|state| states.contains(&state))
            && self.theme.as_ref().is_none_or(has_theme)
            && self.text.as_ref().is_none_or(has_words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interest(states: &[&str], themes: &[&str]) -> Interest {
        Interest {
            id: InterestId::from_bytes([1; 16]),
            owner: InterestOwner::Organisation(OrganisationId::from_bytes([2; 16])),
            states: states.iter().map(|state| state.parse().unwrap()).collect(),
            themes: Themes::read(themes).unwrap(),
            product: Some(StatementKind::OralStatement),
            note: Some("Interviews from Oster".parse().unwrap()),
            shown: Shown::Hidden,
            by: UserId::from_bytes([3; 16]),
            changed: 7,
        }
    }

    #[test]
    fn an_entry_says_where_or_on_what() {
        let states = interest(&["YW", "XV", "YW"], &[]).checked().unwrap().states;
        assert_eq!(states.iter().map(ToString::to_string).collect::<Vec<_>>(), ["XV", "YW"]);
        assert_eq!(interest(&[], &[]).checked(), Err(FactError::NothingToFindItBy));
        let many: Vec<_> = ('A'..='U').map(|letter| format!("X{letter}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(interest(&many, &[]).checked(), Err(FactError::TooMany { count: 21, limit: 20 }));
    }

    #[test]
    fn the_largest_entry_fits_a_cell() {
        let states: Vec<_> = ('A'..='T').map(|letter| format!("X{letter}")).collect();
        let states: Vec<_> = states.iter().map(String::as_str).collect();
        let themes: Vec<_> = (0..10).map(|n| format!("{}{n}", "𠮷".repeat(39))).collect();
        let themes: Vec<_> = themes.iter().map(String::as_str).collect();
        let note = "𠮷".repeat(crate::NAME_CHARS_MAX).parse().unwrap();
        let largest = Interest { note: Some(note), ..interest(&states, &themes) }.checked().unwrap();
        let bytes = serde_json::to_vec(&largest).unwrap().len();
        assert!(bytes <= crate::STORED_BYTES_MAX, "{bytes}");
    }

    #[test]
    fn all_that_is_said_must_fit() {
        let interest = interest(&["XV"], &["Torture and ill-treatment"]);
        let name: Name = "Maison Ouverte".parse().unwrap();
        let state = |letters: &str| Some(letters.parse().unwrap());
        let some = |text: &str| Some(text.to_owned());
        let table = [
            (Sought::default(), true),
            (Sought { state: state("XV"), ..Sought::default() }, true),
            (Sought { state: state("YW"), ..Sought::default() }, false),
            (Sought { state: state("xv"), theme: some(" TORTURE"), text: some("oster maison") }, true),
            (Sought { theme: some("prisons"), ..Sought::default() }, false),
            (Sought { text: some("oral-statement xv ill-"), ..Sought::default() }, true),
            (Sought { text: some("oster nowhere"), ..Sought::default() }, false),
            (Sought { state: state("XV"), text: some("nowhere"), ..Sought::default() }, false),
        ];
        for (sought, expected) in table {
            assert_eq!(sought.fits(&interest, [&name]), expected, "{sought:?}");
        }
    }
}

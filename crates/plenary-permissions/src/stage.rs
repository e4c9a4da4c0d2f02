//! How far a statement is.

use std::{fmt, str::FromStr};

use crate::UnknownName;

/// How far a statement is. Which moves between stages are possible is said in `plenary-statements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The text is being written.
    Draft,
    /// The text is fixed; comments still come.
    Frozen,
    /// Organisations sign the fixed text.
    SignOn,
    /// Signing is over.
    Closed,
    /// It was sent. The text never opens again.
    Submitted,
    /// What came of it is watched.
    FollowUp,
}

impl Stage {
    /// Every stage, in the order of a statement's life.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Frozen, Self::SignOn, Self::Closed, Self::Submitted, Self::FollowUp];

    /// The name in interfaces and on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Frozen => "frozen",
            Self::SignOn => "sign-on",
            Self::Closed => "closed",
            Self::Submitted => "submitted",
            Self::FollowUp => "follow-up",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Stage {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|stage| stage.name() == text).ok_or(UnknownName {
            what: "stage",
            choices: "draft, frozen, sign-on, closed, submitted, follow-up",
        })
    }
}

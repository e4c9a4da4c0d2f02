//! Under whose name something may come in.

use std::{fmt, str::FromStr};

use crate::UnknownName;

/// Whether members bring only what they wrote themselves.
///
/// Everything in a Yjs document carries the id of the client that wrote it. An id belongs to the user who first wrote
/// with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Authorship {
    /// Only with ids of one's own. So nobody can write, or keep others from writing, in somebody else's name.
    #[default]
    Strict,
    /// With any id: members may pass on what the server has not seen of others, as hosts do whose editors also talk to
    /// each other. What came that way is marked as relayed. A member can then write in another's name, and take the
    /// clocks that the other would have used.
    Open,
}

impl Authorship {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Strict, Self::Open];

    /// The name in interfaces and on disk.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Open => "open",
        }
    }
}

impl fmt::Display for Authorship {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Authorship {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|authorship| authorship.name() == text)
            .ok_or(UnknownName { what: "kind of authorship", choices: "strict, open" })
    }
}

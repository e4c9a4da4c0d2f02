//! Who makes one document grow much faster than people write.

use std::collections::HashMap;

use plenary_ids::UserId;

const HOUR_MS: u64 = 60 * 60 * 1000;
/// Part of what a document may hold that is worth a warning when one user brings it within an hour: this and more is a
/// large paste, a program that has lost its way, or somebody who wants to fill the document for the others.
const PART: usize = 10;

/// What each user brought into one document in the current hour, which begins with the first of it.
#[derive(Debug, Default)]
pub(super) struct Growth {
    began_ms: u64,
    bytes_of: HashMap<UserId, usize>,
}

impl Growth {
    /// Counts `bytes` of `user`. Once in an hour for each of them, when they come to a tenth of `bytes_max`, returns the
    /// bytes so far.
    pub(super) fn add(&mut self, now_ms: u64, user: UserId, bytes: usize, bytes_max: usize) -> Option<usize> {
        if now_ms.saturating_sub(self.began_ms) >= HOUR_MS {
            *self = Self { began_ms: now_ms, bytes_of: HashMap::new() };
        }
        let sum = self.bytes_of.entry(user).or_default();
        let before = *sum;
        *sum += bytes;
        let part = bytes_max / PART;
        (before < part && *sum >= part).then_some(*sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_once_an_hour_and_each_for_themselves() {
        let [ana, ben] = [1, 2].map(|number| UserId::from_bytes([number; 16]));
        let mut growth = Growth::default();
        let began_ms = 1_700_000_000_000;
        assert_eq!(growth.add(began_ms, ana, 60, 1_000), None);
        assert_eq!(growth.add(began_ms + 1, ben, 60, 1_000), None);
        assert_eq!(growth.add(began_ms + 2, ana, 50, 1_000), Some(110));
        assert_eq!(growth.add(began_ms + 3, ana, 500, 1_000), None);
        assert_eq!(growth.add(began_ms + HOUR_MS - 1, ben, 39, 1_000), None);
        // What came an hour ago is forgotten.
        assert_eq!(growth.add(began_ms + HOUR_MS, ben, 39, 1_000), None);
        assert_eq!(growth.add(began_ms + HOUR_MS + 1, ana, 100, 1_000), Some(100));
    }
}

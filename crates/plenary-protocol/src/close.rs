//! Why a connection, or one document on it, ends.

use std::fmt;

/// The reason a connection ends, with the close code and the text a peer is given.
///
/// y-websocket clients treat 4400 to 4499 as final and return after any other code. Hocuspocus v3 and v4 always
/// return; v2 stays away after 4401 and 1009, which therefore never close a Hocuspocus socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The server is stopping and will be back.
    Restart,
    /// The store takes no more writes until the server was started again.
    StoreDown,
    /// A fault of ours; the document is loaded afresh for whoever returns.
    Internal,
    /// A frame that is no message.
    Malformed,
    /// No credential, or one that is wrong or has expired.
    BadToken,
    /// May no longer be here.
    Removed,
    /// No such document, or not for this person: told apart by nobody.
    NotFound,
    /// History was replaced: the document goes on under another id.
    Replaced,
    /// A frame over the limit.
    TooLarge,
    /// An update that is malformed, forged or incomplete, from a client that cannot be told otherwise.
    Refused,
    /// A ticket that was used or has expired. Not final: a fresh one may be had.
    Expired,
    /// Too many are here, or the server has too little memory just now. Not final: it passes.
    Busy,
    /// Nothing was heard for too long, or no credential came in time.
    TimedOut,
    /// Too many refused or awareness frames.
    TooFast,
}

impl CloseReason {
    /// Every reason, in the order of the codes.
    pub const ALL: [Self; 14] = [
        Self::Internal,
        Self::Restart,
        Self::StoreDown,
        Self::Malformed,
        Self::BadToken,
        Self::Removed,
        Self::NotFound,
        Self::Replaced,
        Self::TooLarge,
        Self::Refused,
        Self::Expired,
        Self::Busy,
        Self::TimedOut,
        Self::TooFast,
    ];

    /// The WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::Internal => 1011,
            Self::Restart => 1012,
            Self::StoreDown => 1013,
            Self::Malformed => 4400,
            Self::BadToken => 4401,
            Self::Removed => 4403,
            Self::NotFound => 4404,
            Self::Replaced => 4410,
            Self::TooLarge => 4413,
            Self::Refused => 4422,
            Self::Expired => 4501,
            Self::Busy => 4503,
            Self::TimedOut => 4508,
            Self::TooFast => 4529,
        }
    }

    /// The text of the close frame, or of the Hocuspocus CLOSE or denial for one document. Short enough for a
    /// close frame (123 bytes), in the style of Hocuspocus' own reasons, and part of the contract.
    pub fn text(self) -> &'static str {
        match self {
            Self::Internal => "internal-error",
            Self::Restart => "restart",
            Self::StoreDown => "store-down",
            Self::Malformed => "malformed-frame",
            Self::BadToken => "bad-token",
            Self::Removed => "removed",
            Self::NotFound => "not-found",
            Self::Replaced => "replaced",
            Self::TooLarge => "too-large",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Busy => "busy",
            Self::TimedOut => "timed-out",
            Self::TooFast => "too-fast",
        }
    }

    /// Whether a y-websocket client stays away after this code.
    pub fn is_final_for_y_websocket(self) -> bool {
        (4400..=4499).contains(&self.code())
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_texts_are_distinct_and_fit_a_close_frame() {
        for (index, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert!(reason.text().len() <= 123);
            for other in &CloseReason::ALL[..index] {
                assert!(reason.code() > other.code());
                assert_ne!(reason.text(), other.text());
            }
        }
    }

    #[test]
    fn what_may_pass_by_itself_is_not_final_for_y_websocket_clients() {
        use CloseReason::*;
        for reason in [Internal, Restart, StoreDown, Expired, Busy, TimedOut, TooFast] {
            assert!(!reason.is_final_for_y_websocket());
        }
    }
}

//! What a room knows of one participant.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use plenary_gate::StateVector;
use plenary_ids::UserId;
use plenary_permissions::Access;

use crate::{
    barrier::Held,
    input::{Backlog, Dialect, Join},
    pace::Pace,
};

/// Frames kept for a participant that is behind. Beyond this one diff is cheaper than the frames.
const MISSED_BYTES_MAX: usize = 64 * 1024;

/// Statuses paid at once for what was typed in vain. Beyond it the client is never told that it is in step.
const UNPAID_MAX: u32 = 100_000;

pub(crate) struct Participant {
    pub(crate) user: UserId,
    pub(crate) dialect: Dialect,
    pub(crate) prefix: Bytes,
    pub(crate) access: Access,
    pub(crate) backlog: Backlog,
    /// It said hello: it understands message type 110.
    pub(crate) speaks_plenary: bool,
    /// Sync frames received since hello, for naming the one that was refused.
    pub(crate) ordinal: u64,
    /// It was refused for good on this socket: from then on it may only read.
    pub(crate) is_refused: bool,
    /// Its frames that were refused: each costs a look through the gate.
    pub(crate) refusals: Pace,
    /// It has been sent the state it asked for, so updates make sense to it.
    pub(crate) is_following: bool,
    /// Our step 1s that it has not answered yet, oldest first.
    pub(crate) asked: VecDeque<Ask>,
    /// How many of those were lost before they were sent.
    pub(crate) asks_lost: u32,
    /// Statuses and marks that wait for those answers.
    pub(crate) deferred: Vec<Held>,
    /// Updates it counts as unsynced that no status has paid off: refused by role or stage, lacking clocks, or
    /// lost to a full disk. The next step 2 that is accepted contains them all and pays for them.
    pub(crate) unpaid: u32,
    /// Raised when the client sets its counter anew; older statuses are void.
    pub(crate) counting: u64,
    pub(crate) behind: Option<Behind>,
    /// Somebody's presence was not sent to it, as too much waited for its socket.
    pub(crate) misses_presence: bool,
    /// An answer to a step 1 of its is in the barrier.
    pub(crate) has_step2_held: bool,
    /// The state vector of its newest step 1 that has to wait: an answer may be the whole document, so there is
    /// one on its way at a time.
    pub(crate) asks_for: Option<Bytes>,
}

/// One of our step 1s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    /// It goes with a step 1 of the client, whose counter its answer pays.
    pub(crate) is_counted: bool,
    /// The document was loaded anew since: an answer that lacks clocks is no offence.
    pub(crate) is_stale: bool,
}

/// A participant whose socket does not keep up is sent nothing until it has drained.
pub(crate) struct Behind {
    /// The state it has once its socket has drained.
    since: Arc<StateVector>,
    missed: Vec<Bytes>,
    missed_bytes: usize,
    /// The diff is on its way through the barrier.
    pub(crate) is_catching_up: bool,
}

impl Behind {
    pub(crate) fn new(since: Arc<StateVector>, frame: Bytes) -> Self {
        let mut behind = Self { since, missed: Vec::new(), missed_bytes: 0, is_catching_up: false };
        behind.miss(frame);
        behind
    }

    pub(crate) fn miss(&mut self, frame: Bytes) {
        self.missed_bytes = self.missed_bytes.saturating_add(frame.len());
        if self.missed_bytes <= MISSED_BYTES_MAX {
            self.missed.push(frame);
        } else {
            self.missed.clear();
        }
    }

    /// The frames it missed if they are few, otherwise the state to make a diff from. A diff always repeats the
    /// whole delete set, and equal state vectors prove nothing, since deletions do not move them.
    pub(crate) fn what_it_lacks(&mut self) -> Result<Vec<Bytes>, Arc<StateVector>> {
        if self.missed_bytes <= MISSED_BYTES_MAX {
            Ok(std::mem::take(&mut self.missed))
        } else {
            Err(self.since.clone())
        }
    }
}

impl Participant {
    pub(crate) fn new(join: Join) -> Self {
        Self {
            user: join.user,
            dialect: join.dialect,
            prefix: join.prefix,
            access: join.access,
            backlog: join.backlog,
            speaks_plenary: false,
            ordinal: 0,
            is_refused: false,
            refusals: Pace::default(),
            is_following: false,
            asked: VecDeque::new(),
            asks_lost: 0,
            deferred: Vec::new(),
            unpaid: 0,
            counting: 0,
            behind: None,
            misses_presence: false,
            has_step2_held: false,
            asks_for: None,
        }
    }

    pub(crate) fn may_write(&self) -> bool {
        self.access == Access::Write && !self.is_refused
    }

    /// One more update that the client counts as unsynced and nobody pays for now.
    pub(crate) fn leave_unpaid(&mut self) {
        self.unpaid = (self.unpaid + 1).min(UNPAID_MAX);
    }

    /// The client sets its counter to 1: what it sent before gets no status any more.
    pub(crate) fn count_anew(&mut self) {
        self.counting += 1;
        self.unpaid = 0;
        self.deferred.retain(|held| !matches!(held, Held::Status { .. }));
        self.asked.iter_mut().for_each(|ask| ask.is_counted = false);
    }
}

//! How fast a peer sends what costs others something and brings the text nothing.

use std::time::Duration;

use plenary_protocol::limits;
use tokio::time::Instant;

/// Counts one connection's awareness frames, second by second.
#[derive(Debug)]
pub(super) struct Pace {
    second: Instant,
    count: u32,
    /// Seconds in a row that were too fast.
    too_fast: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { second: Instant::now(), count: 0, too_fast: 0 }
    }
}

impl Pace {
    /// Counts one frame; true when the peer has been too fast for too long.
    pub(super) fn is_too_fast(&mut self, now: Instant) -> bool {
        if now - self.second >= Duration::from_secs(1) {
            let was_too_fast =
                self.count > limits::TOO_FAST_PER_SECOND && now - self.second < Duration::from_secs(2);
            self.too_fast = if was_too_fast { self.too_fast + 1 } else { 0 };
            self.second = now;
            self.count = 0;
        }
        self.count += 1;
        self.too_fast >= limits::TOO_FAST_FOR.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends so many frames in each of so many seconds from `now` on.
    fn send(pace: &mut Pace, now: &mut Instant, seconds: u32, frames_each: u32) -> bool {
        let mut is_too_fast = false;
        for _ in 0..seconds {
            for _ in 0..frames_each {
                is_too_fast |= pace.is_too_fast(*now);
            }
            *now += Duration::from_secs(1);
        }
        is_too_fast
    }

    #[test]
    fn only_a_peer_that_is_too_fast_for_ten_seconds_is_closed() {
        let (mut pace, mut now) = (Pace::default(), Instant::now());
        assert!(!send(&mut pace, &mut now, 100, limits::TOO_FAST_PER_SECOND));
        assert!(!send(&mut pace, &mut now, 9, 1_000));
        assert!(!send(&mut pace, &mut now, 1, 1));
        assert!(!send(&mut pace, &mut now, 9, 1_000));
        assert!(send(&mut pace, &mut now, 3, 1_000));
    }
}

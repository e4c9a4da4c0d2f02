//! How fast a peer sends what costs others something and brings the text nothing.

use plenary_protocol::limits;

/// Counts frames of one peer, second by second: awareness frames of a connection, refused frames of a participant.
#[derive(Debug, Default)]
pub struct Pace {
    second_ms: u64,
    count: u32,
    /// Seconds in a row that were too fast.
    too_fast: u64,
}

impl Pace {
    /// Counts one frame that came at `now_ms`; true when the peer has been too fast for too long
    /// ([`limits::TOO_FAST_PER_SECOND`], [`limits::TOO_FAST_FOR`]).
    pub fn is_too_fast(&mut self, now_ms: u64) -> bool {
        let elapsed_ms = now_ms.saturating_sub(self.second_ms);
        if elapsed_ms >= 1_000 {
            let was_too_fast = self.count > limits::TOO_FAST_PER_SECOND && elapsed_ms < 2_000;
            self.too_fast = if was_too_fast { self.too_fast + 1 } else { 0 };
            self.second_ms = now_ms;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.too_fast >= limits::TOO_FAST_FOR.as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends so many frames in each of so many seconds from `now_ms` on.
    fn send(pace: &mut Pace, now_ms: &mut u64, seconds: u32, frames_each: u32) -> bool {
        let mut is_too_fast = false;
        for _ in 0..seconds {
            for _ in 0..frames_each {
                is_too_fast |= pace.is_too_fast(*now_ms);
            }
            *now_ms += 1_000;
        }
        is_too_fast
    }

    #[test]
    fn only_a_peer_that_is_too_fast_for_ten_seconds_is_closed() {
        let (mut pace, mut now_ms) = (Pace::default(), 1_000_000);
        assert!(!send(&mut pace, &mut now_ms, 100, limits::TOO_FAST_PER_SECOND));
        assert!(!send(&mut pace, &mut now_ms, 9, 1_000));
        assert!(!send(&mut pace, &mut now_ms, 1, 1));
        assert!(!send(&mut pace, &mut now_ms, 9, 1_000));
        assert!(send(&mut pace, &mut now_ms, 3, 1_000));
    }
}

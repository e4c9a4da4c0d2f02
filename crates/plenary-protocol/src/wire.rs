//! Reading and writing the primitives of lib0: varUint, varString, varBytes.
//!
//! The reader looks at the bytes left before it takes or allocates anything, never recurses and never panics,
//! whatever the bytes are.

use bytes::Bytes;

use crate::error::WireError;

/// The largest number on the wire: what a JavaScript number holds exactly.
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Reads one frame from its beginning to its end.
#[derive(Clone, Debug)]
pub struct Reader {
    frame: Bytes,
    at: usize,
}

impl Reader {
    /// Starts at the first byte of `frame`.
    pub fn new(frame: Bytes) -> Self {
        Self { frame, at: 0 }
    }

    /// How many bytes are left.
    pub fn left(&self) -> usize {
        self.frame.len() - self.at
    }

    /// Whether everything was read.
    pub fn is_at_end(&self) -> bool {
        self.left() == 0
    }

    /// All bytes that are left; the reader is then at the end.
    pub fn rest(&mut self) -> Bytes {
        let rest = self.frame.slice(self.at..);
        self.at = self.frame.len();
        rest
    }

    /// A varUint: groups of seven bits, lowest first, the high bit set when more follow.
    ///
    /// Longer spellings than needed are accepted, as lib0 does, up to eight bytes. Fails past 2^53 - 1; where
    /// the reader stands after any failure is unspecified.
    pub fn var_uint(&mut self) -> Result<u64, WireError> {
        let mut number = 0u64;
        for shift in (0..56).step_by(7) {
            let byte = *self.frame.get(self.at).ok_or(WireError::Truncated { needed: 1, left: 0 })?;
            self.at += 1;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return if number > NUMBER_MAX { Err(WireError::NumberTooLarge) } else { Ok(number) };
            }
        }
        Err(WireError::NumberTooLarge)
    }

    /// A varUint that says how many entries follow, each of at least `entry_bytes_min` bytes. So a count that
    /// is returned can be reserved for: it is at most [`left`](Self::left) / `entry_bytes_min`.
    pub fn count(&mut self, entry_bytes_min: usize) -> Result<usize, WireError> {
        let count = self.var_uint()?;
        let needed = count.saturating_mul(entry_bytes_min as u64);
        if needed > self.left() as u64 {
            return Err(WireError::Truncated { needed, left: self.left() });
        }
        Ok(count as usize)
    }

    /// A varBytes: a length and that many bytes, as a slice of the frame without copying.
    pub fn var_bytes(&mut self) -> Result<Bytes, WireError> {
        let length = self.count(1)?;
        let bytes = self.frame.slice(self.at..self.at + length);
        self.at += length;
        Ok(bytes)
    }

    /// A varString, as a slice of the frame that was checked to be UTF-8.
    pub fn var_text(&mut self) -> Result<Bytes, WireError> {
        let bytes = self.var_bytes()?;
        std::str::from_utf8(&bytes).map_err(|_| WireError::NotUtf8)?;
        Ok(bytes)
    }

    /// A varString of at most `bytes_max` bytes, copied out. `what` names it in the error.
    pub fn var_string(&mut self, what: &'static str, bytes_max: usize) -> Result<String, WireError> {
        let bytes = self.var_bytes()?;
        if bytes.len() > bytes_max {
            return Err(WireError::TooLarge { what, size: bytes.len(), limit: bytes_max });
        }
        String::from_utf8(bytes.to_vec()).map_err(|_| WireError::NotUtf8)
    }
}

/// Writes one frame.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// Starts with `prefix` and room for `more` further bytes.
    pub fn after(prefix: &[u8], more: usize) -> Self {
        let mut bytes = Vec::with_capacity(prefix.len() + more);
        bytes.extend_from_slice(prefix);
        Self(bytes)
    }

    /// A varUint in its shortest spelling. `number` is at most [`NUMBER_MAX`], or peers refuse to read it.
    pub fn var_uint(mut self, mut number: u64) -> Self {
        debug_assert!(number <= NUMBER_MAX, "peers cannot read {number}");
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
        self
    }

    /// A varBytes, or a varString when `bytes` are UTF-8.
    pub fn var_bytes(self, bytes: &[u8]) -> Self {
        self.var_uint(bytes.len() as u64).raw(bytes)
    }

    /// Bytes as they are.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// The frame.
    pub fn finish(self) -> Bytes {
        Bytes::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reader(bytes: &[u8]) -> Reader {
        Reader::new(Bytes::copy_from_slice(bytes))
    }

    #[test]
    fn numbers_up_to_what_javascript_holds_are_read_and_no_larger_ones() {
        assert_eq!(reader(&[0xac, 0x02]).var_uint(), Ok(300));
        assert_eq!(reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]).var_uint(), Ok(NUMBER_MAX));
        assert_eq!(
            reader(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]).var_uint(),
            Err(WireError::NumberTooLarge)
        );
        assert_eq!(reader(&[0x80; 9]).var_uint(), Err(WireError::NumberTooLarge));
        assert_eq!(reader(&[0x80]).var_uint(), Err(WireError::Truncated { needed: 1, left: 0 }));
        assert_eq!(reader(&[]).var_uint(), Err(WireError::Truncated { needed: 1, left: 0 }));
    }

    #[test]
    fn a_length_beyond_the_frame_is_refused_before_anything_is_taken() {
        let huge = Writer::default().var_uint(NUMBER_MAX).finish();
        assert_eq!(
            Reader::new(huge.clone()).var_bytes(),
            Err(WireError::Truncated { needed: NUMBER_MAX, left: 0 })
        );
        assert!(Reader::new(huge).count(usize::MAX).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number in 0..=NUMBER_MAX, bytes: Vec<u8>, text: String) {
            let frame = Writer::default().var_uint(number).var_bytes(&bytes).var_bytes(text.as_bytes()).finish();
            let mut reader = Reader::new(frame);
            prop_assert_eq!(reader.var_uint(), Ok(number));
            prop_assert_eq!(reader.var_bytes(), Ok(Bytes::from(bytes)));
            prop_assert_eq!(reader.var_string("text", usize::MAX), Ok(text));
            prop_assert!(reader.is_at_end());
        }
    }
}

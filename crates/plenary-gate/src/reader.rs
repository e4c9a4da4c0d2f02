//! Bytes to numbers and strings, as lib0 writes them: never past the end, nothing allocated.

use crate::Refusal;

/// Client ids have 53 bits: yjs holds them in a double.
const CLIENT_MAX: u64 = (1 << 53) - 1;
/// Clocks stay below this, so that both yjs (32-bit signed in places) and yrs (u32) can add a length to one.
pub(crate) const CLOCK_MAX: u64 = (1 << 31) - 1;

/// Reads bytes from front to back.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn malformed(&self, what: &'static str) -> Refusal {
        Refusal::Malformed { at: self.at, what }
    }

    /// Fails unless everything has been read.
    pub(crate) fn end(&self) -> Result<(), Refusal> {
        if self.left() == 0 { Ok(()) } else { Err(self.malformed("bytes after the end")) }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Refusal> {
        match self.bytes.get(self.at) {
            Some(&byte) => {
                self.at += 1;
                Ok(byte)
            }
            None => Err(self.malformed("ends early")),
        }
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Refusal> {
        if len > self.left() {
            return Err(self.malformed("ends early"));
        }
        let taken = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    /// An unsigned number of up to 63 bits in as few bytes as it needs.
    pub(crate) fn number(&mut self) -> Result<u64, Refusal> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut number = u64::from(first & 0x7f);
        for shift in (7..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                if byte == 0 {
                    return Err(self.malformed("number with more bytes than it needs"));
                }
                return Ok(number);
            }
        }
        Err(self.malformed("number too large"))
    }

    /// A signed number: six bits and the sign in the first byte. Any that fits 53 bits.
    pub(crate) fn signed_number(&mut self) -> Result<(), Refusal> {
        let mut byte = self.byte()?;
        for used_bits in (6..56).step_by(7) {
            if byte < 0x80 {
                return Ok(());
            }
            if used_bits > 53 {
                break;
            }
            byte = self.byte()?;
            if byte == 0 {
                return Err(self.malformed("number with more bytes than it needs"));
            }
        }
        Err(self.malformed("number too large"))
    }

    pub(crate) fn client(&mut self) -> Result<u64, Refusal> {
        let client = self.number()?;
        if client > CLIENT_MAX {
            return Err(self.malformed("client id of more than 53 bits"));
        }
        Ok(client)
    }

    pub(crate) fn clock(&mut self) -> Result<u32, Refusal> {
        let clock = self.number()?;
        if clock > CLOCK_MAX {
            return Err(self.malformed("clock of more than 31 bits"));
        }
        Ok(clock as u32)
    }

    /// The length of a struct or delete range that starts at `clock`: at least 1, its end still a clock.
    pub(crate) fn len_at(&mut self, clock: u32) -> Result<u32, Refusal> {
        let len = self.number()?;
        self.check_len(clock, len)
    }

    pub(crate) fn check_len(&self, clock: u32, len: u64) -> Result<u32, Refusal> {
        if len == 0 {
            return Err(self.malformed("length 0"));
        }
        if len > CLOCK_MAX - u64::from(clock) {
            return Err(self.malformed("clock of more than 31 bits"));
        }
        Ok(len as u32)
    }

    /// How many things follow, of which each takes at least `bytes_each` bytes.
    pub(crate) fn count(&mut self, bytes_each: usize) -> Result<usize, Refusal> {
        let count = self.number()?;
        if count > (self.left() / bytes_each) as u64 {
            return Err(self.malformed("count larger than what follows"));
        }
        Ok(count as usize)
    }

    pub(crate) fn buffer(&mut self) -> Result<&'a [u8], Refusal> {
        let len = self.count(1)?;
        self.take(len)
    }

    pub(crate) fn string(&mut self) -> Result<&'a str, Refusal> {
        let at = self.at;
        let bytes = self.buffer()?;
        std::str::from_utf8(bytes).map_err(|_| Refusal::Malformed { at, what: "string is not UTF-8" })
    }
}

/// Writes an unsigned number as lib0 does.
pub(crate) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip_and_longer_forms_are_refused() {
        for number in [0, 1, 127, 128, 300, 16_383, 16_384, (1 << 53) - 1, (1 << 62) + 5] {
            let mut bytes = Vec::new();
            write_number(&mut bytes, number);
            assert_eq!(Reader::new(&bytes).number(), Ok(number));
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
            assert!(Reader::new(&bytes).number().is_err());
        }
        assert!(Reader::new(&[0xff; 12]).number().is_err());
        assert!(Reader::new(&[0x80]).number().is_err());
    }

    #[test]
    fn signed_numbers_end_where_lib0_ends_them() {
        for bytes in
            [&[0x00][..], &[0x40], &[0x7f], &[0x80, 0x01], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f]]
        {
            let mut reader = Reader::new(bytes);
            assert_eq!(reader.signed_number(), Ok(()));
            assert_eq!(reader.left(), 0);
        }
        assert!(Reader::new(&[0x80, 0x00]).signed_number().is_err());
        assert!(Reader::new(&[0xff; 12]).signed_number().is_err());
        assert!(Reader::new(&[0x80]).signed_number().is_err());
    }

    #[test]
    fn a_count_is_checked_before_anything_is_allocated() {
        assert!(Reader::new(&[0xff, 0xff, 0xff, 0x7f]).count(1).is_err());
        assert!(Reader::new(&[3, 0, 0]).count(1).is_err());
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Ok(2));
    }
}

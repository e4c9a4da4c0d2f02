//! Sealed values: a format version and a checksum around every value in the store; and the integers within.
//!
//! `version (1) | crc32, little endian, of key ++ body | body`. The key is part of the checksum, so that a value
//! that turns up under another key is noticed.

/// What a value or a piece of one is, or why it does not read.
pub(crate) type Decoded<T> = Result<T, &'static str>;

const VERSION: u8 = 1;

/// What sealing adds to a body.
pub(crate) const SEAL_BYTES: usize = 5;

/// The value that keeps `body` under `key`.
pub(crate) fn seal(key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(SEAL_BYTES + body.len());
    value.push(VERSION);
    value.extend_from_slice(&checksum(key, body).to_le_bytes());
    value.extend_from_slice(body);
    value
}

/// The body kept in `value` under `key`.
pub(crate) fn open<'a>(key: &[u8], value: &'a [u8]) -> Decoded<&'a [u8]> {
    let (head, body) = value.split_at_checked(SEAL_BYTES).ok_or("the value is too short")?;
    if head[0] != VERSION {
        return Err("the value has an unknown version");
    }
    if head[1..] != checksum(key, body).to_le_bytes() {
        return Err("the checksum does not match");
    }
    Ok(body)
}

fn checksum(key: &[u8], body: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key);
    crc.update(body);
    crc.finalize()
}

/// Appends `value` in groups of seven bits, lowest first.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Reads a body from front to back.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> Decoded<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Decoded<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>().ok_or("the value ends early")?;
        self.0 = rest;
        Ok(*array)
    }

    pub(crate) fn varint(&mut self) -> Decoded<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("an integer is longer than 64 bits")
    }

    /// A varint that counts bytes, and that many bytes.
    pub(crate) fn bytes(&mut self) -> Decoded<&'a [u8]> {
        let len = usize::try_from(self.varint()?).map_err(|_| "a length does not fit")?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or("the value ends early")?;
        self.0 = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_read_back() {
        for value in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            let mut cursor = Cursor(&bytes);
            assert_eq!(cursor.varint(), Ok(value));
            assert!(cursor.is_at_end());
        }
        assert!(Cursor(&[0xff; 9]).varint().is_err());
        assert!(Cursor(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint().is_err());
    }

    #[test]
    fn a_value_under_another_key_or_with_any_bit_flipped_does_not_open() {
        let value = seal(b"key", b"body");
        assert_eq!(open(b"key", &value), Ok(&b"body"[..]));
        assert!(open(b"kez", &value).is_err());
        for at in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert!(open(b"key", &flipped).is_err());
        }
        assert!(open(b"key", &value[..3]).is_err());
    }
}

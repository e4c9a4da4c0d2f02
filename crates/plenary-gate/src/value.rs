//! The values people put into a document: lib0 `any` and JSON. Only checked, never built, and without
//! recursion: yrs recurses once per level, so depth is bounded here.

use crate::Refusal;
use crate::reader::Reader;

/// What follows inside an array or object that has been opened.
struct Open {
    left: usize,
    is_object: bool,
}

/// Reads one lib0 `any` value of at most `depth_max` levels of arrays and objects.
pub(crate) fn read_any(reader: &mut Reader<'_>, depth_max: usize) -> Result<(), Refusal> {
    let mut open: Vec<Open> = Vec::new();
    loop {
        let at = reader.at();
        match reader.byte()? {
            // undefined, null, true, false
            127 | 126 | 121 | 120 => {}
            125 => reader.signed_number()?,
            124 => {
                reader.take(4)?;
            }
            123 | 122 => {
                reader.take(8)?;
            }
            119 => {
                reader.string()?;
            }
            116 => {
                reader.buffer()?;
            }
            kind @ (118 | 117) => {
                let is_object = kind == 118;
                let left = reader.count(if is_object { 2 } else { 1 })?;
                if open.len() == depth_max {
                    return Err(Refusal::ValueTooDeep { at, limit: depth_max });
                }
                open.push(Open { left, is_object });
            }
            _ => {
                return Err(Refusal::Malformed { at, what: "unknown kind of value" });
            }
        }
        // What was just read may have been the last of its container, and that the last of its own.
        loop {
            match open.last_mut() {
                None => return Ok(()),
                Some(container) if container.left == 0 => {
                    open.pop();
                }
                Some(container) => {
                    container.left -= 1;
                    if container.is_object {
                        reader.string()?;
                    }
                    break;
                }
            }
        }
    }
}

/// Checks that `text` is one JSON value of at most `depth_max` levels that serde_json, and so yrs, can read:
/// besides RFC 8259 no lone surrogate escapes, no numbers beyond a double and no integers from 2^63 to 2^64.
pub(crate) fn check_json(text: &str, depth_max: usize, at: usize) -> Result<(), Refusal> {
    Json { bytes: text.as_bytes(), next: 0, at }.check(depth_max)
}

struct Json<'a> {
    bytes: &'a [u8],
    next: usize,
    at: usize,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    CommaOrEnd,
}

impl Json<'_> {
    fn check(mut self, depth_max: usize) -> Result<(), Refusal> {
        let mut open: Vec<u8> = Vec::new();
        let mut expect = Expect::Value;
        loop {
            self.space();
            let byte = self.peek();
            match (expect, byte) {
                (Expect::ValueOrEnd, Some(b']'))
                | (Expect::KeyOrEnd, Some(b'}'))
                | (Expect::CommaOrEnd, Some(b']' | b'}')) => {
                    // An empty container, or the end of one with a value: it must be the innermost.
                    if open.pop() != byte {
                        return Err(self.malformed());
                    }
                    self.next += 1;
                    expect = Expect::CommaOrEnd;
                }
                (Expect::CommaOrEnd, Some(b',')) => {
                    self.next += 1;
                    if open.last() == Some(&b'}') {
                        self.space();
                        self.key()?;
                    }
                    expect = Expect::Value;
                }
                (Expect::KeyOrEnd, _) => {
                    self.key()?;
                    expect = Expect::Value;
                }
                (Expect::Value | Expect::ValueOrEnd, Some(byte @ (b'[' | b'{'))) => {
                    if open.len() == depth_max {
                        return Err(Refusal::ValueTooDeep { at: self.at, limit: depth_max });
                    }
                    self.next += 1;
                    // '[' + 2 is ']', '{' + 2 is '}'.
                    open.push(byte + 2);
                    expect = if byte == b'[' { Expect::ValueOrEnd } else { Expect::KeyOrEnd };
                    continue;
                }
                (Expect::Value | Expect::ValueOrEnd, _) => {
                    self.scalar()?;
                    expect = Expect::CommaOrEnd;
                }
                (Expect::CommaOrEnd, _) => return Err(self.malformed()),
            }
            if open.is_empty() && expect == Expect::CommaOrEnd {
                self.space();
                return if self.next == self.bytes.len() { Ok(()) } else { Err(self.malformed()) };
            }
        }
    }

    fn malformed(&self) -> Refusal {
        Refusal::Malformed { at: self.at, what: "embed or format is not JSON" }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.next).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.next += 1;
        }
    }

    fn key(&mut self) -> Result<(), Refusal> {
        if self.peek() != Some(b'"') {
            return Err(self.malformed());
        }
        self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.malformed());
        }
        self.next += 1;
        Ok(())
    }

    fn scalar(&mut self) -> Result<(), Refusal> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => {
                for word in ["null", "true", "false"] {
                    if self.bytes[self.next..].starts_with(word.as_bytes()) {
                        self.next += word.len();
                        return Ok(());
                    }
                }
                Err(self.malformed())
            }
        }
    }

    fn string(&mut self) -> Result<(), Refusal> {
        self.next += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.next += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.next += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.next += 1,
                        Some(b'u') => self.unicode_escape()?,
                        _ => return Err(self.malformed()),
                    }
                }
                Some(0x20..) => self.next += 1,
                _ => return Err(self.malformed()),
            }
        }
    }

    fn unicode_escape(&mut self) -> Result<(), Refusal> {
        match self.hex4()? {
            0xd800..=0xdbff => {
                if self.peek() != Some(b'\\') {
                    return Err(self.malformed());
                }
                self.next += 1;
                if self.peek() != Some(b'u') || !matches!(self.hex4()?, 0xdc00..=0xdfff) {
                    return Err(self.malformed());
                }
                Ok(())
            }
            0xdc00..=0xdfff => Err(self.malformed()),
            _ => Ok(()),
        }
    }

    /// Reads `uXXXX` from the `u` on.
    fn hex4(&mut self) -> Result<u32, Refusal> {
        let digits = self.bytes.get(self.next + 1..self.next + 5).ok_or_else(|| self.malformed())?;
        let mut code = 0;
        for &digit in digits {
            code = code * 16 + char::from(digit).to_digit(16).ok_or_else(|| self.malformed())?;
        }
        self.next += 5;
        Ok(code)
    }

    fn number(&mut self) -> Result<(), Refusal> {
        let start = self.next;
        if self.peek() == Some(b'-') {
            self.next += 1;
        }
        match self.peek() {
            Some(b'0') => self.next += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.malformed()),
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            is_integer = false;
            self.next += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            is_integer = false;
            self.next += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.next += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.next]).expect("ASCII digits");
        // serde_json reads larger ones as doubles, but these as u64, for which yrs has no place.
        if is_integer && text.parse::<u64>().is_ok_and(|number| number > i64::MAX as u64) {
            return Err(self.malformed());
        }
        // A little below f64::MAX, where parsers may round differently.
        match text.parse::<f64>() {
            Ok(number) if number.abs() < 1.7e308 => Ok(()),
            _ => Err(self.malformed()),
        }
    }

    fn digits(&mut self) -> Result<(), Refusal> {
        let start = self.next;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.next += 1;
        }
        if self.next == start { Err(self.malformed()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use yrs::Any;

    fn accepts(text: &str) -> bool {
        check_json(text, 32, 0).is_ok()
    }

    #[test]
    fn json_that_yjs_writes_is_accepted() {
        for text in [
            "null",
            "true",
            "\"\"",
            "0",
            "-1.5e-7",
            "{}",
            "[]",
            " [1, {\"a\":[{}], \"b\\u00e9\":\"\\ud83d\\ude00\"} ] ",
            "{\"image\":\"https://example.org/a.png\",\"width\":null}",
            "9007199254740993",
            "-0",
            "100000000000000000000",
            "-9223372036854775809",
        ] {
            assert!(accepts(text), "{text}");
            assert!(Any::from_json(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_yrs_cannot_read_is_refused() {
        for text in [
            "",
            "undefined",
            "{",
            "[1,]",
            "[1}",
            "{1:2}",
            "{\"a\"}",
            "01",
            "1.",
            "-",
            "1e999",
            "nul",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\x\"",
            "\"\n\"",
            "1 2",
            "]",
            "[[]",
            "{\"a\":}",
            "18446744073709551615",
            "'a'",
            "NaN",
        ] {
            assert!(!accepts(text), "{text}");
        }
    }

    #[test]
    fn depth_is_counted_in_arrays_and_objects() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(accepts(&nested(32)));
        assert_eq!(check_json(&nested(33), 32, 7), Err(Refusal::ValueTooDeep { at: 7, limit: 32 }));
        let any = |depth: usize| [[117u8, 1].repeat(depth), vec![126]].concat();
        assert_eq!(read_any(&mut Reader::new(&any(32)), 32), Ok(()));
        assert!(matches!(read_any(&mut Reader::new(&any(33)), 32), Err(Refusal::ValueTooDeep { .. })));
        // Deep enough to overflow any stack, were there recursion.
        assert!(read_any(&mut Reader::new(&any(1_000_000)), usize::MAX).is_ok());
        assert!(check_json(&nested(1_000_000), usize::MAX, 0).is_ok());
    }

    #[test]
    fn containers_of_a_value_end_where_they_should() {
        // [{"a": [], "b": 1}, true] then one byte that belongs to the next value
        let bytes = [117, 2, 118, 2, 1, b'a', 117, 0, 1, b'b', 125, 1, 120, 99];
        let mut reader = Reader::new(&bytes);
        assert_eq!(read_any(&mut reader, 32), Ok(()));
        assert_eq!(reader.left(), 1);
    }

    proptest! {
        #[test]
        fn whatever_json_we_accept_yrs_accepts(text in "[\\[\\]{}:,\"0-9eE.+\\-u\\\\ntrafls d8]{0,24}") {
            if accepts(&text) {
                prop_assert!(Any::from_json(&text).is_ok(), "{}", text);
            }
        }

        #[test]
        fn whatever_value_we_accept_yrs_accepts(
            bytes in proptest::collection::vec(prop_oneof![116u8..=127, 0u8..=4, any::<u8>()], 0..40),
        ) {
            let mut reader = Reader::new(&bytes);
            if read_any(&mut reader, 32).is_ok() {
                let mut cursor = yrs::encoding::read::Cursor::new(&bytes);
                prop_assert!(Any::decode(&mut cursor).is_ok());
                prop_assert_eq!(cursor.next, reader.at());
            }
        }
    }
}

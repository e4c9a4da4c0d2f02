//! Whether a text is JSON, without building anything.
//!
//! Stock clients hand every awareness state they are sent to `JSON.parse`, and lose the whole frame when it
//! throws. So one person's broken state must not be relayed to the others.

/// Whether `text` is one JSON value that nests at most `depth_max` deep. Never recurses.
pub(crate) fn is_json(text: &[u8], depth_max: usize) -> bool {
    let mut scanner = Scanner { text, at: 0 };
    scanner.document(depth_max).is_some() && scanner.at == text.len()
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    /// One value and the space around it. The stack holds the closing bracket of each open array or object.
    fn document(&mut self, depth_max: usize) -> Option<()> {
        let mut open = Vec::new();
        loop {
            // A value is due.
            self.space();
            let opened = match self.peek()? {
                b'{' => Some(b'}'),
                b'[' => Some(b']'),
                b'"' => self.string().map(|()| None)?,
                b't' => self.word(b"true").map(|()| None)?,
                b'f' => self.word(b"false").map(|()| None)?,
                b'n' => self.word(b"null").map(|()| None)?,
                _ => self.number().map(|()| None)?,
            };
            if let Some(closing) = opened {
                self.at += 1;
                self.space();
                if self.peek()? == closing {
                    self.at += 1;
                } else {
                    if open.len() == depth_max {
                        return None;
                    }
                    open.push(closing);
                    if closing == b'}' {
                        self.key()?;
                    }
                    continue;
                }
            }
            // A value has ended: close what ends with it, up to a comma or the end.
            loop {
                self.space();
                let Some(&closing) = open.last() else {
                    return Some(());
                };
                match self.next()? {
                    b',' => {
                        if closing == b'}' {
                            self.key()?;
                        }
                        break;
                    }
                    byte if byte == closing => {
                        open.pop();
                    }
                    _ => return None,
                }
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    fn key(&mut self) -> Option<()> {
        self.space();
        self.string()?;
        self.space();
        (self.next()? == b':').then_some(())
    }

    fn string(&mut self) -> Option<()> {
        if self.next()? != b'"' {
            return None;
        }
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => match self.next()? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                    b'u' => {
                        for _ in 0..4 {
                            self.next()?.is_ascii_hexdigit().then_some(())?;
                        }
                    }
                    _ => return None,
                },
                0..0x20 => return None,
                _ => {}
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_parse_takes_is_json_and_nothing_else() {
        for text in [
            "{}",
            "[]",
            " null ",
            "true",
            "false",
            "0",
            "-0.5e+3",
            "10",
            r#""""#,
            r#""\u00e9\n\"""#,
            "[1,[2,{}],3]",
            r##"{"user":{"name":"Ana","color":"#ff0000"},"cursor":null, "n" : [ 1 , -2 ] }"##,
            "\"\u{e9}\u{1f600}\"",
        ] {
            assert!(is_json(text.as_bytes(), 64), "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "nul",
            "nullx",
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "[1}",
            "{\"a\":1]",
            "1 2",
            "[1 2]",
            "NaN",
            "undefined",
            ",",
            "[,1]",
            "{,}",
            "[1],",
        ] {
            assert!(!is_json(text.as_bytes(), 64), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + "0" + &"]".repeat(depth);
        assert!(is_json(nested(64).as_bytes(), 64));
        assert!(!is_json(nested(65).as_bytes(), 64));
        assert!(!is_json("[".repeat(1_000_000).as_bytes(), 64));
    }
}

//! The head witness: what the store had durably written, said outside of sled.
//!
//! sled takes its own file as it finds it: if the end of the file is gone it opens, without a word, as it was some
//! commits ago. So about once a second, and when it ends, the committer writes the last durable position to a small
//! file of its own, and the store does not open behind it. At most the last second of commits is without a witness.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// What the store had reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Which store, so that a witness is not taken for that of another directory.
    pub store: u128,
    /// The last durable position.
    pub position: u64,
    /// Records ever appended up to there.
    pub records: u64,
    /// What the trees `documents` and `cells` held there, as one sum.
    pub digest: u64,
}

const FILE: &str = "witness";

impl Witness {
    /// The witness in this directory, if there is one; `InvalidData` if it cannot be read as one.
    pub(crate) fn read(directory: &Path) -> io::Result<Option<Self>> {
        let text = match fs::read(directory.join(FILE)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let witness = str::from_utf8(&text).ok().and_then(Self::parse);
        witness.map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Replaces the witness in this directory, durably.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        let new = directory.join("witness.new");
        let mut file = File::create(&new)?;
        file.write_all(self.text().as_bytes())?;
        file.sync_data()?;
        fs::rename(new, directory.join(FILE))
    }

    /// Text, so that an operator can read it.
    fn text(&self) -> String {
        let Self { store, position, records, digest } = self;
        let body = format!(
            "plenary witness 1\nstore {store:032x}\nposition {position}\nrecords {records}\ndigest {digest:016x}\n"
        );
        let crc = crc32fast::hash(body.as_bytes());
        format!("{body}checksum {crc:08x}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.lines().skip(1).map(|line| line.split_once(' ').map(|(_, value)| value));
        let mut field = || fields.next().flatten();
        let witness = Self {
            store: u128::from_str_radix(field()?, 16).ok()?,
            position: field()?.parse().ok()?,
            records: field()?.parse().ok()?,
            digest: u64::from_str_radix(field()?, 16).ok()?,
        };
        // One text for one witness: whatever was changed in it shows, the checksum included.
        (witness.text() == text).then_some(witness)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_reads_back_and_not_with_any_bit_flipped() {
        let witness = Witness { store: 7, position: 12, records: 34, digest: u64::MAX };
        let text = witness.text();
        assert_eq!(Witness::parse(&text), Some(witness));
        for at in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(str::from_utf8(&flipped).ok().and_then(Witness::parse), None);
        }
    }
}

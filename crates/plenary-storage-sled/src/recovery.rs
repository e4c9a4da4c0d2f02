//! Opening: the lock, a first creation that may have been cut short, sled, and the log replayed over the trees.

use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use plenary_ids::DocumentId;

use crate::{
    OpenError, Options,
    commit::{self, Entry, Header, Part},
    index::{Index, Pointer, TailEntry, decode_cell, encode_cell, uncovered},
    keys::{self, FORMAT, FORMAT_MIN, META_FORMAT, META_STORE, Trees},
    reader,
    sealed::{Cursor, open as unseal, seal},
    witness::Witness,
    worker::panic_text,
};

const CACHE_BYTES: u64 = 64 << 20;

/// Fixed for good: sled refuses to open a store with another one. Values of 4 KiB need it this large; see keys.rs.
const SEGMENT_BYTES: usize = 512 << 10;

/// Only there while a store is created for the first time.
const CREATING: &str = "creating";

/// An open store at rest.
pub(crate) struct Recovered {
    pub(crate) db: sled::Db,
    pub(crate) trees: Trees,
    pub(crate) index: Index,
    pub(crate) store: u128,
    pub(crate) witness: Option<Witness>,
    /// Compactions and removals whose last step may be missing: position and document.
    pub(crate) sweeps: Vec<(u64, DocumentId)>,
    /// No position up to here is in the log.
    pub(crate) truncated: u64,
    /// Our own descriptor of sled's file.
    pub(crate) file: File,
    /// Held as long as the store is open.
    pub(crate) lock: File,
}

/// What went wrong, before the directory is named.
enum Trouble {
    Damage(String, String),
    Io(String, io::Error),
    Behind { witness: Witness, position: u64, records: u64 },
    Format(u32),
    Locked,
}

impl From<sled::Error> for Trouble {
    fn from(error: sled::Error) -> Self {
        Self::Damage("sled".into(), reader::describe(&error))
    }
}

fn damage(place: impl Into<String>, reason: impl Into<String>) -> Trouble {
    Trouble::Damage(place.into(), reason.into())
}

fn doing(what: impl Into<String>) -> impl FnOnce(io::Error) -> Trouble {
    let what = what.into();
    move |error| Trouble::Io(what, error)
}

pub(crate) fn open(directory: &Path, options: &Options) -> Result<Recovered, OpenError> {
    let lock = lock(directory, options.lock_wait)?;
    // sled panics on some kinds of damage.
    let opened = catch_unwind(AssertUnwindSafe(|| open_locked(directory, options, lock)));
    let opened =
        opened.unwrap_or_else(|panic| Err(damage("sled", format!("it panicked: {}", panic_text(&*panic)))));
    let named = || directory.to_owned();
    opened.map_err(|trouble| match trouble {
        Trouble::Damage(place, reason) => OpenError::Corrupt { directory: named(), place, reason },
        Trouble::Io(doing, source) => OpenError::Io { doing, source },
        Trouble::Locked => OpenError::Locked { directory: named(), waited_s: options.lock_wait.as_secs() },
        Trouble::Format(found) => OpenError::Format { directory: named(), found, known: FORMAT },
        Trouble::Behind { witness, position, records } => OpenError::BehindWitness {
            directory: named(),
            witness_position: witness.position,
            witness_records: witness.records,
            position,
            records,
        },
    })
}

/// Takes the directory for this process, creating it if needed. A predecessor may still be ending.
fn lock(directory: &Path, wait: Duration) -> Result<File, OpenError> {
    let io = |what: &str| {
        let doing = format!("{what} {}", directory.display());
        move |source| OpenError::Io { doing, source }
    };
    fs::create_dir_all(directory).map_err(io("creating"))?;
    let file = File::create(directory.join("lock")).map_err(io("creating a lock in"))?;
    let deadline = Instant::now() + wait;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(TryLockError::WouldBlock) => {
                let directory = directory.to_owned();
                return Err(OpenError::Locked { directory, waited_s: wait.as_secs() });
            }
            Err(TryLockError::Error(source)) => return Err(io("locking")(source)),
        }
    }
}

fn open_locked(directory: &Path, options: &Options, lock: File) -> Result<Recovered, Trouble> {
    let witness = match Witness::read(directory) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Err(damage("the file witness", "it does not read as a witness"));
        }
        other => other.map_err(doing("reading the witness"))?,
    };
    let is_new = prepare(directory, witness.is_some())?;
    let db = open_sled(directory, options.lock_wait)?;
    let trees = Trees::open(&db)?;
    let file = File::open(directory.join("db")).map_err(doing("opening db"))?;
    let sync = |directory: &Path| File::open(directory).and_then(|file| file.sync_all());
    if is_new {
        create(&trees)?;
        db.flush()?;
        file.sync_data().map_err(doing("syncing db"))?;
    }
    let store = read_meta(&trees)?;
    // What is written from here on is not for a program that knows only the older format.
    put(&trees.meta, META_FORMAT, Some(FORMAT.to_be_bytes().to_vec()))?;
    let recovered = replay(&trees)?;
    recovered.index.check_tails()?;
    let index = &recovered.index;
    let (position, records) = (index.position, index.records);
    if let Some(witness) = witness {
        if witness.store != store {
            return Err(damage("the file witness", "it is the witness of another store"));
        }
        if !options.accept_loss {
            if witness.position > position {
                return Err(Trouble::Behind { witness, position, records });
            }
            recovered.check_witness(&witness)?;
        }
    }
    // What was read and is about to be shown may so far be in the system's memory only.
    db.flush()?;
    file.sync_data().map_err(doing("syncing db"))?;
    if is_new {
        let first = Witness { store, position, records, digest: index.digest().0 };
        first.write(directory).map_err(doing("writing the witness"))?;
        sync(directory).map_err(doing("syncing the directory"))?;
        if let Some(parent) = directory.canonicalize().ok().as_deref().and_then(Path::parent) {
            sync(parent).map_err(doing("syncing the directory above"))?;
        }
        fs::remove_file(directory.join(CREATING)).map_err(doing("ending the creation"))?;
        sync(directory).map_err(doing("syncing the directory"))?;
    }
    let witness = witness.filter(|witness| witness.position <= position);
    let Replayed { index, sweeps, truncated, .. } = recovered;
    Ok(Recovered { db, trees, index, store, witness, sweeps, truncated, file, lock })
}

/// Opens sled. A store that this very process has just closed may hold sled's own lock a moment longer, as sled's
/// threads let go of the file in their own time.
fn open_sled(directory: &Path, wait: Duration) -> Result<sled::Db, Trouble> {
    let deadline = Instant::now() + wait;
    loop {
        let opened = sled::Config::new()
            .path(directory)
            .cache_capacity(CACHE_BYTES)
            .segment_size(SEGMENT_BYTES)
            .flush_every_ms(Some(500))
            .open();
        match opened {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                if Instant::now() >= deadline {
                    return Err(Trouble::Locked);
                }
                thread::sleep(Duration::from_millis(20));
            }
            opened => return Ok(opened?),
        }
    }
}

/// Clears away what a creation or a start that was cut short left; whether the store is to be created.
fn prepare(directory: &Path, has_witness: bool) -> Result<bool, Trouble> {
    let io = |error| Trouble::Io(format!("reading {}", directory.display()), error);
    let marker = directory.join(CREATING);
    let db = directory.join("db");
    let is_new = marker.exists() && !has_witness || !db.exists();
    for file in fs::read_dir(directory).map_err(io)? {
        let file = file.map_err(io)?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        let is_sleds = matches!(&*name, "db" | "conf") || name.starts_with("snap.");
        if is_new && is_sleds && !marker.exists() {
            return Err(damage("the directory", format!("there is {name}, but no db")));
        }
        // sled writes a snapshot of its page table at each start without cutting the file short first; what a
        // killed start left there could make the next one unreadable.
        if is_sleds && (is_new || name.ends_with(".generating")) {
            fs::remove_file(file.path()).map_err(io)?;
        }
    }
    if is_new {
        if has_witness {
            return Err(damage("the directory", "there is a witness, but no db"));
        }
        File::create(marker).and_then(|file| file.sync_all()).map_err(doing("beginning the creation"))?;
    } else if marker.exists() {
        fs::remove_file(marker).map_err(doing("ending the creation"))?;
    }
    Ok(is_new)
}

/// The contents of a new store: its format and id, and a first commit, as the log is never empty.
fn create(trees: &Trees) -> Result<(), Trouble> {
    let header = commit::encode_header(Header { records: 0, floor: 0, digest: 0 });
    for (key, value) in commit::split(1, &header) {
        trees.log.insert(key, value)?;
    }
    let store = uuid::Uuid::new_v4();
    trees.meta.insert(META_STORE, seal(META_STORE, store.as_bytes()))?;
    trees.meta.insert(META_FORMAT, seal(META_FORMAT, &FORMAT.to_be_bytes()))?;
    Ok(())
}

/// Checks the format and returns the store's id.
fn read_meta(trees: &Trees) -> Result<u128, Trouble> {
    let read = |key: &[u8]| -> Result<Vec<u8>, Trouble> {
        let place = || format!("meta, {}", String::from_utf8_lossy(key));
        let value = trees.meta.get(key)?.ok_or_else(|| damage(place(), "it is missing"))?;
        Ok(unseal(key, &value).map_err(|reason| damage(place(), reason))?.to_vec())
    };
    let short = |_| damage("meta", "a value has the wrong length");
    let format = u32::from_be_bytes(read(META_FORMAT)?.try_into().map_err(short)?);
    if !(FORMAT_MIN..=FORMAT).contains(&format) {
        return Err(Trouble::Format(format));
    }
    Ok(u128::from_be_bytes(read(META_STORE)?.try_into().map_err(short)?))
}

/// The index, and what else the log told.
struct Replayed {
    index: Index,
    sweeps: Vec<(u64, DocumentId)>,
    truncated: u64,
    /// Header and last position of each commit, for the witness.
    commits: Vec<(u64, Header)>,
}

fn replay(trees: &Trees) -> Result<Replayed, Trouble> {
    let mut index = read_trees(trees)?;
    let (head, floor) = find_end(trees)?;
    let truncated = match trees.log.first()? {
        Some((key, _)) => keys::position(&key).unwrap_or(1).saturating_sub(1).min(floor),
        None => floor,
    };

    let mut touched = Touched::default();
    let mut commits: Vec<(u64, Header)> = Vec::new();
    let mut sweeps = Vec::new();
    let mut commit = Vec::new();
    let mut tag = None;
    let mut first = floor + 1;
    for (position, item) in (floor + 1..).zip(trees.log.range((floor + 1).to_be_bytes()..)) {
        let (key, value) = item?;
        let place = || format!("log, position {position}");
        if keys::position(&key) != Some(position) {
            return Err(damage(place(), "the part is missing"));
        }
        let part = commit::read_part(&key, &value).map_err(|reason| damage(place(), reason))?;
        if part.index != position - first || *tag.get_or_insert(part.tag) != part.tag {
            return Err(damage(place(), "the part belongs to another commit"));
        }
        commit.extend_from_slice(&part.bytes);
        if part.index + 1 == part.count {
            let header = replay_commit(&mut index, &mut touched, &mut sweeps, trees, first, &commit)?;
            let before =
                commits.last().map_or(header.records - touched.records, |(_, header)| header.records);
            if header.records != before + std::mem::take(&mut touched.records) {
                return Err(damage(place(), "the number of records does not follow from the commit before"));
            }
            commits.push((position, header));
            commit.clear();
            tag = None;
            first = position + 1;
        }
    }
    let Some((position, header)) = commits.last().copied() else {
        return Err(damage("log", "there is no commit"));
    };
    if position != head {
        return Err(damage(format!("log, position {head}"), "the part is missing"));
    }
    (index.position, index.records, index.floor) = (position, header.records, header.floor);
    if index.digest().0 != header.digest {
        return Err(damage("documents and cells", "they are not what the last commit left"));
    }
    touched.write(&index, trees)?;
    Ok(Replayed { index, sweeps, truncated, commits })
}

/// The trees as they are; the log is replayed over them.
fn read_trees(trees: &Trees) -> Result<Index, Trouble> {
    let mut index = Index::default();
    for item in &trees.documents {
        let (key, value) = item?;
        let place = || format!("documents, key {key:02x?}");
        let id = key.as_ref().try_into().map_err(|_| damage(place(), "the key is no document id"))?;
        let body = unseal(&key, &value).map_err(|reason| damage(place(), reason))?;
        let pointer = Pointer::decode(body).map_err(|reason| damage(place(), reason))?;
        // There is no tail yet that a pointer could end within.
        let Ok(()) = index
            .set_pointer(DocumentId::from_bytes(id), pointer, |_| Ok::<_, std::convert::Infallible>(vec![]));
    }
    for item in &trees.cells {
        let (key, value) = item?;
        let place = || format!("cells, {}", String::from_utf8_lossy(&key));
        let body = unseal(&key, &value).map_err(|reason| damage(place(), reason))?;
        let cell = decode_cell(body).map_err(|reason| damage(place(), reason))?;
        let key = str::from_utf8(&key).map_err(|_| damage(place(), "the key is not text"))?;
        index.set_cell(key.to_owned(), Some(cell));
    }
    Ok(index)
}

/// The last position and the floor. A last commit whose end never came to the disk is removed: it was not answered.
fn find_end(trees: &Trees) -> Result<(u64, u64), Trouble> {
    let mut parts: Vec<(u64, Part)> = Vec::new();
    let mut is_last = true;
    for item in trees.log.iter().rev() {
        let (key, value) = item?;
        let position = keys::position(&key).ok_or_else(|| damage("log", "a key is no position"))?;
        let place = || format!("log, position {position}");
        let part = commit::read_part(&key, &value).map_err(|reason| damage(place(), reason))?;
        if parts.last().is_some_and(|(later, part_after)| {
            *later != position + 1
                || part_after.index != part.index + 1
                || (part_after.count, part_after.tag) != (part.count, part.tag)
        }) {
            return Err(damage(place(), "the part after it is missing or belongs to another commit"));
        }
        let (index, count) = (part.index, part.count);
        parts.push((position, part));
        if index > 0 {
            continue;
        }
        if parts.len() as u64 == count {
            let bytes: Vec<u8> = parts.iter().rev().flat_map(|(_, part)| part.bytes.to_vec()).collect();
            let (header, _) = commit::decode_header(&bytes).map_err(|reason| damage(place(), reason))?;
            if header.floor >= position {
                return Err(damage(place(), "the floor is above its commit"));
            }
            return Ok((position + count - 1, header.floor));
        }
        if !is_last {
            return Err(damage(place(), "the end of the commit is missing"));
        }
        is_last = false;
        for (position, _) in parts.drain(..) {
            trees.log.remove(position.to_be_bytes())?;
        }
    }
    Err(damage("log", "there is no commit"))
}

/// Applies one commit to the index.
fn replay_commit(
    index: &mut Index,
    touched: &mut Touched,
    sweeps: &mut Vec<(u64, DocumentId)>,
    trees: &Trees,
    first: u64,
    bytes: &[u8],
) -> Result<Header, Trouble> {
    let wrong = |reason: &str| damage(format!("log, commit at position {first}"), reason);
    let (header, header_bytes) = commit::decode_header(bytes).map_err(wrong)?;
    let mut cursor = Cursor(&bytes[header_bytes..]);
    while !cursor.is_at_end() {
        let offset = bytes.len() - cursor.0.len();
        match commit::decode_entry(&mut cursor).map_err(wrong)? {
            Entry::Append(append) => {
                let (Some(first_record), Some(last_record)) = (append.records.first(), append.records.last())
                else {
                    return Err(wrong("an append without records"));
                };
                touched.records += append.records.len() as u64;
                let covered = index.document(append.document).map_or(0, |document| document.covered());
                let (update_bytes, at_ms) = uncovered(&append.records, covered);
                let entry = TailEntry {
                    position: first,
                    offset: offset as u32,
                    len: (bytes.len() - cursor.0.len() - offset) as u32,
                    first: first_record.seq,
                    last: last_record.seq,
                    update_bytes,
                    at_ms,
                };
                index.append(append.document, entry);
            }
            Entry::Cells(changes) => {
                for change in changes {
                    touched.cells.insert(change.key().to_owned());
                    index.change_cell(change, first);
                }
            }
            Entry::Pointer(id, pointer) => {
                index
                    .set_pointer(id, pointer, |entry| reader::read_entry(&trees.log, id, entry))
                    .map_err(|error| wrong(&error.to_string()))?;
                touched.documents.insert(id);
                sweeps.push((first, id));
            }
            Entry::Destroy(id) => {
                index.destroy(id, first);
                touched.documents.insert(id);
                sweeps.push((first, id));
            }
        }
    }
    Ok(header)
}

/// What the log changed, and the trees may not have yet.
#[derive(Default)]
struct Touched {
    documents: HashSet<DocumentId>,
    cells: BTreeSet<String>,
    /// Records of the commit at hand.
    records: u64,
}

impl Touched {
    fn write(self, index: &Index, trees: &Trees) -> Result<(), Trouble> {
        for id in self.documents {
            let key = id.as_bytes();
            let pointer = index.document(id).and_then(|document| document.pointer);
            put(&trees.documents, key, pointer.map(|pointer| pointer.encode()))?;
        }
        for key in self.cells {
            let body = index.cell(&key).map(|(version, value)| encode_cell(version, value));
            put(&trees.cells, key.as_bytes(), body)?;
        }
        Ok(())
    }
}

fn put(tree: &sled::Tree, key: &[u8], body: Option<Vec<u8>>) -> Result<(), Trouble> {
    let value = body.map(|body| seal(key, &body));
    if tree.get(key)?.as_deref() != value.as_deref() {
        match value {
            Some(value) => tree.insert(key, value)?,
            None => tree.remove(key)?,
        };
    }
    Ok(())
}

impl Index {
    /// Each tail follows its snapshot, or begins at 1, without a hole.
    fn check_tails(&self) -> Result<(), Trouble> {
        for (id, document) in self.documents() {
            let mut next = document.covered() + 1;
            for (number, entry) in document.tail.iter().enumerate() {
                let follows =
                    entry.first == next || number == 0 && document.pointer.is_some() && entry.first < next;
                if !follows {
                    return Err(damage(
                        format!("log, document {id}"),
                        format!("record {next} is missing, the next there is {}", entry.first),
                    ));
                }
                next = entry.last + 1;
            }
        }
        Ok(())
    }
}

impl Replayed {
    /// The commit that the witness saw last, if the log still has it, is the one it saw.
    fn check_witness(&self, witness: &Witness) -> Result<(), Trouble> {
        let seen = self.commits.iter().find(|(position, _)| *position >= witness.position);
        match seen {
            Some((position, header))
                if *position == witness.position
                    && (header.records, header.digest) != (witness.records, witness.digest) =>
            {
                Err(damage(format!("log, position {position}"), "it is not the commit that the witness saw"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use plenary_storage::{
        DocumentLog,
        contract::{block_on, document, record, snapshot},
    };

    use super::*;
    use crate::{SledStore, verify};

    fn meta_format(directory: &Path, set: Option<u32>) -> u32 {
        let db = open_sled(directory, Duration::from_secs(5)).map_err(|_| "sled").expect("sled opens");
        let meta = Trees::open(&db).expect("the trees open").meta;
        if let Some(format) = set {
            meta.insert(META_FORMAT, seal(META_FORMAT, &format.to_be_bytes())).expect("it is written");
            db.flush().expect("it is flushed");
        }
        let value = meta.get(META_FORMAT).expect("it is read").expect("it is there");
        u32::from_be_bytes(unseal(META_FORMAT, &value).expect("it opens").try_into().expect("four bytes"))
    }

    #[test]
    fn a_store_of_format_1_is_read_and_goes_on_as_format_2_and_one_of_format_3_is_left_alone() {
        let directory = std::env::temp_dir().join(format!("plenary-format-{}", std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        let options = || Options { reserve_bytes: 1 << 20, ..Options::default() };
        let store = SledStore::open(&directory, options()).expect("the store opens");
        block_on(store.append(document(1), ["a", "b", "c"].map(record).to_vec())).expect("it is appended");
        // As format 1 has it: without an attribution.
        let old = plenary_storage::Snapshot { attribution: bytes::Bytes::new(), ..snapshot(2, "ab") };
        block_on(store.compact(document(1), old.clone())).expect("it is compacted");
        drop(store);

        meta_format(&directory, Some(1));
        let store = SledStore::open(&directory, options()).expect("format 1 is read");
        assert_eq!(block_on(store.load(document(1))).expect("it loads").snapshot, Some(old));
        block_on(store.compact(document(1), snapshot(3, "abc"))).expect("it is compacted");
        assert!(verify(&store).is_sound());
        drop(store);
        assert_eq!(meta_format(&directory, None), FORMAT);

        meta_format(&directory, Some(3));
        let refused = SledStore::open(&directory, options()).err();
        assert!(matches!(refused, Some(OpenError::Format { found: 3, known: 2, .. })), "{refused:?}");
        let _ = fs::remove_dir_all(&directory);
    }
}

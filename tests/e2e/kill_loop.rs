//! The real binary, killed at any moment under writers, loses nothing that was acknowledged or seen.
//!
//! Eight writers edit twenty documents; each edit is a word of its own. A ledger keeps which words were acknowledged
//! to their author and which another writer was shown. After each kill the server starts again and must have all of
//! them, **before** the writers come back, for they would bring along what it had lost.
//!
//! `PLENARY_KILL_ROUNDS` sets how many kills at random moments; at 200 there are 10 more at each named point of the
//! store. `PLENARY_BIN` names a binary with the feature `faults`; without it one is built.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command as Blocking, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use plenary_protocol::{AuthMessage, Message, SyncMessage};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};
use yrs::{
    Doc, GetString, ReadTxn, StateVector, Text, Transact, Update,
    updates::{decoder::Decode, encoder::Encode},
};

use crate::{
    peer::{Editor, Heard, Peer},
    stage::{DEADLINE, soon},
};

const WRITERS: usize = 8;
const DOCUMENTS: usize = 20;
const ROUNDS: usize = 25;

/// How long the server lives under the writers, at most.
const LIFE: Duration = Duration::from_millis(700);

/// The passages of the store at which it can be told to die; its crate has them in `faults.rs`.
const POINTS: [&str; 11] = [
    "before-insert",
    "half-insert",
    "after-insert",
    "after-flush",
    "after-fdatasync",
    "half-snapshot",
    "before-snapshot-pointer",
    "after-snapshot-pointer",
    "before-truncate",
    "half-truncate",
    "after-truncate",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_killed_at_any_moment_loses_nothing_acknowledged_or_seen() {
    let rounds = env::var("PLENARY_KILL_ROUNDS").map_or(ROUNDS, |text| text.parse().unwrap());
    let at_each_point = (rounds / 20).max(1);
    let binary = tokio::task::spawn_blocking(binary).await.unwrap();
    let folder = Folder::new();
    let place = Place::furnished(binary, &folder.0);
    let ledger = Arc::new(Ledger::default());
    let (address, addresses) = watch::channel(None);
    let mut writers = JoinSet::new();
    for (index, token) in place.tokens.iter().enumerate() {
        let writer = Writer::new(index, token, &place.documents, Arc::clone(&ledger));
        writers.spawn(writer.live(addresses.clone()));
    }

    let mut chance = fastrand::Rng::with_seed(4600);
    let points = POINTS.into_iter().flat_map(|point| vec![Some(point); at_each_point]);
    let mut plan: Vec<Option<&str>> = points.chain(vec![None; rounds]).collect();
    chance.shuffle(&mut plan);
    let mut kills = 0;
    let began = Instant::now();
    while let Some(point) = plan.pop() {
        if kills % 5 == 0 {
            // Somewhere in its start.
            let mut server = place.spawn();
            sleep(Duration::from_millis(chance.u64(0..200))).await;
            server.kill().await.unwrap();
        }
        let (mut server, at) = place.start().await;
        place.expect_all(at, &ledger).await;
        address.send_replace(Some(at));
        if let Some(point) = point {
            // Snapshots and truncations are rarer than commits in so short a life.
            let is_rare = point.contains("snapshot") || point.contains("truncate");
            let file = place.faults.join(format!("kill-{point}"));
            // Whole at once: a passage at which the file is there and still empty would count, and nobody be killed.
            let whole = place.faults.join("next");
            fs::write(&whole, chance.u64(1..=if is_rare { 3 } else { 20 }).to_string()).unwrap();
            fs::rename(&whole, &file).unwrap();
            // However busy the machine is, as long as they write it comes.
            soon(point, server.wait()).await.unwrap();
            fs::remove_file(&file).unwrap();
        } else {
            sleep(chance.u32(0..1_000) * LIFE / 1_000).await;
        }
        // Nothing happens if it has ended already.
        server.kill().await.unwrap();
        kills += 1;
        address.send_replace(None);
    }

    let (mut server, at) = place.start().await;
    place.expect_all(at, &ledger).await;
    server.kill().await.unwrap();
    drop(address);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    place.cli(&["verify"]);
    let (acknowledged, seen) = ledger.counts();
    eprintln!(
        "{kills} kills in {} s, {} of them at a named point: {acknowledged} edits acknowledged, {seen} seen by others, 0 lost",
        began.elapsed().as_secs(),
        at_each_point * POINTS.len(),
    );
    assert!(acknowledged > 10 * rounds && seen > rounds, "the writers hardly wrote");
}

/// A folder that is gone when the test is over, unless it failed.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = env::temp_dir().join(format!("plenary-kill-{}", std::process::id()));
        // Of a run that was killed, by a process that had the same number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("left for inspection: {}", self.0.display());
        } else {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// The binary under test. A copy, since another build may replace it meanwhile.
fn binary() -> PathBuf {
    if let Some(binary) = env::var_os("PLENARY_BIN") {
        return binary.into();
    }
    let executable = env::current_exe().unwrap();
    let profile = executable.parent().and_then(Path::parent).expect("tests run from target/<profile>/deps");
    let mut cargo = Blocking::new(env!("CARGO"));
    cargo.args(["build", "--package", "plenary-cli", "--features", "faults", "--target-dir"]);
    cargo.arg(profile.parent().expect("target")).env("PLENARY_WEB", "skip");
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let status = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap();
    assert!(status.success(), "the binary under test does not build");
    profile.join("plenary")
}

/// A data directory with people and documents, and the binary that serves it.
struct Place {
    binary: PathBuf,
    data: PathBuf,
    faults: PathBuf,
    log: PathBuf,
    tokens: Vec<String>,
    documents: Vec<String>,
}

impl Place {
    fn furnished(binary: PathBuf, folder: &Path) -> Self {
        let mine = folder.join("plenary");
        fs::copy(&binary, &mine).unwrap();
        let faults = folder.join("faults");
        fs::create_dir_all(&faults).unwrap();
        let (data, log) = (folder.join("data"), folder.join("log"));
        let mut place = Self { binary: mine, data, faults, log, tokens: Vec::new(), documents: Vec::new() };
        let group = place.cli(&["group", "add", "--name", "Coalition"])["id"].as_str().unwrap().to_owned();
        for index in 0..WRITERS {
            let email = format!("writer{index}@ngo.example");
            place.cli(&["user", "add", "--email", &email, "--name", "Writer"]);
            place.cli(&["member", "add", "--group", &group, "--email", &email, "--role", "drafter"]);
            let token = place.cli(&["token", "create", "--email", &email]);
            place.tokens.push(token["token"].as_str().unwrap().to_owned());
        }
        for index in 0..DOCUMENTS {
            let statement =
                place.cli(&["statement", "add", "--group", &group, "--title", &format!("No. {index}")]);
            place.documents.push(statement["documents"]["body"].as_str().unwrap().to_owned());
        }
        place
    }

    /// One command of an operator, while no server runs.
    fn cli(&self, arguments: &[&str]) -> serde_json::Value {
        let mut command = Blocking::new(&self.binary);
        let output =
            command.args(arguments).arg("--json").arg("--data-dir").arg(&self.data).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "plenary {arguments:?}: {error}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn spawn(&self) -> Child {
        let log = fs::OpenOptions::new().create(true).append(true).open(&self.log).unwrap();
        Command::new(&self.binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(&self.data)
            .env("PLENARY_FAULTS", &self.faults)
            // Rooms come and go and snapshots are taken all the time.
            .env("PLENARY_ROOM_IDLE", "30ms")
            .env("PLENARY_SNAPSHOT_TAIL_BYTES", "2000")
            .env("PLENARY_SNAPSHOT_AGE", "1s")
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    /// Starts it and waits until it listens.
    async fn start(&self) -> (Child, SocketAddr) {
        let mut server = self.spawn();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, address)) = line.split_once("listening on http://") {
                    return address.trim().parse().unwrap();
                }
            }
            panic!("it ended instead of listening; see {}", self.log.display());
        };
        let at = soon("listening", listening).await;
        // Whatever else it says has somewhere to go.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        (server, at)
    }

    /// Reads every document and compares it with the ledger.
    async fn expect_all(&self, server: SocketAddr, ledger: &Ledger) {
        for (index, document) in self.documents.iter().enumerate() {
            let path = format!("/sync/{document}?token={}", self.tokens[0]);
            let reader = Editor::begin(Peer::open(server, &path, None).await.unwrap()).await;
            let text = reader.text();
            let there: BTreeSet<&str> = text.split_inclusive(';').map(str::trim_start).collect();
            let lost = ledger.missing(index, &there);
            assert!(lost.is_empty(), "document {index} lost {lost:?}; see {}", self.log.display());
        }
    }
}

/// What may not be lost, by document.
#[derive(Default)]
struct Ledger(Mutex<HashMap<usize, Entries>>);

#[derive(Default)]
struct Entries {
    acknowledged: BTreeSet<String>,
    seen: BTreeSet<String>,
    /// Somebody has deleted it, or is about to.
    deleted: BTreeSet<String>,
}

impl Ledger {
    fn note(&self, document: usize, change: impl FnOnce(&mut Entries)) {
        change(self.0.lock().unwrap().entry(document).or_default());
    }

    fn missing(&self, document: usize, there: &BTreeSet<&str>) -> Vec<String> {
        let mut ledger = self.0.lock().unwrap();
        let entries = ledger.entry(document).or_default();
        let due = entries.acknowledged.union(&entries.seen);
        due.filter(|word| !entries.deleted.contains(*word) && !there.contains(word.as_str()))
            .cloned()
            .collect()
    }

    fn counts(&self) -> (usize, usize) {
        let ledger = self.0.lock().unwrap();
        let count =
            |of: fn(&Entries) -> &BTreeSet<String>| ledger.values().map(|entries| of(entries).len()).sum();
        (count(|entries| &entries.acknowledged), count(|entries| &entries.seen))
    }
}

/// Somebody with a copy of every document, as after years of use.
struct Writer {
    index: usize,
    token: String,
    documents: Vec<String>,
    replicas: Vec<Replica>,
    ledger: Arc<Ledger>,
    words: usize,
    chance: fastrand::Rng,
}

struct Replica {
    doc: Doc,
    /// Words of its own that nobody has acknowledged.
    unacknowledged: Vec<String>,
}

/// The server is gone.
struct Gone;

impl Writer {
    fn new(index: usize, token: &str, documents: &[String], ledger: Arc<Ledger>) -> Self {
        let replica = |_| Replica { doc: Doc::new(), unacknowledged: Vec::new() };
        Self {
            index,
            token: token.to_owned(),
            documents: documents.to_vec(),
            replicas: documents.iter().map(replica).collect(),
            ledger,
            words: 0,
            chance: fastrand::Rng::with_seed(index as u64),
        }
    }

    /// Writes whenever there is a server, until there will be none any more.
    async fn live(mut self, mut addresses: watch::Receiver<Option<SocketAddr>>) {
        loop {
            let Ok(address) = addresses.wait_for(Option::is_some).await.map(|address| *address) else {
                return;
            };
            if let Some(server) = address {
                let Err(Gone) = self.connect(server).await;
            }
            // The next one has another address.
            if addresses.wait_for(|now| *now != address).await.is_err() {
                return;
            }
        }
    }

    async fn connect(&mut self, server: SocketAddr) -> Result<std::convert::Infallible, Gone> {
        let mut peer = Peer::dial(server, "/sync", Some(String::new())).await.map_err(|_| Gone)?;
        loop {
            // The lower ones more often, so that writers meet.
            let document = self.chance.usize(0..DOCUMENTS).min(self.chance.usize(0..DOCUMENTS));
            self.visit(&mut peer, document).await?;
        }
    }

    /// Opens a document, writes a while, leaves.
    async fn visit(&mut self, peer: &mut Peer, document: usize) -> Result<(), Gone> {
        let address = self.documents[document].clone();
        peer.speak_about(&address);
        send(
            peer,
            &Message::Auth(AuthMessage::Token { token: self.token.clone(), version: Some("4".into()) }),
        )
        .await?;
        let state_vector = self.replicas[document].doc.transact().state_vector().encode_v1();
        send(peer, &Message::Sync(SyncMessage::Step1(state_vector.into()))).await?;
        // What each answer that is due will acknowledge.
        let mut due: VecDeque<Vec<String>> = VecDeque::new();
        let mut edits = self.chance.usize(3..40);
        let waits_for_answers = self.chance.bool();
        let mut is_granted = false;
        let mut is_synced = false;
        let deadline = Instant::now() + DEADLINE;
        while edits > 0 || (waits_for_answers && !due.is_empty()) {
            assert!(Instant::now() < deadline, "no progress in document {document}");
            let pause = Duration::from_micros(self.chance.u64(0..6_000));
            tokio::select! {
                (from, heard) = peer.hear_addressed() => match heard {
                    Heard::Closed(_) => return Err(Gone),
                    Heard::Message(Message::Auth(AuthMessage::Granted(_))) if from == address => is_granted = true,
                    // Of an earlier visit, perhaps to the same document.
                    Heard::Message(_) if from != address || !is_granted => {}
                    Heard::Message(message) => is_synced |= self.take(peer, document, &mut due, message).await?,
                },
                () = sleep(pause) => if is_synced && edits > 0 {
                    edits -= 1;
                    let (word, update) = self.edit(document);
                    due.push_back(Vec::from_iter(word));
                    send(peer, &Message::Sync(SyncMessage::Update(update.into()))).await?;
                }
            }
        }
        send(peer, &Message::Close(None)).await
    }

    /// Takes in a message; true when the text has arrived.
    async fn take(
        &mut self,
        peer: &mut Peer,
        document: usize,
        due: &mut VecDeque<Vec<String>>,
        message: Message,
    ) -> Result<bool, Gone> {
        let replica = &mut self.replicas[document];
        let is_text = matches!(message, Message::Sync(SyncMessage::Step2(_)));
        match message {
            Message::Sync(SyncMessage::Step1(theirs)) => {
                let theirs = StateVector::decode_v1(&theirs).unwrap();
                let update = replica.doc.transact().encode_state_as_update_v1(&theirs);
                due.push_back(replica.unacknowledged.clone());
                send(peer, &Message::Sync(SyncMessage::Step2(update.into()))).await?;
            }
            Message::Sync(SyncMessage::Step2(update) | SyncMessage::Update(update)) => {
                let own = format!("w{}e", self.index);
                let words = words_in(&update).into_iter().filter(|word| !word.starts_with(&own));
                self.ledger.note(document, |entries| entries.seen.extend(words));
                replica.doc.transact_mut().apply_update(Update::decode_v1(&update).unwrap()).unwrap();
            }
            Message::SyncStatus(true) => {
                let words = due.pop_front().expect("one answer for each update");
                replica.unacknowledged.retain(|word| !words.contains(word));
                self.ledger.note(document, |entries| entries.acknowledged.extend(words));
            }
            Message::SyncStatus(false) | Message::Auth(AuthMessage::Denied(_)) | Message::Close(_) => {
                panic!("document {document} refused: {message:?}");
            }
            _ => {}
        }
        Ok(is_text)
    }

    /// Mostly writes a word of its own between two others, now and then deletes one.
    fn edit(&mut self, document: usize) -> (Option<String>, Vec<u8>) {
        let replica = &mut self.replicas[document];
        let body = replica.doc.get_or_insert_text("body");
        let text = body.get_string(&replica.doc.transact());
        let ends: Vec<usize> = text.match_indices(';').map(|(at, _)| at + 1).collect();
        let before = replica.doc.transact().state_vector();
        let mut transaction = replica.doc.transact_mut();
        let word = if ends.len() > 2 && self.chance.u8(0..10) == 0 {
            let at = self.chance.usize(0..ends.len() - 1);
            let (start, end) = (ends[at], ends[at + 1]);
            self.ledger.note(document, |entries| {
                entries.deleted.insert(text[start..end].to_owned());
            });
            body.remove_range(&mut transaction, start as u32, (end - start) as u32);
            None
        } else {
            self.words += 1;
            let word = format!("w{}e{};", self.index, self.words);
            let at = self.chance.choice(&ends).copied().unwrap_or(0);
            body.insert(&mut transaction, at as u32, &word);
            replica.unacknowledged.push(word.clone());
            Some(word)
        };
        drop(transaction);
        (word, replica.doc.transact().encode_diff_v1(&before))
    }
}

async fn send(peer: &mut Peer, message: &Message) -> Result<(), Gone> {
    peer.try_send(message).await.map_err(|_| Gone)
}

/// The words in an update: text stands in it as it is.
fn words_in(update: &[u8]) -> Vec<String> {
    let mut words = Vec::new();
    let digits = |from: &[u8]| from.iter().take_while(|byte| byte.is_ascii_digit()).count();
    for (start, _) in update.iter().enumerate().filter(|(_, byte)| **byte == b'w') {
        let rest = &update[start + 1..];
        let writer = digits(rest);
        if writer == 0 || rest.get(writer) != Some(&b'e') {
            continue;
        }
        let number = digits(&rest[writer + 1..]);
        let end = writer + 1 + number;
        if number > 0 && rest.get(end) == Some(&b';') {
            words.push(String::from_utf8_lossy(&update[start..start + end + 2]).into_owned());
        }
    }
    words
}

//! Somebody types as fast as the server takes it, and somebody else reads along.

use std::{
    cell::RefCell,
    time::{Duration, Instant},
};

use bytes::Bytes;
use plenary_protocol::{Message, SyncMessage};
use tokio::sync::Semaphore;
use yrs::{Doc, GetString, ReadTxn, Transact, Update, updates::decoder::Decode};

use crate::{
    coverage::{Brought, Coverage},
    keystrokes::{Keystroke, Keystrokes, ROOT, TYPIST},
    link::{Dialect, Listener, Place, in_time},
};

/// How long all of it may take.
const TYPED_WITHIN: Duration = Duration::from_secs(600);

/// In the dialect that answers each update, how many keystrokes may wait for theirs. Without a bound Hocuspocus is so
/// busy with what it has read that it hangs up on both clients after a minute, before it looks at what they sent.
const UNANSWERED_MAX: usize = 1_000;

/// As stock clients do.
const PRESENT_EVERY: Duration = Duration::from_secs(15);

/// The reader's client id.
const READER: u64 = 4_712;

/// Updates that are merged in one transaction, as yrs gets slow with many more.
const MERGED_TOGETHER: usize = 4_000;

/// How it went.
#[derive(Debug)]
pub struct Typed {
    /// From the first key sent until the reader has all of them.
    pub seconds: f64,
    /// From the first key sent until the server has answered the last one to who typed it; the y-websocket dialect
    /// has no such answer. What the answer promises is the server's own affair.
    pub answered_seconds: Option<f64>,
    /// What the reader heard.
    heard: Vec<Bytes>,
}

impl Typed {
    /// The text that the reader has.
    pub fn text(&self) -> String {
        text_of(&self.heard)
    }

    /// Messages that brought it.
    pub fn messages(&self) -> usize {
        self.heard.len()
    }
}

/// Sends one update a keystroke, as fast as the socket takes them and [`UNANSWERED_MAX`] allows, while a second client reads along until it has the
/// whole. `updates`: those of `keystrokes`. Panics when the server hangs up or takes ten minutes.
pub async fn type_through(place: &Place, keystrokes: &Keystrokes, updates: &[Bytes]) -> Typed {
    let frames: Vec<Bytes> = updates.iter().map(|update| place.frame(update)).collect();
    let inserts = keystrokes.keys.iter().filter(|key| matches!(key, Keystroke::Insert { .. })).count();
    let deletes = frames.len() - inserts;
    let (mut reader, mut answers, mut typist);
    let (mut present, state);
    (present, reader, state) = place.join().await;
    (typist, answers, _) = place.join().await;
    let heard = RefCell::new(vec![state]);
    let keys = frames.len();
    let unanswered = Semaphore::new(UNANSWERED_MAX);
    let began = Instant::now();
    let reading = async {
        let mut coverage = Coverage::of(TYPIST);
        while coverage.inserted() < inserts || coverage.deleted() < deletes {
            let update = next_update(&mut reader).await;
            coverage.add(&Brought::read(&update));
            heard.borrow_mut().push(update);
        }
        began.elapsed()
    };
    let answered = async {
        let mut count = 0;
        while count < keys {
            match answers.message().await {
                Message::SyncStatus(true) => {
                    count += 1;
                    unanswered.add_permits(1);
                }
                Message::SyncStatus(false) => panic!("a keystroke was refused"),
                _ => {}
            }
        }
        began.elapsed()
    };
    // In the dialect without answers this only keeps reading what the server may send.
    let until_read = async {
        tokio::pin!(answered);
        match place.dialect {
            Dialect::Hocuspocus => {
                let (read, answered) = tokio::join!(reading, answered);
                (read, Some(answered))
            }
            Dialect::YWebsocket => tokio::select! {
                read = reading => (read, None),
                _ = &mut answered => unreachable!("nothing is answered"),
            },
        }
    };
    let typing = async {
        for frame in frames {
            if place.dialect == Dialect::Hocuspocus {
                if unanswered.available_permits() == 0 {
                    typist.flush().await;
                }
                unanswered.acquire().await.expect("it is never closed").forget();
            }
            typist.feed(frame).await;
        }
        typist.flush().await;
    };
    let staying = async {
        for clock in 1.. {
            tokio::time::sleep(PRESENT_EVERY).await;
            present.send(place.presence_frame(READER, clock)).await;
        }
    };
    let both = async {
        tokio::select! {
            (outcome, ()) = async { tokio::join!(until_read, typing) } => outcome,
            () = staying => unreachable!("it goes on and on"),
        }
    };
    let (read, answered) = in_time("typing", TYPED_WITHIN, both).await;
    Typed {
        seconds: read.as_secs_f64(),
        answered_seconds: answered.map(|answered| answered.as_secs_f64()),
        heard: heard.into_inner(),
    }
}

/// The next update, whatever else comes in between.
pub async fn next_update(listener: &mut Listener) -> Bytes {
    loop {
        if let Message::Sync(SyncMessage::Update(update) | SyncMessage::Step2(update)) =
            listener.message().await
        {
            return update;
        }
    }
}

/// The text that these updates make. Panics when one is none, or something is missing before another.
pub fn text_of(updates: &[Bytes]) -> String {
    let doc = Doc::new();
    let body = doc.get_or_insert_text(ROOT);
    for updates in updates.chunks(MERGED_TOGETHER) {
        let mut transaction = doc.transact_mut();
        for update in updates {
            let update = Update::decode_v1(update).expect("a Yjs update");
            transaction.apply_update(update).expect("an update that fits");
        }
    }
    let transaction = doc.transact();
    assert!(!transaction.has_missing_updates(), "something is missing before what was heard");
    body.get_string(&transaction)
}

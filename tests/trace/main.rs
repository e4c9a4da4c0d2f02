//! A whole paper, keystroke by keystroke, through the real binary: nothing is missing at a second client, nor after
//! kill -9 and a restart.
//!
//! The beginning of it is typed, all of it with `PLENARY_TRACE_FULL=1`. Needs `cargo build -p plenary-cli` in the
//! same profile.

use std::{env, time::Instant};

use plenary_tests::{
    keystrokes::{KEYSTROKES, Keystrokes},
    link::{Dialect, Place},
    process::Plenary,
    typing::{text_of, type_through},
};

/// Enough for snapshots to be taken on the way.
const BEGINNING: usize = 30_000;

#[tokio::test]
async fn a_paper_typed_key_by_key_is_whole_at_a_second_client_and_after_kill_9() {
    let count = if env::var_os("PLENARY_TRACE_FULL").is_some() { KEYSTROKES } else { BEGINNING };
    let keystrokes = Keystrokes::first(count);
    let text = keystrokes.text();
    let updates = keystrokes.updates();

    let plenary = Plenary::prepare();
    let server = plenary.serve();
    let mut place = Place {
        server: server.address,
        dialect: Dialect::YWebsocket,
        document: plenary.document.clone(),
        token: plenary.token.clone(),
    };
    let typed = type_through(&place, &keystrokes, &updates).await;
    assert!(typed.text() == text, "the second client reads something else");
    let memory_bytes = server.memory_bytes_max().unwrap_or(0);
    let cpu_seconds = server.cpu_seconds().unwrap_or(f64::NAN);
    server.kill();
    let disk_bytes = plenary.disk_bytes();

    let began = Instant::now();
    let server = plenary.serve();
    place.server = server.address;
    let (_speaker, _listener, state) = place.join().await;
    let back_seconds = began.elapsed().as_secs_f64();
    assert!(text_of(&[state]) == text, "after the restart a third client reads something else");

    const MIB: f64 = 1024.0 * 1024.0;
    println!("trace: {} keystrokes, {}", keystrokes.keys.len(), keystrokes.source);
    println!(
        "trace: at a second client after {:.2} s ({:.0} keystrokes/s), in {} messages",
        typed.seconds,
        keystrokes.keys.len() as f64 / typed.seconds,
        typed.messages(),
    );
    println!(
        "trace: server used {cpu_seconds:.2} s of processor time, {:.1} MiB of memory at most, {:.2} MiB of disk",
        memory_bytes as f64 / MIB,
        disk_bytes as f64 / MIB,
    );
    println!("trace: after kill -9 a third client had the text {back_seconds:.2} s later");
}

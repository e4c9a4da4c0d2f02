//! What the figures were taken on. They mean little without it.

use std::{
    fs::{self, File},
    io::Write,
    process::Command,
    thread,
    time::Instant,
};

use plenary_tests::process::Folder;
use serde::Serialize;

/// Facts about this machine; what cannot be found out is empty.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    processor: String,
    processors: usize,
    memory_gib: f64,
    kernel: String,
    node: String,
    /// Processes that ran or wanted to, over the last minute, before the bench began.
    load: String,
    /// The median of 100 writes of 4 KiB, each made durable, in the folder that the servers store in.
    fdatasync_ms: f64,
}

impl Machine {
    /// Looks.
    pub(crate) fn look() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let value = |text: &str, name| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim()).to_owned()
        };
        let memory = value(&read("/proc/meminfo"), "MemTotal");
        let memory_kib: f64 = memory.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0.0);
        Self {
            processor: value(&read("/proc/cpuinfo"), "model name"),
            processors: thread::available_parallelism().map_or(0, usize::from),
            memory_gib: (memory_kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            node: says("node", "--version"),
            load: read("/proc/loadavg").split(' ').next().unwrap_or_default().to_owned(),
            fdatasync_ms: fdatasync_ms(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, processors, memory_gib, kernel, node, load, fdatasync_ms } = self;
        write!(
            f,
            "{processor}, {processors} processors, {memory_gib} GiB, Linux {kernel}, Node {node}, \
             load before {load}, fdatasync {fdatasync_ms:.2} ms"
        )
    }
}

fn says(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn fdatasync_ms() -> f64 {
    let folder = Folder::create();
    let mut file = File::create(folder.path().join("probe")).expect("a folder of our own");
    let mut times: Vec<f64> = (0..100)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("a file of our own");
            began.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

//! Servers as processes: started, asked what they used, and ended.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{self, Child, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long a server may take until it listens.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// The clock that `/proc` counts processor time in: 100 on every Linux we know.
const TICKS_PER_SECOND: f64 = 100.0;

/// A folder of its own below the build's, so on a real disk, deleted in the end.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Creates one.
    pub fn create() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("run-{}-{}", process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = build_folder().join(name);
        // Of a run that was killed, by a process that had the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder below the build's can be created");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Bytes that the disk gave to what is in it.
    pub fn disk_bytes(&self) -> u64 {
        bytes_below(&self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Whoever looks for what is left finds it below `target`.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let about = entry.metadata().ok()?;
            Some(if about.is_dir() { bytes_below(&entry.path()) } else { disk_bytes(&about) })
        })
        .sum()
}

#[cfg(unix)]
fn disk_bytes(about: &fs::Metadata) -> u64 {
    use std::os::unix::fs::MetadataExt;
    about.blocks() * 512
}

#[cfg(not(unix))]
fn disk_bytes(about: &fs::Metadata) -> u64 {
    about.len()
}

/// `target/<profile>` of the build that this program is from.
pub fn build_folder() -> PathBuf {
    let program = env::current_exe().expect("this program has a path");
    let folder = program.parent().expect("programs are in folders");
    // Tests are one deeper.
    if folder.ends_with("deps") {
        folder.parent().expect("deps is in a folder").into()
    } else {
        folder.into()
    }
}

/// A server that runs. Killed when dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts a program and waits for its line `listening on http://ADDRESS` (or https); what it logs goes to `log`.
    /// Panics when it ends before or takes too long.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log_file = File::options().create(true).append(true).open(log).expect("the log can be written");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log_file);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let lines = BufReader::new(child.stdout.take().expect("it was asked for")).lines();
        let (heard, ready) = mpsc::channel();
        // Reads on to the end, so that the server never waits for its output to be taken.
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let address = line.split("listening on ").nth(1).and_then(|url| url.split("://").nth(1));
                if let Some(address) = address {
                    let _ = heard.send(address.trim().to_owned());
                }
            }
        });
        let address = ready.recv_timeout(READY_WITHIN).ok().and_then(|address| address.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{command:?} does not listen:\n{}", fs::read_to_string(log).unwrap_or_default());
        };
        Self { address, child }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Seconds of processor time used so far, by program and kernel; `None` where there is no `/proc`.
    pub fn cpu_seconds(&self) -> Option<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        // The name, in brackets, may hold anything; user and system time are the 12th and 13th after it.
        let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
    }

    /// The most memory it has had at a time, in bytes; `None` where there is no `/proc`.
    pub fn memory_bytes_max(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
    }

    /// Sends a signal such as `HUP`. Panics when there is no process to take it.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.pid().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "the server takes SIG{name}");
    }

    /// As if the power failed: SIGKILL.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The real binary with a data directory of its own, and one statement that one person drafts.
#[derive(Debug)]
pub struct Plenary {
    folder: Folder,
    /// The body of the statement.
    pub document: String,
    /// The person's.
    pub token: String,
}

impl Plenary {
    /// The binary: `PLENARY_BIN`, or the one beside this program.
    pub fn binary() -> PathBuf {
        let beside = build_folder().join(format!("plenary{}", env::consts::EXE_SUFFIX));
        env::var_os("PLENARY_BIN").map_or(beside, PathBuf::from)
    }

    /// Creates the person, their group and the statement, as an operator would.
    pub fn prepare() -> Self {
        let folder = Folder::create();
        let email = "ana@example.org";
        let run = |arguments: &[&str]| command(&data(&folder), arguments);
        run(&["user", "add", "--email", email, "--name", "Ana"]);
        let group = id(&run(&["group", "add", "--name", "Coalition"]), "id");
        run(&["member", "add", "--group", &group, "--email", email, "--role", "coordinator"]);
        let statement = run(&["statement", "add", "--group", &group, "--title", "Joint submission"]);
        let token = run(&["token", "create", "--email", email]);
        let (document, token) = (id(&statement["documents"], "body"), id(&token, "token"));
        Self { folder, document, token }
    }

    /// Starts the server, or starts it again.
    pub fn serve(&self) -> Server {
        self.serve_with(&[], &[])
    }

    /// As `serve`, with more flags and settings in the environment.
    pub fn serve_with(&self, flags: &[&OsStr], environment: &[(&str, &str)]) -> Server {
        let mut serve = Command::new(Self::binary());
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data(&self.folder));
        serve.args(flags).envs(environment.iter().copied());
        Server::start(&mut serve, &self.folder.path().join("log"))
    }

    /// A folder of its own, beside the data directory.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Bytes that the disk gave to the data directory.
    pub fn disk_bytes(&self) -> u64 {
        bytes_below(&data(&self.folder))
    }
}

fn data(folder: &Folder) -> PathBuf {
    folder.path().join("data")
}

fn command(data: &Path, arguments: &[&str]) -> Value {
    let binary = Plenary::binary();
    let mut command = Command::new(&binary);
    command.args(arguments).args([OsStr::new("--json"), OsStr::new("--data-dir"), data.as_os_str()]);
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
        panic!(
            "{}: {error}; `cargo build -p plenary-cli` builds it (or name one in PLENARY_BIN)",
            binary.display()
        )
    });
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

fn id(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

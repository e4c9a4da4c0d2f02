//! The servers that are measured, each started afresh with an empty folder.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use plenary_tests::{
    link::{Dialect, Place},
    process::{Folder, Plenary, Server},
};

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contestant {
    Plenary,
    Hocuspocus,
}

impl Contestant {
    pub(crate) const ALL: [Self; 2] = [Self::Plenary, Self::Hocuspocus];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plenary => "plenary",
            Self::Hocuspocus => "hocuspocus",
        }
    }

    /// Builds or installs what is not there. Panics when that fails.
    pub(crate) fn make_ready(self) {
        match self {
            Self::Plenary if env::var_os("PLENARY_BIN").is_some() => {}
            // A binary of yesterday would be measured without a word, so this asks Cargo every time.
            Self::Plenary => {
                let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
                let mut build = Command::new(cargo);
                build.args(["build", "--release", "-p", "plenary-cli"]);
                run(build.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("..")));
            }
            Self::Hocuspocus if peers().join("node_modules/@hocuspocus/server").exists() => {}
            Self::Hocuspocus => run(Command::new("npm").arg("ci").current_dir(peers())),
        }
    }

    /// Starts it.
    pub(crate) fn start(self) -> Running {
        match self {
            Self::Plenary => {
                let plenary = Plenary::prepare();
                let server = plenary.serve();
                let (document, token) = (plenary.document.clone(), plenary.token.clone());
                let place = place(&server, document, token);
                Running { server, place, _kept: Kept::Plenary(plenary) }
            }
            Self::Hocuspocus => {
                let folder = Folder::create();
                let mut node = Command::new("node");
                node.arg(peers().join("hocuspocus.mjs")).arg(folder.path().join("documents.sqlite"));
                let server = Server::start(&mut node, &folder.path().join("log"));
                let place = place(&server, "joint-submission".to_owned(), String::new());
                Running { server, place, _kept: Kept::Folder(folder) }
            }
        }
    }
}

/// A server that runs, and where its document is.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) place: Place,
    /// Deleted after the server has ended.
    _kept: Kept,
}

#[expect(dead_code, reason = "kept for what happens when they are dropped")]
enum Kept {
    Plenary(Plenary),
    Folder(Folder),
}

fn place(server: &Server, document: String, token: String) -> Place {
    Place { server: server.address, dialect: Dialect::Hocuspocus, document, token }
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/peers")
}

fn run(command: &mut Command) {
    let status = command.status().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

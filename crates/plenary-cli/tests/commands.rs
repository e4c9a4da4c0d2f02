//! The `plenary` binary as an operator uses it: on a store nobody has open, and beside a running server.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sample-submission.md");

/// A data directory of its own, gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("plenary-cli-{}-{name}", std::process::id()));
        // Of a run that was killed, by a process that had the same number.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_plenary"));
        command.current_dir(&self.0).arg("--data-dir").arg(self.data()).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PLENARY_")) {
            command.env_remove(name);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Expects success and returns what was printed.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap()
    }

    /// Expects a refusal with status 1 and returns its words.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn serve(&self, arguments: &[&str]) -> Server {
        let mut child =
            self.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().expect("it prints where it listens").unwrap();
        let address = first.strip_prefix("listening on http://").expect(&first).to_owned();
        Server { child, address, lines: Box::new(lines.map(Result::unwrap)) }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Server {
    child: Child,
    address: String,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Server {
    /// Status and body of the answer.
    fn get(&self, path: &str, token: Option<&str>) -> (u16, String) {
        let authorization = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        self.send(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\n{authorization}Connection: close\r\n\r\n",
            self.address
        ))
    }

    fn post(&self, path: &str, body: &str) -> (u16, String) {
        self.send(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.address,
            body.len()
        ))
    }

    fn send(&self, request: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks it to end as a supervisor does, and returns its status and how long it took.
    fn terminate(mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let killed = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(killed.success());
        let status = self.child.wait().unwrap();
        (status.code(), began.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an operator does on the first day; the same words wherever the store is open.
fn first_day(folder: &Folder) -> (String, String) {
    let link = folder.ok(&["init", "--email", "Admin@ngo.example", "--name", "Admin"]);
    assert!(link.contains("/#sign-in="), "{link}");
    let again = folder.refused(&["init", "--email", "other@ngo.example", "--name", "Other"]);
    assert!(again.contains("plenary user add"), "{again}");

    let mut adding =
        folder.command(&["user", "add", "--email", "ilse@ngo.example", "--name", "Ilse", "--password-stdin"]);
    let mut adding = adding.stdin(Stdio::piped()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(b"correct horse battery\n").unwrap();
    assert!(adding.wait().unwrap().success());
    folder.ok(&["user", "add", "--email", "jon@ngo.example", "--name", "Jon"]);

    let country = ["group", "add", "--name", "Valdoria", "--kind", "country"];
    assert!(folder.refused(&country).contains("State under review"));
    let group = folder.ok(&[&country[..], &["--state", "XV", "--session", "UPR 58"]].concat());
    let place =
        |email: &'static str| vec!["--group".to_owned(), group.clone(), "--email".into(), email.into()];
    let member = |what: &[&str], email: &'static str, rest: &[&str]| {
        let place = place(email);
        let place: Vec<&str> = place.iter().map(String::as_str).collect();
        [what, &place, rest].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let ok = |arguments: Vec<String>| folder.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    let refused =
        |arguments: Vec<String>| folder.refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    ok(member(&["member", "add"], "ilse@ngo.example", &["--role", "coordinator"]));
    ok(member(&["member", "add"], "jon@ngo.example", &["--role", "observer"]));
    ok(member(&["member", "set-role"], "jon@ngo.example", &["--role", "drafter"]));
    assert!(refused(member(&["member", "remove"], "ilse@ngo.example", &[])).contains("contact person"));
    ok(member(&["member", "set-role"], "jon@ngo.example", &["--role", "coordinator", "--contact-person"]));
    ok(member(&["member", "set-role"], "ilse@ngo.example", &["--role", "coordinator", "--contact-person"]));
    ok(member(&["member", "remove"], "jon@ngo.example", &[]));
    assert!(refused(member(&["member", "remove"], "jon@ngo.example", &[])).contains("not a member"));
    assert!(
        refused(member(&["member", "add"], "nobody@ngo.example", &["--role", "drafter"])).contains("address")
    );

    organisations_and_invitations(folder, &group);

    let statement =
        folder.ok(&["statement", "add", "--group", &group, "--title", "Joint submission", "--from", SAMPLE]);
    let words: Vec<&str> = statement.split_whitespace().collect();
    assert_eq!([words[0], words[2], words[4]], ["statement", "body", "comments"], "{statement}");
    let token = folder.ok(&["token", "create", "--email", "ilse@ngo.example", "--expires", "2h"]);
    assert_eq!(token.len(), 43, "{token}");
    let found = folder.json(&["verify"]);
    assert_eq!((&found["whole"], &found["documents"]), (&true.into(), &2.into()), "{found}");
    (words[3].to_owned(), token)
}

/// Enters an organisation, says who works for it, and invites somebody.
fn organisations_and_invitations(folder: &Folder, group: &str) {
    let names = ["--name", "en=Open Door", "--name", "fr=Porte ouverte"];
    let facts = ["--type", "coalition", "--country", "XV", "--at-risk", "true"];
    let organisation = folder.ok(&[&["organisation", "add"][..], &names, &facts].concat());
    let set = ["organisation", "set", "--organisation", &organisation];
    assert!(folder.refused(&set).contains("what is to change"));
    folder.ok(&[&set[..], &["--consultative-status", "roster"]].concat());
    let found = folder.json(&["organisation", "list"]);
    let found = &found["organisations"][0];
    assert_eq!((&found["consultative_status"], &found["type"]), (&"roster".into(), &"coalition".into()));
    let assign = ["organisation", "assign", "--email", "ilse@ngo.example"];
    folder.ok(&[&assign[..], &["--organisation", &organisation]].concat());
    let members = folder.ok(&["member", "list", "--group", group]);
    assert_eq!(members, "coordinator  ilse@ngo.example  Ilse  contact person  Open Door  at risk");
    folder.ok(&[&assign[..], &["--none"]].concat());
    assert!(!folder.ok(&["member", "list", "--group", group]).contains("Open Door"));
    assert!(folder.ok(&["member", "list", "--group", group, "--past"]).contains("jon@ngo.example"));

    let invite = ["invitation", "add", "--group", group, "--role"];
    assert!(folder.refused(&[&invite[..], &["coordinator"]].concat()).contains("coordinator"));
    let link = folder.ok(&[&invite[..], &["drafter", "--expires", "2d"]].concat());
    assert!(link.contains("/#invitation="), "{link}");
    let list = folder.json(&["invitation", "list", "--group", group]);
    let id = list["invitations"][0]["id"].as_str().unwrap();
    assert_eq!(list["invitations"][0]["state"], "open");
    folder.ok(&["invitation", "revoke", "--group", group, "--invitation", id]);
    assert_eq!(folder.ok(&["invitation", "list", "--group", group]), "");

    let archived = folder.ok(&["group", "set", "--group", group, "--status", "archived"]);
    assert!(archived.contains("archived  country  XV  UPR 58  Valdoria"), "{archived}");
    assert!(folder.refused(&[&invite[..], &["drafter"]].concat()).contains("archived"));
    folder.ok(&["group", "set", "--group", group, "--status", "active"]);
    assert!(folder.ok(&["group", "list"]).contains("active"));
}

fn reads_the_sample(server: &Server, document: &str, token: &str) {
    let (status, me) = server.get("/api/v1/me", Some(token));
    assert_eq!(status, 200, "{me}");
    let me: Value = serde_json::from_str(&me).unwrap();
    assert_eq!(me["statements"][0]["documents"]["body"], document);
    assert_eq!(me["statements"][0]["group"]["role"], "coordinator");
    assert_eq!(server.get("/api/v1/me", None).0, 401);
}

#[test]
fn the_commands_work_on_a_store_that_nobody_has_open() {
    let folder = Folder::new("offline");
    let (document, token) = first_day(&folder);
    let mode = fs::metadata(folder.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else looks into the data directory");
    let server = folder.serve(&[]);
    reads_the_sample(&server, &document, &token);
    let body = r#"{"email": "ilse@ngo.example", "password": "correct horse battery"}"#;
    assert_eq!(server.post("/api/v1/session", body).0, 200);
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn the_commands_work_beside_a_running_server() {
    let folder = Folder::new("online");
    let server = folder.serve(&[]);
    let socket = folder.data().join("plenary.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let (document, token) = first_day(&folder);
    reads_the_sample(&server, &document, &token);
    let (status, took) = server.terminate();
    assert_eq!(status, Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(!socket.exists());
    // And once more, from the store.
    assert_eq!(folder.json(&["verify"])["documents"], 2);
}

#[test]
fn a_server_that_was_killed_leaves_nothing_in_the_way() {
    let folder = Folder::new("killed");
    let mut server = folder.serve(&[]);
    let group = folder.ok(&["group", "add", "--name", "Valdoria"]);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert!(folder.data().join("plenary.sock").exists(), "it had no time to tidy up");
    folder.ok(&["statement", "add", "--group", &group, "--title", "Brief", "--kind", "brief"]);
    let server = folder.serve(&[]);
    folder.ok(&["group", "add", "--name", "Another"]);
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn two_servers_do_not_share_a_data_directory() {
    let folder = Folder::new("two");
    let _first = folder.serve(&[]);
    let second = folder.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1), "{second:?}");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process"), "{second:?}");
    folder.ok(&["group", "add", "--name", "The first one still answers"]);
}

#[test]
fn the_demo_has_four_people_and_a_text_and_is_made_once() {
    let folder = Folder::new("demo");
    for round in 0..2 {
        let mut server = folder.serve(&["--demo"]);
        let mut links = Vec::new();
        while links.len() < 4 {
            let line = server.lines.next().expect("four links");
            links.extend(
                line.split_once("/#sign-in=").map(|(before, secret)| (before.to_owned(), secret.to_owned())),
            );
        }
        let names = ["Ilse Marenko", "Safiya Orrin", "Renée Aubry", "Jon Aruk"];
        for ((line, secret), name) in links.iter().zip(names) {
            assert!(line.contains(name) && line.contains(&server.address), "{line}");
            let (status, body) = server.post("/api/v1/session/link", &format!(r#"{{"secret": "{secret}"}}"#));
            assert_eq!(status, 200, "{body}");
            assert!(body.contains(name), "{body}");
        }
        let groups = folder.json(&["verify"]);
        assert_eq!(groups["statements"], 1, "round {round}");
        assert_eq!(server.terminate().0, Some(0));
    }
}

#[test]
fn the_demo_stays_on_this_machine() {
    let folder = Folder::new("demo-far");
    let refused =
        folder.refused(&["serve", "--demo", "--listen", "0.0.0.0:0", "--public-url", "http://x.example"]);
    assert!(refused.contains("this machine"), "{refused}");
}

#[test]
fn settings_come_from_flags_environment_and_file_and_mistakes_are_named() {
    let folder = Folder::new("settings");
    let file = folder.0.join("plenary.toml");
    fs::write(&file, "listen = \"127.0.0.1:1\"\nlog_format = \"json\"\n").unwrap();
    let server = folder.serve(&[]);
    assert!(!server.address.ends_with(":1"), "the flag counts");
    drop(server);

    fs::write(&file, "listem = \"127.0.0.1:1\"\n").unwrap();
    let refused = folder.refused(&["group", "add", "--name", "X"]);
    assert!(refused.contains("plenary.toml") && refused.contains("listem"), "{refused}");
    fs::write(&file, "listen = 127").unwrap();
    assert!(folder.refused(&["group", "add", "--name", "X"]).contains("plenary.toml"));
    fs::remove_file(&file).unwrap();
    assert!(folder.refused(&["--config", "missing.toml", "verify"]).contains("missing.toml"));
    let mut command = folder.command(&["verify"]);
    let output = command.env("PLENARY_DRAIN", "soon").output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("PLENARY_DRAIN"), "{output:?}");
    let refused = folder.refused(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(refused.contains("public_url"), "{refused}");
}

#[test]
fn verifying_a_damaged_store_does_not_end_well() {
    let folder = Folder::new("damaged");
    assert!(folder.refused(&["verify"]).contains("no store"));
    assert!(!folder.data().exists(), "looking makes nothing");
    first_day(&folder);
    let db = find(&folder.data(), "db");
    let mut bytes = fs::read(&db).unwrap();
    let written = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    for byte in &mut bytes[written / 2..written] {
        *byte ^= 0x55;
    }
    fs::write(&db, bytes).unwrap();
    let output = folder.run(&["verify"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("damaged: "), "{output:?}");
}

fn find(directory: &Path, name: &str) -> PathBuf {
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false if entry.file_name() == name => return entry.path(),
                false => {}
            }
        }
    }
    panic!("no file {name}");
}

#[test]
fn passwords_and_secrets_are_not_in_the_log() {
    let folder = Folder::new("log");
    fs::write(folder.0.join("plenary.toml"), "log_level = \"debug\"\n").unwrap();
    let mut server = folder.serve(&[]);
    let (document, token) = first_day(&folder);
    server.get(&format!("/api/v1/documents/{document}/state?sv=c2VjcmV0"), Some(&token));
    server.get(&format!("/sync/{document}?token={token}"), None);
    server.post("/api/v1/session", r#"{"email": "ilse@ngo.example", "password": "correct horse battery"}"#);
    let mut log = server.child.stderr.take().unwrap();
    assert_eq!(server.terminate().0, Some(0));
    let mut lines = String::new();
    log.read_to_string(&mut lines).unwrap();
    assert!(lines.contains(&document), "{lines}");
    for secret in
        [token.as_str(), "correct horse", "c2VjcmV0", "Valdoria", "Joint submission", "ilse@ngo.example"]
    {
        assert!(!lines.contains(secret), "{secret} in {lines}");
    }
}

#[test]
fn the_audit_log_is_shown_and_its_chain_followed() {
    let folder = Folder::new("audit");
    folder.ok(&["init", "--email", "admin@ngo.example", "--name", "Admin"]);
    folder.ok(&["user", "add", "--email", "ilse@ngo.example", "--name", "Ilse"]);
    let group = folder.ok(&["group", "add", "--name", "Valdoria"]);
    folder.ok(&["member", "add", "--group", &group, "--email", "ilse@ngo.example", "--role", "coordinator"]);

    let shown = folder.ok(&["audit", "show", "--group", &group]);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 3, "{shown}");
    assert!(lines[0].starts_with("1  20") && lines[0].contains("Z  group-created  group "), "{shown}");
    assert!(lines[1].contains("  member-added  user ") && lines[1].contains("  coordinator"), "{shown}");
    assert!(lines[1].ends_with("  by operator"), "{shown}");
    assert!(!shown.contains("ilse") && !shown.contains("Valdoria"), "{shown}");
    let page = folder.json(&["audit", "show", "--group", &group, "--after", "1", "--limit", "1"]);
    assert_eq!(page["entries"][0]["seq"], 2);
    assert_eq!(page["next"], 2);
    let shown = folder.ok(&["audit", "show", "--group", &group, "--limit", "1"]);
    assert!(shown.ends_with("more with --after 1"), "{shown}");
    assert!(folder.ok(&["audit", "show", "--instance"]).contains("  group-created  group "));
    assert!(
        folder
            .refused(&["audit", "show", "--group", "0198c0de-0000-7000-8000-000000000001"])
            .contains("nothing")
    );

    let report = folder.json(&["audit", "verify"]);
    assert_eq!(
        (&report["damage"], &report["heads"][&group]["seq"]),
        (&Value::Array(Vec::new()), &Value::from(3))
    );
    let words = folder.ok(&["audit", "verify"]);
    assert!(words.contains(&format!("{group}: 3 entries, ends with ")), "{words}");
    assert!(words.ends_with("everything is whole"), "{words}");
    assert!(folder.json(&["verify"])["audit_entries"].as_u64().unwrap() >= 4);
}

#[test]
fn an_account_is_closed_opened_and_given_a_new_password() {
    let folder = Folder::new("accounts");
    folder.ok(&["init", "--email", "admin@ngo.example", "--name", "Admin"]);
    let mut adding =
        folder.command(&["user", "add", "--email", "ilse@ngo.example", "--name", "Ilse", "--password-stdin"]);
    let mut adding = adding.stdin(Stdio::piped()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(b"correct horse battery\n").unwrap();
    assert!(adding.wait().unwrap().success());
    let listed = folder.ok(&["user", "list"]);
    assert_eq!(listed, "admin@ngo.example\tAdmin\tadministrator\nilse@ngo.example\tIlse");
    assert_eq!(folder.json(&["user", "list"])["users"][1]["second_factor"], false);

    let server = folder.serve(&[]);
    let sign_in = |password: &str| {
        let body = format!(r#"{{"email": "ilse@ngo.example", "password": "{password}"}}"#);
        server.post("/api/v1/session", &body).0
    };
    let ilse = ["--email", "Ilse@ngo.example"];
    let said = folder.ok(&[&["user", "close"], &ilse[..]].concat());
    assert!(said.contains("closed"), "{said}");
    assert_eq!(sign_in("correct horse battery"), 401);
    assert!(folder.ok(&["user", "list"]).ends_with("Ilse\tclosed"));
    assert_eq!(folder.json(&[&["user", "open"], &ilse[..]].concat())["closed"], false);
    assert_eq!(sign_in("correct horse battery"), 200);

    let made = folder.json(&[&["user", "reset-link", "--expires", "2h"], &ilse[..]].concat());
    let link = made["reset_link"].as_str().unwrap();
    assert!(link.starts_with("http://127.0.0.1:4600/#reset="), "{link}");
    let body = format!(r#"{{"secret": {}, "new": "battery staple horse"}}"#, made["secret"]);
    assert_eq!(server.post("/api/v1/password-reset", &body).0, 204);
    assert_eq!(sign_in("correct horse battery"), 401);
    assert_eq!(sign_in("battery staple horse"), 200);
    assert!(folder.ok(&[&["user", "reset-link"], &ilse[..]].concat()).contains("/#reset="));

    let none = folder.refused(&[&["user", "clear-second-factor"], &ilse[..]].concat());
    assert!(none.contains("no second factor"), "{none}");
    let nobody = folder.refused(&["user", "close", "--email", "nobody@ngo.example"]);
    assert!(nobody.contains("nobody here"), "{nobody}");
    assert_eq!(server.terminate().0, Some(0));
}

#[test]
fn keys_of_embedding_sites_are_registered_listed_and_revoked() {
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n-----END PUBLIC KEY-----\n";
    const ISSUER: &str = "https://intranet.example.org";
    const ORIGIN: &str = "https://pages.example.org";
    let folder = Folder::new("embed-key");
    folder.ok(&["init", "--email", "admin@ngo.example", "--name", "Admin"]);
    let group = folder.ok(&["group", "add", "--name", "Valdoria"]);
    let file = folder.0.join("key.pem");
    fs::write(&file, PEM).unwrap();
    let new = ["embed-key", "new", "--issuer", ISSUER, "--origin", ORIGIN, "--role", "drafter"];
    let from_file = ["--public-key", file.to_str().unwrap(), "--group", &group];
    let kid = folder.ok(&[&new[..], &from_file[..]].concat());
    assert_eq!(kid.len(), 36, "{kid}");
    let listed = folder.ok(&["embed-key", "list"]);
    assert_eq!(listed, format!("{kid}  {ISSUER}  EdDSA  drafter  {ORIGIN}"));
    let listed = folder.json(&["embed-key", "list"]);
    assert_eq!(listed["keys"][0]["public_key"]["kty"], "OKP");
    let shown = folder.ok(&["audit", "show", "--group", &group]);
    assert!(
        shown.contains("embed-grant-created  host ") && shown.contains("  drafter  by operator"),
        "{shown}"
    );

    let refused = folder.refused(&[&new[..], &from_file[..]].concat());
    assert!(refused.contains("registered already"), "{refused}");
    fs::write(&file, PEM.replace("PUBLIC", "PRIVATE")).unwrap();
    let refused = folder.refused(&[&new[..], &from_file[..]].concat());
    assert!(refused.contains("private key"), "{refused}");
    let jwk = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    fs::write(&file, jwk).unwrap();
    let second = folder.ok(&[&new[..], &from_file[..2], &["--overlap", "24h"]].concat());
    let listed = folder.ok(&["embed-key", "list"]);
    assert!(
        listed.lines().next().unwrap().contains("  ends 20")
            && listed.lines().nth(1).unwrap().starts_with(&second)
    );

    folder.ok(&["embed-key", "grant", "--group", &group, "--issuer", ISSUER, "--role", "observer"]);
    let withdraw = ["embed-key", "withdraw", "--group", &group, "--issuer", ISSUER];
    folder.ok(&withdraw);
    assert!(folder.refused(&withdraw).contains("may not vouch"), "twice");
    folder.ok(&["embed-key", "revoke", "--key", &kid]);
    folder.refused(&["embed-key", "revoke", "--key", &kid]);
    assert_eq!(folder.json(&["embed-key", "list"])["keys"].as_array().unwrap().len(), 1);
}

#[test]
fn in_a_place_where_nothing_is_stored_only_what_begins_an_instance_makes_sense() {
    let folder = Folder::new("misspelt");
    for arguments in [
        &["group", "list"][..],
        &["user", "list"],
        &["token", "create", "--email", "ilse@ngo.example"],
        &["audit", "show", "--instance"],
    ] {
        assert!(folder.refused(arguments).contains("there is no store in"), "{arguments:?}");
        assert!(!folder.data().exists(), "{arguments:?}");
    }
    let output = folder.run(&["group", "add", "--name", "Valdoria"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("a new one was made"), "{output:?}");
    let output = folder.run(&["group", "list"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn the_store_is_its_owners_alone_also_in_a_directory_that_others_may_enter() {
    let folder = Folder::new("open-directory");
    fs::create_dir(folder.data()).unwrap();
    fs::set_permissions(folder.data(), fs::Permissions::from_mode(0o755)).unwrap();
    folder.ok(&["group", "add", "--name", "Valdoria"]);
    let mode = fs::metadata(folder.data().join("store")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn whoever_reads_only_the_beginning_of_what_is_printed_disturbs_nothing() {
    let folder = Folder::new("head");
    folder.ok(&["group", "add", "--name", "Valdoria"]);
    let mut command = folder.command(&["group", "list"]).spawn().unwrap();
    // Gone before there is anything to read.
    drop(command.stdout.take());
    let output = command.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

//! Whether the time that an answer takes tells what the answer does not: whether there is an account of that address,
//! and whether a document that one may not see exists. `just timing`.
//!
//! Against the real binary over real sockets: tries of both kinds alternate, in an order that is drawn for each pair.
//! Their times are compared by rank (Mann-Whitney); answers have to be the same byte for byte, but for the date.

use std::{
    env,
    net::SocketAddr,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use futures_util::StreamExt;
use plenary_tests::{
    http::{Answer, Connection},
    process::{Folder, Plenary, Server},
    ranks::mann_whitney,
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite;

/// Of one distribution, one comparison in a hundred is below this.
const P_MIN: f64 = 0.01;
/// Tries before the first that counts, of each kind.
const WARM_UP: usize = 20;
/// Wrong passwords that an account bears without waiting.
const TRIES_AT_ACCOUNT: usize = 4;

const PASSWORD: &str = "correct horse battery";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let tries = env::args().nth(1).map_or(500, |tries| tries.parse().expect("how many tries of each kind"));
    let place = Place::prepare(tries).await;
    println!("{tries} tries of each kind, medians in µs\n");
    println!("| What is asked | One kind | The other | p |\n|---|---|---|---|");
    let mut tells = false;
    let ways: [(&str, [Kind; 2]); 4] = [
        ("sign-in: an account there is / none", [Kind::Known, Kind::Unknown]),
        ("a document's state: another group's / none", [Kind::StateForeign, Kind::StateMissing]),
        ("a ticket: another group's / none", [Kind::TicketForeign, Kind::TicketMissing]),
        ("a socket: another group's / none", [Kind::SocketForeign, Kind::SocketMissing]),
    ];
    for (what, kinds) in ways {
        let [first, second] = place.compare(kinds, tries).await;
        let found = mann_whitney(&first, &second);
        tells |= found.p <= P_MIN;
        println!("| {what} | {:.1} | {:.1} | {:.4} |", found.median_first, found.median_second, found.p);
    }
    if tells {
        println!("\nTold apart: p is not above {P_MIN}.");
        return ExitCode::FAILURE;
    }
    println!("\nNot told apart: every p is above {P_MIN}, every answer is the same.");
    ExitCode::SUCCESS
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Known,
    Unknown,
    StateForeign,
    StateMissing,
    TicketForeign,
    TicketMissing,
    SocketForeign,
    SocketMissing,
}

/// A server with accounts in it, and with documents of a group that `token`'s owner is not in.
struct Place {
    server: Server,
    /// Where everything is; deleted in the end.
    _folder: Folder,
    token: String,
    accounts: Vec<String>,
    foreign: Vec<String>,
}

impl Place {
    async fn prepare(tries: usize) -> Self {
        let folder = Folder::create();
        let data = folder.path().join("data");
        let run = |arguments: &[&str]| -> Value {
            let mut command = Command::new(Plenary::binary());
            command.args(arguments).arg("--json").arg("--data-dir").arg(&data).stdin(Stdio::null());
            let output = command.output().expect("`cargo build --release` makes the binary");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
        };
        run(&["init", "--email", "root@ngo.example", "--name", "Root"]);
        let root = text(&run(&["token", "create", "--email", "root@ngo.example"]), "token");
        run(&["user", "add", "--email", "outsider@ngo.example", "--name", "Outsider"]);
        let token = text(&run(&["token", "create", "--email", "outsider@ngo.example"]), "token");
        let mut serve = Command::new(Plenary::binary());
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
        let server = Server::start(&mut serve, &folder.path().join("log"));

        let mut connection = Connection::open(server.address).await;
        let bearer = format!("Bearer {root}");
        let mut post = async |path: &str, body: Value| {
            let call = format!("POST /api/v1/{path}");
            let answer = connection.ask(&call, &[("authorization", &bearer)], Some(&body)).await;
            assert_eq!(answer.status, 201, "{call}: {}", String::from_utf8_lossy(&answer.body));
            answer.json()
        };
        let mut accounts = Vec::new();
        for n in 0..(tries + WARM_UP).div_ceil(TRIES_AT_ACCOUNT) {
            let email = format!("there{n:05}@ngo.example");
            post("users", json!({"email": email, "name": "Somebody", "password": PASSWORD})).await;
            accounts.push(email);
        }
        let group = text(&post("groups", json!({"name": "Others"})).await, "id");
        let mut foreign = Vec::new();
        for n in 0..50 {
            let body = json!({"title": format!("Joint submission {n}"), "markdown": "# One\n\nTwo words.\n"});
            let statement = post(&format!("groups/{group}/statements"), body).await;
            foreign.push(text(&statement["documents"], "body"));
        }
        Self { server, _folder: folder, token, accounts, foreign }
    }

    /// The times that both kinds took, in µs.
    async fn compare(&self, kinds: [Kind; 2], tries: usize) -> [Vec<f64>; 2] {
        let mut times = [Vec::new(), Vec::new()];
        let mut said: Option<Said> = None;
        let mut connection = Connection::open(self.server.address).await;
        for n in 0..WARM_UP + tries {
            let first = usize::from(fastrand::bool());
            for which in [first, 1 - first] {
                let (time_us, answer) = self.try_once(&mut connection, kinds[which], n).await;
                let same = said.get_or_insert_with(|| answer.clone());
                assert_eq!(*same, answer, "{:?} is answered differently", kinds[which]);
                if n >= WARM_UP {
                    times[which].push(time_us);
                }
            }
        }
        times
    }

    async fn try_once(&self, connection: &mut Connection, kind: Kind, n: usize) -> (f64, Said) {
        let missing = missing_id();
        let foreign = &self.foreign[n % self.foreign.len()];
        let bearer = format!("Bearer {}", self.token);
        let headers = [("authorization", bearer.as_str())];
        let request = match kind {
            Kind::Known | Kind::Unknown => {
                let known = &self.accounts[n / TRIES_AT_ACCOUNT];
                let unknown = known.replace("there", "nobod");
                let email = if kind == Kind::Known { known } else { &unknown };
                // As from a proxy on this machine: nobody tries twice from one place.
                let from = format!("198.51.{}.{}", n / 250 % 250, n % 250);
                let body = json!({"email": email, "password": "wrong horse battery"});
                connection.request("POST /api/v1/session", &[("x-forwarded-for", &from)], Some(&body))
            }
            Kind::StateForeign => {
                connection.request(&format!("GET /api/v1/documents/{foreign}/state"), &headers, None)
            }
            Kind::StateMissing => {
                connection.request(&format!("GET /api/v1/documents/{missing}/state"), &headers, None)
            }
            Kind::TicketForeign | Kind::TicketMissing => {
                let document = if kind == Kind::TicketForeign { foreign } else { &missing };
                let body = json!({"document": document});
                connection.request("POST /api/v1/tickets", &headers, Some(&body))
            }
            Kind::SocketForeign => return socket(self.server.address, foreign, &self.token).await,
            Kind::SocketMissing => return socket(self.server.address, &missing, &self.token).await,
        };
        let began = Instant::now();
        let answer = connection.send(&request).await;
        (micros(began), Said::Http(answer))
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Http(Answer),
    /// The code and the reason of the close frame.
    Closed(u16, String),
}

/// Asks for a document over a WebSocket; the time until it is closed.
async fn socket(address: SocketAddr, document: &str, token: &str) -> (f64, Said) {
    let url = format!("ws://{address}/sync/{document}?token={token}");
    let stream = tokio::net::TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("it is a TCP socket");
    let began = Instant::now();
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.expect("everybody is upgraded");
    match socket.next().await.expect("it is closed with a reason").expect("it is closed with a reason") {
        tungstenite::Message::Close(Some(close)) => {
            (micros(began), Said::Closed(close.code.into(), close.reason.to_string()))
        }
        other => panic!("not closed: {other:?}"),
    }
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

/// An id as the server makes them, of nothing.
fn missing_id() -> String {
    let random = fastrand::u128(..);
    // Version 7, the usual variant, and a time of these years.
    let id = random & !(0xffff_u128 << 112) & !(0xf << 76) & !(3 << 62) | 0x019a << 112 | 7 << 76 | 2 << 62;
    let hex = format!("{id:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

//! Requests over one connection that stays open, byte by byte as they are: what came back, and nothing done to it.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// One connection to a server.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The lines of the head after the first, but for `date`.
    pub headers: Vec<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The values of a header, whose name is in lower case.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter_map(|line| line.split_once(": "));
        named.filter(|(given, _)| *given == name).map(|(_, value)| value).collect()
    }
}

impl Connection {
    /// Connects. Panics when nobody listens there.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("it is a TCP socket");
        Self { address, stream }
    }

    /// Sends one request and reads its answer. `call`: `POST /path`. Panics when the server hangs up.
    pub async fn ask(&mut self, call: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Answer {
        let request = self.request(call, headers, body);
        self.stream.write_all(&request).await.expect("the server reads");
        self.answer().await
    }

    /// The bytes of a request.
    pub fn request(&self, call: &str, headers: &[(&str, &str)], body: Option<&Value>) -> Vec<u8> {
        let mut head = format!("{call} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        if !body.is_empty() {
            head += &format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
        }
        (head + "\r\n" + &body).into_bytes()
    }

    /// Sends what [`request`](Self::request) made.
    pub async fn send(&mut self, request: &[u8]) -> Answer {
        self.stream.write_all(request).await.expect("the server reads");
        self.answer().await
    }

    async fn answer(&mut self) -> Answer {
        let mut received = Vec::with_capacity(4 * 1024);
        let head_end = loop {
            if let Some(at) = received.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            self.read(&mut received).await;
        };
        let head = String::from_utf8_lossy(&received[..head_end]).into_owned();
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("not HTTP: {first}"));
        let headers: Vec<String> = lines.filter(|line| !line.starts_with("date: ")).map(Into::into).collect();
        let length =
            headers.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let body_end = head_end + 4 + length.unwrap_or(0);
        while received.len() < body_end {
            self.read(&mut received).await;
        }
        Answer { status, headers, body: received.split_off(head_end + 4) }
    }

    async fn read(&mut self, received: &mut Vec<u8>) {
        let read = self.stream.read_buf(received).await.expect("the server answers");
        assert_ne!(read, 0, "the server hung up: {}", String::from_utf8_lossy(received));
    }
}

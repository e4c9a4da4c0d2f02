//! The real binary speaks TLS itself: HTTP, both WebSocket dialects, and a certificate that is replaced while it runs.

use std::{
    ffi::OsStr,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use plenary_tests::process::{Plenary, Server};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use crate::{
    peer::{Editor, Peer},
    stage::soon,
};

const NAME: &str = "plenary.example.org";

/// A certificate on disk.
struct Identity {
    cert: PathBuf,
    key: PathBuf,
}

impl Identity {
    fn at(folder: &Path) -> Self {
        let identity = Self { cert: folder.join("cert.pem"), key: folder.join("key.pem") };
        identity.renew();
        identity
    }

    /// Puts a new certificate with a new key in the place of what was there.
    fn renew(&self) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()]).unwrap();
        fs::write(&self.cert, cert.pem()).unwrap();
        fs::write(&self.key, signing_key.serialize_pem()).unwrap();
    }

    fn certificate(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.cert).unwrap()
    }

    fn flags(&self) -> [&OsStr; 4] {
        ["--tls-cert".as_ref(), self.cert.as_os_str(), "--tls-key".as_ref(), self.key.as_os_str()]
    }
}

/// Connects as somebody who trusts `certificate` and nothing else.
async fn connect(
    server: SocketAddr,
    certificate: CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(server).await?;
    tcp.set_nodelay(true)?;
    let name = ServerName::try_from(NAME).unwrap();
    soon("agreement on TLS", TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

/// The whole answer to one request.
async fn get(mut stream: TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon("an answer", stream.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn editor(server: &Server, plenary: &Plenary, identity: &Identity, address: Option<String>) -> Editor {
    let stream = connect(server.address, identity.certificate(), &[&TLS13]).await.unwrap();
    let path = match &address {
        None => format!("/sync/{}?token={}", plenary.document, plenary.token),
        Some(_) => "/sync".to_owned(),
    };
    let is_hocuspocus = address.is_some();
    let mut peer = Peer::over(Box::new(stream), &format!("wss://{NAME}{path}"), address, &[]).await.unwrap();
    if is_hocuspocus {
        peer.authenticate(&plenary.token).await;
    }
    Editor::begin(peer).await
}

#[tokio::test(flavor = "multi_thread")]
async fn http_and_both_dialects_go_over_tls() {
    let plenary = Plenary::prepare();
    let identity = Identity::at(plenary.folder());
    let server = plenary.serve_with(&identity.flags(), &[]);

    for (version, agreed) in [(&TLS13, ProtocolVersion::TLSv1_3), (&TLS12, ProtocolVersion::TLSv1_2)] {
        let stream = connect(server.address, identity.certificate(), &[version]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(agreed));
        let suite = format!("{:?}", stream.get_ref().1.negotiated_cipher_suite().unwrap().suite());
        assert!(suite.contains("GCM") || suite.contains("CHACHA20_POLY1305"), "{suite}");
        let answer = get(stream, "/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("alive\n"), "{answer}");
        assert!(answer.to_lowercase().contains("strict-transport-security: max-age="), "{answer}");
    }

    let mut writer = editor(&server, &plenary, &identity, Some(plenary.document.clone())).await;
    let mut reader = editor(&server, &plenary, &identity, None).await;
    writer.type_text("said in private").await;
    writer.until_acknowledged(1).await;
    reader.until_text(|text| text.contains("said in private")).await;
    // Larger than any buffer on the way.
    let long = "word ".repeat(100_000);
    reader.type_text(&long).await;
    writer.until_text(|text| text.contains(&long)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_read_without_a_restart() {
    let plenary = Plenary::prepare();
    let identity = Identity::at(plenary.folder());
    let server = plenary.serve_with(&identity.flags(), &[]);
    let before = identity.certificate();
    let mut writer = editor(&server, &plenary, &identity, None).await;

    // A key that does not fit: what was there stays.
    let kept = fs::read(&identity.key).unwrap();
    fs::write(&identity.key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    server.signal("HUP");
    assert!(logged(&plenary, "the one before stays").await);
    connect(server.address, before.clone(), &[&TLS13]).await.unwrap();
    fs::write(&identity.key, kept).unwrap();

    identity.renew();
    server.signal("HUP");
    assert!(logged(&plenary, "the certificate was read again").await);
    connect(server.address, identity.certificate(), &[&TLS13]).await.unwrap();
    assert!(connect(server.address, before, &[&TLS13]).await.is_err());

    // Who was connected goes on.
    let mut reader = editor(&server, &plenary, &identity, None).await;
    writer.type_text("still here").await;
    reader.until_text(|text| text.contains("still here")).await;
}

/// Waits until the server's log says so.
async fn logged(plenary: &Plenary, words: &str) -> bool {
    let log = plenary.folder().join("log");
    let said = async {
        while !fs::read_to_string(&log).unwrap_or_default().contains(words) {
            tokio::task::yield_now().await;
        }
    };
    soon(words, said).await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_speak_tls_is_let_go() {
    let plenary = Plenary::prepare();
    let identity = Identity::at(plenary.folder());
    let server = plenary.serve_with(&identity.flags(), &[]);
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Reset or ended, whichever comes first; nothing of ours is said in clear.
    let _ = soon("the end", plain.read_to_end(&mut answer)).await;
    assert!(!String::from_utf8_lossy(&answer).contains("alive"));
    let stream = connect(server.address, identity.certificate(), &[&TLS13]).await.unwrap();
    assert!(get(stream, "/healthz").await.ends_with("alive\n"));
}

#[test]
fn files_that_do_not_fit_are_named_before_anything_is_opened() {
    let plenary = Plenary::prepare();
    let folder = plenary.folder();
    let identity = Identity::at(folder);
    let (missing, empty, other) =
        (folder.join("missing.pem"), folder.join("empty.pem"), folder.join("other.pem"));
    fs::write(&empty, "").unwrap();
    fs::write(&other, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let table: [(&Path, &Path, &[&str]); 5] = [
        (&missing, &identity.key, &["tls_cert cannot be read", "missing.pem"]),
        (&identity.cert, &missing, &["tls_key cannot be read", "missing.pem"]),
        (&empty, &identity.key, &["tls_cert", "empty.pem", "no certificate"]),
        (&identity.cert, &identity.cert, &["tls_key", "cert.pem", "no private key"]),
        (&identity.cert, &other, &["other.pem", "cert.pem", "does not belong"]),
    ];
    for (cert, key, words) in table {
        let mut serve = Command::new(Plenary::binary());
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(folder.join("unused"));
        serve.arg("--tls-cert").arg(cert).arg("--tls-key").arg(key);
        let output = serve.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?} in {said}");
        assert!(!folder.join("unused").exists(), "{said}");
    }
}

//! TLS from two files, which may be replaced while the server runs.
//!
//! TLS 1.3, and 1.2 with authenticated encryption only: rustls has no other suites. HTTP/1.1, as WebSockets need it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

/// A certificate and its key, and what is made of them for new connections.
#[derive(Debug)]
pub struct Tls {
    cert: PathBuf,
    key: PathBuf,
    config: RwLock<Arc<ServerConfig>>,
}

/// Why two files do not make a server's identity.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{name} cannot be read: {}", path.display())]
    Unreadable {
        /// Which setting names it.
        name: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file is not what it should be.
    #[error("{name}, {}, holds no {wanted} in PEM form", path.display())]
    Nothing {
        /// Which setting names it.
        name: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What is looked for in it.
        wanted: &'static str,
    },
    /// The key is of another certificate.
    #[error("the key in {} does not belong to the first certificate in {}", key.display(), cert.display())]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
    },
    /// The certificate or the key is of a kind that is not known here.
    #[error("{} and {} cannot be used", cert.display(), key.display())]
    Unusable {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

impl Tls {
    /// Reads a chain of certificates, the server's own first, and its private key (PKCS #8, PKCS #1 or SEC1), both PEM.
    pub fn load(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let config = read(cert, key)?;
        Ok(Self { cert: cert.into(), key: key.into(), config: RwLock::new(config) })
    }

    /// Reads the files again. Connections that come from now on get what is in them; those that are open stay as they
    /// are. After an error everything is as before.
    pub fn reload(&self) -> Result<(), TlsError> {
        let config = read(&self.cert, &self.key)?;
        *self.config.write().expect("nothing panics while it is held") = config;
        Ok(())
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.config.read().expect("nothing panics while it is held")).into()
    }
}

fn read(cert: &Path, key: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&content("tls_cert", cert)?).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(TlsError::Nothing { name: "tls_cert", path: cert.into(), wanted: "certificate" });
    }
    let secret = PrivateKeyDer::from_pem_slice(&content("tls_key", key)?).map_err(|_| TlsError::Nothing {
        name: "tls_key",
        path: key.into(),
        wanted: "private key",
    })?;
    let unusable = |source| match source {
        rustls::Error::InconsistentKeys(_) => TlsError::Mismatch { cert: cert.into(), key: key.into() },
        source => TlsError::Unusable { cert: cert.into(), key: key.into(), source },
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn content(name: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Unreadable { name, path: path.into(), source })
}

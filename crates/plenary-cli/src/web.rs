//! The web page, built into the binary by `build.rs`.

use std::borrow::Cow;

use plenary_server::routes::{Asset, Assets};

struct File {
    path: &'static str,
    content_type: &'static str,
    etag: &'static str,
    bytes: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// The files of the page, or of the page that says it was not built.
pub(crate) struct WebApp;

impl Assets for WebApp {
    fn get(&self, path: &str) -> Option<Asset> {
        let file = FILES.iter().find(|file| file.path == path)?;
        Some(Asset {
            bytes: Cow::Borrowed(file.bytes),
            content_type: file.content_type,
            etag: file.etag.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_page() {
        let page = WebApp.get("index.html").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(String::from_utf8_lossy(&page.bytes).contains("Plenary"));
        assert_eq!(WebApp.get("../Cargo.toml"), None);
    }
}

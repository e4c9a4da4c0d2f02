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

    #[test]
    fn there_is_always_a_service_worker_so_that_an_older_one_never_stays() {
        assert_eq!(WebApp.get("sw.js").unwrap().content_type, "text/javascript; charset=utf-8");
    }

    #[test]
    fn a_page_that_was_built_brings_the_editor_for_other_sites() {
        let page = WebApp.get("index.html").unwrap();
        let was_built = String::from_utf8_lossy(&page.bytes).contains("<plenary-app>");
        assert_eq!(WebApp.get("embed/plenary-editor.js").is_some(), was_built);
        assert_eq!(WebApp.get("embed/languages/ar.js").is_some(), was_built);
    }
}

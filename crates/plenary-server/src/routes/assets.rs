//! The web app's files.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Extension,
    body::Body,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use crate::error::Error;

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// What is in it.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the character set where there is one.
    pub content_type: &'static str,
    /// Changes with its content; without quotation marks.
    pub etag: String,
}

/// Where the web app's files come from.
pub trait Assets: Send + Sync + 'static {
    /// The file at `path`, which has no leading slash. The page itself is `index.html`.
    fn get(&self, path: &str) -> Option<Asset>;
}

/// No web app.
pub struct NoAssets;

impl Assets for NoAssets {
    fn get(&self, _: &str) -> Option<Asset> {
        None
    }
}

/// Addresses of the app that are no files: the page itself finds out what to show there. With a slash at its end it stands
/// for all that begin so.
const PAGES: [&str; 7] = ["statements/", "account", "groups", "groups/", "interests", "embedding", "log"];

fn is_page(path: &str) -> bool {
    PAGES.iter().any(|page| {
        if page.ends_with('/') { path.starts_with(page) } else { path.trim_end_matches('/') == *page }
    })
}

/// What pages of other sites load.
const FOR_OTHER_SITES: &str = "embed/";

/// Where only programs ask, whatever they say that they accept.
const FOR_PROGRAMS: [&str; 4] = ["api/", "sync", "assets/", FOR_OTHER_SITES];

/// Files that the build names by their content.
const HASHED: &str = "assets/";

pub(super) async fn serve(
    Extension(assets): Extension<Arc<dyn Assets>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path if is_page(path) => "index.html",
        path => path,
    };
    let Some(asset) = assets.get(path) else { return nothing_here(&*assets, path, &method, &headers) };
    if !matches!(method, Method::GET | Method::HEAD) {
        return Ok(([(header::ALLOW, "GET, HEAD")], Error::MethodNotAllowed).into_response());
    }
    // Weak, because compressed and plain have the same.
    let etag = format!("W/\"{}\"", asset.etag);
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let unchanged = known.is_some_and(|known| known.split(',').any(|one| one.trim() == etag));
    let kept = match path.starts_with(HASHED) {
        true => "public, max-age=31536000, immutable",
        // Asked again each time, which costs a few bytes, so that page and scripts are always of one version.
        false => "no-cache",
    };
    let headers = [(header::ETAG, etag), (header::CACHE_CONTROL, kept.into())];
    let response = if unchanged {
        (StatusCode::NOT_MODIFIED, headers).into_response()
    } else {
        let body = match asset.bytes {
            Cow::Borrowed(bytes) => Body::from(bytes),
            Cow::Owned(bytes) => Body::from(bytes),
        };
        (headers, [(header::CONTENT_TYPE, asset.content_type)], body).into_response()
    };
    Ok(match path.starts_with(FOR_OTHER_SITES) {
        // Scripts of modules are fetched with CORS; there is nothing in them that is not public.
        true => {
            let open =
                [("access-control-allow-origin", "*"), ("cross-origin-resource-policy", "cross-origin")];
            (open, response).into_response()
        }
        false => response,
    })
}

/// People who go astray see the page, which says so and leads home; programs are told as everywhere.
fn nothing_here(
    assets: &dyn Assets,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_person = method == Method::GET
        && accepts.contains("text/html")
        && !FOR_PROGRAMS.iter().any(|it| path.starts_with(it));
    let page = assets.get("index.html").filter(|_| is_person).ok_or(Error::NotFound)?;
    let headers = [(header::CONTENT_TYPE, page.content_type), (header::CACHE_CONTROL, "no-cache")];
    Ok((StatusCode::NOT_FOUND, headers, Body::from(page.bytes.into_owned())).into_response())
}

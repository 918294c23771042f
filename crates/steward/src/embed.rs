//! The web pages inside this program.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::api::App;
use crate::api::problem;

/// Below here the build puts a hash of the content into every file's name.
const HASHED: &str = "assets/";
const INDEX: &str = "index.html";
const FOREVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Steward</title>\
<h1>Steward is running</h1><p>This build has no web pages: they were not built when it was compiled.</p>\
<p>The API is at <code>/api/v1</code>, and the command line works.</p></html>";

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Web;

/// Answers every path that is none of the API's: with a file of that name, else with the
/// application, whose pages have paths of their own.
pub async fn page(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let of_the_api = path == "api" || path.starts_with("api/") || path == "ws" || path.starts_with("ws/");
    if of_the_api || !matches!(method, Method::GET | Method::HEAD) {
        return problem::not_found().into_response();
    }
    if let Some(file) = Web::get(path) {
        return serve(path, file, StatusCode::OK, &headers);
    }
    // A path whose last part looks like a file's name is a file that is not there; to answer with
    // the application would give a browser a page where it wants a script.
    let is_file = path.starts_with(HASHED) || path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    if is_file { problem::not_found().into_response() } else { application(StatusCode::OK, &headers) }
}

/// The page that claims the server; once it is claimed, there is no such page.
pub async fn setup_page(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.is_claimed().await {
        Ok(false) => application(StatusCode::OK, &headers),
        Ok(true) => application(StatusCode::NOT_FOUND, &headers),
        Err(failure) => failure.into_response(),
    }
}

fn application(status: StatusCode, headers: &HeaderMap) -> Response {
    match Web::get(INDEX) {
        Some(index) => serve(INDEX, index, status, headers),
        None => {
            (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, ASK_AGAIN)], NOT_BUILT).into_response()
        }
    }
}

fn serve(path: &str, file: EmbeddedFile, status: StatusCode, asked: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = header_text(asked, header::IF_NONE_MATCH);
    let caching = if path.starts_with(HASHED) { FOREVER } else { ASK_AGAIN };
    let mut response = if status == StatusCode::OK && known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        body(path, file, status, asked)
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// The file, or its smaller self beside it, which the build of the pages has made.
fn body(path: &str, file: EmbeddedFile, status: StatusCode, asked: &HeaderMap) -> Response {
    let takes_gzip =
        header_text(asked, header::ACCEPT_ENCODING).split(',').any(|one| one.split(';').next().is_some_and(|it| it.trim() == "gzip"));
    match takes_gzip.then(|| Web::get(&format!("{path}.gz"))).flatten() {
        Some(small) => (status, [(header::CONTENT_ENCODING, "gzip")], bytes(small)).into_response(),
        None => (status, bytes(file)).into_response(),
    }
}

/// What lies inside the program is sent from there, without a copy.
fn bytes(file: EmbeddedFile) -> Bytes {
    match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The kinds of file that the build of the pages makes.
fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

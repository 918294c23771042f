//! The web pages inside this program.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
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
    let known = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let caching = if path.starts_with(HASHED) { FOREVER } else { ASK_AGAIN };
    let content_type = file.metadata.mimetype().to_owned();
    let mut response = if status == StatusCode::OK && known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        (status, file.data.into_owned()).into_response()
    };
    for (name, value) in [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, caching.to_owned()), (header::ETAG, tag)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

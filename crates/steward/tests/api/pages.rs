//! The web pages.

use crate::support::{TestApp, send};

/// C1, M13: every path that is none of the API's is the application, and no missing file is.
#[tokio::test]
async fn pages_are_served() {
    let (app, _owner) = TestApp::claimed().await;
    let get = |path: &str| send(app.client.get(app.url(path)));
    for path in ["/", "/apps/hello", "/catalog", "/operations/op_1"] {
        let page = get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type").starts_with("text/html")), (200, true), "{path}: {page:?}");
        assert!(page.text.contains("Steward"));
    }
    for path in ["/missing.js", "/assets/index-0000.js", "/api", "/api/v2/devices", "/ws/x", "/.env", "/..%2f..%2fetc%2fpasswd.txt"] {
        get(path).await.problem(404, "not_found");
    }
    send(app.client.post(app.url("/"))).await.problem(404, "not_found");
    assert_eq!(send(app.client.head(app.url("/"))).await.status, 200);
}

/// A page that has not changed is not sent again.
#[tokio::test]
async fn pages_are_cached() {
    let (app, _owner) = TestApp::claimed().await;
    let page = send(app.client.get(app.url("/"))).await;
    let tag = page.header("etag").to_owned();
    if tag.is_empty() {
        // Compiled without web pages: there is only the plain one that says so.
        assert!(page.text.contains("were not built"));
        return;
    }
    let again = send(app.client.get(app.url("/")).header("if-none-match", &tag)).await;
    assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));
    let asset = page.text.split('"').find(|part| part.starts_with("/assets/")).unwrap();
    let asset = send(app.client.get(app.url(asset)).header("accept-encoding", "gzip")).await;
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(asset.header("content-encoding"), "gzip");
}

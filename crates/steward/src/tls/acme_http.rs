//! How an authority is asked over ACME: by HTTPS alone, with deadlines, and with a limit on answers.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::{Result, TlsError, provider};

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const LARGEST: usize = 256 * 1024;

/// Asks an authority.
#[derive(Clone)]
pub(super) struct Http(reqwest::Client);

impl Http {
    /// `ca` is a file with an authority that is believed beside the system's own.
    pub(super) fn new(ca: Option<&Path>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(file) = ca {
            let bad = |error: &dyn std::fmt::Display| TlsError(format!("the authority {}: {error}", file.display()));
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
                roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
            }
        }
        let defect = |error: &dyn std::fmt::Display| TlsError(format!("ACME cannot be spoken: {error}"));
        let builder =
            ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(|error| defect(&error))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(builder.with_root_certificates(roots).with_no_client_auth())
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ANSWER)
            .user_agent(concat!("steward/", env!("CARGO_PKG_VERSION")));
        client.build().map(Self).map_err(|error| defect(&error))
    }

    async fn ask(self, request: Request<BodyWrapper<Bytes>>) -> std::result::Result<Response<Full<Bytes>>, Error> {
        let (parts, body) = request.into_parts();
        let Ok(body) = body.collect().await;
        let asked = self.0.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body.to_bytes());
        let mut answer = asked.send().await.map_err(other)?;
        let mut response = Response::new(Full::default());
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        let mut bytes = BytesMut::new();
        while let Some(part) = answer.chunk().await.map_err(other)? {
            bytes.extend_from_slice(&part);
            if bytes.len() > LARGEST {
                return Err(Error::Str("the answer of the authority is too long"));
            }
        }
        *response.body_mut() = Full::new(bytes.freeze());
        Ok(response)
    }
}

/// With its innermost cause, which says more than the outer ones.
fn other(error: reqwest::Error) -> Error {
    let mut last: &dyn std::error::Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    let cause = last.to_string();
    let url = error.url().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    Error::Other(format!("{url} does not answer: {cause}").into())
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = std::result::Result<BytesResponse, Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move { http.ask(request).await.map(BytesResponse::from) })
    }
}

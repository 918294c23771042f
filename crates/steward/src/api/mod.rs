//! The API: one file for each resource, wire types in [`types`], every error in [`problem`].

mod applications;
mod audit;
mod backups;
mod deployments;
mod devices;
mod document;
mod extract;
mod guard;
pub mod https;
mod limits;
mod listen;
mod logs;
mod operations;
mod parse;
pub mod problem;
mod reconcilers;
mod revisions;
mod schedules;
mod session;
mod setup;
mod socket;
mod stream;
mod system;
mod tokens;
pub mod types;
mod users;
mod volumes;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use steward_engine::{Clock, Engine};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

pub use document::openapi_json;
pub use guard::KnownHosts;
pub use https::Https;
pub use listen::{ListenLimits, Speaks, listen};

use crate::embed;
use limits::PerAddress;

/// Where the API's paths begin.
pub const BASE: &str = "/api/v1";
/// Sockets that one address may have open.
const SOCKETS_PER_ADDRESS: usize = 32;

/// What the handlers work with.
pub struct App {
    engine: Engine,
    clock: Arc<dyn Clock>,
    hosts: KnownHosts,
    https: Https,
    sockets: PerAddress,
    stop: CancellationToken,
}

type Shared = Arc<App>;
type Answer<T> = Result<axum::Json<T>, problem::Failure>;

impl App {
    /// What a server needs. When `stop` is cancelled, streams and sockets end.
    pub fn new(engine: Engine, clock: Arc<dyn Clock>, hosts: KnownHosts, https: Https, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { engine, clock, hosts, https, sockets: PerAddress::new(SOCKETS_PER_ADDRESS), stop })
    }

    /// Whether somebody owns the server.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn is_claimed(&self) -> Result<bool, problem::Failure> {
        Ok(self.engine.is_claimed().await?)
    }
}

/// Every path of the API, with its description.
fn routes() -> OpenApiRouter<Shared> {
    let all = OpenApiRouter::new()
        .merge(system::routes())
        .merge(https::routes())
        .merge(backups::routes())
        .merge(setup::routes())
        .merge(session::routes())
        .merge(tokens::routes())
        .merge(users::routes())
        .merge(devices::routes())
        .merge(volumes::routes())
        .merge(applications::routes())
        .merge(deployments::routes())
        .merge(revisions::routes())
        .merge(logs::routes())
        .merge(operations::routes())
        .merge(schedules::routes())
        .merge(audit::routes())
        .merge(reconcilers::routes());
    OpenApiRouter::with_openapi(document::head()).nest(BASE, all)
}

/// Everything that the server answers.
pub fn router(app: Shared) -> Router {
    let (router, _) = routes().split_for_parts();
    router
        .route("/ws", get(socket::open))
        .route("/setup", get(embed::setup_page))
        .fallback(embed::page)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), guard::guard))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn_with_state(app.clone(), guard::headers))
        .with_state(app)
}

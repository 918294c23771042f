//! `/ws`: changes as they happen. One task for each connection; a slow one is told what it missed,
//! and one that takes nothing any more is closed.

mod connection;
mod followed;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;
use steward_core::Code;

use super::Shared;
use super::extract::{Credential, Peer, Signed};
use super::problem::Failure;
use connection::Connection;

/// The longest message of a client.
const MAX_MESSAGE: usize = 16 * 1024;

/// Opens a socket for somebody who is signed in.
pub async fn open(
    State(app): State<Shared>,
    Peer(peer): Peer,
    credential: Credential,
    Signed(actor): Signed,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Failure> {
    let upgrade = upgrade.map_err(|_| Failure::new(Code::InvalidBody, "this path is for WebSockets"))?;
    let place = app.sockets.take(peer);
    let place = place.ok_or_else(|| Failure::new(Code::TooManyRequests, "this address has too many sockets open"))?;
    let upgrade = upgrade.max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    Ok(upgrade.on_upgrade(move |socket| async move {
        Connection::new(app, socket, credential, actor).run().await;
        drop(place);
    }))
}

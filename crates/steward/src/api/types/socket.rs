//! What goes over the socket at `/ws`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::event::Channel;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "action", deny_unknown_fields)]
pub enum ClientMessage {
    /// Wants to hear of something.
    Subscribe {
        /// Of what.
        channels: Vec<Channel>,
        /// For `logs`: the deployment, by its id or name; every one that is there when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment_id: Option<String>,
        /// For `logs`: how many lines from the end; 100 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tail: Option<u32>,
        /// For `logs`: one service only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<String>,
    },
    /// Wants to hear no more of something.
    Unsubscribe {
        /// Of what.
        channels: Vec<Channel>,
        /// For `logs`: the deployment, by its id or name; every one when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deployment_id: Option<String>,
    },
    /// Wants to know whether the server is there.
    Ping {},
}

/// Where a message of the server belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Devices.
    Devices,
    /// Deployments.
    Deployments,
    /// Operations.
    Operations,
    /// Background tasks.
    Reconcilers,
    /// Schedules.
    Schedules,
    /// Log lines.
    Logs,
    /// The connection itself.
    System,
}

/// What the server says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ServerMessage, bound = "")]
pub struct ServerMessage<D = Value> {
    /// 1, 2, 3, ... for each connection; a number that is missing is a message that is.
    pub seq: u64,
    /// Where it belongs.
    pub channel: Topic,
    /// What happened: `hello`, `subscribed`, `error`, `pong`, `gap`, `status_change`, `created`,
    /// `removed`, `progress`, `changed`, `lines`, `end`.
    pub event: String,
    /// What it is about: ids, or lines and progress themselves.
    #[schema(value_type = BTreeMap<String, Value>)]
    pub data: D,
}

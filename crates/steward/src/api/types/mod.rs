//! Wire types: what goes over the line where it is not a core or engine type as it stands.

pub mod account;
pub mod application;
pub mod backup;
pub mod deployment;
pub mod https;
pub mod operation;
pub mod schedule;
pub mod socket;
pub mod system;

pub use account::{
    Claim, Claimable, CurrentSession, GrantRequest, NewSession, NewSessionToken, OwnSession, PasswordChange, SessionScope, SignIn,
    TokenMade, TokenRequest, UserChange, UserRequest, Via,
};
pub use application::{ApplicationDetail, ApplicationSummary, DeployRequest};
pub use backup::{BackupKeySaved, BackupRequest, RevealedBackupKey};
pub use deployment::{
    DeploymentChange, DeploymentView, LinkView, Nothing, PlanAction, PlanRequest, RevealRequest, RevealedSecret, RollbackRequest,
};
pub use https::{AuthorityView, CertificateSource, HttpsView};
pub use operation::{Accepted, OperationEvent};
pub use schedule::{PreviewRequest, ScheduleChange, ScheduleRequest};
pub use socket::{ClientMessage, ServerMessage};
pub use system::{DeviceStats, Health, HealthStatus, Part, Version};

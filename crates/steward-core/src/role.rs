//! Roles, and the one matrix that says what each may do.

use serde::{Deserialize, Serialize};

/// What an account may do. Each role may do all that the ones below it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees only what it was granted.
    Guest,
    /// Reads.
    Viewer,
    /// Runs operations that lose no data.
    Operator,
    /// Manages: users, data, trust.
    Admin,
    /// The first account; the last owner cannot be removed.
    Owner,
}

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Role; 5] = [Role::Guest, Role::Viewer, Role::Operator, Role::Admin, Role::Owner];

    /// The role as text.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Guest => "guest",
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
            Role::Owner => "owner",
        }
    }

    /// Reads a role.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this role may do it.
    pub fn may(self, permission: Permission) -> bool {
        self >= permission.lowest_role()
    }
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $role:ident;)*) => {
        /// Something that needs a right. An operation or route without an entry does not compile.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Permission {
            $($(#[$doc])* $variant,)*
        }

        impl Permission {
            /// Every permission.
            pub const ALL: &'static [Permission] = &[$(Permission::$variant),*];

            /// The name that audit rows carry.
            pub fn as_str(self) -> &'static str {
                match self { $(Permission::$variant => $text,)* }
            }

            /// The lowest role that has it.
            pub fn lowest_role(self) -> Role {
                match self { $(Permission::$variant => Role::$role,)* }
            }
        }
    };
}

permissions! {
    /// What needs no more than to be signed in.
    SignedIn = "signed-in", Guest;
    /// See devices, applications, deployments, operations.
    Read = "read", Viewer;
    /// See the logs of deployments.
    ReadLogs = "logs.read", Operator;
    /// See the generated files and the commands that ran.
    ReadFiles = "files.read", Operator;
    /// See who did what.
    ReadAudit = "audit.read", Admin;
    /// See one's own account, tokens and sessions, and change one's password.
    OwnAccount = "account.own", Guest;
    /// Make an API token for oneself.
    CreateToken = "token.create", Guest;
    /// Add, change and remove accounts.
    ManageUsers = "users.manage", Admin;
    /// Deploy an application.
    DeploymentDeploy = "deployment.deploy", Operator;
    /// Start a deployment.
    DeploymentStart = "deployment.start", Operator;
    /// Stop a deployment.
    DeploymentStop = "deployment.stop", Operator;
    /// Restart a deployment.
    DeploymentRestart = "deployment.restart", Operator;
    /// Change the settings of a deployment.
    DeploymentUpdate = "deployment.update", Operator;
    /// Return a deployment to an earlier revision.
    DeploymentRollback = "deployment.rollback", Operator;
    /// Remove a deployment, keeping its data.
    DeploymentRemove = "deployment.remove", Admin;
    /// Start, stop, restart or update many deployments.
    DeploymentBulk = "deployment.bulk", Operator;
    /// Delete a volume and what is in it.
    VolumeDelete = "volume.delete", Admin;
    /// Run a host maintenance script.
    ScriptRun = "script.run", Admin;
    /// See the value of a secret setting.
    SecretReveal = "secret.reveal", Operator;
    /// Change a device.
    DeviceManage = "device.manage", Admin;
    /// Say how long what was done is remembered.
    RetentionManage = "retention.manage", Admin;
    /// Wake a reconciler.
    ReconcilerRun = "reconciler.run", Admin;
    /// Back up Steward's own state.
    StewardBackup = "steward.backup", Admin;
    /// Restart Steward itself.
    StewardRestart = "steward.restart", Admin;
    /// See the backups of Steward's own state.
    ReadBackups = "backups.read", Admin;
    /// See the key that opens the backups.
    RevealBackupKey = "backup_key.reveal", Admin;
    /// Cancel an operation.
    OperationCancel = "operation.cancel", Operator;
    /// Make, change, pause and remove schedules, of operations that one may ask for oneself.
    ManageSchedules = "schedules.manage", Operator;
    /// Finish what an operation left undone.
    OperationRetry = "operation.retry", Operator;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_all_that_the_ones_below_may() {
        for permission in Permission::ALL {
            let allowed: Vec<bool> = Role::ALL.iter().map(|role| role.may(*permission)).collect();
            assert!(allowed.is_sorted(), "{permission:?}: {allowed:?}");
            assert!(Role::Owner.may(*permission));
        }
    }

    #[test]
    fn a_viewer_changes_nothing() {
        for permission in Permission::ALL.iter().filter(|p| p.as_str().starts_with("deployment.") || p.as_str().starts_with("volume.")) {
            assert!(!Role::Viewer.may(*permission), "{permission:?}");
        }
    }

    /// C8: what a guest may do without a grant is about the guest alone.
    #[test]
    fn a_guest_has_only_an_account() {
        let may: Vec<&str> = Permission::ALL.iter().filter(|p| Role::Guest.may(**p)).map(|p| p.as_str()).collect();
        assert_eq!(may, ["signed-in", "account.own", "token.create"]);
    }

    #[test]
    fn roles_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}

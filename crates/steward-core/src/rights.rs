//! What an actor may do where: a role for everything, grants that raise it in some places, and the
//! limits of a token.

use serde::{Deserialize, Serialize};

use crate::id::{DeploymentId, DeviceId, GrantId, UserId};
use crate::role::{Permission, Role};
use crate::time::Timestamp;

/// A part of what Steward manages: a device with all that is on it, or one deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
pub enum Scope {
    /// A device, and every deployment on it.
    #[serde(rename = "device_id")]
    #[schema(rename = "device_id")]
    Device(DeviceId),
    /// One deployment.
    #[serde(rename = "deployment_id")]
    #[schema(rename = "deployment_id")]
    Deployment(DeploymentId),
}

impl Scope {
    /// Whether something is a part of it.
    pub fn contains(&self, target: Target<'_>) -> bool {
        match (self, target) {
            (_, Target::Everything) => false,
            (Scope::Device(own), Target::Device(id)) => own == id,
            (Scope::Device(own), Target::Deployment { device_id, .. }) => own == device_id,
            (Scope::Deployment(own), Target::Deployment { id, .. }) => own == id,
            (Scope::Deployment(_), Target::Device(_)) => false,
        }
    }
}

/// What a right is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Steward as a whole: what is part of no device.
    Everything,
    /// A device.
    Device(&'a DeviceId),
    /// A deployment and the device that it is on.
    Deployment {
        /// The deployment.
        id: &'a DeploymentId,
        /// Its device.
        device_id: &'a DeviceId,
    },
}

/// A role that an account has in one scope, when that is higher than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grant {
    /// The grant's id.
    pub id: GrantId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it holds.
    #[serde(flatten)]
    pub scope: Scope,
    /// What it allows there.
    pub role: Role,
    /// When it was given.
    pub created_at: Timestamp,
}

/// What an actor may do, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    role: Role,
    grants: Vec<(Scope, Role)>,
    cap: Role,
    only: Option<Vec<Scope>>,
}

impl From<Role> for Rights {
    /// The same role everywhere.
    fn from(role: Role) -> Self {
        Self { role, grants: Vec::new(), cap: Role::Owner, only: None }
    }
}

impl Rights {
    /// A role everywhere, and what is granted beyond it.
    pub fn new(role: Role, grants: impl IntoIterator<Item = (Scope, Role)>) -> Self {
        Self { grants: grants.into_iter().collect(), ..Self::from(role) }
    }

    /// The same rights, but no more than a role, and only in some scopes when those are given.
    #[must_use]
    pub fn limited(self, cap: Role, only: Option<Vec<Scope>>) -> Self {
        Self { cap, only, ..self }
    }

    /// The role for something.
    pub fn role_on(&self, target: Target<'_>) -> Role {
        if self.only.as_ref().is_some_and(|only| !only.iter().any(|scope| scope.contains(target))) {
            return Role::Guest;
        }
        let granted = self.grants.iter().filter(|(scope, _)| scope.contains(target)).map(|(_, role)| *role).max();
        granted.map_or(self.role, |granted| granted.max(self.role)).min(self.cap)
    }

    /// The role for Steward as a whole.
    pub fn role(&self) -> Role {
        self.role_on(Target::Everything)
    }

    /// The highest role that these rights have anywhere, as far as can be said without knowing what is where.
    pub fn highest(&self) -> Role {
        let granted = self.grants.iter().map(|(_, role)| *role).max();
        granted.map_or(self.role, |granted| granted.max(self.role)).min(self.cap)
    }

    /// Whether they allow something.
    pub fn may(&self, permission: Permission, target: Target<'_>) -> bool {
        self.role_on(target).may(permission)
    }

    /// Whether they let something be seen at all.
    pub fn see(&self, target: Target<'_>) -> bool {
        self.may(Permission::Read, target)
    }

    /// Whether there is nothing that they do not let be seen.
    pub fn see_everything(&self) -> bool {
        self.see(Target::Everything)
    }

    /// Whether they hold in some scopes only, because a token was made so.
    pub fn are_scoped(&self) -> bool {
        self.only.is_some()
    }

    /// The scopes in which they may be other than elsewhere.
    pub fn scopes(&self) -> Vec<&Scope> {
        let mut scopes: Vec<&Scope> = self.grants.iter().map(|(scope, _)| scope).chain(self.only.iter().flatten()).collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(n: u8) -> DeviceId {
        DeviceId::from_random([n; 10])
    }

    fn deployment(n: u8) -> DeploymentId {
        DeploymentId::from_random([n; 10])
    }

    fn on(id: &DeploymentId, device_id: &DeviceId, rights: &Rights) -> Role {
        rights.role_on(Target::Deployment { id, device_id })
    }

    /// C8: a grant raises the role where it holds, and nowhere else.
    #[test]
    fn a_grant_raises_the_role_in_its_scope() {
        let (d1, d2, a1, a2) = (device(1), device(2), deployment(1), deployment(2));
        let rights = Rights::new(Role::Guest, [(Scope::Deployment(a1.clone()), Role::Operator), (Scope::Device(d2.clone()), Role::Viewer)]);
        assert_eq!(on(&a1, &d1, &rights), Role::Operator);
        assert_eq!(on(&a2, &d1, &rights), Role::Guest);
        assert_eq!(on(&a2, &d2, &rights), Role::Viewer);
        // Of two grants that hold, the higher one counts.
        assert_eq!(on(&a1, &d2, &rights), Role::Operator);
        assert_eq!(rights.role_on(Target::Device(&d1)), Role::Guest);
        assert_eq!(rights.role_on(Target::Device(&d2)), Role::Viewer);
        assert_eq!((rights.role(), rights.highest()), (Role::Guest, Role::Operator));
        // A grant below the role takes nothing away.
        let rights = Rights::new(Role::Admin, [(Scope::Deployment(a1.clone()), Role::Viewer)]);
        assert_eq!(on(&a1, &d1, &rights), Role::Admin);
    }

    /// M14: a token never has more than its owner, nor more than it was made for.
    #[test]
    fn a_token_has_the_lesser_of_two_rights() {
        let (d1, d2, a1, a2) = (device(1), device(2), deployment(1), deployment(2));
        let owner = Rights::from(Role::Owner).limited(Role::Operator, Some(vec![Scope::Deployment(a1.clone())]));
        assert_eq!(on(&a1, &d1, &owner), Role::Operator);
        assert_eq!(on(&a2, &d1, &owner), Role::Guest);
        assert_eq!(owner.role_on(Target::Device(&d1)), Role::Guest);
        assert!(!owner.see_everything());
        let granted = Rights::new(Role::Guest, [(Scope::Deployment(a1.clone()), Role::Admin), (Scope::Device(d2.clone()), Role::Viewer)]);
        let token = granted.limited(Role::Operator, Some(vec![Scope::Device(d1.clone())]));
        assert_eq!(on(&a1, &d1, &token), Role::Operator);
        assert_eq!(on(&a1, &d2, &token), Role::Guest, "outside of the token's scope");
        assert_eq!(token.role_on(Target::Device(&d2)), Role::Guest);
        // A token for nothing is a token for nothing, not for everything.
        assert_eq!(Rights::from(Role::Owner).limited(Role::Owner, Some(Vec::new())).role(), Role::Guest);
    }

    #[test]
    fn scopes_read_back() {
        for scope in [Scope::Device(device(1)), Scope::Deployment(deployment(2))] {
            let text = serde_json::to_string(&scope).unwrap_or_default();
            assert_eq!(serde_json::from_str::<Scope>(&text).ok(), Some(scope), "{text}");
        }
        assert!(serde_json::from_str::<Scope>(r#"{"everything":true}"#).is_err());
    }
}

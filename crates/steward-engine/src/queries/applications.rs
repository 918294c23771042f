//! What can be deployed.

use steward_core::Refusal;
use steward_core::name::Slug;
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_store::deployments;

use crate::catalog::Entry;
use crate::engine::Engine;
use crate::error;

impl Engine {
    /// The catalog with how many deployments each application has.
    ///
    /// # Errors
    /// `not_allowed`.
    pub async fn applications(&self, actor: &Actor) -> Result<Vec<(Entry, usize)>, Refusal> {
        let inner = &self.inner;
        inner.authorize(actor, Permission::SignedIn)?;
        let mut reader = inner.store.read().await.map_err(error::store)?;
        // The catalog is for those who see somewhere to deploy to.
        if inner.sight(&mut reader, actor).await?.is_some_and(|sight| sight.devices.is_empty()) {
            return Ok(Vec::new());
        }
        let mut placed = deployments::list(&mut reader).await.map_err(error::store)?;
        placed.retain(|deployment| actor.sees(deployment.target()));
        let count = |slug: &Slug| placed.iter().filter(|d| &d.application == slug).count();
        Ok(inner.catalog.entries().values().map(|entry| (entry.clone(), count(&entry.slug))).collect())
    }

    /// One application.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn application(&self, actor: &Actor, slug: &str) -> Result<(Entry, usize), Refusal> {
        let all = self.applications(actor).await?;
        let slugs: Vec<String> = all.iter().map(|(entry, _)| entry.slug.to_string()).collect();
        all.into_iter().find(|(entry, _)| entry.slug.as_str() == slug).ok_or_else(|| {
            let near = slugs.iter().find(|known| known.contains(slug) || slug.contains(known.as_str()));
            let refusal = Refusal::not_found("application", slug);
            near.map_or(refusal.clone(), |near| refusal.with_hint(format!("Did you mean `{near}`?")))
        })
    }

    /// The icon of an application; needs no sign-in, as it says nothing.
    pub fn icon(&self, slug: &str) -> Option<String> {
        let slug = Slug::parse(slug).ok()?;
        self.inner.catalog.entries().get(&slug)?.raw.icon.clone()
    }

    /// Whether Steward carries an image inside itself.
    pub fn carries(&self, image: &str) -> bool {
        self.inner.archives().contains_key(image)
    }
}

//! The development guard: an instance that is marked as development touches only devices that are
//! marked as development too. An instance that is not marked ignores the marks.
//!
//! It is asked at the door, and again before a run begins or is undone: a database that was copied from
//! another instance brings operations that nobody asked this one for.

use serde_json::json;
use steward_core::device::{Device, DeviceChange, DeviceStatus};
use steward_core::event::Event;
use steward_core::plan::{Check, CheckStatus};
use steward_core::role::Permission;
use steward_core::user::Actor;
use steward_core::{Code, DeviceId, Refusal};
use steward_store::devices;

use crate::accounts::done;
use crate::engine::{Engine, Inner};
use crate::error;
use crate::operations::Prepared;
use crate::queries::DeviceView;

/// Why an instance may not touch a device; none when it may.
pub(crate) fn guard(development: bool, device: &Device) -> Option<Refusal> {
    (development && !device.development).then(|| {
        let message = format!("this is a development instance, and `{}` is not marked as a development device", device.name);
        let hint = format!("If it is one, an admin can say so: steward devices mark-development {}", device.name);
        Refusal::new(Code::DevelopmentOnly, message).with_field("device_id").with_hint(hint)
    })
}

impl Inner {
    /// Whether operations may act on a device.
    pub async fn may_touch(&self, id: &DeviceId) -> Result<(), Refusal> {
        if !self.development {
            return Ok(());
        }
        guard(true, &self.device(id).await?).map_or(Ok(()), Err)
    }

    /// Says in the plan that it would be refused, when the device is not this instance's to touch.
    pub async fn guard_plan(&self, mut prepared: Prepared) -> Prepared {
        if let Err(refusal) = self.may_touch(&prepared.device_id).await {
            let check = Check {
                code: "development".to_owned(),
                status: CheckStatus::Fail,
                message: refusal.message,
                fix: None,
                hint: refusal.hint,
            };
            prepared.plan.checks.insert(0, check);
            prepared.plan = prepared.plan.sealed();
        }
        prepared
    }

    async fn change_device(&self, actor: &Actor, which: &str, change: &DeviceChange) -> Result<Device, Refusal> {
        let mut tx = self.store.begin().await.map_err(error::store)?;
        let mut device = self.device_for(&mut tx, actor, Permission::DeviceManage, which).await?;
        if let Some(development) = change.development {
            device.development = development;
        }
        devices::set_development(&mut tx, &device.id, device.development).await.map_err(error::store)?;
        let detail = json!({ "device_id": device.id, "development": device.development });
        done(&mut tx, actor, Permission::DeviceManage.as_str(), &device.name, detail, self.clock.now()).await?;
        tx.commit().await.map_err(error::store)?;
        Ok(device)
    }
}

impl Engine {
    /// Whether this instance is marked as development.
    pub fn is_development(&self) -> bool {
        self.inner.development
    }

    /// Changes a device, by its id or name; what is absent stays.
    ///
    /// # Errors
    /// `not_allowed`, `not_found`.
    pub async fn change_device(&self, actor: &Actor, which: &str, change: &DeviceChange) -> Result<DeviceView, Refusal> {
        let result = self.inner.change_device(actor, which, change).await;
        let device = self.inner.audited(actor, Permission::DeviceManage.as_str(), which, result).await?;
        let view = self.device(actor, device.id.as_str()).await?;
        self.inner.bus.send(Event::Device { id: device.id, what: "status_change", online: view.status == DeviceStatus::Online });
        Ok(view)
    }
}

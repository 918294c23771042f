//! The engine: what it is made of, how it starts and how it stops.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use steward_core::device::{Device, DeviceType};
use steward_core::{DeviceId, Refusal};
use steward_host::Host;
use steward_store::{Store, devices, meta};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::Accounts;
use crate::backups::{BackupConfig, Own};
use crate::bus::Bus;
use crate::catalog::{Catalog, CatalogSource};
use crate::error;
use crate::logs::LogHub;
use crate::observe::Observers;
use crate::reconcile::Supervisor;
use crate::restart::Restart;
use crate::schedules::Schedules;
use crate::seams::{Clock, Random, id_bytes};
use crate::vault::Vault;
use crate::worker::Running;

/// Images that Steward carries inside itself: reference and `docker save` archive.
pub(crate) type Archives = Arc<BTreeMap<String, Bytes>>;

/// How long things may take. Tests shorten them.
#[derive(Clone, Debug)]
pub struct Timing {
    /// In place of each operation's own deadline.
    pub deadline: Option<Duration>,
    /// Waits before an undo is tried again.
    pub undo_waits: Vec<Duration>,
    /// How long an undo waits for a device that does not answer.
    pub wait_for_device: Duration,
    /// How often a device is looked at when it says nothing by itself.
    pub observe_every: Duration,
    /// How often a device whose engine is away is asked whether it is back.
    pub retry_engine: Duration,
    /// How long to wait before the store is tried again, when it could not be written.
    pub retry_store: Duration,
    /// How long schedules are left alone at most: the wall clock may jump.
    pub look_at_schedules: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            deadline: None,
            undo_waits: [200, 1000, 5000].map(Duration::from_millis).to_vec(),
            wait_for_device: Duration::from_secs(10 * 60),
            observe_every: Duration::from_secs(15),
            retry_engine: Duration::from_secs(2),
            retry_store: Duration::from_secs(1),
            look_at_schedules: Duration::from_secs(30),
        }
    }
}

/// What an engine is made from.
pub struct EngineConfig {
    /// The open store.
    pub store: Store,
    /// The machine Steward runs on.
    pub local: Arc<dyn Host>,
    /// Where catalog entries come from.
    pub catalog: Box<dyn CatalogSource>,
    /// Images that Steward carries inside itself.
    pub archives: BTreeMap<String, Bytes>,
    /// The key that secrets are sealed with.
    pub key: [u8; 32],
    /// Where backups of Steward's own state go.
    pub backups: BackupConfig,
    /// How this process is replaced by a new one. Without it, Steward cannot restart itself.
    pub restart: Option<Arc<dyn Restart>>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How long things may take.
    pub timing: Timing,
    /// Whether this is a development instance, which touches only devices that are marked so.
    pub development: bool,
    /// Faults to put into operations: for tests, none in a server.
    pub faults: Option<Arc<dyn crate::faults::Faults>>,
}

/// Why the engine does not start.
#[derive(Debug, thiserror::Error)]
#[error("the engine does not start: {0}")]
pub struct StartError(#[from] Refusal);

/// Everything behind the door.
pub(crate) struct Inner {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub bus: Bus,
    pub catalog: Catalog,
    pub vault: Vault,
    pub accounts: Accounts,
    pub observers: Observers,
    pub log_hub: LogHub,
    pub own: Arc<Own>,
    pub restart: Option<Arc<dyn Restart>>,
    pub running: Running,
    pub reconcilers: Supervisor,
    pub schedules: Schedules,
    pub timing: Timing,
    pub development: bool,
    pub wake: Notify,
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    /// Serialises "look whether it is free" and "accept": two requests cannot both find a name free.
    pub accept: tokio::sync::Mutex<()>,
    archives: Archives,
    local: Arc<dyn Host>,
    local_id: DeviceId,
    this: Weak<Inner>,
    pub faults: Option<Arc<dyn crate::faults::Faults>>,
}

/// The one door. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Engine {
    /// Starts: recovers what an earlier run left unfinished, then takes requests.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn start(config: EngineConfig) -> Result<Self, StartError> {
        let local_id = local_device(&config).await?;
        let bus = Bus::new();
        let inner = Arc::new_cyclic(|this| Inner {
            vault: Vault::new(&config.key, config.random.clone()),
            accounts: Accounts::new(),
            observers: Observers::new(local_id.clone()),
            log_hub: LogHub::default(),
            own: Arc::new(Own::new(config.store.folder(), config.backups)),
            restart: config.restart,
            running: Running::default(),
            reconcilers: Supervisor::new(),
            schedules: Schedules::new(config.clock.now()),
            catalog: Catalog::new(config.catalog),
            archives: Arc::new(config.archives),
            store: config.store,
            clock: config.clock,
            random: config.random,
            timing: config.timing,
            development: config.development,
            local: config.local,
            local_id,
            bus,
            wake: Notify::new(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            accept: tokio::sync::Mutex::new(()),
            this: this.clone(),
            faults: config.faults,
        });
        inner.note_restore().await?;
        inner.accounts.prepare(&inner).await?;
        inner.prepare_backups().await;
        inner.reap().await;
        inner.recover().await?;
        inner.start_reconcilers();
        inner.tasks.spawn(inner.clone().work());
        Ok(Self { inner })
    }

    /// Stops taking up work and waits for the tasks; running operations are left to recovery.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// A receiver of all events from now on.
    pub fn events(&self) -> tokio::sync::broadcast::Receiver<steward_core::event::Event> {
        self.inner.bus.subscribe()
    }
}

/// The device that stands for the machine Steward runs on; made on the first start.
async fn local_device(config: &EngineConfig) -> Result<DeviceId, Refusal> {
    let mut tx = config.store.begin().await.map_err(error::store)?;
    if let Some(id) = meta::get(&mut tx, "local_device").await.map_err(error::store)? {
        return DeviceId::parse(&id);
    }
    let hostname = config.local.facts().await.map(|facts| facts.hostname).unwrap_or_default();
    let device = Device {
        id: DeviceId::from_random(id_bytes(config.random.as_ref())),
        name: if hostname.is_empty() { "this machine".to_owned() } else { hostname },
        device_type: DeviceType::Server,
        address: "local".to_owned(),
        development: false,
        created_at: config.clock.now(),
    };
    devices::insert(&mut tx, &device).await.map_err(error::store)?;
    meta::put(&mut tx, "local_device", device.id.as_str()).await.map_err(error::store)?;
    tx.commit().await.map_err(error::store)?;
    Ok(device.id)
}

impl Inner {
    /// Ends what an earlier run left behind on this machine, when this instance may touch it: the
    /// processes of a database that was copied are those of the instance it was copied from.
    async fn reap(&self) {
        if let Err(refusal) = self.may_touch(&self.local_id).await {
            tracing::info!(reason = %refusal, "processes that an earlier run left behind are not looked for");
            return;
        }
        match self.local.reap().await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(count, "ended processes that an earlier run left behind"),
            Err(failure) => tracing::warn!(error = %failure, "cannot look for processes that an earlier run left behind"),
        }
    }

    /// A device by its id.
    pub async fn device(&self, id: &DeviceId) -> Result<Device, Refusal> {
        let mut reader = self.store.read().await.map_err(error::store)?;
        devices::get(&mut reader, id).await.map_err(error::store)?.ok_or_else(|| Refusal::not_found("device", id).with_field("device_id"))
    }

    /// How a device is reached. The target is explicit: there is no fallback to this machine.
    pub fn host(&self, id: &DeviceId) -> Result<Arc<dyn Host>, Refusal> {
        if id == &self.local_id { Ok(self.local.clone()) } else { Err(Refusal::not_found("device", id).with_field("device_id")) }
    }

    /// The id of the device for a deployment that names none.
    pub fn local_id(&self) -> &DeviceId {
        &self.local_id
    }

    /// The device for a deployment that names none: the only one that there is.
    pub async fn default_device(&self) -> Result<Device, Refusal> {
        self.device(&self.local_id).await
    }

    /// The images that Steward carries.
    pub fn archives(&self) -> Archives {
        self.archives.clone()
    }

    /// The names of the images that Steward carries.
    pub fn embedded_images(&self) -> Vec<String> {
        self.archives.keys().cloned().collect()
    }

    /// A reference that does not keep the engine alive.
    pub fn weak(&self) -> Weak<Inner> {
        self.this.clone()
    }
}

//! `steward.backup`: a copy of Steward's own state, encrypted, checked, and only then given its name.

mod plan;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use steward_core::backup::{BackupState, DATABASE, FORMAT, Heading, Manifest, Member, PRODUCT};
use steward_core::name::BackupName;
use steward_core::operation::Operation;
use steward_core::plan::PlannedStep;
use steward_core::{Code, Refusal, Timestamp};
use steward_host::backup::{self, BackupError, Contents, Sealed, Stop};
use steward_store::KNOWN_VERSION;

use super::step::{Step, StepContext, StepResult, read_intent, write_intent};
use crate::backups::{Own, check_unpacked, refusal};
use crate::engine::Inner;

pub(super) use plan::prepare;

/// How often a copy is begun again because files changed meanwhile.
const TRIES: usize = 5;

fn planned() -> Vec<PlannedStep> {
    let step = |name: &str, does: &str, undo: &str| PlannedStep { name: name.to_owned(), does: does.to_owned(), undo: undo.to_owned() };
    vec![
        step(
            "writing",
            "copy the database, the generated files, the user's applications, the master key and the authority for HTTPS into one encrypted archive",
            "remove the archive",
        ),
        step("checking", "open the archive with the key, and check every file, the database and its audit", ""),
        step("keeping", "give the archive its name, and note its hash beside it", "remove the archive"),
        step(
            "pruning",
            "take older backups than those that are kept out of the list; they are deleted when the operation is over",
            "bring them back",
        ),
    ]
}

/// The steps of an accepted operation.
pub(super) async fn steps(engine: &Inner, operation: &Operation) -> Result<Vec<Box<dyn Step>>, Refusal> {
    let run = Run {
        own: engine.own.clone(),
        name: BackupName::of(operation.created_at)?,
        made_at: operation.created_at,
        instance: engine.instance().await?,
    };
    Ok(vec![Box::new(Write(run.clone())), Box::new(Examine(run.clone())), Box::new(Keep(run.clone())), Box::new(Prune(run))])
}

/// What the steps of one run have in common.
#[derive(Clone)]
struct Run {
    own: Arc<Own>,
    name: BackupName,
    made_at: Timestamp,
    instance: String,
}

impl Run {
    /// Works in the staging folder, which is empty before, and gone afterwards.
    async fn staged<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Own, &Stop) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let own = self.own.clone();
        self.own.clone().in_turn(move |stop| work(&own, stop)).await
    }

    async fn clear(&self) -> StepResult<()> {
        self.staged(|own, _| backup::remove_folder(&own.staging())).await.map_err(step_failure)
    }

    /// The files that go in beside the database.
    async fn collect(&self) -> Result<Contents, BackupError> {
        self.staged(|own, stop| backup::collect(&own.data, stop)).await
    }

    /// One try: the files are the same before and after the database is copied, so that the two fit
    /// together.
    async fn try_write(&self, cx: &StepContext) -> StepResult<bool> {
        let before = self.collect().await.map_err(step_failure)?;
        let staging = self.staged(|own, _| backup::empty_folder(&own.staging())).await.map_err(step_failure)?;
        let database = staging.join(DATABASE);
        cx.say("copying the database");
        cx.store.copy_to(&database).await?;
        let after = self.collect().await.map_err(step_failure)?;
        if before != after {
            return Ok(false);
        }
        cx.say("writing the archive");
        let run = self.clone();
        let sealed = self.staged(move |own, stop| {
            let key = own.key()?.ok_or(BackupError::WrongKey)?;
            let manifest = run.manifest(backup::member(&database, DATABASE, stop)?, after);
            let partial = own.folder.partial(&run.name);
            own.folder.remove_partial(&run.name)?;
            backup::seal(&own.data, &database, &manifest, &key, &partial, stop)
        });
        match sealed.await {
            Ok(Sealed { .. }) => Ok(true),
            Err(BackupError::Changed(_)) => Ok(false),
            Err(error) => Err(step_failure(error)),
        }
    }

    fn manifest(&self, database: Member, files: Contents) -> Manifest {
        Manifest {
            heading: Heading { product: PRODUCT.to_owned(), format: FORMAT },
            made_at: self.made_at,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: KNOWN_VERSION,
            instance: self.instance.clone(),
            members: std::iter::once(database).chain(files.members).collect(),
            left_out: files.left_out,
        }
    }
}

fn step_failure(error: BackupError) -> super::StepFailure {
    refusal(error).into()
}

fn at(number: usize) -> PlannedStep {
    planned().swap_remove(number)
}

struct Write(Run);

#[async_trait]
impl Step for Write {
    fn planned(&self) -> PlannedStep {
        at(0)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        let Run { own, name, .. } = &self.0;
        if own.folder.file(name).exists() {
            let message = format!("there is a backup of the name {name} already: did the clock go back?");
            return Err(Refusal::new(Code::Conflict, message).into());
        }
        Ok(serde_json::json!({ "file": own.folder.partial(name).display().to_string() }))
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        let run = &self.0;
        run.own.ensure(&cx.store).await?;
        for _ in 0..TRIES {
            let written = run.try_write(cx).await?;
            run.clear().await?;
            if written {
                return Ok(());
            }
            cx.say("files changed meanwhile; once more");
        }
        Err(Refusal::new(Code::StepFailed, "apps are being changed all the time; try again when that is over").into())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        let name = self.0.name.clone();
        self.0.clear().await?;
        self.0.staged(move |own, _| own.folder.remove_partial(&name)).await.map_err(step_failure)?;
        Ok("removed what was written".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        let Run { own, name, .. } = &self.0;
        vec![
            format!("part of a backup may be there: rm -f {}", own.folder.partial(name).display()),
            format!("a copy of the database may be there: rm -rf {}", own.staging().display()),
        ]
    }
}

struct Examine(Run);

#[async_trait]
impl Step for Examine {
    fn planned(&self) -> PlannedStep {
        at(1)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        Ok(Value::Null)
    }

    async fn act(&self, cx: &StepContext, _: &Value) -> StepResult<()> {
        cx.say("reading the archive back");
        let name = self.0.name.clone();
        let unpacked = self.0.staged(move |own, stop| {
            let key = own.key()?.ok_or(BackupError::WrongKey)?;
            let staging = backup::empty_folder(&own.staging())?;
            let is_database = |member: &Member| member.path.as_str() == DATABASE;
            let manifest = backup::extract(&own.folder.partial(&name), &key, &staging, is_database, stop)?;
            Ok((staging.join(DATABASE), manifest))
        });
        let (database, manifest) = unpacked.await.map_err(step_failure)?;
        cx.say("checking the database and its audit");
        let checked = check_unpacked(&database, manifest).await;
        self.0.clear().await?;
        let checked = checked.map_err(|error| Refusal::new(Code::StepFailed, format!("the new backup is not good: {error}")))?;
        if checked.database.schema != KNOWN_VERSION || checked.manifest.instance != self.0.instance {
            return Err(Refusal::new(Code::StepFailed, "the new backup is not of this Steward").into());
        }
        Ok(())
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        self.0.clear().await?;
        Ok("nothing to undo".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("a copy of the database may be there: rm -rf {}", self.0.own.staging().display())]
    }
}

/// What `keeping` is going to make.
#[derive(Serialize, Deserialize)]
struct Kept {
    file: String,
    size: u64,
    sha256: String,
}

struct Keep(Run);

#[async_trait]
impl Step for Keep {
    fn planned(&self) -> PlannedStep {
        at(2)
    }

    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        let name = self.0.name.clone();
        let partial = self.0.staged(move |own, stop| backup::hash(&own.folder.partial(&name), stop));
        let Sealed { size, sha256 } = partial.await.map_err(step_failure)?;
        let file = self.0.own.folder.file(&self.0.name).display().to_string();
        write_intent(&Kept { file, size, sha256 })
    }

    async fn act(&self, _: &StepContext, intent: &Value) -> StepResult<()> {
        let Kept { size, sha256, .. } = read_intent(intent)?;
        let name = self.0.name.clone();
        self.0.staged(move |own, _| own.folder.publish(&name, &Sealed { size, sha256 })).await.map_err(step_failure)
    }

    async fn undo(&self, _: &StepContext, _: &Value) -> StepResult<String> {
        let name = self.0.name.clone();
        self.0.staged(move |own, _| own.folder.remove(&name)).await.map_err(step_failure)?;
        Ok("removed the archive".to_owned())
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        let file = self.0.own.folder.file(&self.0.name).display().to_string();
        vec![format!("the backup may be there: rm -f {file} {file}.sha256")]
    }
}

/// What `pruning` is going to take out of the list.
#[derive(Serialize, Deserialize)]
struct Pruned {
    names: Vec<BackupName>,
}

struct Prune(Run);

impl Prune {
    async fn each(&self, intent: &Value, work: fn(&backup::BackupFolder, &BackupName) -> Result<(), BackupError>) -> StepResult<usize> {
        let Pruned { names } = read_intent(intent)?;
        let done = self.0.staged(move |own, _| {
            names.iter().try_for_each(|name| work(&own.folder, name))?;
            Ok(names.len())
        });
        done.await.map_err(step_failure)
    }
}

#[async_trait]
impl Step for Prune {
    fn planned(&self) -> PlannedStep {
        at(3)
    }

    /// Only good backups of this installation count, and only they go; never the one that was just made.
    async fn intend(&self, _: &StepContext) -> StepResult<Value> {
        let run = self.0.clone();
        let names = self.0.staged(move |own, _| {
            let listed = own.folder.list(own.key()?.as_ref(), &run.instance)?;
            let good = listed.into_iter().filter(|backup| backup.state == BackupState::Good && backup.name != run.name);
            Ok(good.skip(own.keep - 1).map(|backup| backup.name).collect())
        });
        write_intent(&Pruned { names: names.await.map_err(step_failure)? })
    }

    async fn act(&self, _: &StepContext, intent: &Value) -> StepResult<()> {
        self.each(intent, backup::BackupFolder::set_aside).await.map(|_| ())
    }

    async fn undo(&self, _: &StepContext, intent: &Value) -> StepResult<String> {
        let count = self.each(intent, backup::BackupFolder::bring_back).await?;
        Ok(format!("brought back {count} older backups"))
    }

    fn left_over(&self, _: &Value) -> Vec<String> {
        vec![format!("older backups may end in .pruned in {}: remove that ending", self.0.own.folder.path().display())]
    }
}

//! `steward volumes`: the data of apps.

use clap::Subcommand;
use reqwest::Method;
use serde_json::json;
use steward_engine::VolumeView;

use super::super::client::decode;
use super::super::context::Context;
use super::super::exit::Exit;
use super::super::failure::Failure;
use super::super::follow::{WaitArgs, Waiter};
use super::super::prompt;
use super::super::table::Table;
use super::operate::{self, Change, Sentence};
use super::pick;

const EXAMPLES: &str = "\
Examples:
  steward volumes list
  steward volumes delete hello_data --confirm hello_data
";

/// `steward volumes`.
#[derive(Debug, Subcommand)]
#[command(before_help = EXAMPLES)]
pub enum VolumesCommand {
    /// Every volume that Steward made.
    #[command(before_help = EXAMPLES)]
    List,
    /// Delete a volume and all that is in it. This cannot be undone.
    #[command(before_help = EXAMPLES)]
    Delete {
        /// Its name.
        name: String,
        /// Its name again.
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        /// How long to wait.
        #[command(flatten)]
        wait: WaitArgs,
    },
}

/// The deletion of a volume. The name was confirmed before.
pub(super) fn deletion(device_id: &str, name: &str) -> Change {
    let body = json!({ "kind": "volume.delete", "device_id": device_id, "volume": name, "confirm": name });
    Change { method: Method::POST, path: "/operations".to_owned(), plan: (String::new(), json!({})), body, command: String::new() }
}

/// Volumes.
///
/// # Errors
/// What the server refused.
pub async fn run(context: &Context, command: VolumesCommand) -> Result<Exit, Failure> {
    let client = context.client()?;
    match command {
        VolumesCommand::List => {
            let value = client.get("/volumes", &[]).await?;
            context.printer.list(&value, "name", "There is no volume.", || {
                let mut table = Table::new(&["NAME", "APP", "IN USE", "MADE"]);
                for volume in decode::<Vec<VolumeView>>(&value)? {
                    table.row(vec![
                        volume.name.as_str().into(),
                        volume.deployment.unwrap_or_default().into(),
                        if volume.in_use { "yes" } else { "no" }.into(),
                        volume.created.unwrap_or_default().into(),
                    ]);
                }
                Ok(table)
            })?;
            Ok(Exit::DONE)
        }
        VolumesCommand::Delete { name, confirm, wait } => {
            let mut waiter = Waiter::new(&wait)?;
            let volumes: Vec<VolumeView> = decode(&client.get("/volumes", &[]).await?)?;
            let volume = pick(&volumes, "volume", &name, |volume| [volume.name.as_str(), volume.name.as_str()])?;
            prompt::typed_name(
                &context.printer,
                confirm.as_deref(),
                &name,
                &format!("This deletes {name} with all that is in it, for good."),
            )?;
            let change = deletion(volume.device_id.as_str(), volume.name.as_str());
            let outcome = operate::send(context, &client, &mut waiter, &wait, &change).await?;
            operate::finish(context, &client, outcome, Sentence::Fixed("is deleted")).await
        }
    }
}

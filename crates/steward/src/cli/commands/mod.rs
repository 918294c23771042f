//! The commands, a file for each group.

pub mod account;
pub mod apps;
pub mod apps_bulk;
mod apps_change;
pub mod audit;
pub mod catalog;
pub mod completion;
pub mod deploy;
pub mod devices;
pub mod health;
pub mod lint;
pub mod logs;
pub mod operate;
pub mod ops;
pub mod ops_view;
pub mod own;
pub mod own_authority;
pub mod own_offline;
pub mod reconcilers;
pub mod retention;
pub mod schedules;
pub mod schedules_args;
mod schedules_view;
pub mod scripts;
pub mod setup;
pub mod status;
pub mod token;
pub mod users;
pub mod version;
pub mod volumes;

use serde_json::Value;

use super::client::Client;
use super::exit::Exit;
use super::failure::Failure;
use super::nearest::nearest;

/// Adds `did you mean` to a failure that says that there is no such thing. `path` lists what there
/// is, `key` is where its name is.
pub(super) async fn suggest(client: &Client, failure: Failure, path: &str, key: &str, word: &str) -> Failure {
    if failure.exit != Exit::NOT_FOUND || failure.hint.is_some() {
        return failure;
    }
    let Ok(Value::Array(all)) = client.get(path, &[]).await else { return failure };
    let names: Vec<&str> = all.iter().filter_map(|item| item.get(key).and_then(Value::as_str)).collect();
    match nearest(word, names.iter().copied()) {
        Some(near) => failure.hint(format!("Did you mean `{near}`?")),
        None => failure,
    }
}

/// The one of a list whose id or name is asked for. `names` gives both, the name last.
pub(super) fn pick<'a, T>(all: &'a [T], what: &str, which: &str, names: impl Fn(&T) -> [&str; 2]) -> Result<&'a T, Failure> {
    let found = all.iter().find(|item| names(item).contains(&which));
    found.ok_or_else(|| {
        let missing = Failure::not_found(what, which);
        match nearest(which, all.iter().map(|item| names(item)[1])) {
            Some(near) => missing.hint(format!("Did you mean `{near}`?")),
            None => missing,
        }
    })
}

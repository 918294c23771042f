//! What the environment says to the CLI. Read once, here, so that everything else can be tested with
//! values.

use std::env;
use std::path::PathBuf;

/// The variables that matter.
#[derive(Clone, Default)]
pub struct Environment {
    /// `STEWARD_URL`: which server.
    pub url: Option<String>,
    /// `STEWARD_TOKEN`: an API token in place of the kept sign-in.
    pub token: Option<String>,
    /// `STEWARD_CA`: a file with authorities that may vouch for the server.
    pub ca: Option<PathBuf>,
    /// Where the sign-in is kept.
    pub config_dir: Option<PathBuf>,
    /// `NO_COLOR`: no colour, whatever the terminal can.
    pub no_color: bool,
    /// `CLICOLOR_FORCE`: colour, whatever the output is.
    pub force_color: bool,
    /// `TERM=dumb`: a terminal that cannot move its cursor.
    pub dumb: bool,
}

impl Environment {
    /// Reads the variables. An empty one counts as unset.
    #[allow(clippy::disallowed_methods)]
    pub fn read() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let config_dir = path("STEWARD_CONFIG_DIR")
            .or_else(|| path("XDG_CONFIG_HOME").map(|base| base.join("steward")))
            .or_else(|| path("HOME").map(|home| home.join(".config").join("steward")));
        Self {
            url: text("STEWARD_URL"),
            token: text("STEWARD_TOKEN"),
            ca: path("STEWARD_CA"),
            config_dir,
            no_color: text("NO_COLOR").is_some(),
            force_color: text("CLICOLOR_FORCE").is_some_and(|value| value != "0"),
            dumb: text("TERM").as_deref() == Some("dumb"),
        }
    }
}

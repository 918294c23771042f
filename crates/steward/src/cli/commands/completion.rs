//! `steward completion`: scripts for shells.

use clap::CommandFactory;
use clap_complete::Shell;

use super::super::args::Args;
use super::super::context::Context;
use super::super::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  source <(steward completion bash)
  steward completion zsh > ~/.zfunc/_steward
  steward completion fish > ~/.config/fish/completions/steward.fish
";

/// Options of `steward completion`.
#[derive(Debug, clap::Args)]
#[command(before_help = EXAMPLES)]
pub struct CompletionArgs {
    /// The shell.
    pub shell: Shell,
}

/// Prints the script.
///
/// # Errors
/// When it cannot be written.
pub fn run(context: &Context, args: &CompletionArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "steward", &mut script);
    context.printer.raw(&String::from_utf8_lossy(&script))
}

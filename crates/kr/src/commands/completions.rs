//! `kr completions`: what makes a shell complete commands, options and values.

use clap::Command;
use clap_complete::{Shell, generate};

use crate::failure::Failure;

/// What `kr completions` takes.
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// Writes the completions of a shell.
pub fn run(args: &CompletionsArgs, mut program: Command) -> Result<(), Failure> {
    let mut text = Vec::new();
    generate(args.shell, &mut program, "kr", &mut text);
    super::write_out(&text)
}

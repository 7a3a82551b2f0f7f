//! One file for each command; here it is decided which one runs.

mod compact;
mod fetch;
mod health;
mod names;
mod outliers;
mod overview;
mod slow;
mod stats;
mod verify;

use crate::args::{Args, Command};
use crate::context::Context;
use crate::failure::Failure;

/// Runs what the command line asks for.
pub fn run(args: Args) -> Result<(), Failure> {
    if args.fetch.is_some() && args.command.is_some() {
        let text = "--fetch is a command of its own; leave it out, or the other command";
        return Err(Failure::Usage(text.to_owned()));
    }
    let mut context = Context::new(args.options)?;
    match args.command {
        Some(command) => run_command(command, &mut context)?,
        None => match args.fetch {
            Some(selector) => fetch::run(&mut context, &[selector])?,
            None => overview::run(&mut context)?,
        },
    }
    context.out.flush()
}

fn run_command(command: Command, context: &mut Context) -> Result<(), Failure> {
    match command {
        Command::Fetch { rows } => fetch::run(context, &rows),
        Command::Stats { functions, sort } => {
            context.filter.names.extend(functions);
            stats::run(context, sort)
        }
        Command::Slow => slow::run(context),
        Command::Outliers => outliers::run(context),
        Command::Names => names::run(context),
        Command::Health => health::run(context),
        Command::Verify => verify::run(context),
        Command::Compact => compact::run(context),
    }
}

//! Which command runs.

use clap::CommandFactory;

use crate::args::{Args, Command};
#[cfg(feature = "export")]
use crate::commands::export;
#[cfg(feature = "top")]
use crate::commands::top;
use crate::commands::{
    clear, compact, compare, completions, doctor, fetch, health, heatmap, hist, man, names,
    outliers, overview, pause, slow, stats, tail, tree, verify, why,
};
use crate::context::Context;
use crate::failure::Failure;

/// Runs what the command line asks for.
pub fn run(args: Args) -> Result<(), Failure> {
    if args.fetch.is_some() && args.command.is_some() {
        let text = "--fetch is a command of its own; leave it out, or the other command";
        return Err(Failure::Usage(text.to_owned()));
    }
    // What needs no database, or waits for one.
    match &args.command {
        Some(Command::Completions(of)) => return completions::run(of, Args::command()),
        Some(Command::Man(of)) => return man::run(of, Args::command()),
        #[cfg(feature = "top")]
        Some(Command::Top(of)) => return top::run(of, &args.options),
        Some(Command::Tail(of)) if of.follow => tail::await_database(&args.options)?,
        _ => {}
    }
    let options = match &args.command {
        Some(Command::Compare(of)) => of.place(args.options),
        Some(Command::Gate(of)) => of.compare.place(args.options),
        _ => args.options,
    };
    let mut context = Context::new(options)?;
    // Who follows may want no rows first.
    if context.limit == Some(0) && !matches!(&args.command, Some(Command::Tail(of)) if of.follow) {
        return Err(Failure::Usage("-n 0 shows nothing; give a larger number".to_owned()));
    }
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
        Command::Fetch(args) => fetch::run(context, &args.rows),
        Command::Tail(args) => tail::run(context, &args),
        Command::Stats(args) => stats::run(context, args),
        Command::Slow => slow::run(context),
        Command::Hist(args) => hist::run(context, &args),
        Command::Heatmap(args) => heatmap::run(context, &args),
        Command::Why(args) => why::run(context, &args),
        Command::Tree(args) => tree::run(context, &args),
        Command::Outliers(args) => outliers::run(context, &args),
        Command::Names(args) => names::run(context, &args),
        Command::Compare(args) => compare::run(context, &args),
        Command::Gate(args) => compare::gate(context, args),
        Command::Health => health::run(context),
        Command::Verify => verify::run(context),
        #[cfg(feature = "export")]
        Command::Export(args) => export::run(context, &args),
        Command::Compact => compact::run(context),
        Command::Doctor => doctor::run(context),
        Command::Pause => pause::run(context, true),
        Command::Resume => pause::run(context, false),
        Command::Clear(args) => clear::run(context, &args),
        // They have run before.
        Command::Completions(_) | Command::Man(_) => Ok(()),
        #[cfg(feature = "top")]
        Command::Top(_) => Ok(()),
    }
}

//! `kr`: asks a Kronicler database what the functions of a service do with their time.
//!
//! All commands but `compact`, `clear`, `pause` and `resume` read only: they take no lock and write
//! nothing, so they can be used beside a running service, whose files nobody else ever writes.

mod charset;
mod escape;
mod failure;
mod units;
mod when;
mod record;
mod fit;
mod screen;
mod signals;
mod remarks;
mod progress;
mod watched;
mod pause;
mod options;
mod pager;
mod output;
mod table;
mod sparkline;
mod measures;
mod database;
mod context;
mod sides;
mod comparison;
mod grouping;
mod row_field;
mod row_text;
mod rows;
mod findings;
mod bars;
mod reasons;
mod next;
mod hooked;
mod checks;
#[cfg(feature = "export")]
mod export;
#[cfg(feature = "top")]
mod top;
mod commands;
mod args;
mod usage;
mod run;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let failure = match args::Args::try_parse() {
        Ok(args) => match run::run(args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failure) => failure,
        },
        Err(error) if error.use_stderr() => usage::explain(&error),
        Err(error) => {
            // Help and version go to stdout, which may be a closed pipe: that is no failure.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
    };
    if !failure.is_quiet() {
        remarks::tell(&failure.to_string());
    }
    ExitCode::from(failure.exit_code())
}

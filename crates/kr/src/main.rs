//! `kr`: asks a Kronicler database what the functions of a service do with their time.
//!
//! All commands but `compact` read only: they take no lock and write nothing, so they can be used
//! beside a running service; `compact` leaves alone what a running service owns.

mod failure;
mod escape;
mod units;
mod when;
mod record;
mod fit;
mod args;
mod output;
mod table;
mod database;
mod context;
mod rows;
mod findings;
mod commands;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let failure = match args::Args::try_parse() {
        Ok(args) => match commands::run(args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(failure) => failure,
        },
        Err(error) => {
            // Help and version go to stdout, which may be a closed pipe: that is no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    if !failure.is_quiet() {
        let text = escape::escape(&failure.to_string()).into_owned();
        let _ = writeln!(std::io::stderr(), "kr: {text}");
    }
    ExitCode::from(failure.exit_code())
}

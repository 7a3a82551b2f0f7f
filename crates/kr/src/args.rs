//! The command line.

use clap::{Parser, Subcommand};
use kronicler_format::FORMAT_VERSION;

use crate::commands::clear::ClearArgs;
use crate::commands::compare::{CompareArgs, GateArgs};
use crate::commands::completions::CompletionsArgs;
#[cfg(feature = "export")]
use crate::commands::export::ExportArgs;
use crate::commands::fetch::FetchArgs;
use crate::commands::heatmap::HeatmapArgs;
use crate::commands::hist::HistArgs;
use crate::commands::man::ManArgs;
use crate::commands::names::NamesArgs;
use crate::commands::outliers::OutliersArgs;
use crate::commands::stats::StatsArgs;
use crate::commands::tail::TailArgs;
#[cfg(feature = "top")]
use crate::commands::top::TopArgs;
use crate::commands::tree::TreeArgs;
use crate::commands::why::WhyArgs;
use crate::options::{Options, Selector, parse_selector};

const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (Kronicler for Node.js, database format 1)");
const _: () = assert!(FORMAT_VERSION == 1, "VERSION tells the version of the format");

const AFTER_HELP: &str = "\
Without a command, kr tells what is here and which functions are worth a look.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 slower (kr gate), 4 no database here or
no such row, 128 + n ended by signal n.";

/// Asks a Kronicler database which functions of a service are slow, and when.
#[derive(Debug, Parser)]
#[command(name = "kr", version = VERSION, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Args {
    /// Print all rows, or the one with this id (as `kr fetch` does).
    #[arg(long, value_name = "all|ID", value_parser = parse_selector)]
    pub fetch: Option<Selector>,

    /// What every command takes.
    #[command(flatten)]
    pub options: Options,

    /// What is asked.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What is asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print rows: all of them in the order of their ids, or those with these ids.
    Fetch(FetchArgs),
    /// The calls that ended last; with -f those that end from now on, too.
    Tail(TailArgs),
    /// Statistics of each function.
    ///
    /// Counts, sums, means and deviations are exact. Percentiles are the nearest rank within 1 %.
    Stats(StatsArgs),
    /// The slowest calls.
    Slow,
    /// How long calls took, as a picture; counts are exact.
    Hist(HistArgs),
    /// How long calls took over time, as a picture.
    Heatmap(HeatmapArgs),
    /// Why a call took as long as it did, in amounts of its time.
    Why(WhyArgs),
    /// What was called by what, self time against total.
    Tree(TreeArgs),
    /// Functions whose slow calls are far from their usual ones, and why each is listed.
    Outliers(OutliersArgs),
    /// The functions, how often each was called and where it was wrapped.
    Names(NamesArgs),
    /// A live view: calls a second, percentiles, errors, one function's slow calls.
    #[cfg(feature = "top")]
    Top(TopArgs),
    /// Whether functions became slower: two versions, time ranges or directories compared.
    Compare(CompareArgs),
    /// As compare; exit code 3 if a function became slower, for a build to fail.
    Gate(GateArgs),
    /// What became of every call: stored, dropped, lost or damaged.
    Health,
    /// Read every byte, recompute everything, tell what is wrong; exit code 1 if anything is.
    Verify,
    /// Make lanes that no process owns as small as they can be; no call is lost.
    ///
    /// Run it as the user of the service, or as root: new files are that user's.
    Compact,
    /// Whether capturing goes well, and what to do where it does not; exit code 1 on a problem.
    Doctor,
    /// Let all processes of the database capture nothing, until `kr resume`.
    Pause,
    /// Let captures go on after `kr pause`.
    Resume,
    /// Forget all calls, of all processes, for good; asks first.
    Clear(ClearArgs),
    /// Write rows for other programs: Parquet, Arrow, CSV, NDJSON or a trace.
    ///
    /// Options that choose calls choose what is written.
    #[cfg(feature = "export")]
    Export(ExportArgs),
    /// Make a shell complete commands, options and values: bash, zsh, fish, powershell, elvish.
    Completions(CompletionsArgs),
    /// The manual of kr or of a command, for man: `kr man stats | man -l -`.
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        // Promise: no two options share a name, and defaults are values that can be given.
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}

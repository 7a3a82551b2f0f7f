//! `kr outliers`: functions whose slow calls are far from their usual ones, and why.

use std::cmp::Reverse;

use clap::ValueEnum;
use kronicler_query::{Outlier, OutlierLimits, outliers};

use crate::context::{Context, Format, array};
use crate::failure::Failure;
use crate::findings;
use crate::record::Record;

/// Functions that are shown unless `--limit` says otherwise.
const LIMIT: usize = 10;

const KEYS: [&str; 19] = [
    "name",
    "source",
    "count",
    "slow_count",
    "median_ns",
    "limit_ns",
    "slow_mean_ns",
    "max_ns",
    "slow_share",
    "excess_ns",
    "excess_share",
    "slowest_id",
    "score",
    "mean_ns",
    "stderr_ns",
    "mad_ns",
    "tail_mean_ns",
    "tail_ratio",
    "why",
];

/// What `kr outliers` takes.
#[derive(Debug, clap::Args)]
pub struct OutliersArgs {
    /// Sort by the score, the time that mending could save, the longest call, or how many are slow.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Order::Score)]
    pub sort: Order,

    /// Only functions with at least so many calls.
    #[arg(long, value_name = "COUNT", default_value_t = CALLS_MIN)]
    pub min_calls: u64,
}

/// By what outliers are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// How far slow calls are from usual ones.
    Score,
    /// Time that slow calls took beyond the median.
    Excess,
    /// The longest call.
    Max,
    /// How many calls are slow.
    Slow,
}

/// Calls that give quartiles.
const CALLS_MIN: u64 = 20;

/// Shows the functions, the farthest from their usual calls first.
pub fn run(context: &mut Context, args: &OutliersArgs) -> Result<(), Failure> {
    let limits = OutlierLimits { calls_min: args.min_calls, ..OutlierLimits::default() };
    let answer = context.database.ask(|snapshot| outliers(snapshot, &context.filter, limits))?;
    let is_partial = answer.is_partial;
    let mut found = context.take(answer);
    // They come by score, and equals stay so.
    match args.sort {
        Order::Score => {}
        Order::Excess => found.sort_by_key(|outlier| Reverse(outlier.excess_ns)),
        Order::Max => found.sort_by_key(|outlier| Reverse(outlier.stats.moments.max())),
        Order::Slow => found.sort_by_key(|outlier| Reverse(outlier.slow_count)),
    }
    let shown = found.len().min(context.limit.unwrap_or(LIMIT));
    let records = || found[..shown].iter().map(fields).collect::<Vec<Record>>();
    match context.format {
        Format::Json => {
            context.document("outliers", is_partial, vec![("functions", array(records()))])
        }
        Format::Csv => context.csv(&KEYS, &records()),
        Format::Text if found.is_empty() => say_none(context),
        Format::Text => {
            for (index, outlier) in found[..shown].iter().enumerate() {
                if index > 0 {
                    context.out.line("")?;
                }
                findings::show(context, outlier)?;
                findings::show_score(context, outlier)?;
            }
            context.note_more(shown, found.len(), "functions")
        }
    }
}

fn say_none(context: &mut Context) -> Result<(), Failure> {
    context.out.line("No function has calls that are far slower than its usual ones.")?;
    let program = context.database.program.clone();
    context.out.line(format!("`{program} slow` shows the slowest calls of all."))
}

/// An outlier for programs.
pub fn fields(outlier: &Outlier) -> Record {
    let stats = &outlier.stats;
    vec![
        ("name", (*stats.name.name).into()),
        ("source", (*stats.name.source).into()),
        ("count", stats.moments.count().into()),
        ("slow_count", outlier.slow_count.into()),
        ("median_ns", outlier.median_ns.into()),
        ("limit_ns", outlier.limit_ns.into()),
        ("slow_mean_ns", outlier.slow_mean_ns.into()),
        ("max_ns", stats.moments.max().into()),
        ("slow_share", findings::slow_share(outlier).into()),
        ("excess_ns", outlier.excess_ns.into()),
        ("excess_share", outlier.excess_share.into()),
        ("slowest_id", stats.slowest.map(|id| id.number()).into()),
        ("score", outlier.score.score.into()),
        ("mean_ns", stats.moments.mean().into()),
        ("stderr_ns", stats.std_err().into()),
        ("mad_ns", outlier.score.mad_ns.into()),
        ("tail_mean_ns", outlier.score.tail_mean_ns.into()),
        ("tail_ratio", outlier.score.tail_ratio.into()),
        ("why", findings::sentence(outlier).into()),
    ]
}

//! `kr outliers`: functions whose slow calls are far from their usual ones, and why.

use kronicler_query::{Outlier, OutlierLimits, outliers};

use crate::context::{Context, Format, array};
use crate::failure::Failure;
use crate::findings;
use crate::record::Record;

/// Functions that are shown unless `--limit` says otherwise.
const LIMIT: usize = 10;

const KEYS: [&str; 13] = [
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
    "why",
];

/// Shows the functions, the costliest first.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    let limits = OutlierLimits::default();
    let answer = context.database.ask(|snapshot| outliers(snapshot, &context.filter, limits))?;
    let is_partial = answer.is_partial;
    let found = context.take(answer);
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
        ("why", findings::sentence(outlier).into()),
    ]
}

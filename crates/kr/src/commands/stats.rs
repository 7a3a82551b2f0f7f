//! `kr stats`: statistics of each function, also split by one thing more.

use std::collections::HashMap;

use kronicler_query::{
    FunctionStats, Group, GroupBy, Grouped, Periods, call_counts, exact_percentiles_by_function,
    stats, stats_by,
};
use kronicler_stats::Sketch;
use kronicler_store::Name;

use crate::charset::is_unicode;
use crate::commands::stats_text;
use crate::context::{Context, Format, array, note_partial};
use crate::failure::Failure;
use crate::grouping::{self, By};
use crate::measures::{self, Measure, Measured, QUANTILES};
use crate::record::Record;

/// What `kr stats` takes.
#[derive(Debug, clap::Args)]
pub struct StatsArgs {
    /// Functions; `*` stands for any text, `?` for any character.
    #[arg(value_name = "NAME")]
    pub functions: Vec<String>,

    /// Sort by this statistic [default: sum]: names upwards, numbers downwards.
    #[arg(long, value_enum, value_name = "STATISTIC")]
    pub sort: Option<Measure>,

    /// Sort the other way round.
    #[arg(short, long)]
    pub reverse: bool,

    /// Split by this, too.
    #[arg(long, value_enum, value_name = "WHAT")]
    pub by: Option<By>,

    /// Only functions, or their parts with --by, with at least so many calls.
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true)]
    pub min_calls: u64,

    /// Read all durations, so that percentiles are exact instead of within 1 %.
    #[arg(long)]
    pub exact: bool,

    /// What is drawn over time where there is room: calls, p99 or none.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = Trend::Calls)]
    #[arg(hide_possible_values = true, conflicts_with = "by")]
    pub trend: Trend,
}

/// What is drawn over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Trend {
    /// How many calls ended.
    Calls,
    /// How long the slowest hundredth took at least.
    P99,
    /// Nothing.
    None,
}

/// Bars of a trend.
const TREND_COUNT: usize = 16;

/// A function, or the part of it in a group.
pub struct Line {
    /// What its calls share.
    pub group: Option<Group>,
    /// Its statistics.
    pub measured: Measured,
}

/// Shows the functions, sorted.
pub fn run(context: &mut Context, args: StatsArgs) -> Result<(), Failure> {
    context.filter.names.extend(args.functions.iter().cloned());
    let (mut lines, unplaced, is_partial) = lines(context, &args)?;
    note_partial(is_partial);
    lines.retain(|line| line.measured.stats.moments.count() >= args.min_calls);
    if args.by.is_none() || args.sort.is_some() || args.reverse {
        let measure = args.sort.unwrap_or(Measure::Sum);
        measures::sort(&mut lines, measure, args.reverse, |line| &line.measured);
    }
    let all = lines.len();
    lines.truncate(context.shown(all));
    match context.format {
        Format::Text => stats_text::show(context, &lines, all, &args, unplaced),
        Format::Json => {
            let records = lines.iter().map(|line| fields(line, args.by)).collect();
            let sort = args.sort.unwrap_or(Measure::Sum);
            let error = if args.exact { 0.0 } else { Sketch::RELATIVE_ERROR };
            let mut document: Record = vec![
                ("sort", measures::title(sort).into()),
                ("relative_error", error.into()),
                ("functions", array(records)),
            ];
            if args.by.is_some() {
                document.push(("unplaced", unplaced.into()));
            }
            context.document("stats", is_partial, document)
        }
        Format::Csv => {
            let records: Vec<Record> = lines.iter().map(|line| fields(line, args.by)).collect();
            let more: &[&str] = if args.by.is_some() { &grouping::KEYS } else { &[] };
            context.csv(&[&measures::KEYS, more].concat(), &records)
        }
    }
}

fn fields(line: &Line, by: Option<By>) -> Record {
    let mut record = line.measured.fields();
    if let Some((by, group)) = by.zip(line.group.as_ref()) {
        record.extend(grouping::fields(by, group));
    }
    record
}

/// What was asked for, with the number of calls that are in no group, and whether it is partial.
fn lines(context: &Context, args: &StatsArgs) -> Result<(Vec<Line>, u64, bool), Failure> {
    let (filter, database) = (&context.filter, &context.database);
    let (mut lines, unplaced, mut is_partial) = match args.by {
        None => {
            let answer = database.ask(|snapshot| stats(snapshot, filter))?;
            let lines = answer.value.into_iter().map(|stats| Line::new(None, stats));
            (lines.collect::<Vec<Line>>(), 0, answer.is_partial)
        }
        Some(by) => {
            let question = by.question(context)?;
            let answer = database.ask(|snapshot| stats_by(snapshot, filter, &question))?;
            let Grouped { rows, unplaced } = answer.value;
            let lines = rows.into_iter().map(|row| Line::new(Some(row.group), row.stats));
            (lines.collect(), unplaced, answer.is_partial)
        }
    };
    if args.exact {
        is_partial |= make_exact(context, &mut lines)?;
    }
    Ok((lines, unplaced, is_partial))
}

/// Puts exact percentiles into the lines; says whether some durations could not be read.
fn make_exact(context: &Context, lines: &mut [Line]) -> Result<bool, Failure> {
    let mut groups: Vec<Option<Group>> = lines.iter().map(|line| line.group.clone()).collect();
    groups.sort();
    groups.dedup();
    let mut is_partial = false;
    for group in groups {
        let filter = match &group {
            Some(group) => grouping::within(&context.filter, group),
            None => context.filter.clone(),
        };
        let answer = context
            .database
            .ask(|snapshot| exact_percentiles_by_function(snapshot, &filter, &QUANTILES))?;
        is_partial |= answer.is_partial;
        let found = answer.value.unwrap_or_default().into_iter();
        let mut found: HashMap<String, Vec<u64>> =
            found.map(|function| (function.name.name.to_string(), function.values_ns)).collect();
        for line in lines.iter_mut().filter(|line| line.group == group) {
            line.measured.exact = found.remove(&*line.measured.stats.name.name);
        }
    }
    Ok(is_partial)
}

/// What happened over time, by name of the function, and how long a period is.
pub struct Trends {
    /// A value for each period.
    pub of: HashMap<String, Vec<Option<f64>>>,
    /// Nanoseconds of a period.
    pub width_ns: u64,
}

/// What happened over time to all functions, unless a terminal cannot show it.
pub fn trends(context: &Context, trend: Trend) -> Result<Option<Trends>, Failure> {
    let Some((since_ns, until_ns)) = grouping::range(context).filter(|_| is_unicode()) else {
        return Ok(None);
    };
    let width_ns = until_ns.abs_diff(since_ns).div_ceil(TREND_COUNT as u64);
    let step_ns = i64::try_from(width_ns).unwrap_or(i64::MAX);
    let periods = Periods::every(since_ns, step_ns, TREND_COUNT);
    let mut of: HashMap<String, Vec<Option<f64>>> = HashMap::new();
    if trend == Trend::P99 {
        let by = GroupBy::Periods(periods.clone());
        let answer = context.database.ask(|snapshot| stats_by(snapshot, &context.filter, &by))?;
        for row in answer.value.rows {
            let Group::Period { start_ns, .. } = row.group else { continue };
            let Some(index) = periods.of(start_ns) else { continue };
            let values = of.entry(row.stats.name.name.to_string());
            let values = values.or_insert_with(|| vec![None; periods.len()]);
            values[index] = Measured::from(row.stats).number(Measure::P99);
        }
    } else {
        let ask = |snapshot: &_| call_counts(snapshot, &context.filter, &periods);
        for function in context.database.ask(ask)?.value {
            let counts = function.counts.iter().map(|&count| Some(as_number(count)));
            of.insert(function.name.name.to_string(), counts.collect());
        }
    }
    Ok(Some(Trends { of, width_ns }))
}

#[expect(clippy::cast_precision_loss, reason = "to be drawn")]
const fn as_number(count: u64) -> f64 {
    count as f64
}

impl Line {
    fn new(group: Option<Group>, stats: FunctionStats) -> Self {
        Self { group, measured: stats.into() }
    }

    /// What was called.
    pub const fn name(&self) -> &Name {
        &self.measured.stats.name
    }
}

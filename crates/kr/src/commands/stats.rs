//! `kr stats`: statistics of each function.

use std::cmp::Ordering;

use clap::ValueEnum;
use kronicler_query::{FunctionStats, stats};
use kronicler_stats::{Resolution, Sketch};

use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::fit::ESSENTIAL;
use crate::record::{Record, sum_ns};
use crate::rows::lane_and_seq;
use crate::table::{self, Column, Content};
use crate::units::{count, counted, duration};

const COLUMNS: [(Sort, Column); 13] = [
    (Sort::Name, Column::essential("name", Content::Name)),
    (Sort::Count, Column::new("count", Content::Number, 50)),
    (Sort::Errors, Column::new("errors", Content::Number, 35)),
    (Sort::Sum, Column::new("sum", Content::Number, 45)),
    (Sort::Mean, Column::new("mean", Content::Number, 30)),
    (Sort::Stddev, Column::new("stddev", Content::Number, 5)),
    (Sort::Min, Column::new("min", Content::Number, 10)),
    (Sort::Median, Column::new("median", Content::Number, 60)),
    (Sort::P90, Column::new("p90", Content::Number, 20)),
    (Sort::P95, Column::new("p95", Content::Number, 28)),
    (Sort::P99, Column::new("p99", Content::Number, 55)),
    (Sort::P999, Column::new("p999", Content::Number, 15)),
    (Sort::Max, Column::new("max", Content::Number, 40)),
];
const SOURCE: Column = Column::new("source", Content::Source, 25);

const KEYS: [&str; 19] = [
    "name",
    "source",
    "count",
    "errors",
    "sum_ns",
    "mean_ns",
    "stddev_ns",
    "stderr_ns",
    "min_ns",
    "median_ns",
    "p90_ns",
    "p95_ns",
    "p99_ns",
    "p999_ns",
    "max_ns",
    "slowest_id",
    "expired",
    "resolution",
    "rows",
];

/// What `kr stats` takes.
#[derive(Debug, clap::Args)]
pub struct StatsArgs {
    /// Functions; `*` stands for any text, `?` for any character.
    #[arg(value_name = "NAME")]
    pub functions: Vec<String>,
    /// Sort by this column, names upwards, numbers downwards.
    #[arg(long, value_enum, default_value_t = Sort::Sum)]
    pub sort: Sort,
}

/// By what functions are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sort {
    Name,
    Count,
    Errors,
    Sum,
    Mean,
    Min,
    Median,
    P90,
    P95,
    P99,
    P999,
    Max,
    Stddev,
}

/// Shows the functions, sorted.
pub fn run(context: &mut Context, args: StatsArgs) -> Result<(), Failure> {
    let StatsArgs { functions, sort } = args;
    context.filter.names.extend(functions);
    let answer = context.database.ask(|snapshot| stats(snapshot, &context.filter))?;
    let is_partial = answer.is_partial;
    let mut functions = context.take(answer);
    // They come by name, and equals stay so.
    functions.sort_by(|left, right| compare(left, right, sort));
    let all = functions.len();
    let shown = context.shown(all);
    functions.truncate(shown);
    match context.format {
        Format::Text if all == 0 => context.say_nothing("There are no calls"),
        Format::Text if all == 1 && !context.filter.names.is_empty() => {
            show_one(context, &functions[0])?;
            note_expired(context, &functions)
        }
        Format::Text => {
            show(context, &functions, sort)?;
            context.note_more(shown, all, "functions")?;
            note_expired(context, &functions)
        }
        Format::Json => {
            let records = functions.iter().map(fields).collect();
            let mut document: Record = vec![("sort", sort_key(sort).into())];
            document.push(("relative_error", Sketch::RELATIVE_ERROR.into()));
            document.push(("functions", array(records)));
            context.document("stats", is_partial, document)
        }
        Format::Csv => {
            let records: Vec<Record> = functions.iter().map(fields).collect();
            context.csv(&KEYS, &records)
        }
    }
}

fn show(context: &mut Context, functions: &[FunctionStats], sort: Sort) -> Result<(), Failure> {
    let has_errors = functions.iter().any(|function| function.errors > 0);
    let columns = COLUMNS.iter().map(|&(key, column)| {
        let importance = match key {
            _ if key == sort => ESSENTIAL,
            Sort::Errors if !has_errors => 1,
            _ => column.importance,
        };
        Column { importance, ..column }
    });
    let columns: Vec<Column> = columns.chain([SOURCE]).collect();
    let rows: Vec<Vec<String>> = functions.iter().map(cells).collect();
    let layout = table::show(&mut context.out, &columns, &rows, 0)?;
    layout.note_hidden(&mut context.out)
}

/// A function that was asked for by name: all its numbers, one a line.
fn show_one(context: &mut Context, function: &FunctionStats) -> Result<(), Failure> {
    let out = &mut context.out;
    let heading = out.strong(&out.subject(&cell(function, Sort::Name)));
    let source = escape::escape(&function.name.source);
    out.line(format!("{heading}  {source}").trim_end())?;
    for &(key, column) in &COLUMNS[1..] {
        out.line(format!("  {:<8}{:>12}", column.title, cell(function, key)))?;
    }
    let Some(id) = function.slowest else { return Ok(()) };
    let program = &context.database.program;
    let text = format!("  the slowest call: {program} fetch {}", lane_and_seq(id));
    out.line(out.faint(&text))
}

/// Says which calls are known by statistics only, and how exactly their times are.
fn note_expired(context: &mut Context, functions: &[FunctionStats]) -> Result<(), Failure> {
    let expired: u64 = functions.iter().map(|function| function.expired).sum();
    let coarsest = functions.iter().filter_map(|function| function.resolution).min();
    let Some(resolution) = coarsest else { return Ok(()) };
    let text = format!(
        "{} of these {} longer kept; {} whole {}s count",
        counted(expired, "call"),
        if expired == 1 { "is no" } else { "are no" },
        if expired == 1 { "for it" } else { "for them" },
        resolution.name(),
    );
    context.out.line("")?;
    context.out.line(context.out.faint(&text))
}

fn cells(function: &FunctionStats) -> Vec<String> {
    let mut cells: Vec<String> = COLUMNS.iter().map(|&(key, _)| cell(function, key)).collect();
    cells.push(escape::escape(&function.name.source).into_owned());
    cells
}

fn cell(function: &FunctionStats, key: Sort) -> String {
    match key {
        Sort::Name => escape::name(&function.name.name).into_owned(),
        Sort::Count => count(function.moments.count()),
        Sort::Errors => count(function.errors),
        Sort::Sum => duration(number(function, key).unwrap_or(0.0)),
        // One call deviates from nothing.
        _ => number(function, key).map_or_else(|| "-".to_owned(), duration),
    }
}

/// The number in a column; those of whole nanoseconds are exact below 104 days.
#[expect(clippy::cast_precision_loss, reason = "for showing three digits and for sorting")]
fn number(function: &FunctionStats, key: Sort) -> Option<f64> {
    let moments = &function.moments;
    match key {
        Sort::Name => None,
        Sort::Count => Some(moments.count() as f64),
        Sort::Errors => Some(function.errors as f64),
        Sort::Sum => Some(moments.sum() as f64),
        Sort::Mean => moments.mean(),
        Sort::Stddev => moments.std_dev(),
        Sort::Min => moments.min().map(|ns| ns as f64),
        Sort::Max => moments.max().map(|ns| ns as f64),
        Sort::Median | Sort::P90 | Sort::P95 | Sort::P99 | Sort::P999 => {
            quantile(function, key).map(|ns| ns as f64)
        }
    }
}

fn quantile(function: &FunctionStats, key: Sort) -> Option<u64> {
    let q = match key {
        Sort::P90 => 0.9,
        Sort::P95 => 0.95,
        Sort::P99 => 0.99,
        Sort::P999 => 0.999,
        _ => 0.5,
    };
    function.quantile(q)
}

fn compare(left: &FunctionStats, right: &FunctionStats, sort: Sort) -> Ordering {
    let (left, right) = (number(left, sort), number(right, sort));
    let order = |value: Option<f64>| value.unwrap_or(-1.0);
    order(right).total_cmp(&order(left))
}

fn sort_key(sort: Sort) -> &'static str {
    let known = COLUMNS.iter().find(|(key, _)| *key == sort);
    known.map_or("sum", |(_, column)| column.title)
}

fn fields(function: &FunctionStats) -> Record {
    let moments = &function.moments;
    vec![
        ("name", (*function.name.name).into()),
        ("source", (*function.name.source).into()),
        ("count", moments.count().into()),
        ("errors", function.errors.into()),
        ("sum_ns", sum_ns(moments.sum())),
        ("mean_ns", moments.mean().into()),
        ("stddev_ns", moments.std_dev().into()),
        ("stderr_ns", function.std_err().into()),
        ("min_ns", moments.min().into()),
        ("median_ns", quantile(function, Sort::Median).into()),
        ("p90_ns", quantile(function, Sort::P90).into()),
        ("p95_ns", quantile(function, Sort::P95).into()),
        ("p99_ns", quantile(function, Sort::P99).into()),
        ("p999_ns", quantile(function, Sort::P999).into()),
        ("max_ns", moments.max().into()),
        ("slowest_id", function.slowest.map(|id| id.number()).into()),
        ("expired", function.expired.into()),
        ("resolution", function.resolution.map(Resolution::name).into()),
        ("rows", function.rows.into()),
    ]
}

/// The functions in which most time was spent, for the overview.
pub fn show_top(
    context: &mut Context,
    functions: &[FunctionStats],
    limit: usize,
) -> Result<(), Failure> {
    const KEYS: [Sort; 6] =
        [Sort::Name, Sort::Count, Sort::Sum, Sort::Median, Sort::P99, Sort::Max];
    let mut top: Vec<&FunctionStats> = functions.iter().collect();
    top.sort_by(|left, right| compare(left, right, Sort::Sum));
    top.truncate(limit);
    let columns = COLUMNS.iter().filter(|(key, _)| KEYS.contains(key));
    let columns: Vec<Column> = columns.map(|&(_, column)| column).chain([SOURCE]).collect();
    let rows = top.iter().map(|function| {
        let cells = KEYS.iter().map(|&key| cell(function, key));
        cells.chain([escape::escape(&function.name.source).into_owned()]).collect()
    });
    table::show(&mut context.out, &columns, &rows.collect::<Vec<_>>(), 2)?;
    Ok(())
}

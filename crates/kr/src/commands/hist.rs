//! `kr hist`: how long calls took, as a picture.

use kronicler_query::{Answer, FunctionStats, exact_percentiles, histogram, stats};
use kronicler_stats::{Moments, Sketch};

use crate::bars;
use crate::context::{Context, Format, array, note_partial};
use crate::escape;
use crate::failure::Failure;
use crate::record::Record;
use crate::units::{count, counted, duration, duration_ns};

/// Bins that are shown unless `--limit` says otherwise.
const BIN_COUNT: usize = 20;
/// Bins at most.
const BIN_COUNT_MAX: usize = 1_000;
/// Columns of the longest bar where there is no limit.
const BAR_WIDTH: usize = 40;
/// Columns of the shortest longest bar.
const BAR_WIDTH_MIN: usize = 8;

/// Percentiles that are marked, and their keys.
const MARKS: [(f64, &str, &str); 5] = [
    (0.5, "median", "median_ns"),
    (0.9, "p90", "p90_ns"),
    (0.95, "p95", "p95_ns"),
    (0.99, "p99", "p99_ns"),
    (0.999, "p999", "p999_ns"),
];

/// What `kr hist` takes.
#[derive(Debug, clap::Args)]
pub struct HistArgs {
    /// Functions, taken together; `*` stands for any text, `?` for any character [default: all].
    #[arg(value_name = "NAME")]
    pub functions: Vec<String>,

    /// Read all durations, so that percentiles are exact; counts always are.
    #[arg(long)]
    pub exact: bool,
}

/// What is drawn.
struct Histogram {
    names: Vec<String>,
    moments: Moments,
    /// Where bins begin, and behind them where the last ends.
    edges_ns: Vec<u64>,
    counts: Vec<u64>,
    /// Of [`MARKS`].
    percentiles_ns: Vec<u64>,
    is_exact: bool,
    is_partial: bool,
}

/// Shows how many calls took how long.
pub fn run(context: &mut Context, args: &HistArgs) -> Result<(), Failure> {
    context.filter.names.extend(args.functions.iter().cloned());
    let limit = context.limit.unwrap_or(BIN_COUNT);
    if limit > BIN_COUNT_MAX {
        let text = format!("kr hist has {BIN_COUNT_MAX} bins at most; ask for fewer with -n");
        return Err(Failure::Usage(text));
    }
    let Some(histogram) = ask(context, args.exact, limit)? else {
        return match context.format {
            Format::Text => context.say_nothing("There are no calls"),
            Format::Csv => context.csv(&KEYS, &[]),
            Format::Json => {
                let bins = ("bins", array(Vec::new()));
                context.document("hist", false, vec![("count", 0.into()), bins])
            }
        };
    };
    note_partial(histogram.is_partial);
    match context.format {
        Format::Text => show(context, &histogram),
        Format::Csv => context.csv(&KEYS, &bin_fields(&histogram)),
        Format::Json => {
            let fields = fields(&histogram);
            context.document("hist", histogram.is_partial, fields)
        }
    }
}

/// `None` when no call matches.
fn ask(context: &Context, is_exact: bool, limit: usize) -> Result<Option<Histogram>, Failure> {
    let answer = context.database.ask(|snapshot| stats(snapshot, &context.filter))?;
    let mut is_partial = answer.is_partial;
    let (mut moments, mut sketch) = (Moments::new(), Sketch::new());
    for function in &answer.value {
        moments.merge(&function.moments);
        sketch.merge(&function.sketch);
    }
    let (Some(min_ns), Some(max_ns)) = (moments.min(), moments.max()) else { return Ok(None) };
    let qs = MARKS.map(|(q, ..)| q);
    let mut percentiles_ns = None;
    if is_exact {
        let exact =
            context.database.ask(|snapshot| exact_percentiles(snapshot, &context.filter, &qs))?;
        is_partial |= exact.is_partial;
        percentiles_ns = exact.value;
    }
    let known = percentiles_ns.or_else(|| {
        let clamp = |values: Vec<u64>| {
            values.into_iter().map(|value| value.clamp(min_ns, max_ns)).collect::<Vec<u64>>()
        };
        sketch.quantiles(&qs).map(clamp)
    });
    let Answer { value: bins, is_partial: lacks_bins, .. } =
        context.database.ask(|snapshot| histogram(snapshot, &context.filter, limit))?;
    is_partial |= lacks_bins;
    Ok(Some(Histogram {
        names: names(&answer.value),
        edges_ns: bins.edges_ns,
        counts: bins.counts,
        moments,
        percentiles_ns: known.unwrap_or_default(),
        is_exact,
        is_partial,
    }))
}

fn names(functions: &[FunctionStats]) -> Vec<String> {
    functions.iter().map(|function| function.name.name.to_string()).collect()
}

fn show(context: &mut Context, histogram: &Histogram) -> Result<(), Failure> {
    show_heading(context, histogram)?;
    let lower_ns = histogram.edges_ns.iter().take(histogram.counts.len());
    let labels: Vec<String> = lower_ns.map(|&ns| duration_ns(ns)).collect();
    let counts: Vec<String> = histogram.counts.iter().map(|value| count(*value)).collect();
    let marks = marks(histogram);
    let longest = |texts: &[String]| texts.iter().map(String::len).max().unwrap_or(0);
    let (label, number, mark) = (longest(&labels), longest(&counts), longest(&marks));
    // Two columns before the first and between each two.
    let bar = context.out.width().map_or(BAR_WIDTH, |width| {
        width.saturating_sub(label + number + mark + 8).clamp(BAR_WIDTH_MIN, 2 * BAR_WIDTH)
    });
    let largest = histogram.counts.iter().copied().max().unwrap_or(1);
    for (index, &value) in histogram.counts.iter().enumerate() {
        let full = bars::bar(value, largest, bar);
        let space = bar - full.chars().count();
        let full = context.out.subject(&full);
        let note = context.out.faint(&marks[index]);
        let line = format!(
            "  {:>label$}  {full}{:space$}  {:>number$}  {note}",
            labels[index], "", counts[index]
        );
        context.out.line(line.trim_end())?;
    }
    Ok(())
}

fn show_heading(context: &mut Context, histogram: &Histogram) -> Result<(), Failure> {
    let heading = match &histogram.names[..] {
        [name] => escape::name(name).into_owned(),
        names => counted(names.len() as u64, "function"),
    };
    let heading = context.out.strong(&context.out.subject(&heading));
    context.out.line(heading)?;
    let moments = &histogram.moments;
    let mean = moments.mean().unwrap_or(0.0);
    let ends = (moments.min().unwrap_or(0), moments.max().unwrap_or(0));
    let text = format!(
        "{} from {} to {}, {} on average",
        counted(moments.count(), "call"),
        duration_ns(ends.0),
        duration_ns(ends.1),
        duration(mean)
    );
    context.out.paragraph(2, &text)?;
    let beyond = histogram.percentiles_ns.last().map_or(0, |&p999| p999);
    if !histogram.is_exact && beyond > 0 {
        let text = "counts are exact, percentiles within 1 % (--exact makes them exact, too)";
        context.out.faint_paragraph(2, text)?;
    }
    context.out.line("")
}

/// What stands beside each bin: the percentiles in it.
fn marks(histogram: &Histogram) -> Vec<String> {
    let mut marks = vec![Vec::new(); histogram.counts.len()];
    for ((_, word, _), &value) in MARKS.iter().zip(&histogram.percentiles_ns) {
        let behind = histogram.edges_ns.partition_point(|&edge| edge <= value);
        let bin = behind.saturating_sub(1).min(marks.len().saturating_sub(1));
        if let Some(words) = marks.get_mut(bin) {
            words.push(format!("{word} {}", duration_ns(value)));
        }
    }
    marks.into_iter().map(|words| words.join(", ")).collect()
}

const KEYS: [&str; 3] = ["lower_ns", "upper_ns", "count"];

fn bin_fields(histogram: &Histogram) -> Vec<Record> {
    let edges = histogram.edges_ns.windows(2);
    let bins = edges.zip(&histogram.counts).map(|(edges, &value)| -> Record {
        vec![("lower_ns", edges[0].into()), ("upper_ns", edges[1].into()), ("count", value.into())]
    });
    bins.collect()
}

fn fields(histogram: &Histogram) -> Record {
    let moments = &histogram.moments;
    let error = if histogram.is_exact { 0.0 } else { Sketch::RELATIVE_ERROR };
    let mut record: Record = vec![
        ("functions", histogram.names.clone().into()),
        ("count", moments.count().into()),
        ("min_ns", moments.min().into()),
        ("mean_ns", moments.mean().into()),
        ("max_ns", moments.max().into()),
        ("relative_error", error.into()),
    ];
    let percentiles = MARKS.iter().zip(&histogram.percentiles_ns);
    record.extend(percentiles.map(|((.., key), value)| (*key, (*value).into())));
    record.push(("bins", array(bin_fields(histogram))));
    record
}

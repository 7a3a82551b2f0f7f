//! `kr heatmap`: how long calls took over time, as a picture: time to the right, duration upwards.

use kronicler_query::{Filter, Group, GroupBy, Periods, stats, visit_groups};
use kronicler_stats::Sketch;

use crate::charset::is_unicode;
use crate::context::{Context, Format, array, note_partial};
use crate::escape;
use crate::failure::Failure;
use crate::grouping::range;
use crate::log_bins::LogBins;
use crate::record::Record;
use crate::units::{count, counted, duration, span};
use crate::when::iso;

/// Lines of the picture unless `--limit` says otherwise.
const LINE_COUNT: usize = 16;
/// Lines and columns at most.
const LINE_COUNT_MAX: usize = 200;
const COLUMN_COUNT_MAX: usize = 400;
/// Columns where there is no limit, as in a pipe.
const COLUMN_COUNT: usize = 60;
const COLUMN_COUNT_MIN: usize = 10;

/// No calls, then from few to many.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const ASCII_SHADES: [&str; 9] = [" ", ".", ":", "-", "=", "+", "*", "#", "@"];
/// Some of the 256 colours of terminals, from dark blue over purple and red to light yellow.
const COLOURS: [u8; 9] = [0, 17, 19, 55, 91, 161, 203, 215, 229];

/// What `kr heatmap` takes.
#[derive(Debug, clap::Args)]
pub struct HeatmapArgs {
    /// Functions, taken together; `*` stands for any text, `?` for any character [default: all].
    #[arg(value_name = "NAME")]
    pub functions: Vec<String>,
}

/// What is drawn.
struct Heatmap {
    names: Vec<String>,
    call_count: u64,
    periods: Periods,
    bins: LogBins,
    /// By period, then by bin.
    counts: Vec<Vec<u64>>,
    /// Expired calls whose times are known less exactly than by a column.
    unplaced: u64,
    is_partial: bool,
}

/// Shows how many calls took how long, and when.
pub fn run(context: &mut Context, args: &HeatmapArgs) -> Result<(), Failure> {
    context.filter.names.extend(args.functions.iter().cloned());
    let lines = context.limit.unwrap_or(LINE_COUNT);
    if lines > LINE_COUNT_MAX {
        let text = format!("kr heatmap has {LINE_COUNT_MAX} lines at most; ask for fewer with -n");
        return Err(Failure::Usage(text));
    }
    let Some(heatmap) = ask(context, lines)? else {
        return match context.format {
            Format::Text => context.say_nothing("There are no calls"),
            Format::Csv => context.csv(&KEYS, &[]),
            Format::Json => {
                let cells = ("cells", array(Vec::new()));
                context.document("heatmap", false, vec![("count", 0.into()), cells])
            }
        };
    };
    note_partial(heatmap.is_partial);
    match context.format {
        Format::Text => show(context, &heatmap),
        Format::Csv => context.csv(&KEYS, &cells(&heatmap)),
        Format::Json => {
            let fields = vec![
                ("functions", heatmap.names.clone().into()),
                ("count", heatmap.call_count.into()),
                ("unplaced", heatmap.unplaced.into()),
                ("cells", array(cells(&heatmap))),
            ];
            context.document("heatmap", heatmap.is_partial, fields)
        }
    }
}

/// Columns that durations take before the picture.
const LABEL_WIDTH: usize = 9;

fn ask(context: &Context, lines: usize) -> Result<Option<Heatmap>, Failure> {
    let answer = context.database.ask(|snapshot| stats(snapshot, &context.filter))?;
    let mut is_partial = answer.is_partial;
    let functions = answer.value;
    let min_ns = functions.iter().filter_map(|function| function.moments.min()).min();
    let max_ns = functions.iter().filter_map(|function| function.moments.max()).max();
    let (Some(min_ns), Some(max_ns), Some((since_ns, until_ns))) = (min_ns, max_ns, range(context))
    else {
        return Ok(None);
    };
    let columns = context.out.width().map_or(COLUMN_COUNT, |width| {
        width.saturating_sub(LABEL_WIDTH + 4).clamp(COLUMN_COUNT_MIN, COLUMN_COUNT_MAX)
    });
    let width_ns = until_ns.abs_diff(since_ns).div_ceil(columns as u64).max(1);
    let width_ns = i64::try_from(width_ns).unwrap_or(i64::MAX);
    let periods = Periods::every(since_ns, width_ns, columns);
    let bins = LogBins::over(min_ns, max_ns, lines);
    let by = GroupBy::Periods(periods.clone());
    let filter = Filter { since_ns: Some(since_ns), ..context.filter.clone() };
    let mut counts = Vec::new();
    let answer = context.database.ask(|snapshot| {
        counts = vec![vec![0; bins.count]; periods.len()];
        visit_groups(snapshot, &filter, &by, |group, functions| {
            let Group::Period { start_ns, .. } = group else { return };
            let Some(index) = periods.of(*start_ns) else { return };
            let mut sketch = Sketch::new();
            functions.iter().for_each(|function| sketch.merge(&function.sketch));
            counts[index] = bins.counts(&sketch);
        })
    })?;
    is_partial |= answer.is_partial;
    Ok(Some(Heatmap {
        names: functions.iter().map(|function| function.name.name.to_string()).collect(),
        call_count: functions.iter().map(|function| function.moments.count()).sum(),
        periods,
        bins,
        counts,
        unplaced: answer.value,
        is_partial,
    }))
}

fn show(context: &mut Context, heatmap: &Heatmap) -> Result<(), Failure> {
    let heading = match &heatmap.names[..] {
        [name] => escape::name(name).into_owned(),
        names => counted(names.len() as u64, "function"),
    };
    let heading = context.out.strong(&context.out.subject(&heading));
    context.out.line(heading)?;
    let (first, last) = heatmap.periods.range().unwrap_or_default();
    let width_ns = heatmap.periods.get(0).map_or(0, |(start, end)| end.abs_diff(start));
    let text =
        format!("{}; each column is {}", counted(heatmap.call_count, "call"), span(width_ns));
    context.out.paragraph(2, &text)?;
    context.out.line("")?;
    let largest = heatmap.counts.iter().flatten().copied().max().unwrap_or(0);
    let side = if is_unicode() { "│" } else { "|" };
    // The slowest on top.
    for bin in (0..heatmap.bins.count).rev() {
        let label = duration(heatmap.bins.lower_ns(bin));
        let levels =
            heatmap.counts.iter().map(|counts| level(counts[bin], largest, shade_count(context)));
        let picture = paint(context, &levels.collect::<Vec<usize>>());
        context.out.line(format!("{label:>LABEL_WIDTH$} {side}{picture}").trim_end())?;
    }
    show_axis(context, heatmap.periods.len(), first, last)?;
    show_legend(context, largest)?;
    if heatmap.unplaced > 0 {
        let calls = counted(heatmap.unplaced, "expired call");
        let text = format!("{calls} not drawn: their times are known less exactly than that");
        context.out.line("")?;
        context.out.faint_paragraph(2, &text)?;
    }
    Ok(())
}

/// The line under the picture, and the times at its ends.
fn show_axis(
    context: &mut Context,
    columns: usize,
    first_ns: i64,
    last_ns: i64,
) -> Result<(), Failure> {
    let (corner, line) = if is_unicode() { ("└", "─") } else { ("+", "-") };
    context.out.line(format!("{:LABEL_WIDTH$} {corner}{}", "", line.repeat(columns)))?;
    let (first, last) = (context.times.second(first_ns), context.times.second(last_ns));
    let space = (columns + 1).saturating_sub(first.len() + last.len()).max(2);
    context.out.line(format!("{:LABEL_WIDTH$} {first}{:space$}{last}", "", ""))
}

/// Which shade stands for how many calls.
fn show_legend(context: &mut Context, largest: u64) -> Result<(), Failure> {
    let mut parts = Vec::new();
    let shades = shade_count(context);
    for shade in 1..=shades {
        let least = least_of(shade, largest, shades);
        // Where there are few calls, some shades stand for nothing.
        if shade < shades && least_of(shade + 1, largest, shades) == least {
            continue;
        }
        parts.push(format!("{} {}", paint(context, &[shade]), count(least)));
    }
    let text = format!("{:LABEL_WIDTH$}  calls from: {}", "", parts.join("  "));
    context.out.line("")?;
    context.out.line(text)
}

/// How many shades there are besides that of nothing.
fn shade_count(context: &Context) -> usize {
    let all = match (context.out.is_color(), is_unicode()) {
        (true, _) => COLOURS.len(),
        (false, true) => SHADES.len(),
        (false, false) => ASCII_SHADES.len(),
    };
    all - 1
}

/// The shade of a count: on a logarithmic scale, so that few calls are seen beside many.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share from 0 to 1 of a few shades"
)]
fn level(value: u64, largest: u64, shades: usize) -> usize {
    if value == 0 {
        return 0;
    }
    let share = (value as f64 + 1.0).ln() / (largest as f64 + 1.0).ln();
    ((share * shades as f64).ceil() as usize).clamp(1, shades)
}

/// The smallest count that has a shade.
fn least_of(shade: usize, largest: u64, shades: usize) -> u64 {
    let (mut low, mut high) = (1, largest.max(1));
    while low < high {
        let middle = low.midpoint(high);
        if level(middle, largest, shades) >= shade {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Shades next to each other, in colours where there are some.
fn paint(context: &Context, levels: &[usize]) -> String {
    if !context.out.is_color() {
        let shades: &[&str] = if is_unicode() { &SHADES } else { &ASCII_SHADES };
        return levels.iter().map(|&level| shades[level]).collect();
    }
    let mut text = String::new();
    for same in levels.chunk_by(|left, right| left == right) {
        let block = match same[0] {
            0 => " ",
            _ if is_unicode() => "█",
            _ => "#",
        };
        let colour = COLOURS[same[0]];
        text.push_str(&context.out.coloured(&block.repeat(same.len()), colour));
    }
    text
}

const KEYS: [&str; 5] = ["start", "end", "lower_ns", "upper_ns", "count"];

/// Cells that are not empty.
fn cells(heatmap: &Heatmap) -> Vec<Record> {
    let mut cells = Vec::new();
    for ((start_ns, end_ns), counts) in heatmap.periods.iter().zip(&heatmap.counts) {
        for (bin, &value) in counts.iter().enumerate().filter(|(_, value)| **value > 0) {
            cells.push(vec![
                ("start", iso(start_ns).into()),
                ("end", iso(end_ns).into()),
                ("lower_ns", heatmap.bins.lower_ns(bin).into()),
                ("upper_ns", heatmap.bins.lower_ns(bin + 1).into()),
                ("count", value.into()),
            ]);
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shades_begin_where_the_legend_says() {
        // Promise: the legend names the smallest count of each shade, and one call is seen.
        for largest in [1, 2, 3, 10, 1_000, 123_456, u64::MAX - 1] {
            for shades in [4, 8] {
                let level = |value| level(value, largest, shades);
                assert_eq!((level(0), level(largest)), (0, shades));
                assert!(level(1) >= 1);
                for shade in 1..=shades {
                    let least = least_of(shade, largest, shades);
                    assert!(level(least) >= shade);
                    assert!(least == 1 || level(least - 1) < shade, "{shade} of {largest}");
                }
            }
        }
    }
}

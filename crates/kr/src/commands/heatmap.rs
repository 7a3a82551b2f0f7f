//! `kr heatmap`: how long calls took over time, as a picture: time to the right, duration upwards.

use kronicler_query::{Grid, Heatmap, Periods, heatmap, stats};

use crate::charset::is_unicode;
use crate::context::{Context, Format, array, note_partial};
use crate::escape;
use crate::failure::Failure;
use crate::grouping::range;
use crate::record::Record;
use crate::units::{count, counted, duration_ns, span};
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

    /// Mark the median (o) and the 99th percentile (^) of each column.
    #[arg(long)]
    pub marks: bool,
}

/// Percentiles of each column.
const QUANTILES: [f64; 2] = [0.5, 0.99];
const MARKS: [char; 2] = ['o', '^'];

/// What is drawn.
struct Picture {
    names: Vec<String>,
    call_count: u64,
    map: Heatmap,
    has_marks: bool,
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
    let Some(picture) = ask(context, lines, args.marks)? else {
        return match context.format {
            Format::Text => context.say_nothing("There are no calls"),
            Format::Csv => context.csv(&KEYS, &[]),
            Format::Json => {
                let cells = ("cells", array(Vec::new()));
                context.document("heatmap", false, vec![("count", 0.into()), cells])
            }
        };
    };
    note_partial(picture.is_partial);
    match context.format {
        Format::Text => show(context, &picture),
        Format::Csv => context.csv(&KEYS, &cells(&picture.map)),
        Format::Json => {
            let fields = vec![
                ("functions", picture.names.clone().into()),
                ("count", picture.call_count.into()),
                ("unplaced", picture.map.unplaced.into()),
                ("columns", array(columns(&picture.map))),
                ("cells", array(cells(&picture.map))),
            ];
            context.document("heatmap", picture.is_partial, fields)
        }
    }
}

/// Columns that durations take before the picture.
const LABEL_WIDTH: usize = 9;

/// `None` when no call matches.
fn ask(context: &Context, lines: usize, has_marks: bool) -> Result<Option<Picture>, Failure> {
    let Some((since_ns, until_ns)) = range(context) else { return Ok(None) };
    let names = context.database.ask(|snapshot| stats(snapshot, &context.filter))?;
    let columns = context.out.width().map_or(COLUMN_COUNT, |width| {
        // There may be one more than is asked for.
        width.saturating_sub(LABEL_WIDTH + 3).clamp(COLUMN_COUNT_MIN, COLUMN_COUNT_MAX)
    });
    let grid = Grid {
        periods: Periods::over(since_ns, until_ns, columns),
        bin_count: lines,
        quantiles: QUANTILES.to_vec(),
    };
    let answer = context.database.ask(|snapshot| heatmap(snapshot, &context.filter, &grid))?;
    let call_count = answer.value.counts.iter().sum();
    if call_count == 0 {
        return Ok(None);
    }
    Ok(Some(Picture {
        names: names.value.iter().map(|of| of.name.name.to_string()).collect(),
        call_count,
        map: answer.value,
        has_marks,
        is_partial: answer.is_partial || names.is_partial,
    }))
}

fn show(context: &mut Context, picture: &Picture) -> Result<(), Failure> {
    let map = &picture.map;
    let heading = match &picture.names[..] {
        [name] => escape::name(name).into_owned(),
        names => counted(names.len() as u64, "function"),
    };
    let heading = context.out.strong(&context.out.subject(&heading));
    context.out.line(heading)?;
    let (first, last) = map.periods.range().unwrap_or_default();
    let width_ns = map.periods.get(0).map_or(0, |(start, end)| end.abs_diff(start));
    let calls = counted(picture.call_count, "call");
    context.out.paragraph(2, &format!("{calls}; each column is {}", span(width_ns)))?;
    context.out.line("")?;
    let largest = map.counts.iter().copied().max().unwrap_or(0);
    let side = if is_unicode() { "│" } else { "|" };
    // The slowest on top.
    for bin in (0..map.bin_count()).rev() {
        let label = duration_ns(map.edges_ns[bin]);
        let cells: Vec<Cell> =
            (0..map.periods.len()).map(|column| cell(context, picture, column, bin)).collect();
        let line = paint(context, &cells);
        context.out.line(format!("{label:>LABEL_WIDTH$} {side}{line}").trim_end())?;
    }
    show_axis(context, map.periods.len(), first, last)?;
    show_legend(context, largest, picture.has_marks)?;
    if map.unplaced > 0 {
        let calls = counted(map.unplaced, "expired call");
        let text = format!("{calls} not drawn: their times are known less exactly than that");
        context.out.line("")?;
        context.out.faint_paragraph(2, &text)?;
    }
    Ok(())
}

/// What stands at a place of the picture.
#[derive(Clone, Copy, PartialEq)]
enum Cell {
    Shade(usize),
    Mark(char),
}

fn cell(context: &Context, picture: &Picture, column: usize, bin: usize) -> Cell {
    let map = &picture.map;
    let place = |quantile: usize| {
        let value = map.quantiles_ns.get(quantile * map.periods.len() + column);
        let value = value.copied().flatten()?;
        map.edges_ns.partition_point(|&edge| edge <= value).checked_sub(1)
    };
    if picture.has_marks {
        let mark = (0..QUANTILES.len()).rev().find(|&quantile| place(quantile) == Some(bin));
        if let Some(quantile) = mark {
            return Cell::Mark(MARKS[quantile]);
        }
    }
    let largest = map.counts.iter().copied().max().unwrap_or(0);
    let value = map.period(column).get(bin).copied().unwrap_or(0);
    Cell::Shade(level(value, largest, shade_count(context)))
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
fn show_legend(context: &mut Context, largest: u64, has_marks: bool) -> Result<(), Failure> {
    let mut parts = Vec::new();
    let shades = shade_count(context);
    for shade in 1..=shades {
        let least = least_of(shade, largest, shades);
        // Where there are few calls, some shades stand for nothing.
        if shade < shades && least_of(shade + 1, largest, shades) == least {
            continue;
        }
        parts.push(format!("{} {}", paint(context, &[Cell::Shade(shade)]), count(least)));
    }
    let text = format!("{:LABEL_WIDTH$}  calls from: {}", "", parts.join("  "));
    context.out.line("")?;
    context.out.line(text)?;
    if has_marks {
        let marks = format!("{:LABEL_WIDTH$}  {} median  {} p99", "", MARKS[0], MARKS[1]);
        context.out.line(marks)?;
    }
    Ok(())
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

/// Cells next to each other, in colours where there are some.
fn paint(context: &Context, cells: &[Cell]) -> String {
    let plain: &[&str] = if is_unicode() { &SHADES } else { &ASCII_SHADES };
    let has_colour = context.out.is_color();
    let mut text = String::new();
    for same in cells.chunk_by(|left, right| left == right) {
        match same[0] {
            Cell::Mark(mark) => text.extend(std::iter::repeat_n(mark, same.len())),
            Cell::Shade(level) if !has_colour => text.push_str(&plain[level].repeat(same.len())),
            Cell::Shade(0) => text.push_str(&" ".repeat(same.len())),
            Cell::Shade(level) => {
                let block = if is_unicode() { "█" } else { "#" };
                let colour = COLOURS[level];
                text.push_str(&context.out.coloured(&block.repeat(same.len()), colour));
            }
        }
    }
    text
}

const KEYS: [&str; 5] = ["start", "end", "lower_ns", "upper_ns", "count"];

/// Cells that are not empty.
fn cells(map: &Heatmap) -> Vec<Record> {
    let mut cells = Vec::new();
    for (column, (start_ns, end_ns)) in map.periods.iter().enumerate() {
        let bins = map.edges_ns.windows(2).zip(map.period(column));
        for (edges, &value) in bins.filter(|(_, value)| **value > 0) {
            cells.push(vec![
                ("start", iso(start_ns).into()),
                ("end", iso(end_ns).into()),
                ("lower_ns", edges[0].into()),
                ("upper_ns", edges[1].into()),
                ("count", value.into()),
            ]);
        }
    }
    cells
}

/// Percentiles of each column.
fn columns(map: &Heatmap) -> Vec<Record> {
    let count = map.periods.len();
    let quantile = |index: usize| map.quantiles_ns.get(index).copied().flatten();
    let columns = map.periods.iter().enumerate().map(|(column, (start_ns, end_ns))| -> Record {
        vec![
            ("start", iso(start_ns).into()),
            ("end", iso(end_ns).into()),
            ("median_ns", quantile(column).into()),
            ("p99_ns", quantile(count + column).into()),
        ]
    });
    columns.collect()
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

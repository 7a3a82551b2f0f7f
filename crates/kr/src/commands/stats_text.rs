//! How `kr stats` shows statistics to people: a table, or all numbers of one function.

use kronicler_query::FunctionStats;
use unicode_width::UnicodeWidthStr;

use crate::commands::stats::{Line, StatsArgs, Trend, Trends, trends};
use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::fit::ESSENTIAL;
use crate::grouping;
use crate::measures::{self, MEASURES, Measure, Measured, SOURCE};
use crate::rows::lane_and_seq;
use crate::sparkline::sparkline;
use crate::table::{self, Column, Content, Layout};
use crate::units::{counted, span};

/// Characters of a trend.
const TREND_WIDTH: usize = 16;

/// Shows some of `all` lines.
pub fn show(
    context: &mut Context,
    lines: &[Line],
    all: usize,
    args: &StatsArgs,
    unplaced: u64,
) -> Result<(), Failure> {
    let functions: Vec<&FunctionStats> = lines.iter().map(|line| &line.measured.stats).collect();
    match lines {
        [] => return context.say_nothing("There are no calls"),
        [line] if all == 1 && args.by.is_none() && !context.filter.names.is_empty() => {
            show_one(context, line, args)?;
        }
        _ => {
            show_table(context, lines, args)?;
            let noun = if args.by.is_some() { "lines" } else { "functions" };
            context.note_more(lines.len(), all, noun)?;
        }
    }
    note_expired(context, &functions, args.exact)?;
    if unplaced > 0 {
        let calls = counted(unplaced, "expired call");
        let text = format!("{calls} more, whose times are known less exactly than that");
        context.out.line("")?;
        context.out.faint_paragraph(0, &text)?;
    }
    Ok(())
}

fn show_table(context: &mut Context, lines: &[Line], args: &StatsArgs) -> Result<(), Failure> {
    let has_errors = lines.iter().any(|line| line.measured.stats.errors > 0);
    let mut columns: Vec<Column> = MEASURES
        .iter()
        .map(|&(measure, column)| {
            let importance = match measure {
                _ if Some(measure) == args.sort => ESSENTIAL,
                Measure::Errors if !has_errors => 1,
                _ => column.importance,
            };
            Column { importance, ..column }
        })
        .collect();
    columns.push(SOURCE);
    let mut rows: Vec<Vec<String>> = lines.iter().map(|line| cells(&line.measured)).collect();
    if let Some(by) = args.by {
        columns.insert(1, Column::essential(by.title(), Content::Word));
        for (row, line) in rows.iter_mut().zip(lines) {
            let label = line.group.as_ref().map(|group| grouping::label(context, by, group));
            row.insert(1, label.unwrap_or_default());
        }
    }
    let trends = wanted_trends(context, &columns, &rows, args)?;
    if let Some(trends) = &trends {
        columns.push(trend_column(args.trend));
        for (row, line) in rows.iter_mut().zip(lines) {
            let values = trends.of.get(&*line.name().name);
            row.push(values.map_or_else(String::new, |values| sparkline(values)));
        }
    }
    let layout = table::show(&mut context.out, &columns, &rows, 0)?;
    if let Some(trends) = trends {
        let width = span(trends.width_ns);
        let what = if args.trend == Trend::P99 { "the p99 of" } else { "the calls within" };
        context.out.line("")?;
        context.out.faint_paragraph(0, &format!("over time: each bar is {what} {width}"))?;
    }
    layout.note_hidden(&mut context.out)
}

/// A trend costs time, so it is asked for only if there will be room for it.
fn wanted_trends(
    context: &Context,
    columns: &[Column],
    rows: &[Vec<String>],
    args: &StatsArgs,
) -> Result<Option<Trends>, Failure> {
    if context.out.width().is_none() || args.by.is_some() || args.trend == Trend::None {
        return Ok(None);
    }
    let widest = |index: usize| rows.iter().map(|row| row[index].width()).max().unwrap_or(0);
    let mut widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    widths.push(TREND_WIDTH);
    let columns = [columns, &[trend_column(args.trend)]].concat();
    let layout = Layout::new(&columns, &widths, 0, context.out.width());
    if layout.hidden().contains(&trend_column(args.trend).title) {
        return Ok(None);
    }
    trends(context, args.trend)
}

const fn trend_column(trend: Trend) -> Column {
    let title = if matches!(trend, Trend::P99) { "p99 over time" } else { "calls over time" };
    Column::new(title, Content::Word, 26)
}

fn cells(measured: &Measured) -> Vec<String> {
    let cells = MEASURES.iter().map(|&(measure, _)| measured.cell(measure));
    cells.chain([measured.source()]).collect()
}

/// A function that was asked for by name: all its numbers, one a line.
fn show_one(context: &mut Context, line: &Line, args: &StatsArgs) -> Result<(), Failure> {
    let measured = &line.measured;
    let heading = context.out.subject(&measured.cell(Measure::Name));
    let heading = context.out.strong(&heading);
    let source = escape::escape(&line.name().source).into_owned();
    context.out.line(format!("{heading}  {source}").trim_end())?;
    for &(measure, column) in &MEASURES[1..] {
        context.out.line(format!("  {:<8}{:>12}", column.title, measured.cell(measure)))?;
    }
    let has_terminal = context.out.width().is_some() && args.trend != Trend::None;
    let trends = if has_terminal { trends(context, args.trend)? } else { None };
    let values = trends.as_ref().and_then(|trends| {
        Some((sparkline(trends.of.get(&*line.name().name)?), span(trends.width_ns)))
    });
    if let Some((bars, width)) = values {
        let text = context.out.faint(&format!("each bar {width}"));
        context.out.line(format!("  {}  {bars}  {text}", trend_column(args.trend).title))?;
    }
    let Some(id) = measured.stats.slowest else { return Ok(()) };
    let program = &context.database.program;
    let text = format!("  the slowest call: {program} fetch {}", lane_and_seq(id));
    context.out.line(context.out.faint(&text))
}

/// Says which calls are known by statistics only, and how exactly their times are.
fn note_expired(
    context: &mut Context,
    functions: &[&FunctionStats],
    is_exact: bool,
) -> Result<(), Failure> {
    let expired: u64 = functions.iter().map(|function| function.expired).sum();
    let coarsest = functions.iter().filter_map(|function| function.resolution).min();
    let Some(resolution) = coarsest else { return Ok(()) };
    let mut text = format!(
        "{} of these {} longer kept; {} whole {}s count",
        counted(expired, "call"),
        if expired == 1 { "is no" } else { "are no" },
        if expired == 1 { "for it" } else { "for them" },
        resolution.name(),
    );
    if is_exact {
        text.push_str("; percentiles are those of the others");
    }
    context.out.line("")?;
    context.out.faint_paragraph(0, &text)
}

/// The functions in which most time was spent, for the overview.
pub fn show_top(
    context: &mut Context,
    functions: &[FunctionStats],
    limit: usize,
) -> Result<(), Failure> {
    const SHOWN: [Measure; 6] =
        [Measure::Name, Measure::Count, Measure::Sum, Measure::Median, Measure::P99, Measure::Max];
    let mut top: Vec<Measured> = functions.iter().cloned().map(Measured::from).collect();
    measures::sort(&mut top, Measure::Sum, false, |measured| measured);
    top.truncate(limit);
    let columns = MEASURES.iter().filter(|(measure, _)| SHOWN.contains(measure));
    let columns: Vec<Column> = columns.map(|&(_, column)| column).chain([SOURCE]).collect();
    let rows = top.iter().map(|measured| {
        let cells = SHOWN.iter().map(|&measure| measured.cell(measure));
        cells.chain([measured.source()]).collect()
    });
    table::show(&mut context.out, &columns, &rows.collect::<Vec<_>>(), 2)?;
    Ok(())
}

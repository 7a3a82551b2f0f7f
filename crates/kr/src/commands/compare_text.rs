//! A comparison for people: in the terminal, and as Markdown for a pull request.

use std::fmt::Write;

use kronicler_compare::{Judged, Limits, Verdict};

use crate::comparison::{Compared, Comparison};
use crate::context::Context;
use crate::escape;
use crate::failure::Failure;
use crate::output::Output;
use crate::sides::Side;
use crate::table::{self, Column, Content};
use crate::units::{count, counted, duration, percent};

const COLUMNS: [Column; 9] = [
    Column::essential("verdict", Content::Word),
    Column::essential("name", Content::Name),
    Column::essential("metric", Content::Word),
    Column::new("A", Content::Number, 60),
    Column::new("B", Content::Number, 60),
    Column::essential("change", Content::Number),
    Column::new("interval", Content::Number, 50),
    Column::new("calls A", Content::Number, 10),
    Column::new("calls B", Content::Number, 10),
];

/// Names that are listed before the others are counted.
const NAME_COUNT_MAX: usize = 10;

/// Shows a comparison.
pub fn show(
    context: &mut Context,
    comparison: &Comparison,
    sides: &[Side; 2],
    limits: &Limits,
    with_all: bool,
) -> Result<(), Failure> {
    let out = &mut context.out;
    for (mark, side) in ["A", "B"].iter().zip(sides) {
        out.line(format!("{mark}  {}", escape::escape(&side.label)))?;
    }
    out.line("")?;
    let summary = summary(comparison);
    let has_regression = comparison.count(Verdict::Regression) > 0;
    out.line(if has_regression { out.alert(&summary) } else { out.strong(&summary) })?;
    let rows: Vec<Vec<String>> = lines(comparison, with_all)
        .map(|(one, judged)| {
            let mut cells = vec![judged.verdict.name().to_owned()];
            cells.push(escape::name(&one.b.name.name).into_owned());
            cells.extend(figures(judged));
            cells.extend([count(one.a.count), count(one.b.count)]);
            cells
        })
        .collect();
    if !rows.is_empty() {
        out.line("")?;
        let layout = table::show(out, &COLUMNS, &rows, 0)?;
        layout.note_hidden(out)?;
    }
    for remark in remarks(comparison, |name| escape::name(name).into_owned()) {
        out.line("")?;
        out.paragraph(0, &remark)?;
    }
    out.line("")?;
    out.faint_paragraph(0, &terms(limits))
}

/// Writes a comparison as Markdown.
pub fn markdown(
    out: &mut Output,
    comparison: &Comparison,
    sides: &[Side; 2],
    limits: &Limits,
) -> Result<(), Failure> {
    out.line(format!("### {}", summary(comparison)))?;
    out.line("")?;
    let [a, b] = sides.each_ref().map(|side| code(&side.label));
    out.line(format!("{a} compared with {b}"))?;
    let mut lines = lines(comparison, false).peekable();
    if lines.peek().is_some() {
        out.line("")?;
        out.line("| verdict | function | metric | before | after | change | interval |")?;
        out.line("|---|---|---|--:|--:|--:|---|")?;
    }
    for (one, judged) in lines {
        let mark =
            if judged.verdict == Verdict::Regression { "**regression**" } else { "improvement" };
        let cells = figures(judged).join(" | ");
        out.line(format!("| {mark} | {} | {cells} |", code(&one.b.name.name)))?;
    }
    for remark in remarks(comparison, code) {
        out.line("")?;
        out.line(remark)?;
    }
    out.line("")?;
    out.line(format!("<sub>{}</sub>", terms(limits)))
}

/// Metrics that differ, or of which it is to be shown that they do not.
fn lines(comparison: &Comparison, with_all: bool) -> impl Iterator<Item = (&Compared, &Judged)> {
    comparison.functions.iter().flat_map(move |one| {
        let metrics = one.judged.metrics.iter().filter(move |judged| {
            let is_found = matches!(judged.verdict, Verdict::Regression | Verdict::Improvement);
            judged.counts && (is_found || with_all)
        });
        metrics.map(move |judged| (one, judged))
    })
}

/// Metric, both values, change and interval.
fn figures(judged: &Judged) -> [String; 5] {
    let [a, b] = judged.values_ns.map(duration);
    let interval = judged.change_interval.map_or_else(String::new, |[low, high]| {
        format!("{} to {}", signed_percent(low), signed_percent(high))
    });
    [judged.metric.name().to_owned(), a, b, signed_percent(judged.change), interval]
}

fn summary(comparison: &Comparison) -> String {
    let of = |verdict| comparison.count(verdict);
    format!(
        "{}, {}, {} without a difference, {} without enough data",
        counted(of(Verdict::Regression), "regression"),
        counted(of(Verdict::Improvement), "improvement"),
        count(of(Verdict::NoDifference)),
        count(of(Verdict::NotEnoughData)),
    )
}

/// What else there is to say: failures, new functions, vanished ones.
fn remarks(comparison: &Comparison, name: impl Fn(&str) -> String) -> Vec<String> {
    let mut remarks = Vec::new();
    for one in comparison.with_errors() {
        let Some(errors) = &one.judged.errors else { continue };
        let [a, b] = errors.shares.map(percent);
        let more = if errors.verdict == Verdict::Regression { "more" } else { "fewer" };
        remarks.push(format!("{more} calls of {} fail: {b}, before {a}", name(&one.b.name.name)));
    }
    let mut list = |title: &str, functions: &[kronicler_query::FunctionRows]| {
        if functions.is_empty() {
            return;
        }
        let names: Vec<String> =
            functions.iter().take(NAME_COUNT_MAX).map(|one| name(&one.name.name)).collect();
        let mut text = format!("{title}: {}", names.join(", "));
        if functions.len() > NAME_COUNT_MAX {
            let _ = write!(text, " and {} more", functions.len() - NAME_COUNT_MAX);
        }
        remarks.push(text);
    };
    list("only in A", &comparison.vanished);
    list("only in B", &comparison.new);
    remarks
}

fn terms(limits: &Limits) -> String {
    let metrics: Vec<&str> = limits.metrics.iter().map(|metric| metric.name()).collect();
    format!(
        "{} changed by at least {} and {}, with intervals of {} % confidence for all functions \
         together that do not hold zero",
        metrics.join(" or "),
        percent(limits.change_min),
        duration(limits.difference_ns_min),
        (limits.confidence * 10_000.0).round() / 100.0,
    )
}

fn signed_percent(share: f64) -> String {
    let sign = if share < 0.0 { "-" } else { "+" };
    let percent = share.abs() * 100.0;
    if percent < 9.95 { format!("{sign}{percent:.1} %") } else { format!("{sign}{percent:.0} %") }
}

/// A name that Markdown shows as it is: no character of it means anything there, nobody is
/// mentioned, and it stays in its cell.
fn code(name: &str) -> String {
    let mut text = String::from("<code>");
    for char in escape::name(name).chars() {
        if char.is_ascii_punctuation() && !".-/".contains(char) {
            let _ = write!(text, "&#{};", u32::from(char));
        } else {
            text.push(char);
        }
    }
    text.push_str("</code>");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_nothing_in_markdown() {
        // Promise: no name breaks a table, makes a link or mentions somebody.
        assert_eq!(code("Cart.add"), "<code>Cart.add</code>");
        assert_eq!(code("a|`b`"), "<code>a&#124;&#96;b&#96;</code>");
        assert_eq!(code("@x<b>"), "<code>&#64;x&#60;b&#62;</code>");
        assert_eq!(code("a\nb"), "<code>a&#92;u&#123;a&#125;b</code>");
    }

    #[test]
    fn changes_have_a_sign() {
        // Promise: a change is never shown without its direction.
        assert_eq!([0.142, -0.05, 0.0].map(signed_percent), ["+14 %", "-5.0 %", "+0.0 %"]);
    }
}

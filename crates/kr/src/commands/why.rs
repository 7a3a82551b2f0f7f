//! `kr why`: why one call took as long as it did, in amounts of its time.

use kronicler_query::{Among, Fetched, Filter, Part, StoredRow, Why, slowest, why};
use kronicler_store::RowId;
use unicode_width::UnicodeWidthStr;

use crate::bars::bar;
use crate::commands::fetch::explain;
use crate::commands::tree::caller_fields;
use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::next;
use crate::options::parse_row_id;
use crate::reasons;
use crate::record::{Record, object};
use crate::row_text::detail_value;
use crate::rows::lane_and_seq;
use crate::table::{self, Column, Content};
use crate::units::{count, duration_ns, percent};
use crate::when::iso;

/// Parts that are shown unless `--limit` says otherwise.
const LIMIT: usize = 8;
/// Characters of the longest bar.
const BAR_WIDTH: usize = 12;
/// Shares below are shown as such: their digits would say nothing.
const SHARE_LEAST: f64 = 0.000_5;

const COLUMNS: [Column; 6] = [
    Column::essential("where its time went", Content::Name),
    Column::new("calls", Content::Number, 3),
    Column::essential("time", Content::Number),
    Column::essential("share", Content::Number),
    Column::new("", Content::Word, 4),
    Column::new("source", Content::Word, 2),
];

/// Characters that a part takes besides its name, the calls and the source.
const NUMBERS_WIDTH: usize = 40;

const KEYS: [&str; 9] =
    ["kind", "name", "source", "of", "rows", "duration_ns", "share", "usual_ns", "one_in"];

/// What `kr why` takes.
#[derive(Debug, clap::Args)]
pub struct WhyArgs {
    /// The call, as a number or as `lane:seq` [default: the slowest that the options choose].
    #[arg(value_name = "ID", value_parser = parse_row_id)]
    pub id: Option<RowId>,
}

/// Explains a call.
pub fn run(context: &mut Context, args: &WhyArgs) -> Result<(), Failure> {
    let Some(id) = choose(context, args.id)? else {
        if context.format == Format::Text {
            return context.say_nothing("There are no calls");
        }
        let text = "there is no call to explain; try fewer options, or kr names";
        return Err(Failure::NoSuchRow(text.to_owned()));
    };
    let answer = context.database.ask(|snapshot| why(snapshot, id))?;
    let is_partial = answer.is_partial;
    let Fetched::Found(found) = context.take(answer) else {
        return Err(Failure::NoSuchRow(explain(&context.database.snapshot, id, 1)));
    };
    match context.format {
        Format::Text => show(context, &found, args.id.is_none()),
        Format::Json => context.document("why", is_partial, fields(&found)),
        Format::Csv => {
            let parts = found.parts.iter().map(|part| part_fields(part, &found));
            context.csv(&KEYS, &Vec::from_iter(parts))
        }
    }
}

/// The call that is asked about: the one that is given, else the slowest.
fn choose(context: &Context, id: Option<RowId>) -> Result<Option<RowId>, Failure> {
    if id.is_none() {
        let answer = context.database.ask(|snapshot| slowest(snapshot, &context.filter, 1))?;
        return Ok(answer.value.get(0).map(|row| row.id));
    }
    if context.filter != Filter::default() {
        let text = "a call is asked for by id and by something else; give its id alone, or options \
                    alone for the slowest call that they choose";
        return Err(Failure::Usage(text.to_owned()));
    }
    Ok(id)
}

fn show(context: &mut Context, why: &Why, is_chosen: bool) -> Result<(), Failure> {
    if is_chosen {
        let among = if context.filter == Filter::default() { "" } else { " of those that match" };
        let text = format!("The slowest call{among}, {}:", lane_and_seq(why.row.id));
        context.out.faint_paragraph(0, &text)?;
    }
    context.out.paragraph(0, &format!("{}.", reasons::verdict(why)))?;
    context.out.line("")?;
    show_parts(context, why)?;
    context.out.line("")?;
    for line in reasons::remarks(why, &context.times) {
        context.out.paragraph(2, &line)?;
    }
    let hints = hints(context, why);
    next::show(context, &hints)
}

fn show_parts(context: &mut Context, why: &Why) -> Result<(), Failure> {
    let shown = why.parts.len().min(context.limit.unwrap_or(LIMIT));
    let mut rows = Vec::new();
    for part in &why.parts[..shown] {
        let mut row = cells(part.duration_ns, part.rows, reasons::part_words(part, why), why);
        row[4] = bar(part.duration_ns, why.row.duration_ns, BAR_WIDTH);
        row[5] = part.name.as_ref().map_or_else(String::new, |name| source(&name.source));
        rows.push(row);
        for (depth, step) in part.path.iter().enumerate().skip(1) {
            let name =
                format!("{:indent$}{}", "", escape::name(&step.name.name), indent = depth * 2);
            let mut row = cells(step.duration_ns, step.rows, name, why);
            row[5] = source(&step.name.source);
            rows.push(row);
        }
    }
    let rest: u64 = why.parts[shown..].iter().map(|part| part.duration_ns).sum();
    if shown < why.parts.len() {
        let what = format!("{} more parts", count((why.parts.len() - shown) as u64));
        rows.push(cells(rest, 0, what, why));
    }
    let mut columns = COLUMNS;
    // Other columns go before a name is cut that there is room for.
    let widest = rows.iter().map(|row| row[0].width()).max().unwrap_or(0);
    if context.out.width().is_none_or(|width| widest + NUMBERS_WIDTH <= width) {
        columns[0].content = Content::Word;
    }
    let layout = table::show(&mut context.out, &columns, &rows, 2)?;
    layout.note_hidden(&mut context.out)
}

fn source(source: &str) -> String {
    escape::escape(source).into_owned()
}

fn cells(ns: u64, rows: u64, what: String, why: &Why) -> Vec<String> {
    let share = share(ns, why);
    vec![
        what,
        if rows == 0 { String::new() } else { count(rows) },
        duration_ns(ns),
        if ns > 0 && share < SHARE_LEAST { "< 0.1 %".to_owned() } else { percent(share) },
        String::new(),
        String::new(),
    ]
}

fn hints(context: &Context, why: &Why) -> Vec<next::Hint> {
    let id = lane_and_seq(why.row.id);
    let tree = format!("{} tree {id}", context.database.program);
    let mut hints = vec![(tree, "who made it, and what it called".to_owned())];
    let name = &*why.row.name.name;
    let slow = next::about(context, "slow --name", name);
    hints.extend(slow.map(|command| (command, "its function's slowest calls".to_owned())));
    let reason = why.parts.get(why.reason).and_then(|part| part.path.last());
    let about = reason.map_or(name, |step| &*step.name.name);
    let stats = next::about(context, "stats", about);
    let what = if about == name { "all its numbers" } else { "all numbers of the reason" };
    hints.extend(stats.map(|command| (command, what.to_owned())));
    hints
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn share(ns: u64, why: &Why) -> f64 {
    ns as f64 / why.row.duration_ns.max(1) as f64
}

fn part_fields(part: &Part, why: &Why) -> Record {
    let name = part.name.as_ref();
    vec![
        ("kind", part.kind.name().into()),
        ("name", name.map(|name| &*name.name).into()),
        ("source", name.map(|name| &*name.source).into()),
        ("of", part.of.as_ref().map(|name| &*name.name).into()),
        ("rows", part.rows.into()),
        ("duration_ns", part.duration_ns.into()),
        ("share", share(part.duration_ns, why).into()),
        ("usual_ns", part.usual_ns.into()),
        ("one_in", part.weight_max.into()),
    ]
}

fn fields(why: &Why) -> Record {
    let parts = why.parts.iter().map(|part| {
        let path = part.path.iter().map(|step| -> Record {
            vec![
                ("name", (*step.name.name).into()),
                ("source", (*step.name.source).into()),
                ("kind", step.kind.name().into()),
                ("rows", step.rows.into()),
                ("duration_ns", step.duration_ns.into()),
            ]
        });
        let mut record = part_fields(part, why);
        record.push(("path", array(path.collect())));
        record
    });
    let others = &why.standing.others;
    let flight = &why.in_flight;
    vec![
        ("call", object(call_fields(&why.row))),
        ("verdict", reasons::verdict(why).into()),
        ("reason", why.reason.into()),
        ("parts", array(parts.collect())),
        ("of_all", object(among_fields(&why.standing.of_all))),
        ("of_minute", object(among_fields(&why.standing.of_minute))),
        ("other_functions", others.function_count.into()),
        ("other_functions_slowed", others.slowed_count.into()),
        ("other_functions_ratio", others.ratio.into()),
        ("in_flight", flight.at_start.into()),
        ("in_flight_mean", flight.mean.into()),
        ("in_flight_usual", flight.usual.into()),
        ("callers", array(why.callers.iter().map(caller_fields).collect())),
        ("detail", detail_value(why.row.detail.as_deref())),
        ("cut", why.is_cut.into()),
        ("uncounted", why.uncounted.into()),
    ]
}

fn among_fields(among: &Among) -> Record {
    vec![
        ("count", among.count.into()),
        ("median_ns", among.median_ns.into()),
        ("faster_count", among.faster_count.into()),
        ("slowest", among.is_slowest.into()),
    ]
}

fn call_fields(row: &StoredRow) -> Record {
    vec![
        ("id", row.id.number().into()),
        ("lane", row.id.lane().into()),
        ("seq", row.id.seq().into()),
        ("name", (*row.name.name).into()),
        ("source", (*row.name.source).into()),
        ("start", iso(row.start_ns()).into()),
        ("start_ns", row.start_ns().to_string().into()),
        ("end_ns", row.end_ns.to_string().into()),
        ("duration_ns", row.duration_ns.into()),
        ("outcome", row.outcome.name().into()),
        ("kind", row.kind.name().into()),
        ("thread", row.thread.into()),
        ("weight", row.weight.into()),
    ]
}

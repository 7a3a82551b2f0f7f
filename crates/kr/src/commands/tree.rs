//! `kr tree`: what was called by what, self time against total.

use std::num::NonZeroU32;

use kronicler_format::Kind;
use kronicler_query::{CallNode, CallTree, CallerRow, Fetched, Filter, Why, call_tree, why};
use kronicler_store::RowId;
use serde_json::Value;

use crate::commands::fetch::{explain, total};
use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::options::parse_row_id;
use crate::progress::{Progress, Unit};
use crate::record::{Record, sum_ns};
use crate::rows::lane_and_seq;
use crate::table::{self, Column, Content};
use crate::units::{count, counted, duration, duration_ns, percent};

/// Lines that are shown unless `--limit` says otherwise.
const LIMIT: usize = 40;
/// Share of all time in percent below which no line is shown unless `--min-share` says otherwise.
const MIN_SHARE_PERCENT: f64 = 0.1;
/// Spaces by which a callee stands to the right of its caller.
const INDENT: usize = 2;

const COLUMNS: [Column; 7] = [
    Column::essential("call", Content::Name),
    Column::new("calls", Content::Number, 6),
    Column::essential("total", Content::Number),
    Column::essential("self", Content::Number),
    Column::new("share", Content::Number, 5),
    Column::new("kind", Content::Word, 3),
    Column::new("source", Content::Source, 4),
];

const KEYS: [&str; 10] =
    ["index", "caller", "depth", "name", "source", "kind", "rows", "total_ns", "self_ns", "share"];

/// What `kr tree` takes.
#[derive(Debug, clap::Args)]
pub struct TreeArgs {
    /// One call, as a number or as `lane:seq`: who made it, and what it called.
    #[arg(value_name = "ID", value_parser = parse_row_id)]
    pub id: Option<RowId>,

    /// Only so many levels; 1 shows the calls at the top alone.
    #[arg(long, value_name = "LEVELS")]
    pub depth: Option<NonZeroU32>,

    /// Only what took at least this share of all time, in percent [default: 0.1 in text, else 0].
    #[arg(long, value_name = "PERCENT", value_parser = parse_percent)]
    pub min_share: Option<f64>,
}

/// What is shown.
struct Tree {
    nodes: Vec<CallNode>,
    total_ns: u128,
    /// Lines before the nodes: who made the call, the first caller first.
    callers: Vec<CallerRow>,
    /// Further keys of the document.
    fields: Record,
    /// What is to be said below.
    notes: Vec<String>,
}

/// Shows the tree.
pub fn run(context: &mut Context, args: &TreeArgs) -> Result<(), Failure> {
    let (tree, is_partial) = match args.id {
        Some(id) => of_call(context, id)?,
        None => of_all(context)?,
    };
    let is_text = context.format == Format::Text;
    let least = args.min_share.unwrap_or(if is_text { MIN_SHARE_PERCENT } else { 0.0 });
    let limit = context.limit.unwrap_or(if is_text { LIMIT } else { usize::MAX });
    let depth = args.depth.map_or(u32::MAX, u32::from);
    let chosen = tree.nodes.iter().enumerate().filter(|(_, node)| {
        node.depth < depth && share(node.total_ns, tree.total_ns) * 100.0 >= least
    });
    let shown: Vec<(usize, &CallNode)> = chosen.take(limit).collect();
    let records = || shown.iter().map(|(index, node)| fields(*index, node, &tree)).collect();
    match context.format {
        Format::Text if tree.nodes.is_empty() => context.say_nothing("There are no calls"),
        Format::Text => show(context, &tree, &shown),
        Format::Csv => context.csv(&KEYS, &Vec::<Record>::from_iter(records())),
        Format::Json => {
            let nodes = ("nodes", array(records()));
            let fields = tree.fields.iter().cloned().chain([nodes]).collect();
            context.document("tree", is_partial, fields)
        }
    }
}

/// The tree of all calls that the options choose.
fn of_all(context: &Context) -> Result<(Tree, bool), Failure> {
    let progress = Progress::new("reading", Unit::Count("rows"), total(context));
    let answer = context
        .database
        .ask(|snapshot| call_tree(snapshot, &context.filter, |row_count| progress.add(row_count)));
    drop(progress);
    let answer = answer?;
    let is_partial = answer.is_partial;
    let CallTree { nodes, rows, total_ns, folded_rows, sampled } = context.take(answer);
    let mut notes = Vec::new();
    if folded_rows > 0 {
        let calls = counted(folded_rows, "call");
        notes.push(format!("{calls} so deep down that they count as their callers' own time"));
    }
    for (name, one_in) in &sampled {
        let (name, one_in) = (escape::name(&name.name), count(u64::from(*one_in)));
        notes.push(format!(
            "of {name} 1 call in {one_in} is recorded; the others are its callers' own time"
        ));
    }
    let sampled = sampled.iter().map(|(name, one_in)| -> Record {
        vec![("name", (*name.name).into()), ("one_in", (*one_in).into())]
    });
    let fields = vec![
        ("rows", rows.into()),
        ("total_ns", sum_ns(total_ns)),
        ("folded_rows", folded_rows.into()),
        ("sampled", array(sampled.collect())),
    ];
    Ok((Tree { nodes, total_ns, callers: Vec::new(), fields, notes }, is_partial))
}

/// The tree of one call.
fn of_call(context: &Context, id: RowId) -> Result<(Tree, bool), Failure> {
    if context.filter != Filter::default() {
        let text = "a call is asked for by id and by something else; give its id alone, or options \
                    alone for the tree of all calls that they choose";
        return Err(Failure::Usage(text.to_owned()));
    }
    let answer = context.database.ask(|snapshot| why(snapshot, id))?;
    let is_partial = answer.is_partial;
    let Fetched::Found(found) = context.take(answer) else {
        return Err(Failure::NoSuchRow(explain(&context.database.snapshot, id, 1)));
    };
    let Why { row, tree: nodes, callers, is_on_stack, .. } = found;
    let callers: Vec<CallerRow> = callers.into_iter().rev().collect();
    let fields = vec![
        ("id", row.id.number().into()),
        ("lane", row.id.lane().into()),
        ("seq", row.id.seq().into()),
        ("total_ns", row.duration_ns.into()),
        ("callers", array(callers.iter().map(caller_fields).collect())),
    ];
    let mut notes = Vec::new();
    if callers.iter().any(|caller| !caller.is_certain) {
        notes.push("? it contains the call below, and calls such functions".to_owned());
    }
    if !is_on_stack && nodes.len() > 1 {
        notes.push("its callees are those that such calls are seen to make".to_owned());
    }
    let total_ns = u128::from(row.duration_ns);
    Ok((Tree { nodes, total_ns, callers, fields, notes }, is_partial))
}

fn show(context: &mut Context, tree: &Tree, shown: &[(usize, &CallNode)]) -> Result<(), Failure> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (depth, caller) in tree.callers.iter().enumerate() {
        rows.push(caller_cells(depth, caller));
    }
    let offset = tree.callers.len();
    rows.extend(shown.iter().map(|(_, node)| cells(offset, node, tree.total_ns)));
    let layout = table::show(&mut context.out, &COLUMNS, &rows, 0)?;
    layout.note_hidden(&mut context.out)?;
    let mut notes = tree.notes.clone();
    let hidden = tree.nodes.len() - shown.len();
    if hidden > 0 {
        let lines = counted(hidden as u64, "line");
        let all = tree.nodes.len();
        notes.push(format!("{lines} of less time not shown; --min-share 0 -n {all} shows all"));
    }
    if !notes.is_empty() {
        context.out.line("")?;
    }
    notes.iter().try_for_each(|note| context.out.faint_paragraph(0, note))
}

fn caller_cells(depth: usize, caller: &CallerRow) -> Vec<String> {
    let (name, indent) = (escape::name(&caller.name.name), depth * INDENT);
    let doubt = if caller.is_certain { "" } else { "?" };
    vec![
        format!("{:indent$}{name}{doubt}  {}", "", lane_and_seq(caller.id)),
        String::new(),
        duration_ns(caller.duration_ns),
        String::new(),
        String::new(),
        kind(caller.kind),
        escape::escape(&caller.name.source).into_owned(),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn cells(offset: usize, node: &CallNode, total_ns: u128) -> Vec<String> {
    let indent = (offset + node.depth as usize) * INDENT;
    vec![
        format!("{:indent$}{}", "", escape::name(&node.name.name)),
        count(node.rows),
        duration(node.total_ns as f64),
        duration(node.self_ns as f64),
        percent(share(node.total_ns, total_ns)),
        kind(node.kind),
        escape::escape(&node.name.source).into_owned(),
    ]
}

/// The kind of a call, where that is worth a word.
fn kind(kind: Kind) -> String {
    if kind == Kind::Sync { String::new() } else { kind.name().to_owned() }
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn share(ns: u128, total_ns: u128) -> f64 {
    if total_ns == 0 { 1.0 } else { ns as f64 / total_ns as f64 }
}

fn fields(index: usize, node: &CallNode, tree: &Tree) -> Record {
    vec![
        ("index", index.into()),
        ("caller", node.caller.map_or(Value::Null, Value::from)),
        ("depth", node.depth.into()),
        ("name", (*node.name.name).into()),
        ("source", (*node.name.source).into()),
        ("kind", node.kind.name().into()),
        ("rows", node.rows.into()),
        ("total_ns", sum_ns(node.total_ns)),
        ("self_ns", sum_ns(node.self_ns)),
        ("share", share(node.total_ns, tree.total_ns).into()),
    ]
}

/// A caller for programs.
pub fn caller_fields(caller: &CallerRow) -> Record {
    vec![
        ("id", caller.id.number().into()),
        ("lane", caller.id.lane().into()),
        ("seq", caller.id.seq().into()),
        ("name", (*caller.name.name).into()),
        ("source", (*caller.name.source).into()),
        ("kind", caller.kind.name().into()),
        ("duration_ns", caller.duration_ns.into()),
        ("certain", caller.is_certain.into()),
    ]
}

fn parse_percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse::<f64>();
    let percent = number.ok().filter(|percent| (0.0..=100.0).contains(percent));
    percent.ok_or_else(|| "write a percentage from 0 to 100: 0.5, 5%".to_owned())
}

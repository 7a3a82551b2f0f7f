//! `kr fetch`: all rows in the order of their ids, or those with these ids.

use std::sync::Arc;

use kronicler_query::{Filter, RowStream, fetch};
use kronicler_store::{RowId, Snapshot};

use crate::context::{Context, Format, note_partial};
use crate::failure::Failure;
use crate::options::{Selector, parse_selector};
use crate::progress::{Progress, Unit};
use crate::rows::{RowView, lane_and_seq};
use crate::units::counted;

/// Rows that are held at once while all are printed.
const BATCH_ROW_COUNT: usize = 8_192;

/// What `kr fetch` takes.
#[derive(Debug, clap::Args)]
pub struct FetchArgs {
    /// `all`, or ids as a number or as `lane:seq`.
    #[arg(value_name = "all|ID", value_parser = parse_selector)]
    pub rows: Vec<Selector>,
}

/// Prints the rows that were selected; none selected means all.
pub fn run(context: &mut Context, selectors: &[Selector]) -> Result<(), Failure> {
    let ids: Vec<RowId> = selectors
        .iter()
        .filter_map(|selector| match selector {
            Selector::Row(id) => Some(*id),
            Selector::All => None,
        })
        .collect();
    if ids.is_empty() {
        return print_all(context);
    }
    if ids.len() < selectors.len() || context.filter != Filter::default() {
        let text = "rows are asked for by id and by something else; give ids, or all with filters";
        return Err(Failure::Usage(text.to_owned()));
    }
    print_some(context, &ids)
}

fn print_all(context: &mut Context) -> Result<(), Failure> {
    let mut view = RowView::new(context);
    let mut left = context.limit.unwrap_or(usize::MAX);
    let is_limited = left < usize::MAX;
    let reader = Arc::clone(&context.database.reader);
    let mut stream = RowStream::new(context.database.snapshot.clone(), context.filter.clone())
        .with_source(move || reader.snapshot().ok())
        .with_details();
    let mut has_rows = false;
    let progress = Progress::beside_output("reading", Unit::Count("rows"), total(context));
    while left > 0 {
        let want = if is_limited { left.min(BATCH_ROW_COUNT) } else { BATCH_ROW_COUNT };
        let Some(batch) = stream.next_batch(want)? else { break };
        view.show(context, &batch, left)?;
        left = left.saturating_sub(batch.len());
        has_rows |= !batch.is_empty();
        progress.add(batch.len() as u64);
    }
    drop(progress);
    if !has_rows && context.format == Format::Text {
        context.say_nothing("There are no calls")?;
    } else if !has_rows {
        // CSV has its header even without rows.
        view.begin(context)?;
    }
    note_partial(stream.is_partial());
    view.end(context)
}

/// How many rows there will be, where that is known.
pub fn total(context: &Context) -> Option<u64> {
    if context.filter != Filter::default() {
        return None;
    }
    let lanes = context.database.snapshot.lanes.iter();
    let all: u64 = lanes.map(|view| view.state.live() + view.pending.len() as u64).sum();
    Some(context.limit.map_or(all, |limit| all.min(limit as u64)))
}

fn print_some(context: &mut Context, ids: &[RowId]) -> Result<(), Failure> {
    let (mut rows, mut missing) = (Vec::new(), Vec::new());
    for &id in ids {
        let answer = context.database.ask(|snapshot| fetch(snapshot, id))?;
        match answer.value.found() {
            Some(row) => rows.push(row),
            None => missing.push(id),
        }
    }
    let mut view = RowView::new(context);
    view.show_rows(context, &rows)?;
    view.end(context)?;
    context.out.flush()?;
    let Some(&first) = missing.first() else { return Ok(()) };
    Err(Failure::NoSuchRow(explain(&context.database.snapshot, first, missing.len())))
}

/// Says which rows there are instead of the one that is missing.
pub fn explain(snapshot: &Snapshot, id: RowId, missing: usize) -> String {
    let others = match missing {
        1 => String::new(),
        _ => format!(" (nor {} of the others)", missing - 1),
    };
    let fact = format!("there is no row {}{others}", lane_and_seq(id));
    let Some(view) = snapshot.lane(id.lane()) else {
        let lanes: Vec<String> =
            snapshot.lanes.iter().map(|view| view.lane().to_string()).collect();
        return format!("{fact}; there are the lanes {}", lanes.join(", "));
    };
    let (first, end) = (view.state.floor_seq, view.end_seq());
    if id.seq() < first {
        let days = "its statistics are still in kr stats --since 400d";
        return format!("{fact}: it has expired; {days}");
    }
    if (first..end).contains(&id.seq()) {
        return format!("{fact}: it is damaged; see kr health");
    }
    match end.checked_sub(1).filter(|&last| last >= first) {
        Some(last) => format!(
            "{fact}; lane {} has {}, {} to {}",
            view.lane(),
            counted(end - first, "row"),
            lane_and_seq(RowId::new(view.lane(), first)),
            lane_and_seq(RowId::new(view.lane(), last)),
        ),
        None => format!("{fact}; lane {} has no rows yet", view.lane()),
    }
}

//! `kr health`: what became of every call that was seen.
//!
//! `seen = stored + skipped + dropped + lost`, and `stored = rows + quarantined`. Calls that a
//! process took with it when it was killed cannot be counted: of them it is said how many there
//! were at most.

use kronicler_query::Filter;
use kronicler_store::{LaneState, LaneView, Snapshot};
use serde_json::Value;

use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::record::Record;
use crate::table::{self, Column, Content};
use crate::units::{count, counted, size};
use crate::when::iso;

const COLUMNS: [Column; 9] = [
    Column::essential("lane", Content::Number),
    Column::essential("state", Content::Word),
    Column::essential("rows", Content::Number),
    Column::new("expired", Content::Number, 6),
    Column::new("quarantined", Content::Number, 5),
    Column::new("skipped", Content::Number, 4),
    Column::new("dropped", Content::Number, 6),
    Column::new("lost", Content::Number, 7),
    Column::new("size", Content::Number, 3),
];

const KEYS: [&str; 24] = [
    "lane",
    "closed",
    "seen",
    "stored",
    "rows",
    "expired",
    "quarantined",
    "skipped",
    "dropped",
    "lost",
    "lost_at_most",
    "dropped_ring",
    "dropped_thread",
    "dropped_store",
    "dropped_closed",
    "details_dropped",
    "damaged_bytes",
    "size_bytes",
    "segments",
    "history_bytes",
    "runs",
    "last_pid",
    "last_start",
    "last_end",
];

/// What became of the calls of a lane, or of all.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    stored: u64,
    expired: u64,
    quarantined: u64,
    skipped: u64,
    dropped: u64,
    lost: u64,
    lost_at_most: u64,
    size_bytes: u64,
}

impl Account {
    fn of(view: &LaneView) -> Self {
        let (state, counters) = (&view.state, &view.state.counters);
        Self {
            stored: state.stored() + view.pending.len() as u64,
            expired: state.floor_seq,
            quarantined: state.quarantined(),
            skipped: counters.skipped_every,
            dropped: counters.dropped(),
            lost: counters.lost_clock,
            lost_at_most: counters.lost_at_most,
            size_bytes: state.offset + segment_bytes(state),
        }
    }

    const fn rows(&self) -> u64 {
        self.stored.saturating_sub(self.quarantined + self.expired)
    }

    /// Calls that were seen, without those that may have been lost.
    const fn seen(&self) -> u64 {
        self.stored + self.skipped + self.dropped + self.lost
    }

    const fn add(&mut self, other: &Self) {
        self.stored += other.stored;
        self.expired += other.expired;
        self.quarantined += other.quarantined;
        self.skipped += other.skipped;
        self.dropped += other.dropped;
        self.lost += other.lost;
        self.lost_at_most += other.lost_at_most;
        self.size_bytes += other.size_bytes;
    }
}

fn segment_bytes(state: &LaneState) -> u64 {
    state.segments.iter().map(|entry| entry.size_bytes).sum()
}

/// Shows the account of each lane and of all.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    if context.filter != Filter::default() || context.limit.is_some() {
        let text = "health is about all calls; leave out the options that choose some";
        return Err(Failure::Usage(text.to_owned()));
    }
    let snapshot = context.database.snapshot.clone();
    let mut total = Account::default();
    for view in &snapshot.lanes {
        total.add(&Account::of(view));
    }
    match context.format {
        Format::Text => show(context, &snapshot, &total),
        Format::Csv => {
            let records: Vec<Record> = snapshot.lanes.iter().map(fields).collect();
            context.csv(&KEYS, &records)
        }
        Format::Json => {
            let lanes = snapshot.lanes.iter().map(fields).collect();
            let mut document = account_fields(&total);
            document.push(("unreadable_heads", snapshot.unreadable_heads.into()));
            document.push(("paused_since", snapshot.paused_ns.map(iso).into()));
            document.push(("cleared_lanes", snapshot.cleared_lanes.clone().into()));
            document.push(("lanes", array(lanes)));
            context.document("health", snapshot.is_partial(), document)
        }
    }
}

fn show(context: &mut Context, snapshot: &Snapshot, total: &Account) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    context.out.line("")?;
    let mut rows: Vec<Vec<String>> = snapshot.lanes.iter().map(cells).collect();
    if rows.len() > 1 {
        rows.push(account_cells("all".to_owned(), String::new(), total));
    }
    let layout = table::show(&mut context.out, &COLUMNS, &rows, 2)?;
    layout.note_hidden(&mut context.out)?;
    context.out.line("")?;
    let identity = format!(
        "seen {} = stored {} + skipped {} + dropped {} + lost {}",
        count(total.seen()),
        count(total.stored),
        count(total.skipped),
        count(total.dropped),
        count(total.lost),
    );
    context.out.paragraph(2, &identity)?;
    context.out.line("")?;
    show_remarks(context, snapshot)
}

fn show_remarks(context: &mut Context, snapshot: &Snapshot) -> Result<(), Failure> {
    let mut is_well = snapshot.unreadable_heads == 0;
    if let Some(since_ns) = snapshot.paused_ns {
        let (since, program) = (context.times.second(since_ns), &context.database.program);
        let text = format!("captures are paused since {since}; {program} resume lets them go on");
        context.out.paragraph(2, &text)?;
    }
    if !snapshot.cleared_lanes.is_empty() {
        let lanes = counted(snapshot.cleared_lanes.len() as u64, "lane");
        let text = format!("{lanes} cleared, whose files go with the next call of their process");
        context.out.paragraph(2, &text)?;
    }
    if !is_well {
        let heads = counted(snapshot.unreadable_heads.into(), "log");
        let text = format!("{heads} cannot be read at all; keep the files, rows may be in them");
        context.out.line(format!("  {}", context.out.alert(&text)))?;
    }
    for view in &snapshot.lanes {
        for problem in problems(view) {
            is_well = false;
            context.out.paragraph(2, &format!("lane {}: {problem}", view.lane()))?;
        }
        if !view.state.is_closed {
            let text = format!("lane {}: {}", view.lane(), open_words(context, view));
            context.out.paragraph(2, &text)?;
        }
    }
    if is_well {
        context.out.line("  Nothing was dropped, lost or damaged.")?;
    }
    Ok(())
}

/// What went wrong in a lane, each in words.
fn problems(view: &LaneView) -> Vec<String> {
    let (counters, damage) = (&view.state.counters, &view.state.damage);
    let calls = |value| counted(value, "call");
    let causes = [
        (
            counters.dropped_ring,
            format!(
                "{} dropped because the ring was full: more calls came than could be taken away",
                calls(counters.dropped_ring)
            ),
        ),
        (
            counters.dropped_thread,
            format!(
                "{} dropped because there were too many threads",
                calls(counters.dropped_thread)
            ),
        ),
        (
            counters.dropped_store,
            format!(
                "{} dropped because the files could not be written; look at the disk",
                calls(counters.dropped_store)
            ),
        ),
        (
            counters.dropped_closed,
            format!(
                "{} dropped because they ended after the database was closed",
                calls(counters.dropped_closed)
            ),
        ),
        (
            counters.lost_clock,
            format!("{} lost because the clock jumped", calls(counters.lost_clock)),
        ),
        (
            counters.lost_at_most,
            format!(
                "at most {} lost with a process that did not end in order",
                calls(counters.lost_at_most)
            ),
        ),
        (
            view.state.quarantined(),
            format!(
                "{} set aside because bytes are damaged; keep a copy of the files",
                counted(view.state.quarantined(), "row")
            ),
        ),
        (
            damage.bytes,
            format!(
                "{} of the log hold nothing readable, as after a crash or a full disk",
                size(damage.bytes)
            ),
        ),
        (
            damage.tail_bytes,
            format!(
                "the last {} of the log cannot be read, rows may be in them; keep a copy of it",
                size(damage.tail_bytes)
            ),
        ),
    ];
    causes.into_iter().filter(|(value, _)| *value > 0).map(|(_, words)| words).collect()
}

/// What can be said of a lane that was not closed: readers take no locks, so not whether its
/// process is alive.
fn open_words(context: &Context, view: &LaneView) -> String {
    let writer = match view.state.runs.last() {
        Some(run) if run.service.is_empty() => format!("process {}", run.pid),
        Some(run) => format!("{} (process {})", escape::escape(&run.service), run.pid),
        None => return "nobody has written to it yet".to_owned(),
    };
    let last = last_end(view).map_or_else(
        || "no call came yet".to_owned(),
        |ns| format!("its last call ended {}", context.times.second(ns)),
    );
    format!("{writer} is still writing, or did not end in order; {last}")
}

fn last_end(view: &LaneView) -> Option<i64> {
    let unsealed = view.state.blocks().map(|block| block.max_end_ns);
    let sealed = view.state.segments.iter().map(|segment| segment.max_end_ns);
    unsealed.chain(sealed).max()
}

fn cells(view: &LaneView) -> Vec<String> {
    let state = if view.state.is_closed { "closed" } else { "open" };
    account_cells(view.lane().to_string(), state.to_owned(), &Account::of(view))
}

fn account_cells(lane: String, state: String, account: &Account) -> Vec<String> {
    let lost = match account.lost_at_most {
        0 => count(account.lost),
        more => format!("{} to {}", count(account.lost), count(account.lost + more)),
    };
    vec![
        lane,
        state,
        count(account.rows()),
        count(account.expired),
        count(account.quarantined),
        count(account.skipped),
        count(account.dropped),
        lost,
        size(account.size_bytes),
    ]
}

fn account_fields(account: &Account) -> Record {
    vec![
        ("seen", account.seen().into()),
        ("stored", account.stored.into()),
        ("rows", account.rows().into()),
        ("expired", account.expired.into()),
        ("quarantined", account.quarantined.into()),
        ("skipped", account.skipped.into()),
        ("dropped", account.dropped.into()),
        ("lost", account.lost.into()),
        ("lost_at_most", account.lost_at_most.into()),
    ]
}

fn fields(view: &LaneView) -> Record {
    let (state, counters) = (&view.state, &view.state.counters);
    let run = state.runs.last();
    let mut record: Record = vec![("lane", view.lane().into()), ("closed", state.is_closed.into())];
    record.extend(account_fields(&Account::of(view)));
    record.extend([
        ("dropped_ring", counters.dropped_ring.into()),
        ("dropped_thread", counters.dropped_thread.into()),
        ("dropped_store", counters.dropped_store.into()),
        ("dropped_closed", counters.dropped_closed.into()),
        ("details_dropped", counters.details_dropped.into()),
        ("damaged_bytes", (state.damage.bytes + state.damage.tail_bytes).into()),
        ("size_bytes", (state.offset + segment_bytes(state)).into()),
        ("segments", state.segments.len().into()),
        ("history_bytes", state.histories.iter().map(|entry| entry.size_bytes).sum::<u64>().into()),
        ("runs", state.runs.len().into()),
        ("last_pid", run.map(|run| run.pid).into()),
        ("last_start", run.map_or(Value::Null, |run| iso(run.start_ns).into())),
        ("last_end", last_end(view).map_or(Value::Null, |ns| iso(ns).into())),
    ]);
    record
}

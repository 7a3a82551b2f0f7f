//! `kr tail`: the calls that ended last, and with `-f` those that end from now on.

use std::mem;
use std::path::PathBuf;
use std::time::Duration;

use kronicler::DIR_NAME;
use kronicler_format::{Outcome, Row};
use kronicler_query::{Follower, StoredRow, newest, tell_details};
use kronicler_store::{LaneView, RowId, Snapshot};

use crate::context::{Context, Format, filter};
use crate::database::{self, Location};
use crate::failure::Failure;
use crate::options::Options;
use crate::pause::pause;
use crate::remarks::note;
use crate::rows::{RowView, check_held};
use crate::units::counted;
use crate::when::Times;

/// Rows that are shown first unless `--limit` says otherwise.
const LIMIT: usize = 10;
/// From one look to the next: writers append several times a second.
const STEP: Duration = Duration::from_millis(100);
/// Rows that are held before they are shown.
const BATCH_ROW_COUNT: usize = 8_192;

/// What `kr tail` takes.
#[derive(Debug, clap::Args)]
pub struct TailArgs {
    /// Go on with calls as they end, whatever the writers do with their files, until interrupted.
    #[arg(short, long)]
    pub follow: bool,
}

/// Waits for a database where one can appear, and says so once.
pub fn await_database(options: &Options) -> Result<(), Failure> {
    // What is wrong with the options is told now, not when it has appeared.
    filter(options, &Times::new(options.utc))?;
    let mut is_told = options.quiet;
    loop {
        let dir = match database::locate(options.dir.as_deref()) {
            Ok(Location { dir, .. }) => dir,
            // Where the service is going to run, none was made yet.
            Err(Failure::NoDatabase(_)) => PathBuf::from(DIR_NAME),
            Err(failure) => return Err(failure),
        };
        match database::open(&dir) {
            Err(Failure::NoDatabase(_)) if database::is_awaited(&dir) => {}
            opened => return opened.map(|_| ()),
        }
        if !mem::replace(&mut is_told, true) {
            note(&format!("there is no database in {} yet; waiting for one", dir.display()));
        }
        pause(STEP)?;
    }
}

/// Shows the last calls, the newest last, and follows.
pub fn run(context: &mut Context, args: &TailArgs) -> Result<(), Failure> {
    let limit = check_held(context.limit.unwrap_or(LIMIT), "tail")?;
    let answer = newest(&context.database.snapshot, &context.filter, limit)?;
    let mut rows: Vec<StoredRow> = context.take(answer).iter().collect();
    if rows.is_empty() && !args.follow && context.format == Format::Text {
        return context.say_nothing("There are no calls");
    }
    rows.reverse();
    tell_failures(context, &context.database.snapshot, &mut rows)?;
    let mut view = RowView::new(context).without_details();
    view.show_rows(context, &rows)?;
    if !args.follow {
        return view.end(context);
    }
    // The heading, at least, is there at once.
    view.begin(context)?;
    context.out.flush()?;
    follow(context, &mut view)
}

/// Reads for people what failed calls have thrown.
fn tell_failures(
    context: &Context,
    snapshot: &Snapshot,
    rows: &mut [StoredRow],
) -> Result<(), Failure> {
    if context.format == Format::Text {
        tell_details(snapshot, rows.iter_mut().filter(|row| row.outcome == Outcome::Error))?;
    }
    Ok(())
}

fn follow(context: &mut Context, view: &mut RowView) -> Result<(), Failure> {
    let mut follower = Follower::new(context.filter.clone());
    follower.skip(&context.database.snapshot);
    let mut was_partial = false;
    loop {
        pause(STEP)?;
        let snapshot = context.database.reader.snapshot()?;
        let (rows, failure) = (Vec::new(), None);
        let mut shown = Shown { context, view, snapshot: &snapshot, rows, failure };
        let answer = follower.look(&snapshot, |lane, seq, row| shown.take(lane, seq, row))?;
        shown.end()?;
        let arrivals = answer.value;
        if arrivals.is_cleared {
            note("the database was cleared; what comes now is shown");
        }
        if arrivals.missed > 0 {
            note(&format!(
                "{} expired before they could be shown; follow them more closely",
                counted(arrivals.missed, "call")
            ));
        }
        if answer.is_partial && !answer.is_stale && !was_partial {
            was_partial = true;
            crate::context::note_partial(true);
        }
    }
}

/// Shows rows in batches, until that fails.
struct Shown<'a> {
    context: &'a mut Context,
    view: &'a mut RowView,
    snapshot: &'a Snapshot,
    rows: Vec<StoredRow>,
    failure: Option<Failure>,
}

impl Shown<'_> {
    fn take(&mut self, lane: &LaneView, seq: u64, row: &Row) {
        let names = &lane.state.names;
        let Some(series) = names.series().get(row.series as usize) else { return };
        let Some(name) = names.names().get(series.name as usize) else { return };
        self.rows.push(StoredRow {
            id: RowId::new(lane.lane(), seq),
            name: name.clone(),
            end_ns: row.end_ns,
            duration_ns: row.duration_ns,
            outcome: series.flags.outcome(),
            kind: series.flags.kind(),
            thread: row.thread,
            weight: series.weight,
            detail: None,
        });
        if self.rows.len() >= BATCH_ROW_COUNT {
            self.show();
        }
    }

    fn show(&mut self) {
        let mut rows = mem::take(&mut self.rows);
        if self.failure.is_none() && !rows.is_empty() {
            let told = tell_failures(self.context, self.snapshot, &mut rows);
            let shown = told.and_then(|()| self.view.show_rows(self.context, &rows));
            self.failure = shown.and_then(|()| self.context.out.flush()).err();
        }
    }

    fn end(mut self) -> Result<(), Failure> {
        self.show();
        self.failure.map_or(Ok(()), Err)
    }
}

//! `kr clear`: forgets all calls, of all processes, from one moment on.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kronicler_store::{Clearing, Disk, LaneClearing, Storage};
use serde_json::Value;

use crate::context::{Context, Format, array, refuse_choice};
use crate::escape;
use crate::failure::Failure;
use crate::output::note;
use crate::pause::pause;
use crate::record::Record;
use crate::units::{count, counted};
use crate::when::now_ns;

/// How long processes are waited for: those that write look ten times a second, unless their disk
/// keeps them waiting.
const PATIENCE: Duration = Duration::from_secs(5);
/// Who has written nothing for so long is not waited for: he looks with his next call.
const QUIET_PATIENCE: Duration = Duration::from_millis(1_500);
const STEP: Duration = Duration::from_millis(20);

const KEYS: [&str; 5] = ["lane", "state", "rows", "service", "pid"];

/// What `kr clear` takes.
#[derive(Debug, clap::Args)]
pub struct ClearArgs {
    /// Do not ask whether that is meant.
    #[arg(short, long)]
    pub yes: bool,
}

/// Asks, clears, waits for the processes that write, and says what became of each lane.
pub fn run(context: &mut Context, args: &ClearArgs) -> Result<(), Failure> {
    refuse_choice(context, "clear")?;
    if !args.yes && !is_meant(context)? {
        return Err(Failure::Declined);
    }
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let mut clearing = Clearing::begin(&storage, &context.database.dir, now_ns())?;
    await_owners(&mut clearing)?;
    for lane in clearing.lanes() {
        if let Some(failure) = &lane.failure {
            note(&format!("lane {}: {failure}", lane.lane));
        }
    }
    let records = || clearing.lanes().iter().map(fields).collect::<Vec<Record>>();
    match context.format {
        Format::Text => show(context, clearing.lanes())?,
        Format::Csv => context.csv(&KEYS, &records())?,
        Format::Json => context.document("clear", false, vec![("lanes", array(records()))])?,
    }
    context.out.flush()?;
    let is_failed = clearing.lanes().iter().any(|lane| lane.failure.is_some());
    clearing.end(now_ns())?;
    if is_failed { Err(Failure::Unfinished) } else { Ok(()) }
}

/// Asks on the terminal. Without one nobody can mean it.
fn is_meant(context: &Context) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let text = "clear forgets all calls for good and there is no terminal to ask on; add --yes";
        return Err(Failure::Usage(text.to_owned()));
    }
    let lanes = &context.database.snapshot.lanes;
    let rows: u64 = lanes.iter().map(|view| view.state.live()).sum();
    let dir = context.database.dir.display().to_string();
    let mut err = io::stderr().lock();
    write!(
        err,
        "Forget {} in {} of {}, for good? [y/N] ",
        counted(rows, "row"),
        counted(lanes.len() as u64, "lane"),
        escape::escape(&dir)
    )
    .and_then(|()| err.flush())
    .map_err(Failure::Output)?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(Failure::Output)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Waits for owners, as long as one of them writes and has not looked yet.
fn await_owners(clearing: &mut Clearing) -> Result<(), Failure> {
    let start = Instant::now();
    let mut last_written = start;
    let mut sizes = Vec::new();
    while !clearing.step(now_ns())? {
        let pending = clearing.lanes().iter().filter(|lane| !lane.is_done);
        let now: Vec<_> = pending.map(|lane| lane.state().map(|state| state.offset)).collect();
        if now != sizes {
            last_written = Instant::now();
            sizes = now;
        }
        if last_written.elapsed() > QUIET_PATIENCE || start.elapsed() > PATIENCE {
            return Ok(());
        }
        // The clear itself has been: who reads no more of it gets his rest in peace.
        let _ = pause(STEP);
    }
    Ok(())
}

const fn word(lane: &LaneClearing) -> &'static str {
    if lane.failure.is_some() {
        "failed"
    } else if lane.is_done {
        "emptied"
    } else {
        "waiting"
    }
}

fn show(context: &mut Context, lanes: &[LaneClearing]) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    for lane in lanes {
        let rows = lane.state().map_or(0, kronicler_store::LaneState::live);
        let text = match word(lane) {
            "emptied" => format!("{} forgotten", counted(rows, "row")),
            "failed" => format!(
                "{} forgotten, but the files could not be removed, see above; the next process to \
                 take the lane does it",
                counted(rows, "row")
            ),
            _ => format!(
                "{} forgotten; {} has not looked yet, and removes the files with its next call",
                counted(rows, "row"),
                owner(lane)
            ),
        };
        context.out.paragraph(2, &format!("lane {}: {text}", lane.lane))?;
    }
    if lanes.len() > 1 {
        let rows: u64 = lanes.iter().filter_map(LaneClearing::state).map(|it| it.live()).sum();
        context.out.paragraph(2, &format!("all: {} rows forgotten", count(rows)))?;
    }
    Ok(())
}

fn owner(lane: &LaneClearing) -> String {
    match lane.state().and_then(|state| state.runs.last()) {
        Some(run) if run.service.is_empty() => format!("process {}", run.pid),
        Some(run) => format!("{} (process {})", escape::escape(&run.service), run.pid),
        None => "its process".to_owned(),
    }
}

fn fields(lane: &LaneClearing) -> Record {
    let run = lane.state().and_then(|state| state.runs.last());
    vec![
        ("lane", lane.lane.into()),
        ("state", word(lane).into()),
        ("rows", lane.state().map_or(Value::Null, |state| state.live().into())),
        ("service", run.map_or(Value::Null, |run| run.service.clone().into())),
        ("pid", run.map_or(Value::Null, |run| run.pid.into())),
    ]
}

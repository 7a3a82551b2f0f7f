//! `kr compact`: makes the lanes that nobody owns as small as they can be.
//!
//! The one command that writes. It takes a lane only when nobody has it, and waits for nobody.

use std::sync::Arc;

use kronicler_query::Filter;
use kronicler_store::{Compaction, MergePolicy, Storage, compact_lane, list_lanes};
use serde_json::Value;

use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::output::note;
use crate::progress::{Progress, Unit};
use crate::record::Record;
use crate::units::{count, counted, size};
use crate::watched::WatchedDisk;
use crate::when::now_ns;

/// Segments span a day of arrivals at most, a fourteenth of the age that rows have by default, so
/// that the oldest rows can still go a day at a time.
const POLICY: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: 86_400_000_000_000, is_eager: true };

const KEYS: [&str; 7] =
    ["lane", "state", "rows", "segments_before", "segments", "bytes_before", "bytes"];

/// What became of a lane.
enum Outcome {
    Done(Compaction),
    Owned,
    Unreadable,
    Failed,
}

impl Outcome {
    const fn word(&self) -> &'static str {
        match self {
            Self::Done(_) => "compacted",
            Self::Owned => "owned",
            Self::Unreadable => "unreadable",
            Self::Failed => "failed",
        }
    }
}

/// Compacts each lane that nobody owns and says what that has brought.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    if context.filter != Filter::default() || context.limit.is_some() {
        let text = "compact is about all calls; leave out the options that choose some";
        return Err(Failure::Usage(text.to_owned()));
    }
    let progress = Progress::new("compacting", Unit::Bytes, None);
    let storage: Arc<dyn Storage> = Arc::new(WatchedDisk::new(progress.counter()));
    let dir = context.database.dir.clone();
    let mut lanes = Vec::new();
    for lane in list_lanes(&*storage, &dir)? {
        let outcome = match compact_lane(&storage, &dir, lane, &POLICY, now_ns()) {
            Ok(Some(done)) => Outcome::Done(done),
            Ok(None) if context.database.snapshot.lane(lane.into()).is_some() => Outcome::Owned,
            Ok(None) => Outcome::Unreadable,
            Err(error) => {
                note(&format!("lane {lane}: {error}"));
                Outcome::Failed
            }
        };
        lanes.push((lane, outcome));
    }
    drop(progress);
    let records = || lanes.iter().map(fields).collect::<Vec<Record>>();
    match context.format {
        Format::Text => show(context, &lanes)?,
        Format::Csv => context.csv(&KEYS, &records())?,
        Format::Json => {
            let partial = context.database.snapshot.is_partial();
            context.document("compact", partial, vec![("lanes", array(records()))])?;
        }
    }
    context.out.flush()?;
    let is_failed = lanes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed));
    if is_failed { Err(Failure::Unfinished) } else { Ok(()) }
}

fn show(context: &mut Context, lanes: &[(u16, Outcome)]) -> Result<(), Failure> {
    let dir = context.database.dir.display().to_string();
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir)))?;
    for (lane, outcome) in lanes {
        let text = match outcome {
            Outcome::Done(done) => format!(
                "{} in {}, {} before; {}, {} before",
                counted(done.row_count, "row"),
                counted(done.segments_after, "segment"),
                count(done.segments_before),
                size(done.bytes_after),
                size(done.bytes_before)
            ),
            Outcome::Owned => {
                "left to the process that owns it, which does this by itself".to_owned()
            }
            Outcome::Unreadable => "nothing in it can be read; see kr verify".to_owned(),
            Outcome::Failed => "not done, see above; nothing is lost".to_owned(),
        };
        context.out.paragraph(2, &format!("lane {lane}: {text}"))?;
    }
    Ok(())
}

fn fields((lane, outcome): &(u16, Outcome)) -> Record {
    let number = |of: fn(&Compaction) -> u64| match outcome {
        Outcome::Done(done) => of(done).into(),
        _ => Value::Null,
    };
    vec![
        ("lane", (*lane).into()),
        ("state", outcome.word().into()),
        ("rows", number(|done| done.row_count)),
        ("segments_before", number(|done| done.segments_before)),
        ("segments", number(|done| done.segments_after)),
        ("bytes_before", number(|done| done.bytes_before)),
        ("bytes", number(|done| done.bytes_after)),
    ]
}

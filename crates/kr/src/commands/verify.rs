//! `kr verify`: recomputes everything from the files and tells what is wrong with them.

use std::path::Path;
use std::sync::Arc;

use kronicler_query::Filter;
use kronicler_store::{Finding, LaneReport, Report, Storage, verify};
use serde_json::Value;

use crate::context::{Context, Format, array};
use crate::escape;
use crate::failure::Failure;
use crate::progress::{Progress, Unit};
use crate::record::Record;
use crate::table::{self, Column, Content};
use crate::units::{count, counted, size};
use crate::watched::WatchedDisk;

const COLUMNS: [Column; 8] = [
    Column::essential("lane", Content::Number),
    Column::essential("state", Content::Word),
    Column::essential("rows", Content::Number),
    Column::new("sealed", Content::Number, 2),
    Column::new("expired", Content::Number, 5),
    Column::new("quarantined", Content::Number, 6),
    Column::new("segments", Content::Number, 3),
    Column::new("size", Content::Number, 4),
];

const KEYS: [&str; 5] = ["file", "offset", "fact", "remedy", "rows"];

/// Shows what the database holds and what is wrong with it; fails when anything is.
pub fn run(context: &mut Context) -> Result<(), Failure> {
    if context.filter != Filter::default() || context.limit.is_some() {
        let text = "verify is about all calls; leave out the options that choose some";
        return Err(Failure::Usage(text.to_owned()));
    }
    let dir = context.database.dir.clone();
    let size_bytes = context.database.size_bytes();
    let progress = Progress::new("verifying", Unit::Bytes, Some(size_bytes));
    let storage: Arc<dyn Storage> = Arc::new(WatchedDisk::new(progress.counter()));
    let report = verify(&storage, &dir)?;
    drop(progress);
    match context.format {
        Format::Text => show(context, &dir, &report)?,
        Format::Csv => {
            let records: Vec<Record> =
                report.findings.iter().map(|finding| finding_fields(&dir, finding)).collect();
            context.csv(&KEYS, &records)?;
        }
        Format::Json => {
            let mut document = account_fields(&total(&report));
            let lanes = report.lanes.iter().map(lane_fields).collect();
            document.push(("lanes", array(lanes)));
            let findings = report.findings.iter().map(|finding| finding_fields(&dir, finding));
            document.push(("findings", array(findings.collect())));
            context.document("verify", is_partial(&report), document)?;
        }
    }
    context.out.flush()?;
    if report.is_whole() { Ok(()) } else { Err(Failure::Damage) }
}

/// Whether answers lack something that was stored.
fn is_partial(report: &Report) -> bool {
    report.findings.iter().any(|finding| finding.row_count != Some(0))
}

fn total(report: &Report) -> LaneReport {
    let mut total = LaneReport::default();
    for lane in &report.lanes {
        total.stored += lane.stored;
        total.live += lane.live;
        total.sealed += lane.sealed;
        total.expired += lane.expired;
        total.quarantined += lane.quarantined;
        total.counters.merge(&lane.counters);
        total.segment_count += lane.segment_count;
        total.history_count += lane.history_count;
        total.head_bytes += lane.head_bytes;
        total.segment_bytes += lane.segment_bytes;
        total.history_bytes += lane.history_bytes;
        total.leftover_count += lane.leftover_count;
        total.torn_bytes += lane.torn_bytes;
    }
    total
}

fn show(context: &mut Context, dir: &Path, report: &Report) -> Result<(), Failure> {
    let title = context.out.strong("Kronicler database");
    context.out.line(format!("{title} {}", escape::escape(&dir.display().to_string())))?;
    context.out.line("")?;
    let cells_of = |lane: &LaneReport| {
        let state = match (lane.is_cleared, lane.is_closed) {
            (true, _) => "cleared",
            (_, true) => "closed",
            _ => "open",
        };
        cells(lane.lane.to_string(), state, lane)
    };
    let mut rows: Vec<Vec<String>> = report.lanes.iter().map(cells_of).collect();
    let total = total(report);
    if rows.len() > 1 {
        rows.push(cells("all".to_owned(), "", &total));
    }
    let layout = table::show(&mut context.out, &COLUMNS, &rows, 2)?;
    layout.note_hidden(&mut context.out)?;
    context.out.line("")?;
    for identity in identities(&total) {
        context.out.paragraph(2, &identity)?;
    }
    context.out.line("")?;
    for text in remarks(&total) {
        context.out.faint_paragraph(2, &text)?;
    }
    if report.is_whole() {
        return context.out.paragraph(2, "Nothing is wrong: all bytes were read.");
    }
    let heading = counted(report.findings.len() as u64, "finding");
    context.out.line(format!("  {}", context.out.alert(&heading)))?;
    for finding in &report.findings {
        let text = sentence(dir, finding);
        context.out.paragraph(4, &escape::escape(&text))?;
    }
    Ok(())
}

fn identities(total: &LaneReport) -> [String; 2] {
    let counters = &total.counters;
    let seen = format!(
        "seen {} = stored {} + skipped {} + dropped {} + lost {}",
        count(total.seen()),
        count(total.stored),
        count(counters.skipped_every),
        count(counters.dropped()),
        count(counters.lost_clock),
    );
    let stored = format!(
        "stored {} = rows {} + expired {} + quarantined {}",
        count(total.stored),
        count(total.live),
        count(total.expired),
        count(total.quarantined),
    );
    [seen, stored]
}

/// What is not wrong, but may be asked about.
fn remarks(total: &LaneReport) -> Vec<String> {
    let mut remarks = Vec::new();
    if total.torn_bytes > 0 {
        let bytes = size(total.torn_bytes);
        remarks.push(format!("A crash left {bytes} in the logs that hold nothing."));
    }
    if total.leftover_count > 0 {
        let files = counted(total.leftover_count, "file");
        remarks.push(format!(
            "{files} not in use: being made, no longer needed, or left behind by a crash."
        ));
    }
    remarks
}

/// A finding in one line, its file named from the directory of the database.
fn sentence(dir: &Path, finding: &Finding) -> String {
    let place = finding.offset.map_or_else(String::new, |offset| format!(", byte {offset}"));
    let rows = match finding.row_count {
        Some(0) => String::new(),
        Some(rows) => format!(" ({})", counted(rows, "row")),
        None => " (rows unknown)".to_owned(),
    };
    format!("{}{place}: {}{rows}; {}", name(dir, finding), finding.fact, finding.remedy)
}

fn name(dir: &Path, finding: &Finding) -> String {
    finding.path.strip_prefix(dir).unwrap_or(&finding.path).display().to_string()
}

fn cells(lane: String, state: &str, report: &LaneReport) -> Vec<String> {
    vec![
        lane,
        state.to_owned(),
        count(report.live),
        count(report.sealed),
        count(report.expired),
        count(report.quarantined),
        count(report.segment_count),
        size(report.size_bytes()),
    ]
}

fn account_fields(report: &LaneReport) -> Record {
    vec![
        ("seen", report.seen().into()),
        ("stored", report.stored.into()),
        ("rows", report.live.into()),
        ("expired", report.expired.into()),
        ("quarantined", report.quarantined.into()),
        ("skipped", report.counters.skipped_every.into()),
        ("dropped", report.counters.dropped().into()),
        ("lost", report.counters.lost_clock.into()),
        ("lost_at_most", report.counters.lost_at_most.into()),
        ("sealed", report.sealed.into()),
        ("segments", report.segment_count.into()),
        ("histories", report.history_count.into()),
        ("size_bytes", report.size_bytes().into()),
        ("torn_bytes", report.torn_bytes.into()),
        ("leftover_files", report.leftover_count.into()),
    ]
}

fn lane_fields(report: &LaneReport) -> Record {
    let mut record: Record =
        vec![("lane", report.lane.into()), ("closed", report.is_closed.into())];
    record.extend(account_fields(report));
    record
}

fn finding_fields(dir: &Path, finding: &Finding) -> Record {
    vec![
        ("file", name(dir, finding).into()),
        ("offset", finding.offset.map_or(Value::Null, Value::from)),
        ("fact", finding.fact.clone().into()),
        ("remedy", finding.remedy.into()),
        ("rows", finding.row_count.map_or(Value::Null, Value::from)),
    ]
}

//! Rows in each form of output, streamed.

use kronicler_query::{RowBatch, StoredRow};
use kronicler_store::{RowId, Snapshot};
use unicode_width::UnicodeWidthStr;

use crate::context::{Context, Format};
use crate::escape;
use crate::failure::Failure;
use crate::record::{Record, SCHEMA, csv_header, csv_line, json_text};
use crate::table::{Column, Content, Layout};
use crate::units;
use crate::when::iso;

const COLUMNS: [Column; 9] = [
    Column::new("id", Content::Number, 3),
    Column::essential("lane:seq", Content::Word),
    Column::new("start", Content::Word, 10),
    Column::essential("duration", Content::Number),
    Column::new("outcome", Content::Word, 5),
    Column::new("kind", Content::Word, 2),
    Column::new("thread", Content::Number, 1),
    Column::essential("name", Content::Name),
    Column::new("source", Content::Source, 4),
];

const KEYS: [&str; 13] = [
    "id",
    "lane",
    "seq",
    "name",
    "start",
    "start_ns",
    "end_ns",
    "duration_ns",
    "outcome",
    "kind",
    "thread",
    "source",
    "weight",
];

/// Characters of the widest duration (`12,345,678 s` is twenty weeks), outcome and kind.
const DURATION_WIDTH: usize = 8;
const OUTCOME_WIDTH: usize = 7;
const KIND_WIDTH: usize = 9;
const THREAD_WIDTH: usize = 6;

/// Shows rows batch by batch.
pub struct RowView {
    layout: Layout,
    has_header: bool,
}

impl RowView {
    /// A view of rows of the context's database.
    pub fn new(context: &Context) -> Self {
        let snapshot = &context.database.snapshot;
        let (name, source) = text_widths(snapshot);
        let last = last_ids(snapshot);
        let id = last.iter().map(|id| id.number().to_string().len()).max();
        let reference = last.iter().map(|&id| lane_and_seq(id).len()).max();
        let widths = [
            id.unwrap_or(0),
            reference.unwrap_or(0),
            context.times.width(),
            DURATION_WIDTH,
            OUTCOME_WIDTH,
            KIND_WIDTH,
            THREAD_WIDTH,
            name,
            source,
        ];
        let layout = Layout::new(&COLUMNS, &widths, 0, context.out.width());
        Self { layout, has_header: false }
    }

    /// Shows at most `count` rows of a batch.
    pub fn show(
        &mut self,
        context: &mut Context,
        batch: &RowBatch,
        count: usize,
    ) -> Result<(), Failure> {
        self.show_rows(context, batch.iter().take(count))
    }

    /// Shows rows.
    pub fn show_rows(
        &mut self,
        context: &mut Context,
        rows: impl Iterator<Item = StoredRow>,
    ) -> Result<(), Failure> {
        self.begin(context)?;
        for row in rows {
            match context.format {
                Format::Json => {
                    let mut record: Record = vec![("schema", SCHEMA.into())];
                    record.extend(fields(&row));
                    context.out.line(json_text(&record))?;
                }
                Format::Csv => context.out.line(csv_line(&fields(&row)))?,
                Format::Text => {
                    let cells = cells(context, &row);
                    self.layout.row(&mut context.out, &cells)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the rows: says which columns found no room.
    pub fn end(&self, context: &mut Context) -> Result<(), Failure> {
        if context.format == Format::Text && self.has_header {
            self.layout.note_hidden(&mut context.out)?;
        }
        Ok(())
    }

    fn begin(&mut self, context: &mut Context) -> Result<(), Failure> {
        if self.has_header {
            return Ok(());
        }
        self.has_header = true;
        match context.format {
            Format::Json => Ok(()),
            Format::Csv => context.out.line(csv_header(&KEYS)),
            Format::Text => self.layout.header(&mut context.out),
        }
    }
}

/// An id as `lane:seq`.
pub fn lane_and_seq(id: RowId) -> String {
    format!("{}:{}", id.lane(), id.seq())
}

fn cells(context: &Context, row: &StoredRow) -> [String; 9] {
    [
        row.id.number().to_string(),
        lane_and_seq(row.id),
        context.times.millisecond(row.start_ns()),
        units::duration_ns(row.duration_ns),
        row.outcome.name().to_owned(),
        row.kind.name().to_owned(),
        row.thread.to_string(),
        escape::name(&row.name.name).into_owned(),
        escape::escape(&row.name.source).into_owned(),
    ]
}

fn fields(row: &StoredRow) -> Record {
    vec![
        ("id", row.id.number().into()),
        ("lane", row.id.lane().into()),
        ("seq", row.id.seq().into()),
        ("name", (*row.name.name).into()),
        ("start", iso(row.start_ns()).into()),
        ("start_ns", row.start_ns().to_string().into()),
        ("end_ns", row.end_ns.to_string().into()),
        ("duration_ns", row.duration_ns.into()),
        ("outcome", row.outcome.name().into()),
        ("kind", row.kind.name().into()),
        ("thread", row.thread.into()),
        ("source", (*row.name.source).into()),
        ("weight", row.weight.into()),
    ]
}

/// Characters of the widest name and the widest source.
fn text_widths(snapshot: &Snapshot) -> (usize, usize) {
    let names = snapshot.lanes.iter().flat_map(|view| view.state.names.names());
    names.fold((0, 0), |(name, source), entry| {
        let widths = (escape::name(&entry.name).width(), escape::escape(&entry.source).width());
        (name.max(widths.0), source.max(widths.1))
    })
}

/// The last id of each lane.
fn last_ids(snapshot: &Snapshot) -> Vec<RowId> {
    let ids = snapshot.lanes.iter().map(|view| RowId::new(view.lane(), view.end_seq()));
    ids.collect()
}

//! Rows in each form of output, streamed.

use kronicler_format::{Detail, Outcome};
use kronicler_query::{RowBatch, StoredRow};
use kronicler_store::{RowId, Snapshot};
use unicode_width::UnicodeWidthStr;

use crate::context::{Context, Format};
use crate::escape;
use crate::failure::Failure;
use crate::row_text::{Form, RowText};
use crate::table::{Column, Content, Layout};
use crate::units;

const COLUMNS: [Column; 9] = [
    Column::new("id", Content::Number, 3),
    Column::essential("lane:seq", Content::Word),
    Column::new("start", Content::Word, 10),
    Column::essential("duration", Content::Number),
    Column::new("outcome", Content::Name, 5),
    Column::new("kind", Content::Word, 2),
    Column::new("thread", Content::Number, 1),
    Column::essential("name", Content::Name),
    Column::new("source", Content::Source, 4),
];

/// The place of the outcome among the columns.
const OUTCOME: usize = 4;

/// Characters of the widest duration (`12,345,678 s` is twenty weeks), outcome and kind.
const DURATION_WIDTH: usize = 8;
const OUTCOME_WIDTH: usize = 7;
/// Characters at most of an outcome with what was thrown, where room is scarce.
const THROWN_WIDTH_MAX: usize = 40;
const KIND_WIDTH: usize = 9;
const THREAD_WIDTH: usize = 6;

/// Rows at most that are held in memory to be put in order.
const HELD_ROW_COUNT_MAX: usize = 100_000;

/// A number of rows that are to be put in order, if there can be so many.
pub fn check_held(count: usize, command: &str) -> Result<usize, Failure> {
    if count <= HELD_ROW_COUNT_MAX {
        return Ok(count);
    }
    let text = format!(
        "kr {command} holds its rows in memory, {HELD_ROW_COUNT_MAX} at most; ask for fewer, or \
         let kr fetch stream them"
    );
    Err(Failure::Usage(text))
}

/// Shows rows batch by batch.
pub struct RowView {
    /// Characters of the widest cells.
    widths: [usize; COLUMNS.len()],
    layout: Layout,
    /// For programs.
    text: Option<RowText>,
    /// Only memory to write into.
    lines: Vec<u8>,
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
        let text = match context.format {
            Format::Json => Some(RowText::new(Form::Json)),
            Format::Csv => Some(RowText::new(Form::Csv)),
            Format::Text => None,
        };
        Self { widths, layout, text, lines: Vec::new(), has_header: false }
    }

    /// The same for rows whose details nobody has read.
    pub fn without_details(mut self) -> Self {
        self.text = self.text.map(RowText::without_details);
        self
    }

    /// Shows at most `count` rows of a batch.
    pub fn show(
        &mut self,
        context: &mut Context,
        batch: &RowBatch,
        count: usize,
    ) -> Result<(), Failure> {
        let count = count.min(batch.len());
        if self.text.is_none() {
            let details = (0..count).filter_map(|index| batch.detail(index));
            // The longest of the words.
            let told = details.map(|detail| outcome(Outcome::Aborted, Some(detail)));
            let widest = told.map(|told| told.width()).max();
            let mut widths = self.widths;
            widths[OUTCOME] = widths[OUTCOME].max(widest.unwrap_or(0));
            self.make_room(context, widths);
        }
        self.begin(context)?;
        if let Some(text) = &mut self.text {
            text.append(batch, 0..count, &mut self.lines);
            return self.write_lines(context);
        }
        for row in batch.iter().take(count) {
            let cells = cells(context, &row);
            self.layout.row(&mut context.out, &cells)?;
        }
        Ok(())
    }

    /// Shows rows, and makes room for names and lanes that were not there when the view was made.
    pub fn show_rows(&mut self, context: &mut Context, rows: &[StoredRow]) -> Result<(), Failure> {
        if self.text.is_none() {
            let mut widths = self.widths;
            for row in rows {
                for (width, cell) in widths.iter_mut().zip(cells(context, row)) {
                    *width = cell.width().max(*width);
                }
            }
            self.make_room(context, widths);
        }
        rows.iter().try_for_each(|row| self.show_row(context, row))
    }

    /// Lays the columns out anew when cells are wider than the ones before. Columns never become
    /// narrower, so that they seldom move.
    fn make_room(&mut self, context: &Context, mut widths: [usize; COLUMNS.len()]) {
        if context.out.width().is_some() {
            widths[OUTCOME] = widths[OUTCOME].min(THROWN_WIDTH_MAX);
        }
        if widths != self.widths {
            self.widths = widths;
            self.layout = Layout::new(&COLUMNS, &self.widths, 0, context.out.width());
        }
    }

    /// Shows a row.
    pub fn show_row(&mut self, context: &mut Context, row: &StoredRow) -> Result<(), Failure> {
        self.begin(context)?;
        match &mut self.text {
            Some(text) => {
                text.append_row(row, &mut self.lines);
                self.write_lines(context)
            }
            None => {
                let cells = cells(context, row);
                self.layout.row(&mut context.out, &cells)
            }
        }
    }

    fn write_lines(&mut self, context: &mut Context) -> Result<(), Failure> {
        let result = context.out.raw_lines(&self.lines);
        self.lines.clear();
        result
    }

    /// Ends the rows: says which columns found no room.
    pub fn end(&self, context: &mut Context) -> Result<(), Failure> {
        if context.format == Format::Text && self.has_header {
            self.layout.note_hidden(&mut context.out)?;
        }
        Ok(())
    }

    /// Writes what comes before the first row; CSV has a header even without rows.
    pub fn begin(&mut self, context: &mut Context) -> Result<(), Failure> {
        if self.has_header {
            return Ok(());
        }
        self.has_header = true;
        match &self.text {
            Some(text) => context.out.raw_lines(text.header().as_bytes()),
            None => self.layout.header(&mut context.out),
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
        outcome(row.outcome, row.detail.as_deref()),
        row.kind.name().to_owned(),
        row.thread.to_string(),
        escape::name(&row.name.name).into_owned(),
        escape::escape(&row.name.source).into_owned(),
    ]
}

/// How a call ended, with the class and the message of what it threw, as far as they are told.
fn outcome(outcome: Outcome, detail: Option<&Detail>) -> String {
    let word = outcome.name();
    let told = |part: fn(&Detail) -> &Option<String>| part(detail?).as_deref();
    let parts = [told(|detail| &detail.error), told(|detail| &detail.message)];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    let thrown = Vec::from_iter(parts).join(": ");
    match &*thrown {
        "" => word.to_owned(),
        thrown => format!("{word} {}", escape::escape(thrown)),
    }
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

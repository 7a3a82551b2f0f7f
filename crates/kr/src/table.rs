//! Tables: columns that are chosen to fit, then one line after the other, so that any number of
//! rows can be shown without holding them.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::charset::ellipsis;
use crate::failure::Failure;
use crate::fit::{ESSENTIAL, GAP, Need, fit};
use crate::output::Output;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Numbers: to the right, never cut.
    Number,
    /// Words of a fixed set, times, ids: to the left, never cut.
    Word,
    /// Names: to the left, cut at the end.
    Name,
    /// Files with lines: to the left, cut at the front.
    Source,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// What stands in it.
    pub content: Content,
    /// The lower, the sooner it goes when there is no room.
    pub importance: u8,
}

/// Characters in which a name or a source still means something.
const NAME_LEAST: usize = 16;
const SOURCE_LEAST: usize = 12;

impl Column {
    /// A column with a title.
    pub const fn new(title: &'static str, content: Content, importance: u8) -> Self {
        Self { title, content, importance }
    }

    /// A column without which the table says nothing.
    pub const fn essential(title: &'static str, content: Content) -> Self {
        Self::new(title, content, ESSENTIAL)
    }
}

/// Columns with their widths.
pub struct Layout {
    columns: Vec<(Column, Option<usize>)>,
    indent: usize,
}

impl Layout {
    /// Columns whose widest cells are known.
    pub fn new(
        columns: &[Column],
        cell_widths: &[usize],
        indent: usize,
        width: Option<usize>,
    ) -> Self {
        let needs: Vec<Need> = columns
            .iter()
            .zip(cell_widths)
            .map(|(column, &cells)| {
                let natural = cells.max(column.title.width());
                let least = match column.content {
                    Content::Name => NAME_LEAST,
                    Content::Source => SOURCE_LEAST,
                    Content::Number | Content::Word => natural,
                };
                Need { natural, least, importance: column.importance }
            })
            .collect();
        let widths = fit(&needs, width.map(|width| width.saturating_sub(indent)));
        Self { columns: columns.iter().copied().zip(widths).collect(), indent }
    }

    /// Writes the headings.
    pub fn header(&self, out: &mut Output) -> Result<(), Failure> {
        let titles: Vec<&str> = self.columns.iter().map(|(column, _)| column.title).collect();
        let line = self.compose(&titles);
        out.line(out.strong(&line))
    }

    /// Writes a line.
    pub fn row(&self, out: &mut Output, cells: &[impl AsRef<str>]) -> Result<(), Failure> {
        out.line(self.compose(cells))
    }

    /// The titles of the columns that found no room; pictures of numbers have none.
    pub fn hidden(&self) -> Vec<&'static str> {
        let hidden = self.columns.iter().filter(|(_, width)| width.is_none());
        hidden.map(|(column, _)| column.title).filter(|title| !title.is_empty()).collect()
    }

    /// Says which columns found no room: nothing is cut silently.
    pub fn note_hidden(&self, out: &mut Output) -> Result<(), Failure> {
        let hidden = self.hidden();
        if hidden.is_empty() {
            return Ok(());
        }
        let text = format!("not shown for want of room: {}", hidden.join(", "));
        out.line("")?;
        out.faint_paragraph(0, &text)
    }

    fn compose(&self, cells: &[impl AsRef<str>]) -> String {
        let mut line = " ".repeat(self.indent);
        let mut missing = 0;
        let mut is_first = true;
        for ((column, width), cell) in self.columns.iter().zip(cells) {
            let Some(width) = *width else { continue };
            let gap = if is_first { 0 } else { GAP };
            is_first = false;
            let cell = cut(cell.as_ref(), width, column.content);
            let space = width.saturating_sub(cell.width());
            let before = if column.content == Content::Number { space } else { 0 };
            // What stands behind the last cell is left out, so that no line ends in spaces.
            if !cell.is_empty() {
                line.extend(std::iter::repeat_n(' ', missing + gap + before));
                line.push_str(&cell);
                missing = space - before;
            } else {
                missing += gap + width;
            }
        }
        line
    }
}

/// Writes a table whose cells are all at hand.
pub fn show(
    out: &mut Output,
    columns: &[Column],
    rows: &[Vec<String>],
    indent: usize,
) -> Result<Layout, Failure> {
    let mut widths = vec![0; columns.len()];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width().max(*width);
        }
    }
    let layout = Layout::new(columns, &widths, indent, out.width());
    layout.header(out)?;
    for row in rows {
        layout.row(out, row)?;
    }
    Ok(layout)
}

/// A cell cut to its width, with a mark where something is missing.
fn cut(cell: &str, width: usize, content: Content) -> std::borrow::Cow<'_, str> {
    if cell.width() <= width || matches!(content, Content::Number | Content::Word) {
        return cell.into();
    }
    let mut room = width.saturating_sub(1);
    let mut fits = |char: &char| {
        let fits = char.width().unwrap_or(0) <= room;
        room = if fits { room - char.width().unwrap_or(0) } else { 0 };
        fits
    };
    if content == Content::Source {
        let kept: Vec<char> = cell.chars().rev().take_while(&mut fits).collect();
        return format!("{}{}", ellipsis(), kept.into_iter().rev().collect::<String>()).into();
    }
    format!("{}{}", cell.chars().take_while(&mut fits).collect::<String>(), ellipsis()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_under_their_headings() {
        // Promise: numbers end, texts begin under their heading, and no line ends in spaces.
        let columns = [
            Column::essential("name", Content::Name),
            Column::essential("count", Content::Number),
            Column::essential("source", Content::Source),
        ];
        let layout = Layout::new(&columns, &[6, 5, 9], 2, None);
        assert_eq!(layout.compose(&["name", "count", "source"]), "  name    count  source");
        assert_eq!(layout.compose(&["日本", "1", ""]), "  日本        1");
        assert_eq!(layout.compose(&["", "1", "a.js:12"]), "              1  a.js:12");
    }

    #[test]
    fn what_is_cut_is_marked() {
        // Promise: a cut name keeps its beginning, a cut source its line, both with a mark.
        assert_eq!(cut("getOrders", 5, Content::Name), "getO…");
        assert_eq!(cut("src/quote.js:41", 9, Content::Source), "…te.js:41");
        assert_eq!(cut("日本語", 4, Content::Name), "日…");
        assert_eq!(cut("1,234", 2, Content::Number), "1,234");
    }
}

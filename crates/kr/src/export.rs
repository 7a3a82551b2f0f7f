//! Rows as files for other programs.
//!
//! A reader decodes rows, workers turn them into the bytes of a format, and the thread that began
//! it all writes these in the order of the rows. What is in memory at once does not depend on how
//! many rows there are.

mod format;
mod target;
mod rows;
mod bounds;
mod pipeline;
mod text;
mod writers;
mod names;
mod column;
mod columns;
mod selection;
mod arrow;
mod parquet;
mod nesting;
mod trace;

pub use format::FileFormat;
pub use rows::Rows;
pub use selection::Selection;
pub use target::Target;

use crate::context::Context;
use crate::export::columns::Columns;
use crate::failure::Failure;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Writes rows to a target; it is not yet in its place then.
pub fn write(
    context: &Context,
    selection: &Selection,
    rows: &mut Rows,
    target: &mut Target,
) -> Result<Written, Failure> {
    let row_count = match selection {
        Selection::Parquet(columns) => {
            parquet::write(&Columns::new(context, columns)?, rows, target)?
        }
        Selection::Arrow(format, columns) => {
            arrow::write(&Columns::new(context, columns)?, *format, rows, target)?
        }
        Selection::Text(form, fields) => text::write(*form, fields, rows, target)?,
        Selection::ChromeTrace => trace::write(context, rows, target)?,
    };
    target.flush_all()?;
    Ok(Written { rows: row_count, bytes: target.byte_count() })
}

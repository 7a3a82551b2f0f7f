//! CSV and NDJSON.

use crate::export::pipeline;
use crate::export::rows::{Rows, Slice};
use crate::export::target::Target;
use crate::failure::Failure;
use crate::row_text::{Field, Form, RowText};

/// Rows of a unit: some two megabytes of text.
const UNIT_ROW_COUNT: usize = 8_192;

/// Writes all rows.
pub fn write(
    form: Form,
    fields: &[Field],
    rows: &mut Rows,
    target: &mut Target,
) -> Result<u64, Failure> {
    target.put(RowText::with_fields(form, fields).header().as_bytes())?;
    let encoder = || {
        let mut text = RowText::with_fields(form, fields);
        move |unit: &[Slice]| {
            let mut out = Vec::new();
            for slice in unit {
                text.append(&slice.batch, slice.rows.clone(), &mut out);
            }
            Ok(out)
        }
    };
    pipeline::run(rows, UNIT_ROW_COUNT, encoder, |lines: Vec<u8>| target.put(&lines))
}

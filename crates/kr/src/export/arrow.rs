//! Apache Arrow IPC: columns as they lie in memory, uncompressed, so that a file can be mapped.

use arrow_array::RecordBatch;
use arrow_ipc::writer::{FileWriter, StreamWriter};

use crate::export::columns::Columns;
use crate::export::format::FileFormat;
use crate::export::pipeline;
use crate::export::rows::{Rows, Slice};
use crate::export::target::Target;
use crate::failure::Failure;

/// Rows of a batch: as many as a chunk of the database has.
const BATCH_ROW_COUNT: usize = 65_536;

/// Writes all rows.
pub fn write(
    columns: &Columns,
    format: FileFormat,
    rows: &mut Rows,
    target: &mut Target,
) -> Result<u64, Failure> {
    let result = match format {
        FileFormat::Arrow => write_file(columns, rows, target),
        _ => write_stream(columns, rows, target),
    };
    result.map_err(|failure| target.explain(failure))
}

fn write_file(columns: &Columns, rows: &mut Rows, target: &mut Target) -> Result<u64, Failure> {
    let mut writer = FileWriter::try_new(target, columns.schema())?;
    let row_count = each(columns, rows, |batch| Ok(writer.write(batch)?))?;
    writer.finish()?;
    Ok(row_count)
}

fn write_stream(columns: &Columns, rows: &mut Rows, target: &mut Target) -> Result<u64, Failure> {
    let mut writer = StreamWriter::try_new(target, columns.schema())?;
    let row_count = each(columns, rows, |batch| Ok(writer.write(batch)?))?;
    writer.finish()?;
    Ok(row_count)
}

fn each(
    columns: &Columns,
    rows: &mut Rows,
    mut write: impl FnMut(&RecordBatch) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let encoder = || {
        |unit: &[Slice]| -> Result<Vec<RecordBatch>, Failure> {
            unit.iter().map(|slice| columns.of(slice)).collect()
        }
    };
    pipeline::run(rows, BATCH_ROW_COUNT, encoder, |batches: Vec<RecordBatch>| {
        batches.iter().try_for_each(&mut write)
    })
}

//! Opens a database of many segments.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use kronicler_format::Run;
use kronicler_store::{Batch, Directory, Disk, LaneWriter, Seal, Storage};

use crate::dataset::Dataset;
use crate::measure::time;

/// Segments that are made.
const SEGMENT_COUNT: usize = 1_000;
/// Rows of each.
const ROWS_PER_SEGMENT: usize = 200;

/// Makes segments and prints how long it takes to open them.
pub fn segments(dataset: &Dataset, dir: &Path, repeat: usize) -> Result<(), Box<dyn Error>> {
    let storage: Arc<dyn Storage> = Arc::new(Disk);
    let (mut writer, mut state) = LaneWriter::open(&storage, dir, Run::default(), 0)?;
    let (names, mut rows) = (dataset.names(), dataset.rows());
    for _ in 0..SEGMENT_COUNT {
        let rows: Vec<_> = rows.by_ref().take(ROWS_PER_SEGMENT).collect();
        let (first_seq, now_ns) = (state.next_seq, rows.last().map_or(0, |row| row.end_ns));
        let batch = Batch { names: &names, rows: &rows, first_seq, counters: None, now_ns };
        writer.append(&batch)?;
        writer.absorb_into(&mut state, &rows);
        writer.seal(&state, Seal::All, now_ns)?;
        writer.absorb_into(&mut state, &[]);
    }
    writer.close(&state)?;
    let open = || Directory::new(Arc::clone(&storage), dir.to_owned()).snapshot(None);
    let snapshot = time("open 1,000 segments", repeat, open)?;
    let found: usize = snapshot.lanes.iter().map(|view| view.state.segments.len()).sum();
    if found == SEGMENT_COUNT { Ok(()) } else { Err(format!("{found} segments found").into()) }
}

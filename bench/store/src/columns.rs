//! Writes the data set for other programs: one file a column, bare little-endian numbers.
//!
//! `names.u16` (function ids), `ends.i64` (nanoseconds since the Unix epoch), `durations.u64`.

use std::fs::File;
use std::io::{BufWriter, Result, Write};
use std::path::Path;

use crate::dataset::Dataset;

const ROWS_PER_BATCH: usize = 4_096;

/// Makes `dir` and puts the files there.
pub fn generate(dataset: &Dataset, dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir)?;
    let create = |name: &str| File::create(dir.join(name)).map(BufWriter::new);
    let (mut names, mut ends) = (create("names.u16")?, create("ends.i64")?);
    let mut durations = create("durations.u64")?;
    dataset.for_batches(ROWS_PER_BATCH, |rows| {
        for row in rows {
            let name = u16::try_from(row.series).unwrap_or(u16::MAX);
            names.write_all(&name.to_le_bytes())?;
            ends.write_all(&row.end_ns.to_le_bytes())?;
            durations.write_all(&row.duration_ns.to_le_bytes())?;
        }
        Ok::<(), std::io::Error>(())
    })?;
    names.flush()?;
    ends.flush()?;
    durations.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::RATE;

    #[test]
    fn columns_hold_the_rows() {
        // Promise: rivals are given the very rows that we store.
        let dir = tempfile::tempdir().unwrap();
        let dataset =
            Dataset { rows: 5_000, functions: 30, threads: 2, rate: RATE, random: false, seed: 1 };
        generate(&dataset, dir.path()).unwrap();
        let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
        let (names, ends, durations) = (read("names.u16"), read("ends.i64"), read("durations.u64"));
        assert_eq!((names.len(), ends.len(), durations.len()), (10_000, 40_000, 40_000));
        for (index, row) in dataset.rows().enumerate() {
            let name = u16::try_from(row.series).unwrap().to_le_bytes();
            assert_eq!(names[2 * index..][..2], name);
            assert_eq!(ends[8 * index..][..8], row.end_ns.to_le_bytes());
            assert_eq!(durations[8 * index..][..8], row.duration_ns.to_le_bytes());
        }
    }
}

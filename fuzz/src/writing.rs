//! Lets a writer take over whatever a reader may meet, and checks that its own rows come back.

use std::path::Path;
use std::sync::Arc;

use kronicler_format::{Flags, Kind, Outcome, Row, Run, SeriesEntry};
use kronicler_store::{Batch, Dictionary, LaneWriter, MergePolicy, Seal, Storage, StoreError};

use crate::{ROOT, read_database};

const EAGER: MergePolicy =
    MergePolicy { size_bytes_max: 64 << 20, span_ns_max: i64::MAX, is_eager: true };

/// Opens the database to write, appends, seals, joins, rotates and closes, reading in between. What
/// cannot be done must be refused by an error.
///
/// # Errors
/// What the store refuses.
pub fn write_database(storage: &Arc<dyn Storage>) -> Result<(), StoreError> {
    let (mut writer, mut state) =
        LaneWriter::open(storage, Path::new(ROOT), Run::default(), 1_000)?;
    let mut names = Dictionary::clone(&state.names);
    let flags = Flags::new(Outcome::Ok, Kind::Sync);
    let entry = SeriesEntry { name: 0, flags, weight: 1, status_class: 0 };
    let series = names.intern("fuzz", "f.js:1", entry);
    let row = Row { series, thread: 0, end_ns: 5, duration_ns: 5 };
    for now_ns in [1, 2] {
        let rows = [row; 3];
        let (first_seq, before) = (state.next_seq, read_database(storage));
        let batch = Batch { names: &names, rows: &rows, first_seq, counters: None, now_ns };
        writer.append(&batch)?;
        writer.absorb_into(&mut state, &rows);
        assert_eq!(state.next_seq, first_seq + 3);
        let after = read_database(storage);
        assert_eq!(after, before + 3, "what was appended can be read");
        while writer.seal(&state, Seal::All, now_ns)? {
            let before = state.clone();
            writer.absorb_into(&mut state, &[]);
            assert!(state.edit_number > before.edit_number, "a seal is known at once");
        }
        assert_eq!(read_database(storage), after, "sealing changes no row");
        while writer.merge(&state, &EAGER, now_ns)? {
            let count = state.segments.len();
            writer.absorb_into(&mut state, &[]);
            assert!(state.segments.len() < count, "fewer segments after a merge");
        }
        assert_eq!(read_database(storage), after, "joining changes no row");
        state = writer.rotate(&state, now_ns)?;
        assert_eq!(read_database(storage), after, "rotating changes no row");
    }
    writer.close(&state)
}

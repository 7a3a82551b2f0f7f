//! Reads everything back in every way there is, and checks that the ways agree.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use kronicler_format::varint::Cursor;
use kronicler_format::{ChunkDirectory, FrameSeed, Row, assemble_rows, decode_chunk};
use kronicler_stats::Summary;
use kronicler_store::{Catalog, Directory, LaneView, Opened, Storage};

use crate::ROOT;

/// Reads a whole database; returns how many rows of it could be read.
pub fn read_database(storage: &Arc<dyn Storage>) -> u64 {
    let catalog = Catalog::new(Arc::clone(storage), 1 << 20);
    let mut directory = Directory::with_catalog(catalog, PathBuf::from(ROOT));
    // What needs a newer program is refused as a whole.
    let Ok(snapshot) = directory.snapshot(None) else { return 0 };
    let _ = snapshot.is_partial();
    let read = snapshot.lanes.iter().map(|view| read_segments(view) + read_log(view)).sum();
    let again = directory.snapshot(None).expect("what could be read once can be read twice");
    assert_eq!(again.lanes.len(), snapshot.lanes.len());
    read
}

fn read_log(view: &LaneView) -> u64 {
    let state = &view.state;
    assert!(state.floor_seq <= state.sealed_seq && state.sealed_seq <= state.next_seq);
    let _ = (state.stored(), state.quarantined(), view.end_seq());
    let Some(mut reader) = view.blocks().expect("memory gives no errors") else { return 0 };
    let (mut rows, mut end_seq, mut count) = (Vec::new(), 0, 0);
    for block in state.blocks() {
        assert!(block.first_seq >= end_seq, "blocks are in order without overlap");
        end_seq = block.end_seq();
        assert!(end_seq <= state.next_seq);
        assert!(reader.read(block, &mut rows).expect("memory gives no errors"));
        assert_eq!(rows.len(), block.row_count as usize);
        let is_known = |row: &Row| state.names.name_of(row.series).is_some();
        assert!(rows.iter().all(is_known), "each row in the log has a name");
        count += rows.len() as u64;
    }
    let unsealed = state.sealed_seq..view.end_seq();
    let details = view.unsealed_details(unsealed.clone()).expect("memory gives no errors");
    let details = details.unwrap_or_default();
    assert!(details.iter().all(|detail| unsealed.contains(&detail.seq)));
    count
}

fn read_segments(view: &LaneView) -> u64 {
    let (mut rows, mut count) = (Vec::new(), 0);
    for entry in view.state.segments.iter().take(64) {
        let opened = view.segment(entry).expect("damage is no error");
        let Opened::Found(mut segment) = opened else { continue };
        let footer = Arc::clone(segment.footer());
        for series in &footer.series {
            let _ = Summary::decode(&mut Cursor::new("summary", &series.statistics));
        }
        for index in 0..footer.chunks.len() {
            let Some(mut chunk) = segment.chunk(index).expect("damage is no error") else {
                continue;
            };
            rows.clear();
            let (middle, all) = (chunk.entry().row_count / 2, chunk.entry().row_count);
            let is_whole = chunk.rows(0..all, &mut rows).expect("damage is no error");
            let mut one = Vec::new();
            let is_one = chunk.rows(middle..middle + 1, &mut one).expect("damage is no error");
            let mut durations = Vec::new();
            let is_known = chunk.durations(0, &mut durations).expect("damage is no error");
            let details = chunk.details().expect("damage is no error").unwrap_or_default();
            assert!(details.len() <= all as usize);
            if is_whole {
                assert!(is_one && is_known);
                assert_eq!(one, rows[middle as usize..=middle as usize]);
                assert_eq!(durations, durations_of(&rows, chunk.directory(), 0));
                count += rows.len() as u64;
            }
        }
    }
    count
}

fn durations_of(rows: &[Row], directory: &ChunkDirectory, dense: usize) -> Vec<u64> {
    let series = directory.series()[dense].series;
    rows.iter().filter(|row| row.series == series).map(|row| row.duration_ns).collect()
}

/// Decodes a chunk whole and page by page, and checks what it promises; `None` when it is refused.
pub fn check_chunk(uuid: &[u8; 16], first_seq: u64, bytes: &[u8]) -> Option<Vec<Row>> {
    let seed = FrameSeed::new(uuid);
    let mut rows = Vec::new();
    let Ok(directory) = decode_chunk(bytes, seed, first_seq, &mut rows) else {
        assert!(rows.is_empty());
        pages_of(bytes, seed, first_seq);
        return None;
    };
    assert_eq!(rows.len(), directory.row_count() as usize);
    assert!(directory.memory_bytes() < 16 << 20);
    let mut counts: BTreeMap<u32, u32> = BTreeMap::new();
    rows.iter().for_each(|row| *counts.entry(row.series).or_default() += 1);
    let table = directory.series().iter().map(|series| (series.series, series.row_count));
    assert_eq!(counts, table.collect(), "rows are of the series that the directory names");
    for (page, rows) in directory.end_pages().iter().zip(rows.chunks(8_192)) {
        let ends = rows.iter().map(|row| row.end_ns);
        assert_eq!(ends.clone().min(), Some(page.min_end_ns));
        assert_eq!(ends.max(), Some(page.max_end_ns));
    }
    if let Some(range) = directory.details_range() {
        let found = bytes.get(range.start as usize..range.end as usize).unwrap_or_default();
        let details = directory.decode_details(seed, found).unwrap_or_default();
        assert!(details.len() <= rows.len());
    }
    let pages = pages_of(bytes, seed, first_seq);
    let (from, to) = (directory.row_count() / 3, directory.row_count() * 2 / 3 + 1);
    let mut some = Vec::new();
    let page = |number: u32| pages[number as usize].as_ref().ok_or(UNDECODABLE);
    assemble_rows(&directory, from..to, page, &mut some).expect("the whole could be decoded");
    assert_eq!(some, rows[from as usize..to as usize]);
    Some(rows)
}

const UNDECODABLE: kronicler_format::FormatError =
    kronicler_format::FormatError::Undecodable { what: "page" };

/// All pages, each decoded on its own.
fn pages_of(
    bytes: &[u8],
    seed: FrameSeed,
    first_seq: u64,
) -> Vec<Option<kronicler_format::PageValues>> {
    let Ok(directory) = ChunkDirectory::decode(bytes, seed, first_seq) else { return Vec::new() };
    let slice = |range: std::ops::Range<u32>| {
        bytes.get(range.start as usize..range.end as usize).unwrap_or_default()
    };
    let pages = (0..directory.page_count()).map(|page| {
        let meta = slice(directory.meta_range(page)?);
        let payload = slice(directory.page_range(page)?);
        let values = directory.decode_page(seed, page, meta, payload).ok()?;
        assert_eq!(values.len(), directory.page_value_count(page)? as usize);
        assert!(values.memory_bytes() <= 100_000);
        Some(values)
    });
    pages.collect()
}

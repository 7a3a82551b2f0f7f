//! How many calls of a function are usually under way when one of them begins.

use kronicler_format::Row;
use kronicler_store::StoreError;

use crate::lane_rows::{read_between, wanted_seqs};
use crate::scan::LaneScan;

/// Stretches of a lane that are looked at.
const SAMPLE_COUNT: u64 = 8;
/// Rows of such a stretch.
const SAMPLE_ROW_COUNT: u64 = 16_384;

/// The median number of calls of a function in one process under way when one of them begins, that
/// one included, in stretches from all over the lane; `None` without any such call. `is_of` says
/// which rows are of the function, by their series.
pub(super) fn usually_in_flight(
    scan: &mut LaneScan<'_>,
    is_of: impl Fn(u32) -> bool,
) -> Result<Option<u64>, StoreError> {
    let seqs = wanted_seqs(scan);
    let step = ((seqs.end - seqs.start) / SAMPLE_COUNT).max(SAMPLE_ROW_COUNT);
    let mut counts = Vec::new();
    let mut first = seqs.start;
    while first < seqs.end {
        let stretch = first..seqs.end.min(first + SAMPLE_ROW_COUNT);
        for (_, rows) in read_between(scan, &stretch)? {
            let of_function = rows.iter().map(|(_, row)| row).filter(|row| is_of(row.series));
            count_in_flight(of_function, &mut counts);
        }
        first += step;
    }
    let middle = counts.len() / 2;
    Ok((!counts.is_empty()).then(|| *counts.select_nth_unstable(middle).1))
}

/// Appends for each call how many were under way. Those that ended behind the stretch are not
/// known: so few that the median does not mind.
fn count_in_flight<'a>(rows: impl Iterator<Item = &'a Row>, counts: &mut Vec<u64>) {
    let mut starts = Vec::new();
    let mut ends = Vec::new();
    for row in rows {
        starts.push(row.end_ns.saturating_sub_unsigned(row.duration_ns));
        ends.push(row.end_ns);
    }
    starts.sort_unstable();
    ends.sort_unstable();
    let mut ended = 0;
    for (begun, start) in (1_u64..).zip(&starts) {
        while ends.get(ended).is_some_and(|end| end <= start) {
            ended += 1;
        }
        counts.push(begun.saturating_sub(ended as u64).max(1));
    }
}

//! Which functions have rows, and means that read no file once they were asked for.

use kronicler_stats::Moments;
use kronicler_store::{Name, SealedMoments, Snapshot, StoreError};

use crate::answer::{Answer, Gaps};
use crate::name_table::NameTable;

/// Moments of all calls with this name, whatever the outcome: from totals, never from rows but
/// those not yet in a log.
///
/// # Errors
/// When the footer of a new segment cannot be read.
pub fn moments(snapshot: &Snapshot, name: &str) -> Result<Answer<Moments>, StoreError> {
    let mut moments = Moments::new();
    let mut gaps = Gaps::of(snapshot);
    for view in &snapshot.lanes {
        let series = view.state.names.series_of(name);
        if series.is_empty() {
            continue;
        }
        let sealed = view.sealed_moments()?;
        note(&mut gaps, &sealed);
        let weight = |id| view.state.names.weight_of(id);
        for &id in series {
            let sealed = sealed.get(id).into_iter();
            let windows = view.state.windows.iter();
            let unsealed = windows.filter_map(|window| window.totals.get(id));
            sealed
                .chain(unsealed.map(|summary| &summary.moments))
                .for_each(|part| moments.merge_many(part, weight(id)));
        }
        for row in view.pending.iter().filter(|row| series.contains(&row.series)) {
            moments.add_many(row.duration_ns, weight(row.series));
        }
    }
    Ok(gaps.answer(moments))
}

/// Names of all functions that have rows, sorted.
///
/// # Errors
/// When the footer of a new segment cannot be read.
pub fn function_names(snapshot: &Snapshot) -> Result<Answer<Vec<Name>>, StoreError> {
    let table = NameTable::new(snapshot);
    let mut has_rows = vec![false; table.names().len()];
    let mut gaps = Gaps::of(snapshot);
    for (index, view) in snapshot.lanes.iter().enumerate() {
        let sealed = view.sealed_moments()?;
        note(&mut gaps, &sealed);
        let windows = view.state.windows.iter();
        let unsealed = windows.flat_map(|window| window.totals.iter().map(|(series, _)| series));
        let pending = view.pending.iter().map(|row| row.series);
        for series in sealed.series().chain(unsealed).chain(pending) {
            let name = view.state.names.series().get(series as usize);
            let number = name.and_then(|series| table.number(index, series.name));
            if let Some(has_rows) = number.and_then(|number| has_rows.get_mut(number as usize)) {
                *has_rows = true;
            }
        }
    }
    let named = table.names().iter().zip(has_rows);
    let mut names: Vec<Name> =
        named.filter(|(_, has_rows)| *has_rows).map(|(name, _)| name.clone()).collect();
    names.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(gaps.answer(names))
}

const fn note(gaps: &mut Gaps, sealed: &SealedMoments) {
    gaps.is_partial |= sealed.is_partial;
    gaps.is_stale |= sealed.is_gone;
}

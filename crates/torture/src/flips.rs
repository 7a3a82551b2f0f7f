//! Flips every single bit of a database, each in turn: detected or harmless, never a wrong answer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use kronicler_store::Storage;

use crate::image::Image;
use crate::life::Life;
use crate::process::root;
use crate::reading::{Found, LaneFound, read_all};
use crate::recording::{Mutation, Recording};
use crate::sim_disk::SimDisk;
use crate::stage::Stage;

/// Moments of a life whose bits are flipped.
const MOMENT_COUNT: usize = 4;

/// Flips every bit of what a life has written at several moments; says how many there are.
///
/// # Errors
/// The first few bits whose flip loses rows without a word, or changes them.
pub fn flip_all(life: &Life) -> Result<usize, String> {
    let recording = Stage::live(life, None, None)?.recording;
    let images = synced_moments(&recording);
    let step = images.len().div_ceil(MOMENT_COUNT).max(1);
    images.iter().rev().step_by(step).map(flip_image).sum()
}

/// Copies taken after a sync, but for those of a moment when a head replaces another: a flip may
/// then bring back what is being cleared.
fn synced_moments(recording: &Recording) -> Vec<Image> {
    let changes = recording.mutations.iter().enumerate();
    let syncs = changes.filter(|(_, change)| matches!(change, Mutation::Sync(_)));
    let images = syncs.map(|(index, _)| recording.cut(index + 1).copy());
    images.filter(|image| !has_two_heads(image)).collect()
}

fn has_two_heads(image: &Image) -> bool {
    let is_head = |path: &&Arc<Path>| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("head-"))
    };
    let dirs: Vec<_> = image.entries.keys().filter(is_head).map(|path| path.parent()).collect();
    dirs.windows(2).any(|pair| pair[0] == pair[1])
}

fn flip_image(image: &Image) -> Result<usize, String> {
    let read = |image: &Image| -> Result<Found, String> {
        let storage: Arc<dyn Storage> = Arc::new(SimDisk::new(image));
        read_all(&storage, &root())
    };
    let whole = read(image)?;
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || loop {
        let bit = next.fetch_add(1, Ordering::Relaxed);
        if bit >= image.bit_count() {
            break;
        }
        let result = read(&image.with_flipped_bit(bit)).and_then(|found| compare(&whole, &found));
        if let Err(what) = result {
            wrong.lock().unwrap_or_else(PoisonError::into_inner).push(format!("bit {bit}: {what}"));
        }
    };
    let core_count = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        for _ in 0..core_count {
            scope.spawn(work);
        }
    });
    let wrong = wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    if wrong.is_empty() {
        return Ok(image.bit_count());
    }
    let first = wrong.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    Err(format!("{} of {} bits: {first}", wrong.len(), image.bit_count()))
}

/// Rows that are read back are known to be right each; here none may come from nowhere, or go
/// without a word.
fn compare(whole: &Found, found: &Found) -> Result<(), String> {
    let nobody = LaneFound::default();
    for (lane, found) in &found.lanes {
        let known = &whole.lanes.get(lane).unwrap_or(&nobody).rows;
        if let Some((seq, _)) = found.rows.iter().find(|row| known.binary_search(row).is_err()) {
            return Err(format!("row {seq} of lane {lane} comes from nowhere"));
        }
    }
    if !found.is_partial && whole.lanes != found.lanes {
        let count = |found: &Found| found.lanes.values().map(|lane| lane.rows.len()).sum::<usize>();
        let lost = count(whole) - count(found);
        return Err(format!("{lost} rows, or what has expired, are lost without a word"));
    }
    Ok(())
}

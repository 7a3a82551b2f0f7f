//! One file for each command: what it takes besides the options of all, and what it does.

pub mod clear;
pub mod compact;
pub mod compare;
mod compare_records;
mod compare_text;
pub mod completions;
pub mod doctor;
#[cfg(feature = "export")]
pub mod export;
pub mod fetch;
pub mod health;
pub mod heatmap;
pub mod hist;
pub mod man;
pub mod names;
pub mod outliers;
pub mod overview;
pub mod pause;
pub mod slow;
pub mod stats;
pub mod stats_text;
pub mod tail;
pub mod tree;
#[cfg(feature = "top")]
pub mod top;
pub mod verify;
pub mod why;

use std::io::{self, Write};

use crate::failure::Failure;

/// Writes what is no answer about a database, such as a manual page.
fn write_out(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

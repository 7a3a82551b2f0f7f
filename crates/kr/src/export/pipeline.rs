//! Reading, encoding and writing at the same time, in the order of the rows.
//!
//! Units of rows go to the workers in turns, and what these make is taken from them in the same
//! turns: so order needs no numbers, and nobody is ahead by more than a unit or two. When somebody
//! fails, the others see their channel closed and end.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle, available_parallelism, scope};

use kronicler_store::StoreError;

use crate::export::rows::{Rows, Slice};
use crate::failure::Failure;

/// Workers beyond these would wait for the reader.
const WORKER_COUNT_MAX: usize = 4;

/// A worker, and what goes into it and comes out of it.
struct Worker<E> {
    units: SyncSender<Vec<Slice>>,
    made: Receiver<Result<E, Failure>>,
}

/// Encodes all rows in units of `unit_row_count` by functions that `encoder` makes, and hands what
/// they make to `write` in the order of the rows. Returns how many rows there were.
pub fn run<E: Send, F>(
    rows: &mut Rows,
    unit_row_count: usize,
    encoder: impl Fn() -> F,
    mut write: impl FnMut(E) -> Result<(), Failure>,
) -> Result<u64, Failure>
where
    F: FnMut(&[Slice]) -> Result<E, Failure> + Send,
{
    let worker_count = available_parallelism().map_or(1, usize::from).min(WORKER_COUNT_MAX);
    scope(|scope| {
        let mut inputs = Vec::new();
        let mut outputs = Vec::new();
        for _ in 0..worker_count {
            let worker = start_worker(scope, encoder())?;
            inputs.push(worker.units);
            outputs.push(worker.made);
        }
        let reader = start_reader(scope, rows, unit_row_count, inputs)?;
        // The first worker in turn that has nothing to give any more had no unit to work on.
        for made in outputs.iter().cycle().map_while(|output| output.recv().ok()) {
            write(made?)?;
        }
        match reader.join() {
            Ok(row_count) => Ok(row_count?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn start_worker<'scope, E: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut encode: impl FnMut(&[Slice]) -> Result<E, Failure> + Send + 'scope,
) -> Result<Worker<E>, Failure> {
    let (units, unit_receiver) = sync_channel::<Vec<Slice>>(1);
    let (made_sender, made) = sync_channel(1);
    let work = move || {
        for unit in unit_receiver {
            let made = encode(&unit);
            drop(unit);
            if made_sender.send(made).is_err() {
                break;
            }
        }
    };
    let thread = Builder::new().name("encoder".to_owned());
    thread.spawn_scoped(scope, work).map_err(Failure::Thread)?;
    Ok(Worker { units, made })
}

fn start_reader<'scope>(
    scope: &'scope Scope<'scope, '_>,
    rows: &'scope mut Rows,
    unit_row_count: usize,
    inputs: Vec<SyncSender<Vec<Slice>>>,
) -> Result<ScopedJoinHandle<'scope, Result<u64, StoreError>>, Failure> {
    let read = move || {
        let mut row_count = 0;
        for input in inputs.iter().cycle() {
            let unit = rows.next_unit(unit_row_count)?;
            row_count += unit.iter().map(|slice| slice.rows.len() as u64).sum::<u64>();
            if unit.is_empty() || input.send(unit).is_err() {
                break;
            }
        }
        Ok(row_count)
    };
    let thread = Builder::new().name("reader".to_owned());
    thread.spawn_scoped(scope, read).map_err(Failure::Thread)
}

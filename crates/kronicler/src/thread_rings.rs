//! Rings of Rust threads that capture, one for each database.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kronicler_queue::Producer;

use crate::engine::Engine;
use crate::threads::attach;

thread_local! {
    static RINGS: RefCell<Vec<(u32, Producer)>> = const { RefCell::new(Vec::new()) };
    static THREAD: u32 = next_thread();
}

/// Threads of Rust programs count from 1; the main thread is not told apart.
fn next_thread() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Calls `f` with the ring of the calling thread, made at the first call.
pub(crate) fn with_ring<T>(engine: &Arc<Engine>, f: impl FnOnce(Option<&mut Producer>) -> T) -> T {
    RINGS.with_borrow_mut(|rings| {
        let at = rings.iter().position(|(id, _)| *id == engine.id);
        let at = at.or_else(|| {
            rings.push((engine.id, attach(engine, THREAD.with(|thread| *thread))?.0));
            Some(rings.len() - 1)
        });
        f(at.and_then(|at| rings.get_mut(at)).map(|(_, ring)| ring))
    })
}

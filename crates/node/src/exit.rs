//! Stores what was captured when the process ends in whatever orderly way.
//!
//! libc's `atexit` runs for `process.exit`, `process.reallyExit`, uncaught errors and natural
//! ends, after all listeners of JavaScript; a listener of ours would miss some of them. The
//! library stays mapped (`-z nodelete`, see build.rs), so the function is there when it is called.
#![expect(unsafe_code, reason = "atexit is a function of libc")]

use std::panic::catch_unwind;
use std::sync::Once;

extern "C" fn close_all() {
    // Whatever goes wrong here must not change how the process ends.
    let _ = catch_unwind(kronicler::close_all);
}

/// Lets the end of the process wait for the disk, within the exit budget.
pub(crate) fn flush_at_exit() {
    static REGISTERED: Once = Once::new();
    REGISTERED.call_once(|| {
        // SAFETY: the function has the right type and lives as long as the library.
        unsafe { libc::atexit(close_all) };
    });
}

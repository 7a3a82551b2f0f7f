//! A short cut to the state of one thread, the first that captures: as a rule the main thread.
//!
//! A thread-local of a library that was loaded late costs a call of some nanoseconds each time,
//! a tenth of what a captured call costs in all. The thread pointer, which that call begins with,
//! is in a register. The thread that owns the short cut stores its state, then its thread
//! pointer; whoever reads the same pointer is that thread and sees both, in program order. The
//! owner takes its pointer back before it ends, so another thread that gets the same memory never
//! meets it.
#![expect(unsafe_code, reason = "the thread pointer is read by an instruction")]

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// No thread pointer: those are aligned.
const NOBODY: usize = 1;

/// A short cut to what one thread has.
pub(crate) struct FirstThread<T> {
    owner: AtomicUsize,
    state: AtomicPtr<T>,
}

impl<T> FirstThread<T> {
    /// A short cut that nobody owns.
    pub const fn new() -> Self {
        Self { owner: AtomicUsize::new(NOBODY), state: AtomicPtr::new(ptr::null_mut()) }
    }

    /// What the calling thread has, if it owns the short cut.
    #[inline(always)]
    pub fn get(&self) -> Option<*mut T> {
        let is_owner = thread_pointer() == Some(self.owner.load(Ordering::Relaxed));
        is_owner.then(|| self.state.load(Ordering::Relaxed))
    }

    /// Makes the calling thread the owner, unless another one is.
    pub fn offer(&self, state: *mut T) {
        let Some(pointer) = thread_pointer() else { return };
        // Acquired: the last owner has taken its pointer back.
        let swapped = self.state.compare_exchange(
            ptr::null_mut(),
            state,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if swapped.is_ok() {
            self.owner.store(pointer, Ordering::Relaxed);
        }
    }

    /// Gives the short cut up, if this is what its owner has.
    pub fn withdraw(&self, state: *mut T) {
        if self.state.load(Ordering::Relaxed) == state {
            self.owner.store(NOBODY, Ordering::Relaxed);
            // Released last: the next owner's pointer comes after ours is gone.
            self.state.store(ptr::null_mut(), Ordering::Release);
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[inline(always)]
fn thread_pointer() -> Option<usize> {
    let pointer: usize;
    // SAFETY: the first word of the thread control block is its own address, by the x86-64 ABI
    // for thread-local storage (https://www.akkadia.org/drepper/tls.pdf, 3.4.6).
    unsafe {
        core::arch::asm!(
            "mov {}, fs:0",
            out(reg) pointer,
            options(pure, readonly, nostack, preserves_flags)
        );
    }
    Some(pointer)
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[inline(always)]
const fn thread_pointer() -> Option<usize> {
    None
}

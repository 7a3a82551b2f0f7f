//! A fence of which one side pays all: the drain a system call, the producers nothing.
//!
//! A producer writes its head, then reads the bell; the drain writes the bell, then reads the
//! heads. One of them must see the other's write, for which both need a full fence between
//! their two steps. `membarrier(2)` runs such a fence on every processor that runs a thread of
//! this process, so the producers are left with a fence for the compiler.
//!
//! loom knows no such call: there both sides are sequentially consistent fences, which is what
//! the pair amounts to.
#![cfg_attr(
    all(target_os = "linux", not(loom)),
    expect(unsafe_code, reason = "membarrier is a system call")
)]

#[cfg(loom)]
mod system {
    use crate::sync::{Ordering, fence};

    pub(crate) fn light() {
        fence(Ordering::SeqCst);
    }

    pub(crate) fn heavy() -> bool {
        fence(Ordering::SeqCst);
        true
    }
}

#[cfg(not(loom))]
mod system {
    use std::sync::atomic::{Ordering, compiler_fence, fence};

    /// The producer's side: keeps the compiler from moving its read before its write.
    #[inline(always)]
    pub(crate) fn light() {
        compiler_fence(Ordering::SeqCst);
    }

    /// The drain's side. Whether the fence was run on the other threads, too.
    pub(crate) fn heavy() -> bool {
        fence(Ordering::SeqCst);
        run_everywhere()
    }

    /// The process is registered by the first call and not earlier: registering waits for the
    /// kernel, milliseconds perhaps, which the drain thread may and the host's may not.
    #[cfg(target_os = "linux")]
    fn run_everywhere() -> bool {
        // linux/membarrier.h; libc does not have them for each C library.
        const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
        const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;
        // SAFETY: membarrier takes three integers and touches no memory of ours.
        let call =
            |command: libc::c_int| unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) };
        call(PRIVATE_EXPEDITED) == 0
            || (call(REGISTER_PRIVATE_EXPEDITED) == 0 && call(PRIVATE_EXPEDITED) == 0)
    }

    #[cfg(not(target_os = "linux"))]
    fn run_everywhere() -> bool {
        false
    }
}

pub(crate) use system::{heavy, light};

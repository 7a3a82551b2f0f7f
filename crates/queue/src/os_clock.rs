//! The clocks of the operating system, in nanoseconds.
#![cfg_attr(unix, expect(unsafe_code, reason = "clock_gettime is a C function"))]

#[cfg(unix)]
mod system {
    /// Nanoseconds of a POSIX clock.
    #[inline]
    fn clock_ns(clock: libc::clockid_t) -> i64 {
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: `time` is valid for writing. Both clocks used below exist on every POSIX
        // system we build for, so the call cannot fail; if it did, the time would stay zero.
        unsafe { libc::clock_gettime(clock, &raw mut time) };
        time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    /// Nanoseconds since some fixed point, mostly the boot; does not count while suspended.
    #[inline]
    pub(crate) fn monotonic_ns() -> u64 {
        clock_ns(libc::CLOCK_MONOTONIC).cast_unsigned()
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub(crate) fn realtime_ns() -> i64 {
        clock_ns(libc::CLOCK_REALTIME)
    }
}

#[cfg(not(unix))]
mod system {
    use std::sync::OnceLock;
    use std::time::{Instant, SystemTime, UNIX_EPOCH};

    /// Nanoseconds since the first use; std does not tell more.
    #[inline]
    pub(crate) fn monotonic_ns() -> u64 {
        static FIRST: OnceLock<Instant> = OnceLock::new();
        let elapsed = FIRST.get_or_init(Instant::now).elapsed();
        u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub(crate) fn realtime_ns() -> i64 {
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(elapsed.as_nanos()).unwrap_or(i64::MAX)
    }
}

pub(crate) use system::{monotonic_ns, realtime_ns};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_never_steps_back_and_realtime_is_of_this_century() {
        // Promise: the clocks of the system are read as what they are.
        let first = monotonic_ns();
        assert!(monotonic_ns() >= first);
        assert!(realtime_ns() > 1_700_000_000_000_000_000);
    }
}

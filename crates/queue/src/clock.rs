//! Where ticks come from: the processor's counter where it can be trusted, else the system.
//!
//! Ticks are below 2^62, because they travel through JS as the bits of a double.
#![expect(unsafe_code, reason = "rdtsc, cpuid and mrs are instructions")]

use crate::{UnknownClock, os_clock};

/// A counter that starts above this is not used: it could reach 2^62 while we run.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const FIRST_TICK_MAX: u64 = 1 << 61;

/// Where a process takes its ticks from; chosen once, the same for all its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockSource {
    /// Time stamp counter of x86-64.
    Tsc,
    /// Generic timer of arm64.
    Counter,
    /// Monotonic clock of the operating system: a tick is a nanosecond.
    Os,
}

impl ClockSource {
    /// The name shown by `health()`: `tsc`, `counter` or `os`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tsc => "tsc",
            Self::Counter => "counter",
            Self::Os => "os",
        }
    }

    /// Chooses the clock. `wish` is the value of `KRONICLER_CLOCK`: none to detect the best,
    /// `os` for the system's clock, `tsc` for the processor's counter. A counter that cannot be
    /// trusted is never used: then the answer to `tsc` is [`ClockSource::Os`].
    ///
    /// # Errors
    /// When the wish is another word.
    ///
    /// ```
    /// use kronicler_queue::ClockSource;
    /// assert_eq!(ClockSource::choose(Some("os")), Ok(ClockSource::Os));
    /// assert!(ClockSource::choose(Some("sundial")).is_err());
    /// ```
    pub fn choose(wish: Option<&str>) -> Result<Self, UnknownClock> {
        match wish {
            None | Some("tsc") => Ok(detect()),
            Some("os") => Ok(Self::Os),
            Some(other) => Err(UnknownClock { wish: other.to_owned() }),
        }
    }

    /// The present tick.
    ///
    /// The counter is read without a barrier: the few nanoseconds by which a processor may move
    /// the read are below its resolution, and a barrier costs more than the read.
    #[must_use]
    #[inline(always)]
    pub fn now(self) -> u64 {
        self.counter_now().unwrap_or_else(os_clock::monotonic_ns)
    }

    /// The present tick where the processor's counter is the clock: whoever can do with that alone
    /// calls nothing, and so needs no stack.
    #[must_use]
    #[inline(always)]
    pub fn counter_now(self) -> Option<u64> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Tsc => Some(tsc()),
            #[cfg(target_arch = "aarch64")]
            Self::Counter => Some(counter()),
            _ => None,
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn tsc() -> u64 {
    // SAFETY: every x86-64 processor has rdtsc, and Linux does not forbid it unless a process
    // asks for that with PR_SET_TSC.
    unsafe { core::arch::x86_64::_rdtsc() }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn counter() -> u64 {
    let ticks: u64;
    // SAFETY: reads a register that user space may read, and touches neither memory nor flags.
    unsafe {
        core::arch::asm!(
            "mrs {}, cntvct_el0",
            out(reg) ticks,
            options(nomem, nostack, preserves_flags)
        );
    }
    ticks
}

/// The counter of x86-64 is used when the processor calls it invariant and the kernel, which
/// knows about sockets, hypervisors and broken firmware, uses it itself.
#[cfg(target_arch = "x86_64")]
fn detect() -> ClockSource {
    if is_tsc_invariant() && is_tsc_used_by_kernel() && tsc() < FIRST_TICK_MAX {
        ClockSource::Tsc
    } else {
        ClockSource::Os
    }
}

/// The generic timer of arm64 has a constant rate by its architecture.
#[cfg(target_arch = "aarch64")]
fn detect() -> ClockSource {
    if counter() < FIRST_TICK_MAX { ClockSource::Counter } else { ClockSource::Os }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn detect() -> ClockSource {
    ClockSource::Os
}

/// Leaf and bit: Intel SDM volume 2A, CPUID, "Invariant TSC available".
#[cfg(target_arch = "x86_64")]
#[expect(unused_unsafe, reason = "cpuid is an unsafe function in older versions of Rust")]
fn is_tsc_invariant() -> bool {
    use core::arch::x86_64::__cpuid;
    const LEAF: u32 = 0x8000_0007;
    // SAFETY: every x86-64 processor has cpuid; the second leaf is read only if it is there.
    unsafe { __cpuid(0x8000_0000).eax >= LEAF && __cpuid(LEAF).edx & (1 << 8) != 0 }
}

#[cfg(target_arch = "x86_64")]
fn is_tsc_used_by_kernel() -> bool {
    const FILE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    std::fs::read_to_string(FILE).is_ok_and(|name| {
        matches!(name.trim(), "tsc" | "kvm-clock" | "hyperv_clocksource_tsc_page")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_heard_or_refused() {
        // Promise: KRONICLER_CLOCK is obeyed, and a word that is no clock is told.
        assert_eq!(ClockSource::choose(Some("os")), Ok(ClockSource::Os));
        assert_eq!(ClockSource::choose(Some("tsc")), ClockSource::choose(None));
        let refused = ClockSource::choose(Some("Tsc")).unwrap_err();
        assert_eq!(refused.wish, "Tsc");
        assert!(refused.to_string().contains("`tsc` or `os`"));
    }

    #[test]
    fn ticks_go_on_and_fit_in_62_bits() {
        // Promise: a tick travels through a double without loss.
        for source in [ClockSource::choose(None).unwrap(), ClockSource::Os] {
            let first = source.now();
            std::thread::sleep(std::time::Duration::from_millis(1));
            assert!(source.now() > first, "{}", source.name());
            assert!(source.now() < 1 << 62, "{}", source.name());
        }
    }
}

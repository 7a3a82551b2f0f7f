//! Nanoseconds per tick as a fixed-point number: one multiplication and one shift a record.

/// Bits behind the point. With 40, a tick of 0.2 ns is known to 5e-12 of its length, and a tick
/// of 8 ms still fits in 64 bits.
const FRACTION_BITS: u32 = 40;

/// Nanoseconds per tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio(u64);

impl Ratio {
    /// A tick is a nanosecond; converts without any error.
    pub(crate) const ONE: Self = Self(1 << FRACTION_BITS);

    /// The rate of a clock that made `ticks` in `ns`; none when it is absurd: no tick, or less
    /// than 0.01 ns (100 GHz) or more than 10,000 ns (100 kHz) each.
    pub(crate) fn new(ns: u64, ticks: u64) -> Option<Self> {
        const MIN: u64 = (1 << FRACTION_BITS) / 100;
        const MAX: u64 = (1 << FRACTION_BITS) * 10_000;
        let ratio = (u128::from(ns) << FRACTION_BITS).checked_div(u128::from(ticks))?;
        let ratio = u64::try_from(ratio).ok()?;
        (MIN..=MAX).contains(&ratio).then_some(Self(ratio))
    }

    /// Nanoseconds of so many ticks, to the nearest; none when they exceed 64 bits.
    #[inline]
    pub(crate) fn ns(self, ticks: u64) -> Option<u64> {
        const HALF: u128 = 1 << (FRACTION_BITS - 1);
        u64::try_from((u128::from(ticks) * u128::from(self.0) + HALF) >> FRACTION_BITS).ok()
    }

    /// Ticks in so many nanoseconds, at most all there are.
    pub(crate) fn ticks(self, ns: u64) -> u64 {
        u64::try_from((u128::from(ns) << FRACTION_BITS) / u128::from(self.0)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_exact() {
        // Promise: nanoseconds of the system stay exact.
        for ticks in [0, 1, 999, u64::MAX] {
            assert_eq!(Ratio::ONE.ns(ticks), Some(ticks));
        }
    }

    #[test]
    fn rounds_to_the_nearest() {
        // Promise: a duration is off by rounding alone.
        let ratio = Ratio::new(2, 3).unwrap();
        assert_eq!([1, 2, 3, 4].map(|ticks| ratio.ns(ticks)), [1, 1, 2, 3].map(Some));
        assert_eq!(Ratio::new(3, 1).unwrap().ticks(300), 100);
    }

    #[test]
    fn absurd_rates_and_lengths_are_refused() {
        // Promise: a clock that makes no sense gives no numbers.
        assert_eq!(Ratio::new(1_000_000, 0), None);
        assert_eq!(Ratio::new(0, 1_000_000), None);
        assert_eq!(Ratio::new(1, 1_000_000), None);
        assert_eq!(Ratio::new(u64::MAX, 1), None);
        assert_eq!(Ratio::new(9_999, 1).unwrap().ns(u64::MAX), None);
    }
}

//! The few operations on 256-bit unsigned integers that an exact variance needs.
//!
//! Written out because the standard library stops at 128 bits (its `carrying_mul` came with Rust
//! 1.91, one after the oldest we build with), and a big-number crate would be larger than this
//! crate.

/// An unsigned integer of 256 bits: `high * 2^128 + low`.
///
/// The halves are named in this order so that the derived comparison is the numeric one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct U256 {
    high: u128,
    low: u128,
}

impl U256 {
    /// The number `high * 2^128 + low`.
    pub(crate) const fn new(high: u128, low: u128) -> Self {
        Self { high, low }
    }

    /// The halves: `(high, low)`.
    pub(crate) const fn halves(self) -> (u128, u128) {
        (self.high, self.low)
    }

    /// The full product of two 128-bit numbers, by the schoolbook in digits of 64 bits.
    pub(crate) const fn product(left: u128, right: u128) -> Self {
        let (left_high, left_low) = digits(left);
        let (right_high, right_low) = digits(right);
        let (carry, digit0) = digits(left_low * right_low);
        // A product of two digits is at most (2^64 - 1)^2, so one carry of a digit always fits,
        // and the second addition is kept to a digit as well.
        let (carry_high, middle) = digits(left_high * right_low + carry);
        let (carry_low, digit1) = digits(left_low * right_high + middle);
        let high = left_high * right_high + carry_high + carry_low;
        Self { high, low: (digit1 << 64) | digit0 }
    }

    /// `self + other`, or `None` from 2^256 on.
    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.checked_add(other.high)?.checked_add(u128::from(carry))?;
        Some(Self { high, low })
    }

    /// `self - other`, or `None` below zero.
    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.checked_sub(other.high)?.checked_sub(u128::from(borrow))?;
        Some(Self { high, low })
    }

    /// The nearest `f64`, ties to even: at most half a unit in the last place away.
    pub(crate) fn to_f64(self) -> f64 {
        if self.high == 0 {
            return self.low as f64;
        }
        // The highest 128 bits, the last of them set when a set bit was cut off ("sticky"): the
        // conversion of `top` then rounds as that of the whole number would. 2^128 is exact.
        let zeros = self.high.leading_zeros();
        let cut = self.low << zeros;
        let top = (self.high << zeros)
            | self.low.checked_shr(128 - zeros).unwrap_or(0)
            | u128::from(cut != 0);
        top as f64 * 2.0_f64.powi(128 - zeros.cast_signed())
    }
}

/// The upper and the lower 64 bits.
const fn digits(value: u128) -> (u128, u128) {
    (value >> 64, value & (u64::MAX as u128))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAX: U256 = U256::new(u128::MAX, u128::MAX);

    /// The product by doubling and adding, which shares nothing with the schoolbook.
    fn product_by_addition(left: u128, right: u128) -> U256 {
        let mut product = U256::new(0, 0);
        for bit in (0..128).rev() {
            product = product.checked_add(product).unwrap();
            if right >> bit & 1 == 1 {
                product = product.checked_add(U256::new(0, left)).unwrap();
            }
        }
        product
    }

    #[test]
    fn the_greatest_product_fits() {
        // Promise: (2^128 - 1)^2 = 2^256 - 2^129 + 1 is computed without overflow.
        let product = U256::product(u128::MAX, u128::MAX);
        assert_eq!(product, U256::new(u128::MAX - 1, 1));
    }

    #[test]
    fn overflow_is_none() {
        // Promise: a sum or difference that does not exist is never a wrong number.
        assert_eq!(MAX.checked_add(U256::new(0, 1)), None);
        assert_eq!(U256::new(1, 0).checked_sub(U256::new(1, 1)), None);
        assert_eq!(U256::new(1, 0).checked_sub(U256::new(0, 1)), Some(U256::new(0, u128::MAX)));
    }

    #[test]
    fn conversion_rounds_once_and_to_even() {
        // Promise: the nearest f64, also where the deciding bit is the last of all 256.
        let one = 1_u128 << 127;
        let half = 1_u128 << 74; // The bit behind the 53 that an f64 keeps of `one`.
        let exact = 2.0_f64.powi(255);
        assert_eq!(U256::new(one, 0).to_f64(), exact);
        assert_eq!(U256::new(one - 1, u128::MAX).to_f64(), exact);
        assert_eq!(U256::new(one | (half - 1), u128::MAX).to_f64(), exact);
        assert_eq!(U256::new(one | half, 0).to_f64(), exact);
        assert_eq!(U256::new(one | half, 1).to_f64(), exact * (1.0 + f64::EPSILON));
        assert_eq!(MAX.to_f64(), 2.0_f64.powi(256));
        assert_eq!(U256::new(1, 0).to_f64(), 2.0_f64.powi(128));
        assert_eq!(U256::new(0, 12_345).to_f64(), 12_345.0);
    }

    proptest! {
        #[test]
        fn products_are_those_of_repeated_addition(left: u128, right: u128, shift in 0..128_u32) {
            // Promise: products are exact, for numbers of every length.
            prop_assert_eq!(
                U256::product(left, right >> shift),
                product_by_addition(left, right >> shift)
            );
        }

        #[test]
        fn subtraction_undoes_addition(a: (u128, u128), b: (u128, u128)) {
            // Promise: carry and borrow cross the halves alike.
            let (a, b) = (U256::new(a.0 >> 1, a.1), U256::new(b.0 >> 1, b.1));
            let sum = a.checked_add(b).unwrap();
            prop_assert_eq!(sum.checked_sub(b), Some(a));
            prop_assert!(sum >= a);
        }

        #[test]
        fn conversion_agrees_with_its_halves(high in 1..u128::MAX, low: u128) {
            // Promise: the value of the f64 is that of both halves together.
            let reference = high as f64 * 2.0_f64.powi(128) + low as f64;
            let error = (U256::new(high, low).to_f64() - reference).abs();
            prop_assert!(error <= reference * 4.0 * f64::EPSILON);
        }
    }
}

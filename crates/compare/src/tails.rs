//! Tails of the normal and of Student's distribution, and the points that have a given tail.
//!
//! What is wanted is small tails, so nothing is computed as one minus something: relative errors
//! stay near 1e-13 (a test compares with scipy).

use std::f64::consts::{PI, SQRT_2};

/// Terms after which a series or a continued fraction has long converged.
const TERM_COUNT_MAX: u32 = 500;
/// Below this a continued fraction's denominator counts as this (Lentz's method).
const TINY: f64 = 1e-300;
/// Halvings after which a bracket is as narrow as an `f64` can tell.
const HALVING_COUNT: u32 = 200;

/// The share of a standard normal distribution above `z`.
#[must_use]
pub fn normal_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - normal_tail(-z);
    }
    let x = z / SQRT_2;
    if x < 2.0 { 0.5 * (1.0 - erf(x)) } else { 0.5 * erfc(x) }
}

/// The `z` above which lies the share `tail` of a standard normal distribution.
#[must_use]
pub fn normal_quantile(tail: f64) -> f64 {
    if tail > 0.5 { -upper_point(1.0 - tail, normal_tail) } else { upper_point(tail, normal_tail) }
}

/// The share of Student's distribution with `freedom` degrees of freedom above `t`.
///
/// Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.1 and 26.5.27.
#[must_use]
pub fn student_tail(t: f64, freedom: f64) -> f64 {
    if t < 0.0 {
        return 1.0 - student_tail(-t, freedom);
    }
    0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The `t` above which lies the share `tail` of Student's distribution.
#[must_use]
pub fn student_quantile(tail: f64, freedom: f64) -> f64 {
    let of = |t| student_tail(t, freedom);
    if tail > 0.5 { -upper_point(1.0 - tail, of) } else { upper_point(tail, of) }
}

/// Where a tail that falls from 0.5 has the value `tail`.
fn upper_point(tail: f64, of: impl Fn(f64) -> f64) -> f64 {
    if tail <= 0.0 {
        return f64::INFINITY;
    }
    let (mut lower, mut upper) = (0.0, 1.0);
    while of(upper) > tail && upper < 1e300 {
        (lower, upper) = (upper, upper * 2.0);
    }
    for _ in 0..HALVING_COUNT {
        let middle = f64::midpoint(lower, upper);
        if middle <= lower || middle >= upper {
            break;
        }
        if of(middle) > tail { lower = middle } else { upper = middle }
    }
    upper
}

/// Abramowitz and Stegun 7.1.6, for small `x`.
fn erf(x: f64) -> f64 {
    let (mut sum, mut term) = (x, x);
    for n in 1..TERM_COUNT_MAX {
        term *= 2.0 * x * x / f64::from(2 * n + 1);
        sum += term;
        if term < sum * f64::EPSILON / 4.0 {
            break;
        }
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// Abramowitz and Stegun 7.1.14, for large `x`; evaluated by Lentz's method.
fn erfc(x: f64) -> f64 {
    // x + (1/2)/(x + 1/(x + (3/2)/(x + ...)))
    let (mut value, mut above, mut below) = (x, x, 0.0);
    for n in 1..TERM_COUNT_MAX {
        let numerator = f64::from(n) / 2.0;
        below = 1.0 / (x + numerator * below);
        above = x + numerator / above;
        let change = above * below;
        value *= change;
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    (-x * x).exp() / (PI.sqrt() * value)
}

/// The regularised incomplete beta function, by the continued fraction 26.5.8 of Abramowitz and
/// Stegun (DLMF 8.17.22), evaluated by Lentz's method.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges fast on this side of the mode only (26.5.2 turns it around).
    if x < (a + 1.0) / (a + b + 2.0) {
        front.exp() * beta_fraction(a, b, x) / a
    } else {
        1.0 - front.exp() * beta_fraction(b, a, 1.0 - x) / b
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let guard = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut above, mut below) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = below;
    for n in 1..TERM_COUNT_MAX {
        let n = f64::from(n);
        let even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
        let odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0));
        let mut change = 1.0;
        for numerator in [even, odd] {
            below = 1.0 / guard(1.0 + numerator * below);
            above = guard(1.0 + numerator / above);
            change = above * below;
            value *= change;
        }
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    value
}

/// The logarithm of the gamma function for positive numbers: Lanczos, SIAM Journal on Numerical
/// Analysis 1, 1964, with g = 7 and nine terms.
fn ln_gamma(x: f64) -> f64 {
    const G: f64 = 7.0;
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        // The formula of reflection.
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let terms = (1..).zip(TERMS).map(|(n, term)| term / (x + f64::from(n)));
    let sum = terms.fold(0.999_999_999_999_809_9, |sum, term| sum + term);
    let base = x + G + 0.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

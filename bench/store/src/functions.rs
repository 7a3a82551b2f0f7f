//! The functions of the data set: how often each is called and how long its calls take.

use crate::random::Random;

const ZIPF: f64 = 1.1;
const MEDIAN_MIN_NS: f64 = 2e3;
const MEDIAN_MAX_NS: f64 = 50e6;
const SIGMA_MIN: f64 = 0.25;
const SIGMA_MAX: f64 = 1.0;
const TAIL_SHARE: f64 = 0.015;
const TAIL_ALPHA: f64 = 1.3;
/// Where the tail begins, in sigmas above the median.
const TAIL_BEGIN: f64 = 2.0;
/// Where it is cut, in multiples of its beginning.
const TAIL_CUT: f64 = 500.0;

/// Functions by popularity.
#[derive(Debug)]
pub struct Functions {
    shapes: Vec<Shape>,
    /// Share of the calls that go to a function or to a more popular one.
    bounds: Vec<f64>,
}

#[derive(Debug)]
struct Shape {
    median_ns: f64,
    sigma: f64,
}

impl Functions {
    pub fn draw(count: u16, random: &mut Random) -> Self {
        let scale = (MEDIAN_MAX_NS / MEDIAN_MIN_NS).ln();
        let shapes = (0..count).map(|_| Shape {
            median_ns: MEDIAN_MIN_NS * (scale * random.unit()).exp(),
            sigma: random.between(SIGMA_MIN, SIGMA_MAX),
        });
        let shapes = shapes.collect();
        let weights = || (1..=count).map(|rank| f64::from(rank).powf(-ZIPF));
        let total: f64 = weights().sum();
        let mut below = 0.0;
        let bounds = weights().map(|weight| {
            below += weight / total;
            below
        });
        Self { shapes, bounds: bounds.collect() }
    }

    /// Index of the function that is called, and how long the call takes in nanoseconds.
    pub fn call(&self, random: &mut Random) -> (usize, u64) {
        let drawn = random.unit();
        let found = self.bounds.partition_point(|&bound| bound <= drawn);
        let index = found.min(self.shapes.len() - 1);
        (index, self.shapes[index].duration_ns(random))
    }
}

impl Shape {
    fn duration_ns(&self, random: &mut Random) -> u64 {
        let duration = if random.unit() >= TAIL_SHARE {
            self.median_ns * (self.sigma * random.normal()).exp()
        } else {
            let beginning = self.median_ns * (TAIL_BEGIN * self.sigma).exp();
            beginning * (1.0 - random.unit()).powf(-1.0 / TAIL_ALPHA).min(TAIL_CUT)
        };
        whole_ns(duration).max(1)
    }
}

/// Rounded to whole nanoseconds.
#[expect(clippy::cast_possible_truncation, reason = "hours at most, and `as` saturates")]
pub fn whole_ns(ns: f64) -> u64 {
    ns.round() as u64
}

//! Loads as services have them: what is called when, and how long it takes.

use kronicler_compare::{Random, Sample};

/// Median of all loads, in nanoseconds.
const MEDIAN_NS: f64 = 2e6;
/// Ticks of the hour in which everything is called.
const HOUR: f64 = 2e9;

/// What is called.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub calls: u32,
    /// Deviation of the logarithm of a duration.
    pub spread: f64,
    pub shape: Shape,
}

/// What the calls have to do with each other.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Nothing; called at any time.
    Independent,
    /// Nothing; each begins when the last has ended.
    OneAfterTheOther,
    /// All of them are slower for a while and faster for a while: the logarithm of a common factor
    /// moves as an Ornstein-Uhlenbeck process with this deviation and this share of the hour as its
    /// time of relaxation.
    Drifting { relaxation: f64, deviation: f64 },
    /// The hour has so many parts, of which this share is so many times slower.
    SlowMinutes { parts: f64, share: f64, slower: f64 },
    /// Called in bursts of so many, each with a factor of its own that deviates so much.
    Bursts { size: u32, deviation: f64 },
    /// As measured by a clock with steps of so many nanoseconds.
    CoarseClock { step_ns: f64 },
    /// Three calls in 200 take up to 500 times as long (Pareto, exponent 1.3).
    HeavyTail,
    /// The last call takes so much longer than the first.
    Trend { slower: f64 },
}

impl Load {
    /// The calls of one side, all of them so many times slower.
    pub fn sample(&self, random: &mut Random, slower: f64) -> Sample {
        let mut calls = Calls { load: *self, time: 0.0, common: Common::new(random) };
        let mut sample = Sample::new();
        for index in 0..self.calls {
            let own = MEDIAN_NS * slower * (self.spread * random.normal()).exp();
            let duration = calls.next(index, own, random);
            #[expect(clippy::cast_possible_truncation, reason = "within two hours")]
            sample.add(calls.time as u32, duration as u64, 1, false);
        }
        sample
    }
}

/// What calls have in common.
struct Common {
    level: f64,
    part: f64,
    factor: f64,
    left: u32,
}

impl Common {
    fn new(random: &mut Random) -> Self {
        Self { level: random.normal(), part: -1.0, factor: 1.0, left: 0 }
    }
}

struct Calls {
    load: Load,
    time: f64,
    common: Common,
}

impl Calls {
    /// How long the next call takes, which would take `own` alone.
    fn next(&mut self, index: u32, own: f64, random: &mut Random) -> f64 {
        let gap = -HOUR / f64::from(self.load.calls) * random.unit().ln();
        let begun = self.time;
        self.time += gap;
        match self.load.shape {
            Shape::Independent => own,
            Shape::OneAfterTheOther => {
                self.time = begun + own / 100.0;
                own
            }
            Shape::Drifting { relaxation, deviation } => {
                let kept = (-gap / (relaxation * HOUR)).exp();
                let fresh = (1.0 - kept * kept).sqrt() * random.normal();
                self.common.level = kept * self.common.level + fresh;
                own * (deviation * self.common.level).exp()
            }
            Shape::SlowMinutes { parts, share, slower } => {
                let part = (self.time / HOUR * parts).floor();
                if part != self.common.part {
                    self.common.part = part;
                    self.common.factor = if random.unit() < share { slower } else { 1.0 };
                }
                own * self.common.factor
            }
            Shape::Bursts { size, deviation } => {
                if self.common.left == 0 {
                    self.common.left = size;
                    self.common.factor = (deviation * random.normal()).exp();
                    self.time = begun + gap * f64::from(size);
                } else {
                    self.time = begun + own / 1e4;
                }
                self.common.left -= 1;
                own * self.common.factor
            }
            Shape::CoarseClock { step_ns } => {
                let start = random.unit();
                ((start + own / step_ns).floor() - start.floor()) * step_ns
            }
            Shape::HeavyTail if random.unit() < 0.015 => {
                let begin = MEDIAN_NS * (2.0 * self.load.spread).exp();
                begin * random.unit().powf(-1.0 / 1.3).min(500.0)
            }
            Shape::HeavyTail => own,
            Shape::Trend { slower } => {
                own * (1.0 + (slower - 1.0) * f64::from(index) / f64::from(self.load.calls))
            }
        }
    }
}

//! Rows whose content follows from their number, and random numbers that a seed repeats.

use kronicler::Database;
use kronicler::query::StoredRow;

/// The names that take turns.
const NAMES: [&str; 3] = ["parse", "query", "render"];
/// Rows with the same name that follow each other.
const TURN: u64 = 64;
/// Durations repeat after so many rows, so that their sum is a function of the count.
const PERIOD: u64 = 4_096;
/// Time between the starts of two rows.
const STEP_NS: u64 = 1_000;

/// What the rows are.
#[derive(Debug, Clone)]
pub struct Content {
    /// When row 0 began, nanoseconds since the Unix epoch.
    pub base_ns: u64,
    /// How many bits of a duration are random: how large the rows are.
    pub bits: u32,
    /// Sum of the first durations of a period, up to each of them.
    sums: Vec<u64>,
}

impl Content {
    pub fn new(base_ns: u64, bits: u32) -> Self {
        let mut content = Self { base_ns, bits, sums: vec![0] };
        for number in 0..PERIOD {
            let sum = content.sums.last().copied().unwrap_or_default();
            content.sums.push(sum + content.duration_ns(number));
        }
        content
    }

    /// Rows of the present time.
    pub fn now(bits: u32) -> Self {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().expect("a clock behind 1970");
        Self::new(u64::try_from(since_epoch.as_nanos()).expect("a clock before 2554"), bits)
    }

    pub fn name(number: u64) -> &'static str {
        let turn = usize::try_from(number / TURN % 3).expect("is small");
        NAMES[turn]
    }

    pub const fn start_ns(&self, number: u64) -> u64 {
        self.base_ns + number * STEP_NS
    }

    pub const fn duration_ns(&self, number: u64) -> u64 {
        1 + (mix(number % PERIOD) >> (64 - self.bits))
    }

    /// Sum of the durations of all rows before this one.
    pub fn sum_before(&self, number: u64) -> u128 {
        let part = |count: u64| self.sums[usize::try_from(count).expect("is small")];
        let periods = u128::from(number / PERIOD) * u128::from(part(PERIOD));
        periods + u128::from(part(number % PERIOD))
    }

    /// Captures these rows.
    pub fn capture(&self, db: &Database, numbers: std::ops::Range<u64>) {
        for number in numbers {
            let start = self.start_ns(number);
            let end = start + self.duration_ns(number);
            db.capture(Self::name(number), start, end).expect("is taken");
        }
    }

    /// The number of a row that was stored, which must be whole.
    pub fn number_of(&self, row: &StoredRow) -> u64 {
        let since = row.start_ns().cast_unsigned() - self.base_ns;
        let number = since / STEP_NS;
        let expected = (Self::name(number), self.start_ns(number), self.duration_ns(number));
        let found = (&*row.name.name, row.start_ns().cast_unsigned(), row.duration_ns);
        assert_eq!(found, expected, "row {}", row.id.number());
        number
    }
}

/// One step of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
const fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Random numbers that a seed repeats.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub const fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % limit
    }
}

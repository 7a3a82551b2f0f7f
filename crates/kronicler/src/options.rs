//! What a database can be told before it opens.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use kronicler_queue::ClockSource;
use kronicler_store::{Disk, POOL_SIZE_BYTES, Storage};

use crate::Error;

/// The name of a database's directory where no other is given.
pub const DIR_NAME: &str = ".kronicler_data";

/// When rows are made to survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// With every batch of rows that is written, tens of milliseconds after the calls.
    Sync,
    /// Each second in which something was written.
    #[default]
    Interval,
    /// When the operating system sees fit, and at `flush()` and `close()`.
    Os,
}

impl Durability {
    /// The word used in every language.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Interval => "interval",
            Self::Os => "os",
        }
    }
}

impl FromStr for Durability {
    type Err = Error;

    fn from_str(word: &str) -> Result<Self, Error> {
        let all = [Self::Sync, Self::Interval, Self::Os];
        all.into_iter().find(|durability| durability.name() == word).ok_or_else(|| {
            Error::InvalidOption {
                option: "durability",
                value: word.to_owned(),
                remedy: "use 'sync', 'interval' or 'os'",
            }
        })
    }
}

/// What a database can be told before it opens.
#[derive(Debug, Clone)]
pub struct Options {
    /// Directory of the files; `.kronicler_data` under the working directory when not given.
    pub dir: Option<PathBuf>,
    /// When rows are made to survive a power cut.
    pub durability: Durability,
    /// Bytes that the rows of all lanes of the directory may take; the oldest go when there are
    /// more. Statistics of rows that are gone take 64 MiB a lane more.
    pub max_bytes: u64,
    /// How long rows are kept, counted from when they were written.
    pub max_age: Duration,
    /// Bytes of decoded pages that are kept in memory for questions.
    pub pool_size_bytes: usize,
    /// Name of the service, stored once per run.
    pub service: String,
    /// Version of the service, stored once per run.
    pub version: String,
    /// Which instance of the service, stored once per run.
    pub instance: String,
    /// How long a program that ends, or a blocking call, waits for a disk that does not answer.
    pub exit_budget: Duration,
    /// Where ticks come from.
    pub clock: ClockSource,
    /// Records that the ring of the main thread holds, a power of two.
    pub ring_capacity_main: u32,
    /// Records that the ring of any other thread holds, a power of two.
    pub ring_capacity_worker: u32,
    /// The file system; another than the real one is for tests.
    pub storage: Arc<dyn Storage>,
}

/// What this process uses where nothing is said, set by [`Options::set_defaults`].
static DEFAULTS: OnceLock<Options> = OnceLock::new();

impl Default for Options {
    fn default() -> Self {
        DEFAULTS.get().cloned().unwrap_or_else(Self::built_in)
    }
}

impl Options {
    fn built_in() -> Self {
        Self {
            dir: None,
            durability: Durability::default(),
            max_bytes: 1 << 30,
            max_age: Duration::from_secs(14 * 24 * 3_600),
            pool_size_bytes: POOL_SIZE_BYTES,
            service: String::new(),
            version: String::new(),
            instance: String::new(),
            exit_budget: Duration::from_secs(2),
            clock: crate::clock::process_clock(),
            ring_capacity_main: 65_536,
            ring_capacity_worker: 8_192,
            storage: Arc::new(Disk),
        }
    }

    /// Sets what this process uses where nothing is said, as its environment wants it. The first
    /// call counts.
    pub fn set_defaults(options: Self) {
        DEFAULTS.get_or_init(|| options);
    }

    /// Options for a database in `dir`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: Some(dir.into()), ..Self::default() }
    }

    /// The directory, absolute.
    #[must_use]
    pub fn resolve_dir(&self) -> PathBuf {
        let dir = self.dir.clone().unwrap_or_else(|| DIR_NAME.into());
        std::path::absolute(&dir).unwrap_or(dir)
    }

    /// The first option in which `wanted` differs from these, as `(option, present, wanted)`.
    /// What is as by default was not asked for.
    #[must_use]
    pub(crate) fn conflict(&self, wanted: &Self) -> Option<(&'static str, String, String)> {
        let texts = |options: &Self| {
            [
                ("durability", options.durability.name().to_owned()),
                ("maxBytes", options.max_bytes.to_string()),
                ("maxAge", format!("{} ms", options.max_age.as_millis())),
                ("service", options.service.clone()),
                ("version", options.version.clone()),
                ("instance", options.instance.clone()),
                ("exitBudgetMs", options.exit_budget.as_millis().to_string()),
            ]
        };
        let defaults = texts(&Self::default());
        let all = texts(self).into_iter().zip(texts(wanted)).zip(defaults);
        let mut differing =
            all.filter(|((present, wanted), default)| wanted != present && wanted != default);
        let (((option, present), (_, wanted)), _) = differing.next()?;
        Some((option, present, wanted))
    }
}

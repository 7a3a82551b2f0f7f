//! The formats rows are written in, and how they are recognised by the ending of a file's name.

use std::path::Path;

use clap::ValueEnum;

/// A format rows are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FileFormat {
    /// Apache Parquet: columns, compressed; small, and read by all analytic programs.
    Parquet,
    /// Apache Arrow IPC file, also called Feather: columns as they lie in memory.
    Arrow,
    /// Apache Arrow IPC stream, for pipes.
    ArrowStream,
    /// Comma-separated values (RFC 4180), as of kr fetch --csv.
    Csv,
    /// One JSON object a line, as of kr fetch --json.
    Ndjson,
    /// Trace events for Perfetto and chrome://tracing.
    ChromeTrace,
}

/// Endings of names and what they stand for; the longest one counts.
const ENDINGS: [(&str, FileFormat); 11] = [
    (".parquet", FileFormat::Parquet),
    (".pq", FileFormat::Parquet),
    (".arrow", FileFormat::Arrow),
    (".feather", FileFormat::Arrow),
    (".ipc", FileFormat::Arrow),
    (".arrows", FileFormat::ArrowStream),
    (".csv", FileFormat::Csv),
    (".ndjson", FileFormat::Ndjson),
    (".jsonl", FileFormat::Ndjson),
    (".trace", FileFormat::ChromeTrace),
    (".trace.json", FileFormat::ChromeTrace),
];

impl FileFormat {
    /// The format that the name of a file ends in.
    pub fn of_name(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        // What stands before the ending is a name, not nothing.
        let is_it = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
        ENDINGS.iter().find(|(ending, _)| is_it(ending)).map(|(_, format)| *format)
    }

    /// What it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::ArrowStream => "arrow-stream",
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::ChromeTrace => "chrome-trace",
        }
    }

    /// Whether a terminal cannot show it.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Parquet | Self::Arrow | Self::ArrowStream)
    }

    /// What is written where nobody can go back, as in a pipe: a reader of an Arrow file begins at
    /// its end, one of a stream at its beginning.
    pub const fn in_pipe(self) -> Self {
        match self {
            Self::Arrow => Self::ArrowStream,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_their_names_end_in() {
        // Promise: usual endings need no --format, others are never guessed.
        let of = |name: &str| FileFormat::of_name(Path::new(name)).map(FileFormat::name);
        assert_eq!(of("calls.parquet"), Some("parquet"));
        assert_eq!(of("a.b/Calls.PARQUET"), Some("parquet"));
        assert_eq!(of("calls.arrow"), Some("arrow"));
        assert_eq!(of("calls.arrows"), Some("arrow-stream"));
        assert_eq!(of("calls.trace.json"), Some("chrome-trace"));
        for name in ["calls", "calls.json", ".csv", "x.parquet/calls", "calls.csv.gz", "..", ""] {
            assert_eq!(of(name), None, "{name}");
        }
        for format in FileFormat::value_variants() {
            let value = format.to_possible_value().unwrap();
            assert_eq!(value.get_name(), format.name());
        }
    }
}

//! What all commands take: which database, which calls, how to show them.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use kronicler_format::Outcome;
use kronicler_format::limits::{LANE_COUNT_MAX, SEQ_BITS};
use kronicler_query::parse_status;
use kronicler_store::RowId;

use crate::units::parse_duration;
use crate::when::When;

/// What every command takes.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// The database [default: KRONICLER_DIR, else .kronicler_data here or further up]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,

    /// Only functions with this name; `*` stands for any text, `?` for any character; repeatable.
    #[arg(long, global = true, value_name = "NAME", help_heading = "Which calls")]
    pub name: Vec<String>,

    /// Only calls that ended since: 15m, 2h, 3d, today, yesterday, 2026-01-31, 2026-01-31T15:04.
    #[arg(long, global = true, value_name = "TIME", help_heading = "Which calls")]
    pub since: Option<When>,

    /// Only calls that ended before this time.
    #[arg(long, global = true, value_name = "TIME", help_heading = "Which calls")]
    pub until: Option<When>,

    /// Only calls that took at least so long: 250us, 5ms, 1.5s.
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        value_parser = parse_duration,
        help_heading = "Which calls"
    )]
    pub min_duration: Option<u64>,

    /// Only calls that ended so: ok, error or aborted.
    #[arg(
        long,
        global = true,
        value_name = "OUTCOME",
        value_parser = parse_outcome,
        help_heading = "Which calls"
    )]
    pub outcome: Option<Outcome>,

    /// Only http answers with a status of this class: 2xx, 3xx, 4xx, 5xx.
    #[arg(
        long,
        global = true,
        value_name = "CLASS",
        value_parser = parse_status_class,
        help_heading = "Which calls"
    )]
    pub status: Option<u8>,

    /// Show at most so many.
    #[arg(short = 'n', long, global = true, value_name = "COUNT", help_heading = "How to show")]
    pub limit: Option<usize>,

    /// JSON: one document, rows as one object a line.
    #[arg(long, global = true, conflicts_with = "csv", help_heading = "How to show")]
    pub json: bool,

    /// Comma-separated values with a header line.
    #[arg(long, global = true, help_heading = "How to show")]
    pub csv: bool,

    /// Read and show times in UTC, not in this machine's zone.
    #[arg(long, global = true, help_heading = "How to show")]
    pub utc: bool,

    /// Write long answers straight to the terminal, not through KR_PAGER, PAGER or less.
    #[arg(long, global = true, help_heading = "How to show")]
    pub no_pager: bool,

    /// No progress and no remarks on the standard error; errors are still told.
    #[arg(short, long, global = true, help_heading = "How to show")]
    pub quiet: bool,

    /// Colours: auto, always or never; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t = Color::Auto,
        hide_possible_values = true,
        help_heading = "How to show"
    )]
    pub color: Color,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that has them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Rows that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector {
    /// All of them.
    All,
    /// The one with this id.
    Row(RowId),
}

/// Reads `all` or an id in either form.
pub fn parse_selector(text: &str) -> Result<Selector, String> {
    if text == "all" {
        return Ok(Selector::All);
    }
    let id = parse_row_id(text).map(Selector::Row);
    id.map_err(|remedy| remedy.replacen("write ", "write all, ", 1))
}

/// Reads an id in either form.
pub fn parse_row_id(text: &str) -> Result<RowId, String> {
    let id = match text.split_once(':') {
        Some((lane, seq)) => lane
            .parse::<u16>()
            .ok()
            .zip(seq.parse::<u64>().ok())
            .filter(|&(lane, seq)| lane < LANE_COUNT_MAX && seq >> SEQ_BITS == 0)
            .map(|(lane, seq)| RowId::new(lane, seq)),
        None => {
            let number = text.parse::<u64>().ok();
            let id = number.map(RowId::from_number);
            id.filter(|id| id.lane() < u64::from(LANE_COUNT_MAX))
        }
    };
    id.ok_or_else(|| "write an id (42) or a lane and a sequence in it (0:42)".to_owned())
}

fn parse_outcome(text: &str) -> Result<Outcome, String> {
    Outcome::parse(text).ok_or_else(|| "write ok, error or aborted".to_owned())
}

fn parse_status_class(text: &str) -> Result<u8, String> {
    parse_status(text).ok_or_else(|| "write 2xx, 3xx, 4xx or 5xx".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_or_lane_and_sequence() {
        // Promise: both forms of an id that kr prints are read back, nothing else is.
        assert_eq!(parse_selector("all"), Ok(Selector::All));
        assert_eq!(parse_selector("42"), Ok(Selector::Row(RowId::new(0, 42))));
        assert_eq!(parse_selector("1:2"), parse_selector("8796093022210"));
        for text in ["", "-1", "x", "1:", "1024:0", "9007199254740992", "0:8796093022208"] {
            assert!(parse_selector(text).is_err(), "{text}");
        }
    }
}

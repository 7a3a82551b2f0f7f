//! `kr top`: a live view of the functions of a service, for as long as somebody looks.

use std::io::stdout;
use std::path::Path;
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use ratatui::crossterm::style::force_color_output;

use crate::charset;
use crate::context;
use crate::database::{self, Location};
use crate::failure::Failure;
use crate::options::{Color, Options};
use crate::top::{self, Paint, Source, Window};
use crate::units::parse_duration;
use crate::when::Times;

/// The least and the most time between two looks: numbers are kept by the second, and nobody waits
/// for more than a minute.
const INTERVAL_MIN: Duration = Duration::from_secs(1);
const INTERVAL_MAX: Duration = Duration::from_secs(60);

/// What `kr top` takes.
#[derive(Debug, clap::Args)]
pub struct TopArgs {
    /// Time between two looks, 1s to 1m.
    #[arg(long, value_name = "DURATION", value_parser = parse_interval, default_value = "1s")]
    interval: Duration,
    /// Over which time numbers are taken at first; the keys + and - change it.
    #[arg(long, value_name = "TIME", value_enum, default_value_t = Window::TenSeconds)]
    window: Window,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    let interval = Duration::from_nanos(parse_duration(text)?);
    if (INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
        return Ok(interval);
    }
    Err("write 1s to 1m".to_owned())
}

/// Shows the functions until the user has seen enough.
pub fn run(args: &TopArgs, options: &Options) -> Result<(), Failure> {
    refuse(options)?;
    let Location { dir, program } = database::locate(options.dir.as_deref())?;
    check(&dir)?;
    let times = Times::new(options.utc);
    let filter = context::filter(options, &times)?;
    let is_color = match options.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => AutoStream::choice(&stdout()) != ColorChoice::Never,
    };
    // What draws would ask NO_COLOR once more.
    force_color_output(is_color);
    top::run(top::Options {
        source: Source { dir, filter, interval: args.interval },
        window: args.window,
        limit: options.limit,
        paint: Paint { is_color, is_unicode: charset::is_unicode() },
        times,
        program,
    })
}

/// Refuses what makes no sense for something that is looked at.
fn refuse(options: &Options) -> Result<(), Failure> {
    let text = if options.json || options.csv {
        "top draws on a terminal; leave out --json and --csv, or use kr stats"
    } else if options.until.is_some() {
        "top shows what is going on now; leave out --until, or use kr stats"
    } else if !top::is_usable() {
        "top needs a terminal to draw on (not TERM=dumb, a pipe or a file); use kr stats"
    } else {
        return Ok(());
    };
    Err(Failure::Usage(text.to_owned()))
}

/// Waits for a database where one can appear, and says what is wrong where none can.
fn check(dir: &Path) -> Result<(), Failure> {
    match database::open(dir) {
        Err(Failure::NoDatabase(_)) if database::is_awaited(dir) => Ok(()),
        opened => opened.map(|_| ()),
    }
}

//! Measures the store on the reference data set; `bench.mjs` starts it and reads what it prints.
//!
//! A new question is a function in `query`; a new way to store is a file beside `ingest` and a
//! [`Command`]. Either prints lines by `measure`, and `rows.mjs` gives them label and goal.

mod random;
mod functions;
mod dataset;
mod entropy;
mod process;
mod measure;
mod columns;
mod ingest;
mod pipeline;
mod segments;
mod query;
mod pictures;
mod launch;

use std::error::Error;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::dataset::Dataset;
use crate::entropy::Entropy;
use crate::measure::print;
use crate::query::Windows;

#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the data set as columns for other programs.
    Generate {
        out: PathBuf,
        #[command(flatten)]
        dataset: Dataset,
    },
    /// Tell how many bits a row holds.
    Entropy {
        #[command(flatten)]
        dataset: Dataset,
    },
    /// Store the data set in a new database.
    Ingest {
        dir: PathBuf,
        #[command(flatten)]
        dataset: Dataset,
    },
    /// Push the data set through the threads of a database.
    Pipeline {
        dir: PathBuf,
        #[command(flatten)]
        dataset: Dataset,
    },
    /// Open a database of 1,000 segments.
    Segments {
        dir: PathBuf,
        /// How often it is timed.
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        #[command(flatten)]
        dataset: Dataset,
    },
    /// Ask a database for pictures and groups.
    Pictures {
        dir: PathBuf,
        /// How often each question is timed.
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        /// Threads that a question may take.
        #[arg(long, default_value_t = 1)]
        threads: usize,
    },
    /// Ask a database.
    Query {
        dir: PathBuf,
        /// How often each question is timed.
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        #[command(flatten)]
        windows: Windows,
    },
    /// Open a database.
    Open {
        dir: PathBuf,
        /// How often it is timed.
        #[arg(long, default_value_t = 5)]
        repeat: usize,
    },
    /// Run another program.
    Launch {
        /// How often it is timed.
        #[arg(long, default_value_t = 5)]
        repeat: usize,
        /// The program and its arguments.
        #[arg(last = true, required = true)]
        program: Vec<OsString>,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match Args::parse().command {
        Command::Generate { out, dataset } => Ok(columns::generate(&dataset, &out)?),
        Command::Entropy { dataset } => {
            print_entropy(&dataset);
            Ok(())
        }
        Command::Ingest { dir, dataset } => ingest::ingest(&dataset, &dir),
        Command::Pipeline { dir, dataset } => pipeline::pipeline(&dataset, &dir),
        Command::Segments { dir, repeat, dataset } => segments::segments(&dataset, &dir, repeat),
        Command::Pictures { dir, repeat, threads } => pictures::pictures(&dir, repeat, threads),
        Command::Query { dir, repeat, windows } => query::query(&dir, repeat, &windows),
        Command::Open { dir, repeat } => query::open_only(&dir, repeat),
        Command::Launch { repeat, program } => launch::launch(&program, repeat),
    }
}

fn print_entropy(dataset: &Dataset) {
    let mut entropy = Entropy::default();
    dataset.rows().for_each(|row| entropy.add(&row));
    let bits = entropy.bits();
    print("entropy of the name", "bits a row", &[bits.name]);
    print("entropy of the gap", "bits a row", &[bits.gap]);
    print("entropy of the duration given the name", "bits a row", &[bits.duration]);
    print("entropy", "bytes a row", &[bits.sum() / 8.0]);
}

//! A simulated disk that keeps just what a crash may keep, and the lives of databases on it.
//!
//! A [`Life`] is lived once on a [`SimDisk`], which records every change. From the recording the
//! disk after a power cut at any moment is made, with four kinds of [`Damage`], and what is found
//! there is judged by what the life knows it wrote. Recovery runs on a simulated disk as well, so
//! that cuts can follow on cuts. Everything follows from a seed, but for the identities that lanes
//! give themselves.

mod random;
mod content;
mod image;
mod fault;
mod recording;
mod cut;
mod disk_state;
mod sim_disk;
mod forgetful;
mod rows;
mod reading;
mod epoch;
mod model;
mod process;
mod world;
mod upkeep;
mod clearing;
mod life;
mod lives_of_segments;
mod lives;
mod stage;
mod flips;
mod case;
mod sweep;

pub use case::Case;
pub use content::Content;
pub use cut::{Cut, DAMAGES, Damage};
pub use epoch::When;
pub use fault::{FAULTS, Fault, Lasting, Op, Plan};
pub use flips::flip_all;
pub use forgetful::{CANARIES, Forgetful, Forgotten};
pub use image::Image;
pub use life::Life;
pub use lives::LIVES;
pub use model::Model;
pub use process::root;
pub use random::{Random, derive};
pub use reading::{Found, LaneFound, LaneRows, read_all, read_lane, read_on};
pub use recording::{Mutation, Recording};
pub use rows::{Author, Pid, Statistics};
pub use sim_disk::SimDisk;
pub use stage::{CutAt, Stage};
pub use sweep::{Counts, Order, Report, sweep};
pub use world::{Step, World};

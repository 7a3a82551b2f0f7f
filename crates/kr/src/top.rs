//! `kr top`: a live view of a database that services are writing.
//!
//! Threads wait for keys, for signals, and for the next second, to take a snapshot and read the
//! calls that came ([`follow`]). They tell the first thread, which alone knows something: what
//! functions did lately ([`board`], made of a [`ring`] each), what is looked at ([`state`]). Keys
//! become actions ([`input`]), actions change the state, and what is on the screen is a function of
//! both ([`view`]). Nothing is shared, so nothing is locked.

mod pattern;
mod window;
mod number;
mod paint;
mod picture;
mod input;
mod ring;
mod board;
mod news;
mod book;
mod follow;
mod column;
mod model;
mod state;
mod view;
mod terminal;
#[cfg(unix)]
mod suspension;
mod app;
#[cfg(test)]
mod sample;

pub use app::{Options, run};
pub use follow::Source;
pub use paint::Paint;
pub use terminal::is_usable;
pub use window::Window;

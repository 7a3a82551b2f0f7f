//! The embedded database that keeps every call.

mod error;
mod reader;

pub use error::Error;
pub use kronicler_query as query;
pub use kronicler_store::Directory;
pub use reader::{DIR_NAME, Reader, find_dir};

//! Tasks of this repository, as functions, so that `cargo test` runs tidy as well.

mod fuzz;
mod loom;
mod mask;
mod paths_used;
mod source;
mod tidy;
mod version;

use std::path::Path;

pub use fuzz::fuzz;
pub use loom::loom;
pub use source::Violation;
pub use tidy::tidy;
pub use version::set_version;

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

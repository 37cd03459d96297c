//! What the workspace tests share: where the tree is.
//!
//! Deliberately absent: any knowledge of claims; that is the testkit's and the crates' own.
//! Start reading in `tests/tidy/main.rs`, the tests of the tree itself.

use std::path::{Path, PathBuf};

/// The root of the workspace, the folder that holds `Cargo.toml`, `crates` and `README.md`.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

//! What the workspace tests share: where the tree is, and a reader of journals that shares nothing with the engine.
//!
//! Deliberately absent: any crate of claimlog. What a record means is written here a second time, from the design alone,
//! so that a mistake must be made twice to stay unseen. The rules of claims are not: those the crates test themselves.
//! Start reading in [`observer`], and in `tests/tidy/main.rs`, the tests of the tree itself.

use std::path::{Path, PathBuf};

pub mod observer;

/// The root of the workspace, the folder that holds `Cargo.toml`, `crates` and `README.md`.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

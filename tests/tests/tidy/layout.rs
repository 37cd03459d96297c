//! The top level of the repository stays short: one glance shows all of it.

use std::process::Command;

use claim_tests::root;

use crate::{assert_clean, assert_complains};

/// What may stand at the top level, dotfiles aside.
const TOP: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "schemas",
    "deploy",
    "tests",
    "README.md",
    "LICENSE",
    "rust-toolchain.toml",
];

/// Complains about each top-level entry once; `tracked` are paths from the root, one a line.
fn complaints(tracked: &str) -> Vec<String> {
    let mut tops: Vec<&str> = tracked.lines().filter_map(|path| path.split('/').next()).collect();
    tops.sort_unstable();
    tops.dedup();
    tops.into_iter()
        .filter(|top| !top.starts_with('.') && !TOP.contains(top))
        .map(|top| format!("{top} does not belong at the top level"))
        .collect()
}

#[test]
fn the_top_level_holds_only_what_it_must() {
    let output = Command::new("git")
        .args(["-c", "safe.directory=*", "ls-files"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tracked = String::from_utf8(output.stdout).unwrap();
    assert!(tracked.lines().any(|path| path == "Cargo.toml"), "git lists no Cargo.toml: {tracked}");
    assert_clean(&complaints(&tracked));
}

#[test]
fn clutter_at_the_top_level_is_found() {
    assert_clean(&complaints("Cargo.toml\n.ci/run\ncrates/domain/notes.txt\n"));
    assert_complains(&complaints("notes/a\nnotes/b\n.gitignore\n"), "notes does not belong");
}

//! Reads the tree: sources, manifests and documents, each with its path from the root.

use std::fs;
use std::path::Path;
use std::process::Command;

use claim_tests::root;
use serde_json::Value;

/// What `cargo metadata --no-deps` says of the workspace.
pub(crate) fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A text file and its path from the root, with `/` between folders.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Whether the file has this extension, given without its dot.
    pub(crate) fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|its| its == extension)
    }
}

/// One file of the tree.
pub(crate) fn file(path: &str) -> Source {
    let text = fs::read_to_string(root().join(path))
        .unwrap_or_else(|why| panic!("{path} cannot be read and must exist: {why}"));
    Source::new(path, &text)
}

/// All files below `folder` with one of these extensions, in the order of their paths.
/// Files that are not committed yet count too, so that a mistake shows before it is committed.
pub(crate) fn files(folder: &str, extensions: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    collect(&root().join(folder), &mut found, extensions);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The files of the top level with one of these extensions.
pub(crate) fn top_files(extensions: &[&str]) -> Vec<Source> {
    let entries =
        fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let wanted =
        entries.filter(|path| path.extension().is_some_and(|its| extensions.iter().any(|it| its == *it)));
    wanted.map(|path| file(&path.file_name().unwrap().to_string_lossy())).collect()
}

fn collect(folder: &Path, found: &mut Vec<Source>, extensions: &[&str]) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, found, extensions);
            }
        } else if path.extension().is_some_and(|its| extensions.iter().any(|it| its == *it)) {
            let text = fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            let from_root = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            found.push(Source { path: from_root, text });
        }
    }
}

/// The folders under `crates`, sorted: every one of them is a crate.
pub(crate) fn crates() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_tree_is_found_and_read() {
    assert!(crates().contains(&"domain".to_owned()));
    assert!(files("tests/tests/tidy", &["rs"]).iter().any(|it| it.path == "tests/tests/tidy/tree.rs"));
    assert!(files("tests", &["md"]).iter().all(|it| it.is("md")));
    assert!(top_files(&["toml"]).iter().any(|it| it.path == "Cargo.toml"));
    assert!(file("Cargo.toml").text.contains("[workspace]"));
}

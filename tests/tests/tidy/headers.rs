//! Every crate opens with a header: its duty, what is deliberately absent, where to start reading.

use crate::tree::{Source, crates, file, files};
use crate::{assert_clean, assert_complains};

const LEAST_LINES: usize = 3;

fn complaint(source: &Source) -> Option<String> {
    let header = source.text.lines().take_while(|line| line.starts_with("//!"));
    let written = header.filter(|line| line.len() > "//! ".len()).count();
    (written < LEAST_LINES).then(|| {
        format!(
            "{}: opens with {written} lines of `//!`, needs {LEAST_LINES}: duty, absences, start",
            source.path
        )
    })
}

#[test]
fn every_crate_opens_with_a_header() {
    let roots: Vec<Source> = crates()
        .iter()
        .flat_map(|name| files(&format!("crates/{name}/src"), &["rs"]))
        .filter(|it| it.path.ends_with("/src/lib.rs") || it.path.ends_with("/src/main.rs"))
        .chain([file("tests/src/lib.rs")])
        .collect();
    assert!(roots.len() > crates().len(), "a crate has neither lib.rs nor main.rs");
    assert_clean(&roots.iter().filter_map(complaint).collect::<Vec<_>>());
}

#[test]
fn a_short_header_is_found() {
    let check = |text: &str| complaint(&Source::new("lib.rs", text)).into_iter().collect::<Vec<_>>();
    assert_clean(&check("//! Duty.\n//!\n//! Absences.\n//! Start.\nmod a;"));
    assert_complains(&check("//! Duty.\n//!\n//! Absences.\nmod a;\n//! Start."), "opens with 2 lines");
    assert_complains(&check("use a;\n//! Duty.\n//! Absences.\n//! Start."), "opens with 0 lines");
}

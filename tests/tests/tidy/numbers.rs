//! Every rule, reading, fault and invariant that is cited is defined in the repository, once.
//!
//! An entry begins a list item or a table row: `- R-001 …` or `| R-001 | …`.

use std::collections::BTreeSet;

use crate::code::line_of;
use crate::tree::{Source, file, files, top_files};
use crate::{assert_clean, assert_complains};

/// The kind of a number, how many there are, and how many digits it is written with.
type Series = (char, usize, usize);

const RULES: (&str, &[Series]) = ("crates/domain/RULES.md", &[('R', 86, 3), ('D', 18, 2), ('A', 79, 2)]);
const FAULTS: (&str, &[Series]) = ("tests/FAULTS.md", &[('F', 95, 2), ('I', 32, 2)]);

/// The numbers of these series, spelt out.
fn expected(series: &[Series]) -> Vec<String> {
    let spelt = |(kind, count, digits): &Series| {
        let (kind, digits) = (*kind, *digits);
        (1..=*count).map(move |number| format!("{kind}-{number:0digits$}"))
    };
    series.iter().flat_map(spelt).collect()
}

/// All numbers in a text with their byte offset: a letter of R, D, A, F, I, a hyphen, two or three digits, whole words only.
fn cited(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let word = |it: Option<&u8>| it.is_some_and(|it| it.is_ascii_alphanumeric() || *it == b'_');
    let mut found = Vec::new();
    for (at, _) in text.match_indices('-') {
        let Some(start) = at.checked_sub(1).filter(|start| b"RDAFI".contains(&bytes[*start])) else {
            continue;
        };
        let before = start.checked_sub(1).and_then(|it| bytes.get(it));
        let digits = bytes[at + 1..].iter().take_while(|it| it.is_ascii_digit()).count();
        let end = at + 1 + digits;
        if !word(before) && (digits == 2 || digits == 3) && !word(bytes.get(end)) {
            found.push((start, &text[start..end]));
        }
    }
    found
}

/// The numbers that a document defines, in its order.
fn defined(document: &str) -> Vec<&str> {
    document
        .lines()
        .filter_map(|line| line.strip_prefix("- ").or_else(|| line.strip_prefix("| ")))
        .filter_map(|entry| cited(entry).first().copied().filter(|(at, _)| *at == 0))
        .map(|(_, number)| number)
        .collect()
}

/// Compares what a document defines with what it must define: each once, in order.
fn document_complaints(document: &Source, series: &[Series]) -> Vec<String> {
    let (expected, defined) = (expected(series), defined(&document.text));
    let mut found = Vec::new();
    for number in &expected {
        match defined.iter().filter(|it| *it == number).count() {
            1 => {}
            times => found.push(format!("{}: {number} is defined {times} times", document.path)),
        }
    }
    for number in &defined {
        if !expected.iter().any(|it| it == number) {
            found.push(format!("{}: {number} is none of its numbers", document.path));
        }
    }
    if found.is_empty() && defined != expected {
        found.push(format!("{}: the entries are out of order", document.path));
    }
    found
}

fn citation_complaints(sources: &[Source], known: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        for (at, number) in cited(&source.text).into_iter().filter(|(_, number)| !known.contains(*number)) {
            let line = line_of(&source.text, at);
            found.push(format!("{}:{line}: {number} is defined nowhere", source.path));
        }
    }
    found
}

#[test]
fn rules_and_faults_define_each_number_once() {
    for (path, series) in [RULES, FAULTS] {
        assert_clean(&document_complaints(&file(path), series));
    }
}

#[test]
fn every_cited_number_is_defined() {
    let known = [RULES, FAULTS].iter().flat_map(|(_, series)| expected(series)).collect();
    let mut sources = files("crates", &["rs", "md", "toml"]);
    sources.extend(files("tests", &["rs", "md", "toml"]));
    sources.extend(files("schemas", &["json", "md"]));
    sources.extend(files("deploy", &["json", "md", "toml"]));
    sources.push(file(".ci/run"));
    sources.extend(top_files(&["md", "toml"]));
    assert_clean(&citation_complaints(&sources, &known));
}

#[test]
fn an_undefined_number_is_found_where_it_is_cited() {
    let known = BTreeSet::from(["R-001".to_owned(), "A-30".to_owned()]);
    let text =
        format!("fine: R-001…A-30\nbad: {}, not ours: UTF-88 xA-99 A-9 A-9999 R-001a", concat!("A-", "31"));
    let found = citation_complaints(&[Source::new("x.rs", &text)], &known);
    assert_complains(&found, concat!("x.rs:2: A-", "31"));
}

#[test]
fn a_missing_doubled_strange_or_misplaced_entry_is_found() {
    let series = [('R', 2, 3)];
    let check = |text: &str| document_complaints(&Source::new("doc.md", text), &series);
    assert_clean(&check("- R-001 one, see R-002.\n  R-002 on a wrapped line\n| R-002 | two |\n"));
    assert_complains(&check("- R-001 one\n"), "R-002 is defined 0 times");
    assert_complains(&check("- R-001 one\n- R-002 two\n- R-002 again\n"), "R-002 is defined 2 times");
    assert_complains(&check("- R-001 one\n- R-002 two\n- R-003 three\n"), "R-003 is none of its numbers");
    assert_complains(&check("- R-002 two\n- R-001 one\n"), "out of order");
}

//! The domain's crate docs map every rule to its tests, or say why no decision carries it.
//!
//! A row reads ``//! | R-001 | `test_fn`, `other` |``, or ``//! | R-004 | — a page, not a decision |``.

use std::collections::BTreeSet;

use crate::code::bare;
use crate::tree::{file, files};
use crate::{assert_clean, assert_complains};

const RULE_COUNT: usize = 86;

/// One row of the table: the rule, and the cell that says where it is tested.
struct Row<'a> {
    rule: &'a str,
    tested_by: &'a str,
}

fn rows(docs: &str) -> Vec<Row<'_>> {
    docs.lines()
        .filter_map(|line| line.trim_start().strip_prefix("//! | R-"))
        .filter_map(|row| {
            let (number, cells) = row.split_once(" | ")?;
            Some(Row { rule: number, tested_by: cells.trim_end().trim_end_matches('|').trim() })
        })
        .collect()
}

/// The names in backticks, without the path of their module.
fn tests_named(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).map(|name| name.rsplit("::").next().unwrap_or(name)).collect()
}

fn complaints(docs: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let rows = rows(docs);
    if rows.is_empty() {
        return vec!["the crate docs have no table of rules and tests".to_owned()];
    }
    let mut found = Vec::new();
    for number in 1..=RULE_COUNT {
        let rule = format!("{number:03}");
        match rows.iter().filter(|row| row.rule == rule).count() {
            1 => {}
            times => found.push(format!("R-{rule} has {times} rows in the table of rules and tests")),
        }
    }
    if !rows.iter().map(|row| row.rule).is_sorted() {
        found.push("the rows of the table of rules and tests are out of order".to_owned());
    }
    rows.iter().for_each(|row| found.extend(row_complaint(row, functions)));
    found
}

fn row_complaint(row: &Row<'_>, functions: &BTreeSet<String>) -> Option<String> {
    if row.rule.parse().is_ok_and(|it: usize| it == 0 || it > RULE_COUNT) || row.rule.len() != 3 {
        return Some(format!("R-{} is no rule", row.rule));
    }
    if let Some(why) = row.tested_by.strip_prefix('—') {
        let words = why.split_whitespace().filter(|it| it.chars().any(char::is_alphabetic)).count();
        return (words < 2)
            .then(|| format!("R-{}: the row does not say why no decision carries it", row.rule));
    }
    let names = tests_named(row.tested_by);
    if names.is_empty() {
        return Some(format!("R-{} names neither a test nor a reason", row.rule));
    }
    let missing: Vec<&str> = names.into_iter().filter(|name| !functions.contains(*name)).collect();
    (!missing.is_empty()).then(|| format!("R-{}: no test is called {}", row.rule, missing.join(", ")))
}

/// The names of all functions in some code.
fn functions(bare: &str) -> impl Iterator<Item = String> + '_ {
    bare.split("fn ").skip(1).filter_map(|rest| rest.split_once('(')).map(|(name, _)| name.to_owned())
}

#[test]
fn every_rule_names_a_test_that_exists_or_says_why_none_does() {
    let mut sources = files("crates", &["rs"]);
    sources.extend(files("tests/tests", &["rs"]));
    let known = sources.iter().flat_map(|it| functions(&bare(&it.text)).collect::<Vec<_>>()).collect();
    assert_clean(&complaints(&file("crates/domain/src/lib.rs").text, &known));
}

/// A full table in which every rule is tested by `a_test`, but for one row.
#[cfg(test)]
fn table_with(rule: usize, row: &str) -> String {
    let line = |number| match number == rule {
        true => row.to_owned(),
        false => format!("//! | R-{number:03} | `a_test` |\n"),
    };
    (1..=RULE_COUNT).map(line).collect()
}

#[test]
fn a_row_that_is_missing_or_names_no_test_is_found() {
    let known = functions("#[test]\nfn a_test() {}").collect();
    let check = |row: &str| complaints(&table_with(7, row), &known);
    assert_clean(&check("//! | R-007 | `tests::a_test`, `a_test` |\n"));
    assert_clean(&check("//! | R-007 | — the page shows it, no decision |\n"));
    assert_complains(&check(""), "R-007 has 0 rows");
    assert_complains(&check("//! | R-007 | `a_test` |\n//! | R-007 | `a_test` |\n"), "R-007 has 2 rows");
    assert_complains(&check("//! | R-007 | `a_test`, `gone` |\n"), "no test is called gone");
    assert_complains(&check("//! | R-007 | — |\n"), "does not say why");
    assert_complains(&check("//! | R-007 | soon |\n"), "neither a test nor a reason");
    let too_long =
        format!("{}{}", table_with(7, "//! | R-007 | `a_test` |\n"), concat!("//! | R-", "087 | `a_test` |"));
    assert_complains(&complaints(&too_long, &known), "is no rule");
    assert_complains(
        &complaints(&format!("{}{}", table_with(1, ""), "//! | R-001 | `a_test` |"), &known),
        "out of order",
    );
}

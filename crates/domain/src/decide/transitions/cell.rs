//! Reading the table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::standing::STANDINGS;
use super::table::{CELLS, CODES, OF_THE_PROGRAM};
use crate::claim::Origin;
use crate::command::CommandType;

/// What is expected of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// Its event, and the claim is not looked at.
    Program(&'static str),
    /// Its refusal; without a code it is accepted without events.
    Code(&'static str),
    /// Its event, which leads to this standing.
    Leads { event: &'static str, to: &'static str },
}

/// The cells of a command, of claims of one origin or of both, by standing.
type Lines = BTreeMap<&'static str, Vec<(&'static str, Cell)>>;

/// What the table says of this command for a claim of this origin that stands so.
pub(super) fn cell(command: CommandType, origin: Origin, standing: &str) -> Cell {
    static LINES: LazyLock<Lines> = LazyLock::new(lines);
    if let Some((_, event)) = OF_THE_PROGRAM.iter().find(|(name, _)| *name == command.as_str()) {
        return Cell::Program(event);
    }
    let of_origin = match origin {
        Origin::Added => format!("{command}:added"),
        Origin::Claimed => format!("{command}:claimed"),
    };
    let line = LINES.get(command.as_str()).or_else(|| LINES.get(of_origin.as_str()));
    let cells = line.unwrap_or_else(|| panic!("the table has no line for {command}"));
    let mut cells = cells.iter().filter(|(name, _)| *name == standing);
    match (cells.next(), cells.next()) {
        (Some((_, only)), None) => *only,
        found => panic!("{command} in {standing} has no cell or two: {found:?}"),
    }
}

fn lines() -> Lines {
    let mut written = CELLS.lines().filter(|it| !it.is_empty()).map(|it| it.split_whitespace());
    let columns: Vec<_> = written.next().expect("a heading").skip(2).take(STANDINGS.len()).collect();
    assert!(columns.iter().eq(STANDINGS.iter().map(|it| &it.name)), "other columns: {columns:?}");
    let mut lines = Lines::new();
    for mut words in written {
        let command = words.nth(1).expect("a command");
        let words: Vec<_> = words.collect();
        let (cells, event) = match &words[..] {
            ["*", all] => (vec![*all; columns.len()], ""),
            [cells @ .., event] => (cells.to_vec(), *event),
            [] => panic!("{command} has no cells"),
        };
        assert_eq!(cells.len(), columns.len(), "{command}");
        let told = columns.iter().zip(cells).filter(|(_, cell)| *cell != "-");
        let cells = told.map(|(column, cell)| (*column, expectation(cell, event)));
        lines.entry(command).or_default().extend(cells);
    }
    lines
}

fn expectation(cell: &'static str, event: &'static str) -> Cell {
    match CODES.iter().find(|(sign, _)| *sign == cell) {
        Some((_, code)) => Cell::Code(code),
        None => Cell::Leads { event, to: cell },
    }
}

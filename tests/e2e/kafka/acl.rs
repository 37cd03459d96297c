//! The rights that each role needs, as the README's table has them: what it says is what is granted, and nothing else.

use std::fs;

use crate::place::root;

/// What one row of the table grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Role {
    pub(crate) name: String,
    pub(crate) rights: Vec<Right>,
}

/// One right on topics or on a group, with names as the table has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Right {
    /// `TOPIC` or `GROUP`.
    pub(crate) on: &'static str,
    /// The name, without the prefix; empty: all of them.
    pub(crate) name: String,
    /// `READ`, say.
    pub(crate) operation: String,
}

impl Right {
    fn new(on: &'static str, name: &str, operation: &str) -> Self {
        Self { on, name: name.to_owned(), operation: operation.to_owned() }
    }

    /// What it is a right on.
    pub(crate) fn resource(&self, prefix: &str) -> String {
        format!("{prefix}.{}", self.name.trim_end_matches('*').replace("<name>", "portal"))
    }

    /// The grant to a principal, as a cluster for tests takes it.
    pub(crate) fn grant(&self, principal: &str, prefix: &str) -> String {
        let (on, resource, operation) = (self.on, self.resource(prefix), &self.operation);
        let pattern = if self.name.is_empty() || self.name.ends_with('*') { "PREFIXED" } else { "LITERAL" };
        format!("User:{principal}|{on}|{resource}|{pattern}|{operation}")
    }
}

const HEAD: &str = "| role | READ | WRITE | GROUP READ |\n|---|---|---|---|\n";

/// The table of the README.
pub(crate) fn of_readme() -> Vec<Role> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, after) = readme.split_once(HEAD).expect("README has a table of rights");
    table(after.split("\n\n").next().unwrap())
}

fn table(text: &str) -> Vec<Role> {
    text.lines().map(row).collect()
}

fn row(line: &str) -> Role {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, read, write, group] = cells[..] else { panic!("four cells: {line}") };
    // What stands in capitals is an operation on all topics.
    let all = read.split(|it: char| !it.is_ascii_uppercase() && it != '_').filter(|it| it.len() > 3);
    let mut rights: Vec<_> = all.map(|operation| Right::new("TOPIC", "", operation)).collect();
    rights.extend(names(read).map(|it| Right::new("TOPIC", it, "READ")));
    rights.extend(names(write).map(|it| Right::new("TOPIC", it, "WRITE")));
    let groups = names(group).map(|it| it.strip_prefix("<prefix>.").expect("a group begins with the prefix"));
    rights.extend(groups.map(|it| Right::new("GROUP", it, "READ")));
    Role { name: name.trim_matches('`').to_owned(), rights }
}

/// What stands in backticks.
fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn a_row_of_the_table_is_read_as_it_is_meant() {
    let roles = table("| it | `a`, `b.*` | `c` | `<prefix>.d` |\n| `all` | READ_IT on all of them | | |");
    let grants = |role: &Role| role.rights.iter().map(|it| it.grant("me", "p")).collect::<Vec<_>>();
    assert_eq!(
        grants(&roles[0]),
        [
            "User:me|TOPIC|p.a|LITERAL|READ",
            "User:me|TOPIC|p.b.|PREFIXED|READ",
            "User:me|TOPIC|p.c|LITERAL|WRITE",
            "User:me|GROUP|p.d|LITERAL|READ",
        ]
    );
    assert_eq!(
        (&*roles[1].name, grants(&roles[1])),
        ("all", vec!["User:me|TOPIC|p.|PREFIXED|READ_IT".to_owned()])
    );
}

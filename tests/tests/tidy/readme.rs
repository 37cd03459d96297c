//! README is the only map, so it must be true: its list of crates is the tree's, its test command is CI's.

use crate::tree::{crates, file};
use crate::{assert_clean, assert_complains};

/// The lines of the section whose heading speaks of crates, up to the next heading of its level or above.
fn crate_section(readme: &str) -> Option<Vec<&str>> {
    let level = |line: &str| line.bytes().take_while(|it| *it == b'#').count();
    let mut lines =
        readme.lines().skip_while(|line| level(line) == 0 || !line.to_lowercase().contains("crates"));
    let heading = level(lines.next()?);
    Some(lines.take_while(|line| level(line) == 0 || level(line) > heading).collect())
}

/// The crate that a list item or table row is about: the first `` `crates/<name>` `` in it.
fn crate_of(line: &str) -> Option<&str> {
    let entry = line.trim_start();
    if !entry.starts_with("- ") && !entry.starts_with("| ") {
        return None;
    }
    let (_, after) = entry.split_once("crates/")?;
    let end = after.find(|it: char| !it.is_ascii_alphanumeric() && it != '-').unwrap_or(after.len());
    Some(&after[..end])
}

fn map_complaints(readme: &str, tree: &[String]) -> Vec<String> {
    let Some(section) = crate_section(readme) else {
        return vec!["README.md has no section whose heading names the crates".to_owned()];
    };
    let listed: Vec<&str> = section.into_iter().filter_map(crate_of).collect();
    let mut found = Vec::new();
    for name in tree {
        match listed.iter().filter(|it| *it == name).count() {
            1 => {}
            times => found.push(format!("README.md lists crates/{name} {times} times, not once")),
        }
    }
    for name in listed.iter().filter(|it| !tree.iter().any(|name| name == *it)) {
        found.push(format!("README.md lists crates/{name}, which does not exist"));
    }
    found
}

/// What stands in the fenced block whose info string says `test-command`.
fn test_command(readme: &str) -> Option<String> {
    let mut lines =
        readme.lines().skip_while(|line| !(line.starts_with("```") && line.contains("test-command")));
    lines.next()?;
    Some(lines.take_while(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n").trim().to_owned())
}

fn command_complaints(readme: &str, ci: &str) -> Vec<String> {
    let last =
        ci.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or("");
    match test_command(readme) {
        None => vec!["README.md has no fenced block marked `sh test-command`".to_owned()],
        Some(command) if command == last => Vec::new(),
        Some(command) => vec![format!(".ci/run ends with {last:?}, README.md's test command is {command:?}")],
    }
}

#[test]
fn readme_lists_exactly_the_crates_of_the_tree() {
    assert_clean(&map_complaints(&file("README.md").text, &crates()));
}

#[test]
fn ci_ends_with_the_test_command_of_the_readme() {
    assert_clean(&command_complaints(&file("README.md").text, &file(".ci/run").text));
}

#[test]
fn a_map_that_is_not_the_tree_is_found() {
    let tree = ["domain".to_owned(), "log-embedded".to_owned()];
    let check = |section: &str| {
        map_complaints(&format!("# It\n- `crates/x`\n## Its crates\n{section}\n## Then\n- `crates/y`"), &tree)
    };
    assert_clean(&check(
        "- `crates/domain`: rules, unlike `crates/log-embedded`\n\n| `crates/log-embedded` | a log |\n",
    ));
    assert_complains(&check("- `crates/domain`"), "crates/log-embedded 0 times");
    assert_complains(
        &check("- `crates/domain`\n- `crates/domain`\n- `crates/log-embedded`"),
        "crates/domain 2 times",
    );
    assert_complains(
        &check("- `crates/domain`\n- `crates/log-embedded`\n- `crates/log`"),
        "crates/log, which does not exist",
    );
    assert_complains(&map_complaints("# It\n", &tree), "no section");
}

#[test]
fn another_test_command_is_found() {
    let readme = "# It\n```sh\ncargo run\n```\n```sh test-command\ncargo test\n```\n";
    assert_clean(&command_complaints(readme, "set -e\ncargo test\n# the end\n"));
    assert_complains(&command_complaints(readme, "cargo test\ncargo doc\n"), "ends with \"cargo doc\"");
    assert_complains(&command_complaints("# It\n", "cargo test"), "no fenced block");
}

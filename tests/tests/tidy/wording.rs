//! What no file may say: work left behind without an issue, and projectors that look away.

use crate::code::{bare, line_of, without_tests};
use crate::tree::{Source, crates, file, files, top_files};
use crate::{assert_clean, assert_complains};

/// Marks of unfinished work; spelt in halves, or this file would complain about itself.
const UNFINISHED: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Lines with a mark of unfinished work that name no issue such as `#12`.
fn unfinished(source: &Source) -> Vec<String> {
    let names_issue =
        |line: &str| line.split('#').skip(1).any(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    source
        .text
        .lines()
        .enumerate()
        .filter(|(_, line)| UNFINISHED.iter().any(|mark| line.contains(mark)) && !names_issue(line))
        .map(|(at, _)| format!("{}:{}: unfinished work without an issue number", source.path, at + 1))
        .collect()
}

/// Arms that swallow whatever comes: a new event must ask every projector for its arm.
fn swallowing(source: &Source) -> Vec<String> {
    let (code, _) = without_tests(&bare(&source.text));
    code.match_indices("=>")
        .filter(|(at, _)| {
            let pattern = code[..*at].trim_end();
            let body: String = code[at + 2..].chars().filter(|it| !it.is_whitespace()).take(2).collect();
            let wildcard = pattern
                .strip_suffix('_')
                .is_some_and(|it| !it.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
            wildcard && (body == "{}" || body == "()")
        })
        .map(|(at, _)| format!("{}:{}: `_ => {{}}` in a projector", source.path, line_of(&code, at)))
        .collect()
}

#[test]
fn no_work_is_left_behind_without_an_issue() {
    let mut sources = files("crates", &["rs", "md", "toml"]);
    sources.extend(files("tests", &["rs", "md", "toml"]));
    sources.extend(files("deploy", &["md", "toml", "json"]));
    sources.extend(top_files(&["md", "toml"]));
    sources.push(file(".ci/run"));
    assert_clean(&sources.iter().flat_map(unfinished).collect::<Vec<_>>());
}

#[test]
fn no_projector_looks_away() {
    let projectors = crates().into_iter().filter(|name| name.starts_with("projector"));
    let sources = projectors.flat_map(|name| files(&format!("crates/{name}/src"), &["rs"]));
    assert_clean(&sources.flat_map(|it| swallowing(&it)).collect::<Vec<_>>());
}

#[test]
fn unfinished_work_is_found_unless_it_names_its_issue() {
    for mark in UNFINISHED {
        let check = |text: String| unfinished(&Source::new("a.rs", &text));
        assert_complains(&check(format!("ok\n// {mark}: later")), "a.rs:2");
        assert_clean(&check(format!("// {mark} #12: later")));
    }
}

#[test]
fn an_arm_that_swallows_is_found() {
    let check = |code: &str| swallowing(&Source::new("a.rs", code));
    assert_complains(&check("match it {\n A => a(),\n _ =>\n {}\n}"), "a.rs:3");
    assert_complains(&check("match it { A(_) | _ => (), }"), "a.rs:1");
    assert_clean(&check("match it { A => {}, other_ => {}, _ => b(), }\n// _ => {}\n\"_ => {}\""));
}

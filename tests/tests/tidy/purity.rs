//! The pure crates know no clock, no randomness, no I/O, no threads and no floating point.
//!
//! Their decisions must come out the same for ever and on every machine, so whatever could differ is banned by
//! word in their sources, tests aside.

use crate::code::{bare, line_of, lines_with_word, without_tests};
use crate::tree::{Source, files};
use crate::{assert_clean, assert_complains};

const PURE: [&str; 2] = ["crates/domain/src", "crates/journal/src"];

/// A banned word, and what to do instead.
const BANNED: [(&str, &str); 19] = [
    ("SystemTime", "take the time as an argument"),
    ("Instant::now", "take the time as an argument"),
    ("Utc::now", "take the time as an argument"),
    ("Local::now", "take the time as an argument"),
    ("new_v4", "derive the id, or take it as an argument"),
    ("now_v7", "derive the id, or take it as an argument"),
    ("rand", "take what is random as an argument"),
    ("getrandom", "take what is random as an argument"),
    ("RandomState", "its order differs from run to run"),
    ("HashMap", "its order differs from run to run; use BTreeMap"),
    ("HashSet", "its order differs from run to run; use BTreeSet"),
    ("tokio", "a pure crate waits for nothing"),
    ("async", "a pure crate waits for nothing"),
    ("await", "a pure crate waits for nothing"),
    ("f32", "use whole numbers of the smallest unit"),
    ("f64", "use whole numbers of the smallest unit"),
    ("println", "return what there is to say"),
    ("eprintln", "return what there is to say"),
    ("thread_local", "state is an argument"),
];

/// Modules of the standard library that reach outside.
const BANNED_STD: [&str; 5] = ["fs", "net", "env", "process", "thread"];

fn complaints(sources: &[Source]) -> Vec<String> {
    let code: Vec<(&Source, String, Vec<String>)> = sources
        .iter()
        .map(|source| {
            let (code, modules) = without_tests(&bare(&source.text));
            let paths = modules.iter().flat_map(|name| module_paths(&source.path, name)).collect();
            (source, code, paths)
        })
        .collect();
    let for_tests: Vec<&String> = code.iter().flat_map(|(_, _, paths)| paths).collect();
    let counted =
        |path: &str| !for_tests.iter().any(|it| path == **it || path.starts_with(&format!("{it}/")));
    code.iter()
        .filter(|(source, _, _)| counted(&source.path))
        .flat_map(|(source, code, _)| impure(source, code))
        .collect()
}

/// The file, or the folder, that a module declared in `declared_in` lives in.
fn module_paths(declared_in: &str, name: &str) -> [String; 2] {
    let (folder, file) = declared_in.rsplit_once('/').unwrap_or(("", declared_in));
    let folder = match file {
        "lib.rs" | "main.rs" | "mod.rs" => folder.to_owned(),
        other => format!("{folder}/{}", other.trim_end_matches(".rs")),
    };
    [format!("{folder}/{name}.rs"), format!("{folder}/{name}")]
}

fn impure(source: &Source, code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (word, instead) in BANNED {
        for line in lines_with_word(code, word) {
            found.push(format!("{}:{line}: `{word}` in a pure crate: {instead}", source.path));
        }
    }
    for (at, _) in code.match_indices("std::") {
        for module in imported(&code[at + "std::".len()..]) {
            if BANNED_STD.contains(&module) {
                let line = line_of(code, at);
                found
                    .push(format!("{}:{line}: `std::{module}` in a pure crate reaches outside", source.path));
            }
        }
    }
    found
}

/// The first segment, or all words of a braced group, that follows `std::`.
fn imported(after: &str) -> Vec<&str> {
    let scope = match after.strip_prefix('{') {
        Some(group) => group.split(';').next().unwrap_or(group),
        None => {
            let end = after.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(after.len());
            &after[..end]
        }
    };
    scope.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|it| !it.is_empty()).collect()
}

#[test]
fn domain_and_journal_are_pure() {
    for folder in PURE {
        let sources = files(folder, &["rs"]);
        assert!(!sources.is_empty(), "{folder} has no sources");
        assert_clean(&complaints(&sources));
    }
}

#[test]
fn each_impurity_is_found() {
    for bad in [
        "use std::fs;",
        "use std::{fmt, net::TcpStream};",
        "let t = std::time::SystemTime::UNIX_EPOCH;",
        "let t = Utc::now();",
        "let id = Uuid::new_v4();",
        "async fn decide() {}",
        "let share: f64 = x;",
        "println!();",
        "use rand::Rng;",
        "use tokio as rt;",
    ] {
        let found = complaints(&[Source::new("crates/domain/src/bad.rs", bad)]);
        assert_eq!(found.len(), 1, "{bad:?} gave {found:?}");
    }
}

#[test]
fn tests_and_comments_of_a_pure_crate_may_say_anything() {
    let sources = [
        Source::new(
            "crates/domain/src/lib.rs",
            "// std::fs\n#[cfg(test)]\nmod tests { use std::fs; }\nuse std::fmt;",
        ),
        Source::new("crates/domain/src/decide.rs", "#[cfg(test)]\nmod sample;"),
        Source::new("crates/domain/src/decide/sample.rs", "use std::fs;"),
    ];
    assert_clean(&complaints(&sources));
    let found = complaints(&[Source::new("crates/domain/src/decide/sample.rs", "use std::fs;")]);
    assert_complains(&found, "`std::fs`");
}

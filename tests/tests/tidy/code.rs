//! Rust source without what is not code: comments, the inside of literals, and items for tests only.
//!
//! A small lexer, exact enough for the rustfmt-formatted files of this tree.

/// The source with comments and the inside of string and character literals taken out, lines kept.
pub(crate) fn bare(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let (kept, taken) = next_piece(rest, first, out.chars().last());
        out.push_str(kept);
        // Line numbers stay true, whatever was taken out.
        let lines_lost = rest[..taken].matches('\n').count() - kept.matches('\n').count();
        out.extend(std::iter::repeat_n('\n', lines_lost));
        rest = &rest[taken..];
    }
    out
}

/// What is kept of the piece that `rest` begins with, and how many bytes the piece has.
fn next_piece(rest: &str, first: char, before: Option<char>) -> (&str, usize) {
    let starts_word = !before.is_some_and(is_word);
    if rest.starts_with("//") {
        return ("", rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return ("", block_comment(rest));
    }
    if let Some(length) = raw_string(rest).filter(|_| starts_word) {
        return ("\"\"", length);
    }
    match first {
        '"' => ("\"\"", quoted(rest, '"')),
        '\'' if is_char_literal(rest) => ("' '", quoted(rest, '\'')),
        _ => (&rest[..first.len_utf8()], first.len_utf8()),
    }
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

/// Length of a block comment; they nest in Rust.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a raw string such as `r"…"`, `br#"…"#`, if one begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let after_prefix = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after_prefix.len() - after_prefix.trim_start_matches('#').len();
    let inside = after_prefix[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let opening = rest.len() - inside.len();
    Some(inside.find(&end).map_or(rest.len(), |at| opening + at + end.len()))
}

/// Length of a quoted literal with backslash escapes, both quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, it) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if it == '\\' {
            escaped = true;
        } else if it == quote {
            return at + 1;
        }
    }
    rest.len()
}

/// Tells `'a'` and `'\n'` from a lifetime.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    match chars.next() {
        Some('\\') => true,
        Some(_) => chars.next() == Some('\''),
        None => false,
    }
}

/// The marker of an item that only tests see.
const FOR_TESTS: &str = "#[cfg(test)]";

/// Bare code without the items marked `#[cfg(test)]`, and the names of modules so marked that live in other files.
pub(crate) fn without_tests(bare: &str) -> (String, Vec<String>) {
    let mut out = String::with_capacity(bare.len());
    let mut modules = Vec::new();
    let mut rest = bare;
    while let Some(at) = rest.find(FOR_TESTS) {
        out.push_str(&rest[..at]);
        let item = &rest[at + FOR_TESTS.len()..];
        let length = item_length(item);
        if let Some(name) = module_in_another_file(&item[..length]) {
            modules.push(name.to_owned());
        }
        rest = &item[length..];
    }
    out.push_str(rest);
    (out, modules)
}

/// Up to the first `;` outside braces, or the brace that closes the first one opened.
fn item_length(item: &str) -> usize {
    let mut depth = 0_usize;
    for (at, it) in item.char_indices() {
        match it {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    item.len()
}

fn module_in_another_file(item: &str) -> Option<&str> {
    item.strip_suffix(';')?.split_once("mod ").map(|(_, name)| name.trim())
}

/// Where `word` stands as a whole word in bare code, as one-based line numbers.
pub(crate) fn lines_with_word(bare: &str, word: &str) -> Vec<usize> {
    bare.match_indices(word)
        .filter(|(at, _)| {
            let before = bare[..*at].chars().last();
            let after = bare[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
        .map(|(at, _)| line_of(bare, at))
        .collect()
}

/// The one-based line of a byte offset.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[test]
fn comments_and_literals_are_taken_out_and_lines_stay() {
    let source = "a // std::fs\n/* f32 /* nested */ f64 */ b \"tokio \\\" rand\" r#\"f32 \"x\" \"# 'x' &'a c\n\"two\nlines\" d";
    let bare = bare(source);
    for gone in ["std::fs", "f32", "f64", "tokio", "rand", "nested", "two"] {
        assert!(!bare.contains(gone), "{gone} is left in {bare:?}");
    }
    for kept in ["a ", " b ", "&'a c", " d"] {
        assert!(bare.contains(kept), "{kept:?} is gone from {bare:?}");
    }
    assert_eq!(bare.matches('\n').count(), source.matches('\n').count());
}

#[test]
fn items_for_tests_are_taken_out_and_their_files_are_named() {
    let (code, modules) = without_tests(
        "fn a() {}\n#[cfg(test)]\nmod tests {\n fn b() { {} }\n}\n#[cfg(test)]\nmod far;\nfn c() {}",
    );
    assert!(code.contains("fn a()") && code.contains("fn c()"));
    assert!(!code.contains("fn b()"));
    assert_eq!(modules, ["far"]);
}

#[test]
fn a_word_is_found_whole_only() {
    assert_eq!(lines_with_word("operand\nrand::x my_rand", "rand"), [2]);
}

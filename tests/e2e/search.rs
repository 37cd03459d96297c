//! Every byte of every file of a folder, searched for texts in each form that a program might have left them in.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// What is looked for, with the name of each form it is looked for in.
pub(crate) struct Search {
    names: Vec<String>,
    needles: AhoCorasick,
}

impl Search {
    /// A search for these secrets in every form.
    pub(crate) fn of<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let (mut names, mut needles) = (Vec::new(), Vec::new());
        for (name, secret) in secrets {
            for (form, needle) in forms(secret) {
                names.push(format!("{name} {form}"));
                needles.push(needle);
            }
        }
        Self { names, needles: AhoCorasick::new(needles).unwrap() }
    }

    /// What was found under a folder: by form, the files it stands in.
    pub(crate) fn under(&self, folder: &Path) -> BTreeMap<String, Vec<PathBuf>> {
        let mut found = BTreeMap::new();
        for file in files(folder) {
            for hit in self.needles.find_overlapping_iter(&fs::read(&file).unwrap()) {
                let files: &mut Vec<PathBuf> =
                    found.entry(self.names[hit.pattern().as_usize()].clone()).or_default();
                if files.last() != Some(&file) {
                    files.push(file.clone());
                }
            }
        }
        found
    }
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
    entries.flat_map(|it| if it.is_dir() { files(&it) } else { vec![it] }).collect()
}

/// A secret in every form: as it is, in base64 of both alphabets at each alignment, in hexadecimal, percent encoded as
/// addresses of the web are and whole, as JSON may escape it, and in UTF-16.
pub(crate) fn forms(secret: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut forms = vec![("raw".to_owned(), secret.to_vec())];
    for (alphabet, engine) in [("base64", &STANDARD), ("base64url", &URL_SAFE)] {
        for before in 0..3 {
            forms.push((format!("{alphabet} after {before}"), inner_base64(engine, secret, before)));
        }
    }
    let escaped = |escape: &dyn Fn(u8) -> String| secret.iter().map(|it| escape(*it)).collect::<String>();
    let needed = |escape: &dyn Fn(u8) -> String| {
        escaped(&|it| {
            if it.is_ascii_alphanumeric() || b"-._~".contains(&it) {
                (it as char).to_string()
            } else {
                escape(it)
            }
        })
    };
    for (form, text) in [
        ("hex", escaped(&|it| format!("{it:02x}"))),
        ("HEX", escaped(&|it| format!("{it:02X}"))),
        ("percent", needed(&|it| format!("%{it:02X}"))),
        ("percent, lower case", needed(&|it| format!("%{it:02x}"))),
        ("percent, whole", escaped(&|it| format!("%{it:02X}"))),
    ] {
        forms.push((form.to_owned(), text.into_bytes()));
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        let units = text.encode_utf16();
        forms.push(("UTF-16LE".to_owned(), units.clone().flat_map(u16::to_le_bytes).collect()));
        forms.push(("UTF-16BE".to_owned(), units.clone().flat_map(u16::to_be_bytes).collect()));
        let json = units.map(|it| match u8::try_from(it) {
            Ok(ascii) if ascii.is_ascii() => (ascii as char).to_string(),
            _ => format!("\\u{it:04x}"),
        });
        forms.push(("JSON".to_owned(), json.collect::<String>().into_bytes()));
    }
    forms
}

/// The part of base64 that is the same whatever stands before and after the secret, `before` bytes into a group.
fn inner_base64(engine: &impl Engine, secret: &[u8], before: usize) -> Vec<u8> {
    let text = engine.encode([&vec![0; before], secret].concat());
    let from = (before * 8).div_ceil(6);
    let to = (before + secret.len()) * 8 / 6;
    text.as_bytes()[from..to].to_vec()
}

#[test]
fn a_secret_is_found_in_each_of_its_forms_wherever_it_stands_in_them() {
    let secret = "Çanary+/7".as_bytes();
    let search = Search::of([("it", secret)]);
    for (form, needle) in forms(secret) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("deep")).unwrap();
        fs::write(
            folder.path().join("deep/file"),
            [b"some bytes before ".as_slice(), &needle, b" and after"].concat(),
        )
        .unwrap();
        assert!(search.under(folder.path()).contains_key(&format!("it {form}")), "{form}");
    }
    for before in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let whole = [&b"xyz"[..before], secret, b"and after"].concat();
        fs::write(folder.path().join("file"), STANDARD.encode(whole)).unwrap();
        assert!(search.under(folder.path()).contains_key(&format!("it base64 after {before}")), "{before}");
    }
}

//! The files of `deploy/sample/` are what the sample says, byte for byte.

use std::collections::BTreeSet;
use std::path::Path;

use claim_testkit::sample::sample;

#[test] // CONTRACT §4
fn the_sample_files_are_what_the_sample_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
    let remedy = "write them again: cargo run -p claim-testkit --example write_sample";
    let sample = sample().unwrap();
    let mut names = BTreeSet::from(["directory.json".to_owned(), "README.md".to_owned()]);
    assert!(std::fs::read_to_string(folder.join("directory.json")).unwrap() == sample.directory, "{remedy}");
    for file in &sample.files {
        let written = std::fs::read_to_string(folder.join(&file.name)).unwrap();
        assert!(written == file.text(), "{} differs; {remedy}", file.name);
        names.insert(file.name.clone());
    }
    let found = std::fs::read_dir(&folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(found.collect::<BTreeSet<_>>(), names, "a file that nothing writes");
}

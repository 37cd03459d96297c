//! The sample program and its commands, as they stand in `deploy/sample`.

/// The file-backed directory.
pub(crate) const DIRECTORY: &str = include_str!("../../../deploy/sample/directory.json");

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// The files of commands in the order in which they are applied.
        pub(crate) const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../deploy/sample/", $name)))),+];
    };
}

files!(
    "01-program.ndjson",
    "02-january.ndjson",
    "03-february.ndjson",
    "04-march.ndjson",
    "05-april.ndjson",
    "06-may.ndjson",
    "07-june.ndjson",
    "08-july.ndjson",
    "09-august.ndjson",
    "10-september.ndjson",
    "11-october.ndjson",
    "90-troubles.ndjson",
);

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_of_the_sample_is_in_the_demo() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/sample");
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .filter(|it| it.ends_with(".ndjson"))
            .collect();
        names.sort();
        assert_eq!(FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
    }
}

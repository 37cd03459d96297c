//! What the program takes, as its own `--help` lists it: the one list of options that cannot be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

/// The options of a command and the variables of the environment that give them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Takes {
    /// By name without dashes: whether a value follows.
    pub(crate) options: BTreeMap<String, bool>,
    /// By the name that begins with `CLAIMLOG_`: which option it gives.
    pub(crate) variables: BTreeMap<String, String>,
}

/// What `claimlog serve` takes.
pub(crate) static SERVE: LazyLock<Takes> = LazyLock::new(|| help(&["serve"]));
/// What `claimlog topics create` takes.
pub(crate) static CREATE: LazyLock<Takes> = LazyLock::new(|| help(&["topics", "create"]));
/// What `claimlog topics check` takes.
pub(crate) static CHECK: LazyLock<Takes> = LazyLock::new(|| help(&["topics", "check"]));
/// What every command takes.
pub(crate) static GLOBAL: LazyLock<Takes> = LazyLock::new(|| help(&[]));

fn help(command: &[&str]) -> Takes {
    let output = Command::new(env!("CARGO_BIN_EXE_claimlog")).args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    parse(&String::from_utf8(output.stdout).unwrap())
}

fn parse(help: &str) -> Takes {
    let mut takes = Takes::default();
    let mut option = String::new();
    for line in help.lines().map(str::trim) {
        let is_option = line.starts_with("--") || (line.starts_with('-') && line.contains(", --"));
        if let Some((_, after)) = line.split_once("--").filter(|_| is_option) {
            let mut words = after.split_whitespace();
            option = words.next().unwrap_or_default().trim_end_matches('.').to_owned();
            takes.options.insert(option.clone(), words.next().is_some_and(|it| it.starts_with('<')));
        }
        for (_, after) in line.match_indices("CLAIMLOG_").map(|(at, _)| line.split_at(at)) {
            let name = after.split(|it: char| !it.is_ascii_uppercase() && it != '_').next().unwrap();
            takes.variables.insert(name.to_owned(), option.clone());
        }
    }
    takes
}

#[test]
fn options_with_and_without_values_and_their_variables_are_read() {
    let takes = parse(
        "Serves.\n\nOptions:\n      --listen <ADDRESS>\n          Where to listen: --not this.\n\n          [env: CLAIMLOG_LISTEN=]\n\n  \
         -v, --verbose...\n          Says more\n\n      --no-effects\n          [env: CLAIMLOG_NO_EFFECTS]\n",
    );
    let options: Vec<_> = takes.options.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(options, [("listen", true), ("no-effects", false), ("verbose", false)]);
    let variables: BTreeSet<_> =
        takes.variables.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
    assert_eq!(variables, [("CLAIMLOG_LISTEN", "listen"), ("CLAIMLOG_NO_EFFECTS", "no-effects")].into());
}

#[test]
fn the_program_lists_what_it_takes() {
    for (takes, option) in [(&SERVE, "roles"), (&CREATE, "inbox"), (&CHECK, "kafka"), (&GLOBAL, "data")] {
        assert_eq!(takes.options.get(option), Some(&true), "{takes:?}");
    }
    assert_eq!(SERVE.variables["CLAIMLOG_KAFKA_PREFIX"], "kafka-prefix");
}

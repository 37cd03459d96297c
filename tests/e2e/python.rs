//! Clients that share no code with the program: Python with a package of somebody else.

use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use claim_testkit::skipped;

/// A Python that can import `module` of this package; none, said by its reason, where none can be made.
pub(crate) fn python(package: &str, module: &str) -> Option<PathBuf> {
    static ONE_MAKES_IT: Mutex<()> = Mutex::new(());
    let _turn = ONE_MAKES_IT.lock().unwrap_or_else(PoisonError::into_inner);
    let venv = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(package);
    let python = venv.join("bin/python");
    let can = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", &format!("import {module}")]).output();
        import.is_ok_and(|it| it.status.success())
    };
    if can(&python) {
        return Some(python);
    }
    let make = Command::new("python3").args(["-m", "venv"]).arg(&venv).output();
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", package];
    let install = Command::new(&python).args(pip).output();
    if can(&python) {
        return Some(python);
    }
    skipped(&format!("there is no Python with {package}: {make:?} {install:?}"));
    None
}

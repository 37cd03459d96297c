//! A full disk: the program ends and says why, keeps what it told, and goes on when there is space (F-70).

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::{Place, run};
use crate::world::{add, claim, comment, lines, program, send_consent};

/// Some 3,000 commands; far more than the small disks here hold.
fn much() -> String {
    let mut text = lines(&program(30));
    for number in 0..1_000 {
        let opened = 100 + number * 10;
        let claim = claim(opened);
        text +=
            &lines([&add(opened, number), &send_consent(opened + 1, &claim), &comment(opened + 2, &claim)]);
    }
    text
}

/// What was told before the disk was full must be told again, and everything else decided.
fn held(place: &Place, told: &str) {
    let decided: Vec<&str> = told.lines().filter(|it| !it.contains("\"outcome\":\"problem\"")).collect();
    assert!(decided.len() > 10 && decided.len() < 3_000, "{} were decided", decided.len());
    assert!(decided.len() < told.lines().count(), "the rest got a problem each");
    let again = place.apply(much()).ended(0);
    let end: Vec<&str> = again.out.lines().collect();
    assert_eq!(end.len(), 3_003);
    assert_eq!(end[..decided.len()], decided, "what was told is told again");
    assert_eq!(place.apply(much()).ended(0).out, again.out);
    place.run(["audit", "verify"]).ended(0);
}

#[test] // F-70
fn f_70_a_file_that_may_not_grow_ends_the_run_and_loses_nothing() {
    let place = Place::of_world();
    place.apply(lines(&program(30))).ended(0);
    // The limit is in KiB. Whoever exceeds it gets an error instead of a signal.
    let script = "trap '' XFSZ; ulimit -f 1024; exec \"$@\"";
    let program = place.claimlog();
    let mut limited = Command::new("bash");
    limited.args(["-c", script, "bash"]).arg(program.get_program()).args(program.get_args());
    let stopped = run(limited.args(["apply", "--no-effects", "-"]), much().into()).ended(1);
    assert!(stopped.err.contains("log"), "{}", stopped.err);
    held(&place, &stopped.out);
}

/// A small disk of its own, taken away in the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where nobody may mount.
    fn mounted(at: &Path, options: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|it| it.status.success()).then(|| Self(at.to_owned()))
    }

    fn resize(&self, options: &str) {
        let resized = Command::new("mount").args(["-o", options]).arg(&self.0).status();
        assert!(resized.unwrap().success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test] // F-70
fn f_70_a_full_disk_ends_the_run_and_loses_nothing() {
    let place = Place::of_world();
    let Some(disk) = SmallDisk::mounted(&place.data(), "size=2m") else {
        println!("skipped: nobody may mount a small disk here; the limit on one file is tried all the same");
        return;
    };
    let stopped = place.feed(["apply", "--no-effects", "-"], much()).ended(1);
    assert!(!stopped.err.is_empty());
    disk.resize("remount,size=64m");
    held(&place, &stopped.out);
    drop(disk);
}

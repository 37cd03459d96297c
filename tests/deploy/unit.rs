//! The systemd unit: its sections and keys, the options it gives, and what it takes away.

use std::collections::BTreeMap;
use std::process::Command;

use crate::options;
use crate::{assert_clean, assert_complains, file};

/// Sections with their keys, and the values of each in their order.
type Unit = BTreeMap<String, BTreeMap<String, Vec<String>>>;

/// What the unit must say, since the rest of this tree rests on it: states of exit that only a person mends, a data directory
/// that nobody else reads, an end that leaves time to answer, and no network but the loopback address.
const MUST: [(&str, &str); 14] = [
    ("User", "claimlog"),
    ("Type", "exec"),
    ("Restart", "on-failure"),
    ("RestartPreventExitStatus", "2 3"),
    ("KillSignal", "SIGTERM"),
    ("TimeoutStopSec", "90"),
    ("StateDirectory", "claimlog claimlog-erasures"),
    ("StateDirectoryMode", "0700"),
    ("ProtectSystem", "strict"),
    ("ProtectHome", "yes"),
    ("NoNewPrivileges", "yes"),
    ("CapabilityBoundingSet", ""),
    ("IPAddressDeny", "any"),
    ("IPAddressAllow", "localhost"),
];

/// The keys that are understood here: systemd warns of a key it does not know, and goes on without it.
const KEYS: [(&str, &[&str]); 3] = [
    ("Unit", &["Description", "After", "StartLimitIntervalSec", "StartLimitBurst"]),
    (
        "Service",
        &[
            "Type",
            "User",
            "Group",
            "EnvironmentFile",
            "ExecStart",
            "StateDirectory",
            "StateDirectoryMode",
            "ConfigurationDirectory",
            "UMask",
            "KillSignal",
            "TimeoutStopSec",
            "Restart",
            "RestartSec",
            "RestartPreventExitStatus",
            "LimitNOFILE",
            "ProtectSystem",
            "ProtectHome",
            "PrivateTmp",
            "PrivateDevices",
            "PrivateUsers",
            "PrivateIPC",
            "ProtectClock",
            "ProtectHostname",
            "ProtectControlGroups",
            "ProtectKernelLogs",
            "ProtectKernelModules",
            "ProtectKernelTunables",
            "ProtectProc",
            "ProcSubset",
            "NoNewPrivileges",
            "CapabilityBoundingSet",
            "AmbientCapabilities",
            "LockPersonality",
            "MemoryDenyWriteExecute",
            "RemoveIPC",
            "RestrictNamespaces",
            "RestrictRealtime",
            "RestrictSUIDSGID",
            "RestrictAddressFamilies",
            "IPAddressDeny",
            "IPAddressAllow",
            "SystemCallArchitectures",
            "SystemCallFilter",
            "SystemCallErrorNumber",
        ],
    ),
    ("Install", &["WantedBy"]),
];

/// Reads a unit; complains about lines that are none.
fn parse(text: &str) -> Result<Unit, String> {
    let mut unit = Unit::new();
    let mut section = None;
    for line in text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            section = Some(name.to_owned());
            continue;
        }
        let (key, value) =
            line.split_once('=').ok_or_else(|| format!("{line:?} is neither section nor key"))?;
        let section = section.clone().ok_or_else(|| format!("{line:?} stands before any section"))?;
        let values = unit.entry(section).or_default().entry(key.trim().to_owned()).or_default();
        values.push(value.trim().to_owned());
    }
    Ok(unit)
}

fn complaints(text: &str) -> Vec<String> {
    let unit = match parse(text) {
        Ok(unit) => unit,
        Err(why) => return vec![why],
    };
    let mut found = Vec::new();
    for (section, keys) in &unit {
        let known = KEYS.iter().find(|(name, _)| name == section).map_or(&[][..], |(_, keys)| keys);
        for key in keys.keys().filter(|it| !known.contains(&it.as_str())) {
            found.push(format!("[{section}] {key} is not known"));
        }
    }
    let of = |key: &str| unit.get("Service").and_then(|it| it.get(key)).and_then(|it| it.first());
    for (key, value) in MUST {
        if of(key).map(String::as_str) != Some(value) {
            found.push(format!("[Service] {key} must be {value:?}"));
        }
    }
    let start = of("ExecStart").map_or("", String::as_str);
    match start.strip_prefix("/usr/local/bin/claimlog ") {
        Some(arguments) => {
            let words: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
            found.extend(options::arguments("ExecStart", &words));
            // Everything it writes goes where it may write.
            for place in ["--data /var/lib/claimlog ", "--erasures /var/lib/claimlog-erasures/"] {
                if !words.join(" ").contains(place) {
                    found.push("ExecStart writes elsewhere than to its state directories".to_owned());
                }
            }
        }
        None => found.push("ExecStart does not run /usr/local/bin/claimlog".to_owned()),
    }
    found
}

#[test]
fn the_unit_says_what_it_must_and_nothing_unknown() {
    assert_clean(&complaints(&file("claimlog.service")));
}

/// What systemd itself says against the unit with the program in another place; nothing where it is not installed.
fn systemd(text: &str, program: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claimlog.service");
    std::fs::write(&path, text.replace("/usr/local/bin/claimlog", program)).unwrap();
    let verify = |args: &[&str]| Command::new("systemd-analyze").args(args).arg(&path).output().ok();
    let read = verify(&["verify", "--man=no"])?;
    // Of a key that it does not know it only warns.
    let mut said = String::from_utf8_lossy(&read.stderr).into_owned();
    let exposed = verify(&["security", "--offline=true", "--threshold=20"])?;
    if !exposed.status.success() {
        said += &String::from_utf8_lossy(&exposed.stdout);
    }
    Some(said)
}

#[test]
fn systemd_has_nothing_against_the_unit_where_it_is_installed() {
    let program = env!("CARGO_BIN_EXE_claimlog");
    let good = file("claimlog.service");
    let Some(said) = systemd(&good, program) else { return };
    assert_eq!(said, "");
    let check = |from: &str, to: &str| systemd(&good.replacen(from, to, 1), program).unwrap();
    assert!(check("ProtectClock=yes", "ProtectClocks=yes").contains("ProtectClocks"));
    assert!(!check("CapabilityBoundingSet=\n", "").is_empty(), "it may do too much");
}

#[test]
fn a_unit_that_is_less_is_found() {
    let good = file("claimlog.service");
    let check = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        complaints(&good.replacen(from, to, 1))
    };
    assert_complains(&check("RestartPreventExitStatus=2 3", "RestartPreventExitStatus=2"), "must be \"2 3\"");
    assert_complains(&check("IPAddressDeny=any\n", ""), "IPAddressDeny must be");
    assert_complains(&check("ProtectClock=yes", "ProtectClocks=yes"), "ProtectClocks is not known");
    assert_complains(&check("--listen 127.0.0.1:8080", "--listen 0.0.0.0:8080"), "`listen` may not be");
    let started = "json --data /var/lib/claimlog --erasures /var/lib/claimlog-erasures/";
    assert_complains(&check(started, &started.replace("--data /var/lib", "--data /srv")), "writes elsewhere");
    assert_complains(&check(started, &started.replace("-erasures/", "/")), "writes elsewhere");
    assert_complains(&check("[Unit]\n", ""), "before any section");
    assert_complains(&check("Type=exec", "Type"), "neither section nor key");
}

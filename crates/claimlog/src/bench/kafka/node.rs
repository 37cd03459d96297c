//! An instance of this program as a process of its own: what it costs is what it uses, and it can be killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::kafka_options::KafkaOptions;

/// Linux tells a process's time in hundredths of a second (proc(5), `USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// A process, killed when this is dropped.
pub(super) struct Node {
    child: Child,
    _data: TempDir,
}

impl Node {
    /// Starts one with these roles, over the topics that the options name; `shared` holds the directory of outside systems
    /// and the keys of persons.
    pub(super) fn start(options: &KafkaOptions, roles: &str, shared: &Path) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let program = std::env::current_exe().context("finding this program")?;
        let join = |all: Vec<String>| all.join(";");
        let properties = options.kafka_property.iter().map(|it| format!("{}={}", it.key, it.value));
        let inboxes = options.inbox.iter().map(|it| format!("{}={}", it.name, it.sources));
        let mut command = Command::new(program);
        command
            .args(["serve", "--roles", roles, "--listen", "127.0.0.1:0", "--no-effects", "--data"])
            .arg(data.path())
            .env("CLAIMLOG_DIRECTORY", shared.join("directory.json"))
            .env("CLAIMLOG_KEYS", shared.join("keys.sqlite"))
            .env("CLAIMLOG_KAFKA", options.kafka.as_deref().unwrap_or_default())
            .env("CLAIMLOG_KAFKA_PREFIX", &options.kafka_prefix)
            .env("CLAIMLOG_INBOX", join(inboxes.collect()))
            .env("CLAIMLOG_INBOX_PARTITIONS", options.inbox_partitions.to_string())
            .env("CLAIMLOG_PARTITIONS", options.partitions.to_string())
            .env("CLAIMLOG_CLOCK_MARGIN", options.clock_margin.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for unset in ["CLAIMLOG_VIEWS", "CLAIMLOG_CONFIG", "CLAIMLOG_KAFKA_PROPERTY", "CLAIMLOG_REPLICATION"]
        {
            command.env_remove(unset);
        }
        if !options.kafka_property.is_empty() {
            command.env("CLAIMLOG_KAFKA_PROPERTY", join(properties.collect()));
        }
        if let Some(replication) = options.replication {
            command.env("CLAIMLOG_REPLICATION", replication.to_string());
        }
        let child = command.spawn().context("starting an instance")?;
        Ok(Self { child, _data: data })
    }

    /// The processor time that it used, with that of the system for it.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        // Its own name, in brackets, may hold anything; user and system time are the 12th and 13th field after it.
        let fields = text.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
        let ticks: Vec<u32> = fields.skip(11).take(2).filter_map(|it| it.parse().ok()).collect();
        match ticks[..] {
            [user, system] => Ok(TICK * (user + system)),
            _ => Err(anyhow!("{path} has another shape")),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

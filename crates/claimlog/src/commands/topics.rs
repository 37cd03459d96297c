//! `topics`: makes the topics on Kafka, or says what is wrong with them.

use crate::cli::{Global, Topics};
use crate::exit::Status;
use anyhow::Result;

/// Runs `topics create` and `topics check`.
///
/// # Errors
/// When no broker answers, or one refuses.
#[cfg(feature = "kafka")]
pub(crate) fn run(global: &Global, args: &Topics) -> Result<Status> {
    let (options, create) = match args {
        Topics::Create(options) => (options, true),
        Topics::Check(options) => (options, false),
    };
    let cluster = crate::kafka::Cluster::of(options)?;
    let wrong = if create { cluster.create()? } else { cluster.check()? };
    if global.json {
        let row = |it: &claim_log_kafka::Wrong| serde_json::json!({"topic": it.topic, "setting": it.setting, "found": it.found, "wanted": it.wanted});
        crate::output::json(&serde_json::json!({"wrong": wrong.iter().map(row).collect::<Vec<_>>()}))?;
    } else if wrong.is_empty() {
        crate::output::text("every topic is as it must be")?;
    } else {
        let rows = wrong
            .iter()
            .map(|it| [it.topic.clone(), it.setting.clone(), it.found.clone(), it.wanted.clone()]);
        crate::output::text(&crate::output::table(["TOPIC", "SETTING", "IS", "MUST BE"], rows))?;
    }
    Ok(if wrong.is_empty() { Status::Done } else { Status::Unsound })
}

/// Says what this build lacks.
///
/// # Errors
/// Always.
#[cfg(not(feature = "kafka"))]
pub(crate) fn run(_: &Global, _: &Topics) -> Result<Status> {
    Err(crate::exit::without_kafka().into())
}

//! Reads decisions as they become true for everybody: back from the journal, and valid.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use claim_journal::{Kind, Line, PartitionId};
use claim_log::{Judged, Judging, beginning};
use claim_log_kafka::KafkaLog;

use crate::bench::kafka::PARTITIONS;

/// How long nothing may come.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one wait lasts.
const PAUSE: Duration = Duration::from_millis(50);

/// A reader of all partitions.
pub(super) struct Observer(Judging);

impl Observer {
    /// Begins at the beginning, once there is one.
    pub(super) fn open(log: &Arc<KafkaLog>) -> Result<Self> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(chains) = beginning(&**log, PARTITIONS, &BTreeMap::new())? {
                return Ok(Self(Judging::resume(&**log, chains)?));
            }
            thread::sleep(PAUSE);
        }
        bail!("no engine began the journal")
    }

    /// Reads until so many more decisions were read, all accepted; gives the partition and the body of each, and when it was
    /// read.
    pub(super) fn until(
        &mut self,
        count: usize,
        mut each: impl FnMut(PartitionId, &str, Instant),
    ) -> Result<Instant> {
        let mut seen = 0;
        let mut heard = Instant::now();
        while seen < count {
            if !self.0.ready(PAUSE)? {
                if heard.elapsed() > PATIENCE {
                    bail!("{seen} of {count} commands were decided, and no more come");
                }
                continue;
            }
            let Some(Judged::Valid(stored)) = self.0.next()? else { continue };
            let line = Line::parse(&stored.line)?;
            if line.envelope.kind != Kind::Decision {
                continue;
            }
            if !line.body.contains("\"outcome\":{\"accepted\"") {
                bail!("a command of the load was not accepted: {}", line.body);
            }
            seen += 1;
            heard = Instant::now();
            each(stored.partition, line.body, heard);
        }
        Ok(heard)
    }

    /// Reads until nothing came for so long.
    pub(super) fn quiet(&mut self, wait: Duration) -> Result<()> {
        while self.0.ready(wait)? {
            self.0.next()?;
        }
        Ok(())
    }
}

/// The first id in a text of JSON.
pub(super) fn id_in(text: &str) -> Option<&str> {
    let from = text.find("\"id\":\"")? + 6;
    text.get(from..from + 36)
}

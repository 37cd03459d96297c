//! The embedded log passes the suite that every log must pass.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::sync::Arc;

use claim_journal::Offsets;
use claim_log::Log;
use claim_log::contract::{self, Subject};
use claim_log_embedded::{EmbeddedLog, Options};
use tempfile::TempDir;

struct Directory {
    dir: TempDir,
    segment_bytes: u64,
}

impl Subject for Directory {
    fn open(&mut self) -> Arc<dyn Log> {
        let options = Options { segment_bytes: self.segment_bytes, ..Options::default() };
        let (log, opened) = EmbeddedLog::open(self.dir.path(), &options).unwrap();
        assert_eq!(opened.cut, None);
        log
    }

    fn close(&mut self, log: Arc<dyn Log>) {
        drop(log);
    }

    fn offsets(&self) -> Offsets {
        Offsets::Positions
    }
}

#[test] // issue 3 item 7
fn the_embedded_log_keeps_the_contract() {
    contract::run(|| Directory { dir: tempfile::tempdir().unwrap(), segment_bytes: 64 << 20 });
}

#[test] // issue 3 item 8: all partitions in one file sequence
fn the_contract_holds_across_many_small_segments() {
    contract::run(|| Directory { dir: tempfile::tempdir().unwrap(), segment_bytes: 3_000 });
}

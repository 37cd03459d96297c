//! The same on the default log: a directory of files.

use std::sync::mpsc::channel;

use claim_journal::{Offsets, PartitionId};
use claim_log::{Batch, Log, Receipt};
use claim_log_embedded::{EmbeddedLog, EmbeddedReader, Options};
use claim_projector::{Definition, ProjectError, rebuild, verify};

use super::{Counts, Place, busy_desk, events_of_claims};
use claim_testkit::stores::on_every_store;

/// The lines of the desk's journal, each with its partition.
fn lines(desk: &claim_projector::fixtures::Desk) -> Vec<(PartitionId, Vec<u8>)> {
    let mut lines = Vec::new();
    desk.log.damage(|stored| {
        lines = stored.iter().map(|it| (it.partition, [&it.line[..], b"\n"].concat())).collect();
    });
    lines
}

fn append(log: &EmbeddedLog, partition: PartitionId, line: &[u8]) {
    let (tell, told) = channel();
    let batch = Batch { partition, lines: vec![line.to_vec().into()] };
    log.append(batch, Box::new(move |receipt| drop(tell.send(receipt))));
    assert!(matches!(told.recv().unwrap(), Receipt::Appended { .. }));
}

#[test] // issue 3 item 13, I-20, I-21
fn views_follow_a_directory_of_files_record_by_record() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let data = tempfile::tempdir().unwrap();
        let (log, _) = EmbeddedLog::open(data.path(), &Options::default()).unwrap();
        for (partition, line) in lines(&desk) {
            append(&log, partition, &line);
            place.runner(&desk).catch_up(&*log, &mut |_| ()).unwrap();
        }
        log.close().unwrap();
        assert_eq!(place.number("SELECT sum(count) FROM counts"), events_of_claims(&desk));
        let reader = EmbeddedReader::open(data.path()).unwrap();
        let mut runner = place.runner(&desk);
        runner.catch_up(&reader, &mut |_| ()).unwrap();
        rebuild(&mut runner, &reader, None, &mut |_| ()).unwrap();
        let definitions = [Definition::of::<Counts>()];
        let verified =
            verify(runner.views(), Offsets::Positions, &definitions, &reader, None, &mut |_| ()).unwrap();
        assert_eq!(verified.difference, None);
    });
}

#[test] // F-38
fn a_directory_restored_from_an_older_copy_halts() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        let (newer, older) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let lines = lines(&desk);
        for (data, count) in [(&newer, lines.len()), (&older, lines.len() - 2)] {
            let (log, _) = EmbeddedLog::open(data.path(), &Options::default()).unwrap();
            for (partition, line) in &lines[..count] {
                append(&log, *partition, line);
            }
            log.close().unwrap();
        }
        let folded = |data: &tempfile::TempDir| {
            let reader = EmbeddedReader::open(data.path()).unwrap();
            place.runner(&desk).catch_up(&reader, &mut |_| ())
        };
        folded(&newer).unwrap();
        let stopped = folded(&older).unwrap_err();
        assert!(matches!(stopped, ProjectError::CheckpointOffChain { .. }), "{stopped}");
    });
}

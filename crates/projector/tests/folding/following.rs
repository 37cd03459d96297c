//! Folding on and on where partitions have offsets of their own, as on Kafka: nothing says which partition is read first.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use claim_journal::{Offsets, PartitionId};
use claim_log::{LogError, ReadLog, Records, Start, Stored};
use claim_projector::fixtures::MemoryLog;
use claim_projector::{Definition, Runner, Views};
use claim_testkit::stores::Store;

use crate::{Counts, Place, busy_desk};

/// The first lines of a log, the newest partition first: the program, which all others name, comes last.
struct Backwards {
    log: MemoryLog,
    shown: AtomicUsize,
}

struct Lines(Vec<Stored>);

impl ReadLog for Backwards {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        let mut all = Vec::new();
        let mut records = self.log.first(self.shown.load(Ordering::SeqCst)).read(start)?;
        while let Some(stored) = records.next()? {
            all.push(stored);
        }
        // The last is given first.
        all.sort_by_key(|it| (it.partition != PartitionId::Program, std::cmp::Reverse(it.offset)));
        Ok(Box::new(Lines(all)))
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        self.log.record(partition, offset)
    }
}

impl Records for Lines {
    fn next(&mut self) -> Result<Option<Stored>, LogError> {
        Ok(self.0.pop())
    }
}

#[test] // DESIGN §4, "Program": a reader folds the program up to the position that a decision names before it
fn the_program_is_read_as_far_as_a_decision_names_it_whatever_comes_first() {
    let desk = busy_desk(Offsets::Count);
    let place = Place::new(Store::Sqlite);
    let log = Backwards { log: desk.log.clone(), shown: AtomicUsize::new(desk.log.len()) };
    place.runner(&desk).catch_up(&log, &mut |_| ()).unwrap();
    assert!(place.verify(&desk).difference.is_none());
    assert!(place.number("SELECT count(*) FROM counts") > 3);
}

#[test] // DESIGN §5: whoever reads on resumes from what it knew, and a kill between is not seen
fn following_folds_what_comes_and_says_how_far() {
    let desk = busy_desk(Offsets::Count);
    let place = Place::new(Store::Sqlite);
    let log = Backwards { log: desk.log.clone(), shown: AtomicUsize::new(desk.log.len() / 2) };
    let views = Views::open(place.at()).unwrap();
    let mut runner = Runner::new(views, Offsets::Count, vec![Definition::of::<Counts>()]).unwrap();
    for shown in [desk.log.len() / 2, desk.log.len()] {
        log.shown.store(shown, Ordering::SeqCst);
        let (done, told) = (Arc::new(AtomicBool::new(false)), Mutex::new(None));
        let whole = {
            let mut fresh = Place::new(Store::Sqlite).runner(&desk);
            fresh.catch_up(&log, &mut |_| ()).unwrap()
        };
        let ends = || done.load(Ordering::SeqCst);
        runner
            .follow(&log, &ends, &mut |cursor| {
                done.store(cursor == whole, Ordering::SeqCst);
                *told.lock().unwrap() = Some(cursor);
            })
            .unwrap();
        assert_eq!(told.into_inner().unwrap(), Some(whole));
    }
    assert!(place.verify(&desk).difference.is_none());
}

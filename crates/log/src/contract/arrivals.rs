//! What every [`Inbox`] keeps that says how far it has read.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::{Inbox, Place};

/// How long one look waits.
const PAUSE: Duration = Duration::from_millis(20);

/// Reads a partition whose last offset holds no record, as a writer with transactions leaves it: no offset is reached whose
/// record was not given, and when nothing more comes the end is.
pub fn arrivals_reach_the_end(inbox: &dyn Inbox, place: &Place) {
    let (first, _) = inbox.range(place).unwrap();
    let behind = read_to_the_end(inbox, place, first);
    assert_eq!(read_to_the_end(inbox, place, behind), behind, "from behind the last record on there is none");
}

/// Reads from an offset until the end is reached, which brokers may move a moment after a transaction ended; the offset after
/// the last record.
fn read_to_the_end(inbox: &dyn Inbox, place: &Place, from: u64) -> u64 {
    let mut arrivals = inbox.read(&BTreeMap::from([(place.clone(), from)])).unwrap();
    assert_eq!(arrivals.reached(place), Some(from), "nothing was read yet");
    let elsewhere = Place::new("not read", 0);
    assert_eq!(arrivals.reached(&elsewhere), None);
    let (mut behind, mut end) = (from, from);
    let began = Instant::now();
    while behind == end || arrivals.reached(place) != Some(end) {
        assert!(began.elapsed() < PATIENCE, "{:?} of {end} reached", arrivals.reached(place));
        if let Some(received) = arrivals.next(PAUSE).unwrap() {
            behind = received.offset + 1;
            assert_eq!(arrivals.reached(place), Some(behind), "what follows was not given yet");
        }
        (_, end) = inbox.range(place).unwrap();
    }
    behind
}

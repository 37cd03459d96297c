//! The broker in memory keeps what real ones keep.
#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use claim_log::{Outlet, Place, contract};
use claim_testkit::broker::MemoryBroker;

#[test]
fn the_end_of_a_transaction_is_reached_and_never_given() {
    let broker = MemoryBroker::new(1, &[("inbox", 1)]);
    let place = Place::new("inbox", 0);
    for value in ["a", "b"] {
        broker.publish(&place, None, Vec::new(), Some(value.into()));
        broker.end_transaction(&place);
    }
    broker.end_transaction(&place);
    contract::arrivals_reach_the_end(&broker, &place);
    assert_eq!(broker.last(&place).unwrap().unwrap().offset, 2);
}

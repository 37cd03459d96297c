//! A closed loop: so many in flight, the next one when one comes back.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

/// Sends every item, at most `in_flight` at a time; `send` gets an item and a sender to be told when it is durable.
/// Yields how long it took until the last was told.
pub(crate) fn run<T>(
    items: impl IntoIterator<Item = T>,
    in_flight: usize,
    mut send: impl FnMut(T, Box<dyn FnOnce() + Send>),
) -> Duration {
    let (done, told) = channel();
    let started = Instant::now();
    let mut outstanding = 0;
    for item in items {
        if outstanding == in_flight && told.recv().is_ok() {
            outstanding -= 1;
            // What came back together makes room together.
            while told.try_recv().is_ok() {
                outstanding -= 1;
            }
        }
        let done = done.clone();
        send(
            item,
            Box::new(move || {
                let _ = done.send(());
            }),
        );
        outstanding += 1;
    }
    while outstanding > 0 && told.recv().is_ok() {
        outstanding -= 1;
    }
    started.elapsed()
}

/// How many of `count` a second that makes.
pub(crate) fn per_second(count: usize, took: Duration) -> u64 {
    let nanos = took.as_nanos().max(1);
    u64::try_from(count as u128 * 1_000_000_000 / nanos).unwrap_or(u64::MAX)
}

//! Letting go of clients, which takes them a while.

use std::thread;

/// Drops a client on a thread of its own: it waits for its threads, which may wait for a broker.
pub(crate) fn retire<T: Send + 'static>(client: T) {
    // Without a thread to spare the closure is dropped here, and the client with it.
    drop(thread::Builder::new().name("kafka-retire".to_owned()).spawn(move || drop(client)));
}

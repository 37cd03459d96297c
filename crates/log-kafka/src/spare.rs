//! Producers that wait to be needed: a new one takes half a second until its first acknowledgement.

use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{io, thread};

use rdkafka::error::KafkaResult;

use crate::connection::Connection;
use crate::courier::Courier;
use crate::teller::Teller;

/// How long to wait when no producer could be made.
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps producers ready.
pub(crate) struct Spare {
    ready: Mutex<Receiver<Courier>>,
    connection: Connection,
    teller: Teller,
}

impl Spare {
    /// Begins to make the first one ready, acquainted with `topic`.
    pub(crate) fn start(connection: &Connection, topic: String, teller: &Teller) -> io::Result<Self> {
        // One more waits to be put there.
        let (hand_over, ready) = sync_channel(connection.spares.saturating_sub(1));
        let (with, telling) = (connection.clone(), teller.clone());
        let make = move || {
            loop {
                match Courier::new(&with, &telling) {
                    Ok(courier) => {
                        courier.acquaint(&topic);
                        // Waits here until one is needed, or never will be.
                        if hand_over.send(courier).is_err() {
                            return;
                        }
                    }
                    Err(fault) => {
                        tracing::warn!(%fault, "no producer can be made");
                        thread::sleep(PAUSE);
                    }
                }
            }
        };
        thread::Builder::new().name("kafka-spare".to_owned()).spawn(make)?;
        Ok(Self { ready: Mutex::new(ready), connection: connection.clone(), teller: teller.clone() })
    }

    /// The one that is ready, or else a new one.
    pub(crate) fn take(&self) -> KafkaResult<Courier> {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner).try_recv();
        ready.or_else(|_| Courier::new(&self.connection, &self.teller))
    }
}

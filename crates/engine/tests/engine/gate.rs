//! A log that delays or falsifies what it tells of appends; underneath it is the embedded one.

use std::sync::{Arc, Mutex};

use claim_journal::PartitionId;
use claim_log::{Batch, Log, LogError, ReadLog, Receipt, Records, Start, Tell};
use claim_log_embedded::EmbeddedLog;

/// What becomes of receipts.
enum State {
    /// They are told.
    Open,
    /// They wait until the gate opens.
    Shut(Vec<(Tell, Receipt)>),
    /// Something else is told.
    Lying(Receipt),
}

/// The log with a gate in front of its receipts.
pub(crate) struct Gate {
    log: Arc<EmbeddedLog>,
    state: Arc<Mutex<State>>,
}

impl Gate {
    pub(crate) fn new(log: Arc<EmbeddedLog>) -> Self {
        Self { log, state: Arc::new(Mutex::new(State::Open)) }
    }

    /// From now on receipts wait.
    pub(crate) fn shut(&self) {
        *self.state.lock().unwrap() = State::Shut(Vec::new());
    }

    /// Tells what waits, and from now on at once.
    pub(crate) fn open(&self) {
        let before = std::mem::replace(&mut *self.state.lock().unwrap(), State::Open);
        if let State::Shut(waiting) = before {
            waiting.into_iter().for_each(|(tell, receipt)| tell(receipt));
        }
    }

    /// From now on this is told of every append, which is made all the same.
    pub(crate) fn lie(&self, receipt: Receipt) {
        *self.state.lock().unwrap() = State::Lying(receipt);
    }

    /// How many receipts wait.
    pub(crate) fn waiting(&self) -> usize {
        match &*self.state.lock().unwrap() {
            State::Shut(waiting) => waiting.len(),
            State::Open | State::Lying(_) => 0,
        }
    }
}

impl Log for Gate {
    fn append(&self, batch: Batch, tell: Tell) {
        let state = Arc::clone(&self.state);
        self.log.append(
            batch,
            Box::new(move |receipt| {
                let mut state = state.lock().unwrap();
                let receipt = match &mut *state {
                    State::Open => receipt,
                    State::Shut(waiting) => return waiting.push((tell, receipt)),
                    State::Lying(lie) => lie.clone(),
                };
                drop(state);
                tell(receipt);
            }),
        );
    }
}

impl ReadLog for Gate {
    fn read(&self, start: &Start) -> Result<Box<dyn Records>, LogError> {
        self.log.read(start)
    }

    fn record(&self, partition: PartitionId, offset: u64) -> Result<Vec<u8>, LogError> {
        self.log.record(partition, offset)
    }
}

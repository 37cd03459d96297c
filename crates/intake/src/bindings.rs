//! Where bindings of identifiers to customers are kept for ever (DESIGN §4, "Identity").

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use claim_domain::identifier::Identifier;
use claim_domain::ids::CustomerId;
use claim_journal::{Binding, Entry, Kind, PartitionId, Pen, canonical};
use claim_log::{Batch, Log, Receipt};

/// An identifier and the customer it is bound to.
pub type Bound = (Identifier, CustomerId);

/// How far bindings are on their way to the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many were bound.
    pub bound: u64,
    /// How many of them are known to be durable.
    pub durable: u64,
}

/// Keeps bindings. The first of an identifier wins, whoever wrote it.
pub trait Bindings: Send {
    /// Binds, unless someone was first; yields what came to stand since the last call, in the order in which it counts,
    /// up to and with these.
    ///
    /// # Errors
    /// A sentence that says why they are not bound.
    fn bind(&mut self, wanted: &[Bound]) -> Result<Vec<Bound>, String>;

    /// What others bound since the last call.
    ///
    /// # Errors
    /// A sentence that says why it cannot be known.
    fn news(&mut self) -> Result<Vec<Bound>, String>;

    /// How far they are on their way to the disk.
    fn progress(&self) -> Progress;

    /// Why nothing can be bound any more.
    fn lost(&self) -> Option<&'static str>;

    /// Whether others bind too. Then a batch is bound together before anything of it is routed, since only what was read
    /// back is known to stand.
    fn is_shared(&self) -> bool;
}

/// The identity partition of a log of one process: nobody else binds, and what is bound becomes durable by the same sync
/// as the commands behind it.
pub struct IdentityPartition {
    log: Arc<dyn Log>,
    pen: Pen,
    /// The newest binding known to be durable.
    proved: Arc<AtomicU64>,
    /// Set when a binding did not become durable.
    lost: Arc<AtomicBool>,
}

impl IdentityPartition {
    /// Goes on with a pen whose lead is durable.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, pen: Pen) -> Self {
        // What the pen goes on from was read from the log.
        let proved = Arc::new(AtomicU64::new(pen.sequence()));
        Self { log, pen, proved, lost: Arc::new(AtomicBool::new(false)) }
    }

    fn line(&mut self, (identifier, customer): &Bound) -> Result<Entry, String> {
        let body =
            canonical::to_string(&Binding::of(identifier, *customer)).map_err(|error| error.to_string())?;
        let proved = self.proved.load(Ordering::Acquire);
        let line = self.pen.write(Kind::Binding, Kind::Binding.newest_body_version(), &body, proved);
        line.map_err(|error| error.to_string())
    }
}

impl Bindings for IdentityPartition {
    fn bind(&mut self, wanted: &[Bound]) -> Result<Vec<Bound>, String> {
        if let Some(why) = self.lost() {
            return Err(why.to_owned());
        }
        let lines = wanted.iter().map(|it| self.line(it)).collect::<Result<Vec<_>, _>>()?;
        if !lines.is_empty() {
            let (proved, lost) = (Arc::clone(&self.proved), Arc::clone(&self.lost));
            let sequence = self.pen.sequence();
            let tell = Box::new(move |receipt: Receipt| match receipt {
                Receipt::Appended { .. } => proved.store(sequence, Ordering::Release),
                Receipt::Unclear(_) | Receipt::Fenced => lost.store(true, Ordering::Release),
            });
            self.log.append(Batch { partition: PartitionId::Identity, lines }, tell);
        }
        Ok(wanted.to_vec())
    }

    fn news(&mut self) -> Result<Vec<Bound>, String> {
        Ok(Vec::new())
    }

    fn progress(&self) -> Progress {
        Progress { bound: self.pen.sequence(), durable: self.proved.load(Ordering::Acquire) }
    }

    fn lost(&self) -> Option<&'static str> {
        self.lost.load(Ordering::Acquire).then_some("an identity binding did not become durable")
    }

    fn is_shared(&self) -> bool {
        false
    }
}

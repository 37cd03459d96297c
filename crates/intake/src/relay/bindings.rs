//! Bindings in a topic that many write: the first record of an identifier wins, so it needs no fence (DESIGN §4).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use claim_domain::identifier::Identifier;
use claim_domain::ids::CustomerId;
use claim_journal::{Binding, canonical};
use claim_log::{Arrivals, Inbox, LogError, Outgoing, Outlet, Place, Received};

use crate::bindings::{Bindings, Bound};

/// How long to wait for what was written to be read back.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one look at the topic waits.
const PAUSE: Duration = Duration::from_millis(10);

/// The identity topic.
pub struct TopicBindings {
    outlet: Arc<dyn Outlet>,
    place: Place,
    arrivals: Box<dyn Arrivals>,
    /// The next offset to be read.
    next: u64,
    /// What was read and not yet yielded.
    read: Vec<Bound>,
}

impl TopicBindings {
    /// Reads every binding there is.
    ///
    /// # Errors
    /// [`LogError`] when the topic cannot be read.
    pub fn open(inbox: Arc<dyn Inbox>, outlet: Arc<dyn Outlet>, place: Place) -> Result<Self, LogError> {
        let (first, end) = inbox.range(&place)?;
        let arrivals = inbox.read(&BTreeMap::from([(place.clone(), first)]))?;
        let mut bindings = Self { outlet, place, arrivals, next: first, read: Vec::new() };
        bindings.read_to(end).map_err(|why| LogError::Io {
            doing: format!("reading the bindings in {}", bindings.place),
            source: std::io::Error::other(why),
        })?;
        Ok(bindings)
    }

    /// Reads everything before `end`.
    fn read_to(&mut self, end: u64) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        while self.next < end {
            match self.arrivals.next(PAUSE).map_err(|error| error.to_string())? {
                Some(received) => self.take(&received),
                None if Instant::now() > until => {
                    return Err(format!("{} cannot be read up to {end}", self.place));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, received: &Received) {
        self.next = received.offset + 1;
        match bound(received) {
            Some(bound) => self.read.push(bound),
            None => {
                tracing::error!(place = %received.place, offset = received.offset, "no binding; it binds nothing");
            }
        }
    }

    fn outgoing(&self, (identifier, customer): &Bound) -> Result<Outgoing, String> {
        let value =
            canonical::to_string(&Binding::of(identifier, *customer)).map_err(|error| error.to_string())?;
        let key = Some(identifier.to_string().into_bytes());
        Ok(Outgoing { place: self.place.clone(), key, headers: Vec::new(), value: value.into_bytes() })
    }
}

fn bound(received: &Received) -> Option<(Identifier, CustomerId)> {
    let text = std::str::from_utf8(received.value.as_deref()?).ok()?;
    let binding = Binding::decode(text).ok()?;
    Some((binding.identifier().ok()?, binding.customer))
}

impl Bindings for TopicBindings {
    fn bind(&mut self, wanted: &[Bound]) -> Result<Vec<Bound>, String> {
        let (tell, told) = channel();
        for it in wanted {
            let tell = tell.clone();
            self.outlet.send(self.outgoing(it)?, Box::new(move |offset| drop(tell.send(offset))));
        }
        drop(tell);
        let mut end = self.next;
        for _ in wanted {
            let offset = told.recv_timeout(PATIENCE).map_err(|_| "no answer to a binding".to_owned())?;
            end = end.max(offset.map_err(|unclear| unclear.to_string())? + 1);
        }
        self.read_to(end)?;
        Ok(std::mem::take(&mut self.read))
    }

    fn news(&mut self) -> Result<Vec<Bound>, String> {
        while let Some(received) = self.arrivals.next(Duration::ZERO).map_err(|error| error.to_string())? {
            self.take(&received);
        }
        Ok(std::mem::take(&mut self.read))
    }

    fn lost(&self) -> Option<&'static str> {
        None
    }

    fn is_shared(&self) -> bool {
        true
    }
}

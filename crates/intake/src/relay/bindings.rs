//! Bindings in a topic that many write: the first record of an identifier wins, so it needs no fence (DESIGN §4).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use claim_domain::identifier::Identifier;
use claim_domain::ids::CustomerId;
use claim_journal::{Binding, canonical};
use claim_log::{Arrivals, Flight, Inbox, LogError, Outgoing, Outlet, Place, Received};

use crate::bindings::{Bindings, Bound, Progress};
use crate::relay::RelayError;
use crate::shared_keys::KeysInUse;

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
    /// The key store that the first intake of this log had.
    keys: Option<String>,
}

impl TopicBindings {
    /// Reads every binding there is, and makes sure that all intakes of this log share one key store, whose `fingerprint` the
    /// first of them writes down: another store would give the same person another key (DESIGN §7).
    ///
    /// # Errors
    /// [`RelayError::OtherKeys`]; [`RelayError::Log`] when the topic cannot be read.
    pub fn open(
        inbox: Arc<dyn Inbox>,
        outlet: Arc<dyn Outlet>,
        place: Place,
        fingerprint: &str,
    ) -> Result<Self, RelayError> {
        let (first, end) = inbox.range(&place)?;
        let arrivals = inbox.read(&BTreeMap::from([(place.clone(), first)]))?;
        let doing = format!("reading the bindings in {place}");
        let unread =
            |why| RelayError::Log(LogError::Io { doing: doing.clone(), source: std::io::Error::other(why) });
        let mut bindings = Self { outlet, place, arrivals, next: first, read: Vec::new(), keys: None };
        bindings.read_to(end).map_err(unread)?;
        if bindings.keys.is_none() {
            bindings.claim_keys(fingerprint).map_err(unread)?;
        }
        if bindings.keys.as_deref() == Some(fingerprint) { Ok(bindings) } else { Err(RelayError::OtherKeys) }
    }

    /// Writes down which key store this log has, unless someone is first.
    fn claim_keys(&mut self, fingerprint: &str) -> Result<(), String> {
        let value = serde_json::to_vec(&KeysInUse { keys: fingerprint.to_owned() });
        let value = value.map_err(|error| error.to_string())?;
        let outgoing = Outgoing { place: self.place.clone(), key: None, headers: Vec::new(), value };
        self.append([outgoing], |it| it.keys.is_some())
    }

    /// Appends, and reads until that is there. What is read is durable, so no acknowledgement is waited for.
    fn append(
        &mut self,
        all: impl IntoIterator<Item = Outgoing>,
        mut is_there: impl FnMut(&mut Self) -> bool,
    ) -> Result<(), String> {
        let flight = Arc::<Flight>::default();
        for outgoing in all {
            self.outlet.send(outgoing, flight.begin());
        }
        let until = Instant::now() + PATIENCE;
        while !is_there(self) {
            match self.arrivals.next(PAUSE).map_err(|error| error.to_string())? {
                Some(received) => self.take(&received),
                None if Instant::now() > until => {
                    return Err(format!("{} gives no binding back", self.place));
                }
                None => drop(flight.landed()?),
            }
        }
        Ok(())
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
        let value = received.value.as_deref().unwrap_or_default();
        match (bound(received), serde_json::from_slice::<KeysInUse>(value)) {
            (Some(bound), _) => self.read.push(bound),
            (None, Ok(KeysInUse { keys })) => drop(self.keys.get_or_insert(keys)),
            (None, Err(_)) => {
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
        let all = wanted.iter().map(|it| self.outgoing(it)).collect::<Result<Vec<_>, _>>()?;
        let mut missing: HashSet<Identifier> =
            wanted.iter().map(|(identifier, _)| identifier.clone()).collect();
        let mut seen = 0;
        self.append(all, |it| {
            for (identifier, _) in it.read.iter().skip(seen) {
                missing.remove(identifier);
            }
            seen = it.read.len();
            missing.is_empty()
        })?;
        Ok(std::mem::take(&mut self.read))
    }

    fn news(&mut self) -> Result<Vec<Bound>, String> {
        while let Some(received) = self.arrivals.next(Duration::ZERO).map_err(|error| error.to_string())? {
            self.take(&received);
        }
        Ok(std::mem::take(&mut self.read))
    }

    /// What [`Self::bind`] yields was read back.
    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn lost(&self) -> Option<&'static str> {
        None
    }

    fn is_shared(&self) -> bool {
        true
    }
}

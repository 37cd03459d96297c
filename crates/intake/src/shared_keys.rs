//! Which key store all processes on one log share: the first intake writes it down beside the bindings (DESIGN §7).
//!
//! With keys of its own a process would give the same person another key, would not know a repeat for one, and could open no
//! box. Intakes look when they read the bindings; whoever else opens keys asks [`are_shared`].

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use claim_log::{Inbox, LogError, Place};
use serde::{Deserialize, Serialize};

use crate::relay::RelayError;

/// How long the topic may take to be read.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long one look at it waits.
const PAUSE: Duration = Duration::from_millis(10);

/// The record beside the bindings that tells which key store it is; the first one counts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysInUse {
    pub(crate) keys: String,
}

/// Whether the key store of this `fingerprint` is the one that the intakes of a log share; not, while no intake has written
/// down yet which it is.
///
/// # Errors
/// [`RelayError::OtherKeys`] when they share another; [`RelayError::Log`] when the topic of bindings cannot be read.
pub fn are_shared(inbox: &dyn Inbox, identity: &Place, fingerprint: &str) -> Result<bool, RelayError> {
    match first_written(inbox, identity)? {
        Some(keys) if keys == fingerprint => Ok(true),
        Some(_) => Err(RelayError::OtherKeys),
        None => Ok(false),
    }
}

/// The first that was written down: the first intake writes it before any binding.
fn first_written(inbox: &dyn Inbox, identity: &Place) -> Result<Option<String>, LogError> {
    let (mut next, end) = inbox.range(identity)?;
    if next == end {
        return Ok(None);
    }
    let mut arrivals = inbox.read(&BTreeMap::from([(identity.clone(), next)]))?;
    let until = Instant::now() + PATIENCE;
    while next < end {
        match arrivals.next(PAUSE)? {
            Some(received) => {
                next = received.offset + 1;
                let value = received.value.as_deref().unwrap_or_default();
                if let Ok(KeysInUse { keys }) = serde_json::from_slice(value) {
                    return Ok(Some(keys));
                }
            }
            None if Instant::now() > until => {
                let doing = format!("reading which keys are shared in {identity}");
                return Err(LogError::Io { doing, source: std::io::ErrorKind::TimedOut.into() });
            }
            None => {}
        }
    }
    Ok(None)
}

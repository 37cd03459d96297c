//! What the API is made of.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant as Moment;

use claim_domain::time::Instant;
use claim_intake::keys::Keys;
use claim_journal::{Cursor, Position};
use claim_log::ReadLog;

use crate::body::Room;
use crate::door::Door;
use crate::health::Health;
use crate::meters::Meters;
use crate::opening::Opener;
use crate::readers::{OpenViews, Readers};

/// The time for whoever looks: the wall clock, on a simulated log the newest time given.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// What the binary puts together.
pub struct Parts {
    /// Where commands go.
    pub door: Arc<dyn Door>,
    /// The journal, from which outcomes are told again to the byte.
    pub log: Arc<dyn ReadLog>,
    /// Opens the views.
    pub views: OpenViews,
    /// The keys of persons.
    pub keys: Arc<dyn Keys>,
    /// The time.
    pub now: Now,
    /// How the process is.
    pub health: Health,
    /// What it did.
    pub meters: Meters,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// What every route sees.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) door: Arc<dyn Door>,
    pub(crate) log: Arc<dyn ReadLog>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) opener: Opener,
    pub(crate) now: Now,
    pub(crate) health: Health,
    pub(crate) meters: Meters,
    pub(crate) room: Room,
    pub(crate) told: Arc<ToldHere>,
}

impl From<Parts> for Served {
    fn from(it: Parts) -> Self {
        Self {
            door: it.door,
            log: it.log,
            readers: Readers::new(it.views),
            opener: Opener::new(it.keys),
            now: it.now,
            health: it.health,
            meters: it.meters,
            room: Room::default(),
            told: Arc::default(),
        }
    }
}

/// Everything that this process told, so that it never denies later what it said before.
#[derive(Debug, Default)]
pub(crate) struct ToldHere {
    cursor: Mutex<Cursor>,
    /// What the views did not hold yet when somebody looked, and since when.
    missed: Mutex<Option<(Moment, Cursor)>>,
}

impl ToldHere {
    pub(crate) fn see(&self, position: Position) {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner).see(position);
    }

    pub(crate) fn cursor(&self) -> Cursor {
        self.cursor.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Since when the views, which have reached this cursor, do not hold something that was told; none when they do.
    pub(crate) fn behind_since(&self, reached: &Cursor) -> Option<Moment> {
        let told = self.cursor();
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if missed.as_ref().is_some_and(|(_, wanted)| reached.covers(wanted)) {
            *missed = None;
        }
        if missed.is_none() && !reached.covers(&told) {
            *missed = Some((Moment::now(), told));
        }
        missed.as_ref().map(|(since, _)| *since)
    }
}

#[cfg(test)]
mod tests {
    use claim_journal::PartitionId;

    use super::*;

    #[test] // F-39
    fn views_are_behind_until_they_hold_what_they_were_seen_to_miss() {
        let at = |sequence| Position { partition: PartitionId::Number(1), sequence };
        let cursor = |sequence| {
            let mut it = Cursor::default();
            it.see(at(sequence));
            it
        };
        let told = ToldHere::default();
        assert!(told.behind_since(&Cursor::default()).is_none());
        told.see(at(5));
        let since = told.behind_since(&cursor(4)).unwrap();
        told.see(at(9));
        assert_eq!(told.behind_since(&cursor(4)), Some(since));
        // What was missed then is there now; what came since is missed only from now on.
        assert!(told.behind_since(&cursor(5)).unwrap() > since);
        assert!(told.behind_since(&cursor(9)).is_none());
    }
}

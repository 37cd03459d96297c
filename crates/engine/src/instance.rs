//! The seats of one process, and its share of the partitions: several instances share them through a group.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use claim_journal::{PartitionId, Settings};
use claim_log::{Change, Inbox, Log, LogError, Membership, Place};

use crate::partition::Decide;
use crate::planted::Planted;
use crate::program::{Following, Program};
use crate::seat::{Seat, SeatParts};
use crate::status::Status;

/// How long to wait for a change of the share.
const PAUSE: Duration = Duration::from_millis(100);
/// How often what is done is committed to the group.
const COMMIT: Duration = Duration::from_secs(1);
/// How long to wait before joining the group again.
const REJOIN: Duration = Duration::from_millis(500);

/// What an instance is made of.
#[derive(Clone)]
pub struct InstanceParts {
    /// The journal.
    pub log: Arc<dyn Log>,
    /// Where commands come from.
    pub inbox: Arc<dyn Inbox>,
    /// The name of the group that shares the partitions.
    pub group: String,
    /// The commands topic: its partition i feeds partition i of the journal.
    pub commands: Arc<str>,
    /// The commands topic of the program.
    pub program_commands: Arc<str>,
    /// What a new journal is made with, and an old one must be made with.
    pub settings: Settings,
    /// The release, as leads record it.
    pub release: String,
    /// Offsets that an operator declared void, by partition.
    pub accept_void: BTreeMap<PartitionId, Vec<u64>>,
    /// How commands are decided.
    pub decide: Decide,
}

/// An engine among several: a seat for every partition, leading those that the group assigns to it.
pub struct Instance {
    seats: Arc<BTreeMap<PartitionId, Seat>>,
    program: Following,
    closing: Arc<AtomicBool>,
    sharing: Mutex<Option<JoinHandle<()>>>,
}

/// An instance could not start.
#[derive(Debug, thiserror::Error)]
pub enum InstanceError {
    /// There is no thread to be had.
    #[error("a thread could not start")]
    Thread(#[from] io::Error),
    /// The topics are not there.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A topic has another number of partitions than the journal (F-10).
    #[error(
        "{topic} has {found} partitions and the journal has {wanted}: a changed count would send customers to other \
         partitions than their history. Restore the count; to change it, export the journal and import it into new topics"
    )]
    PartitionCount {
        /// The topic.
        topic: Arc<str>,
        /// How many it has.
        found: u32,
        /// How many the journal has.
        wanted: u16,
    },
}

impl Instance {
    /// Takes a seat at every partition and joins the group.
    ///
    /// # Errors
    /// [`InstanceError`].
    pub fn start(parts: &InstanceParts) -> Result<Self, InstanceError> {
        Self::begin(parts, Planted::default())
    }

    /// The same, with a fault in it that somebody should notice.
    ///
    /// # Errors
    /// As [`Instance::start`].
    #[cfg(feature = "planted-faults")]
    pub fn start_with(parts: &InstanceParts, planted: Planted) -> Result<Self, InstanceError> {
        Self::begin(parts, planted)
    }

    fn begin(parts: &InstanceParts, planted: Planted) -> Result<Self, InstanceError> {
        let found = parts.inbox.partitions(&parts.commands)?;
        let wanted = parts.settings.partitions;
        if found != u32::from(wanted) {
            return Err(InstanceError::PartitionCount { topic: Arc::clone(&parts.commands), found, wanted });
        }
        let accepted = |id| parts.accept_void.get(&id).cloned().unwrap_or_default();
        let program = Program::follow(reading(&parts.log), &accepted(PartitionId::Program))?;
        let numbered = (0..wanted)
            .map(|it| (PartitionId::Number(it), Place::new(Arc::clone(&parts.commands), u32::from(it))));
        let of_program = (PartitionId::Program, Place::new(Arc::clone(&parts.program_commands), 0));
        let places: Vec<_> = numbered.chain([of_program]).collect();
        let seats = places.iter().map(|(partition, commands)| {
            let seat = Seat::take(SeatParts {
                partition: *partition,
                log: Arc::clone(&parts.log),
                inbox: Arc::clone(&parts.inbox),
                commands: commands.clone(),
                settings: parts.settings.clone(),
                release: parts.release.clone(),
                program: Arc::clone(program.program()),
                accept_void: accepted(*partition),
                decide: parts.decide,
                planted,
            })?;
            Ok((*partition, seat))
        });
        let seats = Arc::new(seats.collect::<io::Result<BTreeMap<_, _>>>()?);
        let closing = Arc::new(AtomicBool::new(false));
        let share = Share {
            inbox: Arc::clone(&parts.inbox),
            group: parts.group.clone(),
            topics: vec![parts.commands.to_string(), parts.program_commands.to_string()],
            partitions: places.into_iter().map(|(partition, place)| (place, partition)).collect(),
            seats: Arc::clone(&seats),
            closing: Arc::clone(&closing),
            owned: BTreeSet::new(),
            committed: BTreeMap::new(),
        };
        let sharing = thread::Builder::new().name("share".into()).spawn(move || share.run())?;
        Ok(Self { seats, program, closing, sharing: Mutex::new(Some(sharing)) })
    }

    /// How every seat stands.
    #[must_use]
    pub fn status(&self) -> BTreeMap<PartitionId, Status> {
        self.seats.iter().map(|(id, seat)| (*id, seat.status())).collect()
    }

    /// The program as it is read here.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        self.program.program()
    }

    /// Finishes what is being written and hands the partitions over at once; once is enough.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Release);
        let sharing = self.sharing.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sharing) = sharing {
            drop(sharing.join());
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.close();
    }
}

fn reading(log: &Arc<dyn Log>) -> Arc<dyn claim_log::ReadLog> {
    let log: Arc<dyn Log> = Arc::clone(log);
    log
}

/// The share of this process in the partitions, on a thread of its own.
struct Share {
    inbox: Arc<dyn Inbox>,
    group: String,
    topics: Vec<String>,
    partitions: BTreeMap<Place, PartitionId>,
    seats: Arc<BTreeMap<PartitionId, Seat>>,
    closing: Arc<AtomicBool>,
    owned: BTreeSet<Place>,
    committed: BTreeMap<Place, u64>,
}

impl Share {
    fn run(mut self) {
        while !self.closing.load(Ordering::Acquire) {
            let ended = self.inbox.join(&self.group, &self.topics).and_then(|mut membership| {
                let ended = self.share(&mut *membership);
                if self.closing.load(Ordering::Acquire) {
                    self.hand_over(&mut *membership);
                }
                ended
            });
            if let Err(error) = ended {
                let why: &dyn std::error::Error = &error;
                tracing::warn!(error = why, group = %self.group, "the group is left; joining again");
                let owned: Vec<Place> = self.owned.iter().cloned().collect();
                self.lose(&owned);
                thread::sleep(REJOIN);
            }
        }
    }

    fn share(&mut self, membership: &mut dyn Membership) -> Result<(), LogError> {
        let mut committed_at = Instant::now();
        while !self.closing.load(Ordering::Acquire) {
            match membership.poll(PAUSE)? {
                Some(Change::Gained(places)) => {
                    for place in places {
                        let committed = membership.committed(&place)?;
                        if let Some(seat) = self.seat(&place) {
                            seat.lead(committed);
                        }
                        self.owned.insert(place);
                    }
                }
                Some(Change::Lost(places)) => self.lose(&places),
                None => {}
            }
            if committed_at.elapsed() >= COMMIT {
                committed_at = Instant::now();
                self.commit(membership);
            }
        }
        Ok(())
    }

    fn lose(&mut self, places: &[Place]) {
        for place in places {
            self.owned.remove(place);
            self.committed.remove(place);
            if let Some(seat) = self.seat(place) {
                seat.stand_down();
            }
        }
    }

    /// Commits up to what is known valid and no further: others start behind what was decided, never here.
    fn commit(&mut self, membership: &mut dyn Membership) {
        let done = |place: &Place| Some((place.clone(), self.seat(place)?.status().done?));
        let done = self.owned.iter().filter_map(done);
        let done: Vec<_> = done.filter(|(place, done)| self.committed.get(place) != Some(done)).collect();
        match membership.commit_all(&done) {
            Ok(()) => self.committed.extend(done),
            Err(error) => tracing::warn!(%error, "what is done was not committed"),
        }
    }

    /// Lets every seat finish, commits, and leaves; whoever is next can lead at once.
    fn hand_over(&mut self, membership: &mut dyn Membership) {
        let owned: Vec<Place> = self.owned.iter().cloned().collect();
        for place in &owned {
            if let Some(seat) = self.seat(place) {
                seat.stand_down();
            }
        }
        let until = Instant::now() + Duration::from_secs(10);
        let leading = || owned.iter().any(|it| self.seat(it).is_some_and(|seat| seat.status().leading));
        while leading() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.commit(membership);
    }

    fn seat(&self, place: &Place) -> Option<&Seat> {
        self.seats.get(self.partitions.get(place)?)
    }
}

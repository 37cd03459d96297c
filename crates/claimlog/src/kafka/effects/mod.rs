//! Performing the effects of the partitions that are led here (DESIGN rule 8).
//!
//! What is due stands in the ledger among the views. The effects of a partition begin once the ledger holds everything up
//! to the lead, so that what an earlier leader reported is not done again, and they stop at once when the lead is lost.
//! Results go through the inbox like all commands, so they are in the ledger a moment later only; until then nothing that
//! was done here counts as due ([`taken`]).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use claim_domain::ids::EffectId;
use claim_effects::{Due, LocalReferrals, Performed, Performer, Schedule, Sleep};
use claim_engine::{Instance, Status};
use claim_journal::PartitionId;
use claim_log::{Outlet, Place};
use claim_projector_referral::{DueEffect, due_referral_effects};
use claim_server::Meters;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet, spawn_blocking};
use tokio::time::sleep;

use crate::cli::Global;
use crate::kafka::effects::results::Results;
use crate::kafka::effects::taken::Taken;
use crate::performing::{AT_ONCE, EFFECTS};
use crate::serve::Stop;
use crate::views;

mod results;
mod taken;

/// How often it is looked at who leads.
const LOOK: Duration = Duration::from_millis(50);
/// How often the ledger is read.
const READ: Duration = Duration::from_secs(1);
/// How long to wait after it could not be read.
const AFTER_FAILURE: Duration = Duration::from_secs(10);
/// The most effects of a partition that are taken up by one reading.
const AT_MOST: usize = 256;
/// How long effects that are at work when the process stops may go on; what is not reported then is done again by whoever
/// leads next, under the same ids.
const GRACE: Duration = Duration::from_secs(2);

/// Performs effects while this process leads.
pub(crate) struct Performing {
    pub(crate) global: Global,
    pub(crate) engine: Arc<Instance>,
    pub(crate) outlet: Arc<dyn Outlet>,
    /// The inbox that results are written to.
    pub(crate) inbox: Place,
    pub(crate) meters: Meters,
    pub(crate) stop: Stop,
}

/// A partition that is led, and its effects.
struct Reign {
    epoch: u64,
    taken: Taken,
    /// Dropped with the reign: what is at work then ends where it is.
    at_work: JoinSet<Ended>,
}

/// An effect at work came to its end.
enum Ended {
    /// Its result is on its way.
    Reported,
    /// It could not be done now.
    StillDue(EffectId),
    /// It was not begun, since the process stops.
    NotBegun,
}

/// What is to be read of the ledger.
struct Wanted {
    partition: PartitionId,
    epoch: u64,
    /// The ledger must hold the partition up to here.
    at_least: u64,
    limit: usize,
}

/// What was read of it.
struct Read {
    partition: PartitionId,
    epoch: u64,
    /// Up to where the ledger held the partition.
    sequence: u64,
    due: Vec<DueEffect>,
    /// Whether that is all that is due.
    all: bool,
}

/// What one effect at work needs.
#[derive(Clone)]
struct Desk {
    performer: Arc<Performer>,
    places: Arc<Semaphore>,
    results: Results,
}

impl Performing {
    /// Performs until the process stops.
    ///
    /// # Errors
    /// When the stand-in's file cannot be opened.
    pub(crate) async fn run(self) -> Result<()> {
        let path = self.global.data().join(EFFECTS);
        let referrals = LocalReferrals::open(&path).with_context(|| format!("opening {}", path.display()))?;
        let desk = Desk {
            performer: Arc::new(Performer::new(
                Arc::new(referrals),
                Arc::new(Sleep),
                Schedule::default(),
                AT_ONCE,
            )),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            results: Results { outlet: Arc::clone(&self.outlet), inbox: self.inbox.clone() },
        };
        let mut reigns = BTreeMap::new();
        let mut reading: Option<JoinHandle<Result<Vec<Read>>>> = None;
        let mut next = Instant::now();
        while self.stop.why().is_none() {
            follow(&mut reigns, self.engine.status());
            if reading.as_ref().is_some_and(JoinHandle::is_finished)
                && let Some(read) = reading.take()
            {
                next = Instant::now()
                    + begin(&mut reigns, &desk, read.await.context("reading panicked").flatten());
            }
            if reading.is_none() && Instant::now() >= next {
                let wanted =
                    reigns.iter().filter_map(|(partition, reign)| reign.wanted(*partition)).collect();
                let global = self.global.clone();
                reading = Some(spawn_blocking(move || read(&global, wanted)));
            }
            self.count(&mut reigns);
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.stop.stopped() => {}
            }
        }
        desk.places.close();
        let until = Instant::now() + GRACE;
        while Instant::now() < until && reigns.values().any(|it| !it.at_work.is_empty()) {
            follow(&mut reigns, self.engine.status());
            self.count(&mut reigns);
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// Counts what ended.
    fn count(&self, reigns: &mut BTreeMap<PartitionId, Reign>) {
        let mut reported = 0;
        for reign in reigns.values_mut() {
            while let Some(ended) = reign.at_work.try_join_next() {
                match ended {
                    Ok(Ended::Reported) => reported += 1,
                    Ok(Ended::StillDue(effect)) => reign.taken.put_off(effect, Instant::now()),
                    Ok(Ended::NotBegun) => {}
                    Err(error) => {
                        tracing::error!(%error, "an effect panicked; whoever leads next does it again");
                    }
                }
            }
        }
        let still_due: usize = reigns.values().map(|it| it.taken.are_put_off()).sum();
        self.meters.performed(reported, still_due as u64);
        if reported > 0 {
            tracing::info!(
                performed = reported,
                still_due,
                "effects were performed by the local stand-in; nothing was sent"
            );
        }
    }
}

impl Reign {
    /// What to read for it; nothing while enough is at work.
    fn wanted(&self, partition: PartitionId) -> Option<Wanted> {
        let room = AT_MOST.checked_sub(self.at_work.len()).filter(|it| *it > 0)?;
        let limit = self.taken.len() + room;
        Some(Wanted { partition, epoch: self.epoch, at_least: self.taken.at_least(), limit })
    }
}

/// Begins a reign for each lead that is new, and ends those of leads that are lost, with all that is at work for them.
fn follow(reigns: &mut BTreeMap<PartitionId, Reign>, seats: BTreeMap<PartitionId, Status>) {
    reigns.retain(|partition, reign| {
        seats.get(partition).is_some_and(|it| it.leading && it.epoch == reign.epoch)
    });
    for (partition, it) in seats {
        // The program intends nothing.
        if it.leading && partition != PartitionId::Program {
            let taken = Taken::since(it.sequence);
            reigns.entry(partition).or_insert(Reign { epoch: it.epoch, taken, at_work: JoinSet::new() });
        }
    }
}

/// Begins what was read to be due; after how long to read again.
fn begin(reigns: &mut BTreeMap<PartitionId, Reign>, desk: &Desk, read: Result<Vec<Read>>) -> Duration {
    let read = match read {
        Ok(read) => read,
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "effects are not performed: their ledger cannot be read"
            );
            return AFTER_FAILURE;
        }
    };
    for Read { partition, epoch, sequence, due, all } in read {
        let Some(reign) = reigns.get_mut(&partition).filter(|it| it.epoch == epoch) else { continue };
        for due in reign.taken.take_up(sequence, &due, all, Instant::now()) {
            reign.at_work.spawn(desk.clone().perform(due));
        }
    }
    READ
}

/// Reads what is due of each partition that the ledger holds far enough; nothing while there is no ledger yet.
fn read(global: &Global, wanted: Vec<Wanted>) -> Result<Vec<Read>> {
    let mut read = Vec::with_capacity(wanted.len());
    if wanted.is_empty() {
        return Ok(read);
    }
    let Some(views) = views::open_if_there(global)? else { return Ok(read) };
    let snapshot = views.snapshot()?;
    let cursor = snapshot.cursor();
    for Wanted { partition, epoch, at_least, limit } in wanted {
        let sequence = cursor.of(partition);
        if sequence >= at_least {
            let most = u32::try_from(limit).unwrap_or(u32::MAX);
            let due = due_referral_effects(&snapshot, Some(partition), Some(most))?;
            let all = due.len() < limit;
            read.push(Read { partition, epoch, sequence, due, all });
        }
    }
    Ok(read)
}

impl Desk {
    async fn perform(self, due: Due) -> Ended {
        let Ok(_place) = self.places.acquire().await else { return Ended::NotBegun };
        match self.performer.perform_one(due).await {
            Performed::Result { command, .. } => {
                self.results.report(&command).await;
                Ended::Reported
            }
            Performed::StillDue { effect, error } => {
                tracing::warn!(%effect, %error, "an effect stays due");
                Ended::StillDue(effect)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test] // DESIGN rule 8
    async fn effects_end_with_the_lead_and_a_new_lead_begins_anew() {
        const OURS: PartitionId = PartitionId::Number(0);
        let lead = |epoch, sequence| {
            let status = Status { leading: true, epoch, sequence, ..Status::default() };
            BTreeMap::from([(OURS, status.clone()), (PartitionId::Program, status)])
        };
        let mut reigns = BTreeMap::new();
        follow(&mut reigns, lead(1, 5));
        assert_eq!(reigns.keys().collect::<Vec<_>>(), [&OURS]);
        let (held, mut dropped) = oneshot::channel::<()>();
        reigns.get_mut(&OURS).unwrap().at_work.spawn(async move {
            let _held = held;
            std::future::pending().await
        });
        follow(&mut reigns, lead(1, 8));
        assert!(dropped.try_recv() == Err(oneshot::error::TryRecvError::Empty), "it goes on");
        assert_eq!(reigns[&OURS].wanted(OURS).map(|it| (it.at_least, it.limit)), Some((5, AT_MOST - 1)));

        follow(&mut reigns, lead(3, 9));
        tokio::time::timeout(Duration::from_secs(10), dropped).await.expect("it ends").unwrap_err();
        assert_eq!(reigns[&OURS].wanted(OURS).map(|it| (it.at_least, it.limit)), Some((9, AT_MOST)));
        follow(&mut reigns, BTreeMap::from([(OURS, Status::default())]));
        assert!(reigns.is_empty());
    }
}

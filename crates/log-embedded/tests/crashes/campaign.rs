//! Many lives, and a crash at every moment of each.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use claim_log_embedded::Planted;

use crate::judge::{Flipped, judge, judge_flipped};
use crate::life::Life;
use crate::moment::{End, Fate, Moment};
use crate::recorder::{Step, is_segment};
use crate::support::disk::Random;

/// What a campaign saw, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// How many crash images were opened, by how the crash ended.
    pub(crate) images: BTreeMap<&'static str, u64>,
    /// What else happened, how often.
    pub(crate) seen: BTreeMap<&'static str, u64>,
}

/// What must not be, and how to see it again.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) seed: u64,
    pub(crate) what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}: {}", self.seed, self.what)
    }
}

impl Report {
    /// How many crash images were opened.
    pub(crate) fn total(&self) -> u64 {
        self.images.values().sum()
    }

    fn saw(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        other.images.into_iter().for_each(|(key, count)| *self.images.entry(key).or_default() += count);
        other.seen.into_iter().for_each(|(key, count)| *self.seen.entry(key).or_default() += count);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} crash images", self.total())?;
        self.images.iter().try_for_each(|(key, count)| writeln!(f, "  {count:>9} {key}"))?;
        writeln!(f, "among them, or on the way")?;
        self.seen.iter().try_for_each(|(key, count)| writeln!(f, "  {count:>9} {key}"))
    }
}

/// Which lives to go through, and how closely.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Campaign {
    /// The first seed.
    pub(crate) first: u64,
    /// How many seeds.
    pub(crate) lives: u64,
    /// Writes are torn at every so many bytes.
    pub(crate) stride: usize,
    /// What is broken on purpose.
    pub(crate) planted: Planted,
}

impl Campaign {
    /// Goes through the lives, on all processors.
    ///
    /// # Errors
    /// The first finding.
    pub(crate) fn run(self) -> Result<Report, Finding> {
        let Self { first, lives, .. } = self;
        let next = AtomicU64::new(first);
        let finding = Mutex::new(None);
        let report = Mutex::new(Report::default());
        let work = || {
            let mut mine = Report::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first + lives || finding.lock().unwrap().is_some() {
                    return report.lock().unwrap().add(mine);
                }
                if let Err(what) = self.two_lives(seed, &mut mine) {
                    *finding.lock().unwrap() = Some(Finding { seed, what });
                }
            }
        };
        thread::scope(|scope| {
            (0..thread::available_parallelism().map_or(2, usize::from)).for_each(|_| drop(scope.spawn(work)));
        });
        match finding.into_inner().unwrap() {
            Some(finding) => Err(finding),
            None => Ok(report.into_inner().unwrap()),
        }
    }

    /// A life from nothing, and one that begins with what a crash of the first left.
    fn two_lives(self, seed: u64, report: &mut Report) -> Result<(), String> {
        let planted = self.planted;
        let mut random = Random(seed);
        let born = Life::lead(seed, BTreeMap::new(), Vec::new(), Vec::new(), planted)?;
        self.crash_everywhere(&born, &mut random, report)?;
        let mut moment = Moment::new(&born.files, &born.told, &born.offered);
        born.steps.iter().take(random.below(born.steps.len())).for_each(|it| moment.pass(it));
        let files = moment.after(&End::Mixed { seed });
        let again = Life::lead(seed ^ (1 << 63), files, moment.told, moment.offered, planted)?;
        self.crash_everywhere(&again, &mut random, report)
    }

    fn crash_everywhere(self, life: &Life, random: &mut Random, report: &mut Report) -> Result<(), String> {
        let planted = self.planted;
        let mut moment = Moment::new(&life.files, &life.told, &life.offered);
        for (nth, step) in life.steps.iter().enumerate() {
            moment.pass(step);
            notice(step, report);
            for (kind, end) in ends(&moment, step, self.stride, random) {
                let cut = judge(moment.after(&end), &moment.told, &moment.offered, planted)
                    .map_err(|it| format!("{it}; {end:?} after step {nth}"))?;
                *report.images.entry(kind).or_default() += 1;
                if cut {
                    report.saw("torn tails cut off");
                }
            }
            for _ in 0..2 {
                let files = moment.after(&End::Killed);
                let flipped = judge_flipped(files, &moment.told, &moment.offered, planted, random)
                    .map_err(|it| format!("{it}; after step {nth}"))?;
                *report.images.entry("killed, and a bit flipped").or_default() += 1;
                report.saw(match flipped {
                    Flipped::Named => "flipped bits named as damage",
                    Flipped::Cut => "flipped bits cut off as a torn tail",
                    Flipped::Harmless => "flipped bits without effect",
                });
            }
        }
        Ok(())
    }
}

/// What a life must have seen at least once in a campaign (I-32).
fn notice(step: &Step, report: &mut Report) {
    match step {
        Step::SyncFailed(_) => report.saw("syncs that failed"),
        Step::Made(path) if is_segment(path) => report.saw("segments begun"),
        Step::Cut { .. } => report.saw("ends cut back"),
        Step::Began(read) if !read.is_empty() => report.saw("processes that went on"),
        Step::Told(_) => report.saw("records told"),
        _ => {}
    }
}

/// The ends to be tried after this step.
pub(crate) fn ends(
    moment: &Moment<'_>,
    step: &Step,
    stride: usize,
    random: &mut Random,
) -> Vec<(&'static str, End)> {
    let power = |last: Fate, others: Fate, mark: Fate| End::Power { last, others, mark, entries: true };
    let mut ends = vec![
        ("killed", End::Killed),
        ("power lost, and all that was not synced", power(Fate::Lost, Fate::Lost, Fate::Lost)),
        ("power lost, and all came through", power(Fate::Kept, Fate::Kept, Fate::Kept)),
    ];
    if moment.may_miss_a_segment() {
        let (kept, lost) = (Fate::Kept, Fate::Lost);
        let end = End::Power { last: kept, others: lost, mark: Fate::Kept, entries: false };
        ends.push(("a new segment missing", end));
    }
    match step {
        Step::Wrote { path, bytes, .. } if is_segment(path) => {
            for byte in (0..bytes.len()).step_by(stride) {
                let mark = if byte % 2 == 0 { Fate::Kept } else { Fate::Lost };
                let (torn, hole) = (Fate::Torn(0..byte), Fate::Torn(byte..bytes.len()));
                ends.push(("torn at a byte", power(torn, Fate::Kept, mark.clone())));
                if byte % 4 == 0 {
                    ends.push(("a hole up to a byte", power(hole, Fate::Kept, mark)));
                }
            }
        }
        Step::Wrote { bytes, .. } => {
            let torn = (0..bytes.len()).map(|byte| power(Fate::Lost, Fate::Lost, Fate::Torn(0..byte)));
            ends.extend(torn.map(|it| ("the mark torn at a byte", it)));
        }
        _ => {}
    }
    for nth in 1..=moment.uncertain() {
        ends.push(("one write dropped", End::But { nth, fate: Fate::Lost, others: Fate::Kept }));
        ends.push(("one write came first", End::But { nth, fate: Fate::Kept, others: Fate::Lost }));
    }
    for _ in 0..6 {
        let seed = random.below(usize::MAX) as u64;
        ends.push(("any parts of any writes", End::Mixed { seed }));
    }
    ends
}

//! What a disk may hold when the power fails at a moment: what is certain, and any part of what is not.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use crate::recorder::{Files, Record, Step, is_segment, put};
use crate::support::disk::Random;

/// A moment between two steps.
#[derive(Clone, Default)]
pub(crate) struct Moment<'a> {
    files: BTreeMap<&'a PathBuf, Content<'a>>,
    /// What was acknowledged, or read at a start.
    pub(crate) told: Vec<Record>,
    /// What was given to the log after all that, and may or may not be there.
    pub(crate) offered: Vec<Vec<u8>>,
}

#[derive(Clone, Default)]
struct Content<'a> {
    durable: Vec<u8>,
    changes: Vec<Change<'a>>,
    /// Whether the directory knows the file for certain.
    entered: bool,
}

#[derive(Clone)]
struct Change<'a> {
    step: &'a Step,
    certain: bool,
    /// Written before a sync that failed: no later sync makes it certain.
    doubtful: bool,
}

/// What becomes of one change that is not certain.
#[derive(Clone, Debug)]
pub(crate) enum Fate {
    Kept,
    Lost,
    /// Of the bytes of a write only these came through.
    Torn(Range<usize>),
}

/// How it ends.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// The process is killed: the disk keeps all that was written.
    Killed,
    /// The power fails: each uncertain change of a segment has its fate, the last one its own; so has the mark.
    Power { last: Fate, others: Fate, mark: Fate, entries: bool },
    /// The power fails, and one uncertain change has another fate than the others.
    But { nth: usize, fate: Fate, others: Fate },
    /// The power fails, and each uncertain change comes through in any of its parts.
    Mixed { seed: u64 },
}

impl<'a> Moment<'a> {
    /// A moment at which all of this is certain.
    pub(crate) fn new(files: &'a Files, told: &[Record], offered: &[Vec<u8>]) -> Self {
        let content = |it: &Vec<u8>| Content { durable: it.clone(), changes: Vec::new(), entered: true };
        Self {
            files: files.iter().map(|(path, it)| (path, content(it))).collect(),
            told: told.to_vec(),
            offered: offered.to_vec(),
        }
    }

    /// Goes on by one step.
    pub(crate) fn pass(&mut self, step: &'a Step) {
        match step {
            Step::Made(path) => drop(self.files.insert(path, Content::default())),
            Step::Wrote { path, .. } | Step::Cut { path, .. } => {
                let change = Change { step, certain: false, doubtful: false };
                self.files.entry(path).or_default().changes.push(change);
            }
            Step::Synced(path) => self.files.entry(path).or_default().sync(),
            Step::SyncFailed(path) => {
                let changes = self.files.entry(path).or_default().changes.iter_mut();
                // What a directory knows of a file, its length too, stands in a journal that is written again.
                changes.for_each(|it| it.doubtful |= matches!(it.step, Step::Wrote { .. }));
            }
            Step::DirSynced(dir) => {
                let here = self.files.iter_mut().filter(|(path, _)| path.parent() == Some(dir));
                here.for_each(|(_, it)| it.entered = true);
            }
            Step::Began(read) => {
                self.told.clone_from(read);
                self.offered.clear();
            }
            Step::Offered(line) => self.offered.push(line.clone()),
            Step::Told(record) => {
                self.offered.remove(0);
                self.told.push(record.clone());
            }
        }
    }

    /// How many changes of segments are not certain.
    pub(crate) fn uncertain(&self) -> usize {
        let segments = self.files.iter().filter(|it| is_segment(it.0));
        segments.flat_map(|it| &it.1.changes).filter(|it| !it.certain).count()
    }

    /// Whether a segment may be missing.
    pub(crate) fn may_miss_a_segment(&self) -> bool {
        self.files.iter().any(|(path, it)| is_segment(path) && !it.entered)
    }

    /// What the disk holds after this end.
    pub(crate) fn after(&self, end: &End) -> Files {
        let count = self.uncertain();
        let mut nth = 0;
        let mut random = Random(if let End::Mixed { seed } = end { *seed } else { 0 });
        let mut files = Files::new();
        for (&path, content) in &self.files {
            let missing = match end {
                End::Killed | End::But { .. } => false,
                End::Power { entries, .. } => !entries,
                End::Mixed { .. } => random.below(2) == 0,
            };
            if missing && !content.entered {
                nth += content.changes.iter().filter(|it| !it.certain && is_segment(path)).count();
                continue;
            }
            let mut bytes = content.durable.clone();
            for change in &content.changes {
                let fate = if change.certain {
                    Fate::Kept
                } else if is_segment(path) {
                    nth += 1;
                    fate(end, nth, count, change.step, &mut random)
                } else if let End::Power { mark, .. } = end {
                    mark.clone()
                } else {
                    fate(end, usize::MAX, count, change.step, &mut random)
                };
                apply(&mut bytes, change.step, &fate);
            }
            files.insert(path.clone(), bytes);
        }
        files
    }
}

/// The fate of the `nth` of `count` uncertain changes of segments, from 1.
fn fate(end: &End, nth: usize, count: usize, step: &Step, random: &mut Random) -> Fate {
    match end {
        End::Killed => Fate::Kept,
        End::Power { last, others, .. } => if nth == count { last } else { others }.clone(),
        End::But { nth: other, fate, others } => if nth == *other { fate } else { others }.clone(),
        End::Mixed { .. } => match (random.below(3), step) {
            (0, Step::Wrote { bytes, .. }) if !bytes.is_empty() => {
                let from = random.below(bytes.len());
                Fate::Torn(from..from + random.below(bytes.len() - from + 1))
            }
            (1, _) => Fate::Lost,
            _ => Fate::Kept,
        },
    }
}

fn apply(file: &mut Vec<u8>, step: &Step, fate: &Fate) {
    match (step, fate) {
        (Step::Cut { len, .. }, Fate::Kept) => file.resize(*len, 0),
        (Step::Wrote { at, bytes, .. }, Fate::Kept) => put(file, *at, bytes),
        (Step::Wrote { at, bytes, .. }, Fate::Torn(range)) => {
            let range = range.start.min(bytes.len())..range.end.min(bytes.len());
            put(file, at + range.start, &bytes[range]);
        }
        _ => {}
    }
}

impl Content<'_> {
    fn sync(&mut self) {
        self.changes.iter_mut().for_each(|it| it.certain |= !it.doubtful);
        // What is certain, and behind nothing uncertain, needs to be kept apart no longer.
        let settled = self.changes.iter().take_while(|it| it.certain).count();
        for change in self.changes.drain(..settled) {
            apply(&mut self.durable, change.step, &Fate::Kept);
        }
    }
}

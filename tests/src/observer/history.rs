//! What was decided in one partition: the fold of its valid records.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::chain::{Chain, Halt, Offsets, Verdict, Void};
use super::complaint::Complaint;
use super::envelope::{Kind, Partition};
use super::record::{Record, Unreadable, decode};

/// A time as it is written, `2026-01-31T23:59:59.999Z`; in this one spelling texts are in the order of times.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(String);

impl Time {
    /// Reads a time in its one spelling.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        const SHAPE: &[u8] = b"0000-00-00T00:00:00.000Z";
        let fits = |(it, shape): (u8, &u8)| if *shape == b'0' { it.is_ascii_digit() } else { it == *shape };
        let same = text.len() == SHAPE.len() && text.bytes().zip(SHAPE).all(fits);
        same.then(|| Self(text.to_owned()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes a command the same one: its source, its id, and the digest of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asking {
    /// Where it came from.
    pub source: String,
    /// The id that its asker gave it.
    pub id: String,
    /// The keyed digest of type, version and body.
    pub digest: String,
}

impl Asking {
    /// Reads it from the fields of an object that has them.
    pub(crate) fn read(it: &Value) -> Option<Self> {
        let text = |name: &str| it.get(name)?.as_str().map(str::to_owned);
        Some(Self { source: text("source")?, id: text("id")?, digest: text("digest")? })
    }
}

impl fmt::Display for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "command {} of {}", self.id, self.source)
    }
}

/// What a decision answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A command.
    Command {
        /// Which one.
        asking: Asking,
        /// Its offset in the commands partition, on logs that have one.
        input: Option<u64>,
        /// When it was received.
        received_at: Time,
        /// Whether its id was used for another body before.
        reused: bool,
    },
    /// A deadline that fired.
    Deadline {
        /// Of which claim.
        claim: String,
        /// Which of its deadlines.
        kind: String,
        /// When it was due.
        due_at: Time,
    },
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Its sequence.
    pub sequence: u64,
    /// Where its record stands on the log.
    pub offset: u64,
    /// What it answers.
    pub cause: Cause,
    /// Whom it is about.
    pub customer: Option<String>,
    /// The time by which it was decided.
    pub judged_at: Time,
    /// Whether it holds; otherwise it is refused.
    pub accepted: bool,
    /// The claims that its events are about, each once, in the order of events.
    pub claims: Vec<String>,
    /// The outcome as its asker must have been told it; none for a deadline.
    pub outcome: Option<Value>,
}

impl Decision {
    /// Reads the body of a decision.
    fn read(partition: Partition, offset: u64, record: &Record) -> Option<Self> {
        let body: Value = serde_json::from_str(&record.body).ok()?;
        let sequence = record.envelope.sequence;
        let time = |it: &Value, name: &str| Time::read(it.get(name)?.as_str()?);
        let text = |it: &Value, name: &str| it.get(name)?.as_str().map(str::to_owned);
        let events = body.pointer("/outcome/accepted").map(Value::as_array);
        if events.is_none() && body.pointer("/outcome/refused/code").is_none() {
            return None;
        }
        let mut claims: Vec<String> = Vec::new();
        for claim in events.flatten().into_iter().flatten().filter_map(|it| text(it, "claim")) {
            if !claims.contains(&claim) {
                claims.push(claim);
            }
        }
        let (cause, outcome) = match (body.pointer("/cause/asked"), body.pointer("/cause/deadline")) {
            (Some(asked), None) => {
                let reused = asked.pointer("/content/reused").is_some();
                let cause = Cause::Command {
                    asking: Asking::read(asked)?,
                    input: asked.get("input").and_then(Value::as_u64),
                    received_at: time(asked, "received_at")?,
                    reused,
                };
                (cause, Some(outcome(partition, sequence, &body, asked, &claims)?))
            }
            (None, Some(it)) => {
                let (claim, kind) = (text(it, "claim")?, text(it, "kind")?);
                (Cause::Deadline { claim, kind, due_at: time(it, "due_at")? }, None)
            }
            _ => return None,
        };
        Some(Self {
            sequence,
            offset,
            cause,
            customer: text(&body, "customer"),
            judged_at: time(&body, "judged_at")?,
            accepted: events.is_some(),
            claims,
            outcome,
        })
    }
}

/// The outcome of a decision as the contract shapes it.
fn outcome(
    partition: Partition,
    sequence: u64,
    body: &Value,
    asked: &Value,
    claims: &[String],
) -> Option<Value> {
    let mut told = serde_json::Map::new();
    let content = asked.pointer("/content/command").or_else(|| asked.pointer("/content/reused"))?;
    told.insert("command_id".into(), asked.get("id")?.clone());
    told.insert("type".into(), content.get("type")?.clone());
    let partition = match partition {
        Partition::Number(number) => number.into(),
        Partition::Program | Partition::Identity => partition.to_string().into(),
    };
    let position = [("partition".to_owned(), partition), ("sequence".to_owned(), sequence.into())];
    told.insert("position".into(), Value::Object(position.into_iter().collect()));
    told.insert("received_at".into(), asked.get("received_at")?.clone());
    told.insert("judged_at".into(), body.get("judged_at")?.clone());
    for name in ["late", "customer"] {
        if let Some(value) = body.get(name) {
            told.insert(name.into(), value.clone());
        }
    }
    if let Some(events) = body.pointer("/outcome/accepted") {
        told.insert("outcome".into(), "accepted".into());
        told.insert("claims".into(), claims.into());
        told.insert("events".into(), events.clone());
    } else {
        told.insert("outcome".into(), "refused".into());
        told.insert("reason".into(), body.pointer("/outcome/refused")?.clone());
    }
    Some(Value::Object(told))
}

/// Everything that was read of one journal partition.
#[derive(Clone, Debug)]
pub struct History {
    /// Which partition.
    pub partition: Partition,
    /// The fold at its end.
    pub chain: Chain,
    /// The decisions, in their order.
    pub decisions: Vec<Decision>,
    /// The epochs of valid leads, in their order.
    pub leads: Vec<u64>,
    /// How many bindings there are.
    pub bindings: u64,
    /// Void records by cause.
    pub voids: BTreeMap<Void, u64>,
    /// Where reading had to stop, and why.
    pub halted: Option<(u64, Halt)>,
    /// What was wrong with records while they were read.
    faults: Vec<Complaint>,
    /// The envelopes of the present reign by sequence, as heads.
    reign: BTreeMap<u64, String>,
}

impl History {
    /// A partition of which nothing was read.
    #[must_use]
    pub fn new(partition: Partition, offsets: Offsets) -> Self {
        Self {
            partition,
            chain: Chain::new(partition, offsets),
            decisions: Vec::new(),
            leads: Vec::new(),
            bindings: 0,
            voids: BTreeMap::new(),
            halted: None,
            faults: Vec::new(),
            reign: BTreeMap::new(),
        }
    }

    /// Reads a partition to its end, or to where it must stop; lines are given without their line feeds.
    #[must_use]
    pub fn read<'a>(
        partition: Partition,
        offsets: Offsets,
        lines: impl IntoIterator<Item = (u64, &'a [u8])>,
    ) -> Self {
        let mut history = Self::new(partition, offsets);
        for (offset, line) in lines {
            if history.halted.is_some() {
                break;
            }
            history.step(offset, &decode(line));
        }
        history
    }

    /// Reads one more record; nothing more once it had to stop.
    pub fn step(&mut self, offset: u64, read: &Result<Record, Unreadable>) {
        if self.halted.is_some() {
            return;
        }
        match (self.chain.step(offset, read), read) {
            (Verdict::Valid, Ok(record)) => self.add(offset, record),
            (Verdict::Void(why), read) => {
                *self.voids.entry(why).or_default() += 1;
                if let (Void::NotExtending, Ok(record)) = (why, read) {
                    self.compare(record);
                }
            }
            (Verdict::Halt(why), _) => self.halted = Some((offset, why)),
            (Verdict::Valid, Err(_)) => {}
        }
    }

    fn add(&mut self, offset: u64, record: &Record) {
        let sequence = record.envelope.sequence;
        match record.envelope.kind {
            Kind::Lead => {
                self.leads.push(record.envelope.epoch);
                self.reign.clear();
                return;
            }
            Kind::Binding => self.bindings += 1,
            Kind::Decision => match Decision::read(self.partition, offset, record) {
                Some(decision) => self.decisions.push(decision),
                None => self.fault("I-26", sequence, "a valid decision that cannot be read".to_owned()),
            },
        }
        self.reign.insert(sequence, record.envelope_text.clone());
    }

    /// A void record of the present leader: a second one for a sequence breaks the leader's promise.
    fn compare(&mut self, record: &Record) {
        let sequence = record.envelope.sequence;
        if self.reign.get(&sequence).is_some_and(|first| *first != record.envelope_text) {
            self.fault("I-04", sequence, "its leader wrote another record for the same sequence".to_owned());
        }
    }

    fn fault(&mut self, invariant: &'static str, sequence: u64, what: String) {
        let partition = self.partition;
        self.faults.push(Complaint { invariant, partition, sequence: Some(sequence), what });
    }

    /// What was wrong while it was read: a halt, decisions that cannot be read, a leader that wrote a sequence twice.
    #[must_use]
    pub fn complaints(&self) -> Vec<Complaint> {
        let mut all = self.faults.clone();
        if let Some((offset, why)) = self.halted {
            let (partition, sequence) = (self.partition, None);
            let what = format!("reading stops at offset {offset}: {why:?}");
            all.push(Complaint { invariant: "I-26", partition, sequence, what });
        }
        all
    }
}

//! What stands in a commands partition: commands on their way to the engine, and the ticks between them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::complaint::Complaint;
use super::envelope::Partition;
use super::history::{Asking, Time};

/// One record of a commands partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// A command.
    Command {
        /// Which one.
        asking: Asking,
        /// Who decides it.
        route: Route,
        /// When it was received.
        received_at: Time,
    },
    /// A promise about an inbox partition.
    Tick(Tick),
    /// Neither: nobody but intake should write here.
    Unreadable,
}

/// Who decides a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// The program.
    Program,
    /// A customer.
    Customer(String),
    /// The customer of a claim.
    Claim(String),
}

/// "Everything of this inbox partition received before `w` stands in front of me."
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The topic of the inbox partition.
    pub topic: String,
    /// Its number.
    pub partition: u64,
    /// How many inbox partitions there are in all.
    pub of: u64,
    /// Names the list of all of them.
    pub list: String,
    /// The promise.
    pub w: Time,
}

impl Forwarded {
    /// Reads a record's value.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let value: Option<Value> = serde_json::from_slice(bytes).ok();
        let read = value.as_ref().and_then(|it| match (it.get("command"), it.get("tick")) {
            (Some(command), None) => Self::command(command),
            (None, Some(tick)) => Self::tick(tick),
            _ => None,
        });
        read.unwrap_or(Self::Unreadable)
    }

    fn command(it: &Value) -> Option<Self> {
        let asking = Asking::read(it)?;
        let route = it.get("route")?;
        let text = |name: &str| route.get(name)?.as_str().map(str::to_owned);
        let route = match route.as_str() {
            Some("program") => Route::Program,
            Some(_) => return None,
            None => text("customer").map(Route::Customer).or_else(|| text("claim").map(Route::Claim))?,
        };
        let received_at = Time::read(it.get("received_at")?.as_str()?)?;
        Some(Self::Command { asking, route, received_at })
    }

    fn tick(it: &Value) -> Option<Self> {
        let text = |name: &str| it.get(name)?.as_str();
        let number = |name: &str| it.get(name)?.as_u64();
        Some(Self::Tick(Tick {
            topic: text("topic")?.to_owned(),
            partition: number("partition")?,
            of: number("of")?,
            list: text("list")?.to_owned(),
            w: Time::read(text("w")?)?,
        }))
    }
}

/// The records of one commands partition, by offset; it may have lost its oldest ones to retention.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// The records.
    pub records: BTreeMap<u64, Forwarded>,
}

impl Commands {
    /// Reads the values of records with their offsets.
    #[must_use]
    pub fn read<'a>(records: impl IntoIterator<Item = (u64, &'a [u8])>) -> Self {
        Self { records: records.into_iter().map(|(at, bytes)| (at, Forwarded::read(bytes))).collect() }
    }

    /// The offset of the oldest record that is still there.
    #[must_use]
    pub fn begin(&self) -> u64 {
        self.records.keys().next().copied().unwrap_or(0)
    }

    /// The offset of the first record of each command that is still there.
    #[must_use]
    pub fn first(&self) -> BTreeMap<&Asking, u64> {
        let mut first = BTreeMap::new();
        for (&offset, record) in &self.records {
            if let Forwarded::Command { asking, .. } = record {
                first.entry(asking).or_insert(offset);
            }
        }
        first
    }

    /// I-27: nothing but commands and ticks may stand here.
    #[must_use]
    pub fn complaints(&self, partition: Partition) -> Vec<Complaint> {
        let unreadable = self.records.iter().filter(|(_, record)| **record == Forwarded::Unreadable);
        unreadable
            .map(|(offset, _)| {
                let what = format!("the record at {offset} of its commands is neither command nor tick");
                Complaint { invariant: "I-27", partition, sequence: None, what }
            })
            .collect()
    }
}

//! From stored lines to records that are valid, decoded and told apart: the chain of every partition.

use std::collections::{BTreeMap, BTreeSet};

use claim_journal::{
    Binding, Chain, Decision, Head, JournalId, Kind, Lead, Line, Offsets, PartitionId, Settings, Verdict,
    VoidCause,
};
use claim_log::Stored;

use crate::report::{Finding, What};
use claim_domain::decide::RULES;

/// One valid record.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) partition: PartitionId,
    pub(crate) offset: u64,
    pub(crate) sequence: u64,
    /// The head of its partition after it.
    pub(crate) head: Option<Head>,
    pub(crate) body: Body,
}

/// What a record holds.
#[derive(Debug)]
pub(crate) enum Body {
    Lead,
    Binding(Binding),
    /// A decision with its text, and whether the rules it was decided by are known here.
    Decision(Box<Decision>, Box<str>, bool),
}

impl Record {
    /// A finding about this record.
    pub(crate) fn finding(&self, what: What, expected: impl ToString, found: impl ToString) -> Finding {
        let sequence = (self.sequence > 0).then_some(self.sequence);
        let (partition, offset) = (Some(self.partition), Some(self.offset));
        Finding { partition, sequence, offset, ..Finding::new(what, expected, found) }
    }
}

/// What reading a line comes to.
#[derive(Debug)]
pub(crate) enum Item {
    Record(Record),
    Finding(Finding),
    /// Not valid, and without effect for ever.
    Void(VoidCause),
    /// Behind a halt.
    Unread,
    /// The first record of the journal.
    Begun(JournalId, Settings),
}

/// The chains of a log.
#[derive(Debug)]
pub(crate) struct Records {
    offsets: Offsets,
    accepted: BTreeSet<(PartitionId, u64)>,
    journal: Option<JournalId>,
    settings: Option<Settings>,
    chains: BTreeMap<PartitionId, Chain>,
    halted: BTreeSet<PartitionId>,
    /// The partitions whose newest leader decides by rules that are not known here.
    unknown_rules: BTreeSet<PartitionId>,
}

impl Records {
    pub(crate) fn new(offsets: Offsets, accepted: BTreeSet<(PartitionId, u64)>) -> Self {
        Self {
            offsets,
            accepted,
            journal: None,
            settings: None,
            chains: BTreeMap::new(),
            halted: BTreeSet::new(),
            unknown_rules: BTreeSet::new(),
        }
    }

    /// The last sequence of each partition.
    pub(crate) fn sequences(&self) -> BTreeMap<PartitionId, u64> {
        self.chains.iter().map(|(&id, chain)| (id, chain.sequence())).collect()
    }

    /// Judges one line and decodes it where it is valid.
    pub(crate) fn read(&mut self, stored: &Stored, tell: &mut impl FnMut(Item)) {
        let &Stored { partition, offset, .. } = stored;
        if self.halted.contains(&partition) {
            return tell(Item::Unread);
        }
        let line = Line::parse(&stored.line);
        let verdict = self.chain(partition).read(offset, &line);
        let sequence = line.as_ref().ok().map(|it| it.envelope.sequence).filter(|it| *it > 0);
        let finding = |what, expected: &str, found: &dyn ToString| {
            let place = Finding::new(what, expected, found.to_string());
            Finding { partition: Some(partition), sequence, offset: Some(offset), ..place }
        };
        match (verdict, line) {
            (Verdict::Valid, Ok(line)) => self.decode(partition, offset, &line, tell),
            (Verdict::Void(cause), _) => {
                if self.offsets == Offsets::Positions && cause != VoidCause::Accepted {
                    tell(Item::Finding(finding(What::Void, "a record that extends its chain", &cause)));
                }
                tell(Item::Void(cause));
            }
            (Verdict::Halt(cause), _) => {
                self.halted.insert(partition);
                tell(Item::Finding(finding(What::Halted, "a record that may stand here", &cause)));
            }
            // A chain that begins at the beginning knows no checkpoint, and what is valid was read.
            (Verdict::Known | Verdict::Valid, _) => {}
        }
    }

    fn chain(&mut self, partition: PartitionId) -> &mut Chain {
        let (offsets, journal, accepted) = (self.offsets, self.journal, &self.accepted);
        self.chains.entry(partition).or_insert_with(|| {
            let mut chain = match journal {
                Some(journal) => Chain::of_journal(partition, offsets, journal),
                None => Chain::new(partition, offsets),
            };
            let of_it = accepted.range((partition, 0)..=(partition, u64::MAX));
            of_it.for_each(|(_, offset)| chain.accept_void(*offset));
            chain
        })
    }

    fn decode(&mut self, partition: PartitionId, offset: u64, line: &Line<'_>, tell: &mut impl FnMut(Item)) {
        let head = self.chains.get(&partition).and_then(Chain::head);
        let sequence = line.envelope.sequence;
        let mut record = Record { partition, offset, sequence, head, body: Body::Lead };
        let belongs = match line.envelope.kind {
            Kind::Lead => true,
            Kind::Binding => partition == PartitionId::Identity,
            Kind::Decision => partition != PartitionId::Identity,
        };
        if !belongs {
            let found = format!("a {} in partition {partition}", line.envelope.kind);
            return tell(Item::Finding(record.finding(What::Misplaced, "another kind of record", found)));
        }
        let body = match line.envelope.kind {
            Kind::Lead => Lead::decode(line.body).map(|lead| {
                self.lead(&record, &lead, tell);
                Body::Lead
            }),
            Kind::Binding => Binding::decode(line.body).map(Body::Binding),
            Kind::Decision => Decision::decode(line.body).map(|it| {
                Body::Decision(Box::new(it), line.body.into(), !self.unknown_rules.contains(&partition))
            }),
        };
        match body {
            Ok(body) => {
                record.body = body;
                tell(Item::Record(record));
            }
            Err(fault) => {
                self.halted.insert(partition);
                let mut found = fault.to_string();
                if let Some(source) = std::error::Error::source(&fault) {
                    found = format!("{found}: {source}");
                }
                let expected = format!("the body of a {}", line.envelope.kind);
                tell(Item::Finding(record.finding(What::UnreadableBody, expected, found)));
            }
        }
    }

    fn lead(&mut self, record: &Record, lead: &Lead, tell: &mut impl FnMut(Item)) {
        let mut found = |what, expected: String, found: String| {
            tell(Item::Finding(record.finding(what, expected, found)));
        };
        if lead.rules == RULES {
            self.unknown_rules.remove(&record.partition);
        } else {
            self.unknown_rules.insert(record.partition);
            found(What::UnknownRules, RULES.to_string(), lead.rules.to_string());
        }
        if let (PartitionId::Number(number), Some(settings)) =
            (record.partition, self.settings.as_ref().or(lead.settings.as_ref()))
            && number >= settings.partitions
        {
            let last = settings.partitions.saturating_sub(1);
            found(What::UnknownPartition, format!("0 to {last}"), number.to_string());
        }
        match (&self.settings, &lead.settings) {
            (Some(first), Some(own)) if first != own => {
                found(What::SettingsDiffer, format!("{first:?}"), format!("{own:?}"));
            }
            (None, Some(own)) => {
                self.settings = Some(own.clone());
                self.journal = self.chains.get(&record.partition).and_then(Chain::journal);
                if let Some(journal) = self.journal {
                    tell(Item::Begun(journal, own.clone()));
                }
            }
            _ => {}
        }
    }
}

//! What an audit says.

use std::collections::BTreeMap;

use claim_journal::{JournalId, PartitionId, Position, Settings};
use schemars::JsonSchema;
use serde::Serialize;

/// How many findings, and how many positions of each list, a report holds; the rest is only counted.
const MOST_KEPT: usize = 1_000;

/// The longest text of a finding, in bytes.
const MOST_TEXT: usize = 2_000;

/// What an audit found, and what it looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Report {
    /// Whether everything is as it should be: there are no findings.
    pub holds: bool,
    /// The journal, as its first record says.
    pub journal: Option<JournalId>,
    /// What the journal was made with, as its first record says.
    pub settings: Option<Settings>,
    /// What was looked at.
    pub checked: Checked,
    /// What is true and deserves a look.
    pub listed: Listed,
    /// How many findings there are.
    pub findings_total: u64,
    /// The findings, in the order of the log; at most the first thousand.
    pub findings: Vec<Finding>,
}

/// What an audit looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Checked {
    /// Valid records.
    pub records: u64,
    /// Valid leads.
    pub leads: u64,
    /// Valid bindings.
    pub bindings: u64,
    /// Bindings that came after the first of their identifier and are without effect (DESIGN §4).
    pub repeated_bindings: u64,
    /// Valid decisions.
    pub decisions: u64,
    /// Decisions that were decided again.
    pub decided_again: u64,
    /// Decisions that cannot be decided again: `internal_fault` and `decision_too_large`.
    pub exempt: u64,
    /// Decisions that were not decided again since the rules, or the program position, are not known here.
    pub not_decided_again: u64,
    /// Events.
    pub events: u64,
    /// Checkpoints that were signed of the journal, each compared with it.
    pub checkpoints: u64,
    /// Records behind a halt of their partition, which were not read.
    pub unread: u64,
    /// Void records by cause (DESIGN §5).
    pub void: BTreeMap<String, u64>,
    /// The last sequence of each partition.
    pub sequences: BTreeMap<PartitionId, u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Positions of decisions that are right and that an operator still wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Listed {
    /// Decisions that came after a deadline due later than they were received (DESIGN §4).
    pub late: List,
    /// Nominations whose identifiers are bound to two customers.
    pub identity_conflicts: List,
    /// Decisions refused as `internal_fault` or `decision_too_large`.
    pub exempt: List,
}

/// The first positions of a list, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct List {
    /// How many there are.
    pub total: u64,
    /// The first thousand of them.
    pub first: Vec<Position>,
}

impl List {
    pub(crate) fn add(&mut self, position: Position) {
        self.total += 1;
        if self.first.len() < MOST_KEPT {
            self.first.push(position);
        }
    }
}

macro_rules! what {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal;)+) => {
        /// What is wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum What {
            $($(#[doc = $doc])+ $name,)+
        }

        impl What {
            /// Everything that can be wrong.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Its stable code, as in JSON.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The rule that it breaks, for a person.
            #[must_use]
            pub fn rule(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii(),)+ }
            }
        }
    };
}

what! {
    /// The log cannot be read here (F-73).
    Damaged = "damaged";
    /// The log ends in something that is no part of it (F-71).
    TornTail = "torn_tail";
    /// Every reader must stop at this record (DESIGN §5).
    Halted = "halted";
    /// On this log no void record can arise (DESIGN §5).
    Void = "void";
    /// Every partition begins with the same settings (DESIGN §5).
    SettingsDiffer = "settings_differ";
    /// There is no such partition in a journal with these settings (DESIGN rule 5).
    UnknownPartition = "unknown_partition";
    /// Bindings stand in the identity partition and nothing else does (DESIGN §5).
    Misplaced = "misplaced";
    /// These rules are not known here, so what was decided by them cannot be decided again (DESIGN rule 6).
    UnknownRules = "unknown_rules";
    /// The body is not of a shape that is known here (F-81).
    UnreadableBody = "unreadable_body";
    /// The body is not in the one spelling that its writer has (DESIGN §5).
    OtherSpelling = "other_spelling";
    /// The source follows from the asker (CONTRACT §1).
    WrongSource = "wrong_source";
    /// A customer's decisions stand in the partition of its slot, the program's in its own (DESIGN rule 5).
    WrongPartition = "wrong_partition";
    /// A command is decided for the customer that it is about.
    WrongCustomer = "wrong_customer";
    /// A decision repeats the first binding of its identifier.
    WrongBinding = "wrong_binding";
    /// Offsets of input only grow (I-03).
    WrongInput = "wrong_input";
    /// A command has one answer, for ever (DESIGN rule 3, I-01).
    AnsweredTwice = "answered_twice";
    /// An id used again with another body is answered as reused, and only such an id.
    WrongReuse = "wrong_reuse";
    /// A command is judged when it was received, but not before its customer's last decision.
    WrongJudgedAt = "wrong_judged_at";
    /// Deadlines fire before a command that is judged at or after them (DESIGN rule 7).
    MissedDeadline = "missed_deadline";
    /// A deadline fires once, in order, while it is running (DESIGN rule 7, A-30).
    WrongDeadline = "wrong_deadline";
    /// A decision is late exactly if a deadline due after it was received had fired (DESIGN §4).
    WrongLate = "wrong_late";
    /// A decision names a program position before it, and the head there; a deadline names none (DESIGN §4).
    WrongProgram = "wrong_program";
    /// Decided again, it comes to something else (I-07).
    DecidedOtherwise = "decided_otherwise";
    /// Every transition is one of the rows of the state table (I-08, I-09).
    WrongTransition = "wrong_transition";
    /// At most one open claim per partner and engagement, within the limit; one referral, one upgrade (I-13, I-14, I-17).
    TooMany = "too_many";
    /// A view is what a fresh fold of the log gives (I-20, I-21).
    ViewDiffers = "view_differs";
    /// What a checkpoint was signed for stays as it was (I-25).
    Tampered = "tampered";
}

/// Something that is not as it should be, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    /// The partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionId>,
    /// The sequence there; absent for leads and where nothing tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// The offset on the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The place for a person to look at: a file and a byte, a view and a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is wrong.
    pub what: What,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Finding {
    /// A finding without a place yet.
    #[must_use]
    pub fn new(what: What, expected: impl ToString, found: impl ToString) -> Self {
        let (expected, found) = (short(expected.to_string()), short(found.to_string()));
        Self { partition: None, sequence: None, offset: None, at: None, what, expected, found }
    }
}

impl Report {
    /// Adds a finding to its place in the order of the log; one without an offset comes last.
    pub fn add(&mut self, finding: Finding) {
        self.holds = false;
        self.findings_total += 1;
        let place = |it: &Finding| it.offset.unwrap_or(u64::MAX);
        let index = self.findings.partition_point(|it| place(it) <= place(&finding));
        if index < MOST_KEPT {
            self.findings.insert(index, finding);
            self.findings.truncate(MOST_KEPT);
        }
    }
}

/// The text, cut at a character where it is too long to be of help.
fn short(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // issue 3 item 8: the exact position; the first finding first
    fn findings_stand_in_the_order_of_the_log() {
        let mut report = Report::default();
        for offset in [Some(7), None, Some(3), Some(7)] {
            report.add(Finding { offset, ..Finding::new(What::Void, "", "") });
        }
        let offsets: Vec<_> = report.findings.iter().map(|it| it.offset).collect();
        assert_eq!(offsets, [Some(3), Some(7), Some(7), None]);
        assert!(!report.holds && report.findings_total == 4);
    }

    #[test]
    fn a_report_stays_small_and_keeps_the_first() {
        let mut report = Report::default();
        for offset in (0..3_000_u64).rev() {
            report.add(Finding { offset: Some(offset), ..Finding::new(What::Void, "é".repeat(5_000), "") });
        }
        assert_eq!((report.findings.len(), report.findings_total), (MOST_KEPT, 3_000));
        assert_eq!(report.findings[0].offset, Some(0));
        assert!(report.findings[0].expected.len() <= MOST_TEXT + '…'.len_utf8());
    }

    #[test]
    fn codes_are_as_in_json() {
        for what in What::ALL {
            assert_eq!(serde_json::to_value(what).unwrap(), what.code());
            assert!(what.rule().ends_with(").") && what.rule().contains('('), "{}", what.rule());
        }
    }
}

//! A tiny writer of journal lines that keeps no rule by itself: a test says what is to be wrong.

use claim_tests::observer::Partition;
use claim_tests::observer::envelope::{Envelope, Kind};
use claim_tests::observer::record::{first_head, sha256};
use serde_json::{Value, json};

pub(crate) const JOURNAL: &str = "11111111-1111-4111-8111-111111111111";
pub(crate) const ALICE: &str = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
pub(crate) const BOB: &str = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb";
pub(crate) const SHARDS: Partition = Partition::Number(3);

/// What is to be written: an envelope and a body; [`spell`] makes a line of them.
pub(crate) type Draft = (Envelope, String);

/// The bytes of a line, with the checksum of whatever it says.
pub(crate) fn spell((envelope, body): &Draft) -> Vec<u8> {
    let summed = format!("{{\"envelope\":{},\"body\":{body}", envelope.spelt());
    let crc = crc32c::crc32c(summed.as_bytes());
    format!("{summed},\"crc\":\"{crc:08x}\"}}").into_bytes()
}

/// Writes as a faithful leader would.
#[derive(Clone)]
pub(crate) struct Pen {
    pub(crate) epoch: u64,
    pub(crate) leader: &'static str,
    pub(crate) sequence: u64,
    pub(crate) head: String,
    pub(crate) lines: Vec<Vec<u8>>,
}

impl Pen {
    /// Before the first record.
    pub(crate) fn new() -> Self {
        Self { epoch: 0, leader: ALICE, sequence: 0, head: first_head(JOURNAL), lines: Vec::new() }
    }

    /// The next lead, by this leader.
    pub(crate) fn lead(&self, leader: &str) -> Draft {
        let settings = match self.epoch {
            0 => ",\"settings\":{\"slots\":4096,\"partitions\":8,\"simulated\":false}",
            _ => "",
        };
        let body = format!("{{\"release\":\"0.1.0\",\"rules\":1{settings}}}");
        let mut draft = self.draft(Kind::Lead, &body);
        draft.0.epoch = self.epoch + 1;
        draft.0.leader = leader.to_owned();
        draft.0.sequence = 0;
        draft.0.previous = None;
        draft
    }

    /// The next decision, with this body.
    pub(crate) fn decision(&self, body: &Value) -> Draft {
        self.draft(Kind::Decision, &body.to_string())
    }

    fn draft(&self, kind: Kind, body: &str) -> Draft {
        let envelope = Envelope {
            format: 1,
            journal: JOURNAL.to_owned(),
            kind,
            partition: SHARDS,
            epoch: self.epoch,
            leader: self.leader.to_owned(),
            sequence: self.sequence + 1,
            previous: Some(self.head.clone()),
            proved: self.sequence,
            body_version: 1,
            body_length: body.len() as u64,
            body_sha256: sha256(&[body.as_bytes()]),
        };
        (envelope, body.to_owned())
    }

    /// Writes it, and goes on from it.
    pub(crate) fn write(&mut self, draft: &Draft) -> &mut Self {
        self.lines.push(spell(draft));
        self.head = sha256(&[self.head.as_bytes(), draft.0.spelt().as_bytes()]);
        self.epoch = draft.0.epoch;
        if draft.0.kind != Kind::Lead {
            self.sequence = draft.0.sequence;
        }
        self
    }

    /// Alice takes over and writes her lead.
    pub(crate) fn led(&mut self) -> &mut Self {
        let draft = self.lead(ALICE);
        self.leader = ALICE;
        self.write(&draft)
    }

    /// Writes a decision with this body.
    pub(crate) fn decided(&mut self, body: &Value) -> &mut Self {
        let draft = self.decision(body);
        self.write(&draft)
    }

    /// The lines with their offsets, counted.
    pub(crate) fn counted(&self) -> Vec<(u64, &[u8])> {
        (0..).zip(self.lines.iter().map(Vec::as_slice)).collect()
    }
}

/// A customer.
pub(crate) const FABRIKAM: &str = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
/// Its claim.
pub(crate) const CLAIM: &str = "cabc-0123456789abcdef0123";

/// An id; each number is another one.
pub(crate) fn id(number: u64) -> String {
    format!("01900000-0000-7000-9000-{number:012x}")
}

/// A digest; each number is another one.
pub(crate) fn digest(number: u64) -> String {
    format!("{number:064x}")
}

/// A time, so many seconds after a full minute.
pub(crate) fn at(second: u64) -> String {
    format!("2026-01-31T12:{:02}:{:02}.000Z", second / 60, second % 60)
}

/// The body of the decision of a command: its number, its input, when it was received and judged.
pub(crate) fn asked(number: u64, input: impl Into<Option<u64>>, second: u64) -> Value {
    let mut asked = json!({"source": "partner:p-contoso", "id": id(number), "digest": digest(number),
        "asker": {"kind": "partner_user"}, "received_at": at(second),
        "content": {"command": {"type": "AddComment", "version": 1, "body": {}}}});
    if let Some(input) = input.into() {
        asked["input"] = input.into();
    }
    json!({"cause": {"asked": asked}, "customer": FABRIKAM, "judged_at": at(second),
        "outcome": {"accepted": [{"type": "CommentAdded", "version": 1, "claim": CLAIM}]}})
}

/// The body of the decision of a deadline.
pub(crate) fn expired(second: u64) -> Value {
    json!({"cause": {"deadline": {"due_at": at(second), "claim": CLAIM, "kind": "consent"}}, "customer": FABRIKAM,
        "judged_at": at(second),
        "outcome": {"accepted": [{"type": "CustomerConsentExpired", "version": 1, "claim": CLAIM}]}})
}

/// A record of the commands partition: the command of that number.
pub(crate) fn command(number: u64, second: u64) -> Vec<u8> {
    let it = json!({"command": {"route": {"customer": FABRIKAM}, "source": "partner:p-contoso", "id": id(number),
        "digest": digest(number), "received_at": at(second)}});
    it.to_string().into_bytes()
}

/// A record of the commands partition: a promise about one of two inbox partitions.
pub(crate) fn tick(list: u64, partition: u64, second: u64) -> Vec<u8> {
    let it = json!({"tick": {"topic": "claimlog.inbox.crm", "partition": partition, "of": 2, "list": digest(list),
        "w": at(second)}});
    it.to_string().into_bytes()
}

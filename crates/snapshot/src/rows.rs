//! The rows of the store: their keys, which sort as they are looked for, and their values, in JSON but for the smallest.

use claim_domain::asker::Source;
use claim_domain::claim::{Deadline, DeadlineKind};
use claim_domain::command::{About, Command};
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Content, Decision, Digest, PartitionId, Route};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The row that says where the snapshot stands.
pub(crate) const CUT: &[u8] = b"!";

const ANSWERS: u8 = b'a';
const BINDING: u8 = b'b';
const CUSTOMER: u8 = b'c';
const DEADLINE: u8 = b'd';
const IDENTIFIER: u8 = b'i';
const CLAIM: u8 = b'l';
const PROGRAM: u8 = b'p';

/// What was answered under one (source, id), and where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// Who answers it, as the first answer told (DESIGN §4, "Known ids").
    pub route: Route,
    /// The digest of each body under this id, with the offset of its answer: the first, then those that reused the id.
    pub told: Vec<(Digest, u64)>,
    /// The engagements that it asks claims on, for a customer, when it adds or claims one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks_for: Option<(CustomerId, Vec<EngagementId>)>,
}

/// Where a decision was routed to, as far as it tells.
#[must_use]
pub fn route(partition: PartitionId, decision: &Decision) -> Option<Route> {
    let asked = decision.asked()?;
    Some(match (&asked.content, decision.customer) {
        _ if partition == PartitionId::Program => Route::Program,
        (_, Some(customer)) => Route::Customer(customer),
        (Content::Command(command), None) => match command.about() {
            About::Claim(claim) => Route::Claim(claim),
            About::Program | About::Identifier(_) | About::Customer(_) => Route::Program,
        },
        // The first command under this id told the route.
        (Content::Reused(_), None) => Route::Program,
    })
}

/// The engagements on which a command asks for claims, if it is one that adds or claims a customer.
#[must_use]
pub fn takes(command: &Command) -> Option<&[EngagementId]> {
    match command {
        Command::AddCustomer(it) => Some(&it.engagements),
        Command::ClaimCustomer(it) => Some(&it.engagements),
        _ => None,
    }
}

fn key(table: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|it| it.len()).sum::<usize>());
    key.push(table);
    parts.iter().for_each(|it| key.extend_from_slice(it));
    key
}

/// All that was answered under an id, whatever its source.
pub(crate) fn answers_of(id: CommandId) -> Vec<u8> {
    key(ANSWERS, &[id.0.as_bytes()])
}

pub(crate) fn answers(source: &Source, id: CommandId) -> Vec<u8> {
    key(ANSWERS, &[id.0.as_bytes(), source.to_string().as_bytes()])
}

/// The source in the key of a row of answers.
pub(crate) fn source(key: &[u8]) -> Option<Source> {
    std::str::from_utf8(key.get(17..)?).ok()?.parse().ok()
}

pub(crate) fn customer(id: CustomerId) -> Vec<u8> {
    key(CUSTOMER, &[id.0.as_bytes()])
}

pub(crate) fn claim(id: ClaimId) -> Vec<u8> {
    key(CLAIM, &[id.to_string().as_bytes()])
}

pub(crate) fn binding(identifier: &Identifier) -> Vec<u8> {
    key(BINDING, &[identifier.to_string().as_bytes()])
}

/// The identifiers bound to a customer, oldest first.
pub(crate) fn identifiers_of(customer: CustomerId) -> Vec<u8> {
    key(IDENTIFIER, &[customer.0.as_bytes()])
}

/// The `nth` identifier bound to a customer.
pub(crate) fn identifier(customer: CustomerId, nth: u32) -> Vec<u8> {
    key(IDENTIFIER, &[customer.0.as_bytes(), &nth.to_be_bytes()])
}

/// An event of the program: the `nth` of a decision.
pub(crate) fn program(sequence: u64, nth: u32) -> Vec<u8> {
    key(PROGRAM, &[&sequence.to_be_bytes(), &nth.to_be_bytes()])
}

pub(crate) const ALL_OF_THE_PROGRAM: [u8; 1] = [PROGRAM];

/// The sequence in the key of an event of the program.
pub(crate) fn sequence(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(1..9)?.try_into().ok()?))
}

/// The running deadlines of a partition, in the order in which they fire.
pub(crate) fn deadlines_of(partition: PartitionId) -> Vec<u8> {
    key(DEADLINE, &[partition.to_string().as_bytes(), b"/"])
}

/// The value of its row is [`bare_customer`].
pub(crate) fn deadline(partition: PartitionId, deadline: &Deadline) -> Vec<u8> {
    // No time is before 1970.
    let due = deadline.due_at.as_ms();
    let mut key = deadlines_of(partition);
    key.extend_from_slice(&due.to_be_bytes());
    key.extend_from_slice(deadline.claim.to_string().as_bytes());
    key.push(KINDS.iter().position(|it| *it == deadline.kind).unwrap_or_default() as u8);
    key
}

const KINDS: [DeadlineKind; 5] = [
    DeadlineKind::Consent,
    DeadlineKind::Submit,
    DeadlineKind::Review,
    DeadlineKind::Dispute,
    DeadlineKind::DisputeReview,
];

/// The deadline in a key that begins with `prefix`.
pub(crate) fn deadline_in(key: &[u8], prefix: &[u8]) -> Option<Deadline> {
    let (due, rest) = key.strip_prefix(prefix)?.split_first_chunk::<8>()?;
    let (kind, claim) = rest.split_last()?;
    Some(Deadline {
        due_at: Instant::from_ms(i64::from_be_bytes(*due)),
        claim: std::str::from_utf8(claim).ok()?.parse().ok()?,
        kind: *KINDS.get(usize::from(*kind))?,
    })
}

/// A customer's id as a value.
pub(crate) fn bare_customer(id: CustomerId) -> Vec<u8> {
    id.0.as_bytes().to_vec()
}

/// The customer's id that a value is.
pub(crate) fn customer_in(value: &[u8]) -> Option<CustomerId> {
    Some(CustomerId(Uuid::from_slice(value).ok()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "all of this is test code")]
mod tests {
    use super::*;

    #[test] // DESIGN rule 7
    fn deadlines_sort_as_they_fire_and_are_read_back() {
        let claim: ClaimId = "c0a1-00112233445566778899".parse().unwrap();
        let of = |ms, kind| Deadline { due_at: Instant::from_ms(ms), claim, kind };
        let in_order = [
            of(0, DeadlineKind::Submit),
            of(255, DeadlineKind::Consent),
            of(255, DeadlineKind::DisputeReview),
            of(1 << 40, DeadlineKind::Dispute),
        ];
        for partition in [PartitionId::Number(3), PartitionId::Number(31)] {
            let prefix = deadlines_of(partition);
            let keys: Vec<_> = in_order.iter().map(|it| deadline(partition, it)).collect();
            assert!(keys.is_sorted());
            let back: Vec<_> = keys.iter().map(|it| deadline_in(it, &prefix).unwrap()).collect();
            assert_eq!(back, in_order);
        }
        let other = deadline(PartitionId::Number(31), &in_order[0]);
        assert!(!other.starts_with(&deadlines_of(PartitionId::Number(3))), "partition 3 is not partition 31");
    }

    #[test]
    fn answers_of_one_id_stand_together_by_their_source() {
        let id = CommandId(Uuid::from_u128(7));
        let whose: Source = "partner:p-contoso".parse().unwrap();
        let key = answers(&whose, id);
        assert!(key.starts_with(&answers_of(id)));
        assert_eq!(source(&key), Some(whose));
    }
}

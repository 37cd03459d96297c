//! What would have happened otherwise: decided, not guessed.

use claim_domain::claim::{Deadline, DeadlineKind};
use claim_domain::command::{Command, CommandType};
use claim_domain::customer::{Customer, Stamp};
use claim_domain::decide::{Context, fire};
use claim_domain::event::Event;
use claim_domain::ids::ClaimId;
use claim_journal::Ruling;

use super::page::{CameTo, Otherwise, Running};
use crate::again;

/// The deadline of the claim that runs, and what it comes to by itself.
pub(super) fn running(customer: &Customer, claim: ClaimId) -> Option<Running> {
    let deadline = customer.claim(claim)?.deadline()?;
    let (after, fires) = fired(customer, deadline);
    let status = after.claims.get(&claim)?.status;
    Some(Running { deadline, comes_to: fires, status })
}

/// An accepted command, had it come when the claim's deadline was due; none where no deadline ran.
pub(super) fn later(
    customer: &Customer,
    claim: ClaimId,
    command: &Command,
    context: &Context<'_>,
) -> Option<Otherwise> {
    let deadline = customer.claim(claim)?.deadline()?;
    let (after, fires) = fired(customer, deadline);
    let comes_to = came_to(&after, command, &Context { at: deadline.due_at, ..*context })?;
    Some(Otherwise::Later { from: deadline.due_at, fires, comes_to })
}

/// A command that came after a deadline, had it come just before; `customer` is as it was then.
pub(super) fn earlier(
    customer: &Customer,
    deadline: Deadline,
    command: &Command,
    context: &Context<'_>,
) -> Option<Otherwise> {
    let before = deadline.due_at;
    let comes_to = came_to(customer, command, &Context { at: before.plus_ms(-1), ..*context })?;
    Some(Otherwise::Earlier { before, comes_to })
}

/// A deadline that fired, had one of the commands come that end its wait (DOMAIN §4, rows 5 … 20).
pub(super) fn prevented(kind: DeadlineKind) -> Otherwise {
    use CommandType::{
        CancelClaim, CustomerAccepted, CustomerDeclined, ResubmitClaim, SubmitClaim, SubmitDispute,
    };
    let by = match kind {
        DeadlineKind::Consent => vec![CustomerAccepted, CustomerDeclined, CancelClaim],
        DeadlineKind::Submit => vec![SubmitClaim, CancelClaim],
        DeadlineKind::Review | DeadlineKind::DisputeReview => vec![ResubmitClaim],
        DeadlineKind::Dispute => vec![SubmitDispute],
    };
    Otherwise::Prevented { by }
}

/// The customer after the deadline fired, and the types of its events.
fn fired(customer: &Customer, deadline: Deadline) -> (Customer, Vec<&'static str>) {
    let events = fire(customer, deadline);
    let mut after = customer.clone();
    events.iter().for_each(|it| after.evolve(it, Stamp { at: deadline.due_at, imported: false }));
    (after, types(&events))
}

fn came_to(customer: &Customer, command: &Command, context: &Context<'_>) -> Option<CameTo> {
    Some(match again::ruling(customer, command, context)? {
        Ruling::Accepted(events) => CameTo::Accepted(types(&events)),
        Ruling::Refused(reason) => CameTo::Refused(reason.refusal.code()),
    })
}

fn types(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::event_type).collect()
}

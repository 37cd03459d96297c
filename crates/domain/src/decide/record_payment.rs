//! `RecordPayment`: a fact about an approved claim that changes no status (D-07, A-56).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::{Payment, Status};
use crate::command::RecordPayment;
use crate::customer::Customer;
use crate::event::PaymentRecorded;
use crate::refusal::Refusal;
use crate::version::V;

/// Records a payment once per reference; the same again is quiet.
///
/// Refuses, in this order: role, claim, status, blank reference, amount not positive, reference reused.
pub(super) fn decide(customer: &Customer, cmd: &RecordPayment, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Service)?;
    if claim.status != Status::Approved {
        return Err(not_in_row(claim));
    }
    if cmd.reference.is_blank() {
        return Err(Refusal::TextRequired { field: "reference".into() });
    }
    if cmd.paid_cents <= 0 {
        return Err(Refusal::AmountNotPositive);
    }
    let payment =
        Payment { paid_cents: cmd.paid_cents, currency: cmd.currency.clone(), paid_at: cmd.paid_at };
    match claim.payments.get(&cmd.reference) {
        Some(recorded) if *recorded == payment => Ok(vec![]),
        Some(_) => Err(Refusal::PaymentReferenceReused),
        None => Ok(vec![
            PaymentRecorded {
                version: V,
                claim: claim.id,
                reference: cmd.reference.clone(),
                paid_cents: cmd.paid_cents,
                currency: cmd.currency.clone(),
                paid_at: cmd.paid_at,
            }
            .into(),
        ]),
    }
}

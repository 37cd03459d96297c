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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::refusal::Refusal;

    #[test] // D-07, A-18, A-56
    fn a_payment_is_a_fact_that_changes_no_status() {
        given(until(Status::Approved))
            .and_all([record_payment().with("reference", "pay-0")])
            .when(record_payment())
            .yields(["PaymentRecorded"])
            .with("paid_cents", 500_000)
            .to(Status::Approved);
    }

    #[test]
    fn the_same_payment_again_is_quiet_and_another_under_its_reference_is_refused() {
        let paid = given(until(Status::Approved)).and_all([record_payment()]);
        paid.clone().when(record_payment()).stays_quiet();
        for (field, other) in
            [("paid_cents", json!(1)), ("currency", json!("EUR")), ("paid_at", json!("2026-05-02T00:00:00Z"))]
        {
            paid.clone().when(record_payment().with(field, other)).refused(Refusal::PaymentReferenceReused);
        }
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given(until(Status::Approved)),
            &record_payment(),
            &[
                fault("role_not_allowed", |it| it.by(operator())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                fault("text_required", |it| it.with("reference", "  ")),
                fault("amount_not_positive", |it| it.with("paid_cents", 0)),
                past_fault("payment_reference_reused", || vec![record_payment().with("currency", "EUR")]),
            ],
            &[],
        );
        given(until(Status::UnderReview))
            .when(record_payment().with("paid_cents", 0))
            .refused_as("wrong_status");
    }
}

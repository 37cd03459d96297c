//! The two surveys of a claim: `SendCustomerSurvey`, `CompleteCustomerSurvey`, `CompletePartnerSurvey`
//! (row 9, D-01 … D-03, A-78).

use super::proof::require_editable;
use super::{Actor, Context, Decided};
use crate::command::{CompleteCustomerSurvey, CompletePartnerSurvey, SendCustomerSurvey};
use crate::customer::Customer;
use crate::event::{CustomerSurveyCompleted, CustomerSurveyRequested, PartnerSurveyCompleted};
use crate::refusal::Refusal;
use crate::text::Label;
use crate::version::V;

/// Sends the customer survey, or sends it again.
///
/// Refuses, in this order: role, claim, location, status, already answered.
pub(super) fn send(customer: &Customer, cmd: &SendCustomerSurvey, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    require_editable(claim)?;
    if claim.customer_survey.is_some() {
        return Err(Refusal::SurveyAlreadyCompleted);
    }
    let contact_revision = claim.contact_revision;
    Ok(vec![CustomerSurveyRequested { version: V, claim: claim.id, contact_revision }.into()])
}

/// Records that the customer answered; the same reference again is quiet.
///
/// Refuses, in this order: role, claim, status, blank reference, answered with another reference, not outstanding.
pub(super) fn complete_customers(
    customer: &Customer,
    cmd: &CompleteCustomerSurvey,
    context: &Context<'_>,
) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Customer)?;
    require_editable(claim)?;
    if said_before(claim.customer_survey.as_ref(), &cmd.reference)? {
        return Ok(vec![]);
    }
    if !claim.survey_outstanding {
        return Err(Refusal::SurveyNotRequested);
    }
    Ok(vec![CustomerSurveyCompleted { version: V, claim: claim.id, reference: cmd.reference.clone() }.into()])
}

/// Records that the partner answered its survey; the same reference again is quiet.
///
/// Refuses, in this order: role, claim, location, status, blank reference, answered with another reference.
pub(super) fn complete_partners(
    customer: &Customer,
    cmd: &CompletePartnerSurvey,
    context: &Context<'_>,
) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    require_editable(claim)?;
    if said_before(claim.partner_survey.as_ref(), &cmd.reference)? {
        return Ok(vec![]);
    }
    Ok(vec![PartnerSurveyCompleted { version: V, claim: claim.id, reference: cmd.reference.clone() }.into()])
}

/// Whether the survey was answered with this reference before; blank or another is refused.
fn said_before(recorded: Option<&Label>, reference: &Label) -> Result<bool, Refusal> {
    match recorded {
        _ if reference.is_blank() => Err(Refusal::TextRequired { field: "reference".into() }),
        Some(recorded) if recorded != reference => Err(Refusal::SurveyAlreadyCompleted),
        recorded => Ok(recorded.is_some()),
    }
}

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::effect::EffectKind;
    use crate::refusal::Refusal;

    #[test] // D-02, A-78
    fn sending_the_customer_survey_again_is_a_resend() {
        let sent = given(until(Status::ConsentReceived)).and_all([send_customer_survey()]);
        let mails = sent.claim().effects.iter().filter(|it| it.kind == EffectKind::CustomerSurveyRequested);
        assert_eq!(mails.map(|it| it.number).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn an_answered_customer_survey_is_not_sent_again() {
        given(until(Status::ConsentReceived))
            .and_all([complete_customer_survey()])
            .when(send_customer_survey())
            .refused(Refusal::SurveyAlreadyCompleted);
    }

    #[test]
    fn the_customer_cannot_answer_a_survey_that_was_never_sent() {
        given([add(), send_consent(), customer_accepted()])
            .when(complete_customer_survey())
            .refused(Refusal::SurveyNotRequested);
    }

    #[test]
    fn the_same_answer_again_is_quiet_and_another_is_refused() {
        for complete in [complete_customer_survey, complete_partner_survey] {
            let answered = given(until(Status::ConsentReceived)).and_all([complete()]);
            answered.clone().when(complete()).stays_quiet();
            answered.when(complete().with("reference", "s-9")).refused(Refusal::SurveyAlreadyCompleted);
        }
    }

    #[test] // D-03, A-50
    fn the_partners_survey_is_done_with_its_reference() {
        given(until(Status::ConsentReceived))
            .when(complete_partner_survey())
            .yields(["PartnerSurveyCompleted"])
            .with("reference", "s-2");
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        let outsider = fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000"));
        in_order(
            &given(until(Status::ConsentReceived)),
            &complete_customer_survey(),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                outsider,
                past_fault("wrong_status", || vec![submit_claim()]),
                fault("text_required", |it| it.with("reference", " ")),
                past_fault("survey_already_completed", || {
                    vec![send_customer_survey(), complete_customer_survey().with("reference", "s-9")]
                }),
            ],
            &[],
        );
        in_order(
            &given(until(Status::ConsentReceived)),
            &complete_partner_survey(),
            &[
                fault("role_not_allowed", |it| it.by(customer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![submit_claim()]),
                fault("text_required", |it| it.with("reference", "")),
                past_fault("survey_already_completed", || {
                    vec![complete_partner_survey().with("reference", "s-9")]
                }),
            ],
            &[],
        );
    }
}

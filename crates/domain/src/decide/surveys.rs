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

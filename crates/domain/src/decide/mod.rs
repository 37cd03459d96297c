//! Deciding: `decide(customer, catalog, command, at) -> events | refusal`, pure and total (DESIGN rule 6).
//!
//! Recall of answered ids, reuse of an id, and the touch that fires deadlines first, are the engine's; what follows
//! is in the order of precedence of A-57. One file a verb.

use crate::asker::{Asker, EFFECTS, Role};
use crate::catalog::CatalogAt;
use crate::claim::Claim;
use crate::command::Command;
use crate::customer::Customer;
use crate::event::Event;
use crate::ids::{ClaimId, CommandId, CustomerId, LocationId, PartnerId};
use crate::refusal::{Reason, Refusal};
use crate::terms::Terms;
use crate::time::Instant;

mod add_comment;
mod add_customer;
mod approve_claim;
mod cancel_claim;
mod claim_customer;
mod closing;
mod cosell;
mod create;
mod customer_accepted;
mod customer_declined;
mod deadline;
mod dispute_claim;
mod enroll_location;
#[cfg(test)]
pub(crate) mod given;
mod proof;
#[cfg(test)]
mod properties;
mod publish_engagement;
mod record_customer_facts;
mod record_partner_eligibility;
mod record_payment;
mod reject_claim;
mod request_partner_action;
mod resend_consent;
mod resubmit_claim;
mod results;
mod retire_engagement;
mod retry_effect;
mod send_consent;
mod start_review;
mod submit_claim;
mod submit_dispute;
mod surveys;
mod suspend_location;
#[cfg(test)]
mod transitions;
mod update_contacts;
mod upload_proof;
#[cfg(test)]
mod who_may;

pub use deadline::fire;

/// The number of the rules that this program decides by; a change of behaviour raises it and keeps the old branch
/// (DESIGN rule 6).
pub const RULES: u32 = 1;

/// Everything a decision may look at besides the customer's own fold.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The catalog as it stood at the program position that the command was stamped with.
    pub catalog: CatalogAt<'a>,
    /// The customer whose fold is decided upon; nil for the program.
    pub customer_id: CustomerId,
    /// Who asks.
    pub asker: &'a Asker,
    /// The command's id.
    pub id: CommandId,
    /// When it is judged.
    pub at: Instant,
    /// Whether it is imported history, whose results any service may send.
    pub imported: bool,
}

/// Decides a command about a customer, or about the program.
///
/// The same inputs give the same answer, on any machine, for ever.
///
/// # Errors
/// The [`Reason`] for which the command is refused: an answer, not a failure.
pub fn decide(customer: &Customer, command: &Command, context: &Context<'_>) -> Result<Vec<Event>, Reason> {
    let of_a_claim = match command {
        Command::PublishEngagement(it) => publish_engagement::decide(it, context),
        Command::RetireEngagement(it) => retire_engagement::decide(it, context),
        Command::EnrollLocation(it) => enroll_location::decide(it, context),
        Command::SuspendLocation(it) => suspend_location::decide(it, context),
        Command::RecordPartnerEligibility(it) => record_partner_eligibility::decide(it, context),
        Command::RecordCustomerFacts(it) => record_customer_facts::decide(customer, it, context),
        Command::AddCustomer(it) => return add_customer::decide(customer, it, context),
        Command::ClaimCustomer(it) => return claim_customer::decide(customer, it, context),
        Command::UpdateContacts(it) => update_contacts::decide(customer, it, context),
        Command::SendConsent(it) => send_consent::decide(customer, it, context),
        Command::ResendConsent(it) => resend_consent::decide(customer, it, context),
        Command::CustomerAccepted(it) => customer_accepted::decide(customer, it, context),
        Command::CustomerDeclined(it) => customer_declined::decide(customer, it, context),
        Command::UploadProof(it) => upload_proof::decide(customer, it, context),
        Command::SendCustomerSurvey(it) => surveys::send(customer, it, context),
        Command::CompleteCustomerSurvey(it) => surveys::complete_customers(customer, it, context),
        Command::CompletePartnerSurvey(it) => surveys::complete_partners(customer, it, context),
        Command::AddComment(it) => add_comment::decide(customer, it, context),
        Command::SubmitClaim(it) => submit_claim::decide(customer, it, context),
        Command::StartReview(it) => start_review::decide(customer, it, context),
        Command::RequestPartnerAction(it) => request_partner_action::decide(customer, it, context),
        Command::ResubmitClaim(it) => resubmit_claim::decide(customer, it, context),
        Command::ApproveClaim(it) => approve_claim::decide(customer, it, context),
        Command::RejectClaim(it) => reject_claim::decide(customer, it, context),
        Command::DisputeClaim(it) => dispute_claim::decide(customer, it, context),
        Command::SubmitDispute(it) => submit_dispute::decide(customer, it, context),
        Command::CancelClaim(it) => cancel_claim::decide(customer, it, context),
        Command::RecordPayment(it) => record_payment::decide(customer, it, context),
        Command::RecordReferralCreated(it) => results::referral_created(customer, it, context),
        Command::RecordReferralFailed(it) => results::referral_failed(customer, it, context),
        Command::RecordCoSellUpgraded(it) => results::cosell_upgraded(customer, it, context),
        Command::RecordCoSellDeclined(it) => results::cosell_declined(customer, it, context),
        Command::RecordCoSellFailed(it) => results::cosell_failed(customer, it, context),
        Command::RecordReferralClosed(it) => results::referral_closed(customer, it, context),
        Command::RecordMailDispatched(it) => results::mail_dispatched(customer, it, context),
        Command::RecordMailFailed(it) => results::mail_failed(customer, it, context),
        Command::RecordMailBounced(it) => results::mail_bounced(customer, it, context),
        Command::RetryEffect(it) => retry_effect::decide(customer, it, context),
    };
    of_a_claim.map_err(Reason::from)
}

/// What one verb answers.
type Decided = Result<Vec<Event>, Refusal>;

/// Who may give a command.
#[derive(Clone, Copy)]
enum Actor {
    /// A partner's person with an incentives role: the rows marked (P).
    Partner,
    /// The customer: (C).
    Customer,
    /// A reviewer: (M).
    Reviewer,
    /// A partner's person or a reviewer.
    PartnerOrReviewer,
    /// The program operator.
    Operator,
    /// Any service.
    Service,
    /// Our own performer of effects; for imported history any service.
    Effects,
}

impl Context<'_> {
    /// Refuses an asker who is not such an actor.
    fn require(&self, actor: Actor) -> Result<(), Refusal> {
        let partner = matches!(self.asker, Asker::PartnerUser { roles, .. }
            if roles.contains(&Role::IncentivesUser) || roles.contains(&Role::IncentivesAdmin));
        let reviewer = matches!(self.asker, Asker::Reviewer { .. });
        let service = matches!(self.asker, Asker::Service { .. });
        let may = match actor {
            Actor::Partner => partner,
            Actor::Customer => matches!(self.asker, Asker::Customer { .. }),
            Actor::Reviewer => reviewer,
            Actor::PartnerOrReviewer => partner || reviewer,
            Actor::Operator => matches!(self.asker, Asker::ProgramOperator { .. }),
            Actor::Service => service,
            Actor::Effects => self.asker.is_service(EFFECTS) || (self.imported && service),
        };
        if may { Ok(()) } else { Err(Refusal::RoleNotAllowed) }
    }

    /// Refuses anyone but the operator and an Incentives admin of this partner.
    fn require_admin_of(&self, of: &PartnerId) -> Result<(), Refusal> {
        match self.asker {
            Asker::ProgramOperator { .. } => Ok(()),
            Asker::PartnerUser { partner, roles, .. }
                if partner == of && roles.contains(&Role::IncentivesAdmin) =>
            {
                Ok(())
            }
            _ => Err(Refusal::RoleNotAllowed),
        }
    }

    /// Refuses a location that the asker's roles do not cover.
    fn require_location(&self, location: &LocationId) -> Result<(), Refusal> {
        match self.asker {
            Asker::PartnerUser { locations, .. } if !locations.cover(location) => {
                Err(Refusal::LocationNotInScope)
            }
            _ => Ok(()),
        }
    }

    /// The claim, if the asker is such an actor and may see it: role, then claim, then location.
    fn claim<'c>(&self, customer: &'c Customer, id: ClaimId, actor: Actor) -> Result<&'c Claim, Refusal> {
        self.require(actor)?;
        let claim = customer.claim(id).ok_or(Refusal::ClaimNotFound)?;
        match self.asker.partner() {
            Some(partner) if *partner != claim.partner => return Err(Refusal::ClaimNotFound),
            Some(_) => self.require_location(&claim.location)?,
            None => {}
        }
        Ok(claim)
    }

    /// The terms that hold for a claim.
    ///
    /// # Errors
    /// `engagement_not_found` when the catalog has not the version that the claim was made under, which no valid
    /// journal shows: a claim's version is published before it.
    fn terms_of(&self, claim: &Claim) -> Result<&Terms, Refusal> {
        self.catalog
            .version(&claim.engagement, claim.terms_version)
            .map(AsRef::as_ref)
            .ok_or(Refusal::EngagementNotFound)
    }
}

/// The refusal of a command whose row does not name the claim's status.
fn not_in_row(claim: &Claim) -> Refusal {
    let status = claim.status;
    match claim.expired_at() {
        Some(due_at) => Refusal::DeadlineReached { due_at, status },
        None => Refusal::WrongStatus { status },
    }
}

/// The box of a text that must not be blank.
fn required<'a, T>(text: Option<&'a T>, field: &'static str) -> Result<&'a T, Refusal> {
    text.ok_or(Refusal::TextRequired { field: field.into() })
}

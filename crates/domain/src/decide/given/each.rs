//! One command of each type.

use serde_json::json;

use super::Ask;
use super::asks::*;
use super::program::{enroll, fixed_terms, publish, record_eligibility, retire, suspend};
use crate::command::CommandType;

/// A command of this type, with fields that are accepted when its history allows.
pub(crate) fn one(command: CommandType) -> Ask {
    match command {
        CommandType::PublishEngagement => publish("new", fixed_terms()),
        CommandType::RetireEngagement => retire("other"),
        CommandType::EnrollLocation => enroll("p-contoso", "loc-3"),
        CommandType::SuspendLocation => suspend("p-contoso", "loc-2"),
        CommandType::RecordPartnerEligibility => record_eligibility("fixed", true),
        CommandType::RecordCustomerFacts => record_facts(json!({})),
        CommandType::AddCustomer => add_to(&["other"]),
        CommandType::ClaimCustomer => claim_for(&["other"]),
        CommandType::UpdateContacts => update_contacts(),
        CommandType::SendConsent => send_consent(),
        CommandType::ResendConsent => resend_consent(),
        CommandType::CustomerAccepted => customer_accepted(),
        CommandType::CustomerDeclined => customer_declined(),
        CommandType::UploadProof => upload_proof(),
        CommandType::SendCustomerSurvey => send_customer_survey(),
        CommandType::CompleteCustomerSurvey => complete_customer_survey(),
        CommandType::CompletePartnerSurvey => complete_partner_survey(),
        CommandType::AddComment => add_comment(),
        CommandType::SubmitClaim => submit_claim(),
        CommandType::StartReview => start_review(),
        CommandType::RequestPartnerAction => request_partner_action(),
        CommandType::ResubmitClaim => resubmit_claim(),
        CommandType::ApproveClaim => approve_claim(),
        CommandType::RejectClaim => reject_claim(),
        CommandType::DisputeClaim => dispute_claim(),
        CommandType::SubmitDispute => submit_dispute(),
        CommandType::CancelClaim => cancel_claim(),
        CommandType::RecordPayment => record_payment(),
        CommandType::RecordReferralCreated => referral_created(),
        CommandType::RecordReferralFailed => referral_failed(),
        CommandType::RecordCoSellUpgraded => cosell_upgraded(),
        CommandType::RecordCoSellDeclined => cosell_declined(),
        CommandType::RecordCoSellFailed => cosell_failed(),
        CommandType::RecordReferralClosed => referral_closed(),
        CommandType::RecordMailDispatched => mail_dispatched(),
        CommandType::RecordMailFailed => mail_failed(),
        CommandType::RecordMailBounced => mail_bounced(),
        CommandType::RetryEffect => retry_effect("PartnerLedReferralIntended"),
    }
}

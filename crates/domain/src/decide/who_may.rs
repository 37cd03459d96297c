//! Who may give which command, and what of a claim an asker can see.

use super::given::*;
use crate::asker::Asker;
use crate::command::{Command, CommandType};
use crate::refusal::Refusal;

/// Every kind of asker, by a short name.
fn askers() -> Vec<(&'static str, Asker)> {
    vec![
        ("user", partner()),
        ("admin", user_of("p-contoso", &["incentives_admin"])),
        ("referral", referral_admin()),
        ("nobody", user_of("p-contoso", &[])),
        ("customer", customer()),
        ("reviewer", reviewer()),
        ("operator", operator()),
        ("service", service("crm")),
        ("effects", service("effects")),
    ]
}

const PARTNER: &[&str] = &["user", "admin"];
const PARTNER_OR_REVIEWER: &[&str] = &["user", "admin", "reviewer"];
const ADMINS: &[&str] = &["operator", "admin"];
const SERVICES: &[&str] = &["service", "effects"];

/// Those of the askers that may give a command of each type.
const MAY: &[(CommandType, &[&str])] = &[
    (CommandType::PublishEngagement, &["operator"]),
    (CommandType::RetireEngagement, &["operator"]),
    (CommandType::EnrollLocation, ADMINS),
    (CommandType::SuspendLocation, ADMINS),
    (CommandType::RecordPartnerEligibility, &["operator"]),
    (CommandType::RecordCustomerFacts, SERVICES),
    (CommandType::AddCustomer, PARTNER),
    (CommandType::ClaimCustomer, PARTNER),
    (CommandType::UpdateContacts, PARTNER),
    (CommandType::SendConsent, PARTNER),
    (CommandType::ResendConsent, PARTNER),
    (CommandType::CustomerAccepted, &["customer"]),
    (CommandType::CustomerDeclined, &["customer"]),
    (CommandType::UploadProof, PARTNER),
    (CommandType::SendCustomerSurvey, PARTNER),
    (CommandType::CompleteCustomerSurvey, &["customer"]),
    (CommandType::CompletePartnerSurvey, PARTNER),
    (CommandType::AddComment, PARTNER_OR_REVIEWER),
    (CommandType::SubmitClaim, PARTNER),
    (CommandType::StartReview, &["reviewer"]),
    (CommandType::RequestPartnerAction, &["reviewer"]),
    (CommandType::ResubmitClaim, PARTNER),
    (CommandType::ApproveClaim, &["reviewer"]),
    (CommandType::RejectClaim, &["reviewer"]),
    (CommandType::DisputeClaim, PARTNER),
    (CommandType::SubmitDispute, PARTNER),
    (CommandType::CancelClaim, PARTNER),
    (CommandType::RecordPayment, SERVICES),
    (CommandType::RecordReferralCreated, &["effects"]),
    (CommandType::RecordReferralFailed, &["effects"]),
    (CommandType::RecordCoSellUpgraded, &["effects"]),
    (CommandType::RecordCoSellDeclined, &["effects"]),
    (CommandType::RecordCoSellFailed, &["effects"]),
    (CommandType::RecordReferralClosed, &["effects"]),
    (CommandType::RecordMailDispatched, &["effects"]),
    (CommandType::RecordMailFailed, &["effects"]),
    (CommandType::RecordMailBounced, &["effects"]),
    (CommandType::RetryEffect, &["operator"]),
];

/// A command of each type, and those of the askers that may give it.
fn rows() -> Vec<(Ask, &'static [&'static str])> {
    MAY.iter().map(|(command, allowed)| (one(*command), *allowed)).collect()
}

/// The rows about a claim of `p-contoso` at `loc-1`.
fn rows_of_a_claim() -> Vec<(Ask, &'static [&'static str])> {
    rows().split_off(8)
}

#[test]
fn every_command_is_for_its_askers_only() {
    let types: Vec<_> = rows().iter().filter_map(|(ask, _)| ask.command_type()).collect();
    assert_eq!(types, CommandType::ALL, "a row for every command, in their order");
    let known = given(known()).and_all([add()]);
    for (ask, allowed) in rows() {
        for (name, asker) in askers() {
            let refused = known.clone().when(ask.clone().by(asker)).in_short() == "role_not_allowed";
            assert_eq!(refused, !allowed.contains(&name), "{:?} by {name}", ask.command_type());
        }
    }
}

#[test] // DESIGN §5
fn every_command_reads_back_from_json_and_from_no_other_version() {
    let claim = given([add()]).claim().id;
    for (ask, _) in rows() {
        let command = ask.command_about(claim);
        let text = serde_json::to_string(&command).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command, "{text}");
        assert!(text.starts_with("{\"type\":\"") && text.contains("\"version\":1,\"body\":{"), "{text}");
        let newer = text.replacen("\"version\":1", "\"version\":2", 1);
        assert!(serde_json::from_str::<Command>(&newer).is_err(), "{newer}");
    }
}

#[test]
fn the_claim_of_another_partner_is_not_found_and_the_role_is_looked_at_first() {
    for (ask, allowed) in rows_of_a_claim() {
        let told = |ask: Ask| given([add()]).when(ask).in_short();
        let unknown = ask.clone().with("claim", "c000-00000000000000000000");
        assert_eq!(told(unknown.clone()), "claim_not_found", "{:?}", ask.command_type());
        if allowed.contains(&"user") {
            assert_eq!(told(ask.clone().by(other_partner())), "claim_not_found", "{:?}", ask.command_type());
            assert_eq!(told(unknown.clone().by(partner_elsewhere())), "claim_not_found");
        }
        assert_eq!(told(unknown.by(referral_admin())), "role_not_allowed", "{:?}", ask.command_type());
    }
}

#[test]
fn a_claim_at_a_location_outside_the_askers_is_out_of_scope_whatever_its_status() {
    for (ask, allowed) in rows_of_a_claim() {
        if allowed.contains(&"user") {
            for history in [vec![add()], vec![add(), cancel_claim()]] {
                let outcome = given(history).when(ask.clone().by(partner_elsewhere()));
                assert_eq!(outcome.in_short(), "location_not_in_scope", "{:?}", ask.command_type());
            }
        }
    }
}

#[test]
fn the_nil_customer_knows_no_claim() {
    let unknown = cancel_claim().with("claim", "cfff-00000000000000000000");
    given([add()]).when(unknown).refused(Refusal::ClaimNotFound);
}

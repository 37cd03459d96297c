//! Who may give which command.

use serde_json::Value;

use super::Asked;

const BY_CUSTOMER: &[&str] = &["CustomerAccepted", "CustomerDeclined", "CompleteCustomerSurvey"];
const BY_REVIEWER: &[&str] = &["StartReview", "RequestPartnerAction", "ApproveClaim", "RejectClaim"];
const BY_OPERATOR: &[&str] =
    &["PublishEngagement", "RetireEngagement", "RecordPartnerEligibility", "RetryEffect"];
const BY_SERVICE: &[&str] = &["RecordCustomerFacts", "RecordPayment"];
const BY_EFFECTS: &[&str] = &[
    "RecordReferralCreated",
    "RecordReferralFailed",
    "RecordCoSellUpgraded",
    "RecordCoSellDeclined",
    "RecordCoSellFailed",
    "RecordReferralClosed",
    "RecordMailDispatched",
    "RecordMailFailed",
    "RecordMailBounced",
];

/// Whether the asker may give the command.
pub(super) fn may(asked: &Asked) -> bool {
    let (asker, command) = (&asked.asker, &asked.command);
    let is = |kind: &str| asker["kind"] == kind;
    let partner = has_role(asker, "incentives_user") || has_role(asker, "incentives_admin");
    if BY_CUSTOMER.contains(command) {
        is("customer")
    } else if BY_REVIEWER.contains(command) {
        is("reviewer")
    } else if BY_OPERATOR.contains(command) {
        is("program_operator")
    } else if BY_SERVICE.contains(command) {
        is("service")
    } else if BY_EFFECTS.contains(command) {
        is("service") && (asker["name"] == "effects" || asked.imported)
    } else if *command == "AddComment" {
        partner || is("reviewer")
    } else if ["EnrollLocation", "SuspendLocation"].contains(command) {
        let own = asker["partner"] == asked.body["partner"];
        is("program_operator") || (own && has_role(asker, "incentives_admin"))
    } else {
        partner
    }
}

fn has_role(asker: &Value, role: &str) -> bool {
    asker["roles"].as_array().is_some_and(|roles| roles.iter().any(|it| it == role))
}

/// Whether the asker's roles cover the location; only a partner's person is limited to some.
pub(super) fn covers(asker: &Value, location: &Value) -> bool {
    asker["locations"].as_array().is_none_or(|some| some.contains(location))
}

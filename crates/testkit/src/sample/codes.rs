//! Every code that a file can cause, and the places that cause it.
//!
//! Two refusals cannot be caused by a file: `internal_fault` is a fault of ours, and no decision that a command of a
//! permitted size asks for is too large for the log (`decision_too_large`). `received_at_missing` needs a directory
//! that holds nothing and a file that begins without a time; `directory_unavailable`, `log_unavailable`,
//! `source_not_allowed` and `received_at_not_allowed` come from elsewhere.
//!
//! | refusal | places |
//! |---|---|
//! | `role_not_allowed` | `refused_openings::whole_command`, `refused_steps::others` |
//! | `customer_not_found` | `refused_openings::claims` |
//! | `claim_not_found` | `refused_steps::others`, `refused_records::references` |
//! | `location_not_in_scope` | `refused_openings::whole_command`, `refused_steps::survey_voided` |
//! | `friendly_name_required` | `refused_openings::whole_command` |
//! | `engagements_invalid` | `refused_openings::whole_command` |
//! | `contacts_invalid` | `refused_openings::whole_command`, `refused_steps::asked` |
//! | `mismatch_reason_required` | `refused_openings::mismatch` |
//! | `engagement_not_found` | `refused_openings::engagements`, `refused_records::program` |
//! | `engagement_not_partner_activity` | `refused_openings::engagements` |
//! | `engagement_retired` | `refused_openings::engagements` |
//! | `open_claim_exists` | `refused_openings::engagements`, `refused_openings::claims` |
//! | `location_not_enrolled` | `refused_openings::locations`, `refused_records::program` |
//! | `location_not_eligible` | `refused_openings::locations` |
//! | `id_kind_not_accepted` | `refused_openings::engagements`, `refused_openings::claims` |
//! | `variable_pay_alone` | `refused_openings::variable_pay` |
//! | `opportunity_required` | `refused_openings::claims` |
//! | `opportunity_not_allowed` | `refused_openings::claims` |
//! | `hours_required` | `refused_openings::variable_pay`, `refused_openings::claims` |
//! | `hours_not_allowed` | `refused_openings::variable_pay` |
//! | `hours_out_of_range` | `refused_openings::variable_pay` |
//! | `opportunity_of_other_customer` | `refused_openings::claims` |
//! | `opportunity_not_open` | `refused_openings::opportunities` |
//! | `opportunity_value_unusable` | `refused_openings::opportunities` |
//! | `fact_unknown` | `refused_openings::facts_and_limit`, `refused_openings::unfit_claims` |
//! | `criteria_not_met` | `refused_openings::facts_and_limit`, `refused_openings::unfit_claims` |
//! | `claim_limit_reached` | `refused_openings::facts_and_limit`, `again::as_often_as_allowed` |
//! | `payout_changed` | `refused_openings::variable_pay` |
//! | `deadline_reached` | `clocks`, `flow` |
//! | `wrong_status` | `refused_steps::asked`, `refused_steps::reviewed` |
//! | `consent_already_requested` | `refused_steps::asked`, `flow` |
//! | `consent_already_answered` | `refused_steps::answered` |
//! | `contact_revision_outdated` | `refused_steps::answered` |
//! | `reminders_exhausted` | `refused_steps::reminded` |
//! | `reminder_too_soon` | `refused_steps::reminded`, `flow` |
//! | `disclaimer_outdated` | `refused_steps::asked`, `again::disclaimer_changed` |
//! | `deal_size_not_positive` | `refused_steps::asked`, `flow` |
//! | `text_required` | `refused_steps::proved`, `refused_steps::reviewed`, `refused_steps::paid` |
//! | `amount_not_positive` | `refused_steps::paid` |
//! | `proof_incomplete` | `refused_steps::proved`, `flow` |
//! | `survey_already_completed` | `refused_steps::proved` |
//! | `survey_not_requested` | `refused_steps::proved`, `refused_steps::survey_voided` |
//! | `contacts_frozen` | `refused_steps::proved` |
//! | `payment_reference_reused` | `refused_steps::paid` |
//! | `effect_not_found` | `refused_effects` |
//! | `effect_already_done` | `refused_effects::referral_twice` |
//! | `effect_not_dispatched` | `refused_effects::mails` |
//! | `effect_not_retryable` | `refused_effects::referral_twice`, `refused_effects::held` |
//! | `observed_in_future` | `refused_records::facts` |
//! | `terms_invalid` | `refused_records::terms` |
//! | `command_id_reused` | `refused_records::reuse` |
//!
//! | problem | places |
//! |---|---|
//! | `not_json` | `problems::not_json` |
//! | `malformed` | `problems::envelopes`, `problems::bodies`, `problems::bounds`, `problems::times` |
//! | `too_large` | `problems::bounds` |
//! | `unknown_type` | `problems::envelopes` |
//! | `unsupported_version` | `problems::envelopes` |
//! | `asker_not_allowed` | `problems::askers` |
//! | `received_in_future` | `problems::times` |
//! | `received_out_of_order` | `problems::times` |
//! | `reference_not_found` | `problems::references`, `refused_records::references` |
//! | `tenant_not_found` | `problems::outside` |
//! | `opportunity_not_found` | `problems::outside` |

use std::collections::BTreeSet;

use crate::sample::line::{Expect, Line};

/// The refusals of the first table.
pub(crate) const REFUSALS: &[&str] = &[
    "role_not_allowed",
    "customer_not_found",
    "claim_not_found",
    "location_not_in_scope",
    "friendly_name_required",
    "engagements_invalid",
    "contacts_invalid",
    "mismatch_reason_required",
    "engagement_not_found",
    "engagement_not_partner_activity",
    "engagement_retired",
    "open_claim_exists",
    "location_not_enrolled",
    "location_not_eligible",
    "id_kind_not_accepted",
    "variable_pay_alone",
    "opportunity_required",
    "opportunity_not_allowed",
    "hours_required",
    "hours_not_allowed",
    "hours_out_of_range",
    "opportunity_of_other_customer",
    "opportunity_not_open",
    "opportunity_value_unusable",
    "fact_unknown",
    "criteria_not_met",
    "claim_limit_reached",
    "payout_changed",
    "deadline_reached",
    "wrong_status",
    "consent_already_requested",
    "consent_already_answered",
    "contact_revision_outdated",
    "reminders_exhausted",
    "reminder_too_soon",
    "disclaimer_outdated",
    "deal_size_not_positive",
    "text_required",
    "amount_not_positive",
    "proof_incomplete",
    "survey_already_completed",
    "survey_not_requested",
    "contacts_frozen",
    "payment_reference_reused",
    "effect_not_found",
    "effect_already_done",
    "effect_not_dispatched",
    "effect_not_retryable",
    "observed_in_future",
    "terms_invalid",
    "command_id_reused",
];

/// The problems of the second table.
pub(crate) const PROBLEMS: &[&str] = &[
    "not_json",
    "malformed",
    "too_large",
    "unknown_type",
    "unsupported_version",
    "asker_not_allowed",
    "received_in_future",
    "received_out_of_order",
    "reference_not_found",
    "tenant_not_found",
    "opportunity_not_found",
];

/// Whether the lines cause all of these, and nothing else.
///
/// # Errors
/// The codes that are missing from the lines or from the tables.
pub(crate) fn check(lines: &[&Line]) -> Result<(), String> {
    let caused: BTreeSet<Expect> =
        lines.iter().map(|it| it.expect).filter(|it| *it != Expect::Accepted).collect();
    let refusals = REFUSALS.iter().map(|&code| Expect::Refused(code));
    let listed: BTreeSet<Expect> =
        refusals.chain(PROBLEMS.iter().map(|&code| Expect::Problem(code))).collect();
    let different: Vec<String> = listed.symmetric_difference(&caused).map(ToString::to_string).collect();
    if different.is_empty() {
        Ok(())
    } else {
        Err(format!("caused or listed, but not both: {}", different.join(", ")))
    }
}

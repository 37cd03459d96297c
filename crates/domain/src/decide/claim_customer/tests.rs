//! Claiming a known customer, rule by rule.

use serde_json::{Value, json};

use crate::claim::Status;
use crate::decide::given::*;
use crate::refusal::Refusal;

/// Consent under this nomination on an engagement of its own, given up afterwards.
fn consented(engagement: &str, nomination: Ask) -> Vec<Ask> {
    let nominated = nomination.with("engagements", json!([engagement]));
    vec![publish(engagement, fixed_terms()), nominated, send_consent(), customer_accepted(), cancel_claim()]
}

#[test]
fn a_customer_known_from_any_engagement_is_claimed_under_its_known_identity() {
    given(known())
        .when(claim_customer())
        .yields(["CustomerClaimed"])
        .with("identifier/value", "fabrikam.example")
        .with("tenant/value", TENANT)
        .with("consent_due_at", start().plus_days(CONSENT_DAYS).to_string())
        .to(Status::CustomerClaimed);
    assert!(
        !claim_customer().with("customer", identifier("tpid", "1234567")).reads(),
        "no identifier is asked for"
    );
}

#[test]
fn what_is_asked_for_is_kept_with_the_claim() {
    given(known())
        .when(claim_customer().with("location", "loc-2"))
        .yields(["CustomerClaimed"])
        .with("friendly_name/bytes", "name")
        .with("location", "loc-2")
        .with("contacts/partner/bytes", "p");
    for field in ["location", "contacts", "engagements", "customer"] {
        assert!(!claim_customer().without(field).reads(), "{field}");
    }
}

#[test]
fn several_engagements_are_claimed_together_or_none() {
    given(known()).when(claim_for(&["fixed", "referring"])).yields(["CustomerClaimed", "CustomerClaimed"]);
    let reason = given(known()).when(claim_for(&["fixed", "unknown"])).reason();
    assert_eq!(reason.engagements.len(), 1);
    assert_eq!(reason.refusal, Refusal::EngagementNotFound);
}

#[test]
fn a_customer_that_the_partner_does_not_know_is_not_found() {
    given([]).when(claim_customer()).refused(Refusal::CustomerNotFound);
    given(until(Status::AwaitingConsent)).when(claim_customer()).refused(Refusal::CustomerNotFound);
    let theirs = claim_customer().by(other_partner()).with("location", "loc-9");
    given(known()).when(theirs).refused(Refusal::CustomerNotFound);
}

#[test]
fn a_customer_off_the_eligible_tab_is_refused() {
    let selective = publish("fixed", fixed_terms()).with("terms/criteria", is_smc());
    given(known()).and_all([selective]).when(claim_customer()).refused(Refusal::FactUnknown);
}

#[test]
fn the_location_must_be_enrolled_and_eligible() {
    given(known())
        .and_all([suspend("p-contoso", "loc-1")])
        .when(claim_customer())
        .refused(Refusal::LocationNotEnrolled);
    let recorded = publish("fixed", fixed_terms()).with("terms/locations", "recorded");
    given(known()).and_all([recorded]).when(claim_customer()).refused(Refusal::LocationNotEligible);
}

#[test]
fn a_customer_is_known_for_ever_whatever_became_of_the_claim() {
    for end in [Status::NotSubmittedExpired, Status::RejectedFinal, Status::Approved] {
        given(until(end)).when(claim_for(&["other"])).yields(["CustomerClaimed"]);
    }
    given(known())
        .and_all([claim_customer(), send_consent(), customer_declined()])
        .when(claim_customer())
        .yields(["CustomerClaimed"]);
}

#[test]
fn the_newest_identity_is_used_whose_kind_is_accepted_and_whose_facts_meet_the_criteria() {
    let by_tpid = consented("e-tpid", add_by_tpid());
    let by_domain = consented("e-domain", add());
    let both = || given(by_tpid.clone()).and_all(by_domain.clone());
    both().when(claim_customer()).yields(["CustomerClaimed"]).with("identifier/id_type", "domain_name");
    let again = both().and_all(consented("e-again", add_by_tpid()));
    let ids: Vec<_> = again.customer.known.values().flatten().map(|it| it.kind().as_str()).collect();
    assert_eq!(ids, ["domain_name", "tpid"], "oldest first, each once");
    again.when(claim_customer()).yields(["CustomerClaimed"]).with("identifier/id_type", "tpid");

    let tpid_only = publish("fixed", fixed_terms()).with("terms/id_kinds", json!(["tpid"]));
    both()
        .and_all([tpid_only])
        .when(claim_customer())
        .yields(["CustomerClaimed"])
        .with("identifier/value", "1234567");

    let selective = || publish("fixed", fixed_terms()).with("terms/criteria", is_smc());
    let of_tpid = record_facts(json!({"segment": "smc"})).with("identifier", identifier("tpid", "1234567"));
    both()
        .and_all([selective(), of_tpid])
        .when(claim_customer())
        .yields(["CustomerClaimed"])
        .with("identifier/id_type", "tpid");
}

#[test]
fn if_none_meets_the_criteria_the_newest_accepted_one_says_why() {
    let selective = publish("fixed", fixed_terms()).with("terms/criteria", is_smc());
    let of_tpid =
        record_facts(json!({"segment": "enterprise"})).with("identifier", identifier("tpid", "1234567"));
    let older_fails = given(consented("e-tpid", add_by_tpid()))
        .and_all(consented("e-domain", add()))
        .and_all([selective, of_tpid]);
    older_fails.clone().when(claim_customer()).refused(Refusal::FactUnknown);
    older_fails
        .and_all(consented("e-again", add_by_tpid()))
        .when(claim_customer())
        .refused(Refusal::CriteriaNotMet);
}

#[test]
fn without_an_accepted_kind_the_customer_cannot_be_claimed() {
    let tpid_only = publish("fixed", fixed_terms()).with("terms/id_kinds", json!(["tpid"]));
    given(known()).and_all([tpid_only]).when(claim_customer()).refused(Refusal::IdKindNotAccepted);
}

#[test]
fn a_claimed_claim_counts_with_the_identifier_it_recorded() {
    let by_opportunity = [claim_variable(), send_consent(), customer_accepted(), cancel_claim()];
    let told = given(known()).and_all(by_opportunity);
    let ids: Vec<_> = told.customer.known.values().flatten().map(ToString::to_string).collect();
    assert_eq!(ids, ["domain_name=fabrikam.example", "msx_opportunity_id=7-ABC"]);
}

#[test]
fn variable_pay_is_claimed_by_one_opportunity_with_hours_alone() {
    given(known())
        .when(claim_variable())
        .yields(["CustomerClaimed"])
        .with("identifier/value", "7-ABC")
        .with("hours", 40)
        .with("opportunity/value", "100000.00");
    let spoilt = |fault: fn(Ask) -> Ask| given(known()).when(fault(claim_variable()));
    spoilt(|it| it.without("msx_opportunity_id")).refused(Refusal::OpportunityRequired);
    spoilt(|it| it.without("hours")).refused(Refusal::HoursRequired);
    spoilt(|it| it.with("engagements", json!(["variable", "fixed"]))).refused(Refusal::VariablePayAlone);
}

#[test]
fn the_opportunity_must_be_the_customers_and_its_facts_must_meet_the_criteria() {
    given(known())
        .when(claim_variable().with("found/opportunity/of_customer", false))
        .refused(Refusal::OpportunityOfOtherCustomer);
    let selective = || publish("variable", variable_terms()).with("terms/criteria", is_smc());
    given(known()).and_all([selective()]).when(claim_variable()).refused(Refusal::FactUnknown);
    let of_opportunity =
        record_facts(json!({"segment": "smc"})).with("identifier", identifier("msx_opportunity_id", "7-ABC"));
    given(known()).and_all([selective(), of_opportunity]).when(claim_variable()).yields(["CustomerClaimed"]);
}

/// Engagements at each of which something is wrong, and a customer known to both partners.
fn crooked() -> Given {
    let litware = |ask: Ask| ask.by(other_partner());
    let demanding = |it: &str| publish(it, fixed_terms()).with("terms/locations", "recorded");
    let engagements = ["fixed", "hardware", "gone", "twin", "full", "tpid-only"];
    given(known())
        .and_all(engagements.map(demanding))
        .and_all(["twin", "full"].map(|it| demanding(it).with("terms/limit", 1)))
        .and_all([demanding("hardware").with("terms/activity", "direct_incentive")])
        .and_all([demanding("tpid-only").with("terms/id_kinds", json!(["tpid"]))])
        .and_all(engagements.map(|it| record_eligibility(it, true)))
        .and_all([record_eligibility("full", true).with("partner", "p-litware").with("location", "loc-9")])
        .and_all([litware(add_to(&["full"])).with("location", "loc-9")])
        .and_all(["gone", "twin"].map(|it| claim_for(&[it])))
        .and_all([retire("hardware"), retire("gone")])
}

fn nobody_is_eligible() -> Vec<Ask> {
    ["fixed", "twin", "full", "tpid-only"].map(|it| record_eligibility(it, false)).to_vec()
}

#[test]
fn with_fixed_pay_the_earlier_of_two_faults_wins() {
    in_order(
        &crooked(),
        &claim_customer(),
        &[
            fault("role_not_allowed", |it| it.by(reviewer())),
            fault("customer_not_found", |it| it.by(other_partner())),
            fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
            fault("friendly_name_required", |it| it.with("friendly_name", Value::Null)),
            fault("engagements_invalid", |it| it.with("engagements", json!(["fixed", "fixed"]))),
            fault("contacts_invalid", |it| it.with("contacts", contacts_without_a_name())),
            fault("engagement_not_found", |it| it.with("engagements", json!(["unknown"]))),
            fault("engagement_not_partner_activity", |it| it.with("engagements", json!(["hardware"]))),
            fault("engagement_retired", |it| it.with("engagements", json!(["gone"]))),
            fault("open_claim_exists", |it| it.with("engagements", json!(["twin"]))),
            past_fault("location_not_enrolled", || vec![suspend("p-contoso", "loc-1")]),
            past_fault("location_not_eligible", nobody_is_eligible),
            fault("opportunity_not_allowed", |it| {
                it.with("msx_opportunity_id", identifier("msx_opportunity_id", "7-ABC"))
            }),
            fault("hours_not_allowed", |it| it.with("hours", 8)),
            fault("id_kind_not_accepted", |it| it.with("engagements", json!(["tpid-only"]))),
            fault("claim_limit_reached", |it| it.with("engagements", json!(["full"]))),
            fault("payout_changed", |it| it.with("reviewed_payout_cents", 1)),
        ],
        // Claim looks at the identity after hours and opportunity, Add before; the table has Add's place.
        &["id_kind_not_accepted"],
    );
}

#[test]
fn with_variable_pay_the_earlier_of_two_faults_wins() {
    let theirs =
        add_variable().by(other_partner()).with("location", "loc-9").with("engagements", json!(["full"]));
    let full = publish("full", variable_terms()).with("terms/limit", 1);
    in_order(
        &given(known()).and_all([publish("variable-2", variable_terms()), full, theirs]),
        &claim_variable(),
        &[
            fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
            fault("location_not_enrolled", |it| it.with("location", "loc-7")),
            fault("variable_pay_alone", |it| it.with("engagements", json!(["variable", "variable-2"]))),
            fault("opportunity_required", |it| it.without("msx_opportunity_id")),
            fault("hours_required", |it| it.without("hours")),
            fault("hours_out_of_range", |it| it.with("hours", 201)),
            fault("opportunity_of_other_customer", |it| it.with("found/opportunity/of_customer", false)),
            fault("opportunity_not_open", |it| it.with("found/opportunity/open", false)),
            fault("opportunity_value_unusable", |it| it.with("found/opportunity/value", "much")),
            fault("claim_limit_reached", |it| it.with("engagements", json!(["full"]))),
            fault("payout_changed", |it| it.with("reviewed_payout_cents", 1)),
        ],
        &[],
    );
}

//! Adding a customer, rule by rule.

use serde_json::{Value, json};

use crate::claim::Status;
use crate::decide::given::*;
use crate::refusal::Refusal;

const OTHER_TENANT: &str = "0a1b2c3d-0000-4000-8000-000000000002";

fn spoilt(fault: fn(Ask) -> Ask) -> Outcome {
    given([]).when(fault(add()))
}

#[test]
fn each_chosen_engagement_gets_a_claim_with_the_same_fields() {
    let added = given([]).when(add_to(&["fixed", "other", "referring"])).yields([
        "CustomerAdded",
        "CustomerAdded",
        "CustomerAdded",
    ]);
    let claims: Vec<Value> = added.events.iter().map(|it| serde_json::to_value(it).unwrap()).collect();
    let engagements: Vec<_> = claims.iter().map(|it| it["engagement"].as_str().unwrap()).collect();
    assert_eq!(engagements, ["fixed", "other", "referring"], "the order of the command (A-69)");
    for shared in ["location", "identifier", "tenant", "contacts", "friendly_name", "partner"] {
        assert!(claims.iter().all(|it| it[shared] == claims[0][shared]), "{shared}");
    }
    let then = added.then();
    assert_eq!(then.customer.claims.len(), 3);
    assert_eq!(then.customer.open.len(), 3);
}

#[test]
fn what_is_asked_for_is_kept_with_the_claim() {
    given([])
        .when(add())
        .yields(["CustomerAdded"])
        .with("friendly_name/bytes", "name")
        .with("location", "loc-1")
        .with("identifier/id_type", "domain_name")
        .with("contacts/customer/bytes", "c")
        .with("contacts/partner/bytes", "p")
        .with("tpid/value", "1234567")
        .with("terms_version", 1);
}

#[test]
fn a_body_without_location_identifier_or_contacts_does_not_read() {
    for field in ["location", "customer", "contacts", "engagements"] {
        assert!(!add().without(field).reads(), "{field}");
    }
    let two = json!([identifier("tpid", "1"), identifier("tpid", "2")]);
    assert!(!add().with("customer", two).reads());
    assert!(!add().with("customer/id_type", "passport").reads());
}

#[test]
fn a_claim_needs_a_friendly_name() {
    spoilt(|it| it.with("friendly_name", Value::Null)).refused(Refusal::FriendlyNameRequired);
}

#[test]
fn contacts_need_every_name() {
    spoilt(|it| it.with("contacts", contacts_without_a_name())).refused(Refusal::ContactsInvalid);
    spoilt(|it| it.with("contacts/partner", Value::Null)).refused(Refusal::ContactsInvalid);
    spoilt(|it| it.with("contacts/organisation/name", " ")).refused(Refusal::ContactsInvalid);
}

#[test]
fn a_location_that_is_not_enrolled_is_refused() {
    spoilt(|it| it.with("location", "loc-7")).refused(Refusal::LocationNotEnrolled);
    spoilt(|it| it.with("location", "loc-9")).refused(Refusal::LocationNotEnrolled);
}

#[test]
fn the_askers_role_must_cover_the_location() {
    spoilt(|it| it.by(partner_elsewhere())).refused(Refusal::LocationNotInScope);
    given([]).when(add().by(partner_elsewhere()).with("location", "loc-2")).yields(["CustomerAdded"]);
    spoilt(|it| it.by(referral_admin())).refused(Refusal::RoleNotAllowed);
}

#[test]
fn fixed_pay_takes_the_four_kinds_and_no_opportunity() {
    for id in [
        identifier("domain_name", "fabrikam.example"),
        identifier("tpid", "1234567"),
        identifier("azure_subscription_id", "0a1b2c3d-0000-4000-8000-000000000003"),
    ] {
        given([]).when(add().with("customer", id)).yields(["CustomerAdded"]);
    }
    given([]).when(add_by_tenant()).yields(["CustomerAdded"]);
    spoilt(|it| it.with("customer", identifier("msx_opportunity_id", "7-ABC")))
        .refused(Refusal::IdKindNotAccepted);
}

#[test]
fn an_engagement_may_take_fewer_kinds() {
    let tpid_only = || publish("fixed", fixed_terms()).with("terms/id_kinds", json!(["tpid"]));
    given([tpid_only()]).when(add()).refused(Refusal::IdKindNotAccepted);
    given([tpid_only()]).when(add_by_tpid()).yields(["CustomerAdded"]);
}

#[test]
fn variable_pay_takes_an_opportunity_only() {
    given([]).when(add_variable()).yields(["CustomerAdded"]).with("identifier/id_type", "msx_opportunity_id");
    given([])
        .when(add_variable().with("customer", identifier("tpid", "1234567")))
        .refused(Refusal::IdKindNotAccepted);
}

/// `fixed` for customers of the segment smc only, and facts about one identifier.
fn selective(facts: Ask) -> Given {
    given([publish("fixed", fixed_terms()).with("terms/criteria", is_smc()), facts])
}

#[test]
fn facts_count_for_the_identifier_that_is_given_and_for_no_other() {
    let of_tpid =
        || record_facts(json!({"segment": "smc"})).with("identifier", identifier("tpid", "1234567"));
    selective(of_tpid()).when(add_by_tpid()).yields(["CustomerAdded"]);
    selective(of_tpid()).when(add()).refused(Refusal::FactUnknown);
    selective(of_tpid()).when(add_by_tenant()).refused(Refusal::FactUnknown);
    selective(record_facts(json!({"segment": "smc"}))).when(add_by_tpid()).refused(Refusal::FactUnknown);
}

#[test]
fn a_customer_that_fails_the_criteria_is_refused() {
    selective(record_facts(json!({"segment": "enterprise"}))).when(add()).refused(Refusal::CriteriaNotMet);
}

#[test]
fn a_domain_is_checked_by_the_tenant_derived_from_it_now() {
    let told = selective(record_facts(json!({"segment": "smc"})));
    told.clone().when(add()).yields(["CustomerAdded"]).with("tenant/value", TENANT);
    let moved = add().with("found/tenant", identifier("tenant_id", OTHER_TENANT));
    told.when(moved).refused(Refusal::FactUnknown);
}

#[test]
fn a_tenant_at_odds_with_the_e_mail_domain_needs_a_reason_that_is_kept() {
    for found in [json!({"email_matches": false}), json!({})] {
        let mismatch = add_by_tenant().with("found", found);
        given([]).when(mismatch.clone()).refused(Refusal::MismatchReasonRequired);
        given([])
            .when(mismatch.with("mismatch_reason", sealed("merger")))
            .yields(["CustomerAdded"])
            .with("mismatch_reason/bytes", "merger");
    }
    given([]).when(add_by_tenant()).yields(["CustomerAdded"]).without("mismatch_reason");
    given([])
        .when(add_by_tenant().with("mismatch_reason", sealed("none needed")))
        .yields(["CustomerAdded"])
        .with("mismatch_reason/bytes", "none needed");
}

#[test]
fn a_variable_pay_engagement_is_added_alone() {
    let variable_too = || publish("variable-2", variable_terms());
    given([variable_too()])
        .when(add_variable().with("engagements", json!(["variable", "variable-2"])))
        .refused(Refusal::VariablePayAlone);
    let reason = given([]).when(add_variable().with("engagements", json!(["variable", "fixed"]))).reason();
    let codes: Vec<_> = reason.engagements.iter().map(|(_, it)| it.code()).collect();
    assert_eq!(codes, ["variable_pay_alone", "id_kind_not_accepted"]);
}

#[test]
fn one_to_twenty_engagements_each_once() {
    let names: Vec<String> = (0..21).map(|n| format!("e-{n}")).collect();
    let many = given(names.iter().map(|it| publish(it, fixed_terms())));
    many.clone().when(add().with("engagements", names.clone())).refused(Refusal::EngagementsInvalid);
    let added = many.when(add().with("engagements", names[..20].to_vec()));
    assert_eq!(added.in_short().split(' ').count(), 20);
    spoilt(|it| it.with("engagements", json!([]))).refused(Refusal::EngagementsInvalid);
    spoilt(|it| it.with("engagements", json!(["fixed", "other", "fixed"])))
        .refused(Refusal::EngagementsInvalid);
}

#[test]
fn variable_pay_needs_hours_within_the_limits_of_its_terms() {
    let with_hours = |hours: u32| given([]).when(add_variable().with("hours", hours));
    given([]).when(add_variable().without("hours")).refused(Refusal::HoursRequired);
    with_hours(0).refused(Refusal::HoursOutOfRange { min: 1, max: 200 });
    with_hours(201).refused(Refusal::HoursOutOfRange { min: 1, max: 200 });
    for hours in [1, 200] {
        with_hours(hours).yields(["CustomerAdded"]).with("hours", hours);
    }
}

#[test]
fn fixed_pay_takes_no_hours() {
    spoilt(|it| it.with("hours", 8)).refused(Refusal::HoursNotAllowed);
}

#[test]
fn no_later_command_carries_hours() {
    let later: [fn() -> Ask; 6] =
        [update_contacts, send_consent, submit_claim, resubmit_claim, submit_dispute, resend_consent];
    for ask in later {
        assert!(ask().with("claim", "c000-00000000000000000000").reads());
        assert!(!ask().with("claim", "c000-00000000000000000000").with("hours", 9).reads());
    }
    let submitted = given(Shape::ALL[2].until(Status::Approved));
    assert_eq!(submitted.claim().hours, Some(40));
}

#[test]
fn a_payout_other_than_the_reviewed_sum_is_refused_with_the_new_one() {
    let both = || add_to(&["fixed", "other"]);
    given([])
        .when(both().with("reviewed_payout_cents", 500_000))
        .refused(Refusal::PayoutChanged { payout_cents: 1_000_000 });
    given([])
        .when(both().with("reviewed_payout_cents", 1_000_000))
        .yields(["CustomerAdded", "CustomerAdded"]);
}

#[test]
fn if_one_engagement_refuses_nothing_is_created_and_each_reason_is_told() {
    let mut asked = given([retire("other")]);
    let before = asked.customer.clone();
    let reason = asked.tell(&add_to(&["fixed", "other", "unknown"])).unwrap_err();
    assert_eq!(asked.customer, before);
    assert_eq!(reason.refusal, Refusal::EngagementRetired);
    let told: Vec<_> = reason.engagements.iter().map(|(it, why)| (it.as_str(), why.code())).collect();
    assert_eq!(told, [("other", "engagement_retired"), ("unknown", "engagement_not_found")]);
}

#[test]
fn an_engagement_of_another_activity_has_no_customers_page() {
    let other = publish("fixed", fixed_terms()).with("terms/activity", "direct_incentive");
    given([other]).when(add()).refused(Refusal::EngagementNotPartnerActivity);
}

#[test]
fn one_open_claim_of_a_partner_on_an_engagement_by_either_route() {
    let open = given(known()).and_all([add()]);
    open.clone().when(add_by_tpid()).refused(Refusal::OpenClaimExists);
    open.clone().when(claim_customer()).refused(Refusal::OpenClaimExists);
    let theirs = add().by(other_partner()).with("location", "loc-9");
    open.clone().when(theirs).yields(["CustomerAdded"]);
    open.and_all([cancel_claim()]).when(add()).yields(["CustomerAdded"]);
}

#[test]
fn a_known_customer_may_be_added_under_another_identifier() {
    given(known()).when(add_by_tpid()).yields(["CustomerAdded"]).with("identifier/id_type", "tpid");
}

#[test]
fn the_opportunity_must_be_open_and_is_kept_as_it_was() {
    given([]).when(add_variable()).yields(["CustomerAdded"]).with("opportunity/value", "100000.00");
    given([]).when(add_variable().with("found/opportunity/open", false)).refused(Refusal::OpportunityNotOpen);
}

#[test]
fn a_conflict_of_identities_is_said_first_and_once_a_pair() {
    let conflict = json!({"used": identifier("tenant_id", TENANT), "other": identifier("tpid", "99"),
        "other_customer": "0a1b2c3d-0000-4000-8000-0000000000aa"});
    let met = |ask: Ask| ask.with("found/conflict", conflict.clone());
    let said = given([]).when(met(add())).yields(["IdentityConflictSeen", "CustomerAdded"]).then();
    said.clone().when(met(add_to(&["other"]))).yields(["CustomerAdded"]);
    let another = met(add_to(&["other"])).with("found/conflict/other", identifier("tpid", "98"));
    said.when(another).yields(["IdentityConflictSeen", "CustomerAdded"]);
    let refused = given([]).when(met(add().with("location", "loc-7")));
    assert_eq!(refused.in_short(), "location_not_enrolled", "it comes with the first accepted command");
}

/// Engagements at each of which something is wrong, and often more: what they have in common is in the fault's code.
fn crooked() -> Given {
    let demanding = |engagement: &str| {
        publish(engagement, fixed_terms())
            .with("terms/criteria", is_smc())
            .with("terms/locations", "recorded")
    };
    let litware_may = |engagement: &str| {
        record_eligibility(engagement, true).with("partner", "p-litware").with("location", "loc-9")
    };
    let engagements = ["fixed", "hardware", "gone", "twin", "full"];
    given([record_facts(json!({"segment": "smc"})), demanding("fixed"), demanding("gone")])
        .and_all(["twin", "full"].map(|it| demanding(it).with("terms/limit", 1)))
        .and_all([demanding("hardware").with("terms/activity", "direct_incentive")])
        .and_all(engagements.map(|it| record_eligibility(it, true)))
        .and_all([litware_may("full")])
        .and_all(["gone", "twin"].map(|it| add_by_tenant().with("engagements", json!([it]))))
        .and_all([add_by_tenant()
            .with("engagements", json!(["full"]))
            .with("location", "loc-9")
            .by(other_partner())])
        .and_all([retire("hardware"), retire("gone")])
}

fn nobody_is_eligible() -> Vec<Ask> {
    ["fixed", "twin", "full"].map(|it| record_eligibility(it, false)).to_vec()
}

fn newer_facts(values: Value) -> Vec<Ask> {
    vec![record_facts(values).with("observed_at", json!(start().plus_ms(1))).ms_later(1)]
}

#[test]
fn with_fixed_pay_the_earlier_of_two_faults_wins() {
    in_order(
        &crooked(),
        &add_by_tenant(),
        &[
            fault("role_not_allowed", |it| it.by(referral_admin())),
            fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
            fault("friendly_name_required", |it| it.with("friendly_name", Value::Null)),
            fault("engagements_invalid", |it| it.with("engagements", json!([]))),
            fault("contacts_invalid", |it| it.with("contacts", contacts_without_a_name())),
            fault("mismatch_reason_required", |it| {
                it.with("customer", identifier("tenant_id", TENANT)).with("found", json!({}))
            }),
            fault("engagement_not_found", |it| it.with("engagements", json!(["unknown"]))),
            fault("engagement_not_partner_activity", |it| it.with("engagements", json!(["hardware"]))),
            fault("engagement_retired", |it| it.with("engagements", json!(["gone"]))),
            fault("open_claim_exists", |it| it.with("engagements", json!(["twin"]))),
            past_fault("location_not_enrolled", || vec![suspend("p-contoso", "loc-1")]),
            past_fault("location_not_eligible", nobody_is_eligible),
            fault("id_kind_not_accepted", |it| {
                it.with("customer", identifier("msx_opportunity_id", "7-ABC"))
            }),
            fault("hours_not_allowed", |it| it.with("hours", 8)),
            past_fault("criteria_not_met", || newer_facts(json!({"segment": "enterprise"}))),
            fault("claim_limit_reached", |it| it.with("engagements", json!(["full"]))),
            fault("payout_changed", |it| it.with("reviewed_payout_cents", 1)),
        ],
        &[],
    );
    crooked().and_all(newer_facts(json!({}))).when(add_by_tenant()).refused(Refusal::FactUnknown);
}

#[test]
fn with_variable_pay_the_earlier_of_two_faults_wins() {
    let theirs =
        add_variable().by(other_partner()).with("location", "loc-9").with("engagements", json!(["full"]));
    let full = publish("full", variable_terms()).with("terms/limit", 1);
    in_order(
        &given([publish("variable-2", variable_terms()), full, theirs]),
        &add_variable(),
        &[
            fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
            fault("location_not_enrolled", |it| it.with("location", "loc-7")),
            fault("id_kind_not_accepted", |it| it.with("customer", identifier("tpid", "1234567"))),
            fault("variable_pay_alone", |it| it.with("engagements", json!(["variable", "variable-2"]))),
            fault("hours_required", |it| it.without("hours")),
            fault("hours_out_of_range", |it| it.with("hours", 0)),
            fault("opportunity_not_open", |it| it.with("found/opportunity/open", false)),
            fault("opportunity_value_unusable", |it| it.with("found/opportunity/currency", "EUR")),
            fault("claim_limit_reached", |it| it.with("engagements", json!(["full"]))),
            fault("payout_changed", |it| it.with("reviewed_payout_cents", 1)),
        ],
        &[],
    );
}

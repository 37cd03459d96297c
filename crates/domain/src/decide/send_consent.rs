//! `SendConsent`: ask the customer for consent (R-059 … R-069, row 3), and create a referral where the policy says so
//!

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::SendConsent;
use crate::criteria::Truth;
use crate::customer::Customer;
use crate::event::{
    ConsentRequested, Event, PartnerLedReferralIntended, ReferralConditionsMet, ReferralConditionsNotMet,
};
use crate::refusal::Refusal;
use crate::version::V;

/// Asks for consent and freezes the deal size.
///
/// Refuses, in this order: role, claim, location, consent already requested, any other status, blank names, deal size
/// not positive, disclaimer outdated.
pub(super) fn decide(customer: &Customer, cmd: &SendConsent, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    match claim.status {
        Status::CustomerClaimed => {}
        Status::AwaitingConsent => return Err(Refusal::ConsentAlreadyRequested),
        _ => return Err(not_in_row(claim)),
    }
    if cmd.contacts.as_ref().is_some_and(|it| !it.are_named()) {
        return Err(Refusal::ContactsInvalid);
    }
    if cmd.deal_size_usd_cents <= 0 {
        return Err(Refusal::DealSizeNotPositive);
    }
    let newest = context.catalog.newest(&claim.engagement).ok_or(Refusal::EngagementNotFound)?;
    let disclaimer_version = &newest.terms.disclaimer.version;
    if cmd.disclaimer_version != *disclaimer_version {
        return Err(Refusal::DisclaimerOutdated { disclaimer_version: disclaimer_version.clone() });
    }

    let version = V;
    let claim_id = claim.id;
    let mut events: Vec<Event> = vec![
        ConsentRequested {
            version,
            claim: claim_id,
            deal_size_usd_cents: cmd.deal_size_usd_cents,
            disclaimer_version: cmd.disclaimer_version.clone(),
            contacts: cmd.contacts.clone(),
            contact_revision: claim.contact_revision + u32::from(cmd.contacts.is_some()),
        }
        .into(),
    ];
    if let Some(policy) = &context.terms_of(claim)?.referral {
        match policy.judge(customer.claim_values(claim), Some(cmd.deal_size_usd_cents)) {
            Truth::True => {
                events.push(ReferralConditionsMet { version: V, claim: claim_id }.into());
                events.push(PartnerLedReferralIntended { version: V, claim: claim_id }.into());
            }
            not_met => {
                let reason = super::cosell::reason(not_met);
                events.push(ReferralConditionsNotMet { version: V, claim: claim_id, reason }.into());
            }
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::claim::Status;
    use crate::decide::given::*;
    use crate::effect::{EffectKind, EffectState};
    use crate::refusal::Refusal;

    #[test]
    fn consent_is_asked_for_with_a_deal_size_and_a_mail_is_intended() {
        let asked = given([add()])
            .when(send_consent())
            .yields(["ConsentRequested"])
            .with("deal_size_usd_cents", 5_000_000)
            .with("contact_revision", 1)
            .to(Status::AwaitingConsent)
            .then();
        let mail = &asked.claim().effects[0];
        assert_eq!(
            (mail.kind, mail.number, &mail.state),
            (EffectKind::ConsentRequested, 0, &EffectState::Due)
        );
    }

    #[test]
    fn deal_size_is_frozen_once_consent_was_requested() {
        given([add(), send_consent()])
            .when(send_consent().with("deal_size_usd_cents", 6_000_000))
            .refused(Refusal::ConsentAlreadyRequested);
        let reminded = given([add(), send_consent(), resend_consent().days_later(1)]);
        assert_eq!(reminded.claim().deal_size_usd_cents, Some(5_000_000));
    }

    #[test]
    fn a_deal_size_of_nothing_or_less_is_refused() {
        for cents in [0, -1, i64::MIN] {
            given([add()])
                .when(send_consent().with("deal_size_usd_cents", cents))
                .refused(Refusal::DealSizeNotPositive);
        }
        given([add()]).when(send_consent().with("deal_size_usd_cents", 1)).yields(["ConsentRequested"]);
    }

    #[test]
    fn the_newest_disclaimer_must_be_acknowledged_and_is_recorded() {
        let terms = publish("fixed", fixed_terms()).with("terms/disclaimer/version", "d2");
        let published = given([add(), terms]);
        published
            .clone()
            .when(send_consent())
            .refused(Refusal::DisclaimerOutdated { disclaimer_version: read(json!("d2")) });
        published
            .when(send_consent().with("disclaimer_version", "d2"))
            .yields(["ConsentRequested"])
            .with("disclaimer_version", "d2");
    }

    #[test]
    fn contacts_can_change_with_the_request_which_raises_their_revision_once() {
        let asked = given([add(), update_contacts()])
            .when(send_consent().with("contacts", contacts()))
            .yields(["ConsentRequested"])
            .with("contact_revision", 3)
            .with("contacts/organisation/name", "Fabrikam")
            .then();
        assert_eq!(asked.claim().contact_revision, 3);
        given([add()]).when(send_consent()).yields(["ConsentRequested"]).without("contacts");
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add()]),
            &send_consent(),
            &[
                fault("role_not_allowed", |it| it.by(referral_admin())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![cancel_claim()]),
                fault("contacts_invalid", |it| it.with("contacts", contacts_without_a_name())),
                fault("deal_size_not_positive", |it| it.with("deal_size_usd_cents", 0)),
                fault("disclaimer_outdated", |it| it.with("disclaimer_version", "d0")),
            ],
            &[],
        );
    }

    #[test]
    fn a_referral_is_intended_where_the_policy_holds_over_recorded_facts() {
        let referring = || publish("fixed", fixed_terms()).with("terms/referral", is_smc());
        let facts = |segment: &str| record_facts(json!({"segment": segment}));
        given([referring(), facts("smc"), add()]).when(send_consent()).yields([
            "ConsentRequested",
            "ReferralConditionsMet",
            "PartnerLedReferralIntended",
        ]);
        given([referring(), facts("enterprise"), add()])
            .when(send_consent())
            .yields(["ConsentRequested", "ReferralConditionsNotMet"])
            .with("reason", "criteria_not_met");
        given([referring(), add()])
            .when(send_consent())
            .yields(["ConsentRequested", "ReferralConditionsNotMet"])
            .with("reason", "fact_unknown");
    }

    #[test]
    fn an_engagement_without_a_policy_creates_no_referral() {
        given([record_facts(json!({"segment": "smc"})), add()])
            .when(send_consent())
            .yields(["ConsentRequested"]);
    }

    #[test]
    fn a_policy_may_look_at_the_deal_size() {
        let big = json!({"fact": "deal_size_usd_cents", "op": "ge", "value": 5_000_000});
        let referring = given([publish("fixed", fixed_terms()).with("terms/referral", big), add()]);
        referring.clone().when(send_consent()).yields([
            "ConsentRequested",
            "ReferralConditionsMet",
            "PartnerLedReferralIntended",
        ]);
        referring
            .when(send_consent().with("deal_size_usd_cents", 4_999_999))
            .yields(["ConsentRequested", "ReferralConditionsNotMet"])
            .with("reason", "criteria_not_met");
    }

    #[test]
    fn the_policy_is_that_of_the_claims_own_version() {
        let referring = publish("fixed", fixed_terms()).with("terms/referral", anyone());
        given([add(), referring]).when(send_consent()).yields(["ConsentRequested"]);
    }

    #[test]
    fn a_policy_reads_the_facts_of_the_tenant_the_claim_was_made_with() {
        let referring = publish("fixed", fixed_terms()).with("terms/referral", is_smc());
        let other_tenant = "0a1b2c3d-0000-4000-8000-000000000002";
        let moved = record_facts(json!({"segment": "enterprise"}))
            .with("identifier", identifier("domain_name", "fabrikam.example"))
            .with("found", json!({"tenant": identifier("tenant_id", other_tenant)}));
        given([referring, record_facts(json!({"segment": "smc"})), add(), moved])
            .when(send_consent())
            .yields(["ConsentRequested", "ReferralConditionsMet", "PartnerLedReferralIntended"]);
    }
}

//! One pure answer to "may this customer be claimed for this engagement?", for deciding, for the choose-engagements
//! step and for the Eligible and Ineligible views (R-005 … ).

use crate::catalog::{CatalogAt, Published};
use crate::criteria::Truth;
use crate::customer::Customer;
use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::PartnerId;
use crate::refusal::Refusal;
use crate::terms::Terms;
use crate::time::Instant;

/// By what the customer is nominated.
#[derive(Clone, Copy, Debug)]
pub enum Nomination<'a> {
    /// By an identifier that is given, with its facts.
    Given {
        /// The identifier.
        identifier: &'a Identifier,
        /// Its facts, a domain's being its tenant's.
        values: Option<&'a Values>,
    },
    /// By what the partner knows of it.
    Known,
}

/// Whether a new claim may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may, under this identity; MSX-only engagements ask for an opportunity then.
    Eligible {
        /// The identity that a claim would use.
        identity: Option<Identifier>,
    },
    /// It may not, for all these reasons, in the order of A-79; never empty.
    Ineligible(Vec<Refusal>),
}

/// Whether `partner` may make a new claim on the engagement for this customer at `at`, its fields being valid and no
/// claim of it being open there.
#[must_use]
pub fn verdict(
    catalog: &CatalogAt<'_>,
    published: &Published<'_>,
    partner: &PartnerId,
    customer: &Customer,
    nomination: Nomination<'_>,
    at: Instant,
) -> Verdict {
    let terms = published.terms;
    let mut reasons = Vec::new();
    if published.retired {
        reasons.push(Refusal::EngagementRetired);
    }
    if !catalog.is_partner_eligible(partner, published, at) {
        reasons.push(Refusal::PartnerNotEligible);
    }
    let identity = match identity(terms, partner, customer, nomination) {
        Ok(identity) => identity,
        Err(reason) => {
            reasons.push(reason);
            None
        }
    };
    if customer.count(published.engagement, partner, terms.scope) >= terms.limit {
        reasons.push(Refusal::ClaimLimitReached { limit: terms.limit });
    }
    if reasons.is_empty() { Verdict::Eligible { identity } } else { Verdict::Ineligible(reasons) }
}

/// The identity that is accepted and meets the criteria.
fn identity(
    terms: &Terms,
    partner: &PartnerId,
    customer: &Customer,
    nomination: Nomination<'_>,
) -> Result<Option<Identifier>, Refusal> {
    match nomination {
        Nomination::Given { identifier, .. } if !terms.id_kinds.contains(&identifier.kind()) => {
            Err(Refusal::IdKindNotAccepted)
        }
        Nomination::Given { identifier, values } => {
            criteria(terms, values).map(|()| Some(identifier.clone()))
        }
        Nomination::Known if terms.is_msx_only() => Ok(None),
        Nomination::Known => {
            let known = customer.known.get(partner).map(Vec::as_slice).unwrap_or_default();
            let mut accepted = known.iter().rev().filter(|it| terms.id_kinds.contains(&it.kind()));
            let newest = accepted.next().ok_or(Refusal::IdKindNotAccepted)?;
            let judge = |it: &Identifier| criteria(terms, customer.values(it));
            match judge(newest) {
                Ok(()) => Ok(Some(newest.clone())),
                Err(reason) => accepted.find(|it| judge(it).is_ok()).map(|it| Some(it.clone())).ok_or(reason),
            }
        }
    }
}

fn criteria(terms: &Terms, values: Option<&Values>) -> Result<(), Refusal> {
    match terms.criteria.as_ref().map_or(Truth::True, |it| it.judge(values, None)) {
        Truth::True => Ok(()),
        Truth::Unknown => Err(Refusal::FactUnknown),
        Truth::False => Err(Refusal::CriteriaNotMet),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::claim::Status;
    use crate::decide::given::*;

    /// What the views and the choose-engagements step of `p-contoso` say of the customer as it is known.
    fn judge(given: &Given, engagement: &str) -> Verdict {
        let (partner, engagement) = ("p-contoso".parse().unwrap(), engagement.parse().unwrap());
        let catalog = given.catalog.at(given.sequence);
        let published = catalog.newest(&engagement).unwrap();
        verdict(&catalog, &published, &partner, &given.customer, Nomination::Known, given.now)
    }

    fn codes(given: &Given, engagement: &str) -> Vec<&'static str> {
        match judge(given, engagement) {
            Verdict::Eligible { .. } => vec![],
            Verdict::Ineligible(reasons) => reasons.iter().map(Refusal::code).collect(),
        }
    }

    #[test]
    fn a_known_customer_is_eligible_under_its_identity() {
        let identity = Some("domain_name=fabrikam.example".parse().unwrap());
        assert_eq!(judge(&given(known()), "fixed"), Verdict::Eligible { identity });
    }

    #[test]
    fn an_ineligible_customer_is_told_every_reason_in_order() {
        let full = publish("fixed", fixed_terms()).with("terms/limit", 1).with("terms/criteria", is_smc());
        let theirs = add().by(other_partner()).with("location", "loc-9");
        let told = given(known()).and_all([
            theirs,
            full,
            retire("fixed"),
            suspend("p-contoso", "loc-1"),
            suspend("p-contoso", "loc-2"),
        ]);
        assert_eq!(
            codes(&told, "fixed"),
            ["engagement_retired", "partner_not_eligible", "fact_unknown", "claim_limit_reached"]
        );
        let enterprise = told.and_all([record_facts(json!({"segment": "enterprise"}))]);
        assert_eq!(codes(&enterprise, "fixed")[2], "criteria_not_met");
    }

    #[test]
    fn facts_are_looked_at_only_if_a_kind_is_accepted() {
        let terms = publish("fixed", fixed_terms())
            .with("terms/id_kinds", json!(["tpid"]))
            .with("terms/criteria", is_smc());
        assert_eq!(codes(&given(known()).and_all([terms]), "fixed"), ["id_kind_not_accepted"]);
    }

    #[test]
    fn an_engagement_by_opportunity_only_lists_everyone_under_the_limit() {
        let selective = publish("variable", variable_terms()).with("terms/criteria", is_smc());
        let told = given(known()).and_all([selective]);
        assert_eq!(judge(&told, "variable"), Verdict::Eligible { identity: None });
    }

    #[test] // D-12, A-51
    fn one_enrolled_and_eligible_location_of_the_partner_is_enough() {
        let told = given(known()).and_all([suspend("p-contoso", "loc-1")]);
        assert!(codes(&told, "fixed").is_empty());
        let recorded = publish("fixed", fixed_terms()).with("terms/locations", "recorded");
        // loc-1 is eligible but not enrolled, loc-2 is enrolled but not eligible.
        let neither = told.and_all([recorded, record_eligibility("fixed", true)]);
        assert_eq!(codes(&neither, "fixed"), ["partner_not_eligible"]);
        let again = neither.and_all([enroll("p-contoso", "loc-1")]);
        assert!(codes(&again, "fixed").is_empty());
    }

    #[test]
    fn open_and_approved_claims_count_and_no_other() {
        for status in Status::ALL {
            let told = given([publish("fixed", fixed_terms()).with("terms/limit", 1)]).and_all(until(status));
            let counts = !status.is_terminal() || status == Status::Approved;
            let reached = codes(&told, "fixed").contains(&"claim_limit_reached");
            assert_eq!(reached, counts, "{status}");
        }
    }

    #[test]
    fn the_limit_counts_the_claims_of_every_partner_or_of_one() {
        let theirs = add().by(other_partner()).with("location", "loc-9");
        let one =
            |scope: &str| publish("fixed", fixed_terms()).with("terms/limit", 1).with("terms/scope", scope);
        let of_customer = given([one("customer"), theirs.clone()]);
        of_customer.when(add()).refused(Refusal::ClaimLimitReached { limit: 1 });
        let of_partner = given([one("partner_customer"), theirs]);
        of_partner.clone().when(add()).yields(["CustomerAdded"]);
        of_partner
            .and_all([add(), send_consent(), customer_accepted(), upload_proof(), submit_claim()])
            .and_all([start_review(), approve_claim()])
            .when(add())
            .refused(Refusal::ClaimLimitReached { limit: 1 });
    }

    #[test]
    fn the_limit_follows_the_customer_and_not_the_identifier() {
        let one = publish("fixed", fixed_terms()).with("terms/limit", 1);
        let theirs = add_by_tpid().by(other_partner()).with("location", "loc-9");
        given([one, theirs]).when(add()).refused(Refusal::ClaimLimitReached { limit: 1 });
    }

    #[test]
    fn limit_and_scope_are_those_of_the_newest_version() {
        let theirs = add().by(other_partner()).with("location", "loc-9");
        let tightened = publish("fixed", fixed_terms()).with("terms/limit", 1);
        given([theirs, tightened]).when(add()).refused(Refusal::ClaimLimitReached { limit: 1 });
    }

    #[test]
    fn a_known_domain_is_judged_by_the_tenant_it_was_last_derived_to() {
        let other_tenant = identifier("tenant_id", "0a1b2c3d-0000-4000-8000-000000000002");
        let selective = publish("fixed", fixed_terms()).with("terms/criteria", is_smc());
        let told = given(known()).and_all([selective, record_facts(json!({"segment": "smc"}))]);
        assert!(codes(&told, "fixed").is_empty());
        let moved = told.and_all([add_to(&["referring"]).with("found/tenant", other_tenant)]);
        assert_eq!(codes(&moved, "fixed"), ["fact_unknown"]);
    }
}

//! The choose-engagements step: which engagements a nominated customer can be added to, and why not to the others
//!

use crate::catalog::{CatalogAt, Published};
use crate::command::Opportunity;
use crate::customer::Customer;
use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::PartnerId;
use crate::payout::Payout;
use crate::refusal::Refusal;
use crate::terms::Pay;
use crate::time::Instant;
use crate::verdict::{Nomination, Verdict, verdict};

/// A nomination as it stands before anything is confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Nominee<'a> {
    /// The identifier.
    pub identifier: &'a Identifier,
    /// Its facts, a domain's being its tenant's.
    pub values: Option<&'a Values>,
    /// The opportunity, where it is one.
    pub opportunity: Option<&'a Opportunity>,
    /// The hours that would be asked for.
    pub hours: Option<u32>,
}

/// What can be done with one engagement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It can be chosen; the proposed payout, where all it needs is given.
    Eligible(Option<Payout>),
    /// It cannot, for these reasons.
    Ineligible(Vec<Refusal>),
}

/// The choice on one engagement. What it says of a customer, [`verdict`] says; an open claim, and an opportunity that
/// cannot be used, are added here, since Add refuses for them too.
#[must_use]
pub fn choice(
    catalog: &CatalogAt<'_>,
    published: &Published<'_>,
    partner: &PartnerId,
    customer: &Customer,
    nominee: &Nominee<'_>,
    at: Instant,
) -> Choice {
    let nomination = Nomination::Given { identifier: nominee.identifier, values: nominee.values };
    let mut reasons = match verdict(catalog, published, partner, customer, nomination, at) {
        Verdict::Eligible { .. } => Vec::new(),
        Verdict::Ineligible(reasons) => reasons,
    };
    if customer.open.contains_key(&(partner.clone(), published.engagement.clone())) {
        // Its place in the order of A-72: behind a retired engagement, ahead of all else.
        let place = reasons.iter().take_while(|it| **it == Refusal::EngagementRetired).count();
        reasons.insert(place, Refusal::OpenClaimExists);
    }
    let variable = published.terms.pay == Pay::Variable;
    if variable && nominee.opportunity.is_some_and(|it| !it.open) {
        reasons.push(Refusal::OpportunityNotOpen);
    }
    if let (Some(limits), Some(hours)) = (published.terms.hours, nominee.hours)
        && (hours < limits.min || hours > limits.max)
    {
        reasons.push(Refusal::HoursOutOfRange { min: limits.min, max: limits.max });
    }
    let payout = match published.terms.quote(nominee.hours, nominee.opportunity) {
        Ok(payout) => (!variable || nominee.hours.is_some()).then_some(payout),
        Err(_) if nominee.opportunity.is_some() => {
            reasons.push(Refusal::OpportunityValueUnusable);
            None
        }
        Err(_) => None,
    };
    if reasons.is_empty() { Choice::Eligible(payout) } else { Choice::Ineligible(reasons) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::decide::given::*;

    fn nominee<'a>(identifier: &'a Identifier, given: &'a Given) -> Nominee<'a> {
        Nominee { identifier, values: given.customer.values(identifier), opportunity: None, hours: None }
    }

    fn choose(given: &Given, engagement: &str, nominee: &Nominee<'_>) -> Choice {
        let (partner, engagement) = ("p-contoso".parse().unwrap(), engagement.parse().unwrap());
        let catalog = given.catalog.at(given.sequence);
        let published = catalog.newest(&engagement).unwrap();
        choice(&catalog, &published, &partner, &given.customer, nominee, given.now)
    }

    fn codes(choice: Choice) -> Vec<&'static str> {
        match choice {
            Choice::Eligible(_) => vec![],
            Choice::Ineligible(reasons) => reasons.iter().map(Refusal::code).collect(),
        }
    }

    #[test]
    fn an_engagement_that_can_be_chosen_shows_its_proposed_payout() {
        let (tpid, msx) = ("tpid=1234567".parse().unwrap(), "msx_opportunity_id=7-ABC".parse().unwrap());
        let nothing = given([]);
        let cents = |choice| match choice {
            Choice::Eligible(payout) => payout.map(|it| it.cents),
            Choice::Ineligible(reasons) => panic!("{reasons:?}"),
        };
        assert_eq!(cents(choose(&nothing, "fixed", &nominee(&tpid, &nothing))), Some(500_000));
        let opportunity: Opportunity =
            read(json!({"open": true, "of_customer": true, "value": "30000", "currency": "USD"}));
        let by_opportunity = Nominee { opportunity: Some(&opportunity), ..nominee(&msx, &nothing) };
        assert_eq!(cents(choose(&nothing, "variable", &by_opportunity)), None, "it takes the hours to say");
        let with_hours = Nominee { hours: Some(40), ..by_opportunity };
        assert_eq!(cents(choose(&nothing, "variable", &with_hours)), Some(300_000));
    }

    #[test]
    fn the_others_are_listed_with_every_reason() {
        let (tpid, msx) = ("tpid=1234567".parse().unwrap(), "msx_opportunity_id=7-ABC".parse().unwrap());
        let told =
            given([add(), publish("other", fixed_terms()).with("terms/criteria", is_smc()), retire("other")]);
        assert_eq!(codes(choose(&told, "fixed", &nominee(&tpid, &told))), ["open_claim_exists"]);
        assert_eq!(
            codes(choose(&told, "other", &nominee(&tpid, &told))),
            ["engagement_retired", "fact_unknown"]
        );
        assert_eq!(codes(choose(&told, "variable", &nominee(&tpid, &told))), ["id_kind_not_accepted"]);
        let closed: Opportunity = read(json!({"open": false, "of_customer": true}));
        let by_closed = Nominee { opportunity: Some(&closed), ..nominee(&msx, &told) };
        assert_eq!(
            codes(choose(&told, "variable", &by_closed)),
            ["opportunity_not_open", "opportunity_value_unusable"]
        );
    }
}

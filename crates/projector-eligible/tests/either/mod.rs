//! Whatever happens: a known customer is in Eligible or in Ineligible, and a row that says Eligible is accepted.

use std::collections::BTreeSet;

use claim_domain::ids::{CustomerId, PartnerId};
use claim_projector::fixtures::{Desk, boxed, contacts, day, operator, partner_user};
use claim_testkit::stores::Store;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::pages_at;

const CUSTOMERS: u8 = 4;

/// One thing that happens; whether it is accepted does not matter.
#[derive(Clone, Copy, Debug)]
enum Step {
    Add {
        partner: u8,
        engagement: u8,
        customer: u8,
    },
    Claim {
        engagement: u8,
        customer: u8,
    },
    /// Takes an open claim a step on: 0 ask, 1 accept, 2 decline, 3 cancel.
    Move {
        nth: u8,
        how: u8,
    },
    Facts {
        customer: u8,
        spend: u8,
    },
    Retire {
        engagement: u8,
    },
    Publish {
        engagement: u8,
        limit: u8,
    },
    Wait {
        days: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2_u8, 0..2_u8, 0..CUSTOMERS)
            .prop_map(|(partner, engagement, customer)| Step::Add { partner, engagement, customer }),
        2 => (0..2_u8, 0..CUSTOMERS).prop_map(|(engagement, customer)| Step::Claim { engagement, customer }),
        8 => (any::<u8>(), 0..4_u8).prop_map(|(nth, how)| Step::Move { nth, how }),
        2 => (0..CUSTOMERS, 0..10_u8).prop_map(|(customer, spend)| Step::Facts { customer, spend }),
        1 => (0..2_u8).prop_map(|engagement| Step::Retire { engagement }),
        1 => (0..2_u8, 1..4_u8).prop_map(|(engagement, limit)| Step::Publish { engagement, limit }),
        1 => (1..40_u8).prop_map(|days| Step::Wait { days }),
    ]
}

fn change(engagement: u8, limit: u8) -> Value {
    match engagement {
        0 => json!({"limit": limit, "criteria": {"fact": "spend", "op": "ge", "value": 5}}),
        _ => json!({"limit": limit, "scope": "partner_customer"}),
    }
}

fn run(steps: &[Step]) -> (Desk, u32) {
    let mut desk = Desk::with(&["p-1", "p-2"], "e-0", change(0, 2));
    desk.publish("e-1", change(1, 1));
    let mut today = 1;
    for step in steps {
        let at = day(today);
        match *step {
            Step::Add { partner, engagement, customer } => {
                let body = json!({
                    "engagements": [format!("e-{engagement}")], "friendly_name": boxed("f"), "location": "l-1",
                    "customer": {"id_type": "tpid", "value": format!("{}", customer + 1)},
                    "contacts": contacts(&format!("customer-{customer}")), "found": {},
                });
                let partner: PartnerId = format!("p-{}", partner + 1).parse().unwrap();
                let _ = desk.ask(partner_user(&partner), "AddCustomer", body, at);
            }
            Step::Claim { engagement, customer } => {
                let _ = desk.ask(
                    partner_user(&"p-1".parse().unwrap()),
                    "ClaimCustomer",
                    claiming(Desk::customer(&format!("{}", customer + 1)), &format!("e-{engagement}")),
                    at,
                );
            }
            Step::Move { nth, how } => advance(&mut desk, nth, how, today),
            Step::Facts { customer, spend } => {
                desk.facts(&format!("{}", customer + 1), json!({"spend": spend}), at);
            }
            Step::Retire { engagement } => {
                let body = json!({"engagement": format!("e-{engagement}")});
                desk.tell(operator(), "RetireEngagement", body, at);
            }
            Step::Publish { engagement, limit } => {
                desk.publish(&format!("e-{engagement}"), change(engagement, limit));
            }
            Step::Wait { days } => {
                today += u32::from(days);
                desk.fire(day(today));
            }
        }
    }
    (desk, today)
}

fn claiming(customer: CustomerId, engagement: &str) -> Value {
    json!({
        "customer": customer, "engagements": [engagement], "friendly_name": boxed("f"), "location": "l-1",
        "contacts": contacts("claimed"), "found": {},
    })
}

fn advance(desk: &mut Desk, nth: u8, how: u8, today: u32) {
    let open: Vec<_> = desk.customers.values().flat_map(|it| it.open.values().copied()).collect();
    let Some(&claim) = open.get(usize::from(nth) % open.len().max(1)) else { return };
    let status = desk.folded(claim).status;
    let at = day(today);
    use claim_domain::claim::Status::{AwaitingConsent, CustomerClaimed};
    match (how, status) {
        (0, CustomerClaimed) => drop(desk.ask_consent(claim, at)),
        (1, AwaitingConsent) => drop(desk.accept(claim, at)),
        (2, AwaitingConsent) => drop(desk.decline(claim, at)),
        (3, _) => drop(desk.as_partner(claim, "CancelClaim", json!({"claim": claim}), at)),
        (_, CustomerClaimed) => {
            desk.ask_consent(claim, at);
            desk.accept(claim, at);
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test] // R-014, DOMAIN "What the three views show", I-20
    fn a_known_customer_is_eligible_or_ineligible_and_what_says_eligible_is_accepted(
        steps in proptest::collection::vec(step(), 1..60),
    ) {
        let (mut desk, today) = run(&steps);
        let partner: PartnerId = "p-1".parse().unwrap();
        let known: BTreeSet<_> =
            desk.customers.iter().filter(|(_, it)| it.is_known_to(&partner)).map(|(id, _)| *id).collect();
        for engagement in ["e-0", "e-1"] {
            // On one store: that the stores tell the same is said by the tests beside this.
            let (eligible, ineligible) = pages_at(&Store::Sqlite.place(), &desk, engagement, day(today));
            let of = |page: &claim_projector::Page| -> Vec<_> { page.rows.iter().map(|it| it.customer).collect() };
            let both: Vec<_> = of(&eligible).into_iter().chain(of(&ineligible)).collect();
            let each: BTreeSet<_> = both.iter().copied().collect();
            prop_assert_eq!(both.len(), each.len(), "a customer is shown once");
            prop_assert!(known.is_subset(&each), "every known customer is shown");
            prop_assert!(ineligible.rows.iter().all(|it| known.contains(&it.customer) && !it.reasons.is_empty()));
            for row in eligible.rows {
                let open = desk.customers[&row.customer].open.get(&(partner.clone(), engagement.parse().unwrap()));
                prop_assert_eq!(row.claim, open.copied());
                if row.claim.is_none() {
                    let body = claiming(row.customer, engagement);
                    let accepted = desk.ask(partner_user(&partner), "ClaimCustomer", body, day(today));
                    prop_assert!(accepted.is_ok(), "{:?}", accepted);
                }
            }
            for row in ineligible.rows {
                let body = claiming(row.customer, engagement);
                let refused = desk.ask(partner_user(&partner), "ClaimCustomer", body, day(today)).unwrap_err();
                let first = row.reasons[0].code.as_str();
                prop_assert_eq!(refused.refusal.code(), first);
            }
        }
    }
}

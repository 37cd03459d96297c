//! What holds after any sequence of commands about one customer (proptest prints the sequence it fails for).

use std::sync::LazyLock;

use litemap::LiteMap;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::given::*;
use crate::catalog::{CatalogAt, Published};
use crate::choices::{Choice, Nominee, choice};
use crate::claim::{Answer, Status};
use crate::command::Opportunity;
use crate::customer::{Customer, Stamp};
use crate::event::Event;
use crate::identifier::{IdKind, Identifier};
use crate::ids::{EngagementId, PartnerId};
use crate::terms::Scope;
use crate::time::Instant;
use crate::verdict::{Nomination, Verdict, verdict};

/// One move: whether it brings a claim forward, which command, about which claim, how many hours later.
type Move = (bool, Index, Index, u8);

fn sequences() -> impl Strategy<Value = Vec<Move>> {
    let hours = prop_oneof![12 => 0_u8..20, 1 => Just(250)];
    prop::collection::vec((prop::bool::weighted(0.6), any::<Index>(), any::<Index>(), hours), 1..70)
}

/// What brings a claim in this status forward.
fn forward(status: Status) -> Vec<Ask> {
    match status {
        Status::CustomerClaimed => vec![send_consent()],
        Status::AwaitingConsent => vec![customer_accepted(), customer_accepted(), referral_created()],
        Status::ConsentReceived => vec![upload_proof(), submit_claim(), submit_claim(), referral_created()],
        Status::Submitted => vec![start_review()],
        Status::UnderReview => {
            vec![request_partner_action(), approve_claim(), reject_claim(), reject_claim()]
        }
        Status::PartnerActionRequired => vec![resubmit_claim()],
        Status::Rejected => vec![dispute_claim()],
        Status::Disputed => vec![submit_dispute()],
        _ => vec![
            add(),
            add_to(&["referring"]),
            claim_for(&["referring"]),
            record_payment(),
            referral_created(),
        ],
    }
}

/// Commands of every type.
fn any_command() -> Vec<Ask> {
    let litware = |ask: Ask| ask.by(other_partner()).with("location", "loc-9");
    vec![
        add(),
        add_to(&["referring"]),
        add_variable(),
        add_by_tpid(),
        add_by_tenant().with("found", json!({})),
        litware(add_to(&["fixed", "referring"])),
        litware(claim_customer()),
        claim_for(&["referring"]),
        claim_for(&["fixed", "other"]),
        claim_variable(),
        update_contacts(),
        send_consent(),
        customer_accepted(),
        customer_accepted().with("contact_revision", 2),
        customer_declined(),
        resend_consent(),
        upload_proof(),
        send_customer_survey(),
        complete_customer_survey(),
        complete_partner_survey(),
        add_comment(),
        submit_claim(),
        start_review(),
        request_partner_action(),
        resubmit_claim(),
        approve_claim(),
        reject_claim(),
        dispute_claim(),
        submit_dispute(),
        cancel_claim(),
        record_payment(),
        referral_created(),
        referral_failed(),
        cosell_upgraded(),
        cosell_declined(),
        cosell_failed(),
        referral_closed(),
        mail_dispatched(),
        mail_failed(),
        mail_bounced(),
        retry_effect("PartnerLedReferralIntended"),
        retry_effect("CoSellUpgradeIntended"),
        retry_effect("ConsentRequested"),
        record_facts(json!({"segment": "smc"})),
        record_facts(json!({"segment": "enterprise"})).with("observed_at", json!(start().plus_hours(1))),
        publish("fixed", fixed_terms()).with("terms/criteria", is_smc()),
        publish("fixed", fixed_terms()).with("terms/limit", 1),
        publish("other", fixed_terms()).with("terms/scope", "partner_customer").with("terms/limit", 1),
        publish("other", fixed_terms()).with("terms/locations", "recorded"),
        record_eligibility("other", true),
        retire("variable"),
        suspend("p-contoso", "loc-1"),
        enroll("p-contoso", "loc-1"),
    ]
}

/// Plays a sequence; `seen` is told the state before each accepted command, the events, and the state after.
fn play(
    sequence: &[Move],
    alter: impl Fn(Ask) -> Ask,
    mut seen: impl FnMut(&Given, &[Event], &Given),
) -> Given {
    static ANY: LazyLock<Vec<Ask>> = LazyLock::new(any_command);
    static START: LazyLock<Given> = LazyLock::new(|| given([]));
    let mut state = START.clone();
    for (is_forward, which, claim, hours) in sequence {
        state.tell(&days_pass(0).ms_later(i64::from(*hours) * 3_600_000)).unwrap();
        let about = state.one_claim(claim);
        let asks = match about {
            Some(number) if *is_forward => &forward(state.nth_claim(number).status),
            _ => &*ANY,
        };
        let Some(ask) = alter(which.get(asks).clone()).of_any(about) else { continue };
        let before = state.clone();
        match state.tell(&ask) {
            Ok(events) => seen(&before, &events, &state),
            Err(_) => assert_eq!(before.customer, state.customer, "a refused command changed something"),
        }
    }
    state
}

fn recount(customer: &Customer) -> LiteMap<(EngagementId, PartnerId), u32> {
    let mut counts = LiteMap::new();
    for claim in customer.claims.values() {
        if !claim.status.is_terminal() || claim.status == Status::Approved {
            *counts.entry((claim.engagement.clone(), claim.partner.clone())).or_insert(0) += 1;
        }
    }
    counts
}

/// The events as JSON without what carries the deal size itself.
fn without_deal_size(events: &[Event]) -> Vec<Value> {
    let strip = |event: &Event| {
        let mut json = serde_json::to_value(event).unwrap();
        json.as_object_mut().unwrap().remove("deal_size_usd_cents");
        json
    };
    events.iter().map(strip).collect()
}

/// A location of the partner at which a claim can be made, if there is one.
fn good_location(
    catalog: &CatalogAt<'_>,
    partner: &PartnerId,
    published: &Published<'_>,
    at: Instant,
) -> &'static str {
    let good = |it: &&str| {
        let location = it.parse().unwrap();
        catalog.is_enrolled(partner, &location, at) && catalog.is_eligible(partner, &location, published)
    };
    ["loc-1", "loc-2", "loc-9"].into_iter().find(good).unwrap_or("loc-1")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test] // DESIGN rule 6, A-62
    fn refused_commands_change_nothing_and_the_same_inputs_give_the_same_answer(sequence in sequences()) {
        let record = |log: &mut Vec<Event>, events: &[Event]| log.extend(events.iter().cloned());
        let (mut first, mut second) = (vec![], vec![]);
        let one = play(&sequence, |it| it, |_, events, _| record(&mut first, events));
        let two = play(&sequence, |it| it, |_, events, _| record(&mut second, events));
        prop_assert_eq!(first, second);
        prop_assert_eq!(one.customer, two.customer);
    }

    #[test] // DESIGN §5
    fn every_event_and_every_fold_reads_back_from_json(sequence in sequences()) {
        let last = play(&sequence, |it| it, |_, events, _| {
            for event in events {
                let text = serde_json::to_string(event).unwrap();
                assert_eq!(&serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
            }
        });
        let text = serde_json::to_string(&last.customer).unwrap();
        prop_assert_eq!(serde_json::from_str::<Customer>(&text).unwrap(), last.customer);
    }

    #[test]
    fn counts_and_open_claims_equal_a_recount(sequence in sequences()) {
        play(&sequence, |it| it, |_, _, after| {
            let customer = &after.customer;
            let mut counted = customer.counted.clone();
            counted.retain(|_, count| *count > 0);
            assert_eq!(counted, recount(customer));
            let open: LiteMap<_, _> = customer
                .claims
                .values()
                .filter(|it| !it.status.is_terminal())
                .map(|it| ((it.partner.clone(), it.engagement.clone()), it.id))
                .collect();
            assert_eq!(customer.open, open, "two open claims of one partner on one engagement, or a lost one");
            for ((engagement, partner), _) in recount(customer) {
                let both = customer.count(&engagement, &partner, Scope::Customer);
                let partners = recount(customer).into_iter().filter(|((it, _), _)| *it == engagement);
                assert_eq!(both, partners.map(|(_, count)| count).sum::<u32>());
            }
        });
    }

    #[test]
    fn a_claim_has_at_most_one_referral_one_upgrade_and_one_closing(sequence in sequences()) {
        play(&sequence, |it| it, |before, events, after| {
            for event in events {
                let Some(claim) = event.claim() else { continue };
                let (was, is) = (before.customer.claim(claim), &after.customer.claims[&claim]);
                match event {
                    Event::CoSellUpgradeIntended(_) => {
                        assert_eq!(is.answer, Some(Answer::Accepted), "no upgrade before consent");
                        assert!(is.referral.is_some(), "no upgrade without a referral");
                        assert!(!was.unwrap().status.is_terminal(), "no upgrade of a terminal claim");
                    }
                    Event::ReferralClosingIntended(_) => {
                        assert!(is.status.is_terminal() && is.status != Status::Approved);
                        assert!(is.referral.is_some() && !is.cosell && !is.is_upgrade_pending());
                    }
                    _ => {}
                }
            }
            for claim in after.customer.claims.values() {
                for kind in ["PartnerLedReferralIntended", "CoSellUpgradeIntended", "ReferralClosingIntended"] {
                    assert!(claim.effects.iter().filter(|it| it.kind.as_str() == kind).count() <= 1, "{kind}");
                }
            }
        });
    }

    #[test]
    fn what_is_frozen_never_changes_and_terminal_claims_stay_so(sequence in sequences()) {
        play(&sequence, |it| it, |before, _, after| {
            for (id, was) in &before.customer.claims {
                let is = &after.customer.claims[id];
                if was.deal_size_usd_cents.is_some() {
                    assert_eq!(is.deal_size_usd_cents, was.deal_size_usd_cents);
                }
                if was.status.is_terminal() {
                    assert_eq!(is.status, was.status);
                }
                assert_eq!((is.hours, &is.payout, is.terms_version), (was.hours, &was.payout, was.terms_version));
                assert_eq!((&is.identifier, is.consent_due_at), (&was.identifier, was.consent_due_at));
                assert!(was.submit_due_at.is_none() || is.submit_due_at == was.submit_due_at);
                assert!(was.answer.is_none() || is.answer == was.answer);
                assert!(is.contact_revision >= was.contact_revision);
            }
        });
    }

    #[test]
    fn deal_size_changes_neither_a_decision_nor_a_payout(sequence in sequences(), cents in 1..i64::MAX) {
        let sized = |cents: i64| move |ask: Ask| match ask.command_type() {
            Some(crate::command::CommandType::SendConsent) => ask.with("deal_size_usd_cents", cents),
            _ => ask,
        };
        let (mut small, mut large) = (vec![], vec![]);
        play(&sequence, sized(1), |_, events, _| small.extend(without_deal_size(events)));
        play(&sequence, sized(cents), |_, events, _| large.extend(without_deal_size(events)));
        prop_assert_eq!(small, large);
    }

    #[test] // end of DOMAIN
    fn eligible_means_that_claim_is_accepted(sequence in sequences()) {
        let last = play(&sequence, |it| it, |_, _, _| {});
        let catalog = last.catalog.at(last.sequence);
        for (partner, asker) in [("p-contoso", partner()), ("p-litware", other_partner())] {
            let partner: PartnerId = partner.parse().unwrap();
            for published in catalog.engagements() {
                let open = last.customer.open.contains_key(&(partner.clone(), published.engagement.clone()));
                if open || !last.customer.is_known_to(&partner) {
                    continue;
                }
                let known = Nomination::Known;
                let said = verdict(&catalog, &published, &partner, &last.customer, known, last.now);
                let engagement = published.engagement.as_str();
                let ask = if engagement == "variable" { claim_variable() } else { claim_for(&[engagement]) };
                let location = good_location(&catalog, &partner, &published, last.now);
                let answer = last.clone().when(ask.by(asker.clone()).with("location", location)).in_short();
                let eligible = matches!(said, Verdict::Eligible { .. });
                prop_assert_eq!(answer == "CustomerClaimed", eligible, "{}: {} but {:?}", engagement, answer, said);
            }
        }
    }

    #[test]
    fn what_can_be_chosen_is_accepted_by_add(sequence in sequences()) {
        let last = play(&sequence, |it| it, |_, _, _| {});
        let catalog = last.catalog.at(last.sequence);
        let partner: PartnerId = "p-contoso".parse().unwrap();
        let opportunity: Opportunity =
            read(json!({"open": true, "of_customer": true, "value": "100000.00", "currency": "USD"}));
        for published in catalog.engagements() {
            for ask in [add_by_tpid(), add_by_tenant(), add_variable()] {
                let variable = published.terms.is_msx_only();
                let ask = if variable { ask.with("hours", 40) } else { ask.without("hours") };
                let identifier: Identifier = read(ask.field("customer"));
                let is_opportunity = identifier.kind() == IdKind::MsxOpportunityId;
                let nominee = Nominee {
                    identifier: &identifier,
                    values: last.customer.values(&identifier),
                    opportunity: is_opportunity.then_some(&opportunity),
                    hours: variable.then_some(40),
                };
                let said = choice(&catalog, &published, &partner, &last.customer, &nominee, last.now);
                let location = good_location(&catalog, &partner, &published, last.now);
                let ask = ask.with("engagements", json!([published.engagement])).with("location", location);
                let answer = last.clone().when(ask).in_short();
                let eligible = matches!(said, Choice::Eligible(_));
                prop_assert_eq!(answer == "CustomerAdded", eligible, "{}: {:?}", answer, said);
            }
        }
    }

    #[test] // the fold is total
    fn events_that_no_decision_could_have_made_do_not_panic(sequence in sequences(), order in any::<u64>()) {
        let mut log = vec![];
        play(&sequence, |it| it, |_, events, _| log.extend(events.iter().cloned()));
        let mut fold = Customer::default();
        let mut rest = order;
        while !log.is_empty() {
            let at = usize::try_from(rest % 97).unwrap() % log.len();
            rest = rest.rotate_left(7) ^ 0x9e37_79b9_7f4a_7c15;
            fold.evolve(&log.swap_remove(at), Stamp { at: start(), imported: rest % 2 == 0 });
            assert!(fold.due(start().plus_days(9_999)).is_sorted());
        }
    }
}

#[test] // the sequences must not be idle, or the properties say nothing
fn the_moves_reach_far_into_the_life_of_a_claim() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    let mut events_seen = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let sequence = sequences().new_tree(&mut runner).unwrap().current();
        play(
            &sequence,
            |it| it,
            |_, events, after| {
                reached.extend(after.customer.claims.values().map(|it| it.status));
                events_seen.extend(events.iter().map(Event::event_type));
            },
        );
    }
    assert!(reached.len() >= 14, "only {reached:?}");
    for event in ["CoSellUpgradeIntended", "ReferralClosingIntended", "CustomerClaimed", "PaymentRecorded"] {
        assert!(events_seen.contains(event), "no {event} among {events_seen:?}");
    }
}

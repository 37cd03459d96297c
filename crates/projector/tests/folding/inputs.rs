//! The standing inputs are the domain's own fold, and what was said about it.

use claim_domain::claim::Status;
use claim_domain::ids::{CommandId, PartnerId};
use claim_journal::{Offsets, OutcomeKind};
use claim_projector::Occasion;
use claim_projector::fixtures::{Desk, contacts, day, partner_user, reviewer};
use serde_json::json;
use uuid::Uuid;

use super::{Place, busy_desk};
use claim_testkit::stores::on_every_store;

#[test] // A-61, DESIGN rule 5
fn customers_claims_and_catalog_are_the_domains_fold() {
    on_every_store(|store| {
        let desk = busy_desk(Offsets::Positions);
        let place = Place::new(store);
        // In small steps, so that customers are read back between batches.
        for count in 1..=desk.log.len() {
            place.runner(&desk).catch_up(&desk.log.first(count), &mut |_| ()).unwrap();
        }
        let runner = place.runner(&desk);
        let snapshot = runner.views().snapshot().unwrap();
        for (id, customer) in &desk.customers {
            let mut folded = snapshot.customer(*id).unwrap().unwrap();
            assert!(folded.claims.is_empty());
            for claim in customer.claims.keys() {
                let file = snapshot.claim(*claim).unwrap().unwrap();
                assert_eq!(file.customer, *id);
                folded.claims.insert(*claim, Box::new(file.claim));
            }
            assert_eq!(&folded, customer);
        }
        let catalog = snapshot.catalog().unwrap();
        assert_eq!(snapshot.program(), desk.program);
        assert_eq!(format!("{catalog:?}"), format!("{:?}", desk.catalog));
    });
}

#[test]
fn a_customer_is_known_from_its_first_consent_to_that_partner_on() {
    on_every_store(|store| {
        let mut desk = Desk::with(&["p-1", "p-2"], "e-1", json!({"limit": 9}));
        let claim = desk.add("p-1", "e-1", "1", "Alpha", day(1));
        desk.add("p-2", "e-1", "1", "Alpha for the other", day(1));
        desk.ask_consent(claim, day(2));
        let place = Place::new(store);
        let known = |desk: &Desk, partner: &str| {
            let mut runner = place.runner(desk);
            runner.catch_up(&desk.log, &mut |_| ()).unwrap();
            let partner: PartnerId = partner.parse().unwrap();
            runner.views().snapshot().unwrap().known(&partner).unwrap()
        };
        assert_eq!(known(&desk, "p-1"), []);
        desk.accept(claim, day(3));
        desk.as_partner(claim, "CancelClaim", json!({"claim": claim}), day(4));
        assert_eq!(known(&desk, "p-1"), [Desk::customer("1")]);
        assert_eq!(known(&desk, "p-2"), []);
    });
}

#[test] // DESIGN §7: a partner sees only what it gave
fn an_acquaintance_is_what_the_partner_itself_told() {
    on_every_store(|store| {
        let mut desk = Desk::with(&["p-1", "p-2"], "e-1", json!({"limit": 9}));
        let claim = desk.add("p-1", "e-1", "1", "Old name", day(1));
        desk.add("p-2", "e-1", "1", "The other's name", day(5));
        let body = json!({"claim": claim, "contacts": contacts("New name")});
        desk.as_partner(claim, "UpdateContacts", body, day(2));
        desk.publish("e-2", json!({"limit": 9}));
        desk.add("p-1", "e-2", "1", "Newest name", day(3));
        let place = Place::new(store);
        let mut runner = place.runner(&desk);
        runner.catch_up(&desk.log, &mut |_| ()).unwrap();
        let snapshot = runner.views().snapshot().unwrap();
        let told = snapshot.acquaintances(&"p-1".parse().unwrap(), None).unwrap();
        let told = &told[&Desk::customer("1")];
        assert_eq!((told.name.as_str(), told.updated_at), ("Newest name", day(3)));
        assert_eq!(told.identifiers.len(), 1);
    });
}

#[test] // D-11, I-29
fn a_refusal_reaches_history_and_outcomes_and_nothing_else() {
    on_every_store(|store| {
        let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
        let claim = desk.add("p-1", "e-1", "1", "Alpha", day(1));
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let state = "SELECT count(*) + sum(length(state)) + sum(updated_at_ms) FROM claims";
        let (events, before) = (place.number("SELECT sum(count) FROM counts"), place.number(state));
        desk.ask(reviewer(), "ApproveClaim", json!({"claim": claim}), day(2)).unwrap_err();
        let asked = desk.decisions.len();
        place.fold(&desk).unwrap();
        assert_eq!((place.number("SELECT sum(count) FROM counts"), place.number(state)), (events, before));
        let runner = place.runner(&desk);
        let snapshot = runner.views().snapshot().unwrap();
        let history = snapshot.history(claim).unwrap();
        let [added, refused] = &history[..] else { panic!("{history:?}") };
        assert_eq!((added.outcome, added.events.len()), (OutcomeKind::Accepted, 1));
        assert_eq!(refused.outcome, OutcomeKind::Refused);
        assert_eq!(refused.reason.as_ref().unwrap().refusal.code(), "wrong_status");
        let Occasion::Command(command) = &refused.occasion else { panic!("{refused:?}") };
        assert_eq!(*command.asker, reviewer());
        let answers = snapshot.answers(CommandId(Uuid::from_u128(asked as u128))).unwrap();
        let [answer] = &answers[..] else { panic!("{answers:?}") };
        assert_eq!((answer.code.as_deref(), answer.position), (Some("wrong_status"), refused.position));
        let line = claim_log::ReadLog::record(&desk.log, answer.position.partition, answer.offset).unwrap();
        assert_eq!(claim_journal::Line::parse(&line).unwrap().envelope.sequence, answer.position.sequence);
        assert_eq!(snapshot.refusals().unwrap()["wrong_status"], 1);
    });
}

#[test] // D-11
fn the_history_of_a_claim_has_its_deadline_too() {
    on_every_store(|store| {
        let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
        let claim = desk.add("p-1", "e-1", "1", "Alpha", day(1));
        desk.fire(day(90));
        let _ =
            desk.ask(partner_user(&"p-1".parse().unwrap()), "CancelClaim", json!({"claim": claim}), day(91));
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let runner = place.runner(&desk);
        let history = runner.views().snapshot().unwrap().history(claim).unwrap();
        let json = serde_json::to_value(&history).unwrap();
        assert_eq!(json[0]["command"]["type"], "AddCustomer");
        assert_eq!(json[1]["deadline"], json!({"kind": "consent", "due_at": day(31)}));
        assert_eq!(json[1]["judged_at"], day(31).to_string());
        assert_eq!(json[1]["events"][0]["type"], "CustomerConsentExpired");
        assert_eq!(json[2]["reason"]["code"], "deadline_reached");
        assert_eq!(desk.folded(claim).status, Status::ConsentExpired);
    });
}

#[test] // F-40: no text that can be on the journal stops a view
fn a_name_with_any_character_is_folded() {
    on_every_store(|store| {
        let mut desk = Desk::with(&["p-1"], "e-1", json!({}));
        let claim = desk.add("p-1", "e-1", "1", "A\0B'\\\u{1}\u{10FFFF}?1$1", day(1));
        let place = Place::new(store);
        place.fold(&desk).unwrap();
        let runner = place.runner(&desk);
        let snapshot = runner.views().snapshot().unwrap();
        let told = snapshot.acquaintances(&"p-1".parse().unwrap(), None).unwrap();
        assert_eq!(told[&Desk::customer("1")].name, "A\u{FFFD}B'\\\u{1}\u{10FFFF}?1$1");
        let contacts = snapshot.claim(claim).unwrap().unwrap().contacts;
        assert_eq!(contacts.organisation.name.as_str(), "A\0B'\\\u{1}\u{10FFFF}?1$1", "the whole is kept");
        assert_eq!(place.verify(&desk).difference, None);
    });
}

//! `audit explain`: why a claim is what it is, and what would have happened otherwise.

use serde_json::{Value, json};

use crate::place::Place;
use crate::sample::APPLIED;
use crate::world::{DAY_MS, SCAN, accept, add, at, claim, lines, program, received, send_consent};

fn explained(place: &Place, id: &str) -> Value {
    place.run(["audit", "explain", id, "--json"]).ended(0).json().remove(0)
}

/// A directory on which these commands came on these days; consent expires on day 30.
fn told(commands: &[(i64, Value)]) -> (Place, String, Vec<Value>) {
    let place = Place::of_world();
    let begin = program(30).into_iter().map(|it| received(it, 0));
    let then = commands.iter().map(|(day, it)| received(it.clone(), day * DAY_MS));
    let input = lines(&begin.chain(then).collect::<Vec<_>>());
    let answers = place.apply_recorded(input).ended(0).json();
    let id = answers[3]["claims"][0].as_str().unwrap().to_owned();
    (place, id, answers)
}

#[test] // the item 13: command, asker, facts, terms, rules, deadlines, and what would have been otherwise
fn every_decision_is_told_with_its_rules_its_terms_and_its_deadline() {
    let (place, id, _) =
        told(&[(0, add(100, 1)), (1, send_consent(101, &claim(100))), (2, accept(102, &claim(100)))]);
    let it = explained(&place, &id);
    assert_eq!((&it["status"], &it["engagement"]), (&json!("ConsentReceived"), &json!(SCAN)));
    let steps = it["steps"].as_array().unwrap();
    let asked: Vec<_> = steps.iter().map(|it| &it["command"]["type"]).collect();
    assert_eq!(asked, ["AddCustomer", "SendConsent", "CustomerAccepted"]);
    assert_eq!(steps[0]["command"]["asker"]["user"], "u-1");
    assert_eq!(
        steps[0]["events"][0]["friendly_name"], "A scan",
        "what is sealed is opened for who has the keys"
    );
    assert_eq!(steps[0]["terms"], json!({"engagement": SCAN, "version": 1, "program": 3}));
    assert!(steps[0]["facts"][0]["identifier"]["value"].is_string(), "{}", steps[0]);
    let due = [at(30 * DAY_MS), at(30 * DAY_MS), at(62 * DAY_MS)];
    for ((step, due), status) in
        steps.iter().zip(due).zip(["ConsentExpired", "ConsentExpired", "NotSubmittedExpired"])
    {
        assert_eq!(
            (&step["next_deadline"]["due_at"], &step["next_deadline"]["status"]),
            (&json!(due), &json!(status))
        );
    }
    for (step, rule) in steps.iter().zip(["R-018", "R-065", "R-076"]) {
        assert!(step["rules"].as_array().unwrap().contains(&json!(rule)), "{}", step["rules"]);
        assert!(it["rules"][rule].as_str().unwrap().len() > 20);
    }
    assert!(steps[0]["otherwise"].is_null(), "no deadline ran before the claim was there");
    let page = place.run(["audit", "explain", &id]).ended(0).out;
    for part in
        ["AddCustomer by partner:p-contoso u-1", "5000.00 USD", "ConsentReceived", "R-018  A location"]
    {
        assert!(page.contains(part), "no {part} in {page}");
    }
    place.run(["audit", "explain", "c000-00000000000000000000"]).ended(1);
}

#[test] // DESIGN rule 7: what is said to have happened otherwise happens when it is so
fn what_would_have_happened_otherwise_happens() {
    let before = || vec![(0, add(100, 1)), (1, send_consent(101, &claim(100)))];
    let on_day = |day| [before(), vec![(day, accept(102, &claim(100)))]].concat();
    let code = |answers: &[Value]| answers[5]["reason"]["code"].clone();

    let (early, id, in_time) = told(&on_day(29));
    let (late, _, too_late) = told(&on_day(30));
    let later = explained(&early, &id)["steps"][2]["otherwise"]["later"].clone();
    assert_eq!(later["from"], at(30 * DAY_MS));
    assert_eq!(later["comes_to"]["refused"], code(&too_late), "{later}");
    assert_eq!(in_time[5]["outcome"], "accepted");

    let steps = explained(&late, &id)["steps"].clone();
    assert_eq!(steps[2]["deadline"]["kind"], "consent", "{}", steps[2]);
    let by = steps[2]["otherwise"]["prevented"]["by"].as_array().unwrap();
    assert!(by.contains(&json!("CustomerAccepted")) && steps[2]["events"][0]["type"] == later["fires"][0]);
    let earlier = steps[3]["otherwise"]["earlier"].clone();
    assert_eq!(earlier["before"], at(30 * DAY_MS));
    let came_to: Vec<_> =
        in_time[5]["events"].as_array().unwrap().iter().map(|it| it["type"].clone()).collect();
    assert_eq!(earlier["comes_to"]["accepted"], json!(came_to), "{earlier}");
    assert!(steps[3]["rules"].as_array().unwrap().contains(&json!("A-67")), "{}", steps[3]);
}

#[test] // D-11: an explanation is the history and more
fn claims_of_the_sample_are_explained_as_their_history_has_them() {
    let args =
        ["view", "completed", "--partner", "p-contoso", "--engagement", "security-workshop-2026", "--json"];
    let page = APPLIED.place.run(args).ended(0).json().remove(0);
    for row in page["rows"].as_array().unwrap().iter().step_by(9) {
        let id = row["claim"].as_str().unwrap();
        let history = APPLIED.place.run(["history", id, "--json"]).ended(0).json();
        let it = explained(&APPLIED.place, id);
        assert_eq!(it["status"], row["status"]);
        let steps = it["steps"].as_array().unwrap();
        assert_eq!(steps.len(), history.len());
        for (step, entry) in steps.iter().zip(&history) {
            for (field, value) in entry.as_object().unwrap() {
                assert_eq!(step[field], *value, "{field} of {id}");
            }
            assert!(!step["rules"].as_array().unwrap().is_empty(), "{step}");
        }
    }
}

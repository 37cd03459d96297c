//! The program: terms, enrolments, eligibility, each the newest that was said (A-51 … ).

use std::rc::Rc;

use serde_json::{Value, json};

use super::{Answer, Asked, ids, no};

/// What was decided of the program, oldest first, with the position of each decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Program {
    said: Vec<(u64, Rc<Value>)>,
    /// How many decisions there were.
    pub(crate) decisions: u64,
}

impl Program {
    /// One more decision.
    pub(super) fn happened(&mut self, events: &[Value]) {
        self.decisions += 1;
        self.said.extend(events.iter().map(|it| (self.decisions, Rc::new(it.clone()))));
    }

    /// As it stood after this decision.
    pub(super) fn as_of(&self, decision: u64) -> Self {
        let said = self.said.iter().filter(|(at, _)| *at <= decision).cloned().collect();
        Self { said, decisions: decision }
    }

    fn all<'a>(&'a self, event: &'a str) -> impl DoubleEndedIterator<Item = &'a Value> + 'a {
        self.said.iter().map(|(_, it)| &**it).filter(move |it| it["type"] == event)
    }

    fn newest_of(&self, events: [&str; 2], about: &[(&str, &Value)]) -> Option<&Value> {
        let fits = |it: &&Value| {
            events.iter().any(|event| it["type"] == *event)
                && about.iter().all(|(name, is)| it[*name] == **is)
        };
        self.said.iter().rev().map(|(_, it)| &**it).find(fits)
    }

    /// The terms of one version of an engagement.
    pub(super) fn version(&self, engagement: &Value, version: &Value) -> &Value {
        let mut published = self.all("EngagementPublished");
        let it = published.find(|it| it["engagement"] == *engagement && it["terms_version"] == *version);
        &it.expect("a published version")["terms"]
    }

    /// The newest terms of an engagement.
    pub(super) fn newest(&self, engagement: &Value) -> Option<&Value> {
        self.newest_version(engagement).map(|it| &it["terms"])
    }

    /// The newest publication of an engagement.
    pub(super) fn newest_version(&self, engagement: &Value) -> Option<&Value> {
        self.newest_of(["EngagementPublished"; 2], &[("engagement", engagement)])
    }

    pub(super) fn is_retired(&self, engagement: &Value) -> bool {
        let newest =
            self.newest_of(["EngagementPublished", "EngagementRetired"], &[("engagement", engagement)]);
        newest.is_some_and(|it| it["type"] == "EngagementRetired")
    }

    /// `until` of a location that is enrolled by its newest word, null without one.
    fn enrolment(&self, partner: &Value, location: &Value) -> Option<&Value> {
        let newest = self.newest_of(
            ["LocationEnrolled", "LocationSuspended"],
            &[("partner", partner), ("location", location)],
        )?;
        (newest["type"] == "LocationEnrolled").then_some(&newest["until"])
    }

    /// `until` is exclusive.
    pub(super) fn is_enrolled(&self, partner: &Value, location: &Value, at: i64) -> bool {
        self.enrolment(partner, location).is_some_and(|until| until.is_null() || at < ids::read(until))
    }

    ///
    pub(super) fn is_eligible(&self, partner: &Value, location: &Value, engagement: &Value) -> bool {
        let by_record = self.newest(engagement).is_some_and(|it| it["locations"] == "recorded");
        let about = [("partner", partner), ("location", location), ("engagement", engagement)];
        let newest = self.newest_of(["PartnerEligibilityRecorded"; 2], &about);
        !by_record || newest.is_some_and(|it| it["eligible"] == true)
    }

    /// A command about the program; whether the asker may give it was looked at by its caller.
    pub(super) fn answer(&self, asked: &Asked) -> Answer {
        if !super::who::may(asked) {
            return Err(no("role_not_allowed"));
        }
        let (program, body) = (self.as_of(asked.program), &asked.body);
        let known = program.newest_version(&body["engagement"]);
        let changes = match asked.command {
            "PublishEngagement" => return program.publish(body),
            "RetireEngagement" => {
                known.ok_or_else(|| no("engagement_not_found"))?;
                (!program.is_retired(&body["engagement"]))
                    .then_some(("EngagementRetired", &["engagement"][..]))
            }
            "EnrollLocation" => {
                let same = program.enrolment(&body["partner"], &body["location"]) == Some(&body["until"]);
                (!same).then_some(("LocationEnrolled", &["partner", "location", "until"][..]))
            }
            "SuspendLocation" => {
                let about = [("partner", &body["partner"]), ("location", &body["location"])];
                program
                    .newest_of(["LocationEnrolled"; 2], &about)
                    .ok_or_else(|| no("location_not_enrolled"))?;
                let enrolled = program.enrolment(&body["partner"], &body["location"]).is_some();
                enrolled.then_some(("LocationSuspended", &["partner", "location"][..]))
            }
            "RecordPartnerEligibility" => {
                known.ok_or_else(|| no("engagement_not_found"))?;
                let about = ["partner", "location", "engagement"].map(|name| (name, &body[name]));
                let newest = program.newest_of(["PartnerEligibilityRecorded"; 2], &about);
                let fields = &["partner", "location", "engagement", "eligible", "reason"][..];
                let same = newest
                    .is_some_and(|it| ["eligible", "reason"].iter().all(|name| it[*name] == body[*name]));
                (!same).then_some(("PartnerEligibilityRecorded", fields))
            }
            other => panic!("no such command: {other}"),
        };
        Ok(changes.into_iter().map(|(event, fields)| said(event, fields, body)).collect())
    }

    /// the same terms change nothing, and a retired engagement opens again.
    fn publish(&self, body: &Value) -> Answer {
        let engagement = &body["engagement"];
        if is_against_the_rules(&body["terms"]) {
            return Err(no("terms_invalid"));
        }
        let newest = self.newest_version(engagement);
        let terms = whole(&body["terms"]);
        if newest.is_some_and(|it| it["terms"] == terms) && !self.is_retired(engagement) {
            return Ok(vec![]);
        }
        let terms_version = newest.map_or(1, |it| it["terms_version"].as_u64().expect("a number") + 1);
        Ok(vec![json!({"type": "EngagementPublished", "version": 1, "engagement": engagement,
            "terms_version": terms_version, "terms": terms})])
    }
}

/// An event with these fields of the command, those that are there.
fn said(event: &str, fields: &[&str], body: &Value) -> Value {
    let mut json = json!({"type": event, "version": 1});
    for name in fields {
        if let Some(value) = body.get(*name) {
            json[*name] = value.clone();
        }
    }
    json
}

/// The terms with what is meant where nothing is said.
fn whole(terms: &Value) -> Value {
    let mut whole = json!({"scope": "customer", "locations": "all_enrolled"});
    whole.as_object_mut().expect("terms").extend(terms.as_object().expect("terms").clone());
    whole
}

/// A-77, as far as the stories go: day counts, limit, hours, and the kinds of identifier that go with the pay.
fn is_against_the_rules(terms: &Value) -> bool {
    let days = terms["days"].as_object().expect("days");
    let is_variable = terms["pay"] == "variable";
    let kinds = terms["id_kinds"].as_array().expect("kinds");
    let takes_opportunities = kinds.contains(&json!("msx_opportunity_id"));
    days.values().any(|it| *it == 0)
        || terms["limit"] == 0
        || terms["hours"].is_object() != is_variable
        || takes_opportunities != is_variable
}

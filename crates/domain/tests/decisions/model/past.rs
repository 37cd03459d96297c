//! What happened to a customer, and what can be learnt of a claim by looking through it.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde_json::{Value, json};

use super::Program;
use super::ids::spelt;

const HOUR_MS: i64 = 3_600_000;

/// One event, when it was judged, and whether it was imported.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) at: i64,
    pub(crate) imported: bool,
    pub(crate) event: Value,
}

impl Entry {
    pub(super) fn is(&self, event: &str) -> bool {
        self.event["type"] == event
    }
}

/// Everything that happened to one customer, oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past(pub(crate) Vec<Rc<Entry>>);

/// What happened to one claim, its creation first.
#[derive(Clone, Debug)]
pub(crate) struct Claim(Vec<Rc<Entry>>);

impl Past {
    /// The claims, oldest first.
    pub(crate) fn claims(&self) -> Vec<Claim> {
        let created = self.0.iter().filter(|it| it.is("CustomerAdded") || it.is("CustomerClaimed"));
        created.filter_map(|it| self.claim(&it.event["claim"])).collect()
    }

    /// The claim of this id.
    pub(crate) fn claim(&self, id: &Value) -> Option<Claim> {
        let entries: Vec<_> = self.0.iter().filter(|it| it.event["claim"] == *id).cloned().collect();
        (!entries.is_empty()).then_some(Claim(entries))
    }

    /// The newest observation of this identifier, or of the tenant that a domain was derived to.
    pub(super) fn observed(&self, whose: &Value) -> Option<&Value> {
        let about = |event: &Value| event.get("tenant").unwrap_or(&event["identifier"]) == whose;
        let mut newest_first = self.0.iter().rev().filter(|it| it.is("CustomerFactsRecorded"));
        newest_first.find(|it| about(&it.event)).map(|it| &it.event)
    }

    /// The tenant that a domain was last derived to, by Add or by facts.
    pub(super) fn derived(&self, domain: &Value) -> Option<&Value> {
        let looked_up = |it: &&Rc<Entry>| {
            (it.is("CustomerFactsRecorded") || it.is("CustomerAdded")) && it.event["identifier"] == *domain
        };
        self.0.iter().rev().filter(looked_up).find_map(|it| it.event.get("tenant"))
    }

    /// The facts of an identifier.
    pub(super) fn facts(&self, identifier: &Value) -> Option<&Value> {
        let whose = match identifier["id_type"] == "domain_name" {
            true => self.derived(identifier)?,
            false => identifier,
        };
        self.observed(whose).map(|it| &it["values"])
    }

    /// The identifiers under which the partner got consent, newest first.
    pub(super) fn known_to(&self, partner: &Value) -> Vec<Value> {
        let consents = self.0.iter().rev().filter(|it| it.is("CustomerConsentReceived"));
        let claims = consents.filter_map(|it| self.claim(&it.event["claim"]));
        let of_partner = claims.filter(|it| it.told("partner") == partner);
        of_partner.map(|it| it.told("identifier").clone()).collect()
    }
}

/// Where each event leaves its claim (DOMAIN §4).
const LEADS: &[(&str, &str)] = &[
    ("CustomerAdded", "CustomerClaimed"),
    ("CustomerClaimed", "CustomerClaimed"),
    ("ConsentRequested", "AwaitingConsent"),
    ("CustomerConsentReceived", "ConsentReceived"),
    ("CustomerConsentDeclined", "ConsentDeclined"),
    ("CustomerConsentExpired", "ConsentExpired"),
    ("ClaimCanceled", "Canceled"),
    ("ClaimSubmitted", "Submitted"),
    ("ClaimNotSubmittedExpired", "NotSubmittedExpired"),
    ("ReviewStarted", "UnderReview"),
    ("PartnerActionRequested", "PartnerActionRequired"),
    ("ClaimResubmitted", "Submitted"),
    ("ClaimPostSubmissionExpired", "PostSubmissionExpired"),
    ("ClaimApproved", "Approved"),
    ("ClaimRejected", "Rejected"),
    ("ClaimDisputed", "Disputed"),
    ("DisputeSubmitted", "Submitted"),
    ("ClaimDisputeExpired", "DisputedExpired"),
    ("ClaimRejectedFinal", "RejectedFinal"),
];

const EXPIRED: &[&str] =
    &["ConsentExpired", "NotSubmittedExpired", "PostSubmissionExpired", "DisputedExpired"];

impl Claim {
    pub(crate) fn id(&self) -> &str {
        self.told("claim").as_str().expect("a claim")
    }

    /// What its creation says.
    pub(crate) fn told(&self, field: &str) -> &Value {
        &self.0[0].event[field]
    }

    /// The newest event of this type.
    pub(super) fn last(&self, event: &str) -> Option<&Entry> {
        self.0.iter().rev().find(|it| it.is(event)).map(AsRef::as_ref)
    }

    pub(super) fn all<'a>(&'a self, event: &'a str) -> impl DoubleEndedIterator<Item = &'a Entry> + 'a {
        self.0.iter().filter(move |it| it.is(event)).map(AsRef::as_ref)
    }

    pub(super) fn has(&self, event: &str) -> bool {
        self.last(event).is_some()
    }

    /// What it is once this happened too.
    pub(super) fn and_then(&self, event: &Value) -> Self {
        let newest = Entry { at: i64::MAX, imported: false, event: event.clone() };
        Self(self.0.iter().cloned().chain([Rc::new(newest)]).collect())
    }

    pub(crate) fn status(&self) -> &'static str {
        let leads = |it: &Rc<Entry>| LEADS.iter().find(|(event, _)| it.is(event)).map(|(_, to)| *to);
        self.0.iter().rev().find_map(leads).expect("its creation")
    }

    /// Whether it has ended (DOMAIN §3.1).
    pub(crate) fn is_over(&self) -> bool {
        EXPIRED.contains(&self.status())
            || ["Canceled", "ConsentDeclined", "Approved", "RejectedFinal"].contains(&self.status())
    }

    /// Whether it takes a place under the limit.
    pub(super) fn counts(&self) -> bool {
        !self.is_over() || self.status() == "Approved"
    }

    /// the code for a status that its row does not name.
    pub(super) fn not_in_row(&self) -> Value {
        let status = self.status();
        match self.0.iter().rev().find(|it| EXPIRED.contains(&status) && it.event["due_at"].is_string()) {
            Some(end) => super::no_because(
                "deadline_reached",
                json!({"due_at": end.event["due_at"], "status": status}),
            ),
            None => super::no_because("wrong_status", json!({ "status": status })),
        }
    }

    ///
    pub(crate) fn revision(&self) -> usize {
        let with_contacts = self.all("ConsentRequested").filter(|it| it.event["contacts"].is_object());
        1 + self.all("ContactsUpdated").count() + with_contacts.count()
    }

    /// When the customer was last asked or reminded.
    pub(super) fn asked_at(&self) -> i64 {
        let mails = self.0.iter().rev();
        let newest =
            mails.filter(|it| it.is("ConsentRequested") || it.is("ConsentReminderRequested")).map(|it| it.at);
        newest.max().expect("it was asked")
    }

    /// Whether a survey was sent and neither answered nor voided by other contacts since.
    pub(super) fn survey_is_outstanding(&self) -> bool {
        let turns = ["CustomerSurveyRequested", "CustomerSurveyCompleted", "ContactsUpdated"];
        let newest = self.0.iter().rev().find(|it| turns.iter().any(|turn| it.is(turn)));
        newest.is_some_and(|it| it.is("CustomerSurveyRequested"))
    }

    /// The terms that hold for it.
    pub(super) fn terms<'p>(&self, program: &'p Program) -> &'p Value {
        program.version(self.told("engagement"), self.told("terms_version"))
    }

    /// So many of the days of its terms after the newest event of this type.
    pub(super) fn days_after(&self, program: &Program, event: &str, days: &str) -> Option<i64> {
        let days = self.terms(program)["days"][days].as_i64().expect("a day count");
        self.last(event).map(|it| it.at + days * 24 * HOUR_MS)
    }

    /// The end of the time for review: that after a dispute, once one was submitted.
    pub(super) fn review_due_at(&self, program: &Program) -> Option<i64> {
        match self.has("DisputeSubmitted") {
            true => self.days_after(program, "DisputeSubmitted", "dispute_review"),
            false => self.days_after(program, "CustomerConsentReceived", "review"),
        }
    }

    /// The deadline that would end it, and what that is called (rows 7, 11, 15, 20).
    pub(crate) fn running(&self, program: &Program) -> Option<(i64, &'static str)> {
        let created = if self.has("CustomerAdded") { "CustomerAdded" } else { "CustomerClaimed" };
        let (due_at, kind) = match self.status() {
            "CustomerClaimed" | "AwaitingConsent" => {
                (self.days_after(program, created, "consent"), "consent")
            }
            "ConsentReceived" => (self.days_after(program, "CustomerConsentReceived", "submit"), "submit"),
            "PartnerActionRequired" => {
                let kind = if self.has("DisputeSubmitted") { "dispute_review" } else { "review" };
                (self.review_due_at(program), kind)
            }
            "Rejected" | "Disputed" => (self.days_after(program, "ClaimRejected", "dispute"), "dispute"),
            _ => return None,
        };
        Some((due_at?, kind))
    }

    /// What comes of a deadline.
    pub(super) fn expiry(&self, kind: &str, due_at: i64) -> Vec<Value> {
        let event = match kind {
            "consent" => "CustomerConsentExpired",
            "submit" => "ClaimNotSubmittedExpired",
            "dispute" => "ClaimDisputeExpired",
            _ => "ClaimPostSubmissionExpired",
        };
        self.and_closing(self.event(event, json!({"due_at": spelt(due_at)})))
    }

    /// An event of it with these fields.
    pub(super) fn event(&self, event: &str, fields: Value) -> Value {
        let mut json = json!({"type": event, "version": 1, "claim": self.id()});
        let fields = fields.as_object().expect("fields").clone();
        json.as_object_mut().expect("an event").extend(fields);
        json
    }

    /// The kinds of proof given, answered surveys among them.
    pub(super) fn proof(&self) -> BTreeSet<&str> {
        let uploaded = self.all("ProofUploaded").filter_map(|it| it.event["proof"]["kind"].as_str());
        let uploaded = uploaded.filter(|kind| !kind.ends_with("_survey"));
        let customers = self.last("CustomerSurveyCompleted").map(|_| "customer_survey");
        let partners = self.last("PartnerSurveyCompleted").map(|_| "partner_survey");
        uploaded.chain(customers).chain(partners).collect()
    }

    /// When the time for a reminder comes.
    pub(super) fn next_reminder_at(&self, interval_hours: i64) -> i64 {
        self.asked_at() + interval_hours * HOUR_MS
    }
}

impl Claim {
    /// Its events, newest first.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().rev().map(|it| &it.event)
    }

    /// How many events of this type it has.
    pub(crate) fn count(&self, event: &str) -> usize {
        self.all(event).count()
    }
}

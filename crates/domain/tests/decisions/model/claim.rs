//! Commands about a claim: the rows of DOMAIN §4, then the fields of each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::effects::is_result;
use super::ids::spelt;
use super::{Answer, Claim, Deciding, no, no_because, who};

const WORK: &[&str] = &["ConsentReceived", "PartnerActionRequired", "Disputed"];

/// From which statuses each command is taken.
const FROM: &[(&str, &[&str])] = &[
    ("SendConsent", &["CustomerClaimed"]),
    ("ResendConsent", &["AwaitingConsent"]),
    ("CustomerAccepted", &["AwaitingConsent"]),
    ("CustomerDeclined", &["AwaitingConsent"]),
    ("CancelClaim", &["CustomerClaimed", "AwaitingConsent", "ConsentReceived"]),
    ("UploadProof", WORK),
    ("SendCustomerSurvey", WORK),
    ("CompleteCustomerSurvey", WORK),
    ("CompletePartnerSurvey", WORK),
    (
        "UpdateContacts",
        &["CustomerClaimed", "AwaitingConsent", "ConsentReceived", "PartnerActionRequired", "Disputed"],
    ),
    ("SubmitClaim", &["ConsentReceived"]),
    ("StartReview", &["Submitted"]),
    ("RequestPartnerAction", &["UnderReview"]),
    ("ResubmitClaim", &["PartnerActionRequired"]),
    ("ApproveClaim", &["UnderReview"]),
    ("RejectClaim", &["UnderReview"]),
    ("DisputeClaim", &["Rejected"]),
    ("SubmitDispute", &["Disputed"]),
    ("RecordPayment", &["Approved"]),
];

impl Deciding<'_> {
    /// Claim, location, status, fields.
    pub(super) fn of_a_claim(&self) -> Answer {
        let claim = self.past.claim(&self.asked.body["claim"]).ok_or_else(|| no("claim_not_found"))?;
        let asker = &self.asked.asker;
        if asker["kind"] == "partner_user" && asker["partner"] != *claim.told("partner") {
            return Err(no("claim_not_found"));
        }
        if !who::covers(asker, claim.told("location")) {
            return Err(no("location_not_in_scope"));
        }
        let command = self.asked.command;
        if is_result(command) {
            return self.result(&claim);
        }
        if command == "RetryEffect" {
            return self.retry(&claim);
        }
        if let Some(answered) = self.answered(&claim) {
            return answered;
        }
        let in_row = match FROM.iter().find(|(name, _)| *name == command) {
            Some((_, from)) => from.contains(&claim.status()),
            None => !claim.is_over(), // AddComment
        };
        match (in_row, command) {
            (true, _) => self.fields(&claim),
            (false, "SendConsent") if claim.status() == "AwaitingConsent" => {
                Err(no("consent_already_requested"))
            }
            (false, _) => Err(claim.not_in_row()),
        }
    }

    /// A consent answer that was given before.
    fn answered(&self, claim: &Claim) -> Option<Answer> {
        let (same, opposite) = match self.asked.command {
            "CustomerAccepted" => ("CustomerConsentReceived", "CustomerConsentDeclined"),
            "CustomerDeclined" => ("CustomerConsentDeclined", "CustomerConsentReceived"),
            _ => return None,
        };
        if claim.has(same) {
            return Some(Ok(vec![]));
        }
        claim.has(opposite).then(|| Err(no("consent_already_answered")))
    }

    fn fields(&self, claim: &Claim) -> Answer {
        match self.asked.command {
            "SendConsent" => self.send_consent(claim),
            "ResendConsent" => self.resend_consent(claim),
            "CustomerAccepted" | "CustomerDeclined" => self.consent_answer(claim),
            "UpdateContacts" => self.update_contacts(claim),
            "SendCustomerSurvey" | "CompleteCustomerSurvey" | "CompletePartnerSurvey" => self.surveys(claim),
            "UploadProof" => Ok(vec![claim.event("ProofUploaded", self.given(&["proof"]))]),
            "AddComment" => {
                self.required("text")?;
                Ok(vec![claim.event("CommentAdded", self.given(&["text"]))])
            }
            "SubmitClaim" => self.complete(claim).map(|()| vec![claim.event("ClaimSubmitted", json!({}))]),
            "ResubmitClaim" => {
                self.complete(claim).map(|()| vec![claim.event("ClaimResubmitted", json!({}))])
            }
            "SubmitDispute" => self.submit_dispute(claim),
            "StartReview" => Ok(vec![claim.event("ReviewStarted", json!({}))]),
            "RequestPartnerAction" => self.request_partner_action(claim),
            "ApproveClaim" => Ok(vec![claim.event("ClaimApproved", json!({"payout": claim.told("payout")}))]),
            "RejectClaim" => self.reject(claim),
            "DisputeClaim" => Ok(vec![claim.event("ClaimDisputed", json!({}))]),
            "CancelClaim" => Ok(claim.and_closing(claim.event("ClaimCanceled", json!({})))),
            "RecordPayment" => self.payment(claim),
            other => panic!("no such command: {other}"),
        }
    }

    fn send_consent(&self, claim: &Claim) -> Answer {
        let body = &self.asked.body;
        let contacts = body.get("contacts").filter(|it| !it.is_null());
        if contacts.is_some_and(|it| !are_named(it)) {
            return Err(no("contacts_invalid"));
        }
        let deal_size = body["deal_size_usd_cents"].as_i64().expect("cents");
        if deal_size <= 0 {
            return Err(no("deal_size_not_positive"));
        }
        let program = self.program.as_of(self.asked.program);
        let newest = program.newest(claim.told("engagement"));
        let disclaimer = newest.expect("the claim's engagement")["disclaimer"]["version"].clone();
        if body["disclaimer_version"] != disclaimer {
            return Err(no_because("disclaimer_outdated", json!({ "disclaimer_version": disclaimer })));
        }
        let mut requested = self.given(&["deal_size_usd_cents", "disclaimer_version"]);
        requested["contact_revision"] = json!(claim.revision() + usize::from(contacts.is_some()));
        if let Some(contacts) = contacts {
            requested["contacts"] = contacts.clone();
        }
        let mut events = vec![claim.event("ConsentRequested", requested)];
        match self.policy(claim, "referral", Some(deal_size)) {
            None => {}
            Some((true, _)) => {
                events.push(claim.event("ReferralConditionsMet", json!({})));
                events.push(claim.event("PartnerLedReferralIntended", json!({})));
            }
            Some((false, reason)) => {
                events.push(claim.event("ReferralConditionsNotMet", json!({ "reason": reason })));
            }
        }
        Ok(events)
    }

    fn resend_consent(&self, claim: &Claim) -> Answer {
        let reminders = &claim.terms(self.program)["reminders"];
        let sent = claim.all("ConsentReminderRequested").count();
        if sent as u64 >= reminders["max"].as_u64().expect("a number") {
            return Err(no_because("reminders_exhausted", json!({"max": reminders["max"]})));
        }
        let next_at = claim.next_reminder_at(reminders["interval_hours"].as_i64().expect("hours"));
        if self.asked.at < next_at {
            return Err(no_because("reminder_too_soon", json!({"next_at": spelt(next_at)})));
        }
        let fields = json!({"reminder": sent + 1, "contact_revision": claim.revision()});
        Ok(vec![claim.event("ConsentReminderRequested", fields)])
    }

    fn consent_answer(&self, claim: &Claim) -> Answer {
        let revision = json!({"contact_revision": claim.revision()});
        if self.asked.body["contact_revision"] != revision["contact_revision"] {
            return Err(no_because("contact_revision_outdated", revision));
        }
        if self.asked.command == "CustomerDeclined" {
            return Ok(claim.and_closing(claim.event("CustomerConsentDeclined", revision)));
        }
        let mut received = revision;
        for deadline in ["submit", "review"] {
            received[format!("{deadline}_due_at")] = self.in_days(claim, deadline);
        }
        let mut events = vec![claim.event("CustomerConsentReceived", received)];
        if claim.has("PartnerLedReferralCreated") {
            events.extend(self.upgrade(claim));
        }
        Ok(events)
    }

    fn update_contacts(&self, claim: &Claim) -> Answer {
        if claim.has("CustomerSurveyCompleted") {
            return Err(no("contacts_frozen"));
        }
        let contacts = &self.asked.body["contacts"];
        if !are_named(contacts) {
            return Err(no("contacts_invalid"));
        }
        let fields = json!({"contacts": contacts, "contact_revision": claim.revision() + 1});
        Ok(vec![claim.event("ContactsUpdated", fields)])
    }

    fn surveys(&self, claim: &Claim) -> Answer {
        let event = match self.asked.command {
            "CompletePartnerSurvey" => "PartnerSurveyCompleted",
            _ => "CustomerSurveyCompleted",
        };
        let answered = claim.last(event).map(|it| &it.event["reference"]);
        if self.asked.command == "SendCustomerSurvey" {
            if answered.is_some() {
                return Err(no("survey_already_completed"));
            }
            let fields = json!({"contact_revision": claim.revision()});
            return Ok(vec![claim.event("CustomerSurveyRequested", fields)]);
        }
        self.not_blank("reference")?;
        match answered {
            Some(it) if *it == self.asked.body["reference"] => Ok(vec![]),
            Some(_) => Err(no("survey_already_completed")),
            None if event == "CustomerSurveyCompleted" && !claim.survey_is_outstanding() => {
                Err(no("survey_not_requested"))
            }
            None => Ok(vec![claim.event(event, self.given(&["reference"]))]),
        }
    }

    fn submit_dispute(&self, claim: &Claim) -> Answer {
        self.required("justification")?;
        self.complete(claim)?;
        let mut fields = self.given(&["justification"]);
        fields["dispute_review_due_at"] = self.in_days(claim, "dispute_review");
        Ok(vec![claim.event("DisputeSubmitted", fields)])
    }

    fn request_partner_action(&self, claim: &Claim) -> Answer {
        let due_at = claim.review_due_at(self.program).expect("consent was given");
        if self.asked.at >= due_at {
            let details = json!({"due_at": spelt(due_at), "status": claim.status()});
            return Err(no_because("deadline_reached", details));
        }
        self.required("comment")?;
        let mut fields = self.given(&["comment"]);
        fields["due_at"] = json!(spelt(due_at));
        Ok(vec![claim.event("PartnerActionRequested", fields)])
    }

    fn reject(&self, claim: &Claim) -> Answer {
        self.required("comment")?;
        let mut fields = self.given(&["comment"]);
        if claim.has("DisputeSubmitted") {
            return Ok(claim.and_closing(claim.event("ClaimRejectedFinal", fields)));
        }
        fields["dispute_due_at"] = self.in_days(claim, "dispute");
        Ok(vec![claim.event("ClaimRejected", fields)])
    }

    fn payment(&self, claim: &Claim) -> Answer {
        let fields = ["reference", "paid_cents", "currency", "paid_at"];
        let body = &self.asked.body;
        self.not_blank("reference")?;
        if body["paid_cents"].as_i64().expect("cents") <= 0 {
            return Err(no("amount_not_positive"));
        }
        match claim.all("PaymentRecorded").find(|it| it.event["reference"] == body["reference"]) {
            Some(it) if fields.iter().all(|name| it.event[*name] == body[*name]) => Ok(vec![]),
            Some(_) => Err(no("payment_reference_reused")),
            None => Ok(vec![claim.event("PaymentRecorded", self.given(&fields))]),
        }
    }

    /// D-01, A-78.
    fn complete(&self, claim: &Claim) -> Result<(), Value> {
        let required = claim.terms(self.program)["proof"].as_array().expect("kinds").iter();
        let required: BTreeSet<_> = required.filter_map(Value::as_str).collect();
        let missing: Vec<_> = required.difference(&claim.proof()).copied().collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(no_because("proof_incomplete", json!({ "missing": missing }))),
        }
    }

    /// The moment so many of the days of the claim's terms from now.
    fn in_days(&self, claim: &Claim, name: &str) -> Value {
        let days = claim.terms(self.program)["days"][name].as_i64().expect("a day count");
        json!(spelt(self.asked.at + days * 86_400_000))
    }

    /// These fields of the command.
    fn given(&self, names: &[&str]) -> Value {
        names.iter().map(|name| ((*name).to_owned(), self.asked.body[*name].clone())).collect()
    }

    /// A text that is given as a box.
    fn required(&self, field: &str) -> Result<(), Value> {
        match self.asked.body[field].is_null() {
            true => Err(no_because("text_required", json!({ "field": field }))),
            false => Ok(()),
        }
    }

    fn not_blank(&self, field: &str) -> Result<(), Value> {
        match self.asked.body[field].as_str().expect("a text").trim().is_empty() {
            true => Err(no_because("text_required", json!({ "field": field }))),
            false => Ok(()),
        }
    }
}

/// Whether every name is there.
pub(super) fn are_named(contacts: &Value) -> bool {
    let organisation = contacts["organisation"]["name"].as_str().expect("a name");
    !contacts["customer"].is_null() && !contacts["partner"].is_null() && !organisation.trim().is_empty()
}

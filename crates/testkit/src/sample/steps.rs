//! The steps of a claim, in the order in which they come: consent, proof, review, payment.

use crate::sample::asker;
use crate::sample::command::{self, Plain};
use crate::sample::json::Json;
use crate::sample::line::Expect;
use crate::sample::people::{self, Person};
use crate::sample::story::{Referral, Story};

impl Story {
    /// The contacts with the customer's person as given.
    pub(crate) fn contacts(&self, customer: &Person, partner_person: i64) -> Json {
        let partner = self.partner.person(partner_person);
        people::contacts(customer, &partner, &self.customer.organisation, self.customer.country)
    }

    /// Asks for consent; with a deal size above the policy's threshold a referral is intended.
    pub(crate) fn send_consent(&mut self, deal_size_usd_cents: i64) {
        self.send_consent_with(deal_size_usd_cents, None);
    }

    /// The same with new contacts, which raise the revision.
    pub(crate) fn send_consent_with(&mut self, deal_size_usd_cents: i64, contacts: Option<Json>) {
        let disclaimer = self.disclaimer();
        self.revision += i64::from(contacts.is_some());
        self.partner_says(command::send_consent(&self.claim, deal_size_usd_cents, disclaimer, contacts));
        self.mail_intended("ConsentRequested");
        if self.terms.referral_from_cents.is_some_and(|least| deal_size_usd_cents >= least) {
            self.referral = Referral::Intended;
        }
    }

    /// The version of the disclaimer that counts now: the newest terms'.
    pub(crate) fn disclaimer(&self) -> &'static str {
        self.engagement.terms(self.at).map_or(self.terms.disclaimer, |it| it.disclaimer)
    }

    pub(crate) fn remind(&mut self) {
        self.partner_says(command::plain(Plain::ResendConsent, &self.claim));
        self.mail_intended("ConsentReminderRequested");
    }

    pub(crate) fn accept(&mut self) {
        let now = self.at;
        self.customer_says(command::customer_accepted(&self.claim, self.revision), Expect::Accepted);
        if now <= self.ends_at {
            self.consented_at = Some(now);
        }
        self.intend_upgrade();
    }

    pub(crate) fn decline(&mut self) {
        self.customer_says(command::customer_declined(&self.claim, self.revision), Expect::Accepted);
    }

    pub(crate) fn update_contacts(&mut self, customer: &Person) {
        self.revision += 1;
        let contacts = self.contacts(customer, 2);
        self.partner_says(command::update_contacts(&self.claim, contacts));
    }

    /// Gives every kind of proof that the terms require.
    pub(crate) fn prove(&mut self) {
        for &kind in self.terms.proof {
            match kind {
                "customer_survey" => {
                    self.send_survey();
                    self.wait_days(1, 5);
                    self.complete_survey("survey");
                }
                "partner_survey" => {
                    self.partner_says(command::complete_partner_survey(
                        &self.claim,
                        &format!("ps-{}", self.customer.number),
                    ));
                }
                _ => self.upload(kind),
            }
        }
    }

    pub(crate) fn upload(&mut self, kind: &str) {
        self.partner_says(command::upload_proof(&self.claim, kind, self.steps));
    }

    pub(crate) fn send_survey(&mut self) {
        self.partner_says(command::plain(Plain::SendCustomerSurvey, &self.claim));
        self.mail_intended("CustomerSurveyRequested");
    }

    pub(crate) fn complete_survey(&mut self, reference: &str) {
        let reference = format!("{reference}-{}", self.customer.number);
        self.customer_says(command::complete_customer_survey(&self.claim, &reference), Expect::Accepted);
    }

    pub(crate) fn submit(&mut self) {
        self.partner_says(command::plain(Plain::SubmitClaim, &self.claim));
    }

    pub(crate) fn resubmit(&mut self) {
        self.partner_says(command::plain(Plain::ResubmitClaim, &self.claim));
    }

    pub(crate) fn start_review(&mut self) {
        self.reviewer_says(command::plain(Plain::StartReview, &self.claim), Expect::Accepted);
    }

    pub(crate) fn request_action(&mut self, comment: &str) {
        self.reviewer_says(command::request_partner_action(&self.claim, comment), Expect::Accepted);
        self.mail_intended("PartnerActionRequested");
    }

    pub(crate) fn approve(&mut self) {
        self.reviewer_says(command::plain(Plain::ApproveClaim, &self.claim), Expect::Accepted);
        self.mail_intended("ClaimApproved");
    }

    /// Rejects; after a dispute that is final.
    pub(crate) fn reject(&mut self, comment: &str, is_final: bool) {
        self.reviewer_says(command::reject_claim(&self.claim, comment), Expect::Accepted);
        self.mail_intended(if is_final { "ClaimRejectedFinal" } else { "ClaimRejected" });
    }

    pub(crate) fn dispute(&mut self) {
        self.partner_says(command::plain(Plain::DisputeClaim, &self.claim));
    }

    pub(crate) fn submit_dispute(&mut self, justification: &str) {
        self.partner_says(command::submit_dispute(&self.claim, justification));
    }

    pub(crate) fn cancel(&mut self) {
        self.partner_says(command::plain(Plain::CancelClaim, &self.claim));
    }

    /// A payment of so many cents; payments of one claim differ in `number`.
    pub(crate) fn pay(&mut self, cents: i64, number: i64) {
        let reference = format!("pay-{}-{number}", self.claim.get(1..9).unwrap_or_default());
        let command =
            command::record_payment(&self.claim, &reference, cents, self.terms.currency, self.at.hours(-30));
        self.say(asker::service("payments"), command, Expect::Accepted);
    }

    pub(crate) fn comment(&mut self, text: &str) {
        self.partner_says(command::add_comment(&self.claim, text));
    }
}

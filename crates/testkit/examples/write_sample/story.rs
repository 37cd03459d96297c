//! One claim, step by step: each step is a line, and the story keeps what later steps need to know.

use std::collections::BTreeMap;

use crate::asker::{self, Asker};
use crate::at::At;
use crate::command::{self, Command, Effect, Plain, Result as Answer};
use crate::customer::{Customer, Source, uuid};
use crate::engagement::{Engagement, Terms};
use crate::json::Json;
use crate::line::{Content, Expect, Line};
use crate::opening::Opening;
use crate::partner::Partner;
use crate::people::{self, Person};
use crate::rng::Rng;
use crate::sample::Missing;

/// Nothing of ordinary traffic is received later; what is still open then stays open.
pub(crate) const TRAFFIC_ENDS: At = At::on(10, 20, 18, 0);

/// How far the referral of a claim has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referral {
    None,
    Intended,
    Created,
    UpgradeIntended,
    Upgraded,
    NotUpgraded,
}

/// One claim and what happens to it.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    name: String,
    /// When the next step happens.
    pub(crate) at: At,
    /// When the claim was created.
    pub(crate) created_at: At,
    /// When the customer agreed.
    pub(crate) consented_at: Option<At>,
    pub(crate) partner: Partner,
    pub(crate) user: Asker,
    pub(crate) customer: Customer,
    pub(crate) engagement: Engagement,
    /// The terms under which the claim was made.
    pub(crate) terms: Terms,
    /// The claim, as commands name it.
    pub(crate) claim: String,
    /// The id of the command that created it.
    pub(crate) opened_by: String,
    pub(crate) referral: Referral,
    /// The revision of the contacts.
    pub(crate) revision: i64,
    /// How many mails of each kind were intended.
    mails: BTreeMap<&'static str, i64>,
    steps: i64,
    ends_at: At,
    pub(crate) rng: Rng,
    pub(crate) lines: Vec<Line>,
}

impl Story {
    /// The story of one engagement of an opening.
    pub(crate) fn after(
        opening: &Opening,
        engagement: &Engagement,
        lines: Vec<Line>,
    ) -> Result<Self, Missing> {
        let terms =
            engagement.terms(opening.at).ok_or_else(|| format!("{} has no terms yet", engagement.id))?;
        let name = format!("{}/{}", opening.name, engagement.id);
        Ok(Self {
            at: opening.at.minutes(10),
            created_at: opening.at,
            consented_at: None,
            partner: opening.partner,
            user: opening.user.clone(),
            customer: opening.customer.clone(),
            terms: terms.clone(),
            engagement: engagement.clone(),
            claim: format!("@{}/{}", opening.id(), engagement.id),
            opened_by: opening.id(),
            referral: Referral::None,
            revision: 1,
            mails: BTreeMap::new(),
            steps: 0,
            ends_at: TRAFFIC_ENDS,
            rng: Rng::named(&name),
            name,
            lines,
        })
    }

    /// The same story, told after the end of ordinary traffic.
    pub(crate) fn late(self) -> Self {
        Self { ends_at: At::on(12, 31, 0, 0), ..self }
    }

    // --- saying something -------------------------------------------------------------------------------------------

    /// Someone asks for something, and some minutes pass.
    pub(crate) fn say(&mut self, asker: Asker, command: Command, expect: Expect) {
        if self.at > self.ends_at {
            return;
        }
        self.steps += 1;
        let name = format!("{}/{}", self.name, self.steps);
        self.lines.push(Line::new(self.at, &name, asker, command, expect));
        self.at = self.at.ms(self.rng.between(45_123, 600_000));
    }

    /// The partner asks.
    pub(crate) fn partner_says(&mut self, command: Command) {
        self.say(self.user.clone(), command, Expect::Accepted);
    }

    /// The partner asks and is refused.
    pub(crate) fn partner_is_refused(&mut self, command: Command, code: &'static str) {
        self.say(self.user.clone(), command, Expect::Refused(code));
    }

    /// The customer asks.
    pub(crate) fn customer_says(&mut self, command: Command, expect: Expect) {
        let reference = uuid(&format!("{} link {}", self.name, self.revision)).simple().to_string();
        self.say(asker::customer(&reference), command, expect);
    }

    /// A reviewer asks; a claim always meets the same one.
    pub(crate) fn reviewer_says(&mut self, command: Command, expect: Expect) {
        let reviewer = format!("rv-{}", self.customer.number % 4 + 1);
        self.say(asker::reviewer(&reviewer), command, expect);
    }

    /// The operator asks.
    pub(crate) fn operator_says(&mut self, command: Command, expect: Expect) {
        self.say(asker::operator(), command, expect);
    }

    /// The importer reports what became of an effect.
    pub(crate) fn importer_says(&mut self, effect: Effect, attempt: i64, answer: Answer<'_>, expect: Expect) {
        let command = command::result(&self.claim, effect, attempt, answer);
        self.say(asker::service("importer"), command, expect);
    }

    /// The last line once more, word for word, some minutes later: a retry, answered as before.
    pub(crate) fn repeat_last(&mut self) {
        if self.at > self.ends_at {
            return;
        }
        if let Some(line) = self.lines.last().map(|it| it.again(self.at)) {
            self.lines.push(line);
            self.at = self.at.minutes(3);
        }
    }

    /// Whether the last line is a command that was accepted.
    pub(crate) fn last_was_accepted(&self) -> bool {
        self.lines
            .last()
            .is_some_and(|it| it.expect == Expect::Accepted && matches!(it.content, Content::Command { .. }))
    }

    // --- time -------------------------------------------------------------------------------------------------------

    /// So many days pass, then it is working time.
    pub(crate) fn wait_days(&mut self, least: i64, most: i64) {
        self.wait_hours(least * 24, most * 24);
    }

    /// So many hours pass, then it is working time.
    pub(crate) fn wait_hours(&mut self, least: i64, most: i64) {
        self.at = self.at.ms(self.rng.between(least * 3_600_000, most * 3_600_000)).working();
    }

    // --- consent ----------------------------------------------------------------------------------------------------

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

    // --- proof and review -------------------------------------------------------------------------------------------

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

    // --- effects ----------------------------------------------------------------------------------------------------

    fn mail_intended(&mut self, kind: &'static str) {
        *self.mails.entry(kind).or_default() += 1;
    }

    /// The newest mail of this kind.
    pub(crate) fn newest_mail(&self, kind: &'static str) -> Effect {
        Effect { kind, number: self.mails.get(kind).copied().unwrap_or(1) - 1 }
    }

    /// The newest mail of this kind was handed over.
    pub(crate) fn mail_dispatched(&mut self, kind: &'static str) {
        let effect = self.newest_mail(kind);
        self.importer_says(effect, 1, Answer::MailDispatched, Expect::Accepted);
    }

    /// The id of the referral that is created for this claim, or of its co-sell twin.
    pub(crate) fn referral_id(&self, twin: bool) -> String {
        uuid(&format!("{} referral {twin}", self.name)).to_string()
    }

    /// The referral was created at this try.
    pub(crate) fn referral_created(&mut self, attempt: i64) {
        let id = self.referral_id(false);
        self.importer_says(REFERRAL, attempt, Answer::ReferralCreated { referral: &id }, Expect::Accepted);
        self.referral = Referral::Created;
        self.intend_upgrade();
    }

    /// The upgrade was done at this try.
    pub(crate) fn upgraded(&mut self, attempt: i64) {
        let id = self.referral_id(true);
        self.importer_says(UPGRADE, attempt, Answer::CoSellUpgraded { referral: &id }, Expect::Accepted);
        self.referral = Referral::Upgraded;
    }

    /// Microsoft declined to co-sell.
    pub(crate) fn upgrade_declined(&mut self) {
        let reason = "No seller is assigned to this customer.";
        self.importer_says(UPGRADE, 1, Answer::CoSellDeclined { reason }, Expect::Accepted);
        self.referral = Referral::NotUpgraded;
    }

    /// The claim ended otherwise than approved: its referral was closed, if it had to be.
    pub(crate) fn referral_closed(&mut self) {
        if matches!(self.referral, Referral::Created | Referral::NotUpgraded) {
            self.wait_hours(1, 20);
            self.importer_says(CLOSING, 1, Answer::ReferralClosed, Expect::Accepted);
        }
    }

    /// Consent and referral stand: an upgrade is intended if the policy says yes.
    fn intend_upgrade(&mut self) {
        let qualifies =
            self.terms.cosell && self.customer.source != Source::Nobody && self.customer.facts.managed;
        if self.referral == Referral::Created && self.consented_at.is_some() && qualifies {
            self.referral = Referral::UpgradeIntended;
        }
    }
}

/// The creation of a claim's referral; there is one at most.
pub(crate) const REFERRAL: Effect = Effect { kind: "PartnerLedReferralIntended", number: 0 };
/// Its upgrade to co-sell.
pub(crate) const UPGRADE: Effect = Effect { kind: "CoSellUpgradeIntended", number: 0 };
/// Its closing.
pub(crate) const CLOSING: Effect = Effect { kind: "ReferralClosingIntended", number: 0 };

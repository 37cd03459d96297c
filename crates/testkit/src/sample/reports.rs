//! Effects of a claim: what was intended, and what the importer reports of it.

use crate::sample::command::{Effect, Result as Answer};
use crate::sample::customer::{Source, uuid};
use crate::sample::line::Expect;
use crate::sample::story::{Referral, Story};

/// The creation of a claim's referral; there is one at most.
pub(crate) const REFERRAL: Effect = Effect { kind: "PartnerLedReferralIntended", number: 0 };
/// Its upgrade to co-sell.
pub(crate) const UPGRADE: Effect = Effect { kind: "CoSellUpgradeIntended", number: 0 };
/// Its closing.
pub(crate) const CLOSING: Effect = Effect { kind: "ReferralClosingIntended", number: 0 };

impl Story {
    /// An event that intends a mail of this kind.
    pub(crate) fn mail_intended(&mut self, kind: &'static str) {
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
    pub(crate) fn intend_upgrade(&mut self) {
        let qualifies =
            self.terms.cosell && self.customer.source != Source::Nobody && self.customer.facts.managed;
        if self.referral == Referral::Created && self.consented_at.is_some() && qualifies {
            self.referral = Referral::UpgradeIntended;
        }
    }
}

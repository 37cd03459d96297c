//! Events: facts about a claim, a customer or the program. In JSON each is flat, `{"type","version",…}`.

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::command::{Conflict, EffectRef, Opportunity, Proof};
use crate::effect::EffectKind;
use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::{ClaimId, EngagementId, LocationId, PartnerId};
use crate::payout::Payout;
use crate::sealed::{Contacts, SealedBox};
use crate::spelt::{Tagged, tagged};
use crate::terms::Terms;
use crate::text::{Currency, Label, Link, Sentence};
use crate::time::Instant;
use crate::version::V;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident $(of $claim:ident)? { $($(#[$meta:meta])* $field:ident: $type:ty,)* })+) => {
        /// A fact, decided.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
        #[serde(tag = "type")]
        #[allow(clippy::large_enum_variant)]
        pub enum Event {
            $($(#[$doc])* $name($name),)+
        }

        impl Event {
            /// Every type of event.
            pub const TYPES: &[&str] = &[$(stringify!($name),)+];

            /// The type of this event.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($name),)+ }
            }

            /// The claim it is about, if it is about a claim.
            #[must_use]
            pub fn claim(&self) -> Option<ClaimId> {
                match self { $(Self::$name(_it) => events!(@claim _it $($claim)?),)+ }
            }
        }

        impl<'de> Deserialize<'de> for Event {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                tagged(deserializer)
            }
        }

        impl Tagged for Event {
            const TAG: &'static str = "type";
            const VARIANTS: &'static [&'static str] = Self::TYPES;

            fn read<'de, D: Deserializer<'de>>(variant: usize, rest: D) -> Result<Self, D::Error> {
                match Self::TYPES.get(variant).copied().unwrap_or_default() {
                    $(stringify!($name) => $name::deserialize(rest).map(Self::$name),)+
                    other => Err(D::Error::unknown_variant(other, Self::TYPES)),
                }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name {
                /// The version of this shape.
                pub version: V<1>,
                $(
                    /// The claim.
                    pub $claim: ClaimId,
                )?
                $($(#[$meta])* pub $field: $type,)*
            }

            impl From<$name> for Event {
                fn from(it: $name) -> Self {
                    Self::$name(it)
                }
            }
        )+
    };
    (@claim $it:ident claim) => { Some($it.claim) };
    (@claim $it:ident) => { None };
}

events! {
    /// A version of an engagement's terms was published.
    EngagementPublished {
        /// The engagement.
        engagement: EngagementId,
        /// The number of this version, from 1.
        terms_version: u32,
        /// The terms.
        terms: Box<Terms>,
    }
    /// An engagement takes no new claims any more.
    EngagementRetired {
        /// The engagement.
        engagement: EngagementId,
    }
    /// A location takes part in the program.
    LocationEnrolled {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
        /// Until then, exclusive; absent: without end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    }
    /// A location takes part no longer.
    LocationSuspended {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
    }
    /// It is known whether a location may take part in an engagement.
    PartnerEligibilityRecorded {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
        /// The engagement.
        engagement: EngagementId,
        /// Whether it may.
        eligible: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    }
    /// More is known of a customer's identifier.
    CustomerFactsRecorded {
        /// The identifier.
        identifier: Identifier,
        /// The tenant derived from a domain, whose facts these are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<Identifier>,
        /// The facts; they replace all known before.
        values: Values,
        /// When they were true.
        observed_at: Instant,
        /// Who says so.
        source: Label,
    }
    /// Two identifiers of one nomination are bound to two customers.
    IdentityConflictSeen {
        /// Which.
        conflict: Conflict,
    }
    /// A claim was created by adding a customer.
    CustomerAdded of claim {
        /// The partner.
        partner: PartnerId,
        /// The engagement.
        engagement: EngagementId,
        /// The version of its terms that holds for this claim.
        terms_version: u32,
        /// The partner's location.
        location: LocationId,
        /// The customer as nominated.
        identifier: Identifier,
        /// The tenant derived from a domain, kept for this claim.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<Identifier>,
        /// The TPID known then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tpid: Option<Identifier>,
        /// The opportunity as it was then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opportunity: Option<Opportunity>,
        /// The friendly name.
        friendly_name: SealedBox,
        /// Why tenant and e-mail domain differ.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mismatch_reason: Option<SealedBox>,
        /// Hours, which never change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<u32>,
        /// The proposed payout.
        payout: Payout,
        /// The contacts, revision 1.
        contacts: Contacts,
        /// The end of the time for consent.
        consent_due_at: Instant,
    }
    /// A claim was created by claiming a known customer.
    CustomerClaimed of claim {
        /// The partner.
        partner: PartnerId,
        /// The engagement.
        engagement: EngagementId,
        /// The version of its terms that holds for this claim.
        terms_version: u32,
        /// The partner's location.
        location: LocationId,
        /// The identity used.
        identifier: Identifier,
        /// The tenant of a domain, kept for this claim.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<Identifier>,
        /// The TPID known then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tpid: Option<Identifier>,
        /// The opportunity as it was then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opportunity: Option<Opportunity>,
        /// The friendly name.
        friendly_name: SealedBox,
        /// Hours, which never change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<u32>,
        /// The proposed payout.
        payout: Payout,
        /// The contacts, revision 1.
        contacts: Contacts,
        /// The end of the time for consent.
        consent_due_at: Instant,
    }
    /// The contacts changed.
    ContactsUpdated of claim {
        /// The contacts, whole.
        contacts: Contacts,
        /// Their revision.
        contact_revision: u32,
    }
    /// The customer is asked for consent.
    ConsentRequested of claim {
        /// The deal size, frozen from now on.
        deal_size_usd_cents: i64,
        /// The disclaimer that was acknowledged.
        disclaimer_version: Label,
        /// New contacts, if they changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contacts: Option<Contacts>,
        /// The revision of the contacts that are asked.
        contact_revision: u32,
    }
    /// The customer is reminded.
    ConsentReminderRequested of claim {
        /// How many reminders this makes, from 1.
        reminder: u32,
        /// The revision of the contacts that are reminded.
        contact_revision: u32,
    }
    /// The customer agreed.
    CustomerConsentReceived of claim {
        /// The revision of the contacts that answered.
        contact_revision: u32,
        /// The end of the time for the first submission.
        submit_due_at: Instant,
        /// The end of the time for review.
        review_due_at: Instant,
    }
    /// The customer refused.
    CustomerConsentDeclined of claim {
        /// The revision of the contacts that answered.
        contact_revision: u32,
    }
    /// The customer did not answer in time.
    CustomerConsentExpired of claim {
        /// The deadline.
        due_at: Instant,
    }
    /// The partner canceled.
    ClaimCanceled of claim {}
    /// Proof was added.
    ProofUploaded of claim {
        /// What.
        proof: Proof,
    }
    /// The customer survey is sent.
    CustomerSurveyRequested of claim {
        /// The revision of the contacts it goes to.
        contact_revision: u32,
    }
    /// The customer answered the survey.
    CustomerSurveyCompleted of claim {
        /// Where the answers are.
        reference: Label,
    }
    /// The partner answered its survey.
    PartnerSurveyCompleted of claim {
        /// Where the answers are.
        reference: Label,
    }
    /// A comment was added.
    CommentAdded of claim {
        /// The comment.
        text: SealedBox,
    }
    /// The claim was submitted for the first time.
    ClaimSubmitted of claim {}
    /// The first submission was not made in time.
    ClaimNotSubmittedExpired of claim {
        /// The deadline.
        due_at: Instant,
    }
    /// A reviewer is at work.
    ReviewStarted of claim {}
    /// The reviewer asks the partner for more.
    PartnerActionRequested of claim {
        /// For what.
        comment: SealedBox,
        /// Until when.
        due_at: Instant,
    }
    /// The claim was submitted again.
    ClaimResubmitted of claim {}
    /// What was asked for did not come in time.
    ClaimPostSubmissionExpired of claim {
        /// The deadline.
        due_at: Instant,
    }
    /// The claim is approved.
    ClaimApproved of claim {
        /// What it pays.
        payout: Payout,
    }
    /// The claim is rejected and can be disputed.
    ClaimRejected of claim {
        /// Why.
        comment: SealedBox,
        /// The end of the time for a dispute (D-09).
        dispute_due_at: Instant,
    }
    /// The claim is rejected for good.
    ClaimRejectedFinal of claim {
        /// Why.
        comment: SealedBox,
    }
    /// The partner disputes the rejection.
    ClaimDisputed of claim {}
    /// The dispute was submitted.
    DisputeSubmitted of claim {
        /// Why the rejection is wrong.
        justification: SealedBox,
        /// The end of the time for its review (D-10).
        dispute_review_due_at: Instant,
    }
    /// The dispute was not submitted in time.
    ClaimDisputeExpired of claim {
        /// The deadline.
        due_at: Instant,
    }
    /// A payment was made.
    PaymentRecorded of claim {
        /// Its own name.
        reference: Label,
        /// The amount in cents.
        paid_cents: i64,
        /// Its currency.
        currency: Currency,
        /// When.
        paid_at: Instant,
    }
    /// The conditions for a partner-led referral hold.
    ReferralConditionsMet of claim {}
    /// The conditions for a partner-led referral do not hold.
    ReferralConditionsNotMet of claim {
        /// `fact_unknown` or `criteria_not_met`.
        reason: Label,
    }
    /// A partner-led referral is to be created.
    PartnerLedReferralIntended of claim {}
    /// A partner-led referral was created.
    PartnerLedReferralCreated of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that did it.
        attempt: u32,
        /// The referral's id.
        referral: Label,
        /// Where to see it.
        link: Link,
    }
    /// A partner-led referral could not be created.
    PartnerLedReferralFailed of claim {
        /// Which intent.
        effect: EffectRef,
        /// The last try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// The conditions for co-sell do not hold.
    CoSellConditionsNotMet of claim {
        /// `fact_unknown` or `criteria_not_met`.
        reason: Label,
    }
    /// The referral is to be upgraded to co-sell.
    CoSellUpgradeIntended of claim {}
    /// The referral was upgraded.
    CoSellUpgraded of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that did it.
        attempt: u32,
        /// The co-sell referral's id.
        referral: Label,
        /// Where to see it.
        link: Link,
    }
    /// The upgrade was declined.
    CoSellUpgradeDeclined of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that was declined.
        attempt: u32,
        /// Why.
        reason: Sentence,
    }
    /// The upgrade failed.
    CoSellUpgradeFailed of claim {
        /// Which intent.
        effect: EffectRef,
        /// The last try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// The referral is to be closed as lost.
    ReferralClosingIntended of claim {}
    /// The referral was closed.
    ReferralClosed of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that did it.
        attempt: u32,
    }
    /// A mail was handed over.
    MailDispatched of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that did it.
        attempt: u32,
    }
    /// A mail could not be handed over.
    MailFailed of claim {
        /// Which intent.
        effect: EffectRef,
        /// The last try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// A mail came back.
    MailBounced of claim {
        /// Which intent.
        effect: EffectRef,
        /// The try that came back.
        attempt: u32,
        /// Why.
        error: Sentence,
    }
    /// A failed or held effect is to be tried again.
    EffectRetryRequested of claim {
        /// Which intent.
        effect: EffectRef,
    }
}

impl Event {
    /// The effect that this event intends, if it intends one.
    #[must_use]
    pub fn intends(&self) -> Option<EffectKind> {
        EffectKind::ALL.into_iter().find(|kind| kind.as_str() == self.event_type())
    }
}

//! What is to be done: an entry of the ledger, with all that its request needs.

use claim_domain::command::EffectRef;
use claim_domain::effect::EffectKind;
use claim_domain::ids::{ClaimId, EffectId, LocationId};
use claim_domain::sealed::{Organisation, SealedBox};
use claim_domain::text::Label;

use crate::wire::{Closing, CoSell, PartnerLed};

/// An effect that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The claim.
    pub claim: ClaimId,
    /// How many events of the intending type the claim had before.
    pub number: u32,
    /// The number of the next try, from 1: one more than that of any result so far.
    pub attempt: u32,
    /// What to ask for.
    pub request: Request,
}

/// What the referrals API is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Create a partner-led referral. No person of the customer is in it.
    Create {
        /// The deal size in USD cents.
        deal_size_usd_cents: i64,
        /// The customer's organisation.
        organisation: Organisation,
        /// The partner's location.
        location: LocationId,
    },
    /// Upgrade it to co-sell, which adds the customer's contact.
    Upgrade {
        /// The partner-led referral.
        referral: Label,
        /// The deal size in USD cents.
        deal_size_usd_cents: i64,
        /// The customer's organisation.
        organisation: Organisation,
        /// The customer's contact, closed.
        customer: Option<SealedBox>,
        /// The partner's contact, closed.
        partner: Option<SealedBox>,
    },
    /// Close it as lost.
    Close {
        /// The partner-led referral.
        referral: Label,
    },
}

impl Request {
    /// The type of the event that intends it.
    #[must_use]
    pub fn kind(&self) -> EffectKind {
        match self {
            Self::Create { .. } => EffectKind::PartnerLedReferralIntended,
            Self::Upgrade { .. } => EffectKind::CoSellUpgradeIntended,
            Self::Close { .. } => EffectKind::ReferralClosingIntended,
        }
    }
}

/// A request in the shape in which it is sent.
pub(crate) enum Shaped {
    Create(PartnerLed),
    Upgrade(CoSell),
    Close(Closing),
}

impl Due {
    /// Which intent of the claim it is.
    #[must_use]
    pub fn effect(&self) -> EffectRef {
        EffectRef { kind: self.request.kind(), number: self.number }
    }

    /// Its key outside (DESIGN §5).
    #[must_use]
    pub fn id(&self) -> EffectId {
        EffectId::derive(self.claim, self.request.kind().as_str(), self.number)
    }

    pub(crate) fn shaped(&self) -> Shaped {
        match self.request.clone() {
            Request::Create { deal_size_usd_cents, organisation, location } => {
                Shaped::Create(PartnerLed::new(self.claim, deal_size_usd_cents, organisation, &location))
            }
            Request::Upgrade { referral, deal_size_usd_cents, organisation, customer, partner } => {
                Shaped::Upgrade(CoSell::new(
                    self.claim,
                    referral,
                    deal_size_usd_cents,
                    organisation,
                    customer,
                    partner,
                ))
            }
            Request::Close { referral } => Shaped::Close(Closing::lost(referral)),
        }
    }
}

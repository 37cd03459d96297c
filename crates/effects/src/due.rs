//! What is to be done: an entry of the ledger, with all that its request needs.

use claim_domain::command::EffectRef;
use claim_domain::effect::EffectKind;
use claim_domain::ids::{ClaimId, EffectId};
use claim_projector_referral::{DueEffect, Request};

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

impl From<DueEffect> for Due {
    fn from(it: DueEffect) -> Self {
        Self { claim: it.entry.claim, number: it.entry.number, attempt: it.attempt, request: it.request }
    }
}

/// The type of the event that intends a request.
fn kind(request: &Request) -> EffectKind {
    match request {
        Request::CreateReferral { .. } => EffectKind::PartnerLedReferralIntended,
        Request::UpgradeToCoSell { .. } => EffectKind::CoSellUpgradeIntended,
        Request::CloseReferral { .. } => EffectKind::ReferralClosingIntended,
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
        EffectRef { kind: kind(&self.request), number: self.number }
    }

    /// Its key outside (DESIGN §5).
    #[must_use]
    pub fn id(&self) -> EffectId {
        EffectId::derive(self.claim, kind(&self.request).as_str(), self.number)
    }

    pub(crate) fn shaped(&self) -> Shaped {
        match self.request.clone() {
            Request::CreateReferral { deal_size_usd_cents, organisation, location } => {
                Shaped::Create(PartnerLed::new(self.claim, deal_size_usd_cents, organisation, &location))
            }
            Request::UpgradeToCoSell {
                referral,
                deal_size_usd_cents,
                organisation,
                customer,
                partner,
                ..
            } => Shaped::Upgrade(CoSell::new(
                self.claim,
                referral,
                deal_size_usd_cents,
                organisation,
                customer,
                partner,
            )),
            Request::CloseReferral { referral } => Shaped::Close(Closing::lost(referral)),
        }
    }
}

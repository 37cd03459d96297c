//! Effects: what is to be done outside, as a ledger on the claim (DESIGN rule 8, A-71).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{Label, Link, Sentence};

/// The type of event that intends an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum EffectKind {
    /// Create a partner-led referral.
    PartnerLedReferralIntended,
    /// Upgrade it to co-sell.
    CoSellUpgradeIntended,
    /// Close it as lost.
    ReferralClosingIntended,
    /// Mail the consent request.
    ConsentRequested,
    /// Mail a reminder.
    ConsentReminderRequested,
    /// Mail the customer survey (D-01).
    CustomerSurveyRequested,
    /// Mail what the reviewer asks for (D-06).
    PartnerActionRequested,
    /// Mail the approval (D-07).
    ClaimApproved,
    /// Mail the rejection (D-07).
    ClaimRejected,
    /// Mail the final rejection (D-07).
    ClaimRejectedFinal,
}

/// Who performs an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EffectFamily {
    /// The referrals API: create.
    Referral,
    /// The referrals API: upgrade.
    CoSell,
    /// The referrals API: close.
    Closing,
    /// Mail.
    Mail,
}

impl EffectKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::PartnerLedReferralIntended,
        Self::CoSellUpgradeIntended,
        Self::ReferralClosingIntended,
        Self::ConsentRequested,
        Self::ConsentReminderRequested,
        Self::CustomerSurveyRequested,
        Self::PartnerActionRequested,
        Self::ClaimApproved,
        Self::ClaimRejected,
        Self::ClaimRejectedFinal,
    ];

    /// The name in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PartnerLedReferralIntended => "PartnerLedReferralIntended",
            Self::CoSellUpgradeIntended => "CoSellUpgradeIntended",
            Self::ReferralClosingIntended => "ReferralClosingIntended",
            Self::ConsentRequested => "ConsentRequested",
            Self::ConsentReminderRequested => "ConsentReminderRequested",
            Self::CustomerSurveyRequested => "CustomerSurveyRequested",
            Self::PartnerActionRequested => "PartnerActionRequested",
            Self::ClaimApproved => "ClaimApproved",
            Self::ClaimRejected => "ClaimRejected",
            Self::ClaimRejectedFinal => "ClaimRejectedFinal",
        }
    }

    /// Who performs it.
    #[must_use]
    pub fn family(self) -> EffectFamily {
        match self {
            Self::PartnerLedReferralIntended => EffectFamily::Referral,
            Self::CoSellUpgradeIntended => EffectFamily::CoSell,
            Self::ReferralClosingIntended => EffectFamily::Closing,
            Self::ConsentRequested
            | Self::ConsentReminderRequested
            | Self::CustomerSurveyRequested
            | Self::PartnerActionRequested
            | Self::ClaimApproved
            | Self::ClaimRejected
            | Self::ClaimRejectedFinal => EffectFamily::Mail,
        }
    }
}

impl fmt::Display for EffectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum EffectState {
    /// Intended and not answered.
    Due,
    /// Intended by imported history; only [`RetryEffect`](crate::command::RetryEffect) starts it.
    Held,
    /// The tries ended; a result or a retry may still come.
    Failed {
        /// What went wrong.
        error: Sentence,
    },
    /// Answered for good.
    Done {
        /// What was reported.
        result: DoneResult,
        /// A mail that came back after it was dispatched.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bounced: Option<Sentence>,
    },
}

/// The good end of an effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum DoneResult {
    /// The referral stands.
    Created {
        /// Its id.
        referral: Label,
        /// Where to see it.
        link: Link,
    },
    /// The co-sell referral stands.
    Upgraded {
        /// Its id.
        referral: Label,
        /// Where to see it.
        link: Link,
    },
    /// The upgrade was declined.
    Declined {
        /// Why.
        reason: Sentence,
    },
    /// The referral is closed.
    Closed,
    /// The mail was handed over.
    Dispatched,
}

/// One effect of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The type of the intending event.
    pub kind: EffectKind,
    /// How many events of that type the claim had before.
    pub number: u32,
    /// What became of it.
    #[serde(flatten)]
    pub state: EffectState,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;

    #[test]
    fn the_kind_of_an_effect_is_the_type_of_an_event() {
        for kind in EffectKind::ALL {
            assert!(Event::TYPES.contains(&kind.as_str()), "{kind}");
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}

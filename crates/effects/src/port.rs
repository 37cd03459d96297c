//! The port to the referrals API.

use std::time::Duration;

use async_trait::async_trait;
use claim_domain::ids::EffectId;
use claim_domain::text::{Label, Link, Sentence};
use serde::{Deserialize, Serialize};

use crate::wire::{Closing, CoSell, PartnerLed};

/// A referral as it stands outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Its id.
    pub referral: Label,
    /// Where to see it.
    pub link: Link,
}

/// What became of an upgrade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upgraded {
    /// The co-sell referral stands.
    Made(Standing),
    /// It was declined; that is an answer, not a failure.
    Declined(Sentence),
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It may work later: the network, too many requests, a service that is down (429, 5xx).
    #[error("{error}")]
    Retryable {
        /// What went wrong.
        error: Sentence,
        /// The least pause that was asked for (`Retry-After`).
        after: Option<Duration>,
    },
    /// It will not work however often it is tried (400, 403, 404).
    #[error("{error}")]
    Final {
        /// What went wrong.
        error: Sentence,
    },
}

/// The referrals API (DOMAIN §5.2), or what stands in for it.
///
/// Every call first looks for what was done before under `effect`, and yields that: a call whose answer was lost is
/// repeated with the same key and does nothing twice.
#[async_trait]
pub trait Referrals: Send + Sync {
    /// Creates a partner-led referral.
    ///
    /// # Errors
    /// [`Failure`].
    async fn create(&self, effect: EffectId, request: &PartnerLed) -> Result<Standing, Failure>;

    /// Upgrades a partner-led referral to co-sell.
    ///
    /// # Errors
    /// [`Failure`].
    async fn upgrade(&self, effect: EffectId, request: &CoSell) -> Result<Upgraded, Failure>;

    /// Closes a partner-led referral as lost.
    ///
    /// # Errors
    /// [`Failure`].
    async fn close(&self, effect: EffectId, request: &Closing) -> Result<(), Failure>;
}

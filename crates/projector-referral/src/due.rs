//! What is due now for the referrals API, with all that a request needs.

use claim_domain::effect::EffectFamily;
use claim_domain::ids::LocationId;
use claim_domain::sealed::{Organisation, SealedBox};
use claim_domain::text::Label;
use claim_journal::PartitionId;
use claim_projector::{ClaimFile, QueryError, Snapshot, StoreError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ledger::{EffectsQuery, LedgerEntry, StateName, effects};

/// An effect to be performed. Its result is a command under the id `entry.effect.result(attempt)`, so that the result of
/// one try is decided once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DueEffect {
    /// The effect.
    pub entry: LedgerEntry,
    /// The number of this try, from 1.
    pub attempt: u32,
    /// What to ask the referrals API for.
    pub request: Request,
}

/// What the referrals API is asked for. Our reference there is the claim's id (DOMAIN §5.2, `externalReferenceId`), by which
/// a referral is looked for before one is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Create a partner-led referral, without any person of the customer.
    CreateReferral {
        /// The estimated deal size in USD cents.
        deal_size_usd_cents: i64,
        /// The customer's organisation.
        organisation: Organisation,
        /// The partner's location.
        location: LocationId,
    },
    /// Upgrade it to co-sell, which adds the customer's contact.
    UpgradeToCoSell {
        /// The partner-led referral.
        referral: Label,
        /// The estimated deal size in USD cents.
        deal_size_usd_cents: i64,
        /// The customer's organisation.
        organisation: Organisation,
        /// The partner's location.
        location: LocationId,
        /// The customer's contact, closed.
        customer: Option<SealedBox>,
        /// The partner's contact, closed.
        partner: Option<SealedBox>,
    },
    /// Close it as lost.
    CloseReferral {
        /// The partner-led referral.
        referral: Label,
    },
}

/// The effects of referrals that are due, oldest intent first, of all partitions or of one; mail is not among them.
///
/// # Errors
/// [`QueryError::Outdated`], or [`QueryError::Store`] when the file cannot be read.
pub fn due_referral_effects(
    snapshot: &Snapshot<'_>,
    partition: Option<PartitionId>,
    limit: Option<u32>,
) -> Result<Vec<DueEffect>, QueryError> {
    let mut due = Vec::new();
    for family in [EffectFamily::Referral, EffectFamily::CoSell, EffectFamily::Closing] {
        let query = EffectsQuery {
            state: Some(StateName::Due),
            family: Some(family),
            partition,
            limit,
            ..EffectsQuery::default()
        };
        for entry in effects(snapshot, &query)? {
            let file = snapshot.claim(entry.claim)?.ok_or_else(|| without("its claim"))?;
            let request = request(family, &file)?;
            due.extend(request.map(|request| DueEffect { attempt: entry.next_attempt(), entry, request }));
        }
    }
    due.sort_by_key(|it| (it.entry.intended_at, it.entry.effect));
    due.truncate(limit.map_or(usize::MAX, |it| it as usize));
    Ok(due)
}

/// The request for an effect of this family; none for mail.
fn request(family: EffectFamily, file: &ClaimFile) -> Result<Option<Request>, StoreError> {
    let claim = &file.claim;
    let deal_size_usd_cents = || claim.deal_size_usd_cents.ok_or_else(|| without("a deal size"));
    let referral =
        || claim.referral.as_ref().map(|it| it.referral.clone()).ok_or_else(|| without("a referral"));
    let organisation = || file.contacts.organisation.clone();
    Ok(Some(match family {
        EffectFamily::Referral => Request::CreateReferral {
            deal_size_usd_cents: deal_size_usd_cents()?,
            organisation: organisation(),
            location: claim.location.clone(),
        },
        EffectFamily::CoSell => Request::UpgradeToCoSell {
            referral: referral()?,
            deal_size_usd_cents: deal_size_usd_cents()?,
            organisation: organisation(),
            location: claim.location.clone(),
            customer: file.contacts.customer.clone(),
            partner: file.contacts.partner.clone(),
        },
        EffectFamily::Closing => Request::CloseReferral { referral: referral()? },
        EffectFamily::Mail => return Ok(None),
    }))
}

/// An intent that no decision could have made.
fn without(what: &str) -> StoreError {
    StoreError::Unreadable {
        what: "a due effect".to_owned(),
        source: format!("it is intended without {what}").into(),
    }
}

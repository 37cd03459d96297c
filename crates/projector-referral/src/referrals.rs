//! The referral of each claim whose policy was asked.

use claim_domain::effect::{DoneResult, EffectKind, EffectState};
use claim_domain::ids::{ClaimId, CustomerId, EngagementId, PartnerId};
use claim_domain::text::{Label, Link};
use claim_domain::time::Instant;
use claim_journal::Position;
use claim_projector::{
    Columns, Fact, Projector, QueryError, Snapshot, StoreError, Tables, column, instant, integer, params,
    position, read_text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::fold::Referral;

/// The referral of one claim. Link and kind are for every user of the claim's partner, all else for its Referral admin
///
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReferralRow {
    /// The claim.
    pub claim: ClaimId,
    /// Its customer.
    pub customer: CustomerId,
    /// Its partner.
    pub partner: PartnerId,
    /// Its engagement.
    pub engagement: EngagementId,
    /// What the referral policy said: `met`, `fact_unknown` or `criteria_not_met`.
    pub conditions: Option<String>,
    /// What the co-sell policy said; null while it was not asked.
    pub cosell_conditions: Option<String>,
    /// The partner-led referral, once it was created.
    pub referral: Option<Label>,
    /// Where to see it.
    pub link: Option<Link>,
    /// The co-sell referral, once it was upgraded.
    pub cosell_referral: Option<Label>,
    /// Where to see that.
    pub cosell_link: Option<Link>,
    /// Whether it was closed as lost.
    pub closed: bool,
    /// When it last changed.
    pub updated_at: Instant,
    /// The decision that changed it.
    pub position: Position,
}

/// Writes the referral as the domain folded it, and what the policies said, if this event says it.
pub(crate) fn note(
    tables: &Tables<'_>,
    fact: &Fact<'_>,
    conditions: Option<&str>,
    cosell_conditions: Option<&str>,
) -> Result<(), StoreError> {
    let (Some(claim), Some(customer)) = (fact.claim, fact.customer) else { return Ok(()) };
    let done = |kind: EffectKind| {
        claim.effects.iter().filter(move |it| it.kind == kind).find_map(|it| match &it.state {
            EffectState::Done { result, .. } => Some(result),
            EffectState::Due | EffectState::Held | EffectState::Failed { .. } => None,
        })
    };
    let upgraded = match done(EffectKind::CoSellUpgradeIntended) {
        Some(DoneResult::Upgraded { referral, link }) => Some((referral.as_str(), link.as_str())),
        _ => None,
    };
    let sql = "INSERT INTO referrals VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
               ON CONFLICT (claim) DO UPDATE SET \
               conditions = coalesce(excluded.conditions, referrals.conditions), \
               cosell_conditions = coalesce(excluded.cosell_conditions, referrals.cosell_conditions), \
               referral = excluded.referral, link = excluded.link, cosell_referral = excluded.cosell_referral, \
               cosell_link = excluded.cosell_link, closed = excluded.closed, \
               updated_at_ms = excluded.updated_at_ms, partition = excluded.partition, sequence = excluded.sequence";
    let row = params![
        claim.id.to_string(),
        customer.to_string(),
        claim.partner.as_str(),
        claim.engagement.as_str(),
        conditions,
        cosell_conditions,
        claim.referral.as_ref().map(|it| it.referral.as_str()),
        claim.referral.as_ref().map(|it| it.link.as_str()),
        upgraded.map(|it| it.0),
        upgraded.map(|it| it.1),
        done(EffectKind::ReferralClosingIntended).is_some(),
        fact.stamp.at.as_ms(),
        fact.position.partition.to_string(),
        integer(fact.position.sequence),
    ];
    tables.write(sql, row).map(drop)
}

/// The referral of a claim; none when its policy was never asked.
///
/// # Errors
/// [`QueryError::Outdated`], or [`QueryError::Store`] when the file cannot be read.
pub fn referral(snapshot: &Snapshot<'_>, claim: ClaimId) -> Result<Option<ReferralRow>, QueryError> {
    snapshot.require(Referral::NAME, Referral::VERSION)?;
    let sql = "SELECT * FROM referrals WHERE claim = ?1";
    let of_claim = params![claim.to_string()];
    let found = snapshot.query("reading a referral", sql, of_claim, |row| read(claim, row))?;
    Ok(found.into_iter().next())
}

fn read(claim: ClaimId, row: &Columns<'_>) -> Result<ReferralRow, StoreError> {
    let text = |name: &str| column::<String>(row, name);
    let label = |name: &str| column::<Option<String>>(row, name);
    Ok(ReferralRow {
        claim,
        customer: CustomerId(read_text("a customer id", &text("customer")?)?),
        partner: read_text("a partner id", &text("partner")?)?,
        engagement: read_text("an engagement id", &text("engagement")?)?,
        conditions: label("conditions")?,
        cosell_conditions: label("cosell_conditions")?,
        referral: label("referral")?.map(|it| bounded("a referral", &it)).transpose()?,
        link: label("link")?.map(|it| bounded("a link", &it)).transpose()?,
        cosell_referral: label("cosell_referral")?.map(|it| bounded("a referral", &it)).transpose()?,
        cosell_link: label("cosell_link")?.map(|it| bounded("a link", &it)).transpose()?,
        closed: column(row, "closed")?,
        updated_at: instant(row, "updated_at_ms")?,
        position: position(row)?,
    })
}

fn bounded<const MAX: usize>(what: &str, text: &str) -> Result<claim_domain::text::Text<MAX>, StoreError> {
    text.try_into()
        .map_err(|source| StoreError::Unreadable { what: what.to_owned(), source: Box::new(source) })
}

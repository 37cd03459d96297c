//! Closing the referral of a claim that ended.

use crate::claim::{Claim, Status};
use crate::effect::EffectFamily;
use crate::event::{Event, ReferralClosingIntended};
use crate::version::V;

/// The intent to close, if this claim calls for it: ended otherwise than approved, a referral stands, it was not
/// upgraded, no upgrade is pending, and closing was not intended before.
pub(super) fn closing(claim: &Claim) -> Option<Event> {
    let ended = claim.status.is_terminal() && claim.status != Status::Approved;
    let wanted = ended
        && claim.referral.is_some()
        && !claim.cosell
        && !claim.is_upgrade_pending()
        && !claim.ever_intended(EffectFamily::Closing);
    wanted.then(|| ReferralClosingIntended { version: V, claim: claim.id }.into())
}

/// `event`, which ends the claim or answers its referral, and the intent to close if it calls for one.
pub(super) fn with_closing(claim: &Claim, event: Event) -> Vec<Event> {
    let mut after = claim.clone();
    after.evolve(&event, crate::customer::Stamp { at: claim.updated_at, imported: false });
    let closing = closing(&after);
    std::iter::once(event).chain(closing).collect()
}

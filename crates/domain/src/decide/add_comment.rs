//! `AddComment`: partner and reviewer, in every status that is not terminal (D-04, A-42).

use super::{Actor, Context, Decided, not_in_row, required};
use crate::command::AddComment;
use crate::customer::Customer;
use crate::event::CommentAdded;
use crate::version::V;

/// Adds a comment.
///
/// Refuses, in this order: role, claim, location, status, blank text.
pub(super) fn decide(customer: &Customer, cmd: &AddComment, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::PartnerOrReviewer)?;
    if claim.status.is_terminal() {
        return Err(not_in_row(claim));
    }
    let text = required(cmd.text.as_ref(), "text")?;
    Ok(vec![CommentAdded { version: V, claim: claim.id, text: text.clone() }.into()])
}

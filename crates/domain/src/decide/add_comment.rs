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

#[cfg(test)]
mod tests {
    use crate::claim::Status;
    use crate::decide::given::*;

    #[test] // D-04, A-42
    fn partner_and_reviewer_comment_in_every_status_that_is_not_terminal() {
        for status in Status::ALL {
            for asker in [partner(), reviewer()] {
                let outcome = given(until(status)).when(add_comment().by(asker));
                match status.is_terminal() {
                    false => assert_eq!(outcome.in_short(), "CommentAdded", "{status}"),
                    true => {
                        assert!(["wrong_status", "deadline_reached"].contains(&outcome.in_short().as_str()));
                    }
                }
            }
        }
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add()]),
            &add_comment(),
            &[
                fault("role_not_allowed", |it| it.by(customer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![cancel_claim()]),
                fault("text_required", |it| it.without("text")),
            ],
            &[],
        );
    }
}

//! `ResendConsent`: remind the customer (R-070, R-071, row 4, A-48).

use super::{Actor, Context, Decided, not_in_row};
use crate::claim::Status;
use crate::command::ResendConsent;
use crate::customer::Customer;
use crate::event::ConsentReminderRequested;
use crate::refusal::Refusal;
use crate::version::V;

/// Reminds; neither deal size nor deadline change.
///
/// Refuses, in this order: role, claim, location, status, reminders exhausted, reminder too soon.
pub(super) fn decide(customer: &Customer, cmd: &ResendConsent, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Partner)?;
    if claim.status != Status::AwaitingConsent {
        return Err(not_in_row(claim));
    }
    let rule = context.terms_of(claim)?.reminders;
    if claim.reminders >= rule.max {
        return Err(Refusal::RemindersExhausted { max: rule.max });
    }
    let next_at = claim.asked_at.unwrap_or(claim.created_at).plus_hours(rule.interval_hours);
    if context.at < next_at {
        return Err(Refusal::ReminderTooSoon { next_at });
    }
    let (reminder, contact_revision) = (claim.reminders + 1, claim.contact_revision);
    Ok(vec![ConsentReminderRequested { version: V, claim: claim.id, reminder, contact_revision }.into()])
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;
    use crate::effect::EffectKind;
    use crate::refusal::Refusal;

    #[test]
    fn a_reminder_is_a_mail_and_changes_neither_deal_size_nor_deadline() {
        let asked = given([add(), send_consent()]);
        let before = asked.claim().clone();
        let reminded = asked
            .when(resend_consent().days_later(1))
            .yields(["ConsentReminderRequested"])
            .with("reminder", 1)
            .with("contact_revision", 1)
            .then();
        let after = reminded.claim();
        assert_eq!(after.deal_size_usd_cents, before.deal_size_usd_cents);
        assert_eq!(after.deadline(), before.deadline());
        assert!(after.effects.iter().any(|it| it.kind == EffectKind::ConsentReminderRequested));
    }

    #[test]
    fn a_reminder_waits_for_the_interval_since_the_newest_mail() {
        let a_day = 86_400_000;
        let asked = given([add(), send_consent()]);
        asked
            .clone()
            .when(resend_consent().ms_later(a_day - 1))
            .refused(Refusal::ReminderTooSoon { next_at: start().plus_days(1) });
        let reminded = asked.and_all([resend_consent().ms_later(a_day)]);
        reminded
            .clone()
            .when(resend_consent().ms_later(a_day - 1))
            .refused(Refusal::ReminderTooSoon { next_at: start().plus_days(2) });
        reminded
            .when(resend_consent().ms_later(a_day))
            .yields(["ConsentReminderRequested"])
            .with("reminder", 2);
    }

    #[test]
    fn a_change_of_contacts_moves_neither_interval_nor_count() {
        given([add(), send_consent(), update_contacts().ms_later(86_399_999)])
            .when(resend_consent().ms_later(1))
            .yields(["ConsentReminderRequested"])
            .with("contact_revision", 2);
    }

    #[test]
    fn exhausted_comes_before_too_soon() {
        let asked = given([add(), send_consent()]);
        let twice = || vec![resend_consent().days_later(1), resend_consent().days_later(1)];
        in_order(
            &asked,
            &resend_consent().days_later(1),
            &[
                fault("role_not_allowed", |it| it.by(customer())),
                fault("claim_not_found", |it| it.by(other_partner())),
                fault("location_not_in_scope", |it| it.by(partner_elsewhere())),
                past_fault("wrong_status", || vec![customer_accepted()]),
                fault("reminder_too_soon", |it| it.ms_later(0)),
            ],
            &[],
        );
        asked.and_all(twice()).when(resend_consent()).refused(Refusal::RemindersExhausted { max: 2 });
    }
}

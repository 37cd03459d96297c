//! The course of one claim, from asking for consent to its end.

use crate::sample::command::{self, Plain, Result as Answer};
use crate::sample::line::Expect;
use crate::sample::people::Person;
use crate::sample::reports::{REFERRAL, UPGRADE};
use crate::sample::story::{Referral, Story};

/// How a claim ends, if it ends before the sample does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Approved,
    ApprovedAfterAction,
    ApprovedAfterDispute,
    Declined,
    /// Consent expires before anybody asked for it.
    NeverAsked,
    /// Consent expires after the customer was asked.
    NoAnswer,
    CanceledEarly,
    CanceledAwaiting,
    CanceledLate,
    NotSubmitted,
    /// The reviewer asked for more, in vain.
    ActionUnanswered,
    /// The dispute window passes unused.
    RejectedUndisputed,
    /// A dispute is opened and not submitted.
    DisputeAbandoned,
    RejectedFinal,
    /// The same as `ActionUnanswered`, after a dispute.
    ActionUnansweredAfterDispute,
}

/// Tells the course of this claim.
pub(crate) fn run(story: &mut Story, ending: Ending) {
    if story.rng.chance(4) {
        story.repeat_last();
    }
    match ending {
        Ending::NeverAsked => return too_late_to_ask(story),
        Ending::CanceledEarly => {
            story.wait_days(1, 6);
            return story.cancel();
        }
        _ => ask(story),
    }
    match ending {
        Ending::NoAnswer => {
            remind(story);
            return too_late_to_answer(story);
        }
        Ending::CanceledAwaiting => {
            story.wait_days(2, 5);
            story.cancel();
            return story.referral_closed();
        }
        Ending::Declined => {
            story.wait_days(1, 8);
            story.decline();
            return story.referral_closed();
        }
        _ => agree(story),
    }
    match ending {
        Ending::NotSubmitted => return too_late_to_submit(story),
        Ending::CanceledLate => {
            story.wait_days(3, 15);
            story.cancel();
            return story.referral_closed();
        }
        _ => hand_in(story),
    }
    story.wait_days(1, 5);
    start_review(story);
    match ending {
        Ending::ApprovedAfterAction => {
            more_wanted(story);
            more_given(story);
            story.wait_days(1, 4);
            start_review(story);
        }
        Ending::ActionUnanswered => return more_wanted(story),
        _ => {}
    }
    if matches!(
        ending,
        Ending::ApprovedAfterDispute
            | Ending::RejectedUndisputed
            | Ending::DisputeAbandoned
            | Ending::RejectedFinal
            | Ending::ActionUnansweredAfterDispute
    ) {
        story.wait_days(1, 4);
        story.reject("The invoice does not name the engagement.", false);
        story.mail_dispatched("ClaimRejected");
        if ending == Ending::RejectedUndisputed {
            return;
        }
        story.wait_days(2, 10);
        story.dispute();
        if ending == Ending::DisputeAbandoned {
            return;
        }
        story.wait_days(1, 6);
        story.upload("invoice");
        story.submit_dispute("The corrected invoice names engagement and period.");
        story.wait_days(1, 4);
        start_review(story);
    }
    match ending {
        Ending::RejectedFinal => {
            story.wait_days(1, 5);
            story.reject("The corrected invoice is of another customer.", true);
            story.mail_dispatched("ClaimRejectedFinal");
            story.referral_closed();
        }
        Ending::ActionUnansweredAfterDispute => more_wanted(story),
        _ => approve(story),
    }
}

/// Consent is asked for, the mail goes out or comes back, a referral may be created.
fn ask(story: &mut Story) {
    story.wait_hours(2, 60);
    let deal_cents = story.rng.between(4_000, 260_000) * 100;
    if story.rng.chance(2) {
        let (claim, disclaimer) = (story.claim.clone(), story.disclaimer());
        story
            .partner_is_refused(command::send_consent(&claim, 0, disclaimer, None), "deal_size_not_positive");
    }
    story.send_consent(deal_cents);
    if story.rng.chance(3) {
        story.repeat_last();
    }
    match story.rng.between(1, 100) {
        1..=70 => story.mail_dispatched("ConsentRequested"),
        71..=76 => bounced(story),
        77..=80 => {
            let effect = story.newest_mail("ConsentRequested");
            story.importer_says(
                effect,
                3,
                Answer::MailFailed { error: "451 mailbox busy" },
                Expect::Accepted,
            );
        }
        _ => {}
    }
    if story.rng.chance(3) {
        let claim = story.claim.clone();
        let disclaimer = story.disclaimer();
        story.partner_is_refused(
            command::send_consent(&claim, deal_cents + 1, disclaimer, None),
            "consent_already_requested",
        );
    }
    if story.referral == Referral::Intended {
        create_referral(story);
    }
}

/// The mail came back; the partner corrects the address and reminds.
fn bounced(story: &mut Story) {
    story.mail_dispatched("ConsentRequested");
    let effect = story.newest_mail("ConsentRequested");
    story.importer_says(effect, 1, Answer::MailBounced { error: "550 no such user" }, Expect::Accepted);
    story.wait_hours(20, 40);
    let other = Person::drawn(&format!("{} second person", story.claim), &story.customer.domain.clone());
    story.update_contacts(&other);
    story.wait_hours(26, 40);
    story.remind();
    story.mail_dispatched("ConsentReminderRequested");
}

fn create_referral(story: &mut Story) {
    story.wait_hours(1, 16);
    match story.rng.between(1, 100) {
        1..=78 => story.referral_created(1),
        79..=86 => {
            story.importer_says(
                REFERRAL,
                5,
                Answer::ReferralFailed { error: "503 serviceNotAvailable" },
                Expect::Accepted,
            );
            story.wait_hours(1, 6);
            let command = command::retry_effect(&story.claim, REFERRAL);
            story.operator_says(command, Expect::Accepted);
            story.referral_created(6);
        }
        87..=90 => {
            story.importer_says(
                REFERRAL,
                5,
                Answer::ReferralFailed { error: "400 invalidRequest" },
                Expect::Accepted,
            );
        }
        _ => {}
    }
}

fn remind(story: &mut Story) {
    story.wait_days(2, 3);
    story.remind();
    if story.rng.chance(12) {
        let command = command::plain(Plain::ResendConsent, &story.claim);
        story.partner_is_refused(command, "reminder_too_soon");
    }
    story.mail_dispatched("ConsentReminderRequested");
}

/// The customer agrees; the referral may be upgraded.
fn agree(story: &mut Story) {
    // A request that came back was followed by a reminder already.
    if story.revision == 1 && story.rng.chance(22) {
        remind(story);
    }
    story.wait_days(1, 5);
    story.accept();
    if story.rng.chance(4) {
        // A second click on the same answer is accepted without events.
        let command = command::customer_accepted(&story.claim, story.revision);
        story.customer_says(command, Expect::Accepted);
    }
    if story.referral != Referral::UpgradeIntended {
        return;
    }
    story.wait_hours(2, 30);
    match story.rng.between(1, 100) {
        1..=62 => story.upgraded(1),
        63..=82 => story.upgrade_declined(),
        83..=92 => {
            story.importer_says(
                UPGRADE,
                5,
                Answer::CoSellFailed { error: "429 too many requests" },
                Expect::Accepted,
            );
            let command = command::retry_effect(&story.claim, UPGRADE);
            story.operator_says(command, Expect::Accepted);
            story.upgraded(6);
        }
        _ => {}
    }
}

/// Proof is gathered and the claim submitted.
fn hand_in(story: &mut Story) {
    story.wait_days(3, 20);
    if story.rng.chance(4) && !story.terms.proof.is_empty() {
        let command = command::plain(Plain::SubmitClaim, &story.claim);
        story.partner_is_refused(command, "proof_incomplete");
    }
    if story.rng.chance(15) {
        story.comment("The workshop took place on site.");
    }
    if story.rng.chance(5) && story.terms.proof.contains(&"customer_survey") {
        // A contact change voids the survey that was sent (D-02), so it has to be sent again.
        story.send_survey();
        story.wait_days(1, 3);
        let other = Person::drawn(&format!("{} new person", story.claim), &story.customer.domain.clone());
        story.update_contacts(&other);
    }
    story.prove();
    story.wait_hours(1, 60);
    story.submit();
    if story.rng.chance(3) {
        story.repeat_last();
    }
}

fn start_review(story: &mut Story) {
    if story.rng.chance(2) {
        let command = command::plain(Plain::ApproveClaim, &story.claim);
        story.reviewer_says(command, Expect::Refused("wrong_status"));
    }
    story.start_review();
    if story.rng.chance(8) {
        let command = command::add_comment(&story.claim, "The survey was answered by the right person.");
        story.reviewer_says(command, Expect::Accepted);
    }
}

fn more_wanted(story: &mut Story) {
    story.wait_days(1, 3);
    story.request_action("Please add the signed delivery note.");
    story.mail_dispatched("PartnerActionRequested");
}

fn more_given(story: &mut Story) {
    story.wait_days(2, 8);
    story.upload("delivery_note");
    story.comment("The delivery note is attached.");
    story.resubmit();
}

fn approve(story: &mut Story) {
    story.wait_days(1, 5);
    story.approve();
    if story.rng.chance(80) {
        story.mail_dispatched("ClaimApproved");
    }
    if story.rng.chance(70) {
        story.wait_days(30, 45);
        let cents = story.terms.quote_cents(10, 10_000_000);
        if story.rng.chance(10) {
            story.pay(cents / 2, 1);
            story.wait_days(5, 9);
            story.pay(cents - cents / 2, 2);
        } else {
            story.pay(cents, 1);
        }
    }
}

/// Some notice only after the consent deadline that they never asked.
fn too_late_to_ask(story: &mut Story) {
    story.at = story.created_at.days(story.terms.days[0]);
    story.wait_days(1, 6);
    if story.rng.chance(40) {
        let command = command::send_consent(&story.claim, 1_000_000, story.disclaimer(), None);
        story.partner_is_refused(command, "deadline_reached");
    }
}

/// Some customers answer after the deadline.
fn too_late_to_answer(story: &mut Story) {
    story.at = story.created_at.days(story.terms.days[0]);
    story.wait_hours(1, 60);
    if story.rng.chance(40) {
        let command = command::customer_accepted(&story.claim, story.revision);
        story.customer_says(command, Expect::Refused("deadline_reached"));
    }
    story.referral_closed();
}

/// Some partners submit after the deadline.
fn too_late_to_submit(story: &mut Story) {
    let Some(consented_at) = story.consented_at else { return };
    if story.rng.chance(50) {
        story.wait_days(5, 20);
        story.upload("poe_document");
    }
    story.at = consented_at.days(story.terms.days[1]);
    story.wait_hours(1, 90);
    if story.rng.chance(50) {
        let command = command::plain(Plain::SubmitClaim, &story.claim);
        story.partner_is_refused(command, "deadline_reached");
    }
    story.referral_closed();
}

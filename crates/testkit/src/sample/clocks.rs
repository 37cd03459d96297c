//! The five deadlines, reached and just not reached, with the engagement whose clocks run for days.

use crate::sample::asker;
use crate::sample::at::At;
use crate::sample::command::{self, Plain};
use crate::sample::customer::Source;
use crate::sample::draft::{Missing, Sample};
use crate::sample::engagements::QUICK_SCAN;
use crate::sample::line::Expect;
use crate::sample::opening::{How, Opening};
use crate::sample::partner::Partner;
use crate::sample::story::Story;

/// What the deal is worth: too little for a referral.
const SMALL_DEAL: i64 = 250_000;

/// Tells all of it, once in spring, once in summer and once in autumn.
pub(crate) fn tell(sample: &mut Sample) -> Result<(), Missing> {
    for (n, month) in [3, 6, 9].into_iter().enumerate() {
        let partner = Partner::numbered(n);
        let mut begin = |what: &str, day: i64| -> Result<Story, Missing> {
            let customer = sample.fresh(|it| it.source == Source::Directory)?;
            let name = format!("clocks {month} {what}");
            let at = At::on(month, day, 9, 0).ms(137);
            Opening::of(&name, at, partner, &customer, QUICK_SCAN, How::By("domain_name")).begin_one(sample)
        };
        let stories = [
            just_in_time(begin("just in time", 2)?),
            too_late(begin("too late", 3)?),
            consent_forgotten(begin("consent forgotten", 3)?),
            submit_forgotten(begin("submit forgotten", 4)?),
            review_unanswered(begin("review unanswered", 4)?),
            held_by_the_reviewer(begin("held by the reviewer", 5)?),
            not_disputed(begin("not disputed", 5)?),
            dispute_not_submitted(begin("dispute not submitted", 6)?),
            dispute_unanswered(begin("dispute unanswered", 6)?),
        ];
        for story in stories {
            sample.take(story.lines);
        }
    }
    Ok(())
}

fn consent(story: &mut Story) {
    story.send_consent(SMALL_DEAL);
    story.at = story.created_at.hours(20);
    story.accept();
}

fn until_review(story: &mut Story) {
    consent(story);
    story.prove();
    story.submit();
    story.at = story.created_at.hours(44);
    story.start_review();
}

/// When a deadline of so many days after consent falls due.
fn after_consent(story: &Story, days: i64) -> At {
    story.consented_at.unwrap_or(story.created_at).days(days)
}

/// The customer agrees in the last millisecond.
fn just_in_time(mut story: Story) -> Story {
    story.send_consent(SMALL_DEAL);
    story.at = story.created_at.days(story.terms.days[0]).ms(-1);
    story.accept();
    story.prove();
    story.at = after_consent(&story, story.terms.days[1]).ms(-1);
    story.submit();
    story.start_review();
    story.approve();
    story
}

/// The customer agrees at the very moment of the deadline, which wins.
fn too_late(mut story: Story) -> Story {
    story.send_consent(SMALL_DEAL);
    story.at = story.created_at.days(story.terms.days[0]);
    let command = command::customer_accepted(&story.claim, 1);
    story.customer_says(command, Expect::Refused("deadline_reached"));
    story
}

fn consent_forgotten(mut story: Story) -> Story {
    story.at = story.created_at.days(story.terms.days[0]).hours(5);
    let command = command::plain(Plain::CancelClaim, &story.claim);
    story.partner_is_refused(command, "deadline_reached");
    story
}

fn submit_forgotten(mut story: Story) -> Story {
    consent(&mut story);
    story.prove();
    story.at = after_consent(&story, story.terms.days[1]);
    let command = command::plain(Plain::SubmitClaim, &story.claim);
    story.partner_is_refused(command, "deadline_reached");
    story
}

fn review_unanswered(mut story: Story) -> Story {
    until_review(&mut story);
    story.request_action("The report has no date.");
    story.mail_dispatched("PartnerActionRequested");
    story.upload("poe_document");
    story.at = after_consent(&story, story.terms.days[2]).minutes(1);
    let command = command::plain(Plain::ResubmitClaim, &story.claim);
    story.partner_is_refused(command, "deadline_reached");
    story
}

/// The review deadline passes while the reviewer holds the claim: no expiry, but no more questions.
fn held_by_the_reviewer(mut story: Story) -> Story {
    until_review(&mut story);
    story.at = after_consent(&story, story.terms.days[2]).hours(2);
    let command = command::request_partner_action(&story.claim, "One more question.");
    story.reviewer_says(command, Expect::Refused("deadline_reached"));
    story.approve();
    story.mail_dispatched("ClaimApproved");
    story
}

fn not_disputed(mut story: Story) -> Story {
    until_review(&mut story);
    story.reject("The report is of another year.", false);
    story.at = story.at.days(story.terms.days[3]);
    let command = command::plain(Plain::DisputeClaim, &story.claim);
    story.partner_is_refused(command, "deadline_reached");
    story
}

fn dispute_not_submitted(mut story: Story) -> Story {
    until_review(&mut story);
    story.reject("The report is of another year.", false);
    story.at = story.at.hours(20);
    story.dispute();
    story.upload("poe_document");
    story.at = story.at.days(story.terms.days[3]);
    let command = command::submit_dispute(&story.claim, "The right report is attached.");
    story.partner_is_refused(command, "deadline_reached");
    story
}

fn dispute_unanswered(mut story: Story) -> Story {
    until_review(&mut story);
    story.reject("The report is of another year.", false);
    story.at = story.at.hours(6);
    story.dispute();
    story.upload("poe_document");
    story.submit_dispute("The right report is attached.");
    story.start_review();
    story.request_action("It is not signed.");
    story.at = story.at.days(story.terms.days[4]).hours(1);
    let command = command::plain(Plain::ResubmitClaim, &story.claim);
    story.partner_is_refused(command, "deadline_reached");
    // What happens to an expired claim from outside changes no state: a late payment is refused as well.
    let payment = command::record_payment(&story.claim, "pay-late", 100_000, "USD", story.at.hours(-1));
    story.say(asker::service("payments"), payment, Expect::Refused("deadline_reached"));
    story
}

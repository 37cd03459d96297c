//! Steps of a claim that are refused, beside the steps that were right.

use crate::sample::asker;
use crate::sample::command::{self, Command, Plain};
use crate::sample::desk::{Desk, adatum, contoso};
use crate::sample::draft::Missing;
use crate::sample::json::object;
use crate::sample::line::Expect;
use crate::sample::people::Person;
use crate::sample::story::Story;

/// Tells all of it.
pub(crate) fn tell(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let story = desk.begun("steps of others")?;
    let story = others(story);
    desk.file(story);
    let mut story = desk.begun("steps of consent")?;
    asked(&mut story);
    reminded(&mut story);
    answered(&mut story);
    desk.file(story);
    let mut story = desk.begun("steps of review")?;
    proved(&mut story);
    reviewed(&mut story);
    paid(&mut story);
    desk.file(story);
    let story = desk.begun("steps of a survey")?;
    let story = survey_voided(story);
    desk.file(story);
    Ok(())
}

fn plain(story: &Story, kind: Plain) -> Command {
    command::plain(kind, &story.claim)
}

/// Those whose claim it is not, or not theirs to do this.
fn others(mut story: Story) -> Story {
    let refused = |story: &mut Story, asker, command, code| story.say(asker, command, Expect::Refused(code));
    let cancel = plain(&story, Plain::CancelClaim);
    refused(&mut story, adatum().claims_user(), cancel.clone(), "claim_not_found");
    refused(&mut story, contoso().referral_user(), cancel.clone(), "role_not_allowed");
    refused(&mut story, asker::operator(), cancel, "role_not_allowed");
    let nowhere = command::plain(Plain::SubmitClaim, "c000-00000000000000000000");
    refused(&mut story, contoso().claims_user(), nowhere, "claim_not_found");
    let accept = command::customer_accepted(&story.claim, 1);
    refused(&mut story, contoso().admin(), accept, "role_not_allowed");
    let approve = plain(&story, Plain::ApproveClaim);
    story.customer_says(approve, Expect::Refused("role_not_allowed"));
    let retry = command::retry_effect(&story.claim, crate::sample::reports::REFERRAL);
    refused(&mut story, contoso().admin(), retry, "role_not_allowed");
    story
}

fn asked(story: &mut Story) {
    let (claim, disclaimer) = (story.claim.clone(), story.disclaimer());
    for kind in [Plain::SubmitClaim, Plain::ResendConsent, Plain::DisputeClaim] {
        story.partner_is_refused(plain(story, kind), "wrong_status");
    }
    let nobody = object! {
        "customer": object! { "first_name": "", "last_name": "Example", "email": "nobody@freemail.example" },
        "partner": object! { "first_name": "Ada", "last_name": "Example", "email": "ada.example@contoso.example" },
        "organisation": object! { "name": "Somewhere", "country": "JP" },
    };
    let nameless = command::send_consent(&claim, 900_000, disclaimer, Some(nobody));
    story.partner_is_refused(nameless, "contacts_invalid");
    for cents in [0, -500] {
        let command = command::send_consent(&claim, cents, disclaimer, None);
        story.partner_is_refused(command, "deal_size_not_positive");
    }
    let outdated = command::send_consent(&claim, 900_000, "2025-10", None);
    story.partner_is_refused(outdated, "disclaimer_outdated");
    let contacts = story.contacts(&story.customer.person, 3);
    story.send_consent_with(900_000, Some(contacts));
    let larger = command::send_consent(&claim, 950_000, disclaimer, None);
    story.partner_is_refused(larger, "consent_already_requested");
}

/// Two reminders at least four hours apart are all there may be.
fn reminded(story: &mut Story) {
    let resend = plain(story, Plain::ResendConsent);
    story.partner_is_refused(resend.clone(), "reminder_too_soon");
    for _ in 0..2 {
        story.at = story.at.hours(4);
        story.remind();
        story.mail_dispatched("ConsentReminderRequested");
    }
    story.at = story.at.hours(4);
    story.partner_is_refused(resend, "reminders_exhausted");
}

fn answered(story: &mut Story) {
    let other = Person::drawn("someone who knows", &story.customer.domain);
    story.update_contacts(&other);
    for revision in [story.revision - 1, story.revision + 1] {
        let command = command::customer_accepted(&story.claim, revision);
        story.customer_says(command, Expect::Refused("contact_revision_outdated"));
    }
    story.accept();
    let again = command::customer_accepted(&story.claim, story.revision);
    story.customer_says(again, Expect::Accepted);
    let declined = command::customer_declined(&story.claim, story.revision);
    story.customer_says(declined, Expect::Refused("consent_already_answered"));
}

fn proved(story: &mut Story) {
    story.send_consent(100_000);
    story.accept();
    let claim = story.claim.clone();
    let survey = |reference: &str| command::complete_customer_survey(&claim, reference);
    story.partner_is_refused(plain(story, Plain::SubmitClaim), "proof_incomplete");
    story.customer_says(survey("cs-1"), Expect::Refused("survey_not_requested"));
    story.send_survey();
    story.send_survey();
    story.customer_says(survey("  "), Expect::Refused("text_required"));
    story.customer_says(survey("cs-1"), Expect::Accepted);
    story.customer_says(survey("cs-1"), Expect::Accepted);
    story.customer_says(survey("cs-2"), Expect::Refused("survey_already_completed"));
    story.partner_is_refused(plain(story, Plain::SendCustomerSurvey), "survey_already_completed");
    let contacts = story.contacts(&story.customer.person, 2);
    story.partner_is_refused(command::update_contacts(&claim, contacts), "contacts_frozen");
    for (reference, expect) in [
        (" ", Expect::Refused("text_required")),
        ("ps-1", Expect::Accepted),
        ("ps-1", Expect::Accepted),
        ("ps-2", Expect::Refused("survey_already_completed")),
    ] {
        story.say(story.user.clone(), command::complete_partner_survey(&claim, reference), expect);
    }
    story.partner_is_refused(command::add_comment(&claim, "\t\n"), "text_required");
    story.upload("poe_document");
    story.submit();
}

fn reviewed(story: &mut Story) {
    let claim = story.claim.clone();
    story.partner_is_refused(plain(story, Plain::CancelClaim), "wrong_status");
    story.partner_is_refused(command::upload_proof(&claim, "invoice", 9), "wrong_status");
    story.start_review();
    for command in [command::request_partner_action(&claim, " "), command::reject_claim(&claim, "")] {
        story.reviewer_says(command, Expect::Refused("text_required"));
    }
    story.request_action("Which subscriptions were scanned?");
    story.comment("All of them.");
    story.resubmit();
    story.start_review();
    story.reject("The report covers one subscription only.", false);
    story.dispute();
    story.partner_is_refused(command::submit_dispute(&claim, " "), "text_required");
    story.upload("poe_document");
    story.submit_dispute("The second report covers the rest.");
    story.start_review();
    story.approve();
    story.partner_is_refused(command::add_comment(&claim, "Thank you."), "wrong_status");
}

fn paid(story: &mut Story) {
    let claim = story.claim.clone();
    let paid_at = story.at.hours(-1);
    let payment =
        |reference: &str, cents: i64| command::record_payment(&claim, reference, cents, "USD", paid_at);
    for (reference, cents, expect) in [
        ("pay-desk", 0, Expect::Refused("amount_not_positive")),
        (" ", 100_000, Expect::Refused("text_required")),
        ("pay-desk", 60_000, Expect::Accepted),
        ("pay-desk", 60_000, Expect::Accepted),
        ("pay-desk", 40_000, Expect::Refused("payment_reference_reused")),
        ("pay-desk-2", 40_000, Expect::Accepted),
    ] {
        story.say(asker::service("payments"), payment(reference, cents), expect);
    }
    story.say(contoso().admin(), payment("pay-self", 1), Expect::Refused("role_not_allowed"));
}

/// New contacts void a survey that was sent and not answered (D-02).
fn survey_voided(mut story: Story) -> Story {
    let outside =
        asker::partner_user("p-contoso", "u-contoso-east", &["incentives_user"], Some(&["loc-1003"]));
    let consent = command::send_consent(&story.claim, 100_000, story.disclaimer(), None);
    story.say(outside, consent, Expect::Refused("location_not_in_scope"));
    story.send_consent(100_000);
    story.accept();
    story.send_survey();
    let other = Person::drawn("someone new", &story.customer.domain);
    story.update_contacts(&other);
    let survey = command::complete_customer_survey(&story.claim, "cs-1");
    story.customer_says(survey, Expect::Refused("survey_not_requested"));
    story
}

//! Results of effects: refused, quiet, late, and retried.

use crate::sample::command::{self, Effect, Result as Answer};
use crate::sample::desk::Desk;
use crate::sample::draft::Missing;
use crate::sample::line::Expect;
use crate::sample::reports::{CLOSING, REFERRAL, UPGRADE};
use crate::sample::story::Story;

/// What the deal is worth: enough for a referral.
const LARGE_DEAL: i64 = 800_000;

/// What happens to a claim whose consent was just asked for.
type Scene = fn(&mut Story);

/// Tells all of it.
pub(crate) fn tell(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let scenes: [(&str, Scene); 6] = [
        ("mails", mails),
        ("referral twice", referral_twice),
        ("referral after the end", referral_after_the_end),
        ("upgrade after the end", upgrade_after_the_end),
        ("upgrade failed", upgrade_failed),
        ("held", held),
    ];
    for (name, tell) in scenes {
        let mut story = desk.begun_with_managed(&format!("effects, {name}"))?;
        story.send_consent(LARGE_DEAL);
        tell(&mut story);
        desk.file(story);
    }
    Ok(())
}

/// A mail cannot come back before it went out.
fn mails(story: &mut Story) {
    let mail = story.newest_mail("ConsentRequested");
    let bounced = Answer::MailBounced { error: "550 no such user" };
    story.importer_says(mail, 1, bounced, Expect::Refused("effect_not_dispatched"));
    story.importer_says(mail, 1, Answer::MailFailed { error: "421 try later" }, Expect::Accepted);
    story.importer_says(mail, 2, Answer::MailDispatched, Expect::Accepted);
    story.importer_says(mail, 3, Answer::MailDispatched, Expect::Accepted);
    story.importer_says(mail, 2, bounced, Expect::Accepted);
    let reminder = Effect { kind: "ConsentReminderRequested", number: 0 };
    story.importer_says(reminder, 1, Answer::MailDispatched, Expect::Refused("effect_not_found"));
    story.importer_says(
        Effect { number: 7, ..mail },
        1,
        Answer::MailDispatched,
        Expect::Refused("effect_not_found"),
    );
    let id = story.referral_id(false);
    story.importer_says(
        mail,
        1,
        Answer::ReferralCreated { referral: &id },
        Expect::Refused("effect_not_found"),
    );
}

/// A referral fails, is retried, is created, and is then done for good.
fn referral_twice(story: &mut Story) {
    let retry = command::retry_effect(&story.claim, REFERRAL);
    story.importer_says(
        REFERRAL,
        5,
        Answer::ReferralFailed { error: "503 serviceNotAvailable" },
        Expect::Accepted,
    );
    story.operator_says(retry.clone(), Expect::Accepted);
    story.operator_says(retry.clone(), Expect::Refused("effect_not_retryable"));
    story.referral_created(6);
    let (id, other) = (story.referral_id(false), story.referral_id(true));
    story.importer_says(REFERRAL, 7, Answer::ReferralCreated { referral: &id }, Expect::Accepted);
    story.importer_says(
        REFERRAL,
        7,
        Answer::ReferralCreated { referral: &other },
        Expect::Refused("effect_already_done"),
    );
    story.operator_says(retry, Expect::Refused("effect_already_done"));
    let upgrade = command::retry_effect(&story.claim, UPGRADE);
    story.operator_says(upgrade, Expect::Refused("effect_not_found"));
}

/// The referral is created after the customer declined: it is closed at once.
fn referral_after_the_end(story: &mut Story) {
    story.decline();
    story.importer_says(CLOSING, 1, Answer::ReferralClosed, Expect::Refused("effect_not_found"));
    story.referral_created(1);
    story.importer_says(CLOSING, 1, Answer::ReferralClosed, Expect::Accepted);
}

/// The claim is canceled while an upgrade is under way: closing waits for its answer.
fn upgrade_after_the_end(story: &mut Story) {
    story.referral_created(1);
    story.accept();
    story.cancel();
    story.importer_says(CLOSING, 1, Answer::ReferralClosed, Expect::Refused("effect_not_found"));
    story.upgrade_declined();
    story.importer_says(CLOSING, 1, Answer::ReferralClosed, Expect::Accepted);
}

/// The customer agrees before the referral is there; the upgrade fails and then succeeds.
fn upgrade_failed(story: &mut Story) {
    story.accept();
    story.referral_created(1);
    story.importer_says(UPGRADE, 5, Answer::CoSellFailed { error: "500 generalException" }, Expect::Accepted);
    let retry = command::retry_effect(&story.claim, UPGRADE);
    story.operator_says(retry, Expect::Accepted);
    story.upgraded(6);
}

/// What an import intends is held until somebody asks for it (DESIGN §5).
fn held(story: &mut Story) {
    let mail = story.newest_mail("ConsentRequested");
    let retry = command::retry_effect(&story.claim, mail);
    story.operator_says(retry.clone(), Expect::Accepted);
    story.operator_says(retry, Expect::Refused("effect_not_retryable"));
}

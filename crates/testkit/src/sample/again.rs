//! The same customer and the same engagement more than once, and terms that change under an open claim.

use crate::sample::at::At;
use crate::sample::command;
use crate::sample::customer::{Customer, Source};
use crate::sample::draft::{Missing, Sample};
use crate::sample::flow::{self, Ending};
use crate::sample::line::{Expect, Line};
use crate::sample::opening::{How, Opening};
use crate::sample::partner::Partner;

/// Tells all of it.
pub(crate) fn tell(sample: &mut Sample) -> Result<(), Missing> {
    declined_and_added_again(sample)?;
    claimed_and_declined(sample)?;
    as_often_as_allowed(sample)?;
    disclaimer_changed(sample)
}

fn eligible(sample: &mut Sample) -> Result<Customer, Missing> {
    sample.fresh(|it| it.source == Source::Directory && it.facts.seats >= 50 && it.facts.region != "latam")
}

/// Tells an opening and the course of its claim; the id of the command and when the claim was last heard of.
fn run(sample: &mut Sample, opening: &Opening, ending: Ending) -> Result<(String, At), Missing> {
    let mut story = opening.begin_one(sample)?;
    flow::run(&mut story, ending);
    let (id, at) = (story.opened_by.clone(), story.at);
    sample.take(story.lines);
    Ok((id, at))
}

/// A customer who declined is hidden, may be added again, and agrees.
fn declined_and_added_again(sample: &mut Sample) -> Result<(), Missing> {
    let customer = eligible(sample)?;
    let begin = |name: &str, at| {
        let how = How::By("domain_name");
        Opening::of(name, at, Partner::numbered(0), &customer, "azure-assessment-2026", how)
    };
    let (_, at) = run(sample, &begin("again/declined", At::on(2, 3, 9, 30)), Ending::Declined)?;
    run(sample, &begin("again/agreed", at.days(20).working()), Ending::Approved)?;
    Ok(())
}

/// A known customer who declines a later claim stays listed.
fn claimed_and_declined(sample: &mut Sample) -> Result<(), Missing> {
    let customer = eligible(sample)?;
    let partner = Partner::numbered(1);
    let first = Opening::of(
        "again/known",
        At::on(2, 4, 10, 0),
        partner,
        &customer,
        "azure-assessment-2026",
        How::By("domain_name"),
    );
    let (add, at) = run(sample, &first, Ending::Approved)?;
    for (n, ending) in [Ending::Declined, Ending::NoAnswer, Ending::Approved].into_iter().enumerate() {
        let n = i64::try_from(n).unwrap_or_default();
        let later = at.days(40 * n + 5).working();
        let how = How::Known { add: add.clone() };
        let claim =
            Opening::of(&format!("again/claim {n}"), later, partner, &customer, "identity-xs-2026", how);
        run(sample, &claim, ending)?;
    }
    Ok(())
}

/// Two claims of this engagement for one partner and customer, not three; another partner may still.
fn as_often_as_allowed(sample: &mut Sample) -> Result<(), Missing> {
    let customer = eligible(sample)?;
    let begin = |name: &str, partner: usize, at| {
        let how = How::By("domain_name");
        Opening::of(name, at, Partner::numbered(partner), &customer, "security-workshop-2026", how)
    };
    run(sample, &begin("again/first", 0, At::on(1, 20, 9, 0)), Ending::Approved)?;
    run(sample, &begin("again/second", 0, At::on(6, 2, 9, 0)), Ending::Approved)?;
    let third = begin("again/third", 0, At::on(9, 15, 9, 0));
    let (user, command) = (third.user.clone(), third.command(sample)?);
    sample.take(vec![Line::new(
        third.at,
        "again/third",
        user,
        command,
        Expect::Refused("claim_limit_reached"),
    )]);
    run(sample, &begin("again/other partner", 1, At::on(9, 16, 9, 0)), Ending::Approved)?;
    Ok(())
}

/// The claim keeps its terms, but the disclaimer to acknowledge is the newest.
fn disclaimer_changed(sample: &mut Sample) -> Result<(), Missing> {
    let customer = eligible(sample)?;
    let at = At::on(6, 29, 9, 0);
    let opening = Opening::of(
        "again/july",
        at,
        Partner::numbered(2),
        &customer,
        "azure-assessment-2026",
        How::By("tenant_id"),
    );
    let mut story = opening.begin_one(sample)?;
    story.at = At::on(7, 2, 9, 0);
    let outdated = command::send_consent(&story.claim, 1_200_000, story.terms.disclaimer, None);
    story.partner_is_refused(outdated, "disclaimer_outdated");
    story.send_consent(1_200_000);
    story.wait_days(1, 3);
    story.accept();
    story.prove();
    story.submit();
    sample.take(story.lines);
    Ok(())
}

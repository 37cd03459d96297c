//! Commands about the program and about facts that are refused, and ids that are used twice.

use crate::sample::asker;
use crate::sample::command::{self, Plain};
use crate::sample::desk::{Desk, adatum, contoso};
use crate::sample::draft::Missing;
use crate::sample::engagements::QUICK_SCAN;
use crate::sample::json::{Json, object};
use crate::sample::line::{Expect, id};

/// Tells all of it.
pub(crate) fn tell(desk: &mut Desk<'_>) -> Result<(), Missing> {
    terms(desk)?;
    program(desk)?;
    facts(desk)?;
    references(desk)?;
    reuse(desk)
}

/// Terms that contradict the rules.
fn terms(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let at = desk.at;
    let json = |desk: &Desk<'_>, engagement: &str| -> Result<Json, Missing> {
        let found = desk.sample.engagement(engagement)?;
        found.terms(at).map(|it| it.json()).ok_or_else(|| format!("{engagement} has no terms"))
    };
    let fixed = json(desk, QUICK_SCAN)?;
    let variable = json(desk, "infra-medium-2026")?;
    let days = object! { "consent": 0, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30 };
    for (name, base, field, value) in [
        ("fixed pay by opportunity", &fixed, "id_kinds", Json::from(vec!["msx_opportunity_id"])),
        ("variable pay by domain", &variable, "id_kinds", Json::from(vec!["domain_name"])),
        ("no days", &fixed, "days", days),
        ("no claims", &fixed, "limit", Json::from(0)),
        ("hours with fixed pay", &fixed, "hours", object! { "min": 1, "max": 8 }),
        ("hours upside down", &variable, "hours", object! { "min": 8, "max": 1 }),
        ("rate with fixed pay", &fixed, "payout", object! { "rate_cents": 100, "currency": "USD" }),
        ("unknown proof", &fixed, "proof", Json::from(vec!["photograph"])),
    ] {
        let command = command::publish_engagement("new-2027", base.clone().replacing(field, Some(value)));
        desk.refuse(name, asker::operator(), command, "terms_invalid");
    }
    Ok(())
}

fn program(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let unknown = "no-such-engagement";
    let retire = command::retire_engagement(unknown);
    desk.refuse("retire", asker::operator(), retire.clone(), "engagement_not_found");
    let eligible = command::record_partner_eligibility("p-contoso", "loc-1001", unknown, true, None);
    desk.refuse("eligibility", asker::operator(), eligible, "engagement_not_found");
    let suspend = command::suspend_location("p-contoso", "loc-9999");
    desk.refuse("suspend", contoso().admin(), suspend, "location_not_enrolled");
    desk.refuse("retire", contoso().admin(), retire, "role_not_allowed");
    let enroll = command::enroll_location("p-contoso", "loc-1009", None);
    desk.refuse("enroll by user", contoso().claims_user(), enroll.clone(), "role_not_allowed");
    desk.refuse("enroll by another partner", adatum().admin(), enroll, "role_not_allowed");
    Ok(())
}

fn facts(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let customer = desk.good_customer()?;
    let opening = desk.opening("facts", contoso(), &customer);
    let nomination = opening.nomination("tpid")?;
    let values = || object! { "seats": 10, "managed": false };
    let observed = |at| command::record_customer_facts(&nomination, values(), at, "account system");
    let service = || asker::service("account-facts");
    desk.refuse("tomorrow", service(), observed(desk.at.days(1)), "observed_in_future");
    desk.say("facts of this morning", service(), observed(desk.at.hours(-5)), Expect::Accepted);
    // An older observation changes nothing.
    desk.say("facts of yesterday", service(), observed(desk.at.days(-1)), Expect::Accepted);
    desk.refuse("facts by partner", contoso().admin(), observed(desk.at.hours(-4)), "role_not_allowed");
    Ok(())
}

/// A claim is named by the command that creates it, also if that command was refused.
fn references(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let claim = format!("@{}/no-such-engagement", id("desk/engagement_not_found/unknown"));
    let consent = command::plain(Plain::CancelClaim, &claim);
    desk.refuse("of a refused command", contoso().claims_user(), consent, "claim_not_found");
    // Two partners used the same id: each means its own claim, a reviewer could mean either.
    for partner in [contoso(), adatum()] {
        let customer = desk.good_customer()?;
        let mut opening = desk.opening("same id", partner, &customer);
        opening.at = desk.next();
        let command = opening.command(desk.sample)?;
        desk.say("same id/open", partner.claims_user(), command, Expect::Accepted);
    }
    let claim = format!("@{}/{QUICK_SCAN}", id("desk/same id/open"));
    let consent = command::send_consent(&claim, 100_000, "2026-01", None);
    desk.say("own source first", adatum().claims_user(), consent, Expect::Accepted);
    let review = command::plain(Plain::StartReview, &claim);
    desk.problem("ambiguous", asker::reviewer("rv-1"), review, "reference_not_found");
    Ok(())
}

/// An id that was answered is not answered again with another body.
fn reuse(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (user, customer) = (contoso().claims_user(), desk.good_customer()?);
    let opening = desk.opening("reused", contoso(), &customer);
    let add = opening.command(desk.sample)?;
    let renamed = add.clone().but("friendly_name", Some("Another name".into()));
    let other = desk.good_customer()?;
    let elsewhere = desk.opening("reused elsewhere", contoso(), &other).command(desk.sample)?;
    for (command, expect) in [
        (add.clone(), Expect::Accepted),
        (renamed.clone(), Expect::Refused("command_id_reused")),
        (elsewhere, Expect::Refused("command_id_reused")),
        (renamed, Expect::Refused("command_id_reused")),
        (add, Expect::Accepted),
    ] {
        desk.say("reused", user.clone(), command, expect);
    }
    let retire = |engagement: &str| command::retire_engagement(engagement);
    desk.say("retire again", asker::operator(), retire("copilot-workshop-2025"), Expect::Accepted);
    desk.say("retire again", asker::operator(), retire(QUICK_SCAN), Expect::Refused("command_id_reused"));
    Ok(())
}

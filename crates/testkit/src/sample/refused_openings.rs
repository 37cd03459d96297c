//! Add and Claim that are refused, in the order of A-72.

use crate::sample::asker;
use crate::sample::command::{self, Command};
use crate::sample::customer::{Customer, Nomination, Source, uuid};
use crate::sample::desk::{Desk, adatum, contoso};
use crate::sample::directory::PUBLIC_DOMAIN;
use crate::sample::draft::Missing;
use crate::sample::json::{Json, object};
use crate::sample::line::Expect;
use crate::sample::opening::{How, Opening};
use crate::sample::partner::Partner;
use crate::sample::people::{self, Person};

/// Tells all of it.
pub(crate) fn tell(desk: &mut Desk<'_>) -> Result<(), Missing> {
    whole_command(desk)?;
    mismatch(desk)?;
    engagements(desk)?;
    locations(desk)?;
    variable_pay(desk)?;
    opportunities(desk)?;
    facts_and_limit(desk)?;
    claims(desk)
}

/// The Add of this opening.
fn add(desk: &mut Desk<'_>, opening: &Opening) -> Result<Command, Missing> {
    opening.command(desk.sample)
}

fn some_engagements(ids: &[&str]) -> Option<Json> {
    Some(Json::from(ids))
}

fn whole_command(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (partner, customer) = (contoso(), desk.good_customer()?);
    let opening = desk.opening("whole command", partner, &customer);
    let add = add(desk, &opening)?;
    let user = partner.claims_user();
    desk.refuse("add by referral admin", partner.referral_user(), add.clone(), "role_not_allowed");
    desk.refuse("add by reviewer", asker::reviewer("rv-1"), add.clone(), "role_not_allowed");
    desk.refuse("add by service", asker::service("importer"), add.clone(), "role_not_allowed");
    let elsewhere = add.clone().but("location", Some("loc-1002".into()));
    desk.refuse("add", partner.local_user(), elsewhere, "location_not_in_scope");
    desk.refuse(
        "blank",
        user.clone(),
        add.clone().but("friendly_name", Some("  ".into())),
        "friendly_name_required",
    );
    let many: Vec<String> = (1..=21).map(|n| format!("engagement-{n}")).collect();
    for (name, engagements) in [
        ("none", some_engagements(&[])),
        ("one twice", some_engagements(&["quick-scan-2026", "quick-scan-2026"])),
        ("21", Some(Json::from(many))),
    ] {
        desk.refuse(name, user.clone(), add.clone().but("engagements", engagements), "engagements_invalid");
    }
    let nameless =
        opening.entry().contacts.replacing("organisation", Some(object! { "name": " ", "country": "JP" }));
    desk.refuse("add", user, add.but("contacts", Some(nameless)), "contacts_invalid");
    Ok(())
}

/// A tenant and an e-mail address that do not belong together (R-031 … R-033).
fn mismatch(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (partner, customer) = (contoso(), desk.good_customer()?);
    for (n, domain) in [PUBLIC_DOMAIN, "subsidiary.example"].into_iter().enumerate() {
        let mut opening = desk.opening(&format!("mismatch {n}"), partner, &customer);
        opening.engagements = vec![["azure-assessment-2026", "fabric-workshop-2026"][n % 2]];
        let nomination = opening.nomination("tenant_id")?;
        desk.sample.directory.learn(&customer, &nomination);
        let mut entry = opening.entry();
        let person = Person::drawn(&opening.name, domain);
        entry.contacts =
            people::contacts(&person, &partner.person(1), &customer.organisation, customer.country);
        let user = partner.claims_user();
        let command = command::add_customer(&nomination, None, &entry);
        desk.refuse(&format!("no reason {n}"), user.clone(), command, "mismatch_reason_required");
        let blank = command::add_customer(&nomination, Some(" "), &entry);
        desk.refuse(&format!("blank reason {n}"), user.clone(), blank, "mismatch_reason_required");
        let told = command::add_customer(&nomination, Some("The contact works for a subsidiary."), &entry);
        desk.say(&format!("mismatch with a reason {n}"), user, told, Expect::Accepted);
    }
    Ok(())
}

fn engagements(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (partner, customer) = (contoso(), desk.good_customer()?);
    let opening = desk.opening("open claim", partner, &customer);
    let add = add(desk, &opening)?;
    let user = partner.claims_user();
    for (name, ids, code) in [
        ("unknown", &["no-such-engagement"][..], "engagement_not_found"),
        (
            "two at once",
            &["no-such-engagement", "copilot-workshop-2025", "quick-scan-2026"],
            "engagement_not_found",
        ),
        ("resale", &["licence-resale-2026"], "engagement_not_partner_activity"),
        ("last year's", &["copilot-workshop-2025"], "engagement_retired"),
        ("subscriptions only", &["migrate-xs-2026"], "id_kind_not_accepted"),
        ("opportunities only", &["infra-medium-2026"], "id_kind_not_accepted"),
    ] {
        desk.refuse(name, user.clone(), add.clone().but("engagements", some_engagements(ids)), code);
    }
    let mut again = opening.clone();
    again.at = desk.next();
    let story = again.begin_one(desk.sample)?;
    desk.file(story.late());
    desk.refuse("same claim", user, add.clone(), "open_claim_exists");
    let other_user = add.but("friendly_name", Some("the same once more".into()));
    desk.refuse("other user", partner.admin(), other_user, "open_claim_exists");
    Ok(())
}

fn locations(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let customer = desk.good_customer()?;
    // Contoso's own location that never was; litware's suspended one; woodgrove's whose enrolment has lapsed.
    for (number, location) in [(0, "loc-9999"), (2, "loc-3003"), (5, "loc-6001")] {
        let partner = Partner::numbered(number);
        let mut opening = desk.opening(location, partner, &customer);
        opening.location = location;
        let command = add(desk, &opening)?;
        desk.refuse(location, partner.claims_user(), command, "location_not_enrolled");
    }
    // Never recorded; recorded until September; recorded as not eligible.
    for (number, location) in [(0, "loc-1002"), (2, "loc-3001"), (3, "loc-4001")] {
        let partner = Partner::numbered(number);
        let mut opening = desk.opening(location, partner, &customer);
        opening.location = location;
        opening.engagements = vec!["data-small-2026"];
        opening.how = How::By("tpid");
        let command = add(desk, &opening)?;
        desk.refuse(location, partner.claims_user(), command, "location_not_eligible");
    }
    Ok(())
}

/// An Add for a variable-pay engagement.
fn variable(
    desk: &mut Desk<'_>,
    name: &str,
    customer: &Customer,
    engagement: &'static str,
) -> Result<Command, Missing> {
    let mut opening = desk.opening(name, contoso(), customer);
    opening.engagements = vec![engagement];
    opening.how = How::ByOpportunity { value_cents: 25_000_000, hours: 120 };
    add(desk, &opening)
}

fn variable_pay(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (user, customer) = (contoso().claims_user(), desk.good_customer()?);
    let project = variable(desk, "project", &customer, "infra-medium-2026")?;
    let two =
        project.clone().but("engagements", some_engagements(&["infra-medium-2026", "mainframe-xxl-2026"]));
    desk.refuse("two projects", user.clone(), two, "variable_pay_alone");
    let mixed =
        project.clone().but("engagements", some_engagements(&["infra-medium-2026", "identity-xs-2026"]));
    desk.refuse("with fixed pay", user.clone(), mixed, "variable_pay_alone");
    desk.refuse("project", user.clone(), project.clone().but("hours", None), "hours_required");
    for hours in [0, 9, 201] {
        let command = project.clone().but("hours", Some(hours.into()));
        desk.refuse(&hours.to_string(), user.clone(), command, "hours_out_of_range");
    }
    desk.refuse(
        "project",
        user.clone(),
        project.but("reviewed_payout_cents", Some(1.into())),
        "payout_changed",
    );
    let opening = desk.opening("fixed pay", contoso(), &customer);
    let fixed = add(desk, &opening)?;
    desk.refuse("fixed pay", user.clone(), fixed.clone().but("hours", Some(8.into())), "hours_not_allowed");
    desk.refuse("fixed pay", user, fixed.but("reviewed_payout_cents", Some(99_999.into())), "payout_changed");
    Ok(())
}

fn opportunities(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (user, customer) = (contoso().claims_user(), desk.good_customer()?);
    let project = variable(desk, "closed", &customer, "infra-medium-2026")?;
    let shared = variable(desk, "share", &customer, "sap-xl-2026")?;
    for (name, base, open, value_cents, currency, code) in [
        ("won already", &project, false, Some(5_000_000), "USD", "opportunity_not_open"),
        ("no value", &shared, true, None, "USD", "opportunity_value_unusable"),
        ("value in euros", &shared, true, Some(5_000_000), "EUR", "opportunity_value_unusable"),
    ] {
        let opportunity = desk.sample.opportunity(&customer, open, value_cents, currency);
        let nomination = Nomination::opportunity(&opportunity);
        desk.sample.directory.learn(&customer, &nomination);
        let command =
            base.clone().but("reviewed_payout_cents", None).but("customer", Some(nomination.json()));
        desk.refuse(name, user.clone(), command, code);
    }
    Ok(())
}

fn facts_and_limit(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let user = contoso().claims_user();
    let stranger = desk.sample.fresh(|it| it.source == Source::Nobody)?;
    let small = desk.sample.fresh(|it| it.source == Source::Directory && it.facts.seats < 50)?;
    for (name, customer, code) in
        [("stranger", stranger, "fact_unknown"), ("small", small, "criteria_not_met")]
    {
        let mut opening = desk.opening(name, contoso(), &customer);
        opening.engagements = vec!["security-workshop-2026"];
        let command = add(desk, &opening)?;
        desk.refuse(name, user.clone(), command, code);
    }
    // The limit counts the claims of every partner.
    let customer = desk.good_customer()?;
    let mut first = desk.opening("limit of contoso", contoso(), &customer);
    first.engagements = vec!["azure-assessment-2026"];
    let story = first.begin_one(desk.sample)?;
    desk.file(story.late());
    let mut second = desk.opening("limit of adatum", adatum(), &customer);
    second.engagements = vec!["azure-assessment-2026"];
    second.how = How::By("tenant_id");
    let command = add(desk, &second)?;
    desk.refuse("second partner", adatum().claims_user(), command, "claim_limit_reached");
    Ok(())
}

/// Claims of customers that contoso knows by a domain, and of others.
fn claims(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let (user, customer) = (contoso().claims_user(), desk.good_customer()?);
    let story = desk.agreed("known", &customer)?;
    let known = story.opened_by.clone();
    desk.file(story);
    let opening = desk.opening("claim", contoso(), &customer);
    let claim = |engagement: &str, customer: &str, opportunity: Option<&str>, hours: Option<i64>| {
        let mut entry = opening.entry();
        entry.engagements = vec![engagement.to_owned()];
        entry.hours = hours;
        command::claim_customer(customer, opportunity, &entry)
    };
    let reference = format!("@{known}");
    let nobody = uuid("nobody's customer").to_string();
    desk.refuse(
        "no such customer",
        user.clone(),
        claim("identity-xs-2026", &nobody, None, None),
        "customer_not_found",
    );
    let of_contoso = claim("identity-xs-2026", &reference, None, None);
    desk.refuse(
        "another partner's",
        adatum().claims_user(),
        of_contoso.but("location", Some("loc-2001".into())),
        "customer_not_found",
    );
    desk.refuse(
        "still open",
        user.clone(),
        claim("quick-scan-2026", &reference, None, None),
        "open_claim_exists",
    );
    desk.refuse(
        "claim",
        user.clone(),
        claim("migrate-xs-2026", &reference, None, None),
        "id_kind_not_accepted",
    );
    desk.refuse(
        "claim",
        user.clone(),
        claim("infra-medium-2026", &reference, None, Some(40)),
        "opportunity_required",
    );
    let own = desk.sample.opportunity(&customer, true, Some(30_000_000), "USD");
    desk.sample.directory.learn(&customer, &Nomination::opportunity(&own));
    desk.refuse(
        "claim",
        user.clone(),
        claim("identity-xs-2026", &reference, Some(&own), None),
        "opportunity_not_allowed",
    );
    desk.refuse(
        "claim",
        user.clone(),
        claim("infra-medium-2026", &reference, Some(&own), None),
        "hours_required",
    );
    let other = desk.good_customer()?;
    let foreign = desk.sample.opportunity(&other, true, Some(30_000_000), "USD");
    let wrong = claim("infra-medium-2026", &reference, Some(&foreign), Some(40));
    desk.refuse("claim", user.clone(), wrong, "opportunity_of_other_customer");
    let right = claim("infra-medium-2026", &reference, Some(&own), Some(40));
    desk.say("claim with its own opportunity", user, right, Expect::Accepted);
    unfit_claims(desk)
}

/// Known customers that do not qualify.
fn unfit_claims(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let user = contoso().claims_user();
    let stranger = desk.sample.fresh(|it| it.source == Source::Nobody)?;
    let small = desk.sample.fresh(|it| it.source == Source::Directory && it.facts.seats < 50)?;
    for (name, customer, code) in
        [("known stranger", stranger, "fact_unknown"), ("known small", small, "criteria_not_met")]
    {
        let story = desk.agreed(name, &customer)?;
        let mut opening = desk.opening(&format!("{name} claim"), contoso(), &customer);
        opening.engagements = vec!["security-workshop-2026"];
        opening.how = How::Known { add: story.opened_by.clone() };
        desk.file(story);
        let command = add(desk, &opening)?;
        desk.refuse(name, user.clone(), command, code);
    }
    Ok(())
}

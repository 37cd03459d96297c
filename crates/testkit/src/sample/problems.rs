//! Lines that never become a command.

use crate::sample::asker::{self, Asker};
use crate::sample::at::At;
use crate::sample::command::{self, Command, Plain};
use crate::sample::customer::Nomination;
use crate::sample::desk::{Desk, contoso};
use crate::sample::directory::PUBLIC_DOMAIN;
use crate::sample::draft::Missing;
use crate::sample::json::{Json, object};
use crate::sample::line::{Expect, Line, id};

/// Tells all of it.
pub(crate) fn tell(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let mut story = desk.begun("a good claim")?;
    story.comment("Here everything is as it should be.");
    let claim = story.claim.clone();
    desk.file(story);
    not_json(desk, &claim);
    envelopes(desk, &claim);
    bodies(desk, &claim)?;
    bounds(desk, &claim);
    times(desk, &claim);
    askers(desk, &claim);
    outside(desk)?;
    references(desk, &claim);
    Ok(())
}

fn user() -> Asker {
    contoso().claims_user()
}

fn comment(claim: &str) -> Command {
    command::add_comment(claim, "a comment")
}

fn not_json(desk: &mut Desk<'_>, claim: &str) {
    for text in
        ["this is not JSON", "{\"id\":", "{'id': 1}", "{\"id\":NaN}", "{} {}", "\"\\ud800\"", "\u{feff}{}"]
    {
        let at = desk.next();
        desk.sample.take(vec![Line::text(at, text, Expect::Problem("not_json"))]);
    }
    let cut = |text: String| text.chars().take(200).collect();
    desk.spoilt("cut off", &user(), &comment(claim), "not_json", cut);
    desk.spoilt("trailing comma", &user(), &comment(claim), "not_json", |it| it.replace("\"}}", "\",}}"));
    desk.spoilt("raw control character", &user(), &comment(claim), "not_json", |it| {
        it.replace("a comment", "a\tcomment")
    });
}

/// The frame around a body.
fn envelopes(desk: &mut Desk<'_>, claim: &str) {
    for text in ["[1,2,3]", "null", "42", "\"AddComment\"", "{}"] {
        let at = desk.next();
        desk.sample.take(vec![Line::text(at, text, Expect::Problem("malformed"))]);
    }
    let replacements = [
        ("unknown field", "\"version\":1", "\"version\":1,\"priority\":\"high\""),
        ("missing field", "\"version\":1,", ""),
        ("doubled field", "\"version\":1", "\"version\":1,\"version\":1"),
        ("version as text", "\"version\":1", "\"version\":\"1\""),
        ("no UUID", "\"id\":\"", "\"id\":\"x"),
        ("null body", "\"body\":{", "\"body\":null,\"was\":{"),
        ("unknown role", "incentives_user", "superuser"),
        ("unknown kind of asker", "partner_user", "partner_robot"),
        ("partner in capitals", "p-contoso", "P-Contoso"),
        ("location list with a number", "\"all\"", "[1001]"),
    ];
    for (name, from, to) in replacements {
        desk.spoilt(name, &user(), &comment(claim), "malformed", |it| it.replacen(from, to, 1));
    }
    for kind in ["ExpireConsent", "AddCustomers", "addComment", ""] {
        let to = format!("\"type\":\"{kind}\"");
        desk.spoilt(kind, &user(), &comment(claim), "unknown_type", |it| {
            it.replace("\"type\":\"AddComment\"", &to)
        });
    }
    for version in ["0", "2"] {
        let to = format!("\"version\":{version}");
        desk.spoilt(version, &user(), &comment(claim), "unsupported_version", |it| {
            it.replace("\"version\":1", &to)
        });
    }
}

/// What is inside a body.
fn bodies(desk: &mut Desk<'_>, claim: &str) -> Result<(), Missing> {
    let customer = desk.good_customer()?;
    let opening = desk.opening("malformed", contoso(), &customer);
    let add = opening.command(desk.sample)?;
    let consent = command::send_consent(claim, 900_000, "2026-01", None);
    let payment = command::record_payment(claim, "pay-1", 100, "USD", desk.at);
    let identifier = |id_type: &str, value: &str| Some(object! { "id_type": id_type, "value": value });
    let email = |email: &str| {
        let person = object! { "first_name": "Ada", "last_name": "Example", "email": email };
        Some(opening.entry().contacts.replacing("customer", Some(person)))
    };
    let proof = command::upload_proof(claim, "invoice", 1);
    let short_hash = proof.body.field("proof").map(|it| it.replacing("sha256", Some("abc".into())));
    let wrong: Vec<(&str, Command)> = vec![
        ("unknown body field", comment(claim).but("colour", Some("red".into()))),
        ("missing body field", comment(claim).but("text", None)),
        ("number for text", comment(claim).but("text", Some(7.into()))),
        ("list for text", comment(claim).but("text", Some(Json::from(vec!["a"])))),
        ("no claim id", comment("claim-17")),
        ("claim id in capitals", comment("C000-00000000000000000000")),
        ("reference without engagement", comment(&format!("@{}", id("desk/a good claim/open")))),
        ("reference without id", comment("@17/quick-scan-2026")),
        ("text for number", consent.clone().but("deal_size_usd_cents", Some("900000".into()))),
        ("true for number", consent.but("deal_size_usd_cents", Some(true.into()))),
        ("negative revision", command::customer_accepted(claim, -1)),
        ("paid at another offset", payment.clone().but("paid_at", Some("2026-10-01T09:00:00+02:00".into()))),
        ("paid on no day", payment.clone().but("paid_at", Some("2026-02-30T00:00:00Z".into()))),
        ("currency of four letters", payment.but("currency", Some("EURO".into()))),
        ("hash of three digits", proof.but("proof", short_hash)),
        ("no domain", add.clone().but("customer", identifier("domain_name", "localhost"))),
        (
            "tenant in braces",
            add.clone().but("customer", identifier("tenant_id", &format!("{{{}}}", customer.tenant))),
        ),
        ("TPID with a letter", add.clone().but("customer", identifier("tpid", "12a"))),
        ("unknown kind of id", add.clone().but("customer", identifier("phone", "5550100"))),
        ("no address", add.clone().but("contacts", email("nobody"))),
        (
            "two addresses",
            add.clone().but("contacts", email("ada@freemail.example\r\nBcc: eve@freemail.example")),
        ),
        (
            "country in full",
            add.clone().but(
                "contacts",
                Some(
                    opening
                        .entry()
                        .contacts
                        .replacing("organisation", Some(object! { "name": "Somewhere", "country": "Japan" })),
                ),
            ),
        ),
        ("negative hours", add.but("hours", Some((-8).into()))),
    ];
    for (name, command) in wrong {
        let asker = match command.kind {
            "CustomerAccepted" => asker::customer("link"),
            "RecordPayment" => asker::service("payments"),
            _ => user(),
        };
        desk.problem(name, asker, command, "malformed");
    }
    let cents = |to: &'static str| move |it: String| it.replace(":900000", to);
    let consent = command::send_consent(claim, 900_000, "2026-01", None);
    desk.spoilt("fraction", &user(), &consent, "malformed", cents(":900000.5"));
    desk.spoilt("exponent", &user(), &consent, "malformed", cents(":9e5"));
    desk.spoilt("too large a number", &user(), &consent, "malformed", cents(":92233720368547758070"));
    desk.spoilt(
        "doubled body field",
        &user(),
        &consent,
        "malformed",
        cents(":900000,\"deal_size_usd_cents\":1"),
    );
    Ok(())
}

/// Bounds on length, number and depth.
fn bounds(desk: &mut Desk<'_>, claim: &str) {
    let long = |length: usize| "x".repeat(length);
    desk.problem("long reference", user(), command::complete_partner_survey(claim, &long(129)), "malformed");
    desk.problem("long comment", user(), command::add_comment(claim, &long(17_000)), "malformed");
    let engagement = command::retire_engagement(&long(64));
    desk.problem("long engagement", asker::operator(), engagement, "malformed");
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    desk.spoilt("deep", &user(), &comment(claim), "malformed", |it| it.replace("\"a comment\"", &deep));
    let deeper = format!("{}{}", "{\"a\":".repeat(400), "1".to_owned() + &"}".repeat(400));
    desk.spoilt("deeper", &user(), &comment(claim), "malformed", |it| it.replace("\"a comment\"", &deeper));
    let many = format!("[{}1]", "1,".repeat(4_200));
    desk.spoilt("many values", &user(), &comment(claim), "malformed", |it| {
        it.replace("\"a comment\"", &many)
    });
    desk.problem("a book", user(), command::add_comment(claim, &long(82_000)), "too_large");
}

fn times(desk: &mut Desk<'_>, claim: &str) {
    desk.say("a comment in time", user(), comment(claim), Expect::Accepted);
    let given = desk.at;
    let at = |desk: &Desk<'_>, time: String| {
        let now = desk.at.ms(211).minutes(3).to_string();
        move |it: String| it.replace(&now, &time)
    };
    let next_century = at(desk, "2126-01-01T00:00:00.000Z".to_owned());
    desk.spoilt("next century", &user(), &comment(claim), "received_in_future", next_century);
    let in_spring = at(desk, At::on(3, 1, 0, 0).to_string());
    desk.spoilt("in spring", &user(), &comment(claim), "received_out_of_order", in_spring);
    let just_before = at(desk, given.ms(-1).to_string());
    desk.spoilt("just before", &user(), &comment(claim), "received_out_of_order", just_before);
    for (name, time) in [
        ("no time", "yesterday"),
        ("local time", "2026-10-28T09:00:00"),
        ("offset", "2026-10-28T09:00:00+01:00"),
    ] {
        let spoil = at(desk, time.to_owned());
        desk.spoilt(name, &user(), &comment(claim), "malformed", spoil);
    }
}

/// Two services are ours alone.
fn askers(desk: &mut Desk<'_>, claim: &str) {
    let result = command::result(
        claim,
        crate::sample::reports::REFERRAL,
        1,
        command::Result::ReferralFailed { error: "none" },
    );
    desk.problem("effects", asker::service("effects"), result.clone(), "asker_not_allowed");
    desk.problem("intake", asker::service("intake"), result, "asker_not_allowed");
}

/// What the directory does not know.
fn outside(desk: &mut Desk<'_>) -> Result<(), Missing> {
    let customer = desk.good_customer()?;
    let opening = desk.opening("unknown outside", contoso(), &customer);
    let add = opening.command(desk.sample)?;
    for domain in ["nowhere.example", PUBLIC_DOMAIN] {
        let nomination = object! { "id_type": "domain_name", "value": domain };
        desk.problem(domain, user(), add.clone().but("customer", Some(nomination)), "tenant_not_found");
    }
    // The id is not used up: the same one, corrected, is decided.
    desk.say("tenant_not_found/nowhere.example", user(), add, Expect::Accepted);
    let mut project = desk.opening("unknown opportunity", contoso(), &customer);
    project.engagements = vec!["infra-medium-2026"];
    let mut entry = project.entry();
    entry.hours = Some(40);
    let unknown = Nomination::opportunity("7-NOBODY");
    let command = command::add_customer(&unknown, None, &entry);
    desk.problem("7-NOBODY", user(), command, "opportunity_not_found");
    let claim = command::claim_customer(&format!("@{}", id("desk/known/open")), Some("7-nobody"), &entry);
    desk.problem("claim with 7-nobody", user(), claim, "opportunity_not_found");
    Ok(())
}

fn references(desk: &mut Desk<'_>, claim: &str) {
    let other = claim.replace("quick-scan-2026", "identity-xs-2026");
    for (name, claim) in [
        ("never sent", format!("@{}/quick-scan-2026", id("a command nobody sent"))),
        ("another engagement", other),
        ("of a comment", format!("@{}/quick-scan-2026", id("desk/a good claim/quick-scan-2026/1"))),
        ("of a problem", format!("@{}/infra-medium-2026", id("desk/opportunity_not_found/7-NOBODY"))),
    ] {
        desk.problem(name, user(), command::plain(Plain::CancelClaim, &claim), "reference_not_found");
    }
}

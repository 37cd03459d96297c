//! A load of ordinary claims.

use std::ops::Range;

use anyhow::{Context, Result};
use claim_domain::asker::Asker;
use claim_domain::command::{Command, CommandType};
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Binding, Correlation, Digest, ProgramPosition, Route, Routed};
use serde_json::{Value, json};
use uuid::Uuid;

/// The position that commands of the program carry before they are sent.
const UNSTAMPED: ProgramPosition = ProgramPosition { sequence: 0, head: None };
const ENGAGEMENT: &str = "bench-assessment";
/// How many commands each claim takes from add to approval.
pub(crate) const STEPS: u32 = 7;
/// How many customers take each step together.
const ABREAST: u32 = 128;

/// The two program commands that come first.
fn program_steps() -> [Step; 2] {
    let terms = json!({
        "name": "Bench assessment", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "infrastructure", "id_kinds": ["tpid"], "limit": 1,
        "days": {"consent": 30, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "reminders": {"interval_hours": 24, "max": 5}, "disclaimer": {"version": "1", "texts": {"en": "Bench."}},
        "proof": ["poe_document"], "payout": {"fixed_cents": 500_000, "currency": "USD"}
    });
    let step = |number, kind, body| Step {
        number,
        kind,
        asker: json!({"kind": "program_operator", "user": "u-operator"}),
        body,
        route: Route::Program,
        binding: None,
    };
    [
        step(1, CommandType::PublishEngagement, json!({"engagement": ENGAGEMENT, "terms": terms})),
        step(2, CommandType::EnrollLocation, json!({"partner": "p-bench", "location": "loc-1"})),
    ]
}

/// The program commands, routed.
///
/// # Errors
/// When this release does not know their shapes.
pub(crate) fn program(begun: Instant) -> Result<Vec<Routed>> {
    program_steps().into_iter().map(|it| it.routed(begun, UNSTAMPED)).collect()
}

/// How many commands [`claims`] of so many customers are, all steps taken.
pub(crate) fn commands(customers: u32) -> usize {
    customers as usize * STEPS as usize
}

/// Claims from add to approval or for as many steps as are to be taken, many claims abreast; `program` is stamped on all, and
/// they are received from `begun` on.
///
/// # Errors
/// Each, when this release does not know its shape.
pub(crate) fn claims(
    customers: Range<u32>,
    steps: u32,
    begun: Instant,
    program: ProgramPosition,
) -> impl Iterator<Item = Result<Routed>> {
    abreast(customers, steps)
        .map(move |(customer, step)| taken(customer, step, Texts::Sealed)?.routed(begun, program))
}

/// The same with the program before them, as lines of JSON that were recorded then.
///
/// # Errors
/// Each, when it cannot be made.
pub(crate) fn lines(customers: Range<u32>, begun: Instant) -> impl Iterator<Item = Result<String>> {
    let claims = abreast(customers, STEPS).map(|(customer, step)| taken(customer, step, Texts::Plain));
    // A file tells its commands in the order of their times.
    let steps = program_steps().into_iter().map(Ok).chain(claims).zip(0..);
    steps.map(move |(it, nth)| Ok(it?.line(begun.plus_ms(nth))))
}

/// Which customers take which steps, in their order.
fn abreast(customers: Range<u32>, steps: u32) -> impl Iterator<Item = (u32, u32)> {
    let end = customers.end;
    customers
        .step_by(ABREAST as usize)
        .flat_map(move |first| (0..steps).map(move |step| (first, step)))
        .flat_map(move |(first, step)| (first..(first + ABREAST).min(end)).map(move |n| (n, step)))
}

/// A command before it is spelt or routed.
struct Step {
    number: u128,
    kind: CommandType,
    asker: Value,
    body: Value,
    route: Route,
    binding: Option<Binding>,
}

/// How personal texts stand in a body.
#[derive(Clone, Copy)]
enum Texts {
    /// As an asker gives them.
    Plain,
    /// In boxes, as intake hands them on.
    Sealed,
}

/// A step that a customer takes.
fn taken(customer: u32, step: u32, texts: Texts) -> Result<Step> {
    let partner = json!({"kind": "partner_user", "partner": "p-bench", "user": "u-1", "roles": ["incentives_user"], "locations": "all"});
    let reviewer = json!({"kind": "reviewer", "user": "u-reviewer"});
    let answering = json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "bench"}});
    let first = 10 + u128::from(customer) * 10;
    let nominated: Identifier = format!("tpid={}", 1_000 + customer).parse().context("a TPID")?;
    let id = CustomerId::of(&nominated);
    let engagement: EngagementId = ENGAGEMENT.parse().context("an engagement id")?;
    let claim = ClaimId::derive(id, "partner:p-bench", CommandId(Uuid::from_u128(first)), &engagement);
    let of_claim = json!({"claim": claim});
    let (kind, asker, body) = match step {
        0 => (CommandType::AddCustomer, partner, add_customer(&nominated, customer, texts)),
        1 => {
            let body = json!({"claim": claim, "deal_size_usd_cents": 5_000_000, "disclaimer_version": "1"});
            (CommandType::SendConsent, partner, body)
        }
        2 => (CommandType::CustomerAccepted, answering, json!({"claim": claim, "contact_revision": 1})),
        3 => (CommandType::UploadProof, partner, json!({"claim": claim, "proof": proof()})),
        4 => (CommandType::SubmitClaim, partner, of_claim),
        5 => (CommandType::StartReview, reviewer, of_claim),
        _ => (CommandType::ApproveClaim, reviewer, of_claim),
    };
    let route = if step == 0 { Route::Customer(id) } else { Route::Claim(claim) };
    let binding = (step == 0).then(|| Binding::of(&nominated, id));
    Ok(Step { number: first + u128::from(step), kind, asker, body, route, binding })
}

impl Step {
    fn routed(self, begun: Instant, program: ProgramPosition) -> Result<Routed> {
        let received_at = begun.plus_ms(i64::try_from(self.number).unwrap_or(0));
        let asker: Asker = serde_json::from_value(self.asker)?;
        Ok(Routed {
            route: self.route,
            source: asker.source(),
            id: CommandId(Uuid::from_u128(self.number)),
            asker,
            digest: Digest::of(&self.number.to_be_bytes()),
            received_at,
            imported: false,
            correlation: Correlation::default(),
            binding: self.binding,
            program,
            command: Command::body(self.kind, self.body)?,
        })
    }

    fn line(self, received_at: Instant) -> String {
        let id = Uuid::from_u128(self.number);
        json!({"id": id, "type": self.kind, "version": self.kind.version(), "asker": self.asker, "received_at": received_at,
            "body": self.body})
        .to_string()
    }
}

fn add_customer(nominated: &Identifier, customer: u32, texts: Texts) -> Value {
    let organisation = json!({"name": "Fabrikam Example", "country": "JP"});
    match texts {
        Texts::Sealed => json!({
            "engagements": [ENGAGEMENT], "friendly_name": sealed(44), "location": "loc-1", "customer": nominated,
            "contacts": {"customer": sealed(108), "partner": sealed(108), "organisation": organisation}, "found": {}
        }),
        Texts::Plain => {
            let contact =
                |email: String| json!({"first_name": "Bench", "last_name": "Sample", "email": email});
            let customers = contact(format!("c{customer}@fabrikam.example"));
            json!({
                "engagements": [ENGAGEMENT], "friendly_name": "An assessment for a bench of claims", "location": "loc-1",
                "customer": nominated, "contacts": {"customer": customers, "partner": contact("bench@contoso.example".into()),
                "organisation": organisation}
            })
        }
    }
}

/// A closed box of the size that a text or contact makes.
fn sealed(bytes: usize) -> Value {
    json!({
        "person": Uuid::from_u128(1), "key": Uuid::from_u128(2), "alg": "xchacha20poly1305",
        "nonce": "A".repeat(32), "bytes": "A".repeat(bytes * 4 / 3)
    })
}

fn proof() -> Value {
    json!({
        "kind": "poe_document", "name": "report.pdf", "media_type": "application/pdf", "bytes": 120_000,
        "sha256": "0".repeat(64), "uri": "https://files.example.com/report.pdf"
    })
}

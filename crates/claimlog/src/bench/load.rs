//! A load of ordinary claims, decoded and routed before anything is timed.

use anyhow::{Context, Result};
use claim_domain::asker::Asker;
use claim_domain::command::{Command, CommandType};
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CommandId, CustomerId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Binding, Correlation, Digest, ProgramPosition, Route, Routed};
use serde_json::{Value, json};
use uuid::Uuid;

const ENGAGEMENT: &str = "bench-assessment";
/// How many commands each claim takes.
const STEPS: u32 = 7;
/// How many customers take each step together.
const ABREAST: u32 = 128;

/// The two program commands that come first.
pub(crate) fn program() -> Result<Vec<Routed>> {
    let terms = json!({
        "name": "Bench assessment", "pay": "fixed", "type": "assessment", "activity": "partner_activity",
        "solution_area": "infrastructure", "id_kinds": ["tpid"], "limit": 1,
        "days": {"consent": 30, "submit": 60, "review": 90, "dispute": 30, "dispute_review": 30},
        "reminders": {"interval_hours": 24, "max": 5}, "disclaimer": {"version": "1", "texts": {"en": "Bench."}},
        "proof": ["poe_document"], "payout": {"fixed_cents": 500_000, "currency": "USD"}
    });
    let operator = json!({"kind": "program_operator", "user": "u-operator"});
    Ok(vec![
        routed(
            1,
            CommandType::PublishEngagement,
            &operator,
            json!({"engagement": ENGAGEMENT, "terms": terms}),
            Route::Program,
        )?,
        routed(
            2,
            CommandType::EnrollLocation,
            &operator,
            json!({"partner": "p-bench", "location": "loc-1"}),
            Route::Program,
        )?,
    ])
}

/// How many commands [`claims`] of so many customers are.
pub(crate) fn commands(customers: u32) -> usize {
    customers as usize * STEPS as usize
}

/// Claims from add to approval, seven commands each, many claims abreast; `program` is stamped on all.
pub(crate) fn claims(customers: u32, program: ProgramPosition) -> Result<Vec<Routed>> {
    let partner = json!({"kind": "partner_user", "partner": "p-bench", "user": "u-1", "roles": ["incentives_user"], "locations": "all"});
    let reviewer = json!({"kind": "reviewer", "user": "u-reviewer"});
    let customer = json!({"kind": "customer", "evidence": {"kind": "consent_link", "reference": "bench"}});
    let mut all = Vec::new();
    for first in (0..customers).step_by(ABREAST as usize) {
        let group = first..(first + ABREAST).min(customers);
        for step in 0..STEPS {
            for n in group.clone() {
                let number = 10 + u128::from(n) * 10 + u128::from(step);
                let nominated: Identifier = format!("tpid={}", 1_000 + n).parse().context("a TPID")?;
                let id = CustomerId::of(&nominated);
                let engagement: EngagementId = ENGAGEMENT.parse().context("an engagement id")?;
                let add = CommandId(Uuid::from_u128(10 + u128::from(n) * 10));
                let claim = ClaimId::derive(id, "partner:p-bench", add, &engagement);
                let of_claim = json!({"claim": claim});
                let (kind, asker, body) = match step {
                    0 => (CommandType::AddCustomer, &partner, add_customer(&nominated)),
                    1 => {
                        let body = json!({"claim": claim, "deal_size_usd_cents": 5_000_000, "disclaimer_version": "1"});
                        (CommandType::SendConsent, &partner, body)
                    }
                    2 => (
                        CommandType::CustomerAccepted,
                        &customer,
                        json!({"claim": claim, "contact_revision": 1}),
                    ),
                    3 => (CommandType::UploadProof, &partner, json!({"claim": claim, "proof": proof()})),
                    4 => (CommandType::SubmitClaim, &partner, of_claim),
                    5 => (CommandType::StartReview, &reviewer, of_claim),
                    _ => (CommandType::ApproveClaim, &reviewer, of_claim),
                };
                let route = if step == 0 { Route::Customer(id) } else { Route::Claim(claim) };
                let binding = (step == 0).then(|| Binding::of(&nominated, id));
                all.push(Routed { binding, program, ..routed(number, kind, asker, body, route)? });
            }
        }
    }
    Ok(all)
}

fn routed(number: u128, kind: CommandType, asker: &Value, body: Value, route: Route) -> Result<Routed> {
    let asker: Asker = serde_json::from_value(asker.clone())?;
    let at: Instant = "2026-01-05T08:00:00.000Z".parse().context("a time")?;
    Ok(Routed {
        route,
        source: asker.source(),
        id: CommandId(Uuid::from_u128(number)),
        asker,
        digest: Digest::of(&number.to_be_bytes()),
        received_at: at.plus_ms(i64::try_from(number).unwrap_or(0)),
        imported: false,
        correlation: Correlation::default(),
        binding: None,
        program: ProgramPosition { sequence: 0, head: None },
        command: Command::body(kind, body)?,
    })
}

fn add_customer(nominated: &Identifier) -> Value {
    json!({
        "engagements": [ENGAGEMENT], "friendly_name": sealed(44), "location": "loc-1", "customer": nominated,
        "contacts": {
            "customer": sealed(108), "partner": sealed(108), "organisation": {"name": "Fabrikam Example", "country": "JP"}
        },
        "found": {}
    })
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

//! `choices`: the "choose engagements" step. It looks up and computes; it creates and records nothing.

use anyhow::Result;
use claim_domain::choices::{Choice, Nominee, choice};
use claim_domain::customer::Customer;
use claim_domain::facts::Values;
use claim_domain::identifier::IdKind;
use claim_intake::{Nominated, nominate};
use claim_projector::RowReason;
use serde_json::{Value, json};

use crate::cli::{Choices, Global};
use crate::exit::Status;
use crate::reading::{Reading, bindings};
use crate::{node, output};

/// Runs `choices`.
///
/// # Errors
/// When the customer cannot be looked up, or the views cannot be read.
pub(crate) fn run(global: &Global, args: &Choices) -> Result<Status> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let remembered = bindings(&reading.log)?;
    let directory = node::directory(global)?;
    let (kind, value) = &args.customer;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let nominated = runtime.block_on(nominate(&directory, &remembered, *kind, value));
    let nominated = nominated.map_err(|it| anyhow::anyhow!("{}: {}", it.code, it.message))?;

    let customer = snapshot.customer(nominated.customer)?.unwrap_or_default();
    let recorded = recorded(&customer, &nominated);
    let nominee = Nominee {
        identifier: &nominated.identifier,
        values: nominated.values.as_ref().or(recorded),
        opportunity: nominated.opportunity.as_ref(),
        hours: args.hours,
    };
    let at = reading.now()?;
    let catalog = snapshot.catalog()?;
    let catalog = catalog.at(snapshot.program());
    let (mut eligible, mut ineligible) = (Vec::new(), Vec::new());
    for published in catalog.engagements().filter(|it| it.terms.is_partner_activity()) {
        let (engagement, name) = (published.engagement.to_string(), published.terms.name.to_string());
        match choice(&catalog, &published, &args.partner, &customer, &nominee, at) {
            Choice::Eligible(payout) => eligible.push((engagement, name, payout)),
            Choice::Ineligible(reasons) => {
                ineligible.push((engagement, name, reasons.iter().map(RowReason::from).collect::<Vec<_>>()));
            }
        }
    }
    if global.json {
        let eligible: Vec<Value> = eligible
            .iter()
            .map(|(engagement, name, payout)| json!({"engagement": engagement, "name": name, "payout": payout}))
            .collect();
        let ineligible: Vec<Value> = ineligible
            .iter()
            .map(|(engagement, name, reasons)| json!({"engagement": engagement, "name": name, "reasons": reasons}))
            .collect();
        output::json(&json!({
            "partner": args.partner, "customer": nominated.customer, "identifier": nominated.identifier,
            "cursor": snapshot.cursor(), "eligible": eligible, "ineligible": ineligible
        }))?;
    } else {
        reading.announce(global);
        let rows = eligible.into_iter().map(|(engagement, name, payout)| {
            let payout = payout.map_or_else(
                || "needs --hours".to_owned(),
                |it| output::money(it.cents, it.currency.as_str()),
            );
            [engagement, name, "eligible".to_owned(), payout]
        });
        let others = ineligible.into_iter().map(|(engagement, name, reasons)| {
            let why = reasons.iter().map(|it| format!("{}: {}", it.code, it.message)).collect::<Vec<_>>();
            [engagement, name, "ineligible".to_owned(), why.join("\n")]
        });
        output::text(&output::table(["ENGAGEMENT", "NAME", "", "PAYOUT OR REASONS"], rows.chain(others)))?;
    }
    Ok(Status::Done)
}

/// What was recorded of the nominated identifier, a domain's facts being its tenant's.
fn recorded<'a>(customer: &'a Customer, nominated: &Nominated) -> Option<&'a Values> {
    match (nominated.identifier.kind(), &nominated.tenant) {
        (IdKind::DomainName, Some(tenant)) => customer.facts.get(tenant).map(|it| &it.values),
        _ => customer.values(&nominated.identifier),
    }
}

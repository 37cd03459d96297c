//! `RecordCustomerFacts`: what is known from outside about an identifier.

use super::create::conflict_seen;
use super::{Actor, Context, Decided};
use crate::asker::INTAKE;
use crate::command::RecordCustomerFacts;
use crate::customer::Customer;
use crate::event::CustomerFactsRecorded;
use crate::refusal::Refusal;
use crate::version::V;

/// Records facts; an observation that is not newer than the recorded one changes nothing.
///
/// Refuses, in this order: not a service, observed later than judged.
pub(super) fn decide(customer: &Customer, cmd: &RecordCustomerFacts, context: &Context<'_>) -> Decided {
    context.require(Actor::Service)?;
    if cmd.observed_at > context.at {
        return Err(Refusal::ObservedInFuture);
    }
    let mut events = Vec::new();
    if !context.asker.is_service(INTAKE) {
        events.extend(conflict_seen(customer, &cmd.found));
    }
    let tenant =
        cmd.found.tenant.as_ref().filter(|_| cmd.identifier.kind() == crate::identifier::IdKind::DomainName);
    let recorded = customer.facts.get(tenant.unwrap_or(&cmd.identifier));
    if recorded.is_none_or(|it| it.observed_at < cmd.observed_at) {
        events.push(
            CustomerFactsRecorded {
                version: V,
                identifier: cmd.identifier.clone(),
                tenant: tenant.cloned(),
                values: cmd.values.clone(),
                observed_at: cmd.observed_at,
                source: cmd.source.clone(),
            }
            .into(),
        );
    }
    Ok(events)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::given::*;
    use crate::identifier::Identifier;
    use crate::refusal::Refusal;

    fn known(given: &Given, identifier: &str) -> Value {
        let identifier: Identifier = identifier.parse().unwrap();
        json!(given.customer.values(&identifier))
    }

    /// Facts of the domain, which are those of its tenant.
    fn of_the_domain() -> Ask {
        record_facts(json!({"segment": "smc"}))
            .with("identifier", identifier("domain_name", "fabrikam.example"))
            .with("found", json!({"tenant": identifier("tenant_id", TENANT)}))
    }

    #[test]
    fn an_observation_replaces_all_values_of_its_identifier() {
        let seats =
            record_facts(json!({"seats": 300})).with("observed_at", json!(start().plus_ms(1))).ms_later(1);
        let told = given([record_facts(json!({"segment": "smc"}))])
            .when(seats)
            .yields(["CustomerFactsRecorded"])
            .then();
        assert_eq!(known(&told, &format!("tenant_id={TENANT}")), json!({"seats": 300}));
    }

    #[test]
    fn an_observation_that_is_not_newer_is_quiet() {
        let told = given([record_facts(json!({"segment": "smc"}))]);
        told.clone().when(record_facts(json!({"segment": "enterprise"}))).stays_quiet();
        told.when(record_facts(json!({})).with("observed_at", json!(start().plus_ms(-1)))).stays_quiet();
    }

    #[test]
    fn facts_cannot_be_observed_in_the_future() {
        let soon = json!(start().plus_ms(1));
        given([]).when(record_facts(json!({})).with("observed_at", soon)).refused(Refusal::ObservedInFuture);
    }

    #[test]
    fn a_domains_facts_are_its_tenants_and_no_others() {
        let told = given([of_the_domain()]);
        assert_eq!(known(&told, "domain_name=fabrikam.example"), json!({"segment": "smc"}));
        assert_eq!(known(&told, &format!("tenant_id={TENANT}")), json!({"segment": "smc"}));
        assert_eq!(known(&told, "tpid=1234567"), Value::Null);
        assert_eq!(known(&told, "domain_name=other.example"), Value::Null);
    }

    #[test]
    fn a_conflict_is_said_once_and_never_with_intakes_own_facts() {
        let conflict = json!({"used": identifier("tenant_id", TENANT), "other": identifier("tpid", "99"),
            "other_customer": "0a1b2c3d-0000-4000-8000-0000000000aa"});
        let met = || record_facts(json!({})).with("found/conflict", conflict.clone());
        given([]).when(met().by(service("intake"))).yields(["CustomerFactsRecorded"]);
        let said = given([]).when(met()).yields(["IdentityConflictSeen", "CustomerFactsRecorded"]).then();
        said.clone().when(met()).stays_quiet();
        said.when(add().with("found/conflict", conflict)).yields(["CustomerAdded"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([]),
            &record_facts(json!({})),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("observed_in_future", |it| it.with("observed_at", json!(start().plus_days(1)))),
            ],
            &[],
        );
    }
}

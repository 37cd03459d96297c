//! `PublishEngagement`: a new version of an engagement's terms.

use super::{Actor, Context, Decided};
use crate::command::PublishEngagement;
use crate::event::EngagementPublished;
use crate::refusal::Refusal;
use crate::version::V;

/// Publishes terms; the same terms again change nothing, and a retired engagement is opened again.
///
/// Refuses, in this order: not the operator, terms against the rules.
pub(super) fn decide(cmd: &PublishEngagement, context: &Context<'_>) -> Decided {
    context.require(Actor::Operator)?;
    if let Some(fault) = cmd.terms.fault() {
        return Err(Refusal::TermsInvalid { fault: fault.into() });
    }
    let newest = context.catalog.newest(&cmd.engagement);
    if newest.is_some_and(|it| !it.retired && **it.terms == *cmd.terms) {
        return Ok(vec![]);
    }
    let terms_version = newest.map_or(0, |it| it.version) + 1;
    let (engagement, terms) = (cmd.engagement.clone(), cmd.terms.clone());
    Ok(vec![EngagementPublished { version: V, engagement, terms_version, terms }.into()])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::given::*;

    #[test]
    fn terms_are_published_version_by_version() {
        given([])
            .when(publish("new", variable_terms()))
            .yields(["EngagementPublished"])
            .with("terms_version", 1)
            .with("terms/pay", "variable");
        given([])
            .when(publish("fixed", fixed_terms()).with("terms/limit", 9))
            .yields(["EngagementPublished"])
            .with("terms_version", 2);
    }

    #[test]
    fn the_same_terms_again_are_quiet() {
        given([]).when(publish("fixed", fixed_terms())).stays_quiet();
    }

    #[test]
    fn publishing_opens_a_retired_engagement_again_with_a_new_version() {
        given([retire("fixed")])
            .when(publish("fixed", fixed_terms()))
            .yields(["EngagementPublished"])
            .with("terms_version", 2)
            .then()
            .when(add())
            .yields(["CustomerAdded"])
            .with("terms_version", 2);
    }

    #[test]
    fn terms_against_the_rules_are_refused() {
        let nothing = Value::Null;
        let fixed: [(&str, Value); 13] = [
            ("id_kinds", json!(["tpid", "msx_opportunity_id"])),
            ("id_kinds", json!([])),
            ("limit", json!(0)),
            ("days/consent", json!(0)),
            ("days/submit", json!(0)),
            ("days/review", json!(0)),
            ("days/dispute", json!(0)),
            ("days/dispute_review", json!(0)),
            ("hours", json!({"min": 1, "max": 2})),
            ("payout", json!({"rate_cents": 1, "currency": "USD"})),
            ("payout/cap_cents", json!(1)),
            ("payout/share_percent", json!(1)),
            ("proof", json!(["selfie"])),
        ];
        for (field, value) in fixed {
            let spoilt = publish("new", fixed_terms()).with(&format!("terms/{field}"), value.clone());
            assert_eq!(given([]).when(spoilt).in_short(), "terms_invalid", "{field}: {value}");
        }
        let variable: [(&str, Value); 6] = [
            ("id_kinds", json!(["tpid"])),
            ("hours", nothing),
            ("hours", json!({"min": 0, "max": 2})),
            ("hours", json!({"min": 3, "max": 2})),
            ("payout", json!({"cap_cents": 1, "currency": "USD"})),
            ("payout/fixed_cents", json!(1)),
        ];
        for (field, value) in variable {
            let spoilt = publish("new", variable_terms()).with(&format!("terms/{field}"), value.clone());
            assert_eq!(given([]).when(spoilt).in_short(), "terms_invalid", "{field}: {value}");
        }
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([]),
            &publish("new", fixed_terms()),
            &[
                fault("role_not_allowed", |it| it.by(user_of("p-contoso", &["incentives_admin"]))),
                fault("terms_invalid", |it| it.with("terms/limit", 0)),
            ],
            &[],
        );
    }
}

//! `RetryEffect`: start the tries of a failed or held effect again.

use super::{Actor, Context, Decided};
use crate::command::RetryEffect;
use crate::customer::Customer;
use crate::effect::EffectState;
use crate::event::EffectRetryRequested;
use crate::refusal::Refusal;
use crate::version::V;

/// Asks for another try, in every status.
///
/// Refuses, in this order: role, claim, no such effect, done already, neither failed nor held.
pub(super) fn decide(customer: &Customer, cmd: &RetryEffect, context: &Context<'_>) -> Decided {
    let claim = context.claim(customer, cmd.claim, Actor::Operator)?;
    match claim.effect(cmd.effect).ok_or(Refusal::EffectNotFound)?.state {
        EffectState::Done { .. } => Err(Refusal::EffectAlreadyDone),
        EffectState::Due => Err(Refusal::EffectNotRetryable),
        EffectState::Held | EffectState::Failed { .. } => {
            Ok(vec![EffectRetryRequested { version: V, claim: claim.id, effect: cmd.effect }.into()])
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::decide::given::*;
    use crate::effect::EffectState;
    use crate::refusal::Refusal;

    const REFERRAL: &str = "PartnerLedReferralIntended";

    #[test]
    fn a_failed_effect_is_due_again() {
        let again = given([add_to(&["referring"]), send_consent(), referral_failed()])
            .when(retry_effect(REFERRAL))
            .yields(["EffectRetryRequested"])
            .with("effect/kind", REFERRAL)
            .then();
        assert!(again.claim().effects.iter().all(|it| it.state == EffectState::Due));
        again.when(referral_failed()).yields(["PartnerLedReferralFailed"]);
    }

    #[test] // A-71, DESIGN §5
    fn a_held_effect_of_imported_history_is_started() {
        let held = given_imported([add_to(&["referring"]), send_consent()]);
        assert!(held.claim().effects.iter().all(|it| it.state == EffectState::Held));
        let started = held.and_all([retry_effect(REFERRAL)]).live();
        started.clone().when(retry_effect(REFERRAL)).refused(Refusal::EffectNotRetryable);
        started.when(retry_effect("ConsentRequested")).yields(["EffectRetryRequested"]);
    }

    #[test]
    fn a_held_effect_is_started_in_a_terminal_status_too() {
        given_imported([add_to(&["referring"]), send_consent(), cancel_claim()])
            .when(retry_effect(REFERRAL))
            .yields(["EffectRetryRequested"]);
    }

    #[test]
    fn the_earlier_of_two_faults_wins() {
        in_order(
            &given([add_to(&["referring"]), send_consent(), referral_failed()]),
            &retry_effect(REFERRAL),
            &[
                fault("role_not_allowed", |it| it.by(partner())),
                fault("claim_not_found", |it| it.with("claim", "c000-00000000000000000000")),
                fault("effect_not_found", |it| it.with("effect/number", 1)),
                past_fault("effect_already_done", || vec![referral_created()]),
            ],
            &[],
        );
        let due = given([add_to(&["referring"]), send_consent()]);
        due.when(retry_effect(REFERRAL)).refused(Refusal::EffectNotRetryable);
    }
}

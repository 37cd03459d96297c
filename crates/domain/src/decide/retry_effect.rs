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

//! Results as commands of `service:effects` (CONTRACT §1, A-71).

use claim_domain::asker::EFFECTS;
use claim_domain::command::{
    CommandType, RecordCoSellDeclined, RecordCoSellFailed, RecordCoSellUpgraded, RecordReferralClosed,
    RecordReferralCreated, RecordReferralFailed,
};
use claim_domain::text::Sentence;
use claim_projector_referral::Request;
use serde::Serialize;
use serde_json::{Value, json};

use crate::due::Due;
use crate::port::Standing;

/// What came of an effect.
pub(crate) enum Came {
    Created(Standing),
    Upgraded(Standing),
    Declined(Sentence),
    Closed,
}

/// The command that reports what came of the `attempt`-th try.
pub(crate) fn done(due: &Due, attempt: u32, came: Came) -> Result<Value, serde_json::Error> {
    let (claim, effect) = (due.claim, due.effect());
    match came {
        Came::Created(Standing { referral, link }) => {
            let body = RecordReferralCreated { claim, effect, attempt, referral, link };
            command(due, attempt, CommandType::RecordReferralCreated, &body)
        }
        Came::Upgraded(Standing { referral, link }) => {
            let body = RecordCoSellUpgraded { claim, effect, attempt, referral, link };
            command(due, attempt, CommandType::RecordCoSellUpgraded, &body)
        }
        Came::Declined(reason) => {
            let body = RecordCoSellDeclined { claim, effect, attempt, reason };
            command(due, attempt, CommandType::RecordCoSellDeclined, &body)
        }
        Came::Closed => {
            let body = RecordReferralClosed { claim, effect, attempt };
            command(due, attempt, CommandType::RecordReferralClosed, &body)
        }
    }
}

/// The command that ends the tries; closing has none, it stays due.
pub(crate) fn failed(due: &Due, attempt: u32, error: Sentence) -> Result<Option<Value>, serde_json::Error> {
    let (claim, effect) = (due.claim, due.effect());
    match due.request {
        Request::CreateReferral { .. } => {
            let body = RecordReferralFailed { claim, effect, attempt, error };
            command(due, attempt, CommandType::RecordReferralFailed, &body).map(Some)
        }
        Request::UpgradeToCoSell { .. } => {
            let body = RecordCoSellFailed { claim, effect, attempt, error };
            command(due, attempt, CommandType::RecordCoSellFailed, &body).map(Some)
        }
        Request::CloseReferral { .. } => Ok(None),
    }
}

fn command<T: Serialize>(
    due: &Due,
    attempt: u32,
    command_type: CommandType,
    body: &T,
) -> Result<Value, serde_json::Error> {
    Ok(json!({
        "id": due.id().result(attempt),
        "type": command_type,
        "version": command_type.version(),
        "asker": {"kind": "service", "name": EFFECTS},
        "body": serde_json::to_value(body)?,
    }))
}

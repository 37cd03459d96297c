//! What the crate says, in the words of the model.

use claim_domain::claim::DeadlineKind;
use claim_domain::event::Event;
use claim_domain::refusal::Reason;
use serde_json::Value;

use super::model::Answer;

/// What was decided, as the model says it: a reason without its sentences.
pub(crate) fn answer(decided: Result<&[Event], &Reason>) -> Answer {
    match decided {
        Ok(events) => Ok(as_json(events)),
        Err(reason) => {
            let mut reason = serde_json::to_value(reason).expect("JSON");
            without_sentences(&mut reason);
            Err(reason)
        }
    }
}

/// Sentences may be said otherwise (DESIGN rule 6); nor does the model know what is wrong with terms.
fn without_sentences(reason: &mut Value) {
    let is_of_terms = reason["code"] == "terms_invalid";
    let Some(fields) = reason.as_object_mut() else { return };
    fields.remove("message");
    if is_of_terms {
        fields.remove("details");
    }
    let list = fields.get_mut("details").and_then(|it| it.get_mut("engagements"));
    list.and_then(Value::as_array_mut).into_iter().flatten().for_each(without_sentences);
}

/// Events as the model says them.
pub(crate) fn as_json(events: &[Event]) -> Vec<Value> {
    events.iter().map(|it| serde_json::to_value(it).expect("JSON")).collect()
}

/// What the model calls a deadline.
pub(crate) fn kind_of(kind: DeadlineKind) -> &'static str {
    match kind {
        DeadlineKind::Consent => "consent",
        DeadlineKind::Submit => "submit",
        DeadlineKind::Review => "review",
        DeadlineKind::Dispute => "dispute",
        DeadlineKind::DisputeReview => "dispute_review",
    }
}

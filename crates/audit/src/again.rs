//! Deciding again, and comparing with what stands on the log (DESIGN rule 6, I-07).

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use claim_domain::catalog::Catalog;
use claim_domain::command::Command;
use claim_domain::customer::Customer;
use claim_domain::decide::{Context, decide};
use claim_domain::ids::CustomerId;
use claim_domain::refusal::Refusal;
use claim_journal::{Asked, Decision, Ruling, canonical};
use uuid::Uuid;

/// What a command was decided with, as its decision says; `catalog` is of the whole program.
pub(crate) fn context<'a>(catalog: &'a Catalog, decision: &Decision, asked: &'a Asked) -> Context<'a> {
    Context {
        catalog: catalog.at(decision.program.map_or(0, |it| it.sequence)),
        customer_id: decision.customer.unwrap_or(CustomerId(Uuid::nil())),
        asker: &asked.asker,
        id: asked.id,
        at: decision.judged_at,
        imported: decision.imported,
    }
}

/// What a command comes to; none if deciding fails.
pub(crate) fn ruling(customer: &Customer, command: &Command, context: &Context<'_>) -> Option<Ruling> {
    match catch_unwind(AssertUnwindSafe(|| decide(customer, command, context))) {
        Ok(Ok(events)) => Some(Ruling::Accepted(events)),
        Ok(Err(reason)) => Some(Ruling::Refused(reason)),
        Err(_) => None,
    }
}

/// Whether a ruling is one of those that cannot be found by deciding again (A-59, A-65).
pub(crate) fn is_exempt(ruling: &Ruling) -> bool {
    matches!(ruling, Ruling::Refused(reason)
        if matches!(reason.refusal, Refusal::InternalFault | Refusal::DecisionTooLarge))
}

/// Whether `body` is how `decision` is written, but for the sentence `message` of its refusals.
pub(crate) fn is_spelt(decision: &Decision, body: &str) -> bool {
    canonical::to_string(decision)
        .is_ok_and(|own| own == body || without_messages(&own) == without_messages(body))
}

/// A body whose refusals say nothing. A bare quote stands in no JSON text, so what is found is a field.
fn without_messages(body: &str) -> Cow<'_, str> {
    const FIELD: &str = ",\"message\":\"";
    let Some(at) = body.rfind(",\"outcome\":{\"refused\":") else { return Cow::Borrowed(body) };
    let (mut left, mut rest) = body.split_at(at);
    let mut out = String::with_capacity(body.len());
    loop {
        out.push_str(left);
        let Some(at) = rest.find(FIELD) else { break };
        out.push_str(&rest[..at + FIELD.len()]);
        rest = &rest[at + FIELD.len()..];
        let mut escaped = false;
        let end = rest.find(|it| {
            let ends = it == '"' && !escaped;
            escaped = it == '\\' && !escaped;
            ends
        });
        (left, rest) = ("", &rest[end.unwrap_or(rest.len())..]);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN rule 6: byte for byte but for the sentence `message`
    fn only_the_sentences_of_refusals_are_left_out() {
        let body = |text: &str, message: &str, code: &str| {
            format!(
                r#"{{"text":"{text}","outcome":{{"refused":{{"code":"{code}","message":"{message}","details":{{"engagements":[{{"code":"b","message":"{message}"}}]}}}}}}}}"#
            )
        };
        let one = body("t", "One.", "a");
        assert_ne!(one, body("t", r#"Two \"and\" three \\"#, "a"));
        assert_eq!(without_messages(&one), without_messages(&body("t", r#"Two \"and\" three \\"#, "a")));
        assert_ne!(without_messages(&one), without_messages(&body("u", "One.", "a")));
        assert_ne!(without_messages(&one), without_messages(&body("t", "One.", "c")));
        let accepted = r#"{"x":{"a":1,"message":"m"},"outcome":{"accepted":[]}}"#;
        assert_eq!(without_messages(accepted), accepted);
    }
}

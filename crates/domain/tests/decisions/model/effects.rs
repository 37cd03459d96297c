//! What is to be done outside, and what was reported of it (A-69 … A-71).

use serde_json::{Value, json};

use super::{Answer, Claim, Deciding, no};

/// Each result: the event that records it, the family it answers, its fields besides effect and attempt.
const RESULTS: &[(&str, &str, &str, &[&str])] = &[
    ("RecordReferralCreated", "PartnerLedReferralCreated", "referral", &["referral", "link"]),
    ("RecordReferralFailed", "PartnerLedReferralFailed", "referral", &["error"]),
    ("RecordCoSellUpgraded", "CoSellUpgraded", "cosell", &["referral", "link"]),
    ("RecordCoSellDeclined", "CoSellUpgradeDeclined", "cosell", &["reason"]),
    ("RecordCoSellFailed", "CoSellUpgradeFailed", "cosell", &["error"]),
    ("RecordReferralClosed", "ReferralClosed", "closing", &[]),
    ("RecordMailDispatched", "MailDispatched", "mail", &[]),
    ("RecordMailFailed", "MailFailed", "mail", &["error"]),
    ("RecordMailBounced", "MailBounced", "mail", &["error"]),
];

/// Whether the command reports a result.
pub(super) fn is_result(command: &str) -> bool {
    RESULTS.iter().any(|(name, ..)| *name == command)
}

fn family(kind: &str) -> &'static str {
    match kind {
        "PartnerLedReferralIntended" => "referral",
        "CoSellUpgradeIntended" => "cosell",
        "ReferralClosingIntended" => "closing",
        _ => "mail",
    }
}

/// What became of an effect.
#[derive(Clone, Debug, PartialEq)]
enum Became {
    Due,
    Held,
    /// The event that said so.
    Failed(Value),
    /// The event that said so.
    Done(Value),
}

impl Claim {
    fn became(&self, effect: &Value) -> Option<Became> {
        let kind = effect["kind"].as_str().expect("a kind");
        let number = usize::try_from(effect["number"].as_u64().expect("a number")).expect("small");
        let intent = self.all(kind).nth(number)?;
        let answers = RESULTS.iter().map(|(_, event, ..)| *event).chain(["EffectRetryRequested"]);
        let answers: Vec<_> = answers.filter(|it| *it != "MailBounced").collect();
        let newest = self
            .newest_first()
            .find(|it| it["effect"] == *effect && answers.iter().any(|answer| it["type"] == *answer));
        Some(match newest {
            None if intent.imported => Became::Held,
            None => Became::Due,
            Some(it) if it["type"] == "EffectRetryRequested" => Became::Due,
            Some(it) if it["type"].as_str().is_some_and(|it| it.ends_with("Failed")) => {
                Became::Failed(it.clone())
            }
            Some(it) => Became::Done(it.clone()),
        })
    }

    /// An event, and the intent to close the referral if the claim calls for it then.
    pub(super) fn and_closing(&self, event: Value) -> Vec<Value> {
        let after = self.and_then(&event);
        let upgrade = after.became(&json!({"kind": "CoSellUpgradeIntended", "number": 0}));
        let wanted = after.is_over()
            && after.status() != "Approved"
            && after.has("PartnerLedReferralCreated")
            && !after.has("CoSellUpgraded")
            && !after.has("ReferralClosingIntended")
            && !matches!(upgrade, Some(Became::Due | Became::Held));
        let closing = wanted.then(|| self.event("ReferralClosingIntended", json!({})));
        [event].into_iter().chain(closing).collect()
    }
}

impl Deciding<'_> {
    /// What the co-sell policy of the claim's terms says.
    pub(super) fn upgrade(&self, claim: &Claim) -> Option<Value> {
        let deal_size =
            claim.last("ConsentRequested").and_then(|it| it.event["deal_size_usd_cents"].as_i64());
        let (holds, reason) = self.policy(claim, "cosell", deal_size)?;
        Some(match holds {
            true => claim.event("CoSellUpgradeIntended", json!({})),
            false => claim.event("CoSellConditionsNotMet", json!({ "reason": reason })),
        })
    }

    /// Whether a policy of the claim's terms holds, and else why not; nothing without the policy.
    pub(super) fn policy(
        &self,
        claim: &Claim,
        name: &str,
        deal_size: Option<i64>,
    ) -> Option<(bool, &'static str)> {
        let policy = claim.terms(self.program).get(name)?;
        let under = Some(claim.told("tenant")).filter(|it| !it.is_null()).unwrap_or(claim.told("identifier"));
        let facts = self.past.observed(under).map(|it| &it["values"]);
        Some(match super::criteria::holds(policy, facts, deal_size) {
            Some(true) => (true, ""),
            Some(false) => (false, "criteria_not_met"),
            None => (false, "fact_unknown"),
        })
    }

    ///
    pub(super) fn result(&self, claim: &Claim) -> Answer {
        let body = &self.asked.body;
        let effect = &body["effect"];
        let (_, event, answers, fields) =
            RESULTS.iter().find(|(command, ..)| *command == self.asked.command).expect("a result");
        let became =
            claim.became(effect).filter(|_| family(effect["kind"].as_str().expect("a kind")) == *answers);
        let became = became.ok_or_else(|| no("effect_not_found"))?;
        let says_the_same =
            |said: &Value| said["type"] == *event && fields.iter().all(|name| said[*name] == body[*name]);

        if *event == "MailBounced" {
            let before = claim.all(event).find(|it| it.event["effect"] == *effect);
            match (became, before) {
                (Became::Done(_), None) => {}
                (Became::Done(_), Some(it)) if says_the_same(&it.event) => return Ok(vec![]),
                (Became::Done(_), Some(_)) => return Err(no("effect_already_done")),
                _ => return Err(no("effect_not_dispatched")),
            }
        } else {
            match became {
                Became::Done(said) | Became::Failed(said) if says_the_same(&said) => return Ok(vec![]),
                Became::Done(_) => return Err(no("effect_already_done")),
                Became::Due | Became::Held | Became::Failed(_) => {}
            }
        }

        let mut told = json!({"effect": effect, "attempt": body["attempt"]});
        for name in *fields {
            told[*name] = body[*name].clone();
        }
        let mut events = claim.and_closing(claim.event(event, told));
        let consented = claim.has("CustomerConsentReceived") && !claim.is_over();
        if *event == "PartnerLedReferralCreated" && consented {
            events.extend(self.upgrade(claim));
        }
        Ok(events)
    }

    pub(super) fn retry(&self, claim: &Claim) -> Answer {
        let effect = &self.asked.body["effect"];
        match claim.became(effect).ok_or_else(|| no("effect_not_found"))? {
            Became::Done(_) => Err(no("effect_already_done")),
            Became::Due => Err(no("effect_not_retryable")),
            Became::Held | Became::Failed(_) => {
                Ok(vec![claim.event("EffectRetryRequested", json!({ "effect": effect }))])
            }
        }
    }
}

//! Refusals: answers with a stable code, in one order of precedence.
//!
//! First stand those of the decision as a whole, which come before anything is looked at or instead of an answer;
//! then role, tenant and claim, location, deadline and status, fields of the command, effects; last what is looked at
//! for each engagement: catalog, facts, limit. One code has two places: Claim looks at `id_kind_not_accepted` right
//! before the facts, as it has no kind of its own; the table has the place in Add.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::claim::Status;
use crate::ids::EngagementId;
use crate::text::Label;
use crate::time::Instant;

/// One line of the table of refusals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The rules and readings it comes from.
    pub rules: &'static str,
    /// When it is given.
    pub when: &'static str,
}

macro_rules! refusals {
    ($($name:ident $({ $($(#[$meta:meta])* $field:ident: $type:ty),* })? = $code:literal, $rules:literal, $when:literal;)+) => {
        /// Why a command is refused; the variants stand in their order of precedence.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "code", content = "details", rename_all = "snake_case")]
        pub enum Refusal {
            $(#[doc = $when] #[serde(rename = $code)] $name $({ $($(#[$meta])* #[doc = "See the code's sentence."] $field: $type),* })?,)+
        }

        impl Refusal {
            /// Every refusal in its order of precedence.
            pub const TABLE: &[Entry] = &[$(Entry { code: $code, rules: $rules, when: $when },)+];

            /// Its stable code.
            #[must_use]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name $({ $($field: _),* })? => $code,)+ }
            }

            fn when(&self) -> &'static str {
                match self { $(Self::$name $({ $($field: _),* })? => $when,)+ }
            }
        }
    };
}

refusals! {
    DecisionTooLarge = "decision_too_large", "A-59", "The decision is larger than the log can hold.";
    InternalFault = "internal_fault", "A-65", "Deciding failed; send the command again under a new id that names this one.";
    CommandIdReused = "command_id_reused", "A-64", "This id was used for a command with another body; the first answer stands.";
    RoleNotAllowed = "role_not_allowed", "R-001, A-75", "The asker may not give this command.";
    CustomerNotFound = "customer_not_found", "R-058, A-72", "No customer with this id is known to the partner.";
    ClaimNotFound = "claim_not_found", "A-64", "The asker has no claim with this id.";
    LocationNotInScope = "location_not_in_scope", "R-020, A-64", "The asker's roles do not cover this location.";
    ConsentAlreadyAnswered = "consent_already_answered", "R-076, A-39", "The customer already gave the opposite answer.";
    DeadlineReached { due_at: Instant, status: Status } = "deadline_reached", "A-30, A-67", "The deadline was reached before this command was received.";
    WrongStatus { status: Status } = "wrong_status", "A-67", "The claim's status does not allow this command.";
    ConsentAlreadyRequested = "consent_already_requested", "R-065, A-67", "Consent was already asked for; remind the customer instead.";
    ContactRevisionOutdated { contact_revision: u32 } = "contact_revision_outdated", "A-47, A-68", "The contacts changed since this customer was asked.";
    RemindersExhausted { max: u32 } = "reminders_exhausted", "A-48", "No more reminders are allowed.";
    ReminderTooSoon { next_at: Instant } = "reminder_too_soon", "A-48", "The last mail was sent too short a time ago.";
    ContactsFrozen = "contacts_frozen", "D-02, A-34", "The contacts cannot change after the customer survey was answered.";
    FriendlyNameRequired = "friendly_name_required", "R-016, R-051", "The claim needs a friendly name.";
    EngagementsInvalid = "engagements_invalid", "A-41, A-72", "Name 1 to 20 engagements, each once.";
    ContactsInvalid = "contacts_invalid", "R-041, A-72", "First and last names and the organisation's name are needed.";
    MismatchReasonRequired = "mismatch_reason_required", "R-032, R-033", "The tenant is not that of the customer's e-mail domain; give a reason.";
    DealSizeNotPositive = "deal_size_not_positive", "R-063, A-21", "The estimated deal size must be more than zero.";
    DisclaimerOutdated { disclaimer_version: Label } = "disclaimer_outdated", "R-068, A-49", "The disclaimer has another version; read and acknowledge it.";
    TextRequired { field: Cow<'static, str> } = "text_required", "A-76", "A text that must be given is blank.";
    AmountNotPositive = "amount_not_positive", "A-76", "The amount must be more than zero.";
    ProofIncomplete { missing: BTreeSet<Label> } = "proof_incomplete", "D-01, A-78", "Proof that the engagement requires is missing.";
    SurveyAlreadyCompleted = "survey_already_completed", "A-78", "The survey was already answered.";
    SurveyNotRequested = "survey_not_requested", "D-02, A-78", "No survey of the customer is outstanding.";
    PaymentReferenceReused = "payment_reference_reused", "A-56", "This payment was recorded with another amount, currency or time.";
    EffectNotFound = "effect_not_found", "A-71", "The claim has no such effect.";
    EffectNotDispatched = "effect_not_dispatched", "A-71", "The mail was not dispatched, so it cannot have come back.";
    EffectAlreadyDone = "effect_already_done", "A-71", "The effect was already done with another result.";
    EffectNotRetryable = "effect_not_retryable", "A-71", "The effect has neither failed nor is it held.";
    ObservedInFuture = "observed_in_future", "A-73", "The facts were observed later than the command was received.";
    TermsInvalid { fault: Cow<'static, str> } = "terms_invalid", "A-77", "The terms contradict the rules.";
    EngagementNotFound = "engagement_not_found", "A-72", "There is no such engagement.";
    EngagementNotPartnerActivity = "engagement_not_partner_activity", "R-002", "The engagement is no partner activity and has no Customers page.";
    EngagementRetired = "engagement_retired", "A-52", "The engagement takes no new claims.";
    OpenClaimExists = "open_claim_exists", "R-013, A-03", "The customer already has an open claim of this partner on this engagement.";
    LocationNotEnrolled = "location_not_enrolled", "R-018, A-10", "The location is not enrolled in the program.";
    LocationNotEligible = "location_not_eligible", "R-052, A-51", "The location is not eligible for this engagement.";
    PartnerNotEligible = "partner_not_eligible", "R-034, A-51", "The partner has no enrolled location that is eligible for this engagement.";
    IdKindNotAccepted = "id_kind_not_accepted", "R-022, R-023, R-025, R-026", "The engagement does not accept this kind of identifier.";
    VariablePayAlone = "variable_pay_alone", "R-036, R-037", "A variable-pay engagement is added alone.";
    OpportunityRequired = "opportunity_required", "A-13", "A variable-pay engagement needs an MSX opportunity.";
    OpportunityNotAllowed = "opportunity_not_allowed", "A-13", "A fixed-pay engagement takes no MSX opportunity.";
    HoursRequired = "hours_required", "R-038", "A variable-pay engagement needs the number of hours.";
    HoursNotAllowed = "hours_not_allowed", "R-039", "A fixed-pay engagement takes no hours.";
    HoursOutOfRange { min: u32, max: u32 } = "hours_out_of_range", "R-039", "The hours are outside the engagement's limits.";
    OpportunityOfOtherCustomer = "opportunity_of_other_customer", "A-45", "The opportunity belongs to another customer.";
    OpportunityNotOpen = "opportunity_not_open", "A-29", "The opportunity is not open.";
    OpportunityValueUnusable = "opportunity_value_unusable", "A-54", "The opportunity has no usable value in the engagement's currency.";
    FactUnknown = "fact_unknown", "A-61, A-73", "A fact that the engagement's criteria need is not known.";
    CriteriaNotMet = "criteria_not_met", "R-007", "The customer does not meet the engagement's criteria.";
    ClaimLimitReached { limit: u32 } = "claim_limit_reached", "R-008, A-04", "The customer has reached the permitted number of claims.";
    PayoutChanged { payout_cents: u64 } = "payout_changed", "R-042, A-40", "The payout is no longer the one that was reviewed.";
}

impl Refusal {
    /// A sentence that helps; it may change between releases, the code may not.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::WrongStatus { status } => {
                format!("The claim is {status}, which does not allow this command.")
            }
            Self::DeadlineReached { due_at, .. } => {
                format!("The deadline {due_at} was reached before this command was received.")
            }
            Self::HoursOutOfRange { min, max } => format!("The hours must be from {min} to {max}."),
            Self::TermsInvalid { fault } => format!("The terms contradict the rules: {fault}."),
            Self::TextRequired { field } => format!("The text `{field}` must not be blank."),
            Self::ClaimLimitReached { limit } => {
                format!("The customer has reached the permitted number of claims ({limit}).")
            }
            Self::PayoutChanged { payout_cents } => {
                format!("The payout is now {payout_cents} cents; review it again.")
            }
            Self::DisclaimerOutdated { disclaimer_version } => {
                format!("The disclaimer has version {disclaimer_version}; read and acknowledge it.")
            }
            other => other.when().to_owned(),
        }
    }
}

/// The whole answer of a refused command: the first refusal, and for commands over several engagements each refused one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What the command is refused for.
    pub refusal: Refusal,
    /// Every refused engagement in the command's order, `refusal` being that of the first.
    pub engagements: Vec<(EngagementId, Refusal)>,
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, engagements: Vec::new() }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut details = details(&self.refusal);
        if !self.engagements.is_empty() {
            let list = self.engagements.iter().map(|(engagement, refusal)| {
                let mut entry = Map::new();
                entry.insert("engagement".into(), engagement.as_str().into());
                entry.insert("code".into(), refusal.code().into());
                entry.insert("message".into(), refusal.message().into());
                entry.insert("details".into(), Value::Object(self::details(refusal)));
                Value::Object(entry)
            });
            details.insert("engagements".into(), Value::Array(list.collect()));
        }
        let mut it = serializer.serialize_map(None)?;
        it.serialize_entry("code", self.refusal.code())?;
        it.serialize_entry("message", &self.refusal.message())?;
        if !details.is_empty() {
            it.serialize_entry("details", &details)?;
        }
        it.end()
    }
}

fn details(refusal: &Refusal) -> Map<String, Value> {
    match serde_json::to_value(refusal) {
        Ok(Value::Object(mut it)) => match it.remove("details") {
            Some(Value::Object(details)) => details,
            _ => Map::new(),
        },
        _ => Map::new(),
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct ForEngagement {
            engagement: EngagementId,
            #[serde(flatten)]
            rest: Map<String, Value>,
        }
        fn read<T: DeserializeOwned, E: de::Error>(value: Value) -> Result<T, E> {
            serde_json::from_value(value).map_err(E::custom)
        }
        fn refusal<E: de::Error>(mut it: Map<String, Value>) -> Result<Refusal, E> {
            it.remove("message");
            if matches!(it.get("details"), Some(Value::Object(details)) if details.is_empty()) {
                it.remove("details");
            }
            read(Value::Object(it))
        }

        let mut it = Map::deserialize(deserializer)?;
        let list = it
            .get_mut("details")
            .and_then(Value::as_object_mut)
            .and_then(|details| details.remove("engagements"));
        let engagements: Vec<ForEngagement> = list.map_or(Ok(Vec::new()), read)?;
        Ok(Self {
            refusal: refusal(it)?,
            engagements: engagements
                .into_iter()
                .map(|each| Ok((each.engagement, refusal(each.rest)?)))
                .collect::<Result<_, D::Error>>()?,
        })
    }
}

impl JsonSchema for Reason {
    fn schema_name() -> Cow<'static, str> {
        "Reason".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<_> = Refusal::TABLE.iter().map(|entry| entry.code).collect();
        json_schema!({
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"enum": codes},
                "message": {"type": "string"},
                "details": {"type": "object"}
            },
            "additionalProperties": false
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// One of each variant, in the order of the enum; its list is complete because every code is among them.
    fn one_of_each() -> Vec<Refusal> {
        let at = Instant::from_ms(1_767_603_600_000);
        let with_details = [
            ("deadline_reached", json!({"due_at": at, "status": "ConsentExpired"})),
            ("wrong_status", json!({"status": "Approved"})),
            ("contact_revision_outdated", json!({"contact_revision": 2})),
            ("reminders_exhausted", json!({"max": 5})),
            ("reminder_too_soon", json!({"next_at": at})),
            ("disclaimer_outdated", json!({"disclaimer_version": "d2"})),
            ("text_required", json!({"field": "comment"})),
            ("proof_incomplete", json!({"missing": ["invoice"]})),
            ("terms_invalid", json!({"fault": "limit is less than 1"})),
            ("hours_out_of_range", json!({"min": 1, "max": 2})),
            ("claim_limit_reached", json!({"limit": 3})),
            ("payout_changed", json!({"payout_cents": 7})),
        ];
        let read = |code: &str| {
            let details = with_details.iter().find(|(it, _)| *it == code).map(|(_, details)| details);
            let spelt = match details {
                Some(details) => json!({"code": code, "details": details}),
                None => json!({"code": code}),
            };
            serde_json::from_value(spelt).unwrap()
        };
        Refusal::TABLE.iter().map(|entry| read(entry.code)).collect()
    }

    #[test]
    fn the_rules_list_every_refusal_in_the_order_of_the_enum() {
        let rules = include_str!("../RULES.md");
        let (_, section) = rules.split_once("Refusals, in order of precedence").unwrap();
        let written: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let table: Vec<String> = Refusal::TABLE
            .iter()
            .map(|it| format!("| `{}` | {} | {} |", it.code, it.rules, it.when))
            .collect();
        assert_eq!(written, table);
    }

    #[test]
    fn the_order_is_that_of_the_readings() {
        let order = |codes: &[&str]| {
            let places: Vec<_> = codes
                .iter()
                .map(|code| Refusal::TABLE.iter().position(|it| it.code == *code).expect("a known code"))
                .collect();
            assert!(places.is_sorted(), "{codes:?} stand at {places:?}");
        };
        order(&[
            "command_id_reused",
            "role_not_allowed",
            "claim_not_found",
            "location_not_in_scope",
            "deadline_reached",
            "wrong_status",
            "contact_revision_outdated",
            "engagement_not_found",
            "fact_unknown",
            "claim_limit_reached",
        ]);
        order(&[
            "role_not_allowed",
            "customer_not_found",
            "location_not_in_scope",
            "friendly_name_required",
            "engagements_invalid",
            "contacts_invalid",
            "mismatch_reason_required",
            "engagement_not_found",
            "engagement_not_partner_activity",
            "engagement_retired",
            "open_claim_exists",
            "location_not_enrolled",
            "location_not_eligible",
            "id_kind_not_accepted",
            "variable_pay_alone",
            "opportunity_required",
            "opportunity_not_allowed",
            "hours_required",
            "hours_not_allowed",
            "hours_out_of_range",
            "opportunity_of_other_customer",
            "opportunity_not_open",
            "opportunity_value_unusable",
            "fact_unknown",
            "criteria_not_met",
            "claim_limit_reached",
            "payout_changed",
        ]);
        order(&["contacts_invalid", "deal_size_not_positive", "disclaimer_outdated"]);
        order(&["text_required", "proof_incomplete"]);
        order(&["text_required", "amount_not_positive", "payment_reference_reused"]);
    }

    #[test]
    fn codes_are_snake_case_and_said_once() {
        let mut codes: Vec<_> = Refusal::TABLE.iter().map(|it| it.code).collect();
        let snake = |it: &&str| it.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(codes.iter().all(snake), "{codes:?}");
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Refusal::TABLE.len());
    }

    #[test]
    fn every_reason_reads_back_with_and_without_engagements() {
        let all = one_of_each();
        let codes: Vec<_> = all.iter().map(Refusal::code).collect();
        assert_eq!(codes, Refusal::TABLE.iter().map(|it| it.code).collect::<Vec<_>>());
        for refusal in all {
            let engagements = vec![
                ("azure-assessment-2026".parse().unwrap(), refusal.clone()),
                ("other".parse().unwrap(), Refusal::EngagementRetired),
            ];
            for reason in [Reason { refusal: refusal.clone(), engagements }, Reason::from(refusal.clone())] {
                let text = serde_json::to_string(&reason).unwrap();
                assert_eq!(serde_json::from_str::<Reason>(&text).unwrap(), reason, "{text}");
                assert!(
                    text.starts_with(&format!("{{\"code\":\"{}\",\"message\":\"", refusal.code())),
                    "{text}"
                );
            }
        }
    }

    #[test] // CONTRACT §2
    fn each_refused_engagement_is_listed_with_its_own_details() {
        let limit = Refusal::ClaimLimitReached { limit: 3 };
        let reason = Reason { refusal: limit.clone(), engagements: vec![("full".parse().unwrap(), limit)] };
        let message = "The customer has reached the permitted number of claims (3).";
        let one = json!({"engagement": "full", "code": "claim_limit_reached", "message": message,
            "details": {"limit": 3}});
        assert_eq!(
            serde_json::to_value(&reason).unwrap(),
            json!({"code": "claim_limit_reached", "message": message, "details": {"limit": 3, "engagements": [one]}}),
        );
    }

    #[test]
    fn a_message_names_what_the_details_say() {
        for refusal in one_of_each() {
            let message = refusal.message();
            assert!(message.ends_with('.') && message.starts_with(char::is_uppercase), "{message}");
        }
        assert_eq!(
            Refusal::HoursOutOfRange { min: 1, max: 200 }.message(),
            "The hours must be from 1 to 200."
        );
    }
}

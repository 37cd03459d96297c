//! Conditions over facts, three-valued.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{FactName, FactValue, Values};

/// A condition over facts: all, any, not, or one comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Spelt", into = "Spelt")]
#[schemars(with = "Spelt")]
pub enum Criteria {
    /// Every one holds; none: holds.
    All(Vec<Criteria>),
    /// At least one holds; none: does not.
    Any(Vec<Criteria>),
    /// It does not hold.
    Not(Box<Criteria>),
    /// A fact compares with a value.
    Fact {
        /// The fact.
        fact: FactName,
        /// How it compares.
        op: Op,
        /// With what; `exists` has none.
        value: Option<Operand>,
    },
}

/// How a fact compares with a value. A comparison of unlike types does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal.
    Eq,
    /// Of the same type and not equal.
    Ne,
    /// Equal to one of a list.
    In,
    /// At least: whole numbers, or dates.
    Ge,
    /// At most: whole numbers, or dates.
    Le,
    /// The set has this text.
    Contains,
    /// The fact is known.
    Exists,
}

/// What a fact is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Operand {
    /// One value; a list of texts is a set.
    One(FactValue),
    /// A list for `in`.
    Many(Vec<FactValue>),
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Criteria")]
struct Spelt {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    all: Option<Vec<Criteria>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    any: Option<Vec<Criteria>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not: Option<Box<Criteria>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fact: Option<FactName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    op: Option<Op>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<Operand>,
}

impl TryFrom<Spelt> for Criteria {
    type Error = &'static str;

    fn try_from(it: Spelt) -> Result<Self, Self::Error> {
        match it {
            Spelt { all: Some(all), any: None, not: None, fact: None, op: None, value: None } => {
                Ok(Self::All(all))
            }
            Spelt { all: None, any: Some(any), not: None, fact: None, op: None, value: None } => {
                Ok(Self::Any(any))
            }
            Spelt { all: None, any: None, not: Some(not), fact: None, op: None, value: None } => {
                Ok(Self::Not(not))
            }
            Spelt { all: None, any: None, not: None, fact: Some(fact), op: Some(op), value }
                if value.is_none() == (op == Op::Exists) =>
            {
                Ok(Self::Fact { fact, op, value })
            }
            _ => Err(
                "criteria are one of {all: [..]}, {any: [..]}, {not: ..}, {fact, op, value}; exists has no value",
            ),
        }
    }
}

impl From<Criteria> for Spelt {
    fn from(it: Criteria) -> Self {
        let none = Self { all: None, any: None, not: None, fact: None, op: None, value: None };
        match it {
            Criteria::All(all) => Self { all: Some(all), ..none },
            Criteria::Any(any) => Self { any: Some(any), ..none },
            Criteria::Not(not) => Self { not: Some(not), ..none },
            Criteria::Fact { fact, op, value } => Self { fact: Some(fact), op: Some(op), value, ..none },
        }
    }
}

/// What a condition comes to (Kleene's strong logic; the order is false, unknown, true).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// It does not hold.
    False,
    /// A fact that matters is not known.
    Unknown,
    /// It holds.
    True,
}

impl Criteria {
    /// What this condition comes to over `values`, and over `deal_size_usd_cents` where a policy has one.
    #[must_use]
    pub fn judge(&self, values: Option<&Values>, deal_size_usd_cents: Option<i64>) -> Truth {
        let judge = |it: &Self| it.judge(values, deal_size_usd_cents);
        match self {
            Self::All(all) => all.iter().map(judge).min().unwrap_or(Truth::True),
            Self::Any(any) => any.iter().map(judge).max().unwrap_or(Truth::False),
            Self::Not(not) => match judge(not) {
                Truth::True => Truth::False,
                Truth::Unknown => Truth::Unknown,
                Truth::False => Truth::True,
            },
            Self::Fact { fact, op, value } => {
                let deal_size = deal_size_usd_cents
                    .filter(|_| fact.as_str() == "deal_size_usd_cents")
                    .map(FactValue::Number);
                let known = deal_size.as_ref().or_else(|| values?.get(fact.as_str()));
                match (op, known, value) {
                    (Op::Exists, known, _) => truth(known.is_some()),
                    (_, None, _) => Truth::Unknown,
                    (op, Some(known), Some(operand)) => truth(compare(*op, known, operand)),
                    (_, Some(_), None) => Truth::False,
                }
            }
        }
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

fn compare(op: Op, known: &FactValue, operand: &Operand) -> bool {
    use FactValue::{Number, Set, Text};
    match (op, known, operand) {
        (Op::Eq, known, Operand::One(value)) => known == value,
        (Op::Ne, known, Operand::One(value)) => alike(known, value) && known != value,
        (Op::In, Text(known), Operand::One(Set(texts))) => texts.contains(known),
        (Op::In, known, Operand::Many(values)) => values.contains(known),
        (Op::Ge, Number(known), Operand::One(Number(value))) => known >= value,
        (Op::Le, Number(known), Operand::One(Number(value))) => known <= value,
        (Op::Ge, Text(known), Operand::One(Text(value))) => {
            are_dates(known.as_str(), value.as_str()) && known >= value
        }
        (Op::Le, Text(known), Operand::One(Text(value))) => {
            are_dates(known.as_str(), value.as_str()) && known <= value
        }
        (Op::Contains, Set(known), Operand::One(Text(value))) => known.contains(value),
        _ => false,
    }
}

fn alike(a: &FactValue, b: &FactValue) -> bool {
    std::mem::discriminant(a) == std::mem::discriminant(b)
}

fn are_dates(a: &str, b: &str) -> bool {
    // A sign or a short month would still parse, and compare wrongly as text.
    let shaped =
        |text: &str| text.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (b == b'-' && i > 3));
    [a, b].iter().all(|text| {
        text.len() == 10 && shaped(text) && chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn judge(criteria: Value, facts: Value) -> Truth {
        let criteria: Criteria = serde_json::from_value(criteria).unwrap();
        criteria.judge(Some(&serde_json::from_value(facts).unwrap()), Some(500))
    }

    #[test]
    fn comparisons_over_each_type() {
        let facts = json!({"seats": 300, "segment": "smc", "renewal": "2026-07-01", "areas": ["ai", "data"], "managed": true});
        for (fact, op, value, holds) in [
            ("seats", "eq", json!(300), true),
            ("seats", "ge", json!(301), false),
            ("seats", "le", json!(300), true),
            ("seats", "in", json!([1, 300]), true),
            ("segment", "in", json!(["smc", "enterprise"]), true),
            ("segment", "ne", json!("smc"), false),
            ("segment", "ne", json!("enterprise"), true),
            ("renewal", "ge", json!("2026-06-30"), true),
            ("renewal", "le", json!("2026-06-30"), false),
            ("segment", "ge", json!("a"), false),
            ("areas", "contains", json!("ai"), true),
            ("areas", "eq", json!(["data", "ai"]), true),
            ("managed", "eq", json!(true), true),
            ("managed", "ne", json!("true"), false),
            ("deal_size_usd_cents", "ge", json!(500), true),
        ] {
            let found = judge(json!({"fact": fact, "op": op, "value": value}), facts.clone());
            assert_eq!(found, truth(holds), "{fact} {op} {value}");
        }
    }

    #[test]
    fn an_absent_fact_is_unknown_and_logic_is_kleenes() {
        let known = json!({"fact": "a", "op": "eq", "value": 1});
        let absent = json!({"fact": "b", "op": "eq", "value": 1});
        let wrong = json!({"fact": "a", "op": "eq", "value": 2});
        let facts = json!({"a": 1});
        assert_eq!(judge(absent.clone(), facts.clone()), Truth::Unknown);
        assert_eq!(judge(json!({"not": absent}), facts.clone()), Truth::Unknown);
        assert_eq!(judge(json!({"all": [known, absent]}), facts.clone()), Truth::Unknown);
        assert_eq!(judge(json!({"all": [wrong, absent]}), facts.clone()), Truth::False);
        assert_eq!(judge(json!({"any": [known, absent]}), facts.clone()), Truth::True);
        assert_eq!(judge(json!({"any": [wrong, absent]}), facts.clone()), Truth::Unknown);
        assert_eq!(judge(json!({"fact": "b", "op": "exists"}), facts.clone()), Truth::False);
        assert_eq!(judge(json!({"all": []}), facts.clone()), Truth::True);
        assert_eq!(judge(json!({"any": []}), facts), Truth::False);
    }

    #[test]
    fn only_whole_dates_compare() {
        let renewal = |known: &str| {
            judge(json!({"fact": "renewal", "op": "ge", "value": "0000-01-01"}), json!({"renewal": known}))
        };
        assert_eq!(renewal("2026-02-28"), Truth::True);
        for bad in ["2026-02-30", "+2026-1-01", "-026-01-01", "2026-1-001", "20260101", "2026-01-01T", ""] {
            assert_eq!(renewal(bad), Truth::False, "{bad}");
        }
    }

    #[test]
    fn other_spellings_do_not_read() {
        for bad in [
            json!({}),
            json!({"all": [], "any": []}),
            json!({"fact": "a", "op": "exists", "value": 1}),
            json!({"fact": "a", "op": "eq"}),
            json!({"fact": "a", "op": "like", "value": "x"}),
            json!({"fact": "a", "op": "eq", "value": 1.5}),
        ] {
            assert!(serde_json::from_value::<Criteria>(bad.clone()).is_err(), "{bad}");
        }
    }
}

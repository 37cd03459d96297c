//! Conditions over facts: yes, no, or not known.

use serde_json::{Value, json};

/// What the condition comes to over these facts, and over the deal size where a policy has one; none: not known.
pub(super) fn holds(condition: &Value, facts: Option<&Value>, deal_size: Option<i64>) -> Option<bool> {
    let each = |name: &str| -> Vec<Option<bool>> {
        let list = condition[name].as_array().expect("a list");
        list.iter().map(|it| holds(it, facts, deal_size)).collect()
    };
    if condition.get("all").is_some() {
        let each = each("all");
        return if each.contains(&Some(false)) {
            Some(false)
        } else {
            each.into_iter().collect::<Option<Vec<_>>>().map(|_| true)
        };
    }
    if condition.get("any").is_some() {
        let each = each("any");
        return if each.contains(&Some(true)) {
            Some(true)
        } else {
            each.into_iter().collect::<Option<Vec<_>>>().map(|_| false)
        };
    }
    if let Some(inner) = condition.get("not") {
        return holds(inner, facts, deal_size).map(|it| !it);
    }
    let name = condition["fact"].as_str().expect("a fact");
    let known = match deal_size {
        Some(cents) if name == "deal_size_usd_cents" => Some(json!(cents)),
        _ => facts.and_then(|it| it.get(name)).cloned(),
    };
    if condition["op"] == "exists" {
        return Some(known.is_some());
    }
    known.map(|it| compare(condition["op"].as_str().expect("an op"), &it, &condition["value"]))
}

fn compare(op: &str, known: &Value, value: &Value) -> bool {
    let alike = std::mem::discriminant(known) == std::mem::discriminant(value);
    match op {
        "eq" => known == value,
        "ne" => alike && known != value,
        "in" => value.as_array().is_some_and(|list| list.contains(known)),
        "contains" => known.as_array().is_some_and(|set| set.contains(value)),
        "ge" => known.as_i64().zip(value.as_i64()).is_some_and(|(known, value)| known >= value),
        "le" => known.as_i64().zip(value.as_i64()).is_some_and(|(known, value)| known <= value),
        other => panic!("no such op: {other}"),
    }
}

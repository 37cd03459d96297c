//! What a claim pays: whole hours, integer cents, rounded down once, at the end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::command::Opportunity;
use crate::terms::{Pay, Terms};
use crate::text::Currency;

/// An amount that a claim pays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    /// Cents.
    pub cents: u64,
    /// Their currency.
    pub currency: Currency,
}

/// The value of the opportunity is missing, unreadable, or in another currency than the terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueUnusable;

/// The greatest amount that JSON carries exactly: 2^53 − 1.
const MAX_CENTS: u128 = (1 << 53) - 1;

impl Terms {
    /// The payout of one claim: the fixed amount, or min(hours × rate, cap, share of the opportunity's value).
    ///
    /// # Errors
    /// When a share rule applies and the opportunity's value cannot be used.
    pub fn quote(
        &self,
        hours: Option<u32>,
        opportunity: Option<&Opportunity>,
    ) -> Result<Payout, ValueUnusable> {
        let rule = &self.payout;
        let cents = match self.pay {
            Pay::Fixed => u128::from(rule.fixed_cents.unwrap_or(0)),
            Pay::Variable => {
                let by_hours = u128::from(hours.unwrap_or(0)) * u128::from(rule.rate_cents.unwrap_or(0));
                let by_cap = rule.cap_cents.map_or(u128::MAX, u128::from);
                let by_share = match rule.share_percent {
                    None => u128::MAX,
                    Some(percent) => self.share(percent, opportunity).ok_or(ValueUnusable)?,
                };
                by_hours.min(by_cap).min(by_share)
            }
        };
        let cents = u64::try_from(cents.min(MAX_CENTS)).unwrap_or(u64::MAX);
        Ok(Payout { cents, currency: rule.currency.clone() })
    }

    fn share(&self, percent: u32, opportunity: Option<&Opportunity>) -> Option<u128> {
        let opportunity = opportunity?;
        if opportunity.currency.as_ref() != Some(&self.payout.currency) {
            return None;
        }
        let (units, decimals) = decimal(opportunity.value.as_ref()?.as_str())?;
        // units / 10^decimals × 100 cents × percent / 100, cut once
        Some(units * u128::from(percent) / 10_u128.pow(decimals))
    }
}

/// Reads `digits[.digits]` as (all digits, how many of them are decimals).
fn decimal(text: &str) -> Option<(u128, u32)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || whole.len() > 15 || fraction.len() > 6 {
        return None;
    }
    Some((format!("{whole}{fraction}").parse().ok()?, u32::try_from(fraction.len()).ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::decide::given::{fixed_terms, read, variable_terms};

    #[test]
    fn an_opportunity_value_is_decimal_text() {
        assert_eq!(decimal("120000.50"), Some((12_000_050, 2)));
        assert_eq!(decimal("7"), Some((70, 1)));
        for bad in ["", ".5", "5.", "-1", "1e3", "1,000", "1.0000001", "NaN"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }

    fn quote(rule: Value, hours: u32, value: Value, currency: Value) -> Result<u64, ValueUnusable> {
        let terms: Terms =
            read(rule.as_object().into_iter().flatten().fold(variable_terms(), |mut terms, (name, it)| {
                terms["payout"][name] = it.clone();
                terms
            }));
        let opportunity = json!({"open": true, "of_customer": true, "value": value, "currency": currency});
        let opportunity: Opportunity = read(opportunity);
        terms.quote(Some(hours), Some(&opportunity)).map(|it| it.cents)
    }

    #[test]
    fn variable_pay_is_the_least_of_hours_cap_and_share() {
        // USD 100 an hour, at most USD 15,000, at most 10 % of the opportunity.
        let rule = json!({});
        for (hours, value, cents) in [
            (40, "100000.00", 400_000),
            (149, "1000000", 1_490_000),
            (150, "1000000", 1_500_000),
            (151, "1000000", 1_500_000),
            (40, "30000", 300_000),
            (40, "0", 0),
        ] {
            let quoted = quote(rule.clone(), hours, json!(value), json!("USD"));
            assert_eq!(quoted, Ok(cents), "{hours} hours of {value}");
            assert_eq!(quote(rule.clone(), hours, json!(value), json!("USD")), quoted, "the same inputs");
        }
    }

    #[test]
    fn a_share_is_rounded_down_once_at_the_end() {
        let whole = json!({"cap_cents": null, "rate_cents": 4_000_000_000_u32});
        for (percent, value, cents) in [
            (33, "0.10", 3),
            (33, "0.999999", 32),
            (1, "0.99", 0),
            (100, "1234.567891", 123_456),
            (7, "14.285", 99),
        ] {
            let mut rule = whole.clone();
            rule["share_percent"] = json!(percent);
            assert_eq!(quote(rule, 200, json!(value), json!("USD")), Ok(cents), "{percent} % of {value}");
        }
    }

    #[test]
    fn a_share_needs_a_value_in_the_currency_of_the_terms() {
        for (value, currency) in [
            (json!(null), json!("USD")),
            (json!("100"), json!(null)),
            (json!("100"), json!("EUR")),
            (json!("-1"), json!("USD")),
            (json!("1e3"), json!("USD")),
        ] {
            assert_eq!(quote(json!({}), 1, value.clone(), currency), Err(ValueUnusable), "{value}");
        }
        let no_share = json!({"share_percent": null});
        assert_eq!(quote(no_share, 2, json!(null), json!(null)), Ok(20_000), "no share, no value needed");
    }

    #[test]
    fn no_quote_leaves_what_json_carries_exactly() {
        let rule = json!({"cap_cents": null, "share_percent": null, "rate_cents": u32::MAX});
        assert_eq!(quote(rule, u32::MAX, json!(null), json!(null)), Ok((1 << 53) - 1));
    }

    #[test]
    fn fixed_pay_is_a_constant() {
        let terms: Terms = read(fixed_terms());
        assert_eq!(terms.quote(None, None).map(|it| it.cents), Ok(500_000));
    }
}

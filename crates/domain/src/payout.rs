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
    use super::*;

    #[test]
    fn an_opportunity_value_is_decimal_text() {
        assert_eq!(decimal("120000.50"), Some((12_000_050, 2)));
        assert_eq!(decimal("7"), Some((70, 1)));
        for bad in ["", ".5", "5.", "-1", "1e3", "1,000", "1.0000001", "NaN"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}

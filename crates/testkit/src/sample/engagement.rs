//! An engagement and its terms: as the program publishes them, and what stories need to know of them.

use crate::sample::at::At;
use crate::sample::customer::Facts;
use crate::sample::json::{Json, object};

/// What an engagement pays, in cents.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pay {
    Fixed { cents: i64 },
    Variable { rate_cents: i64, cap_cents: Option<i64>, share_percent: Option<i64>, hours: (i64, i64) },
}

/// One version of an engagement's terms.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    pub(crate) published_at: At,
    pub(crate) name: &'static str,
    pub(crate) size: &'static str,
    pub(crate) activity: &'static str,
    pub(crate) area: &'static str,
    pub(crate) id_kinds: &'static [&'static str],
    pub(crate) pay: Pay,
    pub(crate) currency: &'static str,
    pub(crate) limit: i64,
    pub(crate) scope: Option<&'static str>,
    /// Consent, submit, review, dispute, dispute review.
    pub(crate) days: [i64; 5],
    /// Least hours between two reminders, and how many there may be.
    pub(crate) reminders: (i64, i64),
    pub(crate) disclaimer: &'static str,
    pub(crate) proof: &'static [&'static str],
    /// The least deal size in USD cents for which a partner-led referral is created.
    pub(crate) referral_from_cents: Option<i64>,
    /// Managed customers' referrals are upgraded to co-sell.
    pub(crate) cosell: bool,
    /// The condition that customers must meet.
    pub(crate) criteria: Option<Criteria>,
    pub(crate) locations: Option<&'static str>,
}

/// A condition as the program states it and as stories choose customers by it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Criteria {
    pub(crate) json: fn() -> Json,
    pub(crate) meets: fn(&Facts) -> bool,
}

impl Terms {
    /// Whether a customer of whom this is known is eligible.
    pub(crate) fn fits(&self, facts: &Facts) -> bool {
        self.criteria.is_none_or(|it| (it.meets)(facts))
    }

    /// Whether hours are paid.
    pub(crate) fn is_variable(&self) -> bool {
        matches!(self.pay, Pay::Variable { .. })
    }

    /// The proposed payout in cents.
    pub(crate) fn quote_cents(&self, worked_hours: i64, opportunity_cents: i64) -> i64 {
        match self.pay {
            Pay::Fixed { cents } => cents,
            Pay::Variable { rate_cents, cap_cents, share_percent, .. } => {
                let share = share_percent.map(|percent| opportunity_cents * percent / 100);
                [cap_cents, share].into_iter().flatten().fold(worked_hours * rate_cents, i64::min)
            }
        }
    }

    /// The `terms` of `PublishEngagement`.
    pub(crate) fn json(&self) -> Json {
        let [consent, submit, review, dispute, dispute_review] = self.days;
        let disclaimer = object! {
            "version": self.disclaimer,
            "texts": object! {
                "en": format!("Disclaimer {}: the request goes to the customer in your name.", self.disclaimer),
                "ja": format!("免責事項 {}：お客様への依頼は貴社名で送信されます。", self.disclaimer),
            },
        };
        let (pay, hours, payout) = match self.pay {
            Pay::Fixed { cents } => ("fixed", None, object! { "fixed_cents": cents }),
            Pay::Variable { rate_cents, cap_cents, share_percent, hours } => (
                "variable",
                Some(object! { "min": hours.0, "max": hours.1 }),
                object! { "rate_cents": rate_cents }
                    .with_some("cap_cents", cap_cents)
                    .with_some("share_percent", share_percent),
            ),
        };
        object! {
            "name": self.name, "pay": pay, "type": self.size, "activity": self.activity, "solution_area": self.area,
            "id_kinds": self.id_kinds,
        }
        .with_some("criteria", self.criteria.map(|it| (it.json)()))
        .with("limit", self.limit)
        .with_some("scope", self.scope)
        .with(
            "days",
            object! {
                "consent": consent, "submit": submit, "review": review,
                "dispute": dispute, "dispute_review": dispute_review,
            },
        )
        .with("reminders", object! { "interval_hours": self.reminders.0, "max": self.reminders.1 })
        .with("disclaimer", disclaimer)
        .with("proof", self.proof)
        .with_some("hours", hours)
        .with("payout", payout.with("currency", self.currency))
        .with_some("referral", self.referral_from_cents.map(|cents| fact("deal_size_usd_cents", "ge", cents)))
        .with_some("cosell", self.cosell.then(|| fact("managed", "eq", true)))
        .with_some("locations", self.locations)
    }
}

/// An engagement with its versions, oldest first, and the times between which it is closed to new claims.
#[derive(Clone, Debug)]
pub(crate) struct Engagement {
    pub(crate) id: &'static str,
    pub(crate) versions: Vec<Terms>,
    pub(crate) retired_at: Option<At>,
    pub(crate) reopened_at: Option<At>,
}

impl Engagement {
    /// The newest terms at this time, none before the first.
    pub(crate) fn terms(&self, at: At) -> Option<&Terms> {
        self.versions.iter().rev().find(|it| it.published_at <= at)
    }

    /// Whether a customer can be claimed for it at this time.
    pub(crate) fn takes_claims(&self, at: At) -> bool {
        let retired = self.retired_at.is_some_and(|it| it <= at) && self.reopened_at.is_none_or(|it| at < it);
        !retired && self.terms(at).is_some_and(|it| it.activity == PARTNER_ACTIVITY)
    }
}

/// The word for engagements with a Customers page.
pub(crate) const PARTNER_ACTIVITY: &str = "partner_activity";
/// When the program begins.
pub(crate) const START: At = At::on(1, 5, 8, 0);

/// One comparison of a criterion.
pub(crate) fn fact(name: &str, op: &str, value: impl Into<Json>) -> Json {
    object! { "fact": name, "op": op, "value": value.into() }
}

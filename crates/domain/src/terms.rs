//! The terms of an engagement: everything that differs between engagements is data (R-022 … ).

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::criteria::Criteria;
use crate::identifier::IdKind;
use crate::text::{Currency, Label, Text};

/// The word for the activity that has a Customers page.
pub const PARTNER_ACTIVITY: &str = "partner_activity";

/// The kinds of proof that terms may require.
pub const PROOF_KINDS: [&str; 4] = ["invoice", "poe_document", "customer_survey", "partner_survey"];

/// One immutable version of an engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// What people call it.
    pub name: Text<200>,
    /// Fixed or variable pay.
    pub pay: Pay,
    /// Assessment, workshop or a size of project.
    #[serde(rename = "type")]
    pub engagement_type: EngagementType,
    /// `partner_activity`, or another word for what has no Customers page.
    pub activity: Label,
    /// The solution area it belongs to.
    pub solution_area: Label,
    /// The kinds of identifier a customer may be nominated by.
    pub id_kinds: BTreeSet<IdKind>,
    /// What a customer's facts must meet; absent: anyone does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criteria: Option<Criteria>,
    /// The most active and approved claims, at least 1.
    pub limit: u32,
    /// Whose claims the limit counts.
    #[serde(default)]
    pub scope: Scope,
    /// The day counts of its deadlines.
    pub days: Days,
    /// How often the customer may be reminded.
    pub reminders: Reminders,
    /// What the partner acknowledges when it asks for consent.
    pub disclaimer: Disclaimer,
    /// The kinds of proof needed for a submission, of [`PROOF_KINDS`].
    pub proof: BTreeSet<Label>,
    /// The hours a variable-pay claim may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
    /// What a claim pays.
    pub payout: PayoutRule,
    /// When a partner-led referral is created; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referral: Option<Criteria>,
    /// When a referral is upgraded to co-sell; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosell: Option<Criteria>,
    /// Which enrolled locations are eligible.
    #[serde(default)]
    pub locations: LocationsMode,
}

/// Kind of pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pay {
    /// A constant.
    Fixed,
    /// By hours, a cap and a share of the opportunity.
    Variable,
}

/// Type of engagement, by which the source lists its time limits (DOMAIN §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngagementType {
    /// An assessment.
    Assessment,
    /// A workshop.
    Workshop,
    /// An extra small project.
    Xs,
    /// A small project.
    Small,
    /// A medium project.
    Medium,
    /// A large project.
    Large,
    /// An extra large project.
    Xl,
    /// The largest project.
    Xxl,
}

/// Whose claims the limit counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The customer's, of every partner.
    #[default]
    Customer,
    /// The customer's of one partner.
    PartnerCustomer,
}

/// Whole days of 24 hours, each at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Days {
    /// From creation to the customer's answer.
    pub consent: u32,
    /// From consent to the first submission.
    pub submit: u32,
    /// From consent to the end of review.
    pub review: u32,
    /// From rejection to the submission of a dispute (D-09).
    pub dispute: u32,
    /// From that submission to the end of its review (D-10).
    pub dispute_review: u32,
}

/// How often the customer may be reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reminders {
    /// The least number of hours between two mails.
    pub interval_hours: u32,
    /// The greatest number of reminders.
    pub max: u32,
}

/// What the partner acknowledges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Disclaimer {
    /// One version for the texts in all languages.
    pub version: Label,
    /// The text in each language.
    pub texts: BTreeMap<Text<35>, Text<4000>>,
}

/// Whole hours, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// What a claim pays: `fixed_cents`, or `rate_cents` an hour up to `cap_cents` and to `share_percent` of the
/// opportunity's value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PayoutRule {
    /// Fixed pay: this amount, in cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed_cents: Option<u32>,
    /// Variable pay: cents an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_cents: Option<u32>,
    /// Variable pay: never more than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_cents: Option<u64>,
    /// Variable pay: never more than this share of the opportunity's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_percent: Option<u32>,
    /// The currency of all of these.
    pub currency: Currency,
}

/// Which enrolled locations are eligible for an engagement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocationsMode {
    /// Every one; what is recorded is ignored.
    #[default]
    AllEnrolled,
    /// Those whose newest record says so.
    Recorded,
}

impl Terms {
    /// Whether the engagement has a Customers page.
    #[must_use]
    pub fn is_partner_activity(&self) -> bool {
        self.activity.as_str() == PARTNER_ACTIVITY
    }

    /// Whether a customer can be nominated by MSX opportunity only.
    #[must_use]
    pub fn is_msx_only(&self) -> bool {
        self.id_kinds.iter().all(|kind| *kind == IdKind::MsxOpportunityId)
    }

    /// What is wrong with these terms, if anything (A-77, `terms_invalid`).
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let days = &self.days;
        let payout = &self.payout;
        let by_hours =
            payout.rate_cents.is_some() || payout.cap_cents.is_some() || payout.share_percent.is_some();
        [
            (self.id_kinds.is_empty(), "id_kinds is empty"),
            (
                self.pay == Pay::Fixed && self.id_kinds.contains(&IdKind::MsxOpportunityId),
                "fixed pay does not take msx_opportunity_id",
            ),
            (self.pay == Pay::Variable && !self.is_msx_only(), "variable pay takes msx_opportunity_id only"),
            (self.limit < 1, "limit is less than 1"),
            (
                [days.consent, days.submit, days.review, days.dispute, days.dispute_review].contains(&0),
                "a day count is less than 1",
            ),
            (self.pay == Pay::Fixed && self.hours.is_some(), "fixed pay has no hours"),
            (self.pay == Pay::Variable && self.hours.is_none(), "variable pay needs hours"),
            (
                self.hours.is_some_and(|it| it.min < 1 || it.min > it.max),
                "hours.min is less than 1 or more than hours.max",
            ),
            (
                self.pay == Pay::Fixed && (payout.fixed_cents.is_none() || by_hours),
                "fixed pay needs payout.fixed_cents alone",
            ),
            (
                self.pay == Pay::Variable && (payout.rate_cents.is_none() || payout.fixed_cents.is_some()),
                "variable pay needs payout.rate_cents and no fixed_cents",
            ),
            (
                self.proof.iter().any(|kind| !PROOF_KINDS.contains(&kind.as_str())),
                "proof names a kind other than invoice, poe_document, customer_survey, partner_survey",
            ),
        ]
        .into_iter()
        .find_map(|(wrong, what)| wrong.then_some(what))
    }
}

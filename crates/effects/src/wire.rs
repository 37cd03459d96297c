//! The shapes of requests to the referrals API, with the names it has (DOMAIN §5.2).
//!
//! A person stands here as its closed box: who really sends puts `{firstName, lastName, email}` in its place.

use claim_domain::ids::{ClaimId, LocationId};
use claim_domain::sealed::{Organisation, SealedBox};
use claim_domain::text::{Country, Label, Text};
use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

/// Where referrals are.
pub const REFERRALS: &str = "/v1.0/engagements/referrals";

/// The target that makes a referral one with Microsoft.
const MICROSOFT: &str = "msft";

/// The body of `POST /`: a partner-led referral.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartnerLed {
    /// Our claim.
    pub external_reference_id: ClaimId,
    /// Independent.
    #[serde(rename = "type")]
    pub referral_type: ReferralType,
    /// Direct.
    pub qualification: Qualification,
    /// The partner's own location.
    pub target: [Target; 1],
    /// The customer, without a person.
    pub customer_profile: CustomerProfile,
    /// What may be shared: the deal with sellers, nothing else before the customer consented.
    pub consent: Consent,
    /// The deal.
    pub details: Details,
}

/// The body of the second `POST /`: the shared referral of the same group, with help asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoSell {
    /// The partner-led referral. Its group is read from it and sent with the request; see [`InGroup`].
    #[serde(skip)]
    pub referral: Label,
    /// Our claim.
    pub external_reference_id: ClaimId,
    /// Shared.
    #[serde(rename = "type")]
    pub referral_type: ReferralType,
    /// Sales qualified.
    pub qualification: Qualification,
    /// Microsoft.
    pub target: [Target; 1],
    /// The customer, with its contact.
    pub customer_profile: CustomerProfile,
    /// The customer consented: everything may be shared.
    pub consent: Consent,
    /// The deal.
    pub details: Details,
    /// The partner's contact.
    pub team: Vec<SealedBox>,
    /// What help is asked for.
    pub invite_context: InviteContext,
}

/// A co-sell request with the group of the partner-led referral, which is how the two are known to belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InGroup<'a> {
    /// The group; its name has nothing to do with an MCI engagement.
    #[serde(rename = "engagementId")]
    pub group: Uuid,
    /// The request.
    #[serde(flatten)]
    pub request: &'a CoSell,
}

/// The body of `PATCH /{id}`: a JSON Patch that closes a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The referral.
    pub referral: Label,
    /// What changes.
    pub patch: [Replace; 3],
}

/// One operation of a JSON Patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Replace {
    /// `replace`.
    pub op: &'static str,
    /// Where.
    pub path: &'static str,
    /// With what.
    pub value: &'static str,
}

/// Whether others take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ReferralType {
    /// The partner alone.
    Independent,
    /// With Microsoft.
    Shared,
}

/// How far the deal is qualified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Qualification {
    /// By the partner.
    Direct,
    /// By sales.
    SalesQualified,
}

/// Whom it goes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `BusinessProfileLocation`.
    #[serde(rename = "type")]
    pub target_type: &'static str,
    /// Which.
    pub id: String,
}

/// The customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomerProfile {
    /// The organisation's name.
    pub name: Text<200>,
    /// Its address.
    pub address: Address,
    /// Its people.
    pub team: Vec<SealedBox>,
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// As it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_line1: Option<Text<500>>,
    /// Two letters.
    pub country: Country,
}

/// What may be shared, with whom. The doubled "ToTo" is the real name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The customer's data with others.
    pub consent_to_to_share_info_with_others: bool,
    /// Whether the customer may be contacted.
    pub consent_to_contact: bool,
    /// Whether Microsoft may ask certain partners.
    pub consent_to_microsoft_to_contact_specific_partners: bool,
    /// The deal with Microsoft's sellers; without it the referral would be private.
    pub consent_to_share_referral_with_microsoft_sellers: bool,
}

/// The deal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// Its value.
    pub deal_value: DealValue,
    /// `USD`.
    pub currency: &'static str,
}

/// What help is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InviteContext {
    /// `GeneralOrOther`.
    pub assistance_request_code: &'static str,
}

/// An amount of cents, written as a decimal number of dollars without ever being a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DealValue(pub i64);

impl Serialize for DealValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (sign, cents) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let text = match cents % 100 {
            0 => format!("{sign}{}", cents / 100),
            rest => format!("{sign}{}.{rest:02}", cents / 100),
        };
        RawValue::from_string(text).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl PartnerLed {
    /// The request for a claim.
    #[must_use]
    pub fn new(
        claim: ClaimId,
        deal_size_usd_cents: i64,
        organisation: Organisation,
        location: &LocationId,
    ) -> Self {
        Self {
            external_reference_id: claim,
            referral_type: ReferralType::Independent,
            qualification: Qualification::Direct,
            target: [Target::location(location.to_string())],
            customer_profile: CustomerProfile::new(organisation, None),
            consent: Consent {
                consent_to_to_share_info_with_others: false,
                consent_to_contact: false,
                consent_to_microsoft_to_contact_specific_partners: false,
                consent_to_share_referral_with_microsoft_sellers: true,
            },
            details: Details::usd(deal_size_usd_cents),
        }
    }
}

impl CoSell {
    /// The request for a claim whose partner-led referral stands.
    #[must_use]
    pub fn new(
        claim: ClaimId,
        referral: Label,
        deal_size_usd_cents: i64,
        organisation: Organisation,
        customer: Option<SealedBox>,
        partner: Option<SealedBox>,
    ) -> Self {
        Self {
            referral,
            external_reference_id: claim,
            referral_type: ReferralType::Shared,
            qualification: Qualification::SalesQualified,
            target: [Target::location(MICROSOFT.to_owned())],
            customer_profile: CustomerProfile::new(organisation, customer),
            consent: Consent {
                consent_to_to_share_info_with_others: true,
                consent_to_contact: true,
                consent_to_microsoft_to_contact_specific_partners: true,
                consent_to_share_referral_with_microsoft_sellers: true,
            },
            details: Details::usd(deal_size_usd_cents),
            team: partner.into_iter().collect(),
            invite_context: InviteContext { assistance_request_code: "GeneralOrOther" },
        }
    }
}

impl Closing {
    /// Closes a referral as lost, for the claim ended.
    #[must_use]
    pub fn lost(referral: Label) -> Self {
        let replace = |path, value| Replace { op: "replace", path, value };
        Self {
            referral,
            patch: [
                replace("/status", "Closed"),
                replace("/substatus", "Lost"),
                replace("/statusReason", "The incentive claim ended without approval."),
            ],
        }
    }
}

impl Target {
    fn location(id: String) -> Self {
        Self { target_type: "BusinessProfileLocation", id }
    }
}

impl CustomerProfile {
    fn new(organisation: Organisation, contact: Option<SealedBox>) -> Self {
        let Organisation { name, country, address } = organisation;
        let address = Address { address_line1: address, country };
        Self { name, address, team: contact.into_iter().collect() }
    }
}

impl Details {
    fn usd(cents: i64) -> Self {
        Self { deal_value: DealValue(cents), currency: "USD" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // the deal size of referrals, exactly
    fn cents_are_written_as_decimal_dollars() {
        for (cents, text) in [
            (5_000_000, "50000"),
            (5_000_001, "50000.01"),
            (150, "1.50"),
            (7, "0.07"),
            (-7, "-0.07"),
            (i64::MAX, "92233720368547758.07"),
        ] {
            assert_eq!(serde_json::to_string(&DealValue(cents)).unwrap(), text);
        }
    }
}

//! Commands: what someone asks. On the log each is `{"type","version","body"}`.
//!
//! A body here is the asker's body of the public contract with three changes that intake makes: references are
//! resolved, identifiers are canonical, and personal texts are closed boxes ([`crate::sealed`]). Where intake looked
//! something up, the body carries it under `found`.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::facts::Values;
use crate::identifier::Identifier;
use crate::ids::{ClaimId, CustomerId, EngagementId, LocationId, PartnerId};
use crate::sealed::{Contacts, SealedBox};
use crate::spelt::{Key, Spelt};
use crate::terms::Terms;
use crate::text::{Currency, Label, Link, Sentence};
use crate::time::Instant;

/// Who may be asked to decide a command, and by what it is routed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About<'a> {
    /// The program: engagements, locations, eligibility.
    Program,
    /// A customer found by an identifier.
    Identifier(&'a Identifier),
    /// A customer already known by its id.
    Customer(CustomerId),
    /// A claim, whose id carries the slot of its customer.
    Claim(ClaimId),
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident = $version:literal, $kind:ident $($field:ident)?;)+) => {
        /// A command, with its body.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant)]
        pub enum Command {
            $($(#[$doc])* $name($name),)+
        }

        /// The type of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum CommandType {
            $($(#[$doc])* $name,)+
        }

        impl CommandType {
            /// Every type, program commands first.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The name in JSON.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The newest version of its body's shape.
            #[must_use]
            pub fn version(self) -> u32 {
                match self { $(Self::$name => $version,)+ }
            }
        }

        impl Command {
            /// Its type.
            #[must_use]
            pub fn command_type(&self) -> CommandType {
                match self { $(Self::$name(_) => CommandType::$name,)+ }
            }

            /// What it is about.
            #[must_use]
            pub fn about(&self) -> About<'_> {
                match self { $(Self::$name(_it) => commands!(@about _it $kind $($field)?),)+ }
            }

            /// The claim it is about, to be set to what a reference resolves to.
            pub fn claim_mut(&mut self) -> Option<&mut ClaimId> {
                match self { $(Self::$name(_it) => commands!(@claim_mut _it $kind $($field)?),)+ }
            }

            /// Reads a body of this type.
            ///
            /// # Errors
            /// When the body has not the fields of its type.
            pub fn body<'de, D: Deserializer<'de>>(command_type: CommandType, body: D) -> Result<Self, D::Error> {
                match command_type { $(CommandType::$name => Deserialize::deserialize(body).map(Self::$name),)+ }
            }
        }

        impl Serialize for Command {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut it = serializer.serialize_struct("Command", 3)?;
                it.serialize_field("type", self.command_type().as_str())?;
                it.serialize_field("version", &self.command_type().version())?;
                match self { $(Self::$name(body) => it.serialize_field("body", body)?,)+ }
                it.end()
            }
        }

        impl CommandType {
            /// The schema of the body of this type, as it stands on the log.
            pub fn body_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Self::$name => generator.subschema_for::<$name>(),)+ }
            }
        }
    };
    (@about $it:ident program) => { About::Program };
    (@about $it:ident identifier $field:ident) => { About::Identifier(&$it.$field) };
    (@about $it:ident customer $field:ident) => { About::Customer($it.$field) };
    (@about $it:ident claim $field:ident) => { About::Claim($it.$field) };
    (@claim_mut $it:ident claim $field:ident) => { Some(&mut $it.$field) };
    (@claim_mut $it:ident $kind:ident $($field:ident)?) => { None };
}

commands! {
    /// Publishes a version of an engagement's terms.
    PublishEngagement = 1, program;
    /// Closes an engagement to new claims.
    RetireEngagement = 1, program;
    /// Enrolls a location in the program.
    EnrollLocation = 1, program;
    /// Ends the enrolment of a location.
    SuspendLocation = 1, program;
    /// Records whether a location may take part in an engagement.
    RecordPartnerEligibility = 1, program;
    /// Records what is known of a customer's identifier.
    RecordCustomerFacts = 1, identifier identifier;
    /// Adds a customer for one or more engagements.
    AddCustomer = 1, identifier customer;
    /// Claims a known customer for one or more engagements.
    ClaimCustomer = 1, customer customer;
    /// Changes the contacts of a claim.
    UpdateContacts = 1, claim claim;
    /// Asks the customer for consent.
    SendConsent = 1, claim claim;
    /// Reminds the customer.
    ResendConsent = 1, claim claim;
    /// The customer agrees.
    CustomerAccepted = 1, claim claim;
    /// The customer refuses.
    CustomerDeclined = 1, claim claim;
    /// Adds proof of execution.
    UploadProof = 1, claim claim;
    /// Sends the customer survey, or sends it again.
    SendCustomerSurvey = 1, claim claim;
    /// The customer answered the survey.
    CompleteCustomerSurvey = 1, claim claim;
    /// The partner answered its survey.
    CompletePartnerSurvey = 1, claim claim;
    /// Adds a comment.
    AddComment = 1, claim claim;
    /// Submits the claim for review.
    SubmitClaim = 1, claim claim;
    /// Starts the review.
    StartReview = 1, claim claim;
    /// Asks the partner for more.
    RequestPartnerAction = 1, claim claim;
    /// Submits again after more was asked for.
    ResubmitClaim = 1, claim claim;
    /// Approves the claim.
    ApproveClaim = 1, claim claim;
    /// Rejects the claim.
    RejectClaim = 1, claim claim;
    /// Opens a dispute of a rejection.
    DisputeClaim = 1, claim claim;
    /// Submits the dispute.
    SubmitDispute = 1, claim claim;
    /// Cancels the claim before its first submission.
    CancelClaim = 1, claim claim;
    /// Records a payment of an approved claim.
    RecordPayment = 1, claim claim;
    /// A partner-led referral was created.
    RecordReferralCreated = 1, claim claim;
    /// A partner-led referral could not be created.
    RecordReferralFailed = 1, claim claim;
    /// A referral was upgraded to co-sell.
    RecordCoSellUpgraded = 1, claim claim;
    /// The upgrade to co-sell was declined.
    RecordCoSellDeclined = 1, claim claim;
    /// The upgrade to co-sell failed.
    RecordCoSellFailed = 1, claim claim;
    /// A referral was closed.
    RecordReferralClosed = 1, claim claim;
    /// A mail was handed over.
    RecordMailDispatched = 1, claim claim;
    /// A mail could not be handed over.
    RecordMailFailed = 1, claim claim;
    /// A mail came back.
    RecordMailBounced = 1, claim claim;
    /// Starts the tries of a failed or held effect again.
    RetryEffect = 1, claim claim;
}

impl fmt::Display for CommandType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Command;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command: type, version, body, in this order")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Command, A::Error> {
                let command_type: CommandType = named(&mut map, "type")?;
                let version: u32 = named(&mut map, "version")?;
                if version != command_type.version() {
                    return Err(de::Error::custom(format_args!(
                        "{command_type} of unknown version {version}"
                    )));
                }
                expect(&mut map, "body")?;
                map.next_value_seed(Body(command_type))
            }
        }

        fn expect<'de, A: MapAccess<'de>>(map: &mut A, name: &'static str) -> Result<(), A::Error> {
            match map.next_key_seed(Key(name))? {
                Some(None) => Ok(()),
                _ => Err(de::Error::missing_field(name)),
            }
        }

        fn named<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
            map: &mut A,
            name: &'static str,
        ) -> Result<T, A::Error> {
            expect(map, name)?;
            map.next_value()
        }

        struct Body(CommandType);

        impl<'de> DeserializeSeed<'de> for Body {
            type Value = Command;

            fn deserialize<D: Deserializer<'de>>(self, body: D) -> Result<Command, D::Error> {
                Command::body(self.0, body)
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

macro_rules! bodies {
    ($($(#[$doc:meta])* $name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)* })+) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(deny_unknown_fields)]
            pub struct $name { $($(#[$meta])* pub $field: $type,)* }
        )+
    };
}

bodies! {
    /// Body of [`Command::PublishEngagement`].
    PublishEngagement {
        /// The engagement.
        engagement: EngagementId,
        /// Its new terms.
        terms: Box<Terms>,
    }
    /// Body of [`Command::RetireEngagement`].
    RetireEngagement {
        /// The engagement.
        engagement: EngagementId,
    }
    /// Body of [`Command::EnrollLocation`].
    EnrollLocation {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
        /// Enrolled until then, exclusive; absent: without end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Instant>,
    }
    /// Body of [`Command::SuspendLocation`].
    SuspendLocation {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
    }
    /// Body of [`Command::RecordPartnerEligibility`].
    RecordPartnerEligibility {
        /// The partner.
        partner: PartnerId,
        /// Its location.
        location: LocationId,
        /// The engagement.
        engagement: EngagementId,
        /// Whether the location may take part.
        eligible: bool,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Sentence>,
    }
    /// Body of [`Command::RecordCustomerFacts`].
    RecordCustomerFacts {
        /// Whose facts.
        identifier: Identifier,
        /// The facts; they replace all known before.
        values: Values,
        /// When they were true.
        observed_at: Instant,
        /// Who says so.
        source: Label,
        /// What intake looked up.
        #[serde(default)]
        found: Found,
    }
    /// Body of [`Command::AddCustomer`].
    AddCustomer {
        /// The engagements, 1 to 20.
        engagements: Vec<EngagementId>,
        /// The friendly name of the claims; absent when blank.
        friendly_name: Option<SealedBox>,
        /// The partner's location.
        location: LocationId,
        /// The customer as nominated.
        customer: Identifier,
        /// Why tenant and e-mail domain differ; absent when blank.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mismatch_reason: Option<SealedBox>,
        /// Hours of a variable-pay engagement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<u32>,
        /// The payout that was reviewed, in cents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewed_payout_cents: Option<u64>,
        /// The contacts.
        contacts: Contacts,
        /// What intake looked up.
        found: Found,
    }
    /// Body of [`Command::ClaimCustomer`].
    ClaimCustomer {
        /// The known customer.
        customer: CustomerId,
        /// The engagements, 1 to 20.
        engagements: Vec<EngagementId>,
        /// The friendly name of the claims; absent when blank.
        friendly_name: Option<SealedBox>,
        /// The partner's location.
        location: LocationId,
        /// The opportunity of a variable-pay engagement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        msx_opportunity_id: Option<Identifier>,
        /// Hours of a variable-pay engagement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hours: Option<u32>,
        /// The payout that was reviewed, in cents.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reviewed_payout_cents: Option<u64>,
        /// The contacts.
        contacts: Contacts,
        /// What intake looked up.
        found: Found,
    }
    /// Body of [`Command::UpdateContacts`].
    UpdateContacts {
        /// The claim.
        claim: ClaimId,
        /// The new contacts, whole.
        contacts: Contacts,
    }
    /// Body of [`Command::SendConsent`].
    SendConsent {
        /// The claim.
        claim: ClaimId,
        /// The estimated deal size in USD cents.
        deal_size_usd_cents: i64,
        /// The disclaimer that was acknowledged.
        disclaimer_version: Label,
        /// New contacts, if they changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contacts: Option<Contacts>,
    }
    /// Body of [`Command::ResendConsent`].
    ResendConsent {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::CustomerAccepted`].
    CustomerAccepted {
        /// The claim.
        claim: ClaimId,
        /// The revision of the contacts that were asked.
        contact_revision: u32,
    }
    /// Body of [`Command::CustomerDeclined`].
    CustomerDeclined {
        /// The claim.
        claim: ClaimId,
        /// The revision of the contacts that were asked.
        contact_revision: u32,
    }
    /// Body of [`Command::UploadProof`].
    UploadProof {
        /// The claim.
        claim: ClaimId,
        /// What proves it.
        proof: Proof,
    }
    /// Body of [`Command::SendCustomerSurvey`].
    SendCustomerSurvey {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::CompleteCustomerSurvey`].
    CompleteCustomerSurvey {
        /// The claim.
        claim: ClaimId,
        /// Where the answers are.
        reference: Label,
    }
    /// Body of [`Command::CompletePartnerSurvey`].
    CompletePartnerSurvey {
        /// The claim.
        claim: ClaimId,
        /// Where the answers are.
        reference: Label,
    }
    /// Body of [`Command::AddComment`].
    AddComment {
        /// The claim.
        claim: ClaimId,
        /// The comment; absent when blank.
        text: Option<SealedBox>,
    }
    /// Body of [`Command::SubmitClaim`].
    SubmitClaim {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::StartReview`].
    StartReview {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::RequestPartnerAction`].
    RequestPartnerAction {
        /// The claim.
        claim: ClaimId,
        /// What is missing; absent when blank.
        comment: Option<SealedBox>,
    }
    /// Body of [`Command::ResubmitClaim`].
    ResubmitClaim {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::ApproveClaim`].
    ApproveClaim {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::RejectClaim`].
    RejectClaim {
        /// The claim.
        claim: ClaimId,
        /// Why; absent when blank.
        comment: Option<SealedBox>,
    }
    /// Body of [`Command::DisputeClaim`].
    DisputeClaim {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::SubmitDispute`].
    SubmitDispute {
        /// The claim.
        claim: ClaimId,
        /// Why the rejection is wrong; absent when blank.
        justification: Option<SealedBox>,
    }
    /// Body of [`Command::CancelClaim`].
    CancelClaim {
        /// The claim.
        claim: ClaimId,
    }
    /// Body of [`Command::RecordPayment`].
    RecordPayment {
        /// The claim.
        claim: ClaimId,
        /// The payment's own name.
        reference: Label,
        /// The amount in cents.
        paid_cents: i64,
        /// Its currency.
        currency: Currency,
        /// When it was paid.
        paid_at: Instant,
    }
    /// Body of [`Command::RecordReferralCreated`].
    RecordReferralCreated {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// The referral's id.
        referral: Label,
        /// Where to see it.
        link: Link,
    }
    /// Body of [`Command::RecordReferralFailed`].
    RecordReferralFailed {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// Body of [`Command::RecordCoSellUpgraded`].
    RecordCoSellUpgraded {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// The co-sell referral's id.
        referral: Label,
        /// Where to see it.
        link: Link,
    }
    /// Body of [`Command::RecordCoSellDeclined`].
    RecordCoSellDeclined {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// Why it was declined.
        reason: Sentence,
    }
    /// Body of [`Command::RecordCoSellFailed`].
    RecordCoSellFailed {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// Body of [`Command::RecordReferralClosed`].
    RecordReferralClosed {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
    }
    /// Body of [`Command::RecordMailDispatched`].
    RecordMailDispatched {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
    }
    /// Body of [`Command::RecordMailFailed`].
    RecordMailFailed {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// What went wrong.
        error: Sentence,
    }
    /// Body of [`Command::RecordMailBounced`].
    RecordMailBounced {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
        /// The number of the try.
        attempt: u32,
        /// Why it came back.
        error: Sentence,
    }
    /// Body of [`Command::RetryEffect`].
    RetryEffect {
        /// The claim.
        claim: ClaimId,
        /// Which intent.
        effect: EffectRef,
    }
    /// Proof of execution; its content stays with its sender.
    #[derive(PartialOrd, Ord)]
    Proof {
        /// `invoice`, `poe_document` or another word.
        kind: Label,
        /// The file's name.
        name: Label,
        /// Its media type.
        media_type: Label,
        /// Its size in bytes.
        bytes: u32,
        /// The SHA-256 of its content, 64 lower-case hex digits.
        sha256: Sha256Hex,
        /// Where it is.
        uri: Link,
    }
    /// One intent of a claim.
    #[derive(Copy, PartialOrd, Ord)]
    EffectRef {
        /// The type of the intending event.
        kind: crate::effect::EffectKind,
        /// How many events of that type the claim had before.
        number: u32,
    }
    /// What intake looked up in the directory for a command.
    #[derive(Default)]
    Found {
        /// The tenant derived from a domain or subscription.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tenant: Option<Identifier>,
        /// The TPID of the tenant, or of the opportunity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tpid: Option<Identifier>,
        /// Add by tenant: whether the customer's e-mail domain is the tenant's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        email_matches: Option<bool>,
        /// The opportunity that the command names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        opportunity: Option<Opportunity>,
        /// The binding that is at odds with the one used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conflict: Option<Conflict>,
    }
    /// An opportunity as the directory knew it.
    Opportunity {
        /// Whether it was open.
        open: bool,
        /// Claim: whether it belongs to the customer named.
        of_customer: bool,
        /// Its value, decimal text.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Label>,
        /// The currency of its value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        currency: Option<Currency>,
    }
    /// Two identifiers of one nomination that are bound to two customers.
    #[derive(PartialOrd, Ord)]
    Conflict {
        /// The identifier whose binding is used.
        used: Identifier,
        /// The other identifier.
        other: Identifier,
        /// The customer it is bound to.
        other_customer: CustomerId,
    }
}

/// 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Sha256Hex(#[schemars(regex(pattern = "^[0-9a-f]{64}$"))] String);

impl<'de> Deserialize<'de> for Sha256Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Spelt(|text: &str| {
            let good = text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if good { Ok(Self(text.to_owned())) } else { Err("not a SHA-256: 64 lower-case hex digits") }
        }))
    }
}

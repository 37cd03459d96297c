//! The tables of the standing inputs, and what each event adds to `claims`, `known` and `program_events`.

use std::collections::BTreeMap;

use claim_domain::claim::Claim;
use claim_domain::event::Event;
use claim_domain::identifier::Identifier;
use claim_domain::ids::{ClaimId, CustomerId, PartnerId};
use claim_domain::sealed::{Contacts, SealedBox};
use claim_journal::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::database::{Columns, Database, Value, column, integer, position};
use crate::error::StoreError;
use crate::params;
use crate::projector::{Fact, Projector, Tables};
use crate::stored::{read_json, read_text, write_json};

/// The standing inputs.
pub(crate) struct Inputs;

impl Projector for Inputs {
    const NAME: &'static str = "inputs";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] =
        &["customers", "claims", "known", "program_events", "history", "outcomes"];
    const DDL: &'static str = "
CREATE TABLE customers (
  customer TEXT PRIMARY KEY,
  state TEXT NOT NULL -- the domain's fold as JSON, its claims left out: they stand in `claims`
) STRICT;
CREATE TABLE claims (
  claim TEXT PRIMARY KEY,
  customer TEXT NOT NULL,
  partner TEXT NOT NULL,
  engagement TEXT NOT NULL,
  identifier TEXT NOT NULL, -- <id_type>=<value>, as nominated or used
  name TEXT NOT NULL, -- the organisation's, of the newest contacts
  contacts TEXT NOT NULL, -- the newest, persons as closed boxes
  contacts_at_ms INTEGER NOT NULL, -- when they were given
  friendly_name TEXT NOT NULL, -- a closed box
  mismatch_reason TEXT, -- a closed box
  status TEXT NOT NULL,
  state TEXT NOT NULL, -- the domain's claim as JSON
  updated_at_ms INTEGER NOT NULL,
  partition TEXT NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX claims_of_partner ON claims (partner, customer);
CREATE TABLE known (
  partner TEXT NOT NULL, customer TEXT NOT NULL, known_at_ms INTEGER NOT NULL, PRIMARY KEY (partner, customer)
) STRICT, WITHOUT ROWID;
CREATE TABLE program_events (
  sequence INTEGER NOT NULL, number INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (sequence, number)
) STRICT;
CREATE TABLE history (
  claim TEXT NOT NULL, partition TEXT NOT NULL, sequence INTEGER NOT NULL, entry TEXT NOT NULL,
  PRIMARY KEY (claim, partition, sequence)
) STRICT;
CREATE TABLE outcomes (
  command TEXT NOT NULL,
  source TEXT NOT NULL,
  partition TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  at_offset INTEGER NOT NULL, -- where the log holds the record, to read the whole outcome again
  command_type TEXT NOT NULL,
  code TEXT, -- of the refusal; none: accepted
  PRIMARY KEY (command, source, partition, sequence)
) STRICT, WITHOUT ROWID;
";

    fn apply(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
        match fact.event {
            Event::EngagementPublished(_)
            | Event::EngagementRetired(_)
            | Event::LocationEnrolled(_)
            | Event::LocationSuspended(_)
            | Event::PartnerEligibilityRecorded(_) => program_event(tables, fact),
            Event::CustomerAdded(it) => {
                open(tables, fact, &it.contacts, &it.friendly_name, it.mismatch_reason.as_ref())
            }
            Event::CustomerClaimed(it) => open(tables, fact, &it.contacts, &it.friendly_name, None),
            Event::ContactsUpdated(it) => contacts(tables, fact, &it.contacts),
            Event::ConsentRequested(it) => match &it.contacts {
                Some(given) => contacts(tables, fact, given),
                None => Ok(()),
            },
            Event::CustomerConsentReceived(_) => known(tables, fact),
            // The domain's fold of these is written with the customer, once a batch.
            Event::CustomerFactsRecorded(_)
            | Event::IdentityConflictSeen(_)
            | Event::ConsentReminderRequested(_)
            | Event::CustomerConsentDeclined(_)
            | Event::CustomerConsentExpired(_)
            | Event::ClaimCanceled(_)
            | Event::ProofUploaded(_)
            | Event::CustomerSurveyRequested(_)
            | Event::CustomerSurveyCompleted(_)
            | Event::PartnerSurveyCompleted(_)
            | Event::CommentAdded(_)
            | Event::ClaimSubmitted(_)
            | Event::ClaimNotSubmittedExpired(_)
            | Event::ReviewStarted(_)
            | Event::PartnerActionRequested(_)
            | Event::ClaimResubmitted(_)
            | Event::ClaimPostSubmissionExpired(_)
            | Event::ClaimApproved(_)
            | Event::ClaimRejected(_)
            | Event::ClaimRejectedFinal(_)
            | Event::ClaimDisputed(_)
            | Event::DisputeSubmitted(_)
            | Event::ClaimDisputeExpired(_)
            | Event::PaymentRecorded(_)
            | Event::ReferralConditionsMet(_)
            | Event::ReferralConditionsNotMet(_)
            | Event::PartnerLedReferralIntended(_)
            | Event::PartnerLedReferralCreated(_)
            | Event::PartnerLedReferralFailed(_)
            | Event::CoSellConditionsNotMet(_)
            | Event::CoSellUpgradeIntended(_)
            | Event::CoSellUpgraded(_)
            | Event::CoSellUpgradeDeclined(_)
            | Event::CoSellUpgradeFailed(_)
            | Event::ReferralClosingIntended(_)
            | Event::ReferralClosed(_)
            | Event::MailDispatched(_)
            | Event::MailFailed(_)
            | Event::MailBounced(_)
            | Event::EffectRetryRequested(_) => Ok(()),
        }
    }
}

fn program_event(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
    let json = write_json("a program event", fact.event)?;
    let row = params![integer(fact.position.sequence), integer(fact.number as u64), json];
    tables.write("INSERT INTO program_events VALUES (?1, ?2, ?3)", row).map(drop)
}

/// The claims that are new in a batch, as far as their events tell them: they are written with their state, once.
#[derive(Debug, Default)]
pub(crate) struct NewClaims(BTreeMap<ClaimId, [Value<'static>; 10]>);

impl NewClaims {
    /// What is told of a claim, if it is new; it is not new any more.
    pub(super) fn take(&mut self, claim: ClaimId) -> Option<[Value<'static>; 10]> {
        self.0.remove(&claim)
    }
}

/// A new claim; it is written with its customer at the end of the batch.
fn open(
    tables: &Tables<'_>,
    fact: &Fact<'_>,
    contacts: &Contacts,
    friendly_name: &SealedBox,
    mismatch_reason: Option<&SealedBox>,
) -> Result<(), StoreError> {
    let (Some(claim), Some(customer)) = (fact.claim, fact.customer) else { return Ok(()) };
    let sql = "INSERT INTO claims (claim, customer, partner, engagement, identifier, name, contacts, contacts_at_ms, \
               friendly_name, mismatch_reason, status, state, updated_at_ms, partition, sequence) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, '', '', 0, '', 0)";
    let row = params![
        claim.id.to_string(),
        customer.to_string(),
        claim.partner.as_str().to_owned(),
        claim.engagement.as_str().to_owned(),
        claim.identifier.to_string(),
        contacts.organisation.name.as_str().to_owned(),
        write_json("contacts", contacts)?,
        fact.stamp.at.as_ms(),
        write_json("a friendly name", friendly_name)?,
        mismatch_reason.map(|it| write_json("a reason", it)).transpose()?,
    ];
    tables.note(sql, &row);
    tables.new_claims.borrow_mut().0.insert(claim.id, row);
    Ok(())
}

fn contacts(tables: &Tables<'_>, fact: &Fact<'_>, contacts: &Contacts) -> Result<(), StoreError> {
    let Some(claim) = fact.claim else { return Ok(()) };
    let sql = "UPDATE claims SET name = ?2, contacts = ?3, contacts_at_ms = ?4 WHERE claim = ?1";
    let row = params![
        claim.id.to_string(),
        contacts.organisation.name.as_str().to_owned(),
        write_json("contacts", contacts)?,
        fact.stamp.at.as_ms(),
    ];
    match tables.new_claims.borrow_mut().0.get_mut(&claim.id) {
        None => tables.write(sql, row).map(drop),
        Some([_, _, _, _, _, name, contacts, contacts_at, ..]) => {
            tables.note(sql, &row);
            [_, *name, *contacts, *contacts_at] = row;
            Ok(())
        }
    }
}

/// Known from the first consent on, for ever.
fn known(tables: &Tables<'_>, fact: &Fact<'_>) -> Result<(), StoreError> {
    let (Some(claim), Some(customer)) = (fact.claim, fact.customer) else { return Ok(()) };
    let row = params![claim.partner.as_str(), customer.to_string(), fact.stamp.at.as_ms()];
    tables.write("INSERT INTO known VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", row).map(drop)
}

/// A claim with what the rules never look at: contacts, names, position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimFile {
    /// Its customer.
    pub customer: CustomerId,
    /// The claim, as the domain folds it.
    pub claim: Claim,
    /// The newest contacts, persons as closed boxes.
    pub contacts: Contacts,
    /// The friendly name, closed.
    pub friendly_name: SealedBox,
    /// Why tenant and e-mail domain differ, closed.
    pub mismatch_reason: Option<SealedBox>,
    /// The newest decision that changed it.
    pub position: Position,
}

pub(crate) fn claim_file(database: &Database, claim: ClaimId) -> Result<Option<ClaimFile>, StoreError> {
    let sql = "SELECT customer, contacts, friendly_name, mismatch_reason, state, partition, sequence \
               FROM claims WHERE claim = ?1";
    database.find("reading a claim", sql, params![claim.to_string()], |row| {
        let text = |name: &str| column::<String>(row, name);
        let mismatch_reason: Option<String> = column(row, "mismatch_reason")?;
        Ok(ClaimFile {
            customer: CustomerId(read_text("a customer id", &text("customer")?)?),
            claim: read_json("a claim", &text("state")?)?,
            contacts: read_json("contacts", &text("contacts")?)?,
            friendly_name: read_json("a friendly name", &text("friendly_name")?)?,
            mismatch_reason: mismatch_reason.map(|it| read_json("a reason", &it)).transpose()?,
            position: position(row)?,
        })
    })
}

/// What a partner itself told of a customer with one claim.
pub(crate) struct Told {
    pub(crate) customer: CustomerId,
    pub(crate) identifier: Identifier,
    pub(crate) name: String,
    pub(crate) contacts_at_ms: i64,
    pub(crate) updated_at_ms: i64,
    pub(crate) position: Position,
}

/// Everything that `partner` told with its claims, of one customer or of all.
pub(crate) fn told(
    database: &Database,
    partner: &PartnerId,
    customer: Option<CustomerId>,
) -> Result<Vec<Told>, StoreError> {
    let doing = "reading the claims of a partner";
    let of_all = "SELECT customer, identifier, name, contacts_at_ms, updated_at_ms, partition, sequence \
                  FROM claims WHERE partner = ?1";
    match customer {
        None => database.query(doing, of_all, params![partner.as_str()], read_told),
        Some(customer) => {
            let of_one = format!("{of_all} AND customer = ?2");
            database.query(doing, &of_one, params![partner.as_str(), customer.to_string()], read_told)
        }
    }
}

fn read_told(row: &Columns<'_>) -> Result<Told, StoreError> {
    let text = |name: &str| column::<String>(row, name);
    Ok(Told {
        customer: CustomerId(read_text("a customer id", &text("customer")?)?),
        identifier: read_text("an identifier", &text("identifier")?)?,
        name: text("name")?,
        contacts_at_ms: column(row, "contacts_at_ms")?,
        updated_at_ms: column(row, "updated_at_ms")?,
        position: position(row)?,
    })
}

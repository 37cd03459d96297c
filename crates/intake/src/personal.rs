//! Where personal data stands in the bodies of commands, and how it leaves the tree before anything else looks at it.

use claim_domain::command::{Command, CommandType};
use claim_domain::sealed::{Contacts, SealedBox};
use claim_domain::text::Text;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::email::EmailAddress;
use crate::problem::Problem;
use crate::strict;

/// A contact as the asker gives it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// First name.
    pub first_name: Text<100>,
    /// Last name.
    pub last_name: Text<100>,
    /// E-mail address.
    #[schemars(regex(pattern = "^[^@\\s]{1,64}@[^@\\s]+$"))]
    pub email: String,
    /// Telephone number.
    #[serde(default)]
    pub phone: Option<Text<40>>,
    /// Language, as a tag such as `ja-JP`.
    #[serde(default)]
    pub language: Option<Text<35>>,
}

/// A text about a customer as the asker gives it: at most 4,000 characters.
pub type PlainText = Text<4000>;

/// One field of a body that is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// Its path in the body; the box is bound to it.
    pub(crate) path: &'static str,
    kind: FieldKind,
}

impl Field {
    /// Whether a person stands there; else a text.
    pub(crate) fn is_contact(self) -> bool {
        self.kind == FieldKind::Contact
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FieldKind {
    Contact,
    Text { required: bool },
}

const fn contact(path: &'static str) -> Field {
    Field { path, kind: FieldKind::Contact }
}

const fn text(path: &'static str) -> Field {
    Field { path, kind: FieldKind::Text { required: true } }
}

const CUSTOMER: Field = contact("contacts.customer");
const PARTNER: Field = contact("contacts.partner");
const FRIENDLY_NAME: Field = text("friendly_name");
const MISMATCH_REASON: Field = Field { path: "mismatch_reason", kind: FieldKind::Text { required: false } };
const COMMENT: Field = text("comment");

/// The sealed fields of a type of command.
pub(crate) fn fields(command_type: CommandType) -> &'static [Field] {
    match command_type {
        CommandType::AddCustomer => &[FRIENDLY_NAME, MISMATCH_REASON, CUSTOMER, PARTNER],
        CommandType::ClaimCustomer => &[FRIENDLY_NAME, CUSTOMER, PARTNER],
        CommandType::UpdateContacts | CommandType::SendConsent => &[CUSTOMER, PARTNER],
        CommandType::AddComment => const { &[text("text")] },
        CommandType::RequestPartnerAction | CommandType::RejectClaim => &[COMMENT],
        CommandType::SubmitDispute => const { &[text("justification")] },
        _ => &[],
    }
}

/// The place of a sealed field in a decoded command.
pub(crate) fn slot<'a>(command: &'a mut Command, path: &str) -> Option<&'a mut Option<SealedBox>> {
    match command {
        Command::AddCustomer(it) => match path {
            "friendly_name" => Some(&mut it.friendly_name),
            "mismatch_reason" => Some(&mut it.mismatch_reason),
            _ => contact_slot(&mut it.contacts, path),
        },
        Command::ClaimCustomer(it) => match path {
            "friendly_name" => Some(&mut it.friendly_name),
            _ => contact_slot(&mut it.contacts, path),
        },
        Command::UpdateContacts(it) => contact_slot(&mut it.contacts, path),
        Command::SendConsent(it) => contact_slot(it.contacts.as_mut()?, path),
        Command::AddComment(it) => Some(&mut it.text),
        Command::RequestPartnerAction(it) => Some(&mut it.comment),
        Command::RejectClaim(it) => Some(&mut it.comment),
        Command::SubmitDispute(it) => Some(&mut it.justification),
        _ => None,
    }
}

fn contact_slot<'a>(contacts: &'a mut Contacts, path: &str) -> Option<&'a mut Option<SealedBox>> {
    match path {
        "contacts.customer" => Some(&mut contacts.customer),
        "contacts.partner" => Some(&mut contacts.partner),
        _ => None,
    }
}

/// Personal data taken out of a body, to be sealed.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    pub(crate) path: &'static str,
    /// Whose: a contact with this address, else whoever is meant in texts about the customer.
    pub(crate) email: Option<EmailAddress>,
    pub(crate) value: Value,
}

/// Takes every sealed field out of the tree and leaves `null` in its place; what is blank is not sealed at all.
///
/// # Errors
/// `malformed` with the path: a field that is missing, of another type or over its bound.
pub(crate) fn take_out(
    command_type: CommandType,
    body: &mut Map<String, Value>,
) -> Result<Vec<Plain>, Problem> {
    let mut taken = Vec::new();
    for field in fields(command_type) {
        let (parent, name) = match field.path.split_once('.') {
            None => (Some(&mut *body), field.path),
            // SendConsent may come without contacts; elsewhere the typed body asks for them.
            Some((parent, name)) => (body.get_mut(parent).and_then(Value::as_object_mut), name),
        };
        let path = format!("$.body.{}", field.path);
        let Some(slot) = parent.map(|it| it.get_mut(name)) else { continue };
        let Some(slot) = slot else {
            if field.kind == (FieldKind::Text { required: false }) {
                continue;
            }
            return Err(Problem::malformed(&path, format!("missing field `{name}`")));
        };
        let value = slot.take();
        match field.kind {
            FieldKind::Text { .. } => {
                let text: PlainText = strict::decode(value.clone(), &path)?;
                if !text.is_blank() {
                    taken.push(Plain { path: field.path, email: None, value });
                }
            }
            FieldKind::Contact => {
                let person: Person = strict::decode(value.clone(), &path)?;
                let email = person.email.parse::<EmailAddress>();
                let email =
                    email.map_err(|error| Problem::malformed(&format!("{path}.email"), error.to_string()))?;
                if !person.first_name.is_blank() && !person.last_name.is_blank() {
                    taken.push(Plain { path: field.path, email: Some(email), value });
                }
            }
        }
    }
    Ok(taken)
}

/// The e-mail domain that a tenant is compared with is needed even when the names are blank.
pub(crate) fn customer_email(body: &Map<String, Value>) -> Option<EmailAddress> {
    body.get("contacts")?.get("customer")?.get("email")?.as_str()?.parse().ok()
}

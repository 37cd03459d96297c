//! From the bytes of one command to a typed one that waits for what only order and look-ups can add.

use claim_domain::asker::{Asker, EFFECTS, INTAKE, Source};
use claim_domain::command::{Command, CommandType};
use claim_domain::identifier::IdKind;
use claim_domain::ids::{ClaimId, CommandId, EngagementId};
use claim_domain::time::Instant;
use claim_journal::{Correlation, Digest};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::canonical::canonical;
use crate::digest::body_digest;
use crate::email::EmailAddress;
use crate::intake::Input;
use crate::keys::Secret;
use crate::personal::{Plain, customer_email, take_out};
use crate::problem::{Problem, ProblemCode};
use crate::sources::Sources;
use crate::strict::{self, Limits};

/// The most bytes of a body in canonical spelling.
const MAX_BODY_BYTES: usize = 64 * 1024;
/// The most bytes that one byte of a command becomes when it is spelt again.
const LONGEST_ESCAPE: usize = "\\u0000".len();

/// By which door a command comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door<'s> {
    /// From outside: a file, HTTP.
    Outside,
    /// From outside, by a topic that may carry these sources only.
    Topic(&'s Sources),
    /// From our own performer of effects.
    Effects,
}

/// A reference to the claim that a command creates: `@<command id>/<engagement>` (CONTRACT §1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimRef {
    pub(crate) command: CommandId,
    pub(crate) engagement: EngagementId,
}

/// A readable command.
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    pub(crate) id: CommandId,
    pub(crate) asker: Asker,
    pub(crate) source: Source,
    pub(crate) digest: Digest,
    /// When a topic took it in; none by other doors.
    pub(crate) stamped_at: Option<Instant>,
    /// The headers it came with.
    pub(crate) correlation: Correlation,
    /// The time that it brings.
    pub(crate) received_at: Option<Instant>,
    /// Typed; personal fields are empty and references not resolved yet.
    pub(crate) command: Command,
    pub(crate) personal: Vec<Plain>,
    pub(crate) claim_ref: Option<ClaimRef>,
    pub(crate) customer_ref: Option<CommandId>,
    /// The customer contact's address, which a tenant is compared with.
    pub(crate) customer_email: Option<EmailAddress>,
}

/// What could be read of a line, whatever became of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) command_id: Option<CommandId>,
    pub(crate) received_at: Option<Instant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    id: CommandId,
    #[serde(rename = "type")]
    command_type: String,
    version: u32,
    asker: Asker,
    body: Value,
    #[serde(default)]
    received_at: Option<Instant>,
}

/// Reads one command.
///
/// # Errors
/// The first [`Problem`]: not JSON or too large, the envelope, the asker, the type, the version, the body.
pub(crate) fn read(
    input: &Input<'_>,
    door: Door<'_>,
    secret: &Secret,
    seen: &mut Seen,
) -> Result<Asking, Problem> {
    let tree = strict::read(&input.bytes, &Limits::COMMAND, input.number)?;
    let text = |field: &str| tree.get(field).and_then(Value::as_str);
    seen.command_id = text("id").and_then(|id| id.parse().ok()).map(CommandId);
    seen.received_at = text("received_at").and_then(|at| at.parse().ok());

    let envelope: Envelope = strict::decode(tree, "$")?;
    let ours = envelope.asker.is_service(INTAKE) || envelope.asker.is_service(EFFECTS);
    if ours && !(door == Door::Effects && envelope.asker.is_service(EFFECTS)) {
        let message = "`service:intake` and `service:effects` are claimlog's own; ask under another name";
        return Err(Problem::new(ProblemCode::AskerNotAllowed, message));
    }
    if let Door::Topic(sources) = door
        && !sources.allow(&envelope.asker.source())
    {
        let source = envelope.asker.source().to_string();
        let message = format!("this topic may not carry commands of {source}, only of {sources}");
        return Err(Problem::new(ProblemCode::SourceNotAllowed, message).with("source", source));
    }
    let known = CommandType::ALL.iter().copied().find(|it| it.as_str() == envelope.command_type);
    let Some(command_type) = known else {
        let message = "there is no command of this type; `claimlog schema` lists them";
        return Err(Problem::new(ProblemCode::UnknownType, message).with("type", envelope.command_type));
    };
    if envelope.version != command_type.version() {
        let message = format!("this release knows version {} of {command_type}", command_type.version());
        return Err(Problem::new(ProblemCode::UnsupportedVersion, message).with("version", envelope.version));
    }
    let digest = body_digest(secret, command_type.as_str(), envelope.version.into(), &envelope.body);
    let Value::Object(mut body) = envelope.body else {
        return Err(Problem::malformed("$.body", "the body must be an object"));
    };
    // Most are so small that they need not be spelt for this.
    let may_be_too_large = input.bytes.len() * LONGEST_ESCAPE > MAX_BODY_BYTES;
    if may_be_too_large && serde_json::to_vec(&body).map_or(0, |it| it.len()) > MAX_BODY_BYTES {
        return Err(Problem::new(
            ProblemCode::TooLarge,
            format!("the body has more than {MAX_BODY_BYTES} bytes"),
        ));
    }
    if body.contains_key("found") {
        return Err(Problem::malformed("$.body.found", "unknown field `found`"));
    }

    let customer_email = customer_email(&body);
    let personal = take_out(command_type, &mut body)?;
    let claim_ref = take_claim_ref(&mut body)?;
    let customer_ref = take_customer_ref(command_type, &mut body)?;
    make_canonical(command_type, &mut body)?;
    if matches!(command_type, CommandType::AddCustomer | CommandType::ClaimCustomer) {
        body.insert("found".to_owned(), json!({}));
    }
    Ok(Asking {
        id: envelope.id,
        source: envelope.asker.source(),
        asker: envelope.asker,
        digest,
        stamped_at: input.stamped_at,
        correlation: input.correlation.clone(),
        received_at: envelope.received_at,
        command: decode(command_type, Value::Object(body))?,
        personal,
        claim_ref,
        customer_ref,
        customer_email,
    })
}

fn decode(command_type: CommandType, body: Value) -> Result<Command, Problem> {
    let mut track = serde_path_to_error::Track::new();
    let deserializer = serde_path_to_error::Deserializer::new(body, &mut track);
    let decoded = Command::body(command_type, deserializer);
    decoded.map_err(|error: serde_json::Error| {
        let path = track.path().to_string();
        let path = if path == "." { "$.body".to_owned() } else { format!("$.body.{path}") };
        Problem::malformed(&path, error.to_string())
    })
}

/// Puts the nil claim in the place of a reference.
fn take_claim_ref(body: &mut Map<String, Value>) -> Result<Option<ClaimRef>, Problem> {
    let Some(slot) = body.get_mut("claim") else { return Ok(None) };
    let Some(text) = slot.as_str().and_then(|it| it.strip_prefix('@')) else { return Ok(None) };
    let reference = text.split_once('/').and_then(|(command, engagement)| {
        Some(ClaimRef { command: CommandId(command.parse().ok()?), engagement: engagement.parse().ok()? })
    });
    let Some(reference) = reference else {
        return Err(Problem::malformed(
            "$.body.claim",
            "not a reference to a claim: @<command id>/<engagement>",
        ));
    };
    *slot = Value::String(ClaimId::NIL.to_string());
    Ok(Some(reference))
}

/// Puts the nil customer in the place of a reference.
fn take_customer_ref(
    command_type: CommandType,
    body: &mut Map<String, Value>,
) -> Result<Option<CommandId>, Problem> {
    if command_type != CommandType::ClaimCustomer {
        return Ok(None);
    }
    let Some(slot) = body.get_mut("customer") else { return Ok(None) };
    let Some(text) = slot.as_str().and_then(|it| it.strip_prefix('@')) else { return Ok(None) };
    let Ok(command) = text.parse() else {
        return Err(Problem::malformed("$.body.customer", "not a reference to a customer: @<command id>"));
    };
    *slot = Value::String(uuid::Uuid::nil().to_string());
    Ok(Some(CommandId(command)))
}

/// Spells the identifiers of a body canonically.
fn make_canonical(command_type: CommandType, body: &mut Map<String, Value>) -> Result<(), Problem> {
    let field = match command_type {
        CommandType::AddCustomer => "customer",
        CommandType::RecordCustomerFacts => "identifier",
        CommandType::ClaimCustomer => {
            let Some(slot) = body.get_mut("msx_opportunity_id") else { return Ok(()) };
            if let Some(text) = slot.as_str() {
                *slot = json!({"id_type": IdKind::MsxOpportunityId, "value": text});
            }
            "msx_opportunity_id"
        }
        _ => return Ok(()),
    };
    let Some(identifier) = body.get_mut(field) else { return Ok(()) };
    let kind = identifier.get("id_type").and_then(Value::as_str).and_then(|it| it.parse::<IdKind>().ok());
    if let (Some(kind), Some(Value::String(value))) = (kind, identifier.get_mut("value")) {
        let spelt = canonical(kind, value);
        let spelt =
            spelt.map_err(|error| Problem::malformed(&format!("$.body.{field}.value"), error.to_string()))?;
        spelt.value().clone_into(value);
    }
    Ok(())
}

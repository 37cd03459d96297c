//! Opening what is sealed, for those who may see it: whoever has the keys of the directory.

use std::fmt;
use std::sync::Arc;

use claim_domain::command::CommandType;
use claim_domain::event::Event;
use claim_domain::ids::CommandId;
use claim_domain::sealed::{SEALED, SealedBox};
use claim_intake::keys::Keys;
use claim_intake::seal::{Inside, Place, open};
use claim_projector::{HistoryEntry, Occasion};
use serde_json::{Value, json};

/// Opens boxes with the keys of persons.
#[derive(Clone)]
pub struct Opener {
    keys: Arc<dyn Keys>,
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener").finish_non_exhaustive()
    }
}

impl Opener {
    /// An opener with these keys.
    #[must_use]
    pub fn new(keys: Arc<dyn Keys>) -> Self {
        Self { keys }
    }

    /// What is in a box that stands at a field of a command; `erased` and `unavailable` are never confused (F-86).
    #[must_use]
    pub fn open(&self, source: &str, command: CommandId, field: &str, sealed: &SealedBox) -> Value {
        match open(&*self.keys, Place { source, command, field }, sealed) {
            Ok(Inside::Plain(value)) => value,
            Ok(Inside::Erased) => json!({"sealed": "erased"}),
            Err(error) => json!({"sealed": "unavailable", "why": error.to_string()}),
        }
    }

    /// Opens every box inside the JSON of a history entry.
    ///
    /// # Errors
    /// When the entry cannot be JSON, which it can.
    pub fn open_entry(&self, entry: &HistoryEntry<'_>) -> serde_json::Result<Value> {
        let mut shown = serde_json::to_value(entry)?;
        let Occasion::Command(asking) = &entry.occasion else { return Ok(shown) };
        let source = asking.source.to_string();
        let events = shown.get_mut("events").and_then(Value::as_array_mut);
        for event in events.into_iter().flatten() {
            for field in SEALED {
                let pointer = format!("/{}", field.replace('.', "/"));
                let Some(slot) = event.pointer_mut(&pointer) else { continue };
                if let Ok(sealed) = serde_json::from_value::<SealedBox>(slot.clone()) {
                    *slot = self.open(&source, asking.id, field, &sealed);
                }
            }
        }
        Ok(shown)
    }

    /// The friendly name of the claim whose history this is.
    #[must_use]
    pub fn friendly_name(&self, history: &[HistoryEntry<'_>]) -> Option<Value> {
        history.iter().find_map(|entry| {
            let Occasion::Command(asking) = &entry.occasion else { return None };
            if !matches!(asking.command_type, CommandType::AddCustomer | CommandType::ClaimCustomer) {
                return None;
            }
            let sealed = entry.events.iter().find_map(|event| match &**event {
                Event::CustomerAdded(it) => Some(&it.friendly_name),
                Event::CustomerClaimed(it) => Some(&it.friendly_name),
                _ => None,
            })?;
            Some(self.open(&asking.source.to_string(), asking.id, "friendly_name", sealed))
        })
    }

    /// The newest contacts of the claim whose history this is, opened.
    ///
    /// # Errors
    /// As [`Self::open_entry`].
    pub fn contacts(&self, history: &[HistoryEntry<'_>]) -> serde_json::Result<Option<Value>> {
        for entry in history.iter().rev() {
            let shown = self.open_entry(entry)?;
            let events = shown.get("events").and_then(Value::as_array).into_iter().flatten();
            if let Some(contacts) = events.filter_map(|it| it.get("contacts")).next_back() {
                return Ok(Some(contacts.clone()));
            }
        }
        Ok(None)
    }
}

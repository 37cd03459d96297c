//! What is sealed, opened for the columns that hold it.

use std::error::Error;
use std::marker::PhantomData;

use claim_domain::asker::Source;
use claim_domain::ids::CommandId;
use claim_domain::sealed::{SEALED, SealedBox};
use claim_journal::Position;
use serde_json::Value;

use super::ExportError;
use super::table::{Column, always, flag, text};

/// A box, and the place where it stands: it opens there only (F-89).
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// The source of the command that brought it.
    pub source: &'a Source,
    /// The id of that command.
    pub command: CommandId,
    /// The path of the field in its body.
    pub field: &'static str,
    /// The box.
    pub sealed: &'a SealedBox,
}

/// What opening a box came to.
pub type Opened = Result<Content, Box<dyn Error + Send + Sync>>;

/// What is in a box, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// This.
    Plain(Value),
    /// Nothing that anyone could read again: its person was erased.
    Erased,
    /// It stays closed, because personal data is left out.
    LeftOut,
}

/// Opens boxes.
pub(super) struct Opening<'a>(&'a mut dyn FnMut(Sealed<'_>) -> Opened);

/// The command that brought boxes, and where it was decided.
#[derive(Clone, Debug)]
pub(super) struct Brought {
    pub(super) source: Source,
    pub(super) command: CommandId,
    pub(super) position: Position,
}

/// What was sealed in one row.
#[derive(Debug, Default)]
pub(super) struct Personal {
    fields: Vec<(&'static str, Value)>,
    /// Whether some of it is gone for good.
    pub(super) erased: bool,
}

impl<'a> Opening<'a> {
    pub(super) fn with(open: &'a mut dyn FnMut(Sealed<'_>) -> Opened) -> Self {
        Self(open)
    }

    /// Takes every box out of an event, `null` in its place, and opens it.
    pub(super) fn take_out(&mut self, event: &mut Value, brought: &Brought) -> Result<Personal, ExportError> {
        let mut personal = Personal::default();
        for field in SEALED {
            let slot = event.pointer_mut(&format!("/{}", field.replace('.', "/")));
            let Some(slot) = slot.filter(|it| !it.is_null()) else { continue };
            let sealed = serde_json::from_value::<SealedBox>(slot.take());
            let sealed = sealed.map_err(|error| brought.closed(field, error.into()))?;
            self.open(&mut personal, field, &sealed, brought)?;
        }
        Ok(personal)
    }

    /// Opens one box.
    pub(super) fn open(
        &mut self,
        personal: &mut Personal,
        field: &'static str,
        sealed: &SealedBox,
        brought: &Brought,
    ) -> Result<(), ExportError> {
        let place = Sealed { source: &brought.source, command: brought.command, field, sealed };
        match (self.0)(place).map_err(|error| brought.closed(field, error))? {
            Content::Plain(value) => personal.fields.push((field, value)),
            Content::Erased => personal.erased = true,
            Content::LeftOut => {}
        }
        Ok(())
    }
}

impl Brought {
    fn closed(&self, field: &'static str, source: Box<dyn Error + Send + Sync>) -> ExportError {
        let Position { partition, sequence } = self.position;
        ExportError::Closed { position: format!("{partition}/{sequence}"), field, source }
    }
}

impl Personal {
    /// A text.
    pub(super) fn text(&self, field: &str) -> Option<String> {
        self.value(field)?.as_str().map(str::to_owned)
    }

    /// One detail of a contact.
    pub(super) fn detail(&self, contact: &str, detail: &str) -> Option<String> {
        self.value(contact)?.get(detail)?.as_str().map(str::to_owned)
    }

    fn value(&self, field: &str) -> Option<&Value> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, value)| value)
    }
}

/// A row in which something may be sealed.
pub(super) trait WithPersonal {
    /// What was.
    fn personal(&self) -> &Personal;
}

/// The columns of what is personal in rows of a file.
pub(super) struct OfPersons<R>(PhantomData<R>);

impl<R: WithPersonal + 'static> OfPersons<R> {
    pub(super) const COLUMNS: &'static [Column<R>] = &[
        text("friendly_name", "Personal: the claim's friendly name.", |it| {
            it.personal().text("friendly_name")
        }),
        text("customer_first_name", "Personal: of the customer's contact.", |it| {
            it.personal().detail("contacts.customer", "first_name")
        }),
        text("customer_last_name", "Personal: of the customer's contact.", |it| {
            it.personal().detail("contacts.customer", "last_name")
        }),
        text("customer_email", "Personal: of the customer's contact.", |it| {
            it.personal().detail("contacts.customer", "email")
        }),
        text("customer_phone", "Personal: of the customer's contact.", |it| {
            it.personal().detail("contacts.customer", "phone")
        }),
        text("customer_language", "Personal: of the customer's contact.", |it| {
            it.personal().detail("contacts.customer", "language")
        }),
        text("partner_first_name", "Personal: of the partner's contact.", |it| {
            it.personal().detail("contacts.partner", "first_name")
        }),
        text("partner_last_name", "Personal: of the partner's contact.", |it| {
            it.personal().detail("contacts.partner", "last_name")
        }),
        text("partner_email", "Personal: of the partner's contact.", |it| {
            it.personal().detail("contacts.partner", "email")
        }),
        text("partner_phone", "Personal: of the partner's contact.", |it| {
            it.personal().detail("contacts.partner", "phone")
        }),
        text("partner_language", "Personal: of the partner's contact.", |it| {
            it.personal().detail("contacts.partner", "language")
        }),
        always(flag(
            "erased",
            "Whether something personal in this row was erased, which its columns show as null.",
            |it| Some(it.personal().erased),
        )),
    ];
}

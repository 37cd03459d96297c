//! One line of a file, and what the rules say its outcome must be.

use std::fmt;

use crate::sample::asker::Asker;
use crate::sample::at::At;
use crate::sample::command::Command;
use crate::sample::customer::uuid;
use crate::sample::json::{Json, object};

/// What a line is written to cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expect {
    /// It is accepted.
    Accepted,
    /// It is refused with this code.
    Refused(&'static str),
    /// It never becomes a command, with this code.
    Problem(&'static str),
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted => f.write_str("accepted"),
            Self::Refused(code) => write!(f, "refused {code}"),
            Self::Problem(code) => write!(f, "problem {code}"),
        }
    }
}

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// Where it stands among all lines; also its `received_at`, unless the text says otherwise.
    pub(crate) at: At,
    pub(crate) expect: Expect,
    pub(crate) content: Content,
}

/// What stands on a line.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// A command.
    Command {
        id: String,
        asker: Asker,
        command: Command,
        /// Leave `received_at` out where the line before has the same.
        by_default: bool,
    },
    /// Anything else, as it is.
    Text(String),
}

impl Line {
    /// A command whose id belongs to `name`.
    pub(crate) fn new(at: At, name: &str, asker: Asker, command: Command, expect: Expect) -> Self {
        let content = Content::Command { id: id(name), asker, command, by_default: false };
        Self { at, expect, content }
    }

    /// A text that stands on its line as it is.
    pub(crate) fn text(at: At, text: impl Into<String>, expect: Expect) -> Self {
        Self { at, expect, content: Content::Text(text.into()) }
    }

    /// The same line again, later.
    pub(crate) fn again(&self, at: At) -> Self {
        Self { at, ..self.clone() }
    }

    /// The text of the line; `previous` is the `received_at` that counts where there is none.
    pub(crate) fn write(&self, previous: Option<At>) -> String {
        match &self.content {
            Content::Text(text) => text.clone(),
            Content::Command { id, asker, command, by_default } => {
                let received_at = (!by_default || previous != Some(self.at)).then(|| self.at.to_string());
                envelope(id, asker, command, received_at).to_string()
            }
        }
    }
}

/// The id of the command of this name.
pub(crate) fn id(name: &str) -> String {
    uuid(name).to_string()
}

/// A whole command (CONTRACT §1).
pub(crate) fn envelope(id: &str, asker: &Asker, command: &Command, received_at: Option<String>) -> Json {
    object! { "id": id, "type": command.kind, "version": 1, "asker": asker.0.clone() }
        .with_some("received_at", received_at)
        .with("body", command.body.clone())
}

//! One command of a history: its body as JSON, who asks, and when.

use serde_json::{Map, Value, json};

use crate::asker::Asker;
use crate::command::{Command, CommandType};
use crate::ids::ClaimId;
use crate::time::Instant;

/// A command to come, or only time that passes.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    command: Option<CommandType>,
    body: Value,
    pub(crate) asker: Asker,
    when: When,
    claim: Which,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Now,
    Later(i64),
    At(Instant),
}

/// Which claim of the history the command is about.
#[derive(Clone, Copy, Debug)]
enum Which {
    None,
    Last,
    Number(usize),
}

impl Ask {
    /// A command about no claim.
    pub(super) fn new(command: CommandType, asker: Asker, body: Value) -> Self {
        Self { command: Some(command), body, asker, when: When::Now, claim: Which::None }
    }

    /// A command about the claim created last.
    pub(super) fn of_claim(command: CommandType, asker: Asker, body: Value) -> Self {
        Self { claim: Which::Last, ..Self::new(command, asker, body) }
    }

    /// No command, but a moment at which deadlines fire.
    pub(super) fn nothing(asker: Asker) -> Self {
        Self { command: None, body: Value::Null, asker, when: When::Now, claim: Which::None }
    }

    /// Asked by this one.
    pub(crate) fn by(self, asker: Asker) -> Self {
        Self { asker, ..self }
    }

    /// Judged at this moment.
    pub(crate) fn at(self, at: Instant) -> Self {
        Self { when: When::At(at), ..self }
    }

    /// Judged so many days of 24 hours after the step before.
    pub(crate) fn days_later(self, days: i64) -> Self {
        self.ms_later(days * 86_400_000)
    }

    /// Judged so many milliseconds after the step before.
    pub(crate) fn ms_later(self, ms: i64) -> Self {
        Self { when: When::Later(ms), ..self }
    }

    /// About this claim, from 0, if the command is about a claim at all; nothing if it is and there is none.
    pub(crate) fn of_any(self, number: Option<usize>) -> Option<Self> {
        match (self.claim, number) {
            (Which::None, _) => Some(self),
            (Which::Last | Which::Number(_), Some(number)) => {
                Some(Self { claim: Which::Number(number), ..self })
            }
            (Which::Last | Which::Number(_), None) => None,
        }
    }

    /// With this value at `path`, whose names are parted by slashes.
    pub(crate) fn with(mut self, path: &str, value: impl Into<Value>) -> Self {
        let mut place = &mut self.body;
        for name in path.split('/') {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            place = place.as_object_mut().unwrap().entry(name).or_insert(Value::Null);
        }
        *place = value.into();
        self
    }

    /// Without the field `name` of the body.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.body.as_object_mut().unwrap().remove(name);
        self
    }

    /// A field of the body.
    pub(crate) fn field(&self, name: &str) -> Value {
        self.body[name].clone()
    }

    /// Whether the body has the shape of its type, a claim named in it or not.
    pub(crate) fn reads(&self) -> bool {
        self.command.is_some_and(|it| Command::body(it, self.body.clone()).is_ok())
    }

    /// The type of the command, if there is one.
    pub(crate) fn command_type(&self) -> Option<CommandType> {
        self.command
    }

    pub(super) fn moment(&self, now: Instant) -> Instant {
        match self.when {
            When::Now => now,
            When::Later(ms) => now.plus_ms(ms),
            When::At(at) => at,
        }
    }

    /// The command itself, about this claim if it is about one.
    #[track_caller]
    pub(crate) fn command_about(&self, claim: ClaimId) -> Command {
        self.command(&[claim]).expect("a command")
    }

    #[track_caller]
    pub(super) fn command(&self, claims: &[ClaimId]) -> Option<Command> {
        let command_type = self.command?;
        let mut body = self.body.clone();
        let claim = match self.claim {
            Which::None => None,
            Which::Last => Some(claims.last().expect("the history has a claim")),
            Which::Number(number) => Some(&claims[number]),
        };
        if let (Some(claim), None) = (claim, body.get("claim")) {
            body["claim"] = json!(claim);
        }
        let read = Command::body(command_type, body);
        Some(read.unwrap_or_else(|error| panic!("{command_type}: {error}: {:#}", self.body)))
    }
}

//! What becomes of one line: an outcome, or a problem (CONTRACT §2).

use claim_domain::ids::CommandId;
use claim_journal::ProgramPosition;
use claim_log::{Told, Unavailable};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::problem::{Problem, ProblemCode};

/// The answer to what never became a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProblemLine {
    /// The line, counted from 1 in its file; in a topic the offset.
    pub input: u64,
    /// The inbox partition, where it came by a topic: `<topic>[<partition>]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
    /// The command's id, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<CommandId>,
    /// Always `problem`.
    pub outcome: ProblemWord,
    /// What is wrong.
    pub reason: Problem,
}

/// The word `problem`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemWord {
    /// It never became a command.
    #[default]
    Problem,
}

/// One line's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was decided.
    Told(Told),
    /// It never became a command, or there is no answer now.
    Problem(ProblemLine),
}

/// An answer that may still be on its way.
#[derive(Debug)]
pub struct Pending {
    input: u64,
    command_id: Option<CommandId>,
    state: State,
}

#[derive(Debug)]
enum State {
    Problem(Problem),
    Asked(oneshot::Receiver<Result<Told, Unavailable>>),
    Told(Result<Told, Unavailable>),
}

impl Pending {
    pub(crate) fn problem(input: u64, command_id: Option<CommandId>, problem: Problem) -> Self {
        Self { input, command_id, state: State::Problem(problem) }
    }

    pub(crate) fn asked(
        input: u64,
        command_id: CommandId,
        told: oneshot::Receiver<Result<Told, Unavailable>>,
    ) -> Self {
        Self { input, command_id: Some(command_id), state: State::Asked(told) }
    }

    /// The same, once its answer is there.
    pub(crate) async fn settled(self) -> Self {
        let state = match self.state {
            State::Asked(told) => State::Told(told.await.unwrap_or_else(|_| Err(stopped()))),
            settled => settled,
        };
        Self { state, ..self }
    }

    /// The position of the program, if this is a settled answer of the program.
    pub(crate) fn program(&self) -> Option<ProgramPosition> {
        match &self.state {
            State::Told(Ok(told)) => told.program,
            State::Told(Err(_)) | State::Problem(_) | State::Asked(_) => None,
        }
    }

    /// The answer, if it is there already; nobody will wait for it otherwise.
    pub(crate) fn at_once(self) -> Option<Answer> {
        let told = match self.state {
            State::Asked(_) => return None,
            State::Problem(problem) => Err(problem),
            State::Told(told) => told.map_err(|it| problem(&it)),
        };
        Some(answer(self.input, self.command_id, told))
    }

    /// Waits for the answer.
    pub async fn answer(self) -> Answer {
        let told = match self.state {
            State::Problem(problem) => Err(problem),
            State::Asked(told) => told.await.unwrap_or_else(|_| Err(stopped())).map_err(|it| problem(&it)),
            State::Told(told) => told.map_err(|it| problem(&it)),
        };
        answer(self.input, self.command_id, told)
    }
}

fn answer(input: u64, command_id: Option<CommandId>, told: Result<Told, Problem>) -> Answer {
    match told {
        Ok(told) => Answer::Told(told),
        Err(reason) => Answer::Problem(ProblemLine {
            input,
            inbox: None,
            command_id,
            outcome: ProblemWord::Problem,
            reason,
        }),
    }
}

fn stopped() -> Unavailable {
    Unavailable("the engine has stopped".into())
}

fn problem(unavailable: &Unavailable) -> Problem {
    unavailable_problem(&unavailable.to_string())
}

/// The problem of a command that cannot be forwarded now.
pub(crate) fn unavailable_problem(why: &str) -> Problem {
    Problem::new(ProblemCode::LogUnavailable, why)
}

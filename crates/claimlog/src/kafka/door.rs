//! The HTTP door on Kafka: through the inbox, like everybody, and waiting for what the journal says.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use claim_domain::asker::Asker;
use claim_domain::ids::CommandId;
use claim_intake::digest::body_digest;
use claim_intake::keys::Keys;
use claim_intake::problem::{Problem, ProblemCode};
use claim_intake::{ProblemLine, ProblemWord};
use claim_journal::{AskedAs, Correlation};
use claim_log::{Outgoing, Outlet, Place, ReadLog, Unclear};
use claim_server::{Answered, Bytes, Door, Until};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::kafka::answers::{Answers, Found, told_at};
use crate::kafka::problems::Problems;

/// How long to wait for an outcome before saying that there is none yet.
const DECIDED_WITHIN: Duration = Duration::from_secs(25);

/// The door.
pub(crate) struct KafkaDoor {
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) inbox: Place,
    pub(crate) log: Arc<dyn ReadLog>,
    pub(crate) keys: Arc<dyn Keys>,
    pub(crate) answers: Answers,
    pub(crate) problems: Problems,
}

/// As much of a command as tells which answers are its.
#[derive(Deserialize)]
struct Head {
    id: CommandId,
    #[serde(rename = "type")]
    command_type: String,
    version: u64,
    asker: Asker,
    body: Value,
}

/// A command on its way.
struct Sent {
    offset: oneshot::Receiver<Result<u64, Unclear>>,
    answer: Option<oneshot::Receiver<claim_log::Told>>,
    id: Option<CommandId>,
}

/// What is done with one command.
enum Step {
    Answered(Box<Answered>),
    Sent(Sent),
}

#[async_trait]
impl Door for KafkaDoor {
    async fn ask(&self, commands: Vec<Bytes>, trace: &Correlation, until: Until) -> Vec<Answered> {
        // All are sent before any is waited for, so that they keep their order and share batches.
        let mut steps = Vec::with_capacity(commands.len());
        for command in commands {
            steps.push(self.send(&command, trace).await);
        }
        let mut answers = Vec::with_capacity(steps.len());
        for (input, step) in (1..).zip(steps) {
            answers.push(match step {
                Step::Answered(answered) => *answered,
                Step::Sent(sent) => self.answer(input, sent, until).await,
            });
        }
        answers
    }
}

impl KafkaDoor {
    async fn send(&self, command: &Bytes, trace: &Correlation) -> Step {
        let head = serde_json::from_slice::<Head>(command).ok();
        let id = head.as_ref().map(|it| it.id);
        let asked = head.map(|it| {
            let digest = body_digest(self.keys.secret(), &it.command_type, it.version, &it.body);
            AskedAs { source: it.asker.source(), id: it.id, digest }
        });
        let answer = match asked.map(|it| self.answers.of(it)) {
            Some(Found::Given(partition, offset)) => {
                let log = Arc::clone(&self.log);
                let told = tokio::task::spawn_blocking(move || told_at(&*log, partition, offset)).await;
                if let Some(told) = told.ok().flatten() {
                    return Step::Answered(Box::new(Answered::Told(told)));
                }
                None
            }
            Some(Found::Waiting(told)) => Some(told),
            None => None,
        };
        let (tell, offset) = oneshot::channel();
        let key = id.map(|it| it.to_string().into_bytes());
        let headers = trace.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let outgoing = Outgoing { place: self.inbox.clone(), key, headers, value: command.to_vec() };
        self.outlet.send(outgoing, Box::new(move |offset| drop(tell.send(offset))));
        Step::Sent(Sent { offset, answer, id })
    }

    async fn answer(&self, input: u64, sent: Sent, until: Until) -> Answered {
        let Sent { offset, answer, id } = sent;
        let offset = match timeout(DECIDED_WITHIN, offset).await {
            Ok(Ok(Ok(offset))) => offset,
            Ok(Ok(Err(unclear))) => {
                self.outlet.renew();
                return unavailable(input, id, &unclear.to_string());
            }
            Ok(Err(_)) | Err(_) => return unavailable(input, id, "no broker answers"),
        };
        if until == Until::Durable {
            return Answered::Durable;
        }
        let problem = self.problems.of(&self.inbox, offset);
        let told = async {
            match answer {
                Some(told) => told.await.ok(),
                None => std::future::pending().await,
            }
        };
        let answered = tokio::select! {
            told = told => told.map(Answered::Told),
            problem = problem => problem.ok().map(|it| Answered::Problem(ProblemLine { input, inbox: None, ..it })),
            () = tokio::time::sleep(DECIDED_WITHIN) => None,
        };
        self.problems.forget(&self.inbox, offset);
        answered.unwrap_or_else(|| unavailable(input, id, "it is taken and not decided yet"))
    }
}

fn unavailable(input: u64, command_id: Option<CommandId>, why: &str) -> Answered {
    let message = format!("there is no answer now: {why}; ask again with the same id");
    let reason = Problem::new(ProblemCode::LogUnavailable, message);
    Answered::Problem(ProblemLine { input, inbox: None, command_id, outcome: ProblemWord::Problem, reason })
}

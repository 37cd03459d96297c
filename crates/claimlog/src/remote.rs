//! A running `claimlog serve`, asked by HTTP: what `apply --server` sends its lines to.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use claim_intake::strict::{self, Limits};
use claim_intake::{Input, ProblemLine, ProblemWord};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exit::UsageError;

/// How long to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often to ask again when it cannot answer now, and how long to wait before.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_secs(1);
/// The most bytes of one answer: 256 outcomes, each less than a megabyte.
const MAX_ANSWER_BYTES: u64 = 256 << 20;

/// The server.
pub(crate) struct Remote {
    agent: ureq::Agent,
    url: String,
}

/// What it said of one line.
pub(crate) enum Said {
    /// It was decided.
    Told {
        /// Whether it was accepted.
        accepted: bool,
        /// The outcome, as it was told.
        outcome: String,
    },
    /// It never became a command.
    Problem(ProblemLine),
}

impl Remote {
    /// The server at an address such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`UsageError`] when it is no such address.
    pub(crate) fn new(url: &str) -> Result<Self> {
        if !url.starts_with("http://") {
            let message = format!("--server: write it as http://127.0.0.1:8080, not {url}");
            return Err(UsageError(message).into());
        }
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(PATIENCE)).build().new_agent();
        Ok(Self { agent, url: format!("{}/v1/commands", url.trim_end_matches('/')) })
    }

    /// Asks these lines in their order; yields what was said of each, in the same order. A line that is not JSON is
    /// answered here, as the server would.
    ///
    /// # Errors
    /// When the server cannot be reached or does not answer; whatever it took it decides, so the same lines can be sent again.
    pub(crate) fn ask(&self, lines: &[Input<'_>]) -> Result<Vec<Said>> {
        let mut said: Vec<Option<Said>> = Vec::with_capacity(lines.len());
        let mut sent = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            said.push(match strict::read(&line.bytes, &Limits::COMMAND, line.number) {
                Ok(_) => {
                    sent.push(place);
                    None
                }
                Err(reason) => Some(Said::Problem(ProblemLine {
                    inbox: None,
                    input: line.number,
                    command_id: None,
                    outcome: ProblemWord::Problem,
                    reason: reason.into(),
                })),
            });
        }
        if !sent.is_empty() {
            let commands: Vec<&[u8]> = sent.iter().map(|&place| &*lines[place].bytes).collect();
            let answer = self.post(&[&b"["[..], &commands.join(&b','), b"]"].concat())?;
            let answers: Vec<&RawValue> =
                serde_json::from_str(&answer).context("the server did not answer with an array")?;
            if answers.len() != sent.len() {
                bail!("the server gave {} answers to {} commands", answers.len(), sent.len());
            }
            for (place, answer) in sent.into_iter().zip(answers) {
                said[place] = Some(read(answer.get(), lines[place].number)?);
            }
        }
        Ok(said.into_iter().flatten().collect())
    }

    /// Posts a body until it is answered, a bounded number of times.
    fn post(&self, body: &[u8]) -> Result<String> {
        let mut tries = 0;
        loop {
            let request = self.agent.post(&self.url).header("content-type", "application/json");
            let mut response = request.send(body).with_context(|| format!("asking {}", self.url))?;
            let status = response.status().as_u16();
            let text = response.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
            let text = text.with_context(|| format!("reading the answer of {}", self.url))?;
            tries += 1;
            match status {
                200 => return Ok(text),
                503 if tries < TRIES => thread::sleep(AGAIN),
                _ => bail!("{} answered {status}: {text}", self.url),
            }
        }
    }
}

/// One answer of an array; the place that a problem names becomes the line's number.
fn read(answer: &str, number: u64) -> Result<Said> {
    #[derive(Deserialize)]
    struct Word<'a> {
        outcome: &'a str,
    }
    let word: Word<'_> = serde_json::from_str(answer).context("the server's answer has no outcome")?;
    match word.outcome {
        "problem" => {
            let problem: ProblemLine =
                serde_json::from_str(answer).context("the server's problem has another shape")?;
            Ok(Said::Problem(ProblemLine { input: number, ..problem }))
        }
        word => Ok(Said::Told { accepted: word == "accepted", outcome: answer.to_owned() }),
    }
}

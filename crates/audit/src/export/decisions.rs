//! `decisions.parquet`: what was asked, by whom, and what came of it.

use claim_domain::asker::Asker;
use claim_domain::claim::Deadline;
use claim_domain::command::About;
use claim_domain::ids::ClaimId;
use claim_domain::refusal::Reason;
use claim_journal::{Asked, Cause, Content, Decision, Position, Ruling};

use super::table::{Column, Sheet, always, flag, number, text, time};

/// A decision.
pub(super) struct DecisionRow {
    pub(super) position: Position,
    pub(super) offset: u64,
    pub(super) decision: Box<Decision>,
}

impl DecisionRow {
    fn asked(&self) -> Option<&Asked> {
        self.decision.asked()
    }

    fn deadline(&self) -> Option<&Deadline> {
        match &self.decision.cause {
            Cause::Deadline(deadline) => Some(deadline),
            Cause::Asked(_) => None,
        }
    }

    fn refused(&self) -> Option<&Reason> {
        match &self.decision.outcome {
            Ruling::Refused(reason) => Some(reason),
            Ruling::Accepted(_) => None,
        }
    }

    /// The claim that the deadline or the command is about, or that the events made.
    fn claim(&self) -> Option<ClaimId> {
        let named = match self.asked().map(|it| &it.content) {
            Some(Content::Command(command)) => match command.about() {
                About::Claim(claim) => Some(claim),
                About::Program | About::Identifier(_) | About::Customer(_) => None,
            },
            Some(Content::Reused(_)) => None,
            None => self.deadline().map(|it| it.claim),
        };
        named.or_else(|| self.decision.events().iter().find_map(|it| it.claim()))
    }
}

/// Who asked: what kind of asker, of which partner, and which person or service.
fn asker(asker: &Asker) -> (&'static str, Option<String>, Option<String>) {
    match asker {
        Asker::PartnerUser { partner, user, .. } => {
            ("partner_user", Some(partner.to_string()), Some(user.to_string()))
        }
        Asker::Customer { .. } => ("customer", None, None),
        Asker::Reviewer { user } => ("reviewer", None, Some(user.to_string())),
        Asker::ProgramOperator { user } => ("program_operator", None, Some(user.to_string())),
        Asker::Service { name } => ("service", None, Some(name.to_string())),
    }
}

/// A name as it is spelt in JSON.
pub(super) fn spelt(name: &impl serde::Serialize) -> Option<String> {
    serde_json::to_value(name).ok()?.as_str().map(str::to_owned)
}

/// A count or a sequence; those of a journal are far below 2^53.
pub(super) fn whole(it: impl TryInto<i64>) -> Option<i64> {
    it.try_into().ok()
}

pub(super) static FILE: Sheet<DecisionRow> = Sheet {
    file: "decisions.parquet",
    row: "One decision of the journal, in its order: a command or a deadline, and what came of it.",
    columns: COLUMNS,
    personal: &[],
};

const COLUMNS: &[Column<DecisionRow>] = &[
    always(text("partition", "The partition: a number, or `program`.", |it| {
        Some(it.position.partition.to_string())
    })),
    always(number("sequence", "Its place in the partition, from 1.", |it| whole(it.position.sequence))),
    always(number("offset", "Where its record begins on the log: a byte on the embedded log.", |it| {
        whole(it.offset)
    })),
    always(text("cause", "`command`, or `deadline` where one fired.", |it| {
        Some(if it.asked().is_some() { "command" } else { "deadline" }.to_owned())
    })),
    text("command_type", "The type of the command.", |it| {
        Some(it.asked()?.content.command_type().to_string())
    }),
    text("command_id", "The id of the command, unique with its source.", |it| {
        Some(it.asked()?.id.to_string())
    }),
    text("source", "Where the command comes from, such as `partner:p-contoso` (A-64).", |it| {
        Some(it.asked()?.source.to_string())
    }),
    text(
        "asker_kind",
        "Who asked: `partner_user`, `customer`, `reviewer`, `program_operator` or `service`.",
        |it| Some(asker(&it.asked()?.asker).0.to_owned()),
    ),
    text("asker_partner", "The partner of a partner's user.", |it| asker(&it.asked()?.asker).1),
    text("asker_user", "The user or service that asked.", |it| asker(&it.asked()?.asker).2),
    time("received_at", "When the command was first received (A-62).", |it| Some(it.asked()?.received_at)),
    always(time("judged_at", "The time that every rule used; of a deadline its due time (A-62).", |it| {
        Some(it.decision.judged_at)
    })),
    text("customer", "The customer; null for the program and for a claim that nobody has.", |it| {
        Some(it.decision.customer?.to_string())
    }),
    text("claim", "The claim that is asked about, or was made: the first of several.", |it| {
        Some(it.claim()?.to_string())
    }),
    text("deadline_kind", "The kind of the deadline that fired.", |it| spelt(&it.deadline()?.kind)),
    time("deadline_due_at", "When that deadline was due.", |it| Some(it.deadline()?.due_at)),
    always(flag("accepted", "Whether it holds; else it is refused.", |it| Some(it.refused().is_none()))),
    text("refusal", "The code of the refusal; `refusals.json` lists them.", |it| {
        Some(it.refused()?.refusal.code().to_owned())
    }),
    text("message", "The refusal in words, which may change between releases.", |it| {
        Some(it.refused()?.refusal.message())
    }),
    always(number("events", "How many events follow.", |it| whole(it.decision.events().len()))),
    always(flag("imported", "Whether it is imported history, whose effects are held.", |it| {
        Some(it.decision.imported)
    })),
    always(flag(
        "late",
        "Whether a deadline due after the command was received had fired before it.",
        |it| Some(it.decision.late),
    )),
    number(
        "program_sequence",
        "The position of the program it was decided with; null for a deadline.",
        |it| whole(it.decision.program?.sequence),
    ),
];

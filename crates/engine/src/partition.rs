//! One partition: recall, touch, decide, write (A-57, the steps before and after `decide`).

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use claim_domain::asker::Source;
use claim_domain::catalog::Catalog;
use claim_domain::claim::Deadline;
use claim_domain::command::Command;
use claim_domain::customer::Customer;
use claim_domain::decide::{Context, fire};
use claim_domain::event::Event;
use claim_domain::ids::{CommandId, CustomerId};
use claim_domain::refusal::{Reason, Refusal};
use claim_domain::time::Instant;
use claim_journal::{
    Asked, Cause, Checkpoint, Content, Decision, Digest, Entry, Head, Kind, LeaderId, Named, PartitionId,
    Pen, PenError, Position, ProgramPosition, Route, Routed, Ruling, Tick,
};
use claim_log::{TellOutcome, Told, Unavailable, way};
use claim_snapshot::{Forgotten, Unreadable};
use uuid::Uuid;

use crate::MAX_DECISION_BYTES;
use crate::answered::{At, Recall};
use crate::fold::{Fold, Input};
use crate::planted::{Planted, PlantedFault};

/// How a command is decided: [`claim_domain::decide::decide`], but for tests of what happens when it panics.
pub type Decide = fn(&Customer, &Command, &Context<'_>) -> Result<Vec<Event>, Reason>;

/// A partition that this process leads.
#[derive(Debug)]
pub(crate) struct Partition {
    pen: Pen,
    fold: Fold,
    decide: Decide,
    planted: Planted,
    /// The highest sequence known to be durable.
    proved: u64,
    /// The newest record known to be durable, once one of this reign is.
    told: Option<Checkpoint>,
    /// Records written and not yet known to be durable, in order; the first has sequence `proved` + 1.
    pending: VecDeque<Pending>,
    /// Everything up to this sequence waits in memory for a snapshot to hold it.
    waiting_to: u64,
    /// Where the record of that sequence stands, once it is durable.
    waiting_at: Option<u64>,
}

/// A record on its way to the disk.
struct Pending {
    before: Head,
    head: Head,
    input: Option<Input>,
    asked: Option<(Source, CommandId, Digest)>,
    told: Option<Told>,
    waiting: Vec<TellOutcome>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("told", &self.told)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

/// Outcomes to be told. They are told together: whoever waits for them is woken once, not between any two.
#[derive(Default)]
pub(crate) struct Answers(Vec<(TellOutcome, Told)>);

impl Answers {
    pub(crate) fn tell(self) {
        self.0.into_iter().for_each(|(tell, told)| tell(Ok(told)));
    }
}

/// A record could not be written, after which nothing may be written: a bug, or a snapshot that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    /// It would not be valid to its readers.
    #[error(transparent)]
    Pen(#[from] PenError),
    /// It cannot be spelt.
    #[error("the decision cannot be spelt")]
    Spelling(#[from] serde_json::Error),
    /// What it depends on cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// What a partition does with a command.
pub(crate) enum Step {
    /// It was answered: the outcome is at this offset of the log.
    Recall(u64, Option<TellOutcome>),
    /// Its first was written and is not yet known to be durable: it waits for that.
    Waits,
    /// It is decided; nothing more to do than append what was written.
    Written,
}

impl Partition {
    pub(crate) fn new(pen: Pen, mut fold: Fold, decide: Decide, planted: Planted) -> Self {
        // Nothing was forgotten yet: what was read waits.
        drop(fold.turn());
        Self {
            proved: pen.sequence(),
            waiting_to: pen.sequence(),
            waiting_at: Some(fold.newest),
            pen,
            fold,
            decide,
            planted,
            told: None,
            pending: VecDeque::new(),
        }
    }

    /// Its position as the program, when nothing is pending.
    pub(crate) fn program_position(&self, head_after: Option<Head>) -> ProgramPosition {
        ProgramPosition { sequence: self.pen.sequence(), head: head_after }
    }

    /// Answers a command; where nobody waits for the outcome, `tell` is none. It stands at offset `input` of its topic if there is one: recall, touch, decide. New records are added to `lines`; the outcome is told by
    /// [`Self::appended`].
    ///
    /// # Errors
    /// [`WriteError`].
    pub(crate) fn decide(
        &mut self,
        routed: Routed,
        input: Option<u64>,
        catalog: &mut Catalog,
        tell: Option<TellOutcome>,
        lines: &mut Vec<Entry>,
    ) -> Result<Step, WriteError> {
        let recall = self.recall(&routed)?;
        match recall {
            Recall::Answered(At::Stored(offset)) => return Ok(Step::Recall(offset, tell)),
            Recall::Answered(At::Pending(sequence)) => {
                self.wait_for(sequence, tell);
                return Ok(Step::Waits);
            }
            Recall::New | Recall::Reused => {}
        }

        let customer = match routed.route {
            Route::Program => None,
            Route::Customer(customer) => Some(customer),
            Route::Claim(claim) => self.fold.customer_of(claim)?,
        };
        customer.map_or(Ok(()), |it| self.fold.load(it))?;
        let known = customer.and_then(|it| self.fold.customer(it));
        let before = match (known, routed.route) {
            (Some(known), _) => known.judged_at,
            (None, Route::Program) => self.fold.program_judged_at,
            (None, _) => Instant::default(),
        };
        let judged_at = match self.planted.has(PlantedFault::TimeGoesBack) {
            true => routed.received_at,
            false => routed.received_at.max(before),
        };
        if let Some(id) = customer {
            self.touch(id, judged_at, routed.imported, lines)?;
        }

        let late = customer
            .and_then(|it| self.fold.customer(it))
            .is_some_and(|known| known.fired_at > routed.received_at);
        let outcome = if recall == Recall::Reused {
            Ruling::Refused(Refusal::CommandIdReused.into())
        } else {
            self.rule(customer, &routed, judged_at, catalog)
        };
        let Routed {
            source,
            id,
            asker,
            digest,
            received_at,
            imported,
            correlation,
            binding,
            program,
            command,
            ..
        } = routed;
        let content = if recall == Recall::Reused {
            let command_type = command.command_type();
            Content::Reused(Named { command_type, version: command_type.version() })
        } else {
            Content::Command(command)
        };
        let asked = Asked { source, id, asker, digest, received_at, input, correlation, binding, content };
        let sequence = self.pen.sequence() + 1;
        let position = Position { partition: self.pen.partition(), sequence };
        way::passed("decided", &asked.source, asked.id, &asked.correlation, position);
        let decision = Decision {
            cause: Cause::Asked(asked),
            customer,
            judged_at,
            imported,
            late,
            program: Some(program),
            outcome,
        };
        self.write(decision, catalog, tell, lines)?;
        Ok(Step::Written)
    }

    /// What is known of a command.
    fn recall(&mut self, routed: &Routed) -> Result<Recall, Unreadable> {
        Ok(match self.fold.recall(&routed.source, routed.id, routed.digest)? {
            Recall::Answered(_) if self.planted.has(PlantedFault::AnswersForgotten) => Recall::New,
            Recall::Reused if self.planted.has(PlantedFault::ReuseDecided) => Recall::New,
            known => known,
        })
    }

    /// Fires up to `most` deadlines that the tick allows, in order; yields whether more are due.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub(crate) fn fire_due(
        &mut self,
        tick: Tick,
        most: usize,
        lines: &mut Vec<Entry>,
    ) -> Result<bool, WriteError> {
        let w = match self.planted.has(PlantedFault::FireUnpromised) {
            true => Instant::from_ms(i64::MAX),
            false => tick.w,
        };
        for _ in 0..most {
            match self.fold.deadlines.first() {
                Some(&(deadline, customer)) if deadline.due_at <= w => {
                    self.fold.load(customer)?;
                    self.fire(customer, deadline, tick.imported, lines)?;
                }
                _ => return Ok(false),
            }
        }
        Ok(self.fold.deadlines.first().is_some_and(|(deadline, _)| deadline.due_at <= w))
    }

    /// The batch of `offsets.len()` records next in order is durable at `offsets`; `answers` hears the outcomes to be told.
    pub(crate) fn appended(&mut self, offsets: &[u64], answers: &mut Answers) {
        for &offset in offsets {
            let Some(record) = self.pending.pop_front() else { return };
            self.proved += 1;
            self.fold.newest = offset;
            if self.proved == self.waiting_to {
                self.waiting_at = Some(offset);
            }
            self.told = Some(Checkpoint {
                offset,
                sequence: self.proved,
                epoch: self.pen.epoch(),
                leader: self.pen.leader(),
                before: record.before,
                head: record.head,
            });
            self.fold.take_input(record.input);
            if let Some((source, id, digest)) = record.asked {
                self.fold.note(&source, id, digest, At::Stored(offset));
            }
            if let Some(told) = record.told {
                answers.0.extend(record.waiting.into_iter().map(|tell| (tell, told.clone())));
            }
        }
    }

    /// Forgets what a snapshot that ends at `end` holds; adds it to `forgotten`.
    pub(crate) fn forget(&mut self, end: u64, forgotten: &mut Vec<Forgotten>) {
        if self.waiting_at.is_some_and(|offset| offset < end) {
            forgotten.extend(self.fold.turn());
            self.waiting_to = self.pen.sequence();
            self.waiting_at = (self.proved == self.waiting_to).then_some(self.fold.newest);
        }
    }

    /// Whose reign it is.
    pub(crate) fn leader(&self) -> LeaderId {
        self.pen.leader()
    }

    /// The sequence and the head after the newest record written.
    pub(crate) fn written(&self) -> ProgramPosition {
        ProgramPosition { sequence: self.pen.sequence(), head: Some(self.pen.head()) }
    }

    /// The newest record of this reign that is known to be durable.
    pub(crate) fn told(&self) -> Option<Checkpoint> {
        self.told
    }

    /// How many records are not yet known to be durable.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// The highest sequence known to be durable.
    pub(crate) fn proved(&self) -> u64 {
        self.proved
    }

    /// The fold, when nothing is pending: then all of it is durable. Otherwise it holds what may never be true.
    pub(crate) fn into_fold(self) -> Option<Fold> {
        self.pending.is_empty().then_some(self.fold)
    }

    /// The highest input whose decision is known to be durable.
    pub(crate) fn input(&self) -> Option<&Input> {
        self.fold.input.as_ref()
    }

    /// Nothing more becomes known: whoever waits is told so.
    pub(crate) fn give_up(&mut self, why: &Unavailable) {
        for record in self.pending.drain(..) {
            record.waiting.into_iter().for_each(|tell| tell(Err(why.clone())));
        }
    }

    /// Every deadline of the customer due at or before `at` fires, in order, before it is decided upon (DESIGN rule 7).
    fn touch(
        &mut self,
        id: CustomerId,
        at: Instant,
        imported: bool,
        lines: &mut Vec<Entry>,
    ) -> Result<(), WriteError> {
        if self.planted.has(PlantedFault::TouchNothing) {
            return Ok(());
        }
        let due = self.fold.customer(id).map(|known| known.customer.due(at)).unwrap_or_default();
        due.into_iter().try_for_each(|deadline| self.fire(id, deadline, imported, lines))
    }

    fn fire(
        &mut self,
        id: CustomerId,
        deadline: Deadline,
        imported: bool,
        lines: &mut Vec<Entry>,
    ) -> Result<(), WriteError> {
        let events = self.fold.customer(id).map(|known| fire(&known.customer, deadline)).unwrap_or_default();
        if events.is_empty() {
            self.fold.deadlines.remove(&(deadline, id));
            return Ok(());
        }
        let decision = Decision {
            cause: Cause::Deadline(deadline),
            customer: Some(id),
            judged_at: deadline.due_at,
            imported,
            late: false,
            program: None,
            outcome: Ruling::Accepted(events),
        };
        if self.planted.has(PlantedFault::FireTwice) {
            self.write(decision.clone(), &mut Catalog::default(), None, lines)?;
        }
        self.write(decision, &mut Catalog::default(), None, lines)
    }

    /// Decides; a panic refuses this one command.
    fn rule(&self, customer: Option<CustomerId>, routed: &Routed, at: Instant, catalog: &Catalog) -> Ruling {
        let nobody = Customer::default();
        let known = customer.and_then(|it| self.fold.customer(it)).map_or(&nobody, |known| &known.customer);
        let context = Context {
            catalog: catalog.at(routed.program.sequence),
            customer_id: customer.unwrap_or(CustomerId(Uuid::nil())),
            asker: &routed.asker,
            id: routed.id,
            at,
            imported: routed.imported,
        };
        match catch_unwind(AssertUnwindSafe(|| (self.decide)(known, &routed.command, &context))) {
            Ok(Ok(events)) => Ruling::Accepted(events),
            Ok(Err(reason)) => Ruling::Refused(reason),
            Err(_) => {
                tracing::error!(command = %routed.id, source = %routed.source, "deciding panicked; refused as internal_fault");
                Ruling::Refused(Refusal::InternalFault.into())
            }
        }
    }

    /// Encodes a decision once, folds it and keeps who waits for it.
    fn write(
        &mut self,
        mut decision: Decision,
        catalog: &mut Catalog,
        tell: Option<TellOutcome>,
        lines: &mut Vec<Entry>,
    ) -> Result<(), WriteError> {
        let mut spelt = decision.spell()?;
        if spelt.body().len() > MAX_DECISION_BYTES {
            decision.outcome = Ruling::Refused(Refusal::DecisionTooLarge.into());
            spelt = decision.spell()?;
        }
        let before = self.pen.head();
        let twin = self.planted.has(PlantedFault::WriteTwice).then(|| self.twin(&decision)).transpose()?;
        lines.push(self.pen.write(Kind::Decision, Decision::VERSION, spelt.body(), self.proved)?);
        lines.extend(twin);
        let position = Position { partition: self.pen.partition(), sequence: self.pen.sequence() };
        self.fold.apply(&decision, At::Pending(position.sequence));
        let program = (position.partition == PartitionId::Program).then(|| {
            decision.events().iter().for_each(|event| catalog.evolve(position.sequence, event));
            ProgramPosition { sequence: position.sequence, head: Some(self.pen.head()) }
        });
        let told = tell.as_ref().and_then(|_| Told::of_new(&decision, &spelt, position, program));
        self.pending.push_back(Pending {
            before,
            head: self.pen.head(),
            input: decision.asked().and_then(Input::of),
            asked: decision.asked().map(|it| (it.source.clone(), it.id, it.digest)),
            told,
            waiting: tell.into_iter().collect(),
        });
        Ok(())
    }

    /// Another record for the sequence that comes next.
    fn twin(&self, decision: &Decision) -> Result<Entry, WriteError> {
        let another = Decision { late: !decision.late, ..decision.clone() };
        let spelt = another.spell()?;
        Ok(self.pen.clone().write(Kind::Decision, Decision::VERSION, spelt.body(), self.proved)?)
    }

    fn wait_for(&mut self, sequence: u64, tell: Option<TellOutcome>) {
        let Some(tell) = tell else { return };
        let index = sequence.checked_sub(self.proved + 1).and_then(|it| usize::try_from(it).ok());
        match index.and_then(|it| self.pending.get_mut(it)) {
            Some(record) => record.waiting.push(tell),
            None => tell(Err(Unavailable("the first answer under this id is not known yet".into()))),
        }
    }
}

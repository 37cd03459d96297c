//! The checks of one decision, in the order in which an engine takes its steps: who, recall, time, touch, decide.

use std::collections::{BTreeSet, HashMap};

use claim_domain::claim::Deadline;
use claim_domain::command::About;
use claim_domain::customer::Customer;
use claim_domain::decide::fire;
use claim_domain::event::Event;
use claim_domain::ids::CustomerId;
use claim_domain::refusal::Refusal;
use claim_domain::time::Instant;
use claim_journal::{Asked, Cause, Content, Decision, PartitionId, Position, Route, Ruling, canonical};
use uuid::Uuid;

use crate::again;
use crate::answers::{Answers, Standing};
use crate::bindings::Bindings;
use crate::known::Customers;
use crate::program::Program;
use crate::records::{Body, Record};
use crate::report::{Finding, Report, What};
use crate::rows;

/// All that was folded, and what was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    /// P, once the first lead told it.
    pub(crate) partitions: u16,
    /// The partitions that are read no further. What others refer to there is not known, and no fault of theirs.
    pub(crate) halted: BTreeSet<PartitionId>,
    customers: Customers,
    program: Program,
    bindings: Bindings,
    answers: Answers,
    inputs: HashMap<PartitionId, u64>,
    pub(crate) report: Report,
}

/// A decision under the eye of the audit.
struct Seen<'a> {
    record: &'a Record,
    decision: &'a Decision,
    body: &'a str,
    /// Whether it was decided by rules that are known here.
    rules_known: bool,
    findings: Vec<Finding>,
}

impl Seen<'_> {
    fn found(&mut self, what: What, expected: impl ToString, found: impl ToString) {
        self.findings.push(self.record.finding(what, expected, found));
    }

    /// Compares, and finds what differs.
    fn compare<T: PartialEq + std::fmt::Debug>(&mut self, what: What, name: &str, expected: &T, found: &T) {
        if expected != found {
            self.found(what, format!("{name} {expected:?}"), format!("{name} {found:?}"));
        }
    }

    fn position(&self) -> Position {
        Position { partition: self.record.partition, sequence: self.record.sequence }
    }
}

impl Fold {
    /// Folds a valid record and checks it.
    pub(crate) fn record(&mut self, record: &Record) {
        let checked = &mut self.report.checked;
        checked.records += 1;
        match &record.body {
            Body::Lead => checked.leads += 1,
            Body::Binding(binding) => {
                checked.bindings += 1;
                match self.bindings.bind(binding) {
                    Ok(true) => {}
                    Ok(false) => checked.repeated_bindings += 1,
                    Err(why) => self.report.add(record.finding(
                        What::WrongBinding,
                        why,
                        format!("{:?} {}", binding.id_type, binding.value),
                    )),
                }
            }
            Body::Decision(decision, body, rules_known) => {
                checked.decisions += 1;
                checked.events += decision.events().len() as u64;
                let rules_known = *rules_known;
                let mut seen = Seen { record, decision, body, rules_known, findings: Vec::new() };
                match &decision.cause {
                    Cause::Asked(asked) => self.asked(&mut seen, asked),
                    Cause::Deadline(deadline) => self.fired(&mut seen, *deadline),
                }
                self.apply(&mut seen);
                seen.findings.into_iter().for_each(|it| self.report.add(it));
            }
        }
    }

    fn asked(&mut self, seen: &mut Seen<'_>, asked: &Asked) {
        if asked.asker.source() != asked.source {
            seen.found(What::WrongSource, asked.asker.source(), &asked.source);
        }
        if let Some(input) = asked.input {
            let last = self.inputs.insert(seen.record.partition, input);
            if let Some(last) = last.filter(|last| input <= *last) {
                seen.found(What::WrongInput, format!("an input after {last}"), input);
            }
        }
        self.who(seen, asked);
        self.recall(seen, asked);
        self.when(seen, asked);
        self.what(seen, asked);
    }

    /// Slot, customer and binding (DESIGN rule 5, A-43, A-64).
    fn who(&mut self, seen: &mut Seen<'_>, asked: &Asked) {
        let (partition, customer) = (seen.record.partition, seen.decision.customer);
        let identity_known = !self.halted.contains(&PartitionId::Identity);
        if let Some(binding) = asked.binding.as_ref().filter(|_| identity_known) {
            let first = binding.identifier().ok().and_then(|it| self.bindings.customer(&it));
            seen.compare(What::WrongBinding, "first bound to", &first, &Some(binding.customer));
        }
        let route = match &asked.content {
            // Where a reused id goes to its first answer told; see `recall`.
            Content::Reused(_) => customer.map(Route::Customer),
            Content::Command(command) => Some(match command.about() {
                About::Program => Route::Program,
                About::Customer(it) => Route::Customer(it),
                About::Claim(it) => self.customers.of_claim(it).map_or(Route::Claim(it), Route::Customer),
                About::Identifier(nominated) => {
                    let bound = self.bindings.customer(nominated);
                    if !identity_known && bound.is_none() {
                        return;
                    }
                    let used = asked.binding.as_ref().and_then(|it| it.identifier().ok());
                    if used.as_ref() != Some(nominated) {
                        let used = used.map_or_else(|| "none".to_owned(), |it| it.to_string());
                        seen.found(What::WrongBinding, format!("the binding of {nominated}"), used);
                    }
                    bound.map_or(Route::Customer(CustomerId(Uuid::nil())), Route::Customer)
                }
            }),
        };
        let Some(route) = route else { return };
        let meant = match route {
            Route::Customer(it) => Some(it),
            Route::Program | Route::Claim(_) => None,
        };
        seen.compare(What::WrongCustomer, "customer", &meant, &customer);
        let own = customer.map_or(route, Route::Customer).partition(self.partitions);
        seen.compare(What::WrongPartition, "partition", &own, &partition);
    }

    /// One answer per (source, id, digest), and reuse is answered as reuse (DESIGN rule 3, A-64).
    fn recall(&mut self, seen: &mut Seen<'_>, asked: &Asked) {
        let said_reused =
            matches!(&seen.decision.outcome, Ruling::Refused(it) if it.refusal == Refusal::CommandIdReused);
        let is_reuse = matches!(asked.content, Content::Reused(_));
        let show = |at: Position| format!("one answer, the one of {} {}", at.partition, at.sequence);
        match self.answers.note(asked, seen.position()) {
            Standing::Again(first) => {
                seen.found(What::AnsweredTwice, show(first), "another answer to the same command");
            }
            Standing::Reused(first) if first.partition != seen.record.partition => {
                let expected =
                    format!("an answer in partition {}, where the id was first used", first.partition);
                seen.found(What::WrongReuse, expected, "an answer here");
            }
            Standing::Reused(first) if !is_reuse || !said_reused => {
                let expected = format!("command_id_reused, for {} {}", first.partition, first.sequence);
                seen.found(What::WrongReuse, expected, "the id was used before, and this answer is another");
            }
            Standing::New if is_reuse || said_reused => {
                seen.found(What::WrongReuse, "an answer of its own", "command_id_reused for a new id");
            }
            Standing::New | Standing::Reused(_) => {}
        }
    }

    /// Judged time, touch and lateness (A-62, DESIGN rule 7 and §4).
    fn when(&mut self, seen: &mut Seen<'_>, asked: &Asked) {
        let decision = seen.decision;
        let known = decision.customer.and_then(|it| self.customers.get(it));
        let before = match (known, seen.record.partition) {
            (Some(known), _) => known.judged_at,
            (None, PartitionId::Program) => self.program.judged_at,
            (None, _) => Instant::default(),
        };
        let expected = asked.received_at.max(before);
        if decision.judged_at != expected {
            seen.found(What::WrongJudgedAt, expected, decision.judged_at);
        }
        let missed = known.map(|it| it.customer.due(decision.judged_at)).unwrap_or_default();
        for deadline in missed {
            let expected = format!("{} before what is judged at {}", named(deadline), decision.judged_at);
            seen.found(What::MissedDeadline, expected, "it did not fire");
        }
        let late = known.is_some_and(|it| it.fired_at > asked.received_at);
        seen.compare(What::WrongLate, "late", &late, &decision.late);
        if decision.late {
            self.report.listed.late.add(seen.position());
        }
    }

    /// The program position, and what the command comes to with it (DESIGN rule 6).
    fn what(&mut self, seen: &mut Seen<'_>, asked: &Asked) {
        let (decision, checked) = (seen.decision, &mut self.report.checked);
        let position = decision.program.map(|it| (it, self.program.position(it.sequence)));
        match &position {
            None => seen.found(What::WrongProgram, "a program position", "none"),
            Some((_, None)) if self.halted.contains(&PartitionId::Program) => {}
            Some((named, None)) => {
                let expected = format!("at most {}, the newest before it", self.program.sequence());
                seen.found(What::WrongProgram, expected, named.sequence);
            }
            Some((named, Some(stood))) => seen.compare(What::WrongProgram, "position", stood, named),
        }
        if again::is_exempt(&decision.outcome) {
            checked.exempt += 1;
            self.report.listed.exempt.add(seen.position());
            return spelling(seen, decision);
        }
        let command = match (&asked.content, position) {
            // What a reuse is refused as is said by `recall`.
            (Content::Reused(_), _) => return spelling(seen, decision),
            (Content::Command(command), Some((_, Some(_)))) if seen.rules_known => command,
            _ => {
                checked.not_decided_again += 1;
                return spelling(seen, decision);
            }
        };
        checked.decided_again += 1;
        let nobody = Customer::default();
        let customer = decision.customer.and_then(|it| self.customers.get(it)).map(|it| &it.customer);
        let context = again::context(&self.program.catalog, decision, asked);
        match again::ruling(customer.unwrap_or(&nobody), command, &context) {
            Some(ruling) => ruled(seen, &ruling),
            None => {
                seen.found(
                    What::DecidedOtherwise,
                    "internal_fault: deciding fails",
                    shown(&decision.outcome),
                );
            }
        }
    }

    /// A deadline: running, first in order, judged at its due time, without the catalog (DESIGN rule 7, A-30).
    fn fired(&mut self, seen: &mut Seen<'_>, deadline: Deadline) {
        let decision = seen.decision;
        seen.compare(What::WrongJudgedAt, "judged at", &deadline.due_at, &decision.judged_at);
        seen.compare(What::WrongLate, "late", &false, &decision.late);
        seen.compare(What::WrongProgram, "position", &None, &decision.program);
        seen.compare(
            What::WrongCustomer,
            "customer",
            &self.customers.of_claim(deadline.claim),
            &decision.customer,
        );
        let own = Route::Claim(deadline.claim).partition(self.partitions);
        seen.compare(What::WrongPartition, "partition", &own, &seen.record.partition);
        let Some(known) = decision.customer.and_then(|it| self.customers.get(it)) else {
            return seen.found(What::WrongDeadline, "a running deadline of a customer", "no such customer");
        };
        if decision.judged_at < known.judged_at {
            let expected = format!("at or after {}, the customer's last", known.judged_at);
            seen.found(What::WrongJudgedAt, expected, decision.judged_at);
        }
        match known.customer.due(deadline.due_at).first() {
            Some(first) if *first == deadline => {}
            Some(first) => seen.found(What::WrongDeadline, named(*first), named(deadline)),
            None => seen.found(What::WrongDeadline, "a running deadline", named(deadline)),
        }
        if seen.rules_known {
            self.report.checked.decided_again += 1;
            ruled(seen, &Ruling::Accepted(fire(&known.customer, deadline)));
        } else {
            self.report.checked.not_decided_again += 1;
            spelling(seen, decision);
        }
    }

    /// Folds the decision as it is recorded, whatever was found; the log is what every other reader sees.
    fn apply(&mut self, seen: &mut Seen<'_>) {
        let (record, decision) = (seen.record, seen.decision);
        if record.partition == PartitionId::Program {
            return self.program.apply(record.sequence, record.head, decision);
        }
        if decision.events().iter().any(|it| matches!(it, Event::IdentityConflictSeen(_))) {
            self.report.listed.identity_conflicts.add(seen.position());
        }
        let Some(customer) = decision.customer else {
            if let Some(event) = decision.events().first() {
                seen.found(What::WrongCustomer, "a customer for every event", event.event_type());
            }
            return;
        };
        let catalog = decision.program.map(|it| self.program.catalog.at(it.sequence));
        self.customers.apply(customer, decision, |event, customer, stamp| {
            rows::apply(customer, event, stamp, catalog, &mut |(what, expected, found)| {
                seen.found(what, expected, found);
            });
        });
    }
}

/// Compares what a decision comes to with what is recorded.
fn ruled(seen: &mut Seen<'_>, ruling: &Ruling) {
    let decision = seen.decision;
    if *ruling == decision.outcome {
        spelling(seen, decision);
    } else {
        seen.found(What::DecidedOtherwise, shown(ruling), shown(&decision.outcome));
    }
}

/// Compares the body's bytes with the one spelling that the decision has.
fn spelling(seen: &mut Seen<'_>, decision: &Decision) {
    if !again::is_spelt(decision, seen.body) {
        let own = canonical::to_string(decision).unwrap_or_default();
        let same = own.bytes().zip(seen.body.bytes()).take_while(|(own, found)| own == found).count();
        let from = |text: &str| text.get(text.floor_char_boundary(same)..).unwrap_or_default().to_owned();
        seen.found(
            What::OtherSpelling,
            format!("from byte {same} on: {}", from(&own)),
            format!("from byte {same} on: {}", from(seen.body)),
        );
    }
}

fn shown(ruling: &Ruling) -> String {
    canonical::to_string(ruling).unwrap_or_default()
}

fn named(deadline: Deadline) -> String {
    format!("the {:?} deadline of {} due {}", deadline.kind, deadline.claim, deadline.due_at)
}

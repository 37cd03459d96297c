//! The state machine, cell by cell: every standing of a claim × every command × just before, at and just after each
//! of its deadlines × fixed and variable pay × added and claimed gives what [`table`] says.

use super::given::*;
use crate::claim::{Claim, DeadlineKind, Origin};
use crate::command::CommandType;
use crate::refusal::Refusal;
use crate::time::Instant;

mod cell;
mod standing;
mod table;

use cell::{Cell, cell};
use standing::{DAYS, KINDS, STANDINGS, Standing, day};
use table::{FIRES, ROW_13, SETS};

#[test] // rows 1 and 2 of DOMAIN §4
fn a_claim_begins_by_add_or_by_claim() {
    for shape in Shape::ALL {
        let event = if shape.origin == Origin::Added { "CustomerAdded" } else { "CustomerClaimed" };
        let created = given(shape.before()).when(shape.creation()).yields([event]).then();
        assert_eq!(created.claim().origin, shape.origin, "{shape:?}");
    }
}

#[test] // rows 1 to 21 of DOMAIN §4, A-30, A-31, A-33, A-39, A-67
fn every_cell_gives_its_row_or_its_refusal() {
    let (mut asserted, mut past) = (0, 0);
    for (shape, days) in Shape::ALL.into_iter().flat_map(|shape| DAYS.map(|days| (shape, days))) {
        for standing in &STANDINGS {
            let given = standing.reached(shape, &days);
            assert_eq!(given.claim().status, standing.status, "{}, {shape:?}", standing.name);
            let case = Case { shape, days, standing, given };
            for at in case.moments() {
                if at < case.given.now {
                    past += 1;
                    continue;
                }
                for command in CommandType::ALL {
                    case.assert(*command, at);
                    asserted += 1;
                }
            }
        }
    }
    println!("{asserted} cells asserted; {past} moments were past before their standing was reached");
    assert!(asserted > 30_000, "only {asserted}");
}

/// A claim in a standing, to which any command may come.
struct Case {
    shape: Shape,
    days: [i64; 5],
    standing: &'static Standing,
    given: Given,
}

impl Case {
    /// Just before, at and just after each deadline whose clock was started.
    fn moments(&self) -> Vec<Instant> {
        let due = KINDS.into_iter().filter_map(|kind| self.due_at(self.standing, kind));
        due.flat_map(|due_at| [-1, 0, 1].map(|ms| due_at.plus_ms(ms))).collect()
    }

    fn due_at(&self, standing: &Standing, kind: DeadlineKind) -> Option<Instant> {
        standing.due_day(kind, &self.days).map(day)
    }

    /// Where the claim stands once what is due at `at` has fired.
    fn standing_at(&self, at: Instant) -> &'static Standing {
        let fired = FIRES.iter().find(|(_, kind, from, _)| {
            from.contains(&self.standing.name) && self.due_at(self.standing, *kind).is_some_and(|it| it <= at)
        });
        fired.map_or(self.standing, |(_, _, _, to)| Standing::named(to))
    }

    /// Whether the current deadline of row 13 is reached.
    fn is_too_late_for_row_13(&self, at: Instant) -> Option<Instant> {
        let (_, kind) = ROW_13.iter().find(|(name, _)| *name == self.standing.name)?;
        self.due_at(self.standing, *kind).filter(|it| *it <= at)
    }

    fn assert(&self, command: CommandType, at: Instant) {
        let context =
            format!("{command} at {at} in {}, {:?}, {:?}", self.standing.name, self.shape, self.days);
        let ask = match command {
            CommandType::AddCustomer | CommandType::ClaimCustomer => self.creation(command),
            other => one(other),
        };
        let stands = self.standing_at(at);
        let mut expected = cell(command, self.shape.origin, stands.name);
        let too_late = self.is_too_late_for_row_13(at);
        if command == CommandType::RequestPartnerAction && too_late.is_some() {
            expected = Cell::Code("deadline_reached");
        }

        let id = self.given.claim().id;
        let outcome = self.given.clone().when(ask.at(at));
        match expected {
            Cell::Program(event) => {
                assert_eq!(outcome.in_short(), event, "{context}");
                self.assert_stands(&outcome.after().customer.claims[&id], self.standing, &context);
            }
            Cell::Code(code) => {
                assert_eq!(outcome.in_short(), code, "{context}");
                self.assert_stands(&outcome.after().customer.claims[&id], stands, &context);
                if !code.is_empty() {
                    self.assert_details(&outcome.reason().refusal, stands, too_late, &context);
                }
            }
            Cell::Leads { event, to } => {
                assert_eq!(outcome.in_short(), event, "{context}");
                let after = outcome.after();
                self.assert_stands(after.claim(), Standing::named(to), &context);
                if after.claim().id != id {
                    self.assert_stands(&after.customer.claims[&id], stands, &context);
                }
                self.assert_deadlines(&outcome, event, at);
            }
        }
    }

    /// The command that makes another claim on the same engagement, by either route.
    fn creation(&self, command: CommandType) -> Ask {
        let origin = if command == CommandType::AddCustomer { Origin::Added } else { Origin::Claimed };
        Shape { origin, ..self.shape }.creation()
    }

    fn assert_stands(&self, claim: &Claim, standing: &Standing, context: &str) {
        let disputed = claim.dispute_review_due_at.is_some();
        assert_eq!(claim.status, standing.status, "{context}");
        assert_eq!(
            disputed,
            standing.due_day(DeadlineKind::DisputeReview, &self.days).is_some(),
            "{context}"
        );
    }

    /// A refusal by deadline names the one that ended the claim; one by status names the status.
    fn assert_details(&self, refusal: &Refusal, stands: &Standing, row_13: Option<Instant>, context: &str) {
        match refusal {
            Refusal::DeadlineReached { due_at, status } => {
                let ended_by = FIRES.iter().find(|(_, _, _, to)| *to == stands.name);
                let ended_at = ended_by.and_then(|(_, kind, _, _)| self.due_at(stands, *kind));
                assert_eq!((Some(*due_at), *status), (ended_at.or(row_13), stands.status), "{context}");
            }
            Refusal::WrongStatus { status } => assert_eq!(*status, stands.status, "{context}"),
            _ => {}
        }
    }

    /// The deadlines that an event tells are so many days after its judged time.
    fn assert_deadlines(&self, outcome: &Outcome, event: &str, at: Instant) {
        let told = outcome.events_as_json();
        for (_, field, kind) in SETS.iter().filter(|(sets, _, _)| *sets == event) {
            let index = KINDS.iter().position(|it| it == kind).expect("a deadline");
            let due_at = at.plus_ms(self.days[index] * 86_400_000);
            assert_eq!(told[0][field], due_at.to_string(), "{field} of {event}");
        }
    }
}

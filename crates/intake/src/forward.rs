//! The last steps: identifiers bound, boxes closed, commands sent on in order.

use std::collections::{HashMap, HashSet};

use claim_domain::asker::Source;
use claim_domain::identifier::Identifier;
use claim_domain::ids::CustomerId;
use claim_journal::{Routed, Tick};
use claim_log::TellOutcome;
use serde_json::Value;
use tokio::sync::oneshot;

use crate::answer::{Pending, unavailable_problem};
use crate::asking::Asking;
use crate::bindings::Bound;
use crate::clock::Mode;
use crate::identity::Identity;
use crate::intake::Intake;
use crate::keys::{PersonKey, PersonRef};
use crate::personal::slot;
use crate::problem::Problem;
use crate::seal::{Place, seal};

/// A command that can be sent on once its boxes are closed.
pub(crate) struct Admitted {
    pub(crate) routed: Box<Routed>,
    pub(crate) personal: Vec<Personal>,
    /// Our own commands that go ahead of it.
    pub(crate) ahead: Vec<Routed>,
}

/// Personal data to be sealed.
pub(crate) struct Personal {
    /// Where its box goes.
    path: &'static str,
    person: PersonRef,
    value: Value,
}

/// An admitted command among the lines of one call.
pub(crate) struct Waiting {
    /// Where its answer goes among the answers of the call.
    pub(crate) index: usize,
    /// Its line.
    pub(crate) input: u64,
    pub(crate) admitted: Admitted,
}

impl Waiting {
    fn unavailable(&self, why: &str) -> Pending {
        Pending::problem(self.input, Some(self.admitted.routed.id), unavailable_problem(why))
    }
}

impl Intake {
    /// Binds identifiers to a customer for ever.
    pub(crate) fn bind(&mut self, unbound: Vec<Identifier>, customer: CustomerId) -> Result<(), Problem> {
        if unbound.is_empty() {
            return Ok(());
        }
        self.bind_all(&unbound.into_iter().map(|it| (it, customer)).collect::<Vec<_>>())
    }

    /// Binds what a batch will need, in one step, before anything of it is routed.
    pub(crate) fn bind_ahead(&mut self, nominations: &[Vec<Identifier>]) -> Result<(), Problem> {
        let mut ahead = Identity::default();
        let mut wanted = Vec::new();
        for looked_at in nominations {
            let looked_at: Vec<&Identifier> = looked_at.iter().collect();
            let Some(meant) = self.index.identity.meant_with(&ahead, &looked_at)? else { continue };
            for identifier in meant.unbound {
                ahead.bind(identifier.clone(), meant.customer)?;
                wanted.push((identifier, meant.customer));
            }
        }
        if wanted.is_empty() { Ok(()) } else { self.bind_all(&wanted) }
    }

    fn bind_all(&mut self, wanted: &[Bound]) -> Result<(), Problem> {
        let stand = self.bindings.bind(wanted).map_err(|why| {
            let problem = unavailable_problem(&why);
            self.stopped = Some(why);
            problem
        })?;
        for (identifier, customer) in stand {
            self.index.identity.bind(identifier, customer)?;
        }
        Ok(())
    }

    /// Closes the boxes of what waits, all keys in one durable step, and sends it on in order.
    pub(crate) fn forward(
        &mut self,
        waiting: &mut Vec<Waiting>,
        mode: Mode,
        answers: &mut [Option<Pending>],
    ) {
        let closed = self
            .ensure(waiting)
            .and_then(|keys| waiting.iter_mut().try_for_each(|it| close(&mut it.admitted, &keys)));
        if let Err(why) = closed {
            for it in waiting.drain(..) {
                answers[it.index] = Some(it.unavailable(&why));
            }
            self.stopped = Some(why);
            return;
        }
        for Waiting { index, input, admitted: Admitted { routed, ahead, .. } } in waiting.drain(..) {
            self.feed.tick(Tick { w: routed.received_at, imported: mode == Mode::AsRecorded });
            for it in ahead {
                let held = self.index.hold();
                self.feed.send(it, Box::new(move |_| drop(held)));
            }
            let (tell, told) = oneshot::channel();
            let (id, held) = (routed.id, self.index.hold());
            let tell: TellOutcome = Box::new(move |it| {
                drop(held);
                drop(tell.send(it));
            });
            self.feed.send(*routed, tell);
            answers[index] = Some(Pending::asked(input, id, told));
        }
    }

    /// The key of everyone whose data waits to be sealed.
    fn ensure(&self, waiting: &[Waiting]) -> Result<HashMap<PersonRef, PersonKey>, String> {
        let all = waiting.iter().flat_map(|it| &it.admitted.personal).map(|it| &it.person);
        let mut seen = HashSet::new();
        let persons: Vec<PersonRef> = all.filter(|person| seen.insert(*person)).cloned().collect();
        if persons.is_empty() {
            return Ok(HashMap::new());
        }
        let keys = tokio::task::block_in_place(|| self.keys.ensure(&persons));
        let keys = keys.map_err(|error| format!("the key store failed: {error}"))?;
        Ok(persons.into_iter().zip(keys).collect())
    }
}

/// Whose each personal text is: a contact's own, or the customer's that it is about.
pub(crate) fn persons(asking: &mut Asking, customer: CustomerId) -> Vec<Personal> {
    let partner = match &asking.source {
        Source::Partner(partner) => Some(partner.clone()),
        Source::Service(_) | Source::Customer | Source::Reviewer | Source::ProgramOperator => None,
    };
    let whose = |email| match (&partner, email) {
        (Some(partner), Some(email)) => PersonRef::Contact { partner: partner.clone(), email },
        _ => PersonRef::Customer(customer),
    };
    let plain = asking.personal.drain(..);
    plain.map(|it| Personal { path: it.path, person: whose(it.email), value: it.value }).collect()
}

fn close(admitted: &mut Admitted, keys: &HashMap<PersonRef, PersonKey>) -> Result<(), String> {
    let source = admitted.routed.source.to_string();
    for Personal { path, person, value } in &admitted.personal {
        let place = Place { source: &source, command: admitted.routed.id, field: path };
        let key = keys.get(person).ok_or("a person without a key")?;
        let sealed = seal(key, place, value).map_err(|error| error.to_string())?;
        if let Some(slot) = slot(&mut admitted.routed.command, path) {
            *slot = Some(sealed);
        }
    }
    Ok(())
}

//! Routed commands on their way to the commands topics.

use std::sync::Arc;

use claim_journal::{Forwarded, PartitionId, Route, Routed, Tick};
use claim_log::{Feed, Flight, Outgoing, Outlet, Place, TellOutcome};

use super::learning::Barrier;

/// The commands topics. Only the outcome of a program command is told, since what follows it waits for it.
pub(super) struct CommandsFeed {
    pub(super) outlet: Arc<dyn Outlet>,
    pub(super) commands: Arc<str>,
    pub(super) program_commands: Arc<str>,
    pub(super) partitions: u16,
    pub(super) flight: Arc<Flight>,
    pub(super) barrier: Arc<Barrier>,
}

impl CommandsFeed {
    fn place(&self, route: Route) -> Place {
        match route.partition(self.partitions) {
            PartitionId::Number(partition) => Place::new(Arc::clone(&self.commands), u32::from(partition)),
            PartitionId::Program | PartitionId::Identity => Place::new(Arc::clone(&self.program_commands), 0),
        }
    }
}

/// The key of a routed command: its slot, or nothing for the program.
fn key(route: Route) -> Option<Vec<u8>> {
    let slot = match route {
        Route::Program => return None,
        Route::Customer(customer) => customer.slot(),
        Route::Claim(claim) => claim.slot(),
    };
    Some(slot.number().to_string().into_bytes())
}

impl Feed for CommandsFeed {
    fn send(&self, routed: Routed, tell: TellOutcome) {
        let (place, key) = (self.place(routed.route), key(routed.route));
        let mut landed = self.flight.begin();
        if routed.route == Route::Program {
            self.barrier.wait_for(&routed, tell);
            // A command that may not be there may never be decided: whoever waits for it must not wait for ever.
            let barrier = Arc::clone(&self.barrier);
            let count = landed;
            landed = Box::new(move |told| {
                let lost = told.is_err();
                count(told);
                if lost {
                    barrier.close();
                }
            });
        }
        match Forwarded::Command(Box::new(routed)).to_json() {
            Ok(value) => {
                let outgoing = Outgoing { place, key, headers: Vec::new(), value };
                self.outlet.send(outgoing, landed);
            }
            Err(error) => self.flight.fail(format!("a routed command cannot be spelt: {error}")),
        }
    }

    /// Promises are made for whole inbox partitions, not before each command.
    fn tick(&self, _: Tick) {}
}

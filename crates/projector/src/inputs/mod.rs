//! The standing inputs: what every view may look at beside its own tables (DOMAIN, "What the three views show").
//!
//! `customers` and `claims` together hold the domain's own fold of each customer; `known` lists who is known to whom
//! `program_events` is the catalog as its events; `history` is what happened to a claim, refusals included;
//! `outcomes` finds the answer to a command.

mod answers;
mod claims;
mod customers;
mod history;
mod told;

pub use answers::Answered;
pub use claims::ClaimFile;
pub use history::{Asking, HistoryEntry, Occasion};

pub(crate) use answers::{answers, refusals};
pub(crate) use claims::{Inputs, NewClaims, claim_file, told};
pub(crate) use customers::{Customers, read_customer};
pub(crate) use history::history;
pub(crate) use told::{Told, write as write_told};

use crate::projector::{Projector, Schema};

/// The standing inputs as a view among views: they are rebuilt and verified like one.
pub const INPUTS: Schema =
    Schema { name: Inputs::NAME, version: Inputs::VERSION, ddl: Inputs::DDL, tables: Inputs::TABLES };

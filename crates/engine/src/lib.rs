//! The engine: one writer per partition that recalls, touches, decides, appends and tells.
//!
//! **Duty.** A `Partition` is a fold and a pen: it takes a routed command and yields the records that answer it, the
//! deadlines fired on the way included, and an outcome to be told once those records are durable. The [`Engine`] is
//! the set of partitions that this process leads, on one thread, with one channel in.
//!
//! **Invariants.** A command has one answer for ever (DESIGN rule 3); an outcome is told only when its record is known
//! to be durable (rule 4); deadlines of a customer fire before any of its commands is decided (rule 7).
//!
//! **Absent.** No clock: every time comes with the command or the tick. No look-ups, no decoding of what askers send,
//! no views, no effects. No retry: after an unclear or fenced append the engine stops, and the next start leads again.
//!
//! **Start** at `Partition::decide` in `partition.rs`.

mod answered;
mod engine;
mod fold;
mod instance;
mod partition;
mod planted;
mod program;
mod reign;
mod replay;
mod seat;
mod status;
mod watermark;

pub use engine::{Engine, EngineError, StartError};
pub use instance::{Instance, InstanceError, InstanceParts};
pub use partition::Decide;
pub use planted::{Planted, PlantedFault};
pub use program::{Following, Program};
pub use replay::{Replay, ReplayError};
pub use seat::{Seat, SeatError, SeatParts};
pub use status::Status;

/// The most bytes that the body of a decision may have; what would be larger is `decision_too_large`.
pub const MAX_DECISION_BYTES: usize = 900 * 1024;

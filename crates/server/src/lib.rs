//! The HTTP API: commands in, outcomes and views out (CONTRACT §5).
//!
//! **Duty.** Requests become raw commands for a [`Door`], whatever log is behind it; answers become JSON with the status
//! that says what to do next. Claims, histories and pages are read from the views at one cursor, which every such answer
//! carries; a reader that names a cursor is never shown anything older ([`Parts::views`], F-39). What is wrong is an
//! RFC 9457 problem with the code that files and topics see too ([`HttpProblem`]). [`Health`] says whether the process
//! may be asked, [`Meters`] what it did.
//!
//! **Invariants.** Every request is bounded: bytes, commands, memory of all bodies together, time to send its header, its
//! body, and to be answered (F-56, F-58). Bodies are never decompressed (F-57). Only HTTP/1.1 is spoken (F-59). A command
//! that was taken has one outcome whoever hangs up (F-61). Unknown paths, methods and parameters are refused (F-62). While
//! there is no sign-in, the asker in the body is believed, so only loopback addresses are listened on.
//!
//! **Absent.** No decision, no fold, no log of its own. No sign-in and no page yet. No knowledge of which log there is:
//! that is the binary's, behind [`Door`].
//!
//! **Start** at [`router`], then `commands.rs`; [`Listener`] for how connections are taken and drained.

mod body;
mod claims;
mod commands;
mod door;
mod guard;
mod health;
mod listen;
mod meters;
mod opening;
mod pages;
mod parameters;
mod problem;
mod readers;
mod routes;
pub mod shape;
mod state;

pub use axum::Router;
pub use axum::body::Bytes;
pub use door::{Answered, Door, Until};
pub use health::{Health, Pulse, Reason};
pub use listen::{Drained, ListenError, Listener, loopback};
pub use meters::{Meters, More};
pub use opening::Opener;
pub use problem::HttpProblem;
pub use readers::OpenViews;
pub use routes::{probes, router};
pub use state::{Now, Parts};

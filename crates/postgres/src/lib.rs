//! One connection to PostgreSQL, for whoever keeps tables of ours there: the views and the keys of persons.
//!
//! **Duty.** An [`Address`] says where: a URL, and the schema in which our tables stand, so that several claimlogs can share
//! a database. A [`Session`] is one connection to it that prepares each statement once, waits for locks no longer than
//! [`PATIENCE`], and can be called where a program runs async tasks.
//!
//! **Absent.** No table and no SQL of its own; no pool: who asks in parallel has several sessions. No TLS: a server that asks
//! for it is refused, so put a TLS tunnel or a private network between. Nothing is retried: what failed may have been done.
//!
//! **Start** at [`Session::open`].

mod address;
mod session;

pub use address::{Address, AddressError};
pub use postgres;
pub use session::{PATIENCE, Session, SessionError};

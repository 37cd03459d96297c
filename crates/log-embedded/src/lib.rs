//! The default log: one directory of segment files with group commit.
//!
//! **Duty.** `<data>/log/` holds segment files, named by the offset of their first byte. Each line is one record, so
//! `jq` and `grep` read them. All partitions share the one sequence of files, and an offset is a byte in it: one
//! fdatasync serves all that waits (DESIGN §5, "On the embedded log").
//!
//! **Invariants.** Nothing is told before it is durable, and nothing that is not durable is read in this process. A line
//! that does not extend the chain of its partition is not written, so nothing void can arise. What is neither a valid
//! record nor a torn tail is damage, told with its exact place, and never cut. After a failed sync nothing is
//! written any more (F-70 … F-78).
//!
//! **Absent.** No preallocation, no compression, no index, no deletion. No first lead: whoever leads writes it. No
//! replication: a copy is a copy of the files.
//!
//! **Start** at [`EmbeddedLog::open`], which is [`EmbeddedLog::hold`] and [`Held::open`] from the beginning; where a
//! snapshot knew the log, [`Held::compare`] lets it be opened from there, and what lies before is not read. Then
//! `writer.rs` for the way down to the disk and `scan.rs` for the way back. [`EmbeddedReader`] reads beside a writer.
//! Every file operation goes through [`Disk`], so that tests can fail it.

mod ahead;
mod disk;
mod error;
mod hold;
mod layout;
mod line;
mod log;
mod mark;
mod planted;
mod reader;
mod scan;
mod shared;
mod standing;
mod tape;
mod writer;

pub use ahead::Ahead;
pub use disk::{Disk, File, Mode, RealDisk};
pub use error::{Damage, DamageCause, OpenError, Position};
pub use hold::Held;
pub use log::{EmbeddedLog, Opened, Options};
pub use planted::{Planted, PlantedFault};
pub use reader::EmbeddedReader;
pub use scan::{Scan, Tail};
pub use standing::{Compared, Mismatch, Standing};

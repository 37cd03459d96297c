//! The program on Apache Kafka: real brokers, real processes, and what anybody reads from the topics.
//!
//! | file | what it shows |
//! |---|---|
//! | `flow` | a command by a topic or by HTTP, its outcome, its events, what is no command |
//! | `sample` | the sample by a topic comes to the same as by files |
//! | `instances` | two instances that are killed, stopped and asked to go: nothing told is lost, nothing decided twice |
//! | `effects` | effects are performed once, by whoever leads, also when that changes |
//! | `keys` | whoever opens keys has those that the intakes share |
//! | `trace` | one command is followed through the logs by its trace |
//! | `fencing` | strangers in the journal, answers of brokers that are lost |
//! | `rights` | TLS, SCRAM, and the rights of the README's table: enough, and each of them needed |
//! | `missing` | records that are gone, offsets at which none ever stood |
//! | `publishing` | what a publisher that is killed repeats |
//!
//! Start reading in `room`.

mod acl;
mod effects;
mod fencing;
mod flow;
mod instances;
mod keys;
mod missing;
mod publishing;
mod rights;
mod room;
mod sample;
mod trace;

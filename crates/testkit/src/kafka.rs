//! Real brokers for tests: Kafka as separate processes on loopback, which end with the test however it ends.
//!
//! A test begins with [`or_skip`], which gives the cluster that all tests of a program share, or with
//! [`own_or_skip`] where brokers are to be killed. A test keeps to itself by a prefix of topics of its own. Needs Java 17
//! and Maven; `KAFKA_BOOTSTRAP` names an existing cluster to share instead. Where neither is there, a test says that it
//! is skipped and why; where `CI` is `true`, that is a failure.

mod certificate;
#[cfg(feature = "kafka-client")]
mod client;
mod cluster;
mod cut;
mod jars;
mod node;
mod ports;
mod proxy;

use std::fmt::Display;
use std::io::Write;
use std::sync::LazyLock;

#[cfg(feature = "kafka-client")]
pub use client::{Client, GROUP, Reader, Record};
pub use cluster::{Cluster, User};
pub use proxy::{Answers, Proxy};

/// Why there is no broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(pub String);

impl Unavailable {
    fn because<E: Display>(doing: &str) -> impl FnOnce(E) -> Self + use<E> {
        let doing = doing.to_owned();
        move |fault| Self(format!("{doing} failed: {fault}"))
    }
}

static SHARED: LazyLock<Result<Cluster, Unavailable>> =
    LazyLock::new(|| match std::env::var("KAFKA_BOOTSTRAP") {
        Ok(servers) => Ok(Cluster::existing(&servers)),
        Err(_) => Cluster::start(1),
    });

/// The cluster that the tests of this program share; none, said by name and reason, where there can be none.
///
/// # Panics
/// Where `CI` is `true` and there can be none.
pub fn or_skip(test: &str) -> Option<&'static Cluster> {
    SHARED.as_ref().map_err(|why| skip(test, why)).ok()
}

/// A cluster of the test's own, to be stopped and killed; none, said by name and reason, where there can be none.
///
/// # Panics
/// Where `CI` is `true` and there can be none.
pub fn own_or_skip<C>(test: &str, start: impl FnOnce() -> Result<C, Unavailable>) -> Option<C> {
    start().map_err(|why| skip(test, &why)).ok()
}

#[allow(clippy::panic, reason = "what CI must run may not be skipped")]
fn skip(test: &str, why: &Unavailable) {
    if std::env::var("CI").is_ok_and(|it| it == "true") {
        panic!("{test} must not be skipped here, and there is no broker: {}", why.0);
    }
    // Not by a macro, whose output the test harness keeps to itself when a test passes.
    drop(writeln!(std::io::stderr(), "SKIPPED {test}: {}", why.0));
}

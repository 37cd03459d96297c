//! Times as text, and the ids of claims.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A time as RFC 3339 with three decimals.
pub(crate) fn spelt(ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(ms).expect("a time");
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The milliseconds of a time as RFC 3339.
pub(super) fn read(text: &Value) -> i64 {
    let text = text.as_str().expect("a time");
    chrono::DateTime::parse_from_rfc3339(text).expect("a time").timestamp_millis()
}

/// The claim that a command creates (DESIGN §5, "Derived ids").
pub(super) fn claim_id(customer: &str, source: &str, command: &str, engagement: &str) -> String {
    let slot = Sha256::digest(customer);
    let slot = u32::from_be_bytes([slot[0], slot[1], slot[2], slot[3]]) % 4096;
    let hash = Sha256::digest(format!("{customer}/{source}/{command}/{engagement}"));
    let tail: String = hash[..10].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("c{slot:03x}-{tail}")
}

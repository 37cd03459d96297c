//! A command's way through the program, told step by step at the level debug.
//!
//! Every step is told under the same names, the trace of the command's W3C trace context first, so that one command can be
//! followed through the logs of all instances. While nobody listens at that level, a step costs one comparison.

use std::fmt::Display;

use claim_journal::{Correlation, Position, Routed};

/// Intake has made a routed command of its input: the line or the offset where it came in.
pub fn received(routed: &Routed, input: u64) {
    let Routed { source, id, correlation, .. } = routed;
    tracing::debug!(
        trace_id = correlation.trace_id(),
        parent_id = correlation.parent_id(),
        command = %id,
        %source,
        input,
        "received"
    );
}

/// The decision of a command at this position has come as far as `step`, such as `decided` or `published`.
pub fn passed(
    step: &str,
    source: impl Display,
    id: impl Display,
    correlation: &Correlation,
    position: Position,
) {
    tracing::debug!(
        trace_id = correlation.trace_id(),
        parent_id = correlation.parent_id(),
        command = %id,
        %source,
        partition = %position.partition,
        sequence = position.sequence,
        "{step}"
    );
}

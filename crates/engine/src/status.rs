//! How a seat stands, for whoever watches.

use std::collections::BTreeMap;
use std::sync::Arc;

use claim_domain::time::Instant;
use claim_journal::VoidCause;

use crate::seat::SeatError;

/// How a seat stands: what alarms and `/readyz` go by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Whether it leads.
    pub leading: bool,
    /// The epoch read or led.
    pub epoch: u64,
    /// The highest sequence read, or known to be durable.
    pub sequence: u64,
    /// Records written and not yet known to be durable.
    pub speculative: usize,
    /// When it was last ordered to lead, which its lead follows.
    pub ordered_at: Option<std::time::Instant>,
    /// How often it took the lead.
    pub leads: u64,
    /// How often a reign ended because another leads, or because nobody knew what became of a record.
    pub lost_leads: u64,
    /// W of its commands partition.
    pub w: Option<Instant>,
    /// What each inbox partition last promised.
    pub heard: BTreeMap<(Arc<str>, u32), Instant>,
    /// Everything before it in the commands topic is done.
    pub done: Option<u64>,
    /// The end of the commands partition less what was taken of it, when that was last asked.
    pub lag: u64,
    /// Commands that were answered before, so that nothing was written.
    pub repeats: u64,
    /// Records of the commands topic that are neither commands nor ticks.
    pub unreadable: u64,
    /// Void records by cause.
    pub voids: BTreeMap<&'static str, u64>,
    /// Why the partition halts here.
    pub halted: Option<String>,
}

impl Status {
    pub(crate) fn void(&mut self, cause: VoidCause) {
        *self.voids.entry(cause.code()).or_default() += 1;
    }

    pub(crate) fn led(&mut self, epoch: u64) {
        (self.leading, self.epoch) = (true, epoch);
        self.leads += 1;
    }

    pub(crate) fn halt(&mut self, why: &SeatError) {
        let mut text = why.to_string();
        let mut cause = std::error::Error::source(why);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        (self.leading, self.halted) = (false, Some(text));
    }
}

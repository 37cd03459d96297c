//! Promises about inbox partitions, sent into every commands partition (DESIGN §4, "Time").

use std::sync::Arc;

use claim_domain::time::Instant;
use claim_journal::{Digest, Forwarded, InboxTick};
use claim_log::{Flight, LogError, Outgoing, Place};

use super::share::Share;
use super::{RelayError, RelayParts};

/// Sends one tick a commands partition for each inbox partition that something can be promised of.
///
/// Everything taken is acknowledged when this is called, so whatever is sent now stands behind it.
pub(super) fn send(parts: &RelayParts, share: &mut Share, flight: &Arc<Flight>) -> Result<(), RelayError> {
    if share.clock_differs {
        return Ok(());
    }
    let list = every_inbox(parts)?;
    let of = u32::try_from(list.len()).unwrap_or(u32::MAX);
    let names: Vec<String> = list.iter().map(ToString::to_string).collect();
    let digest = Digest::of(names.join("\n").as_bytes());
    let places: Vec<Place> = share.taking.keys().cloned().collect();
    // The clock is read before the ends are asked for: what comes in between is newer than what is promised.
    let now = (parts.wall)();
    let ends = parts.inbox.ends(&places)?;
    for (place, end) in places.into_iter().zip(ends) {
        let Some(w) = promise(parts, share, &place, now, end) else { continue };
        let tick =
            InboxTick { topic: Arc::clone(&place.topic), partition: place.partition, of, list: digest, w };
        let value =
            Forwarded::Tick(tick).to_json().map_err(|error| RelayError::Stopped(error.to_string()))?;
        for partition in 0..u32::from(parts.partitions) {
            let place = Place::new(Arc::clone(&parts.topics.commands), partition);
            let outgoing = Outgoing { place, key: None, headers: Vec::new(), value: value.clone() };
            parts.outlet.send(outgoing, flight.begin());
        }
    }
    Ok(())
}

/// Every partition of every inbox topic, whoever takes from it.
fn every_inbox(parts: &RelayParts) -> Result<Vec<Place>, LogError> {
    let mut all = Vec::new();
    for inbox in &parts.inboxes {
        let count = parts.inbox.partitions(&inbox.topic)?;
        all.extend((0..count).map(|partition| Place::new(Arc::clone(&inbox.topic), partition)));
    }
    all.sort();
    Ok(all)
}

/// Up to when nothing of an inbox partition is still to come: where a look *begun* now finds it drained, the time now
/// less the margin; else the time of the newest record that was forwarded.
fn promise(parts: &RelayParts, share: &mut Share, place: &Place, now: Instant, end: u64) -> Option<Instant> {
    let reached = share.reached(place)?;
    let taking = share.taking.get_mut(place)?;
    let margin_ms = i64::try_from(parts.margin.as_millis()).unwrap_or(i64::MAX);
    let w = if reached >= end {
        taking.drained_at = Some(now);
        Some(now.plus_ms(-margin_ms)).max(taking.newest)
    } else {
        taking.newest
    };
    taking.promised = taking.promised.max(w);
    taking.promised
}

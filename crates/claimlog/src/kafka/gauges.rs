//! How seats, intake and publisher stand, for Prometheus and for `/readyz`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use claim_domain::time::Instant;
use claim_engine::{Instance, Status};
use claim_intake::relay::RelayStatus;
use claim_journal::PartitionId;
use claim_publisher::PublisherStatus;

use crate::node::wall;

/// What the roles of this process say of themselves.
#[derive(Clone, Default)]
pub(crate) struct Standing {
    pub(crate) engine: Option<Arc<Instance>>,
    pub(crate) intake: Option<Arc<Mutex<RelayStatus>>>,
    pub(crate) publisher: Option<Arc<Mutex<PublisherStatus>>>,
}

/// A text in the format of Prometheus, being written.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text never fails.
        _ = writeln!(self.0, "# HELP claimlog_{name} {help}\n# TYPE claimlog_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        _ = writeln!(self.0, "claimlog_{name}{labels} {value}");
    }
}

impl Standing {
    /// Why this process should not be asked; nothing when it may.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let seats = self.engine.as_ref().map(|it| it.status()).unwrap_or_default();
        let halted = |(id, it): (PartitionId, Status)| Some(format!("partition {id} halts: {}", it.halted?));
        let mut reasons: Vec<String> = seats.into_iter().filter_map(halted).collect();
        if let Some(publisher) = &self.publisher {
            let status = publisher.lock().unwrap_or_else(PoisonError::into_inner);
            reasons.extend(
                status.halted.iter().map(|(id, why)| format!("partition {id} is not published: {why}")),
            );
        }
        reasons
    }

    /// Everything, in the format of Prometheus.
    pub(crate) fn exposition(&self) -> String {
        let mut text = Exposition::default();
        if let Some(engine) = &self.engine {
            seats(&mut text, &engine.status());
        }
        if let Some(intake) = &self.intake {
            relay(&mut text, &intake.lock().unwrap_or_else(PoisonError::into_inner));
        }
        if let Some(publisher) = &self.publisher {
            published(&mut text, &publisher.lock().unwrap_or_else(PoisonError::into_inner));
        }
        text.0
    }
}

/// Seconds since a time; never negative.
fn age_s(at: Instant) -> i64 {
    (wall().as_ms() - at.as_ms()).max(0) / 1_000
}

fn seats(text: &mut Exposition, seats: &BTreeMap<PartitionId, Status>) {
    type Value = fn(&Status) -> u64;
    let plain: [(&str, &str, &str, Value); 10] = [
        ("partition_leading", "gauge", "1 where this process leads the partition", |it| {
            u64::from(it.leading)
        }),
        ("partition_epoch", "gauge", "The epoch of the last lead known here", |it| it.epoch),
        ("partition_sequence", "gauge", "The head: the highest sequence known to be valid here", |it| {
            it.sequence
        }),
        ("partition_speculative", "gauge", "Records decided and not yet known to be durable", |it| {
            it.speculative as u64
        }),
        ("partition_lag", "gauge", "Records of the commands partition that wait", |it| it.lag),
        ("partition_halted", "gauge", "1 where the partition halts here", |it| {
            u64::from(it.halted.is_some())
        }),
        ("leads_total", "counter", "Leads taken", |it| it.leads),
        (
            "leads_lost_total",
            "counter",
            "Leads that ended because another leads or something is unclear",
            |it| it.lost_leads,
        ),
        ("repeats_total", "counter", "Commands that were answered before", |it| it.repeats),
        (
            "unreadable_commands_total",
            "counter",
            "Records of the commands topic that are none of ours",
            |it| it.unreadable,
        ),
    ];
    for (name, kind, help, value) in plain {
        text.family(name, kind, help);
        for (partition, status) in seats {
            text.sample(name, &[("partition", &partition.to_string())], value(status));
        }
    }
    text.family("void_records_total", "counter", "Void records seen, by cause");
    for (partition, status) in seats {
        for (cause, count) in &status.voids {
            text.sample(
                "void_records_total",
                &[("partition", &partition.to_string()), ("cause", cause)],
                count,
            );
        }
    }
    text.family("watermark_age_seconds", "gauge", "Age of W: how far deadlines stay behind the clock");
    for (partition, status) in seats {
        if let Some(w) = status.w.filter(|_| status.leading) {
            text.sample("watermark_age_seconds", &[("partition", &partition.to_string())], age_s(w));
        }
    }
    text.family("tick_age_seconds", "gauge", "Age of the newest promise heard of an inbox partition");
    let mut oldest: BTreeMap<(Arc<str>, u32), Instant> = BTreeMap::new();
    for (inbox, w) in seats.values().filter(|it| it.leading).flat_map(|it| &it.heard) {
        oldest.entry(inbox.clone()).and_modify(|it| *it = (*it).min(*w)).or_insert(*w);
    }
    for ((topic, partition), w) in oldest {
        let labels = [("topic", &*topic), ("inbox_partition", &partition.to_string())];
        text.sample("tick_age_seconds", &labels, age_s(w));
    }
}

fn relay(text: &mut Exposition, status: &RelayStatus) {
    text.family("inbox_position", "gauge", "The next offset to be taken of an inbox partition");
    for (place, (next, _)) in &status.inboxes {
        let labels = [("topic", &*place.topic), ("inbox_partition", &place.partition.to_string())];
        text.sample("inbox_position", &labels, next);
    }
    text.family("problems_total", "counter", "Problems told, by code");
    for (code, count) in &status.problems {
        text.sample("problems_total", &[("code", code)], count);
    }
    text.family("inbox_expired_total", "counter", "Records that expired before they were taken");
    text.sample("inbox_expired_total", &[], status.expired);
    text.family("clock_differs", "gauge", "1 while the clocks here and of the brokers differ too much");
    text.sample("clock_differs", &[], u8::from(status.clock_differs));
    text.family("intake_restarts_total", "counter", "How often intake began anew");
    text.sample("intake_restarts_total", &[], status.restarts);
}

fn published(text: &mut Exposition, status: &PublisherStatus) {
    text.family("publisher_sequence", "gauge", "The last decision published and acknowledged");
    for (partition, sequence) in &status.published {
        text.sample("publisher_sequence", &[("partition", &partition.to_string())], sequence);
    }
    text.family("publisher_halted", "gauge", "1 where a partition cannot be published");
    for partition in status.halted.keys() {
        text.sample("publisher_halted", &[("partition", &partition.to_string())], 1);
    }
    text.family("publisher_restarts_total", "counter", "How often publishing began anew from its output");
    text.sample("publisher_restarts_total", &[], status.restarts);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use claim_log::Place;

    use super::*;

    /// Everything, with at least one sample of each family.
    fn everything() -> String {
        let at = Instant::from_ms(0);
        let mut seat = Status { leading: true, w: Some(at), ..Status::default() };
        seat.voids.insert("stale_epoch", 1);
        seat.heard.insert(("inbox".into(), 0), at);
        let mut intake = RelayStatus::default();
        intake.inboxes.insert(Place::new("inbox", 0), (7, Some(at)));
        intake.problems.insert("not_json", 1);
        let mut publisher = PublisherStatus::default();
        publisher.published.insert(PartitionId::Program, 1);
        publisher.halted.insert(PartitionId::Program, "why".into());
        let mut text = Exposition::default();
        seats(&mut text, &BTreeMap::from([(PartitionId::Number(0), seat)]));
        relay(&mut text, &intake);
        published(&mut text, &publisher);
        text.0
    }

    /// Name, type and labels of every family, as `deploy/metrics.txt` spells them.
    fn families(text: &str) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for line in text.lines().filter_map(|it| it.strip_prefix("# TYPE ")) {
            let name = line.split(' ').next().unwrap();
            let sample = text
                .lines()
                .find(|it| it.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' '])));
            let sample = sample.unwrap_or_else(|| panic!("{name} has no sample"));
            let labels = sample.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            let labels = labels.split(',').filter_map(|it| Some(it.split_once('=')?.0));
            all.insert(std::iter::once(line).chain(labels).collect::<Vec<_>>().join(" "));
        }
        all
    }

    #[test] // issue 4, point 13: dashboard and alarms use what there is
    fn what_is_exposed_is_what_the_alarms_are_made_of() {
        let listed = include_str!("../../../../deploy/metrics.txt");
        let of_roles = |name: &str| {
            let other = ["_commands_", "_effects_", "_http_", "_ready ", "_view_"];
            !other.iter().any(|it| name.contains(it)) || name.contains("unreadable_commands")
        };
        let listed: BTreeSet<String> =
            listed.lines().filter(|it| !it.starts_with('#') && of_roles(it)).map(str::to_owned).collect();
        let exposed = families(&everything());
        // W's age has no alarm of its own: its cause, the tick's, has.
        let exposed: BTreeSet<String> =
            exposed.into_iter().filter(|it| !it.contains("watermark_age")).collect();
        let listed: BTreeSet<String> =
            listed.into_iter().filter(|it| !it.contains("watermark_age")).collect();
        assert_eq!(exposed, listed);
    }
}

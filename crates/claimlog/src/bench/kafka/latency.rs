//! `kafka_added_latency`: what relay and engine add to two plain hops at the same offered rate, from when a command is due to
//! be sent to its decision read back as valid. The goal is 5 ms more than raw for half of the commands.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use claim_log::{Flight, Outlet, Place};

use crate::bench::Figure;
use crate::bench::kafka::PARTITIONS;
use crate::bench::kafka::commands::claims;
use crate::bench::kafka::observer::id_in;
use crate::bench::kafka::raw::{Sizes, TwoHops, mean_size};
use crate::bench::kafka::rig::{Rig, plain};
use crate::kafka_options::KafkaOptions;

/// Commands offered a second.
const RATE: u32 = 500;
/// Customers of the load.
const CUSTOMERS: u32 = 512;
/// Customers before anything is timed.
const WARM: u32 = 256;
/// 5 ms more than raw.
const ADDED_MICROS: u64 = 5_000;

/// Measures it.
///
/// # Errors
/// When a broker fails.
pub(crate) fn added_latency(options: &KafkaOptions, mut progress: impl FnMut()) -> Result<Vec<Figure>> {
    let warm = claims(0, WARM, PARTITIONS);
    let load = claims(WARM, WARM + CUSTOMERS, PARTITIONS);
    let mut rig = Rig::start(options, WARM + CUSTOMERS, &["intake,engine"])?;
    rig.send(&warm)?;
    rig.observer.until(warm.len(), |_, _, _| {})?;
    let (client, inbox) = (Arc::clone(&rig.topics.client), Arc::<str>::from(rig.topics.inbox()));
    let send = move |partition, value, flight: &Arc<Flight>| {
        client.send(plain(Place::new(Arc::clone(&inbox), partition), value), flight.begin());
    };
    let mut came = HashMap::new();
    let sent = offered(&load, send, |count| {
        rig.observer.until(count, |_, body, at| {
            came.insert(id_in(body).unwrap_or_default().to_owned(), at);
        })
    })?;
    let ours = delays(&load, &sent, &came);
    progress();
    let topics = &rig.topics.cluster.topics;
    let command = mean_size(&rig.topics, &topics.commands())?;
    let record = mean_size(&rig.topics, &topics.journal())?;
    drop(rig);
    let mut hops = TwoHops::start(options, Sizes { command, record })?;
    hops.send(&warm)?;
    hops.until(warm.len(), |_, _| {})?;
    let send = hops.sender();
    let mut came = HashMap::new();
    let sent = offered(&load, send, |count| {
        hops.until(count, |value, at| {
            let text = String::from_utf8_lossy(value);
            came.insert(id_in(&text).unwrap_or_default().to_owned(), at);
        })
    })?;
    let raw = delays(&load, &sent, &came);
    progress();
    let of = |name, centile| {
        let (ours, raw) = (quantile(&ours, centile), quantile(&raw, centile));
        (Figure::beside(name, (ours, "µs"), (raw, "two plain hops at the same rate")), raw)
    };
    let ((half, raw), (most, _)) = (of("kafka_added_latency_p50", 50), of("kafka_added_latency_p99", 99));
    Ok(vec![half.at_most((raw + ADDED_MICROS) * 1000 / raw.max(1)), most])
}

/// So many hundredths of the values are at most as large.
fn quantile(values: &[u64], hundredths: usize) -> u64 {
    let mut values = values.to_vec();
    values.sort_unstable();
    values.get(values.len() * hundredths / 100).copied().unwrap_or(0)
}

/// Sends at the rate, whatever comes back, while `receive` waits for all; yields when each was sent.
fn offered(
    load: &[(u32, Vec<u8>)],
    send: impl Fn(u32, Vec<u8>, &Arc<Flight>) + Send,
    receive: impl FnOnce(usize) -> Result<Instant>,
) -> Result<Vec<Instant>> {
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let flight = Arc::default();
            let began = Instant::now();
            let mut sent = Vec::with_capacity(load.len());
            for ((partition, value), nth) in load.iter().zip(0_u32..) {
                let due = began + Duration::from_secs(1) * nth / RATE;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                // Late or not: it counts from when it was due.
                sent.push(due);
                send(*partition, value.clone(), &flight);
            }
            sent
        });
        receive(load.len())?;
        sending.join().map_err(|_| anyhow!("the sender panicked"))
    })
}

fn delays(load: &[(u32, Vec<u8>)], sent: &[Instant], came: &HashMap<String, Instant>) -> Vec<u64> {
    let of = |(value, sent): (&[u8], &Instant)| {
        let id = id_in(std::str::from_utf8(value).ok()?)?;
        let took = came.get(id)?.saturating_duration_since(*sent);
        u64::try_from(took.as_micros()).ok()
    };
    load.iter().map(|(_, value)| &**value).zip(sent).filter_map(of).collect()
}

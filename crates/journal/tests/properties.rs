//! Properties of lines and of reigns, over all inputs that proptest can think of.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

#[allow(dead_code, reason = "each test file uses its part")]
mod support;

use claim_journal::{Chain, Entry, HaltCause, Line, Offsets, Pen, Verdict};
use proptest::prelude::*;
use support::*;

/// What happens next to one of the leaders. One that was deposed does not notice, as after a SIGSTOP.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// It reads all there is.
    Read(usize),
    /// It leads on what it read last, with a fresh id.
    Lead(usize),
    /// It writes a decision on what it believes, if its lead was valid.
    Decide(usize),
    /// Its last line is delivered once more.
    Repeat(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => (0..3_usize).prop_map(Step::Read),
        2 => (0..3_usize).prop_map(Step::Lead),
        5 => (0..3_usize).prop_map(Step::Decide),
        1 => (0..3_usize).prop_map(Step::Repeat),
    ]
}

/// A leader: what it read last, its pen, its last line, and where its lead stands.
struct Hand {
    chain: Chain,
    reign: Option<(Pen, Entry, usize)>,
}

/// A log as a broker keeps it: everything that arrives, valid or not.
fn chain_of(log: &[Entry]) -> (Chain, Vec<Verdict>) {
    let mut chain = empty();
    let read = |(at, entry): (usize, &Entry)| chain.read(at as u64, &Line::parse(line(entry)));
    let verdicts = log.iter().enumerate().map(read).collect();
    (chain, verdicts)
}

fn line(entry: &Entry) -> &[u8] {
    entry.strip_suffix(b"\n").unwrap()
}

proptest! {
    #[test] // FAULTS F-73
    fn no_flipped_bit_of_a_line_leaves_a_readable_one(text in "\\PC{0,40}", bit in any::<prop::sample::Index>()) {
        let mut pen = pen(&empty(), 1);
        lead(&mut pen);
        let body = serde_json::to_string(&serde_json::json!({ "text": text })).unwrap();
        let mut line = bare(pen.write(claim_journal::Kind::Decision, 1, &body, 0).unwrap());
        prop_assert!(Line::parse(&line).is_ok());
        let bit = bit.index(line.len() * 8);
        line[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Line::parse(&line).is_err());
    }

    #[test] // FAULTS F-28
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        let read = Line::parse(&bytes);
        prop_assert!(read.is_err());
        let verdict = Chain::new(PARTITION, Offsets::Count).read(0, &read);
        prop_assert!(matches!(verdict, Verdict::Void(_)));
    }

    #[test] // DESIGN rule 2, FAULTS F-04: nothing is lost to a zombie, and nothing halts
    fn whatever_two_or_three_leaders_do_there_is_one_chain(steps in prop::collection::vec(step(), 1..60)) {
        let mut log: Vec<Entry> = Vec::new();
        let mut hands: Vec<_> = (0..3).map(|_| Hand { chain: empty(), reign: None }).collect();
        let mut fresh = 100;
        for step in steps {
            match step {
                Step::Read(it) => hands[it].chain = chain_of(&log).0,
                Step::Lead(it) => {
                    fresh += 1;
                    let mut pen = pen(&hands[it].chain, fresh);
                    let lead = lead_entry(&mut pen);
                    hands[it].reign = Some((pen, lead.clone(), log.len()));
                    log.push(lead);
                }
                Step::Decide(it) => if let Some((pen, last, at)) = &mut hands[it].reign
                    && chain_of(&log).1[*at] == Verdict::Valid
                {
                    if Line::parse(line(last)).unwrap().envelope.sequence == 0 {
                        pen.read_back(&chain_of(&log[..=*at]).0).unwrap();
                    }
                    *last = decision_entry(pen, "x");
                    log.push(last.clone());
                },
                Step::Repeat(it) => if let Some((_, last, _)) = &hands[it].reign {
                    log.push(last.clone());
                },
            }
        }
        let (chain, verdicts) = chain_of(&log);
        let mut head = None;
        let mut reigns = Vec::new();
        let mut sequence = 0;
        for (entry, verdict) in log.iter().zip(&verdicts) {
            let line = Line::parse(line(entry)).unwrap();
            match verdict {
                Verdict::Valid => {
                    if line.envelope.sequence > 0 {
                        sequence += 1;
                        prop_assert_eq!(line.envelope.sequence, sequence, "gapless from 1");
                        prop_assert_eq!(line.envelope.previous, head, "on the head before");
                        prop_assert_eq!(Some(&line.envelope.leader), reigns.last());
                    } else {
                        prop_assert!(!reigns.contains(&line.envelope.leader), "one reign a leader");
                        reigns.push(line.envelope.leader);
                        prop_assert_eq!(line.envelope.epoch, reigns.len() as u64);
                    }
                    let before = head.unwrap_or_else(|| claim_journal::Head::first(journal()));
                    head = Some(line.extends(before));
                }
                Verdict::Void(_) => {}
                Verdict::Known | Verdict::Halt(_) => prop_assert!(false, "{verdict:?}"),
            }
        }
        prop_assert_eq!(chain.head(), head);
        prop_assert_eq!(chain.sequence(), sequence);
        // A log that takes entries at its pens' word judges each as its readers will.
        let mut taken = empty();
        for (at, (entry, verdict)) in log.iter().zip(&verdicts).enumerate() {
            prop_assert_eq!(taken.take(at as u64, entry), *verdict);
            prop_assert_eq!(taken.take(at as u64, entry), Verdict::Halt(HaltCause::OffsetGap { expected: at as u64 + 1, found: at as u64 }));
        }
        prop_assert_eq!(taken.checkpoint(), chain.checkpoint());
    }
}

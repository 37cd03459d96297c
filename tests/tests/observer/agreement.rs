//! The engine's reader and the observer judge every record the same, over very many journals, most of them unsound.

use claim_journal::{
    Chain as Theirs, HaltCause, Line, Offsets as TheirOffsets, PartitionId, Verdict as Said, VoidCause,
};
use claim_tests::observer::Partition;
use claim_tests::observer::chain::{Chain, Halt, Offsets, Verdict, Void};
use claim_tests::observer::envelope::Kind;
use claim_tests::observer::record::{decode, sha256};

use crate::pen::{ALICE, BOB, Draft, Pen, SHARDS, asked, id, spell};

/// Small, and the same on every machine.
struct Dice(u64);

impl Dice {
    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % sides
    }

    fn near(&mut self, number: u64) -> u64 {
        (number + self.roll(4)).saturating_sub(2)
    }
}

/// What a record may have wrong; often nothing.
fn spoil(dice: &mut Dice, it: &mut Draft) {
    let envelope = &mut it.0;
    match dice.roll(22) {
        0 => envelope.epoch = dice.near(envelope.epoch),
        1 => envelope.sequence = dice.near(envelope.sequence),
        2 => envelope.proved = dice.near(envelope.proved),
        3 => envelope.leader = BOB.to_owned(),
        4 => envelope.previous = Some(sha256(&[b"another"])),
        5 => envelope.previous = None,
        6 => envelope.journal = id(9),
        7 => {
            envelope.partition =
                [Partition::Program, Partition::Identity, Partition::Number(4)][dice.roll(3) as usize];
        }
        8 => envelope.format = 2,
        9 => envelope.body_version = dice.roll(3),
        10 => envelope.body_sha256 = sha256(&[b"x"]),
        11 => envelope.body_length += 1,
        12 => envelope.kind = [Kind::Lead, Kind::Decision, Kind::Binding][dice.roll(3) as usize],
        13 => it.1 = it.1.replace("0.1.0", "0.2.0"),
        14 => {
            it.1 = it.1.replace("\"rules\":1", ["\"rules\":\"1\"", "\"more\":1"][dice.roll(2) as usize]);
            (envelope.body_length, envelope.body_sha256) = (it.1.len() as u64, sha256(&[it.1.as_bytes()]));
        }
        _ => {}
    }
}

/// A line: what should come next, spoilt or not; or an older line; or one with a flipped bit.
fn next(dice: &mut Dice, pen: &Pen) -> (Vec<u8>, Draft) {
    let mut draft = match dice.roll(4) {
        0 => pen.lead([ALICE, BOB][dice.roll(2) as usize]),
        _ => pen.decision(&asked(dice.roll(9), dice.roll(9), 1)),
    };
    spoil(dice, &mut draft);
    if dice.roll(3) == 0 {
        spoil(dice, &mut draft);
    }
    let mut line = spell(&draft);
    match dice.roll(12) {
        0 if !pen.lines.is_empty() => line.clone_from(&pen.lines[dice.roll(pen.lines.len() as u64) as usize]),
        1 => {
            let at = dice.roll(line.len() as u64) as usize;
            line[at] ^= 1 << dice.roll(8);
        }
        _ => {}
    }
    (line, draft)
}

/// The engine's verdict in the observer's words.
fn theirs(said: &Said) -> Verdict {
    match said {
        Said::Valid => Verdict::Valid,
        Said::Known => panic!("nothing was read again"),
        Said::Void(cause) => Verdict::Void(match cause {
            VoidCause::Unreadable(_) => Void::Unreadable,
            VoidCause::Foreign { .. } => Void::Foreign,
            VoidCause::StaleEpoch { .. } => Void::StaleEpoch,
            VoidCause::NotExtending { .. } => Void::NotExtending,
            VoidCause::Accepted => Void::Accepted,
        }),
        Said::Halt(cause) => Verdict::Halt(match cause {
            HaltCause::OffsetGap { .. } => Halt::OffsetGap,
            HaltCause::UnknownFormat { .. } => Halt::UnknownFormat,
            HaltCause::AcknowledgedHistoryMissing { .. } => Halt::AcknowledgedHistoryMissing,
            HaltCause::NoFirstLead { kind: claim_journal::Kind::Lead, .. } | HaltCause::LeadBeyond { .. } => {
                Halt::LeadBeyond
            }
            HaltCause::NoFirstLead { .. } | HaltCause::EpochBeyond { .. } => Halt::EpochBeyond,
            HaltCause::AnotherLeader { .. } => Halt::AnotherLeader,
            HaltCause::AnotherHistory { .. } => Halt::AnotherHistory,
            HaltCause::UnknownBodyVersion { .. } => Halt::UnknownBodyVersion,
            HaltCause::WrongBodyHash => Halt::WrongBodyHash,
            HaltCause::BadLead => Halt::BadLead,
            other => panic!("{other:?} is none of the rule's"),
        }),
    }
}

#[test] // DESIGN §5, "The rule, the same in every reader"
fn the_engine_and_the_observer_judge_every_record_the_same() {
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    for seed in 0..4_000 {
        let mut dice = Dice(seed);
        let count = dice.roll(2) == 0;
        let (ours, engine) = match count {
            true => (Offsets::Count, TheirOffsets::Count),
            false => (Offsets::Places, TheirOffsets::Positions),
        };
        let mut ours = Chain::new(SHARDS, ours);
        let mut engine = Theirs::new(PartitionId::Number(3), engine);
        if dice.roll(4) == 0 {
            let accepted = dice.roll(12);
            ours.accept_void(accepted);
            engine.accept_void(accepted);
        }
        let mut pen = Pen::new();
        let mut offset = 0;
        for step in 0..24 {
            let (line, draft) = if step == 0 && dice.roll(8) != 0 {
                let draft = pen.lead(ALICE);
                (spell(&draft), draft)
            } else {
                next(&mut dice, &pen)
            };
            let verdict = ours.step(offset, &decode(&line));
            let said = engine.read(offset, &Line::parse(&line));
            let place = || format!("seed {seed}, step {step}: {}", String::from_utf8_lossy(&line));
            assert_eq!(verdict, theirs(&said), "{said:?}: {}", place());
            *seen.entry(format!("{verdict:?}")).or_default() += 1;
            assert_eq!((ours.epoch(), ours.sequence()), (engine.epoch(), engine.sequence()), "{}", place());
            assert_eq!(ours.head().map(str::to_owned), engine.head().map(|it| it.to_string()), "{}", place());
            match verdict {
                Verdict::Halt(_) => {
                    offset = engine.next_offset();
                    continue;
                }
                Verdict::Void(_) => pen.lines.push(line),
                Verdict::Valid if line == spell(&draft) => {
                    pen.leader = if draft.0.leader == BOB { BOB } else { ALICE };
                    pen.write(&draft);
                }
                Verdict::Valid => break,
            }
            offset += if dice.roll(40) == 0 { dice.roll(3) } else { 1 };
        }
    }
    // It counts only if every verdict came up.
    assert_eq!(seen.len(), 16, "{seen:#?}");
}

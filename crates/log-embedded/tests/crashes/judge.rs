//! What must hold of a log that is opened after a crash.

use claim_log::{Batch, Log, Receipt};
use claim_log_embedded::{Ahead, EmbeddedLog, Opened, Planted};

use crate::life::{open, read};
use crate::recorder::{Files, Record, Recorder, is_segment};
use crate::support::disk::Random;
use crate::support::{Hands, PATIENCE};

/// Opens what a crash left: all that was told is there, byte for byte, then a beginning of what was offered, and nothing
/// else; nothing stands behind it. Yields whether a torn tail was cut off.
///
/// # Errors
/// What does not hold.
pub(crate) fn judge(
    files: Files,
    told: &[Record],
    offered: &[Vec<u8>],
    planted: Planted,
) -> Result<bool, String> {
    let disk = Recorder::holding(files);
    let (log, opened) = open(&disk, Ahead::NONE, planted)?;
    let found = read(&log)?;
    if !found.starts_with(told) {
        return Err(format!("{} records were told, and they are not what is read first", told.len()));
    }
    let mut end = told.last().map_or(0, after);
    let rest = found.get(told.len()..).unwrap_or_default();
    for (nth, (offset, line)) in rest.iter().enumerate() {
        if *offset != end || offered.get(nth) != Some(line) {
            return Err(format!("the record at offset {offset} was not written there"));
        }
        end = after(&rest[nth]);
    }
    if opened.end != end || disk.log_len() != end {
        return Err("something stands behind the last record".into());
    }
    // Of many images that differ in a byte, one in a few is enough.
    if opened.records % 4 == 0 {
        goes_on(&log, &opened)?;
    }
    Ok(opened.cut.is_some())
}

fn after((offset, line): &Record) -> u64 {
    offset + line.len() as u64 + 1
}

/// A leader takes over.
fn goes_on(log: &EmbeddedLog, opened: &Opened) -> Result<(), String> {
    let mut hands = Hands::taking_over(&opened.chains, Vec::new());
    for &partition in opened.chains.keys() {
        let lines = vec![hands.line(partition, 10)];
        let (tell, told) = std::sync::mpsc::channel();
        log.append(Batch { partition, lines }, Box::new(move |it| drop(tell.send(it))));
        let receipt = told.recv_timeout(PATIENCE).unwrap();
        if !matches!(receipt, Receipt::Appended { .. }) {
            return Err(format!("nobody can go on: {receipt:?}"));
        }
    }
    Ok(())
}

/// What became of a flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flipped {
    /// Opening names the damage.
    Named,
    /// It lies in the last group, which is cut off and reported.
    Cut,
    /// Nothing changed for any reader.
    Harmless,
}

/// Flips one bit of what a killed process left: whatever is still read is what was written, and what is missing is
/// reported.
///
/// # Errors
/// What does not hold.
pub(crate) fn judge_flipped(
    mut files: Files,
    told: &[Record],
    offered: &[Vec<u8>],
    planted: Planted,
    random: &mut Random,
) -> Result<Flipped, String> {
    let held = files.values_mut().filter(|it| !it.is_empty()).collect::<Vec<_>>();
    let count = held.len();
    if let Some(file) = held.into_iter().nth(random.below(count.max(1))) {
        let bit = random.below(file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
    }
    let len = files.iter().filter(|it| is_segment(it.0)).map(|it| it.1.len() as u64).sum::<u64>();
    let disk = Recorder::holding(files);
    let Ok((log, opened)) = open(&disk, Ahead::NONE, planted) else { return Ok(Flipped::Named) };
    let found = read(&log)?;
    let written = told.iter().map(|it| &it.1).chain(offered);
    if !found.iter().map(|it| &it.1).eq(written.take(found.len())) {
        return Err("a flipped bit is read as if it had been written".into());
    }
    match opened.cut {
        // A group has three records at most, and only the last one can be cut off.
        Some(cut) if cut.offset + longest(told, offered) * 3 < len => {
            Err(format!("{} bytes are cut off for one flipped bit", cut.bytes))
        }
        Some(_) => Ok(Flipped::Cut),
        None if found.len() < told.len() => Err("records are missing, and nothing says so".into()),
        None => Ok(Flipped::Harmless),
    }
}

fn longest(told: &[Record], offered: &[Vec<u8>]) -> u64 {
    told.iter().map(|it| &it.1).chain(offered).map(|it| it.len() as u64 + 1).max().unwrap_or(0)
}

//! A reign: from one's own lead, read back as valid, to the end of it. Takes commands, decides, appends, learns what is true.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use claim_domain::asker::Source;
use claim_domain::catalog::Catalog;
use claim_domain::ids::CommandId;
use claim_journal::{Chain, Entry, Forwarded, LeaderId, Line, PartitionId, ProgramPosition, Tick};
use claim_log::{Arrivals, Batch, Judged, Judging, Receipt, Received, Stored};

use crate::partition::{Answers, Partition, Step, WriteError};
use crate::planted::PlantedFault;
use crate::seat::{Desk, Message, SeatError, SeatParts};
use crate::watermark::Watermark;

/// How many records may be on their way before no more input is taken.
const WINDOW: usize = 8_192;
/// How many records of input are taken before what was written for them is appended.
const INPUTS_AT_ONCE: usize = 1_024;
/// How many deadlines fire between two looks at what else is to be done (F-42).
const DEADLINES_AT_ONCE: usize = 512;
/// How long to wait for input while nothing is on its way.
const IDLE: Duration = Duration::from_millis(50);
/// How long to wait for input while receipts are expected.
const BUSY: Duration = Duration::from_millis(1);
/// How long one look at the program waits for what a command was stamped with.
const PROGRAM: Duration = Duration::from_millis(20);
/// How often the end of the commands partition is asked, and the last record known compared.
const LOOK: Duration = Duration::from_secs(1);

/// How a reign ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Ordered to, with everything written known to be durable.
    StoodDown,
    /// Another leads.
    Deposed,
    /// Nobody knows what became of a record: lead again and read (DESIGN §5).
    Unclear,
}

/// A partition that is led.
pub(crate) struct Reign {
    partition: Partition,
    leader: LeaderId,
    arrivals: Box<dyn Arrivals>,
    /// The next offset to be taken of the commands partition.
    next_input: u64,
    /// The offset at which the next record is expected to be acknowledged, if nobody else writes.
    next_offset: u64,
    watermark: Watermark,
    catalog: Catalog,
    /// The position of the program up to which the catalog is.
    program: ProgramPosition,
    /// The last offset that was read and not just acknowledged.
    read: Option<u64>,
    /// Reads behind what is told while nothing is written.
    tail: Option<Judging>,
    looked: Instant,
}

impl Reign {
    pub(crate) fn begin(
        parts: &SeatParts,
        partition: Partition,
        start: u64,
        next_offset: u64,
    ) -> Result<Self, SeatError> {
        let arrivals = parts.inbox.read(&BTreeMap::from([(parts.commands.clone(), start)]))?;
        Ok(Self {
            leader: partition.leader(),
            partition,
            arrivals,
            next_input: start,
            next_offset,
            watermark: Watermark::default(),
            catalog: Catalog::default(),
            program: ProgramPosition { sequence: 0, head: None },
            read: None,
            tail: None,
            looked: Instant::now(),
        })
    }

    fn read_to(&mut self, offset: u64) {
        self.read = self.read.max(Some(offset));
        self.next_offset = self.next_offset.max(offset + 1);
    }

    /// Records are true at these offsets. On a log with topics nobody waits here for their outcomes.
    fn appended(&mut self, offsets: &[u64]) {
        self.partition.appended(offsets, &mut Answers::default());
    }

    /// What the program's own leader decided is where the program stands.
    fn program_moved(&mut self, partition: PartitionId) {
        if partition == PartitionId::Program {
            self.program = self.partition.written();
        }
    }
}

impl Desk {
    /// Decides until the reign ends; what it made true is kept.
    pub(crate) fn reign(&mut self, mut reign: Reign) -> Result<Ended, SeatError> {
        let ended = self.rule(&mut reign);
        if !matches!(ended, Ok(Ended::StoodDown)) {
            self.note(|it| it.lost_leads += 1);
        }
        self.keep(reign.partition);
        ended
    }

    fn rule(&mut self, reign: &mut Reign) -> Result<Ended, SeatError> {
        loop {
            while self.listen(Duration::ZERO) {}
            while let Some(receipt) = self.next_receipt(reign.leader) {
                if let Some(ended) = self.learn(reign, receipt)? {
                    return Ok(ended);
                }
            }
            if !self.wants_to_lead() && reign.partition.pending() == 0 {
                return Ok(Ended::StoodDown);
            }
            let mut lines = Vec::new();
            let mut due = false;
            if self.wants_to_lead() && reign.partition.pending() < WINDOW {
                self.take_inputs(reign, &mut lines)?;
                due = self.fire(reign, &mut lines)?;
            } else {
                self.listen(IDLE);
            }
            self.append(reign, lines);
            self.tell_status(reign);
            if !due && reign.looked.elapsed() >= LOOK {
                reign.looked = Instant::now();
                if let Some(ended) = self.look(reign)? {
                    return Ok(ended);
                }
            }
        }
    }

    /// Takes the commands and ticks that are there, at most so many.
    fn take_inputs(&mut self, reign: &mut Reign, lines: &mut Vec<Entry>) -> Result<(), SeatError> {
        let mut wait = if reign.partition.pending() == 0 { IDLE } else { BUSY };
        for _ in 0..INPUTS_AT_ONCE {
            let Some(received) = reign.arrivals.next(wait)? else { return Ok(()) };
            wait = Duration::ZERO;
            if received.offset != reign.next_input {
                let why = format!("{} stands where {} is next", received.offset, reign.next_input);
                return Err(SeatError::CommandsMissing { place: received.place, why });
            }
            let next = received.offset + 1;
            if !self.take(reign, received, lines)? {
                return Ok(());
            }
            reign.next_input = next;
        }
        Ok(())
    }

    fn take(
        &mut self,
        reign: &mut Reign,
        received: Received,
        lines: &mut Vec<Entry>,
    ) -> Result<bool, SeatError> {
        let offset = received.offset;
        let mut routed = match Forwarded::from_json(received.value.as_deref().unwrap_or_default()) {
            Ok(Forwarded::Command(routed)) => routed,
            Ok(Forwarded::Tick(tick)) => {
                reign.watermark.hear(&tick);
                // What comes behind this tick must find the deadlines fired, however many they are (F-42).
                while self.fire(reign, lines)? {
                    self.append(reign, std::mem::take(lines));
                }
                return Ok(true);
            }
            Err(error) => {
                tracing::error!(place = %received.place, offset, %error, "neither a command nor a tick; skipped");
                self.note(|it| it.unreadable += 1);
                return Ok(true);
            }
        };
        let belongs = routed.route.partition(self.parts.settings.partitions);
        if belongs != self.parts.partition {
            return Err(SeatError::WrongPartition { offset, belongs });
        }
        if self.parts.partition == PartitionId::Program {
            // Its own commands are decided with everything decided before them.
            if !self.know_own(reign)? {
                return Ok(false);
            }
            routed.program = reign.program;
        } else if !self.know_program(reign, routed.program.sequence)? {
            return Ok(false);
        }
        let decided = reign.partition.decide(*routed, Some(offset), &mut reign.catalog, None, lines);
        match decided.map_err(|it| invalid(&it))? {
            Step::Written => reign.program_moved(self.parts.partition),
            // Its answer stands; on a log with topics nobody waits here for it to be told again.
            Step::Recall(..) | Step::Waits => self.note(|it| it.repeats += 1),
        }
        Ok(true)
    }

    /// Waits until the program was read as far as a command was stamped with; not, when the reign is to end meanwhile.
    fn know_program(&mut self, reign: &mut Reign, sequence: u64) -> Result<bool, SeatError> {
        while sequence > reign.program.sequence {
            if !self.wants_to_lead() {
                return Ok(false);
            }
            let read = self.parts.program.at_least(sequence, PROGRAM).map_err(SeatError::Program)?;
            if let Some((position, catalog)) = read {
                (reign.program, reign.catalog) = (position, (*catalog).clone());
            }
            while self.listen(Duration::ZERO) {}
        }
        Ok(true)
    }

    /// The program's own leader reads what was decided before its reign; the rest it decides itself.
    fn know_own(&mut self, reign: &mut Reign) -> Result<bool, SeatError> {
        let unread = reign.program.sequence == 0 && reign.partition.pending() == 0;
        let proved = reign.partition.proved();
        if unread { self.know_program(reign, proved) } else { Ok(true) }
    }

    /// Fires a bounded number of the deadlines that W allows.
    fn fire(&mut self, reign: &mut Reign, lines: &mut Vec<Entry>) -> Result<bool, SeatError> {
        let Some(w) = reign.watermark.w() else { return Ok(false) };
        let fired = reign.partition.fire_due(Tick { w, imported: false }, DEADLINES_AT_ONCE, lines);
        fired.map_err(|it| invalid(&it))
    }

    fn append(&self, reign: &Reign, lines: Vec<Entry>) {
        if lines.is_empty() {
            return;
        }
        let (messages, leader) = (self.messages.clone(), reign.leader);
        let tell = move |receipt| drop(messages.send(Message::Receipt { leader, receipt }));
        self.parts.log.append(Batch { partition: self.parts.partition, lines }, Box::new(tell));
    }

    /// Learns what became of a batch: true when acknowledged at exactly the next offset; a gap is read (DESIGN rule 4).
    fn learn(&mut self, reign: &mut Reign, receipt: Receipt) -> Result<Option<Ended>, SeatError> {
        let offsets = match receipt {
            Receipt::Appended { offsets } => offsets,
            Receipt::Fenced => return Ok(Some(Ended::Deposed)),
            Receipt::Unclear(why) => {
                tracing::warn!(partition = %self.parts.partition, %why, "unclear; leading again");
                return Ok(Some(Ended::Unclear));
            }
        };
        // A gap that was read before told these already.
        let fresh: Vec<u64> = offsets.into_iter().filter(|it| Some(*it) > reign.read).collect();
        if self.parts.planted.has(PlantedFault::TellWhenAcknowledged) {
            reign.appended(&fresh);
            reign.next_offset = fresh.last().map_or(reign.next_offset, |it| it + 1);
            return Ok(None);
        }
        let next = (reign.next_offset..).zip(&fresh).take_while(|(next, offset)| next == *offset).count();
        reign.appended(&fresh[..next]);
        reign.next_offset += next as u64;
        match (fresh.get(next), fresh.last()) {
            (None, _) | (_, None) => Ok(None),
            (Some(found), Some(last)) if *found > reign.next_offset => self.read_gap(reign, *last),
            // The log went back: what was known is gone, which comparing shows.
            (Some(_), Some(_)) => self.compare(&self.told(reign)).map(|()| Some(Ended::Unclear)),
        }
    }

    /// Somebody else's records, or records of an earlier reign, stand between ours: the chain says what counts.
    fn read_gap(&mut self, reign: &mut Reign, last: u64) -> Result<Option<Ended>, SeatError> {
        let mut judging = Judging::resume(&*self.parts.log, [self.told(reign)])?;
        while reign.next_offset <= last {
            let Some(judged) = judging.next()? else {
                std::thread::sleep(BUSY);
                continue;
            };
            match judged {
                Judged::Valid(stored) => {
                    let chain = judging.chain(self.parts.partition);
                    if chain.and_then(Chain::leader) != Some(reign.leader) {
                        return Ok(Some(Ended::Deposed));
                    }
                    reign.read_to(stored.offset);
                    reign.appended(&[stored.offset]);
                }
                Judged::Void(stored, cause) => {
                    reign.read_to(stored.offset);
                    self.void(&stored, cause);
                    if let Some(ended) = own_is_void(&stored, reign) {
                        return Ok(Some(ended));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Compares the last record known to be true, and looks how much input waits.
    fn look(&mut self, reign: &mut Reign) -> Result<Option<Ended>, SeatError> {
        self.compare(&self.told(reign))?;
        let (_, end) = self.parts.inbox.range(&self.parts.commands)?;
        let lag = end.saturating_sub(reign.next_input);
        self.note(|it| it.lag = lag);
        self.tell_promises(reign);
        if reign.partition.pending() > 0 {
            reign.tail = None;
            return Ok(None);
        }
        self.look_behind(reign)
    }

    /// A leader that writes nothing does not notice otherwise that it was deposed.
    fn look_behind(&mut self, reign: &mut Reign) -> Result<Option<Ended>, SeatError> {
        let mut tail = match reign.tail.take() {
            Some(tail) => tail,
            None => Judging::resume(&*self.parts.log, [self.told(reign)])?,
        };
        while tail.ready(Duration::ZERO)? {
            let Some(judged) = tail.next()? else { break };
            match judged {
                Judged::Valid(stored) if stored.offset >= reign.next_offset => {
                    return Ok(Some(Ended::Deposed));
                }
                Judged::Void(stored, cause) if stored.offset >= reign.next_offset => {
                    reign.read_to(stored.offset);
                    self.void(&stored, cause);
                }
                Judged::Valid(_) | Judged::Void(..) => {}
            }
        }
        reign.tail = Some(tail);
        Ok(None)
    }

    /// The chain up to the last record known to be true.
    fn told(&self, reign: &Reign) -> Chain {
        reign.partition.told().map_or_else(|| self.chain.again(), |told| self.chain.at(told))
    }

    fn tell_status(&self, reign: &Reign) {
        let pending = reign.partition.pending();
        let decided = || reign.partition.input().map(|it| it.offset + 1);
        let done = if pending == 0 { Some(reign.next_input) } else { decided() };
        self.note(|it| {
            it.sequence = reign.partition.proved();
            it.speculative = pending;
            it.done = done.max(it.done);
        });
    }

    fn tell_promises(&self, reign: &Reign) {
        let heard = reign.watermark.heard().map(|(topic, partition, w)| ((topic.into(), partition), w));
        self.note(|it| (it.w, it.heard) = (reign.watermark.w(), heard.collect()));
    }

    /// The source and id of the command at an offset of the commands partition.
    pub(crate) fn command_at(&self, offset: u64) -> Result<Option<(Source, CommandId)>, SeatError> {
        let place = &self.parts.commands;
        let mut arrivals = self.parts.inbox.read(&BTreeMap::from([(place.clone(), offset)]))?;
        let found = arrivals.next(Duration::from_secs(10))?.filter(|it| it.offset == offset);
        let forwarded = found.and_then(|it| Forwarded::from_json(it.value.as_deref()?).ok());
        Ok(match forwarded {
            Some(Forwarded::Command(routed)) => Some((routed.source, routed.id)),
            Some(Forwarded::Tick(_)) | None => None,
        })
    }
}

/// A record that we wrote and do not know of yet was void while we lead: nothing of what follows it can be valid.
fn own_is_void(stored: &Stored, reign: &Reign) -> Option<Ended> {
    let line = Line::parse(&stored.line).ok()?;
    let own = line.envelope.leader == reign.leader && line.envelope.sequence > reign.partition.proved();
    own.then_some(Ended::Unclear)
}

fn invalid(error: &WriteError) -> SeatError {
    SeatError::Invalid(error.to_string())
}

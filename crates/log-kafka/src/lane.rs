//! What is on its way to one partition, in order.

use std::collections::VecDeque;

use claim_log::{Place, Unclear};

use crate::teller::{Fate, TellFate, Teller};

/// The records of one producer that are on their way to one partition.
pub(crate) struct Lane {
    /// The partition.
    pub(crate) place: Place,
    awaited: VecDeque<Awaited>,
    sent: usize,
    confirmed: usize,
    last: Option<u64>,
    ended: Option<Unclear>,
}

/// One append and what is known of it.
struct Awaited {
    records: usize,
    offsets: Vec<u64>,
    tell: TellFate,
}

impl Lane {
    /// Nothing on its way.
    pub(crate) fn new(place: Place) -> Self {
        Self { place, awaited: VecDeque::new(), sent: 0, confirmed: 0, last: None, ended: None }
    }

    /// Expects an append of so many records, and gives the number of the first; none when the lane has ended, which is
    /// told.
    pub(crate) fn expect(&mut self, records: usize, tell: TellFate, teller: &Teller) -> Option<usize> {
        if let Some(why) = &self.ended {
            teller.tell(tell, Err(why.clone()));
            return None;
        }
        let first = self.sent;
        self.sent += records;
        self.awaited.push_back(Awaited { records, offsets: Vec::with_capacity(records), tell });
        self.settle(teller);
        Some(first)
    }

    /// Whether nothing more can be sent.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Why nothing more can be sent, if so.
    pub(crate) fn ended(&self) -> Option<Unclear> {
        self.ended.clone()
    }

    /// Takes a delivery report. Whatever is not the next record at a later offset ends the lane.
    pub(crate) fn report(&mut self, number: usize, offset: Result<u64, Unclear>, teller: &Teller) {
        if self.ended.is_some() {
            return;
        }
        match offset {
            Ok(offset) if number == self.confirmed && self.last.is_none_or(|last| last < offset) => {
                self.confirmed += 1;
                self.last = Some(offset);
                if let Some(first) = self.awaited.front_mut() {
                    first.offsets.push(offset);
                }
                self.settle(teller);
            }
            Ok(offset) => {
                let why = format!("record {number} was acknowledged at offset {offset}, out of order");
                self.end(Unclear::Io(why), teller);
            }
            Err(why) => self.end(why, teller),
        }
    }

    /// Ends the lane: what is on its way is unclear, and all that comes.
    pub(crate) fn end(&mut self, why: Unclear, teller: &Teller) {
        for it in self.awaited.drain(..) {
            teller.tell(it.tell, Err(why.clone()));
        }
        self.ended.get_or_insert(why);
    }

    fn settle(&mut self, teller: &Teller) {
        while let Some(it) = self.awaited.pop_front_if(|it| it.offsets.len() == it.records) {
            let fate: Fate = Ok(it.offsets);
            teller.tell(it.tell, fate);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    fn lane() -> (Lane, Teller) {
        (Lane::new(Place::new("journal", 0)), Teller::start().unwrap())
    }

    fn expect(lane: &mut Lane, teller: &Teller, records: usize) -> (Option<usize>, Receiver<Fate>) {
        let (tell, told) = channel();
        (lane.expect(records, Box::new(move |fate| drop(tell.send(fate))), teller), told)
    }

    #[test]
    fn an_append_is_told_when_all_of_it_is_there() {
        let (mut lane, teller) = lane();
        let (first, two) = expect(&mut lane, &teller, 2);
        let (next, none) = expect(&mut lane, &teller, 0);
        assert_eq!((first, next), (Some(0), Some(2)));
        lane.report(0, Ok(10), &teller);
        assert!(two.try_recv().is_err());
        lane.report(1, Ok(12), &teller);
        assert_eq!(two.recv().unwrap(), Ok(vec![10, 12]));
        assert_eq!(none.recv().unwrap(), Ok(vec![]));
    }

    #[test] // DESIGN §5, "Leaders": after any unclear result, lead again
    fn after_an_unclear_report_all_is_unclear() {
        for bad in [(0, Err(Unclear::Closed)), (1, Ok(5)), (0, Ok(5))] {
            let (mut lane, teller) = lane();
            let (_, before) = expect(&mut lane, &teller, 2);
            if bad == (0, Ok(5)) {
                // The same record acknowledged twice.
                lane.report(0, Ok(5), &teller);
            }
            lane.report(bad.0, bad.1, &teller);
            lane.report(1, Ok(6), &teller);
            let (number, after) = expect(&mut lane, &teller, 1);
            assert!(before.recv().unwrap().is_err() && number.is_none() && lane.has_ended());
            assert!(after.recv().unwrap().is_err());
        }
    }
}

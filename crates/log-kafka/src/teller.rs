//! One thread that tells what became of appends, in the order in which it became known.
//!
//! So that whoever is told may append at once, and nobody is told on a thread that holds a lock.

use std::sync::mpsc::{Sender, channel};
use std::{io, thread};

use claim_log::Unclear;

/// What became of the records of one append: their offsets.
pub(crate) type Fate = Result<Vec<u64>, Unclear>;

/// Called once with what became of an append.
pub(crate) type TellFate = Box<dyn FnOnce(Fate) + Send>;

/// Hands fates to the thread that tells them; the thread ends with the last of these.
#[derive(Clone, Debug)]
pub(crate) struct Teller(Sender<(TellFate, Fate)>);

impl Teller {
    /// Starts the thread.
    pub(crate) fn start() -> io::Result<Self> {
        let (sender, fates) = channel::<(TellFate, Fate)>();
        let tell = move || fates.into_iter().for_each(|(tell, fate)| tell(fate));
        thread::Builder::new().name("kafka-tell".to_owned()).spawn(tell)?;
        Ok(Self(sender))
    }

    /// Tells, soon.
    pub(crate) fn tell(&self, tell: TellFate, fate: Fate) {
        drop(self.0.send((tell, fate)));
    }
}

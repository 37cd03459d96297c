//! A proxy between clients and a broker that knows where a request of Kafka begins: it can hold back or lose the answers
//! to what is produced, and cut connections.
//!
//! A frame is its length (4 bytes, big endian) and that many bytes; a request begins with its kind (2 bytes), version
//! (2 bytes) and number (4 bytes), an answer with the number of its request.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Unavailable;

/// The kind of a request that produces records.
const PRODUCE: [u8; 2] = [0, 0];

/// The largest frame that is believed.
const LARGEST: usize = 100 << 20;

/// How long to wait for an answer to catch.
const PATIENCE: Duration = Duration::from_secs(30);

/// What happens to the answers to what is produced. The records themselves always reach the broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// They arrive.
    #[default]
    Pass,
    /// They wait until something else is chosen.
    Hold,
    /// They vanish, and the connection stays.
    Lose,
}

/// The proxy; it ends with the cluster that it is a part of.
#[derive(Clone)]
pub struct Proxy(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    answers: Answers,
    lost: usize,
    held: usize,
    open: Vec<TcpStream>,
}

impl Proxy {
    /// Listens on `port` for clients of the broker at `broker`.
    pub(super) fn start(port: u16, broker: u16) -> Result<Self, Unavailable> {
        let listener = TcpListener::bind(("127.0.0.1", port));
        let listener = listener.map_err(Unavailable::because("listening as a proxy"))?;
        let shared = Shared { state: Mutex::default(), changed: Condvar::new() };
        let proxy = Self(Arc::new(shared));
        let accepting = proxy.clone();
        let accept = move || {
            for client in listener.incoming().flatten() {
                // A broker that is away is a connection that ends.
                drop(accepting.connect(client, broker));
            }
        };
        let thread = thread::Builder::new().name("proxy".to_owned()).spawn(accept);
        thread.map_err(Unavailable::because("starting a thread"))?;
        Ok(proxy)
    }

    /// Chooses what happens to answers from now on, those that are held included.
    pub fn answers(&self, answers: Answers) {
        self.state().answers = answers;
        self.0.changed.notify_all();
    }

    /// Waits, not for ever, until so many answers were held or lost in all, and gives how many were.
    #[must_use]
    pub fn caught(&self, least: usize) -> usize {
        let state = self.state();
        let waited = self.0.changed.wait_timeout_while(state, PATIENCE, |it| it.held + it.lost < least);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.held + state.lost
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        for connection in self.state().open.drain(..) {
            drop(connection.shutdown(Shutdown::Both));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connect(&self, client: TcpStream, broker: u16) -> io::Result<()> {
        let broker = TcpStream::connect(("127.0.0.1", broker))?;
        client.set_nodelay(true)?;
        broker.set_nodelay(true)?;
        self.state().open.extend([client.try_clone()?, broker.try_clone()?]);
        let produced = Arc::new(Mutex::new(BTreeSet::new()));
        let (from, to, noted) = (client.try_clone()?, broker.try_clone()?, Arc::clone(&produced));
        thread::spawn(move || {
            drop(requests(&from, &to, &noted));
            close(&from, &to);
        });
        let proxy = self.clone();
        thread::spawn(move || {
            drop(proxy.replies(&broker, &client, &produced));
            close(&broker, &client);
        });
        Ok(())
    }

    fn replies(
        &self,
        mut from: &TcpStream,
        mut to: &TcpStream,
        produced: &Mutex<BTreeSet<[u8; 4]>>,
    ) -> io::Result<()> {
        loop {
            let frame = frame(&mut from)?;
            let number: [u8; 4] = frame.get(4..8).and_then(|it| it.try_into().ok()).unwrap_or_default();
            let to_produce = produced.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            if !to_produce || self.may_pass() {
                to.write_all(&frame)?;
            }
        }
    }

    /// Waits while answers are held; whether this one passes then.
    fn may_pass(&self) -> bool {
        let mut state = self.state();
        if state.answers == Answers::Hold {
            state.held += 1;
            self.0.changed.notify_all();
        }
        while state.answers == Answers::Hold {
            state = self.0.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let lose = state.answers == Answers::Lose;
        if lose {
            state.lost += 1;
            self.0.changed.notify_all();
        }
        !lose
    }
}

fn requests(mut from: &TcpStream, mut to: &TcpStream, produced: &Mutex<BTreeSet<[u8; 4]>>) -> io::Result<()> {
    loop {
        let frame = frame(&mut from)?;
        if let (Some(kind), Some(number)) = (frame.get(4..6), frame.get(8..12))
            && kind == PRODUCE
            && let Ok(number) = number.try_into()
        {
            produced.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
        }
        to.write_all(&frame)?;
    }
}

/// One frame with its length.
fn frame(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let size = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if size > LARGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut frame = vec![0; 4 + size];
    let (head, rest) = frame.split_at_mut(4);
    head.copy_from_slice(&length);
    from.read_exact(rest)?;
    Ok(frame)
}

fn close(one: &TcpStream, other: &TcpStream) {
    drop(one.shutdown(Shutdown::Both));
    drop(other.shutdown(Shutdown::Both));
}

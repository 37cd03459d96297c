//! Ports that nobody uses: below those that the kernel gives to clients, so that a broker finds its own again.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Where ports for brokers begin, and how many there are.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// `count` free ports on loopback. Test programs begin to look at different places.
pub(super) fn free(count: usize) -> Vec<u16> {
    let own = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap_or_default().wrapping_mul(37);
    let candidates =
        std::iter::repeat_with(|| FIRST + own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT);
    let free = candidates.take(usize::from(COUNT)).filter(|it| TcpListener::bind(("127.0.0.1", *it)).is_ok());
    free.take(count).collect()
}

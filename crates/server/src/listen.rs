//! Connections: HTTP/1.1 with our own timers, a bounded number of them, drained when the process stops.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// How long a client may take to send a header, and an idle connection may be silent (F-58).
const HEADER_WITHIN: Duration = Duration::from_secs(10);
/// The most bytes of a header.
const HEADER_BYTES: usize = 64 * 1024;
/// The most connections at once; others wait to be accepted.
const CONNECTIONS: usize = 1024;
/// How long to wait when no connection can be accepted, for instance for want of file descriptors (F-78).
const NOT_NOW: Duration = Duration::from_millis(50);

/// Why an address is not listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// It is no address, or its name is unknown.
    #[error("{address} is no address to listen on: write it as 127.0.0.1:8080")]
    NoAddress {
        /// What was asked for.
        address: String,
    },
    /// It can be reached from other machines.
    #[error(
        "{address} can be reached from other machines, and there is no sign-in yet, so whoever asks is believed: listen on \
         a loopback address such as 127.0.0.1:8080"
    )]
    NotLoopback {
        /// What was asked for.
        address: String,
    },
    /// The system refused.
    #[error("{address} cannot be listened on")]
    Refused {
        /// What was asked for.
        address: SocketAddr,
        /// How it failed.
        #[source]
        source: io::Error,
    },
}

/// How draining ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request was answered.
    All,
    /// Some were still on their way when the time was over.
    NotAll,
}

/// Accepts connections.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

/// The address that a text names, if only this machine can reach it.
///
/// # Errors
/// [`ListenError::NoAddress`] or [`ListenError::NotLoopback`].
pub fn loopback(text: &str) -> Result<SocketAddr, ListenError> {
    let address = || text.to_owned();
    let mut all = text.to_socket_addrs().map_err(|_| ListenError::NoAddress { address: address() })?;
    let first = all.next().ok_or_else(|| ListenError::NoAddress { address: address() })?;
    if !first.ip().is_loopback() || all.any(|it| !it.ip().is_loopback()) {
        return Err(ListenError::NotLoopback { address: address() });
    }
    Ok(first)
}

impl Listener {
    /// Listens on a loopback address.
    ///
    /// # Errors
    /// [`ListenError`] when it is no loopback address, or already in use.
    pub async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        if !address.ip().is_loopback() {
            return Err(ListenError::NotLoopback { address: address.to_string() });
        }
        let refused = |source| ListenError::Refused { address, source };
        let tcp = TcpListener::bind(address).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        Ok(Self { tcp, address })
    }

    /// Where it listens, the port chosen by the system included.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` comes, then answers what was asked and takes nothing new, for as long as `limit` at most.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>, limit: Duration) -> Drained {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let accepting = async {
            loop {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
                match self.tcp.accept().await {
                    Ok((stream, _)) => begin(stream, &router, &graceful, place),
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        sleep(NOT_NOW).await;
                    }
                }
            }
        };
        tokio::select! {
            () = accepting => {}
            () = stop => {}
        }
        drop(self.tcp);
        match timeout(limit, graceful.shutdown()).await {
            Ok(()) => Drained::All,
            Err(_) => Drained::NotAll,
        }
    }
}

fn begin(stream: TcpStream, router: &Router, graceful: &GracefulShutdown, place: OwnedSemaphorePermit) {
    drop(stream.set_nodelay(true));
    let service = TowerToHyperService::new(router.clone());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN).max_buf_size(HEADER_BYTES);
    let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
    tokio::spawn(async move {
        // Whoever hangs up or sends nonsense hears so from hyper; it is nothing of ours.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_listened_on() {
        for good in ["127.0.0.1:0", "[::1]:8080", "127.1.2.3:1"] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:80"] {
            assert!(matches!(loopback(bad), Err(ListenError::NotLoopback { .. })), "{bad}");
        }
        for bad in ["", "8080", "127.0.0.1", "127.0.0.1:x"] {
            assert!(matches!(loopback(bad), Err(ListenError::NoAddress { .. })), "{bad}");
        }
    }
}

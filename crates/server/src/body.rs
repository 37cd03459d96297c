//! Bodies, read frame by frame within bounds: of each, of all together, and of time (F-56, F-57, F-58).

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::HttpProblem;

/// The most bytes of one body.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// The most bytes of all bodies that are being read or answered.
const MAX_BYTES_AT_ONCE: usize = 64 * 1024 * 1024;
/// In what pieces that is counted.
const PIECE_BYTES: usize = 64 * 1024;
/// How much of a body that is too large is let go by, and for how long.
const MAX_DISCARDED_BYTES: usize = 64 * 1024 * 1024;
const DISCARD_WITHIN: Duration = Duration::from_secs(5);
/// How long a client may take to send a body.
const BODY_WITHIN: Duration = Duration::from_secs(15);

/// The memory that all bodies together may take.
#[derive(Clone, Debug)]
pub(crate) struct Room(Arc<Semaphore>);

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_BYTES_AT_ONCE / PIECE_BYTES)))
    }
}

/// A body, and the room it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) bytes: Bytes,
    _room: Vec<OwnedSemaphorePermit>,
}

impl Room {
    /// Reads a whole body.
    ///
    /// # Errors
    /// `too_large`, `malformed` when it is compressed or breaks off, `busy` when there is no room, `request_timed_out`
    /// when it does not come in time.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Kept, HttpProblem> {
        if let Some(encoding) = headers.get(header::CONTENT_ENCODING).filter(|it| *it != "identity") {
            let message = format!("a body in the encoding {encoding:?} is not read; send it as it is");
            return Err(HttpProblem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "encoding_not_supported",
                message,
            ));
        }
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|it| it > MAX_BODY_BYTES) {
            // Whoever waits to be told to go on is told not to; whoever sends all the same hears it in the end.
            if !headers.contains_key(header::EXPECT) {
                discard(body).await;
            }
            return Err(over());
        }
        timeout(BODY_WITHIN, self.collect(body)).await.unwrap_or_else(|_| {
            let message = format!("the body did not come within {} s", BODY_WITHIN.as_secs());
            Err(HttpProblem::new(StatusCode::REQUEST_TIMEOUT, "request_timed_out", message))
        })
    }

    async fn collect(&self, mut body: Body) -> Result<Kept, HttpProblem> {
        let mut bytes = Vec::new();
        let mut room = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| HttpProblem::malformed("body", "the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > MAX_BODY_BYTES {
                drop((bytes, room));
                discard(body).await;
                return Err(over());
            }
            while room.len() * PIECE_BYTES < bytes.len() + data.len() {
                let piece = Arc::clone(&self.0).try_acquire_owned();
                room.push(piece.map_err(|_| HttpProblem::busy())?);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Kept { bytes: bytes.into(), _room: room })
    }
}

/// Lets the rest of a body that is too large go by, a bounded part of it: a client that is hung up on while it sends does not
/// hear why.
async fn discard(mut body: Body) {
    let mut left = MAX_DISCARDED_BYTES;
    let passing = async {
        while let Some(Ok(frame)) = body.frame().await
            && let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len))
        {
            left = less;
        }
    };
    drop(timeout(DISCARD_WITHIN, passing).await);
}

fn over() -> HttpProblem {
    HttpProblem::too_large(format!("the body has more than {MAX_BODY_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test] // F-56
    async fn bodies_share_a_bounded_room_and_give_it_back() {
        let room = Room::default();
        let read =
            async |room: &Room| room.read(&HeaderMap::new(), Body::from(vec![b' '; MAX_BODY_BYTES])).await;
        let mut kept = Vec::new();
        for _ in 0..MAX_BYTES_AT_ONCE / MAX_BODY_BYTES {
            kept.push(read(&room).await.unwrap());
        }
        assert_eq!(read(&room).await.unwrap_err().code(), "busy");
        kept.pop();
        assert_eq!(read(&room).await.unwrap().bytes.len(), MAX_BODY_BYTES);
    }

    #[tokio::test] // F-56, F-57
    async fn too_much_and_what_is_compressed_is_not_read() {
        let room = Room::default();
        let longer = Body::from(vec![b' '; MAX_BODY_BYTES + 1]);
        assert_eq!(room.read(&HeaderMap::new(), longer).await.unwrap_err().code(), "too_large");
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_LENGTH, (MAX_BODY_BYTES + 1).into());
        assert_eq!(room.read(&headers, Body::empty()).await.unwrap_err().code(), "too_large");
        let headers = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().unwrap())]);
        assert_eq!(room.read(&headers, Body::empty()).await.unwrap_err().code(), "encoding_not_supported");
    }
}

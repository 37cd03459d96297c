//! Where results go: the inbox of our own performer.

use std::sync::Arc;
use std::time::Duration;

use claim_log::{Outgoing, Outlet, Place};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long to wait before a result that may not be there is written again.
const AGAIN: Duration = Duration::from_secs(1);

/// The way of results.
#[derive(Clone)]
pub(crate) struct Results {
    pub(crate) outlet: Arc<dyn Outlet>,
    pub(crate) inbox: Place,
}

impl Results {
    /// Reports a result; returns once it is durable. What is written twice is decided once: its id follows from the effect.
    pub(crate) async fn report(&self, command: &Value) {
        loop {
            let (tell, told) = oneshot::channel();
            let key = command["body"]["claim"].as_str().map(|it| it.as_bytes().to_vec());
            let value = command.to_string().into_bytes();
            let outgoing = Outgoing { place: self.inbox.clone(), key, headers: Vec::new(), value };
            self.outlet.send(outgoing, Box::new(move |offset| drop(tell.send(offset))));
            match told.await {
                Ok(Ok(_)) => return,
                Ok(Err(unclear)) => {
                    tracing::warn!(%unclear, "a result is written again: nobody knows what became of it");
                }
                Err(_) => tracing::warn!("a result is written again: it was not answered"),
            }
            self.outlet.renew();
            sleep(AGAIN).await;
        }
    }
}

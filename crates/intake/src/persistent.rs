//! A directory that is asked again until it answers: where commands wait in an inbox, they can wait for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use claim_domain::identifier::Identifier;
use tokio::time::{Instant, sleep};

use crate::ports::{Directory, DirectoryError, Facts, Opportunity, Tenant, WithTimeout};

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a single question may still take after the last time it may be asked.
const LAST: Duration = Duration::from_secs(30);

struct Persistent {
    inner: WithTimeout,
    patience: Duration,
}

/// The same directory, each question to it repeated until it is answered, for as long as `patience`.
pub(crate) fn persistent(inner: WithTimeout, patience: Duration) -> WithTimeout {
    WithTimeout::new(Arc::new(Persistent { inner, patience }), patience + PAUSE + LAST)
}

/// Asks until there is an answer or patience has ended.
macro_rules! ask {
    ($self:ident, $question:expr) => {{
        let until = Instant::now() + $self.patience;
        loop {
            match $question.await {
                Err(error) if Instant::now() < until => {
                    tracing::warn!(%error, "asking the directory again");
                    sleep(PAUSE).await;
                }
                answer => return answer,
            }
        }
    }};
}

#[async_trait]
impl Directory for Persistent {
    async fn tenant_of_domain(&self, domain: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
        ask!(self, self.inner.tenant_of_domain(domain))
    }

    async fn tenant(&self, tenant: &Identifier) -> Result<Option<Tenant>, DirectoryError> {
        ask!(self, self.inner.tenant(tenant))
    }

    async fn tenant_of_subscription(
        &self,
        subscription: &Identifier,
    ) -> Result<Option<Identifier>, DirectoryError> {
        ask!(self, self.inner.tenant_of_subscription(subscription))
    }

    async fn opportunity(&self, opportunity: &Identifier) -> Result<Option<Opportunity>, DirectoryError> {
        ask!(self, self.inner.opportunity(opportunity))
    }

    async fn is_public_domain(&self, domain: &Identifier) -> Result<bool, DirectoryError> {
        ask!(self, self.inner.is_public_domain(domain))
    }

    async fn facts(&self, identifier: &Identifier) -> Result<Option<Facts>, DirectoryError> {
        ask!(self, self.inner.facts(identifier))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Answers the third question.
    struct Recovering(AtomicU32);

    #[async_trait]
    impl Directory for Recovering {
        async fn tenant_of_domain(&self, _: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
            Ok(None)
        }

        async fn tenant(&self, _: &Identifier) -> Result<Option<Tenant>, DirectoryError> {
            Ok(None)
        }

        async fn tenant_of_subscription(&self, _: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
            Ok(None)
        }

        async fn opportunity(&self, _: &Identifier) -> Result<Option<Opportunity>, DirectoryError> {
            Ok(None)
        }

        async fn is_public_domain(&self, _: &Identifier) -> Result<bool, DirectoryError> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(DirectoryError::Unavailable("down".to_owned())),
                _ => Ok(true),
            }
        }

        async fn facts(&self, _: &Identifier) -> Result<Option<Facts>, DirectoryError> {
            Err(DirectoryError::Unavailable("down for good".to_owned()))
        }
    }

    #[tokio::test] // five minutes on the inbox
    async fn a_directory_is_asked_again_until_patience_ends() {
        let inner = WithTimeout::new(Arc::new(Recovering(AtomicU32::new(0))), LAST);
        let domain: Identifier = "domain_name=fabrikam.example".parse().unwrap();
        let patient = persistent(inner.clone(), Duration::from_secs(60));
        assert_eq!(patient.is_public_domain(&domain).await, Ok(true));
        let hasty = persistent(inner, Duration::ZERO);
        assert!(hasty.facts(&domain).await.is_err());
    }
}

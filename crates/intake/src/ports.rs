//! The outside systems that intake asks, as ports: what is asked, never how.
//!
//! Whoever implements [`Directory`] may be slow or silent: intake reaches it only through [`WithTimeout`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use claim_domain::facts::Values;
use claim_domain::identifier::Identifier;
use claim_domain::text::{Currency, Label};
use claim_domain::time::Instant;
use serde::Deserialize;

use crate::problem::{Problem, ProblemCode};

/// How long one look-up may take unless the configuration says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Everything that intake asks about customers. Identifiers are canonical both ways.
///
/// `None` says that the directory answered and knows nothing of it, which is legal. Not knowing the answer is an
/// error, never `None`.
///
/// # Errors
/// Every method: [`DirectoryError`] when no answer could be had.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The tenant that the domain belongs to.
    async fn tenant_of_domain(&self, domain: &Identifier) -> Result<Option<Identifier>, DirectoryError>;

    /// What is known of the tenant.
    async fn tenant(&self, tenant: &Identifier) -> Result<Option<Tenant>, DirectoryError>;

    /// The tenant that the Azure subscription belongs to.
    async fn tenant_of_subscription(
        &self,
        subscription: &Identifier,
    ) -> Result<Option<Identifier>, DirectoryError>;

    /// What is known of the MSX opportunity.
    async fn opportunity(&self, opportunity: &Identifier) -> Result<Option<Opportunity>, DirectoryError>;

    /// Whether anybody may have an address under the domain, so that it tells nothing of a tenant.
    async fn is_public_domain(&self, domain: &Identifier) -> Result<bool, DirectoryError>;

    /// The facts recorded outside under exactly this identifier.
    async fn facts(&self, identifier: &Identifier) -> Result<Option<Facts>, DirectoryError>;
}

/// What is known of a tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenant {
    /// Its Top Parent ID, when it has one.
    pub tpid: Option<Identifier>,
    /// The domains of its e-mail addresses.
    pub email_domains: BTreeSet<Identifier>,
}

/// What is known of an MSX opportunity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opportunity {
    /// Whether it is open, `statecode` 0.
    pub open: bool,
    /// The Top Parent ID of its account.
    pub tpid: Option<Identifier>,
    /// Its estimated value as decimal text, in [`Opportunity::currency`].
    pub value: Option<Label>,
    /// The currency of its value.
    pub currency: Option<Currency>,
}

/// What is known outside of one identifier.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// The values.
    pub values: Values,
    /// When they were true, if the directory says so.
    #[serde(default)]
    pub observed_at: Option<Instant>,
}

/// A look-up that got no answer. It passes: the same question may be answered a little later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// No answer within the patience given.
    #[error("the directory did not answer within {} ms", after.as_millis())]
    TimedOut {
        /// That patience.
        after: Duration,
    },
    /// The outside system said that it cannot answer, or could not be reached.
    #[error("the directory cannot answer: {0}")]
    Unavailable(String),
}

impl From<DirectoryError> for Problem {
    fn from(it: DirectoryError) -> Self {
        Self::new(ProblemCode::DirectoryUnavailable, format!("{it}; ask again with the same id"))
    }
}

/// A directory that answers or fails within a time.
#[derive(Clone)]
pub struct WithTimeout {
    inner: Arc<dyn Directory>,
    patience: Duration,
}

impl WithTimeout {
    /// `inner`, each question to it given up after `patience`; see [`PATIENCE`].
    #[must_use]
    pub fn new(inner: Arc<dyn Directory>, patience: Duration) -> Self {
        Self { inner, patience }
    }

    async fn within<T: Send>(
        &self,
        answer: impl Future<Output = Result<T, DirectoryError>> + Send,
    ) -> Result<T, DirectoryError> {
        let timed_out = DirectoryError::TimedOut { after: self.patience };
        tokio::time::timeout(self.patience, answer).await.unwrap_or(Err(timed_out))
    }
}

#[async_trait]
impl Directory for WithTimeout {
    async fn tenant_of_domain(&self, domain: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
        self.within(self.inner.tenant_of_domain(domain)).await
    }

    async fn tenant(&self, tenant: &Identifier) -> Result<Option<Tenant>, DirectoryError> {
        self.within(self.inner.tenant(tenant)).await
    }

    async fn tenant_of_subscription(
        &self,
        subscription: &Identifier,
    ) -> Result<Option<Identifier>, DirectoryError> {
        self.within(self.inner.tenant_of_subscription(subscription)).await
    }

    async fn opportunity(&self, opportunity: &Identifier) -> Result<Option<Opportunity>, DirectoryError> {
        self.within(self.inner.opportunity(opportunity)).await
    }

    async fn is_public_domain(&self, domain: &Identifier) -> Result<bool, DirectoryError> {
        self.within(self.inner.is_public_domain(domain)).await
    }

    async fn facts(&self, identifier: &Identifier) -> Result<Option<Facts>, DirectoryError> {
        self.within(self.inner.facts(identifier)).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use claim_domain::identifier::IdKind;

    use super::*;

    /// Answers nothing; asked for facts, it says that it is broken.
    struct Silent;

    #[async_trait]
    impl Directory for Silent {
        async fn tenant_of_domain(&self, _: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
            pending().await
        }

        async fn tenant(&self, _: &Identifier) -> Result<Option<Tenant>, DirectoryError> {
            pending().await
        }

        async fn tenant_of_subscription(&self, _: &Identifier) -> Result<Option<Identifier>, DirectoryError> {
            pending().await
        }

        async fn opportunity(&self, _: &Identifier) -> Result<Option<Opportunity>, DirectoryError> {
            pending().await
        }

        async fn is_public_domain(&self, _: &Identifier) -> Result<bool, DirectoryError> {
            pending().await
        }

        async fn facts(&self, _: &Identifier) -> Result<Option<Facts>, DirectoryError> {
            Err(DirectoryError::Unavailable("out of order".to_owned()))
        }
    }

    #[tokio::test]
    async fn a_silent_directory_is_unavailable_and_never_an_empty_answer() {
        let after = Duration::from_millis(5);
        let directory = WithTimeout::new(Arc::new(Silent), after);
        let id = Identifier::new(IdKind::DomainName, "fabrikam.example").unwrap();
        let timed_out = DirectoryError::TimedOut { after };
        assert_eq!(directory.tenant_of_domain(&id).await, Err(timed_out.clone()));
        assert_eq!(directory.tenant(&id).await, Err(timed_out.clone()));
        assert_eq!(directory.tenant_of_subscription(&id).await, Err(timed_out.clone()));
        assert_eq!(directory.opportunity(&id).await, Err(timed_out.clone()));
        assert_eq!(directory.is_public_domain(&id).await, Err(timed_out.clone()));
        let broken = directory.facts(&id).await.unwrap_err();
        assert_eq!(broken, DirectoryError::Unavailable("out of order".to_owned()));
        for error in [timed_out, broken] {
            assert_eq!(Problem::from(error).code, ProblemCode::DirectoryUnavailable);
        }
    }
}

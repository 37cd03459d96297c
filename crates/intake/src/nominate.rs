//! Looking a nominated customer up without recording anything: the choose-engagements step.

use claim_domain::command::Opportunity;
use claim_domain::facts::Values;
use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::CustomerId;

use crate::canonical::canonical;
use crate::intake::Remembered;
use crate::lookup::{facts_of, identify};
use crate::ports::WithTimeout;
use crate::problem::Problem;

/// Whom a nomination means, and what is known of it outside.
#[derive(Clone, Debug)]
pub struct Nominated {
    /// The identifier in canonical spelling.
    pub identifier: Identifier,
    /// The customer that it is bound to, or would be.
    pub customer: CustomerId,
    /// The tenant derived from a domain or subscription.
    pub tenant: Option<Identifier>,
    /// The opportunity, where it is one.
    pub opportunity: Option<Opportunity>,
    /// What the directory knows of it now; none: what was recorded counts.
    pub values: Option<Values>,
}

/// Looks up a nomination as `AddCustomer` would, and records nothing.
///
/// # Errors
/// As for the command: `malformed`, `tenant_not_found`, `opportunity_not_found`, `directory_unavailable`.
pub async fn nominate(
    directory: &WithTimeout,
    remembered: &Remembered,
    kind: IdKind,
    value: &str,
) -> Result<Nominated, Problem> {
    let identifier =
        canonical(kind, value).map_err(|error| Problem::malformed("$.customer.value", error.to_string()))?;
    let looked = identify(directory, &identifier, None).await?;
    let facts = facts_of(directory, &identifier, looked.tenant.as_ref()).await?;
    let looked_at: Vec<&Identifier> =
        std::iter::once(&identifier).chain(&looked.tenant).chain(&looked.tpid).collect();
    let customer = remembered.meant(&looked_at)?.unwrap_or_else(|| CustomerId::of(&identifier));
    Ok(Nominated {
        identifier,
        customer,
        tenant: looked.tenant,
        opportunity: looked.opportunity,
        values: facts.map(|it| it.values),
    })
}

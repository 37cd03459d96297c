//! What a command needs to have looked up before it can be routed.

use claim_domain::command::{Command, Opportunity};
use claim_domain::identifier::{IdKind, Identifier};

use crate::email::EmailAddress;
use crate::ports::{Directory, Facts, WithTimeout};
use crate::problem::{Problem, ProblemCode};

/// What the directory said about a nominated identifier.
#[derive(Clone, Debug, Default)]
pub(crate) struct Looked {
    /// The tenant derived from a domain or a subscription.
    pub(crate) tenant: Option<Identifier>,
    /// The TPID of the tenant, or of the opportunity.
    pub(crate) tpid: Option<Identifier>,
    /// Of a tenant: whether the customer's e-mail domain is one of its domains.
    pub(crate) email_matches: Option<bool>,
    /// Of an opportunity: its state; whose it is, the bindings tell.
    pub(crate) opportunity: Option<Opportunity>,
    /// The facts of the identifier, a domain's being its tenant's.
    pub(crate) facts: Option<Facts>,
}

/// What a command names that is looked up before it can be routed, and whether its facts are wanted too: for Add and facts the
/// nominated identifier, for Claim its opportunity. Most commands name nothing.
pub(crate) fn named_outside(command: &Command) -> Option<(&Identifier, bool)> {
    match command {
        Command::AddCustomer(it) => Some((&it.customer, true)),
        Command::RecordCustomerFacts(it) => Some((&it.identifier, false)),
        Command::ClaimCustomer(it) => it.msx_opportunity_id.as_ref().map(|it| (it, true)),
        _ => None,
    }
}

/// Looks up what a new command names.
///
/// # Errors
/// `tenant_not_found`, `opportunity_not_found`, `directory_unavailable`.
pub(crate) async fn look_up(
    directory: &WithTimeout,
    (named, facts): (&Identifier, bool),
    customer_email: Option<&EmailAddress>,
) -> Result<Looked, Problem> {
    let mut looked = identify(directory, named, customer_email).await?;
    if facts {
        looked.facts = facts_of(directory, named, looked.tenant.as_ref()).await?;
    }
    Ok(looked)
}

/// Tenant, TPID and opportunity of one identifier.
pub(crate) async fn identify(
    directory: &WithTimeout,
    identifier: &Identifier,
    customer_email: Option<&EmailAddress>,
) -> Result<Looked, Problem> {
    let mut looked = Looked::default();
    match identifier.kind() {
        IdKind::DomainName => looked.tenant = Some(tenant_of(directory, identifier).await?),
        IdKind::AzureSubscriptionId => looked.tenant = directory.tenant_of_subscription(identifier).await?,
        IdKind::TenantId | IdKind::Tpid => {}
        IdKind::MsxOpportunityId => {
            let Some(found) = directory.opportunity(identifier).await? else {
                let message = format!("the directory has no opportunity {}", identifier.value());
                return Err(Problem::new(ProblemCode::OpportunityNotFound, message));
            };
            looked.tpid = found.tpid;
            let (value, currency) = (found.value, found.currency);
            looked.opportunity = Some(Opportunity { open: found.open, of_customer: true, value, currency });
        }
    }
    let tenant =
        if identifier.kind() == IdKind::TenantId { Some(identifier) } else { looked.tenant.as_ref() };
    if let Some(tenant) = tenant {
        let found = directory.tenant(tenant).await?.unwrap_or_default();
        looked.tpid = found.tpid;
        if let (IdKind::TenantId, Some(email)) = (identifier.kind(), customer_email) {
            let public = directory.is_public_domain(email.domain()).await?;
            looked.email_matches = Some(!public && found.email_domains.contains(email.domain()));
        }
    }
    Ok(looked)
}

/// The tenant derived from a domain; a public mail domain is nobody's.
async fn tenant_of(directory: &WithTimeout, domain: &Identifier) -> Result<Identifier, Problem> {
    let tenant = match directory.is_public_domain(domain).await? {
        true => None,
        false => directory.tenant_of_domain(domain).await?,
    };
    tenant.ok_or_else(|| {
        let message = format!(
            "no tenant can be derived from {}; nominate the customer by another identifier",
            domain.value()
        );
        Problem::new(ProblemCode::TenantNotFound, message)
    })
}

/// The facts of an identifier, a domain's being those of its tenant.
pub(crate) async fn facts_of(
    directory: &WithTimeout,
    identifier: &Identifier,
    tenant: Option<&Identifier>,
) -> Result<Option<Facts>, Problem> {
    Ok(directory.facts(crate::index::effective(identifier, tenant)).await?)
}

/// Facts of an identifier bound before; a domain that has no tenant any more has none.
pub(crate) async fn facts_of_bound(
    directory: &WithTimeout,
    identifier: &Identifier,
) -> Result<(Option<Identifier>, Option<Facts>), Problem> {
    let tenant = match identifier.kind() {
        IdKind::DomainName => match directory.tenant_of_domain(identifier).await? {
            Some(tenant) => Some(tenant),
            None => return Ok((None, None)),
        },
        _ => None,
    };
    let facts = facts_of(directory, identifier, tenant.as_ref()).await?;
    Ok((tenant, facts))
}

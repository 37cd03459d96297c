//! Which customer an identifier names: the first binding wins, for ever.

use std::collections::HashMap;

use claim_domain::identifier::Identifier;
use claim_domain::ids::CustomerId;
use claim_journal::Binding;

/// The fold of the identity partition.
#[derive(Debug, Default)]
pub(crate) struct Bindings(HashMap<Identifier, CustomerId>);

impl Bindings {
    /// Adds a binding; yields whether it is the first of its identifier.
    ///
    /// # Errors
    /// When the identifier is not canonical.
    pub(crate) fn bind(&mut self, binding: &Binding) -> Result<bool, String> {
        let identifier = binding.identifier().map_err(|it| it.to_string())?;
        let mut first = false;
        self.0.entry(identifier).or_insert_with(|| {
            first = true;
            binding.customer
        });
        Ok(first)
    }

    pub(crate) fn customer(&self, identifier: &Identifier) -> Option<CustomerId> {
        self.0.get(identifier).copied()
    }
}

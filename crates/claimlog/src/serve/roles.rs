//! What one process does.

use std::collections::BTreeSet;

use crate::exit::UsageError;

/// All roles, as the option has them.
pub(crate) const ROLES: &str = "intake,engine,projector,publisher,api";

/// One thing that a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Takes commands.
    Intake,
    /// Decides them, and performs effects.
    Engine,
    /// Folds the views.
    Projector,
    /// Copies events and outcomes to topics; the embedded log has none.
    Publisher,
    /// Answers by HTTP.
    Api,
}

const NAMES: [(&str, Role); 5] = [
    ("intake", Role::Intake),
    ("engine", Role::Engine),
    ("projector", Role::Projector),
    ("publisher", Role::Publisher),
    ("api", Role::Api),
];

/// The roles of a process; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Roles(BTreeSet<Role>);

impl Roles {
    /// Reads names separated by commas.
    ///
    /// # Errors
    /// A sentence that names what there is.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let role = |name: &str| NAMES.iter().find(|(it, _)| *it == name).map(|(_, role)| *role);
        let named = text.split(',').map(str::trim);
        named
            .map(|name| role(name).ok_or_else(|| format!("no role {name:?}; there are: {ROLES}")))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether this is one of them.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    /// Whether the embedded log can be served so: one process takes, decides and writes.
    ///
    /// # Errors
    /// [`UsageError`] that says what to name instead.
    pub(crate) fn check_embedded(&self) -> Result<(), UsageError> {
        if self.has(Role::Intake) == self.has(Role::Engine) {
            return Ok(());
        }
        let (has, lacks) = if self.has(Role::Intake) { ("intake", "engine") } else { ("engine", "intake") };
        Err(UsageError(format!(
            "--roles names {has} without {lacks}: on the embedded log one process writes, so name both, or neither to read \
             beside the process that does; only on Kafka they may be apart"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_and_held_to_what_the_embedded_log_can_do() {
        let roles = |text| Roles::parse(text).unwrap();
        assert!(NAMES.iter().all(|(_, it)| roles(ROLES).has(*it)));
        assert!(roles("api, projector").has(Role::Projector) && !roles("api").has(Role::Engine));
        for good in [ROLES, "api", "projector,api", "engine,intake"] {
            assert!(roles(good).check_embedded().is_ok(), "{good}");
        }
        for bad in ["intake", "engine,api,projector"] {
            assert!(roles(bad).check_embedded().is_err(), "{bad}");
        }
        for bad in ["", "api,", "Api", "all"] {
            assert!(Roles::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Which sources a door may carry (DESIGN §6: the asker's word rests on who may write to a topic).

use std::fmt;
use std::str::FromStr;

use claim_domain::asker::Source;

/// Patterns of sources: `partner:*`, `service:crm`, `customer`, or `*` for every one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<String>);

/// A text that is no pattern of sources.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no source: use `partner:<partner>`, `service:<name>`, `customer`, `reviewer`, `program_operator`, \
     `partner:*`, `service:*` or `*`"
)]
pub struct NotSources(String);

impl Sources {
    /// Every source.
    #[must_use]
    pub fn all() -> Self {
        Self(vec!["*".to_owned()])
    }

    /// Whether a command of this source may come.
    #[must_use]
    pub fn allow(&self, source: &Source) -> bool {
        let source = source.to_string();
        self.0.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(beginning) => source.starts_with(beginning),
            None => *pattern == source,
        })
    }
}

impl FromStr for Sources {
    type Err = NotSources;

    /// Patterns, separated by commas or white space.
    fn from_str(text: &str) -> Result<Self, NotSources> {
        let patterns = text.split([',', ' ']).filter(|it| !it.is_empty());
        let patterns = patterns.map(|it| match it {
            "*" | "partner:*" | "service:*" | "customer" | "reviewer" | "program_operator" => {
                Ok(it.to_owned())
            }
            _ if it.starts_with("partner:") || it.starts_with("service:") => match it.parse::<Source>() {
                Ok(source) => Ok(source.to_string()),
                Err(_) => Err(NotSources(it.to_owned())),
            },
            _ => Err(NotSources(it.to_owned())),
        });
        let patterns = patterns.collect::<Result<Vec<_>, _>>()?;
        if patterns.is_empty() { Err(NotSources(text.to_owned())) } else { Ok(Self(patterns)) }
    }
}

impl fmt::Display for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // DESIGN §6
    fn a_pattern_allows_what_it_names_and_nothing_else() {
        let portal: Sources = "partner:*, customer".parse().unwrap();
        let allows = |source: &str| portal.allow(&source.parse().unwrap());
        assert!(allows("partner:p-contoso") && allows("customer"));
        assert!(!allows("service:crm") && !allows("reviewer"));
        let one: Sources = "partner:p-a".parse().unwrap();
        assert!(!one.allow(&"partner:p-ab".parse().unwrap()), "a name is no beginning");
        assert!(Sources::all().allow(&"service:crm".parse().unwrap()));
    }

    #[test]
    fn what_is_no_source_is_said() {
        for wrong in ["", "partners", "partner:", "partner:P", "customer:*"] {
            assert!(wrong.parse::<Sources>().is_err(), "{wrong}");
        }
    }
}

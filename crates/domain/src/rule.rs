//! What a rule says, by its number: `RULES.md` for whoever is told that a rule decided.

const RULES: &str = include_str!("../RULES.md");

/// The text of a rule, a fact or a reading such as `R-008`, on one line; none when there is no such number.
#[must_use]
pub fn text(number: &str) -> Option<String> {
    let begins = format!("- {number} ");
    let mut lines = RULES.lines().skip_while(|line| !line.starts_with(&begins));
    let first = lines.next()?.get(begins.len()..)?;
    let more = lines.take_while(|line| line.starts_with("  "));
    Some(std::iter::once(first).chain(more.map(str::trim)).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Refusal;

    #[test]
    fn every_rule_that_a_refusal_names_has_a_text() {
        for number in Refusal::TABLE.iter().flat_map(|it| it.rules.split(", ")) {
            assert!(text(number).is_some_and(|it| it.len() > 20), "{number}");
        }
    }

    #[test]
    fn a_text_is_whole_and_no_other_rules() {
        let text = text("A-53").unwrap();
        assert!(text.starts_with("*Versions of terms.*") && text.contains("disclaimer"), "{text}");
        assert!(!text.contains("- A-54") && !text.contains('\n'), "{text}");
        assert_eq!(super::text("R-999x"), None);
    }
}

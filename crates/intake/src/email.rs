//! E-mail addresses: strict and simple.

use std::fmt;
use std::str::FromStr;

use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::NotAnId;

use crate::canonical::canonical;

/// Most bytes before the `@` (RFC 5321 §4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// An e-mail address of exactly one mailbox, comparable: two spellings that reach one mailbox in practice are equal.
///
/// Nothing in it can end a header line or begin a second recipient (F-55). Personal data: it has no `Display`, and
/// `Debug` shows the domain only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    local: String,
    domain: Identifier,
}

impl EmailAddress {
    /// The canonical domain behind the `@`, as A-11 compares it with the domains of a tenant.
    #[must_use]
    pub fn domain(&self) -> &Identifier {
        &self.domain
    }

    /// The comparable spelling: lower case, canonical domain. What the asker wrote stays in the box.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!("{}@{}", self.local, self.domain.value())
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress(…@{})", self.domain.value())
    }
}

impl FromStr for EmailAddress {
    type Err = NotAnId;

    /// Reads `local@domain`.
    ///
    /// # Errors
    /// Unless there is one `@`, before it 1 to 64 bytes of printable characters without white space and without the
    /// signs that RFC 5322 gives a meaning, and behind it a domain without white space around it.
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        const WHAT: NotAnId = NotAnId("an e-mail address such as mina@fabrikam.example");
        let (local, domain) = text.split_once('@').ok_or(WHAT)?;
        if !(1..=MAX_LOCAL).contains(&local.len())
            || !local.chars().all(is_plain)
            || !domain.chars().all(is_plain)
        {
            return Err(WHAT);
        }
        let domain = canonical(IdKind::DomainName, domain).map_err(|_| WHAT)?;
        Ok(Self { local: local.to_lowercase(), domain })
    }
}

/// Printable, visible, and without a meaning of its own in a header.
fn is_plain(c: char) -> bool {
    let invisible = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let special = matches!(c, '@' | '(' | ')' | '<' | '>' | '[' | ']' | ',' | ':' | ';' | '"' | '\\');
    !c.is_whitespace() && !c.is_control() && !invisible && !special
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<EmailAddress>().ok().map(|it| it.canonical())
    }

    #[test]
    fn an_address_has_a_canonical_domain() {
        for (written, canonical) in [
            ("mina@fabrikam.example", "mina@fabrikam.example"),
            ("Mina.Ito+mci@EU.Fabrikam.Example", "mina.ito+mci@eu.fabrikam.example"),
            ("例@例え.example", "例@xn--r8jz45g.example"),
            ("o'neill@fabrikam.example", "o'neill@fabrikam.example"),
        ] {
            assert_eq!(read(written).as_deref(), Some(canonical));
        }
        let address: EmailAddress = "mina@Fabrikam.example".parse().unwrap();
        assert_eq!(address.domain().to_string(), "domain_name=fabrikam.example");
    }

    #[test] // F-55
    fn one_recipient_and_no_second_header_line() {
        for bad in [
            "",
            "mina",
            "@fabrikam.example",
            "mina@",
            "mina@localhost",
            "mina@a@fabrikam.example",
            "a,b@fabrikam.example",
            "a;b@fabrikam.example",
            "<mina@fabrikam.example>",
            "Mina <mina@fabrikam.example>",
            "\"a b\"@fabrikam.example",
            "mina@fabrikam.example\r\nBcc: eve@evil.example",
            "mi\nna@fabrikam.example",
            " mina@fabrikam.example",
            "mina@ fabrikam.example",
            "mina@fabrikam.example ",
            "mi\u{202e}na@fabrikam.example",
            "mi\u{0}na@fabrikam.example",
            "mina@[127.0.0.1]",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert!(read(&format!("{}@fabrikam.example", "a".repeat(64))).is_some());
        assert_eq!(read(&format!("{}@fabrikam.example", "a".repeat(65))), None);
    }

    #[test] // F-90
    fn debugging_does_not_show_the_person() {
        let address: EmailAddress = "mina@fabrikam.example".parse().unwrap();
        assert!(!format!("{address:?}").contains("mina"));
    }

    proptest! {
        #[test] // F-55
        fn nothing_that_reads_can_break_a_header(text in prop_oneof![any::<String>(), "\\PC{1,20}@[a-z]{1,5}\\.example"]) {
            if let Some(canonical) = read(&text) {
                prop_assert!(!canonical.contains(['\r', '\n', ',', ';', '<', '>', ' ']));
                prop_assert_eq!(canonical.matches('@').count(), 1);
            }
        }
    }
}

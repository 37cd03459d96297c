//! Canonical spelling of the identifiers that a customer is nominated by.
//!
//! The asker may write an identifier as people do; everything behind intake knows one spelling only, so that one
//! customer is one customer.

use claim_domain::identifier::{IdKind, Identifier};
use claim_domain::ids::NotAnId;

/// More bytes than any identifier has, however it is written: longer texts are refused unread.
const MAX_WRITTEN: usize = 1024;

/// The identifier that `value` spells, in canonical spelling; white space around it is dropped.
///
/// Domain: lower case, punycode, no trailing dot, sub-domains kept · tenant, subscription: lower-case GUID ·
/// TPID: leading zeros dropped · opportunity: upper case.
///
/// # Errors
/// When `value` does not spell an identifier of this kind. Other spellings of a GUID (braces, without hyphens, `urn:`)
/// are refused: who writes them may mean something else.
pub fn canonical(kind: IdKind, value: &str) -> Result<Identifier, NotAnId> {
    let value = if value.len() <= MAX_WRITTEN { value.trim() } else { "" };
    match kind {
        IdKind::DomainName => domain(value),
        IdKind::TenantId | IdKind::AzureSubscriptionId => Identifier::new(kind, &value.to_ascii_lowercase()),
        IdKind::Tpid => Identifier::new(kind, value.trim_start_matches('0')),
        IdKind::MsxOpportunityId => Identifier::new(kind, &value.to_ascii_uppercase()),
    }
}

fn domain(value: &str) -> Result<Identifier, NotAnId> {
    let value = value.strip_suffix('.').unwrap_or(value);
    // What IDNA refuses is no domain either way: the empty text makes the identifier say what one looks like.
    let ascii = idna::domain_to_ascii_strict(value).unwrap_or_default();
    Identifier::new(IdKind::DomainName, &ascii)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GUID: &str = "0a1b2c3d-0000-4000-8000-00000000000f";

    fn spelt(kind: IdKind, value: &str) -> Option<String> {
        canonical(kind, value).ok().map(|id| id.value().to_owned())
    }

    #[test]
    fn a_domain_is_lower_case_punycode_without_trailing_dot_and_keeps_sub_domains() {
        for (written, canonical) in [
            ("Fabrikam.Example", "fabrikam.example"),
            ("  fabrikam.example.\n", "fabrikam.example"),
            ("Mail.EU.fabrikam.example", "mail.eu.fabrikam.example"),
            ("例え.example", "xn--r8jz45g.example"),
            ("XN--R8JZ45G.example", "xn--r8jz45g.example"),
            ("Bücher。example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(spelt(IdKind::DomainName, written).as_deref(), Some(canonical), "{written}");
        }
        for bad in [
            "",
            ".",
            "localhost",
            "a..example",
            "a.example..",
            "-a.example",
            "a b.example",
            "a_b.example",
            "a@b.example",
            "https://a.example",
            "xn--zz.example",
            "a.example/",
            "a.example:80",
            "\u{0}a.example",
        ] {
            assert_eq!(spelt(IdKind::DomainName, bad), None, "{bad}");
        }
        assert_eq!(spelt(IdKind::DomainName, &format!("{}.example", "a".repeat(64))), None);
        assert_eq!(spelt(IdKind::DomainName, &"ü".repeat(8000)), None);
    }

    #[test]
    fn a_tenant_or_subscription_is_a_hyphenated_lower_case_guid() {
        for kind in [IdKind::TenantId, IdKind::AzureSubscriptionId] {
            assert_eq!(spelt(kind, &format!(" {} ", GUID.to_uppercase())).as_deref(), Some(GUID));
            for bad in [
                String::new(),
                format!("{{{GUID}}}"),
                GUID.replace('-', ""),
                format!("urn:uuid:{GUID}"),
                GUID.replace('f', "g"),
            ] {
                assert_eq!(spelt(kind, &bad), None, "{bad}");
            }
        }
    }

    #[test]
    fn a_tpid_is_digits_without_leading_zeros() {
        assert_eq!(spelt(IdKind::Tpid, " 0012340 ").as_deref(), Some("12340"));
        for bad in ["", "0", "000", "12a", "-1", "1.0", "１２３", "1234567890123456789"] {
            assert_eq!(spelt(IdKind::Tpid, bad), None, "{bad}");
        }
    }

    #[test]
    fn an_opportunity_is_upper_case() {
        assert_eq!(spelt(IdKind::MsxOpportunityId, "7-abc123xyz\t").as_deref(), Some("7-ABC123XYZ"));
        for bad in ["", "7 ABC", "-7", "7/ABC", "ß"] {
            assert_eq!(spelt(IdKind::MsxOpportunityId, bad), None, "{bad}");
        }
    }

    fn kinds() -> impl Strategy<Value = IdKind> {
        prop::sample::select(vec![
            IdKind::DomainName,
            IdKind::TenantId,
            IdKind::Tpid,
            IdKind::AzureSubscriptionId,
            IdKind::MsxOpportunityId,
        ])
    }

    proptest! {
        #[test]
        fn canonical_is_idempotent_and_never_panics(kind in kinds(), value in prop_oneof![any::<String>(), "[a-zA-Z0-9ßü.。-]{1,20}\\.[a-z]{2,4}\\.?", "[0-9]{0,20}"]) {
            if let Ok(id) = canonical(kind, &value) {
                prop_assert_eq!(canonical(kind, id.value()).unwrap(), id);
            }
        }

        #[test]
        fn letter_case_and_white_space_around_it_make_no_other_customer(value in "[a-z0-9]([a-z0-9]{0,8})(\\.[a-z0-9]{1,8}){1,3}") {
            let id = canonical(IdKind::DomainName, &value).unwrap();
            prop_assert_eq!(canonical(IdKind::DomainName, &format!(" {}. ", value.to_uppercase())).unwrap(), id);
        }
    }
}

//! Whether a command is the same as one that was answered (A-74).

use claim_journal::Digest;
use serde_json::Value;

use crate::json;
use crate::keys::Secret;

/// The digest of what the asker sent: HMAC-SHA-256, keyed by the node's secret, over
/// `{"body":…,"type":…,"version":…}` in canonical JSON (A-74, DESIGN §7).
///
/// It is taken before anything is resolved, made canonical or sealed; asker, times and headers are not in it, or an
/// honest retry would look like another command. Keyed, because a plain hash of little personal data can be guessed.
#[must_use]
pub fn body_digest(secret: &Secret, command_type: &str, version: u64, body: &Value) -> Digest {
    let mut sent = String::with_capacity(512);
    sent.push_str("{\"body\":");
    json::write(body, &mut sent);
    sent.push_str(",\"type\":");
    json::write_text(command_type, &mut sent);
    sent.push_str(&format!(",\"version\":{version}}}"));
    Digest(secret.mac("body", sent.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn digest(text: &str) -> Digest {
        body_digest(&Secret::of(7), "SendConsent", 1, &serde_json::from_str(text).unwrap())
    }

    #[test] // A-74
    fn order_and_white_space_make_no_other_command_but_any_value_does() {
        let sent = digest(r#"{"claim":"c1","contacts":{"a":1,"b":[1,2]}}"#);
        assert_eq!(digest(r#" { "contacts" : {"b":[1, 2],"a":1}, "claim":"c1" } "#), sent);
        for other in [
            r#"{"claim":"c2","contacts":{"a":1,"b":[1,2]}}"#,
            r#"{"claim":"c1","contacts":{"a":1,"b":[2,1]}}"#,
            r#"{"claim":"c1","contacts":{"a":"1","b":[1,2]}}"#,
            r#"{"claim":"c1","contacts":{"a":1,"b":[1,2]},"x":null}"#,
            r#"{"claim":"C1","contacts":{"a":1,"b":[1,2]}}"#,
        ] {
            assert_ne!(digest(other), sent, "{other}");
        }
    }

    #[test] // A-74, DESIGN §7
    fn type_version_and_secret_are_in_it() {
        let body = json!({});
        let sent = body_digest(&Secret::of(7), "SubmitClaim", 1, &body);
        assert_ne!(body_digest(&Secret::of(7), "ResubmitClaim", 1, &body), sent);
        assert_ne!(body_digest(&Secret::of(7), "SubmitClaim", 2, &body), sent);
        assert_ne!(body_digest(&Secret::of(8), "SubmitClaim", 1, &body), sent);
    }

    #[test] // A-74
    fn a_digest_can_be_computed_by_others_who_have_the_secret() {
        // printf 'body\0{"body":{},"type":"SubmitClaim","version":1}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:07…07
        let sent = body_digest(&Secret::of(7), "SubmitClaim", 1, &json!({}));
        assert_eq!(sent.to_string(), "40571cd1816d42cd972b353a0abe0b84bd7afdcda0f2071ceb93f2b2b8a3d80d");
    }

    proptest! {
        #[test] // A-74
        fn different_bodies_have_different_digests(a in any::<(String, i64)>(), b in any::<(String, i64)>()) {
            let of = |it: &(String, i64)| body_digest(&Secret::of(7), "X", 1, &json!({"t": it.0, "n": it.1}));
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }
    }
}

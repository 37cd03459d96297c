//! Canonical JSON: one spelling for one value (A-74), the same that `jq -cS` writes.

use serde_json::Value;

/// `value` with sorted keys and no white space: equal values give equal bytes, whatever the order of their keys was.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Adds the canonical spelling of `value`.
pub(crate) fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push_str(&value.to_string()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (i, (name, field)) in fields.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_text(name, out);
                out.push(':');
                write(field, out);
            }
            out.push('}');
        }
    }
}

/// Adds a text. Escapes `"`, `\`, U+0000–001F and U+007F, and nothing else (DESIGN §5).
pub(crate) fn write_text(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let escaped = |byte: u8| matches!(byte, b'"' | b'\\' | 0..=0x1f | 0x7f);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(escaped) {
        // What is escaped is one byte long.
        let (plain, behind) = rest.split_at(at);
        out.push_str(plain);
        let byte = behind.as_bytes()[0];
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x8 => out.push_str("\\b"),
            0xc => out.push_str("\\f"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            other => {
                out.push_str("\\u00");
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
        rest = &behind[1..];
    }
    out.push_str(rest);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test] // A-74
    fn keys_are_sorted_at_every_depth_and_white_space_is_gone() {
        let value: Value =
            serde_json::from_str(r#" { "b" : [ 1, {"y":null, "x":true} ], "a\n" : "é\"" } "#).unwrap();
        assert_eq!(canonical_json(&value), "{\"a\\n\":\"é\\\"\",\"b\":[1,{\"x\":true,\"y\":null}]}");
        assert_eq!(canonical_json(&json!({})), "{}");
    }

    #[test] // DESIGN §5; the figure is what `jq -cS .` writes
    fn every_control_character_has_one_spelling() {
        let text: String = (0..0x20).map(char::from).chain(['\u{7f}', '"', '\\', '/', '\u{80}']).collect();
        assert_eq!(
            canonical_json(&json!(text)),
            "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f\\u007f\\\"\\\\/\u{80}\""
        );
    }

    proptest! {
        #[test] // A-74
        fn canonical_json_reads_back_as_the_same_value(texts in prop::collection::btree_map(any::<String>(), any::<(String, i64)>(), 0..8)) {
            let value = json!(texts);
            let written = canonical_json(&value);
            prop_assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), value);
        }
    }
}

//! YAML as the JSON that it stands for.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::Value;

/// The documents of a file.
pub(crate) fn documents(text: &str) -> Vec<Value> {
    Yaml::load_from_str(text).unwrap_or_else(|why| panic!("{why}")).iter().map(json).collect()
}

fn json(node: &Yaml<'_>) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(yes)) => (*yes).into(),
        Yaml::Value(Scalar::Integer(number)) => (*number).into(),
        Yaml::Value(Scalar::FloatingPoint(number)) => number.into_inner().into(),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(fields) => {
            let name =
                |key: &Yaml<'_>| key.as_str().unwrap_or_else(|| panic!("{key:?} is no name")).to_owned();
            Value::Object(fields.iter().map(|(key, it)| (name(key), json(it))).collect())
        }
        other => panic!("{other:?} stands for no JSON"),
    }
}

/// The text of a scalar, however it is written.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The texts of a list; none when there is no list.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

#[test]
fn documents_are_read_with_their_types() {
    let read = documents("a: [1, true, 'x', null]\nb: &it {c: '2'}\nd: *it\n---\n- e\n");
    assert_eq!(read[0], serde_json::json!({"a": [1, true, "x", null], "b": {"c": "2"}, "d": {"c": "2"}}));
    assert_eq!(read[1], serde_json::json!(["e"]));
}

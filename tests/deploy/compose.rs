//! The compose files: pinned images, loopback addresses, options that exist, and volumes and services that are declared.

use serde_json::Value;

use crate::images::pinned;
use crate::options;
use crate::schema::Schema;
use crate::yaml::{documents, text, texts};
use crate::{assert_clean, assert_complains, file};

/// Complains about a file; `base` is the one that it adds to.
fn complaints(place: &str, it: &Value, base: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    let declared = |section: &str, name: &str| {
        it[section].get(name).is_some() || base.is_some_and(|base| base[section].get(name).is_some())
    };
    for (name, service) in it["services"].as_object().unwrap() {
        let place = format!("{place}: {name}");
        let extends = service["extends"]["service"].as_str();
        match service["image"].as_str() {
            Some(image) => found.extend(pinned(&place, image)),
            None if extends.is_some() || base.is_some_and(|base| base["services"].get(name).is_some()) => {}
            None => found.push(format!("{place}: it has no image")),
        }
        for port in texts(&service["ports"]).iter().filter(|it| !it.starts_with("127.0.0.1:")) {
            found.push(format!("{place}: the port {port} is open to the network"));
        }
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap_or_default();
            if !source.starts_with(['.', '/']) && !declared("volumes", source) {
                found.push(format!("{place}: the volume {source} is not declared"));
            }
        }
        let needed = service["depends_on"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        for other in needed.chain(extends).filter(|it| !declared("services", it)) {
            found.push(format!("{place}: there is no service {other}"));
        }
        let variables = service["environment"].as_object().into_iter().flatten();
        let variables: Vec<(&str, String)> =
            variables.map(|(name, value)| (name.as_str(), text(value))).collect();
        let pairs = variables.iter().map(|(name, value)| (*name, value.as_str()));
        found.extend(options::environment(&place, pairs));
        if service["image"].as_str().is_some_and(|it| it.starts_with("claimlog:")) {
            found.extend(options::arguments(&place, &texts(&service["command"])));
            if service["network_mode"] != "host" {
                found.push(format!("{place}: on its own network nobody reaches the loopback address"));
            }
        }
    }
    found
}

#[test]
fn compose_files_have_the_fields_of_the_specification_and_no_other() {
    let schema = Schema::of(include_str!("compose.schema.yaml"));
    for name in ["compose.yaml", "compose.three.yaml"] {
        assert_clean(&schema.complaints(name, &documents(&file(name)).remove(0)));
    }
    let good = file("compose.yaml");
    for (from, to) in [
        ("healthcheck:", "health_check:"),
        ("KAFKA_NODE_ID: \"1\"", "KAFKA_NODE_ID: 1"),
        ("condition: service_healthy", "condition: healthy"),
        ("interval: 5s", "interval: 5"),
        ("127.0.0.1:9092:9092", "9092:9092"),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = documents(&good.replacen(from, to, 1)).remove(0);
        assert!(!schema.complaints("here", &bad).is_empty(), "{to}");
    }
}

#[test]
fn compose_files_are_pinned_closed_and_whole() {
    let base = documents(&file("compose.yaml")).remove(0);
    let three = documents(&file("compose.three.yaml")).remove(0);
    assert_clean(&complaints("compose.yaml", &base, None));
    assert_clean(&complaints("compose.three.yaml", &three, Some(&base)));
}

#[test]
fn two_engines_serve_and_listen_apart_on_one_directory_that_exists() {
    let base = documents(&file("compose.yaml")).remove(0);
    let listen = |name: &str| base["services"][name]["environment"]["CLAIMLOG_LISTEN"].clone();
    assert_ne!(listen("claimlog-1"), listen("claimlog-2"));
    let mounted = texts(&base["services"]["claimlog-1"]["volumes"]);
    assert!(mounted.contains(&"./sample/directory.json:/etc/claimlog/directory.json:ro".to_owned()));
    file("sample/directory.json");
    // What topics are made for is what is served.
    let inboxes = |name: &str| -> Vec<String> {
        texts(&base["services"][name]["command"]).into_iter().filter(|it| it.contains('=')).collect()
    };
    assert_eq!(inboxes("topics"), inboxes("claimlog-1"));
}

#[test]
fn three_brokers_are_one_cluster() {
    let three = documents(&file("compose.three.yaml")).remove(0);
    let of = |name: &str| -> Vec<String> {
        (1..=3).map(|it| text(&three["services"][format!("kafka-{it}")]["environment"][name])).collect()
    };
    for same in ["CLUSTER_ID", "KAFKA_CONTROLLER_QUORUM_VOTERS", "KAFKA_MIN_INSYNC_REPLICAS"] {
        assert!(of(same).iter().all(|it| *it == of(same)[0]), "{same}: {:?}", of(same));
    }
    assert_eq!(of("KAFKA_NODE_ID"), ["1", "2", "3"]);
    let voters = &of("KAFKA_CONTROLLER_QUORUM_VOTERS")[0];
    assert_eq!(voters, "1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093");
}

#[test]
fn an_open_port_and_what_is_not_declared_are_found() {
    let check = |service: &str| {
        let whole = format!("services: {{it: {{{service}}}}}\nvolumes: {{kept: }}");
        complaints("here", &documents(&whole)[0], None)
    };
    let good = "image: 'a:1.2', ports: ['127.0.0.1:1:1'], volumes: ['kept:/a', './b:/b']";
    assert_clean(&check(good));
    assert_complains(&check(&good.replace("127.0.0.1:1:1", "9092:9092")), "open to the network");
    assert_complains(&check(&good.replace("127.0.0.1:1:1", "0.0.0.0:1:1")), "open to the network");
    assert_complains(&check(&good.replace("kept:", "other:")), "volume other is not declared");
    assert_complains(&check(&format!("{good}, depends_on: {{gone: {{condition: x}}}}")), "no service gone");
    assert_complains(
        &check(&format!("{good}, environment: {{CLAIMLOG_LISTEN: '0.0.0.0:1'}}")),
        "`listen` may not",
    );
    assert_complains(
        &check("image: 'claimlog:0.1.0', network_mode: host, command: [serve, --port=1]"),
        "`port`",
    );
    assert_complains(&check("image: 'claimlog:0.1.0', command: [serve]"), "on its own network");
    assert_complains(&check("ports: []"), "no image");
}

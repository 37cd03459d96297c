//! The manifests: probes of routes that exist, through a door that lets nothing else pass; secrets by reference; selectors
//! that select.

use serde_json::Value;

use crate::images::pinned;
use crate::options;
use crate::schema::Schema;
use crate::yaml::{documents, text, texts};
use crate::{assert_clean, assert_complains, file, files};

/// The routes that show nothing of a claim; the server's own tests hold them to what it serves.
const WATCHED: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
const PROBES: [(&str, &str); 3] =
    [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")];

fn manifests() -> Vec<Value> {
    files("kubernetes").iter().flat_map(|it| documents(&file(it))).collect()
}

/// Where a manifest is, in words.
fn place(it: &Value) -> String {
    format!("{} {}", text(&it["kind"]), text(&it["metadata"]["name"]))
}

/// The manifest of this kind and name.
fn find<'a>(all: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let found = all.iter().find(|it| it["kind"] == kind && it["metadata"]["name"] == name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn complaints(it: &Value) -> Vec<String> {
    let place = place(it);
    let mut found = Vec::new();
    if it["kind"] != "Namespace" && it["metadata"]["namespace"] != "claimlog" {
        found.push(format!("{place}: it is in no namespace of ours"));
    }
    if it["kind"] == "Secret" {
        found.push(format!("{place}: secrets are referred to, never written down"));
    }
    if let Some(text) = it["data"]["claimlog.toml"].as_str() {
        found.extend(options::configuration(&place, text));
    }
    let pod = &it["spec"]["template"]["spec"];
    for container in pod["containers"].as_array().into_iter().flatten() {
        found.extend(container_complaints(&format!("{place}, {}", text(&container["name"])), pod, container));
    }
    found
}

fn container_complaints(place: &str, pod: &Value, it: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let image = text(&it["image"]);
    found.extend(pinned(place, &image));
    if image.starts_with("claimlog:") {
        found.extend(options::arguments(place, &texts(&it["args"])));
    }
    for variable in it["env"].as_array().into_iter().flatten() {
        let (name, from) = (text(&variable["name"]), &variable["valueFrom"]["secretKeyRef"]);
        let value = if from["name"].is_string() && from["key"].is_string() { "…" } else { "" };
        let value = variable["value"].as_str().unwrap_or(value);
        found.extend(options::environment(place, [(name.as_str(), value)]));
        if ["VIEWS", "KEYS", "PASSWORD"].iter().any(|it| name.ends_with(it)) && from.is_null() {
            found.push(format!("{place}: {name} is written down"));
        }
    }
    for mount in it["volumeMounts"].as_array().into_iter().flatten() {
        let volumes = pod["volumes"].as_array().into_iter().flatten();
        if !volumes.into_iter().any(|it| it["name"] == mount["name"]) {
            found.push(format!("{place}: there is no volume {}", mount["name"]));
        }
    }
    let security = &it["securityContext"];
    let unprivileged = security["allowPrivilegeEscalation"] == false
        && security["readOnlyRootFilesystem"] == true
        && security["capabilities"]["drop"] == serde_json::json!(["ALL"])
        && pod["securityContext"]["runAsNonRoot"] == true;
    if !unprivileged {
        found.push(format!("{place}: it may do more than it must"));
    }
    for (limit, of) in [("requests", "memory"), ("requests", "cpu"), ("limits", "memory")] {
        if it["resources"][limit][of].is_null() {
            found.push(format!("{place}: {limit} of {of} are not said"));
        }
    }
    found
}

/// Complains about a door that lets anything pass but what is watched.
fn door_complaints(nginx: &str) -> Vec<String> {
    let locations: Vec<&str> = nginx
        .lines()
        .filter_map(|it| it.trim().strip_prefix("location "))
        .map(|it| it.trim_end_matches(" {"))
        .collect();
    let names: Vec<&str> = WATCHED.iter().map(|it| it.trim_start_matches('/')).collect();
    let watched = format!("~ ^/({})$", names.join("|"));
    let mut found = Vec::new();
    if locations != [watched.as_str(), "/ { return 404; }"] {
        found.push(format!("the door lets {locations:?} pass"));
    }
    if !nginx.contains("limit_except GET { deny all; }") {
        found.push("the door lets more than GET pass".to_owned());
    }
    // The server answers to its own name only.
    if !nginx.contains("proxy_set_header Host 127.0.0.1:8080;") {
        found.push("the door asks by another name than that of the machine".to_owned());
    }
    found
}

#[test]
fn manifests_have_the_fields_of_their_kind_and_no_other() {
    let schema = Schema::of(include_str!("kubernetes.schema.yaml"));
    assert_clean(&manifests().iter().flat_map(|it| schema.complaints(&place(it), it)).collect::<Vec<_>>());
    let good = find(&manifests(), "Deployment", "claimlog").to_string();
    for (from, to) in [
        ("\"replicas\":2", "\"replica\":2"),
        ("\"replicas\":2", "\"replicas\":\"2\""),
        ("\"apps/v1\"", "\"v1\""),
        ("\"mountPath\":\"/tmp\"", "\"mountpath\":\"/tmp\""),
        ("\"memory\":\"4Gi\"", "\"memory\":\"4GiB\""),
        ("\"prometheus.io/port\":\"8081\"", "\"prometheus.io/port\":8081"),
    ] {
        assert!(good.contains(from), "{from}");
        let bad = serde_json::from_str(&good.replacen(from, to, 1)).unwrap();
        assert!(!schema.complaints("here", &bad).is_empty(), "{to}");
    }
}

#[test]
fn manifests_are_whole_pinned_and_hold_no_secret() {
    let all = manifests();
    assert_clean(&all.iter().flat_map(complaints).collect::<Vec<_>>());
    let mut kinds: Vec<String> = all.iter().map(|it| text(&it["kind"])).collect();
    kinds.sort();
    let wanted = [
        "ConfigMap",
        "ConfigMap",
        "Deployment",
        "Job",
        "Namespace",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
    ];
    assert_eq!(kinds, wanted);
}

#[test]
fn probes_ask_what_exists_through_the_door() {
    let all = manifests();
    let pod = &find(&all, "Deployment", "claimlog")["spec"]["template"]["spec"];
    let [claimlog, door] = &pod["containers"].as_array().unwrap()[..] else { panic!("two containers") };
    let port = &door["ports"][0]["containerPort"];
    for (probe, path) in PROBES {
        assert_eq!(claimlog[probe]["httpGet"]["path"], path, "{probe}");
        assert_eq!(&claimlog[probe]["httpGet"]["port"], port, "{probe}");
        assert!(WATCHED.contains(&path));
    }
    let nginx = text(&find(&all, "ConfigMap", "claimlog-door")["data"]["default.conf"]);
    assert_clean(&door_complaints(&nginx));
    assert!(nginx.contains(&format!("listen {port};")));
    let config = text(&find(&all, "ConfigMap", "claimlog")["data"]["claimlog.toml"]);
    assert!(config.contains("listen = \"127.0.0.1:8080\""), "the door asks where the server listens");
}

#[test]
fn selectors_select_the_pods_and_one_of_two_stays() {
    let all = manifests();
    let deployment = find(&all, "Deployment", "claimlog");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&deployment["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(&find(&all, "Service", "claimlog")["spec"]["selector"], labels);
    let budget = &find(&all, "PodDisruptionBudget", "claimlog")["spec"];
    assert_eq!(&budget["selector"]["matchLabels"], labels);
    assert_eq!((&deployment["spec"]["replicas"], &budget["minAvailable"]), (&2.into(), &1.into()));
    assert_ne!(&find(&all, "Job", "claimlog-topics")["spec"]["template"]["metadata"]["labels"], labels);
}

#[test]
fn the_job_makes_the_topics_that_the_engines_use() {
    let all = manifests();
    let kafka = |kind: &str, name: &str| -> Vec<String> {
        let container = &find(&all, kind, name)["spec"]["template"]["spec"]["containers"][0];
        let ours = |it: &String| {
            it.starts_with("--kafka=") || it.starts_with("--kafka-property=") || it.starts_with("--inbox=")
        };
        texts(&container["args"]).into_iter().filter(ours).collect()
    };
    assert_eq!(kafka("Job", "claimlog-topics"), kafka("Deployment", "claimlog"));
}

#[test]
fn a_manifest_that_is_too_open_is_found() {
    let good = "
kind: Deployment
metadata: {name: it, namespace: claimlog}
spec:
  template:
    spec:
      securityContext: {runAsNonRoot: true}
      containers:
        - name: it
          image: claimlog:0.1.0
          args: [serve]
          env: [{name: CLAIMLOG_KEYS, valueFrom: {secretKeyRef: {name: a, key: b}}}]
          volumeMounts: [{name: data, mountPath: /data}]
          resources: {requests: {cpu: 1, memory: 1Gi}, limits: {memory: 1Gi}}
          securityContext: {allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: {drop: [ALL]}}
      volumes: [{name: data, emptyDir: {}}]
";
    let check = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        documents(&good.replace(from, to)).iter().flat_map(complaints).collect::<Vec<_>>()
    };
    assert_clean(&check("it", "it"));
    assert_complains(&check("namespace: claimlog", "namespace: default"), "no namespace of ours");
    assert_complains(&check("claimlog:0.1.0", "claimlog:latest"), "not pinned");
    assert_complains(&check("[serve]", "[serve, --open]"), "no option `open`");
    assert_complains(
        &check("valueFrom: {secretKeyRef: {name: a, key: b}}", "value: postgres"),
        "is written down",
    );
    assert_complains(&check("name: CLAIMLOG_KEYS", "name: CLAIMLOG_KEY"), "given by CLAIMLOG_KEY");
    assert_complains(
        &check("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
        "more than it must",
    );
    assert_complains(&check("runAsNonRoot: true", "runAsNonRoot: false"), "more than it must");
    assert_complains(&check("limits: {memory: 1Gi}", "limits: {}"), "limits of memory");
    assert_complains(&check("volumes: [{name: data", "volumes: [{name: other"), "no volume");
    assert_complains(&check("kind: Deployment", "kind: Secret"), "never written down");
}

#[test]
fn a_door_that_stands_open_is_found() {
    let good = text(&find(&manifests(), "ConfigMap", "claimlog-door")["data"]["default.conf"]);
    assert_complains(&door_complaints(&good.replace("healthz|", "healthz|v1|")), "lets");
    assert_complains(
        &door_complaints(&good.replace("return 404;", "proxy_pass http://127.0.0.1:8080;")),
        "lets",
    );
    assert_complains(&door_complaints(&good.replace("limit_except GET { deny all; }", "")), "more than GET");
    assert_complains(&door_complaints(&good.replace("Host 127.0.0.1:8080", "Host $host")), "another name");
}

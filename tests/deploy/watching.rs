//! The alarms and the dashboard: they speak of metrics that exist, in expressions that can be read, and say what to do.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::yaml::{documents, text};
use crate::{assert_clean, assert_complains, file};

/// A metric's type, and its labels.
pub(crate) type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

/// Labels that Prometheus and histograms add.
const ADDED: [&str; 3] = ["instance", "job", "le"];
/// What an alarm says beside its expression.
const SAID: [&str; 3] = ["summary", "meaning", "action"];

pub(crate) fn metrics(list: &str) -> Metrics {
    let lines = list.lines().filter(|it| !it.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            (words.next().unwrap(), (words.next().unwrap(), words.collect()))
        })
        .collect()
}

/// The words of an expression that could be names, without what stands in quotes.
fn words(expression: &str) -> Vec<String> {
    let unquoted: String = expression.split('"').step_by(2).collect::<Vec<_>>().join("\"\"");
    let is_word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    unquoted.split(|it| !is_word(it)).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// The name in the list of a metric as it stands in an expression.
fn listed<'a>(metrics: &'a Metrics, name: &'a str) -> Option<&'a str> {
    let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|it| name.strip_suffix(it));
    let is = |name: &str, histogram: bool| {
        metrics.get(name).is_some_and(|(kind, _)| (kind == "histogram") == histogram)
    };
    if is(name, false) { Some(name) } else { histogram.filter(|it| is(it, true)) }
}

/// The metrics of the list that an expression uses, or what is wrong with it.
pub(crate) fn used<'a>(
    place: &str,
    expression: &'a str,
    metrics: &'a Metrics,
) -> (BTreeSet<String>, Vec<String>) {
    let (mut names, mut found) = (BTreeSet::new(), Vec::new());
    let mut labels: BTreeSet<&str> = ADDED.into();
    let words = words(expression);
    for word in words.iter().filter(|it| it.starts_with("claimlog_") || *it == "up") {
        match listed(metrics, word) {
            Some(name) => {
                labels.extend(metrics[name].1.iter().map(String::as_str));
                names.insert(name.to_owned());
            }
            None if word == "up" => {}
            None => found.push(format!("{place}: there is no metric {word}")),
        }
    }
    let unknown = !found.is_empty();
    for label in grouped(expression).iter().filter(|it| !unknown && !labels.contains(it.as_str())) {
        found.push(format!("{place}: none of its metrics has a label {label}"));
    }
    let mut open = Vec::new();
    for it in expression.chars() {
        match it {
            '(' | '[' | '{' => open.push(it),
            ')' | ']' | '}' => {
                let fits = matches!((open.pop(), it), (Some('('), ')') | (Some('['), ']') | (Some('{'), '}'));
                if !fits {
                    found.push(format!("{place}: {it} closes nothing in {expression}"));
                }
            }
            _ => {}
        }
    }
    if !open.is_empty() || expression.matches('"').count() % 2 == 1 {
        found.push(format!("{place}: something is not closed in {expression}"));
    }
    (names, found)
}

/// The labels that an expression groups, joins or selects by.
fn grouped(expression: &str) -> BTreeSet<String> {
    let mut labels = BTreeSet::new();
    for word in ["by (", "on ("] {
        for (at, _) in expression.match_indices(word) {
            let rest = &expression[at + word.len()..];
            labels.extend(rest.split(')').next().unwrap().split(',').map(|it| it.trim().to_owned()));
        }
    }
    for part in expression.split('{').skip(1) {
        let inside = part.split('}').next().unwrap();
        labels.extend(
            inside.split(',').filter_map(|it| it.split(['=', '!']).next()).map(|it| it.trim().to_owned()),
        );
    }
    labels
}

fn alarm_complaints(alarm: &Value, metrics: &Metrics) -> (BTreeSet<String>, Vec<String>) {
    let place = text(&alarm["alert"]);
    let expression = text(&alarm["expr"]);
    let (names, mut found) = used(&place, &expression, metrics);
    if !place.starts_with("Claimlog") {
        found.push(format!("{place}: its name does not say whose it is"));
    }
    if !["page", "ticket"].contains(&text(&alarm["labels"]["severity"]).as_str()) {
        found.push(format!("{place}: whom does it wake"));
    }
    let kept = grouped(&expression);
    let whole = !expression.contains("by (") && !expression.starts_with("max(");
    for said in SAID {
        let Some(text) = alarm["annotations"][said].as_str().filter(|it| it.len() > 20) else {
            found.push(format!("{place}: it does not say its {said}"));
            continue;
        };
        for label in text.split("$labels.").skip(1) {
            let label = label.split(|it: char| !it.is_ascii_alphanumeric() && it != '_').next().unwrap();
            let has = |name: &String| metrics[name].1.contains(label);
            if !kept.contains(label) && !(whole && (label == "instance" || names.iter().any(has))) {
                found.push(format!("{place}: {label} is not left to speak of in its {said}"));
            }
        }
    }
    (names, found)
}

pub(crate) fn alarms() -> Vec<Value> {
    let groups = documents(&file("prometheus/alerts.yaml")).remove(0);
    let groups = groups["groups"].as_array().unwrap().clone();
    groups.iter().flat_map(|it| it["rules"].as_array().unwrap().clone()).collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&file("grafana/claimlog.json")).unwrap()
}

/// The expressions of a dashboard with the titles of their panels.
fn expressions(dashboard: &Value) -> Vec<(String, String)> {
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = |it: &Value| it["targets"].as_array().cloned().unwrap_or_default();
    panels
        .iter()
        .flat_map(|it| targets(it).into_iter().map(|target| (text(&it["title"]), text(&target["expr"]))))
        .collect()
}

fn dashboard_complaints(dashboard: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = text(&panel["title"]);
        if !ids.insert(text(&panel["id"])) {
            found.push(format!("{title}: its id is another panel's"));
        }
        if panel["type"] == "row" {
            continue;
        }
        if text(&panel["description"]).len() < 20 {
            found.push(format!("{title}: it does not say what it shows"));
        }
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let columns = place("x")..place("x") + place("w");
        if columns.end > 24 {
            found.push(format!("{title}: it is wider than the page"));
        }
        let cells = columns.flat_map(|x| (place("y")..place("y") + place("h")).map(move |y| (x, y)));
        if cells.filter(|it| !taken.insert(*it)).count() > 0 {
            found.push(format!("{title}: it lies over another panel"));
        }
    }
    found
}

#[test]
fn alarms_and_dashboard_use_exactly_the_metrics_of_the_list() {
    let metrics = metrics(&file("metrics.txt"));
    let (mut all, mut found) = (BTreeSet::new(), Vec::new());
    for alarm in alarms() {
        let (names, complaints) = alarm_complaints(&alarm, &metrics);
        all.extend(names);
        found.extend(complaints);
    }
    let dashboard = dashboard();
    for (title, expression) in expressions(&dashboard) {
        let (names, complaints) = used(&title, &expression, &metrics);
        all.extend(names);
        found.extend(complaints);
    }
    found.extend(dashboard_complaints(&dashboard));
    assert_clean(&found);
    assert_eq!(all, metrics.keys().cloned().collect(), "the list holds what is used, and nothing else");
}

#[test]
fn prometheus_reads_both_engines_under_the_name_that_an_alarm_goes_by() {
    let compose = documents(&file("compose.yaml")).remove(0);
    let listen = |name: &str| compose["services"][name]["environment"]["CLAIMLOG_LISTEN"].clone();
    let prometheus = documents(&file("prometheus/prometheus.yaml")).remove(0);
    let job = &prometheus["scrape_configs"][0];
    assert_eq!(
        job["static_configs"][0]["targets"],
        serde_json::json!([listen("claimlog-1"), listen("claimlog-2")])
    );
    assert_eq!(prometheus["rule_files"], serde_json::json!(["alerts.yaml"]));
    let named = format!("up{{job=\"{}\"}}", text(&job["job_name"]));
    assert!(alarms().iter().any(|it| text(&it["expr"]).contains(&named)), "{named}");
}

#[test]
fn the_list_is_sorted_and_each_metric_is_named_as_its_type_demands() {
    let list = file("metrics.txt");
    let lines: Vec<&str> = list.lines().filter(|it| !it.starts_with('#')).collect();
    assert!(lines.is_sorted(), "{lines:#?}");
    for (name, (kind, _)) in metrics(&list) {
        assert!(["counter", "gauge", "histogram"].contains(&kind.as_str()), "{name} is a {kind}");
        assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
    }
}

#[test]
fn every_alarm_has_a_name_of_its_own_and_those_it_sends_to_exist() {
    let alarms = alarms();
    let names: BTreeSet<String> = alarms.iter().map(|it| text(&it["alert"])).collect();
    assert_eq!(names.len(), alarms.len());
    for alarm in &alarms {
        let said: String =
            SAID.iter().map(|it| text(&alarm["annotations"][*it])).collect::<Vec<_>>().join(" ");
        for word in words(&said).iter().filter(|it| it.starts_with("Claimlog")) {
            assert!(names.contains(word), "{} sends to {word}", alarm["alert"]);
        }
    }
}

#[test]
fn an_alarm_that_cannot_work_is_found() {
    let metrics = metrics("claimlog_lag gauge partition\nclaimlog_seconds histogram route\n");
    let check = |from: &str, to: &str| {
        let good = r#"{"alert": "ClaimlogIt", "expr": "max by (partition) (claimlog_lag{partition=\"1\"}) > 1",
            "labels": {"severity": "page"}, "annotations": {"summary": "Something of {{ $labels.partition }} is up.",
            "meaning": "It means what it says, roughly.", "action": "Do what must be done then."}}"#;
        assert!(good.contains(from), "{from}");
        alarm_complaints(&serde_json::from_str(&good.replacen(from, to, 1)).unwrap(), &metrics).1
    };
    assert_clean(&check("It", "It"));
    assert_complains(&check("claimlog_lag", "claimlog_lags"), "no metric claimlog_lags");
    assert_complains(
        &check("(claimlog_lag{", "(claimlog_seconds_bucket{partition=\\\"1\\\"} + claimlog_lag_sum{"),
        "claimlog_lag_sum",
    );
    assert_complains(&check("by (partition)", "by (partition, topic)"), "has a label topic");
    assert_complains(&check("{partition=", "{cause="), "label cause");
    assert_complains(&check(") > 1", ")) > 1"), "closes nothing");
    assert_complains(&check(") > 1", " > 1"), "not closed");
    assert_complains(&check("page", "mail"), "whom does it wake");
    assert_complains(&check("$labels.partition", "$labels.instance"), "instance is not left");
    assert_complains(&check("It means what it says, roughly.", "?"), "its meaning");
    assert_complains(&check("ClaimlogIt", "It"), "whose it is");
}

#[test]
fn a_panel_out_of_place_is_found() {
    let check = |from: &str, to: &str| {
        let good = r#"{"panels": [{"id": 1, "type": "stat", "title": "a", "description": "what it is that it shows",
            "gridPos": {"x": 0, "y": 0, "w": 12, "h": 2}}, {"id": 2, "type": "stat", "title": "b",
            "description": "what it is that it shows", "gridPos": {"x": 12, "y": 1, "w": 12, "h": 2}}]}"#;
        assert!(good.contains(from), "{from}");
        dashboard_complaints(&serde_json::from_str(&good.replacen(from, to, 1)).unwrap())
    };
    assert_clean(&check("1", "1"));
    assert_complains(&check("\"id\": 2", "\"id\": 1"), "another panel's");
    assert_complains(&check("\"x\": 12", "\"x\": 11"), "over another");
    assert_complains(&check("\"x\": 12", "\"x\": 13"), "wider");
    assert_complains(&check("what it is that it shows", ""), "does not say");
}

//! Topics are made as they must be, and everything that is not is told, on a real broker.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

mod support;

use claim_log_kafka::{Settings, Wrong, check, create};
use claim_testkit::kafka::{self, Cluster};
use support::{alone, alter};

fn told(wrong: &[Wrong]) -> Vec<String> {
    wrong.iter().map(ToString::to_string).collect()
}

#[test]
fn missing_topics_are_told_and_made() {
    let Some(cluster) = kafka::or_skip("missing_topics_are_told_and_made") else { return };
    let connection = alone(cluster.bootstrap());
    let settings = Settings::new(3).inbox(connection.topics().inbox("crm"), 2);
    let wrong = check(&connection, &settings).unwrap();
    assert_eq!(wrong.len(), 9);
    let journal = connection.topics().journal();
    assert_eq!(told(&wrong)[0], format!("topic {journal}: topic is missing and must be there"));
    assert_eq!(create(&connection, &settings).unwrap(), []);
    assert_eq!(check(&connection, &settings).unwrap(), []);
    assert_eq!(create(&connection, &settings).unwrap(), [], "again it changes nothing");
}

#[test]
fn each_wrong_setting_is_told_by_name_and_corrected() {
    let Some(cluster) = kafka::or_skip("each_wrong_setting_is_told_by_name_and_corrected") else { return };
    let connection = alone(cluster.bootstrap());
    let inbox = connection.topics().inbox("crm");
    let settings = Settings::new(2).inbox(inbox.clone(), 1);
    create(&connection, &settings).unwrap();
    let wrong = [
        ("cleanup.policy", "compact", "delete"),
        ("compression.type", "gzip", "producer"),
        ("max.message.bytes", "1000", "1114112"),
        ("message.timestamp.type", "CreateTime", "LogAppendTime"),
        ("min.insync.replicas", "2", "1"),
        ("retention.bytes", "5000000", "-1"),
        ("retention.ms", "60000", "604800000"),
        ("unclean.leader.election.enable", "true", "false"),
    ];
    let bad: Vec<_> =
        wrong.iter().map(|(name, bad, _)| (*name, *bad)).chain([("segment.ms", "70000")]).collect();
    alter(&connection, &inbox, &bad);
    // A broker hears of what was altered a moment later.
    let look = || check(&connection, &settings).unwrap();
    let mut found = (0..200).map(|_| look()).find(|it| it.len() == wrong.len()).unwrap_or_else(look);
    found.sort_by(|a, b| a.setting.cmp(&b.setting));
    let found: Vec<_> =
        found.iter().map(|it| (it.setting.as_str(), it.found.as_str(), it.wanted.as_str())).collect();
    assert_eq!(found, wrong);
    assert_eq!(create(&connection, &settings).unwrap(), []);
    assert_eq!(check(&connection, &settings).unwrap(), []);
}

#[test]
fn partitions_and_copies_are_told_and_never_changed() {
    let Some(cluster) = kafka::or_skip("partitions_and_copies_are_told_and_never_changed") else { return };
    let connection = alone(cluster.bootstrap());
    create(&connection, &Settings::new(2)).unwrap();
    let mut other = Settings::new(3);
    other.replication = Some(2);
    other.min_in_sync = Some(1);
    let wrong = create(&connection, &other).unwrap();
    let topics = connection.topics();
    let told = told(&wrong);
    for sentence in [
        format!("topic {}: partitions is 2 and must be 3", topics.journal()),
        format!("topic {}: partitions is 4 and must be 5", topics.outcomes()),
        format!("topic {}: replication is 1 and must be 2", topics.identity()),
    ] {
        assert!(told.contains(&sentence), "{sentence:?} is not among {told:#?}");
    }
    assert_eq!(check(&connection, &Settings::new(2)).unwrap(), []);
}

#[test]
fn three_brokers_keep_three_copies_of_which_two_are_in_sync() {
    let name = "three_brokers_keep_three_copies_of_which_two_are_in_sync";
    let Some(cluster) = kafka::own_or_skip(name, || Cluster::start(3)) else { return };
    let connection = alone(cluster.bootstrap());
    assert_eq!(create(&connection, &Settings::new(2)).unwrap(), []);
    let mut explicit = Settings::new(2);
    (explicit.replication, explicit.min_in_sync) = (Some(3), Some(2));
    assert_eq!(check(&connection, &explicit).unwrap(), []);
}

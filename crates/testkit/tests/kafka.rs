//! The brokers that other tests rely on start, survive what is done to them, and vanish.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]

use std::net::TcpStream;
use std::path::Path;

use claim_testkit::kafka::{Cluster, User, or_skip, own_or_skip};

#[test]
fn the_shared_cluster_is_one_for_all() {
    let Some(one) = or_skip("the_shared_cluster_is_one_for_all") else { return };
    let other = or_skip("the_shared_cluster_is_one_for_all").unwrap();
    assert_eq!(one.bootstrap(), other.bootstrap());
    TcpStream::connect(one.bootstrap().split(',').next().unwrap()).unwrap();
}

#[test]
fn a_broker_is_killed_restarted_paused_and_gone_at_last() {
    let name = "a_broker_is_killed_restarted_paused_and_gone_at_last";
    let Some(mut cluster) = own_or_skip(name, || Cluster::start(1)) else { return };
    let first = cluster.pid(1).unwrap();
    cluster.kill(1);
    assert!(cluster.pid(1).is_none() && !Path::new(&format!("/proc/{first}")).exists());
    cluster.restart(1).unwrap();
    cluster.pause(1);
    cluster.resume(1);
    cluster.stop(1);
    cluster.restart(1).unwrap();
    let last = cluster.pid(1).unwrap();
    assert_ne!(first, last);
    drop(cluster);
    assert!(!Path::new(&format!("/proc/{last}")).exists());
}

#[test]
fn a_broker_that_stands_still_goes_with_the_test_too() {
    let name = "a_broker_that_stands_still_goes_with_the_test_too";
    let Some(mut cluster) = own_or_skip(name, || Cluster::start(1)) else { return };
    let pid = cluster.pid(1).unwrap();
    cluster.pause(1);
    drop(cluster);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_secure_broker_takes_grants() {
    let users = [User::new("engine")];
    let Some(cluster) = own_or_skip("a_secure_broker_takes_grants", || Cluster::start_secure(&users)) else {
        return;
    };
    cluster.grant(&["User:engine|TOPIC|claimlog.|PREFIXED|READ,WRITE"]).unwrap();
}

#[test]
fn three_brokers_are_one_cluster() {
    let Some(cluster) = own_or_skip("three_brokers_are_one_cluster", || Cluster::start(3)) else { return };
    assert_eq!((cluster.brokers(), cluster.bootstrap().split(',').count()), (3, 3));
}

//! What comes in and what goes out, on a real broker.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use claim_log::{
    Arrivals, Change, Inbox, LogError, Membership, Outgoing, Outlet, Place, Received, Unclear, contract,
};
use claim_log_kafka::{Connection, KafkaTopics, Settings, create};
use claim_testkit::kafka;
use support::{End, Upstream, alone, delete_before};

const PATIENCE: Duration = Duration::from_secs(30);

/// An inbox of 6 partitions of its own.
fn inbox(servers: &str) -> (Connection, String, Arc<KafkaTopics>) {
    let connection = alone(servers);
    let topic = connection.topics().inbox("crm");
    assert_eq!(create(&connection, &Settings::new(1).inbox(topic.clone(), 6)).unwrap(), []);
    let topics = KafkaTopics::open(&connection).unwrap();
    (connection, topic, topics)
}

fn outgoing(place: &Place, value: &str) -> Outgoing {
    Outgoing {
        place: place.clone(),
        key: Some(b"key".to_vec()),
        headers: vec![("a".to_owned(), b"1".to_vec()), ("a".to_owned(), Vec::new())],
        value: value.as_bytes().to_vec(),
    }
}

/// Sends values and waits for their offsets.
fn put(topics: &KafkaTopics, place: &Place, values: &[String]) -> Vec<Result<u64, Unclear>> {
    let (tell, told) = channel();
    for value in values {
        let tell = tell.clone();
        topics.send(outgoing(place, value), Box::new(move |it| drop(tell.send(it))));
    }
    values.iter().map(|_| told.recv_timeout(PATIENCE).unwrap()).collect()
}

fn take(arrivals: &mut dyn Arrivals, count: usize) -> Vec<Received> {
    (0..count).map(|_| arrivals.next(PATIENCE).unwrap().unwrap()).collect()
}

fn numbers(range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|it| it.to_string()).collect()
}

#[test]
fn what_goes_out_comes_in_as_it_was_and_in_order() {
    let Some(cluster) = kafka::or_skip("what_goes_out_comes_in_as_it_was_and_in_order") else { return };
    let (_, topic, topics) = inbox(cluster.bootstrap());
    assert_eq!(topics.partitions(&topic).unwrap(), 6);
    let (one, two) = (Place::new(topic.clone(), 1), Place::new(topic, 2));
    assert_eq!(put(&topics, &one, &numbers(0..500)), (0..500).map(Ok).collect::<Vec<_>>());
    assert_eq!(put(&topics, &two, &numbers(500..501)), [Ok(0)]);
    assert_eq!((topics.range(&one).unwrap(), topics.range(&two).unwrap()), ((0, 500), (0, 1)));
    let mut arrivals = topics.read(&BTreeMap::from([(one.clone(), 7), (two.clone(), 0)])).unwrap();
    let received = take(&mut *arrivals, 494);
    let of = |place: &Place| received.iter().filter(|it| it.place == *place).cloned().collect::<Vec<_>>();
    assert_eq!(of(&one).iter().map(|it| it.offset).collect::<Vec<_>>(), (7..500).collect::<Vec<_>>());
    let [last] = &of(&two)[..] else { panic!("one record is in the other partition") };
    assert_eq!(last.value.as_deref(), Some(&b"500"[..]));
    assert_eq!((&last.key, &last.headers), (&outgoing(&two, "").key, &outgoing(&two, "").headers));
    assert!(last.stamped_at_ms > 1_600_000_000_000);
    // At the end it waits, and no longer than it is told.
    let began = Instant::now();
    assert_eq!(arrivals.next(Duration::from_millis(300)).unwrap(), None);
    assert!((300..2_000).contains(&began.elapsed().as_millis()));
    put(&topics, &one, &numbers(0..1));
    assert_eq!(take(&mut *arrivals, 1)[0].offset, 500);
}

#[test]
fn the_last_record_is_found_and_none_in_an_empty_partition() {
    let name = "the_last_record_is_found_and_none_in_an_empty_partition";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let (_, topic, topics) = inbox(cluster.bootstrap());
    let place = Place::new(topic, 3);
    assert_eq!(topics.last(&place).unwrap(), None);
    put(&topics, &place, &numbers(0..9));
    let last = topics.last(&place).unwrap().unwrap();
    assert_eq!((last.offset, last.value), (8, Some(b"8".to_vec())));
}

#[test]
fn an_upstream_may_use_transactions() {
    let Some(cluster) = kafka::or_skip("an_upstream_may_use_transactions") else { return };
    let (connection, topic, topics) = inbox(cluster.bootstrap());
    let place = Place::new(topic, 4);
    let upstream = Upstream::new(&connection, &place);
    upstream.send(&["a", "b"], End::Committed);
    upstream.send(&["no", "no"], End::Aborted);
    upstream.send(&["c"], End::Committed);
    let mut arrivals = topics.read(&BTreeMap::from([(place.clone(), 0)])).unwrap();
    let values: Vec<_> = take(&mut *arrivals, 3).into_iter().map(|it| it.value.unwrap()).collect();
    assert_eq!(values, [b"a", b"b", b"c"]);
    // Two records and the end of their transaction, three times but for one record.
    assert_eq!(topics.range(&place).unwrap(), (0, 8));
    assert_eq!(topics.last(&place).unwrap().unwrap().offset, 6, "the last offset holds no record");
    upstream.send(&["open"], End::Open);
    assert_eq!(topics.range(&place).unwrap(), (0, 9), "what hangs is not hidden");
    assert_eq!(arrivals.next(Duration::from_millis(300)).unwrap(), None, "and does not arrive");
}

#[test] // DESIGN §4: a partition is drained when its end is reached
fn the_end_of_a_transaction_is_reached_although_it_never_arrives() {
    let name = "the_end_of_a_transaction_is_reached_although_it_never_arrives";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let (connection, topic, topics) = inbox(cluster.bootstrap());
    let place = Place::new(topic, 2);
    let upstream = Upstream::new(&connection, &place);
    upstream.send(&["a", "b"], End::Committed);
    contract::arrivals_reach_the_end(&*topics, &place);
    upstream.send(&["c"], End::Committed);
    upstream.send(&["no", "no"], End::Aborted);
    contract::arrivals_reach_the_end(&*topics, &place);
    let (_, end) = topics.range(&place).unwrap();
    upstream.send(&["open"], End::Open);
    let mut arrivals = topics.read(&BTreeMap::from([(place.clone(), end)])).unwrap();
    assert_eq!(arrivals.next(Duration::from_millis(500)).unwrap(), None);
    assert_eq!(arrivals.reached(&place), Some(end), "what may still be committed is not passed over");
    upstream.end(End::Committed);
    assert_eq!(take(&mut *arrivals, 1)[0].offset, end);
    let began = Instant::now();
    while arrivals.reached(&place) != Some(end + 2) {
        assert!(began.elapsed() < PATIENCE, "{:?}", arrivals.reached(&place));
        assert_eq!(arrivals.next(Duration::from_millis(20)).unwrap(), None);
    }
}

#[test]
fn a_topic_that_is_missing_is_said_to_be() {
    let Some(cluster) = kafka::or_skip("a_topic_that_is_missing_is_said_to_be") else { return };
    let topics = KafkaTopics::open(&alone(cluster.bootstrap())).unwrap();
    let Err(LogError::Io { source, .. }) = topics.partitions("no-such-topic") else {
        panic!("it is missing")
    };
    assert_eq!(source.to_string(), "there is no such topic");
}

#[test]
fn an_offset_that_is_not_there_is_never_reset_in_silence() {
    let name = "an_offset_that_is_not_there_is_never_reset_in_silence";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let (connection, topic, topics) = inbox(cluster.bootstrap());
    let place = Place::new(topic, 0);
    put(&topics, &place, &numbers(0..10));
    delete_before(&connection, &place, 5);
    assert_eq!(topics.range(&place).unwrap(), (5, 10));
    for offset in [2, 99] {
        let mut arrivals = topics.read(&BTreeMap::from([(place.clone(), offset)])).unwrap();
        let began = Instant::now();
        let fault = loop {
            match arrivals.next(Duration::from_millis(100)) {
                Ok(None) if began.elapsed() < PATIENCE => {}
                Ok(it) => panic!("nothing is at {offset}, and yet: {it:?}"),
                Err(fault) => break fault,
            }
        };
        assert!(matches!(fault, LogError::BeyondEnd { offset: at, end: 10 } if at == offset), "{fault:?}");
    }
}

#[test]
fn what_is_too_large_is_unclear_and_so_is_all_after_it_until_renewed() {
    let name = "what_is_too_large_is_unclear_and_so_is_all_after_it_until_renewed";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let (connection, topic, topics) = inbox(cluster.bootstrap());
    let place = Place::new(topic.clone(), 0);
    let size = usize::try_from(connection.max_message_bytes).unwrap();
    let told = put(&topics, &place, &["x".repeat(size + 1), "1".to_owned()]);
    assert!(told.iter().all(Result::is_err), "{told:?}");
    assert_eq!(put(&topics, &Place::new(topic, 1), &numbers(0..1)), [Ok(0)], "another partition goes on");
    topics.renew();
    assert_eq!(put(&topics, &place, &numbers(0..1)), [Ok(0)]);
}

/// Asks until the member owns so many partitions.
fn own(member: &mut dyn Membership, share: &mut BTreeSet<Place>, count: usize) {
    let began = Instant::now();
    while share.len() != count {
        assert!(began.elapsed() < PATIENCE, "{} of {count} after {PATIENCE:?}", share.len());
        match member.poll(Duration::from_millis(20)).unwrap() {
            Some(Change::Gained(places)) => share.extend(places),
            Some(Change::Lost(places)) => share.retain(|it| !places.contains(it)),
            None => {}
        }
    }
}

#[test]
fn members_share_and_one_that_leaves_is_followed_at_once() {
    let name = "members_share_and_one_that_leaves_is_followed_at_once";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let (connection, topic, topics) = inbox(cluster.bootstrap());
    let group = format!("{}.group", connection.prefix);
    let all = std::slice::from_ref(&topic);
    let (mut first, mut first_share) = (topics.join(&group, all).unwrap(), BTreeSet::new());
    own(&mut *first, &mut first_share, 6);
    let place = Place::new(topic.clone(), 5);
    assert_eq!(first.committed(&place).unwrap(), None);
    first.commit(&place, 42).unwrap();
    assert_eq!(first.committed(&place).unwrap(), Some(42));
    let (mut second, mut second_share) = (topics.join(&group, all).unwrap(), BTreeSet::new());
    let began = Instant::now();
    while first_share.len() != 3 || second_share.len() != 3 {
        assert!(began.elapsed() < PATIENCE, "{first_share:?} {second_share:?}");
        for (member, share) in [(&mut first, &mut first_share), (&mut second, &mut second_share)] {
            match member.poll(Duration::from_millis(10)).unwrap() {
                Some(Change::Gained(places)) => share.extend(places),
                Some(Change::Lost(places)) => share.retain(|it| !places.contains(it)),
                None => {}
            }
        }
    }
    assert!(first_share.is_disjoint(&second_share));
    let began = Instant::now();
    drop(first);
    own(&mut *second, &mut second_share, 6);
    assert!(began.elapsed() < Duration::from_secs(4), "less than a session: {:?}", began.elapsed());
    assert_eq!(second.committed(&place).unwrap(), Some(42));
}

#[test]
fn a_member_whose_owner_is_busy_stays() {
    let Some(cluster) = kafka::or_skip("a_member_whose_owner_is_busy_stays") else { return };
    let (mut connection, topic, _) = inbox(cluster.bootstrap());
    connection.session_timeout = Duration::from_secs(1);
    let topics = KafkaTopics::open(&connection).unwrap();
    let group = format!("{}.group", connection.prefix);
    let (mut member, mut share) =
        (topics.join(&group, std::slice::from_ref(&topic)).unwrap(), BTreeSet::new());
    own(&mut *member, &mut share, 6);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(member.poll(Duration::ZERO).unwrap(), None);
    member.commit(&Place::new(topic, 0), 1).unwrap();
}

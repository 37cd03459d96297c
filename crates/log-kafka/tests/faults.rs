//! What the journal does when brokers stand still, are killed, lose records or know nobody.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop where it fails")]

mod support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use claim_journal::{
    Chain, Entry, JournalId, Kind, LeaderId, Line, Offsets, PartitionId, Pen, Settings, Verdict,
};
use claim_log::{Batch, Log, LogError, Outgoing, Outlet, Place, ReadLog, Receipt, Start, Unclear};
use claim_log_kafka::{Connection, KafkaLog, KafkaTopics, check};
use claim_testkit::kafka::{self, Answers, Cluster, User};
use support::{delete_before, installed};
use uuid::Uuid;

const PARTITION: PartitionId = PartitionId::Number(0);
const PATIENCE: Duration = Duration::from_secs(60);

fn append(log: &KafkaLog, lines: Vec<Entry>) -> Receiver<Receipt> {
    let (tell, told) = channel();
    let batch = Batch { partition: PARTITION, lines };
    log.append(batch, Box::new(move |receipt| drop(tell.send(receipt))));
    told
}

fn put(log: &KafkaLog, lines: Vec<Entry>) -> Receipt {
    append(log, lines).recv_timeout(PATIENCE).unwrap()
}

/// Reads the partition to its end by the readers' rule.
fn chain(log: &KafkaLog) -> Chain {
    let mut chain = Chain::new(PARTITION, Offsets::Count);
    let mut records = log.read(&Start::nowhere().at(PARTITION, 0)).unwrap();
    while let Some(stored) = records.next().unwrap() {
        let verdict = chain.read(stored.offset, &Line::parse(&stored.line));
        assert!(!matches!(verdict, Verdict::Halt(_)), "{verdict:?}");
    }
    chain
}

/// Leads on what is there.
fn lead(log: &KafkaLog) -> Pen {
    let chain = chain(log);
    let settings = Settings { slots: 4096, partitions: 8, simulated: false };
    let journal = chain.journal().unwrap_or(JournalId(Uuid::from_u128(77)));
    let mut pen = Pen::new(&chain, journal, LeaderId(Uuid::new_v4()));
    let line = pen.lead("1.0.0", 1, chain.journal().is_none().then_some(&settings)).unwrap();
    let receipt = put(log, vec![line]);
    assert!(matches!(receipt, Receipt::Appended { .. }), "{receipt:?}");
    pen.read_back(&self::chain(log)).unwrap();
    pen
}

fn decision(pen: &mut Pen) -> Entry {
    pen.write(Kind::Decision, 1, "{\"a\":1}", 0).unwrap()
}

fn opened(connection: &Connection) -> Arc<KafkaLog> {
    KafkaLog::open(connection).unwrap()
}

#[test] // FAULTS F-04
fn what_a_paused_broker_did_not_confirm_is_unclear_until_the_next_lead() {
    let name = "what_a_paused_broker_did_not_confirm_is_unclear_until_the_next_lead";
    let Some(mut cluster) = kafka::own_or_skip(name, || Cluster::start(1)) else { return };
    let mut connection = installed(cluster.bootstrap());
    connection.message_timeout = Duration::from_secs(2);
    let log = opened(&connection);
    let mut pen = lead(&log);
    let sure = put(&log, vec![decision(&mut pen)]);
    assert_eq!(sure, Receipt::Appended { offsets: vec![1] });
    cluster.pause(1);
    let first = append(&log, vec![decision(&mut pen), decision(&mut pen)]);
    let second = append(&log, vec![decision(&mut pen)]);
    assert!(matches!(first.recv_timeout(PATIENCE).unwrap(), Receipt::Unclear(Unclear::Io(_))));
    assert!(matches!(second.recv_timeout(PATIENCE).unwrap(), Receipt::Unclear(Unclear::Io(_))));
    cluster.resume(1);
    thread::sleep(Duration::from_secs(1));
    let late = put(&log, vec![decision(&mut pen)]);
    assert!(
        matches!(late, Receipt::Unclear(_)),
        "unclear until a lead, even when the broker is back: {late:?}"
    );
    let mut next = lead(&log);
    assert!(matches!(put(&log, vec![decision(&mut next)]), Receipt::Appended { .. }));
    assert_eq!(chain(&log).head(), Some(next.head()), "nothing of the first reign follows the second lead");
}

#[test] // DESIGN rule 4: unclear is not "not appended"
fn a_lost_acknowledgement_is_unclear_although_the_record_is_on_the_log() {
    let name = "a_lost_acknowledgement_is_unclear_although_the_record_is_on_the_log";
    let Some((cluster, proxy)) = kafka::own_or_skip(name, Cluster::start_behind_proxy) else { return };
    let mut connection = installed(cluster.bootstrap());
    connection.message_timeout = Duration::from_secs(2);
    let log = opened(&connection);
    let mut pen = lead(&log);
    proxy.answers(Answers::Lose);
    let receipt = put(&log, vec![decision(&mut pen)]);
    assert!(matches!(receipt, Receipt::Unclear(_)), "{receipt:?}");
    proxy.answers(Answers::Pass);
    assert_eq!(chain(&log).head(), Some(pen.head()), "it was not told, and yet it is valid");
    let mut next = lead(&log);
    assert!(matches!(put(&log, vec![decision(&mut next)]), Receipt::Appended { .. }));
    assert_eq!((next.head(), chain(&log).sequence()), (chain(&log).head().unwrap(), 2));
}

#[test]
fn a_late_acknowledgement_is_still_one_and_a_cut_connection_is_none_of_our_business() {
    let name = "a_late_acknowledgement_is_still_one_and_a_cut_connection_is_none_of_our_business";
    let Some((cluster, proxy)) = kafka::own_or_skip(name, Cluster::start_behind_proxy) else { return };
    let log = opened(&installed(cluster.bootstrap()));
    let mut pen = lead(&log);
    proxy.answers(Answers::Hold);
    let late = append(&log, vec![decision(&mut pen)]);
    assert!(proxy.caught(1) >= 1);
    assert!(late.try_recv().is_err(), "nothing is told before it is acknowledged");
    assert_eq!(chain(&log).head(), Some(pen.head()), "though it can be read");
    proxy.answers(Answers::Pass);
    assert_eq!(late.recv_timeout(PATIENCE).unwrap(), Receipt::Appended { offsets: vec![1] });
    proxy.answers(Answers::Lose);
    let lost = append(&log, vec![decision(&mut pen)]);
    assert!(proxy.caught(2) >= 2);
    proxy.answers(Answers::Pass);
    // The producer sends again, and the broker knows the record: it stands there once.
    proxy.cut();
    let receipt = lost.recv_timeout(PATIENCE).unwrap();
    assert_eq!(receipt, Receipt::Appended { offsets: vec![2] });
    assert_eq!((chain(&log).head(), chain(&log).sequence()), (Some(pen.head()), 2));
}

#[test] // FAULTS F-09
fn a_killed_broker_comes_back_with_all_that_was_told() {
    let name = "a_killed_broker_comes_back_with_all_that_was_told";
    let Some(mut cluster) = kafka::own_or_skip(name, || Cluster::start(1)) else { return };
    let mut connection = installed(cluster.bootstrap());
    connection.message_timeout = Duration::from_secs(2);
    let log = opened(&connection);
    let mut pen = lead(&log);
    for _ in 0..20 {
        assert!(matches!(put(&log, vec![decision(&mut pen)]), Receipt::Appended { .. }));
    }
    let told = pen.head();
    let mut records = log.read(&Start::beginning()).unwrap();
    cluster.kill(1);
    assert!(matches!(put(&log, vec![decision(&mut pen)]), Receipt::Unclear(_)));
    cluster.restart(1).unwrap();
    let read = std::iter::from_fn(|| records.next().unwrap()).count();
    assert!(read >= 21, "a reader goes on through a fault of the broker: {read}");
    assert_eq!(chain(&log).head(), Some(told));
    let mut next = lead(&log);
    assert!(matches!(put(&log, vec![decision(&mut next)]), Receipt::Appended { .. }));
}

#[test]
fn the_loss_of_one_broker_of_three_is_no_fault_to_the_journal() {
    let name = "the_loss_of_one_broker_of_three_is_no_fault_to_the_journal";
    let Some(mut cluster) = kafka::own_or_skip(name, || Cluster::start(3)) else { return };
    let connection = installed(cluster.bootstrap());
    let log = opened(&connection);
    let mut pen = lead(&log);
    let mut records = log.read(&Start::beginning()).unwrap();
    let mut read = 0;
    for broker in 1..=2 {
        cluster.kill(broker);
        let receipt = put(&log, vec![decision(&mut pen)]);
        assert!(matches!(receipt, Receipt::Appended { .. }), "without broker {broker}: {receipt:?}");
        read += std::iter::from_fn(|| records.next().unwrap()).count();
        assert_eq!(read, 1 + broker, "a reader sees what was told");
        cluster.restart(broker).unwrap();
        // Until it is in sync again, the next one must not be lost.
        thread::sleep(Duration::from_secs(3));
    }
    assert_eq!(chain(&log).head(), Some(pen.head()));
}

#[test]
fn a_reader_that_waits_too_long_says_so() {
    let Some(mut cluster) = kafka::own_or_skip("a_reader_that_waits_too_long_says_so", || Cluster::start(1))
    else {
        return;
    };
    let mut connection = installed(cluster.bootstrap());
    connection.patience = Duration::from_secs(2);
    let log = opened(&connection);
    let mut records = log.read(&Start::beginning()).unwrap();
    assert_eq!(records.next().unwrap(), None);
    cluster.pause(1);
    let began = Instant::now();
    assert!(matches!(records.next(), Err(LogError::Io { .. })), "an end that nobody confirms is none");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    cluster.resume(1);
    assert_eq!(records.next().unwrap(), None, "and goes on when asked again");
}

#[test] // FAULTS F-38
fn deleted_records_are_damage_and_a_start_beyond_the_end_is_told() {
    let name = "deleted_records_are_damage_and_a_start_beyond_the_end_is_told";
    let Some(cluster) = kafka::or_skip(name) else { return };
    let connection = installed(cluster.bootstrap());
    let log = opened(&connection);
    let mut pen = lead(&log);
    put(&log, vec![decision(&mut pen), decision(&mut pen)]);
    delete_before(&connection, &connection.topics().place(PARTITION), 2);
    let fault = log.read(&Start::beginning()).err().unwrap();
    let LogError::Damaged { at, why } = fault else { panic!("{fault:?}") };
    assert!(at.ends_with(".journal[0] offset 0") && why.contains("before offset 2"), "{at}: {why}");
    assert!(matches!(log.record(PARTITION, 0), Err(LogError::NoRecord { .. })));
    assert!(log.record(PARTITION, 2).is_ok());
    let beyond = Start::nowhere().at(PARTITION, 4);
    assert!(matches!(log.read(&beyond), Err(LogError::BeyondEnd { offset: 4, end: 3 })));
    assert!(log.read(&Start::nowhere().at(PARTITION, 3)).is_ok());
}

#[test]
fn what_is_on_its_way_when_the_log_is_closed_is_told() {
    let name = "what_is_on_its_way_when_the_log_is_closed_is_told";
    let Some(mut cluster) = kafka::own_or_skip(name, || Cluster::start(1)) else { return };
    let log = opened(&installed(cluster.bootstrap()));
    let mut pen = lead(&log);
    cluster.pause(1);
    let told = append(&log, vec![decision(&mut pen)]);
    drop(log);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Receipt::Unclear(Unclear::Closed));
}

#[test]
fn who_may_not_is_told_why() {
    let (engine, reader) = (User::new("engine"), User::new("reader"));
    let users = [engine.clone(), reader.clone()];
    let Some(cluster) = kafka::own_or_skip("who_may_not_is_told_why", || Cluster::start_secure(&users))
    else {
        return;
    };
    cluster
        .grant(&[
            "User:engine|TOPIC|claimlog.|PREFIXED|READ,WRITE,CREATE,ALTER_CONFIGS,DESCRIBE_CONFIGS",
            "User:engine|GROUP|claimlog.|PREFIXED|READ",
            "User:reader|TOPIC|claimlog.|PREFIXED|READ",
            "User:reader|GROUP|claimlog.readers|LITERAL|READ",
        ])
        .unwrap();
    let connect = |user: &User| {
        let mut connection = Connection::new(cluster.bootstrap());
        connection.properties = cluster.login(user);
        connection.message_timeout = Duration::from_secs(5);
        connection.patience = Duration::from_secs(5);
        connection
    };
    let connection = connect(&engine);
    assert_eq!(claim_log_kafka::create(&connection, &claim_log_kafka::Settings::new(8)).unwrap(), []);
    let log = opened(&connection);
    let mut pen = lead(&log);
    assert!(matches!(put(&log, vec![decision(&mut pen)]), Receipt::Appended { .. }));

    let reading = opened(&connect(&reader));
    assert_eq!(chain(&reading).head(), Some(pen.head()));
    let Receipt::Unclear(Unclear::Io(why)) = put(&reading, vec![decision(&mut pen)]) else {
        panic!("a reader may not write")
    };
    assert!(why.starts_with("writing to claimlog.journal as reader, who may not, failed: "), "{why}");

    // What it has on its way to other partitions does not wait for its time to be over.
    let mut patient = connect(&reader);
    patient.message_timeout = Duration::from_secs(100);
    let topics = KafkaTopics::open(&patient).unwrap();
    let (tell, told) = channel();
    for partition in 0..8 {
        let (tell, place) = (tell.clone(), Place::new(patient.topics().commands(), partition));
        let record = Outgoing { place, key: None, headers: Vec::new(), value: b"no".to_vec() };
        topics.send(record, Box::new(move |it| drop(tell.send(it))));
    }
    let began = Instant::now();
    for _ in 0..8 {
        let Unclear::Io(why) = told.recv_timeout(PATIENCE).unwrap().unwrap_err() else {
            panic!("it was closed")
        };
        assert!(why.starts_with("writing to claimlog.commands as reader, who may not, failed: "), "{why}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());

    let stranger = connect(&User { password: "guessed".to_owned(), ..engine });
    let fault = KafkaLog::open(&stranger).err().unwrap();
    let LogError::Io { source, .. } = fault else { panic!("{fault:?}") };
    assert!(source.to_string().contains("uthentication"), "{source}");
    assert!(check(&stranger, &claim_log_kafka::Settings::new(8)).is_err());
}

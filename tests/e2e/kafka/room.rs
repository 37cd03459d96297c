//! Topics of a test's own on brokers that others may share, the program on them, and an observer of what they hold.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use claim_testkit::kafka::{Client, Reader, Record, or_skip};
use claim_tests::observer::chain::Offsets;
use claim_tests::observer::order::decided_in_two_partitions;
use claim_tests::observer::{Commands, Complaint, History, Partition, complaints_with, told};
use serde_json::Value;

use crate::http::Serving;
use crate::place::{Place, Run, run};

/// How many numbered partitions there are.
pub(crate) const PARTITIONS: u16 = 2;

/// Topics of a test's own.
pub(crate) struct Room {
    pub(crate) servers: String,
    pub(crate) prefix: String,
    pub(crate) client: Client,
    /// Options beside those that every test has.
    options: Vec<String>,
}

impl Room {
    /// One with topics, on the brokers that all tests share; none where there are no brokers.
    pub(crate) fn new(test: &str, options: &[&str]) -> Option<Self> {
        let room = Self::on(or_skip(test)?.bootstrap(), options);
        room.topics("create").ended(0);
        Some(room)
    }

    /// One on these brokers, still without topics.
    pub(crate) fn on(servers: &str, options: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let prefix = format!("e2e-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let options = options.iter().map(|it| (*it).to_owned()).collect();
        Self { servers: servers.to_owned(), prefix, client: Client::new(servers), options }
    }

    /// One on brokers of its own that ask who comes: looked at by this client.
    pub(crate) fn guarded(servers: &str, prefix: &str, client: Client) -> Self {
        Self { servers: servers.to_owned(), prefix: prefix.to_owned(), client, options: Vec::new() }
    }

    /// How our own library reaches the same topics.
    pub(crate) fn connection(&self) -> claim_log_kafka::Connection {
        claim_log_kafka::Connection::new(&self.servers).with_prefix(&self.prefix)
    }

    /// The name of one of its topics.
    pub(crate) fn topic(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    fn with_options(&self, command: &mut Command) {
        command.args(["--kafka", &self.servers, "--kafka-prefix", &self.prefix, "--partitions", "2"]);
        command.args(["--inbox", "portal=*", "--inbox-partitions", "1"]).args(&self.options);
    }

    /// Runs `topics create` or `topics check`.
    pub(crate) fn topics(&self, what: &str) -> Run {
        run(&mut self.topics_command(what), Vec::new())
    }

    /// The command for that.
    pub(crate) fn topics_command(&self, what: &str) -> Command {
        let mut command = crate::place::claimlog();
        command.args(["topics", what, "--json"]);
        self.with_options(&mut command);
        command
    }

    /// The program on these topics, and on this directory.
    pub(crate) fn claimlog(&self, place: &Place, args: &[&str]) -> Command {
        let mut command = place.claimlog();
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        self.with_options(&mut command);
        command.args(args);
        command
    }

    /// The same, running.
    pub(crate) fn serve(&self, place: &Place, args: &[&str]) -> Serving {
        Serving::start(&mut self.claimlog(place, args))
    }

    /// Writes commands to the inbox.
    pub(crate) fn publish<'a>(&self, commands: impl IntoIterator<Item = &'a Value>) -> Vec<u64> {
        let records: Vec<_> = commands.into_iter().map(|it| Record::new(0, it.to_string())).collect();
        self.client.write(&self.topic("inbox.portal"), &records)
    }

    /// A reader of one of its topics.
    pub(crate) fn reader(&self, topic: &str) -> Reader {
        self.client.reader(&self.topic(topic))
    }

    /// The outcomes of commands of these ids, each once they are all there.
    pub(crate) fn outcomes(&self, ids: &[String]) -> Vec<Record> {
        let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        let mut reader = self.reader("outcomes");
        let of =
            |it: &Record| it.key.as_deref().and_then(|it| std::str::from_utf8(it).ok()).map(str::to_owned);
        let all = reader.until("outcome of every command", |records| {
            let there: BTreeSet<String> = records.iter().filter_map(of).collect();
            wanted.iter().all(|it| there.contains(*it))
        });
        let find = |id: &String| all.iter().find(|it| of(it).as_ref() == Some(id)).unwrap().clone();
        ids.iter().map(find).collect()
    }

    /// The journal as an observer reads it: the program's partition last.
    pub(crate) fn histories(&self) -> Vec<History> {
        self.histories_as(|_, records| records)
    }

    /// The same, once somebody has changed the records of a partition.
    pub(crate) fn histories_as(
        &self,
        change: impl Fn(Partition, Vec<Record>) -> Vec<Record>,
    ) -> Vec<History> {
        let read = |partition, mut records: Vec<Record>| {
            records = change(partition, records);
            let lines = records.iter().map(|it| (it.offset, &it.value[..]));
            History::read(partition, Offsets::Count, lines)
        };
        let journal = self.reader("journal").all().to_vec();
        let of =
            |number: u16| journal.iter().filter(|it| it.partition == u32::from(number)).cloned().collect();
        let numbered = (0..PARTITIONS).map(|it| read(Partition::Number(it), of(it)));
        let mut all: Vec<_> = numbered.collect();
        all.push(read(Partition::Program, self.reader("program").all().to_vec()));
        all
    }

    /// The commands that belong to [`Room::histories`].
    pub(crate) fn commands(&self) -> Vec<Commands> {
        let all = self.reader("commands").all().to_vec();
        let read =
            |records: Vec<&Record>| Commands::read(records.into_iter().map(|it| (it.offset, &it.value[..])));
        let of = |number: u16| all.iter().filter(|it| it.partition == u32::from(number)).collect();
        let mut commands: Vec<_> = (0..PARTITIONS).map(|it| read(of(it))).collect();
        commands.push(read(self.reader("program.commands").all().iter().collect()));
        commands
    }

    /// Everything that an observer complains about, once all was decided: in the topics, and in what was told.
    pub(crate) fn observed<'a>(&self, told: impl IntoIterator<Item = &'a Value>) -> Vec<Complaint> {
        observed(&self.histories(), &self.commands(), told)
    }

    /// Everything that was told on the outcomes topic.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.reader("outcomes").all().iter().map(Record::json).collect()
    }
}

/// Everything that an observer complains about.
pub(crate) fn observed<'a>(
    histories: &[History],
    commands: &[Commands],
    told: impl IntoIterator<Item = &'a Value>,
) -> Vec<Complaint> {
    let both = histories.iter().zip(commands);
    let mut all: Vec<_> = both.flat_map(|(history, commands)| complaints_with(history, commands)).collect();
    all.extend(decided_in_two_partitions(histories));
    all.extend(told::complaints(histories, told));
    all
}

//! The options that say where Kafka is and what stands there; the same for `serve` and `topics`.

#[cfg(feature = "kafka")]
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use claim_intake::Sources;
use claim_journal::PartitionId;
use clap::Args;

/// Where Kafka is, and what stands there.
#[derive(Clone, Debug, Args)]
pub(crate) struct KafkaOptions {
    /// Brokers of Apache Kafka. Without them the log is the data directory's.
    #[arg(long, value_name = "HOST:PORT,…", env = "CLAIMLOG_KAFKA")]
    pub(crate) kafka: Option<String>,
    /// What the names of all topics begin with.
    #[arg(long, value_name = "PREFIX", default_value = "claimlog", env = "CLAIMLOG_KAFKA_PREFIX")]
    pub(crate) kafka_prefix: String,
    /// A setting of librdkafka, such as `security.protocol=SASL_SSL`; may be given several times.
    #[arg(long, value_name = "KEY=VALUE", env = "CLAIMLOG_KAFKA_PROPERTY", value_delimiter = ';')]
    pub(crate) kafka_property: Vec<Property>,
    /// An inbox topic, `<prefix>.inbox.<NAME>`, and the sources that it may carry, such as `portal=partner:*,customer`; may be
    /// given several times.
    #[arg(long, value_name = "NAME=SOURCES", env = "CLAIMLOG_INBOX", value_delimiter = ';')]
    pub(crate) inbox: Vec<InboxOption>,
    /// How many partitions each of these inbox topics has.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, env = "CLAIMLOG_INBOX_PARTITIONS")]
    pub(crate) inbox_partitions: u32,
    /// How many partitions the journal has; never changed afterwards.
    #[arg(long, value_name = "NUMBER", default_value_t = 8, env = "CLAIMLOG_PARTITIONS")]
    pub(crate) partitions: u16,
    /// On how many brokers each record stands: three, or as many as there are.
    #[arg(long, value_name = "NUMBER", env = "CLAIMLOG_REPLICATION")]
    pub(crate) replication: Option<u32>,
    /// How far promises about an idle inbox stay behind the clock, in seconds; the clocks of brokers and intakes may differ by
    /// half of it.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, env = "CLAIMLOG_CLOCK_MARGIN")]
    pub(crate) clock_margin: u64,
    /// Declares a record void on which a partition halts, as `<partition>:<offset>`: an operator's word.
    #[arg(long, value_name = "PARTITION:OFFSET", env = "CLAIMLOG_ACCEPT_VOID", value_delimiter = ';')]
    pub(crate) accept_void: Vec<AcceptedVoid>,
    /// Takes the times that producers give for those of the inboxes' append: for tests and for imported history.
    #[arg(long, hide = true, env = "CLAIMLOG_INBOX_CREATE_TIME")]
    pub(crate) inbox_create_time: bool,
}

impl KafkaOptions {
    /// The voids that were declared, by partition.
    #[cfg(feature = "kafka")]
    pub(crate) fn accepted(&self) -> BTreeMap<PartitionId, Vec<u64>> {
        let mut all: BTreeMap<PartitionId, Vec<u64>> = BTreeMap::new();
        for it in &self.accept_void {
            all.entry(it.partition).or_default().push(it.offset);
        }
        all
    }
}

/// A setting of librdkafka.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Property {
    pub(crate) key: String,
    pub(crate) value: String,
}

/// Values may be passwords.
impl fmt::Debug for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.key)
    }
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Self { key: key.into(), value: value.into() }),
            _ => Err("not KEY=VALUE".to_owned()),
        }
    }
}

/// An inbox, and who may write there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InboxOption {
    pub(crate) name: String,
    pub(crate) sources: Sources,
}

impl FromStr for InboxOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, sources) = text.split_once('=').ok_or("not NAME=SOURCES, such as portal=partner:*")?;
        let plain = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_');
        if name.is_empty() || !name.chars().all(plain) {
            return Err(format!("`{name}` is no name of an inbox: letters, digits, - and _"));
        }
        if matches!(name, "api" | "effects") {
            return Err(format!("the inbox `{name}` is claimlog's own"));
        }
        let sources = sources.parse::<Sources>().map_err(|error| error.to_string())?;
        Ok(Self { name: name.to_owned(), sources })
    }
}

/// A record that an operator declared void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AcceptedVoid {
    partition: PartitionId,
    offset: u64,
}

impl FromStr for AcceptedVoid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not PARTITION:OFFSET, such as 3:1842 or program:7".to_owned();
        let (partition, offset) = text.split_once(':').ok_or_else(wrong)?;
        let partition = partition.parse().map_err(|_| wrong())?;
        Ok(Self { partition, offset: offset.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_wrong_ones_are_explained() {
        let inbox: InboxOption = "portal=partner:*,customer".parse().unwrap();
        assert_eq!((inbox.name.as_str(), inbox.sources.to_string()), ("portal", "partner:*,customer".into()));
        for wrong in ["portal", "=*", "a.b=*", "api=*", "portal=nobody"] {
            assert!(wrong.parse::<InboxOption>().is_err(), "{wrong}");
        }
        let property: Property = "sasl.password=a=b".parse().unwrap();
        assert_eq!((property.key.as_str(), property.value.as_str()), ("sasl.password", "a=b"));
        assert!(!format!("{property:?}").contains("a=b"), "never printed");
        let accepted: AcceptedVoid = "program:7".parse().unwrap();
        assert_eq!((accepted.partition, accepted.offset), (PartitionId::Program, 7));
        assert!("7".parse::<AcceptedVoid>().is_err());
    }
}

//! A cluster of one or three brokers, each of which can be stopped, killed, paused and started again.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use super::Unavailable;
use super::certificate::Certificate;
use super::cut::cut;
use super::jars::jars;
use super::node::{Node, java};
use super::ports;
use super::proxy::Proxy;

/// How often to try again when a port that was free is taken in the meantime.
const ATTEMPTS: usize = 3;

/// Somebody who may log in to a cluster that was started by [`Cluster::start_secure`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
}

impl User {
    /// One of this name, with a password of its own.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), password: format!("{name}-secret") }
    }
}

/// Brokers, which end when this is dropped and when the program ends in any way.
pub struct Cluster {
    servers: String,
    libs: PathBuf,
    nodes: Vec<Node>,
    certificate: Option<Certificate>,
}

impl Cluster {
    /// Starts `brokers` brokers, 1 or 3: three replicate everything three times, and two must be in sync.
    ///
    /// # Errors
    /// [`Unavailable`] without Java, without Maven the first time, or when they do not start.
    pub fn start(brokers: usize) -> Result<Self, Unavailable> {
        again(|| Self::try_start(&Way { brokers, users: &[], proxied: None }))
    }

    /// Starts a broker that is reached through TLS, asks for a name and a password (SCRAM-SHA-512), and lets nobody do what
    /// was not granted.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_secure(users: &[User]) -> Result<Self, Unavailable> {
        again(|| Self::try_start(&Way { brokers: 1, users, proxied: None }))
    }

    /// Starts a broker that clients reach through a proxy only.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_behind_proxy() -> Result<(Self, Proxy), Unavailable> {
        again(|| {
            let ports = ports::free(1);
            let port = ports.first().copied().ok_or_else(|| Unavailable("no port is free".to_owned()))?;
            let mut cluster = Self::try_start(&Way { brokers: 1, users: &[], proxied: Some(port) })?;
            let broker = cluster.nodes.first().map(|it| it.port).unwrap_or_default();
            let proxy = Proxy::start(port, broker)?;
            cluster.servers = format!("127.0.0.1:{port}");
            Ok((cluster, proxy))
        })
    }

    /// A cluster that runs already; its brokers cannot be stopped from here.
    #[must_use]
    pub fn existing(servers: &str) -> Self {
        Self { servers: servers.to_owned(), libs: PathBuf::new(), nodes: Vec::new(), certificate: None }
    }

    fn try_start(way: &Way<'_>) -> Result<Self, Unavailable> {
        let libs = jars()?;
        let ports = ports::free(way.brokers * 2);
        let (clients, controllers) = ports.split_at(ports.len() / 2);
        let certificate = if way.users.is_empty() { None } else { Some(Certificate::make()?) };
        let plans = plans(clients, controllers, way, certificate.as_ref());
        let formats = thread::scope(|scope| {
            let format = |plan: &Plan| Node::format(&libs, &plan.properties, plan.port, &plan.format);
            let running: Vec<_> = plans.iter().map(|plan| scope.spawn(move || format(plan))).collect();
            running.into_iter().map(|it| it.join()).collect::<Vec<_>>()
        });
        let mut nodes = Vec::new();
        for format in formats {
            nodes.push(format.map_err(|_| Unavailable("formatting a broker panicked".to_owned()))??);
        }
        let servers: Vec<_> = clients.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut cluster = Self { servers: servers.join(","), libs, nodes, certificate };
        cluster.nodes.iter_mut().try_for_each(Node::launch)?;
        cluster.nodes.iter().try_for_each(Node::wait)?;
        Ok(cluster)
    }

    /// What a client needs to find the cluster.
    #[must_use]
    pub fn bootstrap(&self) -> &str {
        &self.servers
    }

    /// How many brokers it has; 0 when it is not ours.
    #[must_use]
    pub fn brokers(&self) -> usize {
        self.nodes.len()
    }

    /// The process of a broker, from 1, while it runs.
    #[must_use]
    pub fn pid(&self, broker: usize) -> Option<u32> {
        self.nodes.get(broker.wrapping_sub(1))?.pid()
    }

    /// Stops a broker, from 1, in order; returns when it is gone.
    pub fn stop(&mut self, broker: usize) {
        self.signal(broker, "TERM");
    }

    /// Kills a broker, from 1, at once.
    pub fn kill(&mut self, broker: usize) {
        self.signal(broker, "KILL");
    }

    /// Lets a broker, from 1, stand still, with its connections open.
    pub fn pause(&mut self, broker: usize) {
        self.signal(broker, "STOP");
    }

    /// Lets a paused broker go on.
    pub fn resume(&mut self, broker: usize) {
        self.signal(broker, "CONT");
    }

    /// Starts a broker, from 1, that was stopped or killed, on its old data and port.
    ///
    /// # Errors
    /// [`Unavailable`] when it does not start.
    pub fn restart(&mut self, broker: usize) -> Result<(), Unavailable> {
        let node = self.nodes.get_mut(broker.wrapping_sub(1));
        let node = node.ok_or_else(|| Unavailable(format!("there is no broker {broker} to start")))?;
        node.launch()?;
        node.wait()
    }

    /// Cuts the record at an offset and all behind it off the disk of a broker, from 1, that was stopped or killed; with
    /// the record goes the batch that it came in. The offset at which the partition ends then.
    ///
    /// # Errors
    /// [`Unavailable`] when the broker runs or the record is not there.
    pub fn cut(&self, broker: usize, topic: &str, partition: u32, offset: u64) -> Result<u64, Unavailable> {
        match self.nodes.get(broker.wrapping_sub(1)) {
            Some(node) if node.pid().is_none() => cut(&node.data(), topic, partition, offset)
                .map_err(Unavailable::because("cutting records off")),
            _ => Err(Unavailable(format!("there is no broker {broker} that stands still"))),
        }
    }

    fn signal(&mut self, broker: usize, signal: &str) {
        if let Some(node) = self.nodes.get_mut(broker.wrapping_sub(1)) {
            node.signal(signal);
        }
    }

    /// What a client of a secure cluster is configured with to be `user`, in the words of librdkafka.
    #[must_use]
    pub fn login(&self, user: &User) -> BTreeMap<String, String> {
        let authority = self.authority();
        let settings = [
            ("security.protocol", "SASL_SSL"),
            ("ssl.ca.location", &*authority),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", &user.name),
            ("sasl.password", &user.password),
        ];
        settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// The file with the certificate that a client of a secure cluster is to trust.
    fn authority(&self) -> String {
        self.certificate.as_ref().map(|it| it.authority().display().to_string()).unwrap_or_default()
    }

    /// Grants rights on a secure cluster. A grant is `User:name|TOPIC|the.topic|LITERAL|READ,WRITE`; the resource may be
    /// GROUP too, and PREFIXED.
    ///
    /// # Errors
    /// [`Unavailable`] when they were not granted.
    pub fn grant(&self, grants: &[&str]) -> Result<(), Unavailable> {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/kafka/Acl.java");
        let output = java(&self.libs)
            .args([source, &self.servers, "admin:admin-secret", &self.authority()])
            .args(grants)
            .output()
            .map_err(Unavailable::because("running java"))?;
        if output.status.success() {
            return Ok(());
        }
        Err(Unavailable(format!("nothing was granted: {}", String::from_utf8_lossy(&output.stderr))))
    }
}

/// How a cluster is to be.
struct Way<'a> {
    brokers: usize,
    /// Who may log in; nobody has to when this is empty.
    users: &'a [User],
    /// The port that clients are sent to instead.
    proxied: Option<u16>,
}

/// Tries a few times, since a port that was free may be taken in the meantime.
fn again<T>(mut start: impl FnMut() -> Result<T, Unavailable>) -> Result<T, Unavailable> {
    (1..ATTEMPTS).find_map(|_| start().ok()).map_or_else(start, Ok)
}

/// How one broker is to be.
struct Plan {
    properties: String,
    port: u16,
    format: Vec<String>,
}

fn plans(
    clients: &[u16],
    controllers: &[u16],
    way: &Way<'_>,
    certificate: Option<&Certificate>,
) -> Vec<Plan> {
    let several = clients.len() > 1;
    let all: Vec<_> = controllers.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let voters = all.iter().zip(1..).map(|(at, id)| format!("{id}@{at}:claimlog-directory-0{id}Q"));
    let voters = voters.collect::<Vec<_>>().join(",");
    let plan = |((id, client), controller): ((usize, &u16), &String)| {
        let listeners = |client: u16| format!("CLIENT://127.0.0.1:{client},CONTROLLER://{controller}");
        let template = include_str!("node.properties");
        let mut properties = template
            .replace("@ID@", &id.to_string())
            .replace("@LISTENERS@", &listeners(*client))
            .replace("@ADVERTISED@", &listeners(way.proxied.unwrap_or(*client)))
            .replace("@PROTOCOL@", if certificate.is_none() { "PLAINTEXT" } else { "SASL_SSL" })
            .replace("@CONTROLLERS@", &all.join(","))
            .replace("@COPIES@", if several { "3" } else { "1" })
            .replace("@IN_SYNC@", if several { "2" } else { "1" })
            .replace("@SESSION@", if several { "6000" } else { "2000" });
        if let Some(certificate) = certificate {
            properties.push_str(&certificate.fill_in(include_str!("secure.properties")));
        }
        let scram = way.users.iter().flat_map(|user| {
            let credentials = format!("SCRAM-SHA-512=[name={},password={}]", user.name, user.password);
            ["--add-scram".to_owned(), credentials]
        });
        let quorum = if several {
            vec!["--initial-controllers".to_owned(), voters.clone()]
        } else {
            vec!["--standalone".to_owned()]
        };
        Plan { properties, port: *client, format: quorum.into_iter().chain(scram).collect() }
    };
    (1..).zip(clients).zip(&all).map(plan).collect()
}

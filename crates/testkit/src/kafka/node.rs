//! One broker: a Java process that lives as long as a test holds it.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::Unavailable;

/// How long a broker may take until it listens; a busy machine needs half a minute for three.
const PATIENCE: Duration = Duration::from_secs(120);

/// A formatted broker, running or not.
pub(super) struct Node {
    libs: PathBuf,
    folder: PathBuf,
    /// The port for clients.
    pub(super) port: u16,
    running: Option<Running>,
}

struct Running {
    watch: Child,
    /// What the watch says.
    says: BufReader<ChildStdout>,
    pid: u32,
}

impl Node {
    /// Writes the configuration and formats the storage; `format` are more arguments for that.
    pub(super) fn format(
        libs: &Path,
        properties: &str,
        port: u16,
        format: &[String],
    ) -> Result<Self, Unavailable> {
        let folder = tempfile::Builder::new().prefix("claimlog-kafka-").tempdir();
        let folder = folder.map_err(Unavailable::because("making the folder of a broker"))?.keep();
        let node = Self { libs: libs.to_owned(), folder, port, running: None };
        let properties = properties.replace("@DATA@", &node.data().display().to_string());
        fs::write(node.configuration(), properties)
            .map_err(Unavailable::because("writing the configuration of a broker"))?;
        let output = java(libs)
            .args(["kafka.tools.StorageTool", "format", "-t", CLUSTER])
            .args(format)
            .arg("-c")
            .arg(node.configuration())
            .output()
            .map_err(Unavailable::because("running java"))?;
        if output.status.success() {
            return Ok(node);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Unavailable(format!("the storage of a broker was not formatted: {said}")))
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("node.properties")
    }

    /// Where its topics are.
    pub(super) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the process, without waiting until it listens.
    pub(super) fn launch(&mut self) -> Result<(), Unavailable> {
        let broker = java(&self.libs);
        let mut watch = Command::new("sh")
            .args(["-c", include_str!("watch.sh")])
            .arg(self.folder.join("broker.log"))
            .arg(broker.get_program())
            .args(broker.get_args())
            .arg("kafka.Kafka")
            .arg(self.configuration())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // So that an interrupt at the keyboard reaches the test only, whose end is the broker's end.
            .process_group(0)
            .spawn()
            .map_err(Unavailable::because("running sh"))?;
        let none = || Unavailable("a broker has no process id".to_owned());
        let mut says = BufReader::new(watch.stdout.take().ok_or_else(none)?);
        let mut line = String::new();
        says.read_line(&mut line).map_err(Unavailable::because("reading the process id of a broker"))?;
        let pid = line.trim().parse().map_err(|_| none())?;
        self.running = Some(Running { watch, says, pid });
        Ok(())
    }

    /// Waits until the broker listens: then it takes part in its cluster.
    pub(super) fn wait(&self) -> Result<(), Unavailable> {
        let began = Instant::now();
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            let ended = self.pid().is_none_or(has_ended);
            if ended || began.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.join("broker.log")).unwrap_or_default();
                let last: String = log.lines().rev().take(5).collect::<Vec<_>>().join("\n");
                return Err(Unavailable(format!("a broker did not start; its log ends with:\n{last}")));
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Its process, while it runs.
    pub(super) fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|it| it.pid)
    }

    /// Sends it a signal, and returns when it was sent; after one that ends or stops it, when the process is gone or every
    /// thread of it stands still.
    pub(super) fn signal(&mut self, signal: &str) {
        let Some(running) = &mut self.running else { return };
        if let Some(input) = &mut running.watch.stdin {
            drop(writeln!(input, "{signal}"));
        }
        if ["TERM", "KILL"].contains(&signal) {
            // `wait` would close its input first, which is the end of the folder.
            while matches!(running.watch.try_wait(), Ok(None)) {
                thread::sleep(Duration::from_millis(5));
            }
            self.running = None;
        } else {
            drop(running.says.read_line(&mut String::new()));
            while signal == "STOP" && !stands_still(running.pid) && !has_ended(running.pid) {
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            drop(running.watch.stdin.take());
            drop(running.watch.wait());
        }
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Any 16 bytes, as Kafka spells them.
const CLUSTER: &str = "claimlog-for-tests-00A";

/// Java with the jars of the broker.
pub(super) fn java(libs: &Path) -> Command {
    let mut command = Command::new("java");
    command.args(["-Xms32m", "-Xmx96m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]);
    command.arg(libs.join("*"));
    command
}

/// Whether a process has ended and waits to be collected. Without /proc nobody knows: then patience decides.
fn has_ended(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|it| it.contains(") Z "))
}

/// Whether every thread of a process is stopped: a signal to stop is sent before it is obeyed, and a thread that still runs
/// on another processor still answers. Without /proc nobody knows.
fn stands_still(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    // A thread that ended meanwhile has no state to read, and stands still too.
    let mut states = threads.flatten().filter_map(|it| fs::read_to_string(it.path().join("stat")).ok());
    states.all(|it| it.contains(") T ") || it.contains(") t "))
}

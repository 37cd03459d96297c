//! The program serving, and a client that sends it whatever a test wants, well-formed or not.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::place::{Place, Run};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `claimlog serve`; it is killed when it is dropped.
pub(crate) struct Serving {
    child: Child,
    /// Where it listens.
    pub(crate) address: String,
    log: Receiver<String>,
    said: String,
    agent: ureq::Agent,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Place {
    /// Serves this directory on a port of its own.
    pub(crate) fn serve(&self, args: &[&str]) -> Serving {
        Serving::start(self.claimlog().args(["serve", "--listen", "127.0.0.1:0"]).args(args))
    }
}

impl Serving {
    /// Starts a program and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, log) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|it| drop(tell.send(it))));
        let mut said = String::new();
        let address = loop {
            let line = log.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it does not listen: {said}"));
            said += &format!("{line}\n");
            if let Some((_, after)) = line.split_once("listening on http://") {
                break after.split_once(';').unwrap().0.to_owned();
            }
        };
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(PATIENCE)).build().new_agent();
        Self { child, address, log, said, agent }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Gets a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        answer(self.agent.get(self.url(path)).call().unwrap())
    }

    /// Posts commands.
    pub(crate) fn post(&self, body: &str) -> Answer {
        self.post_with(body, &[])
    }

    /// Posts commands with more headers.
    pub(crate) fn post_with(&self, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_post(body, headers).unwrap()
    }

    /// Posts commands, to a program that may be ending.
    pub(crate) fn try_post(&self, body: &str, headers: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
        post(&self.agent, &self.url("/v1/commands"), body, headers)
    }

    /// A client of its own, for another thread.
    pub(crate) fn client(&self) -> impl Fn(&str) -> Result<Answer, ureq::Error> + Send + 'static {
        let (agent, url) = (self.agent.clone(), self.url("/v1/commands"));
        move |body| post(&agent, &url, body, &[])
    }

    /// Sends bytes as they are, and reads what comes until the connection is closed.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A program that has seen enough closes before it has read all.
        drop(stream.write_all(bytes));
        let mut text = Vec::new();
        drop(stream.read_to_end(&mut text));
        parsed(&String::from_utf8_lossy(&text))
    }

    /// A bare connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Waits until a path answers so that `holds`.
    pub(crate) fn until(&self, path: &str, holds: impl Fn(&Answer) -> bool) -> Answer {
        let started = Instant::now();
        loop {
            let answer = self.get(path);
            if holds(&answer) {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "{path} still answers {answer:?}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end, as a supervisor does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends it a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// Waits until it has ended.
    pub(crate) fn ended(mut self) -> Run {
        let started = Instant::now();
        let status: ExitStatus = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end: {}", self.said);
            thread::sleep(Duration::from_millis(10));
        };
        let mut err = std::mem::take(&mut self.said);
        self.log.iter().for_each(|line| err += &format!("{line}\n"));
        Run { status: status.code(), out: String::new(), err }
    }

    /// Asks it to end, and waits for it.
    pub(crate) fn stop(self) -> Run {
        self.terminate();
        self.ended()
    }

    /// Kills it without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// The same, if it has this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// The code of the problem that it is, if it is one as RFC 9457 says, with this status.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        assert!(
            body["type"].is_string() && body["title"].is_string() && body["detail"].is_string(),
            "{body}"
        );
        assert_eq!(self.header("retry-after").is_some(), status == 503, "{self:?}");
        body["code"].as_str().unwrap().to_owned()
    }
}

fn post(agent: &ureq::Agent, url: &str, body: &str, headers: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
    let mut request = agent.post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send(body).map(answer)
}

fn answer(mut response: ureq::http::Response<ureq::Body>) -> Answer {
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let status = response.status().as_u16();
    Answer { status, headers, body: response.body_mut().read_to_string().unwrap() }
}

/// An answer from its bytes; status 0 when there was none.
fn parsed(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let headers = head.lines().skip(1).filter_map(|it| it.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

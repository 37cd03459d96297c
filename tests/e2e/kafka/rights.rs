//! The program on brokers that are reached through TLS, ask for a name and a password, and allow nothing that is not in the
//! README's table of rights: with all of them each role does its work, without one of them it says which.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use claim_testkit::kafka::{Client, Cluster, GROUP, Record, User, own_or_skip};
use serde_json::json;

use super::acl::{Right, Role, of_readme};
use super::room::Room;
use crate::http::Serving;
use crate::place::{Place, answer, run};
use crate::world::{SCAN, add, id, program};

/// The roles that one process has each.
const ROLES: [&str; 5] = ["intake", "engine", "publisher", "projector", "api"];
/// What the names of the topics begin with.
const PREFIX: &str = "claimlog";
/// How long a process may take until it says what it lacks.
const PATIENCE: Duration = Duration::from_secs(30);

/// Brokers that know everybody of the table, and for each right of a role somebody who has all others.
struct Guarded {
    cluster: Cluster,
    room: Room,
    place: Place,
}

/// A right that somebody lacks.
struct Lack {
    role: &'static str,
    who: User,
    right: Right,
}

impl Guarded {
    fn start(table: &[Role], lacks: &[Lack]) -> Option<Self> {
        let users = ROLES.iter().chain(&["operator", "upstream"]).map(|it| User::new(it));
        let users: Vec<_> = users.chain(lacks.iter().map(|it| it.who.clone())).collect();
        let test = "each_role_works_with_the_rights_of_the_readme_and_says_which_it_lacks";
        let cluster = own_or_skip(test, || Cluster::start_secure(&users))?;
        let mut grants = vec![format!("User:upstream|GROUP|{GROUP}|LITERAL|READ")];
        for (who, name) in ROLES
            .map(|it| (it, it))
            .into_iter()
            .chain([("operator", "topics create"), ("upstream", "an upstream")])
        {
            grants.extend(rights(table, name).iter().map(|it| it.grant(who, PREFIX)));
        }
        for lack in lacks {
            let others = rights(table, lack.role).into_iter().filter(|it| *it != lack.right);
            grants.extend(others.map(|it| it.grant(&lack.who.name, PREFIX)));
        }
        let grants: Vec<_> = grants.iter().map(String::as_str).collect();
        cluster.grant(&grants).unwrap();
        // Who may write nothing yet gets no producer id, for good.
        let client = Client::with(cluster.bootstrap(), &cluster.login(&User::new("upstream")));
        let room = Room::guarded(cluster.bootstrap(), PREFIX, client);
        Some(Self { cluster, room, place: Place::of_world() })
    }

    /// Gives a command the name and the password of somebody, out of sight of whoever lists processes.
    fn log_in<'a>(&self, command: &'a mut Command, who: &User) -> &'a mut Command {
        let properties: Vec<_> =
            self.cluster.login(who).iter().map(|(key, value)| format!("{key}={value}")).collect();
        command.env("CLAIMLOG_KAFKA_PROPERTY", properties.join(";"))
    }

    fn command(&self, role: &str, who: &User) -> Command {
        let mut command = self.room.claimlog(&self.place, &["--roles", role, "--no-effects"]);
        self.log_in(&mut command, who);
        command
    }

    /// A process of one role, as its principal.
    fn role(&self, role: &str) -> Process {
        Process::start(&mut self.command(role, &User::new(role)))
    }

    /// What a process of a role says that lacks a right, once it has been given work.
    fn refused(&self, lack: &Lack) {
        let said = format!(" as {}, who may not, failed", lack.who.name);
        let resource = lack.right.resource(PREFIX);
        let is_it = |line: &str| line.split_once(&said).is_some_and(|(what, _)| what.contains(&resource));
        if (lack.role, &*lack.right.operation) == ("api", "WRITE") {
            let serving = Serving::start(&mut self.command("api", &lack.who));
            let told = serving.post(&add(9_000, 900).to_string());
            assert!(told.problem(503) == "log_unavailable" && is_it(&told.body), "{told:?}");
            return;
        }
        let mut process = Process::start(&mut self.command(lack.role, &lack.who));
        process.until(&format!("{resource} …{said}"), is_it);
        process.end();
    }
}

/// The rights of a row, with those of every start where it is a role.
fn rights(table: &[Role], name: &str) -> Vec<Right> {
    let starts = if ROLES.contains(&name) { row(table, "every start") } else { Vec::new() };
    row(table, name).into_iter().chain(starts).collect()
}

fn row(table: &[Role], name: &str) -> Vec<Right> {
    table.iter().find(|it| it.name == name).expect("the table has it").rights.clone()
}

/// Somebody for each right that a role has of its own; for those of every start, a projector.
fn lacks(table: &[Role]) -> Vec<Lack> {
    let own = |role: &'static str| {
        let of = if role == "projector" { rights(table, role) } else { row(table, role) };
        // No effect is due in this world, so nobody reports one.
        let of = of.into_iter().filter(|it| &*it.name != "inbox.effects");
        (0..).zip(of).map(move |(number, right)| {
            let who = User::new(&format!("{role}-{number}"));
            Lack { role, who, right }
        })
    };
    ROLES.into_iter().flat_map(own).collect()
}

/// A running process and what it says.
struct Process {
    child: Child,
    log: Receiver<String>,
    said: String,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, log) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|it| drop(tell.send(it))));
        Self { child, log, said: String::new() }
    }

    /// Reads what it says until a line is as wanted.
    fn until(&mut self, what: &str, holds: impl Fn(&str) -> bool) {
        let began = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(began.elapsed());
            match self.log.recv_timeout(left) {
                Ok(line) if holds(&line) => return,
                Ok(line) => self.said += &format!("{line}\n"),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    panic!("it does not say {what}: {}", self.said)
                }
            }
        }
    }

    /// Asks it to end, and waits, so that it leaves its group.
    fn end(mut self) {
        drop(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status());
        let began = Instant::now();
        while self.child.try_wait().unwrap().is_none() && began.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test] // issue 4: SCRAM, TLS, and the rights that the README lists
fn each_role_works_with_the_rights_of_the_readme_and_says_which_it_lacks() {
    let table = of_readme();
    let lacks = lacks(&table);
    let Some(it) = Guarded::start(&table, &lacks) else { return };
    let mut create = it.room.topics_command("create");
    run(it.log_in(&mut create, &User::new("operator")), Vec::new()).ended(0);

    // With all rights: by HTTP and by a topic, to outcomes, events and views.
    let api = Serving::start(&mut it.command("api", &User::new("api")));
    let [intake, engine, publisher, projector] =
        ["intake", "engine", "publisher", "projector"].map(|role| it.role(role));
    let told = api.post(&json!(program(30)).to_string()).is(200).json();
    assert!(told.as_array().unwrap().iter().all(|it| answer(it) == "accepted"), "{told}");
    it.room.publish(&[add(100, 1)]);
    let told = it.room.outcomes(&[id(100)])[0].json();
    assert_eq!(answer(&told), "accepted");
    let claim = told["claims"][0].as_str().unwrap();
    let mut events = it.room.reader("events");
    events
        .until("event of the claim", |all| all.iter().any(|it| it.key.as_deref() == Some(claim.as_bytes())));
    let page = format!("/v1/partners/p-contoso/engagements/{SCAN}/customers?tab=eligible");
    api.until(&page, |it| it.body.contains(claim));
    // Without one of them. A publisher has something to publish each time, an intake something of every kind to take.
    let of = |role: &str| lacks.iter().filter(|it| it.role == role).collect::<Vec<_>>();
    publisher.end();
    projector.end();
    thread::scope(|scope| {
        for role in ["projector", "api"] {
            let lacks = of(role);
            scope.spawn(|| lacks.into_iter().for_each(|lack| it.refused(lack)));
        }
        for (number, lack) in (200..).zip(of("publisher")) {
            assert_eq!(answer(&api.post(&add(number, number).to_string()).is(200).json()), "accepted");
            it.refused(lack);
        }
    });
    intake.end();
    engine.end();
    thread::scope(|scope| {
        scope.spawn(|| of("engine").into_iter().for_each(|lack| it.refused(lack)));
        // What is behind a command of the program waits for its outcome, which no engine gives here: it comes last.
        let (of_program, others): (Vec<_>, Vec<_>) =
            of("intake").into_iter().partition(|it| &*it.right.name == "program.commands");
        for (number, lack) in (300..).zip(others) {
            it.room.client.write(&it.room.topic("inbox.portal"), &[Record::new(0, "no command")]);
            it.room.publish(&[add(number, number)]);
            it.refused(lack);
        }
        it.room.publish(&program(31));
        of_program.into_iter().for_each(|lack| it.refused(lack));
    });
}

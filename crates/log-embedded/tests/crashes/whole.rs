//! Intake, engine and views over the disk in memory: whatever a crash leaves of the log, every answer that was given is given
//! again, word for word, and views that were folded before go on and are the journal's.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::channel;

use claim_domain::ids::SLOTS;
use claim_domain::time::Instant;
use claim_engine::{Engine, Replay};
use claim_intake::directory::FileDirectory;
use claim_intake::keys::SqliteKeys;
use claim_intake::ports::{PATIENCE, WithTimeout};
use claim_intake::{Answer, Door, FileTimes, IdentityPartition, Input, Intake, Mode, Parts, Remembered};
use claim_journal::{Chain, JournalId, Kind, LeaderId, Line, Offsets, PartitionId, Pen, Settings};
use claim_log::{Batch, Log, ReadLog, Receipt, Start};
use claim_log_embedded::{Ahead, EmbeddedLog, Options, Planted, PlantedFault};
use claim_projector::{Definition, Runner, Views, verify};
use claim_projector_completed::Completed;
use claim_projector_eligible::Eligible;
use claim_projector_referral::Referral;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use crate::campaign::ends;
use crate::moment::Moment;
use crate::recorder::{Files, Recorder, Step};
use crate::support::DATA;
use crate::support::disk::Random;

/// Lines of each of the two processes.
const LINES: usize = 60;
/// Lines that are taken together, and after which the views are folded.
const TOGETHER: usize = 10;
/// Of all ends of all moments one in so many is looked at.
const ONE_IN: usize = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn definitions() -> Vec<Definition> {
    let ineligible = claim_projector_ineligible::definition();
    vec![
        Definition::of::<Eligible>(),
        ineligible,
        Definition::of::<Completed>(),
        Definition::of::<Referral>(),
    ]
}

/// One process over a disk.
struct Site {
    log: Arc<EmbeddedLog>,
    engine: Arc<Engine>,
    intake: Intake,
    runtime: Runtime,
}

/// An answer, and how many steps of the disk had passed when it was there.
struct Told {
    passed: usize,
    line: String,
    answer: String,
}

/// What the views were after so many steps of the disk.
struct Folded {
    passed: usize,
    file: PathBuf,
    known_end: u64,
}

fn said<E: std::fmt::Debug>(doing: &'static str) -> impl Fn(E) -> String {
    move |error| format!("{doing}: {error:?}")
}

impl Site {
    /// Opens what the disk holds, as the program opens a directory.
    fn open(disk: &Recorder, keys: &Path, known_end: u64, planted: Planted) -> Result<Self, String> {
        let ahead = Ahead { bytes: 4_000, step: 3_000, idle: None };
        let options = Options { segment_bytes: 40_000, ahead, known_end, planted };
        let opened = EmbeddedLog::open_on(Arc::new(disk.clone()), Path::new(DATA), &options);
        let (log, opened) = opened.map_err(said("it does not open"))?;
        let (mut replay, mut remembered) = (Replay::default(), Remembered::default());
        let mut records = log.read(&Start::beginning()).map_err(said("it does not read"))?;
        while let Some(stored) = records.next().map_err(said("it does not read"))? {
            let line = Line::parse(&stored.line).map_err(said("no record"))?;
            if line.envelope.kind == Kind::Binding {
                remembered.bound(&line).map_err(said("no binding"))?;
            }
            if let Some(decision) = replay.fold(stored.offset, &line).map_err(said("it does not fold"))? {
                remembered.decided(stored.partition, &decision).unwrap();
            }
        }
        let settings = Settings { slots: SLOTS, partitions: 4, simulated: true };
        let mut chains = opened.chains;
        let journal = chains.values().find_map(Chain::journal).unwrap_or(JournalId(Uuid::new_v4()));
        let identity = chains.remove(&PartitionId::Identity);
        let identity = identity.unwrap_or_else(|| Chain::new(PartitionId::Identity, Offsets::Positions));
        let mut pen = Pen::new(&identity, journal, LeaderId(Uuid::new_v4()));
        let first = (identity.epoch() == 0).then_some(&settings);
        let line = pen.lead("test", claim_domain::decide::RULES, first).map_err(said("no lead"))?;
        let (tell, told) = channel();
        let lead = Batch { partition: PartitionId::Identity, lines: vec![line] };
        log.append(lead, Box::new(move |it| drop(tell.send(it))));
        if !matches!(told.recv(), Ok(Receipt::Appended { .. })) {
            return Err("nobody can lead".into());
        }
        let writer: Arc<dyn Log> = log.clone();
        let engine = Engine::start(Arc::clone(&writer), journal, &settings, chains, replay, "test");
        let engine = Arc::new(engine.map_err(said("no engine"))?);
        let directory = FileDirectory::read(&root().join("deploy/sample/directory.json")).unwrap();
        let intake = Intake::new(Parts {
            directory: WithTimeout::new(Arc::new(directory), PATIENCE),
            keys: Arc::new(SqliteKeys::open(keys).unwrap()),
            feed: engine.clone(),
            bindings: Box::new(IdentityPartition::new(writer, pen)),
            remembered,
            program: engine.program(),
            simulated: true,
            wall: Box::new(|| Instant::from_ms(1_800_000_000_000)), // behind all of the sample
        });
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Ok(Self { log, engine, intake: intake.unwrap(), runtime })
    }

    /// Takes lines together; yields what was answered to each, and fails where nothing was.
    fn ask(&mut self, lines: &[impl AsRef<str>]) -> Result<Vec<String>, String> {
        let inputs: Vec<_> =
            lines.iter().zip(1..).map(|(line, n)| Input::line(n, line.as_ref().as_bytes())).collect();
        let (intake, times) = (&mut self.intake, &mut FileTimes::default());
        let answers = self.runtime.block_on(async {
            let mut answers = Vec::new();
            for pending in intake.take(&inputs, Mode::AsRecorded, Door::Outside, times).await {
                answers.push(pending.answer().await);
            }
            answers
        });
        let told = |answer| match answer {
            Answer::Told(told) => Ok(told.outcome.to_string()),
            Answer::Problem(problem) => Err(format!("a problem: {problem:?}")),
        };
        answers.into_iter().map(told).collect()
    }

    /// Lets deadlines fire that are due by the newest time given.
    fn tick(&mut self) {
        self.intake.tick(Mode::AsRecorded);
        self.engine.settle();
    }

    /// Folds what is durable into the views of a file; yields the end of the log that they know.
    fn fold(&self, file: &Path) -> Result<u64, String> {
        let views = Views::open(file).map_err(said("the views do not open"))?;
        let mut runner =
            Runner::new(views, Offsets::Positions, definitions()).map_err(said("the views do not begin"))?;
        runner.catch_up(&*self.log, &mut |_| ()).map_err(said("the views do not fold"))?;
        let checkpoints = runner.views().checkpoints().map_err(said("no checkpoints"))?;
        Ok(checkpoints.values().map(|it| it.offset + 1).max().unwrap_or(0))
    }
}

/// Two processes, the first of them killed: what happened to the disk, and what was told and folded when.
struct Lived {
    steps: Vec<Step>,
    told: Vec<Told>,
    folded: Vec<Folded>,
    keys: PathBuf,
    lines: Vec<String>,
    _dir: TempDir,
}

impl Lived {
    fn lead(planted: Planted) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("keys.sqlite");
        let text = fs::read_to_string(root().join("tests/golden/format-1/commands.ndjson")).unwrap();
        let lines: Vec<String> = text.lines().take(2 * LINES + TOGETHER).map(str::to_owned).collect();
        let (mut told, mut folded) = (Vec::new(), Vec::new());
        let views = dir.path().join("views.sqlite");
        let mut disk = Recorder::holding(Files::new());
        for process in lines[..2 * LINES].chunks(LINES) {
            let mut site = Site::open(&disk, &keys, 0, planted).unwrap();
            for together in process.chunks(TOGETHER) {
                let answers = site.ask(together).unwrap();
                let passed = disk.passed();
                for (line, answer) in together.iter().zip(answers) {
                    told.push(Told { passed, line: line.clone(), answer });
                }
                site.tick();
                let known_end = site.fold(&views).unwrap();
                let file = dir.path().join(format!("views-{}.sqlite", folded.len()));
                fs::copy(&views, &file).unwrap();
                folded.push(Folded { passed: disk.passed(), file, known_end });
            }
            disk = disk.kill();
        }
        Self { steps: disk.steps(), told, folded, keys, lines, _dir: dir }
    }

    /// Opens one in so many of the images that a crash may leave; yields how many those were.
    fn crash(&self, planted: Planted) -> Result<usize, String> {
        let (mut random, mut images, mut nth) = (Random(7), 0, 0);
        let nothing = Files::new();
        let mut moment = Moment::new(&nothing, &[], &[]);
        for (passed, step) in self.steps.iter().enumerate().map(|(at, step)| (at + 1, step)) {
            moment.pass(step);
            for (kind, end) in ends(&moment, step, 97, &mut random) {
                nth += 1;
                if nth % ONE_IN == 0 {
                    let judged = self.judge(moment.after(&end), passed, planted, images % 8 == 0);
                    judged.map_err(|it| format!("{it}; {kind} after step {passed}"))?;
                    images += 1;
                }
            }
        }
        Ok(images)
    }

    /// Everything told by then is told again without writing anything; views go on from the newest that were there by then.
    fn judge(&self, files: Files, passed: usize, planted: Planted, goes_on: bool) -> Result<(), String> {
        let folded = self.folded.iter().rfind(|it| it.passed <= passed);
        let disk = Recorder::holding(files);
        let mut site = Site::open(&disk, &self.keys, folded.map_or(0, |it| it.known_end), planted)?;
        let told: Vec<&Told> = self.told.iter().filter(|it| it.passed <= passed).collect();
        let end = site.log.end();
        let again = site.ask(&told.iter().map(|it| &it.line).collect::<Vec<_>>())?;
        if let Some((was, is)) = told.iter().zip(&again).find(|(was, is)| was.answer != **is) {
            return Err(format!("what was told is {} and was {}", is, was.answer));
        }
        if site.log.end() != end {
            return Err("a repeated command is written".into());
        }
        if goes_on {
            site.ask(&self.lines[told.len()..])?;
            site.tick();
        }
        let file = self.keys.with_file_name("views-after.sqlite");
        for left in ["", "-wal", "-shm"] {
            drop(fs::remove_file(format!("{}{left}", file.display())));
        }
        if let Some(folded) = folded {
            fs::copy(&folded.file, &file).unwrap();
        }
        site.fold(&file)?;
        let views = Views::open_read_only(file.as_path()).map_err(said("the views do not open"))?;
        let verified = verify(&views, Offsets::Positions, &definitions(), &*site.log, None, &mut |_| ());
        match verified.map_err(said("the views cannot be verified"))?.difference {
            Some(difference) => Err(format!("the views are not what the journal makes: {difference}")),
            None => Ok(()),
        }
    }
}

#[test] // issue 5, point 5; F-14, F-71, F-74
fn whatever_a_crash_leaves_answers_stand_and_views_go_on() {
    let images =
        Lived::lead(Planted::default()).crash(Planted::default()).unwrap_or_else(|it| panic!("{it}"));
    println!("{images} crash images of intake, engine and views");
    assert!(images > 200, "{images}");
}

#[test] // issue 5, point 5: this can fail
fn a_log_that_tells_or_marks_too_early_is_found() {
    for fault in [PlantedFault::ToldBeforeSynced, PlantedFault::MarkedBeforeSynced] {
        let planted = Planted::with(fault);
        let found = Lived::lead(planted).crash(planted).expect_err("it is not found");
        println!("{fault:?} is found: {found}");
    }
}

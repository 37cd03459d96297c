//! `apply`: commands in, outcomes out, in the same order.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;

use anyhow::{Context, Result};
use claim_intake::{Answer, Door, FileTimes, Input, Mode, Pending, ProblemLine};
use indicatif::ProgressBar;
use tokio::runtime::{Handle, Runtime};

use crate::cli::{Apply, Global};
use crate::exit::{Status, UsageError};
use crate::node::{Begin, Node, runtime};
use crate::remote::{Remote, Said};
use crate::views::{self, Folding};
use crate::{output, performing};

/// How many lines are looked up together, and wait together for the keys of new persons to be durable.
const LINES_AT_ONCE: usize = 2048;
/// How many lines are sent to a server together.
const LINES_A_REQUEST: usize = 256;
/// How many commands may wait for their outcomes.
const IN_FLIGHT: usize = 4096;
/// A line longer than this is answered as too large without being kept.
const LONGEST_LINE: u64 = 1 << 20;

/// What became of the lines.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Counts {
    /// Accepted commands.
    pub(crate) accepted: u64,
    /// Refused commands.
    pub(crate) refused: u64,
    /// Lines that never became commands.
    pub(crate) problems: u64,
}

/// Runs `apply`.
///
/// # Errors
/// When the directory cannot be opened, an input cannot be read or the engine stopped.
pub(crate) fn run(global: &Global, args: &Apply) -> Result<Status> {
    if args.simulated && !args.as_recorded {
        return Err(UsageError(
            "--simulated goes with --as-recorded: a simulated clock is the newest time given".into(),
        )
        .into());
    }
    let inputs = args.files.iter().map(|path| open(path)).collect::<Result<Vec<_>>>()?;
    if let Some(url) = &args.server {
        return send(url, inputs, args);
    }
    let begin = if args.simulated { Begin::Simulated } else { Begin::Real };
    let mut node = Node::open(global, begin, views::before_deciding(global)?)?;
    let mode = if args.as_recorded { Mode::AsRecorded } else { Mode::Live };
    let runtime = runtime()?;
    let progress = output::progress("deciding", None);
    let mut out = Printer::new(!args.quiet);
    for input in inputs {
        feed(&runtime, &mut node, input, mode, &mut out, &progress)?;
    }
    node.intake.tick(mode);
    node.engine.settle();
    progress.finish_and_clear();
    let counts = out.finish()?;
    let mut folding = Folding::begin(global)?;
    folding.catch_up(&*node.log, &output::progress("folding views", None))?;
    let perform = mode == Mode::Live && !args.no_effects && !node.simulated;
    if perform {
        let mut site = performing::Alone { node: &mut node, folding: &mut folding };
        let done = runtime.block_on(performing::perform(&mut site, global.data()))?;
        if done.performed + done.still_due > 0 {
            eprintln!(
                "{} effects performed by the local stand-in (nothing was sent), {} still due",
                done.performed, done.still_due
            );
        }
    }
    node.close()?;
    Ok(concluded(counts))
}

/// Says what became of the lines.
fn concluded(counts: Counts) -> Status {
    eprintln!("{} accepted, {} refused, {} problems", counts.accepted, counts.refused, counts.problems);
    if counts.problems > 0 { Status::Problems } else { Status::Done }
}

/// Sends the inputs to a running server, which gives the times and performs effects.
fn send(url: &str, inputs: Vec<Source>, args: &Apply) -> Result<Status> {
    if args.as_recorded {
        return Err(UsageError(
            "--as-recorded does not go with --server: a running server gives the times".into(),
        )
        .into());
    }
    let remote = Remote::new(url)?;
    let progress = output::progress("deciding", None);
    let mut out = Printer::new(!args.quiet);
    for mut input in inputs {
        let mut number = 0;
        loop {
            let lines = read_lines(&mut input, &mut number, LINES_A_REQUEST)?;
            if lines.is_empty() {
                break;
            }
            for told in remote.ask(&lines)? {
                match told {
                    Said::Told { accepted, outcome } => out.tell(accepted, &outcome)?,
                    Said::Problem(problem) => out.problem(&problem)?,
                }
            }
            progress.inc(lines.len() as u64);
            out.flush()?;
        }
    }
    progress.finish_and_clear();
    Ok(concluded(out.finish()?))
}

/// An input whose buffer can be looked into.
pub(crate) type Source = BufReader<Box<dyn Read + Send>>;

fn open(path: &Path) -> Result<Source> {
    let file: Box<dyn Read + Send> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).with_context(|| format!("opening {}", path.display()))?)
    };
    Ok(BufReader::with_capacity(1 << 20, file))
}

/// Sends one input through intake, many commands in flight, and prints the answers in its order, each as soon as it and
/// all before it are there: whoever writes the input may wait for an answer before asking again.
///
/// # Errors
/// When the input cannot be read or stdout cannot be written.
pub(crate) fn feed(
    runtime: &Runtime,
    node: &mut Node,
    input: Source,
    mode: Mode,
    out: &mut Printer,
    progress: &ProgressBar,
) -> Result<()> {
    let (asked, answers) = sync_channel(IN_FLIGHT);
    thread::scope(|scope| {
        let printing = scope.spawn(|| print_all(runtime.handle(), answers, out, progress));
        let sent = send_all(runtime, node, input, mode, &asked);
        drop(asked);
        let printed = printing.join().unwrap_or_else(|panic| resume_unwind(panic));
        printed.and(sent)
    })
}

fn send_all(
    runtime: &Runtime,
    node: &mut Node,
    mut input: Source,
    mode: Mode,
    asked: &SyncSender<Pending>,
) -> Result<()> {
    let mut times = FileTimes::default();
    let mut number = 0;
    loop {
        let lines = read_lines(&mut input, &mut number, LINES_AT_ONCE)?;
        if lines.is_empty() {
            return Ok(());
        }
        for pending in runtime.block_on(node.intake.take(&lines, mode, Door::Outside, &mut times)) {
            if asked.send(pending).is_err() {
                // Nobody prints any more, and whoever printed says why.
                return Ok(());
            }
        }
    }
}

fn print_all(
    runtime: &Handle,
    answers: Receiver<Pending>,
    out: &mut Printer,
    progress: &ProgressBar,
) -> Result<()> {
    loop {
        let pending = match answers.try_recv() {
            Ok(pending) => pending,
            Err(TryRecvError::Disconnected) => return Ok(()),
            Err(TryRecvError::Empty) => {
                out.flush()?;
                let Ok(pending) = answers.recv() else { return Ok(()) };
                pending
            }
        };
        out.print(runtime.block_on(pending.answer()))?;
        progress.inc(1);
    }
}

/// The next lines that are not blank: as many as are there up to `most`, at least one; none at the end.
fn read_lines(input: &mut Source, number: &mut u64, most: usize) -> Result<Vec<Input<'static>>> {
    let mut lines = Vec::new();
    while (lines.is_empty() || (lines.len() < most && input.buffer().contains(&b'\n')))
        && let Some(bytes) = read_line(input)?
    {
        *number += 1;
        if !bytes.trim_ascii().is_empty() {
            lines.push(Input::line(*number, bytes));
        }
    }
    Ok(lines)
}

/// The next line without its line feed; of one that is far too long only the beginning, which is then too large.
fn read_line(input: &mut Source) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = input.take(LONGEST_LINE).read_until(b'\n', &mut line).context("reading the input")?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if read as u64 == LONGEST_LINE {
        input.skip_until(b'\n').context("reading the input")?;
    }
    Ok(Some(line))
}

/// Prints answers and counts them.
pub(crate) struct Printer {
    out: Option<BufWriter<io::Stdout>>,
    counts: Counts,
    problems: BTreeMap<&'static str, u64>,
}

impl Printer {
    /// A printer to stdout, or one that only counts.
    pub(crate) fn new(print: bool) -> Self {
        Self {
            out: print.then(|| BufWriter::new(io::stdout())),
            counts: Counts::default(),
            problems: BTreeMap::new(),
        }
    }

    fn print(&mut self, answer: Answer) -> Result<()> {
        match answer {
            Answer::Told(told) => self.tell(told.accepted, &told.outcome),
            Answer::Problem(problem) => self.problem(&problem),
        }
    }

    /// Prints and counts an outcome.
    fn tell(&mut self, accepted: bool, outcome: &str) -> Result<()> {
        *(if accepted { &mut self.counts.accepted } else { &mut self.counts.refused }) += 1;
        if let Some(out) = &mut self.out {
            out.write_all(outcome.as_bytes())?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Prints and counts a problem.
    fn problem(&mut self, problem: &ProblemLine) -> Result<()> {
        self.counts.problems += 1;
        *self.problems.entry(problem.reason.code.as_str()).or_default() += 1;
        if let Some(out) = &mut self.out {
            serde_json::to_writer(&mut *out, problem)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if let Some(out) = &mut self.out {
            out.flush()?;
        }
        Ok(())
    }

    /// How many problems there were of each code.
    pub(crate) fn problems(&self) -> &BTreeMap<&'static str, u64> {
        &self.problems
    }

    /// Flushes and yields the counts.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) fn finish(mut self) -> Result<Counts> {
        self.flush()?;
        Ok(self.counts)
    }
}

//! `apply_120k`, `rss_…` and `restart_…`: this program as its users run it, as a process of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::durable::{Running, long_ago};
use super::{Figure, closed_loop, load, median};
use crate::node::wall;

/// Customers of `apply_120k`; each gives seven commands.
const APPLIED: u32 = 17_143;
/// Rounds of what takes long.
const ROUNDS: u32 = 3;
/// How long a process may take to be ready.
const PATIENCE: Duration = Duration::from_secs(600);

/// A goal that is no ratio to something measured, in the unit of the figure.
fn to_be(name: &'static str, value: (u64, &'static str), goal: u64) -> Figure {
    Figure::beside(name, value, (goal, "what it is to be"))
}

/// Commands a second from a file to outcomes on stdout, with their decisions durable; and beside it the same until the views
/// have caught up too.
///
/// # Errors
/// When the disk fails.
pub(crate) fn apply_120k(folder: &Path, progress: &mut dyn FnMut()) -> Result<Vec<Figure>> {
    let file = folder.join("commands.ndjson");
    let mut out = BufWriter::new(File::create(&file)?);
    let mut count = 0;
    for line in load::lines(0..APPLIED, long_ago()?) {
        writeln!(out, "{}", line?)?;
        count += 1;
    }
    out.into_inner()?.sync_all()?;
    let (mut told, mut folded) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let data = folder.join(format!("data-{round}"));
        let begun = Instant::now();
        let mut child = this_program()?
            .args(["apply", "--as-recorded", "--simulated", "--no-effects", "--data"])
            .args([&data, &file])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let outcomes = lines_of(child.stdout.take().context("its stdout")?, count)?;
        told.push(closed_loop::per_second(count, begun.elapsed()));
        if !child.wait()?.success() || outcomes != count {
            bail!("{outcomes} of {count} commands were answered");
        }
        folded.push(closed_loop::per_second(count, begun.elapsed()));
        fs::remove_dir_all(&data)?;
        progress();
    }
    Ok(vec![
        to_be("apply_120k", (median(told), "commands/s"), 60_000).at_least(1_000),
        to_be("apply_120k, views caught up", (median(folded), "commands/s"), 60_000),
    ])
}

/// How many lines come, up to so many.
fn lines_of(out: impl Read, most: usize) -> Result<usize> {
    let mut out = BufReader::with_capacity(1 << 18, out);
    let mut lines = 0;
    while lines < most {
        let bytes = out.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        lines += bytes.iter().filter(|it| **it == b'\n').count();
        let read = bytes.len();
        out.consume(read);
    }
    Ok(lines)
}

/// Resident memory of `serve` once it is ready, with so many open claims, in MiB; and how long it took to be ready.
struct Served {
    resident: u64,
    ready: Duration,
}

/// # Errors
/// When the disk fails.
pub(crate) fn rss_20k_claims(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let served = served(folder, 20_000, 1, progress)?;
    Ok(to_be("rss_20k_claims", (served.resident, "MiB"), 100).at_most(1_000))
}

/// # Errors
/// When the disk fails.
pub(crate) fn rss_1m_open_claims(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let served = served(folder, 1_000_000, 1, progress)?;
    Ok(to_be("rss_1m_open_claims", (served.resident, "MiB"), 1_024).at_most(1_000))
}

/// # Errors
/// When the disk fails.
pub(crate) fn restart_1m_open_claims(folder: &Path, progress: &mut dyn FnMut()) -> Result<Figure> {
    let served = served(folder, 1_000_000, ROUNDS, progress)?;
    let ready = u64::try_from(served.ready.as_millis()).unwrap_or(u64::MAX);
    Ok(to_be("restart_1m_open_claims", (ready, "ms"), 2_000).at_most(1_000))
}

/// Fills a log with open claims, lets the views catch up, then starts `serve` so many times; the middle counts.
fn served(folder: &Path, claims: u32, rounds: u32, progress: &mut dyn FnMut()) -> Result<Served> {
    let data = folder.join("data");
    // So that no deadline is due, and each claim was received before now.
    let running = Running::begin(&data, wall().plus_ms(-10 * i64::from(claims) - 60_000))?;
    running.fill(claims, 1)?;
    running.close()?;
    progress();
    let mut folding = this_program()?;
    folding.args(["apply", "--quiet", "-", "--data"]).arg(&data).stdin(Stdio::null()).stderr(Stdio::null());
    if !folding.status()?.success() {
        bail!("the views of {} could not be folded", data.display());
    }
    progress();
    let (mut resident, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let serving = Serving::start(&data)?;
        ready.push(u64::try_from(serving.ready.as_nanos()).unwrap_or(u64::MAX));
        resident.push(serving.resident()?);
        progress();
    }
    Ok(Served { resident: median(resident), ready: Duration::from_nanos(median(ready)) })
}

/// A running `serve`, killed when this is dropped.
struct Serving {
    child: Child,
    ready: Duration,
}

impl Serving {
    /// Starts one and waits until it is ready.
    fn start(data: &Path) -> Result<Self> {
        let begun = Instant::now();
        let child = this_program()?
            .args(["serve", "--listen", "127.0.0.1:0", "--no-effects", "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut serving = Self { child, ready: Duration::MAX };
        let mut said = BufReader::new(serving.child.stderr.take().context("its stderr")?).lines();
        let address = said
            .by_ref()
            .map_while(Result::ok)
            .find_map(|it| Some(it.split_once("listening on ")?.1.split(';').next()?.to_owned()))
            .ok_or_else(|| anyhow!("it does not listen"))?;
        std::thread::spawn(move || said.for_each(drop));
        let url = format!("{address}/readyz");
        while ureq::get(&url).call().is_err() {
            if begun.elapsed() > PATIENCE {
                bail!("{url} is not ready");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        serving.ready = begun.elapsed();
        Ok(serving)
    }

    /// Its resident memory in MiB.
    fn resident(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.child.id());
        let text = fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
        let kib =
            text.lines().find_map(|it| it.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
        let kib: u64 = kib.ok_or_else(|| anyhow!("{path} has another shape"))?;
        Ok(kib.div_ceil(1024))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// This program, without what the environment says to it.
fn this_program() -> Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("finding this program")?);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CLAIMLOG_")) {
        command.env_remove(name);
    }
    Ok(command)
}

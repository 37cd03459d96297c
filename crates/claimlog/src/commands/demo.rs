//! `demo`: the sample through the real engine, and what came of it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Cursor};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use claim_domain::effect::EffectFamily;
use claim_domain::ids::{ClaimId, EngagementId, PartnerId};
use claim_domain::refusal::Refusal;
use claim_intake::Mode;
use claim_projector::{Page, Query, Snapshot};
use claim_projector_referral::{EffectsQuery, StateName, effects};
use serde_json::json;

use super::apply::{Printer, Source, feed};
use super::audit::verify;
use super::claim::line;
use super::{effects as effects_command, view};
use crate::cli::{Global, Tab};
use crate::exit::{Status, UsageError};
use crate::node::{Begin, Node, runtime};
use crate::reading::Reading;
use crate::views::Folding;
use crate::{output, sample};
use claim_server::Opener;

/// Whose page is shown.
const PARTNER: &str = "p-contoso";
/// Which page is shown.
const ENGAGEMENT: &str = "security-workshop-2026";
/// How many rows of each view are shown.
const ROWS: usize = 4;

/// Runs `demo`.
///
/// # Errors
/// When the directory is not new, or the disk fails.
pub(crate) fn run(global: &Global) -> Result<Status> {
    let begun = Instant::now();
    let temporary = match global.named_data() {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("making a temporary directory")?),
    };
    let global = match &temporary {
        Some(folder) => global.with_data(folder.path().join("claimlog-demo")),
        None => global.clone(),
    };
    if fs::read_dir(global.data()).is_ok_and(|mut it| it.next().is_some()) {
        let data = global.data().display();
        return Err(UsageError(format!("{data} is not empty; name a new directory for the demo")).into());
    }
    let inputs = tempfile::tempdir().context("making a temporary directory")?;
    let directory = inputs.path().join("directory.json");
    fs::write(&directory, sample::DIRECTORY).context("writing the sample's directory")?;
    let global = global.with_directory(directory);

    let out = apply(&global)?;
    let problems = out.problems().clone();
    let counts = out.finish()?;
    let seconds = begun.elapsed().as_secs_f32();
    let total = counts.accepted + counts.refused + counts.problems;
    heading("claimlog demo")?;
    output::text(&format!(
        "{total} lines of a made-up year went through the real engine in {seconds:.1} s: {} accepted, {} refused, {} were no \
         commands.\nSimulated: the clock is the newest time given, and no effect is performed.",
        counts.accepted, counts.refused, counts.problems
    ))?;
    show(&global, &problems)?;
    next(&global, temporary.is_some())?;
    Ok(Status::Done)
}

/// The whole sample through intake, engine and log, and into the views.
fn apply(global: &Global) -> Result<Printer> {
    let mut node = Node::open(global, Begin::Simulated, 0)?;
    let runtime = runtime()?;
    let lines: usize = sample::FILES.iter().map(|(_, text)| text.lines().count()).sum();
    let bar = output::progress("deciding", Some(lines as u64));
    let mut out = Printer::new(false);
    for (_, text) in sample::FILES {
        let input: Source = BufReader::new(Box::new(Cursor::new(text)));
        feed(&runtime, &mut node, input, Mode::AsRecorded, &mut out, &bar)?;
    }
    node.intake.tick(Mode::AsRecorded);
    node.engine.settle();
    bar.finish_and_clear();
    Folding::begin(global)?.catch_up(&*node.log, &output::progress("folding views", None))?;
    node.close()?;
    Ok(out)
}

fn show(global: &Global, problems: &BTreeMap<&'static str, u64>) -> Result<()> {
    let reading = Reading::open(global)?;
    let snapshot = reading.snapshot()?;
    let opener = Opener::new(reading.keys.clone());
    let (partner, engagement): (PartnerId, EngagementId) = (PARTNER.parse()?, ENGAGEMENT.parse()?);
    let query = Query { limit: ROWS, ..Query::first(partner, engagement, reading.now()?) };

    // Open claims have a deadline and come first so; customers without one come last.
    let by_due = Query { sort: claim_projector::Sort::Due, ..query.clone() };
    let pages = [
        (Tab::Eligible, claim_projector_eligible::query(&snapshot, &by_due)?),
        (Tab::Ineligible, claim_projector_ineligible::query(&snapshot, &query)?),
        (Tab::Completed, claim_projector_completed::query(&snapshot, &query)?),
    ];
    for (tab, page) in &pages {
        heading(&format!("{tab:?} customers of {ENGAGEMENT}, as {PARTNER} sees them ({ROWS} at most)"))?;
        output::text(&view::table(&snapshot, &opener, page, *tab)?)?;
    }
    if let Some(claim) = longest(&snapshot, &pages[2].1)? {
        heading(&format!("The history of claim {claim}"))?;
        let history = snapshot.history(claim)?;
        let rows = history.iter().map(|entry| line(&opener, entry)).collect::<Result<Vec<_>>>()?;
        output::text(&output::table(["WHEN", "POSITION", "WHO", "ASKED", "WHAT CAME OF IT"], rows))?;
    }
    heading("What was refused, and how often")?;
    let refusals = snapshot.refusals()?;
    let when = |code: &str| Refusal::TABLE.iter().find(|it| it.code == code).map_or("", |it| it.when);
    let mut rows: Vec<_> = refusals.into_iter().collect();
    rows.sort_by_key(|(code, count)| (std::cmp::Reverse(*count), code.clone()));
    let rows =
        rows.into_iter().map(|(code, count)| [count.to_string(), code.clone(), when(&code).to_owned()]);
    output::text(&output::table(["COUNT", "CODE", "WHY"], rows))?;
    let list: Vec<_> = problems.iter().map(|(code, count)| format!("{count} {code}")).collect();
    output::text(&format!("Lines that never became commands: {}.", list.join(", ")))?;

    heading("Referral effects: what events intend outside, and what came of it")?;
    output::text(&ledger(&snapshot)?)?;

    heading("Audit")?;
    verify::print(&verify::all(global)?)
}

/// The ledger in counts, with one entry of each kind.
fn ledger(snapshot: &Snapshot<'_>) -> Result<String> {
    let mut rows = Vec::new();
    for family in [EffectFamily::Referral, EffectFamily::CoSell, EffectFamily::Closing, EffectFamily::Mail] {
        let all = effects(snapshot, &EffectsQuery { family: Some(family), ..EffectsQuery::default() })?;
        let count = |state| all.iter().filter(|it| StateName::of(&it.state) == state).count().to_string();
        let example = all
            .iter()
            .find(|it| StateName::of(&it.state) == StateName::Done)
            .map_or_else(String::new, effects_command::result);
        rows.push([
            json!(family).as_str().unwrap_or_default().to_owned(),
            all.len().to_string(),
            count(StateName::Done),
            count(StateName::Failed),
            count(StateName::Held),
            count(StateName::Due),
            example,
        ]);
    }
    Ok(output::table(["EFFECT", "INTENDED", "DONE", "FAILED", "HELD", "DUE", "SUCH AS"], rows))
}

/// The claim on the page with the most to tell.
fn longest(snapshot: &Snapshot<'_>, page: &Page) -> Result<Option<ClaimId>> {
    let mut longest = (0, None);
    for claim in page.rows.iter().filter_map(|row| row.claim) {
        let entries = snapshot.history(claim)?.len();
        if entries > longest.0 {
            longest = (entries, Some(claim));
        }
    }
    Ok(longest.1)
}

fn heading(text: &str) -> Result<()> {
    output::text(&format!("\n== {text} =="))
}

fn next(global: &Global, vanishes: bool) -> Result<()> {
    heading("What to try next")?;
    let data = if vanishes { Path::new("demo-data") } else { global.data() }.display();
    if vanishes {
        output::text(&format!("claimlog demo --data {data}      keeps what the demo makes"))?;
    }
    output::text(&format!(
        "claimlog --data {data} view eligible --partner {PARTNER} --engagement {ENGAGEMENT}\n\
         claimlog --data {data} choices --partner {PARTNER} --customer domain_name=NAME --directory deploy/sample/directory.json\n\
         claimlog --data {data} events | jq -r .type | sort | uniq -c\n\
         claimlog --data {data} audit verify\n\
         claimlog schema refusals"
    ))
}
